// Staff: refunds, the door, the operator of the line, seats that are blocked.
#include "methods/booking.h"
#include "methods/hall.h"
#include "methods/queue.h"
#include "methods/ticket.h"
#include "sim/history.h"
#include "sim/people.h"
#include "sim/server.h"
#include "sim/venue.h"

static const Identity staff = {.user_id = VENUE_STAFF, .username = {"staff", 5}, .staff = true};

static Ask *new_ask(World *world, const Method *method, Str json, void (*heard)(World *, Ask *)) {
  Ask *ask = ARENA_NEW(&world->arena, Ask);
  *ask = (Ask){.method = method, .who = staff, .json = json, .heard = heard};
  return ask;
}

// A text from the tables, by the dice.
static Str pick(World *world, const char *query) {
  if (server_db(world) == NULL) return (Str){0};
  db_call_begin(server_db(world));
  Rows rows = db_rows(server_db(world), query, sql_int(world_between(world, 0, 1 << 30)));
  Str text = rows_next(&rows) ? rows_text(&rows, 0, &world->arena) : (Str){0};
  rows_end(&rows);
  return text;
}

// Refunds.

typedef struct Refund {
  Str booking_id;
} Refund;

static void heard_refund(World *world, Ask *ask) {
  if (!ask->answered || ask->error != ERR_NONE) return;
  world_saw(world, SEEN_STAFF_REFUND);
  history_told(world, TOLD_REFUNDED, ((Refund *)ask->from)->booking_id);
}

static void refund(World *world) {
  static const char CONFIRMED[] =
      "SELECT public_id FROM bookings WHERE status = 'confirmed' ORDER BY (id * 7919 + $1) % 101 LIMIT 1";
  Str id = pick(world, CONFIRMED);
  if (id.length == 0) return;
  Text json = {.arena = &world->arena};
  text_format(&json, "{\"id\":\"%.*s\"}", STR_ARG(id));
  Refund *kept = ARENA_NEW(&world->arena, Refund);
  kept->booking_id = id;
  history_may_refund(world, id);
  for (int64_t clicks = world_between(world, 1, 2); clicks > 0; clicks--) {
    Ask *ask = new_ask(world, &booking_refund_paid, text_str(&json), heard_refund);
    ask->from = kept;
    server_ask(world, ask);
  }
}

// The door. The code is asked for as its owner sees it, then shown once or twice.

typedef struct Visit {
  Str ticket_id;
  Str code;
  bool let_in;
} Visit;

static void heard_check_in(World *world, Ask *ask) {
  Visit *visit = ask->from;
  if (!ask->answered) return;
  if (ask->error == ERR_NONE) {
    if (visit->let_in) world_broken(world, "ticket %.*s let two people in", STR_ARG(visit->ticket_id));
    visit->let_in = true;
    world_saw(world, SEEN_CHECKED_IN);
    history_told(world, TOLD_CHECKED_IN, visit->ticket_id);
  } else if (ask->error == ERR_TICKET_USED) {
    world_saw(world, SEEN_CHECKED_IN_TWICE);
  }
}

static void show(World *world, void *what) {
  Visit *visit = what;
  Text json = {.arena = &world->arena};
  text_format(&json, "{\"code\":\"%.*s\"}", STR_ARG(visit->code));
  Ask *ask = new_ask(world, &ticket_check_in_code, text_str(&json), heard_check_in);
  ask->from = visit;
  server_ask(world, ask);
}

static void heard_tickets(World *world, Ask *ask) {
  Arena arena = {0};
  Str id;
  Str code;
  const Json *root = ask->answered && ask->error == ERR_NONE ? json_parse(&arena, ask->reply, NULL) : NULL;
  const Json *first = json_first(json_get(root, "tickets"));
  if (json_str(json_get(first, "id"), &id) && json_str(json_get(first, "code"), &code)) {
    Visit *visit = ARENA_NEW(&world->arena, Visit);
    *visit = (Visit){.ticket_id = str_copy(&world->arena, id), .code = str_copy(&world->arena, code)};
    for (int64_t times = world_between(world, 1, 3); times > 0; times--) {
      world_later(world, world_between(world, 0, MINUTE_MS), show, visit);
    }
  }
  arena_free(&arena);
}

