// Bookings: making, reading, cancelling them (tickets contract 3.5, docs/wire_additions.md).
#include "methods/booking.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "methods/concert.h"
#include "methods/hall.h"
#include "methods/payment.h"
#include "methods/queue.h"
#include "support/invariants.h"
#include "support/sale.h"

#define GOLD2 "{\"categoryId\":\"" SALE_GOLD "\",\"seats\":2}"
#define SEATS12 "{\"concertId\":\"" SALE_HALL_CONCERT "\",\"seatIds\":[1,2]}"

static const Identity *const anna = &venue_anna;
static const Identity *const bert = &venue_bert;
static const Identity *const staff = &venue_staff;

static int64_t gold_left(Rig *rig) {
  return rig_int(rig, "SELECT available_seats FROM categories WHERE id = 1");
}

static int64_t standard_left(Rig *rig) {
  return rig_int(rig, "SELECT available_seats FROM categories WHERE id = 3");
}

static void test_a_booking_takes_its_seats_and_shows_what_the_app_needs(void **state) {
  Rig *rig = *state;
  Answer answer = sale_call(rig, &booking_create, anna, GOLD2);
  assert_refused(answer, ERR_NONE);
  assert_string_equal(sale_field(rig, &answer, "status"), "pending");
  assert_string_equal(sale_field(rig, &answer, "paymentStatus"), "none");
  assert_string_equal(sale_field(rig, &answer, "userId"), "000000000000000000000001");
  assert_string_equal(sale_field(rig, &answer, "concertId"), "aa0000000000000000000001");
  assert_string_equal(sale_field(rig, &answer, "categoryId"), SALE_GOLD);
  assert_string_equal(sale_field(rig, &answer, "bookedAt"), "2026-11-21T07:00:00.000Z");
  assert_string_equal(sale_field(rig, &answer, "expiresAt"), "2026-11-21T07:10:00.000Z");
  const char *reply = rig_zero(rig, answer.reply);
  assert_non_null(strstr(reply, "\"seats\":2,"));
  assert_non_null(strstr(reply, "\"paymentIntentId\":null,\"amount\":200000,\"fee\":0,\"currency\":\"inr\""));
  assert_null(strstr(reply, "\"category\":"));
  assert_int_equal(gold_left(rig), 2);
}

static void test_the_fee_is_part_of_the_amount(void **state) {
  Rig *rig = *state;
  rig->config.booking_fee_rate = 0.0826;
  Answer answer = sale_call(rig, &booking_create, anna, "{\"categoryId\":\"" SALE_SILVER "\",\"seats\":3}");
  assert_non_null(strstr(rig_zero(rig, answer.reply), "\"amount\":162552,\"fee\":12402,"));  // 150150 * 1.0826
}

static void test_what_is_no_booking_is_refused(void **state) {
  Rig *rig = *state;
  static const char *const wrong[] = {
      "{}",
      "{\"seats\":2}",
      "{\"categoryId\":\"" SALE_GOLD "\"}",
      "{\"categoryId\":\"" SALE_GOLD "\",\"seats\":0}",
      "{\"categoryId\":\"" SALE_GOLD "\",\"seats\":11}",
      "{\"categoryId\":\"" SALE_GOLD "\",\"seats\":1.5}",
      "{\"categoryId\":\"" SALE_GOLD "\",\"seats\":\"2\"}",
      "{\"categoryId\":\"" SALE_GOLD "\",\"seats\":1,\"bestSeats\":1}",
      "{\"categoryId\":\"" SALE_GOLD "\",\"bestSeats\":1}",
      "{\"concertId\":\"" SALE_HALL_CONCERT "\",\"seatIds\":[1,1]}",
      "{\"concertId\":\"" SALE_HALL_CONCERT "\",\"seatIds\":[4,5]}",
      "{\"concertId\":\"" SALE_HALL_CONCERT "\",\"seatIds\":[]}",
  };
  assert_refused(rig_call(rig, &booking_create, NULL, GOLD2), ERR_UNAUTHORIZED);
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
    assert_refused(sale_call(rig, &booking_create, anna, "%s", wrong[i]), ERR_VALIDATION);
  assert_refused(sale_call(rig, &booking_create, anna, "{\"categoryId\":\"" SALE_STANDARD "\",\"seats\":1}"),
                 ERR_CATEGORY_NOT_FOUND);
  assert_refused(sale_call(rig, &booking_create, anna, "{\"categoryId\":\"nonsense\",\"seats\":1}"),
                 ERR_CATEGORY_NOT_FOUND);
  assert_refused(sale_call(rig, &booking_create, anna,
                           "{\"concertId\":\"" SALE_HALL_CONCERT "\",\"categoryId\":\"" SALE_VIP "\",\"seats\":1}"),
                 ERR_SEATS_REQUIRED);
  assert_refused(sale_call(rig, &booking_create, anna, "{\"concertId\":\"nonsense\",\"seatIds\":[1]}"),
                 ERR_CONCERT_NOT_FOUND);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM bookings"), 0);
}

