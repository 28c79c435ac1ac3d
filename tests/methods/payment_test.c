// Payments: one payment, one outcome, whoever tells of it first (tickets contract 3.6 to 3.8).
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
static const Identity *const staff = &venue_staff;

// The intent.

static void test_the_first_intent_is_made_for_the_price_and_its_secret_answered(void **state) {
  Rig *rig = *state;
  const char *id = sale_booking(rig, anna, "{\"categoryId\":\"" SALE_GOLD "\",\"seats\":2}");
  assert_reply(rig, sale_create_intent(rig, anna, id),
               "{\"success\":true,\"paymentIntentClientSecret\":\"pi_1_secret_x\",\"amount\":200000,"
               "\"currency\":\"inr\",\"provider\":\"stripe\"}");
  assert_string_equal(sale_state(rig), "pending processing");
  assert_string_equal(rig_text(rig, "SELECT group_concat(key) FROM outbox WHERE kind = 'stripe'"),
                      rig_text(rig, "SELECT 'create:' || public_id || ':1' FROM bookings"));
}

static void test_events_are_kept_for_ninety_days(void **state) {
  Rig *rig = *state;
  sale_pay_begin(rig, anna);
  rig_run(rig,
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) INSERT INTO stripe_events(id,"
          " kind, at) SELECT 'old_' || i, 'x', i FROM n");
  assert_refused(sale_webhook(rig, "evt_1", "payment_intent.processing"), ERR_NONE);
  assert_string_equal(rig_text(rig, "SELECT group_concat(id) FROM (SELECT id FROM stripe_events ORDER BY at) e"),
                      "old_3,evt_1");
  assert_refused(sale_webhook(rig, "evt_2", "payment_intent.processing"), ERR_NONE);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM stripe_events"), 2);
}

static void test_what_costs_more_than_32_bits_hold_is_paid(void **state) {
  Rig *rig = *state;
  rig_run(rig, "UPDATE categories SET price = 99999999999 WHERE id = 1");
  const char *id = sale_pay_begin(rig, anna);
  sale_intent_is(rig, "succeeded");
  assert_refused(sale_confirm(rig, anna, id), ERR_NONE);
  assert_string_equal(sale_state(rig), "confirmed paid");
  assert_string_equal(rig_text(rig, "SELECT amount FROM payments"), "199999999998");
}

static void test_the_category_id_does_in_place_of_the_bookings(void **state) {
  Rig *rig = *state;
  sale_booking(rig, anna, "{\"categoryId\":\"" SALE_GOLD "\",\"seats\":1}");
  assert_refused(sale_create_intent(rig, anna, SALE_GOLD), ERR_NONE);
  assert_refused(sale_create_intent(rig, bert, SALE_GOLD), ERR_BOOKING_INVALID);
  assert_refused(sale_create_intent(rig, anna, SALE_SILVER), ERR_BOOKING_INVALID);
  assert_refused(sale_create_intent(rig, anna, "x"), ERR_BOOKING_INVALID);
}

static void test_a_booking_of_another_or_one_that_ran_out_is_not_paid(void **state) {
  Rig *rig = *state;
  const char *id = sale_booking(rig, anna, "{\"categoryId\":\"" SALE_GOLD "\",\"seats\":1}");
  assert_refused(sale_create_intent(rig, bert, id), ERR_BOOKING_INVALID);
  sale_past_expiry(rig);
  assert_refused(sale_create_intent(rig, anna, id), ERR_BOOKING_INVALID);
}

static void test_later_calls_answer_the_same_secret(void **state) {
  Rig *rig = *state;
  const char *id = sale_pay_begin(rig, anna);
  Answer again = sale_create_intent(rig, anna, id);
  assert_string_equal(sale_field(rig, &again, "paymentIntentClientSecret"), "pi_1_secret_x");
  assert_int_equal(sale_provider.made, 1);
}

