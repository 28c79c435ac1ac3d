// Presence in memory: who is online through leases, what is to be told and how often, and that nothing is told wrong
// when somebody comes or goes meanwhile.
#include "models/presence.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { ANNA = 1, BERT = 2 };

static int64_t now_ms;
static PresenceChange changes[PRESENCE_BATCH];

static int setup(void **state) {
  (void)state;
  now_ms = 1000000;
  return 0;
}

static int teardown(void **state) {
  (void)state;
  presence_free();
  return 0;
}

static void assert_next(int64_t user_id, bool online) {
  assert_int_equal(presence_take(now_ms, changes), 1);
  assert_int_equal(changes[0].user_id, user_id);
  assert_int_equal(changes[0].online, online);
}

static void assert_told(int64_t user_id, bool online) {
  assert_next(user_id, online);
  presence_settle();
}

static void assert_quiet(void) {
  assert_int_equal(presence_take(now_ms, changes), 0);
}

static void test_somebody_is_online_from_the_first_socket_until_a_lease_after_the_last(void **state) {
  (void)state;
  assert_false(presence_is_online(ANNA));
  assert_int_equal(presence_arrive(ANNA, false, now_ms), 1);
  assert_int_equal(presence_arrive(ANNA, false, now_ms), 2);
  assert_true(presence_is_online(ANNA));
  assert_false(presence_is_online(BERT));
  assert_told(ANNA, true);
  presence_arrive_again(ANNA, now_ms);
  assert_told(ANNA, true);
  presence_leave(ANNA, true, now_ms);
  assert_quiet();
  assert_int_equal(presence_next(now_ms), INT64_MAX);
  now_ms += 100;
  presence_leave(ANNA, true, now_ms);
  assert_int_equal(presence_next(now_ms), now_ms + PRESENCE_LOST_MS);
  now_ms += PRESENCE_LOST_MS - 1;
  assert_quiet();
  assert_true(presence_is_online(ANNA));
  now_ms += 1;
  assert_told(ANNA, false);
  assert_int_equal(changes[0].seen_ms, now_ms - PRESENCE_LOST_MS);
  assert_false(presence_is_online(ANNA));
  assert_int_equal(presence_next(now_ms), INT64_MAX);
}

static void test_who_says_without_end_that_he_is_there_is_told_of_now_and_then(void **state) {
  (void)state;
  int told = 0;
  presence_arrive(ANNA, false, now_ms);
  assert_told(ANNA, true);
  presence_arrive_again(BERT, now_ms);  // who has not arrived
  for (int ms = 0; ms < 10 * PRESENCE_AGAIN_MS; ms++, now_ms++) {
    presence_arrive_again(ANNA, now_ms);
    size_t count = presence_take(now_ms, changes);
    if (count == 0) continue;
    ++told;
    assert_int_equal(changes[0].seen_ms, now_ms);
    presence_settle();
  }
  assert_int_equal(told, 10);
  now_ms -= 3600 * 1000;  // the clock is put back
  presence_arrive_again(ANNA, now_ms);
  assert_told(ANNA, true);
}

static void test_who_says_that_he_goes_is_offline_sooner_than_who_is_lost(void **state) {
  (void)state;
  presence_arrive(ANNA, false, now_ms);
  presence_arrive(BERT, false, now_ms);
  assert_int_equal(presence_take(now_ms, changes), 2);
  presence_settle();
  presence_leave(ANNA, true, now_ms);
  presence_leave(BERT, false, now_ms);
  now_ms += PRESENCE_LEFT_MS;
  assert_told(BERT, false);
  now_ms += PRESENCE_LOST_MS - PRESENCE_LEFT_MS;
  assert_told(ANNA, false);
}

static void test_a_page_that_is_loaded_anew_is_no_going(void **state) {
  (void)state;
  presence_arrive(ANNA, false, now_ms);
  assert_told(ANNA, true);
  presence_leave(ANNA, true, now_ms);
  now_ms += PRESENCE_LOST_MS / 2;
  presence_arrive(ANNA, false, now_ms);
  assert_told(ANNA, true);  // online follows every user:connect
  now_ms += PRESENCE_LOST_MS;
  assert_quiet();
  assert_true(presence_is_online(ANNA));
}

static void test_a_socket_that_comes_back_to_where_it_was_is_told_only_if_its_person_was_gone(void **state) {
  (void)state;
  presence_arrive(ANNA, false, now_ms);
  assert_told(ANNA, true);
  presence_leave(ANNA, true, now_ms);
  presence_arrive(ANNA, true, now_ms);
  assert_quiet();
  presence_leave(ANNA, true, now_ms);
  now_ms += PRESENCE_LOST_MS;
  assert_told(ANNA, false);
  presence_arrive(ANNA, true, now_ms);
  assert_told(ANNA, true);
}

