// The addresses of the messenger door: one row each.
#ifndef FOYER_CONTROLLERS_MESSENGER_ROUTES_H
#define FOYER_CONTROLLERS_MESSENGER_ROUTES_H

#include "controllers/tickets_routes.h"

typedef struct MessengerRoute {
  TicketsRoute route;  // the first member: a request knows its row by it. Paths are below /api
  const char *says;    // `message` of a success
  const char *denies;  // likewise, where its data is false; NULL: the same
  // How often an address may ask, and in how long. 0: as often as it likes.
  int64_t limit;
  int64_t window_ms;
} MessengerRoute;

// The row of a path below /api; NULL: there is none.
const MessengerRoute *messenger_route_find(HttpMethod verb, Str path, TicketsParameters *parameters);

#endif
