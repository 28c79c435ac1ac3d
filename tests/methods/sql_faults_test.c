// Every method with its nth SQL step failing, for every n, once and for good: the call answers InternalServerError,
// nothing has changed, nobody heard of anything, and the same call works when the fault is over.
#include <liboath/oath.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "methods/block.h"
#include "methods/dialog.h"
#include "methods/hall.h"
#include "methods/message.h"
#include "methods/presence.h"
#include "methods/user.h"
#include "support/faults.h"
#include "support/invariants.h"
#include "support/postgres.h"
#include "support/venue.h"

static const char sid[] = "session of anna";
static const Identity anna_with_token = {.user_id = 1, .username = {"anna", 4}, .sid = {sid, sizeof sid - 1}};
static const Str secret = {"12345678901234567890", 20};                  // of anna
static const Str new_secret = {"abcdefghijklmnopqrstuvwxyz012345", 32};  // of whose registration is under way

// A call, and what stands before it.
typedef struct Scene {
  const Method *method;
  const Identity *who;
  const char *json;       // "CODE" in it is the right one-time code
  const char *candidate;  // whose registration is under way (for anna, a recovery); NULL: nobody's
  bool reads;             // changes nothing
} Scene;

static const Scene scenes[] = {
    {.method = &hall_update_seat_status,
     .who = &venue_anna,
     .json = "{\"hall_id\":1,\"seat_id\":1,\"status\":\"RESERVED\"}"},
    {.method = &hall_update_seat_status,
     .who = &venue_staff,
     .json = "{\"hall_id\":1,\"seat_id\":1,\"status\":\"OCCUPIED\",\"reply\":\"delta\"}"},
    {.method = &hall_update_seats_status,
     .who = &venue_anna,
     .json = "{\"hall_id\":1,\"seat_ids\":[1,2],\"status\":\"RESERVED\"}"},
    {.method = &hall_my_seats, .who = &venue_anna, .json = "{\"hall_id\":1}", .reads = true},
    {.method = &user_register, .json = "{\"username\":\"carl\",\"code\":\"CODE\"}", .candidate = "carl"},
    {.method = &user_register, .json = "{\"username\":\"anna\",\"code\":\"CODE\"}", .candidate = "anna"},
    {.method = &user_login, .json = "{\"username\":\"anna\",\"code\":\"CODE\"}"},
    {.method = &user_logout, .who = &anna_with_token},
    {.method = &user_status, .who = &anna_with_token, .reads = true},
    {.method = &user_auth_start, .json = "{\"username\":\"dora\"}", .reads = true},
    {.method = &user_auth_reset, .json = "{\"username\":\"carl\"}", .candidate = "carl", .reads = true},
    {.method = &dialog_list, .who = &venue_anna, .reads = true},
    {.method = &message_method_history, .who = &venue_anna, .json = "{\"id\":2,\"take\":5,\"skip\":0}"},
    {.method = &message_method_history, .who = &venue_anna, .json = "{\"id\":2,\"take\":5,\"skip\":1}", .reads = true},
    {.method = &message_method_history,
     .who = &venue_anna,
     .json = "{\"id\":2,\"take\":5,\"before\":9}",
     .reads = true},
    {.method = &message_method_unread, .who = &venue_anna, .json = "{\"id\":2}", .reads = true},
    {.method = &block_method_put, .who = &venue_anna, .json = "{\"id\":2}"},
    {.method = &block_method_list, .who = &venue_anna, .reads = true},
    {.method = &message_method_send, .who = &venue_anna, .json = "{\"id\":3,\"message\":\"m\",\"clientID\":\"k\"}"},
    {.method = &message_method_send, .who = &venue_anna, .json = "{\"id\":2,\"message\":\"m\"}"},
    {.method = &message_method_read, .who = &venue_anna, .json = "{\"message-id\":1}"},
    {.method = &message_method_edit, .who = &venue_bert, .json = "{\"message-id\":1,\"message\":\"n\"}"},
    {.method = &message_method_delete, .who = &venue_bert, .json = "{\"message-id\":1}"},
    {.method = &presence_show_last_seen, .who = &venue_anna, .json = "{\"shown\":false}"},
    {.method = &presence_last_seen, .who = &venue_anna, .reads = true},
};

static const char session[] =
    "INSERT INTO sessions(id, user_id, door, agent, ip, created_at, last_used_at)"
    " VALUES('session of anna', 1, 'seats', '', '', 0, 0)";

// One message, from bert to anna.
static const char dialog[] = "INSERT INTO dialogs(id, low_id, high_id, created_at) VALUES(1, 1, 2, 0)";
static const char dialog_event[] =
    "INSERT INTO events(topic, seq, at, kind, payload) VALUES('dialog:1', 1, 0, 'message', '{}')";
static const char message[] =
    "INSERT INTO messages(dialog_id, seq, sender_id, receiver_id, text, created_at, updated_at, is_read)"
    " VALUES(1, 1, 2, 1, 'hello', 0, 0, 0)";
