// Accounts at the messenger door, with the clock turned on between the steps. Couriers there are none: what they would
// do is done by hand in `outbox`.
#include "methods/messenger_account.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "methods/account.h"
#include "methods/messenger_session.h"
#include "methods/person.h"
#include "support/invariants.h"
#include "support/venue.h"

enum { DAY_MS = 24 * RIG_HOUR_MS };

static const char sign_up_json[] =
    "{\"name\":\"Carl\",\"email\":\" Carl@Example.com\",\"password\":\"a good password\"}";
static const char login_json[] =
    "{\"email\":\"carl@example.com\",\"password\":\"a good password\",\"os\":\"o\",\"browser\":\"b\"}";

// The input of who follows the last link that was mailed, with more members behind it.
static const char *link_json(Rig *rig, const char *more) {
  Str path = str_from(
      rig_text(rig, "SELECT json_extract(payload, '$.args.path') FROM outbox WHERE kind = 'mail' ORDER BY id DESC"));
  str_cut(&path, '=');
  Str id = str_cut(&path, '&');
  str_cut(&path, '=');
  Text json = {.arena = &rig->arena};
  text_format(&json, "{\"id\":%.*s,\"token\":\"%.*s\"%s}", STR_ARG(id), STR_ARG(path), more);
  return rig_zero(rig, text_str(&json));
}

static void sign_up(Rig *rig) {
  Answer answer = rig_call(rig, &messenger_sign_up, NULL, sign_up_json);
  assert_refused(answer, ERR_NONE);
  assert_true(str_starts(answer.waits_for, STR("mail:link:")));
}

static void confirm(Rig *rig) {
  assert_refused(rig_call(rig, &messenger_follow_confirm, NULL, link_json(rig, "")), ERR_NONE);
}

// The mail that was recorded last is given up.
static void lose_mail(Rig *rig) {
  Text json = {.arena = &rig->arena};
  text_format(&json, "{\"lost\":\"%s\"}", rig_text(rig, "SELECT key FROM outbox ORDER BY id DESC"));
  assert_refused(rig_call(rig, &messenger_mail_over, NULL, rig_zero(rig, text_str(&json))), ERR_NONE);
}

static void test_an_account_is_there_at_once_and_signs_in_when_its_link_was_followed(void **state) {
  Rig *rig = *state;
  sign_up(rig);
  assert_refused(rig_call(rig, &messenger_login, NULL, login_json), ERR_EMAIL_NOT_CONFIRMED);
  Answer again = rig_call(rig, &messenger_sign_up, NULL, sign_up_json);
  assert_refused(again, ERR_EMAIL_IN_USE);
  assert_string_equal(rig_zero(rig, again.reply), "Email  Carl@Example.com already in use");
  rig_pass(rig, 400 * (int64_t)DAY_MS);
  confirm(rig);
  assert_refused(rig_call(rig, &messenger_login, NULL, login_json), ERR_NONE);
}

static void test_a_token_is_kept_as_its_hash(void **state) {
  Rig *rig = *state;
  sign_up(rig);
  const char *hash = rig_text(rig, "SELECT token_hash FROM mailed_links");
  assert_int_equal(strlen(hash), 64);
  assert_null(strstr(link_json(rig, ""), hash));
}

static void test_a_mail_that_is_given_up_takes_its_account_back(void **state) {
  Rig *rig = *state;
  sign_up(rig);
  lose_mail(rig);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM mailed_links"), 0);
  assert_refused(rig_call(rig, &messenger_check_email, NULL, "{\"email\":\"carl@example.com\"}"), ERR_NONE);
  sign_up(rig);
  confirm(rig);
  lose_mail(rig);  // it had come all the same
  assert_refused(rig_call(rig, &messenger_login, NULL, login_json), ERR_NONE);
}

static void test_a_link_for_a_new_password_is_good_for_a_day_and_confirms_the_address(void **state) {
  Rig *rig = *state;
  static const char new_password[] = ",\"newPassword\":\"a good password\"";
  sign_up(rig);
  const char *asked = "{\"email\":\"CARL@example.com\"}";
  assert_refused(rig_call(rig, &messenger_ask_reset, NULL, asked), ERR_NONE);
  rig_pass(rig, DAY_MS);
  assert_refused(rig_call(rig, &messenger_follow_reset, NULL, link_json(rig, new_password)), ERR_RESET_LINK_INVALID);
  assert_refused(rig_call(rig, &messenger_ask_reset, NULL, asked), ERR_NONE);
  rig_pass(rig, DAY_MS - 1);
  assert_refused(rig_call(rig, &messenger_follow_reset, NULL, link_json(rig, new_password)), ERR_NONE);
  assert_refused(rig_call(rig, &messenger_login, NULL, login_json), ERR_NONE);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM mailed_links"), 0);
}

