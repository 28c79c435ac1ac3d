// The waiting room as people and its operator meet it: the draw, the line, slots, and what ends them.
#include "methods/queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "models/queue.h"
#include "support/onsale.h"

static Answer ask(Rig *rig, const Method *method, int64_t user_id, const char *json) {
  Identity who = onsale_person(rig, user_id);
  return rig_call(rig, method, &who, json);
}

static const char *leave(Rig *rig, int64_t user_id) {
  return rig_zero(rig, ask(rig, &queue_method_leave, user_id, "{}").reply);
}

static void operate(Rig *rig, const char *json) {
  assert_refused(ask(rig, &queue_method_operate, venue_staff.user_id, json), ERR_NONE);
}

// Stands for what confirms a booking.
static Error complete(Call *call, const void *input) {
  (void)input;
  queue_complete(call, ONSALE_CONCERT, call->who.user_id);
  return ERR_NONE;
}

static const Method complete_method = {.name = "test.complete", .access = ACCESS_SIGNED_IN, .run = complete};

// Stands for what takes and gives back stock.
static Error admit(Call *call, const void *input) {
  (void)input;
  queue_admit(call, ONSALE_CONCERT);
  return ERR_NONE;
}

static const Method admit_method = {.name = "test.admit", .access = ACCESS_SIGNED_IN, .run = admit};

static bool is_active(Rig *rig, int64_t user_id) {
  return onsale_look(rig, user_id).state == PLACE_ACTIVE;
}

static bool is_waiting(Rig *rig, int64_t user_id) {
  return onsale_look(rig, user_id).state == PLACE_WAITING;
}

static void join_all(Rig *rig, int64_t from, int64_t to) {
  for (int64_t user_id = from; user_id <= to; user_id++) assert_refused(onsale_join(rig, user_id), ERR_NONE);
}

// Before the opening.

static void test_before_the_opening_everyone_waits_and_no_places_are_shown(void **state) {
  Rig *rig = *state;
  assert_reply(rig, onsale_join(rig, 1),
               "{\"success\":true,\"status\":\"waiting\",\"position\":1,\"ahead\":0,\"queueLength\":1,\"admitted\":0,"
               "\"etaSeconds\":null,\"drawAt\":\"2026-11-21T08:00:00.000Z\"}");
  join_all(rig, 2, 10);
  for (int64_t user_id = 1; user_id <= 10; user_id++) assert_int_equal(onsale_look(rig, user_id).position, 10);
  onsale_tick(rig);
  assert_int_equal(rig_int(rig, "SELECT admitted FROM concerts"), 0);
}

static void test_the_first_drawn_are_admitted_at_the_opening_and_not_a_moment_before(void **state) {
  Rig *rig = *state;
  join_all(rig, 1, 10);
  assert_int_equal(waiting_room_next(rig->now_ms), RIG_BEGIN_MS + ONSALE_OPENS_IN_MS);
  rig_pass(rig, ONSALE_OPENS_IN_MS - 1);
  onsale_tick(rig);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM queue_places WHERE status = 'active'"), 0);
  rig_pass(rig, 1);
  onsale_tick(rig);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM queue_places WHERE status = 'active'"), 2);
  assert_int_equal(rig_int(rig, "SELECT max(rank) FROM queue_places WHERE status = 'active'") <
                       rig_int(rig, "SELECT min(rank) FROM queue_places WHERE status = 'waiting'"),
                   1);
}

static void test_who_leaves_and_comes_again_before_the_opening_has_the_same_lot(void **state) {
  Rig *rig = *state;
  join_all(rig, 1, 5);
  int64_t lot = rig_int(rig, "SELECT rank FROM queue_places WHERE user_id = 3 AND status = 'waiting'");
  assert_string_equal(leave(rig, 3), "{\"success\":true,\"status\":\"none\"}");
  onsale_join(rig, 3);
  assert_int_equal(rig_int(rig, "SELECT rank FROM queue_places WHERE user_id = 3 AND status = 'waiting'"), lot);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM queue_places WHERE user_id = 3"), 2);
}

// The line.