static const char message_block[] = "INSERT INTO message_blocks(dialog_id, block, count) VALUES(1, 0, 1)";

static const char everything[] =
    "SELECT (SELECT group_concat(id || ',' || status || ',' || coalesce(reserved_by, 0) || ',' || updated_at, ';')"
    " FROM seats) || '|' || (SELECT count(*) || coalesce(group_concat(topic || seq || payload), '') FROM events) || "
    "'|' ||"
    " (SELECT count(*) || group_concat(user_id || ',' || coalesce(ended_at, 0)) FROM sessions) || '|' ||"
    " (SELECT group_concat(username || coalesce(totp_secret, '') || totp_step || role || shows_last_seen) FROM users) "
    "|| '|' ||"
    " (SELECT count(*) || coalesce(group_concat(id || text || is_read || is_updated), '') FROM messages) || '|' ||"
    " (SELECT count(*) FROM blocks) || (SELECT count(*) FROM dialogs) || (SELECT count(*) FROM message_names) ||"
    " (SELECT coalesce(group_concat(count), '') FROM message_blocks)";

static const char *json_of(Rig *rig, const Scene *scene) {
  if (scene->json == NULL) return NULL;
  char *json = arena_alloc(&rig->arena, strlen(scene->json) + 16);
  strcpy(json, scene->json);
  char *at = strstr(json, "CODE");
  if (at == NULL) return json;
  char code[8];
  Str key = scene->candidate != NULL ? new_secret : secret;
  assert_int_equal(oath_totp_generate(key.at, key.length, RIG_BEGIN_MS / 1000, 30, 0, 6, code), OATH_OK);
  memmove(at + 6, at + 4, strlen(at + 4) + 1);
  memcpy(at, code, 6);
  return json;
}

static Rig *set_scene(const Scene *scene) {
  Rig *rig = rig_open(NULL);
  venue_add(rig);
  rig_run(rig, session);
  rig_run(rig, dialog);
  rig_run(rig, dialog_event);
  rig_run(rig, message);
  rig_run(rig, message_block);
  if (scene->candidate != NULL) {
    bool recovers = strcmp(scene->candidate, "anna") == 0;
    Text key = {.arena = &rig->arena};
    text_format(&key, "candidate:%s", scene->candidate);
    Text value = {.arena = &rig->arena};
    text_format(&value, "%c%.*s", recovers ? 'R' : 'N', STR_ARG(new_secret));
    fast_put(rig->fast, text_str(&key), text_str(&value), RIG_BEGIN_MS + RIG_HOUR_MS);
  }
  // The first call waits for nobody's statements but its own.
  assert_int_equal(rig_call(rig, &user_identify, NULL, NULL).error, ERR_NONE);
  rig_heard(rig, 0);
  return rig;
}

static Answer ask(Rig *rig, const Scene *scene) {
  return rig_call(rig, scene->method, scene->who, json_of(rig, scene));
}

// One run with the nth step failing; false when the call has no nth step.
static bool run_with_fault(const Scene *scene, int nth, bool for_good) {
  Rig *rig = set_scene(scene);
  const char *before = rig_text(rig, everything);
  faults_arm_sql(nth, for_good);
  Answer answer = ask(rig, scene);
  bool met = faults_disarm();
  if (met && answer.error != ERR_INTERNAL)
    fail_msg("%s, step %d: %s", scene->method->name, nth, error_code(answer.error));
  if (met) {
    assert_string_equal(rig_text(rig, everything), before);
    assert_null(strstr(rig_heard(rig, 0), "event"));
    assert_int_equal(answer.granted.user_id, 0);
    assert_int_equal(answer.reply.length, 0);
    answer = ask(rig, scene);
  }
  if (answer.error != ERR_NONE) fail_msg("%s after step %d: %s", scene->method->name, nth, error_code(answer.error));
  assert_int_equal(strcmp(rig_text(rig, everything), before) == 0, scene->reads);
  invariants_hold(rig);
  rig_close(rig);
  return met;
}

static void sweep(bool for_good) {
  for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
    // A database for each run is dear at PostgreSQL: a quarter of them, of each scene another.
    int step = postgres_is_tested() ? 4 : 1;
    int nth = 1 + (int)i % step;
    while (run_with_fault(&scenes[i], nth, for_good)) nth += step;
    assert_true(nth > 2 || postgres_is_tested());  // a transaction at least
  }
}

static void test_a_step_that_fails_once_changes_nothing_and_the_retry_works(void **state) {
  (void)state;
  sweep(false);
}

static void test_steps_that_fail_for_good_change_nothing_until_they_work_again(void **state) {
  (void)state;
  if (postgres_is_tested()) skip();  // each run has a database of its own, which costs more there
  sweep(true);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_step_that_fails_once_changes_nothing_and_the_retry_works),
      cmocka_unit_test(test_steps_that_fail_for_good_change_nothing_until_they_work_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
