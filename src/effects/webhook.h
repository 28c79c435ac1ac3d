// The effect "webhook": tells one endpoint of one event, signed by the Standard Webhooks rules. Couriers. Its payload
// is written by webhook_tell (models/webhook.h).
#ifndef FOYER_EFFECTS_WEBHOOK_H
#define FOYER_EFFECTS_WEBHOOK_H

#include "core/outbox.h"

// Result: {"webhook_id","accepted","gone" (410: it wants no more)}.
Outcome webhook_perform(Errand *errand);

// base64 of HMAC-SHA256 over id.seconds.body; exported for tests.
Str webhook_signature(Arena *arena, Str secret, Str id, int64_t seconds, Str body);

#endif
