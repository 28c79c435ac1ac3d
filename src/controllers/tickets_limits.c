// Rates of the tickets door.
#include "controllers/tickets_limits.h"

enum {
  MINUTE_MS = 60 * 1000,
  ADDRESS_REQUESTS = 600,
  ADDRESS_WINDOW_MS = 15 * MINUTE_MS,
  TIGHT_REQUESTS = 5,
  STATUS_REQUESTS = 60,
};

static TicketsRate count_by(const Loop *loop, uint64_t key, int64_t by, int64_t limit, int64_t window_ms) {
  FastRate rate = fast_rate(loop->fast, key, by, window_ms, loop->now_ms);
  return (TicketsRate){.limit = limit,
                       .remaining = rate.count < limit ? limit - rate.count : 0,
                       .until_ms = rate.until_ms,
                       .over = rate.count > limit};
}

static TicketsRate count(const Loop *loop, uint64_t key, int64_t limit, int64_t window_ms) {
  return count_by(loop, key, 1, limit, window_ms);
}

static bool is_off(const Loop *loop, const TicketsRoute *route) {
  return !loop->config->rate_limits || (route != NULL && route->limit == TICKETS_LIMIT_NONE);
}

TicketsRate tickets_limit_address(const Loop *loop, const TicketsRoute *route, Str peer) {
  if (is_off(loop, route) || (route != NULL && route->limit == TICKETS_LIMIT_STATUS)) return (TicketsRate){0};
  TicketsRate all = count(loop, fast_rate_key(loop->fast, "address ", peer), ADDRESS_REQUESTS, ADDRESS_WINDOW_MS);
  if (all.over || route == NULL || route->limit != TICKETS_LIMIT_TIGHT) return all;
  TicketsRate tight = count(loop, fast_rate_key(loop->fast, route->path, peer), TIGHT_REQUESTS, MINUTE_MS);
  tight.tight = true;
  return tight;
}

TicketsRate tickets_limit_person(const Loop *loop, const TicketsRoute *route, const Identity *who) {
  if (is_off(loop, route) || route->limit != TICKETS_LIMIT_STATUS) return (TicketsRate){0};
  Str id = {(const char *)&who->user_id, sizeof who->user_id};
  return count(loop, fast_rate_key(loop->fast, "status ", id), STATUS_REQUESTS, MINUTE_MS);
}

TicketsRate tickets_limit_strangers(const Loop *loop, const TicketsRoute *route, Str peer, int64_t by) {
  if (is_off(loop, route) || route->limit != TICKETS_LIMIT_STATUS) return (TicketsRate){0};
  return count_by(loop, fast_rate_key(loop->fast, "stranger ", peer), by, ADDRESS_REQUESTS, ADDRESS_WINDOW_MS);
}
