// Bookings as answers show them (tickets contract 3.5, docs/wire_additions.md).
#include "models/booking.h"
#include "models/booking_seats.h"
#include "shared/currency.h"

static void write_category(Call *call, Text *out, const Booking *booking) {
  Category category = {0};
  category_find_by_id(call->db, &call->arena, booking->category_id, &category);
  json_name(out, "category");
  json_open(out, '{');
  json_put_str(out, "id", category.public_id);
  json_put_str(out, "name", category.name);
  json_name(out, "price");
  json_add_double(out, (double)category.price / (double)currency_units(booking->currency));
  json_close(out, '}');
}

static void write_concert(Call *call, Text *out, const Booking *booking) {
  ConcertAbout about = {0};
  concert_read_about(call->db, &call->arena, booking->concert_id, &about);
  json_name(out, "concert");
  json_open(out, '{');
  json_put_str(out, "id", booking->concert_public_id);
  json_put_str(out, "name", about.name);
  json_put_str(out, "venue", about.venue);
  json_put_time(out, "date", about.date_ms);
  json_put_str(out, "imageUrl", about.image_url);
  if (booking->concert_ended_at != 0) json_put_time(out, "endedAt", booking->concert_ended_at);
  json_close(out, '}');
}

static void write_person(Call *call, Text *out, int64_t user_id) {
  static const char FIND[] = "SELECT email, coalesce(name, username) FROM users WHERE id = $1";
  Rows rows = db_rows(call->db, FIND, sql_int(user_id));
  if (!rows_next(&rows)) return;
  json_put_str_or_null(out, "email", rows_peek(&rows, 0));
  json_put_str_or_null(out, "name", rows_peek(&rows, 1));
  rows_end(&rows);
}

// How the money goes back, for the staff: of several payments the one that has failed.
static void write_refund(Call *call, Text *out, int64_t booking_id) {
  static const char FIND[] =
      "SELECT CASE WHEN status = 'refunded' THEN 'succeeded' ELSE coalesce(refund_state, 'pending') END FROM payments"
      " WHERE booking_id = $1 AND (status = 'refunded' OR refund_due = 1)"
      " ORDER BY coalesce(refund_state, '') = 'failed' DESC, status = 'refunded', id DESC LIMIT 1";
  Rows rows = db_rows(call->db, FIND, sql_int(booking_id));
  json_put_str_or_null(out, "refund", rows_next(&rows) ? rows_peek(&rows, 0) : (Str){0});
  rows_end(&rows);
}

static void write_money(Text *out, const Booking *booking) {
  json_put_str(out, "paymentStatus", str_from(booking_money_name(booking->money)));
  json_put_str_or_null(out, "paymentIntentId", booking->intent_id);
  json_put_int(out, "amount", booking->amount);
  json_put_int(out, "fee", booking->fee);
  json_put_str(out, "currency", booking->currency);
}

void booking_write_with(Call *call, Text *out, const Booking *booking, const BookedSeats *seats, int parts,
                        Str reason) {
  json_open(out, '{');
  json_put_str(out, "id", booking->public_id);
  json_put_str(out, "userId", booking->user_public_id);
  json_put_str(out, "concertId", booking->concert_public_id);
  json_put_str(out, "categoryId", booking->category_public_id);
  json_put_int(out, "seats", booking->seats);
  json_put_str(out, "status", str_from(booking_status_name(booking->status)));
  write_money(out, booking);
  json_put_time(out, "bookedAt", booking->booked_at);
  json_put_time(out, "expiresAt", booking->expires_at);
  json_put_time(out, "serverNow", call->now_ms);
  booking_seats_write(out, seats);
  if (parts & BOOKING_WITH_CATEGORY) write_category(call, out, booking);
  if (parts & BOOKING_WITH_CONCERT) write_concert(call, out, booking);
  if (parts & BOOKING_WITH_PERSON) {
    write_person(call, out, booking->user_id);
    write_refund(call, out, booking->id);
  }
  if (reason.length > 0) {
    json_name(out, "reason");
    json_add_raw(out, reason);
  }
  json_close(out, '}');
}

void booking_write(Call *call, Text *out, const Booking *booking, int parts, Str reason) {
  BookedSeats seats;
  booking_seats_read(call, booking, &seats);
  booking_write_with(call, out, booking, &seats, parts, reason);
}