static void test_a_free_slot_is_had_at_once_and_the_next_ones_wait_in_the_order_they_came(void **state) {
  Rig *rig = *state;
  onsale_open(rig);
  assert_reply(rig, onsale_join(rig, 1),
               "{\"success\":true,\"status\":\"active\",\"slotExpiresAt\":\"2026-11-21T08:05:00.000Z\"}");
  onsale_join(rig, 2);
  assert_reply(rig, onsale_join(rig, 3),
               "{\"success\":true,\"status\":\"waiting\",\"position\":1,\"ahead\":0,\"queueLength\":1,\"admitted\":2,"
               "\"etaSeconds\":null}");
  join_all(rig, 4, 9);
  for (int64_t user_id = 3; user_id <= 9; user_id++) assert_int_equal(onsale_look(rig, user_id).position, user_id - 2);
}

static void test_joining_again_finds_the_place_one_has(void **state) {
  Rig *rig = *state;
  onsale_open(rig);
  join_all(rig, 1, 6);
  for (int64_t user_id = 1; user_id <= 6; user_id++) {
    const char *before = onsale_status(rig, user_id);
    assert_string_equal(rig_zero(rig, onsale_join(rig, user_id).reply), before);
  }
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM queue_places"), 6);
}

static void test_a_slot_that_has_served_goes_to_the_next_in_the_same_commit(void **state) {
  Rig *rig = *state;
  onsale_open(rig);
  join_all(rig, 1, 4);
  rig_heard(rig, 0);
  ask(rig, &complete_method, 1, "{}");
  assert_true(is_active(rig, 3));
  assert_true(is_waiting(rig, 4));
  assert_string_equal(rig_text(rig, "SELECT status FROM queue_places WHERE user_id = 1"), "completed");
  const char *heard = rig_heard(rig, 0);
  assert_non_null(strstr(heard, "event account:1 0 queue {\"what\":\"queue\",\"concertId\":\"" ONSALE_PUBLIC_ID
                                "\",\"status\":\"none\"}"));
  assert_non_null(strstr(heard, "event account:3 0 queue {\"what\":\"queue\",\"concertId\":\"" ONSALE_PUBLIC_ID
                                "\",\"status\":\"active\",\"slotExpiresAt\":\"2026-11-21T08:05:00.000Z\"}"));
  assert_non_null(strstr(heard, "figures {\"active\":2,\"admitted\":3,\"available\":{\"1\":5,\"2\":20}}"));
  ask(rig, &complete_method, 1, "{}");  // once more: nothing to release
  assert_true(is_waiting(rig, 4));
}

static void test_who_leaves_gives_his_slot_or_his_place_on(void **state) {
  Rig *rig = *state;
  onsale_open(rig);
  join_all(rig, 1, 6);
  leave(rig, 4);
  assert_int_equal(onsale_look(rig, 5).position, 2);
  leave(rig, 1);
  assert_true(is_active(rig, 3));
  assert_int_equal(onsale_look(rig, 5).position, 1);
  assert_string_equal(leave(rig, 1), "{\"success\":true,\"status\":\"none\"}");  // once more
  onsale_join(rig, 1);
  assert_int_equal(onsale_look(rig, 1).position, 3);
}

static void test_a_slot_ends_at_its_very_millisecond(void **state) {
  Rig *rig = *state;
  onsale_open(rig);
  join_all(rig, 1, 3);
  onsale_tick(rig);
  assert_int_equal(waiting_room_next(rig->now_ms), rig->now_ms + rig->config.slot_ms);
  rig_pass(rig, rig->config.slot_ms - 1);
  onsale_tick(rig);
  assert_true(is_active(rig, 1));
  assert_true(queue_is_active(rig->db, ONSALE_CONCERT, 1, rig->now_ms));
  rig_pass(rig, 1);
  assert_false(is_active(rig, 1));  // no tick was needed
  assert_false(queue_is_active(rig->db, ONSALE_CONCERT, 1, rig->now_ms));
  assert_true(is_waiting(rig, 3));
  onsale_tick(rig);
  assert_true(is_active(rig, 3));
  assert_string_equal(rig_text(rig, "SELECT status FROM queue_places WHERE user_id = 1"), "expired");
}

