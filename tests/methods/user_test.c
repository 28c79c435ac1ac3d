// People: registering, signing in and out, and recovery, with the clock turned on between the steps.
#include "methods/user.h"

#include <liboath/oath.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "shared/ids.h"
#include "support/invariants.h"
#include "support/venue.h"

enum { STEP_MS = 30000 };

static const Str anna_secret = {"12345678901234567890", 20};

static Answer ask(Rig *rig, const Method *method, const char *username, const char *code) {
  Text json = {.arena = &rig->arena};
  text_format(&json, "{\"username\":\"%s\",\"code\":\"%s\"}", username, code);
  return rig_call(rig, method, NULL, rig_zero(rig, text_str(&json)));
}

static Error error_of(Rig *rig, const Method *method, const char *username, const char *code) {
  return ask(rig, method, username, code).error;
}

// The code of the step that is `steps` away from now.
static const char *code_of(Rig *rig, Str secret, int steps) {
  char *code = arena_alloc(&rig->arena, 8);
  time_t at = (time_t)((rig->now_ms + steps * STEP_MS) / 1000);
  assert_int_equal(oath_totp_generate(secret.at, secret.length, at, 30, 0, 6, code), OATH_OK);
  return code;
}

// A code that is right in none of the steps around now.
static const char *wrong_code(Rig *rig, Str secret) {
  static const char *const tries[] = {"000000", "111111", "222222", "333333"};
  for (size_t i = 0; i < 3; i++) {
    bool right = false;
    for (int step = -1; step <= 1; step++) right = right || strcmp(code_of(rig, secret, step), tries[i]) == 0;
    if (!right) return tries[i];
  }
  return tries[3];
}

// Starts a registration; gives the secret of its QR code.
static Str start(Rig *rig, const char *username) {
  Answer answer = ask(rig, &user_auth_start, username, "");
  assert_refused(answer, ERR_NONE);
  const char *secret = strstr(rig_zero(rig, answer.reply), "?secret=");
  assert_non_null(secret);
  Str bytes;
  assert_true(ids_from_base32(&rig->arena, (Str){secret + 8, 52}, &bytes));
  return bytes;
}

static Identity sign_in(Rig *rig, const char *username, Str secret) {
  Answer answer = ask(rig, &user_login, username, code_of(rig, secret, 0));
  assert_refused(answer, ERR_NONE);
  return answer.granted;
}

static const char *status_of(Rig *rig, const Identity *who) {
  Answer answer = rig_call(rig, &user_status, who, NULL);
  assert_refused(answer, ERR_NONE);
  return rig_zero(rig, answer.reply);
}

static void test_a_registration_makes_an_account_and_a_session(void **state) {
  Rig *rig = *state;
  Answer started = ask(rig, &user_auth_start, "carl_9-X", "");
  const char *reply = rig_zero(rig, started.reply);
  static const char begin[] = "{\"qr_url\":\"otpauth://totp/SeatsSync%20carl_9-X?secret=";
  assert_memory_equal(reply, begin, strlen(begin));
  assert_string_equal(reply + strlen(begin) + 52, "\",\"username\":\"carl_9-X\",\"status\":\"candidate\"}");
  Str secret;
  assert_true(ids_from_base32(&rig->arena, (Str){reply + strlen(begin), 52}, &secret));
  assert_int_equal(secret.length, 32);
  Answer done = ask(rig, &user_register, "carl_9-X", code_of(rig, secret, 0));
  assert_reply(rig, done, "{\"status\":\"user\",\"username\":\"carl_9-X\"}");
  assert_int_equal(done.granted.user_id, 4);
  assert_int_equal(done.granted.expires_ms, RIG_BEGIN_MS + 5 * 24 * RIG_HOUR_MS);
  assert_int_equal(rig_int(rig,
                           "SELECT count(*) FROM sessions WHERE user_id = 4 AND door = 'seats' AND"
                           " agent = 'test' AND ip = '192.0.2.1' AND ended_at IS NULL"),
                   1);
  assert_string_equal(status_of(rig, &done.granted),
                      "{\"username\":\"carl_9-X\",\"status\":\"user\",\"role\":\"visitor\"}");
  assert_int_equal(error_of(rig, &user_register, "carl_9-X", code_of(rig, secret, 0)), ERR_USER_ALREADY_EXISTS);
  assert_reply(rig, ask(rig, &user_auth_start, "carl_9-X", ""), "{\"username\":\"carl_9-X\",\"status\":\"user\"}");
}

