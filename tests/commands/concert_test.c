// foyer concert: what an operator types, and what is on sale then.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "commands/commands.h"
#include "support/venue.h"

enum { WORDS_MAX = 24 };

// Runs the command; what it says to the operator is not looked at here.
static int run(Rig *rig, ...) {
  char *words[WORDS_MAX];
  int count = 0;
  va_list list;
  va_start(list, rig);
  for (char *word = va_arg(list, char *); word != NULL; word = va_arg(list, char *)) words[count++] = word;
  va_end(list);
  fflush(stdout);
  fflush(stderr);
  int out = dup(1);
  int err = dup(2);
  assert_non_null(freopen("/dev/null", "w", stdout));
  assert_non_null(freopen("/dev/null", "w", stderr));
  int code = command_concert(&rig->config, count, words);
  fflush(stdout);
  fflush(stderr);
  dup2(out, 1);
  dup2(err, 2);
  close(out);
  close(err);
  return code;
}

static void test_a_concert_is_added_with_its_categories(void **state) {
  Rig *rig = *state;
  assert_int_equal(run(rig, "add", "Live", "--date", "2027-01-30T19:30:00+05:30", "--venue", "Stadium", "--category",
                       "gold:1200:50", "--category", "silver:49.9:70", "--opens-at", "2027-01-01T00:00Z", NULL),
                   0);
  assert_string_equal(rig_text(rig, "SELECT name || venue || date || opens_at || currency FROM concerts"),
                      "LiveStadium18013176000001798761600000inr");
  assert_string_equal(
      rig_text(rig,
               "SELECT group_concat(name || ' ' || price || ' ' || total_seats || ' ' || available_seats)"
               " FROM (SELECT * FROM categories ORDER BY id) c"),
      "gold 120000 50 50,silver 4990 70 70");
  assert_int_equal(rig_int(rig, "SELECT length(seed) + length(seed_hash) + length(public_id) FROM concerts"), 152);
}

static void test_in_a_hall_the_vacant_seats_of_a_type_are_sold(void **state) {
  Rig *rig = *state;
  rig_run(rig, "UPDATE seats SET status = 1 WHERE id = 2");
  assert_int_equal(run(rig, "add", "Live", "--date", "2027-01-30T19:30Z", "--hall", "Small", "--price", "Standard:10",
                       "--price", "VIP:20", NULL),
                   0);
  assert_string_equal(rig_text(rig,
                               "SELECT group_concat(c.name || ' ' || t.name || ' ' || total_seats) FROM categories"
                               " c JOIN seat_types t ON t.id = c.seat_type_id"),
                      "Standard Standard 3,VIP VIP 2");
  // The hall is taken until that sale is closed.
  assert_int_equal(run(rig, "add", "Other", "--date", "2027-01-30T19:30Z", "--hall", "1", "--price", "VIP:20", NULL),
                   1);
  assert_int_equal(run(rig, "close", NULL), 0);
  assert_int_equal(run(rig, "add", "Other", "--date", "2027-01-30T19:30Z", "--hall", "1", "--price", "VIP:20", NULL),
                   0);
  assert_int_equal(run(rig, "open", "1", NULL), 1);
  assert_int_equal(rig_int(rig, "SELECT group_concat(closed, '') FROM concerts"), 10);
  // Reopened, it sells what is vacant now.
  rig_run(rig, "UPDATE seats SET status = 1 WHERE id = 6");
  assert_int_equal(run(rig, "close", "2", NULL), 0);
  assert_int_equal(run(rig, "open", "1", NULL), 0);
  assert_string_equal(rig_text(rig,
                               "SELECT group_concat(name || ' ' || available_seats || ' of ' || total_seats) FROM"
                               " categories WHERE concert_id = 1"),
                      "Standard 3 of 3,VIP 1 of 1");
}

