// The methods of payments. What each takes and gives: the tickets contract 3.6.
#ifndef FOYER_METHODS_PAYMENT_H
#define FOYER_METHODS_PAYMENT_H

#include "core/call.h"

extern const Method payment_pub_key;        // GET /payment/pub-key
extern const Method payment_create_intent;  // POST /payment/create-intent

// POST /payment/webhook/stripe. Its input is not decoded from JSON: the door fills it in. A refusal's reply is the text
// of the answer.
typedef struct PaymentWebhook {
  Str signature;  // the header Stripe-Signature; empty: none
  Str body;       // the exact bytes; in the call's arena
} PaymentWebhook;
extern const Method payment_webhook;

// The program's own, on no door: what a courier brings back, and what is looked for by itself every SWEEP_INTERVAL. Of
// the look a reply that is not empty says that it wants to run again at once.
extern const Method payment_settle;
extern const Method payment_look;

#endif
