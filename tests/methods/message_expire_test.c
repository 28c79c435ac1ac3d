// Messages that are older than MESSAGE_RETENTION_DAYS: they go with all that hangs on them, and what was sent under a
// name stays sent.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "methods/dialog.h"
#include "methods/message.h"
#include "support/invariants.h"
#include "support/venue.h"

#define DAY_MS INT64_C(86400000)

static const Identity *const anna = &venue_anna;  // 1
static const Identity *const bert = &venue_bert;  // 2

static Error send_text(Rig *rig, const Identity *who, int64_t to, const char *text, const char *name) {
  char json[256];
  snprintf(json, sizeof json, "{\"id\":%lld,\"message\":\"%s\",\"clientID\":\"%s\"}", (long long)to, text, name);
  return rig_call(rig, &message_method_send, who, json).error;
}

static bool run_once(Rig *rig, const Method *method) {
  Answer answer = rig_call(rig, method, NULL, NULL);
  assert_refused(answer, ERR_NONE);
  return answer.reply.length > 0;
}

static void expire_all(Rig *rig) {
  while (run_once(rig, &message_method_expire)) continue;
}

static void test_messages_stay_for_ever_unless_it_is_asked_for(void **state) {
  Rig *rig = *state;
  send_text(rig, anna, 2, "a", "a");
  rig_pass(rig, 40000 * DAY_MS);
  expire_all(rig);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM messages"), 1);
}

static void test_what_is_too_old_goes_and_the_rest_stays_as_it_was(void **state) {
  Rig *rig = *state;
  rig->config.message_retention_days = 30;
  send_text(rig, anna, 2, "old", "a");
  run_once(rig, &message_method_index);
  rig_pass(rig, DAY_MS);
  send_text(rig, bert, 1, "young", "b");
  rig_pass(rig, 29 * DAY_MS);
  expire_all(rig);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM messages"), 2);  // at thirty days it is not older than that
  rig_pass(rig, 1);
  rig_heard(rig, 0);
  expire_all(rig);
  assert_string_equal(rig_heard(rig, 0), "event dialog:1 4 expired {\"to\":1}\ndone message.expire\n");
  assert_string_equal(rig_text(rig, "SELECT group_concat(text) FROM messages"), "young");
  run_once(rig, &message_method_index);
  Answer found = rig_call(rig, &message_method_search, anna, "{\"q\":\"old\"}");
  assert_non_null(strstr(rig_zero(rig, found.reply), "\"messages\":[]"));
  Answer page = rig_call(rig, &message_method_history, anna, "{\"id\":2,\"take\":9,\"skip\":1}");
  assert_reply(rig, page, "[]");
  Answer dialogs = rig_call(rig, &dialog_list, anna, NULL);
  assert_non_null(strstr(rig_zero(rig, dialogs.reply), "\"lastMessage\":\"young\""));
}

static void test_a_dialog_goes_with_its_last_message(void **state) {
  Rig *rig = *state;
  rig->config.message_retention_days = 1;
  send_text(rig, anna, 2, "a", "a");
  send_text(rig, anna, 1, "note", "b");
  rig_pass(rig, DAY_MS + 1);
  expire_all(rig);
  assert_int_equal(rig_int(rig, "SELECT (SELECT count(*) FROM dialogs) + (SELECT count(*) FROM message_blocks)"), 0);
  assert_reply(rig, rig_call(rig, &dialog_list, bert, NULL), "[]");
  assert_int_equal(send_text(rig, anna, 2, "again", "c"), ERR_NONE);
  assert_int_equal(rig_int(rig, "SELECT id FROM dialogs"), 3);
}

static void test_what_was_sent_under_a_name_is_not_sent_again_when_it_has_gone(void **state) {
  Rig *rig = *state;
  rig->config.message_retention_days = 1;
  send_text(rig, anna, 2, "a", "k");
  rig_pass(rig, DAY_MS + 1);
  expire_all(rig);
  rig_heard(rig, 0);
  assert_int_equal(send_text(rig, anna, 2, "a", "k"), ERR_MESSAGE_NOT_FOUND);
  assert_string_equal(rig_heard(rig, 0), "done message.send\n");
  assert_int_equal(send_text(rig, bert, 1, "a", "k"), ERR_NONE);  // a name is its sender's
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM messages"), 1);
}

static void test_many_go_a_hundred_at_a_time(void **state) {
  Rig *rig = *state;
  rig->config.message_retention_days = 1;
  for (int i = 0; i < 130; i++) {
    char name[16];
    snprintf(name, sizeof name, "n%d", i);
    assert_int_equal(send_text(rig, i % 2 == 0 ? anna : bert, i % 3 == 0 ? 3 : i % 2 + 1, "x", name), ERR_NONE);
    if (i == 100) run_once(rig, &message_method_index);
  }
  rig_pass(rig, DAY_MS + 1);
  assert_true(run_once(rig, &message_method_expire));
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM messages"), 30);
  invariants_hold(rig);
  assert_false(run_once(rig, &message_method_expire));
  assert_int_equal(rig_int(rig, "SELECT (SELECT count(*) FROM messages) + (SELECT count(*) FROM dialogs)"), 0);
  assert_false(run_once(rig, &message_method_expire));
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM message_terms"), 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, venue_setup, invariants_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_messages_stay_for_ever_unless_it_is_asked_for),
      CASE(test_what_is_too_old_goes_and_the_rest_stays_as_it_was),
      CASE(test_a_dialog_goes_with_its_last_message),
      CASE(test_what_was_sent_under_a_name_is_not_sent_again_when_it_has_gone),
      CASE(test_many_go_a_hundred_at_a_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
