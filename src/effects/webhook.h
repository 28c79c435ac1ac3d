// The effect "webhook": tells one endpoint of one event, signed by the Standard Webhooks rules. Couriers. Its payload
// is written by webhook_tell (models/webhook.h).
#ifndef FOYER_EFFECTS_WEBHOOK_H
#define FOYER_EFFECTS_WEBHOOK_H

#include "core/outbox.h"

Outcome webhook_perform(Errand *errand);

#endif
