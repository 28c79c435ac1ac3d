// Every method that changes messages, their index or blocks, with its nth SQL step, its nth allocation and its nth
// write to the disk failing, once and for good, for every n: the call answers InternalServerError, nothing has changed,
// nobody hears of anything, and the same call works when the fault is over.
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "commands/verify.h"
#include "core/batch.h"
#include "core/log.h"
#include "methods/block.h"
#include "methods/message.h"
#include "methods/own_data.h"
#include "support/faults.h"
#include "support/ram_disk.h"
#include "support/venue.h"

enum { ANNA = 1, BERT = 2, STEPS_MAX = 8 };

static const char path[] = "foyer.db";
static Loop loop;  // what calls see of one
static Config config;
static int64_t now_ms;
static void *venue;
static size_t venue_size;

typedef struct Step {
  const Method *method;
  int64_t user;
  const char *json;
  int64_t pass_ms;  // time that goes by first
} Step;

// What stands before a call, and the call.
typedef struct Scene {
  Step before[STEPS_MAX];
  Step call;
  bool reads;  // changes nothing
} Scene;

#define SEND(who, json_of_it) \
  { .method = &message_method_send, .user = (who), .json = json_of_it }
#define HELLO SEND(ANNA, "{\"id\":2,\"message\":\"hello there\",\"clientID\":\"k\"}")
#define ANSWER SEND(BERT, "{\"id\":1,\"message\":\"hello you\"}")
#define NOTE SEND(ANNA, "{\"id\":1,\"message\":\"a note\"}")
#define INDEX \
  { .method = &message_method_index }
#define EDIT \
  { .method = &message_method_edit, .user = ANNA, .json = "{\"message-id\":1,\"message\":\"other words\"}" }
#define DELETE \
  { .method = &message_method_delete, .user = ANNA, .json = "{\"message-id\":1}" }
#define BLOCK \
  { .method = &block_method_put, .user = BERT, .json = "{\"id\":1}" }
#define EXPIRE \
  { .method = &message_method_expire, .pass_ms = INT64_C(2) * 24 * RIG_HOUR_MS }

static const Scene scenes[] = {
    {.call = HELLO},
    {.before = {HELLO}, .call = HELLO, .reads = true},  // sent again: the same message
    {.before = {HELLO}, .call = ANSWER},
    {.call = NOTE},
    {.before = {HELLO, ANSWER, NOTE}, .call = INDEX},
    {.before = {HELLO, INDEX, ANSWER}, .call = INDEX},
    {.before = {HELLO}, .call = EDIT},
    {.before = {HELLO, INDEX}, .call = EDIT},
    {.before = {HELLO, ANSWER}, .call = DELETE},
    {.before = {HELLO, INDEX}, .call = DELETE},
    {.before = {HELLO}, .call = {.method = &message_method_read, .user = BERT, .json = "{\"message-id\":1}"}},
    {.before = {HELLO, ANSWER, NOTE, INDEX}, .call = EXPIRE},
    {.call = BLOCK},
    {.before = {BLOCK}, .call = {.method = &block_method_drop, .user = BERT, .json = "{\"id\":1}"}},
    {.before = {HELLO, ANSWER, INDEX},
     .call = {.method = &message_method_search, .user = BERT, .json = "{\"q\":\"hello the\"}"},
     .reads = true},
    {.before = {HELLO, ANSWER, NOTE}, .call = {.method = &own_data_export, .user = ANNA, .json = "{}"}, .reads = true},
};

// What fails: the nth of its kind.
typedef struct Kind {
  const char *name;
  void (*arm)(int nth, bool for_good);
  bool (*disarm)(void);
} Kind;

static const Kind kinds[] = {{"SQL step", faults_arm_sql, faults_disarm},
                             {"allocation", faults_arm_memory, faults_disarm},
                             {"write", ram_disk_arm, ram_disk_disarm}};

typedef struct Fault {
  const Kind *kind;
  int nth;
  bool for_good;
} Fault;

static int64_t env_now(void *state) {
  (void)state;
  return now_ms;
}

static void env_random(void *state, void *bytes, size_t count) {
  (void)state;
  memset(bytes, 7, count);
}

// Asks as the store does; whether anything was left to tell is in *told (may be NULL).
static Error ask(Db *db, const Step *step, const Fault *fault, bool *told) {
  loop.now_ms = now_ms;
  Call *call = call_new_own(&loop);
  assert_non_null(call);
  call->method = step->method;
  call->who = (Identity){.user_id = step->user};
  Arena arena = {0};
  const Json *json = step->json != NULL ? json_parse(&arena, str_from(step->json), NULL) : NULL;
  arena_free_spare();  // each arena asks malloc, or there would be less to fail
  if (fault != NULL) fault->kind->arm(fault->nth, fault->for_good);
  Error error = call_decode(call, json);
  if (error == ERR_NONE) {
    bool alive = db_begin(db, DB_WRITE) && batch_run(db, call);
    batch_end(db, call, alive);
    error = call->error;
  }
  if (told != NULL) *told = call->events != NULL;
  if (call->arena.failed) error = ERR_INTERNAL;
  call_free(call);
  arena_free(&arena);
  return error;
}

