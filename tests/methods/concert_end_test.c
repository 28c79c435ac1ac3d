// A concert that is over: its hall is sold once more, and what was booked and paid for it stays as it was.
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "methods/booking.h"
#include "methods/concert.h"
#include "methods/payment.h"
#include "methods/queue.h"
#include "methods/ticket.h"
#include "models/concert_add.h"
#include "models/hall.h"
#include "support/invariants.h"
#include "support/onsale.h"
#include "support/sale.h"

#define SEATS12 "{\"concertId\":\"" SALE_HALL_CONCERT "\",\"seatIds\":[1,2]}"

static const Identity *const anna = &venue_anna;
static const Identity *const bert = &venue_bert;
static const Identity *const staff = &venue_staff;

static const char seats[] =
    "SELECT group_concat(status, '') FROM (SELECT status FROM seats WHERE id <= 6 ORDER BY id) s";

static const char *pay(Rig *rig, const Identity *who, const char *json) {
  const char *id = sale_booking(rig, who, json);
  assert_refused(sale_create_intent(rig, who, id), ERR_NONE);
  sale_intent_is(rig, "succeeded");
  assert_refused(sale_confirm(rig, who, id), ERR_NONE);
  return id;
}

static const char *code_of(Rig *rig, const Identity *who, const char *id, int number) {
  Answer answer = sale_call(rig, &booking_tickets, who, "{\"id\":\"%s\"}", id);
  Str code = {0};
  const Json *ticket = json_first(json_get(json_parse(&rig->arena, answer.reply, NULL), "tickets"));
  for (int i = 1; i < number; i++) ticket = json_next(ticket);
  assert_true(json_str(json_get(ticket, "code"), &code));
  return rig_zero(rig, code);
}

static Answer check_in(Rig *rig, const char *code) {
  return sale_call(rig, &ticket_check_in_code, staff, "{\"code\":\"%s\"}", code);
}

static Answer operate(Rig *rig, const char *json) {
  return sale_call(rig, &queue_method_operate, staff, "{\"concertId\":\"%s\",%s}", SALE_HALL_CONCERT, json);
}

static void is_past(Rig *rig) {
  rig_run(rig, "UPDATE concerts SET date = 1795244400000");  // it begins now
}

static void end(Rig *rig) {
  is_past(rig);
  assert_refused(operate(rig, "\"ended\":true"), ERR_NONE);
}

// The next evening in a hall, with slots for all.
static int64_t add_next(Rig *rig, int64_t hall_id) {
  static const char SLOTS[] =
      "INSERT INTO queue_places(concert_id, user_id, rank, entered_at, admitted_at, slot_until, status)"
      " SELECT c.id, u.id, 4611686018427387904 + u.id, 1795244400000, 1795244400000, 1795244700000, 'active'"
      " FROM concerts c CROSS JOIN users u WHERE c.id = (SELECT max(id) FROM concerts)";
  const NewCategory categories[] = {{.name = STR("Standard"), .price = 30000}, {.name = STR("VIP"), .price = 90000}};
  NewConcert concert = {.about = {.name = STR("Next"), .date_ms = RIG_BEGIN_MS + RIG_HOUR_MS},
                        .hall_id = hall_id,
                        .opens_at = 1,
                        .categories = categories,
                        .category_count = 2};
  int64_t id;
  assert_true(db_begin(rig->db, DB_WRITE));
  assert_int_equal(concert_add(rig->db, &rig->arena, &rig->loops[0].env, &concert, rig->now_ms, &id), ERR_NONE);
  assert_true(db_commit(rig->db));
  rig_run(rig, SLOTS);
  rig_run(rig, "UPDATE concerts SET active = 3, admitted = 3 WHERE id = (SELECT max(id) FROM concerts)");
  return id;
}

static Answer book_next(Rig *rig, const Identity *who, const char *seat_ids) {
  return sale_call(rig, &booking_create, who, "{\"concertId\":\"%s\",\"seatIds\":[%s]}",
                   rig_text(rig, "SELECT public_id FROM concerts ORDER BY id DESC LIMIT 1"), seat_ids);
}

