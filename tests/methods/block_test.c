// Blocking: the two write each other nothing until it is over, and who is deleted gets nothing more either.
#include "methods/block.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "methods/dialog.h"
#include "methods/message.h"
#include "models/account.h"
#include "models/block.h"
#include "support/invariants.h"
#include "support/venue.h"

static const Identity *const anna = &venue_anna;   // 1
static const Identity *const bert = &venue_bert;   // 2
static const Identity *const sten = &venue_staff;  // 3

static Error send_to(Rig *rig, const Identity *who, const char *json) {
  return rig_call(rig, &message_method_send, who, json).error;
}

static void test_who_is_blocked_writes_nothing_and_nobody_hears_of_it(void **state) {
  Rig *rig = *state;
  assert_refused(rig_call(rig, &block_method_put, NULL, "{\"id\":2}"), ERR_UNAUTHORIZED);
  assert_refused(rig_call(rig, &block_method_put, anna, "{\"id\":2}"), ERR_NONE);
  assert_true(block_stands(rig->db, 1, 2));
  assert_false(block_stands(rig->db, 2, 1));
  rig_heard(rig, 0);
  assert_int_equal(send_to(rig, bert, "{\"id\":1,\"message\":\"x\"}"), ERR_BLOCKED_BY_THEM);
  assert_int_equal(send_to(rig, anna, "{\"id\":2,\"message\":\"x\"}"), ERR_BLOCKED_BY_YOU);
  assert_string_equal(rig_heard(rig, 0), "done message.send\ndone message.send\n");
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM messages"), 0);
  assert_int_equal(send_to(rig, bert, "{\"id\":3,\"message\":\"x\"}"), ERR_NONE);
  assert_int_equal(send_to(rig, sten, "{\"id\":1,\"message\":\"x\"}"), ERR_NONE);
}

static void test_what_was_sent_before_the_block_is_still_the_same_message(void **state) {
  Rig *rig = *state;
  Answer first = rig_call(rig, &message_method_send, bert, "{\"id\":1,\"message\":\"x\",\"clientID\":\"k\"}");
  assert_refused(rig_call(rig, &block_method_put, anna, "{\"id\":2}"), ERR_NONE);
  Answer again = rig_call(rig, &message_method_send, bert, "{\"id\":1,\"message\":\"x\",\"clientID\":\"k\"}");
  assert_reply(rig, again, rig_zero(rig, first.reply));
  // It stays readable to both, and what they may do with it stays theirs.
  assert_refused(rig_call(rig, &message_method_history, bert, "{\"id\":1,\"take\":9,\"skip\":0}"), ERR_NONE);
  assert_refused(rig_call(rig, &message_method_delete, bert, "{\"message-id\":1}"), ERR_NONE);
}

static void test_what_was_sent_before_the_block_is_not_changed_to_say_more(void **state) {
  Rig *rig = *state;
  assert_int_equal(send_to(rig, bert, "{\"id\":1,\"message\":\"x\"}"), ERR_NONE);
  assert_int_equal(send_to(rig, anna, "{\"id\":2,\"message\":\"y\"}"), ERR_NONE);
  assert_refused(rig_call(rig, &block_method_put, anna, "{\"id\":2}"), ERR_NONE);
  rig_heard(rig, 0);
  Answer his = rig_call(rig, &message_method_edit, bert, "{\"message-id\":1,\"message\":\"worse\"}");
  assert_int_equal(his.error, ERR_BLOCKED_BY_THEM);
  Answer hers = rig_call(rig, &message_method_edit, anna, "{\"message-id\":2,\"message\":\"z\"}");
  assert_int_equal(hers.error, ERR_BLOCKED_BY_YOU);
  assert_string_equal(rig_heard(rig, 0), "done message.edit\ndone message.edit\n");
  assert_refused(rig_call(rig, &block_method_drop, anna, "{\"id\":2}"), ERR_NONE);
  assert_refused(rig_call(rig, &message_method_edit, bert, "{\"message-id\":1,\"message\":\"sorry\"}"), ERR_NONE);
}

static void test_blocks_are_listed_told_to_ones_own_windows_and_lifted(void **state) {
  Rig *rig = *state;
  assert_reply(rig, rig_call(rig, &block_method_list, anna, NULL), "[]");
  rig_heard(rig, 0);
  for (int i = 0; i < 2; i++) assert_refused(rig_call(rig, &block_method_put, anna, "{\"id\":2}"), ERR_NONE);
  assert_non_null(strstr(rig_heard(rig, 0), "event person:1 0 user:blocked {\"userID\":2,\"blocked\":true}\n"));
  rig_pass(rig, 10);
  assert_refused(rig_call(rig, &block_method_put, anna, "{\"id\":3}"), ERR_NONE);
  assert_reply(rig, rig_call(rig, &block_method_list, anna, NULL),
               "[{\"id\":3,\"name\":\"sten\"},{\"id\":2,\"name\":\"bert\"}]");
  assert_reply(rig, rig_call(rig, &block_method_list, bert, NULL), "[]");
  rig_heard(rig, 0);
  for (int i = 0; i < 2; i++) assert_refused(rig_call(rig, &block_method_drop, anna, "{\"id\":2}"), ERR_NONE);
  assert_non_null(strstr(rig_heard(rig, 0), "event person:1 0 user:blocked {\"userID\":2,\"blocked\":false}\n"));
  assert_int_equal(send_to(rig, bert, "{\"id\":1,\"message\":\"x\"}"), ERR_NONE);
  assert_int_equal(send_to(rig, sten, "{\"id\":1,\"message\":\"x\"}"), ERR_BLOCKED_BY_THEM);
}

