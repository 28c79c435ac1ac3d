// Accounts by e-mail, with the clock turned on between the steps. Couriers there are none: what they would do is done
// by hand in `outbox`.
#include "methods/account.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "support/invariants.h"
#include "support/venue.h"

static const char signup_json[] =
    "{\"email\":\" Anna@Example.com\",\"password\":\"a good password\",\"name\":\" Anna \"}";

static Str mailed_code(Rig *rig) {
  return str_from(rig_text(rig,
                           "SELECT json_extract(payload, '$.args.code') FROM outbox WHERE kind = 'mail' AND key LIKE "
                           "'otp:%' ORDER BY id DESC LIMIT 1"));
}

// Signs up; the answer waits for the mail.
static void begin_signup(Rig *rig) {
  assert_refused(rig_call(rig, &account_signup, NULL, signup_json), ERR_NONE);
}

static Answer verify(Rig *rig, Str code) {
  Text json = {.arena = &rig->arena};
  text_format(&json, "{\"email\":\"anna@example.com\",\"otp\":\"%.*s\"}", STR_ARG(code));
  return rig_call(rig, &account_verify_otp, NULL, rig_zero(rig, text_str(&json)));
}

static Answer sign_up(Rig *rig) {
  begin_signup(rig);
  Answer answer = verify(rig, mailed_code(rig));
  assert_refused(answer, ERR_NONE);
  return answer;
}

static Answer login(Rig *rig, const char *email, const char *password) {
  Text json = {.arena = &rig->arena};
  text_format(&json, "{\"email\":\"%s\",\"password\":\"%s\"}", email, password);
  return rig_call(rig, &account_login, NULL, rig_zero(rig, text_str(&json)));
}

// A code that is not this one.
static Str another(Rig *rig, Str code, int by) {
  int64_t number;
  assert_true(str_to_int(code, &number));
  Text text = {.arena = &rig->arena};
  text_format(&text, "%06d", (int)((number + by) % 1000000));
  return text_str(&text);
}

static void test_a_code_is_six_digits_kept_as_a_hash_and_mailed(void **state) {
  Rig *rig = *state;
  begin_signup(rig);
  Str code = mailed_code(rig);
  assert_int_equal(code.length, 6);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM users WHERE email IS NOT NULL"), 0);
  assert_string_equal(rig_text(rig, "SELECT email FROM signups"), "anna@example.com");
  assert_null(strstr(rig_text(rig, "SELECT code_hash FROM signups"), rig_zero(rig, code)));
  assert_non_null(strstr(rig_text(rig, "SELECT password_hash FROM signups"), "$argon2id$"));
}

static void test_the_right_code_makes_a_confirmed_account_and_a_session_once(void **state) {
  Rig *rig = *state;
  Answer answer = sign_up(rig);
  assert_int_equal(answer.granted.user_id, rig_int(rig, "SELECT id FROM users WHERE email = 'anna@example.com'"));
  assert_int_equal(answer.granted.public_id.length, 24);
  assert_int_equal(answer.granted.refreshed_ms, RIG_BEGIN_MS);
  assert_string_equal(rig_text(rig, "SELECT name FROM users WHERE email_confirmed_at IS NOT NULL"), "Anna");
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM outbox WHERE key LIKE 'welcome:%'"), 1);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM signups"), 0);
  assert_refused(verify(rig, mailed_code(rig)), ERR_OTP_INVALID);
  assert_refused(rig_call(rig, &account_signup, NULL, signup_json), ERR_USER_EXISTS);
}

static void test_a_code_is_good_for_five_minutes(void **state) {
  Rig *rig = *state;
  begin_signup(rig);
  rig_pass(rig, 5 * RIG_MINUTE_MS - 1);
  assert_refused(verify(rig, another(rig, mailed_code(rig), 1)), ERR_OTP_INVALID);
  rig_pass(rig, 1);
  assert_refused(verify(rig, mailed_code(rig)), ERR_OTP_INVALID);
}

static void test_the_fifth_wrong_code_takes_it_away_and_a_new_one_may_be_asked_for(void **state) {
  Rig *rig = *state;
  begin_signup(rig);
  Str code = mailed_code(rig);
  for (int i = 1; i <= 5; i++) assert_refused(verify(rig, another(rig, code, i)), ERR_OTP_INVALID);
  assert_refused(verify(rig, code), ERR_OTP_INVALID);
  begin_signup(rig);
  assert_refused(verify(rig, code), ERR_OTP_INVALID);
  assert_refused(verify(rig, mailed_code(rig)), ERR_NONE);
}

static void test_ten_codes_in_fifteen_minutes_go_to_one_address(void **state) {
  Rig *rig = *state;
  rig->config.rate_limits = false;  // guesses are counted all the same
  for (int i = 0; i < 10; i++) begin_signup(rig);
  assert_refused(rig_call(rig, &account_signup, NULL, signup_json), ERR_TOO_MANY_REQUESTS);
  rig_pass(rig, 15 * RIG_MINUTE_MS);
  begin_signup(rig);
}