static void test_two_calls_at_once_make_one_intent(void **state) {
  Rig *rig = *state;
  char json[64];
  Answer first;
  Answer second;
  snprintf(json, sizeof json, "{\"bookingId\":\"%s\"}",
           sale_booking(rig, anna, "{\"categoryId\":\"" SALE_GOLD "\",\"seats\":1}"));
  rig_ask(rig, 0, &payment_create_intent, anna, json, &first);
  rig_ask(rig, 0, &payment_create_intent, anna, json, &second);
  RIG_UNTIL(rig, first.done && second.done);
  sale_errands(rig);
  first = rig_call_again(rig, &first, &payment_create_intent, anna, json);
  second = rig_call_again(rig, &second, &payment_create_intent, anna, json);
  assert_string_equal(sale_field(rig, &first, "paymentIntentClientSecret"), "pi_1_secret_x");
  assert_reply(rig, second, rig_zero(rig, first.reply));
  assert_int_equal(sale_provider.made, 1);
}

static void test_a_paid_intent_is_an_error_and_confirms(void **state) {
  Rig *rig = *state;
  const char *id = sale_pay_begin(rig, anna);
  sale_intent_is(rig, "succeeded");
  assert_refused(sale_create_intent(rig, anna, id), ERR_PAYMENT_ALREADY_COMPLETED);
  assert_string_equal(sale_state(rig), "confirmed paid");
  assert_refused(sale_create_intent(rig, anna, id), ERR_PAYMENT_ALREADY_COMPLETED);
}

static void test_an_intent_under_way_is_waited_for(void **state) {
  Rig *rig = *state;
  const char *id = sale_pay_begin(rig, anna);
  sale_intent_is(rig, "processing");
  assert_refused(sale_create_intent(rig, anna, id), ERR_PAYMENT_PROCESSING);
}

static void test_a_cancelled_intent_is_replaced(void **state) {
  Rig *rig = *state;
  const char *id = sale_pay_begin(rig, anna);
  sale_intent_is(rig, "canceled");
  assert_refused(sale_webhook(rig, "evt_1", "payment_intent.canceled"), ERR_NONE);
  assert_string_equal(sale_state(rig), "pending failed");
  Answer answer = sale_create_intent(rig, anna, id);
  assert_string_equal(sale_field(rig, &answer, "paymentIntentClientSecret"), "pi_2_secret_x");
  assert_string_equal(sale_state(rig), "pending processing");
  sale_intent_is(rig, "succeeded");
  assert_refused(sale_confirm(rig, anna, id), ERR_NONE);
}

static void test_what_the_provider_says_when_it_refuses_is_shown_and_another_try_is_free(void **state) {
  Rig *rig = *state;
  const char *id = sale_booking(rig, anna, "{\"categoryId\":\"" SALE_GOLD "\",\"seats\":1}");
  sale_provider.refuses = "Amount too small";
  Answer answer = sale_create_intent(rig, anna, id);
  assert_refused(answer, ERR_PAYMENT_REFUSED);
  assert_string_equal(rig_zero(rig, answer.reply), "Amount too small");
  assert_string_equal(sale_state(rig), "pending failed");
  sale_provider.refuses = NULL;
  assert_refused(sale_create_intent(rig, anna, id), ERR_NONE);
}

static void test_a_provider_that_was_away_is_asked_again_with_the_same_key(void **state) {
  Rig *rig = *state;
  const char *id = sale_booking(rig, anna, "{\"categoryId\":\"" SALE_GOLD "\",\"seats\":1}");
  sale_provider.down = true;
  assert_refused(sale_create_intent(rig, anna, id), ERR_PROVIDER_UNAVAILABLE);
  sale_errand_given_up(rig);
  sale_provider.down = false;
  assert_refused(sale_create_intent(rig, anna, id), ERR_NONE);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM outbox WHERE key LIKE 'create:%'"), 1);
}

// Confirming.

