// The open seating-plan JSON form: how it is understood, how its faults are told, and that what is written reads back.
#include "models/plan_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "models/demo_halls.h"
#include "shared/json.h"

static Arena arena;

static int forget(void **state) {
  (void)state;
  arena_free(&arena);
  return 0;
}

#define assert_str(actual, expected) assert_string_equal(str_zero(&arena, (actual)), (expected))

// JSON with ' for ", which is easier to read in C.
static Str quoted(const char *text) {
  Str copy = str_copy(&arena, str_from(text));
  char *at = arena_copy(&arena, copy.at, copy.length);
  for (size_t i = 0; i < copy.length; i++) {
    if (at[i] == '\'') at[i] = '"';
  }
  return (Str){at, copy.length};
}

static Plan read_plan(const char *text) {
  Plan plan;
  PlanFault fault = {{0}, {0}};
  if (!plan_json_read(&arena, quoted(text), &plan, &fault)) {
    fail_msg("%.*s %.*s", STR_ARG(fault.where), STR_ARG(fault.what));
  }
  return plan;
}

static void assert_fault(const char *text, const char *where, const char *what) {
  Plan plan;
  PlanFault fault = {{0}, {0}};
  if (plan_json_read(&arena, quoted(text), &plan, &fault)) fail_msg("accepted: %s", text);
  assert_str(fault.where, where);
  assert_str(fault.what, what);
}

// A plan of one zone at (100, 50) with one row at (10, 20), around what is given.
static const char *around_seats(const char *seats) {
  Text text = {.arena = &arena};
  text_format(&text,
              "{'name':'Hall','size':{'width':1,'height':1},'categories':[{'name':'Stalls','color':'#102030'},"
              "{'name':'VIP'}],'zones':[{'name':'Main','position':{'x':100,'y':50},'rows':[{'row_number':'A',"
              "'position':{'x':10,'y':20},'seats':[%s]}]}]}",
              seats);
  return str_zero(&arena, text_str(&text));
}

static const char *around_areas(const char *areas) {
  Text text = {.arena = &arena};
  text_format(&text,
              "{'name':'Hall','categories':[],'zones':[{'position':{'x':100,'y':50},'rows':[{'row_number':'1',"
              "'seats':[{'seat_number':'1','position':{'x':0,'y':0}}]}],'areas':[%s]}]}",
              areas);
  return str_zero(&arena, text_str(&text));
}

#define SEAT_1 "{'seat_guid':'g1','seat_number':'1','position':{'x':0,'y':0},'category':'Stalls'}"
#define AT_2 "'seat_guid':'g2','seat_number':'2','position':{'x':30,'y':0},'category':'VIP'"

// --- Reading ---

static void test_positions_nest_and_a_radius_makes_a_square(void **state) {
  (void)state;
  Plan plan =
      read_plan(around_seats("{'seat_number':'1','position':{'x':0,'y':0},'category':'Stalls','radius':15},"
                             "{'seat_number':'2','position':{'x':50.4,'y':30},'category':'VIP'}"));
  assert_int_equal(plan.seat_count, 2);
  assert_int_equal(plan.seats[0].width, 30);
  assert_int_equal(plan.seats[1].width, 20);
  // The first seat's middle was at (110, 70), its corner at (95, 55), which became the origin.
  assert_int_equal(plan.seats[0].x, 0);
  assert_int_equal(plan.seats[1].x, 160 - 10 - 95);
  assert_int_equal(plan.seats[1].y, 100 - 10 - 55);
  assert_str(plan.zones[plan.seats[0].zone], "Main");
  assert_str(plan.types[plan.seats[0].type].color, "#102030");
  assert_str(plan.types[plan.seats[1].type].name, "VIP");
}