static void test_what_makes_no_sense_changes_nothing(void **state) {
  Rig *rig = *state;
  assert_int_equal(run(rig, NULL), 2);
  assert_int_equal(run(rig, "add", NULL), 2);
  assert_int_equal(run(rig, "add", "Live", "--category", "gold:1:1", NULL), 2);
  assert_int_equal(run(rig, "add", "Live", "--date", "tomorrow", "--category", "gold:1:1", NULL), 2);
  assert_int_equal(run(rig, "add", "Live", "--date", "2027-01-30T19:30Z", NULL), 2);
  assert_int_equal(run(rig, "add", "Live", "--date", "2027-01-30T19:30Z", "--category", "gold:1.234:1", NULL), 2);
  assert_int_equal(run(rig, "add", "Live", "--date", "2027-01-30T19:30Z", "--category", "gold:-1:1", NULL), 2);
  assert_int_equal(run(rig, "add", "Live", "--date", "2027-01-30T19:30Z", "--category", "gold:1:many", NULL), 2);
  assert_int_equal(run(rig, "add", "Live", "--date", "2027-01-30T19:30Z", "--colour", "red", NULL), 2);
  assert_int_equal(run(rig, "add", "Live", "--date", "2027-01-30T19:30Z", "--category", NULL), 2);
  assert_int_equal(
      run(rig, "add", "Live", "--date", "2027-01-30T19:30Z", "--category", "gold:1:1", "--category", "gold:2:1", NULL),
      2);
  assert_int_equal(run(rig, "add", "Live", "--date", "2027-01-30T19:30Z", "--price", "VIP:1", NULL), 2);
  assert_int_equal(run(rig, "add", "L", "--date", "2027-01-30T19:30Z", "--hall", "1", "--price", "Stalls:1", NULL), 1);
  assert_int_equal(run(rig, "add", "L", "--date", "2027-01-30T19:30Z", "--hall", "9", "--price", "VIP:1", NULL), 1);
  assert_int_equal(run(rig, "import", "/nowhere.json", NULL), 2);
  assert_int_equal(run(rig, "open", "7", NULL), 1);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM concerts"), 0);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM categories"), 0);
}

static void test_prices_have_the_digits_of_their_currency(void **state) {
  Rig *rig = *state;
  const char *when = "2027-01-30T19:30Z";
  assert_int_equal(run(rig, "add", "Y", "--date", when, "--category", "a:5000:1", "--currency", "JPY", NULL), 0);
  assert_int_equal(run(rig, "add", "B", "--date", when, "--currency", "bhd", "--category", "a:1.2:1", NULL), 0);
  assert_int_equal(run(rig, "add", "Y", "--date", when, "--category", "a:5000.5:1", "--currency", "jpy", NULL), 2);
  assert_int_equal(run(rig, "add", "R", "--date", when, "--category", "a:1:1", "--currency", "rupees", NULL), 2);
  assert_int_equal(run(rig, "add", "I", "--date", when, "--category", "a:4990:1", "--currency", "isk", NULL), 0);
  assert_int_equal(run(rig, "add", "I", "--date", when, "--category", "a:4990.50:1", "--currency", "isk", NULL), 2);
  assert_int_equal(run(rig, "add", "U", "--date", when, "--category", "a:1.01:1", "--currency", "ugx", NULL), 2);
  assert_int_equal(run(rig, "add", "B", "--date", when, "--category", "a:1.234:1", "--currency", "bhd", NULL), 2);
  assert_string_equal(rig_text(rig,
                               "SELECT group_concat(currency || price) FROM concerts c JOIN categories k ON"
                               " k.concert_id = c.id"),
                      "jpy5000,bhd1200,isk499000");
}

static void test_a_file_says_the_same(void **state) {
  Rig *rig = *state;
  char path[128];
  snprintf(path, sizeof path, "%s/concert.json", rig->directory);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs(
      "{\"name\":\"Live\",\"date\":\"2027-01-30T19:30Z\",\"currency\":\"eur\",\"imageUrl\":\"https://e.org/a.jpg\","
      "\"categories\":[{\"name\":\"gold\",\"price\":49.9,\"seats\":7}]}",
      file);
  fclose(file);
  assert_int_equal(run(rig, "import", path, NULL), 0);
  unlink(path);
  assert_string_equal(rig_text(rig,
                               "SELECT c.name || currency || image_url || t.name || price || total_seats FROM"
                               " concerts c JOIN categories t ON t.concert_id = c.id"),
                      "Liveeurhttps://e.org/a.jpggold49907");
}

static void test_a_sale_is_opened_now_and_closed(void **state) {
  Rig *rig = *state;
  run(rig, "add", "Live", "--date", "2090-01-30T19:30Z", "--category", "gold:1:1", "--opens-at", "2090-01-01T00:00Z",
      NULL);
  assert_int_equal(run(rig, "close", "1", NULL), 0);
  assert_int_equal(rig_int(rig, "SELECT closed = 1 AND opens_at = 3786912000000 FROM concerts"), 1);
  assert_int_equal(run(rig, "open", NULL), 0);
  assert_int_equal(rig_int(rig, "SELECT closed = 0 AND opens_at < 3786912000000 FROM concerts"), 1);
  assert_int_equal(run(rig, "list", NULL), 0);
}