static void test_without_a_slot_nobody_books(void **state) {
  Rig *rig = *state;
  rig_pass(rig, 5 * RIG_MINUTE_MS);
  assert_refused(sale_call(rig, &booking_create, anna, GOLD2), ERR_NO_ACTIVE_SLOT);
}

static void test_one_pending_booking_a_person_and_category(void **state) {
  Rig *rig = *state;
  sale_booking(rig, anna, GOLD2);
  assert_refused(sale_call(rig, &booking_create, anna, GOLD2), ERR_PENDING_EXISTS);
  sale_booking(rig, anna, "{\"categoryId\":\"" SALE_SILVER "\",\"seats\":1}");
  sale_booking(rig, bert, GOLD2);
}

static void test_more_than_there_is_is_refused_and_takes_nothing(void **state) {
  Rig *rig = *state;
  assert_refused(sale_call(rig, &booking_create, anna, "{\"categoryId\":\"" SALE_GOLD "\",\"seats\":5}"), ERR_SOLD_OUT);
  sale_booking(rig, anna, "{\"categoryId\":\"" SALE_GOLD "\",\"seats\":3}");
  assert_refused(sale_call(rig, &booking_create, bert, GOLD2), ERR_SOLD_OUT);
  assert_int_equal(gold_left(rig), 1);
}

// In a hall.

static void test_named_seats_are_held_and_everyone_who_watches_sees_it(void **state) {
  Rig *rig = *state;
  Answer answer = sale_call(rig, &booking_create, anna, SEATS12);
  assert_refused(answer, ERR_NONE);
  assert_non_null(strstr(rig_zero(rig, answer.reply), "\"seatIds\":[1,2],\"seatLabels\":[\"Row A, 1\",\"Row A, 2\"]"));
  assert_non_null(strstr(rig_heard(rig, 0),
                         "event hall:1 1 seats {\"to\":\"RESERVED\",\"by\":1,\"seats\":[1,2],\"from\":[\"VACANT\","
                         "\"VACANT\"]}"));
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM seats WHERE status = 1 AND reserved_by = 1"), 2);
  assert_int_equal(standard_left(rig), 2);
}

static void test_two_people_taking_one_seat_one_wins_and_the_other_is_told_which_went(void **state) {
  Rig *rig = *state;
  Answer first;
  Answer second;
  rig_ask(rig, 0, &booking_create, anna, SEATS12, &first);
  rig_ask(rig, 0, &booking_create, bert, "{\"concertId\":\"" SALE_HALL_CONCERT "\",\"seatIds\":[3,2]}", &second);
  RIG_UNTIL(rig, first.done && second.done);
  assert_refused(first, ERR_NONE);
  assert_refused(second, ERR_SEATS_TAKEN);
  assert_string_equal(rig_zero(rig, second.reply), "{\"seatIds\":[2]}");
  assert_int_equal(rig_int(rig, "SELECT status FROM seats WHERE id = 3"), 0);
  assert_int_equal(standard_left(rig), 2);
}

// Asks for them all at once, so that one commit holds them.
static void ask_together(Rig *rig, size_t count, const Method *const *methods, const Identity *const *who,
                         const char *const *json, Answer *answers) {
  uint64_t commits = store_figures(rig->store).commits;
  for (size_t i = 0; i < count; i++) rig_ask(rig, 0, methods[i], who[i], json[i], &answers[i]);
  for (size_t i = 0; i < count; i++) RIG_UNTIL(rig, answers[i].done);
  assert_int_equal(store_figures(rig->store).commits - commits, 1);
}

