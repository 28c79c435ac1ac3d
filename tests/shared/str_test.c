// Strings and the text builder: comparison, cutting, numbers both ways, UTF-8.
#include "shared/str.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static Arena arena;

static int forget(void **state) {
  (void)state;
  arena_free(&arena);
  return 0;
}

#define assert_str(actual, expected) assert_string_equal(str_zero(&arena, (actual)), (expected))

static void test_equality_looks_at_bytes_and_length(void **state) {
  (void)state;
  assert_true(str_equal(STR("hall"), STR("hall")));
  assert_false(str_equal(STR("hall"), STR("halls")));
  assert_false(str_equal(STR("hall"), STR("Hall")));
  assert_true(str_equal((Str){0}, STR("")));
  assert_true(str_equal(str_from(NULL), str_from("")));
  assert_true(str_equal_nocase(STR("Content-LENGTH"), STR("content-length")));
  assert_false(str_equal_nocase(STR("@"), STR("`")));
  assert_false(str_equal_nocase(STR("\xC3\x84"), STR("\xC3\xA4")));
}

static void test_order_is_that_of_bytes_with_the_prefix_first(void **state) {
  (void)state;
  assert_true(str_compare(STR("a"), STR("b")) < 0);
  assert_true(str_compare(STR("a"), STR("aa")) < 0);
  assert_true(str_compare(STR("b"), STR("aa")) > 0);
  assert_true(str_compare(STR("\x80"), STR("a")) > 0);
  assert_int_equal(str_compare(STR(""), (Str){0}), 0);
  assert_true(str_starts(STR("hall.subscribe"), STR("hall.")));
  assert_false(str_starts(STR("hall"), STR("hall.")));
}

static void test_cutting_gives_the_pieces_one_by_one(void **state) {
  (void)state;
  Str s = STR("a=1;;b");
  assert_str(str_cut(&s, ';'), "a=1");
  assert_str(str_cut(&s, ';'), "");
  assert_str(str_cut(&s, ';'), "b");
  assert_int_equal(s.length, 0);
  assert_str(str_cut(&s, ';'), "");
}

static void test_trimming_takes_ascii_white_space_only(void **state) {
  (void)state;
  assert_str(str_trim(STR(" \t\r\n a b \v\f")), "a b");
  assert_str(str_trim(STR("   ")), "");
  assert_str(str_trim(STR("\xC2\xA0x")), "\xC2\xA0x");
}

static void test_a_copy_ends_with_a_zero(void **state) {
  (void)state;
  Str copy = str_copy(&arena, (Str){"stalls", 4});
  assert_int_equal(copy.length, 4);
  assert_string_equal(copy.at, "stal");
}

static void test_integers_are_read_in_their_whole_range_and_nothing_else_is(void **state) {
  (void)state;
  int64_t value = 0;
  assert_true(str_to_int(STR("9223372036854775807"), &value));
  assert_true(value == INT64_MAX);
  assert_true(str_to_int(STR("-9223372036854775808"), &value));
  assert_true(value == INT64_MIN);
  assert_true(str_to_int(STR("007"), &value));
  assert_int_equal(value, 7);
  const char *refused[] = {"", "-", "+1", " 1", "1 ", "1.0", "0x1", "9223372036854775808", "-9223372036854775809"};
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    assert_false(str_to_int(str_from(refused[i]), &value));
  }
  assert_int_equal(value, 7);
}

static void test_doubles_are_read_in_decimal_form_only(void **state) {
  (void)state;
  double value = 0;
  assert_true(str_to_double(STR("-12.5e-1"), &value));
  assert_true(value > -1.26 && value < -1.24);
  const char *refused[] = {"", "-", "nan", "inf", "0x10", "1.", ".5", "1e", "1e+", " 1", "1 ", "1e999", "+1"};
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    assert_false(str_to_double(str_from(refused[i]), &value));
  }
}

static void test_integers_are_written_with_every_count_of_digits(void **state) {
  (void)state;
  const char *numbers[] = {"0", "7", "-7", "10", "99", "100", "-12345", "9223372036854775807", "-9223372036854775808"};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    int64_t value = 0;
    assert_true(str_to_int(str_from(numbers[i]), &value));
    Text text = {.arena = &arena};
    text_int(&text, value);
    assert_str(text_str(&text), numbers[i]);
  }
}

static void test_every_two_digits_are_written_right(void **state) {
  (void)state;
  for (int64_t value = -12000; value <= 12000; value++) {
    Text text = {.arena = &arena};
    text_int(&text, value);
    int64_t read = 0;
    assert_true(str_to_int(text_str(&text), &read));
    assert_int_equal(read, value);
    arena_reset(&arena);
  }
}

static void assert_double_text(double value, const char *expected) {
  Text text = {.arena = &arena};
  text_double(&text, value);
  assert_str(text_str(&text), expected);
}