static void visit_door(World *world) {
  static const char UNUSED[] =
      "SELECT b.public_id FROM bookings b JOIN tickets t ON t.booking_id = b.id AND t.number = 1 WHERE"
      " b.status = 'confirmed' AND t.checked_in_at IS NULL ORDER BY (b.id * 7919 + $1) % 101 LIMIT 1";
  Str id = pick(world, UNUSED);
  if (id.length == 0) return;
  Text json = {.arena = &world->arena};
  text_format(&json, "{\"id\":\"%.*s\"}", STR_ARG(id));
  server_ask(world, new_ask(world, &booking_tickets, text_str(&json), heard_tickets));
}

// The operator.

static void heard_operate(World *world, Ask *ask) {
  if (ask->answered && ask->error == ERR_NONE) world_saw(world, SEEN_STAFF_OPERATED);
}

static void operate(World *world, const char *switches) {
  Text json = {.arena = &world->arena};
  text_format(&json, "{\"concertId\":\"%s\",%s}", venue_concert_ids[world_between(world, 0, 1)], switches);
  server_ask(world, new_ask(world, &queue_method_operate, text_str(&json), heard_operate));
}

static void turn_a_switch(World *world) {
  static const char *const switches[] = {"\"paused\":true",     "\"paused\":false",   "\"draining\":true",
                                         "\"draining\":false",  "\"paused\":false",   "\"ratePerMinute\":30",
                                         "\"ratePerMinute\":0", "\"notice\":\"Soon\""};
  operate(world, switches[world_between(world, 0, 7)]);
}

static void heard_end(World *world, Ask *ask) {
  if (!ask->answered || ask->error != ERR_NONE) world_broken(world, "a concert cannot be ended");
  world_saw(world, SEEN_CONCERT_ENDED);
}

void staff_end_concerts(World *world) {
  for (int i = 0; i < VENUE_CONCERTS; i++) {
    Text json = {.arena = &world->arena};
    text_format(&json, "{\"concertId\":\"%s\",\"ended\":true}", venue_concert_ids[i]);
    server_ask(world, new_ask(world, &queue_method_operate, text_str(&json), heard_end));
  }
  world_run(world, world->now_ms + MINUTE_MS);
  refund(world);
}

// Seats.

static void heard_seat(World *world, Ask *ask) {
  if (ask->answered && ask->error == ERR_NONE) world_saw(world, SEEN_STAFF_SEAT);
}

static void change_seat(World *world) {
  static const char *const statuses[] = {"VACANT", "MAINTENANCE", "VACANT", "RESERVED", "OCCUPIED"};
  Text json = {.arena = &world->arena};
  text_format(&json, "{\"hall_id\":1,\"seat_id\":%d,\"status\":\"%s\",\"reply\":\"delta\"}",
              (int)world_between(world, 1, VENUE_ROWS * VENUE_PLACES), statuses[world_between(world, 0, 4)]);
  server_ask(world, new_ask(world, &hall_update_seat_status, text_str(&json), heard_seat));
}

static void work(World *world, void *what) {
  (void)what;
  if (world->is_calm) return;
  int64_t dice = world_between(world, 0, 9);
  if (dice < 2) refund(world);
  if (dice >= 2 && dice < 5) visit_door(world);
  if (dice == 5) turn_a_switch(world);
  if (dice > 6) change_seat(world);
  world_later(world, world_between(world, 10 * SECOND_MS, 4 * MINUTE_MS), work, NULL);
}

void staff_begin(World *world) {
  world_later(world, MINUTE_MS, work, NULL);
}
