// Bookings: their rows.
#include "models/booking.h"

#include <assert.h>
#include <math.h>

#include "models/booking_ahead.h"
#include "models/booking_seats.h"
#include "models/stock.h"
#include "shared/currency.h"
#include "shared/ids.h"

static const char *const status_names[] = {"pending", "confirmed", "expired", "cancelled"};
static const char *const money_names[] = {"none", "processing", "paid", "failed", "refunded"};
static const char *const closing_names[] = {"", "expire", "cancel"};

const char *booking_status_name(BookingStatus status) {
  return status_names[status];
}

const char *booking_money_name(BookingMoney money) {
  return money_names[money];
}

static int index_of(Str name, const char *const *names, int count) {
  for (int i = 0; i < count; i++) {
    if (str_equal(name, str_from(names[i]))) return i;
  }
  return 0;  // the schema allows no other
}

// Reading.

#define BOOKING_SELECT                                                                                        \
  "SELECT b.id, b.public_id, b.user_id, u.public_id, b.concert_id, c.public_id, coalesce(c.hall_id, 0),"      \
  " b.category_id, k.public_id, b.seats, b.amount, b.fee, b.currency, b.status, b.payment_status, b.closing," \
  " b.closing_checks, b.accepts_other, b.booked_at, b.expires_at, coalesce(b.confirmed_at, 0), p.intent_id,"  \
  " coalesce(c.ended_at, 0)"                                                                                  \
  " FROM bookings b JOIN users u ON u.id = b.user_id JOIN concerts c ON c.id = b.concert_id"                  \
  " JOIN categories k ON k.id = b.category_id LEFT JOIN payments p ON p.booking_id = b.id AND p.is_current = 1"

static Booking read_row(Call *call, const Rows *rows) {
  Arena *arena = &call->arena;
  return (Booking){.id = rows_int(rows, 0),
                   .public_id = rows_text(rows, 1, arena),
                   .user_id = rows_int(rows, 2),
                   .user_public_id = rows_text(rows, 3, arena),
                   .concert_id = rows_int(rows, 4),
                   .concert_public_id = rows_text(rows, 5, arena),
                   .hall_id = rows_int(rows, 6),
                   .category_id = rows_int(rows, 7),
                   .category_public_id = rows_text(rows, 8, arena),
                   .seats = rows_int(rows, 9),
                   .amount = rows_int(rows, 10),
                   .fee = rows_int(rows, 11),
                   .currency = rows_text(rows, 12, arena),
                   .status = (BookingStatus)index_of(rows_peek(rows, 13), status_names, 4),
                   .money = (BookingMoney)index_of(rows_peek(rows, 14), money_names, 5),
                   .closing = (BookingClosing)index_of(rows_peek(rows, 15), closing_names, 3),
                   .closing_checks = rows_int(rows, 16),
                   .accepts_other = rows_int(rows, 17) != 0,
                   .booked_at = rows_int(rows, 18),
                   .expires_at = rows_int(rows, 19),
                   .confirmed_at = rows_int(rows, 20),
                   .intent_id = rows_text(rows, 21, arena),
                   .concert_ended_at = rows_int(rows, 22)};
}

static bool read_one(Call *call, Rows rows, Booking *booking) {
  if (!rows_next(&rows)) return false;
  *booking = read_row(call, &rows);
  rows_end(&rows);
  return true;
}

bool booking_find(Call *call, int64_t booking_id, Booking *booking) {
  static const char FIND[] = BOOKING_SELECT " WHERE b.id = $1";
  return read_one(call, db_rows(call->db, FIND, sql_int(booking_id)), booking);
}

bool booking_find_public(Call *call, Str public_id, Booking *booking) {
  static const char FIND[] = BOOKING_SELECT " WHERE b.public_id = $1";
  return read_one(call, db_rows(call->db, FIND, sql_text(public_id)), booking);
}

bool booking_find_pending(Call *call, Str category_public_id, Booking *booking) {
  static const char FIND[] = BOOKING_SELECT
      " WHERE b.user_id = $1 AND b.status = 'pending' AND ($2 = '' OR k.public_id = $2)"
      " ORDER BY b.booked_at DESC, b.id DESC LIMIT 1";
  return read_one(call, db_rows(call->db, FIND, sql_int(call->who.user_id), sql_text(category_public_id)), booking);
}

// While a table is new PostgreSQL takes all its indexes for equally narrow, also one of all pending bookings: what is
// concealed by `|| ''` and `+ 0` leaves it none but those of the person.
#define BUYER_SELECT                                                                                                \
  "SELECT " CATEGORY_COLUMNS                                                                                        \
  ", coalesce((SELECT b.expires_at FROM bookings b WHERE b.user_id = $1"                                            \
  " AND b.category_id + 0 = k.id AND b.status || '' = 'pending'), 0), (SELECT count(*) FROM queue_places q"         \
  " WHERE q.concert_id = $2 AND q.user_id = $1 AND q.status IN ('waiting', 'active') AND q.status || '' = 'active'" \
  " AND q.slot_until + 0 > $3), (SELECT public_id FROM users WHERE id = $1) FROM categories k WHERE k.concert_id = $2"

