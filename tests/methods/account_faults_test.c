// The methods of accounts with their nth SQL step and their nth allocation failing, once and for good, for every n: the
// call answers InternalServerError, nothing has changed, nobody hears of anything, nobody is signed in, and the same
// call works when the fault is over.
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "core/batch.h"
#include "methods/account.h"
#include "models/session.h"
#include "support/faults.h"
#include "support/invariants.h"
#include "support/venue.h"

enum { BEFORE_MAX = 2 };

// A call. In its JSON, OTP is the code that was mailed last, TOKEN the refresh token of the session.
typedef struct Step {
  const Method *method;
  bool signed_in;
  const char *json;
} Step;

typedef struct Scene {
  Step before[BEFORE_MAX];
  Step call;
} Scene;

#define SIGN_UP \
  { .method = &account_signup, .json = "{\"email\":\"carl@example.com\",\"password\":\"a good password\"}" }
#define ADD_EMAIL \
  { .method = &account_add_email, .signed_in = true, .json = "{\"email\":\"bert@example.com\"}" }

// Bert has a session and no e-mail; anna signs in with a password, whose hash is an imported one and is replaced.
static const Scene scenes[] = {
    {.call = SIGN_UP},
    {.before = {SIGN_UP},
     .call = {.method = &account_verify_otp, .json = "{\"email\":\"carl@example.com\",\"otp\":\"OTP\"}"}},
    {.call = {.method = &account_login,
              .json = "{\"email\":\"anna@example.com\",\"password\":\"correct horse battery\"}"}},
    {.call = {.method = &account_refresh, .json = "{\"refreshToken\":\"TOKEN\"}"}},
    {.call = {.method = &account_logout, .signed_in = true}},
    {.call = ADD_EMAIL},
    {.before = {ADD_EMAIL}, .call = {.method = &account_verify_email, .signed_in = true, .json = "{\"otp\":\"OTP\"}"}},
    {.call = {.method = &account_change, .signed_in = true, .json = "{\"name\":\"Bert\",\"language\":\"ru\"}"}},
    {.call = {.method = &account_end_session, .signed_in = true, .json = "{\"id\":\"other\"}"}},
    {.call = {.method = &account_end_sessions, .signed_in = true}},
};

static const char *const people[] = {
    "UPDATE users SET email = 'anna@example.com', email_confirmed_at = 1, password_hash ="
    " '$2b$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS' WHERE id = 1",
    "UPDATE users SET public_id = printf('%024x', id)",
    "INSERT INTO sessions(id, user_id, door, agent, ip, created_at, last_used_at) VALUES"
    " ('other', 2, 'seats', '', '', 0, 0)",
};

static const char everything[] =
    "SELECT (SELECT group_concat(id || coalesce(email, '') || coalesce(password_hash, '') || coalesce(name, '') ||"
    " language || coalesce(email_confirmed_at, '')) FROM users) || '|' ||"
    " (SELECT group_concat(id || user_id || coalesce(ended_at, '') || coalesce(refresh_hash, '') ||"
    " coalesce(superseded_hash, '')) FROM sessions) || '|' ||"
    " coalesce((SELECT group_concat(email || code_hash || tries) FROM signups), '') || '|' ||"
    " coalesce((SELECT group_concat(key || payload) FROM outbox), '')";

// The session that everybody is signed in by.
static Identity who;

// What fails: the nth of its kind.
typedef struct Fault {
  void (*arm)(int nth, bool for_good);  // NULL: nothing fails
  int nth;
  bool for_good;
} Fault;

static const Fault nothing;

// Runs a call on this thread as the store does. What it left to tell is counted in *told.
static Error run(Rig *rig, const Step *step, Str json, const Fault *fault, int *told) {
  rig->loops[0].now_ms = rig->now_ms;
  Call *call = call_new_own(&rig->loops[0]);
  assert_non_null(call);
  call->method = step->method;
  call->agent = STR("test");
  call->peer = STR("::1");
  if (step->signed_in) call->who = who;
  arena_free_spare();  // each arena asks malloc, or there would be less to fail
  if (fault->arm != NULL) fault->arm(fault->nth, fault->for_good);
  Error error = call_decode(call, json.length > 0 ? json_parse(&call->arena, json, NULL) : NULL);
  while (error == ERR_NONE && call->method != NULL) {
    if (call->method->prepare != NULL) error = call->method->prepare(call, call->input);
    if (error != ERR_NONE) break;
    bool alive = db_begin(rig->db, DB_WRITE) && batch_run(rig->db, call);
    batch_end(rig->db, call, alive);
    error = call->error;
    call->method = call->follow;
    call->follow = NULL;
  }
  if (call->arena.failed) error = ERR_INTERNAL;
  *told = (call->events != NULL) + call->has_effects + (call->granted.user_id != 0);
  if (error == ERR_NONE && call->granted.user_id == 2) who = identity_copy(&rig->arena, &call->granted);
  call_free(call);
  return error;
}

