// The rules of seating plans, the one form that plan_finish gives them, their hash and their geometry.
#include "models/plan.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "shared/json.h"

static Arena arena;
static PlanType types[2];
static Str zones[2];
static PlanSeat seats[4];
static PlanArea areas[2];
static Plan plan;

// Two rows of two seats, a type, a zone and a stage: right in every way.
static int draw(void **state) {
  (void)state;
  plan = (Plan){.name = STR("Hall"),
                .types = types,
                .type_count = 1,
                .zones = zones,
                .zone_count = 1,
                .seats = seats,
                .seat_count = 4,
                .areas = areas,
                .area_count = 1};
  types[0] = (PlanType){.name = STR("Standard"), .color = STR("#112233")};
  zones[0] = STR("Parterre");
  for (int i = 0; i < 4; i++) {
    seats[i] =
        (PlanSeat){.row = i / 2 + 1, .place = i % 2 + 1, .x = i % 2 * 40, .y = i / 2 * 40, .width = 30, .height = 30};
  }
  areas[0] = (PlanArea){.shape = PLAN_RECTANGLE, .width = 70, .height = 10, .color = STR("#445566")};
  return 0;
}

static int forget(void **state) {
  (void)state;
  arena_free(&arena);
  return 0;
}

#define assert_str(actual, expected) assert_string_equal(str_zero(&arena, (actual)), (expected))

static void assert_fault(const char *where, const char *what) {
  PlanFault fault = {{0}, {0}};
  assert_false(plan_check(&arena, &plan, NULL, &fault));
  assert_str(fault.where, where);
  assert_str(fault.what, what);
}

static void finish(void) {
  PlanFault fault = {{0}, {0}};
  if (!plan_finish(&arena, &plan, NULL, &fault)) fail_msg("%.*s %.*s", STR_ARG(fault.where), STR_ARG(fault.what));
}

static Str repeated(char c, size_t count) {
  Text text = {.arena = &arena};
  for (size_t i = 0; i < count; i++) {
    text_char(&text, c);
  }
  return text_str(&text);
}

// --- Rules ---

static void test_a_right_plan_passes(void **state) {
  (void)state;
  PlanFault fault;
  assert_true(plan_check(&arena, &plan, NULL, &fault));
}

static void test_a_plan_needs_a_name_and_a_seat(void **state) {
  (void)state;
  plan.name = (Str){0};
  assert_fault("name", "is empty");
  plan.name = repeated('n', PLAN_NAME_MAX + 1);
  assert_fault("name", "has 256 characters, and 255 are the most");
  plan.name = STR("Hall");
  plan.seat_count = 0;
  assert_fault("the plan", "has no seats");
}

static void test_a_plan_has_limits(void **state) {
  (void)state;
  plan.seat_count = PLAN_SEATS_MAX + 1;
  assert_fault("the plan", "has 200001 seats, and 200000 are the most");
  plan.seat_count = 4;
  plan.type_count = PLAN_TYPES_MAX + 1;
  assert_fault("the plan", "has 65 types of seats, and 64 are the most");
}

static void test_two_seats_may_not_have_one_number(void **state) {
  (void)state;
  seats[3].row = 1;
  seats[3].place = 2;
  assert_fault("seats[3]", "is row 1, place 2, and so is seats[1]");
}

static void test_guids_are_unique_where_given(void **state) {
  (void)state;
  seats[0].guid = STR("a");
  seats[1].guid = STR("b");
  seats[3].guid = STR("a");
  assert_fault("seats[3].guid", "is there twice");
}

static void test_rows_places_and_sizes_have_bounds(void **state) {
  (void)state;
  seats[1].row = 0;
  assert_fault("seats[1].row", "is 0 and has to be from 1 to 100000");
  draw(NULL);
  seats[1].place = PLAN_NUMBER_MAX + 1;
  assert_fault("seats[1].place", "is 100001 and has to be from 1 to 100000");
  draw(NULL);
  seats[2].x = -PLAN_COORDINATE_MAX - 1;
  assert_fault("seats[2].x", "is -100001 and has to be from -100000 to 100000");
  draw(NULL);
  seats[2].height = 0;
  assert_fault("seats[2].height", "is 0 and has to be from 1 to 10000");
  draw(NULL);
  seats[2].rotation = NAN;
  assert_fault("seats[2].rotation", "is no angle up to 1000000 degrees");
}