static void test_rows_are_numbered_through_the_hall(void **state) {
  (void)state;
  Plan plan = read_plan(
      "{'name':'Hall','categories':[{'name':'S'}],'zones':["
      "{'name':'Parterre','position':{'x':0,'y':0},'rows':[{'row_number':'A','seats':[{'seat_number':'11','position':"
      "{'x':0,'y':0},'category':'S'},{'seat_number':'2','position':{'x':20,'y':0},'category':'S'}]}]},"
      "{'name':'Balcony','position':{'x':0,'y':90},'rows':[{'row_number':'A','seats':[{'seat_number':7,'position':"
      "{'x':0,'y':0},'category':'S'}]}]}]}");
  assert_int_equal(plan.seats[0].row, 1);
  assert_int_equal(plan.seats[2].row, 2);
  assert_str(plan.seats[0].row_label, "");
  assert_str(plan.seats[2].row_label, "A");
  assert_str(plan.seats[0].place_label, "11");
  assert_str(plan.seats[1].place_label, "");
  assert_int_equal(plan.seats[1].place, 2);
  assert_str(plan.seats[2].place_label, "7");
}

static void test_keys_that_we_do_not_know_are_ignored(void **state) {
  (void)state;
  Plan plan = read_plan(around_seats("{" AT_2 ",'uuid':'x','start_direction':'<','made_up':{'deep':[1]}}"));
  assert_str(plan.seats[0].guid, "g2");
}

static void test_a_seat_without_a_category_is_standard(void **state) {
  (void)state;
  Plan plan = read_plan(
      "{'name':'Hall','zones':[{'position':{'x':0,'y':0},'rows':[{'row_number':'1','seats':["
      "{'seat_number':'1','position':{'x':0,'y':0},'category':''}]}]}]}");
  assert_str(plan.types[0].name, "Standard");
  assert_int_equal(plan.seats[0].zone, PLAN_NO_ZONE);
}

static void test_every_shape_of_an_area_is_read(void **state) {
  (void)state;
  Plan plan = read_plan(around_areas(
      "{'shape':'rectangle','position':{'x':0,'y':0},'rectangle':{'width':80,'height':20},'rotation':45,'color':'#abc',"
      "'border_color':'none','text':{'text':'Stage','position':{'x':40,'y':10},'color':'white'}},"
      "{'shape':'circle','position':{'x':200,'y':0},'circle':{'radius':9}},"
      "{'shape':'ellipse','position':{'x':300,'y':0},'ellipse':{'radius':{'x':9.5,'y':4}}},"
      "{'shape':'polygon','position':{'x':400,'y':0},'polygon':{'points':[{'x':0,'y':0},{'x':5,'y':5},{'x':0,'y':9}]}},"
      "{'shape':'text','position':{'x':10,'y':100},'color':'#fff','text':{'text':'Bar','size':20,'position':{'x':0,'y':"
      "0}}}"));
  assert_int_equal(plan.area_count, 5);
  assert_str(plan.areas[0].color, "#aabbcc");
  assert_str(plan.areas[0].text_color, "#ffffff");
  assert_int_equal(plan.areas[0].text_size, 16);
  assert_int_equal(plan.areas[1].radius, 9);
  assert_int_equal(plan.areas[2].width, 19);
  assert_int_equal(plan.areas[3].points[1].x, 5);
  assert_str(plan.areas[4].text, "Bar");
  assert_int_equal(plan.areas[1].x - plan.areas[0].x, 200);
}

// --- Faults ---

static void test_what_is_no_json_is_told_by_line_and_column(void **state) {
  (void)state;
  assert_fault("", "line 1, column 1", "is not JSON");
  assert_fault("{'name':'é',\n 'zones':[x]}", "line 2, column 11", "is not JSON");
}

static void test_what_is_no_plan_is_refused(void **state) {
  (void)state;
  assert_fault("[]", "the document", "is not an object");
  assert_fault("{'name':'Hall'}", "zones", "is missing");
  assert_fault("{'name':'Hall','zones':{}}", "zones", "is not an array");
  assert_fault("{'name':'Hall','zones':[]}", "the plan", "has no seats");
  assert_fault("{'name':[],'zones':[]}", "name", "is not a text");
  assert_fault("{'zones':[]}", "name", "is empty");
  assert_fault("{'name':'Hall','zones':[7]}", "zones[0]", "is not an object");
  assert_fault("{'name':'Hall','zones':[{'position':{'x':0,'y':0}}]}", "zones[0].rows", "is missing");
  assert_fault("{'name':'Hall','zones':[{'position':{'x':0},'rows':[]}]}", "zones[0].position.y", "is missing");
  assert_fault("{'name':'Hall','categories':[{'name':'a'},{'name':'a'}],'zones':[]}", "categories[1].name",
               "is there twice");
  assert_fault("{'name':'Hall','categories':[{'name':'a','color':'url(x)'}],'zones':[]}", "categories[0].color",
               "is no colour like #1a2b3c");
}

