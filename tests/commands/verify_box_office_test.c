// foyer verify on a box office: nothing against one in use, and each invariant that was broken on purpose is found.
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "support/damage.h"
#include "support/invariants.h"
#include "support/venue.h"

// Concert 1 sells 20 standing places (category 1), concert 2 the seats of hall 1 (category 2 the Standard ones, 1 to
// 4). Anna (1) has confirmed two places, Bert (2) holds one, one of his expired and was paid too late, one of Anna's
// was refunded. Bert holds seats 1 and 2, Anna has bought seat 3.
static const char *const scene_rows[] = {
    "INSERT INTO concerts(id, public_id, name, date, created_at, opens_at, seed, seed_hash, active, admitted) VALUES"
    " (1, 'c1', 'Standing', 0, 0, 0, '', '', 1, 2)",
    "INSERT INTO concerts(id, public_id, name, date, created_at, opens_at, seed, seed_hash, hall_id) VALUES"
    " (2, 'c2', 'Seated', 0, 0, 0, '', '', 1)",
    "INSERT INTO categories(id, public_id, concert_id, name, price, seat_type_id, total_seats, available_seats) VALUES"
    " (1, 'k1', 1, 'gold', 100, NULL, 20, 17), (2, 'k2', 2, 'standard', 100, (SELECT seat_type_id FROM seats"
    " WHERE id = 1), 4, 1)",
    "INSERT INTO queue_places(id, concert_id, user_id, rank, entered_at, admitted_at, slot_until, status) VALUES"
    " (1, 1, 1, 10, 0, 5, 9, 'completed'), (2, 1, 2, 11, 0, 5, 9, 'active'), (3, 1, 3, 12, 0, NULL, NULL, 'waiting'),"
    " (4, 1, 1, 13, 0, NULL, NULL, 'waiting'), (5, 1, 3, 9, 0, NULL, NULL, 'left')",
    "INSERT INTO bookings(id, public_id, user_id, concert_id, category_id, seats, amount, currency, status,"
    " payment_status, booked_at, expires_at, confirmed_at) VALUES"
    " (1, 'b1', 1, 1, 1, 2, 200, 'inr', 'confirmed', 'paid', 0, 9, 5),"
    " (2, 'b2', 2, 1, 1, 1, 100, 'inr', 'pending', 'processing', 0, 9, NULL),"
    " (3, 'b3', 2, 1, 1, 3, 300, 'inr', 'expired', 'refunded', 0, 9, NULL),"
    " (4, 'b4', 1, 1, 1, 1, 100, 'inr', 'cancelled', 'refunded', 0, 9, 5),"
    " (5, 'b5', 2, 2, 2, 2, 200, 'inr', 'pending', 'none', 0, 9, NULL),"
    " (6, 'b6', 1, 2, 2, 1, 100, 'inr', 'confirmed', 'paid', 0, 9, 5)",
    "INSERT INTO booking_steps(booking_id, at, status, payment_status, cause)"
    " SELECT id, 0, 'pending', 'none', 'booked' FROM bookings",
    "INSERT INTO booking_steps(booking_id, at, status, payment_status, cause)"
    " SELECT id, 1, 'pending', 'processing', 'intent' FROM bookings WHERE id != 5",
    "INSERT INTO booking_steps(booking_id, at, status, payment_status, cause) VALUES"
    " (1, 2, 'confirmed', 'paid', 'paid'), (3, 2, 'expired', 'processing', 'expired'),"
    " (3, 3, 'expired', 'paid', 'late'), (3, 4, 'expired', 'refunded', 'late'), (4, 2, 'confirmed', 'paid', 'paid'),"
    " (4, 3, 'cancelled', 'refunded', 'refund'), (6, 2, 'confirmed', 'paid', 'paid')",
    "INSERT INTO payments(id, booking_id, attempt, intent_id, amount, currency, status, is_current, refund_due,"
    " created_at, updated_at) VALUES (1, 1, 1, 'pi1', 200, 'inr', 'succeeded', 1, 0, 0, 0),"
    " (2, 2, 1, 'pi2', 100, 'inr', 'created', 1, 0, 0, 0), (3, 3, 1, 'pi3', 300, 'inr', 'succeeded', 1, 1, 0, 0),"
    " (4, 4, 1, 'pi4', 100, 'inr', 'refunded', 1, 0, 0, 0), (5, 6, 1, 'pi5', 100, 'inr', 'succeeded', 1, 0, 0, 0)",
    "UPDATE seats SET status = 1 WHERE id IN (1, 2)",
    "UPDATE seats SET status = 2 WHERE id = 3",
    "INSERT INTO booking_seats(booking_id, seat_id) VALUES (5, 1), (5, 2), (6, 3)",
    "INSERT INTO tickets(id, public_id, booking_id, number, seat_id, void, checked_in_at, checked_in_by) VALUES"
    " (1, 't1', 1, 1, NULL, 0, NULL, NULL), (2, 't2', 1, 2, NULL, 0, 7, 3), (3, 't3', 4, 1, NULL, 1, NULL, NULL),"
    " (4, 't4', 6, 1, 3, 0, 7, 3)",
    "INSERT INTO outbox(id, kind, key, payload, created_at, due_at, attempts, done_at, given_up) VALUES"
    " (1, 'mail', 'confirmed:b1', '{}', 0, 0, 1, 5, 0), (2, 'stripe', 'refund:b3:1', '{}', 0, 0, 0, NULL, 0),"
    " (3, 'mail', 'refunded:b4', '{}', 0, 0, 9, 5, 1)",
};

