// What is remembered for a while: counters with their windows, values with their ends, and the bar on how many.
#include "core/fast.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>
#include <uv.h>

static Arena arena;
static Fast *fast;

static int begin(void **state) {
  (void)state;
  fast = fast_new();
  return fast == NULL;
}

static int end(void **state) {
  (void)state;
  fast_free(fast);
  arena_free(&arena);
  return 0;
}

static const char *get(Str key, int64_t now_ms) {
  Str value;
  return fast_get(fast, key, now_ms, &arena, &value) ? str_zero(&arena, value) : "(none)";
}

static void test_a_counter_ends_when_its_window_does_counted_from_the_first(void **state) {
  (void)state;
  assert_int_equal(fast_count(fast, STR("tries"), 1, 100, 1000), 1);
  assert_int_equal(fast_count(fast, STR("tries"), 1, 100, 1050), 2);
  assert_int_equal(fast_count(fast, STR("tries"), 1, 100, 1099), 3);
  assert_int_equal(fast_count(fast, STR("tries"), 1, 100, 1100), 1);
  assert_int_equal(fast_count(fast, STR("other"), 5, 100, 1100), 5);
}

static void test_asking_for_a_count_begins_no_window(void **state) {
  (void)state;
  assert_int_equal(fast_count(fast, STR("tries"), 0, 100, 1000), 0);
  assert_int_equal(fast_count(fast, STR("tries"), 1, 100, 1090), 1);
  assert_int_equal(fast_count(fast, STR("tries"), 0, 100, 1189), 1);
  assert_int_equal(fast_count(fast, STR("tries"), 0, 100, 1190), 0);
  assert_int_equal(fast_count(fast, STR("tries"), 1, 100, 1195), 1);
}

static void test_a_value_is_there_until_its_time(void **state) {
  (void)state;
  fast_put(fast, STR("candidate:anna"), STR("secret"), 2000);
  assert_string_equal(get(STR("candidate:anna"), 1999), "secret");
  assert_string_equal(get(STR("candidate:anna"), 2000), "(none)");
  assert_string_equal(get(STR("candidate:ann"), 0), "(none)");
  fast_put(fast, STR("candidate:anna"), STR(""), 3000);
  assert_string_equal(get(STR("candidate:anna"), 2500), "");
  fast_remove(fast, STR("candidate:anna"));
  fast_remove(fast, STR("candidate:anna"));
  assert_string_equal(get(STR("candidate:anna"), 0), "(none)");
}

static void test_an_hour_back_of_the_clock_keeps_what_is_known(void **state) {
  (void)state;
  fast_put(fast, STR("candidate"), STR("secret"), 5000);
  assert_int_equal(fast_count(fast, STR("tries"), 1, 100, 4000), 1);
  assert_int_equal(fast_count(fast, STR("tries"), 1, 100, 400), 2);
  assert_string_equal(get(STR("candidate"), 100), "secret");
}

static Str numbered(char *room, size_t bytes, int number) {
  return (Str){room, (size_t)snprintf(room, bytes, "key:%d", number)};
}

static void test_a_flood_of_keys_leaves_the_newest_there(void **state) {
  (void)state;
  enum { FLOOD = 202000, SAMPLE = 50 };
  char room[32];
  for (int i = 0; i < FLOOD; i++) {
    fast_count(fast, numbered(room, sizeof room, i), 1, 1000000, 1000);
  }
  assert_int_equal(fast_count(fast, numbered(room, sizeof room, FLOOD - 1), 0, 1000000, 1000), 1);
  int known = 0;
  for (int i = 0; i < FLOOD; i += SAMPLE)
    known += fast_count(fast, numbered(room, sizeof room, i), 0, 1000000, 1000) > 0;
  assert_in_range(known, 150000 / SAMPLE, FLOOD / SAMPLE - 1);
}

typedef struct Counting {
  uv_thread_t thread;
  int64_t last;
} Counting;

enum { COUNTS = 2000 };

static void count_many(void *of) {
  Counting *counting = of;
  for (int i = 0; i < COUNTS; i++) counting->last = fast_count(fast, STR("shared"), 1, 1000000, i);
}

static void test_threads_lose_no_count(void **state) {
  (void)state;
  Counting counting[3];
  for (int i = 0; i < 3; i++) assert_int_equal(uv_thread_create(&counting[i].thread, count_many, &counting[i]), 0);
  for (int i = 0; i < 3; i++) uv_thread_join(&counting[i].thread);
  assert_int_equal(fast_count(fast, STR("shared"), 0, 1, 0), 3 * COUNTS);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, begin, end)

static void test_a_rate_is_counted_in_its_window_by_its_own_key(void **state) {
  (void)state;
  Fast *rates = fast_new();
  assert_non_null(rates);
  uint64_t key = fast_rate_key(rates, "a ", STR("1"));
  assert_true(key == fast_rate_key(rates, "a ", STR("1")));
  assert_true(key != fast_rate_key(rates, "a ", STR("2")));
  assert_int_equal(fast_rate(rates, key, 1, 1000, 5000).count, 1);
  FastRate second = fast_rate(rates, key, 1, 1000, 5999);
  assert_int_equal(second.count, 2);
  assert_int_equal(second.until_ms, 6000);
  assert_int_equal(fast_rate(rates, key, 0, 1000, 6000).count, 0);  // who only asks begins no window
  assert_int_equal(fast_rate(rates, key, 1, 1000, 6000).count, 1);
  assert_int_equal(fast_rate(rates, key, 0, 1000, 6000).count, 1);
  // Four others of the same set push out the one that ends first, and no more.
  for (uint64_t i = 1; i <= 4; i++) fast_rate(rates, key + i * 65536, 1, 10000, 6001);
  assert_int_equal(fast_rate(rates, key + 65536, 1, 10000, 6002).count, 2);
  assert_int_equal(fast_rate(rates, key, 1, 1000, 6002).count, 1);
  fast_free(rates);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_rate_is_counted_in_its_window_by_its_own_key),
      CASE(test_a_counter_ends_when_its_window_does_counted_from_the_first),
      CASE(test_asking_for_a_count_begins_no_window),
      CASE(test_a_value_is_there_until_its_time),
      CASE(test_an_hour_back_of_the_clock_keeps_what_is_known),
      CASE(test_a_flood_of_keys_leaves_the_newest_there),
      CASE(test_threads_lose_no_count),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