#define HALL_SEATS(list) "{\"concertId\":\"" SALE_HALL_CONCERT "\",\"seatIds\":[" list "]}"
#define GOLD(count) "{\"categoryId\":\"" SALE_GOLD "\",\"seats\":" count "}"

static void test_bookings_of_one_commit_see_each_other(void **state) {
  enum { COUNT = 9 };
  Rig *rig = *state;
  const Identity *const who[COUNT] = {anna, bert, anna, bert, anna, anna, bert, bert, staff};
  const char *const json[COUNT] = {HALL_SEATS("1,2"), HALL_SEATS("3,2"), HALL_SEATS("3"),
                                   HALL_SEATS("4,3"), HALL_SEATS("6"),   GOLD("3"),
                                   GOLD("2"),         GOLD("1"),         HALL_SEATS("1")};
  const Error expected[COUNT] = {ERR_NONE, ERR_SEATS_TAKEN, ERR_PENDING_EXISTS, ERR_NONE,    ERR_NONE,
                                 ERR_NONE, ERR_SOLD_OUT,    ERR_NONE,           ERR_SOLD_OUT};
  const Method *methods[COUNT];
  Answer answers[COUNT];
  for (int i = 0; i < COUNT; i++) methods[i] = &booking_create;
  ask_together(rig, COUNT, methods, who, json, answers);
  for (int i = 0; i < COUNT; i++) assert_refused(answers[i], expected[i]);
  assert_string_equal(rig_zero(rig, answers[1].reply), "{\"seatIds\":[2]}");
  assert_non_null(
      strstr(rig_zero(rig, answers[3].reply), "\"seatIds\":[3,4],\"seatLabels\":[\"Row A, 3\",\"Row B, 1\"]"));
  const char *heard = rig_heard(rig, 0);
  assert_non_null(strstr(heard, "event hall:1 1 seats {\"to\":\"RESERVED\",\"by\":1,\"seats\":[1,2],"));
  assert_non_null(strstr(heard, "event hall:1 2 seats {\"to\":\"RESERVED\",\"by\":2,\"seats\":[4,3],"));
  assert_non_null(strstr(heard, "event hall:1 3 seats {\"to\":\"RESERVED\",\"by\":1,\"seats\":[6],"));
  assert_int_equal(standard_left(rig), 0);
  assert_int_equal(gold_left(rig), 0);
  assert_int_equal(rig_int(rig,
                           "SELECT count(*) FROM bookings b JOIN booking_steps s ON s.booking_id = b.id"
                           " WHERE b.status = 'pending' AND s.cause = 'booked' AND s.at = b.booked_at"),
                   5);
  assert_int_equal(rig_int(rig,
                           "SELECT count(*) FROM booking_seats b JOIN bookings k ON k.id = b.booking_id JOIN seats s"
                           " ON s.id = b.seat_id WHERE s.status = 1 AND s.reserved_by = k.user_id"),
                   5);
}

static void test_bookings_of_one_commit_see_what_else_happens_in_it(void **state) {
  enum { COUNT = 6 };
  Rig *rig = *state;
  const Method *const methods[COUNT] = {&booking_create,     &hall_update_seat_status, &booking_create,
                                        &queue_method_leave, &booking_create,          &booking_create};
  const Identity *const who[COUNT] = {anna, staff, bert, bert, bert, staff};
  const char *const json[COUNT] = {
      HALL_SEATS("1"), "{\"hall_id\":1,\"seat_id\":2,\"status\":\"MAINTENANCE\",\"reply\":\"delta\"}",
      HALL_SEATS("2"), "{\"concertId\":\"" SALE_HALL_CONCERT "\"}",
      HALL_SEATS("3"), HALL_SEATS("3,4")};
  const Error expected[COUNT] = {ERR_NONE, ERR_NONE, ERR_SEATS_TAKEN, ERR_NONE, ERR_NO_ACTIVE_SLOT, ERR_NONE};
  Answer answers[COUNT];
  ask_together(rig, COUNT, methods, who, json, answers);
  for (int i = 0; i < COUNT; i++) assert_refused(answers[i], expected[i]);
  assert_int_equal(standard_left(rig), 0);
  assert_int_equal(rig_int(rig, "SELECT sum(id * status) FROM seats WHERE id <= 4"), 1 + 2 * 3 + 3 + 4);
}