static void test_who_joins_when_his_slot_is_over_stands_at_the_end_even_before_the_tick(void **state) {
  Rig *rig = *state;
  onsale_open(rig);
  join_all(rig, 1, 4);
  rig_pass(rig, rig->config.slot_ms);
  onsale_join(rig, 1);
  onsale_tick(rig);
  assert_true(is_active(rig, 3));
  assert_true(is_active(rig, 4));
  assert_true(is_waiting(rig, 1));
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM queue_places WHERE user_id = 1"), 2);
}

static void test_many_are_admitted_by_one_event(void **state) {
  Rig *rig = *state;
  rig->config.max_active_users = 20;
  join_all(rig, 1, 30);
  rig_heard(rig, 0);
  onsale_open(rig);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM queue_places WHERE status = 'active'"), 20);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM events"), 1);
}

static void test_nobody_is_admitted_whom_the_stock_cannot_serve(void **state) {
  Rig *rig = *state;
  rig->config.max_active_users = 30;
  rig_run(rig, "UPDATE categories SET available_seats = CASE id WHEN 1 THEN 3 ELSE 0 END");
  join_all(rig, 1, 10);
  onsale_open(rig);
  assert_int_equal(rig_int(rig, "SELECT active FROM concerts"), 3);
  rig_run(rig, "UPDATE categories SET available_seats = 5 WHERE id = 1");
  ask(rig, &admit_method, 1, "{}");
  assert_int_equal(rig_int(rig, "SELECT active FROM concerts"), 5);
}

static void test_people_behind_the_last_ticket_are_told(void **state) {
  Rig *rig = *state;
  rig_run(rig, "INSERT INTO webhooks(id, url, secret, created_at) VALUES(1, 'http://localhost/', 'whsec_AAAA', 0)");
  rig_run(rig, "UPDATE categories SET available_seats = CASE id WHEN 1 THEN 3 ELSE 0 END");
  rig_run(rig,
          "INSERT INTO bookings(id, public_id, user_id, concert_id, category_id, seats, amount, currency, status,"
          " payment_status, booked_at, expires_at) VALUES(1, 'b', 40, 1, 2, 2, 0, 'inr', 'pending', 'none', 0, 0)");
  onsale_open(rig);
  join_all(rig, 1, 10);
  onsale_tick(rig);
  for (int64_t user_id = 3; user_id <= 10; user_id++) {
    assert_int_equal(onsale_look(rig, user_id).sold_out, user_id - 3 >= 5);  // three are free, two may come back
  }
  assert_non_null(strstr(onsale_status(rig, 10), "\"soldOut\":true"));
  rig_run(rig, "UPDATE categories SET available_seats = 0");
  rig_run(rig, "DELETE FROM bookings");
  onsale_tick(rig);
  Sale sale;
  assert_true(waiting_room_sale(ONSALE_CONCERT, rig->now_ms, &rig->arena, &sale));
  assert_int_equal(sale.state, SALE_SOLD_OUT);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM outbox WHERE payload LIKE '%concert.sold_out%'"), 1);
  onsale_tick(rig);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM outbox WHERE payload LIKE '%concert.sold_out%'"), 1);
  assert_true(onsale_look(rig, 3).sold_out);
}

static void test_the_speed_of_the_line_gives_an_estimate(void **state) {
  Rig *rig = *state;
  onsale_open(rig);
  join_all(rig, 1, 20);
  for (int64_t user_id = 1; user_id <= 6; user_id++) {
    rig_pass(rig, 10000);
    ask(rig, &complete_method, user_id, "{}");
  }
  // Six slots came free within 50 s: seven a minute.
  assert_int_equal(onsale_look(rig, 20).position, 12);
  assert_int_equal(onsale_look(rig, 20).eta_s, (12 * 60 + 6) / 7);
}

// The operator.

