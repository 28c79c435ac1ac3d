// Bookings: what their moves do beside the row: seats, tickets, the line, mails and whoever listens by HTTP.
#include "models/booking.h"
#include "models/booking_seats.h"
#include "models/queue.h"
#include "models/stock.h"
#include "models/ticket.h"
#include "models/webhook.h"

// Telling.

static void tell_listeners(Call *call, const Booking *booking, Str type) {
  Text data = {.arena = &call->arena};
  booking_write(call, &data, booking, BOOKING_WITH_PERSON, (Str){0});
  webhook_tell(call, type, text_str(&data));
}

// Begins a mail to the booking's owner up to its open "args"; false: there is no address.
static bool begin_mail(Call *call, Text *mail, const Booking *booking, const char *template) {
  static const char WHERE_TO[] = "SELECT email, language FROM users WHERE id = $1 AND email IS NOT NULL";
  Rows rows = db_rows(call->db, WHERE_TO, sql_int(booking->user_id));
  if (!rows_next(&rows)) return false;
  ConcertAbout about = {0};
  *mail = (Text){.arena = &call->arena};
  json_open(mail, '{');
  json_put_str(mail, "template", str_from(template));
  json_put_str(mail, "to", rows_peek(&rows, 0));
  json_put_str(mail, "language", rows_peek(&rows, 1));
  rows_end(&rows);
  concert_read_about(call->db, &call->arena, booking->concert_id, &about);
  json_name(mail, "args");
  json_open(mail, '{');
  json_put_str(mail, "bookingId", booking->public_id);
  json_put_str(mail, "concert", about.name);
  json_put_str(mail, "venue", about.venue);
  json_put_int(mail, "date", about.date_ms);
  json_put_int(mail, "seats", booking->seats);
  json_put_int(mail, "amount", booking->amount);
  json_put_str(mail, "currency", booking->currency);
  return true;
}

static void send_mail(Call *call, Text *mail, const char *template, Str key) {
  Text name = {.arena = &call->arena};
  json_close(mail, '}');
  json_close(mail, '}');
  text_format(&name, "%s:%.*s", template, STR_ARG(key));
  call_effect(call, "mail", text_str(&name), text_str(mail), call->now_ms);
}

static void mail_confirmed(Call *call, const Booking *booking, bool other) {
  Text mail;
  Category category = {0};
  if (!begin_mail(call, &mail, booking, "confirmed")) return;
  category_find_by_id(call->db, &call->arena, booking->category_id, &category);
  json_put_str(&mail, "category", category.name);
  json_put_bool(&mail, "other", other);
  json_name(&mail, "tickets");
  ticket_write_all(call, &mail, booking->id);
  send_mail(call, &mail, "confirmed", booking->public_id);
}

void booking_mail_refund(Call *call, const Booking *booking, const char *reason, Str key) {
  Text mail;
  const char *template = booking->amount > 0 ? "refunded" : "cancelled";
  if (!begin_mail(call, &mail, booking, template)) return;
  json_put_str(&mail, "reason", str_from(reason));
  send_mail(call, &mail, template, key);
}

// Moving.

static void confirmed(Call *call, const Booking *booking, bool other) {
  ticket_add_all(call, booking);
  queue_complete(call, booking->concert_id, booking->user_id);
  mail_confirmed(call, booking, other);
  tell_listeners(call, booking, STR("booking.confirmed"));
  if (concert_note_sold_out(call, booking->concert_id)) concert_changed(call, booking->concert_id);
}

bool booking_confirm(Call *call, Booking *booking, const char *cause) {
  if (booking->status != BOOKING_PENDING) return false;
  if (!booking_move(call, booking, BOOKING_CONFIRMED, MONEY_PAID, cause)) return false;
  confirmed(call, booking, false);
  return true;
}

bool booking_release(Call *call, Booking *booking, BookingStatus to, const char *cause) {
  // What was asked of the provider has come to nothing.
  BookingMoney money = booking->money == MONEY_PROCESSING ? MONEY_FAILED : booking->money;
  if (booking->status != BOOKING_PENDING || !booking_move(call, booking, to, money, cause)) return false;
  booking_seats_free(call, booking);
  stock_return(call, booking->category_id, booking->seats);
  if (to == BOOKING_EXPIRED) tell_listeners(call, booking, STR("booking.expired"));
  return true;
}

bool booking_retake(Call *call, Booking *booking, const char *cause) {
  bool other = false;
  if (booking->status != BOOKING_EXPIRED && booking->status != BOOKING_CANCELLED) return false;
  if (booking->concert_ended_at != 0) return false;
  if (!booking_seats_retake(call, booking, &other)) return false;
  if (stock_take(call, booking->category_id, booking->seats) != ERR_NONE) {
    booking_seats_free(call, booking);
    return false;
  }
  if (!booking_move(call, booking, BOOKING_CONFIRMED, MONEY_PAID, cause)) return false;
  confirmed(call, booking, other);
  return true;
}

bool booking_refund_late(Call *call, Booking *booking) {
  if (!booking_set_money(call, booking, MONEY_PAID, "paid late")) return false;
  return booking_set_money(call, booking, MONEY_REFUNDED, "refunded");
}

bool booking_refund(Call *call, Booking *booking, const char *cause) {
  if (booking->status != BOOKING_CONFIRMED) return false;
  if (!booking_move(call, booking, BOOKING_CANCELLED, MONEY_REFUNDED, cause)) return false;
  ticket_void_all(call, booking->id);
  booking_seats_free(call, booking);
  stock_return(call, booking->category_id, booking->seats);
  return true;
}

void booking_tell_refunded(Call *call, const Booking *booking) {
  tell_listeners(call, booking, STR("booking.refunded"));
}
