// Tickets: their codes, the signed list, and checking in.
#include "methods/ticket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "methods/booking.h"
#include "shared/json.h"
#include "support/invariants.h"
#include "support/sale.h"

static const Identity *const anna = &venue_anna;
static const Identity *const bert = &venue_bert;
static const Identity *const staff = &venue_staff;

// A confirmed booking of seats 1 and 2; gives its id.
static const char *buy(Rig *rig) {
  const char *id = sale_booking(rig, anna, "{\"concertId\":\"" SALE_HALL_CONCERT "\",\"seatIds\":[1,2]}");
  assert_refused(sale_create_intent(rig, anna, id), ERR_NONE);
  sale_intent_is(rig, "succeeded");
  assert_refused(sale_confirm(rig, anna, id), ERR_NONE);
  return id;
}

static const char *code_of(Rig *rig, const char *id, int number) {
  Answer answer = sale_call(rig, &booking_tickets, anna, "{\"id\":\"%s\"}", id);
  Str code = {0};
  const Json *ticket = json_first(json_get(json_parse(&rig->arena, answer.reply, NULL), "tickets"));
  for (int i = 1; i < number; i++) ticket = json_next(ticket);
  assert_true(json_str(json_get(ticket, "code"), &code));
  return rig_zero(rig, code);
}

static Answer check_in(Rig *rig, const Identity *who, const char *code) {
  return sale_call(rig, &ticket_check_in_code, who, "{\"code\":\"%s\"}", code);
}

static Answer check_in_to(Rig *rig, const char *concert_id, const char *code) {
  return sale_call(rig, &ticket_check_in_code, staff, "{\"code\":\"%s\",\"concertId\":\"%s\"}", code, concert_id);
}

static void test_a_confirmed_booking_has_a_ticket_a_person(void **state) {
  Rig *rig = *state;
  const char *id = buy(rig);
  Answer answer = sale_call(rig, &booking_tickets, anna, "{\"id\":\"%s\"}", id);
  const char *reply = rig_zero(rig, answer.reply);
  assert_non_null(strstr(reply, "\"number\":1,\"code\":\"FT1."));
  assert_non_null(strstr(reply, "\"seatLabel\":\"Row A, 1\",\"checkedInAt\":null,\"void\":false"));
  assert_non_null(strstr(reply, "\"seatLabel\":\"Row A, 2\""));
  assert_string_equal(code_of(rig, id, 1), code_of(rig, id, 1));
  assert_string_not_equal(code_of(rig, id, 1), code_of(rig, id, 2));
}

static void test_a_ticket_lets_in_once_and_its_seat_is_occupied(void **state) {
  Rig *rig = *state;
  const char *code = code_of(rig, buy(rig), 1);
  rig_heard(rig, 0);
  Answer first = check_in(rig, staff, code);
  assert_refused(first, ERR_NONE);
  assert_non_null(strstr(rig_zero(rig, first.reply), "\"name\":\"anna\",\"seatLabel\":\"Row A, 1\",\"category\":"));
  assert_non_null(
      strstr(rig_heard(rig, 0), "seats {\"to\":\"OCCUPIED\",\"by\":3,\"seats\":[1],\"from\":[\"RESERVED\"]}"));
  rig_pass(rig, 1000);
  Answer second = check_in(rig, staff, code);
  assert_refused(second, ERR_TICKET_USED);
  assert_string_equal(rig_zero(rig, second.reply), "{\"checkedInAt\":\"2026-11-21T07:00:00.000Z\"}");
}

static void test_only_staff_lets_in_and_only_with_our_tickets(void **state) {
  Rig *rig = *state;
  const char *code = code_of(rig, buy(rig), 1);
  Text other = {.arena = &rig->arena};
  assert_refused(check_in(rig, anna, code), ERR_FORBIDDEN);
  assert_refused(check_in(rig, bert, code), ERR_FORBIDDEN);
  assert_refused(check_in(rig, staff, ""), ERR_VALIDATION);
  assert_refused(check_in(rig, staff, "FT1."), ERR_TICKET_NOT_FOUND);
  assert_refused(check_in(rig, staff, code + 1), ERR_TICKET_NOT_FOUND);
  text_add(&other, str_from(code));
  other.at[8] = other.at[8] == 'A' ? 'B' : 'A';
  assert_refused(check_in(rig, staff, rig_zero(rig, text_str(&other))), ERR_TICKET_NOT_FOUND);
  rig->config.ticket_secret = STR("another secret");
  assert_refused(check_in(rig, staff, code), ERR_TICKET_NOT_FOUND);
  rig->config.ticket_secret = STR("ticket secret");
  assert_refused(check_in(rig, staff, code), ERR_NONE);
}

static void test_a_door_lets_in_nobody_with_a_ticket_of_another_concert(void **state) {
  Rig *rig = *state;
  const char *code = code_of(rig, buy(rig), 1);
  rig_heard(rig, 0);
  assert_refused(check_in_to(rig, "aa0000000000000000000001", code), ERR_WRONG_CONCERT);
  assert_string_equal(rig_heard(rig, 0), "done ticket.check_in\n");
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM tickets WHERE checked_in_at IS NOT NULL"), 0);
  assert_refused(check_in_to(rig, SALE_HALL_CONCERT, code), ERR_NONE);
  assert_refused(check_in_to(rig, "aa0000000000000000000001", code), ERR_WRONG_CONCERT);
}

