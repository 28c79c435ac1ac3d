// The line of a rehearsal: who acts next.
#include "commands/rehearse_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static uint32_t next(RehearseLine *line) {
  uint32_t buyer;
  assert_true(rehearse_line_next(line, &buyer));
  return buyer;
}

static void test_who_is_due_earlier_acts_earlier(void **state) {
  RehearseLine *line = rehearse_line_new(5);
  static const uint64_t due_ms[] = {4, 2, 5, 1, 3};
  (void)state;
  for (uint32_t i = 0; i < 5; i++) rehearse_line_act_at(line, i, due_ms[i]);
  static const uint32_t order[] = {3, 1, 4, 0, 2};
  for (int i = 0; i < 5; i++) assert_int_equal(next(line), order[i]);
  rehearse_line_free(line);
}

static void test_who_waits_acts_when_enough_were_admitted(void **state) {
  RehearseLine *line = rehearse_line_new(3);
  (void)state;
  rehearse_line_act_when(line, 0, 20);
  rehearse_line_act_when(line, 1, 10);
  rehearse_line_act_when(line, 2, 30);
  rehearse_line_admitted(line, 10, false, 1);
  assert_int_equal(next(line), 1);
  rehearse_line_admitted(line, 29, false, 1);
  assert_int_equal(next(line), 0);
  rehearse_line_admitted(line, 29, true, 1);
  assert_int_equal(next(line), 2);
  rehearse_line_free(line);
}

static void test_it_is_over_when_all_are_through_or_when_it_is_ended(void **state) {
  uint32_t buyer;
  (void)state;
  RehearseLine *line = rehearse_line_new(2);
  rehearse_line_left(line);
  assert_false(rehearse_line_is_over(line));
  rehearse_line_left(line);
  assert_true(rehearse_line_is_over(line));
  assert_false(rehearse_line_next(line, &buyer));
  rehearse_line_free(line);
  line = rehearse_line_new(2);
  rehearse_line_act_at(line, 0, 1);
  rehearse_line_end(line);
  assert_false(rehearse_line_next(line, &buyer));
  rehearse_line_free(line);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_who_is_due_earlier_acts_earlier),
      cmocka_unit_test(test_who_waits_acts_when_enough_were_admitted),
      cmocka_unit_test(test_it_is_over_when_all_are_through_or_when_it_is_ended),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
