// The halls that we draw: how many seats they have, that each finds its hall, and that nobody sits on a neighbour's
// lap.
#include "models/demo_halls.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static Arena arena;

static int forget(void **state) {
  (void)state;
  arena_free(&arena);
  return 0;
}

// A seat's middle and the shorter of its sides.
typedef struct Spot {
  double x, y;
  double side;
} Spot;

static int compare_by_x(const void *left, const void *right) {
  const Spot *a = left;
  const Spot *b = right;
  return a->x < b->x ? -1 : a->x > b->x;
}

static Spot *spots_of(const Plan *plan) {
  Spot *spots = ARENA_ARRAY(&arena, Spot, plan->seat_count);
  for (size_t i = 0; i < plan->seat_count; i++) {
    const PlanSeat *seat = &plan->seats[i];
    spots[i] = (Spot){.x = seat->x + seat->width / 2.0,
                      .y = seat->y + seat->height / 2.0,
                      .side = seat->width < seat->height ? seat->width : seat->height};
  }
  qsort(spots, plan->seat_count, sizeof(Spot), compare_by_x);
  return spots;
}

static void test_each_hall_has_the_seats_it_says(void **state) {
  (void)state;
  static const size_t seats[DEMO_HALLS] = {16, 28, 24, 11, 1900, 20000};
  for (int hall = 0; hall < DEMO_HALLS; hall++) {
    Plan plan;
    PlanFault fault;
    demo_hall_draw(&arena, (DemoHall)hall, &plan);
    assert_int_equal(plan.seat_count, seats[hall]);
    assert_true(plan_check(&arena, &plan, NULL, &fault));
  }
}

static void test_no_two_seats_stand_on_each_other(void **state) {
  (void)state;
  for (int hall = 0; hall < DEMO_HALLS; hall++) {
    Plan plan;
    demo_hall_draw(&arena, (DemoHall)hall, &plan);
    const Spot *spots = spots_of(&plan);
    for (size_t i = 0; i < plan.seat_count; i++) {
      for (size_t j = i + 1; j < plan.seat_count && spots[j].x - spots[i].x < spots[i].side; j++) {
        if (hypot(spots[j].x - spots[i].x, spots[j].y - spots[i].y) >= spots[i].side) continue;
        fail_msg("%s: two seats at %.0f, %.0f", demo_hall_key((DemoHall)hall), spots[i].x, spots[i].y);
      }
    }
  }
}

static void test_a_hall_is_the_same_at_every_drawing(void **state) {
  (void)state;
  for (int hall = 0; hall < DEMO_HALLS; hall++) {
    Plan first;
    Plan second;
    demo_hall_draw(&arena, (DemoHall)hall, &first);
    demo_hall_draw(&arena, (DemoHall)hall, &second);
    assert_true(plan_hash(&arena, &first) == plan_hash(&arena, &second));
  }
}

static void test_the_grid_is_that_of_the_contract(void **state) {
  (void)state;
  Plan plan;
  demo_hall_draw(&arena, DEMO_GRID, &plan);
  for (size_t i = 0; i < plan.seat_count; i++) {
    const PlanSeat *seat = &plan.seats[i];
    assert_int_equal(seat->width, 30);
    assert_int_equal(seat->height, 30);
    assert_int_equal(seat->x - plan.seats[0].x, 40 * (seat->place - 1));
    assert_int_equal(seat->y - plan.seats[0].y, 40 * (seat->row - 1));
  }
}

static void test_couples_sit_on_wide_seats(void **state) {
  (void)state;
  static const DemoHall halls[] = {DEMO_COUPLE, DEMO_LOUNGE};
  for (size_t i = 0; i < sizeof(halls) / sizeof(halls[0]); i++) {
    Plan plan;
    int wide = 0;
    demo_hall_draw(&arena, halls[i], &plan);
    for (size_t seat = 0; seat < plan.seat_count; seat++) {
      wide += plan.seats[seat].width == 65;
    }
    assert_int_equal(wide, 3);
  }
}

// The seat's guest looks along (sin, -cos) of its rotation.
static void test_the_arenas_bowl_looks_inwards(void **state) {
  (void)state;
  const double degree = 3.14159265358979323846 / 180;
  Plan plan;
  int width = 0;
  int height = 0;
  demo_hall_draw(&arena, DEMO_ARENA, &plan);
  plan_size(&plan, &width, &height);
  for (size_t i = 0; i < plan.seat_count; i++) {
    const PlanSeat *seat = &plan.seats[i];
    double to_middle_x = width / 2.0 - seat->x;
    double to_middle_y = height / 2.0 - seat->y;
    double angle = seat->rotation * degree;
    assert_true(to_middle_x * sin(angle) - to_middle_y * cos(angle) > 0);
  }
}

static void test_a_hall_is_found_by_its_key(void **state) {
  (void)state;
  for (int hall = 0; hall < DEMO_HALLS; hall++) {
    assert_int_equal(demo_hall_of_key(str_from(demo_hall_key((DemoHall)hall))), hall);
  }
  assert_int_equal(demo_hall_of_key(STR("barn")), DEMO_HALLS);
}

int main(void) {
#define TEST(name) cmocka_unit_test_teardown(name, forget)
  const struct CMUnitTest tests[] = {
      TEST(test_each_hall_has_the_seats_it_says),     TEST(test_no_two_seats_stand_on_each_other),
      TEST(test_a_hall_is_the_same_at_every_drawing), TEST(test_the_grid_is_that_of_the_contract),
      TEST(test_couples_sit_on_wide_seats),           TEST(test_the_arenas_bowl_looks_inwards),
      TEST(test_a_hall_is_found_by_its_key),
  };
  return cmocka_run_group_tests_name("demo_halls", tests, NULL, NULL);
}