static void test_codes_that_nobody_used_are_forgotten_a_little_at_a_time(void **state) {
  Rig *rig = *state;
  rig_run(rig,
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) INSERT INTO signups(email,"
          " language, code_hash, mail_key, expires_at) SELECT i || '@example.com', 'en', '', '', i FROM n");
  begin_signup(rig);
  assert_string_equal(rig_text(rig, "SELECT group_concat(email) FROM signups WHERE expires_at < 10"), "3@example.com");
  begin_signup(rig);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM signups"), 1);
}

static void test_who_signs_in_is_known_by_address_and_password(void **state) {
  Rig *rig = *state;
  sign_up(rig);
  Answer answer = login(rig, "ANNA@example.com", "a good password");
  assert_refused(answer, ERR_NONE);
  assert_non_null(strstr(rig_zero(rig, answer.reply), "\"profile\":{\"name\":\"Anna\"}"));
  assert_null(strstr(rig_zero(rig, answer.reply), "argon2"));
  assert_refused(login(rig, "anna@example.com", "a wrong password"), ERR_INVALID_CREDENTIALS);
  assert_refused(login(rig, "nobody@example.com", "a good password"), ERR_INVALID_CREDENTIALS);
  rig_run(rig, "UPDATE users SET deleted_at = 1 WHERE email = 'anna@example.com'");
  assert_refused(login(rig, "anna@example.com", "a good password"), ERR_INVALID_CREDENTIALS);
}

static void test_an_address_that_is_not_proved_does_not_sign_in(void **state) {
  Rig *rig = *state;
  begin_signup(rig);
  assert_refused(login(rig, "anna@example.com", "a good password"), ERR_INVALID_CREDENTIALS);
}

static void test_the_sixth_wrong_password_in_fifteen_minutes_is_not_looked_at(void **state) {
  Rig *rig = *state;
  sign_up(rig);
  for (int i = 0; i < 5; i++)
    assert_refused(login(rig, "anna@example.com", "a wrong password"), ERR_INVALID_CREDENTIALS);
  assert_refused(login(rig, "anna@example.com", "a good password"), ERR_TOO_MANY_LOGIN_ATTEMPTS);
  rig_pass(rig, 15 * RIG_MINUTE_MS);
  assert_refused(login(rig, "anna@example.com", "a good password"), ERR_NONE);
  for (int i = 0; i < 5; i++)
    assert_refused(login(rig, "anna@example.com", "a wrong password"), ERR_INVALID_CREDENTIALS);
}

static void test_an_imported_bcrypt_hash_signs_in_and_is_replaced(void **state) {
  Rig *rig = *state;
  rig_run(rig,
          "UPDATE users SET email = 'old@example.com', email_confirmed_at = 1, password_hash ="
          " '$2b$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS' WHERE id = 1");
  assert_refused(login(rig, "old@example.com", "not the password"), ERR_INVALID_CREDENTIALS);
  assert_memory_equal(rig_text(rig, "SELECT password_hash FROM users WHERE id = 1"), "$2b$", 4);
  assert_refused(login(rig, "old@example.com", "correct horse battery"), ERR_NONE);
  assert_memory_equal(rig_text(rig, "SELECT password_hash FROM users WHERE id = 1"), "$argon2id$", 10);
  assert_refused(login(rig, "old@example.com", "correct horse battery"), ERR_NONE);
}

static void test_an_account_that_has_not_proved_its_address_is_taken_over_by_its_code(void **state) {
  Rig *rig = *state;
  rig_run(rig, "UPDATE users SET email = 'anna@example.com', password_hash = 'x' WHERE id = 1");
  Answer answer = sign_up(rig);
  assert_int_equal(answer.granted.user_id, 1);
  assert_refused(login(rig, "anna@example.com", "a good password"), ERR_NONE);
}

// Somebody signed in, as the door knows him.
static Identity signed_in(const Answer *answer) {
  return (Identity){.user_id = answer->granted.user_id, .sid = answer->granted.sid};
}

static void test_an_e_mail_is_added_to_an_account_by_its_code(void **state) {
  Rig *rig = *state;
  Identity bert = {.user_id = 2, .sid = STR("s")};
  assert_refused(rig_call(rig, &account_add_email, NULL, "{\"email\":\"bert@example.com\"}"), ERR_UNAUTHORIZED);
  assert_refused(rig_call(rig, &account_add_email, &bert, "{\"email\":\"bert@example.com\"}"), ERR_NONE);
  Text json = {.arena = &rig->arena};
  text_format(&json, "{\"otp\":\"%.*s\"}", STR_ARG(mailed_code(rig)));
  Identity anna = {.user_id = 1, .sid = STR("s")};
  assert_refused(rig_call(rig, &account_verify_email, &anna, rig_zero(rig, text_str(&json))), ERR_OTP_INVALID);
  assert_refused(rig_call(rig, &account_verify_email, &bert, rig_zero(rig, text_str(&json))), ERR_NONE);
  assert_string_equal(rig_text(rig, "SELECT email FROM users WHERE id = 2 AND email_confirmed_at IS NOT NULL"),
                      "bert@example.com");
  assert_refused(rig_call(rig, &account_add_email, &anna, "{\"email\":\"bert@example.com\"}"), ERR_USER_EXISTS);
}