static void test_a_hall_is_sold_again_when_its_concert_is_over(void **state) {
  Rig *rig = *state;
  const char *id = pay(rig, anna, SEATS12);
  assert_refused(check_in(rig, code_of(rig, anna, id, 1)), ERR_NONE);
  rig_run(rig, "UPDATE seats SET status = 3 WHERE id = 6");
  rig_run(rig, "UPDATE categories SET total_seats = 1, available_seats = 1 WHERE id = 4");
  assert_string_equal(rig_text(rig, seats), "210003");
  rig_heard(rig, 0);
  end(rig);
  assert_string_equal(rig_text(rig, seats), "000003");
  assert_non_null(strstr(rig_heard(rig, 0),
                         "seats {\"to\":\"VACANT\",\"by\":3,\"seats\":[1,2],\"from\":[\"OCCUPIED\",\"RESERVED\"]}"));
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM booking_seats WHERE released_at IS NULL"), 0);
  assert_int_equal(rig_int(rig, "SELECT closed * 10 + emptied FROM concerts WHERE id = 2"), 11);
  invariants_hold(rig);
  add_next(rig, VENUE_HALL);
  assert_int_equal(
      rig_int(rig, "SELECT sum(available_seats) FROM categories WHERE concert_id = (SELECT max(id) FROM concerts)"), 5);
  assert_refused(book_next(rig, bert, "1,2"), ERR_NONE);
  assert_string_equal(rig_text(rig, seats), "110003");
}

static void test_before_its_date_no_concert_is_ended(void **state) {
  Rig *rig = *state;
  pay(rig, anna, SEATS12);
  Answer answer = operate(rig, "\"ended\":true");
  assert_refused(answer, ERR_CONCERT_AHEAD);
  assert_string_equal(rig_zero(rig, answer.reply), "{\"date\":\"2027-01-15T08:00:00.000Z\"}");
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM concerts WHERE ended_at IS NOT NULL OR closed = 1"), 0);
  assert_string_equal(rig_text(rig, seats), "110000");
}

static void test_while_somebody_pays_no_concert_is_ended(void **state) {
  Rig *rig = *state;
  sale_booking(rig, anna, SEATS12);
  sale_booking(rig, bert, "{\"concertId\":\"" SALE_HALL_CONCERT "\",\"seatIds\":[3]}");
  is_past(rig);
  Answer answer = operate(rig, "\"ended\":true");
  assert_refused(answer, ERR_STILL_PAYING);
  assert_string_equal(rig_zero(rig, answer.reply), "{\"pending\":2}");
  assert_string_equal(rig_text(rig, seats), "111000");
  sale_past_expiry(rig);
  sale_sweep(rig);
  end(rig);
}

static void test_only_staff_ends_a_concert(void **state) {
  Rig *rig = *state;
  is_past(rig);
  assert_refused(
      sale_call(rig, &queue_method_operate, anna, "{\"concertId\":\"" SALE_HALL_CONCERT "\",\"ended\":true}"),
      ERR_FORBIDDEN);
  assert_refused(operate(rig, "\"ended\":7"), ERR_VALIDATION);
}

static void test_an_end_is_final_and_nobody_buys_after_it(void **state) {
  Rig *rig = *state;
  end(rig);
  assert_refused(operate(rig, "\"closed\":false"), ERR_CONCERT_OVER);
  assert_refused(operate(rig, "\"paused\":true"), ERR_CONCERT_OVER);
  assert_refused(sale_call(rig, &booking_create, anna, SEATS12), ERR_CONCERT_OVER);
  assert_refused(sale_call(rig, &queue_method_join, anna, "{\"concertId\":\"" SALE_HALL_CONCERT "\"}"),
                 ERR_QUEUE_CLOSED);
  int64_t ended_at = rig_int(rig, "SELECT ended_at FROM concerts WHERE id = 2");
  rig_pass(rig, RIG_MINUTE_MS);
  assert_refused(operate(rig, "\"ended\":true"), ERR_NONE);
  assert_int_equal(rig_int(rig, "SELECT ended_at FROM concerts WHERE id = 2"), ended_at);
}