static void test_a_code_used_at_registration_is_used(void **state) {
  Rig *rig = *state;
  Str secret = start(rig, "carl");
  assert_int_equal(error_of(rig, &user_register, "carl", code_of(rig, secret, 1)), ERR_NONE);
  assert_int_equal(error_of(rig, &user_login, "carl", code_of(rig, secret, 1)), ERR_INVALID_CODE);
  assert_int_equal(error_of(rig, &user_login, "carl", code_of(rig, secret, 0)), ERR_INVALID_CODE);
  rig_pass(rig, STEP_MS);
  assert_int_equal(error_of(rig, &user_login, "carl", code_of(rig, secret, 1)), ERR_NONE);
}

static void test_a_name_has_3_to_32_letters_digits_or_two_signs(void **state) {
  static const char *const bad[] = {"", "ab", "anna!", "an na", "\\u00e4nna", "123456789012345678901234567890123"};
  Rig *rig = *state;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_int_equal(error_of(rig, &user_auth_start, bad[i], ""), ERR_INVALID_USERNAME);
    assert_int_equal(error_of(rig, &user_auth_reset, bad[i], ""), ERR_INVALID_USERNAME);
    assert_int_equal(error_of(rig, &user_register, bad[i], "1"), ERR_INVALID_USERNAME);
  }
  assert_refused(rig_call(rig, &user_auth_start, NULL, "{\"username\":7}"), ERR_INVALID_USERNAME);
  assert_refused(rig_call(rig, &user_auth_start, NULL, NULL), ERR_INVALID_USERNAME);
  start(rig, "12345678901234567890123456789012");
  start(rig, "Anna");
}

static void test_a_registration_is_checked_in_order(void **state) {
  static const char *const malformed[] = {"", "12345", "1234567", "12345a", "-12345", "+12345", " 12345", "12 456"};
  Rig *rig = *state;
  assert_int_equal(error_of(rig, &user_register, "anna", "x"), ERR_USER_ALREADY_EXISTS);
  for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
    assert_int_equal(error_of(rig, &user_register, "carl", malformed[i]), ERR_INVALID_CODE);
  assert_int_equal(error_of(rig, &user_register, "carl", "123456"), ERR_REGISTRATION_NOT_IN_PROGRESS);
  assert_int_equal(error_of(rig, &user_auth_reset, "carl", ""), ERR_REGISTRATION_NOT_IN_PROGRESS);
  Str secret = start(rig, "carl");
  assert_int_equal(error_of(rig, &user_auth_start, "carl", ""), ERR_REGISTRATION_IN_PROGRESS);
  assert_int_equal(error_of(rig, &user_register, "carl", wrong_code(rig, secret)), ERR_INVALID_CODE);
  assert_reply(rig, ask(rig, &user_auth_reset, "carl", ""), "{\"success\":true}");
  assert_int_equal(error_of(rig, &user_register, "carl", code_of(rig, secret, 0)), ERR_REGISTRATION_NOT_IN_PROGRESS);
}

static void test_a_candidate_ends_after_five_minutes(void **state) {
  Rig *rig = *state;
  start(rig, "carl");
  rig_pass(rig, 5 * RIG_MINUTE_MS - 1);
  assert_int_equal(error_of(rig, &user_auth_start, "carl", ""), ERR_REGISTRATION_IN_PROGRESS);
  rig_pass(rig, 1);
  assert_int_equal(error_of(rig, &user_register, "carl", "123456"), ERR_REGISTRATION_NOT_IN_PROGRESS);
  Str secret = start(rig, "carl");
  rig_pass(rig, 4 * RIG_MINUTE_MS);
  assert_int_equal(error_of(rig, &user_register, "carl", code_of(rig, secret, 0)), ERR_NONE);
}

