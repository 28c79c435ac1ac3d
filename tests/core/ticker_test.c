// What a ticker runs again, and how soon.
#include "core/ticker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/rig.h"

static _Atomic int runs;

static Error count_down(Call *call, const void *input) {
  (void)input;
  if (++runs < 4) text_add(&call->reply, STR("more"));
  return ERR_NONE;
}
static const Method in_steps = {.name = "steps", .run = count_down};

static Error fail_each(Call *call, const void *input) {
  (void)call, (void)input;
  ++runs;
  return ERR_INTERNAL;
}
static const Method failing = {.name = "failing", .run = fail_each};

static int64_t long_since(int64_t now_ms) {
  return now_ms - RIG_HOUR_MS;
}

static void test_steps_follow_each_other_without_waiting_for_the_interval(void **state) {
  Rig *rig = *state;
  Ticker *ticker = ticker_start(&rig->loops[0], &(TickerSettings){.method = &in_steps, .interval_ms = RIG_HOUR_MS});
  RIG_UNTIL(rig, runs == 4);
  ticker_stop(ticker);
}

static void test_what_is_due_and_fails_is_not_tried_again_at_once(void **state) {
  Rig *rig = *state;
  uint64_t begun_ms = rig_clock_ms();
  Ticker *ticker = ticker_start(&rig->loops[0],
                                &(TickerSettings){.method = &failing, .interval_ms = RIG_HOUR_MS, .next = long_since});
  RIG_UNTIL(rig, runs == 4);
  assert_true(rig_clock_ms() - begun_ms >= 3 * 90);  // a tenth of a second each, and clocks round
  ticker_stop(ticker);
}

static int begin(void **state) {
  runs = 0;
  *state = rig_open(NULL);
  return 0;
}

static int end(void **state) {
  rig_close(*state);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_steps_follow_each_other_without_waiting_for_the_interval, begin, end),
      cmocka_unit_test_setup_teardown(test_what_is_due_and_fails_is_not_tried_again_at_once, begin, end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
