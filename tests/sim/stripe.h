// A model of Stripe: intents with their states, refunds, idempotency keys, and webhooks that come late, twice, out of
// order, forged or never. It is the truth about money, and never crashes.
#ifndef FOYER_TESTS_SIM_STRIPE_H
#define FOYER_TESTS_SIM_STRIPE_H

#include "core/call.h"
#include "sim/world.h"

typedef enum IntentState { INTENT_OPEN, INTENT_PROCESSING, INTENT_SUCCEEDED, INTENT_CANCELED } IntentState;

typedef struct Charge Charge;
struct Charge {  // an intent, with the money that came by it
  Charge *next;
  Str id;
  Str secret;
  Str key;  // the Idempotency-Key of its making
  Str booking_id;
  int64_t amount;
  Str currency;
  IntentState state;
  Str refund_id;  // empty: the money was not given back
  Str refund_key;
  Str failed_key;       // of a refund that could not be made: asked for with it again, it still could not
  bool refund_pending;  // told as such, until somebody looks
  Str undone_id;        // of a refund that was made and failed later; empty: none did
  Str undone_key;
  const char *undone_answer;  // to its key, as it was at first
  int refusals;               // of refunds, so far
  bool was_declined;
  int on_way;  // answers about it that have not reached the server
};

// What an answer of the API says.
typedef struct StripeAnswer {
  int http;           // 0: none came
  const char *error;  // its code; NULL: none
  Charge *charge;
  const char *refund_state;  // NULL: it is about no refund
  Str refund_id;             // empty: none was made
} StripeAnswer;

void stripe_begin(World *world);
// What a courier asks: "create", "retrieve", "cancel", "refund" or "look_at_refund".
StripeAnswer stripe_ask(World *world, Str op, Str key, const Json *payload);
// What a buyer does with the secret that he was told: pays, with the luck of the dice.
typedef enum PayOutcome { PAY_SUCCEEDED, PAY_DECLINED, PAY_HANGS, PAY_IMPOSSIBLE } PayOutcome;
PayOutcome stripe_pay(World *world, Str secret);

const char *stripe_state_name(IntentState state);
const Charge *stripe_charges(const World *world);  // all, linked

#endif