static void test_a_wrong_seat_is_told_by_its_path(void **state) {
  (void)state;
#define ROW "zones[0].rows[0]."
  assert_fault(around_seats(SEAT_1 ",{'seat_number':'2','position':{'x':'3','y':0}}"), ROW "seats[1].position.x",
               "is not a number");
  assert_fault(around_seats(SEAT_1 ",{'seat_number':'2','position':{'x':null,'y':0}}"), ROW "seats[1].position.x",
               "is not a number");
  assert_fault(around_seats(SEAT_1 ",{'seat_number':'2','position':{'x':1e9,'y':0}}"), ROW "seats[1].position.x",
               "has to be from -100000 to 100000");
  assert_fault(around_seats(SEAT_1 ",{'seat_number':'2'}"), ROW "seats[1].position", "is missing");
  assert_fault(around_seats(SEAT_1 ",{'seat_number':{}}"), ROW "seats[1].seat_number", "is not a text");
  assert_fault(around_seats("{" AT_2 ",'radius':0}"), ROW "seats[0].radius", "has to be from 0.5 to 5000");
  assert_fault(around_seats("{" AT_2 ",'rotation':'left'}"), ROW "seats[0].rotation", "is not a number");
  assert_fault(around_seats("{'seat_number':'1','position':{'x':0,'y':0},'category':'Gold'}"), ROW "seats[0].category",
               "names no category of this plan");
  assert_fault(around_seats(SEAT_1 "," SEAT_1), ROW "seats[1].seat_guid", "is there twice");
  assert_fault(around_seats("{'seat_number':'123456789012345678901234567890123','position':{'x':0,'y':0}}"),
               ROW "seats[0].seat_number", "has 33 characters, and 32 are the most");
  assert_fault(around_seats("{" AT_2 ",'place':1.5}"), ROW "seats[0].place", "is not a whole number");
  assert_fault(around_seats(SEAT_1 ",{" AT_2 ",'place':1}"), ROW "seats[1]",
               "is row 1, place 1, and so is zones[0].rows[0].seats[0]");
  assert_fault(around_seats(SEAT_1 ",17"), ROW "seats[1]", "is not an object");
}

static void test_a_sum_of_positions_may_not_go_too_far(void **state) {
  (void)state;
  assert_fault(around_seats("{'seat_number':'1','position':{'x':99990,'y':0}}"), "zones[0].rows[0].seats[0].position.x",
               "is 100090 and has to be from -100000 to 100000");
}

static void test_a_wrong_area_is_told_by_its_path(void **state) {
  (void)state;
  assert_fault(around_areas("{'position':{'x':0,'y':0}}"), "zones[0].areas[0].shape",
               "is none of rectangle, circle, ellipse, polygon and text");
  assert_fault(around_areas("{'shape':'circle','position':{'x':0,'y':0},'circle':{'radius':-1}}"),
               "zones[0].areas[0].circle.radius", "has to be from 0 to 100000");
  assert_fault(
      around_areas("{'shape':'polygon','position':{'x':0,'y':0},'polygon':{'points':[{'x':0,'y':0},{'x':1}]}}"),
      "zones[0].areas[0].polygon.points[1].y", "is missing");
  assert_fault(around_areas("{'shape':'polygon','position':{'x':0,'y':0},'polygon':{'points':[]}}"),
               "zones[0].areas[0].polygon.points", "are 0 and have to be from 2 to 10000");
  assert_fault(around_areas("{'shape':'text','text':'Stage'}"), "zones[0].areas[0].text", "is not an object");
}

// --- Writing ---

// All that the hash does not see.
static void assert_same_guids(const Plan *left, const Plan *right) {
  assert_int_equal(left->seat_count, right->seat_count);
  for (size_t i = 0; i < left->seat_count; i++) {
    assert_true(str_equal(left->seats[i].guid, right->seats[i].guid));
  }
}

