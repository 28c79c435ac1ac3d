// How often one may ask at the tickets door (tickets contract, 3.1). Loop threads.
#ifndef FOYER_CONTROLLERS_TICKETS_LIMITS_H
#define FOYER_CONTROLLERS_TICKETS_LIMITS_H

#include "controllers/tickets_answer.h"
#include "controllers/tickets_routes.h"

// Counts a request of an address. `route` may be NULL: an address that does not exist counts too.
TicketsRate tickets_limit_address(const Loop *loop, const TicketsRoute *route, Str peer);
// Counts a request of a person, where the route is limited so.
TicketsRate tickets_limit_person(const Loop *loop, const TicketsRoute *route, const Identity *who);
// Where persons are limited and not addresses: counts `by` requests (0: only tells) of an address whose token is
// nobody's.
TicketsRate tickets_limit_strangers(const Loop *loop, const TicketsRoute *route, Str peer, int64_t by);

#endif
