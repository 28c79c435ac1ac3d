// Payments at the end of a booking: cancelling and expiring in two phases, and money that comes too late (tickets
// contract 3.8).
#include "methods/payment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "methods/booking.h"
#include "support/invariants.h"
#include "support/sale.h"

static const Identity *const anna = &venue_anna;
static const Identity *const bert = &venue_bert;

// Cancelling while paying.

static void test_a_cancelled_booking_has_its_intent_cancelled_first(void **state) {
  Rig *rig = *state;
  sale_pay_begin(rig, anna);
  assert_reply(rig, sale_call(rig, &booking_cancel_pending, anna, "{}"), "{\"message\":\"Cancelled\"}");
  assert_int_equal(sale_provider.cancels, 1);
  assert_string_equal(sale_state(rig), "cancelled failed");
  assert_int_equal(sale_gold_left(rig), 4);
}

static void test_what_is_paid_is_not_cancelled_but_confirmed(void **state) {
  Rig *rig = *state;
  sale_pay_begin(rig, anna);
  sale_intent_is(rig, "succeeded");
  assert_refused(sale_call(rig, &booking_cancel_pending, anna, "{}"), ERR_PAYMENT_COMPLETED);
  assert_string_equal(sale_state(rig), "confirmed paid");
}

static void test_what_is_being_paid_is_not_cancelled(void **state) {
  Rig *rig = *state;
  const char *id = sale_pay_begin(rig, anna);
  sale_intent_is(rig, "processing");
  assert_refused(sale_call(rig, &booking_cancel_pending, anna, "{}"), ERR_PAYMENT_PROCESSING);
  assert_string_equal(sale_state(rig), "pending processing");
  assert_int_equal(rig_int(rig, "SELECT closing IS NULL FROM bookings"), 1);
  sale_intent_is(rig, "succeeded");
  assert_refused(sale_confirm(rig, anna, id), ERR_NONE);
}

static void test_without_the_provider_nothing_is_cancelled(void **state) {
  Rig *rig = *state;
  sale_pay_begin(rig, anna);
  sale_provider.down = true;
  assert_refused(sale_call(rig, &booking_cancel_pending, anna, "{}"), ERR_PROVIDER_UNAVAILABLE);
  sale_errand_given_up(rig);
  assert_string_equal(sale_state(rig), "pending processing");
  assert_int_equal(rig_int(rig, "SELECT closing IS NULL FROM bookings"), 1);
}

// Expiry.

static void test_an_unpaid_booking_expires_and_its_stock_is_back(void **state) {
  Rig *rig = *state;
  sale_booking(rig, anna, "{\"categoryId\":\"" SALE_GOLD "\",\"seats\":2}");
  sale_sweep(rig);
  assert_string_equal(sale_state(rig), "pending none");
  sale_past_expiry(rig);
  sale_sweep(rig);
  sale_sweep(rig);
  assert_string_equal(sale_state(rig), "expired none");
  assert_int_equal(sale_gold_left(rig), 4);
}

static void test_expiry_cancels_the_intent_first(void **state) {
  Rig *rig = *state;
  const char *id = sale_pay_begin(rig, anna);
  sale_past_expiry(rig);
  sale_sweep(rig);
  assert_string_equal(sale_state(rig), "pending processing");
  assert_int_equal(sale_gold_left(rig), 2);
  sale_errands(rig);
  assert_string_equal(sale_state(rig), "expired failed");
  assert_int_equal(sale_gold_left(rig), 4);
  assert_refused(sale_confirm(rig, anna, id), ERR_BOOKING_EXPIRED);
}

static void test_expiry_of_a_paid_booking_confirms_it(void **state) {
  Rig *rig = *state;
  sale_pay_begin(rig, anna);
  sale_intent_is(rig, "succeeded");
  sale_past_expiry(rig);
  sale_sweep(rig);
  sale_errands(rig);
  assert_string_equal(sale_state(rig), "confirmed paid");
  assert_int_equal(sale_gold_left(rig), 2);
}

static void test_expiry_waits_for_a_payment_under_way_half_an_hour(void **state) {
  Rig *rig = *state;
  sale_pay_begin(rig, anna);
  sale_intent_is(rig, "processing");
  sale_past_expiry(rig);
  for (int minute = 0; minute <= 30; minute++) {
    sale_sweep(rig);
    sale_errands(rig);
    assert_string_equal(sale_state(rig), "pending processing");
    rig_pass(rig, RIG_MINUTE_MS);
  }
  sale_sweep(rig);
  assert_string_equal(sale_state(rig), "expired failed");
  assert_int_equal(sale_gold_left(rig), 4);
  sale_intent_is(rig, "succeeded");
  assert_refused(sale_webhook(rig, "evt_1", "payment_intent.succeeded"), ERR_NONE);
  assert_string_equal(sale_state(rig), "confirmed paid");
}

