// What the waiting room shows, as the tickets door says it.
#include "models/waiting_room.h"
#include "shared/json.h"

static void add_name_int(Text *out, const char *name, int64_t value) {
  json_name(out, name);
  json_add_int(out, value);
}

static void write_waiting(Text *out, const Place *place) {
  add_name_int(out, "position", place->position);
  add_name_int(out, "ahead", (int64_t)place->position - 1);
  add_name_int(out, "queueLength", place->length);
  add_name_int(out, "admitted", (int64_t)place->admitted);
  json_name(out, "etaSeconds");
  if (place->eta_s >= 0) {
    json_add_int(out, place->eta_s);
  } else {
    json_add_null(out);
  }
  if (place->draw_at > 0) {
    json_name(out, "drawAt");
    json_add_time(out, place->draw_at);
  }
  if (place->sold_out) {
    json_name(out, "soldOut");
    json_add_bool(out, true);
  }
}

void place_write(Text *out, const Place *place) {
  static const char *const words[] = {"none", "waiting", "active"};
  json_open(out, '{');
  json_name(out, "success");
  json_add_bool(out, true);
  json_name(out, "status");
  json_add_str(out, str_from(words[place->state]));
  if (place->state == PLACE_WAITING) write_waiting(out, place);
  if (place->state == PLACE_ACTIVE) {
    json_name(out, "slotExpiresAt");
    json_add_time(out, place->slot_until);
  }
  json_close(out, '}');
}

void sale_write(Text *out, const Sale *sale, int64_t max_active) {
  static const char *const words[] = {"waiting", "open", "paused", "draining", "closed", "sold_out"};
  json_open(out, '{');
  json_name(out, "state");
  json_add_str(out, str_from(words[sale->state]));
  json_name(out, "opensAt");
  json_add_time(out, sale->opens_at);
  json_name(out, "seedHash");
  json_add_str(out, sale->seed_hash);
  json_name(out, "seed");
  if (sale->seed.length > 0) {
    json_add_str(out, sale->seed);
  } else {
    json_add_null(out);
  }
  add_name_int(out, "waiting", (int64_t)sale->waiting);
  add_name_int(out, "active", (int64_t)sale->active);
  add_name_int(out, "admitted", (int64_t)sale->admitted);
  json_name(out, "ratePerMinute");
  if (sale->rate >= 0) {
    json_add_int(out, sale->rate);
  } else {
    json_add_null(out);
  }
  json_name(out, "notice");
  json_add_str(out, sale->notice);
  add_name_int(out, "maxActive", max_active);
  json_close(out, '}');
}
