// Who a token is of, as long as its session stands: found by the token's bytes, without a signature to check or a table
// to read. One a loop, bounded, on the loop's thread. What was found is not kept when sessions have ended since it was
// asked for.
#ifndef FOYER_CONTROLLERS_IDENTITY_CACHE_H
#define FOYER_CONTROLLERS_IDENTITY_CACHE_H

#include "core/call.h"

typedef struct IdentityCache IdentityCache;

typedef struct TokenKey {
  unsigned char bytes[16];
} TokenKey;

IdentityCache *identity_cache_new(void);  // NULL when memory is out
void identity_cache_free(IdentityCache *cache);

TokenKey identity_cache_key(const IdentityCache *cache, Str token);
// NULL when it is not known or has expired. Valid until the next change of the cache.
Identity *identity_cache_find(IdentityCache *cache, const TokenKey *key, int64_t now_ms);
// Counts what may have ended a session: ask for it before the look at the tables, and give it with what was found.
uint64_t identity_cache_epoch(const IdentityCache *cache);
void identity_cache_add(IdentityCache *cache, const TokenKey *key, const Identity *identity, uint64_t epoch);

// A signal of models/session.h: forgets the ended sessions of a person.
void identity_cache_signal(IdentityCache *cache, const Event *event);
void identity_cache_clear(IdentityCache *cache);  // the tables were changed by somebody else

#endif