static void test_expiry_waits_five_sweeps_for_a_provider_that_is_away(void **state) {
  Rig *rig = *state;
  sale_pay_begin(rig, anna);
  sale_past_expiry(rig);
  sale_provider.down = true;
  sale_sweep(rig);
  for (int i = 0; i < 5; i++) {
    sale_errand_fails(rig);
    rig_pass(rig, RIG_MINUTE_MS);
    sale_sweep(rig);
    assert_string_equal(sale_state(rig), "pending processing");
  }
  rig_pass(rig, RIG_MINUTE_MS);
  sale_sweep(rig);
  assert_string_equal(sale_state(rig), "expired failed");
  sale_provider.down = false;
  sale_errands(rig);
  assert_string_equal(rig_text(rig, "SELECT status FROM payments"), "canceled");
  assert_int_equal(sale_gold_left(rig), 4);
}

// Payments of bookings that are over, which are due to be looked at: more than one run of a sweep does.
static void add_open_payments(Rig *rig) {
  rig_run(rig,
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600) INSERT INTO bookings("
          "public_id, user_id, concert_id, category_id, seats, amount, currency, status, payment_status, booked_at,"
          " expires_at) SELECT printf('%024x', i), 1, 1, 2, 1, 1, 'inr', 'expired', 'none', 5, 5 FROM n");
  rig_run(rig,
          "INSERT INTO booking_steps(booking_id, at, status, payment_status, cause) SELECT b.id, 5, s.status, 'none',"
          " 'x' FROM bookings b, (SELECT 1 AS n, 'pending' AS status UNION ALL SELECT 2, 'expired') s"
          " WHERE b.booked_at = 5 ORDER BY s.n");
  rig_run(rig,
          "INSERT INTO payments(booking_id, attempt, intent_id, amount, currency, status, look_at, created_at,"
          " updated_at) SELECT id, 1, 'old_' || id, 1, 'inr', 'created', 1, 5, 5 FROM bookings WHERE booked_at = 5");
}

static void test_a_sweep_of_many_runs_counts_as_one(void **state) {
  Rig *rig = *state;
  sale_pay_begin(rig, anna);
  sale_past_expiry(rig);
  sale_provider.down = true;
  sale_sweep(rig);
  sale_errand_fails(rig);
  add_open_payments(rig);
  rig_pass(rig, RIG_MINUTE_MS);
  sale_sweep(rig);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM payments WHERE look_at = 1"), 0);
  assert_string_equal(rig_text(rig, "SELECT status FROM bookings WHERE booked_at > 5"), "pending");
  assert_int_equal(rig_int(rig, "SELECT closing_checks FROM bookings WHERE booked_at > 5"), 1);
}

// Money that comes too late.

static void expire(Rig *rig) {
  sale_past_expiry(rig);
  sale_provider.down = true;
  sale_sweep(rig);
  for (int i = 0; i < 6; i++) {
    sale_errand_fails(rig);
    rig_pass(rig, RIG_MINUTE_MS);
    sale_sweep(rig);
  }
  assert_string_equal(rig_text(rig, "SELECT status FROM bookings ORDER BY id LIMIT 1"), "expired");
  sale_provider.down = false;
}

static void test_late_money_gets_its_seats_while_they_are_free(void **state) {
  Rig *rig = *state;
  const char *id = sale_pay_begin(rig, anna);
  sale_intent_is(rig, "succeeded");
  expire(rig);
  assert_refused(sale_confirm(rig, anna, id), ERR_NONE);
  assert_string_equal(sale_state(rig), "confirmed paid");
  assert_int_equal(sale_gold_left(rig), 2);
  assert_int_equal(sale_mails(rig, "confirmed"), 1);
  assert_int_equal(sale_provider.refunds, 0);
}

