// Every method of the line, of bookings, payments and tickets with its nth SQL step, its nth allocation and its nth
// write to the disk failing, once and for good, for every n: the call answers InternalServerError, nothing has changed,
// nobody hears of anything, and the same call works when the fault is over.
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "commands/verify.h"
#include "core/batch.h"
#include "core/log.h"
#include "methods/booking.h"
#include "methods/hall.h"
#include "methods/payment.h"
#include "methods/queue.h"
#include "methods/ticket.h"
#include "support/faults.h"
#include "support/ram_disk.h"
#include "support/venue.h"

enum { ANNA = 1, BERT = 2, STAFF = 3, SLOT_MS = 5 * RIG_MINUTE_MS, BOOKING_MS = 10 * RIG_MINUTE_MS };

static const char path[] = "foyer.db";
static Loop loop;  // what calls see of one
static Config config;
static int64_t now_ms;
static uint64_t dice;
static void *venue;
static size_t venue_size;

// One thing done: a call, or a statement, or time that goes by.
typedef struct Step {
  const Method *method;
  int64_t user;
  const char *json;  // in it, BOOKING is the public id of the latest booking, CODE that of its first ticket
  const char *key;   // Idempotency-Key
  const char *sql;
  int64_t pass_ms;
} Step;

enum { STEPS_MAX = 12 };

// What stands before a call, and the call.
typedef struct Scene {
  Step before[STEPS_MAX];
  Step call;
  bool reads;  // changes nothing
} Scene;

#define GOLD "c00000000000000000000001"
#define JOIN(who) \
  { .method = &queue_method_join, .user = (who), .json = "{}" }
#define JOIN_OPERA(who) \
  { .method = &queue_method_join, .user = (who), .json = "{\"concertId\":\"aa0000000000000000000002\"}" }
#define BOOK(who) \
  { .method = &booking_create, .user = (who), .json = "{\"categoryId\":\"" GOLD "\",\"seats\":2}" }
#define INTENT \
  { .method = &payment_create_intent, .user = ANNA, .json = "{\"bookingId\":\"BOOKING\"}" }
#define COURIER "UPDATE outbox SET done_at = 1, attempts = 1, payload = '{}' WHERE kind = 'stripe' AND done_at IS NULL"
#define ANSWERED \
  { .sql = COURIER }
#define TOLD(op, http, status)                                                                                \
  {                                                                                                           \
    .method = &payment_settle,                                                                                \
    .json = "{\"op\":\"" op "\",\"bookingId\":1,\"attempt\":1,\"http\":" http                                 \
            ",\"intentId\":\"pi_1\",\"clientSecret\":\"s\",\"status\":\"" status                              \
            "\",\"amount\":2000,\"currency\":\"inr\",\"intentBookingId\":\"BOOKING\",\"refundId\":\"re_1\"}", \
  }
#define MADE TOLD("create", "200", "requires_payment_method")
#define PAID TOLD("retrieve", "200", "succeeded")
#define TICK \
  { .method = &queue_method_tick }
#define EXPIRED \
  { .pass_ms = BOOKING_MS + 1 }
#define SWEEP \
  { .method = &payment_look }
#define EVENT(type, status)                                                                        \
  {                                                                                                \
    .method = &payment_webhook,                                                                    \
    .json = "{\"id\":\"evt_1\",\"type\":\"payment_intent." type                                    \
            "\",\"data\":{\"object\":{\"id\":\"pi_1\",\"status\":\"" status                        \
            "\",\"amount\":2000,\"currency\":\"inr\",\"metadata\":{\"bookingId\":\"BOOKING\"}}}}", \
  }