static void test_nothing_is_confirmed_without_a_payment(void **state) {
  Rig *rig = *state;
  const char *id = sale_booking(rig, anna, "{\"categoryId\":\"" SALE_GOLD "\",\"seats\":2}");
  assert_refused(sale_confirm(rig, bert, id), ERR_BOOKING_NOT_FOUND);
  assert_refused(sale_confirm(rig, anna, "0123456789abcdef01234567"), ERR_BOOKING_NOT_FOUND);
  assert_refused(sale_confirm(rig, anna, id), ERR_PAYMENT_REQUIRED);
  sale_create_intent(rig, anna, id);
  assert_refused(sale_confirm(rig, anna, id), ERR_PAYMENT_REQUIRED);
  sale_intent_is(rig, "processing");
  assert_refused(sale_confirm(rig, anna, id), ERR_PAYMENT_PROCESSING);
  sale_provider.down = true;
  assert_refused(sale_confirm(rig, anna, id), ERR_PROVIDER_UNAVAILABLE);
}

static void test_a_paid_booking_is_confirmed_once_however_often_it_is_asked(void **state) {
  Rig *rig = *state;
  const char *id = sale_pay_begin(rig, anna);
  sale_intent_is(rig, "succeeded");
  Answer first = sale_confirm(rig, anna, id);
  assert_refused(first, ERR_NONE);
  assert_string_equal(sale_field(rig, &first, "status"), "confirmed");
  assert_string_equal(sale_field(rig, &first, "paymentIntentId"), "pi_1");
  assert_non_null(strstr(rig_zero(rig, first.reply), "\"concert\":{\"id\":\"aa0000000000000000000001\",\"name\":\"AR"));
  assert_reply(rig, sale_confirm(rig, anna, id), rig_zero(rig, first.reply));
  assert_reply(rig, sale_call(rig, &booking_confirmed, anna, "{\"id\":\"%s\"}", id), rig_zero(rig, first.reply));
  assert_int_equal(sale_mails(rig, "confirmed"), 1);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM tickets WHERE void = 0"), 2);
  assert_string_equal(rig_text(rig, "SELECT status FROM queue_places WHERE user_id = 1 AND concert_id = 1"),
                      "completed");
  assert_refused(sale_call(rig, &booking_cancel_pending, anna, "{}"), ERR_NO_PENDING_BOOKING);
}

static void test_two_confirmations_at_once_are_one(void **state) {
  Rig *rig = *state;
  char json[64];
  Answer first;
  Answer second;
  snprintf(json, sizeof json, "{\"id\":\"%s\"}", sale_pay_begin(rig, anna));
  sale_intent_is(rig, "succeeded");
  rig_ask(rig, 0, &booking_confirm_paid, anna, json, &first);
  rig_ask(rig, 0, &booking_confirm_paid, anna, json, &second);
  RIG_UNTIL(rig, first.done && second.done);
  sale_errands(rig);
  first = rig_call_again(rig, &first, &booking_confirm_paid, anna, json);
  second = rig_call_again(rig, &second, &booking_confirm_paid, anna, json);
  assert_refused(first, ERR_NONE);
  assert_reply(rig, second, rig_zero(rig, first.reply));
  assert_int_equal(sale_mails(rig, "confirmed"), 1);
}

static void test_an_intent_of_another_amount_confirms_nothing(void **state) {
  Rig *rig = *state;
  const char *id = sale_pay_begin(rig, anna);
  sale_intent_is(rig, "succeeded");
  sale_intent_costs(rig, 1);
  assert_refused(sale_confirm(rig, anna, id), ERR_PAYMENT_REQUIRED);
  assert_refused(sale_webhook(rig, "evt_1", "payment_intent.succeeded"), ERR_NONE);
  assert_string_equal(sale_state(rig), "pending processing");
  sale_past_expiry(rig);
  sale_sweep(rig);
  sale_errands(rig);  // the cancel is refused; the money goes back
  sale_errands(rig);
  assert_string_equal(sale_state(rig), "expired refunded");
  assert_int_equal(sale_provider.refunds, 1);
  assert_int_equal(sale_gold_left(rig), 4);
  assert_refused(sale_confirm(rig, anna, id), ERR_BOOKING_REFUNDED);
}

