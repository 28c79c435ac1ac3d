// Intents of the test provider in the tables.
#include "models/test_intent.h"

#include "shared/ids.h"

static const char FIND_BY_ID[] =
    "SELECT id, client_secret, amount, currency, booking_id, user_id, status, refunded, coalesce(settles_at, 0), card"
    " FROM test_intents WHERE id = $1";

static bool read_one(Call *call, Rows rows, TestIntent *intent) {
  Arena *arena = &call->arena;
  if (!rows_next(&rows)) return false;
  *intent = (TestIntent){.id = rows_text(&rows, 0, arena),
                         .client_secret = rows_text(&rows, 1, arena),
                         .amount = rows_int(&rows, 2),
                         .currency = rows_text(&rows, 3, arena),
                         .booking_id = rows_text(&rows, 4, arena),
                         .user_id = rows_text(&rows, 5, arena),
                         .status = rows_text(&rows, 6, arena),
                         .refunded = rows_int(&rows, 7) != 0,
                         .settles_at = rows_int(&rows, 8),
                         .card = rows_text(&rows, 9, arena)};
  rows_end(&rows);
  return true;
}

bool test_intent_make(Call *call, Str idempotency_key, TestIntent *intent) {
  enum { ID_CHARACTERS = 24 };
  static const char FIND[] =
      "SELECT id, client_secret, amount, currency, booking_id, user_id, status, refunded, coalesce(settles_at, 0), card"
      " FROM test_intents WHERE idempotency_key = $1";
  static const char ADD[] =
      "INSERT INTO test_intents(id, client_secret, idempotency_key, amount, currency, booking_id, user_id, status,"
      " created_at) VALUES($1, $2, $3, $4, $5, $6, $7, 'requires_payment_method', $8)";
  TestIntent made;
  if (read_one(call, db_rows(call->db, FIND, sql_text(idempotency_key)), &made)) {
    bool same = made.amount == intent->amount && str_equal(made.currency, intent->currency) &&
                str_equal(made.booking_id, intent->booking_id);
    *intent = made;
    return same;
  }
  Text id = {.arena = &call->arena};
  Text secret = {.arena = &call->arena};
  text_format(&id, "pi_test_%.*s", STR_ARG(ids_random(&call->arena, &call->env, ID_CHARACTERS)));
  text_format(&secret, "%.*s_secret_%.*s", STR_ARG(text_str(&id)),
              STR_ARG(ids_random(&call->arena, &call->env, ID_CHARACTERS)));
  intent->id = text_str(&id);
  intent->client_secret = text_str(&secret);
  intent->status = STR("requires_payment_method");
  db_run(call->db, ADD, sql_text(intent->id), sql_text(intent->client_secret), sql_text_or_null(idempotency_key),
         sql_int(intent->amount), sql_text(intent->currency), sql_text(intent->booking_id), sql_text(intent->user_id),
         sql_int(call->now_ms));
  return true;
}

bool test_intent_find(Call *call, Str id, TestIntent *intent) {
  if (!read_one(call, db_rows(call->db, FIND_BY_ID, sql_text(id)), intent)) return false;
  bool due = intent->settles_at != 0 && intent->settles_at <= call->now_ms;
  if (due && str_equal(intent->status, STR("processing"))) test_intent_set(call, intent, STR("succeeded"), 0);
  return true;
}

void test_intent_set(Call *call, TestIntent *intent, Str status, int64_t settles_at) {
  static const char SET[] = "UPDATE test_intents SET status = $1, settles_at = $2 WHERE id = $3";
  intent->status = status;
  intent->settles_at = settles_at;
  db_run(call->db, SET, sql_text(status), settles_at != 0 ? sql_int(settles_at) : (SqlValue){.kind = SQL_NULL},
         sql_text(intent->id));
}

void test_intent_set_card(Call *call, TestIntent *intent, Str card) {
  static const char SET[] = "UPDATE test_intents SET card = $1 WHERE id = $2";
  intent->card = card;
  db_run(call->db, SET, sql_text(card), sql_text(intent->id));
}

bool test_intent_refund(Call *call, const TestIntent *intent) {
  static const char REFUND[] = "UPDATE test_intents SET refunded = 1 WHERE id = $1 AND refunded = 0";
  db_run(call->db, REFUND, sql_text(intent->id));
  return db_changes(call->db) == 1;
}

void test_intent_write(Text *out, const TestIntent *intent) {
  json_open(out, '{');
  json_put_str(out, "id", intent->id);
  json_put_str(out, "object", STR("payment_intent"));
  json_put_str(out, "status", intent->status);
  json_put_str(out, "client_secret", intent->client_secret);
  json_put_int(out, "amount", intent->amount);
  json_put_str(out, "currency", intent->currency);
  json_name(out, "metadata");
  json_open(out, '{');
  json_put_str(out, "bookingId", intent->booking_id);
  json_put_str(out, "userId", intent->user_id);
  json_close(out, '}');
  json_close(out, '}');
}
