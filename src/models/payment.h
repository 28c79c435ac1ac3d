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
  int64_t created_at;
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

bool payment_find(Call *call, int64_t payment_id, Payment *payment);
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

// The provider has made the intent.
void payment_set_intent(Call *call, Payment *payment, const Intent *intent);
// A confirmed booking is cancelled and paid back, by staff.
void payment_refund(Call *call, Booking *booking);

bool payment_open(const Payment *payment);  // money may still come by it
int64_t payment_next_look(const Call *call, const Payment *payment);

#endif
