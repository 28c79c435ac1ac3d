// The couriers: an effect is done after its commit, tried again by its patience on the test's clock, given up in the
// end, and its outcome is one transaction with what follows.
#include "core/outbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/rig.h"

// A kind to test with: it does what the payload's "does" says, and settling writes a row.

static _Atomic int performed;
static _Atomic int at_once;
static _Atomic int most_at_once;
static _Atomic int settle_failures;  // so often settling fails
static uv_sem_t gate;

static Outcome perform(Errand *errand) {
  Str does = {0};
  json_str(json_get(errand->payload, "does"), &does);
  int now = atomic_fetch_add(&at_once, 1) + 1;
  if (now > most_at_once) most_at_once = now;
  if (str_equal(does, STR("wait"))) uv_sem_wait(&gate);
  while (str_equal(does, STR("hang")) && !atomic_load(errand->urgent)) uv_sleep(1);
  text_add(&errand->result, STR("{\"name\":\"settled\"}"));
  errand->fault = "it was told to";
  atomic_fetch_sub(&at_once, 1);
  atomic_fetch_add(&performed, 1);
  if (str_equal(does, STR("fail"))) return OUTCOME_FAILED;
  return str_equal(does, STR("again")) ? OUTCOME_AGAIN : OUTCOME_DONE;
}

typedef struct Named {
  Str name;
} Named;

static const Field named_fields[] = {{.name = "name",
                                      .kind = FIELD_STRING,
                                      .offset = offsetof(Named, name),
                                      .min = 1,
                                      .max = 20,
                                      .error = ERR_VALIDATION}};

static Error settle(Call *call, const void *input) {
  static const char ADD[] = "INSERT INTO settings(name, value) VALUES($1 || (SELECT count(*) FROM settings), 'x')";
  const Named *in = input;
  db_run(call->db, ADD, sql_text(in->name));
  return atomic_fetch_sub(&settle_failures, 1) > 0 ? ERR_INTERNAL : ERR_NONE;
}
static const Method settle_method = {
    .name = "settle", .fields = named_fields, .field_count = 1, .input_bytes = sizeof(Named), .run = settle};

static const EffectKind kinds[] = {
    {.name = "test",
     .perform = perform,
     .settle = &settle_method,
     .couriers = 2,
     .patience = {.first_ms = 1000, .longest_ms = 8000, .give_up_ms = 60000, .tries_min = 3}}};

static Error add(Call *call, const void *input) {
  const Named *in = input;
  Text payload = {.arena = &call->arena};
  text_format(&payload, "{\"does\":\"%.*s\"}", STR_ARG(in->name));
  call_effect(call, "test", in->name, text_str(&payload), call->now_ms);
  return ERR_NONE;
}
static const Method add_effect = {
    .name = "add", .fields = named_fields, .field_count = 1, .input_bytes = sizeof(Named), .run = add};

// The rig with couriers.

static Rig *rig;
static Outbox *outbox;

static void start_couriers(void) {
  outbox = outbox_new(&(OutboxSettings){.path = rig->path, .kinds = kinds, .kind_count = 1});
  assert_non_null(outbox);
  assert_true(outbox_start(outbox, rig->loops, 1, STR("http://127.0.0.1:1")));
}

static int set_up(void **state) {
  (void)state;
  performed = most_at_once = settle_failures = 0;
  uv_sem_init(&gate, 0);
  rig = rig_open(NULL);
  start_couriers();
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  outbox_stop(outbox, 10);
  rig_close(rig);
  outbox_free(outbox);
  uv_sem_destroy(&gate);
  return 0;
}

static void record(const char *json) {
  assert_reply(rig, rig_call(rig, &add_effect, NULL, json), "");
  outbox_wake(outbox);
}

static int64_t over(void) {
  return rig_int(rig, "SELECT count(*) FROM outbox WHERE done_at IS NOT NULL");
}

static int64_t attempts(void) {
  return rig_int(rig, "SELECT attempts FROM outbox");
}