static void test_a_door_that_was_offline_says_when(void **state) {
  Rig *rig = *state;
  const char *id = buy(rig);
  rig_pass(rig, RIG_HOUR_MS);
  Answer past = sale_call(rig, &ticket_check_in_code, staff, "{\"code\":\"%s\",\"at\":\"2026-11-21T07:30:00.500Z\"}",
                          code_of(rig, id, 1));
  assert_non_null(strstr(rig_zero(rig, past.reply), "\"checkedInAt\":\"2026-11-21T07:30:00.500Z\""));
  Answer future = sale_call(rig, &ticket_check_in_code, staff, "{\"code\":\"%s\",\"at\":\"2027-01-01T00:00:00Z\"}",
                            code_of(rig, id, 2));
  assert_non_null(strstr(rig_zero(rig, future.reply), "\"checkedInAt\":\"2026-11-21T08:00:00.000Z\""));
  assert_refused(
      sale_call(rig, &ticket_check_in_code, staff, "{\"code\":\"%s\",\"at\":\"yesterday\"}", code_of(rig, id, 2)),
      ERR_VALIDATION);
}

// A clock without a battery begins in 1970; as a moment that would be none.
static void test_nobody_came_in_before_the_ticket_was_there(void **state) {
  Rig *rig = *state;
  const char *code = code_of(rig, buy(rig), 1);
  rig_pass(rig, RIG_HOUR_MS);
  Answer answer =
      sale_call(rig, &ticket_check_in_code, staff, "{\"code\":\"%s\",\"at\":\"1970-01-01T00:00:00Z\"}", code);
  assert_non_null(strstr(rig_zero(rig, answer.reply), "\"checkedInAt\":\"2026-11-21T07:00:00.000Z\""));
  Answer again = check_in(rig, staff, code);
  assert_refused(again, ERR_TICKET_USED);
  assert_string_equal(rig_zero(rig, again.reply), "{\"checkedInAt\":\"2026-11-21T07:00:00.000Z\"}");
}

static void test_a_refunded_ticket_lets_nobody_in_and_frees_its_seat(void **state) {
  Rig *rig = *state;
  const char *id = buy(rig);
  const char *code = code_of(rig, id, 2);
  assert_refused(check_in(rig, staff, code_of(rig, id, 1)), ERR_NONE);
  assert_refused(sale_call(rig, &booking_refund_paid, staff, "{\"id\":\"%s\"}", id), ERR_NONE);
  assert_refused(check_in(rig, staff, code), ERR_TICKET_VOID);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM seats WHERE hall_id = 1 AND status = 0"), 6);
  assert_int_equal(rig_int(rig, "SELECT available_seats FROM categories WHERE id = 3"), 4);
}

static void test_the_list_names_every_ticket_of_the_concert(void **state) {
  Rig *rig = *state;
  buy(rig);
  assert_refused(sale_call(rig, &ticket_list, anna, "{}"), ERR_FORBIDDEN);
  Answer none = sale_call(rig, &ticket_list, staff, "{}");
  assert_non_null(strstr(rig_zero(rig, none.reply), "\"next\":null,\"tickets\":[],\"key\":\""));
  Answer list = sale_call(rig, &ticket_list, staff, "{\"concertId\":\"" SALE_HALL_CONCERT "\"}");
  const Json *tickets = json_get(json_parse(&rig->arena, list.reply, NULL), "tickets");
  assert_int_equal(json_count(tickets), 2);
  assert_refused(sale_call(rig, &ticket_list, staff, "{\"concertId\":\"x\"}"), ERR_CONCERT_NOT_FOUND);
}

#define PAGE_OF "{\"concertId\":\"" SALE_HALL_CONCERT "\",\"after\":\"%s\"}"

static void test_a_long_list_comes_in_pages(void **state) {
  Rig *rig = *state;
  buy(rig);
  rig_run(
      rig,
      "WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < 20001) INSERT INTO tickets(public_id,"
      " booking_id, number) SELECT printf('%024x', i), 1, i FROM n");
  Answer first = sale_call(rig, &ticket_list, staff, PAGE_OF, "");
  assert_int_equal(json_count(json_get(json_parse(&rig->arena, first.reply, NULL), "tickets")), 20000);
  const char *next = sale_field(rig, &first, "next");
  assert_string_equal(next, "000000000000000000004e20");
  Answer last = sale_call(rig, &ticket_list, staff, PAGE_OF, next);
  assert_int_equal(json_count(json_get(json_parse(&rig->arena, last.reply, NULL), "tickets")), 1);
  assert_non_null(strstr(rig_zero(rig, last.reply), "\"next\":null,\"tickets\":[{"));
  rig_run(rig, "DELETE FROM tickets WHERE number > 2");
}

int main(void) {
#define SALE_TEST(name) cmocka_unit_test_setup_teardown(name, sale_setup, invariants_teardown)
  const struct CMUnitTest tests[] = {
      SALE_TEST(test_a_confirmed_booking_has_a_ticket_a_person),
      SALE_TEST(test_a_ticket_lets_in_once_and_its_seat_is_occupied),
      SALE_TEST(test_only_staff_lets_in_and_only_with_our_tickets),
      SALE_TEST(test_a_door_lets_in_nobody_with_a_ticket_of_another_concert),
      SALE_TEST(test_a_door_that_was_offline_says_when),
      SALE_TEST(test_nobody_came_in_before_the_ticket_was_there),
      SALE_TEST(test_a_refunded_ticket_lets_nobody_in_and_frees_its_seat),
      SALE_TEST(test_a_long_list_comes_in_pages),
      SALE_TEST(test_the_list_names_every_ticket_of_the_concert),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