static void test_a_seat_names_a_type_and_a_zone_of_its_plan(void **state) {
  (void)state;
  seats[0].type = 1;
  assert_fault("seats[0].type", "names none of this plan's");
  seats[0].type = 0;
  seats[0].zone = -2;
  assert_fault("seats[0].zone", "names none of this plan's");
  seats[0].zone = PLAN_NO_ZONE;
  PlanFault fault;
  assert_true(plan_check(&arena, &plan, NULL, &fault));
}

static void test_a_label_counts_its_code_points(void **state) {
  (void)state;
  PlanFault fault;
  Text label = {.arena = &arena};
  for (int i = 0; i < PLAN_LABEL_MAX; i++) {
    text_add(&label, STR("é"));
  }
  seats[0].place_label = text_str(&label);
  assert_true(plan_check(&arena, &plan, NULL, &fault));
  text_add(&label, STR("é"));
  seats[0].place_label = text_str(&label);
  assert_fault("seats[0].place_label", "has 33 characters, and 32 are the most");
}

static void test_words_are_one_line_of_utf8(void **state) {
  (void)state;
  seats[0].place_label = STR("1\n2");
  assert_fault("seats[0].place_label", "holds a control character");
  seats[0].place_label = STR("\xC3");
  assert_fault("seats[0].place_label", "is not UTF-8");
}

static void test_a_row_has_one_label(void **state) {
  (void)state;
  seats[2].row_label = STR("Z");
  assert_fault("seats[3].row_label", "differs from that of row 2's other seats");
}

static void test_colours_are_written_in_one_way(void **state) {
  (void)state;
  types[0].color = STR("red; evil");
  assert_fault("types[0].color", "is no colour like #1a2b3c");
  types[0].color = STR("#ABCDEF");
  assert_fault("types[0].color", "is no colour like #1a2b3c");
}

static void test_types_and_zones_have_names_of_their_own(void **state) {
  (void)state;
  plan.type_count = 2;
  types[1] = (PlanType){.name = STR("Standard")};
  assert_fault("types[1].name", "is there twice");
  plan.type_count = 1;
  plan.zone_count = 2;
  zones[1] = (Str){0};
  assert_fault("zones[1].name", "is empty");
}

static void test_areas_keep_rules_too(void **state) {
  (void)state;
  PlanPoint point = {0, 0};
  areas[0].width = -1;
  assert_fault("areas[0].width", "is -1 and has to be from 0 to 100000");
  areas[0] = (PlanArea){.shape = PLAN_POLYGON, .points = &point, .point_count = 1};
  assert_fault("areas[0].points", "are 1 and have to be from 2 to 10000");
  PlanPoint points[2] = {{0, 0}, {0, PLAN_COORDINATE_MAX + 1}};
  areas[0] = (PlanArea){.shape = PLAN_POLYGON, .points = points, .point_count = 2};
  assert_fault("areas[0].points[1].y", "is 100001 and has to be from -100000 to 100000");
  areas[0] = (PlanArea){.shape = PLAN_TEXT, .text = STR("Stage"), .text_size = 1001};
  assert_fault("areas[0].text_size", "is 1001 and has to be from 1 to 1000");
}

static void test_a_plan_may_not_be_too_wide(void **state) {
  (void)state;
  seats[0].x = -PLAN_COORDINATE_MAX;
  assert_fault("the plan", "is 100070 x 70 pixels large, and 100000 are the most");
}

// --- The one form ---

