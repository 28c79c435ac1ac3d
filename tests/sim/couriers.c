// The couriers of a world.
#include "sim/couriers.h"

#include "methods/payment.h"
#include "sim/server.h"
#include "sim/stripe.h"

enum { LOOK_MS = 3000, TAKEN_MAX = 32 };

typedef enum Outcome { DONE, AGAIN, FAILED } Outcome;

typedef struct Errand {
  uint64_t life;  // of the server that sent it
  int64_t id;
  Str kind;
  Str key;
  Str payload;
  int64_t attempt;
  int64_t created_ms;
  Outcome outcome;
  Str result;  // JSON, the input of payment.settle
  bool tells_money;
  Charge *charge;  // that the answer is about; NULL: none
} Errand;

// How long is it tried, and how long is waited at most between two tries.
typedef struct Patience {
  int64_t longest_ms;
  int64_t give_up_ms;
} Patience;

static Patience patience_of(const Errand *errand) {
  if (!str_equal(errand->kind, STR("stripe"))) return (Patience){HOUR_MS, 3 * (int64_t)DAY_MS};
  if (str_starts(errand->key, STR("refund"))) return (Patience){HOUR_MS, 30 * (int64_t)DAY_MS};
  return (Patience){2 * SECOND_MS, str_starts(errand->key, STR("cancel")) ? MINUTE_MS : 10 * SECOND_MS};
}

// Settling, on the server.

static int64_t next_try(const Errand *errand, int64_t now_ms) {
  Patience patience = patience_of(errand);
  int64_t wait_ms = SECOND_MS;
  for (int64_t i = 1; i < errand->attempt && wait_ms < patience.longest_ms; i++) wait_ms *= 2;
  bool over = errand->attempt > 1 && now_ms + wait_ms > errand->created_ms + patience.give_up_ms;
  return over ? 0 : now_ms + wait_ms;
}

static Error settle(Call *call, const void *input) {
  static const char IS_DUE[] = "SELECT 1 FROM outbox WHERE id = $1 AND done_at IS NULL";
  static const char OVER[] =
      "UPDATE outbox SET done_at = $1, attempts = $2, given_up = $3, payload = '{}' WHERE id = $4";
  static const char LATER[] = "UPDATE outbox SET due_at = $1, attempts = $2, last_error = 'failed' WHERE id = $3";
  const Errand *errand = ((Ask *)call->door)->from;
  int64_t due_ms = errand->outcome == AGAIN ? next_try(errand, call->now_ms) : 0;
  if (db_int(call->db, IS_DUE, 0, sql_int(errand->id)) == 0) return ERR_NONE;
  if (due_ms > 0) {
    db_run(call->db, LATER, sql_int(due_ms), sql_int(errand->attempt), sql_int(errand->id));
    return ERR_NONE;
  }
  db_run(call->db, OVER, sql_int(call->now_ms), sql_int(errand->attempt), sql_int(errand->outcome != DONE),
         sql_int(errand->id));
  Text topic = {.arena = &call->arena};
  text_format(&topic, "%.*s:%.*s", STR_ARG(errand->kind), STR_ARG(errand->key));
  call_signal(call, text_str(&topic), errand->outcome == DONE ? STR("done") : STR("failed"), (Str){0});
  return errand->result.length > 0 ? payment_settle.run(call, input) : ERR_NONE;
}

static const Method settle_method = {.name = "sim.settle", .run = settle};

static void fill_settle(Call *call, Ask *ask) {
  const Errand *errand = ask->from;
  if (errand->result.length == 0) return;
  call->method = &payment_settle;
  call->error = call_decode(call, json_parse(&call->arena, errand->result, NULL));
  call->method = &settle_method;
}

static void arrived(Errand *errand) {
  if (errand->charge != NULL) --errand->charge->on_way;
  errand->charge = NULL;
}

static void hand_in(World *world, void *what);

static void settled(World *world, Ask *ask) {
  Errand *errand = ask->from;
  if (ask->error == ERR_NONE) {
    static const char GONE[] = "";
    errand->kind = str_from(GONE);  // off its way
    arrived(errand);
  } else {
    world_later(world, 500, hand_in, errand);
  }
}

static void hand_in(World *world, void *what) {
  Errand *errand = what;
  if (errand->life != server_life(world)) {
    arrived(errand);
    return;
  }
  Ask *ask = ARENA_NEW(&world->arena, Ask);
  *ask = (Ask){.method = &settle_method,
               .fill = fill_settle,
               .heard = settled,
               .from = errand,
               .tells_money = errand->tells_money};
  server_ask_own(world, ask);
}

// Doing.