static void test_links_that_are_over_go_with_the_next_that_are_mailed(void **state) {
  Rig *rig = *state;
  sign_up(rig);
  assert_refused(rig_call(rig, &messenger_ask_reset, NULL, "{\"email\":\"carl@example.com\"}"), ERR_NONE);
  rig_pass(rig, DAY_MS - 1);
  const char *dora = "{\"name\":\"Dora\",\"email\":\"dora@example.com\",\"password\":\"a good password\"}";
  assert_refused(rig_call(rig, &messenger_sign_up, NULL, dora), ERR_NONE);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM mailed_links WHERE kind = 'reset'"), 1);
  rig_pass(rig, 1);
  assert_refused(rig_call(rig, &messenger_ask_reset, NULL, "{\"email\":\"dora@example.com\"}"), ERR_NONE);
  const char *left = rig_text(rig,
                              "SELECT group_concat(link, ', ') FROM (SELECT u.name || ' ' || l.kind AS link FROM"
                              " mailed_links l JOIN users u ON u.id = l.user_id ORDER BY link) links");
  assert_string_equal(left, "Carl confirm, Dora confirm, Dora reset");
}

static void test_ten_links_in_a_quarter_of_an_hour_go_to_one_address(void **state) {
  Rig *rig = *state;
  sign_up(rig);
  for (int i = 0; i < 15; i++) {
    assert_refused(rig_call(rig, &messenger_ask_reset, NULL, "{\"email\":\"carl@example.com\"}"), ERR_NONE);
  }
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM outbox WHERE key LIKE 'link:%:reset:%'"), 10);
}

static void test_the_eleventh_wrong_password_of_who_is_signed_in_is_not_looked_at(void **state) {
  Rig *rig = *state;
  sign_up(rig);
  confirm(rig);
  Answer signed_in = rig_call(rig, &messenger_login, NULL, login_json);
  Identity who = {.user_id = signed_in.granted.user_id, .sid = signed_in.granted.sid};
  for (int i = 0; i < 10; i++) {
    assert_refused(rig_call(rig, &messenger_delete_account, &who, "{\"password\":\"wrong\"}"), ERR_WRONG_PASSWORD);
  }
  const char *right = "{\"password\":\"a good password\"}";
  assert_refused(rig_call(rig, &messenger_delete_account, &who, right), ERR_TOO_MANY_REQUESTS);
  rig_pass(rig, 15 * RIG_MINUTE_MS);
  assert_refused(rig_call(rig, &messenger_delete_account, &who, right), ERR_NONE);
  assert_refused(rig_call(rig, &messenger_login, NULL, login_json), ERR_INVALID_CREDENTIALS);
}

// The count of tries keeps the address.
static void test_an_address_that_is_too_long_for_anybody_is_refused_and_not_remembered(void **state) {
  Rig *rig = *state;
  Text json = {.arena = &rig->arena};
  text_format(&json, "{\"email\":\"%0255d\",\"password\":\"p\",\"os\":\"o\",\"browser\":\"b\"}", 0);
  for (int i = 0; i < 15; i++) {
    assert_refused(rig_call(rig, &messenger_login, NULL, rig_zero(rig, text_str(&json))), ERR_INVALID_CREDENTIALS);
  }
}

static void test_a_number_that_is_nobodys_has_no_refresh_token(void **state) {
  Rig *rig = *state;
  static const char *const numbers[] = {"0", "-1", "1.5", "4294967296", "1e300"};
  static const char *const others[] = {"\"1\"", "null", "true", "1e999"};
  Text json = {.arena = &rig->arena};
  for (int i = 0; i < 9; i++) {
    json.length = 0;
    text_format(&json, "{\"userID\":%s,\"refreshToken\":\"t\",\"os\":\"o\",\"browser\":\"b\"}",
                i < 5 ? numbers[i] : others[i - 5]);
    Answer answer = rig_call(rig, &messenger_refresh, NULL, rig_zero(rig, text_str(&json)));
    assert_refused(answer, i < 5 ? ERR_INVALID_REFRESH_TOKEN : ERR_VALIDATION);
  }
}

// Asks; between the look at the password's hash and the work of comparing it another one is set.
static Answer ask_while_password_changes(Rig *rig, const Method *method, const Identity *who, const char *json) {
  return rig_call_while(
      rig, method, who, json,
      "UPDATE users SET bio = password_hash, password_hash = 'of another' WHERE email = 'carl@example.com'");
}