static void test_finishing_orders_seats_types_and_zones(void **state) {
  (void)state;
  PlanSeat first = seats[0];
  seats[0] = seats[3];
  seats[3] = first;
  plan.type_count = 2;
  types[1] = (PlanType){.name = STR("VIP")};
  seats[3].type = 1;
  finish();
  assert_int_equal(plan.seats[0].row, 1);
  assert_int_equal(plan.seats[0].place, 1);
  assert_str(plan.types[0].name, "VIP");
  assert_str(plan.types[1].name, "Standard");
  assert_str(plan.types[0].color, str_zero(&arena, plan_type_color(0)));
  assert_int_equal(plan.seats[0].type, 0);
}

static void test_finishing_drops_what_no_seat_uses(void **state) {
  (void)state;
  plan.type_count = 2;
  types[1] = (PlanType){.name = STR("VIP")};
  for (int i = 0; i < 4; i++) {
    seats[i].zone = PLAN_NO_ZONE;
  }
  finish();
  assert_int_equal(plan.type_count, 1);
  assert_int_equal(plan.zone_count, 0);
}

static void test_finishing_moves_the_plan_to_the_origin(void **state) {
  (void)state;
  int width = 0;
  int height = 0;
  areas[0].x = -50;
  areas[0].y = 100;
  finish();
  assert_int_equal(plan.seats[0].x, 50);
  assert_int_equal(plan.seats[0].y, 0);
  assert_int_equal(plan.areas[0].x, 0);
  plan_size(&plan, &width, &height);
  assert_int_equal(width, 120);
  assert_int_equal(height, 110);
}

static void test_finishing_drops_labels_that_say_what_is_shown_anyway(void **state) {
  (void)state;
  seats[0].row_label = seats[1].row_label = STR(" A ");
  seats[0].place_label = STR("1");
  seats[1].place_label = STR("2a");
  finish();
  assert_str(plan.seats[0].row_label, "");
  assert_str(plan.seats[0].place_label, "");
  assert_str(plan.seats[1].place_label, "2a");
}

static void test_finishing_twice_changes_nothing(void **state) {
  (void)state;
  seats[2].rotation = -90;
  areas[0].x = -33;
  finish();
  uint64_t hash = plan_hash(&arena, &plan);
  finish();
  assert_true(plan_hash(&arena, &plan) == hash);
  assert_true(plan.seats[2].rotation == 270);
}

// --- Rows' names and colours ---

static void test_rows_are_named_like_columns_of_a_table(void **state) {
  (void)state;
  assert_str(plan_row_name(&arena, 1), "A");
  assert_str(plan_row_name(&arena, 26), "Z");
  assert_str(plan_row_name(&arena, 27), "AA");
  assert_str(plan_row_name(&arena, 702), "ZZ");
  assert_str(plan_row_name(&arena, 703), "AAA");
}

static void test_colours_are_read_from_their_usual_forms(void **state) {
  (void)state;
  static const char *const forms[][2] = {{"#1A2b3C", "#1a2b3c"}, {"#abc", "#aabbcc"}, {"#11223344", "#112233"},
                                         {"Red", "#ff0000"},     {"none", ""},        {"", ""}};
  static const char *const wrong[] = {"#12", "#12345g", "1a2b3c", "reddish", "#", "rgb(1,2,3)"};
  Str color = {0};
  for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
    assert_true(plan_color(&arena, str_from(forms[i][0]), &color));
    assert_str(color, forms[i][1]);
  }
  for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
    assert_false(plan_color(&arena, str_from(wrong[i]), &color));
  }
}

// --- Hash and geometry ---

static uint64_t hash_now(void) {
  return plan_hash(&arena, &plan);
}

static void test_the_hash_changes_with_anything_that_is_shown(void **state) {
  (void)state;
  finish();
  uint64_t hash = hash_now();
  plan.seats[3].x++;
  assert_true(hash_now() != hash);
  plan.seats[3].x--;
  plan.seats[3].rotation = 1;
  assert_true(hash_now() != hash);
  plan.seats[3].rotation = 0;
  plan.types[0].color = STR("#112234");
  assert_true(hash_now() != hash);
  plan.types[0].color = STR("#112233");
  plan.areas[0].text = STR("Stage");
  assert_true(hash_now() != hash);
  plan.areas[0].text = (Str){0};
  plan.name = STR("Hell");
  assert_true(hash_now() != hash);
  plan.name = STR("Hall");
  assert_true(hash_now() == hash);
}