static void replace(Text *out, const char *json, const char *word, Str by) {
  const char *at = strstr(json, word);
  text_add(out, (Str){json, at != NULL ? (size_t)(at - json) : strlen(json)});
  if (at == NULL) return;
  text_add(out, by);
  text_add(out, str_from(at + strlen(word)));
}

static Str json_of(Rig *rig, const Step *step) {
  static const char CODE[] =
      "SELECT coalesce((SELECT json_extract(payload, '$.args.code') FROM outbox ORDER BY id DESC LIMIT 1), '')";
  Text json = {.arena = &rig->arena};
  if (step->json == NULL) return (Str){0};
  if (strstr(step->json, "TOKEN") != NULL) {
    replace(&json, step->json, "TOKEN",
            session_refresh_token(&rig->arena, &rig->config, who.public_id, who.sid, who.refreshed_ms));
  } else {
    replace(&json, step->json, "OTP", str_from(rig_text(rig, CODE)));
  }
  return text_str(&json);
}

static Error open_session(Call *call, const void *input) {
  (void)input;
  session_open_refreshed(call, 2, "tickets");
  return ERR_NONE;
}

static Rig *set_scene(const Scene *scene) {
  static const Method sign_in = {.name = "test.sign_in", .run = open_session};
  Rig *rig = rig_open(NULL);
  int told;
  venue_add(rig);
  for (size_t i = 0; i < sizeof people / sizeof people[0]; i++) rig_run(rig, people[i]);
  assert_int_equal(run(rig, &(Step){.method = &sign_in}, (Str){0}, &nothing, &told), ERR_NONE);
  for (int i = 0; i < BEFORE_MAX && scene->before[i].method != NULL; i++) {
    assert_int_equal(run(rig, &scene->before[i], json_of(rig, &scene->before[i]), &nothing, &told), ERR_NONE);
  }
  return rig;
}

// One run with the nth failing; false when the call has no nth.
static bool run_with_fault(const Scene *scene, const Fault *fault) {
  Rig *rig = set_scene(scene);
  const Step *step = &scene->call;
  const char *before = rig_text(rig, everything);
  Str json = json_of(rig, step);
  int told;
  Error error = run(rig, step, json, fault, &told);
  bool met = faults_disarm();
  db_rollback(rig->db);  // as the next batch does, of what could not even be ended
  if (met && error != ERR_NONE) {
    if (error != ERR_INTERNAL) fail_msg("%s, %d: %s", step->method->name, fault->nth, error_code(error));
    assert_string_equal(rig_text(rig, everything), before);
    assert_int_equal(told, 0);
    error = run(rig, step, json, &nothing, &told);
  }
  if (error != ERR_NONE) fail_msg("%s after %d: %s", step->method->name, fault->nth, error_code(error));
  assert_string_not_equal(rig_text(rig, everything), before);
  if (!met || fault->nth % 8 == 1) invariants_hold(rig);
  rig_close(rig);
  return met;
}

static void sweep(void (*arm)(int nth, bool for_good)) {
  for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
    Fault fault = {.arm = arm, .nth = 1};
    while (run_with_fault(&scenes[i], &fault)) ++fault.nth;
    assert_true(fault.nth > 1);
    for (fault.for_good = true; fault.nth > 0; fault.nth--) run_with_fault(&scenes[i], &fault);
  }
}

static void test_a_step_that_fails_changes_nothing_and_the_retry_works(void **state) {
  (void)state;
  sweep(faults_arm_sql);
}

static void test_without_memory_nothing_changes_and_the_retry_works(void **state) {
  (void)state;
  sweep(faults_arm_memory);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_step_that_fails_changes_nothing_and_the_retry_works),
      cmocka_unit_test(test_without_memory_nothing_changes_and_the_retry_works),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
