// The waiting room beside another process that writes to the same tables: an operator's command.
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "methods/queue.h"
#include "models/waiting_room_private.h"
#include "support/onsale.h"

static void join_all(Rig *rig, int64_t from, int64_t to) {
  for (int64_t user_id = from; user_id <= to; user_id++) assert_refused(onsale_join(rig, user_id), ERR_NONE);
}

static void leave(Rig *rig, int64_t user_id) {
  Identity who = onsale_person(rig, user_id);
  assert_refused(rig_call(rig, &queue_method_leave, &who, "{}"), ERR_NONE);
}

static void test_what_another_process_changed_is_read_anew_and_looked_at(void **state) {
  Rig *rig = *state;
  join_all(rig, 1, 3);
  rig_run(rig, "UPDATE concerts SET opens_at = 1795244400000");
  assert_int_equal(waiting_room_next_reading(rig->now_ms), INT64_MAX);
  waiting_room_mark_stale();
  assert_int_equal(waiting_room_next_reading(rig->now_ms), rig->now_ms);
  assert_refused(rig_call(rig, &queue_method_read_anew, NULL, "{}"), ERR_NONE);
  assert_int_equal(waiting_room_next_reading(rig->now_ms), INT64_MAX);
  assert_int_equal(waiting_room_next(rig->now_ms), rig->now_ms);
  onsale_tick(rig);
  assert_int_equal(rig_int(rig, "SELECT active FROM concerts"), 2);
  assert_int_equal(onsale_look(rig, 1).draw_at, 0);
}

static void test_what_is_committed_while_all_is_read_anew_is_kept(void **state) {
  Rig *rig = *state;
  onsale_open(rig);
  join_all(rig, 1, 6);
  room_begin_reading();
  assert_true(db_begin(rig->db, DB_READ));
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM queue_places"), 6);  // what is read from here on is of now
  join_all(rig, 7, 9);
  leave(rig, 1);
  leave(rig, 4);
  assert_true(waiting_room_read_anew(rig->db, &rig->config, rig->now_ms));
  db_rollback(rig->db);
  assert_int_equal(onsale_look(rig, 9).position, 5);
  assert_int_equal(onsale_look(rig, 3).state, PLACE_ACTIVE);
  assert_int_equal(onsale_look(rig, 4).state, PLACE_NONE);
  join_all(rig, 10, 10);
  assert_int_equal(onsale_look(rig, 10).position, 6);
}

static void test_the_speed_of_the_line_outlives_a_reading(void **state) {
  Rig *rig = *state;
  onsale_open(rig);
  join_all(rig, 1, 9);
  rig_pass(rig, RIG_MINUTE_MS);
  leave(rig, 1);
  rig_pass(rig, RIG_MINUTE_MS);
  leave(rig, 2);
  int64_t eta_s = onsale_look(rig, 9).eta_s;
  assert_true(eta_s > 0);
  waiting_room_mark_stale();
  assert_refused(rig_call(rig, &queue_method_read_anew, NULL, "{}"), ERR_NONE);
  assert_int_equal(onsale_look(rig, 9).eta_s, eta_s);
}

static void test_a_concert_that_another_process_made_can_be_joined_at_once(void **state) {
  Rig *rig = *state;
  const char *json = "{\"concertId\":\"00000000000000000000000b\"}";
  Identity first = onsale_person(rig, 1);
  rig_run(rig,
          "INSERT INTO concerts(public_id, name, date, currency, created_at, opens_at, seed, seed_hash)"
          " SELECT '00000000000000000000000b', 'Later', date, currency, created_at, 0, seed, seed_hash FROM concerts");
  assert_refused(rig_call(rig, &queue_method_status, &first, json), ERR_NONE);
  assert_int_equal(waiting_room_look(2, 1, rig->now_ms).state, PLACE_NONE);
  rig_run(rig,
          "INSERT INTO categories(public_id, concert_id, name, price, total_seats, available_seats)"
          " VALUES('0000000000000000000000c9', 2, 'all', 100, 5, 5)");
  Answer joined = rig_call(rig, &queue_method_join, &first, json);
  assert_refused(joined, ERR_NONE);
  assert_non_null(strstr(rig_zero(rig, joined.reply), "\"status\":\"active\""));
  assert_refused(rig_call(rig, &queue_method_leave, &first, json), ERR_NONE);
}

static void test_reading_anew_among_many_commits_loses_nobody(void **state) {
  Rig *rig = *state;
  enum { PEOPLE = 12, ROUNDS = 50 };
  Identity who[PEOPLE];
  for (int i = 0; i < PEOPLE; i++) who[i] = onsale_person(rig, i + 1);
  onsale_open(rig);
  for (int round = 0; round < ROUNDS; round++) {
    Answer answers[PEOPLE + 1];
    waiting_room_mark_stale();
    rig_ask(rig, 0, &queue_method_read_anew, NULL, "{}", &answers[PEOPLE]);
    for (int i = 0; i < PEOPLE; i++) {
      bool leaves = (i + round) % 3 == 0;
      rig_ask(rig, 0, leaves ? &queue_method_leave : &queue_method_join, &who[i], "{}", &answers[i]);
    }
    for (int i = 0; i <= PEOPLE; i++) {
      RIG_UNTIL(rig, answers[i].done);
      assert_int_equal(answers[i].error, ERR_NONE);
    }
    assert_false(waiting_room_is_stale());
    if (round % 10 == 9) onsale_expect_memory_as_tables(rig);
  }
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, onsale_setup, onsale_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_what_another_process_changed_is_read_anew_and_looked_at),
      CASE(test_what_is_committed_while_all_is_read_anew_is_kept),
      CASE(test_reading_anew_among_many_commits_loses_nobody),
      CASE(test_the_speed_of_the_line_outlives_a_reading),
      CASE(test_a_concert_that_another_process_made_can_be_joined_at_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