static void test_the_hash_does_not_look_at_guids(void **state) {
  (void)state;
  finish();
  uint64_t hash = hash_now();
  plan.seats[0].guid = STR("somebody else's name");
  assert_true(hash_now() == hash);
}

static void test_the_geometry_is_that_of_the_wire(void **state) {
  (void)state;
  static const int64_t type_ids[] = {9};
  static const int64_t seat_ids[] = {101, 102, 103, 104};
  const PlanIds ids = {.hall = 3, .cinema = 2, .types = type_ids, .seats = seat_ids, .hash = 0x0123456789abcdef};
  Text text = {.arena = &arena};
  seats[1].place_label = STR("12a");
  seats[2].row_label = seats[3].row_label = STR("Last");
  seats[3].zone = PLAN_NO_ZONE;
  seats[3].rotation = 22.5;
  finish();
  plan_write_geometry(&text, &plan, &ids);
  assert_str(
      text_str(&text),
      "{\"id\":3,\"cinema_id\":2,\"plan\":\"0123456789abcdef\",\"name\":\"Hall\",\"rows\":2,\"places\":2,"
      "\"seat_types\":[{\"id\":9,\"name\":\"Standard\",\"color\":\"#112233\"}],\"zones\":[\"Parterre\"],"
      "\"row_labels\":{\"2\":\"Last\"},\"seats\":{\"id\":[101,102,103,104],\"row\":[1,1,2,2],\"place\":[1,2,1,2],"
      "\"x\":[0,40,0,40],\"y\":[0,0,40,40],\"width\":[30,30,30,30],\"height\":[30,30,30,30],\"type\":[0,0,0,0],"
      "\"zone\":[0,0,0,-1],\"rotation\":[0,0,0,22.5],\"label\":{\"1\":\"12a\"}},\"areas\":[{\"shape\":\"rectangle\","
      "\"x\":0,\"y\":0,\"width\":70,\"height\":10,\"rotation\":0,\"color\":\"#445566\"}]}");
  assert_non_null(json_parse(&arena, text_str(&text), NULL));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, draw, forget)
  const struct CMUnitTest tests[] = {
      TEST(test_a_right_plan_passes),
      TEST(test_a_plan_needs_a_name_and_a_seat),
      TEST(test_a_plan_has_limits),
      TEST(test_two_seats_may_not_have_one_number),
      TEST(test_guids_are_unique_where_given),
      TEST(test_rows_places_and_sizes_have_bounds),
      TEST(test_a_seat_names_a_type_and_a_zone_of_its_plan),
      TEST(test_a_label_counts_its_code_points),
      TEST(test_words_are_one_line_of_utf8),
      TEST(test_a_row_has_one_label),
      TEST(test_colours_are_written_in_one_way),
      TEST(test_types_and_zones_have_names_of_their_own),
      TEST(test_areas_keep_rules_too),
      TEST(test_a_plan_may_not_be_too_wide),
      TEST(test_finishing_orders_seats_types_and_zones),
      TEST(test_finishing_drops_what_no_seat_uses),
      TEST(test_finishing_moves_the_plan_to_the_origin),
      TEST(test_finishing_drops_labels_that_say_what_is_shown_anyway),
      TEST(test_finishing_twice_changes_nothing),
      TEST(test_rows_are_named_like_columns_of_a_table),
      TEST(test_colours_are_read_from_their_usual_forms),
      TEST(test_the_hash_changes_with_anything_that_is_shown),
      TEST(test_the_hash_does_not_look_at_guids),
      TEST(test_the_geometry_is_that_of_the_wire),
  };
  return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
