// Who is told of what: an effect an endpoint, in the transaction of its cause.
#include "models/webhook.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "support/rig.h"

static Error tell(Call *call, const void *input) {
  (void)input;
  webhook_tell(call, STR("booking.confirmed"), STR("{\"id\":\"b\"}"));
  return ERR_NONE;
}
static const Method tell_method = {.name = "tell", .run = tell};

static Str add(Rig *rig, const char *url) {
  Str secret = {0};
  assert_true(db_begin(rig->db, DB_WRITE));
  assert_true(webhook_add(rig->db, &rig->arena, &rig->loops[0].env, str_from(url), &secret));
  assert_true(db_commit(rig->db));
  return secret;
}

static void test_each_endpoint_that_stands_is_told_once_of_one_message(void **state) {
  (void)state;
  Rig *rig = rig_open(NULL);
  Str secret = add(rig, "https://a.example/hook");
  add(rig, "https://b.example/hook");
  add(rig, "https://c.example/hook");
  assert_int_equal(secret.length, strlen("whsec_") + 44);
  assert_true(db_begin(rig->db, DB_WRITE));
  webhook_disable(rig->db, 3, RIG_BEGIN_MS);
  assert_true(db_commit(rig->db));
  rig_call(rig, &tell_method, NULL, NULL);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM outbox WHERE kind = 'webhook'"), 2);
  assert_int_equal(rig_int(rig, "SELECT count(DISTINCT json_extract(payload, '$.id')) FROM outbox"), 1);
  assert_string_equal(rig_text(rig, "SELECT json_extract(payload, '$.data.id') FROM outbox"), "b");
  assert_string_equal(
      rig_text(rig, "SELECT json_extract(payload, '$.secret') FROM outbox WHERE key LIKE 'webhook:1:%'"),
      rig_zero(rig, secret));
  rig_close(rig);
}

static void test_one_that_is_removed_or_disabled_has_nothing_left_to_hear(void **state) {
  (void)state;
  Rig *rig = rig_open(NULL);
  add(rig, "https://a.example/hook");
  add(rig, "https://b.example/hook");
  rig_call(rig, &tell_method, NULL, NULL);
  assert_true(db_begin(rig->db, DB_WRITE));
  webhook_disable(rig->db, 1, RIG_BEGIN_MS);
  assert_true(webhook_remove(rig->db, STR("https://b.example/hook")));
  assert_false(webhook_remove(rig->db, STR("https://b.example/hook")));
  assert_true(db_commit(rig->db));
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM outbox"), 0);
  rig_close(rig);
}

static void test_only_web_addresses_can_be_told(void **state) {
  (void)state;
  assert_true(webhook_url_valid(STR("http://127.0.0.1:8080/x")));
  assert_false(webhook_url_valid(STR("ftp://a.example/")));
  assert_false(webhook_url_valid(STR("https://a.example/ x")));
  assert_false(webhook_url_valid(STR("file:///etc/passwd")));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_each_endpoint_that_stands_is_told_once_of_one_message),
      cmocka_unit_test(test_one_that_is_removed_or_disabled_has_nothing_left_to_hear),
      cmocka_unit_test(test_only_web_addresses_can_be_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
