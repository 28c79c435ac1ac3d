// Money that goes back, as the provider tells it: at once, after a while, or not at all.
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "methods/booking.h"
#include "methods/payment.h"
#include "support/invariants.h"
#include "support/sale.h"

static const Identity *const anna = &venue_anna;
static const Identity *const staff = &venue_staff;

// A booking that was paid for.
static const char *paid(Rig *rig) {
  const char *id = sale_pay_begin(rig, anna);
  sale_intent_is(rig, "succeeded");
  sale_confirm(rig, anna, id);
  return id;
}

static Answer refund(Rig *rig, const char *id) {
  return sale_call(rig, &booking_refund_paid, staff, "{\"id\":\"%s\"}", id);
}

// A paid booking that staff gives back, with the provider's first answer; gives its id.
static const char *give_back(Rig *rig, const char *state) {
  const char *id = paid(rig);
  sale_provider.refund_state = state;
  assert_refused(refund(rig, id), ERR_NONE);
  sale_errands(rig);
  return id;
}

// What staff sees of the refund.
static const char *shown(Rig *rig, const char *id) {
  Answer answer = sale_call(rig, &booking_by_id, staff, "{\"id\":\"%s\"}", id);
  return sale_field(rig, &answer, "refund");
}

static const char *row(Rig *rig) {
  return rig_text(rig, "SELECT status || ' ' || refund_due || ' ' || coalesce(refund_state, '-') FROM payments");
}

static void an_hour_later(Rig *rig) {
  rig_pass(rig, RIG_HOUR_MS);
  sale_sweep(rig);
  sale_errands(rig);
}

static void test_a_refund_that_is_done_is_shown_as_such_to_staff_alone(void **state) {
  Rig *rig = *state;
  const char *id = give_back(rig, "succeeded");
  assert_string_equal(shown(rig, id), "succeeded");
  assert_string_equal(row(rig), "refunded 0 -");
  Answer own = sale_call(rig, &booking_by_id, anna, "{\"id\":\"%s\"}", id);
  assert_null(strstr(rig_zero(rig, own.reply), "\"refund\""));
}

static void test_a_pending_refund_is_looked_at_until_it_is_done(void **state) {
  Rig *rig = *state;
  const char *id = give_back(rig, "pending");
  assert_string_equal(shown(rig, id), "pending");
  assert_string_equal(row(rig), "succeeded 1 pending");
  an_hour_later(rig);
  assert_string_equal(row(rig), "succeeded 1 pending");
  sale_provider.refund_state = "succeeded";
  an_hour_later(rig);
  assert_string_equal(row(rig), "refunded 0 -");
  assert_string_equal(shown(rig, id), "succeeded");
  assert_int_equal(sale_provider.refunds, 1);
}

static void test_a_failed_refund_is_shown_and_asked_for_anew_with_another_key(void **state) {
  Rig *rig = *state;
  const char *id = give_back(rig, "failed");
  assert_string_equal(shown(rig, id), "failed");
  assert_string_equal(row(rig), "succeeded 1 failed");
  sale_sweep(rig);
  sale_errands(rig);
  assert_int_equal(sale_provider.refunds, 1);
  an_hour_later(rig);
  assert_int_equal(sale_provider.refunds, 2);
  assert_string_equal(row(rig), "succeeded 1 failed");
  an_hour_later(rig);  // two hours are waited for the next
  assert_int_equal(sale_provider.refunds, 2);
  sale_provider.refund_state = "succeeded";
  an_hour_later(rig);
  assert_string_equal(row(rig), "refunded 0 -");
  assert_int_equal(rig_int(rig, "SELECT count(DISTINCT key) FROM outbox WHERE key LIKE 'refund:%'"), 3);
  assert_int_equal(sale_mails(rig, "refunded"), 1);
}