static int use_box_office(void **state) {
  venue_setup(state);
  for (size_t i = 0; i < sizeof scene_rows / sizeof scene_rows[0]; i++) rig_run(*state, scene_rows[i]);
  return 0;
}

static const char stock[] = "sold + held + free = capacity, for each category";
static const char moves[] = "a booking moves only from where it may";
static const char over[] =
    "a concert that is over is closed, nobody pays for it, and once it is empty nobody waits and it holds no seat";
static const char stands[] = "a confirmed booking has one payment that stands, of its amount and currency";
static const char ends[] = "what was paid ends as one confirmed booking or goes back";
static const char tickets[] =
    "a confirmed booking has a ticket a person, numbered from 1; no other has one that is good";

static const Damage damages[] = {
    {"UPDATE categories SET available_seats = 16 WHERE id = 1", stock, "category 1: 20 seats, 16 free, 3 taken"},
    {"UPDATE bookings SET seats = 10 WHERE id = 2", stock, "category 1: 20 seats, 17 free, 12 taken"},
    {"UPDATE seats SET status = 3 WHERE id = 4",
     "in a hall on sale, the free seats of a category are vacant ones of its type", "category 2: 1 free, 0 vacant"},
    {"UPDATE concerts SET ended_at = 9 WHERE id = 2", over, "concert 2 is on sale"},
    {"UPDATE concerts SET emptied = 1 WHERE id = 2", over, "concert 2 is empty, and not over"},
    {"UPDATE concerts SET ended_at = 9, closed = 1 WHERE id = 1", over, "booking 2: pending"},
    {"UPDATE concerts SET ended_at = 9, closed = 1, emptied = 1 WHERE id = 1", over, "place 3: waiting"},
    {"UPDATE concerts SET ended_at = 9, closed = 1, emptied = 1 WHERE id = 2", over, "booking 6: seat 3"},
    {"UPDATE booking_seats SET released_at = 9 WHERE seat_id = 2",
     "a booking in a hall has its seats while it lives, and none after", "booking 5: pending with 1 of 2"},
    {"UPDATE seats SET status = 0 WHERE id = 3",
     "a booked seat is reserved or occupied, and of its concert's hall and its category's type", "booking 6: seat 3"},
    {"UPDATE seats SET seat_type_id = 99 WHERE id = 1",
     "a booked seat is reserved or occupied, and of its concert's hall and its category's type", "booking 5: seat 1"},
    {"UPDATE bookings SET category_id = 2 WHERE id = 3", "a booking is of a category of its concert", "booking 3"},
    {"UPDATE bookings SET status = 'cancelled' WHERE id = 2", "the last step of a booking is where it stands",
     "booking 2: cancelled processing"},
    {"DELETE FROM booking_steps WHERE booking_id = 5", "the last step of a booking is where it stands", "booking 5"},
    {"DELETE FROM booking_steps WHERE booking_id = 4 AND status = 'confirmed'", moves,
     "booking 4: pending processing to cancelled refunded"},
    {"INSERT INTO booking_steps(booking_id, at, status, payment_status, cause) VALUES(3, 9, 'confirmed', 'paid', 'x')",
     moves, "booking 3: expired refunded to confirmed paid"},
    {"DELETE FROM booking_steps WHERE id = 1", moves, "booking 1: nothing to pending processing"},
    {"UPDATE payments SET amount = 199 WHERE id = 1", stands, "booking 1: 0 payments"},
    {"UPDATE payments SET currency = 'usd' WHERE id = 1", stands, "booking 1: 0 payments"},
    {"UPDATE payments SET refund_due = 1 WHERE id = 1", stands, "booking 1: 0 payments"},
    {"UPDATE payments SET refund_due = 0 WHERE id = 3", ends, "payment 3 of booking 3: expired"},
    {"INSERT INTO payments(booking_id, attempt, amount, currency, status, is_current, created_at, updated_at)"
     " VALUES(1, 2, 200, 'inr', 'succeeded', 0, 0, 0)",
     ends, "booking 1: 2 payments"},
    {"UPDATE payments SET status = 'canceled' WHERE id = 4",
     "a booking is told as paid while it is confirmed, as refunded when its money went back or goes back",
     "booking 4: cancelled refunded"},
    {"UPDATE bookings SET payment_status = 'failed' WHERE id = 1",
     "a booking is told as paid while it is confirmed, as refunded when its money went back or goes back",
     "booking 1: confirmed failed"},
    {"UPDATE payments SET refund_due = 1 WHERE id = 2", "a refund is due of what was paid only", "payment 2: created"},
    {"DELETE FROM tickets WHERE id = 1", tickets, "booking 1: confirmed with 1 tickets of 2"},
    {"UPDATE tickets SET void = 0 WHERE id = 3", tickets, "booking 4: cancelled with 1 tickets of 1"},
    {"UPDATE tickets SET number = 3 WHERE id = 2", tickets, "booking 1: ticket number 3"},
    {"UPDATE tickets SET seat_id = 4 WHERE id = 4", "a good ticket of a hall is for a seat of its booking", "ticket 4"},
    {"UPDATE tickets SET seat_id = NULL WHERE id = 4", "a good ticket of a hall is for a seat of its booking",
     "ticket 4 has no seat"},
    {"UPDATE tickets SET seat_id = 3 WHERE id = 1", "a seat has one good ticket at most, of concerts that are not over",
     "seat 3"},
    {"UPDATE tickets SET checked_in_by = NULL WHERE id = 2", "who was let in was let in by somebody", "ticket 2"},
    {"UPDATE queue_places SET rank = 8 WHERE id = 3", "nobody overtakes: who waits stands behind all who were admitted",
     "concert 1: 8 waits, 11 was admitted"},
    {"UPDATE queue_places SET slot_until = 8 WHERE id = 3", "who was admitted has a slot, who waits has none",
     "place 3: waiting"},
    {"UPDATE queue_places SET status = 'active' WHERE id = 3", "who was admitted has a slot, who waits has none",
     "place 3: active"},
    {"UPDATE concerts SET active = 2 WHERE id = 1",
     "a concert counts those who hold a slot and those who were ever admitted",
     "concert 1: 2 active of 1, 2 admitted of 2"},
    {"UPDATE outbox SET given_up = 1 WHERE id = 2",
     "an effect that was given up is over, and one that is over was tried", "effect 2 refund:b3:1"},
    {"UPDATE outbox SET attempts = 0 WHERE id = 1",
     "an effect that was given up is over, and one that is over was tried", "effect 1 confirmed:b1"},
    {"UPDATE outbox SET payload = '{' WHERE id = 2", "what is to be done is readable", "effect 2"},
};