static void test_the_best_seats_are_together_and_say_why(void **state) {
  Rig *rig = *state;
  Answer answer = sale_call(rig, &booking_create, anna,
                            "{\"concertId\":\"" SALE_HALL_CONCERT "\",\"categoryId\":\"" SALE_STANDARD
                            "\",\"bestSeats\":3,\"acceptOther\":true}");
  assert_refused(answer, ERR_NONE);
  const char *reply = rig_zero(rig, answer.reply);
  assert_non_null(strstr(reply, "\"seatIds\":[1,2,3]"));
  assert_non_null(strstr(reply, "\"reason\":{\"code\":\"front_middle\",\"rowsBehindFront\":0,\"seatsFromMiddle\":0}"));
  assert_refused(
      sale_call(rig, &booking_create, bert,
                "{\"concertId\":\"" SALE_HALL_CONCERT "\",\"categoryId\":\"" SALE_STANDARD "\",\"bestSeats\":2}"),
      ERR_SOLD_OUT);
}

static void test_seats_that_are_not_together_are_said_to_be(void **state) {
  Rig *rig = *state;
  sale_booking(rig, anna, "{\"concertId\":\"" SALE_HALL_CONCERT "\",\"seatIds\":[2]}");
  assert_refused(
      sale_call(rig, &booking_create, bert,
                "{\"concertId\":\"" SALE_HALL_CONCERT "\",\"categoryId\":\"" SALE_STANDARD "\",\"bestSeats\":2}"),
      ERR_NO_SEATS_TOGETHER);
}

static void test_in_a_hall_on_sale_only_staff_changes_seats_by_hand(void **state) {
  Rig *rig = *state;
  static const char take[] = "{\"hall_id\":1,\"seat_id\":1,\"status\":\"RESERVED\",\"reply\":\"delta\"}";
  static const char block[] = "{\"hall_id\":1,\"seat_id\":1,\"status\":\"MAINTENANCE\",\"reply\":\"delta\"}";
  static const char give[] = "{\"hall_id\":1,\"seat_id\":1,\"status\":\"VACANT\",\"reply\":\"delta\"}";
  static const char occupy[] = "{\"hall_id\":1,\"seat_id\":1,\"status\":\"OCCUPIED\",\"reply\":\"delta\"}";
  assert_refused(rig_call(rig, &hall_update_seat_status, anna, take), ERR_FORBIDDEN);
  assert_refused(rig_call(rig, &hall_update_seat_status, staff, block), ERR_NONE);
  assert_int_equal(rig_int(rig, "SELECT total_seats * 10 + available_seats FROM categories WHERE id = 3"), 33);
  assert_refused(rig_call(rig, &hall_update_seat_status, staff, give), ERR_NONE);
  assert_int_equal(rig_int(rig, "SELECT total_seats * 10 + available_seats FROM categories WHERE id = 3"), 44);
  sale_booking(rig, anna, SEATS12);
  assert_refused(rig_call(rig, &hall_update_seat_status, anna, give), ERR_FORBIDDEN);
  assert_refused(rig_call(rig, &hall_update_seat_status, staff, give), ERR_FORBIDDEN);
  assert_refused(rig_call(rig, &hall_update_seat_status, staff, block), ERR_FORBIDDEN);
  assert_refused(rig_call(rig, &hall_update_seat_status, staff, occupy), ERR_NONE);
  assert_refused(rig_call(rig, &hall_update_seat_status, staff, take), ERR_NONE);
  assert_refused(
      rig_call(rig, &hall_update_seats_status, staff, "{\"hall_id\":1,\"seat_ids\":[2,3],\"status\":\"MAINTENANCE\"}"),
      ERR_FORBIDDEN);
  assert_int_equal(rig_int(rig, "SELECT total_seats * 10 + available_seats FROM categories WHERE id = 3"), 42);
}

// Reading and cancelling.

