// What is asked of the provider: effects of the kind "stripe" (src/effects/stripe.h), whose answers come as
// payment.settle. Store thread, in the call's transaction.
#ifndef FOYER_MODELS_PAYMENT_ASK_H
#define FOYER_MODELS_PAYMENT_ASK_H

#include "models/payment.h"

typedef enum PaymentAsk { ASK_RETRIEVE, ASK_CANCEL, ASK_REFUND } PaymentAsk;

// A first or another intent for the booking: the row, and the effect that makes it.
void payment_begin(Call *call, Booking *booking);
// Asks about an intent; ASK_REFUND: how its refund stands.
void payment_ask(Call *call, const Booking *booking, Payment *payment, PaymentAsk ask, int64_t due_ms);
void payment_ask_refund(Call *call, const Booking *booking, const Payment *payment);
// What was asked but never answered is asked again, with the same key.
void payment_ask_again(Call *call, const Booking *booking, const Payment *payment);
// What a payment's refund is called, in the keys of its effects.
Str payment_refund_name(Call *call, const Booking *booking, const Payment *payment);

// How the last question about an intent stands.
typedef enum AskState { ASK_NONE, ASK_UNDER_WAY, ASK_FAILING, ASK_ANSWERED, ASK_GIVEN_UP } AskState;
AskState payment_ask_state(Call *call, const Booking *booking, const Payment *payment);

// The call waits for the answer to what was asked last; it runs again with its note set (core/call.h, `waited_note`).
void payment_wait(Call *call, const Booking *booking, const Payment *payment);
// In such a run: whether the answer is there (then the tables tell it); false: the call waits on. *booking is the one
// it was asked about, id 0 when it is not known any more.
bool payment_waited(Call *call, Booking *booking);

#endif
