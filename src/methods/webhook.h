// What follows when an endpoint of others was told, or was not.
#ifndef FOYER_METHODS_WEBHOOK_H
#define FOYER_METHODS_WEBHOOK_H

#include "core/call.h"

// Not a message: settles the effect "webhook" (core/outbox.h).
extern const Method webhook_settle;

#endif
