// The addresses of the tickets door: one row each.
#ifndef FOYER_CONTROLLERS_TICKETS_ROUTES_H
#define FOYER_CONTROLLERS_TICKETS_ROUTES_H

#include "core/call.h"
#include "core/http.h"

typedef enum TicketsLimit {
  TICKETS_LIMIT_USUAL,   // 600 in 15 minutes an address, all such routes together
  TICKETS_LIMIT_TIGHT,   // and 5 a minute an address, each such route by itself
  TICKETS_LIMIT_STATUS,  // instead 60 a minute a person
  TICKETS_LIMIT_NONE
} TicketsLimit;

typedef struct TicketsRoute {
  HttpMethod verb;
  const char *path;  // below /api/v1; ":id" stands for one segment, the field "id" of the method's input
  const Method *method;
  TicketsLimit limit;
  bool tokens;       // grants a session: tokens in the body, or a cookie with ?cookie=1
  bool user;         // and `user` beside the tokens
  bool renews;       // says until when the session is good, and gives a cookie of it anew that is past half of its life
  bool raw;          // the method's input is a PaymentWebhook, and what it says beside a refusal is the answer, as text
  bool kept;         // the answer is the same for everybody and is kept for a moment
  bool digits_win;   // numbers of path and query are read as parseInt does, and past the largest they are the largest
  const char *type;  // of an answer that is no JSON: its Content-Type
  const char *file;  // and the name under which a browser keeps it
  // Answers on the loop, without the store, who may ask; false: it must go the usual way. NULL: nothing can.
  bool (*quick)(const Loop *loop, const Identity *who, Str query, Text *out);
} TicketsRoute;

enum { TICKETS_PARAMETERS_MAX = 2 };

// What a path says: the names are those of the route, the values are as they came (percent-encoded).
typedef struct TicketsParameters {
  Str names[TICKETS_PARAMETERS_MAX];
  Str values[TICKETS_PARAMETERS_MAX];
  int count;
} TicketsParameters;

// Whether a path is the route's; fills in what it says.
bool tickets_route_fits(const TicketsRoute *route, Str path, TicketsParameters *parameters);
// The row of a path below /api/v1; NULL: there is none. HEAD is asked like GET.
const TicketsRoute *tickets_route_find(HttpMethod verb, Str path, TicketsParameters *parameters);

#endif
