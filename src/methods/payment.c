// The methods of payments, but for the provider's webhook (payment_webhook.c).
#include "methods/payment.h"

#include <stddef.h>

#include "models/payment_ask.h"
#include "models/payment_sweep.h"
#include "models/stock.h"

// payment.pub_key

static bool uses_test_provider(const Config *config) {
  return config->stripe_secret_key.length == 0;
}

static Error pub_key(Call *call, const void *input) {
  (void)input;
  bool test = uses_test_provider(call->config) && call->config->stripe_publishable_key.length == 0;
  json_open(&call->reply, '{');
  json_put_str(&call->reply, "publishableKey", test ? STR("pk_test_provider") : call->config->stripe_publishable_key);
  json_close(&call->reply, '}');
  return ERR_NONE;
}

const Method payment_pub_key = {.name = "payment.pub_key", .access = ACCESS_ANYONE, .reads_only = true, .run = pub_key};

// payment.create_intent

typedef struct CreateIntent {
  Str booking_id;
} CreateIntent;

static const Field create_intent_fields[] = {
    {.name = "bookingId",
     .kind = FIELD_PUBLIC_ID,
     .offset = offsetof(CreateIntent, booking_id),
     .error = ERR_BOOKING_INVALID},
};

// The caller's pending booking of that id, or (existing apps send the category's) in the category of that id.
static Error find_payable(Call *call, Str id, Booking *booking) {
  if (booking_find_public(call, id, booking) && booking->user_id == call->who.user_id) {
    if (booking->status == BOOKING_CONFIRMED) return ERR_PAYMENT_ALREADY_COMPLETED;
  } else if (!booking_find_pending(call, id, booking)) {
    return ERR_BOOKING_INVALID;
  }
  bool live = booking->status == BOOKING_PENDING && booking->expires_at > call->now_ms;
  if (!live) return ERR_BOOKING_INVALID;
  return booking->amount > 0 ? ERR_NONE : ERR_NOTHING_TO_PAY;
}

static Error reply_secret(Call *call, const Payment *payment) {
  Text *reply = &call->reply;
  json_open(reply, '{');
  json_put_bool(reply, "success", true);
  json_put_str(reply, "paymentIntentClientSecret", payment->client_secret);
  json_put_int(reply, "amount", payment->amount);
  json_put_str(reply, "currency", payment->currency);
  json_put_str(reply, "provider", uses_test_provider(call->config) ? STR("test") : STR("stripe"));
  json_close(reply, '}');
  return ERR_NONE;
}

// The provider refused to make the intent: its own words are the text of the answer.
static Error reply_refused(Call *call, const Payment *payment) {
  text_add(&call->reply, payment->last_error);
  return ERR_PAYMENT_REFUSED;
}

// The intent was not made yet.
static Error await_intent(Call *call, const Booking *booking, const Payment *payment) {
  if (payment_ask_state(call, booking, payment) == ASK_GIVEN_UP) {
    if (call->waited_note != 0) return ERR_PROVIDER_UNAVAILABLE;
    payment_ask_again(call, booking, payment);
  }
  payment_wait(call, booking, payment);
  return ERR_NONE;
}

static Error create_intent(Call *call, const void *input) {
  const CreateIntent *in = input;
  Booking booking;
  Payment payment;
  bool asked = call->waited_note != 0;
  if (asked && !payment_waited(call, &booking)) return ERR_NONE;
  if (asked && booking.id != 0 && booking.status == BOOKING_CONFIRMED) return ERR_PAYMENT_ALREADY_COMPLETED;
  Error error = find_payable(call, in->booking_id, &booking);
  if (error != ERR_NONE) return error;
  bool bound = payment_find_current(call, booking.id, &payment);
  bool refused = bound && payment.status == PAYMENT_FAILED && payment.intent_id.length == 0;
  if (refused && asked) return reply_refused(call, &payment);
  if (!bound || refused || payment.status == PAYMENT_CANCELED || payment.status == PAYMENT_REFUNDED) {
    payment_begin(call, &booking);
    return ERR_NONE;
  }
  if (payment.intent_id.length == 0) return await_intent(call, &booking, &payment);
  if (!asked) {
    payment_ask(call, &booking, &payment, ASK_RETRIEVE, call->now_ms);
    payment_wait(call, &booking, &payment);
    return ERR_NONE;
  }
  if (payment_ask_state(call, &booking, &payment) == ASK_GIVEN_UP) return ERR_PROVIDER_UNAVAILABLE;
  return payment.status == PAYMENT_PROCESSING ? ERR_PAYMENT_PROCESSING : reply_secret(call, &payment);
}

const Method payment_create_intent = {
    .name = "payment.create_intent",
    .access = ACCESS_SIGNED_IN,
    .fields = create_intent_fields,
    .field_count = 1,
    .input_bytes = sizeof(CreateIntent),
    .run = create_intent,
};

// payment.settle: what a courier brings back (src/effects/stripe.h).

typedef struct Settle {
  Str op;
  int64_t booking_id;
  int64_t attempt;
  Str intent;
  int64_t http;
  Str error;
  Str message;
  Str intent_id;
  Str client_secret;
  Str status;
  int64_t amount;
  Str currency;
  Str intent_booking_id;
  Str refund_id;
  Str refund_state;
} Settle;