static void test_three_wrong_codes_end_a_registration_until_it_is_reset(void **state) {
  Rig *rig = *state;
  Str secret = start(rig, "carl");
  for (int i = 0; i < 3; i++)
    assert_int_equal(error_of(rig, &user_register, "carl", wrong_code(rig, secret)), ERR_INVALID_CODE);
  assert_int_equal(error_of(rig, &user_register, "carl", code_of(rig, secret, 0)), ERR_TOO_MANY_VALIDATION_ATTEMPTS);
  assert_int_equal(error_of(rig, &user_auth_reset, "carl", ""), ERR_NONE);
  secret = start(rig, "carl");
  assert_int_equal(error_of(rig, &user_register, "carl", code_of(rig, secret, 0)), ERR_NONE);
}

// Who asks before there is a registration must not bring the end of the window nearer.
static void test_the_window_of_tries_begins_with_the_first_try(void **state) {
  Rig *rig = *state;
  assert_int_equal(error_of(rig, &user_register, "carl", "123456"), ERR_REGISTRATION_NOT_IN_PROGRESS);
  rig_pass(rig, 5 * RIG_MINUTE_MS - 1000);
  Str secret = start(rig, "carl");
  for (int i = 0; i < 3; i++)
    assert_int_equal(error_of(rig, &user_register, "carl", wrong_code(rig, secret)), ERR_INVALID_CODE);
  rig_pass(rig, 2000);
  assert_int_equal(error_of(rig, &user_register, "carl", wrong_code(rig, secret)), ERR_TOO_MANY_VALIDATION_ATTEMPTS);
}

static void test_codes_of_the_steps_around_now_sign_in_and_each_once(void **state) {
  static const struct {
    int step;
    Error error;
  } tries[] = {{-2, ERR_INVALID_CODE}, {2, ERR_INVALID_CODE}, {-1, ERR_NONE},        {-1, ERR_INVALID_CODE},
               {0, ERR_NONE},          {1, ERR_NONE},         {0, ERR_INVALID_CODE}, {-1, ERR_INVALID_CODE},
               {1, ERR_INVALID_CODE},  {2, ERR_INVALID_CODE}};
  Rig *rig = *state;
  for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++)
    assert_int_equal(error_of(rig, &user_login, "anna", code_of(rig, anna_secret, tries[i].step)), tries[i].error);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM sessions"), 3);
}

static void test_a_sign_in_is_checked_in_order(void **state) {
  Rig *rig = *state;
  assert_int_equal(error_of(rig, &user_login, "nobody", "x"), ERR_USER_NOT_FOUND);
  assert_int_equal(error_of(rig, &user_login, "Anna", code_of(rig, anna_secret, 0)), ERR_USER_NOT_FOUND);
  assert_int_equal(error_of(rig, &user_login, "anna", "x"), ERR_INVALID_CODE);
  assert_int_equal(error_of(rig, &user_login, "bert", "123456"), ERR_INVALID_CODE);
  Answer answer = ask(rig, &user_login, "anna", code_of(rig, anna_secret, 0));
  assert_reply(rig, answer, "{\"status\":\"user\",\"username\":\"anna\"}");
}

static void test_five_wrong_codes_close_the_sign_in_for_fifteen_minutes(void **state) {
  Rig *rig = *state;
  for (int i = 0; i < 5; i++)
    assert_int_equal(error_of(rig, &user_login, "anna", wrong_code(rig, anna_secret)), ERR_INVALID_CODE);
  assert_int_equal(error_of(rig, &user_login, "anna", code_of(rig, anna_secret, 0)), ERR_TOO_MANY_LOGIN_ATTEMPTS);
  rig_pass(rig, 15 * RIG_MINUTE_MS - 1);
  assert_int_equal(error_of(rig, &user_login, "anna", code_of(rig, anna_secret, 0)), ERR_TOO_MANY_LOGIN_ATTEMPTS);
  rig_pass(rig, 1);
  assert_int_equal(error_of(rig, &user_login, "anna", code_of(rig, anna_secret, 0)), ERR_NONE);
}

