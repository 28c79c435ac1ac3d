// Endpoints of others that are told of bookings (Standard Webhooks). On a store thread, inside a transaction, or in a
// command.
#ifndef FOYER_MODELS_WEBHOOK_H
#define FOYER_MODELS_WEBHOOK_H

#include "core/call.h"

// Records for each endpoint that it is to be told: {"type","timestamp","data"}. `type` is "booking.confirmed" and the
// like, `data` JSON.
void webhook_tell(Call *call, Str type, Str data);

bool webhook_url_valid(Str url);  // http:// or https:// and no white space, at most 2048 bytes
// Adds an endpoint, or enables a disabled one again; gives its secret ("whsec_" and base64) in the arena. False when
// the database failed.
bool webhook_add(Db *db, Arena *arena, const Env *env, Str url, Str *secret);
bool webhook_remove(Db *db, Str url);  // with what it was still to be told; false: no such endpoint
// Whether it has taken anything since then.
bool webhook_takes(Db *db, int64_t id, int64_t since_ms);
void webhook_disable(Db *db, int64_t id, int64_t now_ms);

#endif
