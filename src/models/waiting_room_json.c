// What the waiting room shows, as the tickets door says it.
#include "models/waiting_room.h"
#include "shared/json.h"

static void write_waiting(Text *out, const Place *place) {
  json_put_int(out, "position", place->position);
  json_put_int(out, "ahead", (int64_t)place->position - 1);
  json_put_int(out, "queueLength", place->length);
  json_put_int(out, "admitted", (int64_t)place->admitted);
  json_name(out, "etaSeconds");
  if (place->eta_s >= 0) {
    json_add_int(out, place->eta_s);
  } else {
    json_add_null(out);
  }
  if (place->draw_at > 0) {
    json_put_time(out, "drawAt", place->draw_at);
  }
  if (place->sold_out) {
    json_put_bool(out, "soldOut", true);
  }
}

void place_write(Text *out, const Place *place) {
  static const char *const words[] = {"none", "waiting", "active"};
  json_open(out, '{');
  json_put_bool(out, "success", true);
  json_put_str(out, "status", str_from(words[place->state]));
  if (place->state == PLACE_WAITING) write_waiting(out, place);
  if (place->state == PLACE_ACTIVE) {
    json_put_time(out, "slotExpiresAt", place->slot_until);
  }
  json_close(out, '}');
}

void sale_write(Text *out, const Sale *sale, int64_t max_active) {
  static const char *const words[] = {"waiting", "open", "paused", "draining", "closed", "sold_out"};
  json_open(out, '{');
  json_put_str(out, "state", str_from(words[sale->state]));
  json_put_time(out, "opensAt", sale->opens_at);
  if (sale->ended_at > 0) json_put_time(out, "endedAt", sale->ended_at);
  json_put_str(out, "seedHash", sale->seed_hash);
  json_put_str_or_null(out, "seed", sale->seed);
  json_put_int(out, "waiting", (int64_t)sale->waiting);
  json_put_int(out, "active", (int64_t)sale->active);
  json_put_int(out, "admitted", (int64_t)sale->admitted);
  json_name(out, "ratePerMinute");
  if (sale->rate >= 0) {
    json_add_int(out, sale->rate);
  } else {
    json_add_null(out);
  }
  json_put_str(out, "notice", sale->notice);
  json_put_int(out, "maxActive", max_active);
  json_close(out, '}');
}