static void test_late_money_goes_back_when_the_seats_are_gone_once(void **state) {
  Rig *rig = *state;
  const char *id = sale_pay_begin(rig, anna);
  sale_intent_is(rig, "succeeded");
  expire(rig);
  rig_run(rig, "UPDATE categories SET total_seats = 1, available_seats = 1 WHERE id = 1");
  assert_refused(sale_confirm(rig, anna, id), ERR_BOOKING_REFUNDED);
  assert_string_equal(sale_state(rig), "expired refunded");
  assert_refused(sale_webhook(rig, "evt_1", "payment_intent.succeeded"), ERR_NONE);
  sale_errands(rig);
  assert_refused(sale_confirm(rig, anna, id), ERR_BOOKING_REFUNDED);
  assert_int_equal(sale_provider.refunds, 1);
  assert_int_equal(sale_mails(rig, "refunded"), 1);
  assert_int_equal(sale_mails(rig, "confirmed"), 0);
  assert_string_equal(rig_text(rig, "SELECT status FROM payments"), "refunded");
  assert_string_equal(rig_text(rig, "SELECT group_concat(status || ' ' || payment_status) FROM booking_steps"),
                      "pending none,pending processing,expired failed,expired paid,expired refunded");
}

static const char *begin_in_hall(Rig *rig, const char *json) {
  const char *id = sale_booking(rig, anna, json);
  assert_refused(sale_create_intent(rig, anna, id), ERR_NONE);
  sale_intent_is(rig, "succeeded");
  expire(rig);
  return id;
}

static void test_late_money_gets_equal_seats_when_those_will_do(void **state) {
  Rig *rig = *state;
  const char *id =
      begin_in_hall(rig, "{\"concertId\":\"" SALE_HALL_CONCERT "\",\"seatIds\":[1,2],\"acceptOther\":true}");
  sale_booking(rig, bert, "{\"concertId\":\"" SALE_HALL_CONCERT "\",\"seatIds\":[2]}");
  assert_refused(sale_confirm(rig, anna, id), ERR_NONE);
  assert_string_equal(rig_text(rig,
                               "SELECT group_concat(seat_id) FROM booking_seats b JOIN bookings k ON k.id ="
                               " b.booking_id WHERE k.user_id = 1 AND released_at IS NULL"),
                      "1,3");
  assert_non_null(strstr(rig_text(rig, "SELECT payload FROM outbox WHERE kind = 'mail'"), "\"other\":true"));
}

static void test_late_money_goes_back_when_only_the_very_seats_will_do(void **state) {
  Rig *rig = *state;
  const char *id = begin_in_hall(rig, "{\"concertId\":\"" SALE_HALL_CONCERT "\",\"seatIds\":[1,2]}");
  sale_booking(rig, bert, "{\"concertId\":\"" SALE_HALL_CONCERT "\",\"seatIds\":[2]}");
  assert_refused(sale_confirm(rig, anna, id), ERR_BOOKING_REFUNDED);
  sale_errands(rig);
  assert_int_equal(sale_provider.refunds, 1);
}

// The hall's sale is closed, and its Standard seats that are vacant are on sale for another concert.
static void put_another_on_sale(Rig *rig) {
  rig_run(rig, "UPDATE concerts SET closed = 1 WHERE public_id = '" SALE_HALL_CONCERT "'");
  rig_run(rig,
          "INSERT INTO concerts(id, public_id, name, date, venue, hall_id, created_at, opens_at, seed, seed_hash)"
          " SELECT 9, 'another', name, date, venue, hall_id, created_at, opens_at, seed, seed_hash FROM concerts"
          " WHERE public_id = '" SALE_HALL_CONCERT "'");
  rig_run(rig,
          "INSERT INTO categories(id, public_id, concert_id, name, price, seat_type_id, total_seats, available_seats)"
          " SELECT 9, 'others', 9, name, price, seat_type_id, n, n FROM categories,"
          " (SELECT count(*) AS n FROM seats WHERE id <= 4 AND status = 0) c WHERE public_id = '" SALE_STANDARD "'");
}

static void test_late_money_gets_no_seats_that_are_on_sale_for_another_concert(void **state) {
  Rig *rig = *state;
  const char *id =
      begin_in_hall(rig, "{\"concertId\":\"" SALE_HALL_CONCERT "\",\"seatIds\":[1,2],\"acceptOther\":true}");
  put_another_on_sale(rig);
  assert_refused(sale_confirm(rig, anna, id), ERR_BOOKING_REFUNDED);
  assert_int_equal(rig_int(rig, "SELECT available_seats FROM categories WHERE id = 9"), 4);
}

