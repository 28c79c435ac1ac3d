// The test provider's answers. What it decides by itself it tells by having us ask again, when it is time.
#include "methods/test_provider.h"

#include <string.h>

#include "core/auth.h"
#include "models/payment_ask.h"
#include "models/test_intent.h"

enum { HANGS_MS = 20 * 1000, LATE_MS = 15 * 1000 };

// The cards of docs/wire_additions.md.
#define CARD_PAYS "4242424242424242"
#define CARD_DECLINED "4000000000000002"
#define CARD_HANGS "4000000000000259"
#define CARD_LATE "4000000000000341"
#define CARD_REFUND_PENDS "4000000000007726"
#define CARD_REFUND_FAILS "4000000000005126"

static bool pays_at_once(Str card) {
  return str_equal(card, STR(CARD_PAYS)) || str_equal(card, STR(CARD_REFUND_PENDS)) ||
         str_equal(card, STR(CARD_REFUND_FAILS));
}

static Error fault(Call *call, Error error, const char *type, const char *code, const char *message,
                   const TestIntent *intent) {
  Text *reply = &call->reply;
  reply->length = 0;
  json_open(reply, '{');
  json_name(reply, "error");
  json_open(reply, '{');
  json_put_str(reply, "type", str_from(type));
  json_put_str(reply, "code", str_from(code));
  json_put_str(reply, "message", str_from(message));
  if (intent != NULL) {
    json_name(reply, "payment_intent");
    test_intent_write(reply, intent);
  }
  json_close(reply, '}');
  json_close(reply, '}');
  return error;
}

static Error unexpected(Call *call, const TestIntent *intent) {
  return fault(call, ERR_INVALID_REQUEST, "invalid_request_error", "payment_intent_unexpected_state",
               "This intent is in another state.", intent);
}

static Error create(Call *call, const TestProviderAsk *in) {
  TestIntent intent = {
      .amount = in->amount, .currency = in->currency, .booking_id = in->booking_id, .user_id = in->user_id};
  if (in->amount < 1 || in->currency.length == 0)
    return fault(call, ERR_INVALID_REQUEST, "invalid_request_error", "parameter_invalid_integer",
                 "The amount must be at least 1.", NULL);
  if (!test_intent_make(call, in->idempotency_key, &intent))
    return fault(call, ERR_INVALID_REQUEST, "idempotency_error", "idempotency_key_in_use",
                 "This key was used for another request.", NULL);
  test_intent_write(&call->reply, &intent);
  return ERR_NONE;
}

static bool begins_open(const TestIntent *intent) {
  return str_starts(intent->status, STR("requires_"));
}

static Error cancel(Call *call, TestIntent *intent) {
  if (!begins_open(intent) && !str_equal(intent->status, STR("canceled"))) return unexpected(call, intent);
  test_intent_set(call, intent, STR("canceled"), 0);
  test_intent_write(&call->reply, intent);
  return ERR_NONE;
}

static Error reply_refund(Call *call, const TestIntent *intent, const char *status) {
  Text *reply = &call->reply;
  Text id = {.arena = &call->arena};
  text_format(&id, "re_%.*s", STR_ARG(intent->id));
  json_open(reply, '{');
  json_put_str(reply, "id", text_str(&id));
  json_put_str(reply, "object", STR("refund"));
  json_put_str(reply, "status", str_from(status));
  json_put_str(reply, "payment_intent", intent->id);
  if (strcmp(status, "failed") == 0) {
    json_put_str(reply, "failure_reason", STR("expired_or_canceled_card"));
  }
  json_close(reply, '}');
  return ERR_NONE;
}

static Error refund(Call *call, const TestIntent *intent) {
  if (!str_equal(intent->status, STR("succeeded"))) return unexpected(call, intent);
  if (str_equal(intent->card, STR(CARD_REFUND_FAILS))) return reply_refund(call, intent, "failed");
  if (!test_intent_refund(call, intent))
    return fault(call, ERR_INVALID_REQUEST, "invalid_request_error", "charge_already_refunded",
                 "This was refunded already.", NULL);
  return reply_refund(call, intent, str_equal(intent->card, STR(CARD_REFUND_PENDS)) ? "pending" : "succeeded");
}

// One that was pending has come through when somebody asks.
static Error look_at_refund(Call *call, const TestIntent *intent) {
  return reply_refund(call, intent, intent->refunded ? "succeeded" : "failed");
}

// Has our side ask for the intent: now, or when it will have succeeded.
static void have_asked(Call *call, const Payment *payment, const Booking *booking, int64_t due_ms) {
  Payment asked = *payment;
  payment_ask(call, booking, &asked, ASK_RETRIEVE, due_ms);
}

// What the cards of the documentation do.
static Error confirm(Call *call, const TestProviderAsk *in, TestIntent *intent) {
  Payment payment;
  Booking booking;
  bool ours = payment_find_intent(call, intent->id, &payment) && booking_find(call, payment.booking_id, &booking);
  int64_t settles_at = 0;
  if (!begins_open(intent)) return unexpected(call, intent);
  if (str_equal(in->card, STR(CARD_DECLINED))) {
    if (ours) payment_try_failed(call, &payment);
    return fault(call, ERR_NONE, "card_error", "card_declined", "Your card was declined.", intent);
  }
  if (str_equal(in->card, STR(CARD_HANGS))) {
    settles_at = call->now_ms + HANGS_MS;
  } else if (str_equal(in->card, STR(CARD_LATE))) {
    settles_at = (ours && booking.expires_at > call->now_ms ? booking.expires_at : call->now_ms) + LATE_MS;
  } else if (!pays_at_once(in->card)) {
    return fault(call, ERR_INVALID_REQUEST, "card_error", "incorrect_number", "There is no such test card.", NULL);
  }
  test_intent_set_card(call, intent, in->card);
  test_intent_set(call, intent, settles_at != 0 ? STR("processing") : STR("succeeded"), settles_at);
  if (ours) have_asked(call, &payment, &booking, call->now_ms);
  if (ours && settles_at != 0) have_asked(call, &payment, &booking, settles_at);
  test_intent_write(&call->reply, intent);
  return ERR_NONE;
}

static Error ask(Call *call, const void *input) {
  const TestProviderAsk *in = input;
  TestIntent intent;
  if (!in->trusted && in->op != TEST_CONFIRM)
    return fault(call, ERR_UNAUTHORIZED, "invalid_request_error", "api_key_invalid", "The API key is not right.", NULL);
  if (in->op == TEST_CREATE) return create(call, in);
  bool found = test_intent_find(call, in->intent, &intent);
  if (!found || (!in->trusted && !auth_equal(in->client_secret, intent.client_secret)))
    return fault(call, ERR_NOT_FOUND, "invalid_request_error", "resource_missing", "No such payment_intent.", NULL);
  if (in->op == TEST_CANCEL) return cancel(call, &intent);
  if (in->op == TEST_REFUND) return refund(call, &intent);
  if (in->op == TEST_LOOK_AT_REFUND) return look_at_refund(call, &intent);
  if (in->op == TEST_CONFIRM) return confirm(call, in, &intent);
  test_intent_write(&call->reply, &intent);
  return ERR_NONE;
}

const Method test_provider_ask = {
    .name = "test_provider.ask",
    .access = ACCESS_ANYONE,
    .input_bytes = sizeof(TestProviderAsk),
    .run = ask,
};
