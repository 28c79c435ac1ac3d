// Seats: the names of their statuses, finding one, and changing it only if nobody was faster.
#include "models/seat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/venue.h"

static void test_statuses_have_exact_names(void **state) {
  static const char *const names[] = {"VACANT", "RESERVED", "OCCUPIED", "MAINTENANCE"};
  static const char *const others[] = {"", "vacant", "VACANT ", "VACAN", "TAKEN"};
  SeatStatus status = SEAT_MAINTENANCE;
  (void)state;
  for (int i = 0; i < SEAT_STATUSES; i++) {
    assert_string_equal(seat_status_name((SeatStatus)i), names[i]);
    assert_true(seat_status_from(str_from(names[i]), &status));
    assert_int_equal(status, i);
    assert_int_equal(seat_status_index(str_from(names[i])), i);
  }
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
    assert_false(seat_status_from(str_from(others[i]), &status));
    assert_int_equal(seat_status_index(str_from(others[i])), -1);
  }
}

static void test_a_seat_is_found_in_its_hall_only(void **state) {
  Rig *rig = *state;
  Seat seat;
  assert_int_equal(seat_find(rig->db, VENUE_HALL, 6, &seat), ERR_NONE);
  assert_int_equal(seat.id, 6);
  assert_int_equal(seat.status, SEAT_VACANT);
  assert_int_equal(seat.reserved_by, 0);
  assert_int_equal(seat_find(rig->db, VENUE_HALL, 7, &seat), ERR_SEAT_NOT_FOUND);
  assert_int_equal(seat_find(rig->db, 99, 7, &seat), ERR_HALL_NOT_FOUND);
}

static void test_a_seat_changes_only_from_the_status_that_was_seen(void **state) {
  Rig *rig = *state;
  Seat seen;
  Seat now;
  assert_int_equal(seat_find(rig->db, VENUE_HALL, 1, &seen), ERR_NONE);
  assert_int_equal(seat_change(rig->db, &seen, SEAT_RESERVED, 1, 5000), ERR_NONE);
  assert_int_equal(seat_change(rig->db, &seen, SEAT_RESERVED, 2, 6000), ERR_SEAT_RESERVED);
  assert_int_equal(seat_find(rig->db, VENUE_HALL, 1, &now), ERR_NONE);
  assert_int_equal(now.reserved_by, 1);
  assert_int_equal(rig_int(rig, "SELECT updated_at FROM seats WHERE id = 1"), 5000);
  assert_int_equal(seat_change(rig->db, &now, SEAT_OCCUPIED, 3, 7000), ERR_NONE);
  assert_int_equal(rig_int(rig, "SELECT reserved_by IS NULL FROM seats WHERE id = 1"), 1);
}

static void test_a_seat_that_was_read_ahead_is_found_as_it_was_changed(void **state) {
  static const int64_t ids[] = {3, 1, 2, 99};
  Rig *rig = *state;
  Seat seat;
  Arena arena = {0};
  bool ahead = getenv("FOYER_TEST_POSTGRES") != NULL;
  assert_true(db_begin(rig->db, DB_WRITE));
  if (ahead) seat_look_ahead(rig->db, &arena, ids, 4);
  for (int turn = 0; turn < 3; turn++) {
    assert_int_equal(seat_find(rig->db, VENUE_HALL, 1, &seat), ERR_NONE);
    assert_int_equal(seat.reserved_by, turn % 2 == 1 ? 1 : 0);
    Seat seen = seat;
    SeatStatus next = turn % 2 == 1 ? SEAT_OCCUPIED : SEAT_RESERVED;
    assert_int_equal(seat_change(rig->db, &seat, next, 1, 5000 + turn), ERR_NONE);
    assert_int_equal(seat_change(rig->db, &seen, SEAT_MAINTENANCE, 2, 6000), ERR_SEAT_RESERVED);
  }
  assert_int_equal(seat_find(rig->db, VENUE_HALL, 99, &seat), ERR_SEAT_NOT_FOUND);
  assert_int_equal(seat_find(rig->db, 99, 1, &seat), ERR_HALL_NOT_FOUND);
  assert_true(db_commit(rig->db));
  assert_int_equal(seat_find(rig->db, VENUE_HALL, 1, &seat), ERR_NONE);
  assert_int_equal(seat.status, SEAT_RESERVED);
  assert_int_equal(rig_int(rig, "SELECT updated_at FROM seats WHERE id = 1"), 5002);
  arena_free(&arena);
}

static void test_the_rules_of_a_visitor_and_of_staff(void **state) {
  const SeatAsker visitor = {.user_id = 1};
  const SeatAsker staff = {.user_id = 1, .staff = true};
  bool changes;
  (void)state;
  for (int from = 0; from < SEAT_STATUSES; from++) {
    for (int to = 0; to < SEAT_STATUSES; to++) {
      Seat own = {.status = (SeatStatus)from, .reserved_by = from == SEAT_RESERVED ? 1 : 0};
      bool may = (from == SEAT_VACANT || from == SEAT_RESERVED) && (to == SEAT_VACANT || to == SEAT_RESERVED);
      assert_int_equal(seat_may_change(&own, (SeatStatus)to, visitor, &changes) == ERR_NONE, may);
      if (may) assert_int_equal(changes, from != to);
      assert_int_equal(seat_may_change(&own, (SeatStatus)to, staff, &changes), ERR_NONE);
      assert_int_equal(changes, from != to);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_statuses_have_exact_names),
      cmocka_unit_test_setup_teardown(test_a_seat_is_found_in_its_hall_only, venue_setup, venue_teardown),
      cmocka_unit_test_setup_teardown(test_a_seat_changes_only_from_the_status_that_was_seen, venue_setup,
                                      venue_teardown),
      cmocka_unit_test_setup_teardown(test_a_seat_that_was_read_ahead_is_found_as_it_was_changed, venue_setup,
                                      venue_teardown),
      cmocka_unit_test(test_the_rules_of_a_visitor_and_of_staff),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
