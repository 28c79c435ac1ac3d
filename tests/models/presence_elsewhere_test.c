// Other processes, played by the signs that they would give: whom they have, when one is taken for gone, who tells of
// its people, and what is said again to whom.
#include "models/presence_elsewhere.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "models/presence.h"

enum { ANNA = 1, BERT = 2, ONE = 1001, TWO = 1002, OWN = 41, MOST = 100 };

static Call *call;
static int64_t now_ms;

static void throw_dice(void *state, void *bytes, size_t count) {
  (void)state;
  memset(bytes, 0, count);
  *(unsigned char *)bytes = OWN;
}

static int setup(void **state) {
  (void)state;
  now_ms = 1000000;
  call = call_new_of_nobody();
  call->env.random = throw_dice;
  return 0;
}

static int teardown(void **state) {
  (void)state;
  presence_free();
  call_free(call);
  return 0;
}

// What this process gives, once it is committed.
static ElsewhereSign sign_own(void) {
  call->now_ms = now_ms;
  ElsewhereSign sign = elsewhere_sign(call);
  elsewhere_tell(call, &sign, NULL, 0);
  const Event *event = call->events;
  while (event->next != NULL) event = event->next;
  presence_committed(event);
  elsewhere_told(&sign, now_ms);
  return sign;
}

static ElsewhereSign beat_own(void) {
  now_ms += ELSEWHERE_BEAT_MS;
  assert_true(elsewhere_beat_due(now_ms));
  return sign_own();
}

// What another process tells; `number`: somebody, 0: nobody.
static void hear(ElsewhereSign sign, int64_t number) {
  char bytes[sizeof sign + sizeof number];
  memcpy(bytes, &sign, sizeof sign);
  memcpy(bytes + sizeof sign, &number, sizeof number);
  presence_committed(&(Event){
      .topic = STR("presence"), .kind = STR("sign"), .payload = {bytes, number != 0 ? sizeof bytes : sizeof sign}});
}

static void hear_of(int64_t server, int64_t number) {
  hear((ElsewhereSign){.server = server}, number);
}

// Tells all that waits; gives how many changes there were.
static size_t tell_all(void) {
  PresenceChange changes[PRESENCE_BATCH];
  size_t told = 0;
  for (size_t count; (count = presence_take(now_ms, changes)) > 0; told += count) presence_settle();
  return told;
}

static void test_who_is_at_another_process_is_online_until_he_is_at_none(void **state) {
  (void)state;
  sign_own();
  hear_of(ONE, ANNA);
  hear_of(ONE, ANNA);
  hear_of(TWO, ANNA);
  assert_true(presence_is_online(ANNA));
  assert_false(presence_is_online(BERT));
  hear_of(ONE, -ANNA);
  assert_true(presence_is_online(ANNA));
  hear_of(TWO, -ANNA);
  assert_false(presence_is_online(ANNA));
  assert_int_equal(presence_next(now_ms), INT64_MAX);
}

static void test_one_that_is_silent_while_others_beat_is_gone_and_who_says_so_tells_of_its_people(void **state) {
  (void)state;
  int64_t left[MOST];
  sign_own();
  hear_of(ONE, ANNA);
  hear_of(ONE, BERT);
  hear_of(TWO, BERT);
  for (int i = 0; i < ELSEWHERE_SILENT_BEATS; i++) {
    assert_int_equal(beat_own().gone, 0);
    hear_of(TWO, 0);
  }
  assert_true(presence_is_online(ANNA));
  assert_int_equal(beat_own().gone, ONE);
  assert_false(presence_is_online(ANNA));
  assert_true(presence_is_online(BERT));
  assert_int_equal(presence_next(now_ms), now_ms);
  assert_int_equal(elsewhere_take_left(left, MOST), 1);
  assert_int_equal(left[0], ANNA);
  assert_false(elsewhere_has_left());
  assert_int_equal(beat_own().gone, 0);
}

static void test_one_that_takes_its_leave_is_gone_two_beats_later(void **state) {
  (void)state;
  sign_own();
  hear_of(ONE, ANNA);
  hear_of(TWO, BERT);
  hear((ElsewhereSign){.server = ONE, .gone = ONE}, 0);
  assert_true(presence_is_online(ANNA));
  assert_int_equal(beat_own().gone, 0);
  assert_int_equal(beat_own().gone, ONE);
  assert_false(presence_is_online(ANNA));
  assert_true(presence_is_online(BERT));
}