static void test_a_success_forgives_the_wrong_codes_before_it(void **state) {
  Rig *rig = *state;
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < 4; i++)
      assert_int_equal(error_of(rig, &user_login, "anna", wrong_code(rig, anna_secret)), ERR_INVALID_CODE);
    assert_int_equal(error_of(rig, &user_login, "anna", code_of(rig, anna_secret, 0)), ERR_NONE);
    rig_pass(rig, STEP_MS);
  }
}

static void test_an_address_may_try_twenty_times_in_fifteen_minutes(void **state) {
  Rig *rig = *state;
  for (int i = 0; i < 20; i++) assert_int_equal(error_of(rig, &user_login, "nobody", "1"), ERR_USER_NOT_FOUND);
  assert_int_equal(error_of(rig, &user_login, "nobody", "1"), ERR_TOO_MANY_REQUESTS);
  assert_int_equal(error_of(rig, &user_register, "carl", "1"), ERR_TOO_MANY_REQUESTS);
  for (int i = 0; i < 30; i++) assert_int_equal(error_of(rig, &user_auth_start, "!", ""), ERR_INVALID_USERNAME);
  assert_int_equal(error_of(rig, &user_auth_start, "!", ""), ERR_TOO_MANY_REQUESTS);
  rig->config.rate_limits = false;
  assert_int_equal(error_of(rig, &user_login, "nobody", "1"), ERR_USER_NOT_FOUND);
  rig->config.rate_limits = true;
  rig_pass(rig, 15 * RIG_MINUTE_MS);
  assert_int_equal(error_of(rig, &user_login, "nobody", "1"), ERR_USER_NOT_FOUND);
}

static void test_a_session_stands_until_it_is_signed_out(void **state) {
  Rig *rig = *state;
  Identity anna = sign_in(rig, "anna", anna_secret);
  rig_pass(rig, STEP_MS);
  Identity elsewhere = sign_in(rig, "anna", anna_secret);
  assert_string_equal(status_of(rig, NULL), "{\"status\":\"guest\"}");
  assert_string_equal(status_of(rig, &anna), "{\"username\":\"anna\",\"status\":\"user\",\"role\":\"visitor\"}");
  rig_run(rig, "UPDATE users SET role = 'staff' WHERE id = 1");
  assert_string_equal(status_of(rig, &anna), "{\"username\":\"anna\",\"status\":\"user\",\"role\":\"staff\"}");
  assert_true(rig_call(rig, &user_identify, &anna, NULL).granted.staff);
  assert_refused(rig_call(rig, &user_logout, NULL, NULL), ERR_UNAUTHORIZED);
  Answer over = rig_call(rig, &user_logout, &anna, NULL);
  assert_reply(rig, over, "{\"success\":true}");
  assert_true(over.session_over);
  assert_string_equal(status_of(rig, &anna), "{\"status\":\"guest\"}");
  assert_int_equal(rig_call(rig, &user_identify, &anna, NULL).granted.user_id, 0);
  assert_refused(rig_call(rig, &user_logout, &anna, NULL), ERR_TOKEN_INVALID);
  assert_string_equal(status_of(rig, &elsewhere), "{\"username\":\"anna\",\"status\":\"user\",\"role\":\"staff\"}");
}

// Recovery.

static Error save_phrase(Rig *rig, const Identity *who, const char *phrase) {
  Text json = {.arena = &rig->arena};
  text_format(&json, "{\"phrase\":\"%s\"}", phrase);
  return rig_call(rig, &user_save_recovery_phrase, who, rig_zero(rig, text_str(&json))).error;
}

static Answer recover(Rig *rig, const char *username, const char *phrase) {
  Text json = {.arena = &rig->arena};
  text_format(&json, "{\"username\":\"%s\",\"phrase\":\"%s\"}", username, phrase);
  return rig_call(rig, &user_recovery_phrase, NULL, rig_zero(rig, text_str(&json)));
}