static void test_tickets_of_a_concert_that_is_over_are_history(void **state) {
  Rig *rig = *state;
  const char *id = pay(rig, anna, SEATS12);
  const char *code = code_of(rig, anna, id, 1);
  const char *other = code_of(rig, anna, id, 2);
  rig_pass(rig, RIG_MINUTE_MS);
  end(rig);
  add_next(rig, VENUE_HALL);
  assert_refused(book_next(rig, bert, "1,2"), ERR_NONE);
  const char *mine = rig_zero(rig, sale_call(rig, &booking_mine, anna, "{}").reply);
  assert_non_null(strstr(mine, "\"status\":\"confirmed\",\"paymentStatus\":\"paid\""));
  assert_non_null(strstr(mine, "\"seatIds\":[1,2],\"seatLabels\":[\"Row A, 1\",\"Row A, 2\"]"));
  assert_non_null(strstr(mine, "\"endedAt\":\"2026-11-21T07:01:00.000Z\""));
  assert_refused(check_in(rig, code), ERR_CONCERT_OVER);
  // Who came in before, at a door that was offline, is still told; the seat is another's now.
  assert_refused(
      sale_call(rig, &ticket_check_in_code, staff, "{\"code\":\"%s\",\"at\":\"2026-11-21T07:00:30Z\"}", other),
      ERR_NONE);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM tickets WHERE checked_in_at = 1795244430000"), 1);
  assert_string_equal(rig_text(rig, seats), "110000");
}

static void test_a_refund_after_the_end_touches_no_seat(void **state) {
  Rig *rig = *state;
  const char *id = pay(rig, anna, SEATS12);
  end(rig);
  add_next(rig, VENUE_HALL);
  assert_refused(book_next(rig, bert, "1,2"), ERR_NONE);
  assert_refused(sale_call(rig, &booking_refund_paid, staff, "{\"id\":\"%s\"}", id), ERR_NONE);
  sale_errands(rig);
  assert_int_equal(sale_provider.refunds, 1);
  assert_string_equal(rig_text(rig, seats), "110000");
  assert_int_equal(rig_int(rig, "SELECT available_seats FROM categories WHERE concert_id > 2 AND seat_type_id = 1"), 2);
  assert_string_equal(rig_text(rig, "SELECT status || payment_status FROM bookings WHERE id = 1"), "cancelledrefunded");
}

static void test_money_that_comes_after_the_end_goes_back(void **state) {
  Rig *rig = *state;
  const char *id = sale_booking(rig, anna, SEATS12);
  assert_refused(sale_create_intent(rig, anna, id), ERR_NONE);
  sale_past_expiry(rig);
  rig_run(rig, "UPDATE payments SET status = 'processing'");
  rig_pass(rig, RIG_HOUR_MS);
  sale_sweep(rig);
  assert_string_equal(sale_state(rig), "expired failed");
  end(rig);
  sale_intent_is(rig, "succeeded");
  assert_refused(sale_webhook(rig, "evt_1", "payment_intent.succeeded"), ERR_NONE);
  assert_string_equal(sale_state(rig), "expired refunded");
  sale_errands(rig);
  assert_int_equal(sale_provider.refunds, 1);
  assert_string_equal(rig_text(rig, seats), "000000");
}

// Without numbers there are no seats to free, and the line is empty all the same.
static void test_the_line_is_emptied(void **state) {
  Rig *rig = *state;
  rig_run(rig, "UPDATE queue_places SET status = 'waiting', slot_until = NULL, admitted_at = NULL WHERE user_id = 1");
  rig_run(rig, "UPDATE concerts SET active = 2, admitted = 2");
  is_past(rig);
  rig_heard(rig, 0);
  assert_refused(sale_call(rig, &queue_method_operate, staff, "{\"ended\":true}"), ERR_NONE);
  assert_non_null(strstr(rig_heard(rig, 0),
                         "event account:1 0 queue {\"what\":\"queue\",\"concertId\":"
                         "\"aa0000000000000000000001\",\"status\":\"none\"}"));
  assert_string_equal(rig_text(rig,
                               "SELECT group_concat(status) FROM (SELECT status FROM queue_places WHERE concert_id = 1"
                               " ORDER BY user_id) p"),
                      "left,expired,expired");
  assert_int_equal(rig_int(rig, "SELECT active FROM concerts WHERE id = 1"), 0);
  rig_run(rig, "UPDATE queue_places SET status = CASE WHEN user_id = 1 THEN 'left' ELSE 'expired' END");
  rig_run(rig, "UPDATE concerts SET active = 0");
}

