// What is looked at by itself, every SWEEP_INTERVAL. Store thread, in the call's transaction.
#ifndef FOYER_MODELS_PAYMENT_SWEEP_H
#define FOYER_MODELS_PAYMENT_SWEEP_H

#include "models/booking.h"

// Expiry in two phases, intents that are open for long, refunds that did not get through. True when there is more to do
// at once.
bool payment_sweep(Call *call);
// A booking whose time has run out, now. *freed: its seats came back at once. True when the provider has to be asked
// first: the call waits.
bool payment_close_one(Call *call, Booking *booking, bool *freed);
// When a category has too few seats: those of bookings whose time has run out, now. *freed: some came back at once,
// and are told of when the call has taken what it wants (stock_changed). True as above.
bool payment_close_due(Call *call, int64_t category_id, bool *freed);

#endif