static void test_the_right_phrase_makes_a_candidate_that_replaces_the_secret(void **state) {
  Rig *rig = *state;
  Identity anna = sign_in(rig, "anna", anna_secret);
  assert_int_equal(save_phrase(rig, &anna, "  correct horse battery "), ERR_NONE);
  assert_refused(recover(rig, "anna", "correct horse batteries"), ERR_INVALID_RECOVERY_PHRASE);
  Answer answer = recover(rig, "anna", "correct horse battery");
  assert_refused(answer, ERR_NONE);
  const char *found = strstr(rig_zero(rig, answer.reply), "?secret=");
  assert_non_null(found);
  Str secret;
  assert_true(ids_from_base32(&rig->arena, (Str){found + 8, 52}, &secret));
  assert_string_equal(status_of(rig, &anna), "{\"username\":\"anna\",\"status\":\"user\",\"role\":\"visitor\"}");
  rig_heard(rig, 0);
  assert_int_equal(error_of(rig, &user_register, "anna", code_of(rig, secret, 0)), ERR_NONE);
  assert_string_equal(
      rig_heard(rig, 0),
      "event session:1 0 ended_all \nevent account:1 0 sessions {\"what\":\"sessions\"}\ndone user.register\n");
  assert_string_equal(status_of(rig, &anna), "{\"status\":\"guest\"}");
  rig_pass(rig, RIG_MINUTE_MS);
  assert_int_equal(error_of(rig, &user_login, "anna", code_of(rig, anna_secret, 0)), ERR_INVALID_CODE);
  assert_int_equal(error_of(rig, &user_login, "anna", code_of(rig, secret, 0)), ERR_NONE);
  assert_refused(recover(rig, "anna", "correct horse battery"), ERR_INVALID_RECOVERY_PHRASE);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM users WHERE username = 'anna'"), 1);
}

static void test_a_recovery_ends_with_the_phrase_it_was_begun_by(void **state) {
  Rig *rig = *state;
  Identity anna = sign_in(rig, "anna", anna_secret);
  assert_int_equal(save_phrase(rig, &anna, "correct horse battery"), ERR_NONE);
  const char *json = "{\"username\":\"anna\",\"phrase\":\"correct horse battery\"}";
  static const char USED_UP[] = "UPDATE users SET recovery_phrase = NULL WHERE id = 1";
  Answer late = rig_call_while(rig, &user_recovery_phrase, NULL, json, USED_UP);
  assert_refused(late, ERR_INVALID_RECOVERY_PHRASE);

  assert_int_equal(save_phrase(rig, &anna, "correct horse battery"), ERR_NONE);
  Answer begun = recover(rig, "anna", "correct horse battery");
  assert_refused(begun, ERR_NONE);
  Str secret;
  const char *found = strstr(rig_zero(rig, begun.reply), "?secret=");
  assert_true(ids_from_base32(&rig->arena, (Str){found + 8, 52}, &secret));
  assert_int_equal(save_phrase(rig, &anna, "another phrase of hers"), ERR_NONE);
  assert_int_equal(error_of(rig, &user_register, "anna", code_of(rig, secret, 0)), ERR_USER_ALREADY_EXISTS);
  assert_string_equal(status_of(rig, &anna), "{\"username\":\"anna\",\"status\":\"user\",\"role\":\"visitor\"}");
}

static void test_two_registrations_with_one_code_one_wins(void **state) {
  static const char *const names[] = {"anna", "carl"};  // a recovery, a new account
  Rig *rig = *state;
  for (int i = 0; i < 2; i++) {
    Str secret = STR("abcdefghijklmnopqrstuvwxyz012345");
    Text key = {.arena = &rig->arena};
    Text value = {.arena = &rig->arena};
    Text json = {.arena = &rig->arena};
    Answer answers[2];
    text_format(&key, "candidate:%s", names[i]);
    text_format(&value, "%c%.*s", i == 0 ? 'R' : 'N', STR_ARG(secret));
    fast_put(rig->fast, text_str(&key), text_str(&value), RIG_BEGIN_MS + RIG_HOUR_MS);
    text_format(&json, "{\"username\":\"%s\",\"code\":\"%s\"}", names[i], code_of(rig, secret, 0));
    for (int k = 0; k < 2; k++) rig_ask(rig, 0, &user_register, NULL, rig_zero(rig, text_str(&json)), &answers[k]);
    RIG_UNTIL(rig, answers[0].done && answers[1].done);
    assert_refused(answers[0], ERR_NONE);
    assert_refused(answers[1], ERR_USER_ALREADY_EXISTS);
    assert_int_equal(rig_int(rig, "SELECT count(*) FROM sessions"), i + 1);
  }
}