static const Scene scenes[] = {
    // The line.
    {.call = JOIN(ANNA)},
    {.before = {JOIN(ANNA)}, .call = JOIN(BERT)},
    {.before = {JOIN(ANNA), JOIN(BERT)}, .call = {.method = &queue_method_leave, .user = ANNA, .json = "{}"}},
    {.before = {JOIN(ANNA), JOIN(BERT), {.pass_ms = SLOT_MS}}, .call = {.method = &queue_method_tick}},
    {.call = {.method = &queue_method_operate, .user = STAFF, .json = "{\"paused\":true,\"notice\":\"Soon\"}"}},
    // Bookings.
    {.before = {JOIN(ANNA)},
     .call = {.method = &booking_create,
              .user = ANNA,
              .json = "{\"categoryId\":\"" GOLD "\",\"seats\":2}",
              .key = "a key"}},
    {.before = {JOIN_OPERA(ANNA)},
     .call = {.method = &booking_create,
              .user = ANNA,
              .json = "{\"concertId\":\"aa0000000000000000000002\",\"seatIds\":[1,2]}"}},
    {.before = {JOIN_OPERA(ANNA)},
     .call = {.method = &booking_create,
              .user = ANNA,
              .json = "{\"concertId\":\"aa0000000000000000000002\",\"categoryId\":\"c00000000000000000000003\","
                      "\"bestSeats\":2}"}},
    {.before = {JOIN(ANNA), BOOK(ANNA)},
     .call = {.method = &booking_pending, .user = ANNA, .json = "{}"},
     .reads = true},
    {.before = {JOIN(ANNA), BOOK(ANNA)}, .call = {.method = &booking_cancel_pending, .user = ANNA, .json = "{}"}},
    {.before = {JOIN(ANNA), BOOK(ANNA), EXPIRED}, .call = SWEEP},
    {.before = {JOIN_OPERA(ANNA)},
     .call = {.method = &hall_update_seat_status,
              .user = STAFF,
              .json = "{\"hall_id\":1,\"seat_id\":3,\"status\":\"MAINTENANCE\",\"reply\":\"delta\"}"}},
    // Payments.
    {.before = {JOIN(ANNA), BOOK(ANNA)}, .call = INTENT},
    {.before = {JOIN(ANNA), BOOK(ANNA), INTENT, ANSWERED}, .call = MADE},
    {.before = {JOIN(ANNA), BOOK(ANNA), INTENT, ANSWERED, MADE}, .call = PAID},
    {.before = {JOIN(ANNA), BOOK(ANNA), INTENT, ANSWERED, MADE}, .call = EVENT("succeeded", "succeeded")},
    {.before = {JOIN(ANNA), BOOK(ANNA), INTENT, ANSWERED, MADE},
     .call = EVENT("payment_failed", "requires_payment_method")},
    {.before = {JOIN(ANNA), BOOK(ANNA), INTENT, ANSWERED, MADE},
     .call = {.method = &booking_confirm_paid, .user = ANNA, .json = "{\"id\":\"BOOKING\"}"}},
    {.before = {JOIN(ANNA), BOOK(ANNA), INTENT, ANSWERED, MADE},
     .call = {.method = &booking_cancel_pending, .user = ANNA, .json = "{}"}},
    {.before = {JOIN(ANNA), BOOK(ANNA), INTENT, ANSWERED, MADE, EXPIRED}, .call = SWEEP},
    {.before = {JOIN(ANNA), BOOK(ANNA), INTENT, ANSWERED, MADE, EXPIRED, SWEEP, ANSWERED},
     .call = TOLD("cancel", "200", "canceled")},
    // Money that comes too late: the seats are still there, or they are gone.
    {.before = {JOIN(ANNA), BOOK(ANNA), INTENT, ANSWERED, EXPIRED, SWEEP, MADE}, .call = PAID},
    {.before = {JOIN(ANNA), BOOK(ANNA), INTENT, ANSWERED, EXPIRED, SWEEP, MADE, TICK, JOIN(BERT), BOOK(BERT)},
     .call = {.method = &payment_settle,
              .json = "{\"op\":\"retrieve\",\"bookingId\":1,\"attempt\":1,\"http\":200,\"intentId\":\"pi_1\","
                      "\"status\":\"succeeded\",\"amount\":2000,\"currency\":\"inr\",\"intentBookingId\":\"FIRST\"}"}},
    // Tickets.
    {.before = {JOIN(ANNA), BOOK(ANNA), INTENT, ANSWERED, MADE, PAID},
     .call = {.method = &booking_tickets, .user = ANNA, .json = "{\"id\":\"BOOKING\"}"},
     .reads = true},
    {.before = {JOIN(ANNA), BOOK(ANNA), INTENT, ANSWERED, MADE, PAID},
     .call = {.method = &ticket_check_in_code, .user = STAFF, .json = "{\"code\":\"CODE\"}"}},
    {.before = {JOIN(ANNA), BOOK(ANNA), INTENT, ANSWERED, MADE, PAID},
     .call = {.method = &booking_refund_paid, .user = STAFF, .json = "{\"id\":\"BOOKING\"}"}},
    {.before = {JOIN(ANNA),
                BOOK(ANNA),
                INTENT,
                ANSWERED,
                MADE,
                PAID,
                {.method = &booking_refund_paid, .user = STAFF, .json = "{\"id\":\"BOOKING\"}"},
                ANSWERED},
     .call = TOLD("refund", "200", "succeeded")},
};