static void test_a_password_that_is_replaced_while_it_is_compared_opens_nothing(void **state) {
  Rig *rig = *state;
  sign_up(rig);
  confirm(rig);
  Answer signed_in = rig_call(rig, &messenger_login, NULL, login_json);
  Identity who = {.user_id = signed_in.granted.user_id, .sid = signed_in.granted.sid};
  const struct {
    const Method *method;
    const char *json;
  } ways[] = {
      {&messenger_change_password, "{\"oldPassword\":\"a good password\",\"newPassword\":\"a better password\"}"},
      {&messenger_change_email, "{\"password\":\"a good password\",\"newEmail\":\"new@example.com\"}"},
      {&messenger_delete_account, "{\"password\":\"a good password\"}"},
  };
  for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
    assert_refused(ask_while_password_changes(rig, ways[i].method, &who, ways[i].json), ERR_WRONG_PASSWORD);
    assert_string_equal(rig_text(rig, "SELECT password_hash FROM users WHERE email = 'carl@example.com'"),
                        "of another");
    rig_run(rig, "UPDATE users SET password_hash = bio WHERE email = 'carl@example.com'");
  }
  const struct {
    const Method *method;
    const char *json;
  } doors[] = {
      {&messenger_login, login_json},
      {&account_login, "{\"email\":\"carl@example.com\",\"password\":\"a good password\"}"},
  };
  for (size_t i = 0; i < sizeof doors / sizeof doors[0]; i++) {
    Answer late = ask_while_password_changes(rig, doors[i].method, NULL, doors[i].json);
    assert_refused(late, ERR_INVALID_CREDENTIALS);
    assert_int_equal(late.granted.user_id, 0);
    assert_string_equal(rig_text(rig, "SELECT password_hash FROM users WHERE email = 'carl@example.com'"),
                        "of another");
    rig_run(rig, "UPDATE users SET password_hash = bio WHERE email = 'carl@example.com'");
  }
}

static void test_what_many_names_contain_is_found_in_their_order(void **state) {
  Rig *rig = *state;
  rig_run(rig,
          "WITH RECURSIVE n(i) AS (SELECT 10000 UNION ALL SELECT i + 1 FROM n WHERE i < 12999)"
          " INSERT INTO users(id, public_id, name, created_at, updated_at)"
          " SELECT i, printf('%024x', i), 'Visitor ' || i, 0, 0 FROM n");
  Answer many = rig_call(rig, &person_search, &venue_anna, "{\"name\":\"ISIT\"}");
  const Json *found = json_parse(&rig->arena, many.reply, NULL);
  assert_int_equal(json_count(found), 50);
  int64_t id;
  assert_true(json_int(json_get(json_first(found), "id"), &id));
  assert_int_equal(id, 10000);
  assert_reply(rig, rig_call(rig, &person_search, &venue_anna, "{\"name\":\"r 12345\"}"),
               "[{\"name\":\"Visitor 12345\",\"id\":12345}]");
  assert_reply(rig, rig_call(rig, &person_search, &venue_anna, "{\"name\":\"anna\"}"), "[]");  // oneself
}

// To make so many letters small ones would take minutes.
static void test_what_is_longer_than_any_name_is_in_none_and_costs_nothing(void **state) {
  Rig *rig = *state;
  enum { LETTERS = 300000 };
  Text json = {.arena = &rig->arena};
  text_add(&json, STR("{\"name\":\""));
  for (int i = 0; i < LETTERS; i++) text_char(&json, 'n');
  text_add(&json, STR("\"}"));
  assert_reply(rig, rig_call(rig, &person_search, &venue_anna, rig_zero(rig, text_str(&json))), "[]");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, venue_setup, invariants_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_an_account_is_there_at_once_and_signs_in_when_its_link_was_followed),
      CASE(test_a_token_is_kept_as_its_hash),
      CASE(test_a_mail_that_is_given_up_takes_its_account_back),
      CASE(test_a_link_for_a_new_password_is_good_for_a_day_and_confirms_the_address),
      CASE(test_links_that_are_over_go_with_the_next_that_are_mailed),
      CASE(test_ten_links_in_a_quarter_of_an_hour_go_to_one_address),
      CASE(test_the_eleventh_wrong_password_of_who_is_signed_in_is_not_looked_at),
      CASE(test_an_address_that_is_too_long_for_anybody_is_refused_and_not_remembered),
      CASE(test_a_number_that_is_nobodys_has_no_refresh_token),
      CASE(test_a_password_that_is_replaced_while_it_is_compared_opens_nothing),
      CASE(test_what_many_names_contain_is_found_in_their_order),
      CASE(test_what_is_longer_than_any_name_is_in_none_and_costs_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