static void test_a_paused_sale_admits_nobody_until_it_goes_on(void **state) {
  Rig *rig = *state;
  onsale_open(rig);
  join_all(rig, 1, 4);
  operate(rig, "{\"paused\":true}");
  ask(rig, &complete_method, 1, "{}");
  onsale_tick(rig);
  onsale_join(rig, 5);  // may still join
  assert_true(is_waiting(rig, 3));
  assert_int_equal(onsale_look(rig, 5).position, 3);
  operate(rig, "{\"paused\":false}");
  assert_true(is_active(rig, 3));
}

static void test_a_draining_sale_serves_those_who_wait_and_takes_no_more(void **state) {
  Rig *rig = *state;
  onsale_open(rig);
  join_all(rig, 1, 4);
  operate(rig, "{\"draining\":true}");
  assert_refused(onsale_join(rig, 5), ERR_QUEUE_CLOSED);
  assert_refused(onsale_join(rig, 4), ERR_NONE);  // he has a place
  ask(rig, &complete_method, 1, "{}");
  assert_true(is_active(rig, 3));
}

static void test_a_closed_sale_takes_and_admits_nobody(void **state) {
  Rig *rig = *state;
  onsale_open(rig);
  join_all(rig, 1, 3);
  operate(rig, "{\"closed\":true}");
  assert_refused(onsale_join(rig, 5), ERR_QUEUE_CLOSED);
  ask(rig, &complete_method, 1, "{}");
  onsale_tick(rig);
  assert_true(is_waiting(rig, 3));
  assert_true(is_active(rig, 2));
  rig_pass(rig, rig->config.slot_ms);
  assert_refused(onsale_join(rig, 2), ERR_QUEUE_CLOSED);  // whose slot is over, and nobody has ended it yet
  onsale_tick(rig);
  assert_int_equal(rig_int(rig, "SELECT active FROM concerts"), 0);
}

// Who is refused has changed nothing: a batch is lost when a call that needs no savepoint fails after a write.
static void test_whose_slot_is_over_finds_a_closed_sale_closed(void **state) {
  Rig *rig = *state;
  onsale_open(rig);
  join_all(rig, 1, 1);
  operate(rig, "{\"closed\":true}");
  rig_pass(rig, rig->config.slot_ms);
  assert_refused(onsale_join(rig, 1), ERR_QUEUE_CLOSED);
  assert_int_equal(rig_int(rig, "SELECT active FROM concerts"), 1);
  onsale_tick(rig);
  assert_int_equal(rig_int(rig, "SELECT active FROM concerts"), 0);
}

// Once a tick is done, the next thing that time brings about is in the future: the clock never spins.
static void test_nothing_is_due_when_a_tick_is_done(void **state) {
  Rig *rig = *state;
  join_all(rig, 1, 4);
  operate(rig, "{\"closed\":true}");
  onsale_open(rig);
  assert_true(waiting_room_next(rig->now_ms) > rig->now_ms);
  assert_int_equal(rig_int(rig, "SELECT opened FROM concerts"), 0);
  operate(rig, "{\"closed\":false}");
  onsale_tick(rig);
  assert_int_equal(rig_int(rig, "SELECT opened FROM concerts"), 1);
  assert_int_equal(rig_int(rig, "SELECT active FROM concerts"), 2);
  operate(rig, "{\"closed\":true}");
  for (int64_t user_id = 1; user_id <= 4; user_id++) leave(rig, user_id);
  rig_pass(rig, rig->config.slot_ms);
  onsale_tick(rig);
  assert_true(waiting_room_next(rig->now_ms) > rig->now_ms);
}

static void test_the_operators_rate_is_kept_over_a_minute(void **state) {
  Rig *rig = *state;
  rig->config.max_active_users = 30;
  join_all(rig, 1, 40);
  operate(rig, "{\"ratePerMinute\":10}");
  onsale_open(rig);
  int64_t begun_ms = rig->now_ms;
  while (rig->now_ms < begun_ms + RIG_MINUTE_MS) {
    int64_t next = waiting_room_next(rig->now_ms);
    assert_true(next > rig->now_ms && next <= rig->now_ms + 6000);
    rig_pass(rig, next - rig->now_ms);
    onsale_tick(rig);
  }
  int64_t admitted = rig_int(rig, "SELECT admitted FROM concerts");
  assert_true(admitted == 10 || admitted == 11);  // one at the beginning of the minute, one at its end
  operate(rig, "{\"ratePerMinute\":0}");
  assert_true(rig_int(rig, "SELECT admitted FROM concerts") > admitted);
}