static const char everything[] =
    "SELECT coalesce((SELECT group_concat(id || text || seq || is_read || is_updated) FROM messages), '') || '|' ||"
    " (SELECT count(*) || coalesce(group_concat(topic || kind), '') FROM events) || '|' ||"
    " (SELECT count(*) FROM dialogs) || (SELECT count(*) FROM message_names) || (SELECT count(*) FROM blocks) ||"
    " coalesce((SELECT group_concat(count) FROM message_blocks), '') || '|' || (SELECT indexed_to FROM message_index) "
    "||"
    " coalesce((SELECT group_concat(col || term || doc) FROM message_terms), '')";

static Str look(Db *db, Arena *arena) {
  Rows rows = db_rows(db, everything);
  Str text = rows_next(&rows) ? rows_text(&rows, 0, arena) : (Str){0};
  rows_end(&rows);
  assert_false(db_failed(db));
  return text;
}

static void assert_invariants(Db *db, const char *method) {
  static const char CHECK[] = "INSERT INTO message_words(message_words, rank) VALUES('integrity-check', 0)";
  for (size_t i = 0; i < verify_messenger_count; i++) {
    Rows rows = db_rows(db, verify_messenger[i].violations);
    if (rows_next(&rows)) fail_msg("%s: %s: %.*s", method, verify_messenger[i].says, STR_ARG(rows_peek(&rows, 0)));
    assert_false(db_failed(db));
  }
  if (!db_run(db, CHECK)) fail_msg("%s: the index is not that of the texts", method);
}

// The sweeps.

static void take_step(Db *db, const Step *step) {
  if (step->method == NULL) return;
  now_ms += step->pass_ms;
  Error error = ask(db, step, NULL, NULL);
  if (error != ERR_NONE) fail_msg("before the scene, %s: %s", step->method->name, error_code(error));
}

// What stands before the scene's call, as a file to begin with again and again.
static void *draw_scene(const Scene *scene, size_t *size) {
  ram_disk_wipe();
  ram_disk_put(path, venue, venue_size);
  now_ms = RIG_BEGIN_MS;
  Db *db = db_open(path, DB_WRITE);
  assert_non_null(db);
  for (int i = 0; i < STEPS_MAX; i++) take_step(db, &scene->before[i]);
  now_ms += scene->call.pass_ms;
  db_close(db);
  return ram_disk_take(path, size);
}

typedef struct Drawn {
  const Scene *scene;
  void *file;
  size_t size;
} Drawn;

// One run with the nth of a kind failing; false when the call has no nth.
static bool run_with_fault(const Drawn *drawn, const Fault *fault) {
  const Step *step = &drawn->scene->call;
  const char *name = step->method->name;
  Arena arena = {0};
  bool told;
  ram_disk_wipe();
  ram_disk_put(path, drawn->file, drawn->size);
  Db *db = db_open(path, DB_WRITE);
  assert_non_null(db);
  Str before = look(db, &arena);
  Error error = ask(db, step, fault, &told);
  bool met = fault->kind->disarm();
  db_rollback(db);  // as the next batch does, of what could not even be ended
  db_call_begin(db);
  if (met && error != ERR_NONE) {
    if (error != ERR_INTERNAL) fail_msg("%s, %s %d: %s", name, fault->kind->name, fault->nth, error_code(error));
    if (!str_equal(look(db, &arena), before))
      fail_msg("%s, %s %d: half of it was done", name, fault->kind->name, fault->nth);
    assert_false(told);
    error = ask(db, step, NULL, &told);
    db_call_begin(db);
  }
  if (error != ERR_NONE) fail_msg("%s after %s %d: %s", name, fault->kind->name, fault->nth, error_code(error));
  assert_int_equal(str_equal(look(db, &arena), before), drawn->scene->reads);
  if (!met || fault->nth % 8 == 1) assert_invariants(db, name);
  db_close(db);
  arena_free(&arena);
  return met;
}

static void sweep(const Kind *kind) {
  for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
    Drawn drawn = {.scene = &scenes[i]};
    drawn.file = draw_scene(&scenes[i], &drawn.size);
    Fault fault = {.kind = kind, .nth = 1};
    while (run_with_fault(&drawn, &fault)) ++fault.nth;
    assert_true(fault.nth > 1 || scenes[i].reads);
    for (fault.for_good = true; fault.nth > 0; fault.nth--) run_with_fault(&drawn, &fault);
    free(drawn.file);
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

static int make_venue(void **state) {
  (void)state;
  log_set_level(LOG_OFF);
  ram_disk_mount();
  ram_disk_begin(RIG_BEGIN_MS);
  config = (Config){.message_retention_days = 1};
  loop.config = &config;
  loop.fast = fast_new();
  loop.env = (Env){.now_ms = env_now, .random = env_random};
  Rig rig = {.db = db_open(path, DB_WRITE)};
  assert_true(rig.db != NULL && db_migrate(rig.db, RIG_BEGIN_MS));
  venue_add(&rig);
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
