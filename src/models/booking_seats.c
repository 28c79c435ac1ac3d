// The numbered seats of bookings.
#include "models/booking_seats.h"

#include "models/best_seats.h"
#include "models/booking_ahead.h"
#include "models/hall.h"
#include "models/plan.h"
#include "models/seat.h"
#include "models/stock.h"

Str booking_seat_name(Arena *arena, const Rows *rows, int first) {
  Text label = {.arena = arena};
  Str row = rows_text(rows, first + 2, arena);
  Str place = rows_text(rows, first + 3, arena);
  Str zone = rows_text(rows, first + 4, arena);
  if (row.length == 0) row = plan_row_name(arena, (int)rows_int(rows, first));
  if (zone.length > 0) text_format(&label, "%.*s, ", STR_ARG(zone));
  text_format(&label, "Row %.*s, ", STR_ARG(row));
  if (place.length > 0) {
    text_add(&label, place);
  } else {
    text_int(&label, rows_int(rows, first + 1));
  }
  return text_str(&label);
}

// Of columns as in booking_seat_name behind the id.
static void booked_seats_add(Call *call, BookedSeats *seats, const Rows *rows) {
  seats->ids[seats->count] = rows_int(rows, 0);
  seats->labels[seats->count++] = booking_seat_name(&call->arena, rows, 1);
}

static void record(Call *call, int64_t hall_id, SeatStatus to, int64_t by, Seat *seats, size_t count) {
  seat_record(call, hall_id, &(SeatChanges){.to = to, .by = by, .seats = seats, .count = count});
}

static void reply_taken(Call *call, const int64_t *taken, size_t count) {
  call->reply.length = 0;
  json_open(&call->reply, '{');
  json_name(&call->reply, "seatIds");
  json_open(&call->reply, '[');
  for (size_t i = 0; i < count; i++) json_add_int(&call->reply, taken[i]);
  json_close(&call->reply, ']');
  json_close(&call->reply, '}');
}

// "1,2"
static Str list_of(Call *call, const int64_t *ids, int64_t count) {
  Text list = {.arena = &call->arena};
  for (int64_t i = 0; i < count; i++) text_list_int(&list, ids[i]);
  return text_str(&list);
}

static bool is_among(int64_t id, const int64_t *ids, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    if (ids[i] == id) return true;
  }
  return false;
}

// The seats of an order as the tables have them, in the order of their rows and places.
static size_t find_seats(Call *call, const BookingOrder *order, AheadSeat *seats) {
  // `+ 0` leaves SQLite no index but that of the ids: it would take one of the hall, and read all of its seats.
  static const char FIND[] = SQL_FORMS(
      "SELECT id, row, place, row_label, place_label, zone, status FROM seats"
      " WHERE id IN (SELECT value FROM json_each('[' || $1 || ']')) AND hall_id + 0 = $2 AND seat_type_id + 0 = $3"
      " ORDER BY row, place",
      "SELECT id, row, place, row_label, place_label, zone, status FROM seats"
      " WHERE id = ANY(string_to_array($1, ',')::BIGINT[]) AND hall_id = $2 AND seat_type_id = $3 ORDER BY row, place");
  size_t count = 0;
  Rows rows = db_rows(call->db, FIND, sql_text(list_of(call, order->seat_ids, order->seats)),
                      sql_int(order->concert->hall_id), sql_int(order->category->seat_type_id));
  while (count < BOOKING_SEATS_MAX && rows_next(&rows)) {
    seats[count++] = (AheadSeat){.id = rows_int(&rows, 0),
                                 .vacant = rows_int(&rows, 6) == SEAT_VACANT,
                                 .label = booking_seat_name(&call->arena, &rows, 1)};
  }
  rows_end(&rows);
  return count;
}

static bool stands_before(const AheadSeat *a, const AheadSeat *b) {
  return a->row != b->row ? a->row < b->row : a->place < b->place;
}

// The same of what was read ahead. False: not all of them were.
static bool know_seats(Call *call, const BookingOrder *order, AheadSeat *seats, size_t *count) {
  *count = 0;
  for (int64_t i = 0; i < order->seats; i++) {
    const AheadSeat *known = booking_ahead_seat(call->db, order->seat_ids[i]);
    if (known == NULL) return false;
    if (known->hall_id != order->concert->hall_id || known->seat_type_id != order->category->seat_type_id) continue;
    size_t at = (*count)++;
    for (; at > 0 && stands_before(known, &seats[at - 1]); at--) seats[at] = seats[at - 1];
    seats[at] = *known;
    seats[at].label = str_copy(&call->arena, known->label);
  }
  return true;
}

