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

static int64_t gold_left(Rig *rig) {
  return rig_int(rig, "SELECT available_seats FROM categories WHERE id = 1");
}

static int64_t mails(Rig *rig, const char *template) {
  static const char CONFIRMED[] = "SELECT count(*) FROM outbox WHERE kind = 'mail' AND key LIKE 'confirmed:%'";
  static const char REFUNDED[] = "SELECT count(*) FROM outbox WHERE kind = 'mail' AND key LIKE 'refunded:%'";
  return rig_int(rig, strcmp(template, "confirmed") == 0 ? CONFIRMED : REFUNDED);
}

static Answer confirm(Rig *rig, const Identity *who, const char *id) {
  return sale_call(rig, &booking_confirm_paid, who, "{\"id\":\"%s\"}", id);
}

static Answer create_intent(Rig *rig, const Identity *who, const char *id) {
  return sale_call(rig, &payment_create_intent, who, "{\"bookingId\":\"%s\"}", id);
}

static void past_expiry(Rig *rig) {
  rig_pass(rig, 10 * RIG_MINUTE_MS);
  rig_run(rig, "UPDATE queue_places SET slot_until = slot_until + 100000000");
}

// The intent.

static void test_the_first_intent_is_made_for_the_price_and_its_secret_answered(void **state) {
  Rig *rig = *state;
  const char *id = sale_booking(rig, anna, "{\"categoryId\":\"" SALE_GOLD "\",\"seats\":2}");
  assert_reply(rig, create_intent(rig, anna, id),
               "{\"success\":true,\"paymentIntentClientSecret\":\"pi_1_secret_x\",\"amount\":200000,"
               "\"currency\":\"inr\",\"provider\":\"stripe\"}");
  assert_string_equal(sale_state(rig), "pending processing");
  assert_string_equal(rig_text(rig, "SELECT group_concat(key) FROM outbox WHERE kind = 'stripe'"),
                      rig_text(rig, "SELECT 'create:' || public_id || ':1' FROM bookings"));
}

static void test_the_category_id_does_in_place_of_the_bookings(void **state) {
  Rig *rig = *state;
  sale_booking(rig, anna, "{\"categoryId\":\"" SALE_GOLD "\",\"seats\":1}");
  assert_refused(create_intent(rig, anna, SALE_GOLD), ERR_NONE);
  assert_refused(create_intent(rig, bert, SALE_GOLD), ERR_BOOKING_INVALID);
  assert_refused(create_intent(rig, anna, SALE_SILVER), ERR_BOOKING_INVALID);
  assert_refused(create_intent(rig, anna, "x"), ERR_BOOKING_INVALID);
}

static void test_a_booking_of_another_or_one_that_ran_out_is_not_paid(void **state) {
  Rig *rig = *state;
  const char *id = sale_booking(rig, anna, "{\"categoryId\":\"" SALE_GOLD "\",\"seats\":1}");
  assert_refused(create_intent(rig, bert, id), ERR_BOOKING_INVALID);
  past_expiry(rig);
  assert_refused(create_intent(rig, anna, id), ERR_BOOKING_INVALID);
}

static void test_later_calls_answer_the_same_secret(void **state) {
  Rig *rig = *state;
  const char *id = sale_pay_begin(rig, anna);
  Answer again = create_intent(rig, anna, id);
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
  assert_refused(create_intent(rig, anna, id), ERR_PAYMENT_ALREADY_COMPLETED);
  assert_string_equal(sale_state(rig), "confirmed paid");
  assert_refused(create_intent(rig, anna, id), ERR_PAYMENT_ALREADY_COMPLETED);
}

static void test_an_intent_under_way_is_waited_for(void **state) {
  Rig *rig = *state;
  const char *id = sale_pay_begin(rig, anna);
  sale_intent_is(rig, "processing");
  assert_refused(create_intent(rig, anna, id), ERR_PAYMENT_PROCESSING);
}

static void test_a_cancelled_intent_is_replaced(void **state) {
  Rig *rig = *state;
  const char *id = sale_pay_begin(rig, anna);
  sale_intent_is(rig, "canceled");
  assert_refused(sale_webhook(rig, "evt_1", "payment_intent.canceled"), ERR_NONE);
  assert_string_equal(sale_state(rig), "pending failed");
  Answer answer = create_intent(rig, anna, id);
  assert_string_equal(sale_field(rig, &answer, "paymentIntentClientSecret"), "pi_2_secret_x");
  assert_string_equal(sale_state(rig), "pending processing");
  sale_intent_is(rig, "succeeded");
  assert_refused(confirm(rig, anna, id), ERR_NONE);
}

