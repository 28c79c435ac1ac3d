// Two concerts on sale, and a payment provider in the test's hand.
#include "support/sale.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "methods/booking.h"
#include "methods/payment.h"
#include "models/waiting_room.h"
#include "shared/ids.h"
#include "shared/json.h"

Provider sale_provider;

typedef struct FakeIntent {
  char id[32];
  char status[32];
  int64_t amount;
  char currency[8];
  char booking_id[32];
} FakeIntent;

enum { INTENTS_MAX = 64 };
static FakeIntent intents[INTENTS_MAX];

int sale_setup(void **state) {
  static const char SLOTS[] =
      "INSERT INTO queue_places(concert_id, user_id, rank, entered_at, admitted_at, slot_until, status)"
      " SELECT c.id, u.id, 4611686018427387904 + u.id, 1795244400000, 1795244400000, 1795244700000, 'active'"
      " FROM concerts c CROSS JOIN users u";
  Rig *rig = rig_open(NULL);
  venue_add(rig);
  sale_provider = (Provider){0};
  rig->config.ticket_secret = STR("ticket secret");
  rig->config.stripe_secret_key = STR("sk_test");
  rig->config.stripe_publishable_key = STR("pk_test");
  rig->config.stripe_webhook_secret = STR("whsec_test");
  rig->config.max_active_users = 10;
  rig_run(rig, "UPDATE users SET email = username || '@example.org'");
  rig_run(
      rig,
      "INSERT INTO concerts(id, public_id, name, date, venue, hall_id, created_at, opens_at, seed, seed_hash, opened)"
      " VALUES(1, 'aa0000000000000000000001', 'AR Rahman', 1800000000000, 'Stadium', NULL, 1, 1, '', '', 1),"
      " (2, 'aa0000000000000000000002', 'Opera', 1800000000000, 'House', 1, 1, 1, '', '', 1)");
  rig_run(rig,
          "INSERT INTO categories(id, public_id, concert_id, name, price, seat_type_id, total_seats, available_seats)"
          " VALUES(1, 'c00000000000000000000001', 1, 'gold', 100000, NULL, 4, 4),"
          " (2, 'c00000000000000000000002', 1, 'silver', 50050, NULL, 100, 100),"
          " (3, 'c00000000000000000000003', 2, 'Standard', 20000, 1, 4, 4),"
          " (4, 'c00000000000000000000004', 2, 'VIP', 90000, 2, 2, 2)");
  rig_run(rig, SLOTS);
  rig_run(rig, "UPDATE concerts SET active = 3, admitted = 3");
  assert_true(db_begin(rig->db, DB_READ));
  assert_true(waiting_room_load(rig->db, &rig->config, rig->now_ms));
  db_rollback(rig->db);
  *state = rig;
  return 0;
}

static Answer call_json(Rig *rig, const Method *method, const Identity *who, const char *json) {
  Answer answer = rig_call(rig, method, who, json);
  while (answer.error == ERR_NONE && answer.waits_for.length > 0) {
    if (!sale_errand(rig)) {
      answer.error = ERR_PROVIDER_UNAVAILABLE;
      return answer;
    }
    answer = rig_call_again(rig, &answer, method, who, json);
  }
  return answer;
}

