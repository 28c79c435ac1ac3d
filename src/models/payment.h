// Payments: one row an intent of the provider, what its state means for its booking, and what is asked of the provider.
// Asking is an effect; the answer comes as payment.settle. Store thread, in the call's transaction.
#ifndef FOYER_MODELS_PAYMENT_H
#define FOYER_MODELS_PAYMENT_H

#include "models/booking.h"

typedef enum PaymentStatus {
  PAYMENT_CREATED,
  PAYMENT_PROCESSING,
  PAYMENT_SUCCEEDED,
  PAYMENT_FAILED,
  PAYMENT_CANCELED,
  PAYMENT_REFUNDED
} PaymentStatus;

typedef struct Payment {
  int64_t id;
  int64_t booking_id;
  int64_t attempt;
  Str intent_id;  // empty until the provider has answered
  Str client_secret;
  int64_t amount;
  Str currency;
  PaymentStatus status;
  bool current;
  bool refund_due;
  int64_t asks;    // what was asked of the provider about this intent so far
  Str last_error;  // the provider's words when it refused to make the intent
  int64_t updated_at;
} Payment;

// An intent as the provider tells it.
typedef struct Intent {
  Str id;
  Str client_secret;
  Str status;  // the provider's word: "succeeded", ...
  int64_t amount;
  Str currency;
  Str booking_public_id;  // of its metadata
} Intent;

bool payment_find_current(Call *call, int64_t booking_id, Payment *payment);
bool payment_find_intent(Call *call, Str intent_id, Payment *payment);
bool payment_find_attempt(Call *call, int64_t booking_id, int64_t attempt, Payment *payment);

// THE place where an intent's state gets its meaning, for the webhook, the confirmation, the answers of couriers and
// the sweep alike. Tells of the stock itself.
void payment_told(Call *call, Payment *payment, const Intent *intent);
// The provider says that a try to pay has failed: the booking stays, another try may follow.
void payment_try_failed(Call *call, Payment *payment);
// The provider has given the money back, because we asked or of its own.
void payment_given_back(Call *call, Payment *payment, Str refund_id);
// The provider refused to make the intent, in its own words.
void payment_refused(Call *call, Payment *payment, Str words);

// A first or another intent for the booking: the row, and the effect that makes it.
void payment_begin(Call *call, Booking *booking);
void payment_set_intent(Call *call, Payment *payment, const Intent *intent);

typedef enum PaymentAsk { ASK_RETRIEVE, ASK_CANCEL } PaymentAsk;
// Asks the provider and makes the call wait for the answer: it runs again with call->waited_note set.
void payment_ask_and_wait(Call *call, const Booking *booking, Payment *payment, PaymentAsk ask);
void payment_ask(Call *call, const Booking *booking, Payment *payment, PaymentAsk ask, int64_t due_ms);

// What must be looked at again by itself: expiry in two phases, open intents, refunds that did not get through. True
// when there is more to do at once.
bool payment_sweep(Call *call);

#endif
