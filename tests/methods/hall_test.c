// Changing seats: every error in its order, who may set what, all or nothing, and the events that tell of it.
#include "methods/hall.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "support/invariants.h"
#include "support/venue.h"

static const Identity *const anna = &venue_anna;
static const Identity *const bert = &venue_bert;
static const Identity *const staff = &venue_staff;

static Answer set(Rig *rig, const Identity *who, int seat_id, const char *status) {
  Text json = {.arena = &rig->arena};
  text_format(&json, "{\"hall_id\":1,\"seat_id\":%d,\"status\":\"%s\"}", seat_id, status);
  return rig_call(rig, &hall_update_seat_status, who, rig_zero(rig, text_str(&json)));
}

static Answer set_many(Rig *rig, const Identity *who, const char *seat_ids, const char *status) {
  Text json = {.arena = &rig->arena};
  text_format(&json, "{\"hall_id\":1,\"seat_ids\":[%s],\"status\":\"%s\"}", seat_ids, status);
  return rig_call(rig, &hall_update_seats_status, who, rig_zero(rig, text_str(&json)));
}

static void set_well(Rig *rig, const Identity *who, int seat_id, const char *status) {
  Answer answer = set(rig, who, seat_id, status);
  assert_refused(answer, ERR_NONE);
}

static Error one_error(Rig *rig, const Identity *who, const char *json) {
  return rig_call(rig, &hall_update_seat_status, who, json).error;
}

static void test_the_first_failing_check_of_a_change_wins(void **state) {
  Rig *rig = *state;
  set_well(rig, bert, 2, "RESERVED");
  assert_int_equal(one_error(rig, NULL, "{}"), ERR_UNAUTHORIZED);
  static const char *const no_hall[] = {
      "null", "[]", "{\"hall_id\":0}", "{\"hall_id\":\"1\"}", "{\"hall_id\":1.5}", "{\"hall_id\":-1,\"seat_id\":1}"};
  for (size_t i = 0; i < sizeof no_hall / sizeof no_hall[0]; i++)
    assert_int_equal(one_error(rig, anna, no_hall[i]), ERR_REQUIRED_HALL_ID);
  static const char *const no_seat[] = {"{\"hall_id\":99}",
                                        "{\"hall_id\":99,\"seat_id\":0,\"status\":\"VACANT\"}",
                                        "{\"hall_id\":99,\"seat_id\":\"x\",\"status\":\"VACANT\"}",
                                        "{\"hall_id\":99,\"seat_id\":1}",
                                        "{\"hall_id\":99,\"seat_id\":1,\"status\":1}",
                                        "{\"hall_id\":99,\"seat_id\":1,\"status\":\"\"}",
                                        "{\"hall_id\":99,\"seat_id\":1,\"status\":\"vacant\"}",
                                        "{\"hall_id\":99,\"seat_id\":1,\"status\":\"RESERVED \"}",
                                        "{\"hall_id\":99,\"seat_id\":1,\"status\":\"RESERVEDRESERVED1\"}"};
  for (size_t i = 0; i < sizeof no_seat / sizeof no_seat[0]; i++)
    assert_int_equal(one_error(rig, anna, no_seat[i]), ERR_INVALID_SEAT_DATA);
  assert_int_equal(one_error(rig, anna, "{\"hall_id\":99,\"seat_id\":999,\"status\":\"OCCUPIED\"}"),
                   ERR_HALL_NOT_FOUND);
  assert_int_equal(one_error(rig, anna, "{\"hall_id\":1,\"seat_id\":999,\"status\":\"OCCUPIED\"}"), ERR_SEAT_NOT_FOUND);
  assert_int_equal(one_error(rig, anna, "{\"hall_id\":1,\"seat_id\":7,\"status\":\"OCCUPIED\"}"), ERR_SEAT_NOT_FOUND);
  assert_int_equal(one_error(rig, anna, "{\"hall_id\":1,\"seat_id\":2,\"status\":\"OCCUPIED\"}"), ERR_FORBIDDEN);
  assert_int_equal(one_error(rig, anna, "{\"hall_id\":1,\"seat_id\":2,\"status\":\"VACANT\"}"), ERR_FORBIDDEN);
  assert_int_equal(one_error(rig, anna, "{\"hall_id\":1,\"seat_id\":2,\"status\":\"RESERVED\"}"), ERR_SEAT_RESERVED);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM events"), 1);
}