static void test_staff_has_a_failed_refund_asked_for_at_once(void **state) {
  Rig *rig = *state;
  const char *id = give_back(rig, "canceled");
  assert_string_equal(shown(rig, id), "failed");
  sale_provider.refund_state = "succeeded";
  assert_refused(refund(rig, id), ERR_NONE);
  assert_string_equal(shown(rig, id), "pending");
  assert_refused(refund(rig, id), ERR_NONE);
  sale_errands(rig);
  assert_int_equal(sale_provider.refunds, 2);
  assert_string_equal(row(rig), "refunded 0 -");
}

static void tell(Rig *rig, const char *event, const char *refund_id, const char *status) {
  Text body = {.arena = &rig->arena};
  text_format(&body,
              "{\"id\":\"%s\",\"type\":\"refund.updated\",\"data\":{\"object\":{\"id\":\"%s\",\"object\":\"refund\","
              "\"payment_intent\":\"pi_1\",\"status\":\"%s\",\"amount\":100}}}",
              event, refund_id, status);
  const char *bytes = rig_zero(rig, text_str(&body));
  assert_refused(sale_webhook_raw(rig, sale_signature(rig, rig->now_ms / 1000, bytes), bytes), ERR_NONE);
}

static void test_a_refund_that_fails_after_all_is_due_again(void **state) {
  Rig *rig = *state;
  give_back(rig, "succeeded");
  tell(rig, "evt_1", "re_1", "failed");
  assert_string_equal(row(rig), "succeeded 1 failed");
  tell(rig, "evt_2", "re_1", "failed");
  assert_int_equal(rig_int(rig, "SELECT refund_failures FROM payments"), 1);
  an_hour_later(rig);
  assert_string_equal(row(rig), "refunded 0 -");
}

static void test_a_pending_refund_may_be_told_of_by_an_event(void **state) {
  Rig *rig = *state;
  give_back(rig, "pending");
  tell(rig, "evt_1", "re_1", "succeeded");
  assert_string_equal(row(rig), "refunded 0 -");
}

static void test_a_refund_of_a_part_that_is_not_ours_changes_nothing(void **state) {
  Rig *rig = *state;
  paid(rig);
  tell(rig, "evt_1", "re_9", "succeeded");
  tell(rig, "evt_2", "re_9", "failed");
  assert_string_equal(row(rig), "succeeded 0 -");
  assert_string_equal(sale_state(rig), "confirmed paid");
}

static void test_what_was_told_before_our_own_answer_may_still_fail(void **state) {
  Rig *rig = *state;
  const char *id = paid(rig);
  assert_refused(refund(rig, id), ERR_NONE);
  assert_refused(sale_webhook(rig, "evt_1", "charge.refunded"), ERR_NONE);
  sale_errands(rig);
  assert_string_equal(row(rig), "refunded 0 -");
  tell(rig, "evt_2", "re_1", "failed");
  assert_string_equal(row(rig), "succeeded 1 failed");
  an_hour_later(rig);
  assert_string_equal(row(rig), "refunded 0 -");
}

static void test_old_news_of_a_refund_that_has_failed_changes_nothing(void **state) {
  Rig *rig = *state;
  give_back(rig, "succeeded");
  tell(rig, "evt_1", "re_1", "failed");
  assert_refused(sale_webhook(rig, "evt_2", "charge.refunded"), ERR_NONE);
  tell(rig, "evt_3", "re_1", "succeeded");
  tell(rig, "evt_4", "re_1", "pending");
  assert_string_equal(row(rig), "succeeded 1 failed");
  rig_pass(rig, RIG_HOUR_MS);
  sale_sweep(rig);  // another is asked for, and not answered yet
  tell(rig, "evt_5", "re_1", "succeeded");
  tell(rig, "evt_6", "re_1", "failed");
  assert_string_equal(row(rig), "succeeded 1 -");
  assert_int_equal(rig_int(rig, "SELECT refund_failures FROM payments"), 1);
  sale_errands(rig);
  assert_string_equal(row(rig), "refunded 0 -");
}