static void test_the_price_of_the_day_before_is_what_counts(void **state) {
  Rig *rig = *state;
  const char *id = sale_pay_begin(rig, anna);
  rig_run(rig, "UPDATE categories SET price = 1");
  sale_intent_is(rig, "succeeded");
  assert_refused(sale_confirm(rig, anna, id), ERR_NONE);
}

// Webhooks.

// The last two tickets, paid after `wait_ms`; gives how often endpoints are told that all is sold.
static int64_t sell_the_last(Rig *rig, int64_t wait_ms) {
  rig_run(rig, "INSERT INTO webhooks(id, url, secret, created_at) VALUES(1, 'http://localhost/', 'whsec_AAAA', 0)");
  rig_run(
      rig,
      "UPDATE categories SET total_seats = CASE id WHEN 1 THEN 2 ELSE 0 END, available_seats = CASE id WHEN 1 THEN 2"
      " ELSE 0 END WHERE concert_id = 1");
  const char *id = sale_pay_begin(rig, anna);
  rig_pass(rig, wait_ms);
  sale_intent_is(rig, "succeeded");
  assert_refused(sale_confirm(rig, anna, id), ERR_NONE);
  return rig_int(rig, "SELECT count(*) FROM outbox WHERE json_extract(payload, '$.type') = 'concert.sold_out'");
}

static void test_endpoints_are_told_once_that_all_is_sold(void **state) {
  assert_int_equal(sell_the_last(*state, 0), 1);
}

static void test_endpoints_are_told_that_all_is_sold_also_when_the_slot_was_over(void **state) {
  assert_int_equal(sell_the_last(*state, 6 * RIG_MINUTE_MS), 1);
}

static void test_the_webhook_confirms_before_the_client_comes_back(void **state) {
  Rig *rig = *state;
  const char *id = sale_pay_begin(rig, anna);
  sale_intent_is(rig, "succeeded");
  assert_reply(rig, sale_webhook(rig, "evt_1", "payment_intent.succeeded"), "{\"received\":true}");
  assert_string_equal(sale_state(rig), "confirmed paid");
  assert_refused(sale_confirm(rig, anna, id), ERR_NONE);
  assert_int_equal(sale_mails(rig, "confirmed"), 1);
}

static void test_the_webhook_after_the_client_does_nothing_more(void **state) {
  Rig *rig = *state;
  const char *id = sale_pay_begin(rig, anna);
  sale_intent_is(rig, "succeeded");
  sale_confirm(rig, anna, id);
  assert_refused(sale_webhook(rig, "evt_1", "payment_intent.succeeded"), ERR_NONE);
  assert_refused(sale_webhook(rig, "evt_1", "payment_intent.succeeded"), ERR_NONE);
  assert_refused(sale_webhook(rig, "evt_2", "payment_intent.succeeded"), ERR_NONE);
  assert_int_equal(sale_mails(rig, "confirmed"), 1);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM stripe_events"), 2);
}

static void test_events_in_any_order_end_the_same(void **state) {
  Rig *rig = *state;
  sale_pay_begin(rig, anna);
  assert_refused(sale_webhook(rig, "evt_1", "payment_intent.payment_failed"), ERR_NONE);
  assert_string_equal(sale_state(rig), "pending failed");
  assert_refused(sale_webhook(rig, "evt_2", "payment_intent.processing"), ERR_NONE);
  assert_string_equal(sale_state(rig), "pending processing");
  sale_intent_is(rig, "succeeded");
  assert_refused(sale_webhook(rig, "evt_3", "payment_intent.succeeded"), ERR_NONE);
  assert_refused(sale_webhook(rig, "evt_4", "payment_intent.payment_failed"), ERR_NONE);
  assert_refused(sale_webhook(rig, "evt_5", "payment_intent.processing"), ERR_NONE);
  assert_refused(sale_webhook(rig, "evt_6", "payment_intent.canceled"), ERR_NONE);
  assert_string_equal(sale_state(rig), "confirmed paid");
  assert_string_equal(rig_text(rig, "SELECT status FROM payments"), "succeeded");
}

