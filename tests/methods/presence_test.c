// Presence: who hears of whom, what is kept of when people were seen, and who hears that somebody writes.
#include "methods/presence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "methods/block.h"
#include "methods/dialog.h"
#include "methods/message.h"
#include "models/presence.h"
#include "support/invariants.h"
#include "support/venue.h"

static const Identity *const anna = &venue_anna;   // 1
static const Identity *const bert = &venue_bert;   // 2
static const Identity *const sten = &venue_staff;  // 3

static int teardown(void **state) {
  presence_free();
  return invariants_teardown(state);
}

static void open_dialog(Rig *rig, const Identity *who, int to) {
  char json[64];
  snprintf(json, sizeof json, "{\"id\":%d,\"message\":\"hello\"}", to);
  assert_refused(rig_call(rig, &message_method_send, who, json), ERR_NONE);
}

static void come(Rig *rig, const Identity *who) {
  assert_true(presence_arrive(who->user_id, false, rig->now_ms) > 0);
}

// What loop 0 hears of the next tick.
static const char *heard_of_tick(Rig *rig) {
  rig_heard(rig, 0);
  assert_refused(rig_call(rig, &presence_tick, NULL, NULL), ERR_NONE);
  return rig_heard(rig, 0);
}

#define ONLINE(to, of) \
  "event person:" to " 0 user:connection_status {\"receiverID\":" of ",\"connectionStatus\":\"online\"}\n"
#define OFFLINE(to, of, seen) \
  "event person:" to " 0 user:connection_status {\"receiverID\":" of ",\"connectionStatus\":\"offline\"" seen "}\n"
#define DONE "done presence.tick\n"

static void test_partners_who_are_online_hear_and_nobody_else(void **state) {
  Rig *rig = *state;
  open_dialog(rig, anna, 2);
  open_dialog(rig, sten, 1);
  open_dialog(rig, sten, 3);
  come(rig, bert);
  assert_string_equal(heard_of_tick(rig), DONE);
  come(rig, anna);
  assert_string_equal(heard_of_tick(rig), ONLINE("2", "1") DONE);
  come(rig, sten);
  assert_string_equal(heard_of_tick(rig), ONLINE("1", "3") ONLINE("3", "3") DONE);  // he writes to himself too
  presence_leave(2, true, rig->now_ms);
  rig_pass(rig, PRESENCE_LOST_MS);
  assert_string_equal(heard_of_tick(rig), OFFLINE("1", "2", ",\"lastSeenAt\":\"2026-11-21T07:00:00.000Z\"") DONE);
  assert_string_equal(heard_of_tick(rig), DONE);
}

static void test_the_list_of_dialogs_shows_who_is_online_and_when_others_were_seen(void **state) {
  Rig *rig = *state;
  open_dialog(rig, anna, 2);
  come(rig, bert);
  heard_of_tick(rig);
  assert_non_null(strstr(rig_zero(rig, rig_call(rig, &dialog_list, anna, NULL).reply), "\"online\"}"));
  presence_leave(2, false, rig->now_ms);
  rig_pass(rig, PRESENCE_LEFT_MS);
  heard_of_tick(rig);
  const char *list = rig_zero(rig, rig_call(rig, &dialog_list, anna, NULL).reply);
  assert_non_null(strstr(list, "\"offline\",\"lastSeenAt\":\"2026-11-21T07:00:00.000Z\"}"));
}

static void test_who_does_not_want_it_is_not_seen(void **state) {
  Rig *rig = *state;
  open_dialog(rig, anna, 2);
  come(rig, anna);
  come(rig, bert);
  heard_of_tick(rig);
  assert_reply(rig, rig_call(rig, &presence_last_seen, bert, NULL), "{\"shown\":true}");
  assert_refused(rig_call(rig, &presence_last_seen, NULL, NULL), ERR_UNAUTHORIZED);
  assert_refused(rig_call(rig, &presence_show_last_seen, NULL, "{\"shown\":false}"), ERR_UNAUTHORIZED);
  assert_refused(rig_call(rig, &presence_show_last_seen, bert, "{}"), ERR_VALIDATION);
  assert_reply(rig, rig_call(rig, &presence_show_last_seen, bert, "{\"shown\":false}"), "{\"shown\":false}");
  assert_reply(rig, rig_call(rig, &presence_last_seen, bert, NULL), "{\"shown\":false}");
  presence_leave(2, false, rig->now_ms);
  rig_pass(rig, PRESENCE_LEFT_MS);
  assert_string_equal(heard_of_tick(rig), OFFLINE("1", "2", "") DONE);
  assert_null(strstr(rig_zero(rig, rig_call(rig, &dialog_list, anna, NULL).reply), "lastSeenAt"));
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM users WHERE last_seen_at IS NOT NULL AND id = 2"), 0);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM users WHERE last_seen_at IS NOT NULL AND id = 1"), 1);
}