static void test_pending_is_the_newest_of_the_category_or_null(void **state) {
  Rig *rig = *state;
  assert_reply(rig, sale_call(rig, &booking_pending, anna, "{}"), "null");
  const char *gold = sale_booking(rig, anna, GOLD2);
  rig_pass(rig, 1000);
  const char *silver = sale_booking(rig, anna, "{\"categoryId\":\"" SALE_SILVER "\",\"seats\":1}");
  Answer newest = sale_call(rig, &booking_pending, anna, "{}");
  assert_string_equal(sale_field(rig, &newest, "id"), silver);
  Answer of_gold = sale_call(rig, &booking_pending, anna, "{\"categoryId\":\"" SALE_GOLD "\"}");
  assert_string_equal(sale_field(rig, &of_gold, "id"), gold);
  assert_non_null(
      strstr(rig_zero(rig, of_gold.reply), "\"category\":{\"id\":\"" SALE_GOLD "\",\"name\":\"gold\",\"price\":1000}"));
  assert_reply(rig, sale_call(rig, &booking_pending, bert, "{}"), "null");
  rig_pass(rig, 10 * RIG_MINUTE_MS);
  assert_reply(rig, sale_call(rig, &booking_pending, anna, "{}"), "null");
}

static void test_a_pending_booking_is_cancelled_and_its_seats_are_free(void **state) {
  Rig *rig = *state;
  assert_refused(sale_call(rig, &booking_cancel_pending, anna, "{}"), ERR_NO_PENDING_BOOKING);
  sale_booking(rig, anna, SEATS12);
  assert_refused(sale_call(rig, &booking_cancel_pending, anna, "{\"categoryId\":\"" SALE_GOLD "\"}"),
                 ERR_NO_PENDING_BOOKING);
  rig_heard(rig, 0);
  assert_reply(rig, sale_call(rig, &booking_cancel_pending, anna, "{\"categoryId\":\"" SALE_STANDARD "\"}"),
               "{\"message\":\"Cancelled\"}");
  assert_string_equal(sale_state(rig), "cancelled none");
  assert_non_null(strstr(rig_heard(rig, 0), "seats {\"to\":\"VACANT\",\"by\":1,\"seats\":[1,2]"));
  assert_int_equal(standard_left(rig), 4);
  assert_refused(sale_call(rig, &booking_cancel_pending, anna, "{}"), ERR_NO_PENDING_BOOKING);
}

static void test_only_its_owner_and_staff_see_a_booking(void **state) {
  Rig *rig = *state;
  const char *id = sale_booking(rig, anna, GOLD2);
  assert_refused(sale_call(rig, &booking_by_id, bert, "{\"id\":\"%s\"}", id), ERR_BOOKING_NOT_FOUND);
  assert_refused(sale_call(rig, &booking_tickets, bert, "{\"id\":\"%s\"}", id), ERR_BOOKING_NOT_FOUND);
  assert_refused(sale_call(rig, &booking_by_id, anna, "{\"id\":\"x\"}"), ERR_BOOKING_NOT_FOUND);
  assert_refused(sale_call(rig, &booking_by_id, anna, "{\"id\":\"%s\"}", id), ERR_NONE);
  Answer seen = sale_call(rig, &booking_by_id, staff, "{\"id\":\"%s\"}", id);
  assert_string_equal(sale_field(rig, &seen, "id"), id);
  assert_non_null(strstr(rig_zero(rig, seen.reply), "\"email\":\"anna@example.org\",\"name\":\"anna\""));
  assert_refused(sale_call(rig, &booking_confirmed, anna, "{\"id\":\"%s\"}", id), ERR_BOOKING_NOT_FOUND);
  assert_reply(rig, sale_call(rig, &booking_mine, anna, "{}"), "[]");
}

static void test_the_owner_of_a_booking_writes_to_whom_of_the_staff_he_knows(void **state) {
  Rig *rig = *state;
  const char *id = sale_booking(rig, anna, GOLD2);
  assert_refused(sale_call(rig, &booking_contact, bert, "{\"id\":\"%s\"}", id), ERR_BOOKING_NOT_FOUND);
  assert_reply(rig, sale_call(rig, &booking_contact, anna, "{\"id\":\"%s\"}", id), "{\"number\":3}");
  rig_run(rig, "UPDATE users SET role = 'staff' WHERE id = 2");
  assert_reply(rig, sale_call(rig, &booking_contact, anna, "{\"id\":\"%s\"}", id), "{\"number\":2}");
  rig_run(rig, "INSERT INTO dialogs(low_id, high_id, created_at) VALUES(1, 3, 0)");
  assert_reply(rig, sale_call(rig, &booking_contact, anna, "{\"id\":\"%s\"}", id), "{\"number\":3}");
  rig_run(rig, "UPDATE users SET role = 'visitor'");
  assert_reply(rig, sale_call(rig, &booking_contact, anna, "{\"id\":\"%s\"}", id), "{\"number\":null}");
  rig_run(rig, "DELETE FROM dialogs");
}