static void test_what_the_provider_says_when_it_refuses_is_shown_and_another_try_is_free(void **state) {
  Rig *rig = *state;
  const char *id = sale_booking(rig, anna, "{\"categoryId\":\"" SALE_GOLD "\",\"seats\":1}");
  sale_provider.refuses = "Amount too small";
  Answer answer = create_intent(rig, anna, id);
  assert_refused(answer, ERR_PAYMENT_REFUSED);
  assert_string_equal(rig_zero(rig, answer.reply), "{\"message\":\"Amount too small\"}");
  assert_string_equal(sale_state(rig), "pending failed");
  sale_provider.refuses = NULL;
  assert_refused(create_intent(rig, anna, id), ERR_NONE);
}

static void test_a_provider_that_was_away_is_asked_again_with_the_same_key(void **state) {
  Rig *rig = *state;
  const char *id = sale_booking(rig, anna, "{\"categoryId\":\"" SALE_GOLD "\",\"seats\":1}");
  sale_provider.down = true;
  assert_refused(create_intent(rig, anna, id), ERR_PROVIDER_UNAVAILABLE);
  sale_errand_given_up(rig);
  sale_provider.down = false;
  assert_refused(create_intent(rig, anna, id), ERR_NONE);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM outbox WHERE key LIKE 'create:%'"), 1);
}

// Confirming.

static void test_nothing_is_confirmed_without_a_payment(void **state) {
  Rig *rig = *state;
  const char *id = sale_booking(rig, anna, "{\"categoryId\":\"" SALE_GOLD "\",\"seats\":2}");
  assert_refused(confirm(rig, bert, id), ERR_BOOKING_NOT_FOUND);
  assert_refused(confirm(rig, anna, "0123456789abcdef01234567"), ERR_BOOKING_NOT_FOUND);
  assert_refused(confirm(rig, anna, id), ERR_PAYMENT_REQUIRED);
  create_intent(rig, anna, id);
  assert_refused(confirm(rig, anna, id), ERR_PAYMENT_REQUIRED);
  sale_intent_is(rig, "processing");
  assert_refused(confirm(rig, anna, id), ERR_PAYMENT_PROCESSING);
  sale_provider.down = true;
  assert_refused(confirm(rig, anna, id), ERR_PROVIDER_UNAVAILABLE);
}

static void test_a_paid_booking_is_confirmed_once_however_often_it_is_asked(void **state) {
  Rig *rig = *state;
  const char *id = sale_pay_begin(rig, anna);
  sale_intent_is(rig, "succeeded");
  Answer first = confirm(rig, anna, id);
  assert_refused(first, ERR_NONE);
  assert_string_equal(sale_field(rig, &first, "status"), "confirmed");
  assert_string_equal(sale_field(rig, &first, "paymentIntentId"), "pi_1");
  assert_non_null(strstr(rig_zero(rig, first.reply), "\"concert\":{\"id\":\"aa0000000000000000000001\",\"name\":\"AR"));
  assert_reply(rig, confirm(rig, anna, id), rig_zero(rig, first.reply));
  assert_reply(rig, sale_call(rig, &booking_confirmed, anna, "{\"id\":\"%s\"}", id), rig_zero(rig, first.reply));
  assert_int_equal(mails(rig, "confirmed"), 1);
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
  assert_int_equal(mails(rig, "confirmed"), 1);
}

static void test_an_intent_of_another_amount_confirms_nothing(void **state) {
  Rig *rig = *state;
  const char *id = sale_pay_begin(rig, anna);
  sale_intent_is(rig, "succeeded");
  sale_intent_costs(rig, 1);
  assert_refused(confirm(rig, anna, id), ERR_PAYMENT_REQUIRED);
  assert_refused(sale_webhook(rig, "evt_1", "payment_intent.succeeded"), ERR_NONE);
  assert_string_equal(sale_state(rig), "pending processing");
  past_expiry(rig);
  sale_sweep(rig);
  sale_errands(rig);  // the cancel is refused; the money goes back
  sale_errands(rig);
  assert_string_equal(sale_state(rig), "expired failed");
  assert_int_equal(sale_provider.refunds, 1);
  assert_int_equal(gold_left(rig), 4);
}