static void test_the_rate_goes_on_when_the_clock_is_set_back(void **state) {
  Rig *rig = *state;
  rig->config.max_active_users = 30;
  join_all(rig, 1, 40);
  operate(rig, "{\"ratePerMinute\":10}");
  onsale_open(rig);
  int64_t admitted = rig_int(rig, "SELECT admitted FROM concerts");
  assert_true(admitted > 0);
  rig_pass(rig, -RIG_HOUR_MS);
  for (int i = 0; i < 20; i++) {
    rig_pass(rig, 3000);
    onsale_tick(rig);
  }
  admitted = rig_int(rig, "SELECT admitted FROM concerts") - admitted;
  assert_in_range(admitted, 9, 11);
}

static void test_only_staff_operates_and_sees_the_sale(void **state) {
  Rig *rig = *state;
  assert_refused(ask(rig, &queue_method_operate, 1, "{\"closed\":true}"), ERR_FORBIDDEN);
  assert_refused(ask(rig, &queue_method_sale, 1, "{}"), ERR_FORBIDDEN);
  assert_refused(rig_call(rig, &queue_method_join, NULL, "{}"), ERR_UNAUTHORIZED);
  assert_refused(ask(rig, &queue_method_operate, 3, "{\"opensAt\":\"tomorrow, perhaps\"}"), ERR_VALIDATION);
  assert_refused(ask(rig, &queue_method_operate, 3, "{\"paused\":7}"), ERR_VALIDATION);
  assert_refused(ask(rig, &queue_method_operate, 3, "{\"concertId\":\"aaaaaaaaaaaaaaaaaaaaaaaa\"}"),
                 ERR_CONCERT_NOT_FOUND);
}

static void test_the_opening_can_be_moved_until_it_has_come(void **state) {
  Rig *rig = *state;
  join_all(rig, 1, 3);
  operate(rig, "{\"opensAt\":\"2026-11-21T09:30:00+01:00\",\"notice\":\"Half an hour late\"}");
  onsale_open(rig);
  assert_true(is_waiting(rig, 1) && is_waiting(rig, 2) && is_waiting(rig, 3));
  rig_pass(rig, 30 * RIG_MINUTE_MS);
  onsale_tick(rig);
  assert_int_equal(rig_int(rig, "SELECT active FROM concerts"), 2);
  assert_refused(ask(rig, &queue_method_operate, 3, "{\"opensAt\":\"2026-11-22T09:30Z\"}"), ERR_SALE_OPENED);
  assert_reply(rig, ask(rig, &queue_method_operate, 3, "{\"notice\":\"\"}"),
               "{\"state\":\"open\",\"opensAt\":\"2026-11-21T08:30:00.000Z\",\"seedHash\":"
               "\"630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd\",\"seed\":"
               "\"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\",\"waiting\":1,\"active\":2,"
               "\"admitted\":2,\"ratePerMinute\":null,\"notice\":\"\",\"maxActive\":2}");
}

static void test_the_operator_sees_what_the_last_hour_was_like(void **state) {
  Rig *rig = *state;
  onsale_open(rig);
  join_all(rig, 1, 3);
  rig_pass(rig, RIG_MINUTE_MS);
  ask(rig, &complete_method, 1, "{}");
  rig_run(rig,
          "INSERT INTO bookings(id, public_id, user_id, concert_id, category_id, seats, amount, currency, status,"
          " payment_status, booked_at, expires_at, confirmed_at) VALUES(1, 'b', 1, 1, 2, 4, 0, 'inr', 'confirmed',"
          " 'paid', 0, 0, 1795244400000 + 3600000 + 60000)");
  const char *reply = rig_zero(rig, ask(rig, &queue_method_sale, venue_staff.user_id, "{}").reply);
  assert_non_null(strstr(reply,
                         ",\"maxActive\":2,\"recent\":["
                         "{\"minute\":\"2026-11-21T08:00:00.000Z\",\"admitted\":2,\"sold\":0},"
                         "{\"minute\":\"2026-11-21T08:01:00.000Z\",\"admitted\":1,\"sold\":4}]}"));
}