static bool is_vacant(int64_t id, const AheadSeat *seats, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (seats[i].id == id) return seats[i].vacant;
  }
  return false;
}

Error booking_seats_look(Call *call, const BookingOrder *order, BookedSeats *seats) {
  AheadSeat found[BOOKING_SEATS_MAX];
  int64_t taken[BOOKING_SEATS_MAX];
  size_t taken_count = 0;
  *seats = (BookedSeats){0};
  for (int64_t i = 0; i < order->seats; i++) {
    if (is_among(order->seat_ids[i], order->seat_ids, i)) return ERR_VALIDATION;
  }
  if (!know_seats(call, order, found, &seats->count)) seats->count = find_seats(call, order, found);
  for (size_t i = 0; i < seats->count; i++) {
    seats->ids[i] = found[i].id;
    seats->labels[i] = found[i].label;
  }
  if ((int64_t)seats->count < order->seats) return ERR_VALIDATION;
  for (int64_t i = 0; i < order->seats; i++) {
    if (!is_vacant(order->seat_ids[i], found, seats->count)) taken[taken_count++] = order->seat_ids[i];
  }
  if (taken_count == 0) return ERR_NONE;
  reply_taken(call, taken, taken_count);
  return ERR_SEATS_TAKEN;
}

void booking_seats_hold(Call *call, const BookingOrder *order, int64_t user_id) {
  // By ctid, each found through the index of the ids: PostgreSQL could take a join by id for one of the whole tables.
  static const char HOLD[] =
      SQL_FORMS("UPDATE seats SET status = 1, reserved_by = $1, updated_at = $2 WHERE id = $3",
                "UPDATE seats SET status = 1, reserved_by = n.user_id, updated_at = n.at FROM unnest($1::BIGINT[],"
                " $2::BIGINT[], $3::BIGINT[]) AS n(user_id, at, id), LATERAL (SELECT s.ctid FROM seats s"
                " WHERE s.id = n.id OFFSET 0) AS found(place) WHERE seats.ctid = found.place");
  Seat seats[BOOKING_SEATS_MAX];
  for (int64_t i = 0; i < order->seats; i++) {
    seats[i] = (Seat){.id = order->seat_ids[i], .status = SEAT_VACANT};
    db_gather(call->db, HOLD, sql_int(user_id), sql_int(call->now_ms), sql_int(seats[i].id));
  }
  record(call, order->concert->hall_id, SEAT_RESERVED, user_id, seats, (size_t)order->seats);
}

static void note(Call *call, int64_t booking_id, const int64_t *seat_ids, int64_t count) {
  static const char NOTE[] =
      "INSERT INTO booking_seats(booking_id, seat_id) VALUES($1, $2)"
      " ON CONFLICT (booking_id, seat_id) DO UPDATE SET released_at = NULL";
  for (int64_t i = 0; i < count; i++) db_send(call->db, NOTE, sql_int(booking_id), sql_int(seat_ids[i]));
}

void booking_seats_note_new(Call *call, Str booking_public_id, const int64_t *seat_ids, int64_t count) {
  static const char NOTE[] = SQL_FORMS(
      "INSERT INTO booking_seats(booking_id, seat_id) SELECT id, $1 FROM bookings WHERE public_id = $2",
      "INSERT INTO booking_seats(booking_id, seat_id) SELECT (SELECT id FROM bookings WHERE public_id = n.booking),"
      " n.seat FROM unnest($1::BIGINT[], $2::TEXT[]) AS n(seat, booking)");
  for (int64_t i = 0; i < count; i++) db_gather(call->db, NOTE, sql_int(seat_ids[i]), sql_text(booking_public_id));
}

