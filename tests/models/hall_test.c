// Halls in the tables: added from a plan, read back as the same plan, found by number or name.
#include "models/hall.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "support/venue.h"

static Error add(Rig *rig, const char *cinema, Plan *plan, int64_t *hall_id) {
  assert_true(db_begin(rig->db, DB_WRITE));
  int64_t cinema_id = cinema_find_or_add(rig->db, str_from(cinema), STR("#000000"), 1000);
  Error error = hall_add(rig->db, &rig->arena, cinema_id, plan, 1000, hall_id);
  if (error == ERR_NONE) {
    assert_true(db_commit(rig->db));
  } else {
    db_rollback(rig->db);
  }
  return error;
}

static void test_a_plan_is_read_back_as_it_was_added(void **state) {
  static const PlanPoint points[] = {{0, 0}, {10, -5}, {10, 10}};
  Rig *rig = *state;
  Plan plan;
  Plan back;
  PlanIds ids;
  int64_t hall_id;
  venue_draw(&rig->arena, "Drawn", 3, 4, &plan);
  PlanArea areas[] = {{.shape = PLAN_POLYGON, .points = points, .point_count = 3, .color = STR("#112233")},
                      {.shape = PLAN_TEXT, .x = 4, .rotation = 12.5, .text = STR("Stage"), .text_size = 16}};
  plan.areas = areas;
  plan.area_count = 2;
  Str zones[] = {STR("Parterre"), STR("Box")};
  plan.zones = zones;
  plan.zone_count = 2;
  for (size_t i = 0; i < plan.seat_count; i++) plan.seats[i].zone = i < 2 ? 0 : i < 4 ? 1 : PLAN_NO_ZONE;
  plan.seats[1].place_label = STR("12a");
  plan.seats[1].rotation = -7.25;
  plan.seats[2].guid = STR("guid-2");
  assert_int_equal(add(rig, "Grand", &plan, &hall_id), ERR_NONE);
  assert_int_equal(hall_read_plan(rig->db, &rig->arena, hall_id, &back, &ids), ERR_NONE);
  assert_true(ids.hash == plan_hash(&rig->arena, &plan));
  assert_int_equal(ids.hall, hall_id);
  assert_int_equal(ids.cinema, 1);
  assert_int_equal(back.seat_count, 12);
  assert_int_equal(back.area_count, 2);
  assert_int_equal(back.areas[0].points[1].y, -5);
  assert_int_equal(back.zone_count, 2);
  assert_true(str_equal(back.seats[1].place_label, STR("12a")));
  assert_true(str_equal(back.seats[2].guid, STR("guid-2")));
  assert_true(back.seats[1].rotation == -7.25);
  assert_int_equal(rig_int(rig, "SELECT rows * 100 + places FROM halls WHERE name = 'Drawn'"), 304);
  assert_int_equal(hall_read_plan(rig->db, &rig->arena, 99, &back, &ids), ERR_HALL_NOT_FOUND);
}

static void test_a_name_is_once_in_a_cinema_and_may_be_in_another(void **state) {
  Rig *rig = *state;
  Plan plan;
  int64_t hall_id;
  venue_draw(&rig->arena, "Small", 1, 2, &plan);
  assert_int_equal(add(rig, "Grand", &plan, &hall_id), ERR_HALL_EXISTS);
  assert_int_equal(add(rig, "Second", &plan, &hall_id), ERR_NONE);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM cinemas"), 2);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM seat_types"), 2);
  assert_int_equal(hall_find(rig->db, STR("Small")), 0);  // two have that name
  assert_int_equal(hall_find(rig->db, STR("Other")), VENUE_OTHER_HALL);
  assert_int_equal(hall_find(rig->db, STR("2")), 2);
  assert_int_equal(hall_find(rig->db, STR("99")), 0);
  assert_int_equal(hall_find(rig->db, STR("Nowhere")), 0);
}

static void test_a_type_that_exists_keeps_its_color(void **state) {
  Rig *rig = *state;
  Plan plan;
  int64_t hall_id;
  rig_run(rig, "UPDATE seat_types SET color = '#abcdef' WHERE name = 'VIP'");
  venue_draw(&rig->arena, "Third", 1, 3, &plan);
  assert_int_equal(add(rig, "Grand", &plan, &hall_id), ERR_NONE);
  assert_string_equal(rig_text(rig, "SELECT color FROM seat_types WHERE name = 'VIP'"), "#abcdef");
}

static void test_topics_are_named_after_their_hall(void **state) {
  Arena arena = {0};
  int64_t hall_id;
  (void)state;
  assert_true(hall_of_topic(hall_topic(&arena, 12345), &hall_id));
  assert_int_equal(hall_id, 12345);
  assert_false(hall_of_topic(STR("hall:1x"), &hall_id));
  arena_free(&arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_a_plan_is_read_back_as_it_was_added, venue_setup, venue_teardown),
      cmocka_unit_test_setup_teardown(test_a_name_is_once_in_a_cinema_and_may_be_in_another, venue_setup,
                                      venue_teardown),
      cmocka_unit_test_setup_teardown(test_a_type_that_exists_keeps_its_color, venue_setup, venue_teardown),
      cmocka_unit_test(test_topics_are_named_after_their_hall),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
