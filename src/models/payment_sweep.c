// What is looked at by itself: bookings whose time has run out, in two phases (the intent is cancelled first, the seats
// are free only when the provider says so), and payments of which nothing was heard for long.
#include "models/payment_sweep.h"

#include "models/payment_ask.h"
#include "models/stock.h"

enum {
  RELEASED_MAX = 250,  // a call; the rest in the next
  DUE_MAX = 1000,
  LOOKS_MAX = 100,
  UNREACHABLE_MAX = 5,             // sweeps that wait for a provider who does not answer
  PROCESSING_MS = 30 * 60 * 1000,  // past its end a booking waits so long for a payment under way
  HOUR_MS = 3600 * 1000
};

typedef enum Closed { CLOSED_NOW, CLOSED_WAITS, CLOSED_NOT } Closed;

static Closed release(Call *call, Booking *booking) {
  bool cancels = booking->closing == CLOSING_CANCEL;
  BookingStatus to = cancels ? BOOKING_CANCELLED : BOOKING_EXPIRED;
  return booking_release(call, booking, to, cancels ? "cancelled" : "expired") ? CLOSED_NOW : CLOSED_NOT;
}

// A sweep that has not reached the provider. It is done in several runs, and by every server: what was counted less
// than an interval ago is not counted again.
static Closed skip(Call *call, Booking *booking, const Payment *payment) {
  static const char COUNTED[] =
      "UPDATE payments SET updated_at = $1 WHERE id = $2 AND updated_at NOT BETWEEN $3 AND $1";
  db_run(call->db, COUNTED, sql_int(call->now_ms), sql_int(payment->id),
         sql_int(call->now_ms - call->config->sweep_interval_ms + 1));
  if (db_changes(call->db) != 1) return CLOSED_NOT;
  if (++booking->closing_checks > UNREACHABLE_MAX) return release(call, booking);
  booking_set_closing(call, booking, booking->closing);
  return CLOSED_NOT;
}

// A booking whose time has run out. CLOSED_WAITS: the provider is asked.
static Closed close_booking(Call *call, Booking *booking, Payment *payment, bool swept) {
  bool bound = payment_find_current(call, booking->id, payment) && payment_open(payment);
  // An intent whose secret nobody was told cannot be paid.
  if (!bound || payment->intent_id.length == 0) return release(call, booking);
  if (payment->status == PAYMENT_PROCESSING && call->now_ms > booking->expires_at + PROCESSING_MS)
    return release(call, booking);
  AskState state = payment_ask_state(call, booking, payment);
  if (state == ASK_UNDER_WAY) return CLOSED_WAITS;
  if (state == ASK_FAILING) return swept ? skip(call, booking, payment) : CLOSED_NOT;
  if (state == ASK_GIVEN_UP && swept && skip(call, booking, payment) == CLOSED_NOW) return CLOSED_NOW;
  if (payment->status == PAYMENT_PROCESSING) {
    payment_ask(call, booking, payment, ASK_RETRIEVE, call->now_ms);
    return CLOSED_WAITS;
  }
  if (booking->closing == CLOSING_NOT) booking_set_closing(call, booking, CLOSING_EXPIRE);
  payment_ask(call, booking, payment, ASK_CANCEL, call->now_ms);
  return CLOSED_WAITS;
}

// Ids of one query, read before anything is changed.
static size_t read_ids(Rows rows, int64_t *ids, size_t most) {
  size_t count = 0;
  while (count < most && rows_next(&rows)) ids[count++] = rows_int(&rows, 0);
  rows_end(&rows);
  return count;
}