void booking_seats_free(Call *call, const Booking *booking) {
  static const char HELD[] =
      "SELECT s.id, s.status FROM booking_seats b JOIN seats s ON s.id = b.seat_id"
      " WHERE b.booking_id = $1 AND b.released_at IS NULL ORDER BY b.seat_id";
  static const char FREE[] = "UPDATE seats SET status = 0, reserved_by = NULL, updated_at = $1 WHERE id = $2";
  static const char RELEASE[] =
      "UPDATE booking_seats SET released_at = $1 WHERE booking_id = $2 AND released_at IS NULL";
  if (booking->hall_id == 0) return;
  Seat seats[BOOKING_SEATS_MAX];
  size_t count = 0;
  Rows rows = db_rows(call->db, HELD, sql_int(booking->id));
  while (count < BOOKING_SEATS_MAX && rows_next(&rows)) {
    seats[count++] = (Seat){.id = rows_int(&rows, 0), .status = (SeatStatus)rows_int(&rows, 1)};
  }
  rows_end(&rows);
  for (size_t i = 0; i < count; i++) db_run(call->db, FREE, sql_int(call->now_ms), sql_int(seats[i].id));
  db_run(call->db, RELEASE, sql_int(call->now_ms), sql_int(booking->id));
  if (count == 0) return;
  record(call, booking->hall_id, SEAT_VACANT, booking->user_id, seats, count);
  // Where another concert is sold in the hall by now, what comes back is of its stock.
  HallSale sale = stock_find_sale(call->db, booking->hall_id);
  if (sale.concert_id != booking->concert_id)
    stock_seats_changed(call, &sale, &(SeatChanges){.to = SEAT_VACANT, .seats = seats, .count = count});
}

// Taking seats again.

// The seats a booking had, when all of them are free.
static bool had_and_free(Call *call, const Booking *booking, int64_t *seat_ids) {
  static const char HAD[] =
      "SELECT s.id FROM booking_seats b JOIN seats s ON s.id = b.seat_id WHERE b.booking_id = $1 AND s.status = 0"
      " ORDER BY b.seat_id";
  int64_t count = 0;
  Rows rows = db_rows(call->db, HAD, sql_int(booking->id));
  while (count < booking->seats && rows_next(&rows)) seat_ids[count++] = rows_int(&rows, 0);
  rows_end(&rows);
  return count == booking->seats;
}

static bool any_free(Call *call, const Booking *booking, int64_t seat_type_id, int64_t *seat_ids) {
  static const char FREE[] =
      "SELECT id FROM seats WHERE hall_id = $1 AND seat_type_id = $2 AND status = 0 ORDER BY row, place LIMIT $3";
  int64_t count = 0;
  Rows rows = db_rows(call->db, FREE, sql_int(booking->hall_id), sql_int(seat_type_id), sql_int(booking->seats));
  while (count < booking->seats && rows_next(&rows)) seat_ids[count++] = rows_int(&rows, 0);
  rows_end(&rows);
  return count == booking->seats;
}

bool booking_seats_retake(Call *call, const Booking *booking, bool *other) {
  int64_t seat_ids[BOOKING_SEATS_MAX];
  Category category;
  Concert concert = {.hall_id = booking->hall_id};
  *other = false;
  if (booking->hall_id == 0) return true;
  HallSale sale = stock_find_sale(call->db, booking->hall_id);
  if (sale.open && sale.concert_id != booking->concert_id) return false;
  if (!category_find_by_id(call->db, &call->arena, booking->category_id, &category)) return false;
  if (!had_and_free(call, booking, seat_ids)) {
    Str reason;
    *other = true;
    if (!booking->accepts_other) return false;
    if (!booking_seats_best(call, &category, booking->hall_id, booking->seats, seat_ids, &reason) &&
        !any_free(call, booking, category.seat_type_id, seat_ids))
      return false;
  }
  BookingOrder order = {.concert = &concert, .category = &category, .seats = booking->seats, .seat_ids = seat_ids};
  BookedSeats seats;
  if (booking_seats_look(call, &order, &seats) != ERR_NONE) return false;
  booking_seats_hold(call, &order, booking->user_id);
  note(call, booking->id, seat_ids, booking->seats);
  return true;
}

// Best seats.

// Where the middle of a category is: between its leftmost and its rightmost seat.
static int64_t middle_of(Call *call, int64_t hall_id, int64_t seat_type_id, int64_t *width) {
  static const char LEAST[] = "SELECT min(x) FROM seats WHERE hall_id = $1 AND seat_type_id = $2";
  static const char MOST[] = "SELECT max(x) FROM seats WHERE hall_id = $1 AND seat_type_id = $2";
  static const char WIDTH[] = "SELECT width FROM seats WHERE hall_id = $1 AND seat_type_id = $2 LIMIT 1";
  int64_t least = db_int(call->db, LEAST, 0, sql_int(hall_id), sql_int(seat_type_id));
  int64_t most = db_int(call->db, MOST, 0, sql_int(hall_id), sql_int(seat_type_id));
  *width = db_int(call->db, WIDTH, 1, sql_int(hall_id), sql_int(seat_type_id));
  return (least + most + *width) / 2;
}