static void test_a_refund_at_the_provider_frees_the_seats(void **state) {
  Rig *rig = *state;
  const char *id = sale_pay_begin(rig, anna);
  sale_intent_is(rig, "succeeded");
  sale_confirm(rig, anna, id);
  assert_refused(sale_webhook(rig, "evt_1", "charge.refunded"), ERR_NONE);
  assert_string_equal(sale_state(rig), "cancelled refunded");
  assert_int_equal(sale_gold_left(rig), 4);
  assert_int_equal(sale_mails(rig, "refunded"), 1);
  sale_errands(rig);
  assert_int_equal(sale_provider.refunds, 0);
}

static void test_a_forged_stale_or_foreign_event_has_no_effect(void **state) {
  Rig *rig = *state;
  static const char body[] =
      "{\"id\":\"evt_1\",\"type\":\"payment_intent.succeeded\",\"data\":{\"object\":{\"id\":\"pi_other\"}}}";
  int64_t now_s = rig->now_ms / 1000;
  Answer missing = sale_webhook_raw(rig, "", body);
  assert_refused(missing, ERR_WEBHOOK_INVALID);
  assert_string_equal(rig_zero(rig, missing.reply), "Webhook Error: the header Stripe-Signature is missing");
  assert_refused(sale_webhook_raw(rig, "t=1,v1=00", body), ERR_WEBHOOK_INVALID);
  assert_refused(sale_webhook_raw(rig, "nonsense", body), ERR_WEBHOOK_INVALID);
  assert_refused(sale_webhook_raw(rig, sale_signature(rig, now_s, "{}"), body), ERR_WEBHOOK_INVALID);
  assert_refused(sale_webhook_raw(rig, sale_signature(rig, now_s - 301, body), body), ERR_WEBHOOK_INVALID);
  assert_refused(sale_webhook_raw(rig, sale_signature(rig, now_s + 301, body), body), ERR_WEBHOOK_INVALID);
  assert_refused(sale_webhook_raw(rig, sale_signature(rig, now_s, "no json"), "no json"), ERR_WEBHOOK_INVALID);
  char several[256];
  snprintf(several, sizeof several, "%s,v1=00,v0=11", sale_signature(rig, now_s - 300, body));
  assert_reply(rig, sale_webhook_raw(rig, several, body), "{\"received\":true}");
  rig->config.stripe_webhook_secret = (Str){0};
  assert_refused(sale_webhook_raw(rig, sale_signature(rig, now_s, body), body), ERR_WEBHOOK_INVALID);
}

// Looking by itself.

static void test_a_payment_nobody_told_of_is_found(void **state) {
  Rig *rig = *state;
  sale_pay_begin(rig, anna);
  sale_intent_is(rig, "succeeded");
  rig_pass(rig, RIG_MINUTE_MS);
  sale_sweep(rig);
  sale_errands(rig);
  assert_string_equal(sale_state(rig), "confirmed paid");
}