static void test_who_came_after_a_moment_is_told_from_who_was_there(void **state) {
  (void)state;
  sign_own();
  hear_of(ONE, BERT);
  int64_t heard = elsewhere_heard();
  hear_of(ONE, ANNA);
  hear_of(ONE, BERT);
  assert_true(elsewhere_came_after(ANNA, heard));
  assert_false(elsewhere_came_after(BERT, heard));
  hear_of(ONE, -ANNA);
  assert_false(elsewhere_came_after(ANNA, heard));
}

static void test_signs_between_two_beats_count_no_silence(void **state) {
  (void)state;
  sign_own();
  hear_of(ONE, ANNA);
  for (int i = 0; i < 100; i++) assert_int_equal(sign_own().gone, 0);
  assert_true(presence_is_online(ANNA));
}

static void test_of_people_whom_another_process_finds_gone_that_one_tells(void **state) {
  (void)state;
  int64_t left[MOST];
  sign_own();
  hear_of(ONE, ANNA);
  hear((ElsewhereSign){.server = TWO, .gone = ONE}, 0);
  assert_false(presence_is_online(ANNA));
  assert_true(elsewhere_has_left());
  assert_int_equal(elsewhere_take_left(left, MOST), 0);
  assert_false(elsewhere_has_left());
  hear_of(ONE, ANNA);  // it was alive, and says so
  assert_true(presence_is_online(ANNA));
}

static void test_a_process_that_asks_is_told_of_whoever_was_announced(void **state) {
  (void)state;
  int64_t people[MOST];
  assert_int_equal(sign_own().asks, 1);
  assert_int_equal(beat_own().asks, 0);
  presence_arrive(ANNA, false, now_ms);
  assert_int_equal(tell_all(), 1);
  presence_arrive(BERT, false, now_ms);  // of whom nobody has heard: he is told of anyhow
  hear((ElsewhereSign){.server = ONE, .asks = 1}, 0);
  assert_int_equal(presence_next(now_ms), now_ms);
  assert_int_equal(presence_take_anew(people, MOST), 1);
  assert_int_equal(people[0], ANNA);
  assert_int_equal(presence_take_anew(people, MOST), 1);  // it was not settled
  presence_settle();
  assert_int_equal(presence_take_anew(people, MOST), 0);
  assert_int_equal(tell_all(), 1);
  presence_leave(BERT, true, now_ms);
  assert_true(presence_next(now_ms) > now_ms);
}

static void test_who_was_taken_for_gone_tells_of_everybody_again(void **state) {
  (void)state;
  sign_own();
  presence_arrive(ANNA, false, now_ms);
  presence_arrive(BERT, false, now_ms);
  assert_int_equal(tell_all(), 2);
  hear((ElsewhereSign){.server = ONE, .gone = OWN}, 0);
  assert_int_equal(tell_all(), 2);
  assert_int_equal(tell_all(), 0);
}

static void test_when_commits_are_missing_everybody_is_asked(void **state) {
  (void)state;
  presence_forget_elsewhere();  // of a file alone, nobody is
  assert_int_equal(presence_next(now_ms), INT64_MAX);
  sign_own();
  hear_of(ONE, ANNA);
  presence_forget_elsewhere();
  assert_false(presence_is_online(ANNA));
  assert_int_equal(sign_own().asks, 1);
  hear_of(ONE, ANNA);
  assert_true(presence_is_online(ANNA));
}

static void test_a_hundred_thousand_people_of_one_that_is_gone_are_taken_a_few_at_a_time(void **state) {
  (void)state;
  enum { CROWD = 100000 };
  int64_t left[PRESENCE_BATCH];
  sign_own();
  for (int64_t id = 1; id <= CROWD; id++) hear_of(ONE, id);
  for (int i = 0; i <= ELSEWHERE_SILENT_BEATS; i++) beat_own();
  assert_false(presence_is_online(CROWD));
  size_t told = 0;
  for (size_t count; (count = elsewhere_take_left(left, PRESENCE_BATCH)) > 0; told += count)
    assert_true(count <= PRESENCE_BATCH);
  assert_int_equal(told, CROWD);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_who_is_at_another_process_is_online_until_he_is_at_none),
      CASE(test_one_that_is_silent_while_others_beat_is_gone_and_who_says_so_tells_of_its_people),
      CASE(test_one_that_takes_its_leave_is_gone_two_beats_later),
      CASE(test_who_came_after_a_moment_is_told_from_who_was_there),
      CASE(test_signs_between_two_beats_count_no_silence),
      CASE(test_of_people_whom_another_process_finds_gone_that_one_tells),
      CASE(test_a_process_that_asks_is_told_of_whoever_was_announced),
      CASE(test_who_was_taken_for_gone_tells_of_everybody_again),
      CASE(test_when_commits_are_missing_everybody_is_asked),
      CASE(test_a_hundred_thousand_people_of_one_that_is_gone_are_taken_a_few_at_a_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