// What may be done to a seat in each status, by a visitor it is not reserved for and by staff.
static void test_who_may_set_what(void **state) {
  static const char *const words[] = {"VACANT", "RESERVED", "OCCUPIED", "MAINTENANCE"};
  static const Error visitor[4][4] = {
      {ERR_NONE, ERR_NONE, ERR_FORBIDDEN, ERR_FORBIDDEN},
      {ERR_FORBIDDEN, ERR_SEAT_RESERVED, ERR_FORBIDDEN, ERR_FORBIDDEN},
      {ERR_FORBIDDEN, ERR_SEAT_RESERVED, ERR_FORBIDDEN, ERR_FORBIDDEN},
      {ERR_FORBIDDEN, ERR_SEAT_RESERVED, ERR_FORBIDDEN, ERR_FORBIDDEN},
  };
  Rig *rig = *state;
  for (int from = 0; from < 4; from++) {
    for (int to = 0; to < 4; to++) {
      set_well(rig, staff, 1, words[from]);
      Answer answer = set(rig, anna, 1, words[to]);
      if (answer.error != visitor[from][to]) fail_msg("%s to %s: %s", words[from], words[to], error_code(answer.error));
      set_well(rig, staff, 1, words[from]);
      set_well(rig, staff, 1, words[to]);
    }
  }
}

static void test_a_person_releases_only_what_they_reserved(void **state) {
  Rig *rig = *state;
  set_well(rig, anna, 1, "RESERVED");
  assert_refused(set(rig, bert, 1, "VACANT"), ERR_FORBIDDEN);
  assert_int_equal(rig_int(rig, "SELECT reserved_by FROM seats WHERE id = 1"), 1);
  set_well(rig, anna, 1, "VACANT");
  assert_int_equal(rig_int(rig, "SELECT reserved_by IS NULL FROM seats WHERE id = 1"), 1);
  set_well(rig, bert, 1, "RESERVED");
  set_well(rig, staff, 1, "VACANT");
  assert_refused(set(rig, bert, 1, "OCCUPIED"), ERR_FORBIDDEN);
}

static void test_a_role_counts_as_it_is_now_and_not_as_the_session_began(void **state) {
  Rig *rig = *state;
  rig_run(rig, "UPDATE users SET role = 'visitor' WHERE username = 'sten'");
  assert_refused(set(rig, staff, 1, "OCCUPIED"), ERR_FORBIDDEN);
  rig_run(rig, "UPDATE users SET role = 'staff' WHERE username = 'anna'");
  set_well(rig, anna, 1, "MAINTENANCE");
}

static void test_the_status_a_seat_has_already_is_a_success_without_an_event(void **state) {
  Rig *rig = *state;
  set_well(rig, anna, 1, "VACANT");
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM events"), 0);
  set_well(rig, anna, 1, "RESERVED");
  rig_pass(rig, RIG_HOUR_MS);
  set_well(rig, anna, 1, "RESERVED");
  set_well(rig, staff, 1, "RESERVED");
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM events"), 1);
  assert_int_equal(rig_int(rig, "SELECT updated_at FROM seats WHERE id = 1"), RIG_BEGIN_MS);
  assert_int_equal(rig_int(rig, "SELECT reserved_by FROM seats WHERE id = 1"), 1);
}

static void test_two_people_reserving_one_seat_one_wins(void **state) {
  Rig *rig = *state;
  const char *json = "{\"hall_id\":1,\"seat_id\":3,\"status\":\"RESERVED\"}";
  Answer answers[2];
  rig_ask(rig, 0, &hall_update_seat_status, anna, json, &answers[0]);
  rig_ask(rig, 0, &hall_update_seat_status, bert, json, &answers[1]);
  RIG_UNTIL(rig, answers[0].done && answers[1].done);
  assert_refused(answers[0], ERR_NONE);
  assert_refused(answers[1], ERR_SEAT_RESERVED);
  assert_int_equal(rig_int(rig, "SELECT reserved_by FROM seats WHERE id = 3"), 1);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM events"), 1);
}