bool booking_find_buyer(Call *call, const Concert *concert, Str category_public_id, int64_t seat_id, Buyer *buyer) {
  static const char BY_NAME[] = BUYER_SELECT " AND k.public_id = $4";
  static const char BY_SEAT[] =
      BUYER_SELECT " AND k.seat_type_id = (SELECT s.seat_type_id FROM seats s WHERE s.id = $4 AND s.hall_id = $5)";
  SqlValue user = sql_int(call->who.user_id);
  BookingAsked asked = {.user_id = call->who.user_id,
                        .concert_id = concert->id,
                        .category_public_id = category_public_id,
                        .seat_ids = &seat_id,
                        .seat_count = 1};
  if (booking_ahead_buyer(call, &asked, buyer)) return true;
  Rows rows =
      category_public_id.length > 0
          ? db_rows(call->db, BY_NAME, user, sql_int(concert->id), sql_int(call->now_ms), sql_text(category_public_id))
          : db_rows(call->db, BY_SEAT, user, sql_int(concert->id), sql_int(call->now_ms), sql_int(seat_id),
                    sql_int(concert->hall_id));
  if (!rows_next(&rows)) return false;
  *buyer = (Buyer){.category = category_read(&rows, &call->arena),
                   .pending_until = rows_int(&rows, CATEGORY_COLUMN_COUNT),
                   .is_active = rows_int(&rows, CATEGORY_COLUMN_COUNT + 1) != 0,
                   .public_id = rows_text(&rows, CATEGORY_COLUMN_COUNT + 2, &call->arena)};
  rows_end(&rows);
  return true;
}

// Every step, in order: replayed, they give `bookings`.
static void add_step(Call *call, int64_t booking_id, BookingStatus status, BookingMoney money, const char *cause) {
  static const char ADD[] =
      "INSERT INTO booking_steps(booking_id, at, status, payment_status, cause) VALUES($1, $2, $3, $4, $5)";
  db_run(call->db, ADD, sql_int(booking_id), sql_int(call->now_ms), sql_text(str_from(status_names[status])),
         sql_text(str_from(money_names[money])), sql_text(str_from(cause)));
}

// Adding.

static int64_t amount_of(const BookingOrder *order, const Config *config, int64_t *fee) {
  int64_t price = order->seats * order->category->price;
  int64_t amount = (int64_t)llround((double)price * (1 + config->booking_fee_rate));
  int64_t step = currency_step(order->concert->currency);
  amount = (amount + step - 1) / step * step;
  *fee = amount - price;
  return amount;
}

// Everything has been looked at by now, and while the writers' lock is held it stays so: nothing that follows is waited
// for, and nothing needs a savepoint.
static void add(Call *call, const BookingOrder *order, const Booking *booking) {
#define ADD_TO                                                                                              \
  "INSERT INTO bookings(public_id, user_id, concert_id, category_id, seats, amount, fee, currency, status," \
  " payment_status, accepts_other, booked_at, expires_at)"
  static const char ADD[] =
      SQL_FORMS(ADD_TO " VALUES($1, $2, $3, $4, $5, $6, $7, $8, 'pending', 'none', $9, $10, $11)", ADD_TO
                " SELECT public_id, user_id, concert_id, category_id, seats, amount, fee, currency, 'pending',"
                " 'none', other, booked, expires FROM unnest($1::TEXT[], $2::BIGINT[], $3::BIGINT[],"
                " $4::BIGINT[], $5::BIGINT[], $6::BIGINT[], $7::BIGINT[], $8::TEXT[], $9::BIGINT[],"
                " $10::BIGINT[], $11::BIGINT[]) AS n(public_id, user_id, concert_id, category_id, seats, amount,"
                " fee, currency, other, booked, expires)");
#define ADD_STEP_TO "INSERT INTO booking_steps(booking_id, at, status, payment_status, cause) SELECT "
  static const char ADD_STEP[] =
      SQL_FORMS(ADD_STEP_TO "id, $1, 'pending', 'none', 'booked' FROM bookings WHERE public_id = $2", ADD_STEP_TO
                "(SELECT id FROM bookings WHERE public_id = n.booking), n.at, 'pending', 'none', 'booked'"
                " FROM unnest($1::BIGINT[], $2::TEXT[]) AS n(at, booking)");
  bool ahead_counts = booking_ahead_counts(call->db);
  db_call_spare_savepoint(call->db);
  stock_take_known(call, order->category->id, order->seats);
  if (order->seat_ids != NULL) booking_seats_hold(call, order, booking->user_id);
  db_gather(call->db, ADD, sql_text(booking->public_id), sql_int(booking->user_id), sql_int(booking->concert_id),
            sql_int(booking->category_id), sql_int(booking->seats), sql_int(booking->amount), sql_int(booking->fee),
            sql_text(booking->currency), sql_int(booking->accepts_other), sql_int(booking->booked_at),
            sql_int(booking->expires_at));
  if (order->seat_ids != NULL) booking_seats_note_new(call, booking->public_id, order->seat_ids, order->seats);
  db_gather(call->db, ADD_STEP, sql_int(call->now_ms), sql_text(booking->public_id));
  if (ahead_counts) booking_ahead_booked(call->db, order, booking);
}