static void test_doubles_are_written_shortest_and_read_back_the_same(void **state) {
  (void)state;
  assert_double_text(0.1, "0.1");
  assert_double_text(12.5, "12.5");
  assert_double_text(-3, "-3");
  assert_double_text(-0.125, "-0.125");
  assert_double_text(-12.25, "-12.25");
  assert_double_text(0.001, "0.001");
  assert_double_text(0.0005, "0.0005");
  assert_double_text(347.1, "347.1");
  assert_double_text(359.901, "359.901");
  assert_double_text(123456789.5, "123456789.5");
  assert_double_text(1e15, "1e+15");
  assert_double_text(0.1 + 0.2, "0.30000000000000004");
  assert_double_text(DBL_MAX, "1.7976931348623157e+308");
  assert_double_text((double)INFINITY, "0");
  assert_double_text((double)NAN, "0");
  srand(1);
  for (int i = 0; i < 2000; i++) {
    double value = (rand() - RAND_MAX / 2) / (rand() + 1.0);
    Text text = {.arena = &arena};
    text_double(&text, value);
    double read = 0;
    assert_true(str_to_double(text_str(&text), &read));
    assert_true(read == value);
  }
}

static void test_a_text_keeps_its_bytes_while_it_grows(void **state) {
  (void)state;
  Text text = {.arena = &arena};
  for (int i = 0; i < 20000; i++) {
    text_char(&text, (char)('a' + i % 26));
    if (i % 1000 == 0) arena_alloc(&arena, 10);
  }
  Str s = text_str(&text);
  assert_int_equal(s.length, 20000);
  for (size_t i = 0; i < s.length; i++) {
    assert_int_equal(s.at[i], 'a' + i % 26);
  }
}

static void test_formats_and_hexadecimal_are_appended(void **state) {
  (void)state;
  Text text = {.arena = &arena};
  text_format(&text, "%s-%d:", "row", 7);
  text_hex(&text, "\x00\xAF\xff", 3);
  assert_str(text_str(&text), "row-7:00afff");
}

static void test_well_formed_utf8_is_accepted(void **state) {
  (void)state;
  const char *accepted[] = {"",
                            "plain ascii, longer than eight bytes",
                            "\x7F",
                            "\xC2\x80",
                            "\xDF\xBF",
                            "\xE0\xA0\x80",
                            "\xED\x9F\xBF",
                            "\xEE\x80\x80",
                            "\xEF\xBF\xBF",
                            "\xF0\x90\x80\x80",
                            "\xF4\x8F\xBF\xBF",
                            "12345678\xE2\x82\xAC"
                            "12345678"};
  for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) {
    assert_true(str_is_utf8(str_from(accepted[i])));
  }
  assert_true(str_is_utf8((Str){"a\0b", 3}));
}

static void test_overlong_forms_surrogates_and_torn_sequences_are_no_utf8(void **state) {
  (void)state;
  const char *refused[] = {"\x80",         "\xC0\x80",         "\xC1\xBF",         "\xC2",
                           "\xC2\x41",     "\xE0\x80\x80",     "\xE0\x9F\xBF",     "\xE2\x82",
                           "\xED\xA0\x80", "\xED\xBF\xBF",     "\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF",
                           "\xF0\x90\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFE",
                           "\xFF",         "12345678\xFF"};
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    assert_false(str_is_utf8(str_from(refused[i])));
  }
}

static void test_code_points_are_counted_not_bytes(void **state) {
  (void)state;
  assert_int_equal(str_code_points(STR("")), 0);
  assert_int_equal(str_code_points(STR("K\xC3\xB6ln")), 4);
  assert_int_equal(str_code_points(STR("\xF0\x9F\x8E\xAD\xE2\x82\xAC")), 2);
}

static void test_a_hash_depends_on_every_byte(void **state) {
  (void)state;
  assert_true(str_hash(STR("hall:1")) != str_hash(STR("hall:2")));
  assert_true(str_hash(STR("hall:1")) == str_hash(STR("hall:1")));
  assert_true(str_hash(STR("ab")) != str_hash(STR("ba")));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(test_equality_looks_at_bytes_and_length, forget),
      cmocka_unit_test_teardown(test_order_is_that_of_bytes_with_the_prefix_first, forget),
      cmocka_unit_test_teardown(test_cutting_gives_the_pieces_one_by_one, forget),
      cmocka_unit_test_teardown(test_trimming_takes_ascii_white_space_only, forget),
      cmocka_unit_test_teardown(test_a_copy_ends_with_a_zero, forget),
      cmocka_unit_test_teardown(test_integers_are_read_in_their_whole_range_and_nothing_else_is, forget),
      cmocka_unit_test_teardown(test_doubles_are_read_in_decimal_form_only, forget),
      cmocka_unit_test_teardown(test_integers_are_written_with_every_count_of_digits, forget),
      cmocka_unit_test_teardown(test_every_two_digits_are_written_right, forget),
      cmocka_unit_test_teardown(test_doubles_are_written_shortest_and_read_back_the_same, forget),
      cmocka_unit_test_teardown(test_a_text_keeps_its_bytes_while_it_grows, forget),
      cmocka_unit_test_teardown(test_formats_and_hexadecimal_are_appended, forget),
      cmocka_unit_test_teardown(test_well_formed_utf8_is_accepted, forget),
      cmocka_unit_test_teardown(test_overlong_forms_surrogates_and_torn_sequences_are_no_utf8, forget),
      cmocka_unit_test_teardown(test_code_points_are_counted_not_bytes, forget),
      cmocka_unit_test_teardown(test_a_hash_depends_on_every_byte, forget),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
