// The lines of all concerts as keys of Redis, for whoever wants to read them there; this program never does. They are
// written after each commit that changes them, by the process that has committed. Concerts and people have their public
// ids there:
//
// - queue:concert:<id>: a sorted set of who waits, by the number of arrival, lots before the opening below 0
//
// - active:concert:<id>: the set of who holds a slot
//
// - slot:<id>:<user>: the end of his slot in milliseconds; gone when it is over
//
// - foyer:queue:commit: the number of the commit up to which all this is right
//
// What Redis has missed is written again from what this process remembers, what it has forgotten from the tables.
#ifndef FOYER_MODELS_QUEUE_KEYS_H
#define FOYER_MODELS_QUEUE_KEYS_H

#include "core/call.h"
#include "core/redis.h"

typedef struct QueueKeysSettings {
  Redis *redis;        // NULL: there is none, and nothing is done here
  int64_t seen;        // as StoreSettings.seen
  bool shared;         // other processes write these keys, too
  void (*wake)(void);  // queue_keys_next has changed; on Redis's thread or the store's
} QueueKeysSettings;

// Before the store starts.
void queue_keys_begin(const QueueKeysSettings *settings, const Env *env);
void queue_keys_free(void);
void queue_keys_committed(const Event *event);       // as StoreSettings.committed
void queue_keys_numbered(int64_t number, bool own);  // as StoreSettings.numbered
void queue_keys_beat(bool came);                     // as RedisSettings.beat
int64_t queue_keys_next(int64_t now_ms);             // when there is something to write; INT64_MAX: there is nothing
// Writes what has changed, and a page of the tables when all is to be written anew; on a reader. *more: the next page
// can follow at once.
void queue_keys_write(Call *call, bool *more);

#endif
