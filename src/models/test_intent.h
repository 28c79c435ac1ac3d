// Intents of the built-in test provider (table `test_intents`), which stands in for Stripe where no key is set. On a
// store thread, in the call's transaction.
#ifndef FOYER_MODELS_TEST_INTENT_H
#define FOYER_MODELS_TEST_INTENT_H

#include "core/call.h"

typedef struct TestIntent {
  Str id;
  Str client_secret;
  int64_t amount;
  Str currency;
  Str booking_id;  // metadata
  Str user_id;
  Str status;  // Stripe's words
  bool refunded;
  Str card;            // it was paid with; empty: not yet
  int64_t settles_at;  // a processing one succeeds then; 0: never
} TestIntent;

// Makes one, or finds what was made with the same key. False: the key was used for another.
bool test_intent_make(Call *call, Str idempotency_key, TestIntent *intent);
// As it is now: one whose time has come has succeeded.
bool test_intent_find(Call *call, Str id, TestIntent *intent);
void test_intent_set_card(Call *call, TestIntent *intent, Str card);
void test_intent_set(Call *call, TestIntent *intent, Str status, int64_t settles_at);
bool test_intent_refund(Call *call, const TestIntent *intent);  // false: it was refunded before
void test_intent_write(Text *out, const TestIntent *intent);    // as Stripe writes it

#endif