static void test_a_refund_that_did_not_get_through_is_asked_for_again(void **state) {
  Rig *rig = *state;
  const char *id = sale_pay_begin(rig, anna);
  sale_intent_is(rig, "succeeded");
  sale_confirm(rig, anna, id);
  assert_refused(sale_call(rig, &booking_refund_paid, anna, "{\"id\":\"%s\"}", id), ERR_FORBIDDEN);
  Answer answer = sale_call(rig, &booking_refund_paid, staff, "{\"id\":\"%s\"}", id);
  assert_string_equal(sale_field(rig, &answer, "status"), "cancelled");
  assert_string_equal(sale_field(rig, &answer, "paymentStatus"), "refunded");
  assert_refused(sale_call(rig, &booking_refund_paid, staff, "{\"id\":\"%s\"}", id), ERR_NONE);
  assert_int_equal(sale_gold_left(rig), 4);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM tickets WHERE void = 1"), 2);
  sale_errand_given_up(rig);
  rig_pass(rig, RIG_HOUR_MS);
  sale_sweep(rig);
  sale_errands(rig);
  assert_int_equal(sale_provider.refunds, 1);
  assert_string_equal(rig_text(rig, "SELECT status FROM payments"), "refunded");
  assert_int_equal(sale_mails(rig, "refunded"), 1);
  assert_refused(sale_confirm(rig, anna, id), ERR_BOOKING_CANCELLED);
}

static void test_a_404_ends_an_intent_only_when_it_is_the_providers(void **state) {
  Rig *rig = *state;
  const char *id = sale_pay_begin(rig, anna);
  assert_refused(rig_call(rig, &payment_settle, NULL,
                          "{\"op\":\"retrieve\",\"intent\":\"pi_1\",\"http\":404,\"error\":\"unreachable\"}"),
                 ERR_NONE);
  sale_intent_is(rig, "succeeded");
  assert_refused(sale_confirm(rig, anna, id), ERR_NONE);
  assert_string_equal(sale_state(rig), "confirmed paid");
}

static void test_an_intent_that_the_provider_does_not_know_has_ended(void **state) {
  Rig *rig = *state;
  const char *id = sale_pay_begin(rig, anna);
  assert_refused(rig_call(rig, &payment_settle, NULL,
                          "{\"op\":\"retrieve\",\"intent\":\"pi_1\",\"http\":404,\"error\":\"resource_missing\"}"),
                 ERR_NONE);
  assert_string_equal(rig_text(rig, "SELECT status FROM payments"), "canceled");
  assert_refused(sale_confirm(rig, anna, id), ERR_PAYMENT_REQUIRED);
}

static void test_what_was_not_paid_is_not_refunded(void **state) {
  Rig *rig = *state;
  const char *id = sale_pay_begin(rig, anna);
  assert_refused(sale_call(rig, &booking_refund_paid, staff, "{\"id\":\"%s\"}", id), ERR_BOOKING_INVALID);
}

// Free tickets.

static const char *book_free(Rig *rig) {
  rig_run(rig, "UPDATE categories SET price = 0 WHERE id = 1");
  return sale_booking(rig, anna, "{\"categoryId\":\"" SALE_GOLD "\",\"seats\":2}");
}

static void test_free_tickets_are_confirmed_without_a_payment(void **state) {
  Rig *rig = *state;
  const char *id = book_free(rig);
  assert_refused(sale_create_intent(rig, anna, id), ERR_NOTHING_TO_PAY);
  assert_refused(sale_confirm(rig, bert, id), ERR_BOOKING_NOT_FOUND);
  assert_refused(sale_confirm(rig, anna, id), ERR_NONE);
  assert_refused(sale_confirm(rig, anna, id), ERR_NONE);
  assert_string_equal(sale_state(rig), "confirmed paid");
  assert_int_equal(sale_provider.made, 0);
  assert_int_equal(sale_mails(rig, "confirmed"), 1);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM tickets WHERE void = 0"), 2);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM payments"), 0);
}

static void test_free_tickets_that_ran_out_are_not_confirmed(void **state) {
  Rig *rig = *state;
  const char *id = book_free(rig);
  sale_past_expiry(rig);
  assert_refused(sale_confirm(rig, anna, id), ERR_BOOKING_EXPIRED);
  sale_sweep(rig);
  assert_string_equal(sale_state(rig), "expired none");
  assert_int_equal(sale_gold_left(rig), 4);
}