static void test_what_was_written_reads_as_the_same_plan(void **state) {
  (void)state;
  for (int hall = 0; hall < DEMO_HALLS; hall++) {
    Plan drawn;
    Plan back;
    PlanFault fault = {{0}, {0}};
    Text text = {.arena = &arena};
    demo_hall_draw(&arena, (DemoHall)hall, &drawn);
    plan_json_write(&text, &drawn, PLAN_JSON_WHOLE);
    assert_true(plan_json_read(&arena, text_str(&text), &back, &fault));
    assert_true(plan_hash(&arena, &back) == plan_hash(&arena, &drawn));
    assert_same_guids(&back, &drawn);
  }
}

static void test_seats_that_the_open_form_cannot_say_read_back(void **state) {
  (void)state;
  PlanFault fault = {{0}, {0}};
  Plan plan = read_plan(around_seats("{" AT_2 ",'width':65,'height':31,'rotation':12.25,'place':4},"
                                     "{'seat_number':'x','position':{'x':90,'y':0},'width':1,'height':1}"));
  Text text = {.arena = &arena};
  Plan back;
  plan_json_write(&text, &plan, PLAN_JSON_WHOLE);
  assert_true(plan_json_read(&arena, text_str(&text), &back, &fault));
  assert_int_equal(back.seats[0].width, 65);
  assert_int_equal(back.seats[0].place, 4);
  assert_true(plan_hash(&arena, &back) == plan_hash(&arena, &plan));
}

static void assert_only_keys(const Json *object, const char *const *keys) {
  for (const Json *member = json_first(object); member != NULL; member = json_next(member)) {
    size_t at = 0;
    while (keys[at] != NULL && strcmp(keys[at], json_key(member)) != 0) {
      at++;
    }
    if (keys[at] == NULL) fail_msg("the open form does not know \"%s\"", json_key(member));
  }
}

static void test_the_strict_form_has_only_keys_of_the_open_schema(void **state) {
  (void)state;
  static const char *const seat_keys[] = {"seat_guid", "seat_number", "uuid",     "start_direction",
                                          "radius",    "position",    "category", NULL};
  static const char *const row_keys[] = {"row_number", "row_label",           "seat_label", "uuid",
                                         "seats",      "row_number_position", "position",   NULL};
  Plan plan;
  Text text = {.arena = &arena};
  demo_hall_draw(&arena, DEMO_ARENA, &plan);
  plan.seats[0].guid = (Str){0};
  plan_json_write(&text, &plan, PLAN_JSON_STRICT);
  const Json *document = json_parse(&arena, text_str(&text), NULL);
  size_t seats = 0;
  for (const Json *zone = json_first(json_get(document, "zones")); zone != NULL; zone = json_next(zone)) {
    for (const Json *row = json_first(json_get(zone, "rows")); row != NULL; row = json_next(row)) {
      assert_only_keys(row, row_keys);
      for (const Json *seat = json_first(json_get(row, "seats")); seat != NULL; seat = json_next(seat), seats++) {
        assert_only_keys(seat, seat_keys);
        assert_true(json_is_string(json_get(seat, "seat_guid")));
      }
    }
  }
  assert_int_equal(seats, plan.seat_count);
}

int main(void) {
#define TEST(name) cmocka_unit_test_teardown(name, forget)
  const struct CMUnitTest tests[] = {
      TEST(test_positions_nest_and_a_radius_makes_a_square),
      TEST(test_rows_are_numbered_through_the_hall),
      TEST(test_keys_that_we_do_not_know_are_ignored),
      TEST(test_a_seat_without_a_category_is_standard),
      TEST(test_every_shape_of_an_area_is_read),
      TEST(test_what_is_no_json_is_told_by_line_and_column),
      TEST(test_what_is_no_plan_is_refused),
      TEST(test_a_wrong_seat_is_told_by_its_path),
      TEST(test_a_sum_of_positions_may_not_go_too_far),
      TEST(test_a_wrong_area_is_told_by_its_path),
      TEST(test_what_was_written_reads_as_the_same_plan),
      TEST(test_seats_that_the_open_form_cannot_say_read_back),
      TEST(test_the_strict_form_has_only_keys_of_the_open_schema),
  };
  return cmocka_run_group_tests_name("plan_json", tests, NULL, NULL);
}