// As memory has it.
static void test_who_waits_for_a_concert_that_is_over_waits_no_more(void **state) {
  Rig *rig = *state;
  onsale_open(rig);
  for (int64_t id = 4; id <= 30; id++) onsale_join(rig, id);
  rig_run(rig, "UPDATE concerts SET date = opens_at");
  const char *reply = rig_zero(rig, rig_call(rig, &queue_method_operate, staff, "{\"ended\":true}").reply);
  assert_non_null(strstr(reply,
                         "{\"state\":\"closed\",\"opensAt\":\"2026-11-21T08:00:00.000Z\",\"endedAt\":"
                         "\"2026-11-21T08:00:00.000Z\",\"seedHash\":"));
  assert_non_null(strstr(reply, ",\"waiting\":0,\"active\":0,\"admitted\":2,"));
  assert_string_equal(onsale_status(rig, 4), "{\"success\":true,\"status\":\"none\"}");
  assert_string_equal(onsale_status(rig, 30), "{\"success\":true,\"status\":\"none\"}");
  // Nothing is left for time to bring about.
  assert_true(waiting_room_next(rig->now_ms) == INT64_MAX);
}

static void test_the_usual_concert_is_one_that_is_not_over(void **state) {
  Rig *rig = *state;
  rig_run(rig,
          "INSERT INTO concerts(id, public_id, name, date, created_at, opens_at, seed, seed_hash)"
          " VALUES(2, 'aa0000000000000000000002', 'Next', 1800000000000, 1, 1, '', '')");
  assert_refused(rig_call(rig, &concert_method_get, NULL, "{\"concertId\":\"aa0000000000000000000002\"}"), ERR_NONE);
  assert_int_equal(waiting_room_concert((Str){0}), 1);
  is_past(rig);
  assert_refused(rig_call(rig, &queue_method_operate, staff, "{\"ended\":true}"), ERR_NONE);
  assert_int_equal(waiting_room_concert((Str){0}), 2);
  Answer usual = rig_call(rig, &concert_method_get, NULL, "{}");
  assert_string_equal(sale_field(rig, &usual, "id"), "aa0000000000000000000002");
  // When all are over it is the first again.
  assert_refused(rig_call(rig, &queue_method_operate, staff, "{\"ended\":true}"), ERR_NONE);
  assert_int_equal(waiting_room_concert((Str){0}), 1);
}

// A hall of 2,500 seats, all of them sold.

#define NUMBERS "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 250) "
static const char *const sold[] = {
    "UPDATE concerts SET hall_id = 3 WHERE id = 2",
    "UPDATE categories SET total_seats = 2498, available_seats = 0 WHERE id = 3",
    "UPDATE categories SET total_seats = 2, available_seats = 0 WHERE id = 4",
    "INSERT INTO bookings(id, public_id, user_id, concert_id, category_id, seats, amount, currency, status,"
    " payment_status, booked_at, expires_at, confirmed_at) " NUMBERS
    "SELECT n, 'bbbbbbbbbbbbbbbbbbbbb' || (100 + n), 1, 2, 3, CASE n WHEN 250 THEN 8 ELSE 10 END, 0, 'inr', "
    "'confirmed', 'paid', 1, 1, 1 FROM "
    "numbers"
    " UNION ALL SELECT 251, 'bbbbbbbbbbbbbbbbbbbbb351', 1, 2, 4, 2, 0, 'inr', 'confirmed', 'paid', 1, 1, 1",
    "INSERT INTO booking_steps(booking_id, at, status, payment_status, cause)"
    " SELECT id, 1, 'pending', 'none', 'booked' FROM bookings",
    "INSERT INTO booking_steps(booking_id, at, status, payment_status, cause)"
    " SELECT id, 1, 'confirmed', 'paid', 'free' FROM bookings",
    "INSERT INTO booking_seats(booking_id, seat_id) SELECT CASE WHEN s.seat_type_id = 2 THEN 251 ELSE"
    " (s.row - 1) * 5 + (s.place - 1) / 10 + 1 END, s.id FROM seats s WHERE s.hall_id = 3",
    "INSERT INTO tickets(public_id, booking_id, number, seat_id) SELECT 't' || x.seat_id, x.booking_id,"
    " row_number() OVER (PARTITION BY x.booking_id ORDER BY x.seat_id), x.seat_id FROM booking_seats x",
    "UPDATE seats SET status = 1 WHERE hall_id = 3",
};

