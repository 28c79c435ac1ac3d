// payment.webhook: what the provider tells of itself, signed by Stripe's rules (docs.stripe.com/webhooks/signature).
// Events come unordered and more than once; each has its effect once.
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

#include "core/log.h"
#include "methods/payment.h"
#include "models/payment.h"
#include "shared/ids.h"

enum { TOLERANCE_S = 300, DIGEST_BYTES = 32, MS_A_SECOND = 1000 };
#define KEPT_MS (INT64_C(90) * 24 * 3600 * 1000)

static Str sign(Call *call, Str timestamp, Str body) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  Str secret = call->config->stripe_webhook_secret;
  Text signed_text = {.arena = &call->arena};
  text_add(&signed_text, timestamp);
  text_char(&signed_text, '.');
  text_add(&signed_text, body);
  HMAC(EVP_sha256(), secret.at, (int)secret.length, (const unsigned char *)signed_text.at, signed_text.length, digest,
       &length);
  return ids_hex(&call->arena, digest, length);
}

// NULL: the body is the provider's. Else why not.
static const char *find_fault(Call *call, const PaymentWebhook *in) {
  Str rest = in->signature;
  Str timestamp = {0};
  int64_t at_s;
  bool matches = false;
  if (call->config->stripe_webhook_secret.length == 0) return "no STRIPE_WEBHOOK_SECRET is set";
  if (in->signature.length == 0) return "the header Stripe-Signature is missing";
  for (Str parts = rest; parts.length > 0;) {
    Str part = str_trim(str_cut(&parts, ','));
    Str name = str_cut(&part, '=');
    if (str_equal(name, STR("t"))) timestamp = part;
  }
  if (!str_to_int(timestamp, &at_s)) return "the signature has no timestamp";
  Str expected = sign(call, timestamp, in->body);
  while (rest.length > 0) {
    Str part = str_trim(str_cut(&rest, ','));
    Str name = str_cut(&part, '=');
    if (str_equal(name, STR("v1")) && part.length == expected.length &&
        CRYPTO_memcmp(part.at, expected.at, expected.length) == 0)
      matches = true;
  }
  if (!matches) return "no signature matches the body";
  if (llabs(call->now_ms / MS_A_SECOND - at_s) > TOLERANCE_S) return "the timestamp is too far from now";
  return NULL;
}

static Str member(const Json *object, const char *name) {
  Str value = {0};
  json_str(json_get(object, name), &value);
  return value;
}

static Intent intent_of(const Json *object) {
  Intent intent = {.id = member(object, "id"),
                   .status = member(object, "status"),
                   .currency = member(object, "currency"),
                   .booking_public_id = member(json_get(object, "metadata"), "bookingId")};
  json_int(json_get(object, "amount"), &intent.amount);
  return intent;
}

// False: it had its effect already. Each takes two away that are long past being told again.
static bool note_event(Call *call, Str id, Str type, Str intent_id) {
  static const char FORGET[] =
      "DELETE FROM stripe_events WHERE id IN (SELECT id FROM stripe_events WHERE at < $1 ORDER BY at LIMIT 2)";
  static const char NOTE[] =
      "INSERT INTO stripe_events(id, kind, intent_id, at) VALUES($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING";
  db_run(call->db, FORGET, sql_int(call->now_ms - KEPT_MS));
  db_run(call->db, NOTE, sql_text(id), sql_text(type), sql_text_or_null(intent_id), sql_int(call->now_ms));
  return db_changes(call->db) == 1;
}

// The type, not the object's status, says what happened: events are told late.
static void have_effect(Call *call, Str type, const Json *object, Payment *payment) {
  Intent intent = intent_of(object);
  bool whole;
  if (str_equal(type, STR("payment_intent.succeeded"))) {
    intent.status = STR("succeeded");
    payment_told(call, payment, &intent);
  } else if (str_equal(type, STR("payment_intent.canceled"))) {
    intent.status = STR("canceled");
    payment_told(call, payment, &intent);
  } else if (str_equal(type, STR("payment_intent.processing"))) {
    intent.status = STR("processing");
    payment_told(call, payment, &intent);
  } else if (str_equal(type, STR("payment_intent.payment_failed"))) {
    payment_try_failed(call, payment);
  } else if (str_equal(type, STR("charge.refunded"))) {
    // While we give it back ourselves our own answer says more: whether it is pending, and which refund it is.
    bool ours = payment->refund_due;
    if (!ours && json_is_bool(json_get(object, "refunded"), &whole) && whole)
      payment_given_back(call, payment, (Str){0});
  } else {
    payment_refund_heard(call, payment, intent.id, intent.status, member(object, "failure_reason"));
  }
}

static bool is_handled(Str type) {
  static const char *const handled[] = {"payment_intent.succeeded",
                                        "payment_intent.payment_failed",
                                        "payment_intent.processing",
                                        "payment_intent.canceled",
                                        "charge.refunded",
                                        "refund.updated",
                                        "refund.failed",
                                        "charge.refund.updated"};
  for (size_t i = 0; i < sizeof handled / sizeof handled[0]; i++) {
    if (str_equal(type, str_from(handled[i]))) return true;
  }
  return false;
}

static Error webhook(Call *call, const void *input) {
  const PaymentWebhook *in = input;
  Payment payment;
  const char *fault = find_fault(call, in);
  const Json *event = fault == NULL ? json_parse(&call->arena, in->body, NULL) : NULL;
  if (fault == NULL && !json_is_object(event)) fault = "the body is no JSON object";
  if (fault != NULL) {
    text_format(&call->reply, "Webhook Error: %s", fault);
    return ERR_WEBHOOK_INVALID;
  }
  json_open(&call->reply, '{');
  json_put_bool(&call->reply, "received", true);
  json_close(&call->reply, '}');
  Str type = member(event, "type");
  if (!is_handled(type)) return ERR_NONE;
  const Json *object = json_get(json_get(event, "data"), "object");
  Str intent_id = member(object, str_starts(type, STR("payment_intent.")) ? "id" : "payment_intent");
  if (!note_event(call, member(event, "id"), type, intent_id)) return ERR_NONE;
  if (!payment_find_intent(call, intent_id, &payment)) {
    log_info("payment: an event of an intent we do not know", "type=%.*s intent=%.*s", STR_ARG(type),
             STR_ARG(intent_id));
    return ERR_NONE;
  }
  have_effect(call, type, object, &payment);
  return ERR_NONE;
}

const Method payment_webhook = {
    .name = "payment.webhook",
    .access = ACCESS_ANYONE,
    .input_bytes = sizeof(PaymentWebhook),
    .run = webhook,
};