#define SETTLE_TEXT(its_name, member)                                                             \
  {                                                                                               \
    .name = (its_name), .kind = FIELD_WORD, .offset = offsetof(Settle, member), .optional = true, \
    .error = ERR_VALIDATION                                                                       \
  }
#define SETTLE_NUMBER(its_name, member)                                                                            \
  {                                                                                                                \
    .name = (its_name), .kind = FIELD_INT, .offset = offsetof(Settle, member), .optional = true, .max = INT64_MAX, \
    .error = ERR_VALIDATION                                                                                        \
  }

static const Field settle_fields[] = {
    SETTLE_TEXT("op", op),
    SETTLE_NUMBER("bookingId", booking_id),
    SETTLE_NUMBER("attempt", attempt),
    SETTLE_TEXT("intent", intent),
    SETTLE_NUMBER("http", http),
    SETTLE_TEXT("error", error),
    SETTLE_TEXT("message", message),
    SETTLE_TEXT("intentId", intent_id),
    SETTLE_TEXT("clientSecret", client_secret),
    SETTLE_TEXT("status", status),
    SETTLE_NUMBER("amount", amount),
    SETTLE_TEXT("currency", currency),
    SETTLE_TEXT("intentBookingId", intent_booking_id),
    SETTLE_TEXT("refundId", refund_id),
    SETTLE_TEXT("refundStatus", refund_state),
};

enum { HTTP_OK = 200, HTTP_NOT_FOUND = 404, HTTP_CONFLICT = 409, HTTP_TOO_MANY = 429, HTTP_SERVER = 500 };

// The provider itself has refused, and not only for the moment.
static bool was_answered(const Settle *in) {
  return !str_equal(in->error, STR("unreachable")) && in->http != 0 && in->http < HTTP_SERVER &&
         in->http != HTTP_CONFLICT && in->http != HTTP_TOO_MANY;
}

static void settle_create(Call *call, const Settle *in, Payment *payment, const Intent *intent) {
  if (in->http == HTTP_OK && intent->id.length > 0) {
    if (payment->intent_id.length == 0) payment_set_intent(call, payment, intent);
    payment_told(call, payment, intent);
  } else if (was_answered(in)) {
    payment_refused(call, payment, in->message.length > 0 ? in->message : in->error);
  }  // else it was not reached: who wants to pay asks again
}

// Of a refund, or of a look at one.
static void settle_refund(Call *call, const Settle *in, Payment *payment) {
  Str why = in->message.length > 0 ? in->message : in->error;
  if (str_equal(in->error, STR("charge_already_refunded"))) {
    payment_given_back(call, payment, in->refund_id);
  } else if (in->http == HTTP_OK) {
    payment_refund_told(call, payment, in->refund_id, in->refund_state, why);
  } else if (was_answered(in) && str_equal(in->op, STR("refund"))) {
    payment_refund_told(call, payment, in->refund_id, STR("failed"), why);
  }
}

// Of a retrieve or a cancel.
static void settle_intent(Call *call, const Settle *in, Payment *payment, Intent *intent) {
  Booking booking;
  bool cancel = str_equal(in->op, STR("cancel"));
  if (intent->status.length > 0) {
    payment_told(call, payment, intent);
  } else if (in->http == HTTP_NOT_FOUND && str_equal(in->error, STR("resource_missing"))) {
    intent->status = STR("canceled");  // the provider does not know it: nobody can pay by it
    payment_told(call, payment, intent);
  } else if (cancel && booking_find(call, in->booking_id, &booking)) {
    if (was_answered(in)) {
      payment_ask(call, &booking, payment, ASK_RETRIEVE, call->now_ms);  // refused: why?
    } else if (booking.closing == CLOSING_CANCEL) {
      booking_set_closing(call, &booking, CLOSING_NOT);
    }
  }
}

static Error settle(Call *call, const void *input) {
  const Settle *in = input;
  Payment payment;
  Text topic = {.arena = &call->arena};
  Intent intent = {.id = in->intent_id,
                   .client_secret = in->client_secret,
                   .status = in->status,
                   .amount = in->amount,
                   .currency = in->currency,
                   .booking_public_id = in->intent_booking_id};
  bool found = in->intent.length > 0 ? payment_find_intent(call, in->intent, &payment)
                                     : payment_find_attempt(call, in->booking_id, in->attempt, &payment);
  if (!found) return ERR_NONE;
  if (str_equal(in->op, STR("create"))) {
    settle_create(call, in, &payment, &intent);
  } else if (str_equal(in->op, STR("refund")) || str_equal(in->op, STR("look_at_refund"))) {
    settle_refund(call, in, &payment);
  } else {
    settle_intent(call, in, &payment, &intent);
  }
  text_format(&topic, "booking:%lld", (long long)payment.booking_id);
  call_signal(call, text_str(&topic), STR("changed"), (Str){0});
  return ERR_NONE;
}

const Method payment_settle = {
    .name = "payment.settle",
    .access = ACCESS_ANYONE,
    .fields = settle_fields,
    .field_count = sizeof settle_fields / sizeof settle_fields[0],
    .input_bytes = sizeof(Settle),
    .run = settle,
};

// payment.look

static Error look(Call *call, const void *input) {
  (void)input;
  if (payment_sweep(call)) text_add(&call->reply, STR("{\"more\":true}"));  // the ticker runs it again at once
  return ERR_NONE;
}

const Method payment_look = {.name = "payment.look", .access = ACCESS_ANYONE, .run = look};
