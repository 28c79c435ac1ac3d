// Passwords at rest.
#include "core/password.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static Arena arena;

static int end(void **state) {
  (void)state;
  arena_free(&arena);
  return 0;
}

static void test_a_password_matches_its_own_hash_and_no_other(void **state) {
  (void)state;
  Env env = env_system();
  Str hash, again;
  assert_int_equal(password_hash(&arena, &env, STR("correct horse"), &hash), ERR_NONE);
  assert_int_equal(password_hash(&arena, &env, STR("correct horse"), &again), ERR_NONE);
  assert_true(str_starts(hash, STR("$argon2id$v=19$m=19456,t=2,p=1$")));
  assert_false(str_equal(hash, again));
  assert_true(password_matches(&arena, hash, STR("correct horse")));
  assert_false(password_matches(&arena, hash, STR("correct horsf")));
  assert_false(password_matches(&arena, hash, STR("")));
  assert_true(password_is_ours(hash));
}

static void test_a_hash_of_the_reference_implementation_matches(void **state) {
  (void)state;
  // echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1, of the reference's own tests
  Str hash = STR("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc");
  assert_true(password_matches(&arena, hash, STR("password")));
  assert_false(password_matches(&arena, hash, STR("passwore")));
}

static void test_bcrypt_of_imported_accounts_matches_and_is_not_ours(void **state) {
  (void)state;
  // A vector of the original implementation.
  Str hash = STR("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW");
  assert_true(password_matches(&arena, hash, STR("U*U")));
  assert_false(password_matches(&arena, hash, STR("U*V")));
  assert_false(password_is_ours(hash));
}

static void test_no_hash_and_a_broken_one_match_nothing(void **state) {
  (void)state;
  assert_false(password_matches(&arena, (Str){0}, STR("")));
  assert_false(password_matches(&arena, STR("$argon2id$v=19$m=1"), STR("a")));
  assert_false(password_matches(&arena, STR("$2a$nothing"), STR("a")));
  assert_false(password_matches(&arena, STR("plain"), STR("plain")));
}

#define CASE(test) cmocka_unit_test_teardown(test, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_a_password_matches_its_own_hash_and_no_other),
      CASE(test_a_hash_of_the_reference_implementation_matches),
      CASE(test_bcrypt_of_imported_accounts_matches_and_is_not_ours),
      CASE(test_no_hash_and_a_broken_one_match_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
