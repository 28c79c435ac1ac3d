// foyer verify: it says nothing against a venue in use, and finds each invariant that was broken on purpose.
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "methods/hall.h"
#include "support/damage.h"
#include "support/invariants.h"
#include "support/venue.h"

static void reserve(Rig *rig, const Identity *who, const char *json) {
  assert_refused(rig_call(rig, &hall_update_seat_status, who, json), ERR_NONE);
}

// A venue in use: seat 1 was reserved, released and reserved again, seat 2 is occupied, hall 2 has an event too.
static int use_venue(void **state) {
  venue_setup(state);
  Rig *rig = *state;
  reserve(rig, &venue_anna, "{\"hall_id\":1,\"seat_id\":1,\"status\":\"RESERVED\"}");
  reserve(rig, &venue_anna, "{\"hall_id\":1,\"seat_id\":1,\"status\":\"VACANT\"}");
  reserve(rig, &venue_bert, "{\"hall_id\":1,\"seat_id\":1,\"status\":\"RESERVED\"}");
  reserve(rig, &venue_staff, "{\"hall_id\":1,\"seat_id\":2,\"status\":\"OCCUPIED\"}");
  reserve(rig, &venue_bert, "{\"hall_id\":2,\"seat_id\":7,\"status\":\"RESERVED\"}");
  rig_run(rig,
          "INSERT INTO sessions(id, user_id, door, agent, ip, created_at, last_used_at)"
          " VALUES('s', 1, 'seats', '', '', 0, 0)");
  return 0;
}

static void test_a_venue_in_use_keeps_every_invariant(void **state) {
  const char *told;
  assert_int_equal(invariants_verify(*state, &told), 0);
  assert_null(strstr(told, "BROKEN"));
  assert_null(strstr(told, "UNKNOWN"));
  assert_non_null(strstr(told, "invariants hold.\n"));
}

static const Damage damages[] = {
    {"DELETE FROM events WHERE topic = 'hall:1' AND seq = 2", "a topic's seq runs 1, 2, 3, ... with no gap",
     "hall:1: 3 events, last seq 4"},
    {"DELETE FROM events WHERE topic = 'hall:1' AND seq = 1", "a topic's seq runs 1, 2, 3, ... with no gap", "hall:1"},
    {"UPDATE events SET seq = 0 WHERE topic = 'hall:2'", "a topic's seq runs 1, 2, 3, ... with no gap", "hall:2"},
    {"UPDATE events SET at = at - 3600001 WHERE topic = 'hall:1' AND seq = 3",
     "an event is never older than the one before it by more than an hour (clocks)", "hall:1 seq 3"},
    {"UPDATE events SET topic = 'hall:9' WHERE topic = 'hall:2'",
     "every event is of a hall and its seats are of that hall", "hall:9 seq 1: seat 7"},
    {"UPDATE events SET payload = json_set(payload, '$.seats[0]', 3) WHERE topic = 'hall:2'",
     "every event is of a hall and its seats are of that hall", "hall:2 seq 1: seat 3"},
    {"DELETE FROM seats WHERE id = 2", "every event is of a hall and its seats are of that hall", "seat 2"},
    {"UPDATE seats SET status = 0 WHERE id = 2", "a seat has the status its last event gave it",
     "seat 2: told OCCUPIED"},
    {"UPDATE events SET payload = json_set(payload, '$.to', 'VACANT') WHERE topic = 'hall:2'",
     "a seat has the status its last event gave it", "seat 7: told VACANT"},
    {"UPDATE events SET payload = json_set(payload, '$.from[0]', 'RESERVED') WHERE topic = 'hall:1' AND seq = 3",
     "every change began from the status the one before it left", "hall:1 seq 3: seat 1 from RESERVED"},
    {"UPDATE seats SET reserved_by = 1 WHERE id = 2", "nobody reserves what is not reserved", "seat 2"},
    {"UPDATE halls SET rows = 3 WHERE id = 1", "rows and places of a hall are those of its seats", "hall 1"},
    {"UPDATE seats SET place = 9 WHERE id = 6", "rows and places of a hall are those of its seats", "hall 1"},
    {"DELETE FROM seats WHERE hall_id = 2", "every hall has seats", "hall 2"},
    {"UPDATE sessions SET user_id = 99", "every session is of somebody", "session of user 99"},
    {SQL_FORMS("UPDATE halls SET cinema_id = 99 WHERE id = 2",
               "UPDATE pg_constraint SET convalidated = FALSE WHERE conname = 'halls_cinema_id_fkey'"),
     "the database keeps its own constraints", "halls "},
    {SQL_FORMS("UPDATE seats SET status = 7 WHERE id = 3",
               "UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = 'seats_hall'::REGCLASS"),
     "the file is sound", "seats"},
};

static void test_each_broken_invariant_is_found_and_named(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
    void *scene;
    use_venue(&scene);
    damage_done(scene, &damages[i]);
    venue_teardown(&scene);
  }
}

static void test_ten_violations_are_shown_and_the_rest_counted(void **state) {
  Rig *rig = *state;
  damage_run(rig,
             "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 24)"
             " INSERT INTO events SELECT 'hall:' || i, 5, 0, 'seats', '{}' FROM n WHERE i > 2");
  const char *told;
  assert_int_equal(invariants_verify(rig, &told), 1);
  assert_non_null(strstr(told, "and 12 more\n"));
  assert_non_null(strstr(told, "\n1 of "));
}

static void test_a_payload_that_is_no_json_is_not_passed_over_and_hides_nothing_else(void **state) {
  Rig *rig = *state;
  damage_run(rig, "UPDATE events SET payload = 'not json' WHERE topic = 'hall:2'");
  rig_run(rig, "UPDATE halls SET rows = 3 WHERE id = 1");
  const char *told;
  assert_int_equal(invariants_verify(rig, &told), 1);
  assert_non_null(strstr(told, "UNKNOWN every event is of a hall"));
  assert_non_null(strstr(told, "BROKEN  rows and places of a hall"));
  assert_non_null(strstr(told, "ok      every hall has seats"));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, use_venue, venue_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_a_venue_in_use_keeps_every_invariant),
      cmocka_unit_test(test_each_broken_invariant_is_found_and_named),
      CASE(test_ten_violations_are_shown_and_the_rest_counted),
      CASE(test_a_payload_that_is_no_json_is_not_passed_over_and_hides_nothing_else),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