Error booking_add(Call *call, const BookingOrder *order, Booking *booking, BookedSeats *seats) {
  enum { ID_BYTES = 12 };
  assert(order->seats >= 1 && order->seats <= BOOKING_SEATS_MAX);
  unsigned char id[ID_BYTES];
  *seats = (BookedSeats){0};
  if (order->category->available_seats < order->seats) return ERR_SOLD_OUT;
  Error error = order->seat_ids != NULL ? booking_seats_look(call, order, seats) : ERR_NONE;
  if (error != ERR_NONE) return error;
  call->env.random(call->env.state, id, sizeof id);
  *booking = (Booking){.public_id = ids_hex(&call->arena, id, sizeof id),
                       .user_id = call->who.user_id,
                       .user_public_id = order->user_public_id,
                       .concert_id = order->concert->id,
                       .concert_public_id = order->concert->public_id,
                       .hall_id = order->concert->hall_id,
                       .category_id = order->category->id,
                       .category_public_id = order->category->public_id,
                       .seats = order->seats,
                       .currency = order->concert->currency,
                       .accepts_other = order->accepts_other,
                       .booked_at = call->now_ms,
                       .expires_at = call->now_ms + call->config->booking_ms};
  booking->amount = amount_of(order, call->config, &booking->fee);
  add(call, order, booking);
  return ERR_NONE;
}

// Moving.

static bool may_move(BookingStatus from, BookingStatus to) {
  if (from == to) return true;
  if (to == BOOKING_CONFIRMED) return true;
  if (to == BOOKING_EXPIRED) return from == BOOKING_PENDING;
  return to == BOOKING_CANCELLED && (from == BOOKING_PENDING || from == BOOKING_CONFIRMED);
}

static bool may_pay(BookingMoney from, BookingMoney to) {
  static const bool allowed[5][5] = {
      [MONEY_NONE] = {[MONEY_PROCESSING] = true, [MONEY_PAID] = true},
      [MONEY_PROCESSING] = {[MONEY_PAID] = true, [MONEY_FAILED] = true},
      [MONEY_FAILED] = {[MONEY_PROCESSING] = true, [MONEY_PAID] = true},
      [MONEY_PAID] = {[MONEY_REFUNDED] = true},
  };
  return from == to || allowed[from][to];
}

// Who owns it is told, and whoever waits for it.
static void tell(Call *call, const Booking *booking) {
  Text account = {.arena = &call->arena};
  Text topic = {.arena = &call->arena};
  Text payload = {.arena = &call->arena};
  text_format(&account, "account:%lld", (long long)booking->user_id);
  text_format(&topic, "booking:%lld", (long long)booking->id);
  json_open(&payload, '{');
  json_put_str(&payload, "what", STR("booking"));
  json_put_str(&payload, "id", booking->public_id);
  json_put_str(&payload, "status", str_from(status_names[booking->status]));
  json_put_str(&payload, "paymentStatus", str_from(money_names[booking->money]));
  json_close(&payload, '}');
  call_signal(call, text_str(&account), STR("booking"), text_str(&payload));
  call_signal(call, text_str(&topic), STR("changed"), (Str){0});
}

bool booking_move(Call *call, Booking *booking, BookingStatus to, BookingMoney money, const char *cause) {
  // A move of the money alone leaves a booking on its way out where it is.
  static const char MOVE[] =
      "UPDATE bookings SET status = $1, payment_status = $2, closing = CASE WHEN status = $1 THEN closing END,"
      " confirmed_at = CASE WHEN $1 = 'confirmed' THEN coalesce(confirmed_at, $3) ELSE confirmed_at END"
      " WHERE id = $4 AND status = $5 AND payment_status = $6";
  assert(may_move(booking->status, to) && may_pay(booking->money, money));
  db_run(call->db, MOVE, sql_text(str_from(status_names[to])), sql_text(str_from(money_names[money])),
         sql_int(call->now_ms), sql_int(booking->id), sql_text(str_from(status_names[booking->status])),
         sql_text(str_from(money_names[booking->money])));
  if (db_changes(call->db) != 1) return false;
  if (booking->status != to) booking->closing = CLOSING_NOT;
  if (to == BOOKING_CONFIRMED && booking->confirmed_at == 0) booking->confirmed_at = call->now_ms;
  booking->status = to;
  booking->money = money;
  add_step(call, booking->id, to, money, cause);
  tell(call, booking);
  return true;
}

bool booking_set_money(Call *call, Booking *booking, BookingMoney money, const char *cause) {
  if (booking->money == money || !may_pay(booking->money, money)) return false;
  return booking_move(call, booking, booking->status, money, cause);
}

void booking_set_closing(Call *call, Booking *booking, BookingClosing closing) {
  static const char SET[] =
      "UPDATE bookings SET closing = $1, closing_checks = $2 WHERE id = $3 AND status = 'pending'";
  booking->closing = closing;
  db_run(call->db, SET, sql_text_or_null(str_from(closing_names[closing])), sql_int(booking->closing_checks),
         sql_int(booking->id));
}
