// What the messenger door says: its envelope, its words for errors, its header lines (messenger contract, 1.1).
#ifndef FOYER_CONTROLLERS_MESSENGER_ANSWER_H
#define FOYER_CONTROLLERS_MESSENGER_ANSWER_H

#include "controllers/tickets_request.h"

extern const TicketsDialect messenger_dialect;

void messenger_add_headers(Text *headers, const Config *config, const HttpRequest *request);
void messenger_add_preflight(Text *headers, const HttpRequest *request);
// The body of an error with a message of its own.
void messenger_write_fault(Text *body, int status, Str message);
// What JavaScript says of a body that it cannot read; `fault_offset` as json_parse tells it.
Str messenger_parser_words(Arena *arena, Str body, size_t fault_offset);

#endif