static void test_a_concert_is_ended_after_its_date(void **state) {
  Rig *rig = *state;
  run(rig, "add", "Live", "--date", "2090-01-30T19:30Z", "--hall", "1", "--price", "VIP:1", NULL);
  assert_int_equal(run(rig, "end", "1", NULL), 1);
  rig_run(rig, "UPDATE concerts SET date = 1");
  rig_run(rig,
          "INSERT INTO bookings(id, public_id, user_id, concert_id, category_id, seats, amount, currency, status,"
          " payment_status, booked_at, expires_at) VALUES(1, 'b', 1, 1, 1, 2, 0, 'inr', 'pending', 'none', 1, 1)");
  assert_int_equal(run(rig, "end", "1", NULL), 1);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM concerts WHERE ended_at IS NULL AND closed = 0"), 1);
  rig_run(rig, "UPDATE bookings SET status = 'confirmed', payment_status = 'paid', confirmed_at = 1");
  rig_run(rig, "INSERT INTO booking_seats(booking_id, seat_id) VALUES(1, 5), (1, 6)");
  rig_run(rig, "UPDATE seats SET status = 1 WHERE id > 4 AND hall_id = 1");
  assert_int_equal(run(rig, "end", NULL), 0);
  assert_int_equal(rig_int(rig, "SELECT emptied FROM concerts WHERE ended_at IS NOT NULL AND closed = 1"), 1);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM seats WHERE status != 0"), 0);
  // What its watchers are to be told is there.
  assert_string_equal(rig_text(rig, "SELECT payload FROM events WHERE topic = 'hall:1'"),
                      "{\"to\":\"VACANT\",\"by\":0,\"seats\":[5,6],\"from\":[\"RESERVED\",\"RESERVED\"]}");
  assert_int_equal(run(rig, "end", "1", NULL), 0);
  assert_int_equal(run(rig, "open", "1", NULL), 1);
  assert_int_equal(run(rig, "end", "1", "2", NULL), 2);
  assert_int_equal(run(rig, "list", NULL), 0);
  // The next one has all the seats.
  assert_int_equal(run(rig, "add", "Next", "--date", "2090-01-30T19:30Z", "--hall", "1", "--price", "VIP:1", NULL), 0);
  assert_int_equal(rig_int(rig, "SELECT available_seats FROM categories WHERE concert_id = 2"), 2);
}

static void test_the_demo_sells_as_many_tickets_as_it_is_told(void **state) {
  static const int64_t seats[] = {0, 1, 5, 7, 100, 40000};
  Rig *rig = *state;
  for (size_t i = 0; i < sizeof seats / sizeof seats[0]; i++) {
    rig->config.demo_seats = seats[i];
    rig_run(rig, "DELETE FROM categories");
    rig_run(rig, "DELETE FROM concerts");
    assert_true(demo_fill(rig->db, &rig->config, &rig->loops[0].env));
    assert_int_equal(rig_int(rig, "SELECT sum(total_seats) FROM categories WHERE seat_type_id IS NULL"),
                     seats[i] == 0 ? 15000 : seats[i]);
    assert_int_equal(rig_int(rig, "SELECT count(*) FROM categories WHERE total_seats = 0"), seats[i] == 1 ? 4 : 0);
    assert_int_equal(rig_int(rig, "SELECT sum(total_seats) FROM categories WHERE seat_type_id IS NOT NULL"), 1900);
    assert_int_equal(rig_int(rig, "SELECT count(*) FROM concerts"), 2);
  }
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, venue_setup, venue_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_a_concert_is_added_with_its_categories),
      CASE(test_in_a_hall_the_vacant_seats_of_a_type_are_sold),
      CASE(test_prices_have_the_digits_of_their_currency),
      CASE(test_what_makes_no_sense_changes_nothing),
      CASE(test_a_file_says_the_same),
      CASE(test_a_sale_is_opened_now_and_closed),
      CASE(test_a_concert_is_ended_after_its_date),
      CASE(test_the_demo_sells_as_many_tickets_as_it_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
