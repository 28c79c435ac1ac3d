// Faults swept over methods. The rig here has no store: its calls run on this thread, as the store would run them.
// Every run on SQLite begins with the file as the scene has it. A database of PostgreSQL is too dear for that: there
// the next run finds what the one before, which must have changed nothing, has left, and so is its retry; and a fault
// is for good or once by turns, where on SQLite each is both.
#include "support/fault_sweep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/batch.h"
#include "core/log.h"
#include "support/faults.h"
#include "support/invariants.h"
#include "support/postgres.h"
#include "support/ram_disk.h"

static const char path[] = "foyer.db";
static const FaultSweep *sweep;
static Rig rig;
static void *venue;  // the file that every scene begins with
static size_t venue_size;
static char venue_url[sizeof rig.path];  // the same at PostgreSQL

// What fails: the nth of its kind.
typedef struct Kind {
  const char *name;
  void (*arm)(int nth, bool for_good);
  bool (*disarm)(void);
} Kind;

static const Kind sql_step = {"SQL step", faults_arm_sql, faults_disarm};
static const Kind allocation = {"allocation", faults_arm_memory, faults_disarm};
static const Kind disk_write = {"write", ram_disk_arm, ram_disk_disarm};

typedef struct Fault {
  const Kind *kind;
  int nth;
  bool for_good;
} Fault;

// The clock and the dice.

static int64_t env_now(void *state) {
  (void)state;
  return rig.now_ms;
}

static void env_random(void *state, void *bytes, size_t count) {
  (void)state;
  for (size_t i = 0; i < count; i++) {
    rig.dice = rig.dice * 6364136223846793005 + 1442695040888963407;
    ((unsigned char *)bytes)[i] = (unsigned char)(rig.dice >> 56);
  }
}

// Calls.

static Call *new_call(const FaultStep *step) {
  rig.loops[0].now_ms = rig.now_ms;
  Call *call = call_new_own(&rig.loops[0]);
  assert_non_null(call);
  call->method = step->method;
  call->agent = STR("test");
  call->peer = STR("::1");
  if (step->who != NULL) call->who = *step->who;
  if (step->key != NULL)
    call->once = (Once){.scope = STR("a person"), .key = str_from(step->key), .request_hash = STR("hash")};
  return call;
}

Error fault_sweep_decode(Call *call, Str json) {
  return call_decode(call, json.length > 0 ? json_parse(&call->arena, json, NULL) : NULL);
}

// Runs the call as the store does, and whatever follows it.
static Error run_call(Call *call, Str json) {
  Error error = sweep->decode != NULL ? sweep->decode(call, json) : fault_sweep_decode(call, json);
  while (error == ERR_NONE && call->method != NULL) {
    if (call->method->prepare != NULL) error = call->method->prepare(call, call->input);
    if (error != ERR_NONE) break;
    bool alive = db_begin(rig.db, DB_WRITE) && batch_run(rig.db, call);
    batch_end(rig.db, call, alive && batch_finish(rig.db, call));
    error = call->error;
    call->method = call->follow;
    call->follow = NULL;
  }
  return call->arena.failed ? ERR_INTERNAL : error;
}

static bool tells_anything(const Call *call) {
  return call->events != NULL || call->has_effects || call->waits_for.length > 0 || call->granted.user_id != 0;
}

// Asks with a fault (NULL: none); whether anything is left to tell is in *told.
static Error ask(const FaultStep *step, Str json, const Fault *fault, bool *told) {
  Call *call = new_call(step);
  // Each arena asks malloc, also the call's own for what comes behind the call, or there would be less to fail.
  arena_free_spare();
  arena_alloc(&call->arena, (size_t)(call->arena.end - call->arena.at));
  if (fault != NULL) fault->kind->arm(fault->nth, fault->for_good);
  Error error = run_call(call, json);
  *told = tells_anything(call);
  call_free(call);
  return error;
}