static void test_a_phrase_is_kept_for_those_signed_in_and_has_12_to_255_characters(void **state) {
  Rig *rig = *state;
  Identity anna = sign_in(rig, "anna", anna_secret);
  assert_int_equal(save_phrase(rig, NULL, "correct horse battery"), ERR_UNAUTHORIZED);
  assert_int_equal(save_phrase(rig, &anna, "12345678901"), ERR_INVALID_RECOVERY_PHRASE);
  assert_int_equal(save_phrase(rig, &anna, "  12345678901  "), ERR_INVALID_RECOVERY_PHRASE);
  char longest[257];
  memset(longest, 'x', 256);
  longest[256] = '\0';
  assert_int_equal(save_phrase(rig, &anna, longest), ERR_INVALID_RECOVERY_PHRASE);
  assert_int_equal(save_phrase(rig, &anna, longest + 1), ERR_NONE);
  assert_int_equal(rig_int(rig, "SELECT length(recovery_phrase) FROM users WHERE id = 1"), 64 + 1 + 128);
}

static void test_a_session_that_is_ended_while_its_phrase_is_hashed_keeps_none(void **state) {
  Rig *rig = *state;
  Identity anna = sign_in(rig, "anna", anna_secret);
  const char *json = "{\"phrase\":\"correct horse battery\"}";
  Answer late = rig_call_while(rig, &user_save_recovery_phrase, &anna, json, "DELETE FROM sessions WHERE user_id = 1");
  assert_refused(late, ERR_TOKEN_INVALID);
  assert_int_equal(rig_int(rig, "SELECT recovery_phrase IS NULL FROM users WHERE id = 1"), 1);
}

static void test_phrases_are_tried_five_times_and_unknown_people_look_like_wrong_phrases(void **state) {
  Rig *rig = *state;
  assert_refused(recover(rig, "nobody", "correct horse battery"), ERR_INVALID_RECOVERY_PHRASE);
  assert_refused(recover(rig, "!", "correct horse battery"), ERR_INVALID_RECOVERY_PHRASE);
  for (int i = 0; i < 5; i++)
    assert_refused(recover(rig, "anna", "correct horse battery"), ERR_INVALID_RECOVERY_PHRASE);
  assert_refused(recover(rig, "anna", "correct horse battery"), ERR_TOO_MANY_LOGIN_ATTEMPTS);
  rig_pass(rig, 15 * RIG_MINUTE_MS);
  assert_refused(recover(rig, "anna", "correct horse battery"), ERR_INVALID_RECOVERY_PHRASE);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, venue_setup, invariants_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_a_registration_makes_an_account_and_a_session),
      CASE(test_a_code_used_at_registration_is_used),
      CASE(test_a_name_has_3_to_32_letters_digits_or_two_signs),
      CASE(test_a_registration_is_checked_in_order),
      CASE(test_a_candidate_ends_after_five_minutes),
      CASE(test_three_wrong_codes_end_a_registration_until_it_is_reset),
      CASE(test_the_window_of_tries_begins_with_the_first_try),
      CASE(test_codes_of_the_steps_around_now_sign_in_and_each_once),
      CASE(test_a_sign_in_is_checked_in_order),
      CASE(test_five_wrong_codes_close_the_sign_in_for_fifteen_minutes),
      CASE(test_a_success_forgives_the_wrong_codes_before_it),
      CASE(test_an_address_may_try_twenty_times_in_fifteen_minutes),
      CASE(test_a_session_stands_until_it_is_signed_out),
      CASE(test_the_right_phrase_makes_a_candidate_that_replaces_the_secret),
      CASE(test_a_recovery_ends_with_the_phrase_it_was_begun_by),
      CASE(test_two_registrations_with_one_code_one_wins),
      CASE(test_a_phrase_is_kept_for_those_signed_in_and_has_12_to_255_characters),
      CASE(test_a_session_that_is_ended_while_its_phrase_is_hashed_keeps_none),
      CASE(test_phrases_are_tried_five_times_and_unknown_people_look_like_wrong_phrases),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