static void test_changes_of_one_commit_see_each_other(void **state) {
  enum { COUNT = 9 };
  Rig *rig = *state;
  const Identity *const who[COUNT] = {anna, bert, anna, bert, staff, anna, anna, staff, bert};
  static const char *const json[COUNT] = {"{\"hall_id\":1,\"seat_id\":1,\"status\":\"RESERVED\"}",
                                          "{\"hall_id\":1,\"seat_id\":1,\"status\":\"RESERVED\"}",
                                          "{\"hall_id\":1,\"seat_id\":1,\"status\":\"VACANT\"}",
                                          "{\"hall_id\":1,\"seat_id\":1,\"status\":\"RESERVED\"}",
                                          "{\"hall_id\":1,\"seat_id\":2,\"status\":\"OCCUPIED\"}",
                                          "{\"hall_id\":1,\"seat_ids\":[3,4],\"status\":\"RESERVED\"}",
                                          "{\"hall_id\":1,\"seat_id\":7,\"status\":\"RESERVED\"}",
                                          "{\"hall_id\":1,\"seat_id\":3,\"status\":\"VACANT\"}",
                                          "{\"hall_id\":99,\"seat_id\":1,\"status\":\"VACANT\"}"};
  static const Error expected[COUNT] = {ERR_NONE, ERR_SEAT_RESERVED,  ERR_NONE, ERR_NONE,          ERR_NONE,
                                        ERR_NONE, ERR_SEAT_NOT_FOUND, ERR_NONE, ERR_HALL_NOT_FOUND};
  Answer answers[COUNT];
  uint64_t commits = store_figures(rig->store).commits;
  for (int i = 0; i < COUNT; i++)
    rig_ask(rig, 0, i == 5 ? &hall_update_seats_status : &hall_update_seat_status, who[i], json[i], &answers[i]);
  for (int i = 0; i < COUNT; i++) RIG_UNTIL(rig, answers[i].done);
  for (int i = 0; i < COUNT; i++) assert_refused(answers[i], expected[i]);
  assert_int_equal(store_figures(rig->store).commits - commits, 1);
  assert_int_equal(rig_int(rig, "SELECT sum(id * status) FROM seats WHERE id <= 4"), 1 + 2 * 2 + 4);
  assert_int_equal(rig_int(rig, "SELECT sum(reserved_by) FROM seats WHERE id IN (1, 4)"), 2 + 1);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM seats WHERE id IN (2, 3) AND reserved_by IS NULL"), 2);
  assert_int_equal(rig_int(rig, "SELECT max(seq) FROM events WHERE topic = 'hall:1'"), 6);
}

static void test_each_change_is_an_event_with_the_next_number(void **state) {
  Rig *rig = *state;
  set_well(rig, anna, 1, "RESERVED");
  rig_pass(rig, 1500);
  set_well(rig, anna, 1, "VACANT");
  assert_refused(set_many(rig, staff, "6,5", "OCCUPIED"), ERR_NONE);
  assert_string_equal(rig_heard(rig, 0),
                      "event hall:1 1 seats {\"to\":\"RESERVED\",\"by\":1,\"seats\":[1],\"from\":[\"VACANT\"]}\n"
                      "done hall.update_seat_status\n"
                      "event hall:1 2 seats {\"to\":\"VACANT\",\"by\":1,\"seats\":[1],\"from\":[\"RESERVED\"]}\n"
                      "done hall.update_seat_status\n"
                      "event hall:1 3 seats {\"to\":\"OCCUPIED\",\"by\":3,\"seats\":[6,5],\"from\":[\"VACANT\","
                      "\"VACANT\"]}\n"
                      "done hall.update_seats_status\n");
  assert_string_equal(rig_text(rig, "SELECT group_concat(topic || ' ' || seq || ' ' || kind) FROM events"),
                      "hall:1 1 seats,hall:1 2 seats,hall:1 3 seats");
  assert_int_equal(rig_int(rig, "SELECT at FROM events WHERE seq = 2"), RIG_BEGIN_MS + 1500);
  assert_int_equal(rig_int(rig, "SELECT updated_at FROM seats WHERE id = 1"), RIG_BEGIN_MS + 1500);
}

