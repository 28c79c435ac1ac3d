// The best seats together, chosen from drawn rows.
#include "models/best_seats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { WIDTH = 10 };

// Rows from the front, divided by '/': '.' is free, 'x' is taken, '|' begins another zone. The middle is that of the
// longest row. Gives "row:place-place", with "!" when a seat is left alone.
static const char *choose(const char *rows, int wanted) {
  static char chosen[64];
  int longest = 0;
  for (const char *row = rows; row != NULL; row = strchr(row, '/') != NULL ? strchr(row, '/') + 1 : NULL) {
    int length = (int)strcspn(row, "/");
    if (length > longest) longest = length;
  }
  BestSearch search = best_seats_begin(wanted, longest * WIDTH / 2, WIDTH);
  BestSeat seat = {.row = 1};
  bool open = true;
  for (const char *at = rows; open && *at != '\0'; at++) {
    if (*at == '/') {
      seat = (BestSeat){.row = seat.row + 1};
    } else if (*at == '|') {
      ++seat.zone;
    } else {
      seat.middle = seat.place * WIDTH + WIDTH / 2;
      seat.id = ++seat.place;
      if (*at == '.') open = best_seats_put(&search, &seat);
    }
  }
  BestChoice choice = best_seats_end(&search);
  if (!choice.found) return "none";
  snprintf(chosen, sizeof chosen, "%lld:%lld-%lld%s", (long long)choice.seats[0].row, (long long)choice.seats[0].place,
           (long long)choice.seats[wanted - 1].place, choice.leaves_single ? "!" : "");
  return chosen;
}

static void test_the_middle_of_the_front_row_is_best(void **state) {
  (void)state;
  assert_string_equal(choose("........../..........", 2), "1:5-6");
  assert_string_equal(choose("........../..........", 4), "1:4-7");
  assert_string_equal(choose("..........", 10), "1:1-10");
}

static void test_the_front_is_worth_some_seats_aside_and_no_more(void **state) {
  (void)state;
  assert_string_equal(choose("...xxxxxxxxxxxxx/................", 3), "2:7-9");
  assert_string_equal(choose("....xx..xx/..........", 2), "1:3-4");
}

static void test_no_seat_is_left_alone_where_that_can_be_avoided(void **state) {
  (void)state;
  assert_string_equal(choose("x...x/x..x.", 2), "2:2-3");
  assert_string_equal(choose("x...xxxxxx", 2), "1:3-4!");
  assert_string_equal(choose(".....", 2), "1:1-2");
}

static void test_seats_of_two_rows_or_zones_or_with_a_gap_are_not_together(void **state) {
  (void)state;
  assert_string_equal(choose(".x./x.x", 2), "none");
  assert_string_equal(choose(".|.", 2), "none");
  assert_string_equal(choose("xx./.xx", 2), "none");
  assert_string_equal(choose("", 1), "none");
  assert_string_equal(choose("xxx", 1), "none");
}

static void test_one_seat_is_found_too(void **state) {
  (void)state;
  assert_string_equal(choose("xx.xx", 1), "1:3-3");
}

static void test_a_run_longer_than_what_is_kept_of_it_is_searched_to_its_end(void **state) {
  (void)state;
  char row[512];
  memset(row, '.', 300);
  row[300] = '\0';
  assert_string_equal(choose(row, 10), "1:146-155");
  memset(row, 'x', 280);
  assert_string_equal(choose(row, 10), "1:281-290");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_middle_of_the_front_row_is_best),
      cmocka_unit_test(test_the_front_is_worth_some_seats_aside_and_no_more),
      cmocka_unit_test(test_no_seat_is_left_alone_where_that_can_be_avoided),
      cmocka_unit_test(test_seats_of_two_rows_or_zones_or_with_a_gap_are_not_together),
      cmocka_unit_test(test_one_seat_is_found_too),
      cmocka_unit_test(test_a_run_longer_than_what_is_kept_of_it_is_searched_to_its_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