static void test_a_refund_that_fails_before_its_answer_has_come_is_due_again(void **state) {
  Rig *rig = *state;
  const char *id = paid(rig);
  assert_refused(refund(rig, id), ERR_NONE);
  tell(rig, "evt_1", "re_1", "failed");
  sale_errands(rig);  // the same question is answered as at first
  assert_string_equal(row(rig), "succeeded 1 failed");
  an_hour_later(rig);
  assert_string_equal(row(rig), "refunded 0 -");
  assert_int_equal(sale_provider.refunds, 2);
}

static void test_a_part_that_fails_beside_our_refund_holds_nothing_up(void **state) {
  Rig *rig = *state;
  const char *id = paid(rig);
  assert_refused(refund(rig, id), ERR_NONE);
  tell(rig, "evt_1", "re_9", "succeeded");
  assert_string_equal(row(rig), "succeeded 1 -");
  tell(rig, "evt_2", "re_9", "failed");
  sale_errands(rig);
  assert_string_equal(row(rig), "refunded 0 -");
}

static void test_a_refund_made_at_the_provider_that_fails_is_due(void **state) {
  Rig *rig = *state;
  paid(rig);
  assert_refused(sale_webhook(rig, "evt_1", "charge.refunded"), ERR_NONE);
  tell(rig, "evt_2", "re_9", "failed");
  assert_string_equal(row(rig), "succeeded 1 failed");
  an_hour_later(rig);
  assert_string_equal(row(rig), "refunded 0 -");
}

static void test_of_several_payments_the_one_whose_refund_has_failed_is_shown(void **state) {
  Rig *rig = *state;
  const char *id = give_back(rig, "succeeded");
  rig_run(rig,
          "INSERT INTO payments(booking_id, attempt, amount, currency, status, is_current, refund_due, refund_state,"
          " created_at, updated_at) SELECT id, 2, amount, currency, 'succeeded', 0, 1, 'failed', 0, 0 FROM bookings");
  assert_string_equal(shown(rig, id), "failed");
}

static void test_an_answer_that_is_not_the_providers_is_no_failure(void **state) {
  Rig *rig = *state;
  const char *id = paid(rig);
  assert_refused(refund(rig, id), ERR_NONE);
  assert_refused(rig_call(rig, &payment_settle, NULL,
                          "{\"op\":\"refund\",\"intent\":\"pi_1\",\"http\":403,\"error\":\"unreachable\"}"),
                 ERR_NONE);
  assert_string_equal(row(rig), "succeeded 1 -");
  sale_errands(rig);
  assert_string_equal(row(rig), "refunded 0 -");
}

int main(void) {
#define SALE_TEST(name) cmocka_unit_test_setup_teardown(name, sale_setup, invariants_teardown)
  const struct CMUnitTest tests[] = {
      SALE_TEST(test_a_refund_that_is_done_is_shown_as_such_to_staff_alone),
      SALE_TEST(test_a_pending_refund_is_looked_at_until_it_is_done),
      SALE_TEST(test_a_failed_refund_is_shown_and_asked_for_anew_with_another_key),
      SALE_TEST(test_staff_has_a_failed_refund_asked_for_at_once),
      SALE_TEST(test_a_refund_that_fails_after_all_is_due_again),
      SALE_TEST(test_a_pending_refund_may_be_told_of_by_an_event),
      SALE_TEST(test_a_refund_of_a_part_that_is_not_ours_changes_nothing),
      SALE_TEST(test_what_was_told_before_our_own_answer_may_still_fail),
      SALE_TEST(test_old_news_of_a_refund_that_has_failed_changes_nothing),
      SALE_TEST(test_a_refund_that_fails_before_its_answer_has_come_is_due_again),
      SALE_TEST(test_a_part_that_fails_beside_our_refund_holds_nothing_up),
      SALE_TEST(test_a_refund_made_at_the_provider_that_fails_is_due),
      SALE_TEST(test_of_several_payments_the_one_whose_refund_has_failed_is_shown),
      SALE_TEST(test_an_answer_that_is_not_the_providers_is_no_failure),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
