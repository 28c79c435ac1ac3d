// The built-in test provider: what Stripe's API answers, from a table, so that the whole way can be walked with no key
// set. Only while STRIPE_SECRET_KEY is empty.
#ifndef FOYER_METHODS_TEST_PROVIDER_H
#define FOYER_METHODS_TEST_PROVIDER_H

#include "core/call.h"

typedef enum TestProviderOp {
  TEST_CREATE,
  TEST_RETRIEVE,
  TEST_CANCEL,
  TEST_REFUND,
  TEST_LOOK_AT_REFUND,
  TEST_CONFIRM
} TestProviderOp;

// The input; the door fills it in, in the call's arena.
typedef struct TestProviderAsk {
  TestProviderOp op;
  bool trusted;  // asked by us: the secret of the API was right
  Str intent;
  Str client_secret;
  Str card;
  int64_t amount;
  Str currency;
  Str booking_id;
  Str user_id;
  Str idempotency_key;
} TestProviderAsk;

// Replies with an intent, a refund, or Stripe's {"error":...}, this also beside an error. With ERR_NONE a reply that
// begins with `{"error"` is a card that was declined.
extern const Method test_provider_ask;

#endif