static Str write_reason(Call *call, const BestChoice *choice) {
  Text reason = {.arena = &call->arena};
  bool best = choice->rows_behind == 0 && choice->seats_aside <= 1;
  json_open(&reason, '{');
  json_put_str(&reason, "code",
               choice->leaves_single ? STR("leaves_single")
               : best                ? STR("front_middle")
                                     : STR("nearest"));
  json_put_int(&reason, "rowsBehindFront", choice->rows_behind);
  json_put_int(&reason, "seatsFromMiddle", choice->seats_aside);
  json_close(&reason, '}');
  return text_str(&reason);
}

bool booking_seats_best(Call *call, const Category *category, int64_t hall_id, int64_t wanted, int64_t *seat_ids,
                        Str *reason) {
  static const char FREE[] =
      "SELECT id, row, place, x + width / 2, zone FROM seats"
      " WHERE hall_id = $1 AND seat_type_id = $2 AND status = 0 ORDER BY row, place LIMIT 8192";
  int64_t width;
  int64_t middle = middle_of(call, hall_id, category->seat_type_id, &width);
  BestSearch search = best_seats_begin(wanted, middle, width);
  Rows rows = db_rows(call->db, FREE, sql_int(hall_id), sql_int(category->seat_type_id));
  bool open = true;
  while (open && rows_next(&rows)) {
    BestSeat seat = {.id = rows_int(&rows, 0),
                     .row = rows_int(&rows, 1),
                     .place = rows_int(&rows, 2),
                     .middle = rows_int(&rows, 3),
                     .zone = (int64_t)str_hash(rows_peek(&rows, 4))};
    open = best_seats_put(&search, &seat);
  }
  rows_end(&rows);
  BestChoice choice = best_seats_end(&search);
  if (!choice.found) return false;
  for (int64_t i = 0; i < wanted; i++) seat_ids[i] = choice.seats[i].id;
  *reason = write_reason(call, &choice);
  return true;
}

// Showing them.

Str booking_seat_label(Call *call, int64_t seat_id) {
  static const char FIND[] = "SELECT row, place, row_label, place_label, zone FROM seats WHERE id = $1";
  Str label = {0};
  if (seat_id == 0) return label;
  Rows rows = db_rows(call->db, FIND, sql_int(seat_id));
  if (rows_next(&rows)) label = booking_seat_name(&call->arena, &rows, 0);
  rows_end(&rows);
  return label;
}

void booking_seats_read(Call *call, const Booking *booking, BookedSeats *seats) {
  // Of a booking that is over, the seats it had; of a concert that is over, those it had at the end.
  static const char SEATS[] =
      "SELECT s.id, s.row, s.place, s.row_label, s.place_label, s.zone FROM booking_seats b"
      " JOIN seats s ON s.id = b.seat_id WHERE b.booking_id = $1 AND (b.released_at IS NULL OR $2 = 1"
      " OR b.released_at = $3) ORDER BY s.row, s.place";
  bool over = booking->status == BOOKING_EXPIRED || booking->status == BOOKING_CANCELLED;
  *seats = (BookedSeats){0};
  if (booking->hall_id == 0) return;
  SqlValue end = booking->concert_ended_at != 0 ? sql_int(booking->concert_ended_at) : (SqlValue){.kind = SQL_NULL};
  Rows rows = db_rows(call->db, SEATS, sql_int(booking->id), sql_int(over), end);
  while (seats->count < BOOKED_SEATS_MAX && rows_next(&rows)) booked_seats_add(call, seats, &rows);
  rows_end(&rows);
}

void booking_seats_write(Text *out, const BookedSeats *seats) {
  json_name(out, "seatIds");
  json_open(out, '[');
  for (size_t i = 0; i < seats->count; i++) json_add_int(out, seats->ids[i]);
  json_close(out, ']');
  json_name(out, "seatLabels");
  json_open(out, '[');
  for (size_t i = 0; i < seats->count; i++) json_add_str(out, seats->labels[i]);
  json_close(out, ']');
}