static void test_a_box_office_in_use_keeps_every_invariant(void **state) {
  const char *told;
  if (invariants_verify(*state, &told) != 0) fail_msg("%s", told);
  assert_null(strstr(told, "UNKNOWN"));
}

static void test_each_broken_invariant_is_found_and_named(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
    void *scene;
    use_box_office(&scene);
    damage_done(scene, &damages[i]);
    venue_teardown(&scene);
  }
}

// What the schema forbids by an index, which has to go first.
static void test_what_an_index_forbids_is_looked_for_all_the_same(void **state) {
  Rig *rig = *state;
  rig_run(rig, "DROP INDEX booking_seats_live");
  damage_done(rig, &(Damage){"INSERT INTO booking_seats(booking_id, seat_id) VALUES(5, 3)",
                             "a seat has one live booking at most", "seat 3"});
  rig_run(rig, "DROP INDEX queue_places_open");
  damage_done(rig, &(Damage){"UPDATE queue_places SET user_id = 3 WHERE id = 4",
                             "a person has one open place a concert", "concert 1: user 3"});
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, use_box_office, venue_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_a_box_office_in_use_keeps_every_invariant),
      cmocka_unit_test(test_each_broken_invariant_is_found_and_named),
      CASE(test_what_an_index_forbids_is_looked_for_all_the_same),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