static void test_nobody_blocks_himself_or_nobody(void **state) {
  Rig *rig = *state;
  assert_refused(rig_call(rig, &block_method_put, anna, "{\"id\":1}"), ERR_VALIDATION);
  assert_refused(rig_call(rig, &block_method_put, anna, "{\"id\":99}"), ERR_PERSON_NOT_FOUND);
  assert_refused(rig_call(rig, &block_method_put, anna, "{\"id\":\"x\"}"), ERR_VALIDATION);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM blocks"), 0);
}

// The deletion of an account, as a method that the test runs.
static Error run_delete(Call *call, const void *input) {
  (void)input;
  account_delete(call, call->who.user_id);
  return ERR_NONE;
}

static const Method delete_method = {.name = "delete", .access = ACCESS_SIGNED_IN, .run = run_delete};

static void test_of_a_deleted_account_the_other_side_keeps_the_dialog_and_nothing_else_is_left(void **state) {
  Rig *rig = *state;
  rig_run(rig,
          "UPDATE users SET email = 'anna@example.org', email_confirmed_at = 1, name = 'Anna', password_hash = 'x', "
          "bio = 'x', last_seen_at = 1,"
          " recovery_phrase = 'x' WHERE id = 1");
  rig_run(rig,
          "INSERT INTO sessions(id, user_id, door, agent, ip, created_at, last_used_at)"
          " VALUES('s', 1, 'messenger', '', '', 0, 0), ('t', 2, 'messenger', '', '', 0, 0)");
  rig_run(rig,
          "INSERT INTO signups(email, user_id, language, code_hash, mail_key, expires_at)"
          " VALUES('new@example.org', 1, 'en', '', '', 0)");
  rig_run(rig,
          "INSERT INTO answers(scope, key, request_hash, reply, at) VALUES('user:1', 'k', '', '{}', 0),"
          " ('user:2', 'k', '', '{}', 0)");
  assert_int_equal(send_to(rig, anna, "{\"id\":2,\"message\":\"bye\"}"), ERR_NONE);
  assert_refused(rig_call(rig, &block_method_put, anna, "{\"id\":3}"), ERR_NONE);
  rig_heard(rig, 0);
  for (int i = 0; i < 2; i++) assert_refused(rig_call(rig, &delete_method, anna, NULL), ERR_NONE);
  assert_non_null(strstr(rig_heard(rig, 0), "event session:1 0 ended_all"));
  assert_int_equal(rig_int(rig,
                           "SELECT count(*) FROM users WHERE id = 1 AND deleted_at IS NOT NULL AND bio = '' AND "
                           "coalesce(last_seen_at, email_confirmed_at) IS NULL AND coalesce(email, name,"
                           " password_hash, totp_secret, recovery_phrase) IS NULL"),
                   1);
  assert_string_equal(rig_text(rig, "SELECT group_concat(id) FROM sessions WHERE ended_at IS NULL"), "t");
  assert_string_equal(rig_text(rig, "SELECT group_concat(scope) FROM answers"), "user:2");
  assert_int_equal(rig_int(rig, "SELECT (SELECT count(*) FROM signups) + (SELECT count(*) FROM blocks)"), 0);
  rig_run(rig, "UPDATE users SET email = 'anna@example.org' WHERE id = 2");
  Answer dialogs = rig_call(rig, &dialog_list, bert, NULL);
  assert_non_null(strstr(rig_zero(rig, dialogs.reply), "\"receiverName\":\"deleted\",\"lastMessage\":\"bye\""));
  Answer page = rig_call(rig, &message_method_history, bert, "{\"id\":1,\"take\":9,\"skip\":0}");
  assert_non_null(strstr(rig_zero(rig, page.reply), "\"message\":\"bye\""));
  assert_int_equal(send_to(rig, bert, "{\"id\":1,\"message\":\"x\"}"), ERR_RECEIVER_NOT_FOUND);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, venue_setup, invariants_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_who_is_blocked_writes_nothing_and_nobody_hears_of_it),
      CASE(test_what_was_sent_before_the_block_is_still_the_same_message),
      CASE(test_what_was_sent_before_the_block_is_not_changed_to_say_more),
      CASE(test_blocks_are_listed_told_to_ones_own_windows_and_lifted),
      CASE(test_nobody_blocks_himself_or_nobody),
      CASE(test_of_a_deleted_account_the_other_side_keeps_the_dialog_and_nothing_else_is_left),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