static void test_halls_count_their_events_apart(void **state) {
  Rig *rig = *state;
  set_well(rig, anna, 1, "RESERVED");
  Answer answer = rig_call(rig, &hall_update_seat_status, anna,
                           "{\"hall_id\":2,\"seat_id\":7,\"status\":\"RESERVED\",\"reply\":\"delta\"}");
  assert_reply(rig, answer,
               "{\"id\":2,\"seq\":1,\"seats\":[{\"id\":7,\"status\":\"RESERVED\","
               "\"updated_at\":\"2026-11-21T07:00:00.000Z\"}]}");
}

static void test_the_reply_is_the_hall_or_what_changed(void **state) {
  Rig *rig = *state;
  Answer whole = set(rig, anna, 1, "RESERVED");
  assert_string_equal(whole.topic_kind, "hall");
  assert_int_equal(whole.topic_key, 1);
  Answer same = rig_call(rig, &hall_update_seat_status, anna,
                         "{\"hall_id\":1,\"seat_id\":1,\"status\":\"RESERVED\",\"reply\":\"delta\"}");
  assert_reply(rig, same, "{\"id\":1,\"seq\":0,\"seats\":[]}");
  Answer many = set_many(rig, anna, "1,2", "RESERVED");
  assert_reply(rig, many,
               "{\"id\":1,\"seq\":2,\"seats\":[{\"id\":2,\"status\":\"RESERVED\","
               "\"updated_at\":\"2026-11-21T07:00:00.000Z\"}]}");
  assert_null(many.topic_kind);
}

static void test_several_seats_are_taken_all_or_none(void **state) {
  Rig *rig = *state;
  set_well(rig, bert, 2, "RESERVED");
  set_well(rig, staff, 4, "MAINTENANCE");
  Answer answer = set_many(rig, anna, "1,2,3,4", "RESERVED");
  assert_refused(answer, ERR_SEAT_RESERVED);
  assert_string_equal(rig_zero(rig, answer.reply), "{\"seat_ids\":[2,4]}");
  assert_refused(set_many(rig, anna, "1,2", "VACANT"), ERR_FORBIDDEN);
  assert_refused(set_many(rig, anna, "1,7", "RESERVED"), ERR_SEAT_NOT_FOUND);
  assert_refused(set_many(rig, anna, "1,3", "OCCUPIED"), ERR_FORBIDDEN);
  assert_refused(set_many(rig, anna, "1,3,1", "RESERVED"), ERR_INVALID_SEAT_DATA);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM seats WHERE reserved_by = 1"), 0);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM events"), 2);
  assert_refused(set_many(rig, anna, "3,1", "RESERVED"), ERR_NONE);
  assert_string_equal(rig_text(rig, "SELECT payload FROM events WHERE seq = 3"),
                      "{\"to\":\"RESERVED\",\"by\":1,\"seats\":[3,1],\"from\":[\"VACANT\",\"VACANT\"]}");
  assert_refused(set_many(rig, staff, "1,2,3,4,5,6", "VACANT"), ERR_NONE);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM seats WHERE status != 0"), 0);
}

static void test_a_list_of_seats_is_checked_before_anything_is_looked_up(void **state) {
  static const char *const lists[] = {"", "0", "1,-2", "\"1\"", "1.5", "null", "[1]"};
  Rig *rig = *state;
  for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
    assert_refused(set_many(rig, anna, lists[i], "RESERVED"), ERR_INVALID_SEAT_DATA);
  assert_refused(set_many(rig, anna, "1", "TAKEN"), ERR_INVALID_SEAT_DATA);
  assert_refused(set_many(rig, NULL, "1", "RESERVED"), ERR_UNAUTHORIZED);
  assert_refused(rig_call(rig, &hall_update_seats_status, anna, "{\"seat_ids\":[1],\"status\":\"RESERVED\"}"),
                 ERR_REQUIRED_HALL_ID);
  assert_refused(
      rig_call(rig, &hall_update_seats_status, anna, "{\"hall_id\":99,\"seat_ids\":[1],\"status\":\"RESERVED\"}"),
      ERR_HALL_NOT_FOUND);
  Text many = {.arena = &rig->arena};
  for (int i = 1; i <= 2000; i++) text_format(&many, "%s%d", i == 1 ? "" : ",", i);
  assert_refused(set_many(rig, anna, rig_zero(rig, text_str(&many)), "RESERVED"), ERR_SEAT_NOT_FOUND);
  text_add(&many, STR(",2001"));
  assert_refused(set_many(rig, anna, rig_zero(rig, text_str(&many)), "RESERVED"), ERR_INVALID_SEAT_DATA);
}