static void test_changes_that_are_not_told_yet_are_one_and_as_the_last_left_it(void **state) {
  (void)state;
  for (int i = 0; i < 5; i++) presence_arrive(ANNA, false, now_ms);
  presence_arrive(BERT, false, now_ms);
  for (int i = 0; i < 5; i++) presence_leave(ANNA, false, now_ms);
  now_ms += PRESENCE_LEFT_MS;
  assert_int_equal(presence_take(now_ms, changes), 2);
  assert_int_equal(changes[0].user_id, ANNA);
  assert_false(changes[0].online);
  assert_int_equal(changes[1].user_id, BERT);
  assert_true(changes[1].online);
  presence_settle();
  assert_quiet();
}

static void test_what_could_not_be_told_comes_again(void **state) {
  (void)state;
  presence_arrive(ANNA, false, now_ms);
  assert_next(ANNA, true);
  assert_int_equal(presence_next(now_ms), now_ms);
  assert_told(ANNA, true);
  assert_quiet();
}

static void test_a_change_while_the_last_is_told_is_told_after_it(void **state) {
  (void)state;
  presence_arrive(ANNA, false, now_ms);
  assert_next(ANNA, true);
  presence_leave(ANNA, false, now_ms);
  now_ms += PRESENCE_LEFT_MS;
  presence_settle();
  assert_next(ANNA, false);
  presence_arrive(ANNA, false, now_ms);
  presence_settle();
  assert_true(presence_is_online(ANNA));
  assert_told(ANNA, true);
}

static void test_many_partners_are_told_page_by_page_and_a_change_begins_anew(void **state) {
  (void)state;
  presence_arrive(ANNA, false, now_ms);
  assert_next(ANNA, true);
  assert_int_equal(changes[0].after, 0);
  presence_told_until(0, 500);
  presence_settle();
  assert_next(ANNA, true);
  assert_int_equal(changes[0].after, 500);
  presence_told_until(0, 900);
  presence_arrive(ANNA, false, now_ms);
  presence_settle();
  assert_told(ANNA, true);
  assert_int_equal(changes[0].after, 0);
  assert_quiet();
}

static void test_a_crowd_is_told_of_in_turns_each_once(void **state) {
  (void)state;
  enum { CROWD = 5 * PRESENCE_BATCH + 3 };
  int64_t next = 1;
  for (int64_t id = 1; id <= CROWD; id++) presence_arrive(id, false, now_ms);
  for (size_t count; (count = presence_take(now_ms, changes)) > 0; presence_settle()) {
    for (size_t i = 0; i < count; i++) assert_int_equal(changes[i].user_id, next++);
  }
  assert_int_equal(next, CROWD + 1);
}

static void test_news_are_told_once_to_whoever_asks(void **state) {
  (void)state;
  presence_take_news();
  assert_false(presence_take_news());
  presence_arrive(ANNA, false, now_ms);
  assert_true(presence_take_news());
  assert_false(presence_take_news());
  presence_leave(ANNA, true, now_ms);
  assert_true(presence_take_news());
}

static void test_a_look_that_began_before_the_lease_does_not_end_it(void **state) {
  (void)state;
  presence_arrive(ANNA, false, now_ms);
  assert_told(ANNA, true);
  presence_leave(ANNA, true, now_ms + 1);
  assert_quiet();
  assert_true(presence_is_online(ANNA));
  assert_int_equal(presence_next(now_ms), now_ms + 1 + PRESENCE_LOST_MS);
}

static void test_a_clock_put_back_makes_no_lease_longer(void **state) {
  (void)state;
  presence_arrive(ANNA, false, now_ms);
  assert_told(ANNA, true);
  presence_leave(ANNA, true, now_ms);
  now_ms -= 3600 * 1000;
  assert_int_equal(presence_next(now_ms), now_ms);
  assert_told(ANNA, false);
}

static void test_a_leave_without_an_arrival_changes_nothing(void **state) {
  (void)state;
  presence_leave(ANNA, true, now_ms);
  assert_false(presence_is_online(ANNA));
  assert_quiet();
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_somebody_is_online_from_the_first_socket_until_a_lease_after_the_last),
      CASE(test_who_says_without_end_that_he_is_there_is_told_of_now_and_then),
      CASE(test_who_says_that_he_goes_is_offline_sooner_than_who_is_lost),
      CASE(test_a_page_that_is_loaded_anew_is_no_going),
      CASE(test_a_socket_that_comes_back_to_where_it_was_is_told_only_if_its_person_was_gone),
      CASE(test_changes_that_are_not_told_yet_are_one_and_as_the_last_left_it),
      CASE(test_what_could_not_be_told_comes_again),
      CASE(test_a_change_while_the_last_is_told_is_told_after_it),
      CASE(test_many_partners_are_told_page_by_page_and_a_change_begins_anew),
      CASE(test_a_crowd_is_told_of_in_turns_each_once),
      CASE(test_news_are_told_once_to_whoever_asks),
      CASE(test_a_look_that_began_before_the_lease_does_not_end_it),
      CASE(test_a_clock_put_back_makes_no_lease_longer),
      CASE(test_a_leave_without_an_arrival_changes_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