static bool close_due(Call *call) {
  static const char DUE[] =
      "SELECT id FROM bookings WHERE status = 'pending' AND expires_at <= $1 ORDER BY expires_at LIMIT 1000";
  int64_t *ids = ARENA_ARRAY(&call->arena, int64_t, DUE_MAX);
  size_t count = read_ids(db_rows(call->db, DUE, sql_int(call->now_ms)), ids, DUE_MAX);
  int64_t concert_id = 0;  // whose stock has changed and was not told yet
  int released = 0;
  for (size_t i = 0; i < count && released < RELEASED_MAX; i++) {
    Booking booking;
    Payment payment;
    if (!booking_find(call, ids[i], &booking)) continue;
    if (close_booking(call, &booking, &payment, true) != CLOSED_NOW) continue;
    ++released;
    if (concert_id != 0 && concert_id != booking.concert_id) stock_changed(call, concert_id, true);
    concert_id = booking.concert_id;
  }
  if (concert_id != 0) stock_changed(call, concert_id, true);
  return released == RELEASED_MAX;
}

bool payment_close_one(Call *call, Booking *booking, bool *freed) {
  Payment payment;
  Closed closed = close_booking(call, booking, &payment, false);
  *freed = closed == CLOSED_NOW;
  if (closed == CLOSED_WAITS) payment_wait(call, booking, &payment);
  return closed == CLOSED_WAITS;
}

bool payment_close_due(Call *call, int64_t category_id, bool *freed) {
  enum { LAZY_MAX = 20 };
  // Of the oldest, those without an intent first: their seats are free at once.
  static const char DUE[] =
      "SELECT id FROM (SELECT id, payment_status, expires_at FROM bookings WHERE status = 'pending'"
      " AND expires_at <= $1 AND category_id = $2 ORDER BY expires_at LIMIT 200) due"
      " ORDER BY payment_status != 'none', expires_at LIMIT 20";
  int64_t ids[LAZY_MAX];
  size_t count = read_ids(db_rows(call->db, DUE, sql_int(call->now_ms), sql_int(category_id)), ids, LAZY_MAX);
  bool waits = false;
  *freed = false;
  for (size_t i = 0; i < count; i++) {
    Booking booking;
    Payment payment;
    if (!booking_find(call, ids[i], &booking)) continue;
    Closed closed = close_booking(call, &booking, &payment, false);
    if (closed == CLOSED_NOW) *freed = true;
    if (closed == CLOSED_WAITS && !waits) {
      waits = true;
      payment_wait(call, &booking, &payment);
    }
  }
  return waits;
}

// Payments.

static void look(Call *call, Payment *payment) {
  static const char LATER[] = "UPDATE payments SET look_at = $1 WHERE id = $2";
  Booking booking;
  if (!booking_find(call, payment->booking_id, &booking)) return;
  bool refund = payment->refund_due;
  db_run(call->db, LATER, sql_int(refund ? call->now_ms + HOUR_MS : payment_next_look(call, payment)),
         sql_int(payment->id));
  if (refund) {
    payment_look_at_refund(call, &booking, payment);
    return;
  }
  AskState state = payment_ask_state(call, &booking, payment);
  if (state == ASK_UNDER_WAY || state == ASK_FAILING) return;
  bool wanted = payment->current && booking.status == BOOKING_PENDING;
  payment_ask(call, &booking, payment, wanted || payment->status == PAYMENT_PROCESSING ? ASK_RETRIEVE : ASK_CANCEL,
              call->now_ms);
}

static bool look_at_open(Call *call) {
  static const char OPEN[] = "SELECT id FROM payments WHERE look_at <= $1 ORDER BY look_at LIMIT 100";
  int64_t ids[LOOKS_MAX];
  size_t count = read_ids(db_rows(call->db, OPEN, sql_int(call->now_ms)), ids, LOOKS_MAX);
  for (size_t i = 0; i < count; i++) {
    Payment payment;
    if (payment_find(call, ids[i], &payment)) look(call, &payment);
  }
  return count == LOOKS_MAX;
}

bool payment_sweep(Call *call) {
  bool more_due = close_due(call);
  bool more_open = look_at_open(call);
  return more_due || more_open;
}
