// A small venue in a rig's database.
#include "support/venue.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "models/hall.h"
#include "models/user.h"

const Identity venue_anna = {.user_id = 1, .username = {"anna", 4}};
const Identity venue_bert = {.user_id = 2, .username = {"bert", 4}};
const Identity venue_staff = {.user_id = 3, .username = {"sten", 4}, .staff = true};

void venue_draw(Arena *arena, const char *name, int rows, int places, Plan *plan) {
  size_t count = (size_t)(rows * places);
  *plan = (Plan){.name = str_from(name),
                 .types = ARENA_ARRAY(arena, PlanType, 2),
                 .type_count = 2,
                 .seats = ARENA_ARRAY(arena, PlanSeat, count),
                 .seat_count = count};
  plan->types[0].name = STR("Standard");
  plan->types[1].name = STR("VIP");
  for (int i = 0; i < rows * places; i++) {
    plan->seats[i] = (PlanSeat){.row = i / places + 1,
                                .place = i % places + 1,
                                .x = i % places * 40,
                                .y = i / places * 40,
                                .width = 30,
                                .height = 30,
                                .type = i >= rows * places - 2,
                                .zone = PLAN_NO_ZONE};
  }
  PlanFault fault = {{0}, {0}};
  assert_true(plan_finish(arena, plan, NULL, &fault));
}

void venue_add(Rig *rig) {
  Plan plan;
  int64_t hall_id;
  Db *db = rig->db;
  assert_true(db_begin(db, DB_WRITE));
  assert_int_equal(cinema_find_or_add(db, STR("Grand"), STR("#FF4500"), RIG_BEGIN_MS), 1);
  venue_draw(&rig->arena, "Small", 2, 3, &plan);
  assert_int_equal(hall_add(db, &rig->arena, 1, &plan, RIG_BEGIN_MS, &hall_id), ERR_NONE);
  assert_int_equal(hall_id, VENUE_HALL);
  venue_draw(&rig->arena, "Other", 1, 1, &plan);
  assert_int_equal(hall_add(db, &rig->arena, 1, &plan, RIG_BEGIN_MS, &hall_id), ERR_NONE);
  assert_int_equal(hall_id, VENUE_OTHER_HALL);
  assert_int_equal(
      user_add(db, STR("000000000000000000000001"), venue_anna.username, STR("12345678901234567890"), 0, RIG_BEGIN_MS),
      1);
  assert_int_equal(user_add(db, STR("000000000000000000000002"), venue_bert.username, (Str){0}, 0, RIG_BEGIN_MS), 2);
  assert_int_equal(user_add(db, STR("000000000000000000000003"), venue_staff.username, (Str){0}, 0, RIG_BEGIN_MS), 3);
  assert_true(user_set_role(db, venue_staff.username, true, RIG_BEGIN_MS));
  assert_true(db_commit(db));
}

int venue_setup(void **state) {
  Rig *rig = rig_open(NULL);
  venue_add(rig);
  *state = rig;
  return 0;
}

int venue_teardown(void **state) {
  rig_close(*state);
  return 0;
}
