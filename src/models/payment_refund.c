// Money that goes back: asked for, followed up until the provider says that it was done, and asked for anew when a
// refund has failed (https://docs.stripe.com/refunds#failed-refunds).
#include "core/log.h"
#include "models/payment_ask.h"
#include "models/stock.h"

enum { HOUR_MS = 3600 * 1000, DAY_HOURS = 24 };

void payment_give_back(Call *call, Payment *payment, const Booking *booking, const char *reason) {
  static const char DUE[] =
      "UPDATE payments SET refund_due = 1, look_at = $1, updated_at = $2"
      " WHERE id = $3 AND status = 'succeeded' AND refund_due = 0";
  db_run(call->db, DUE, sql_int(call->now_ms + HOUR_MS), sql_int(call->now_ms), sql_int(payment->id));
  if (db_changes(call->db) != 1) return;
  payment->refund_due = true;
  payment_ask_refund(call, booking, payment);
  booking_mail_refund(call, booking, reason, payment_refund_name(call, booking, payment));
}

void payment_refund(Call *call, Booking *booking) {
  Payment payment;
  bool free = booking->amount == 0;
  if (!free && !payment_find_current(call, booking->id, &payment)) return;
  if (!booking_refund(call, booking, "refunded")) return;
  if (free) {
    booking_mail_refund(call, booking, "cancelled", booking->public_id);
  } else {
    payment_give_back(call, &payment, booking, "cancelled");
  }
  booking_tell_refunded(call, booking);
  stock_changed(call, booking->concert_id, true);
}

void payment_given_back(Call *call, Payment *payment, Str refund_id) {
  static const char DONE[] =
      "UPDATE payments SET status = 'refunded', refund_id = coalesce($1, refund_id), refund_due = 0,"
      " refund_state = NULL, look_at = NULL, updated_at = $2 WHERE id = $3 AND status != 'refunded'";
  Booking booking;
  bool ours = payment->refund_due;
  db_run(call->db, DONE, sql_text_or_null(refund_id), sql_int(call->now_ms), sql_int(payment->id));
  if (db_changes(call->db) != 1 || ours || !payment->current) return;
  payment->status = PAYMENT_REFUNDED;
  // Not asked for by us: somebody did it at the provider's.
  if (!booking_find(call, payment->booking_id, &booking)) return;
  if (!booking_refund(call, &booking, "refunded by the provider")) return;
  booking_mail_refund(call, &booking, "cancelled", payment_refund_name(call, &booking, payment));
  booking_tell_refunded(call, &booking);
  stock_changed(call, booking.concert_id, true);
}

static void is_pending(Call *call, const Payment *payment, Str refund_id) {
  static const char PENDING[] =
      "UPDATE payments SET refund_id = $1, refund_state = 'pending', look_at = $2, updated_at = $3"
      " WHERE id = $4 AND refund_due = 1";
  db_run(call->db, PENDING, sql_text_or_null(refund_id), sql_int(call->now_ms + HOUR_MS), sql_int(call->now_ms),
         sql_int(payment->id));
}

// The money is with us again, also when it was told as given back before. It stays due, for the staff to see, and is
// asked for anew: after an hour, two, four, ..., a day at most.
static void has_failed(Call *call, Payment *payment, Str refund_id, Str why) {
  static const char FAILED[] =
      "UPDATE payments SET status = 'succeeded', refund_due = 1, refund_state = 'failed',"
      " refund_failures = refund_failures + 1, refund_id = coalesce($1, refund_id), last_error = $2, look_at = $3,"
      " updated_at = $4 WHERE id = $5 AND status IN ('succeeded', 'refunded')";
  int64_t hours = payment->refund_failures < 5 ? INT64_C(1) << payment->refund_failures : DAY_HOURS;
  db_run(call->db, FAILED, sql_text_or_null(refund_id), sql_text_or_null(why),
         sql_int(call->now_ms + (hours < DAY_HOURS ? hours : DAY_HOURS) * HOUR_MS), sql_int(call->now_ms),
         sql_int(payment->id));
  log_error("payment: a refund has failed, the money is still with us",
            "intent=%.*s refund=%.*s failures=%lld why=\"%.*s\"", STR_ARG(payment->intent_id), STR_ARG(refund_id),
            (long long)payment->refund_failures + 1, STR_ARG(why));
}

// While money is due back its refund id is of the one that is pending, or else of the last that has failed. Beside a
// pending one there is no other, and a failed one stays so: what is told otherwise was long on its way.
static bool is_old_news(const Payment *payment, Str refund_id) {
  bool pending = str_equal(payment->refund_state, STR("pending"));
  bool same = str_equal(payment->refund_id, refund_id);
  return payment->refund_due && payment->refund_id.length > 0 && refund_id.length > 0 && same != pending;
}

void payment_refund_told(Call *call, Payment *payment, Str refund_id, Str state, Str why) {
  if (is_old_news(payment, refund_id)) return;
  if (state.length == 0 || str_equal(state, STR("succeeded"))) {
    payment_given_back(call, payment, refund_id);
  } else if (str_equal(state, STR("pending")) || str_equal(state, STR("requires_action"))) {
    is_pending(call, payment, refund_id);
  } else {
    has_failed(call, payment, refund_id, why.length > 0 ? why : state);
  }
}

// A refund that is not ours may be of a part. But one that has failed may be ours before its answer has come, or the
// one by which somebody gave all back: it is taken for that, and if it was not our next answer puts it right.
void payment_refund_heard(Call *call, Payment *payment, Str refund_id, Str state, Str why) {
  bool failed = str_equal(state, STR("failed")) || str_equal(state, STR("canceled"));
  bool unknown = payment->refund_due ? payment->refund_state.length == 0
                                     : payment->status == PAYMENT_REFUNDED && payment->refund_id.length == 0;
  if (str_equal(refund_id, payment->refund_id) || (unknown && failed))
    payment_refund_told(call, payment, refund_id, state, why);
}

// Asked for as another refund: the provider keeps its answer to the one that failed.
static void ask_anew(Call *call, const Booking *booking, Payment *payment) {
  static const char ASKED[] =
      "UPDATE payments SET refund_state = NULL, look_at = $1, updated_at = $2 WHERE id = $3 AND refund_state = "
      "'failed'";
  db_run(call->db, ASKED, sql_int(call->now_ms + HOUR_MS), sql_int(call->now_ms), sql_int(payment->id));
  if (db_changes(call->db) == 1) payment_ask_refund(call, booking, payment);
}

void payment_look_at_refund(Call *call, const Booking *booking, Payment *payment) {
  if (str_equal(payment->refund_state, STR("failed"))) {
    ask_anew(call, booking, payment);
  } else if (str_equal(payment->refund_state, STR("pending"))) {
    payment_ask(call, booking, payment, ASK_REFUND, call->now_ms);
  } else {
    payment_ask_again(call, booking, payment);
  }
}

void payment_refund_anew(Call *call, const Booking *booking) {
  static const char FAILED[] = "SELECT id FROM payments WHERE booking_id = $1 AND refund_state = 'failed' LIMIT 1";
  Payment payment;
  int64_t id = db_int(call->db, FAILED, 0, sql_int(booking->id));
  if (id != 0 && payment_find(call, id, &payment)) ask_anew(call, booking, &payment);
}
