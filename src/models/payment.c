// Payments: their rows, and what an intent's state means for its booking.
#include "models/payment.h"

#include "core/log.h"
#include "models/payment_ask.h"
#include "models/stock.h"

static const char *const status_names[] = {"created", "processing", "succeeded", "failed", "canceled", "refunded"};
enum { STATUSES = 6, HOUR_MS = 3600 * 1000 };

static PaymentStatus status_of(Str name) {
  for (int i = 0; i < STATUSES; i++) {
    if (str_equal(name, str_from(status_names[i]))) return (PaymentStatus)i;
  }
  return PAYMENT_CREATED;  // the schema allows no other
}

// Reading.

#define PAYMENT_SELECT                                                                                          \
  "SELECT id, booking_id, attempt, intent_id, client_secret, amount, currency, status, is_current, refund_due," \
  " asks, last_error, created_at, refund_id, refund_state, refund_failures FROM payments"

static bool read_one(Call *call, Rows rows, Payment *payment) {
  Arena *arena = &call->arena;
  if (!rows_next(&rows)) return false;
  *payment = (Payment){.id = rows_int(&rows, 0),
                       .booking_id = rows_int(&rows, 1),
                       .attempt = rows_int(&rows, 2),
                       .intent_id = rows_text(&rows, 3, arena),
                       .client_secret = rows_text(&rows, 4, arena),
                       .amount = rows_int(&rows, 5),
                       .currency = rows_text(&rows, 6, arena),
                       .status = status_of(rows_peek(&rows, 7)),
                       .current = rows_int(&rows, 8) != 0,
                       .refund_due = rows_int(&rows, 9) != 0,
                       .asks = rows_int(&rows, 10),
                       .last_error = rows_text(&rows, 11, arena),
                       .created_at = rows_int(&rows, 12),
                       .refund_id = rows_text(&rows, 13, arena),
                       .refund_state = rows_text(&rows, 14, arena),
                       .refund_failures = rows_int(&rows, 15)};
  rows_end(&rows);
  return true;
}

bool payment_find(Call *call, int64_t payment_id, Payment *payment) {
  static const char FIND[] = PAYMENT_SELECT " WHERE id = $1";
  return read_one(call, db_rows(call->db, FIND, sql_int(payment_id)), payment);
}

bool payment_find_current(Call *call, int64_t booking_id, Payment *payment) {
  static const char FIND[] = PAYMENT_SELECT " WHERE booking_id = $1 AND is_current = 1";
  return read_one(call, db_rows(call->db, FIND, sql_int(booking_id)), payment);
}

bool payment_find_intent(Call *call, Str intent_id, Payment *payment) {
  static const char FIND[] = PAYMENT_SELECT " WHERE intent_id = $1";
  return read_one(call, db_rows(call->db, FIND, sql_text(intent_id)), payment);
}

bool payment_find_attempt(Call *call, int64_t booking_id, int64_t attempt, Payment *payment) {
  static const char FIND[] = PAYMENT_SELECT " WHERE booking_id = $1 AND attempt = $2";
  return read_one(call, db_rows(call->db, FIND, sql_int(booking_id), sql_int(attempt)), payment);
}

// Writing.

bool payment_open(const Payment *payment) {
  return payment->status == PAYMENT_CREATED || payment->status == PAYMENT_PROCESSING ||
         payment->status == PAYMENT_FAILED;
}

int64_t payment_next_look(const Call *call, const Payment *payment) {
  int64_t least = call->config->sweep_interval_ms;
  int64_t wait = call->now_ms - payment->created_at;  // doubles its age
  return call->now_ms + (wait < least ? least : wait > HOUR_MS ? HOUR_MS : wait);
}

// One conditional update; false when the row is no longer where it was read.
static bool set_status(Call *call, Payment *payment, PaymentStatus to) {
  static const char SET[] =
      "UPDATE payments SET status = $1, look_at = $2, updated_at = $3 WHERE id = $4 AND status = $5";
  PaymentStatus from = payment->status;
  if (from == to) return false;
  payment->status = to;
  SqlValue look_at = payment_open(payment) ? sql_int(payment_next_look(call, payment)) : (SqlValue){.kind = SQL_NULL};
  db_run(call->db, SET, sql_text(str_from(status_names[to])), look_at, sql_int(call->now_ms), sql_int(payment->id),
         sql_text(str_from(status_names[from])));
  return db_changes(call->db) == 1;
}

void payment_set_intent(Call *call, Payment *payment, const Intent *intent) {
  static const char SET[] =
      "UPDATE payments SET intent_id = $1, client_secret = $2, updated_at = $3, look_at = $4"
      " WHERE id = $5 AND intent_id IS NULL";
  payment->intent_id = intent->id;
  payment->client_secret = intent->client_secret;
  db_run(call->db, SET, sql_text(intent->id), sql_text(intent->client_secret), sql_int(call->now_ms),
         sql_int(payment_next_look(call, payment)), sql_int(payment->id));
}

// The meaning of an intent's state.

// The row says what was asked for, not what a seat costs today.
static bool is_what_was_asked(const Payment *payment, const Booking *booking, const Intent *intent) {
  return intent->amount == payment->amount && str_equal_nocase(intent->currency, payment->currency) &&
         str_equal(intent->booking_public_id, booking->public_id);
}