Str fault_sweep_ask(const FaultStep *step, Str json) {
  Call *call = new_call(step);
  Error error = run_call(call, json);
  if (error != ERR_NONE) fail_msg("before the scene, %s: %s", step->method->name, error_code(error));
  Str reply = str_copy(&rig.arena, text_str(&call->reply));
  call_free(call);
  return reply;
}

Str fault_sweep_put(const char *json, const char *word, Str value) {
  Text out = {.arena = &rig.arena};
  for (const char *at; (at = strstr(json, word)) != NULL; json = at + strlen(word)) {
    text_add(&out, (Str){json, (size_t)(at - json)});
    text_add(&out, value);
  }
  text_add(&out, str_from(json));
  return text_str(&out);
}

static Str json_of(const FaultStep *step) {
  if (step->json == NULL) return (Str){0};
  return sweep->fill_in != NULL ? sweep->fill_in(&rig, step->json) : str_from(step->json);
}

// The database and what memory remembers beside it.

static void open_database(const char *where) {
  rig.db = db_open(where, DB_WRITE);
  assert_non_null(rig.db);
  rig.loops[0].fast = rig.fast = fast_new();
  assert_non_null(rig.fast);
}

static void open_file(const void *bytes, size_t size) {
  ram_disk_wipe();
  if (bytes != NULL) ram_disk_put(path, bytes, size);
  open_database(path);
}

static void close_database(void) {
  db_close(rig.db);
  fast_free(rig.fast);
  arena_free(&rig.arena);
}

static void open_copy_of_venue(void) {
  postgres_copy(venue_url, rig.path, sizeof rig.path);
  rig.config.database_url = str_from(rig.path);
  open_database(rig.path);
}

static void drop_copy(void) {
  close_database();
  postgres_drop(rig.path);
}

static void assert_invariants(const char *method) {
  const char *told;
  if (invariants_verify(&rig, &told) != 0) fail_msg("%s: %s", method, told);
  if (sweep->check != NULL && !db_run(rig.db, sweep->check)) fail_msg("%s: %s", method, sweep->check);
}

// Scenes.

typedef struct Drawn {
  const FaultScene *scene;
  void *file;  // as the call finds it
  size_t size;
  bool is_there;  // a database of PostgreSQL
} Drawn;

static void take_step(const FaultStep *step) {
  rig.now_ms += step->pass_ms;
  if (step->sql != NULL) rig_run(&rig, step->sql);
  if (step->method != NULL) fault_sweep_ask(step, json_of(step));
}

static void take_steps(const FaultScene *scene) {
  rig.now_ms = RIG_BEGIN_MS;
  rig.dice = 1;
  for (int i = 0; i < FAULT_STEPS_MAX; i++) take_step(&scene->before[i]);
  rig.now_ms += scene->call.pass_ms;
}

static void draw_scene(Drawn *drawn) {
  if (postgres_is_tested()) return;  // for each run that has changed it
  open_file(venue, venue_size);
  take_steps(drawn->scene);
  close_database();
  drawn->file = ram_disk_take(path, &drawn->size);
}

static void open_scene(Drawn *drawn) {
  if (!postgres_is_tested()) {
    open_file(drawn->file, drawn->size);
    return;
  }
  if (!drawn->is_there) {
    open_copy_of_venue();
    take_steps(drawn->scene);
    drawn->is_there = true;
  }
  fast_free(rig.fast);
  rig.loops[0].fast = rig.fast = fast_new();
  assert_non_null(rig.fast);
}

static void close_scene(Drawn *drawn, bool has_served) {
  if (!postgres_is_tested()) {
    close_database();
  } else if (has_served) {
    drop_copy();
    drawn->is_there = false;
  }
}

static void assert_nothing_was_done(const Fault *fault, const char *name, Error error, const char *before) {
  const char *kind = fault->kind->name;
  if (error != ERR_INTERNAL) fail_msg("%s, %s %d: %s", name, kind, fault->nth, error_code(error));
  if (strcmp(rig_text(&rig, sweep->everything), before) != 0)
    fail_msg("%s, %s %d: half of it was done", name, kind, fault->nth);
}

