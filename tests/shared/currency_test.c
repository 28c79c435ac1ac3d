// Sums of currencies with two digits behind the point, none, and three.
#include "shared/currency.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared/arena.h"

static void assert_read(const char *text, const char *code, int64_t minor) {
  int64_t read = -1;
  assert_true(currency_read(str_from(text), str_from(code), &read));
  assert_int_equal(read, minor);
}

static void assert_not_read(const char *text, const char *code) {
  int64_t read = -1;
  assert_false(currency_read(str_from(text), str_from(code), &read));
}

static void test_a_sum_is_read_with_as_many_digits_as_its_currency_has(void **state) {
  (void)state;
  assert_read("1200", "inr", 120000);
  assert_read("49.9", "inr", 4990);
  assert_read("49.90", "eur", 4990);
  assert_read("5000", "jpy", 5000);
  assert_read("5000", "krw", 5000);
  assert_read("1.2", "bhd", 1200);
  assert_read("1.234", "kwd", 1234);
  assert_read("0", "jpy", 0);
  assert_read("1000000000", "bhd", INT64_C(1000000000000));
  assert_not_read("49.901", "inr");
  assert_not_read("5000.5", "jpy");
  assert_not_read("5000.", "jpy");
  assert_not_read("1.2345", "bhd");
  static const char *const no_sums[] = {"", ".", "-1", "1.-5", "1.2.3", "x", "1000000001", "1,5"};
  for (size_t i = 0; i < sizeof no_sums / sizeof no_sums[0]; i++) assert_not_read(no_sums[i], "inr");
}

static void assert_written(int64_t minor, const char *code, const char *wanted) {
  Arena arena = {0};
  Text text = {.arena = &arena};
  currency_write(&text, minor, str_from(code));
  assert_string_equal(str_zero(&arena, text_str(&text)), wanted);
  arena_free(&arena);
}

static void test_a_sum_is_written_with_all_its_digits(void **state) {
  (void)state;
  assert_written(120000, "inr", "1200.00 INR");
  assert_written(5, "eur", "0.05 EUR");
  assert_written(5000, "jpy", "5000 JPY");
  assert_written(1005, "bhd", "1.005 BHD");
}

static void test_providers_take_some_currencies_in_larger_steps(void **state) {
  (void)state;
  assert_int_equal(currency_step(STR("inr")), 1);
  assert_int_equal(currency_step(STR("jpy")), 1);
  assert_int_equal(currency_step(STR("kwd")), 10);
  assert_int_equal(currency_step(STR("isk")), 100);
  assert_int_equal(currency_step(STR("ugx")), 100);
  assert_int_equal(currency_units(STR("isk")), 100);
}

static void test_a_code_has_three_small_letters(void **state) {
  (void)state;
  assert_true(currency_is_code(STR("inr")));
  assert_false(currency_is_code(STR("INR")));
  assert_false(currency_is_code(STR("in")));
  assert_false(currency_is_code(STR("y k")));
  assert_int_equal(currency_units(STR("y b")), 100);  // no part of the tables
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_sum_is_read_with_as_many_digits_as_its_currency_has),
      cmocka_unit_test(test_a_sum_is_written_with_all_its_digits),
      cmocka_unit_test(test_providers_take_some_currencies_in_larger_steps),
      cmocka_unit_test(test_a_code_has_three_small_letters),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