static const char held[] = "SELECT count(*) FROM booking_seats WHERE released_at IS NULL";
static const char taken[] = "SELECT count(*) FROM seats WHERE hall_id = 3 AND status != 0";

static void sell_out_large_hall(Rig *rig) {
  Plan plan;
  int64_t hall_id;
  assert_true(db_begin(rig->db, DB_WRITE));
  venue_draw(&rig->arena, "Large", 50, 50, &plan);
  assert_int_equal(hall_add(rig->db, &rig->arena, 1, &plan, RIG_BEGIN_MS, &hall_id), ERR_NONE);
  assert_int_equal(hall_id, 3);
  assert_true(db_commit(rig->db));
  for (size_t i = 0; i < sizeof sold / sizeof sold[0]; i++) rig_run(rig, sold[i]);
  invariants_hold(rig);
}

static void tick(Rig *rig) {
  assert_refused(rig_call(rig, &queue_method_tick, NULL, NULL), ERR_NONE);
}

static void test_a_large_hall_is_emptied_in_parts_that_stand_by_themselves(void **state) {
  Rig *rig = *state;
  sell_out_large_hall(rig);
  end(rig);
  assert_int_equal(rig_int(rig, held), 1500);
  assert_int_equal(rig_int(rig, taken), 1500);
  assert_int_equal(rig_int(rig, "SELECT emptied FROM concerts WHERE id = 2"), 0);
  invariants_hold(rig);
  // A refund in between frees what its booking still holds.
  assert_refused(sale_call(rig, &booking_refund_paid, staff, "{\"id\":\"bbbbbbbbbbbbbbbbbbbbb351\"}"), ERR_NONE);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM booking_seats WHERE booking_id = 251 AND released_at IS NULL"),
                   0);
  assert_int_equal(rig_int(rig, taken), rig_int(rig, held));
  tick(rig);
  tick(rig);
  assert_int_equal(rig_int(rig, held), 0);
  assert_int_equal(rig_int(rig, taken), 0);
  assert_int_equal(rig_int(rig, "SELECT emptied FROM concerts WHERE id = 2"), 1);
}

static void test_seats_that_come_free_late_are_of_the_next_concert(void **state) {
  Rig *rig = *state;
  sell_out_large_hall(rig);
  end(rig);
  int64_t next = add_next(rig, 3);
  assert_int_equal(next, 3);
  assert_int_equal(rig_int(rig, "SELECT sum(available_seats) FROM categories WHERE concert_id = 3"), 1000);
  invariants_hold(rig);
  tick(rig);
  tick(rig);
  assert_string_equal(rig_text(rig,
                               "SELECT group_concat(total_seats || ' ' || available_seats) FROM (SELECT * FROM"
                               " categories WHERE concert_id = 3 ORDER BY id) c"),
                      "2498 2498,2 2");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, sale_setup, invariants_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_a_hall_is_sold_again_when_its_concert_is_over),
      CASE(test_before_its_date_no_concert_is_ended),
      CASE(test_while_somebody_pays_no_concert_is_ended),
      CASE(test_only_staff_ends_a_concert),
      CASE(test_an_end_is_final_and_nobody_buys_after_it),
      CASE(test_tickets_of_a_concert_that_is_over_are_history),
      CASE(test_a_refund_after_the_end_touches_no_seat),
      CASE(test_money_that_comes_after_the_end_goes_back),
      CASE(test_the_line_is_emptied),
      cmocka_unit_test_setup_teardown(test_who_waits_for_a_concert_that_is_over_waits_no_more, onsale_setup,
                                      onsale_teardown),
      cmocka_unit_test_setup_teardown(test_the_usual_concert_is_one_that_is_not_over, onsale_setup, onsale_teardown),
      CASE(test_a_large_hall_is_emptied_in_parts_that_stand_by_themselves),
      CASE(test_seats_that_come_free_late_are_of_the_next_concert),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
