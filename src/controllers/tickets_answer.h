// What every answer of the tickets door has: header lines, and the one body of an error (tickets contract, 3.1).
#ifndef FOYER_CONTROLLERS_TICKETS_ANSWER_H
#define FOYER_CONTROLLERS_TICKETS_ANSWER_H

#include "core/call.h"

// What is left of a rate of requests.
typedef struct TicketsRate {
  int64_t limit;  // 0: nothing is limited
  int64_t remaining;
  int64_t until_ms;
  bool over;
  bool tight;  // of one route
} TicketsRate;

void tickets_add_headers(Text *headers, const Config *config, const HttpRequest *request, Str request_id);
void tickets_add_rate(Text *headers, const TicketsRate *rate);
void tickets_add_preflight(Text *headers);

// The status of an error at this door, and its body. `details`: a JSON object whose members stand beside (or empty).
int tickets_error_status(Error error);
void tickets_write_error(Text *out, Error error, Str details);
// With a text of its own in place of the error's.
void tickets_write_fault(Text *out, const char *code, Str text, Str details);
// What is wrong with a field, as a sentence.
Str tickets_field_sentence(Arena *arena, const Field *field);

#endif