static EffectState look(const char *key) {
  db_call_begin(rig->db);
  EffectState state = outbox_look(rig->db, str_from(key));
  db_call_end(rig->db, true);
  return state;
}

// Tests.

static void test_an_effect_is_done_once_and_what_follows_is_told(void **state) {
  (void)state;
  record("{\"name\":\"do\"}");
  RIG_UNTIL(rig, over() == 1);
  assert_int_equal(performed, 1);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM settings WHERE name LIKE 'settled%'"), 1);
  assert_string_equal(rig_text(rig, "SELECT payload FROM outbox"), "{}");
  assert_int_equal(look("do"), EFFECT_DONE);
  assert_int_equal(look("other"), EFFECT_UNKNOWN);
  RIG_UNTIL(rig, strstr(rig_heard(rig, 0), "event test:do 0 done") != NULL);
}

static void test_the_same_key_is_the_same_effect(void **state) {
  (void)state;
  record("{\"name\":\"do\"}");
  record("{\"name\":\"do\"}");
  RIG_UNTIL(rig, over() == 1);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM outbox"), 1);
  assert_int_equal(performed, 1);
}

static int threads(void) {
  char line[128];
  int count = 0;
  FILE *status = fopen("/proc/self/status", "r");
  assert_non_null(status);
  while (fgets(line, sizeof line, status) != NULL) sscanf(line, "Threads: %d", &count);
  fclose(status);
  return count;
}

static void test_a_courier_begins_when_there_is_something_for_him_to_do(void **state) {
  (void)state;
  int before = threads();
  record("{\"name\":\"wait\"}");
  RIG_UNTIL(rig, at_once == 1);
  assert_int_equal(threads(), before + 1);
  uv_sem_post(&gate);
  RIG_UNTIL(rig, over() == 1);
  for (int i = 0; i < 5; i++) record(i % 2 == 0 ? "{\"name\":\"do\"}" : "{\"name\":\"again\"}");
  assert_in_range(threads(), before + 1, before + 2);
}

static void test_what_failed_is_tried_again_after_ever_longer_waits(void **state) {
  (void)state;
  static const int64_t waits_ms[] = {1000, 2000, 4000, 8000, 8000};
  record("{\"name\":\"again\"}");
  for (size_t i = 0; i < sizeof waits_ms / sizeof waits_ms[0]; i++) {
    RIG_UNTIL(rig, attempts() == (int64_t)i + 1);
    int64_t wait_ms = rig_int(rig, "SELECT due_at FROM outbox") - rig->now_ms;
    assert_in_range(wait_ms, waits_ms[i] / 2, waits_ms[i]);
    assert_int_equal(look("again"), EFFECT_PENDING);
    rig_pass(rig, wait_ms);
    outbox_wake(outbox);
  }
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM settings WHERE name LIKE 'settled%'"), 0);
}

static void test_it_is_given_up_when_its_time_is_over_and_that_is_told(void **state) {
  (void)state;
  record("{\"name\":\"again\"}");
  RIG_UNTIL(rig, attempts() == 1);
  rig_pass(rig, RIG_HOUR_MS);
  outbox_wake(outbox);
  RIG_UNTIL(rig, attempts() == 2);  // the server was off for an hour: it gets its three tries all the same
  assert_int_equal(over(), 0);
  rig_pass(rig, RIG_MINUTE_MS);
  outbox_wake(outbox);
  RIG_UNTIL(rig, over() == 1);
  assert_int_equal(attempts(), 3);
  assert_int_equal(look("again"), EFFECT_FAILED);
  assert_string_equal(rig_text(rig, "SELECT last_error FROM outbox"), "it was told to");
  assert_string_equal(rig_text(rig, "SELECT payload FROM outbox"), "{}");
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM settings WHERE name LIKE 'settled%'"), 1);
  RIG_UNTIL(rig, strstr(rig_heard(rig, 0), "event test:again 0 failed") != NULL);
}