// What fails: the nth of its kind.
typedef struct Kind {
  const char *name;
  void (*arm)(int nth, bool for_good);
  bool (*disarm)(void);
} Kind;

typedef struct Fault {
  const Kind *kind;  // NULL: nothing fails
  int nth;
  bool for_good;
} Fault;

// The clock and the dice.

static int64_t env_now(void *state) {
  (void)state;
  return now_ms;
}

static void env_random(void *state, void *bytes, size_t count) {
  (void)state;
  for (size_t i = 0; i < count; i++) {
    dice = dice * 6364136223846793005 + 1442695040888963407;
    ((unsigned char *)bytes)[i] = (unsigned char)(dice >> 56);
  }
}

// Calls.

static Str text_from(Db *db, Arena *arena, const char *sql) {
  Rows rows = db_rows(db, sql);
  Str text = rows_next(&rows) ? rows_text(&rows, 0, arena) : (Str){0};
  rows_end(&rows);
  return text;
}

static Str sign(Arena *arena, Str body) {
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  Text message = {.arena = arena};
  Text header = {.arena = arena};
  text_format(&message, "%lld.%.*s", (long long)now_ms / 1000, STR_ARG(body));
  HMAC(EVP_sha256(), config.stripe_webhook_secret.at, (int)config.stripe_webhook_secret.length,
       (const unsigned char *)message.at, message.length, mac, &length);
  text_format(&header, "t=%lld,v1=", (long long)now_ms / 1000);
  text_hex(&header, mac, length);
  return text_str(&header);
}

static Call *new_call(const Step *step) {
  loop.now_ms = now_ms;
  Call *call = call_new_own(&loop);
  assert_non_null(call);
  call->method = step->method;
  call->who = (Identity){.user_id = step->user, .staff = step->user == STAFF};
  if (step->key != NULL) {
    call->once = (Once){.scope = STR("anna"), .key = str_from(step->key), .request_hash = STR("hash")};
  }
  return call;
}

static Error decode(Call *call, Str json) {
  if (call->method == &payment_webhook) {
    PaymentWebhook *input = ARENA_NEW(&call->arena, PaymentWebhook);
    *input = (PaymentWebhook){.signature = sign(&call->arena, json), .body = json};
    call->input = input;
    return ERR_NONE;
  }
  return call_decode(call, json.length > 0 ? json_parse(&call->arena, json, NULL) : NULL);
}

// Asks as the store does; what it left to tell is counted in *told (may be NULL).
static Error ask(Db *db, const Step *step, Str json, const Fault *fault, int *told) {
  Call *call = new_call(step);
  arena_free_spare();  // each arena asks malloc, or there would be less to fail
  if (fault != NULL) fault->kind->arm(fault->nth, fault->for_good);
  Error error = decode(call, json);
  if (error == ERR_NONE) {
    bool alive = db_begin(db, DB_WRITE) && batch_run(db, call);
    batch_end(db, call, alive);
    error = call->error;
  }
  if (told != NULL) *told = (call->events != NULL) + (call->has_effects ? 1 : 0) + (call->waits_for.length > 0);
  if (call->arena.failed) error = ERR_INTERNAL;
  call_free(call);
  return error;
}

static Str ticket_code(Db *db, Arena *arena, Str booking) {
  Step step = {.method = &booking_tickets, .user = ANNA};
  Text json = {.arena = arena};
  Str code = {0};
  text_format(&json, "{\"id\":\"%.*s\"}", STR_ARG(booking));
  Call *call = new_call(&step);
  assert_int_equal(decode(call, text_str(&json)), ERR_NONE);
  assert_true(db_begin(db, DB_READ) && batch_run(db, call));
  db_rollback(db);
  const Json *root = json_parse(&call->arena, text_str(&call->reply), NULL);
  json_str(json_get(json_first(json_get(root, "tickets")), "code"), &code);
  code = str_copy(arena, code);
  call_free(call);
  return code;
}

static void replace(Text *out, const char *json, const char *word, Str by) {
  const char *at = strstr(json, word);
  text_add(out, (Str){json, at != NULL ? (size_t)(at - json) : strlen(json)});
  if (at == NULL) return;
  text_add(out, by);
  replace(out, at + strlen(word), word, by);
}