static void test_my_seats_are_those_i_reserved_in_that_hall(void **state) {
  Rig *rig = *state;
  const char *json = "{\"hall_id\":1}";
  assert_refused(rig_call(rig, &hall_my_seats, NULL, json), ERR_UNAUTHORIZED);
  assert_refused(rig_call(rig, &hall_my_seats, anna, "{}"), ERR_REQUIRED_HALL_ID);
  assert_reply(rig, rig_call(rig, &hall_my_seats, anna, json), "{\"seat_ids\":[]}");
  assert_refused(set_many(rig, anna, "5,2", "RESERVED"), ERR_NONE);
  set_well(rig, bert, 1, "RESERVED");
  set_well(rig, staff, 3, "OCCUPIED");
  assert_reply(rig, rig_call(rig, &hall_my_seats, anna, json), "{\"seat_ids\":[2,5]}");
  set_well(rig, staff, 2, "OCCUPIED");
  assert_reply(rig, rig_call(rig, &hall_my_seats, anna, json), "{\"seat_ids\":[5]}");
  assert_reply(rig, rig_call(rig, &hall_my_seats, anna, "{\"hall_id\":2}"), "{\"seat_ids\":[]}");
}

static void test_a_plan_is_had_by_its_hash_only(void **state) {
  Rig *rig = *state;
  Text json = {.arena = &rig->arena};
  text_format(&json, "{\"hall_id\":1,\"hash\":\"%s\"}", rig_text(rig, "SELECT plan_hash FROM halls WHERE id = 1"));
  Answer plan = rig_call(rig, &hall_get_plan, NULL, rig_zero(rig, text_str(&json)));
  assert_refused(plan, ERR_NONE);
  const Json *root = json_parse(&rig->arena, plan.reply, NULL);
  assert_int_equal(json_count(json_get(json_get(root, "seats"), "id")), VENUE_SEATS);
  assert_refused(rig_call(rig, &hall_get_plan, NULL, "{\"hall_id\":1,\"hash\":\"0123456789abcdef\"}"), ERR_NOT_FOUND);
  assert_refused(rig_call(rig, &hall_get_plan, NULL, "{\"hall_id\":9,\"hash\":\"0123456789abcdef\"}"), ERR_NOT_FOUND);
  assert_refused(rig_call(rig, &hall_get_plan, NULL, "{\"hall_id\":1,\"hash\":\"\"}"), ERR_NOT_FOUND);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, venue_setup, invariants_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_the_first_failing_check_of_a_change_wins),
      CASE(test_who_may_set_what),
      CASE(test_a_person_releases_only_what_they_reserved),
      CASE(test_a_role_counts_as_it_is_now_and_not_as_the_session_began),
      CASE(test_the_status_a_seat_has_already_is_a_success_without_an_event),
      CASE(test_two_people_reserving_one_seat_one_wins),
      CASE(test_changes_of_one_commit_see_each_other),
      CASE(test_each_change_is_an_event_with_the_next_number),
      CASE(test_halls_count_their_events_apart),
      CASE(test_the_reply_is_the_hall_or_what_changed),
      CASE(test_several_seats_are_taken_all_or_none),
      CASE(test_a_list_of_seats_is_checked_before_anything_is_looked_up),
      CASE(test_my_seats_are_those_i_reserved_in_that_hall),
      CASE(test_a_plan_is_had_by_its_hash_only),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
