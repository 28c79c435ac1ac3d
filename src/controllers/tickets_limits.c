// Rates of the tickets door.
#include "controllers/tickets_limits.h"

#include "shared/address.h"

enum {
  MINUTE_MS = 60 * 1000,
  ADDRESS_REQUESTS = 600,
  ADDRESS_WINDOW_MS = 15 * MINUTE_MS,
  TIGHT_REQUESTS = 5,
  STATUS_REQUESTS = 60,
};

static TicketsRate rate_of(FastRate rate, int64_t limit) {
  return (TicketsRate){.limit = limit,
                       .remaining = rate.count < limit ? limit - rate.count : 0,
                       .until_ms = rate.until_ms,
                       .over = rate.count > limit};
}

// An address is the same at all processes; a person who asks for a place is answered from memory, wherever.
static TicketsRate count_address(const Loop *loop, const char *what, Str peer, int64_t by, int64_t limit,
                                 int64_t window_ms) {
  char owner[ADDRESS_BYTES];
  return rate_of(fast_rate_shared(loop->fast, what, address_owner(peer, owner), by, window_ms, loop->now_ms), limit);
}

static bool is_off(const Loop *loop, const TicketsRoute *route) {
  return !loop->config->rate_limits || (route != NULL && route->limit == TICKETS_LIMIT_NONE);
}

TicketsRate tickets_limit_address(const Loop *loop, const TicketsRoute *route, Str peer) {
  if (is_off(loop, route) || (route != NULL && route->limit == TICKETS_LIMIT_STATUS)) return (TicketsRate){0};
  TicketsRate all = count_address(loop, "address ", peer, 1, ADDRESS_REQUESTS, ADDRESS_WINDOW_MS);
  if (all.over || route == NULL || route->limit != TICKETS_LIMIT_TIGHT) return all;
  TicketsRate tight = count_address(loop, route->path, peer, 1, TIGHT_REQUESTS, MINUTE_MS);
  tight.tight = true;
  return tight;
}

TicketsRate tickets_limit_person(const Loop *loop, const TicketsRoute *route, const Identity *who) {
  if (is_off(loop, route) || route->limit != TICKETS_LIMIT_STATUS) return (TicketsRate){0};
  Str id = {(const char *)&who->user_id, sizeof who->user_id};
  uint64_t key = fast_rate_key(loop->fast, "status ", id);
  return rate_of(fast_rate(loop->fast, key, 1, MINUTE_MS, loop->now_ms), STATUS_REQUESTS);
}

TicketsRate tickets_limit_strangers(const Loop *loop, const TicketsRoute *route, Str peer, int64_t by) {
  if (is_off(loop, route) || route->limit != TICKETS_LIMIT_STATUS) return (TicketsRate){0};
  return count_address(loop, "stranger ", peer, by, ADDRESS_REQUESTS, ADDRESS_WINDOW_MS);
}