static void test_money_has_the_digits_of_its_currency(void **state) {
  Rig *rig = *state;
  rig->config.booking_fee_rate = 0.0826;
  rig_run(rig, "UPDATE concerts SET currency = CASE id WHEN 1 THEN 'jpy' ELSE 'bhd' END");
  rig_run(rig, "UPDATE categories SET price = CASE concert_id WHEN 1 THEN 5000 ELSE 1234 END");
  Answer yen = sale_call(rig, &booking_create, anna, "{\"categoryId\":\"" SALE_GOLD "\",\"seats\":1}");
  assert_non_null(strstr(rig_zero(rig, yen.reply), "\"amount\":5413,\"fee\":413,\"currency\":\"jpy\""));
  Answer shown = sale_call(rig, &booking_pending, anna, "{}");
  assert_non_null(strstr(rig_zero(rig, shown.reply), "\"name\":\"gold\",\"price\":5000}"));
  const char *dinars = rig_zero(
      rig, sale_call(rig, &booking_create, anna, "{\"concertId\":\"" SALE_HALL_CONCERT "\",\"seatIds\":[1]}").reply);
  assert_non_null(strstr(dinars, "\"amount\":1340,\"fee\":106,\"currency\":\"bhd\""));
  Answer concert = sale_call(rig, &concert_method_get, NULL, "{\"concertId\":\"" SALE_HALL_CONCERT "\"}");
  assert_non_null(strstr(rig_zero(rig, concert.reply), "\"price\":1.234,"));
}

static void test_a_fee_leaves_a_sum_that_providers_take(void **state) {
  Rig *rig = *state;
  rig->config.booking_fee_rate = 0.0826;
  rig_run(rig, "UPDATE concerts SET currency = 'isk'");
  rig_run(rig, "UPDATE categories SET price = 499000");
  Answer kronur = sale_call(rig, &booking_create, anna, "{\"categoryId\":\"" SALE_GOLD "\",\"seats\":1}");
  assert_non_null(strstr(rig_zero(rig, kronur.reply), "\"amount\":540300,\"fee\":41300,\"currency\":\"isk\""));
}

static void test_an_export_has_no_formulas_and_no_end_that_is_left_out(void **state) {
  Rig *rig = *state;
  sale_booking(rig, anna, "{\"categoryId\":\"" SALE_GOLD "\",\"seats\":1}");
  rig_run(rig, "UPDATE users SET name = '\t=1', email = '\r@x' WHERE id = 1");
  const char *csv = rig_zero(rig, sale_call(rig, &booking_export, staff, "{}").reply);
  assert_non_null(strstr(csv, "\"'\r@x\",\"'\t=1\"\r\n"));
  rig_run(rig,
          "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 100001) INSERT INTO bookings(id,"
          " public_id, user_id, concert_id, category_id, seats, amount, currency, status, payment_status, booked_at,"
          " expires_at) SELECT i, printf('%024x', i), 1, 1, 1, 1, 1, 'inr', 'expired', 'none', 5, 5 FROM n");
  Answer all = sale_call(rig, &booking_export, staff, "{}");
  assert_refused(all, ERR_EXPORT_TOO_LONG);
  assert_int_equal(all.reply.length, 0);
  assert_refused(sale_call(rig, &booking_export, staff, "{\"to\":\"2000-01-01\"}"), ERR_NONE);
  rig_run(rig, "DELETE FROM bookings WHERE id > 1");
}