static void test_an_account_has_one_e_mail(void **state) {
  Rig *rig = *state;
  Answer answer = sign_up(rig);
  Identity anna = signed_in(&answer);
  assert_refused(rig_call(rig, &account_add_email, &anna, "{\"email\":\"other@example.com\"}"), ERR_USER_EXISTS);
  // Of two codes that are under way one is good.
  Identity bert = {.user_id = 2, .sid = STR("s")};
  assert_refused(rig_call(rig, &account_add_email, &bert, "{\"email\":\"bert@example.com\"}"), ERR_NONE);
  Text json = {.arena = &rig->arena};
  text_format(&json, "{\"otp\":\"%.*s\"}", STR_ARG(mailed_code(rig)));
  rig_run(rig, "UPDATE users SET email = 'first@example.com', email_confirmed_at = 1 WHERE id = 2");
  assert_refused(rig_call(rig, &account_verify_email, &bert, rig_zero(rig, text_str(&json))), ERR_USER_EXISTS);
  assert_string_equal(rig_text(rig, "SELECT email FROM users WHERE id = 2"), "first@example.com");
}

static void test_codes_of_added_e_mails_are_guessed_a_hundred_times_from_one_address(void **state) {
  Rig *rig = *state;
  Identity bert = {.user_id = 2, .sid = STR("s")};
  const char *guess = "{\"otp\":\"000000\"}";
  for (int i = 0; i < 100; i++) assert_refused(rig_call(rig, &account_verify_email, &bert, guess), ERR_OTP_INVALID);
  assert_refused(rig_call(rig, &account_verify_email, &bert, guess), ERR_TOO_MANY_REQUESTS);
  rig_pass(rig, 15 * RIG_MINUTE_MS);
  assert_refused(rig_call(rig, &account_verify_email, &bert, guess), ERR_OTP_INVALID);
}

static void test_a_username_is_added_with_an_authenticator(void **state) {
  Rig *rig = *state;
  Answer answer = sign_up(rig);
  Identity who = signed_in(&answer);
  assert_refused(rig_call(rig, &account_add_username, &who, "{\"username\":\"x\"}"), ERR_INVALID_USERNAME);
  assert_refused(rig_call(rig, &account_add_username, &who, "{\"username\":\"anna\"}"), ERR_USER_ALREADY_EXISTS);
  assert_refused(rig_call(rig, &account_verify_username, &who, "{\"code\":\"123456\"}"),
                 ERR_REGISTRATION_NOT_IN_PROGRESS);
  Answer begun = rig_call(rig, &account_add_username, &who, "{\"username\":\"anna_k\"}");
  assert_refused(begun, ERR_NONE);
  assert_non_null(strstr(rig_zero(rig, begun.reply), "{\"qr_url\":\"otpauth://totp/SeatsSync%20anna_k?secret="));
  for (int i = 0; i < 3; i++) {
    assert_refused(rig_call(rig, &account_verify_username, &who, "{\"code\":\"x\"}"), ERR_INVALID_CODE);
  }
  assert_refused(rig_call(rig, &account_verify_username, &who, "{\"code\":\"x\"}"), ERR_TOO_MANY_VALIDATION_ATTEMPTS);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, venue_setup, invariants_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_a_code_is_six_digits_kept_as_a_hash_and_mailed),
      CASE(test_the_right_code_makes_a_confirmed_account_and_a_session_once),
      CASE(test_a_code_is_good_for_five_minutes),
      CASE(test_the_fifth_wrong_code_takes_it_away_and_a_new_one_may_be_asked_for),
      CASE(test_ten_codes_in_fifteen_minutes_go_to_one_address),
      CASE(test_codes_that_nobody_used_are_forgotten_a_little_at_a_time),
      CASE(test_who_signs_in_is_known_by_address_and_password),
      CASE(test_an_address_that_is_not_proved_does_not_sign_in),
      CASE(test_the_sixth_wrong_password_in_fifteen_minutes_is_not_looked_at),
      CASE(test_an_imported_bcrypt_hash_signs_in_and_is_replaced),
      CASE(test_an_account_that_has_not_proved_its_address_is_taken_over_by_its_code),
      CASE(test_an_e_mail_is_added_to_an_account_by_its_code),
      CASE(test_an_account_has_one_e_mail),
      CASE(test_codes_of_added_e_mails_are_guessed_a_hundred_times_from_one_address),
      CASE(test_a_username_is_added_with_an_authenticator),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