static void test_what_failed_for_good_is_not_tried_again(void **state) {
  (void)state;
  record("{\"name\":\"fail\"}");
  RIG_UNTIL(rig, over() == 1);
  assert_int_equal(performed, 1);
  assert_int_equal(look("fail"), EFFECT_FAILED);
}

static void test_an_outcome_that_the_database_did_not_take_is_settled_later_and_not_done_twice(void **state) {
  (void)state;
  settle_failures = 2;
  record("{\"name\":\"do\"}");
  RIG_UNTIL(rig, over() == 1);
  assert_int_equal(performed, 1);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM settings WHERE name LIKE 'settled%'"), 1);
}

static void test_what_is_not_due_waits(void **state) {
  (void)state;
  rig_run(rig,
          "INSERT INTO outbox(kind, key, payload, created_at, due_at)"
          " VALUES('test', 'later', '{}', 1795244400000, 1795244400000 + 60000)");
  outbox_wake(outbox);
  record("{\"name\":\"do\"}");
  RIG_UNTIL(rig, look("do") == EFFECT_DONE);
  assert_int_equal(look("later"), EFFECT_PENDING);
  rig_pass(rig, RIG_MINUTE_MS);
  outbox_wake(outbox);
  RIG_UNTIL(rig, look("later") == EFFECT_DONE);
}

static void test_many_are_done_once_each_and_no_more_at_once_than_there_are_couriers(void **state) {
  (void)state;
  rig_run(rig,
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)"
          " INSERT INTO outbox(kind, key, payload, created_at, due_at) SELECT 'test', 'k' || i, '{}', 0, 0 FROM n");
  outbox_wake(outbox);
  RIG_UNTIL(rig, over() == 300);
  assert_int_equal(performed, 300);
  assert_in_range(most_at_once, 1, 2);
  OutboxFigures figures;
  assert_true(outbox_figures(outbox, 0, &figures));
  RIG_UNTIL(rig, outbox_figures(outbox, 0, &figures) && figures.performed == 300);
  assert_false(outbox_figures(outbox, 1, &figures));
}

static void test_what_was_cut_at_the_end_is_done_at_the_next_start(void **state) {
  (void)state;
  record("{\"name\":\"hang\"}");
  RIG_UNTIL(rig, at_once == 1);
  outbox_stop(outbox, 10);
  assert_int_equal(over(), 0);
  Outbox *before = outbox;
  rig_run(rig, "UPDATE outbox SET payload = '{\"does\":\"do\"}'");
  start_couriers();
  RIG_UNTIL(rig, over() == 1);
  outbox_free(before);
  assert_int_equal(performed, 2);
}

static void test_what_was_over_a_month_ago_is_forgotten(void **state) {
  (void)state;
  rig_run(rig,
          "INSERT INTO outbox(kind, key, payload, created_at, due_at, done_at) VALUES('test', 'old', '{}', 0, 0, 1),"
          " ('test', 'new', '{}', 0, 0, 1795244400000 - 86400000)");
  record("{\"name\":\"do\"}");
  RIG_UNTIL(rig, look("do") == EFFECT_DONE);
  assert_int_equal(look("old"), EFFECT_UNKNOWN);
  assert_int_equal(look("new"), EFFECT_DONE);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(test_an_effect_is_done_once_and_what_follows_is_told),
      TEST(test_the_same_key_is_the_same_effect),
      TEST(test_a_courier_begins_when_there_is_something_for_him_to_do),
      TEST(test_what_failed_is_tried_again_after_ever_longer_waits),
      TEST(test_it_is_given_up_when_its_time_is_over_and_that_is_told),
      TEST(test_what_failed_for_good_is_not_tried_again),
      TEST(test_an_outcome_that_the_database_did_not_take_is_settled_later_and_not_done_twice),
      TEST(test_what_is_not_due_waits),
      TEST(test_many_are_done_once_each_and_no_more_at_once_than_there_are_couriers),
      TEST(test_what_was_cut_at_the_end_is_done_at_the_next_start),
      TEST(test_what_was_over_a_month_ago_is_forgotten),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