static void test_staff_lists_and_exports_all(void **state) {
  Rig *rig = *state;
  sale_booking(rig, anna, GOLD2);
  sale_booking(rig, bert, "{\"categoryId\":\"" SALE_SILVER "\",\"seats\":1}");
  rig_run(rig, "UPDATE users SET name = '=HYPERLINK(\"x\")' WHERE id = 2");
  assert_refused(sale_call(rig, &booking_all, anna, "{}"), ERR_FORBIDDEN);
  assert_refused(sale_call(rig, &booking_export, anna, "{}"), ERR_FORBIDDEN);
  Answer found = sale_call(rig, &booking_all, staff, "{\"q\":\"ANNA@\"}");
  assert_non_null(strstr(rig_zero(rig, found.reply), "\"email\":\"anna@example.org\""));
  assert_null(strstr(rig_zero(rig, found.reply), "bert@example.org"));
  found = sale_call(rig, &booking_all, staff, "{\"person\":1}");
  assert_non_null(strstr(rig_zero(rig, found.reply), "\"email\":\"anna@example.org\""));
  assert_null(strstr(rig_zero(rig, found.reply), "bert@example.org"));
  assert_reply(rig, sale_call(rig, &booking_all, staff, "{\"person\":3}"), "{\"bookings\":[],\"next\":null}");
  assert_reply(rig, sale_call(rig, &booking_all, staff, "{\"status\":\"confirmed\"}"),
               "{\"bookings\":[],\"next\":null}");
  assert_refused(sale_call(rig, &booking_all, staff, "{\"after\":\"x\"}"), ERR_VALIDATION);
  assert_reply(rig, sale_call(rig, &booking_all, staff, "{\"after\":\"1\"}"), "{\"bookings\":[],\"next\":null}");
  const char *csv = rig_zero(rig, sale_call(rig, &booking_export, staff, "{}").reply);
  assert_non_null(
      strstr(csv, "\"pending\",\"none\",\"AR Rahman\",\"gold\",\"2\",\"200000\",\"0\",\"inr\",\"\",\"anna@"));
  assert_non_null(strstr(csv, "\"'=HYPERLINK(\"\"x\"\")\"\r\n"));
  csv = rig_zero(rig, sale_call(rig, &booking_export, staff, "{\"to\":\"2026-11-21T07:00:00Z\"}").reply);
  assert_null(strstr(csv, "anna@"));
  csv = rig_zero(rig, sale_call(rig, &booking_export, staff, "{\"from\":\"2026-11-21\",\"to\":\"2026-11-22\"}").reply);
  assert_non_null(strstr(csv, "anna@"));
  assert_refused(sale_call(rig, &booking_export, staff, "{\"from\":\"soon\"}"), ERR_VALIDATION);
}

int main(void) {
#define SALE_TEST(name) cmocka_unit_test_setup_teardown(name, sale_setup, invariants_teardown)
  const struct CMUnitTest tests[] = {
      SALE_TEST(test_a_booking_takes_its_seats_and_shows_what_the_app_needs),
      SALE_TEST(test_the_fee_is_part_of_the_amount),
      SALE_TEST(test_what_is_no_booking_is_refused),
      SALE_TEST(test_without_a_slot_nobody_books),
      SALE_TEST(test_one_pending_booking_a_person_and_category),
      SALE_TEST(test_more_than_there_is_is_refused_and_takes_nothing),
      SALE_TEST(test_named_seats_are_held_and_everyone_who_watches_sees_it),
      SALE_TEST(test_two_people_taking_one_seat_one_wins_and_the_other_is_told_which_went),
      SALE_TEST(test_bookings_of_one_commit_see_each_other),
      SALE_TEST(test_bookings_of_one_commit_see_what_else_happens_in_it),
      SALE_TEST(test_the_best_seats_are_together_and_say_why),
      SALE_TEST(test_seats_that_are_not_together_are_said_to_be),
      SALE_TEST(test_in_a_hall_on_sale_only_staff_changes_seats_by_hand),
      SALE_TEST(test_pending_is_the_newest_of_the_category_or_null),
      SALE_TEST(test_a_pending_booking_is_cancelled_and_its_seats_are_free),
      SALE_TEST(test_only_its_owner_and_staff_see_a_booking),
      SALE_TEST(test_the_owner_of_a_booking_writes_to_whom_of_the_staff_he_knows),
      SALE_TEST(test_money_has_the_digits_of_its_currency),
      SALE_TEST(test_a_fee_leaves_a_sum_that_providers_take),
      SALE_TEST(test_an_export_has_no_formulas_and_no_end_that_is_left_out),
      SALE_TEST(test_staff_lists_and_exports_all),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
