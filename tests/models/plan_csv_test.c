// Our CSV of seats: how it is understood, how its faults are told, and that what is written reads back.
#include "models/plan_csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "models/demo_halls.h"

static Arena arena;

static int forget(void **state) {
  (void)state;
  arena_free(&arena);
  return 0;
}

#define assert_str(actual, expected) assert_string_equal(str_zero(&arena, (actual)), (expected))
#define HEADER "row,place,x,y,width,height\n"

static Plan read_plan(const char *text) {
  Plan plan;
  PlanFault fault = {{0}, {0}};
  if (!plan_csv_read(&arena, str_from(text), STR("Hall"), &plan, &fault)) {
    fail_msg("%.*s %.*s", STR_ARG(fault.where), STR_ARG(fault.what));
  }
  return plan;
}

static void assert_fault(const char *text, const char *where, const char *what) {
  Plan plan;
  PlanFault fault = {{0}, {0}};
  if (plan_csv_read(&arena, str_from(text), STR("Hall"), &plan, &fault)) fail_msg("accepted: %s", text);
  assert_str(fault.where, where);
  assert_str(fault.what, what);
}

// --- Reading ---

static void test_a_table_is_read_with_its_defaults(void **state) {
  (void)state;
  Plan plan = read_plan(HEADER "1,1,0,0,30,30\n1,2,40.4,0,30,31\n");
  assert_int_equal(plan.seat_count, 2);
  assert_int_equal(plan.seats[1].x, 40);
  assert_int_equal(plan.seats[1].height, 31);
  assert_str(plan.types[0].name, "Standard");
  assert_str(plan.name, "Hall");
  assert_int_equal(plan.seats[0].zone, PLAN_NO_ZONE);
}

static void test_columns_come_in_any_order_and_lines_end_in_any_way(void **state) {
  (void)state;
  Plan plan = read_plan(
      "\xEF\xBB\xBFType, Y,x ,height,width,place,row,rotation\r\nVIP,5,6,7,8,2,1,-90\r\n\r\n,5,60,7,8,3,1,\r\n");
  assert_int_equal(plan.seats[0].place, 2);
  assert_int_equal(plan.seats[0].width, 8);
  assert_true(plan.seats[0].rotation == 270);
  assert_str(plan.types[plan.seats[0].type].name, "VIP");
  assert_str(plan.types[plan.seats[1].type].name, "Standard");
}

static void test_quoted_fields_hold_commas_quotes_and_lines(void **state) {
  (void)state;
  Plan plan = read_plan("row,place,x,y,width,height,type,zone\n1,1,0,0,30,30,\"Love, \"\"double\"\"\",\"Box 1\"\n");
  assert_str(plan.types[0].name, "Love, \"double\"");
  assert_str(plan.zones[0], "Box 1");
}

static void test_labels_guids_and_colours_are_read(void **state) {
  (void)state;
  Plan plan = read_plan(
      "row,place,x,y,width,height,row_label,place_label,guid,type,color\n"
      "1,1,0,0,30,30,Front,1a,g-1,VIP,#ABC\n"
      "1,2,40,0,30,30,Front,2,g-2,VIP,\n");
  assert_str(plan.seats[0].row_label, "Front");
  assert_str(plan.seats[0].place_label, "1a");
  assert_str(plan.seats[1].place_label, "");
  assert_str(plan.seats[1].guid, "g-2");
  assert_str(plan.types[0].color, "#aabbcc");
}

// --- Faults ---

static void test_a_wrong_header_is_told(void **state) {
  (void)state;
  assert_fault("", "line 1", "does not name the column row");
  assert_fault("row,place,x,y,width\n", "line 1", "does not name the column height");
  assert_fault("row,place,rotaton\n", "line 1, column 3", "is no column that we know");
  assert_fault("row,place,Row\n", "line 1", "names twice the column row");
  assert_fault("row;place;x;y;width;height\n", "line 1, column 1", "is no column that we know");
}

static void test_a_wrong_value_is_told_by_line_and_column(void **state) {
  (void)state;
  assert_fault(HEADER, "the plan", "has no seats");
  assert_fault(HEADER "1,1,0,0,30,30\n1,2,x,0,30,30\n", "line 3, column 3 (x)", "is not a number");
  assert_fault(HEADER "1,1,nan,0,30,30\n", "line 2, column 3 (x)", "is not a number");
  assert_fault(HEADER "1,1,,0,30,30\n", "line 2, column 3 (x)", "is missing");
  assert_fault(HEADER "1,1,0,100001,30,30\n", "line 2, column 4 (y)", "has to be from -100000 to 100000");
  assert_fault(HEADER "1,1,0,0,0,30\n", "line 2, column 5 (width)", "has to be from 1 to 10000");
  assert_fault(HEADER "A,1,0,0,30,30\n", "line 2, column 1 (row)", "is not a whole number");
  assert_fault(HEADER "1,0,0,0,30,30\n", "line 2, column 2 (place)", "has to be from 1 to 100000");
  assert_fault(HEADER "1,1,0,0,30\n", "line 2", "has 5 fields, and the first line has 6");
  assert_fault(HEADER "1,1,0,0,30,30,\n", "line 2", "has 7 fields, and the first line has 6");
  assert_fault("row,place,x,y,width,height,rotation\n1,1,0,0,30,30,left\n", "line 2, column 7 (rotation)",
               "is not a number");
}