static void write_result(World *world, Errand *errand, const Json *payload, const StripeAnswer *answer) {
  const Charge *charge = answer->charge;
  Text out = {.arena = &world->arena};
  int64_t booking_id = 0;
  int64_t attempt = 0;
  Str op = {0};
  Str intent = {0};
  json_str(json_get(payload, "op"), &op);
  json_str(json_get(payload, "intent"), &intent);
  json_int(json_get(payload, "bookingId"), &booking_id);
  json_int(json_get(payload, "attempt"), &attempt);
  const char *refund_state = answer->http == 200 && answer->refund_state != NULL ? answer->refund_state : "";
  text_format(&out, "{\"op\":\"%.*s\",\"bookingId\":%lld,\"attempt\":%lld,\"intent\":\"%.*s\",\"outboxId\":%lld,",
              STR_ARG(op), (long long)booking_id, (long long)attempt, STR_ARG(intent), (long long)errand->id);
  text_format(&out, "\"http\":%d,\"error\":\"%s\",\"message\":\"%s\",", answer->http,
              answer->error != NULL ? answer->error : "", answer->error != NULL ? "No." : "");
  if (charge != NULL) {
    text_format(&out,
                "\"intentId\":\"%.*s\",\"clientSecret\":\"%.*s\",\"status\":\"%s\",\"amount\":%lld,"
                "\"currency\":\"%.*s\",\"intentBookingId\":\"%.*s\",",
                STR_ARG(charge->id), STR_ARG(charge->secret), stripe_state_name(charge->state),
                (long long)charge->amount, STR_ARG(charge->currency), STR_ARG(charge->booking_id));
  } else {
    text_add(&out, STR("\"intentId\":\"\",\"clientSecret\":\"\",\"status\":\"\",\"amount\":0,\"currency\":\"\","
                       "\"intentBookingId\":\"\","));
  }
  text_format(&out, "\"refundId\":\"%.*s\",\"refundStatus\":\"%s\"}", STR_ARG(answer->refund_id), refund_state);
  errand->result = text_str(&out);
  errand->tells_money = charge != NULL && charge->state == INTENT_SUCCEEDED;
}

static Str without_operation(Str key) {
  str_cut(&key, ':');
  return key;
}

static void do_stripe(World *world, Errand *errand) {
  Arena arena = {0};
  Str op = {0};
  const Json *payload = json_parse(&arena, errand->payload, NULL);
  json_str(json_get(payload, "op"), &op);
  bool creates = str_equal(op, STR("create"));
  StripeAnswer answer = stripe_ask(world, op, creates ? without_operation(errand->key) : errand->key, payload);
  if (world_chance(world, world->weather.stripe_deaf)) {
    if (answer.http == 200) world_saw(world, SEEN_STRIPE_DEAF);
    answer = (StripeAnswer){.error = "unreachable"};
  }
  bool again = answer.http == 0 || answer.http == 409 || answer.http == 429 || answer.http >= 500;
  errand->outcome = again ? AGAIN : answer.error != NULL ? FAILED : DONE;
  write_result(world, errand, payload, &answer);
  errand->charge = answer.charge;
  if (errand->charge != NULL) ++errand->charge->on_way;
  world_tell(world, "courier: %.*s, http %d", STR_ARG(errand->key), answer.http);
  arena_free(&arena);
}

static void do_mail(World *world, Errand *errand) {
  if (world_chance(world, world->weather.mail_bounces)) {
    world_saw(world, SEEN_MAIL_BOUNCED);
    errand->outcome = FAILED;
  } else if (world_chance(world, world->weather.mail_fails)) {
    errand->outcome = AGAIN;
  } else {
    world_saw(world, errand->attempt > 1 ? SEEN_MAIL_RETRIED : SEEN_MAIL_SENT);
  }
}

static void perform(World *world, void *what) {
  Errand *errand = what;
  if (errand->life != server_life(world)) return;
  errand->outcome = DONE;
  if (str_equal(errand->kind, STR("stripe"))) {
    do_stripe(world, errand);
  } else if (str_equal(errand->kind, STR("mail"))) {
    do_mail(world, errand);
  }
  int64_t most_ms = world_chance(world, world->weather.stripe_late) ? 3 * MINUTE_MS : 300;
  world_later(world, world_between(world, 0, most_ms), hand_in, errand);
}

// Taking.

static Errand *taken[TAKEN_MAX];

static bool is_taken(const World *world, int64_t id, size_t *place) {
  *place = TAKEN_MAX;
  for (size_t i = 0; i < TAKEN_MAX; i++) {
    Errand *errand = taken[i];
    bool gone = errand == NULL || errand->life != server_life(world) || errand->kind.length == 0;
    if (gone) *place = i;
    if (!gone && errand->id == id) return true;
  }
  return *place == TAKEN_MAX;
}

static void look(World *world) {
  static const char DUE[] =
      "SELECT id, kind, key, payload, attempts, created_at FROM outbox WHERE done_at IS NULL AND due_at <= $1"
      " ORDER BY due_at LIMIT 64";
  Db *db = server_db(world);
  size_t place;
  if (db == NULL) return;
  db_call_begin(db);
  Rows rows = db_rows(db, DUE, sql_int(server_now_ms(world)));
  while (rows_next(&rows)) {
    if (is_taken(world, rows_int(&rows, 0), &place)) continue;
    Errand *errand = ARENA_NEW(&world->arena, Errand);
    *errand = (Errand){.life = server_life(world),
                       .id = rows_int(&rows, 0),
                       .kind = rows_text(&rows, 1, &world->arena),
                       .key = rows_text(&rows, 2, &world->arena),
                       .payload = rows_text(&rows, 3, &world->arena),
                       .attempt = rows_int(&rows, 4) + 1,
                       .created_ms = rows_int(&rows, 5)};
    taken[place] = errand;
    world_later(world, world_between(world, 0, 100), perform, errand);
  }
}

static void look_again(World *world, void *what) {
  if ((uintptr_t)what != server_life(world)) return;
  look(world);
  world_later(world, world_pace(world, LOOK_MS), look_again, what);
}

void couriers_wake(World *world) {
  look(world);
}

void couriers_restart(World *world) {
  for (size_t i = 0; i < TAKEN_MAX; i++) taken[i] = NULL;
  look_again(world, (void *)(uintptr_t)server_life(world));
}