// One run with the nth of a kind failing; false when the call has no nth.
static bool run_with_fault(Drawn *drawn, const Fault *fault) {
  const FaultStep *step = &drawn->scene->call;
  const char *name = step->method->name;
  const char *kind = fault->kind->name;
  bool told;
  open_scene(drawn);
  Str json = json_of(step);
  const char *before = rig_text(&rig, sweep->everything);
  Error error = ask(step, json, fault, &told);
  bool met = fault->kind->disarm();
  db_rollback(rig.db);  // as the next batch does, of what could not even be ended
  if (met && error != ERR_NONE) {
    assert_nothing_was_done(fault, name, error, before);
    assert_false(told);
    if (drawn->is_there) return true;  // for the next run
    error = ask(step, json, NULL, &told);
  }
  if (error != ERR_NONE) fail_msg("%s after %s %d: %s", name, kind, fault->nth, error_code(error));
  bool is_same = strcmp(rig_text(&rig, sweep->everything), before) == 0;
  if (is_same != drawn->scene->reads)
    fail_msg("%s after %s %d: %s", name, kind, fault->nth, is_same ? "nothing was done" : "something was done");
  if (!met || (fault->nth % 8 == 1 && !drawn->is_there)) assert_invariants(name);
  close_scene(drawn, !met || !drawn->scene->reads);
  return met;
}

static void sweep_scenes(const Kind *kind) {
  for (size_t i = 0; i < sweep->scene_count; i++) {
    Drawn drawn = {.scene = &sweep->scenes[i]};
    if (drawn.scene->of_file && postgres_is_tested()) continue;
    draw_scene(&drawn);
    Fault fault = {.kind = kind, .nth = 1, .for_good = true};
    while (run_with_fault(&drawn, &fault)) {
      fault.for_good = !fault.for_good;
      if (fault.for_good || postgres_is_tested()) ++fault.nth;
    }
    assert_true((fault.for_good || postgres_is_tested()) && (fault.nth > 1 || drawn.scene->reads));
    free(drawn.file);
  }
}

static void test_a_step_that_fails_changes_nothing_and_the_retry_works(void **state) {
  (void)state;
  sweep_scenes(&sql_step);
}

static void test_without_memory_nothing_changes_and_the_retry_works(void **state) {
  (void)state;
  sweep_scenes(&allocation);
}

static void test_a_write_that_fails_changes_nothing_and_the_retry_works(void **state) {
  (void)state;
  if (postgres_is_tested()) skip();
  sweep_scenes(&disk_write);
}

// Life.

static void furnish_venue(void) {
  venue_add(&rig);
  if (sweep->furnish != NULL) sweep->furnish(&rig);
  close_database();
}

static int make_venue(void **state) {
  (void)state;
  log_set_level(LOG_OFF);
  rig.config = sweep->config;
  rig.config.database_url = STR("sqlite:foyer.db");
  rig.loops[0].config = &rig.config;
  rig.loops[0].env = (Env){.now_ms = env_now, .random = env_random};
  rig.now_ms = RIG_BEGIN_MS;
  if (postgres_make(venue_url, sizeof venue_url)) {
    open_database(venue_url);
    furnish_venue();
    return 0;
  }
  ram_disk_mount();
  ram_disk_begin(RIG_BEGIN_MS);
  open_file(NULL, 0);
  assert_true(db_migrate(rig.db, RIG_BEGIN_MS));
  furnish_venue();
  venue = ram_disk_take(path, &venue_size);
  return 0;
}

static int free_venue(void **state) {
  (void)state;
  postgres_drop(venue_url);
  free(venue);
  ram_disk_wipe();
  return 0;
}

int fault_sweep_run(const FaultSweep *of) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_step_that_fails_changes_nothing_and_the_retry_works),
      cmocka_unit_test(test_without_memory_nothing_changes_and_the_retry_works),
      cmocka_unit_test(test_a_write_that_fails_changes_nothing_and_the_retry_works),
  };
  sweep = of;
  return cmocka_run_group_tests(tests, make_venue, free_venue);
}