Answer sale_call(Rig *rig, const Method *method, const Identity *who, const char *format, ...) {
  char json[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(json, sizeof json, format, arguments);
  va_end(arguments);
  return call_json(rig, method, who, json);
}

const char *sale_field(Rig *rig, const Answer *answer, const char *name) {
  Str text = {0};
  json_str(json_get(json_parse(&rig->arena, answer->reply, NULL), name), &text);
  return rig_zero(rig, text);
}

const char *sale_booking(Rig *rig, const Identity *who, const char *json) {
  Answer answer = call_json(rig, &booking_create, who, json);
  assert_refused(answer, ERR_NONE);
  return sale_field(rig, &answer, "id");
}

const char *sale_pay_begin(Rig *rig, const Identity *who) {
  const char *id = sale_booking(rig, who, "{\"categoryId\":\"" SALE_GOLD "\",\"seats\":2}");
  assert_refused(sale_call(rig, &payment_create_intent, who, "{\"bookingId\":\"%s\"}", id), ERR_NONE);
  return id;
}

// The provider.

static FakeIntent *last_intent(void) {
  assert_true(sale_provider.made > 0);
  return &intents[sale_provider.made - 1];
}

void sale_intent_is(Rig *rig, const char *status) {
  (void)rig;
  snprintf(last_intent()->status, sizeof last_intent()->status, "%s", status);
}

void sale_intent_costs(Rig *rig, int64_t amount) {
  (void)rig;
  last_intent()->amount = amount;
}

static Str member(const Json *object, const char *name) {
  Str text = {0};
  json_str(json_get(object, name), &text);
  return text;
}

static FakeIntent *find(Str id) {
  for (int i = 0; i < sale_provider.made; i++) {
    if (str_equal(id, str_from(intents[i].id))) return &intents[i];
  }
  fail_msg("no such intent");
  return NULL;
}

static FakeIntent *make(const Json *payload) {
  FakeIntent *intent = &intents[sale_provider.made++];
  assert_true(sale_provider.made < INTENTS_MAX);
  snprintf(intent->id, sizeof intent->id, "pi_%d", sale_provider.made);
  snprintf(intent->status, sizeof intent->status, "requires_payment_method");
  json_int(json_get(payload, "amount"), &intent->amount);
  snprintf(intent->currency, sizeof intent->currency, "%.*s", STR_ARG(member(payload, "currency")));
  snprintf(intent->booking_id, sizeof intent->booking_id, "%.*s",
           STR_ARG(member(json_get(payload, "metadata"), "bookingId")));
  return intent;
}

// What the provider answers: HTTP status and the intent.
static int answer_errand(const Json *payload, FakeIntent **intent) {
  Str op = member(payload, "op");
  *intent = NULL;
  if (str_equal(op, STR("create"))) {
    if (sale_provider.refuses != NULL) return 400;
    *intent = make(payload);
    return 200;
  }
  *intent = find(member(payload, "intent"));
  if (str_equal(op, STR("refund"))) {
    ++sale_provider.refunds;
  } else if (str_equal(op, STR("cancel"))) {
    ++sale_provider.cancels;
    if (strncmp((*intent)->status, "requires_", 9) != 0 && strcmp((*intent)->status, "canceled") != 0) return 400;
    snprintf((*intent)->status, sizeof(*intent)->status, "canceled");
  }
  return 200;
}

static void settle(Rig *rig, const Json *payload, int http, const FakeIntent *intent) {
  Text json = {.arena = &rig->arena};
  int64_t booking_id = 0;
  int64_t attempt = 0;
  json_int(json_get(payload, "bookingId"), &booking_id);
  json_int(json_get(payload, "attempt"), &attempt);
  text_format(&json, "{\"op\":\"%.*s\",\"bookingId\":%lld,\"attempt\":%lld,\"intent\":\"%.*s\",\"http\":%d",
              STR_ARG(member(payload, "op")), (long long)booking_id, (long long)attempt,
              STR_ARG(member(payload, "intent")), http);
  if (http == 400) text_format(&json, ",\"error\":\"refused\",\"message\":\"%s\"", sale_provider.refuses);
  if (http == 0) text_format(&json, ",\"error\":\"unreachable\"");
  if (intent != NULL) {
    text_format(&json,
                ",\"intentId\":\"%s\",\"clientSecret\":\"%s_secret_x\",\"status\":\"%s\",\"amount\":%lld,"
                "\"currency\":\"%s\",\"intentBookingId\":\"%s\",\"refundId\":\"re_%d\",\"refundStatus\":\"%s\"",
                intent->id, intent->id, intent->status, (long long)intent->amount, intent->currency, intent->booking_id,
                sale_provider.refunds, sale_provider.refund_state != NULL ? sale_provider.refund_state : "succeeded");
  }
  text_char(&json, '}');
  assert_refused(rig_call(rig, &payment_settle, NULL, rig_zero(rig, text_str(&json))), ERR_NONE);
}

static const char DUE[] = "SELECT coalesce(min(id), 0) FROM outbox WHERE kind = 'stripe' AND done_at IS NULL";

// The payload of the oldest open errand; NULL: there is none.
static const Json *take(Rig *rig, const char *mark) {
  static const char PAYLOAD[] =
      "SELECT payload FROM outbox WHERE kind = 'stripe' AND done_at IS NULL ORDER BY id LIMIT 1";
  if (rig_int(rig, DUE) == 0) return NULL;
  const char *payload = rig_text(rig, PAYLOAD);
  rig_run(rig, mark);
  return json_parse(&rig->arena, str_from(payload), NULL);
}

#define FIRST_OPEN "WHERE id = (SELECT min(id) FROM outbox WHERE kind = 'stripe' AND done_at IS NULL)"

bool sale_errand(Rig *rig) {
  static const char DONE[] = "UPDATE outbox SET done_at = 1, attempts = attempts + 1, payload = '{}' " FIRST_OPEN;
  FakeIntent *intent;
  const Json *payload = sale_provider.down ? NULL : take(rig, DONE);
  if (payload == NULL) return false;
  int http = answer_errand(payload, &intent);
  settle(rig, payload, http, intent);
  return true;
}

void sale_errands(Rig *rig) {
  while (sale_errand(rig)) continue;
}

void sale_errand_fails(Rig *rig) {
  static const char TRIED[] = "UPDATE outbox SET attempts = attempts + 1 " FIRST_OPEN;
  assert_non_null(take(rig, TRIED));
}

void sale_errand_given_up(Rig *rig) {
  static const char GIVEN_UP[] =
      "UPDATE outbox SET done_at = 1, given_up = 1, attempts = attempts + 1, payload = '{}' " FIRST_OPEN;
  const Json *payload = take(rig, GIVEN_UP);
  assert_non_null(payload);
  settle(rig, payload, 0, NULL);
}

// Webhooks.

const char *sale_signature(Rig *rig, int64_t at_s, const char *body) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  Text text = {.arena = &rig->arena};
  Text signature = {.arena = &rig->arena};
  text_format(&text, "%lld.%s", (long long)at_s, body);
  HMAC(EVP_sha256(), "whsec_test", 10, (const unsigned char *)text.at, text.length, digest, &length);
  text_format(&signature, "t=%lld,v1=%.*s", (long long)at_s, STR_ARG(ids_hex(&rig->arena, digest, length)));
  return rig_zero(rig, text_str(&signature));
}

