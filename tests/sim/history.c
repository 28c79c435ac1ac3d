// The history of what people were told.
#include "sim/history.h"

#include "core/db.h"
#include "sim/server.h"

typedef struct Line {
  struct Line *next;
  Told what;
  Str id;
} Line;

struct History {
  Line *lines;
  Line *refunds;
};

static struct History *history_of(World *world) {
  if (world->history == NULL) world->history = ARENA_NEW(&world->arena, struct History);
  return world->history;
}

static void add(World *world, Line **lines, Told what, Str id) {
  Line *line = ARENA_NEW(&world->arena, Line);
  *line = (Line){.next = *lines, .what = what, .id = id};
  *lines = line;
}

static bool has(const Line *lines, Str id) {
  for (const Line *line = lines; line != NULL; line = line->next) {
    if (str_equal(line->id, id)) return true;
  }
  return false;
}

void history_told(World *world, Told what, Str id) {
  static const char *const words[] = {"booked", "confirmed", "cancelled", "refunded", "checked in"};
  world_tell(world, "told: %.*s is %s", STR_ARG(id), words[what]);
  add(world, &history_of(world)->lines, what, id);
}

void history_may_refund(World *world, Str booking_id) {
  add(world, &history_of(world)->refunds, TOLD_REFUNDED, booking_id);
}

// Where a booking stands: "confirmed paid"; empty when there is none.
static Str standing(World *world, Str id, char out[64]) {
  static const char FIND[] = "SELECT status || ' ' || payment_status FROM bookings WHERE public_id = $1";
  size_t length = 0;
  db_call_begin(server_db(world));
  Rows rows = db_rows(server_db(world), FIND, sql_text(id));
  if (rows_next(&rows)) {
    Str text = rows_peek(&rows, 0);
    for (; length < text.length && length < 64; length++) out[length] = text.at[length];
  }
  rows_end(&rows);
  return (Str){out, length};
}

static bool is_true(World *world, const Line *line, Str now) {
  switch (line->what) {
    case TOLD_BOOKED:
      return now.length > 0;
    case TOLD_CONFIRMED:
      return str_equal(now, STR("confirmed paid")) ||
             (str_equal(now, STR("cancelled refunded")) && has(history_of(world)->refunds, line->id));
    case TOLD_CANCELLED:
      return str_starts(now, STR("cancelled")) || str_equal(now, STR("confirmed paid"));
    case TOLD_REFUNDED:
      return str_equal(now, STR("cancelled refunded"));
    case TOLD_CHECKED_IN:
      break;
  }
  static const char USED[] = "SELECT 1 FROM tickets WHERE public_id = $1 AND checked_in_at IS NOT NULL";
  db_call_begin(server_db(world));
  return db_int(server_db(world), USED, 0, sql_text(line->id)) == 1;
}

void history_look(World *world) {
  char at[64];
  for (const Line *line = history_of(world)->lines; line != NULL; line = line->next) {
    Str now = line->what == TOLD_CHECKED_IN ? (Str){0} : standing(world, line->id, at);
    if (is_true(world, line, now)) continue;
    world_broken(world, "somebody was told %d of %.*s, and it is %.*s", (int)line->what, STR_ARG(line->id),
                 STR_ARG(now));
  }
}
