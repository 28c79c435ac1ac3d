// The checker.
#include "sim/checker.h"

#include "commands/verify.h"
#include "models/waiting_room.h"
#include "sim/history.h"
#include "sim/server.h"
#include "sim/stripe.h"
#include "sim/venue.h"

// Breaks off with the first row of a query that finds what must not be.
static void none_of(World *world, const char *says, const char *violations) {
  Db *db = server_db(world);
  db_call_begin(db);
  Rows rows = db_rows(db, violations);
  if (rows_next(&rows)) world_broken(world, "%s: %.*s", says, STR_ARG(rows_peek(&rows, 0)));
  if (db_failed(db)) world_broken(world, "%s: cannot be asked", says);
}

static int64_t one(World *world, const char *query) {
  db_call_begin(server_db(world));
  return db_int(server_db(world), query, 0);
}

static void look_at_stock(World *world) {
  static const char STOCK[] =
      "SELECT c.id FROM categories c WHERE c.total_seats - c.available_seats != (SELECT coalesce(sum(b.seats), 0)"
      " FROM bookings b WHERE b.category_id = c.id AND b.status IN ('pending', 'confirmed'))";
  none_of(world, "sold + held + free = capacity", STOCK);
}

static void look_at_slots(World *world) {
  static const char SLOTS[] =
      "SELECT concert_id FROM queue_places WHERE status = 'active' GROUP BY concert_id HAVING count(*) > $1";
  Db *db = server_db(world);
  db_call_begin(db);
  Rows rows = db_rows(db, SLOTS, sql_int(server_config(world)->max_active_users));
  if (rows_next(&rows)) world_broken(world, "too many are active");
}

// The memory of the line is what the table says.
static void look_at_line(World *world) {
  static const char LINE[] =
      "SELECT p.concert_id, p.user_id, p.status, p.slot_until, CASE WHEN k.opened OR k.opens_at <= $1 THEN "
      "row_number() OVER (PARTITION BY"
      " p.concert_id, p.status ORDER BY p.rank) ELSE count(*) OVER (PARTITION BY p.concert_id, p.status) END FROM"
      " queue_places p JOIN concerts k ON k.id = p.concert_id WHERE p.status IN ('waiting', 'active')";
  Db *db = server_db(world);
  db_call_begin(db);
  Rows rows = db_rows(db, LINE, sql_int(server_now_ms(world)));
  while (rows_next(&rows)) {
    Place place = waiting_room_look(rows_int(&rows, 0), rows_int(&rows, 1), server_now_ms(world));
    bool waits = str_equal(rows_peek(&rows, 2), STR("waiting"));
    bool ended = !waits && rows_int(&rows, 3) <= server_now_ms(world);
    bool right = waits   ? place.state == PLACE_WAITING && place.position == rows_int(&rows, 4)
                 : ended ? place.state != PLACE_WAITING
                         : place.state == PLACE_ACTIVE && place.slot_until == rows_int(&rows, 3);
    if (right) continue;
    world_broken(world,
                 "concert %lld: the place of user %lld in memory is state %d, position %u; in the table %s, %lld",
                 (long long)rows_int(&rows, 0), (long long)rows_int(&rows, 1), (int)place.state, place.position,
                 waits ? "waiting" : "active", (long long)rows_int(&rows, 4));
  }
}

void checker_look(World *world, bool all) {
  if (!db_begin(server_db(world), DB_READ)) world_broken(world, "nothing can be asked");
  look_at_stock(world);
  look_at_slots(world);
  for (size_t i = 0; i < verify_box_office_count && all; i++) {
    none_of(world, verify_box_office[i].says, verify_box_office[i].violations);
  }
  if (all) look_at_line(world);
  if (all) history_look(world);
  db_rollback(server_db(world));
}

// Money: the truth of the model against the tables.