static void test_the_price_of_the_day_before_is_what_counts(void **state) {
  Rig *rig = *state;
  const char *id = sale_pay_begin(rig, anna);
  rig_run(rig, "UPDATE categories SET price = 1");
  sale_intent_is(rig, "succeeded");
  assert_refused(confirm(rig, anna, id), ERR_NONE);
}

// Webhooks.

static void test_the_webhook_confirms_before_the_client_comes_back(void **state) {
  Rig *rig = *state;
  const char *id = sale_pay_begin(rig, anna);
  sale_intent_is(rig, "succeeded");
  assert_reply(rig, sale_webhook(rig, "evt_1", "payment_intent.succeeded"), "{\"received\":true}");
  assert_string_equal(sale_state(rig), "confirmed paid");
  assert_refused(confirm(rig, anna, id), ERR_NONE);
  assert_int_equal(mails(rig, "confirmed"), 1);
}

static void test_the_webhook_after_the_client_does_nothing_more(void **state) {
  Rig *rig = *state;
  const char *id = sale_pay_begin(rig, anna);
  sale_intent_is(rig, "succeeded");
  confirm(rig, anna, id);
  assert_refused(sale_webhook(rig, "evt_1", "payment_intent.succeeded"), ERR_NONE);
  assert_refused(sale_webhook(rig, "evt_1", "payment_intent.succeeded"), ERR_NONE);
  assert_refused(sale_webhook(rig, "evt_2", "payment_intent.succeeded"), ERR_NONE);
  assert_int_equal(mails(rig, "confirmed"), 1);
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
  confirm(rig, anna, id);
  assert_refused(sale_webhook(rig, "evt_1", "charge.refunded"), ERR_NONE);
  assert_string_equal(sale_state(rig), "cancelled refunded");
  assert_int_equal(gold_left(rig), 4);
  assert_int_equal(mails(rig, "refunded"), 1);
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

// Cancelling while paying.

static void test_a_cancelled_booking_has_its_intent_cancelled_first(void **state) {
  Rig *rig = *state;
  sale_pay_begin(rig, anna);
  assert_reply(rig, sale_call(rig, &booking_cancel_pending, anna, "{}"), "{\"message\":\"Cancelled\"}");
  assert_int_equal(sale_provider.cancels, 1);
  assert_string_equal(sale_state(rig), "cancelled failed");
  assert_int_equal(gold_left(rig), 4);
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
  assert_refused(confirm(rig, anna, id), ERR_NONE);
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
  past_expiry(rig);
  sale_sweep(rig);
  sale_sweep(rig);
  assert_string_equal(sale_state(rig), "expired none");
  assert_int_equal(gold_left(rig), 4);
}

static void test_expiry_cancels_the_intent_first(void **state) {
  Rig *rig = *state;
  const char *id = sale_pay_begin(rig, anna);
  past_expiry(rig);
  sale_sweep(rig);
  assert_string_equal(sale_state(rig), "pending processing");
  assert_int_equal(gold_left(rig), 2);
  sale_errands(rig);
  assert_string_equal(sale_state(rig), "expired failed");
  assert_int_equal(gold_left(rig), 4);
  assert_refused(confirm(rig, anna, id), ERR_BOOKING_EXPIRED);
}

static void test_expiry_of_a_paid_booking_confirms_it(void **state) {
  Rig *rig = *state;
  sale_pay_begin(rig, anna);
  sale_intent_is(rig, "succeeded");
  past_expiry(rig);
  sale_sweep(rig);
  sale_errands(rig);
  assert_string_equal(sale_state(rig), "confirmed paid");
  assert_int_equal(gold_left(rig), 2);
}

static void test_expiry_waits_for_a_payment_under_way_half_an_hour(void **state) {
  Rig *rig = *state;
  sale_pay_begin(rig, anna);
  sale_intent_is(rig, "processing");
  past_expiry(rig);
  for (int minute = 0; minute <= 30; minute++) {
    sale_sweep(rig);
    sale_errands(rig);
    assert_string_equal(sale_state(rig), "pending processing");
    rig_pass(rig, RIG_MINUTE_MS);
  }
  sale_sweep(rig);
  assert_string_equal(sale_state(rig), "expired failed");
  assert_int_equal(gold_left(rig), 4);
  sale_intent_is(rig, "succeeded");
  assert_refused(sale_webhook(rig, "evt_1", "payment_intent.succeeded"), ERR_NONE);
  assert_string_equal(sale_state(rig), "confirmed paid");
}

static void test_expiry_waits_five_sweeps_for_a_provider_that_is_away(void **state) {
  Rig *rig = *state;
  sale_pay_begin(rig, anna);
  past_expiry(rig);
  sale_provider.down = true;
  sale_sweep(rig);
  for (int i = 0; i < 5; i++) {
    sale_errand_fails(rig);
    sale_sweep(rig);
    assert_string_equal(sale_state(rig), "pending processing");
  }
  sale_sweep(rig);
  assert_string_equal(sale_state(rig), "expired failed");
  sale_provider.down = false;
  sale_errands(rig);
  assert_string_equal(rig_text(rig, "SELECT status FROM payments"), "canceled");
  assert_int_equal(gold_left(rig), 4);
}

// Money that comes too late.

static void expire(Rig *rig) {
  past_expiry(rig);
  sale_provider.down = true;
  sale_sweep(rig);
  for (int i = 0; i < 6; i++) {
    sale_errand_fails(rig);
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
  assert_refused(confirm(rig, anna, id), ERR_NONE);
  assert_string_equal(sale_state(rig), "confirmed paid");
  assert_int_equal(gold_left(rig), 2);
  assert_int_equal(mails(rig, "confirmed"), 1);
  assert_int_equal(sale_provider.refunds, 0);
}

static void test_late_money_goes_back_when_the_seats_are_gone_once(void **state) {
  Rig *rig = *state;
  const char *id = sale_pay_begin(rig, anna);
  sale_intent_is(rig, "succeeded");
  expire(rig);
  rig_run(rig, "UPDATE categories SET total_seats = 1, available_seats = 1 WHERE id = 1");
  assert_refused(confirm(rig, anna, id), ERR_BOOKING_REFUNDED);
  assert_string_equal(sale_state(rig), "expired refunded");
  assert_refused(sale_webhook(rig, "evt_1", "payment_intent.succeeded"), ERR_NONE);
  sale_errands(rig);
  assert_refused(confirm(rig, anna, id), ERR_BOOKING_REFUNDED);
  assert_int_equal(sale_provider.refunds, 1);
  assert_int_equal(mails(rig, "refunded"), 1);
  assert_int_equal(mails(rig, "confirmed"), 0);
  assert_string_equal(rig_text(rig, "SELECT status FROM payments"), "refunded");
  assert_string_equal(rig_text(rig, "SELECT group_concat(status || ' ' || payment_status) FROM booking_steps"),
                      "pending none,pending processing,expired failed,expired paid,expired refunded");
}

static const char *begin_in_hall(Rig *rig, const char *json) {
  const char *id = sale_booking(rig, anna, json);
  assert_refused(create_intent(rig, anna, id), ERR_NONE);
  sale_intent_is(rig, "succeeded");
  expire(rig);
  return id;
}

static void test_late_money_gets_equal_seats_when_those_will_do(void **state) {
  Rig *rig = *state;
  const char *id =
      begin_in_hall(rig, "{\"concertId\":\"" SALE_HALL_CONCERT "\",\"seatIds\":[1,2],\"acceptOther\":true}");
  sale_booking(rig, bert, "{\"concertId\":\"" SALE_HALL_CONCERT "\",\"seatIds\":[2]}");
  assert_refused(confirm(rig, anna, id), ERR_NONE);
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
  assert_refused(confirm(rig, anna, id), ERR_BOOKING_REFUNDED);
  sale_errands(rig);
  assert_int_equal(sale_provider.refunds, 1);
}

static void test_a_replaced_intent_that_is_paid_is_given_back(void **state) {
  Rig *rig = *state;
  const char *id = sale_pay_begin(rig, anna);
  assert_refused(sale_webhook(rig, "evt_1", "payment_intent.canceled"), ERR_NONE);  // as told; it was not
  create_intent(rig, anna, id);
  sale_intent_is(rig, "succeeded");
  confirm(rig, anna, id);
  rig_run(rig, "UPDATE payments SET status = 'created' WHERE attempt = 1");
  const char *body = rig_text(rig,
                              "SELECT json_object('id', 'evt_2', 'type', 'payment_intent.succeeded', 'data',"
                              " json_object('object', json_object('id', 'pi_1', 'amount', 200000, 'currency', 'inr',"
                              " 'metadata', json_object('bookingId', public_id)))) FROM bookings");
  assert_refused(sale_webhook_raw(rig, sale_signature(rig, rig->now_ms / 1000, body), body), ERR_NONE);
  sale_errands(rig);
  assert_int_equal(sale_provider.refunds, 1);
  assert_string_equal(sale_state(rig), "confirmed paid");
  assert_string_equal(rig_text(rig, "SELECT group_concat(status) FROM payments"), "refunded,succeeded");
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
  confirm(rig, anna, id);
  assert_refused(sale_call(rig, &booking_refund_paid, anna, "{\"id\":\"%s\"}", id), ERR_FORBIDDEN);
  Answer answer = sale_call(rig, &booking_refund_paid, staff, "{\"id\":\"%s\"}", id);
  assert_string_equal(sale_field(rig, &answer, "status"), "cancelled");
  assert_string_equal(sale_field(rig, &answer, "paymentStatus"), "refunded");
  assert_refused(sale_call(rig, &booking_refund_paid, staff, "{\"id\":\"%s\"}", id), ERR_NONE);
  assert_int_equal(gold_left(rig), 4);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM tickets WHERE void = 1"), 2);
  sale_errand_given_up(rig);
  rig_pass(rig, RIG_HOUR_MS);
  sale_sweep(rig);
  sale_errands(rig);
  assert_int_equal(sale_provider.refunds, 1);
  assert_string_equal(rig_text(rig, "SELECT status FROM payments"), "refunded");
  assert_int_equal(mails(rig, "refunded"), 1);
  assert_refused(confirm(rig, anna, id), ERR_BOOKING_CANCELLED);
}

static void test_what_was_not_paid_is_not_refunded(void **state) {
  Rig *rig = *state;
  const char *id = sale_pay_begin(rig, anna);
  assert_refused(sale_call(rig, &booking_refund_paid, staff, "{\"id\":\"%s\"}", id), ERR_BOOKING_INVALID);
}

static void test_the_key_of_the_page_is_the_operators(void **state) {
  Rig *rig = *state;
  assert_reply(rig, rig_call(rig, &payment_pub_key, NULL, "{}"), "{\"publishableKey\":\"pk_test\"}");
}

int main(void) {
#define SALE_TEST(name) cmocka_unit_test_setup_teardown(name, sale_setup, invariants_teardown)
  const struct CMUnitTest tests[] = {
      SALE_TEST(test_the_first_intent_is_made_for_the_price_and_its_secret_answered),
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
      SALE_TEST(test_the_webhook_confirms_before_the_client_comes_back),
      SALE_TEST(test_the_webhook_after_the_client_does_nothing_more),
      SALE_TEST(test_events_in_any_order_end_the_same),
      SALE_TEST(test_a_refund_at_the_provider_frees_the_seats),
      SALE_TEST(test_a_forged_stale_or_foreign_event_has_no_effect),
      SALE_TEST(test_a_cancelled_booking_has_its_intent_cancelled_first),
      SALE_TEST(test_what_is_paid_is_not_cancelled_but_confirmed),
      SALE_TEST(test_what_is_being_paid_is_not_cancelled),
      SALE_TEST(test_without_the_provider_nothing_is_cancelled),
      SALE_TEST(test_an_unpaid_booking_expires_and_its_stock_is_back),
      SALE_TEST(test_expiry_cancels_the_intent_first),
      SALE_TEST(test_expiry_of_a_paid_booking_confirms_it),
      SALE_TEST(test_expiry_waits_for_a_payment_under_way_half_an_hour),
      SALE_TEST(test_expiry_waits_five_sweeps_for_a_provider_that_is_away),
      SALE_TEST(test_late_money_gets_its_seats_while_they_are_free),
      SALE_TEST(test_late_money_goes_back_when_the_seats_are_gone_once),
      SALE_TEST(test_late_money_gets_equal_seats_when_those_will_do),
      SALE_TEST(test_late_money_goes_back_when_only_the_very_seats_will_do),
      SALE_TEST(test_a_replaced_intent_that_is_paid_is_given_back),
      SALE_TEST(test_a_payment_nobody_told_of_is_found),
      SALE_TEST(test_a_refund_that_did_not_get_through_is_asked_for_again),
      SALE_TEST(test_what_was_not_paid_is_not_refunded),
      SALE_TEST(test_the_key_of_the_page_is_the_operators),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