// Money that came when the booking was over: its seats if they are free, equal ones if those will do, else it goes
// back.
static void money_came_late(Call *call, Payment *payment, Booking *booking) {
  if (booking_retake(call, booking, "paid late")) {
    stock_changed(call, booking->concert_id, false);
    return;
  }
  booking_refund_late(call, booking);
  payment_give_back(call, payment, booking, "late");
  booking_tell_refunded(call, booking);
}

// Money that is not what was asked for, or of an intent that was replaced, goes back. A booking that had no other is
// over.
static void turn_away(Call *call, Payment *payment, Booking *booking) {
  payment_give_back(call, payment, booking, "replaced");
  if (!payment->current || booking->status == BOOKING_CONFIRMED) return;
  if (booking_release(call, booking, BOOKING_EXPIRED, "expired")) stock_changed(call, booking->concert_id, true);
  if (booking->money != MONEY_REFUNDED && booking_refund_late(call, booking)) booking_tell_refunded(call, booking);
}

static void money_came(Call *call, Payment *payment, Booking *booking, const Intent *intent) {
  if (payment->status == PAYMENT_SUCCEEDED || payment->status == PAYMENT_REFUNDED) return;
  bool right = is_what_was_asked(payment, booking, intent);
  bool pending = booking->status == BOOKING_PENDING;
  if (!right) {
    log_error("payment: an intent is not what was asked for", "intent=%.*s booking=%.*s", STR_ARG(payment->intent_id),
              STR_ARG(booking->public_id));
    // Nothing is taken on trust while the booking lasts; at its end the money goes back.
    if (pending && booking->closing == CLOSING_NOT) return;
  }
  if (!set_status(call, payment, PAYMENT_SUCCEEDED)) return;
  bool over = booking->status == BOOKING_EXPIRED || booking->status == BOOKING_CANCELLED;
  if (payment->current && right && pending) {
    booking_confirm(call, booking, "paid");
  } else if (payment->current && right && over && booking->money != MONEY_REFUNDED) {
    money_came_late(call, payment, booking);
  } else {
    turn_away(call, payment, booking);
  }
}

static void intent_ended(Call *call, Payment *payment, Booking *booking) {
  if (payment_open(payment)) set_status(call, payment, PAYMENT_CANCELED);
  if (!payment->current || booking->status != BOOKING_PENDING || payment->status != PAYMENT_CANCELED) return;
  bool cancels = booking->closing == CLOSING_CANCEL;
  if (cancels || booking->closing == CLOSING_EXPIRE || booking->expires_at <= call->now_ms) {
    BookingStatus to = cancels ? BOOKING_CANCELLED : BOOKING_EXPIRED;
    if (booking_release(call, booking, to, cancels ? "cancelled" : "expired"))
      stock_changed(call, booking->concert_id, true);
  } else {
    booking_set_money(call, booking, MONEY_FAILED, "intent canceled");
  }
}

static void is_processing(Call *call, Payment *payment, Booking *booking) {
  if (payment->status == PAYMENT_CREATED || payment->status == PAYMENT_FAILED)
    set_status(call, payment, PAYMENT_PROCESSING);
  if (!payment->current || booking->status != BOOKING_PENDING) return;
  booking_set_money(call, booking, MONEY_PROCESSING, "processing");
  if (booking->closing == CLOSING_CANCEL) booking_set_closing(call, booking, CLOSING_NOT);
}

static void try_failed(Call *call, Payment *payment, Booking *booking) {
  if (payment->status != PAYMENT_CREATED && payment->status != PAYMENT_PROCESSING) return;
  set_status(call, payment, PAYMENT_FAILED);
  if (payment->current && booking->status == BOOKING_PENDING)
    booking_set_money(call, booking, MONEY_FAILED, "payment failed");
}

void payment_told(Call *call, Payment *payment, const Intent *intent) {
  Booking booking;
  if (!booking_find(call, payment->booking_id, &booking)) return;
  if (str_equal(intent->status, STR("succeeded"))) {
    money_came(call, payment, &booking, intent);
  } else if (str_equal(intent->status, STR("canceled"))) {
    intent_ended(call, payment, &booking);
  } else if (str_equal(intent->status, STR("processing"))) {
    is_processing(call, payment, &booking);
  } else if (payment->status == PAYMENT_PROCESSING) {
    try_failed(call, payment, &booking);  // back to requires_payment_method
  }
}

void payment_try_failed(Call *call, Payment *payment) {
  Booking booking;
  if (booking_find(call, payment->booking_id, &booking)) try_failed(call, payment, &booking);
}

void payment_refused(Call *call, Payment *payment, Str words) {
  static const char KEEP[] =
      "UPDATE payments SET status = 'failed', last_error = $1, look_at = NULL, updated_at = $2"
      " WHERE id = $3 AND status = 'created' AND intent_id IS NULL";
  Booking booking;
  db_run(call->db, KEEP, sql_text(words), sql_int(call->now_ms), sql_int(payment->id));
  if (db_changes(call->db) != 1 || !payment->current || !booking_find(call, payment->booking_id, &booking)) return;
  if (booking.status == BOOKING_PENDING) booking_set_money(call, &booking, MONEY_FAILED, "intent refused");
}
