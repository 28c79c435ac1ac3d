// The effect "stripe": one request to Stripe's API (contract 3.6, 3.8), or to the built-in test provider when there is
// no STRIPE_SECRET_KEY. Couriers.
//
// Payload: {"op":"create"|"retrieve"|"cancel"|"refund"|"look_at_refund","bookingId" (of the row),"attempt","intent"
// (not for create),"refund" (its id, look_at_refund),"amount","currency","metadata":{...} (create)}. Keys:
// "create:<booking's public id>:<attempt>", which gives the Idempotency-Key "intent:<booking's public id>:<attempt>";
// the others' keys are their Idempotency-Keys as they are.
//
// Result, the input of `payment.settle`, always a flat object:
//   "op", "bookingId", "attempt" and "intent" as in the payload, "outboxId",
//   "http": the last answer's status, 0: there was none in time,
//   "error": Stripe's error code or type, "" when there was none, "unreachable" when it could not be asked,
//   "message": Stripe's sentence for people, "" when there was none,
//   of the intent as Stripe has it now (also inside of an error about it), each "" or 0 when not told:
//   "intentId", "clientSecret", "status", "amount", "currency", "intentBookingId" (metadata.bookingId),
//   "refundId", "refundStatus".
//
// 409, 429, 5xx and silence are tried again with the same key: retrieve and create for 10 s, cancel and
// look_at_refund for a minute, a refund until it is made (30 days). Other answers are final.
#ifndef FOYER_EFFECTS_STRIPE_H
#define FOYER_EFFECTS_STRIPE_H

#include "core/outbox.h"

Outcome stripe_perform(Errand *errand);

#endif