Answer sale_webhook_raw(Rig *rig, const char *signature, const char *body) {
  PaymentWebhook input = {.signature = str_from(signature), .body = str_from(body)};
  return rig_call_input(rig, &payment_webhook, &input);
}

Answer sale_webhook(Rig *rig, const char *event_id, const char *type) {
  const FakeIntent *intent = last_intent();
  Text body = {.arena = &rig->arena};
  bool charge = strncmp(type, "charge.", 7) == 0;
  text_format(&body,
              "{\"id\":\"%s\",\"type\":\"%s\",\"data\":{\"object\":{\"id\":\"%s\",\"payment_intent\":\"%s\","
              "\"refunded\":true,\"status\":\"%s\",\"amount\":%lld,\"currency\":\"%s\","
              "\"metadata\":{\"bookingId\":\"%s\"}}}}",
              event_id, type, charge ? "ch_1" : intent->id, intent->id, intent->status, (long long)intent->amount,
              intent->currency, intent->booking_id);
  const char *bytes = rig_zero(rig, text_str(&body));
  return sale_webhook_raw(rig, sale_signature(rig, rig->now_ms / 1000, bytes), bytes);
}

void sale_sweep(Rig *rig) {
  Answer answer;
  do {
    answer = rig_call(rig, &payment_look, NULL, NULL);
    assert_refused(answer, ERR_NONE);
  } while (strcmp(rig_zero(rig, answer.reply), "{\"more\":true}") == 0);
}

const char *sale_state(Rig *rig) {
  return rig_text(rig, "SELECT status || ' ' || payment_status FROM bookings ORDER BY id DESC LIMIT 1");
}

// What tests ask often.

int64_t sale_gold_left(Rig *rig) {
  return rig_int(rig, "SELECT available_seats FROM categories WHERE id = 1");
}

int64_t sale_mails(Rig *rig, const char *name) {
  static const char CONFIRMED[] = "SELECT count(*) FROM outbox WHERE kind = 'mail' AND key LIKE 'confirmed:%'";
  static const char REFUNDED[] = "SELECT count(*) FROM outbox WHERE kind = 'mail' AND key LIKE 'refunded:%'";
  return rig_int(rig, strcmp(name, "confirmed") == 0 ? CONFIRMED : REFUNDED);
}

Answer sale_confirm(Rig *rig, const Identity *who, const char *id) {
  return sale_call(rig, &booking_confirm_paid, who, "{\"id\":\"%s\"}", id);
}

Answer sale_create_intent(Rig *rig, const Identity *who, const char *id) {
  return sale_call(rig, &payment_create_intent, who, "{\"bookingId\":\"%s\"}", id);
}

void sale_past_expiry(Rig *rig) {
  rig_pass(rig, 10 * RIG_MINUTE_MS);
  rig_run(rig, "UPDATE queue_places SET slot_until = slot_until + 100000000");
}