static void look_at_money(World *world) {
  static const char FATE[] =
      "SELECT b.status = 'confirmed' AND p.status = 'succeeded' AND p.refund_due = 0, p.status = 'refunded'"
      " FROM payments p JOIN bookings b ON b.id = p.booking_id WHERE p.intent_id = $1";
  static const char STANDS[] =
      "SELECT count(*) FROM payments p JOIN bookings b ON b.id = p.booking_id WHERE b.status = 'confirmed' AND"
      " p.status = 'succeeded'";
  int64_t stand = 0;
  for (const Charge *charge = stripe_charges(world); charge != NULL; charge = charge->next) {
    db_call_begin(server_db(world));
    Rows rows = db_rows(server_db(world), FATE, sql_text(charge->id));
    bool known = rows_next(&rows);
    bool confirmed = known && rows_int(&rows, 0) != 0;
    bool refunded = known && rows_int(&rows, 1) != 0;
    rows_end(&rows);
    bool paid = charge->state == INTENT_SUCCEEDED;
    bool went_back = charge->refund_id.length > 0;
    if (paid && !went_back) ++stand;
    if (confirmed != (paid && !went_back) || refunded != (paid && went_back)) {
      world_broken(world, "intent %.*s of booking %.*s: %s%s, and the tables have it as %s", STR_ARG(charge->id),
                   STR_ARG(charge->booking_id), stripe_state_name(charge->state), went_back ? ", refunded" : "",
                   confirmed  ? "confirmed"
                   : refunded ? "refunded"
                              : "neither");
    }
  }
  if (one(world, STANDS) != stand) world_broken(world, "there are confirmed bookings that nobody has paid");
}

static void look_at_memory(World *world) {
  for (int64_t concert_id = 1; concert_id <= VENUE_CONCERTS; concert_id++) {
    static const char WAITING[] = "SELECT count(*) FROM queue_places WHERE status = 'waiting' AND concert_id = $1";
    static const char FREE[] = "SELECT sum(available_seats) FROM categories WHERE concert_id = $1";
    Arena arena = {0};
    Sale sale;
    db_call_begin(server_db(world));
    int64_t waiting = db_int(server_db(world), WAITING, 0, sql_int(concert_id));
    int64_t free_seats = db_int(server_db(world), FREE, 0, sql_int(concert_id));
    if (!waiting_room_sale(concert_id, server_now_ms(world), &arena, &sale) || (int64_t)sale.waiting != waiting ||
        sale.active != 0)
      world_broken(world, "concert %lld: its counters have not come back", (long long)concert_id);
    if (waiting > 0 && free_seats > 0) {
      world_broken(world, "concert %lld: %lld wait although %lld seats are free", (long long)concert_id,
                   (long long)waiting, (long long)free_seats);
    }
    arena_free(&arena);
  }
}

void checker_look_calm(World *world) {
  checker_look(world, true);
  none_of(world, "a hold is stuck", "SELECT id || ' ' || coalesce(closing, '') FROM bookings WHERE status = 'pending'");
  none_of(world, "an effect was not done", "SELECT key || ' ' || attempts FROM outbox WHERE done_at IS NULL");
  none_of(world, "a refund is still due", "SELECT id FROM payments WHERE refund_due = 1");
  none_of(world, "a slot is still held", "SELECT id FROM queue_places WHERE status = 'active'");
  none_of(world, "a confirmed booking sent no mail",
          "SELECT b.id FROM bookings b WHERE b.confirmed_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM outbox"
          " WHERE key = 'confirmed:' || b.public_id)");
  look_at_money(world);
  look_at_memory(world);
}

void checker_look_over(World *world) {
  checker_look(world, true);
  none_of(world, "a concert is not over",
          "SELECT id FROM concerts WHERE closed = 0 OR ended_at IS NULL OR emptied = 0");
  none_of(world, "somebody waits", "SELECT id FROM queue_places WHERE status IN ('waiting', 'active')");
  none_of(world, "a seat is held", "SELECT seat_id FROM booking_seats WHERE released_at IS NULL");
  look_at_money(world);
}

void checker_count(World *world) {
  static const struct {
    Seen what;
    const char *query;
  } counts[] = {
      {SEEN_EXPIRED, "SELECT count(*) FROM booking_steps WHERE cause = 'expired'"},
      {SEEN_PAID_LATE, "SELECT count(*) FROM booking_steps WHERE cause = 'paid late'"},
      {SEEN_LATE_CONFIRMED, "SELECT count(*) FROM booking_steps WHERE cause = 'paid late' AND status = 'confirmed'"},
      {SEEN_LATE_OTHER,
       "SELECT count(*) FROM bookings b WHERE status = 'confirmed' AND (SELECT count(DISTINCT released_at IS NULL)"
       " FROM booking_seats WHERE booking_id = b.id) = 2"},
      {SEEN_LATE_REFUNDED, "SELECT count(*) FROM bookings WHERE payment_status = 'refunded' AND confirmed_at IS NULL"},
  };
  for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
    world->seen[counts[i].what] += (uint64_t)one(world, counts[i].query);
  }
}