static void test_who_comes_often_is_written_down_once_a_minute(void **state) {
  Rig *rig = *state;
  come(rig, anna);
  heard_of_tick(rig);
  rig_pass(rig, 1000);
  come(rig, anna);
  heard_of_tick(rig);
  assert_int_equal(rig_int(rig, "SELECT last_seen_at FROM users WHERE id = 1"), RIG_BEGIN_MS);
  rig_pass(rig, RIG_MINUTE_MS);
  come(rig, anna);
  heard_of_tick(rig);
  assert_int_equal(rig_int(rig, "SELECT last_seen_at FROM users WHERE id = 1"), RIG_BEGIN_MS + 1000 + RIG_MINUTE_MS);
}

static void test_all_of_a_thousand_partners_hear_once_each(void **state) {
  Rig *rig = *state;
  rig_run(rig,
          "WITH RECURSIVE n(i) AS (SELECT 101 UNION ALL SELECT i + 1 FROM n WHERE i < 1100)"
          " INSERT INTO users(id, username, public_id, created_at, updated_at) SELECT i, 'u' || i, printf('%024d', i), "
          "0, 0 FROM n");
  rig_run(rig, "INSERT INTO dialogs(low_id, high_id, created_at) SELECT 1, id, 0 FROM users WHERE id > 100");
  for (int64_t id = 101; id <= 1100; id++) assert_true(presence_arrive(id, true, rig->now_ms) > 0);
  while (presence_next(rig->now_ms) <= rig->now_ms) heard_of_tick(rig);
  come(rig, anna);
  int heard = 0;
  int64_t last = 100;
  while (presence_next(rig->now_ms) <= rig->now_ms) {
    for (const char *at = heard_of_tick(rig); (at = strstr(at, "event person:")) != NULL; heard++) {
      at += strlen("event person:");
      int64_t to = strtoll(at, NULL, 10);
      assert_true(to > last);
      last = to;
    }
  }
  assert_int_equal(heard, 1000);
  rig_run(rig, "DELETE FROM dialogs");  // which have messages always
}

static void test_a_partner_hears_that_somebody_writes_and_nobody_else(void **state) {
  Rig *rig = *state;
  open_dialog(rig, anna, 2);
  rig_heard(rig, 0);
  assert_refused(rig_call(rig, &presence_typing, anna, "{\"to\":2}"), ERR_NONE);
  assert_string_equal(rig_heard(rig, 0), "event person:2 0 user:typing {\"from\":1}\ndone presence.typing\n");
  assert_refused(rig_call(rig, &presence_typing, anna, "{\"to\":3}"), ERR_RECEIVER_NOT_FOUND);
  assert_null(strstr(rig_heard(rig, 0), "event"));
  assert_refused(rig_call(rig, &presence_typing, NULL, "{\"to\":2}"), ERR_UNAUTHORIZED);
  assert_refused(rig_call(rig, &presence_typing, anna, "{\"to\":\"2\"}"), ERR_VALIDATION);
}

static void test_who_is_blocked_sees_neither_presence_nor_typing(void **state) {
  Rig *rig = *state;
  open_dialog(rig, anna, 2);
  come(rig, anna);
  come(rig, bert);
  heard_of_tick(rig);
  rig_heard(rig, 0);
  assert_refused(rig_call(rig, &block_method_put, anna, "{\"id\":2}"), ERR_NONE);
  assert_non_null(strstr(rig_heard(rig, 0), OFFLINE("2", "1", "")));
  come(rig, anna);
  assert_null(strstr(heard_of_tick(rig), "person:2"));
  come(rig, bert);
  assert_string_equal(heard_of_tick(rig), ONLINE("1", "2") DONE);
  assert_non_null(strstr(rig_zero(rig, rig_call(rig, &dialog_list, bert, NULL).reply), "\"offline\"}"));
  assert_non_null(strstr(rig_zero(rig, rig_call(rig, &dialog_list, anna, NULL).reply), "\"online\"}"));
  assert_refused(rig_call(rig, &presence_typing, anna, "{\"to\":2}"), ERR_RECEIVER_NOT_FOUND);
  assert_refused(rig_call(rig, &presence_typing, bert, "{\"to\":1}"), ERR_RECEIVER_NOT_FOUND);
  rig_heard(rig, 0);
  assert_refused(rig_call(rig, &block_method_drop, anna, "{\"id\":2}"), ERR_NONE);
  assert_non_null(strstr(rig_heard(rig, 0), ONLINE("2", "1")));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, venue_setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_partners_who_are_online_hear_and_nobody_else),
      CASE(test_the_list_of_dialogs_shows_who_is_online_and_when_others_were_seen),
      CASE(test_who_does_not_want_it_is_not_seen),
      CASE(test_who_comes_often_is_written_down_once_a_minute),
      CASE(test_all_of_a_thousand_partners_hear_once_each),
      CASE(test_a_partner_hears_that_somebody_writes_and_nobody_else),
      CASE(test_who_is_blocked_sees_neither_presence_nor_typing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
