// People and their sessions in the tables.
#include "models/user.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "support/venue.h"

static void test_names(void **state) {
  static const char *const good[] = {"abc", "A-_9", "12345678901234567890123456789012"};
  static const char *const bad[] = {"",       "ab",         "123456789012345678901234567890123", "a b", "a.b",
                                    "anna\n", "\xc3\xa4nna"};
  (void)state;
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) assert_true(user_name_valid(str_from(good[i])));
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) assert_false(user_name_valid(str_from(bad[i])));
  assert_false(user_name_valid((Str){"ann\0a", 5}));
}

static void test_a_person_is_found_by_the_exact_name(void **state) {
  Rig *rig = *state;
  User user;
  assert_true(user_find(rig->db, &rig->arena, STR("anna"), &user));
  assert_int_equal(user.id, 1);
  assert_int_equal(user.totp_secret.length, 20);
  assert_false(user.staff);
  assert_false(user_find(rig->db, &rig->arena, STR("Anna"), &user));
  assert_true(user_find(rig->db, &rig->arena, STR("sten"), &user));
  assert_true(user.staff);
  assert_int_equal(user.totp_secret.length, 0);
  assert_true(user_is_staff(rig->db, 3));
  assert_false(user_is_staff(rig->db, 1));
  assert_false(user_is_staff(rig->db, 99));
  assert_false(user_set_role(rig->db, STR("nobody"), true, 0));
}

static void test_who_has_proved_an_email_is_given_a_role_by_it(void **state) {
  Rig *rig = *state;
  rig_run(rig, "UPDATE users SET email = 'anna@example.org' WHERE id = 1");
  assert_false(user_set_role(rig->db, STR("anna@example.org"), true, 0));
  rig_run(rig, "UPDATE users SET email_confirmed_at = 1 WHERE id = 1");
  assert_true(user_set_role(rig->db, STR("anna@example.org"), true, 0));
  assert_true(user_is_staff(rig->db, 1));
  assert_true(user_set_role(rig->db, STR("anna@example.org"), false, 0));
  assert_false(user_is_staff(rig->db, 1));
}

static void test_a_step_is_used_once_and_none_before_it(void **state) {
  Rig *rig = *state;
  assert_true(user_use_step(rig->db, 1, 100, 5));
  assert_false(user_use_step(rig->db, 1, 100, 6));
  assert_false(user_use_step(rig->db, 1, 99, 6));
  assert_true(user_use_step(rig->db, 1, 101, 7));
  assert_false(user_use_step(rig->db, 99, 101, 7));
}

static void test_a_name_is_given_once(void **state) {
  Rig *rig = *state;
  db_call_begin(rig->db);
  assert_int_equal(user_add(rig->db, STR("0000000000000000000000ff"), STR("anna"), (Str){0}, 0, 5), 0);
  assert_true(db_failed(rig->db));
  db_call_end(rig->db, false);
}

static void test_a_new_secret_uses_the_phrase_up(void **state) {
  Rig *rig = *state;
  User user;
  user_set_phrase(rig->db, 1, STR("hash"), 5);
  assert_true(user_find(rig->db, &rig->arena, STR("anna"), &user));
  assert_true(str_equal(user.recovery_phrase, STR("hash")));
  user_replace_secret(rig->db, 1, STR("new"), 77, 6);
  assert_true(user_find(rig->db, &rig->arena, STR("anna"), &user));
  assert_true(str_equal(user.totp_secret, STR("new")));
  assert_int_equal(user.totp_step, 77);
  assert_int_equal(user.recovery_phrase.length, 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, venue_setup, venue_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_names),
      CASE(test_who_has_proved_an_email_is_given_a_role_by_it),
      CASE(test_a_person_is_found_by_the_exact_name),
      CASE(test_a_step_is_used_once_and_none_before_it),
      CASE(test_a_name_is_given_once),
      CASE(test_a_new_secret_uses_the_phrase_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
