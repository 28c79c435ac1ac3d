// Times around leap days, the ends of the calendar and before 1970; the machine's clock and dice.
#include "shared/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void assert_iso(int64_t time_ms, const char *expected) {
  char text[TIME_ISO_BYTES + 1];
  memset(text, 'x', sizeof text);
  time_iso(time_ms, text);
  assert_int_equal(text[TIME_ISO_BYTES], 'x');
  text[TIME_ISO_BYTES] = 0;
  assert_string_equal(text, expected);
}

static void assert_http(int64_t time_ms, const char *expected) {
  char text[TIME_HTTP_BYTES + 1];
  memset(text, 'x', sizeof text);
  time_http(time_ms, text);
  assert_int_equal(text[TIME_HTTP_BYTES], 'x');
  text[TIME_HTTP_BYTES] = 0;
  assert_string_equal(text, expected);
}

static void test_the_epoch_and_the_milliseconds_around_it(void **state) {
  (void)state;
  assert_iso(0, "1970-01-01T00:00:00.000Z");
  assert_iso(1, "1970-01-01T00:00:00.001Z");
  assert_iso(-1, "1969-12-31T23:59:59.999Z");
  assert_iso(-86400000, "1969-12-31T00:00:00.000Z");
}

static void test_leap_days_follow_the_gregorian_rule(void **state) {
  (void)state;
  assert_iso(1709164799999, "2024-02-28T23:59:59.999Z");
  assert_iso(1709164800000, "2024-02-29T00:00:00.000Z");
  assert_iso(1709251200000, "2024-03-01T00:00:00.000Z");
  assert_iso(1740787199999, "2025-02-28T23:59:59.999Z");
  assert_iso(1740787200000, "2025-03-01T00:00:00.000Z");
  assert_iso(951782400000, "2000-02-29T00:00:00.000Z");
  assert_iso(4107542399999, "2100-02-28T23:59:59.999Z");
  assert_iso(4107542400000, "2100-03-01T00:00:00.000Z");
}

static void test_times_outside_the_years_0_to_9999_are_clamped(void **state) {
  (void)state;
  assert_iso(-62167219200000, "0000-01-01T00:00:00.000Z");
  assert_iso(253402300799999, "9999-12-31T23:59:59.999Z");
  assert_iso(INT64_MIN, "0000-01-01T00:00:00.000Z");
  assert_iso(INT64_MAX, "9999-12-31T23:59:59.999Z");
}

static void test_the_http_form_names_the_day_of_the_week(void **state) {
  (void)state;
  assert_http(0, "Thu, 01 Jan 1970 00:00:00 GMT");
  assert_http(784111777000, "Sun, 06 Nov 1994 08:49:37 GMT");
  assert_http(1795244400000, "Sat, 21 Nov 2026 07:00:00 GMT");
  assert_http(-62167219200000, "Sat, 01 Jan 0000 00:00:00 GMT");
}

static void test_every_day_of_four_centuries_agrees_with_the_c_library(void **state) {
  (void)state;
  for (int64_t day = -10000; day < 146097 - 10000; day++) {
    time_t second = (time_t)(day * 86400 + (day & 1023) * 84);
    struct tm parts;
    gmtime_r(&second, &parts);
    char expected[64];
    strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S.000Z", &parts);
    assert_iso((int64_t)second * 1000, expected);
    strftime(expected, sizeof expected, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    assert_http((int64_t)second * 1000, expected);
  }
}

static void test_the_system_clock_is_the_wall_clock_and_its_dice_differ(void **state) {
  (void)state;
  Env env = env_system();
  int64_t before_ms = (int64_t)time(NULL) * 1000;
  int64_t now_ms = env.now_ms(env.state);
  assert_true(now_ms >= before_ms - 1000 && now_ms <= before_ms + 60000);
  char first[32] = {0};
  char second[32] = {0};
  env.random(env.state, first, sizeof first);
  env.random(env.state, second, sizeof second);
  assert_memory_not_equal(first, second, sizeof first);
}

static void test_what_is_written_reads_back(void **state) {
  (void)state;
  for (int64_t time_ms = -62167219200000; time_ms < 253402300799999; time_ms += 86399999 * 7) {
    char text[TIME_ISO_BYTES];
    int64_t read_ms = 1;
    time_iso(time_ms, text);
    assert_true(time_from_iso((Str){text, sizeof text}, &read_ms));
    assert_true(read_ms == time_ms);
  }
}

static void test_moments_are_read_in_the_forms_people_write(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int64_t time_ms;
  } moments[] = {
      {"2026-11-21T07:00Z", 1795244400000},         {"2026-11-21T07:00:00Z", 1795244400000},
      {"2026-11-21T12:30+05:30", 1795244400000},    {"2026-11-20T23:00:00.250-08:00", 1795244400250},
      {"2026-11-21T07:00:00.5Z", 1795244400500},    {"2024-02-29T00:00Z", 1709164800000},
      {"2026-11-21T07:00:00.1234Z", 1795244400123},
  };
  static const char *const wrong[] = {"",
                                      "2026-11-21",
                                      "2026-11-21T07:00",
                                      "2026-02-29T00:00Z",
                                      "2026-04-31T00:00Z",
                                      "2026-13-01T00:00Z",
                                      "2026-11-21T24:00Z",
                                      "2026-11-21T07:60Z",
                                      "2026-11-21T07:00:61Z",
                                      "2026-11-21T07:00:00.Z",
                                      "2026-11-21T07:00Z ",
                                      "2026-11-21 07:00Z",
                                      "2026-11-21T07:00+24:00",
                                      "2026-00-10T07:00Z"};
  for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
    int64_t time_ms = 0;
    assert_true(time_from_iso(str_from(moments[i].text), &time_ms));
    assert_true(time_ms == moments[i].time_ms);
  }
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    int64_t time_ms;
    assert_false(time_from_iso(str_from(wrong[i]), &time_ms));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_epoch_and_the_milliseconds_around_it),
      cmocka_unit_test(test_leap_days_follow_the_gregorian_rule),
      cmocka_unit_test(test_times_outside_the_years_0_to_9999_are_clamped),
      cmocka_unit_test(test_the_http_form_names_the_day_of_the_week),
      cmocka_unit_test(test_every_day_of_four_centuries_agrees_with_the_c_library),
      cmocka_unit_test(test_the_system_clock_is_the_wall_clock_and_its_dice_differ),
      cmocka_unit_test(test_what_is_written_reads_back),
      cmocka_unit_test(test_moments_are_read_in_the_forms_people_write),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