// Whatever people do, whoever is admitted stood before all who still wait.
static void test_a_clock_that_is_set_back_does_not_draw_lots_again(void **state) {
  Rig *rig = *state;
  rig_pass(rig, ONSALE_OPENS_IN_MS);
  join_all(rig, 1, 3);  // comes before the tick that would have opened
  rig_pass(rig, -RIG_HOUR_MS / 2);
  join_all(rig, 4, 6);
  assert_int_equal(onsale_look(rig, 3).position, 1);
  assert_int_equal(onsale_look(rig, 6).position, 4);
  assert_string_equal(leave(rig, 1), "{\"success\":true,\"status\":\"none\"}");
  assert_true(is_active(rig, 3));
}

static void test_nobody_overtakes(void **state) {
  static const char OVERTAKEN[] =
      "SELECT count(*) FROM queue_places w JOIN queue_places a ON a.admitted_at = (SELECT max(admitted_at) FROM"
      " queue_places) AND a.rank > w.rank WHERE w.status = 'waiting' AND w.entered_at < a.admitted_at";
  Rig *rig = *state;
  uint64_t dice = 42;
  rig->config.max_active_users = 5;
  join_all(rig, 1, 20);
  onsale_open(rig);
  for (int i = 0; i < 300; i++) {
    dice = dice * 6364136223846793005ULL + 1442695040888963407ULL;
    int64_t user_id = (int64_t)(dice >> 40) % ONSALE_PEOPLE + 1;
    switch (dice >> 33 & 3) {
      case 0:
        ask(rig, &complete_method, user_id, "{}");
        break;
      case 1:
        leave(rig, user_id);
        break;
      default:
        onsale_join(rig, user_id);
    }
    rig_pass(rig, (int64_t)(dice >> 50) % 20000);
    if (i % 7 == 0) onsale_tick(rig);
    assert_int_equal(rig_int(rig, OVERTAKEN), 0);
    assert_true(rig_int(rig, "SELECT active FROM concerts") <= 5);
  }
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, onsale_setup, onsale_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_before_the_opening_everyone_waits_and_no_places_are_shown),
      CASE(test_the_first_drawn_are_admitted_at_the_opening_and_not_a_moment_before),
      CASE(test_who_leaves_and_comes_again_before_the_opening_has_the_same_lot),
      CASE(test_a_free_slot_is_had_at_once_and_the_next_ones_wait_in_the_order_they_came),
      CASE(test_joining_again_finds_the_place_one_has),
      CASE(test_a_slot_that_has_served_goes_to_the_next_in_the_same_commit),
      CASE(test_who_leaves_gives_his_slot_or_his_place_on),
      CASE(test_a_slot_ends_at_its_very_millisecond),
      CASE(test_who_joins_when_his_slot_is_over_stands_at_the_end_even_before_the_tick),
      CASE(test_many_are_admitted_by_one_event),
      CASE(test_nobody_is_admitted_whom_the_stock_cannot_serve),
      CASE(test_people_behind_the_last_ticket_are_told),
      CASE(test_the_speed_of_the_line_gives_an_estimate),
      CASE(test_a_paused_sale_admits_nobody_until_it_goes_on),
      CASE(test_a_draining_sale_serves_those_who_wait_and_takes_no_more),
      CASE(test_a_closed_sale_takes_and_admits_nobody),
      CASE(test_whose_slot_is_over_finds_a_closed_sale_closed),
      CASE(test_nothing_is_due_when_a_tick_is_done),
      CASE(test_the_operators_rate_is_kept_over_a_minute),
      CASE(test_the_rate_goes_on_when_the_clock_is_set_back),
      CASE(test_only_staff_operates_and_sees_the_sale),
      CASE(test_the_opening_can_be_moved_until_it_has_come),
      CASE(test_the_operator_sees_what_the_last_hour_was_like),
      CASE(test_a_clock_that_is_set_back_does_not_draw_lots_again),
      CASE(test_nobody_overtakes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