// The step's JSON with its words filled in.
static Str json_of(Db *db, Arena *arena, const Step *step) {
  if (step->json == NULL) return (Str){0};
  Text json = {.arena = arena};
  Str booking = text_from(db, arena, "SELECT public_id FROM bookings ORDER BY id DESC LIMIT 1");
  bool of_first = strstr(step->json, "FIRST") != NULL;
  bool of_code = strstr(step->json, "CODE") != NULL;
  if (of_first) booking = text_from(db, arena, "SELECT public_id FROM bookings ORDER BY id LIMIT 1");
  replace(&json, step->json,
          of_first  ? "FIRST"
          : of_code ? "CODE"
                    : "BOOKING",
          of_code ? ticket_code(db, arena, booking) : booking);
  return text_str(&json);
}

static void take_step(Db *db, Arena *arena, const Step *step) {
  now_ms += step->pass_ms;
  if (step->sql != NULL) {
    assert_true(db_begin(db, DB_WRITE) && db_run(db, step->sql) && db_commit(db));
  } else if (step->method != NULL) {
    Error error = ask(db, step, json_of(db, arena, step), NULL, NULL);
    if (error != ERR_NONE) fail_msg("before the scene, %s: %s", step->method->name, error_code(error));
  }
}

// Looking.

static const char everything[] =
    "SELECT (SELECT group_concat(id || ',' || total_seats || ',' || available_seats) FROM categories)"
    " || (SELECT group_concat(active || ',' || admitted || ',' || paused || ',' || opened || notice) FROM concerts)"
    " || coalesce((SELECT group_concat(id || status || coalesce(slot_until, '')) FROM queue_places), '')"
    " || coalesce((SELECT group_concat(id || status || payment_status || coalesce(closing, '')) FROM bookings), '')"
    " || coalesce((SELECT group_concat(seat_id || coalesce(released_at, '')) FROM booking_seats), '')"
    " || (SELECT count(*) FROM booking_steps) || coalesce((SELECT group_concat(id || status || refund_due || asks ||"
    " coalesce(intent_id, '')) FROM payments), '')"
    " || coalesce((SELECT group_concat(id || void || coalesce(checked_in_at, '')) FROM tickets), '')"
    " || coalesce((SELECT group_concat(key || coalesce(done_at, '')) FROM outbox), '')"
    " || (SELECT group_concat(status || coalesce(reserved_by, '')) FROM seats) || (SELECT count(*) FROM events)"
    " || (SELECT count(*) FROM stripe_events) || (SELECT count(*) FROM answers)";

static void assert_invariants(Db *db, const char *method) {
  for (size_t i = 0; i < verify_box_office_count; i++) {
    Rows rows = db_rows(db, verify_box_office[i].violations);
    if (rows_next(&rows)) fail_msg("%s: %s: %.*s", method, verify_box_office[i].says, STR_ARG(rows_peek(&rows, 0)));
  }
}

// The sweeps.

static const Kind kinds[] = {{"SQL step", faults_arm_sql, faults_disarm},
                             {"allocation", faults_arm_memory, faults_disarm},
                             {"write", ram_disk_arm, ram_disk_disarm}};

// What stands before the scene's call, as a file to begin with again and again.
static void *draw_scene(const Scene *scene, size_t *size) {
  Arena arena = {0};
  ram_disk_wipe();
  ram_disk_put(path, venue, venue_size);
  now_ms = RIG_BEGIN_MS;
  dice = 1;
  Db *db = db_open(path, DB_WRITE);
  assert_non_null(db);
  for (int i = 0; i < STEPS_MAX; i++) take_step(db, &arena, &scene->before[i]);
  db_close(db);
  arena_free(&arena);
  return ram_disk_take(path, size);
}

typedef struct Drawn {
  const Scene *scene;
  const void *file;
  size_t size;
} Drawn;

