// What a rehearsal has shown: how long it took, how fast the answers were, and that nothing was oversold.
#include <stdio.h>
#include <stdlib.h>

#include "commands/rehearse.h"

static const char *const ask_names[ASKS] = {"join the line",   "look at one's place", "book",
                                            "begin a payment", "pay (test provider)", "confirm",
                                            "leave the line"};

static int compare(const void *a, const void *b) {
  uint32_t left = *(const uint32_t *)a;
  uint32_t right = *(const uint32_t *)b;
  return (left > right) - (left < right);
}

static double at_share(const Times *times, double share) {
  size_t at = (size_t)((double)(times->count - 1) * share);
  return times->us[at] / 1000.0;
}

// The slowest p99 of what the server answers (the test provider's own is the same server's).
static double report_times(Times times[ASKS]) {
  double worst = 0;
  printf("\n  %-22s %10s %10s %10s %10s\n", "answers, in ms", "count", "median", "p99", "slowest");
  for (int ask = 0; ask < ASKS; ask++) {
    if (times[ask].count == 0) continue;
    qsort(times[ask].us, times[ask].count, sizeof times[ask].us[0], compare);
    double p99 = at_share(&times[ask], 0.99);
    if (p99 > worst) worst = p99;
    printf("  %-22s %10zu %10.1f %10.1f %10.1f\n", ask_names[ask], times[ask].count, at_share(&times[ask], 0.5), p99,
           at_share(&times[ask], 1));
  }
  return worst;
}

// One figure of the concert from the tables.
static int64_t figure(Db *db, const char *sql, const char *concert_id) {
  return db_int(db, sql, -1, sql_text(str_from(concert_id)));
}

static bool check(const char *says, int64_t violations) {
  printf("  %-7s %s\n", violations == 0 ? "ok" : "BROKEN", says);
  return violations == 0;
}

#define OF_CONCERT "(SELECT id FROM concerts WHERE public_id = $1)"

static bool report_proof(const Rehearsal *rehearsal, Db *db, int64_t *capacity, int64_t *sold) {
  static const char CAPACITY[] = "SELECT sum(total_seats) FROM categories WHERE concert_id = " OF_CONCERT;
  static const char SOLD[] =
      "SELECT coalesce(sum(seats), 0) FROM bookings WHERE status = 'confirmed' AND concert_id = " OF_CONCERT;
  static const char OVERSOLD[] =
      "SELECT count(*) FROM categories c WHERE concert_id = " OF_CONCERT
      " AND total_seats != available_seats + (SELECT coalesce(sum(seats), 0) FROM bookings b WHERE b.category_id = c.id"
      " AND b.status IN ('pending', 'confirmed'))";
  static const char TWICE[] =
      "SELECT count(*) FROM (SELECT seat_id FROM booking_seats s JOIN bookings b ON b.id = s.booking_id"
      " WHERE s.released_at IS NULL AND b.concert_id = " OF_CONCERT " GROUP BY seat_id HAVING count(*) > 1) twice";
  static const char UNPAID[] =
      "SELECT count(*) FROM bookings b WHERE status = 'confirmed' AND concert_id = " OF_CONCERT
      " AND 1 != (SELECT count(*) FROM payments p WHERE p.booking_id = b.id AND p.status = 'succeeded'"
      " AND p.amount = b.amount)";
  *capacity = figure(db, CAPACITY, rehearsal->concert_id);
  *sold = figure(db, SOLD, rehearsal->concert_id);
  puts("");
  bool holds = check("sold + held + free = capacity, in each category", figure(db, OVERSOLD, rehearsal->concert_id));
  holds = check("no seat is sold twice", figure(db, TWICE, rehearsal->concert_id)) && holds;
  holds = check("each booking has one payment of its amount", figure(db, UNPAID, rehearsal->concert_id)) && holds;
  int64_t lost = (int64_t)atomic_load(&rehearsal->tickets) - *sold;
  return check("every ticket that a buyer was told of is sold to him", lost > 0 ? lost : 0) && holds;
}

bool rehearse_report(Rehearsal *rehearsal, Db *db, Times times[ASKS]) {
  int64_t capacity;
  int64_t sold;
  uint64_t last_ms = atomic_load(&rehearsal->last_sale_ms);
  double seconds = last_ms > rehearsal->begun_ms ? (double)(last_ms - rehearsal->begun_ms) / 1000 : 0;
  double worst = report_times(times);
  bool holds = report_proof(rehearsal, db, &capacity, &sold);
  uint64_t odd = atomic_load(&rehearsal->odd_answers);
  printf("\n  %lld of %lld tickets sold in %.1f s, in %llu bookings; %llu buyers went home without one.\n",
         (long long)sold, (long long)capacity, seconds, (unsigned long long)atomic_load(&rehearsal->bookings),
         (unsigned long long)atomic_load(&rehearsal->went_home));
  if (odd > 0) {
    printf("  %llu answers were not what a buyer can go on with; the first: %s\n", (unsigned long long)odd,
           rehearsal->odd_example);
  }
  printf("  The slowest kind of answer has a p99 of %.1f ms.\n", worst);
  return holds && odd == 0;
}