static void test_wrong_quotes_are_told(void **state) {
  (void)state;
  assert_fault(HEADER "\"1,1,0,0,30,30\n", "line 2", "has a quoted field without an end");
  assert_fault(HEADER "\"1\"1,1,0,0,30,30\n", "line 2", "has letters behind a quoted field");
  assert_fault(HEADER "1\",1,0,0,30,30\n", "line 2", "has a quote within a field that is not quoted");
}

static void test_rules_across_seats_are_told_by_line(void **state) {
  (void)state;
  assert_fault(HEADER "1,1,0,0,30,30\n\n1,1,40,0,30,30\n", "line 4", "is row 1, place 1, and so is line 2");
  assert_fault("guid,row,place,x,y,width,height\ng,1,1,0,0,9,9\ng,1,2,9,0,9,9\n", "line 3, column 1 (guid)",
               "is there twice");
  assert_fault("row,place,x,y,width,height,row_label\n1,1,0,0,9,9,Q\n1,2,9,0,9,9,R\n", "line 3, column 7 (row_label)",
               "differs from that of row 1's other seats");
  assert_fault("row,place,x,y,width,height,type,color\n1,1,0,0,9,9,V,red\n1,2,9,0,9,9,V,blue\n",
               "line 3, column 8 (color)", "differs from the colour of this type of seat further up");
  assert_fault("row,place,x,y,width,height,zone\n1,1,0,0,9,9,\"a\nb\"\n", "line 2, column 7 (zone)",
               "holds a control character");
  assert_fault("row,place,x,y,width,height,type\n1,1,0,0,9,9,\xFF\n", "line 2, column 7 (type)", "is not UTF-8");
}

static void test_a_table_has_at_most_64_types(void **state) {
  (void)state;
  Text text = {.arena = &arena};
  text_add(&text, STR("row,place,x,y,width,height,type\n"));
  for (int i = 1; i <= PLAN_TYPES_MAX + 1; i++) {
    text_format(&text, "1,%d,%d,0,9,9,type %d\n", i, i * 10, i);
  }
  assert_fault(str_zero(&arena, text_str(&text)), "line 66, column 7 (type)", "is one type of seat too many");
}

// --- Writing ---

static void test_only_columns_that_say_something_are_written(void **state) {
  (void)state;
  Text text = {.arena = &arena};
  Plan plan = read_plan(HEADER "1,1,0,0,30,30\n");
  plan_csv_write(&text, &plan);
  assert_str(text_str(&text), "row,place,x,y,width,height,rotation,type\r\n1,1,0,0,30,30,0,Standard\r\n");
}

static void test_what_was_written_reads_as_the_same_plan(void **state) {
  (void)state;
  for (int hall = 0; hall < DEMO_HALLS; hall++) {
    Plan drawn;
    Plan back;
    PlanFault fault = {{0}, {0}};
    Text text = {.arena = &arena};
    demo_hall_draw(&arena, (DemoHall)hall, &drawn);
    // A table holds no areas: the plan is what is left without them.
    drawn.area_count = 0;
    assert_true(plan_finish(&arena, &drawn, NULL, &fault));
    plan_csv_write(&text, &drawn);
    assert_true(plan_csv_read(&arena, text_str(&text), drawn.name, &back, &fault));
    assert_true(plan_hash(&arena, &back) == plan_hash(&arena, &drawn));
    for (size_t i = 0; i < back.seat_count; i++) {
      assert_true(str_equal(back.seats[i].guid, drawn.seats[i].guid));
    }
  }
}

static void test_names_that_need_quotes_read_back(void **state) {
  (void)state;
  PlanFault fault = {{0}, {0}};
  Plan plan = read_plan("row,place,x,y,width,height,type,color\n1,1,0,0,30,30,\"a,\"\"b\"\"\",#123456\n");
  Text text = {.arena = &arena};
  Plan back;
  plan_csv_write(&text, &plan);
  assert_true(plan_csv_read(&arena, text_str(&text), STR("Hall"), &back, &fault));
  assert_true(plan_hash(&arena, &back) == plan_hash(&arena, &plan));
}

int main(void) {
#define TEST(name) cmocka_unit_test_teardown(name, forget)
  const struct CMUnitTest tests[] = {
      TEST(test_a_table_is_read_with_its_defaults),
      TEST(test_columns_come_in_any_order_and_lines_end_in_any_way),
      TEST(test_quoted_fields_hold_commas_quotes_and_lines),
      TEST(test_labels_guids_and_colours_are_read),
      TEST(test_a_wrong_header_is_told),
      TEST(test_a_wrong_value_is_told_by_line_and_column),
      TEST(test_wrong_quotes_are_told),
      TEST(test_rules_across_seats_are_told_by_line),
      TEST(test_a_table_has_at_most_64_types),
      TEST(test_only_columns_that_say_something_are_written),
      TEST(test_what_was_written_reads_as_the_same_plan),
      TEST(test_names_that_need_quotes_read_back),
  };
  return cmocka_run_group_tests_name("plan_csv", tests, NULL, NULL);
}