// One run with the nth of a kind failing; false when the call has no nth.
static bool run_with_fault(const Drawn *drawn, const Fault *fault) {
  const Kind *kind = fault->kind;
  int nth = fault->nth;
  const Step *step = &drawn->scene->call;
  Arena arena = {0};
  int told;
  ram_disk_wipe();
  ram_disk_put(path, drawn->file, drawn->size);
  Db *db = db_open(path, DB_WRITE);
  assert_non_null(db);
  Str json = json_of(db, &arena, step);
  Str before = text_from(db, &arena, everything);
  Error error = ask(db, step, json, fault, &told);
  bool met = kind->disarm();
  db_rollback(db);  // as the next batch does, of what could not even be ended
  db_call_begin(db);
  if (met && error != ERR_NONE) {
    if (error != ERR_INTERNAL) fail_msg("%s, %s %d: %s", step->method->name, kind->name, nth, error_code(error));
    if (!str_equal(text_from(db, &arena, everything), before))
      fail_msg("%s, %s %d: half of it was done", step->method->name, kind->name, nth);
    assert_int_equal(told, 0);
    error = ask(db, step, json, NULL, &told);
    db_call_begin(db);
  }
  if (error != ERR_NONE) fail_msg("%s after %s %d: %s", step->method->name, kind->name, nth, error_code(error));
  assert_int_equal(str_equal(text_from(db, &arena, everything), before), drawn->scene->reads);
  if (!met || nth % 8 == 1) assert_invariants(db, step->method->name);
  db_close(db);
  arena_free(&arena);
  return met;
}

static void sweep(const Kind *kind) {
  for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
    Drawn drawn = {.scene = &scenes[i]};
    void *file = draw_scene(&scenes[i], &drawn.size);
    drawn.file = file;
    Fault fault = {.kind = kind, .nth = 1};
    while (run_with_fault(&drawn, &fault)) ++fault.nth;
    assert_true(fault.nth > 1 || scenes[i].reads);
    for (fault.for_good = true; fault.nth > 0; fault.nth--) run_with_fault(&drawn, &fault);
    free(file);
  }
}

static void test_a_step_that_fails_changes_nothing_and_the_retry_works(void **state) {
  (void)state;
  sweep(&kinds[0]);
}

static void test_without_memory_nothing_changes_and_the_retry_works(void **state) {
  (void)state;
  sweep(&kinds[1]);
}

static void test_a_write_that_fails_changes_nothing_and_the_retry_works(void **state) {
  (void)state;
  sweep(&kinds[2]);
}

// Life.

static const char *const rows_of_venue[] = {
    "INSERT INTO concerts(id, public_id, name, date, hall_id, created_at, opens_at, seed, seed_hash) VALUES"
    " (1, 'aa0000000000000000000001', 'Standing', 1800000000000, NULL, 1, 1, '', ''),"
    " (2, 'aa0000000000000000000002', 'Opera', 1800000000000, 1, 1, 1, '', '')",
    "INSERT INTO categories(id, public_id, concert_id, name, price, seat_type_id, total_seats, available_seats) VALUES"
    " (1, '" GOLD
    "', 1, 'gold', 1000, NULL, 3, 3), (3, 'c00000000000000000000003', 2, 'Standard', 1000, 1, 4, 4),"
    " (4, 'c00000000000000000000004', 2, 'VIP', 1000, 2, 2, 2)",
    "UPDATE users SET email = username || '@example.org', public_id = printf('%024x', id)",
};

static int make_venue(void **state) {
  (void)state;
  log_set_level(LOG_OFF);
  ram_disk_mount();
  ram_disk_begin(RIG_BEGIN_MS);
  config = (Config){.max_active_users = 1,
                    .slot_ms = SLOT_MS,
                    .booking_ms = BOOKING_MS,
                    .sweep_interval_ms = RIG_MINUTE_MS,
                    .ticket_secret = STR("ticket secret"),
                    .stripe_secret_key = STR("sk_test"),
                    .stripe_webhook_secret = STR("whsec_test")};
  loop.config = &config;
  loop.fast = fast_new();
  loop.env = (Env){.now_ms = env_now, .random = env_random};
  Rig rig = {.db = db_open(path, DB_WRITE)};
  assert_true(rig.db != NULL && db_migrate(rig.db, RIG_BEGIN_MS));
  venue_add(&rig);
  for (size_t i = 0; i < sizeof rows_of_venue / sizeof rows_of_venue[0]; i++) rig_run(&rig, rows_of_venue[i]);
  db_close(rig.db);
  arena_free(&rig.arena);
  venue = ram_disk_take(path, &venue_size);
  return 0;
}

static int free_venue(void **state) {
  (void)state;
  fast_free(loop.fast);
  free(venue);
  ram_disk_wipe();
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_step_that_fails_changes_nothing_and_the_retry_works),
      cmocka_unit_test(test_without_memory_nothing_changes_and_the_retry_works),
      cmocka_unit_test(test_a_write_that_fails_changes_nothing_and_the_retry_works),
  };
  return cmocka_run_group_tests(tests, make_venue, free_venue);
}
