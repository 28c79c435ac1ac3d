// Questions to the provider, as rows for the couriers.
#include "models/payment_ask.h"

// "retrieve:<booking>:<attempt>:<n>"; of the intent's making "create:<booking>:<attempt>".
static Str key_of(Call *call, const char *op, const Booking *booking, const Payment *payment, int64_t nth) {
  Text key = {.arena = &call->arena};
  text_format(&key, "%s:%.*s:%lld", op, STR_ARG(booking->public_id), (long long)payment->attempt);
  if (nth > 0) text_format(&key, ":%lld", (long long)nth);
  return text_str(&key);
}

static Str payload_of(Call *call, const char *op, const Booking *booking, const Payment *payment) {
  Text payload = {.arena = &call->arena};
  json_open(&payload, '{');
  json_put_str(&payload, "op", str_from(op));
  json_put_int(&payload, "bookingId", booking->id);
  json_put_int(&payload, "attempt", payment->attempt);
  json_put_str(&payload, "intent", payment->intent_id);
  json_put_str(&payload, "refund", payment->refund_id);
  json_put_int(&payload, "amount", payment->amount);
  json_put_str(&payload, "currency", payment->currency);
  json_name(&payload, "metadata");
  json_open(&payload, '{');
  json_put_str(&payload, "bookingId", booking->public_id);
  json_put_str(&payload, "userId", booking->user_public_id);
  json_close(&payload, '}');
  json_close(&payload, '}');
  return text_str(&payload);
}

void payment_begin(Call *call, Booking *booking) {
  static const char SUPERSEDE[] = "UPDATE payments SET is_current = 0 WHERE booking_id = $1 AND is_current = 1";
  static const char ADD[] =
      "INSERT INTO payments(booking_id, attempt, amount, currency, status, created_at, updated_at)"
      " VALUES($1, (SELECT coalesce(max(attempt), 0) + 1 FROM payments WHERE booking_id = $1), $2, $3, 'created', $4, "
      "$4)";
  Payment payment;
  db_run(call->db, SUPERSEDE, sql_int(booking->id));
  db_run(call->db, ADD, sql_int(booking->id), sql_int(booking->amount), sql_text(booking->currency),
         sql_int(call->now_ms));
  if (!payment_find_current(call, booking->id, &payment)) return;
  booking_set_money(call, booking, MONEY_PROCESSING, "intent asked for");
  call_effect(call, "stripe", key_of(call, "create", booking, &payment, 0),
              payload_of(call, "create", booking, &payment), call->now_ms);
  payment_wait(call, booking, &payment);
}

static const char *const ask_names[] = {"retrieve", "cancel", "look_at_refund"};

void payment_ask(Call *call, const Booking *booking, Payment *payment, PaymentAsk ask, int64_t due_ms) {
  static const char COUNT[] = "UPDATE payments SET asks = asks + 1 WHERE id = $1 RETURNING asks";
  payment->asks = db_int(call->db, COUNT, 0, sql_int(payment->id));
  call_effect(call, "stripe", key_of(call, ask_names[ask], booking, payment, payment->asks),
              payload_of(call, ask_names[ask], booking, payment), due_ms);
}

// The first refund of a booking is asked for with the key that the contract gives (3.8, 5).
Str payment_refund_name(Call *call, const Booking *booking, const Payment *payment) {
  Text name = {.arena = &call->arena};
  text_add(&name, booking->public_id);
  if (payment->attempt > 1) text_format(&name, ":%lld", (long long)payment->attempt);
  return text_str(&name);
}

static Str refund_key(Call *call, const Booking *booking, const Payment *payment) {
  Text key = {.arena = &call->arena};
  text_format(&key, "refund:%.*s", STR_ARG(payment_refund_name(call, booking, payment)));
  if (payment->refund_failures > 0) text_format(&key, ":again:%lld", (long long)payment->refund_failures);
  return text_str(&key);
}

void payment_ask_refund(Call *call, const Booking *booking, const Payment *payment) {
  call_effect(call, "stripe", refund_key(call, booking, payment), payload_of(call, "refund", booking, payment),
              call->now_ms);
}

void payment_ask_again(Call *call, const Booking *booking, const Payment *payment) {
  static const char AGAIN[] =
      "UPDATE outbox SET done_at = NULL, given_up = 0, attempts = 0, created_at = $1, due_at = $1, payload = $2"
      " WHERE key = $3 AND given_up = 1";
  const char *op = payment->refund_due ? "refund" : "create";
  Str key = payment->refund_due ? refund_key(call, booking, payment) : key_of(call, op, booking, payment, 0);
  db_run(call->db, AGAIN, sql_int(call->now_ms), sql_text(payload_of(call, op, booking, payment)), sql_text(key));
  call->has_effects = true;
}

// Where a payment's last question is to be found: its making has no number.
static Rows find_last(Call *call, const Booking *booking, const Payment *payment) {
  static const char FIND[] =
      "SELECT id, done_at IS NOT NULL, given_up, attempts FROM outbox WHERE key IN ($1, $2) LIMIT 1";
  if (payment->asks == 0) {
    Str key = key_of(call, "create", booking, payment, 0);
    return db_rows(call->db, FIND, sql_text(key), sql_text(key));
  }
  return db_rows(call->db, FIND, sql_text(key_of(call, ask_names[0], booking, payment, payment->asks)),
                 sql_text(key_of(call, ask_names[1], booking, payment, payment->asks)));
}

AskState payment_ask_state(Call *call, const Booking *booking, const Payment *payment) {
  Rows rows = find_last(call, booking, payment);
  if (!rows_next(&rows)) return ASK_NONE;
  bool over = rows_int(&rows, 1) != 0;
  bool given_up = rows_int(&rows, 2) != 0;
  bool failing = rows_int(&rows, 3) > 0;
  rows_end(&rows);
  if (given_up) return ASK_GIVEN_UP;
  return over ? ASK_ANSWERED : failing ? ASK_FAILING : ASK_UNDER_WAY;
}

static void wait_for(Call *call, int64_t booking_id) {
  Text topic = {.arena = &call->arena};
  text_format(&topic, "booking:%lld", (long long)booking_id);
  call->waits_for = text_str(&topic);
}

void payment_wait(Call *call, const Booking *booking, const Payment *payment) {
  Rows rows = find_last(call, booking, payment);
  call->waited_note = rows_next(&rows) ? rows_int(&rows, 0) : 0;
  rows_end(&rows);
  wait_for(call, booking->id);
}

bool payment_waited(Call *call, Booking *booking) {
  static const char FIND[] = "SELECT key, done_at IS NOT NULL FROM outbox WHERE id = $1";
  Rows rows = db_rows(call->db, FIND, sql_int(call->waited_note));
  *booking = (Booking){0};
  if (!rows_next(&rows)) return true;
  Str rest = rows_text(&rows, 0, &call->arena);
  bool over = rows_int(&rows, 1) != 0;
  rows_end(&rows);
  str_cut(&rest, ':');
  if (booking_find_public(call, str_cut(&rest, ':'), booking) && !over) wait_for(call, booking->id);
  return over;
}