static void test_free_tickets_are_taken_back_by_staff(void **state) {
  Rig *rig = *state;
  const char *id = book_free(rig);
  sale_confirm(rig, anna, id);
  assert_refused(sale_call(rig, &booking_refund_paid, staff, "{\"id\":\"%s\"}", id), ERR_NONE);
  assert_string_equal(sale_state(rig), "cancelled refunded");
  assert_int_equal(sale_provider.refunds, 0);
  assert_int_equal(sale_gold_left(rig), 4);
  assert_int_equal(sale_mails(rig, "refunded"), 0);  // there was no money
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM outbox WHERE key LIKE 'cancelled:%'"), 1);
}

static void test_the_key_of_the_page_is_the_operators(void **state) {
  Rig *rig = *state;
  assert_reply(rig, rig_call(rig, &payment_pub_key, NULL, "{}"), "{\"publishableKey\":\"pk_test\"}");
}

int main(void) {
#define SALE_TEST(name) cmocka_unit_test_setup_teardown(name, sale_setup, invariants_teardown)
  const struct CMUnitTest tests[] = {
      SALE_TEST(test_the_first_intent_is_made_for_the_price_and_its_secret_answered),
      SALE_TEST(test_events_are_kept_for_ninety_days),
      SALE_TEST(test_what_costs_more_than_32_bits_hold_is_paid),
      SALE_TEST(test_the_category_id_does_in_place_of_the_bookings),
      SALE_TEST(test_a_booking_of_another_or_one_that_ran_out_is_not_paid),
      SALE_TEST(test_later_calls_answer_the_same_secret),
      SALE_TEST(test_two_calls_at_once_make_one_intent),
      SALE_TEST(test_a_paid_intent_is_an_error_and_confirms),
      SALE_TEST(test_an_intent_under_way_is_waited_for),
      SALE_TEST(test_a_cancelled_intent_is_replaced),
      SALE_TEST(test_what_the_provider_says_when_it_refuses_is_shown_and_another_try_is_free),
      SALE_TEST(test_a_provider_that_was_away_is_asked_again_with_the_same_key),
      SALE_TEST(test_nothing_is_confirmed_without_a_payment),
      SALE_TEST(test_a_paid_booking_is_confirmed_once_however_often_it_is_asked),
      SALE_TEST(test_two_confirmations_at_once_are_one),
      SALE_TEST(test_an_intent_of_another_amount_confirms_nothing),
      SALE_TEST(test_the_price_of_the_day_before_is_what_counts),
      SALE_TEST(test_endpoints_are_told_once_that_all_is_sold),
      SALE_TEST(test_endpoints_are_told_that_all_is_sold_also_when_the_slot_was_over),
      SALE_TEST(test_the_webhook_confirms_before_the_client_comes_back),
      SALE_TEST(test_the_webhook_after_the_client_does_nothing_more),
      SALE_TEST(test_events_in_any_order_end_the_same),
      SALE_TEST(test_a_refund_at_the_provider_frees_the_seats),
      SALE_TEST(test_a_forged_stale_or_foreign_event_has_no_effect),
      SALE_TEST(test_a_payment_nobody_told_of_is_found),
      SALE_TEST(test_a_refund_that_did_not_get_through_is_asked_for_again),
      SALE_TEST(test_a_404_ends_an_intent_only_when_it_is_the_providers),
      SALE_TEST(test_an_intent_that_the_provider_does_not_know_has_ended),
      SALE_TEST(test_what_was_not_paid_is_not_refunded),
      SALE_TEST(test_free_tickets_are_confirmed_without_a_payment),
      SALE_TEST(test_free_tickets_that_ran_out_are_not_confirmed),
      SALE_TEST(test_free_tickets_are_taken_back_by_staff),
      SALE_TEST(test_the_key_of_the_page_is_the_operators),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