static void test_seats_that_come_back_are_of_the_concert_on_sale_there(void **state) {
  Rig *rig = *state;
  sale_booking(rig, anna, "{\"concertId\":\"" SALE_HALL_CONCERT "\",\"seatIds\":[1,2]}");
  put_another_on_sale(rig);
  assert_int_equal(rig_int(rig, "SELECT available_seats FROM categories WHERE id = 9"), 2);
  sale_past_expiry(rig);
  sale_sweep(rig);
  assert_string_equal(sale_state(rig), "expired none");
  assert_int_equal(rig_int(rig, "SELECT available_seats FROM categories WHERE id = 9"), 4);
  assert_int_equal(rig_int(rig, "SELECT total_seats FROM categories WHERE id = 9"), 4);
}

static void test_a_replaced_intent_that_is_paid_is_given_back(void **state) {
  Rig *rig = *state;
  const char *id = sale_pay_begin(rig, anna);
  assert_refused(sale_webhook(rig, "evt_1", "payment_intent.canceled"), ERR_NONE);  // as told; it was not
  sale_create_intent(rig, anna, id);
  sale_intent_is(rig, "succeeded");
  sale_confirm(rig, anna, id);
  rig_run(rig, "UPDATE payments SET status = 'created' WHERE attempt = 1");
  const char *body = rig_text(rig,
                              "SELECT '{\"id\":\"evt_2\",\"type\":\"payment_intent.succeeded\",\"data\":{\"object\":"
                              "{\"id\":\"pi_1\",\"amount\":200000,\"currency\":\"inr\",\"metadata\":{\"bookingId\":\"'"
                              " || public_id || '\"}}}}' FROM bookings");
  assert_refused(sale_webhook_raw(rig, sale_signature(rig, rig->now_ms / 1000, body), body), ERR_NONE);
  sale_errands(rig);
  assert_int_equal(sale_provider.refunds, 1);
  assert_string_equal(sale_state(rig), "confirmed paid");
  assert_string_equal(rig_text(rig, "SELECT group_concat(status) FROM (SELECT status FROM payments ORDER BY id) p"),
                      "refunded,succeeded");
}

static void test_late_money_that_was_not_asked_for_goes_back(void **state) {
  Rig *rig = *state;
  const char *id = sale_pay_begin(rig, anna);
  sale_past_expiry(rig);
  sale_sweep(rig);
  sale_errands(rig);
  assert_string_equal(sale_state(rig), "expired failed");
  rig_run(rig, "UPDATE payments SET status = 'created'");
  sale_intent_costs(rig, 1);
  assert_refused(sale_webhook(rig, "evt_1", "payment_intent.succeeded"), ERR_NONE);
  sale_errands(rig);
  assert_string_equal(sale_state(rig), "expired refunded");
  assert_int_equal(sale_gold_left(rig), 4);
  assert_refused(sale_confirm(rig, anna, id), ERR_BOOKING_REFUNDED);
}

int main(void) {
#define SALE_TEST(name) cmocka_unit_test_setup_teardown(name, sale_setup, invariants_teardown)
  const struct CMUnitTest tests[] = {
      SALE_TEST(test_a_cancelled_booking_has_its_intent_cancelled_first),
      SALE_TEST(test_what_is_paid_is_not_cancelled_but_confirmed),
      SALE_TEST(test_what_is_being_paid_is_not_cancelled),
      SALE_TEST(test_without_the_provider_nothing_is_cancelled),
      SALE_TEST(test_an_unpaid_booking_expires_and_its_stock_is_back),
      SALE_TEST(test_expiry_cancels_the_intent_first),
      SALE_TEST(test_expiry_of_a_paid_booking_confirms_it),
      SALE_TEST(test_expiry_waits_for_a_payment_under_way_half_an_hour),
      SALE_TEST(test_expiry_waits_five_sweeps_for_a_provider_that_is_away),
      SALE_TEST(test_a_sweep_of_many_runs_counts_as_one),
      SALE_TEST(test_late_money_gets_its_seats_while_they_are_free),
      SALE_TEST(test_late_money_goes_back_when_the_seats_are_gone_once),
      SALE_TEST(test_late_money_gets_equal_seats_when_those_will_do),
      SALE_TEST(test_late_money_goes_back_when_only_the_very_seats_will_do),
      SALE_TEST(test_late_money_gets_no_seats_that_are_on_sale_for_another_concert),
      SALE_TEST(test_seats_that_come_back_are_of_the_concert_on_sale_there),
      SALE_TEST(test_a_replaced_intent_that_is_paid_is_given_back),
      SALE_TEST(test_late_money_that_was_not_asked_for_goes_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
