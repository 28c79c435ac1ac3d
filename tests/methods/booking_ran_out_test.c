// Bookings whose time has run out: what they hold is sold before a sweep comes by (tickets contract 3.5, 3.7).
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "methods/booking.h"
#include "support/invariants.h"
#include "support/sale.h"

#define GOLD2 "{\"categoryId\":\"" SALE_GOLD "\",\"seats\":2}"
#define SILVER1 "{\"categoryId\":\"" SALE_SILVER "\",\"seats\":1}"

static const Identity *const anna = &venue_anna;
static const Identity *const bert = &venue_bert;
static const Identity *const staff = &venue_staff;

static void test_seats_of_a_booking_that_ran_out_are_sold_before_the_sweep(void **state) {
  Rig *rig = *state;
  sale_booking(rig, anna, "{\"categoryId\":\"" SALE_GOLD "\",\"seats\":4}");
  sale_past_expiry(rig);
  sale_booking(rig, bert, GOLD2);
  assert_string_equal(rig_text(rig, "SELECT status FROM bookings WHERE user_id = 1"), "expired");
  assert_int_equal(sale_gold_left(rig), 2);
}

static void test_an_intent_of_a_booking_that_ran_out_is_cancelled_before_its_seats_are_sold(void **state) {
  Rig *rig = *state;
  sale_pay_begin(rig, anna);
  sale_past_expiry(rig);
  sale_booking(rig, bert, "{\"categoryId\":\"" SALE_GOLD "\",\"seats\":4}");
  assert_int_equal(sale_provider.cancels, 1);
  assert_int_equal(sale_gold_left(rig), 0);
}

static void test_a_booking_of_mine_that_ran_out_makes_room_for_the_next(void **state) {
  Rig *rig = *state;
  sale_pay_begin(rig, anna);
  sale_past_expiry(rig);
  sale_booking(rig, anna, GOLD2);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM bookings WHERE status = 'pending'"), 1);
}

// Twenty people with a pending booking of one silver ticket each, which run out before those of now.
static void hold_silver(Rig *rig) {
  rig_run(rig,
          "WITH RECURSIVE n(i) AS (SELECT 4 UNION ALL SELECT i + 1 FROM n WHERE i < 23) INSERT INTO users(id, username,"
          " created_at, updated_at) SELECT i, 'person' || i, 0, 0 FROM n");
  rig_run(rig, "UPDATE users SET public_id = printf('%024x', id) WHERE id > 3");
  rig_run(rig,
          "INSERT INTO bookings(public_id, user_id, concert_id, category_id, seats, amount, currency, status,"
          " payment_status, booked_at, expires_at) SELECT public_id, id, 1, 2, 1, 50050, 'inr', 'pending', 'none', 5,"
          " 1795244400000 FROM users WHERE id > 3");
  rig_run(rig,
          "INSERT INTO booking_steps(booking_id, at, status, payment_status, cause) SELECT id, 5, 'pending', 'none',"
          " 'booked' FROM bookings WHERE booked_at = 5");
  rig_run(rig, "UPDATE categories SET available_seats = available_seats - 20 WHERE id = 2");
}

static void test_a_booking_of_mine_that_ran_out_makes_room_also_behind_many_others(void **state) {
  Rig *rig = *state;
  hold_silver(rig);
  sale_booking(rig, anna, SILVER1);
  sale_past_expiry(rig);
  sale_booking(rig, anna, SILVER1);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM bookings WHERE user_id = 1 AND status = 'pending'"), 1);
}

static void test_seats_that_are_free_at_once_are_found_behind_many_that_are_being_paid(void **state) {
  Rig *rig = *state;
  hold_silver(rig);
  rig_run(rig,
          "INSERT INTO payments(booking_id, attempt, intent_id, amount, currency, status, created_at, updated_at)"
          " SELECT id, 1, 'old_' || id, amount, currency, 'processing', 5, 5 FROM bookings");
  rig_run(rig, "UPDATE bookings SET payment_status = 'processing'");
  rig_run(rig,
          "INSERT INTO booking_steps(booking_id, at, status, payment_status, cause) SELECT id, 5, 'pending',"
          " 'processing', 'processing' FROM bookings");
  rig_run(rig, "UPDATE categories SET total_seats = 21, available_seats = 1 WHERE id = 2");
  sale_booking(rig, anna, SILVER1);
  sale_past_expiry(rig);
  sale_booking(rig, bert, SILVER1);
  assert_string_equal(rig_text(rig, "SELECT status FROM bookings WHERE user_id = 1"), "expired");
}

// What those who watch the concert were told last.
static const char *last_figures(Rig *rig) {
  return rig_text(rig, "SELECT payload FROM events WHERE topic = 'concert:1' AND kind = 'figures' ORDER BY seq DESC");
}

static void test_stock_that_came_back_is_told_also_while_more_is_waited_for(void **state) {
  Rig *rig = *state;
  sale_booking(rig, anna, "{\"categoryId\":\"" SALE_GOLD "\",\"seats\":1}");
  const char *id = sale_booking(rig, staff, "{\"categoryId\":\"" SALE_GOLD "\",\"seats\":3}");
  assert_refused(sale_create_intent(rig, staff, id), ERR_NONE);
  sale_past_expiry(rig);
  sale_provider.down = true;
  assert_refused(sale_call(rig, &booking_create, bert, "{\"categoryId\":\"" SALE_GOLD "\",\"seats\":3}"),
                 ERR_PROVIDER_UNAVAILABLE);
  assert_int_equal(sale_gold_left(rig), 1);
  assert_non_null(strstr(last_figures(rig), "\"available\":{\"1\":1,"));
}

int main(void) {
#define SALE_TEST(name) cmocka_unit_test_setup_teardown(name, sale_setup, invariants_teardown)
  const struct CMUnitTest tests[] = {
      SALE_TEST(test_seats_of_a_booking_that_ran_out_are_sold_before_the_sweep),
      SALE_TEST(test_an_intent_of_a_booking_that_ran_out_is_cancelled_before_its_seats_are_sold),
      SALE_TEST(test_a_booking_of_mine_that_ran_out_makes_room_for_the_next),
      SALE_TEST(test_a_booking_of_mine_that_ran_out_makes_room_also_behind_many_others),
      SALE_TEST(test_seats_that_are_free_at_once_are_found_behind_many_that_are_being_paid),
      SALE_TEST(test_stock_that_came_back_is_told_also_while_more_is_waited_for),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
