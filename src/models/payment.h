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
  Str refund_id;            // the provider's last refund that it told of; empty: none
  Str refund_state;         // of one that is due: empty (asked for), "pending" or "failed"
  int64_t refund_failures;  // refunds of it that failed so far
  int64_t asks;             // what was asked of the provider about this intent so far
  Str last_error;           // the provider's words when it refused to make the intent
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
// The provider refused to make the intent, in its own words.
void payment_refused(Call *call, Payment *payment, Str words);

// The provider has made the intent.
void payment_set_intent(Call *call, Payment *payment, const Intent *intent);

// Money that goes back (payment_refund.c). It is due until the provider says that it was done.
void payment_give_back(Call *call, Payment *payment, const Booking *booking, const char *reason);
// A confirmed booking is cancelled and paid back, by staff.
void payment_refund(Call *call, Booking *booking);
// The provider has given the money back, because we asked or of its own.
void payment_given_back(Call *call, Payment *payment, Str refund_id);
// How a refund stands, in the provider's word: "succeeded" (or none), "pending", "failed", ...; `why` it failed.
void payment_refund_told(Call *call, Payment *payment, Str refund_id, Str state, Str why);
// The same by an event, which may be of somebody else's refund.
void payment_refund_heard(Call *call, Payment *payment, Str refund_id, Str state, Str why);
// Follows up a refund that is due: asks again, or how it stands.
void payment_look_at_refund(Call *call, const Booking *booking, Payment *payment);
// Refunds of a booking that failed are asked for anew, at once.
void payment_refund_anew(Call *call, const Booking *booking);

bool payment_open(const Payment *payment);  // money may still come by it
int64_t payment_next_look(const Call *call, const Payment *payment);

#endif
