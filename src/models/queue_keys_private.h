// What the two files of the queue's keys share: everything under one lock, which no answer of Redis is waited for
// under.
#ifndef FOYER_MODELS_QUEUE_KEYS_PRIVATE_H
#define FOYER_MODELS_QUEUE_KEYS_PRIVATE_H

#include "models/queue_keys.h"
#include "models/waiting_room.h"

#define KEYS_MARKER "foyer:queue"

void keys_lock(void);
void keys_unlock(void);

// Under the lock.
Redis *keys_redis(void);
int64_t keys_seen(void);
// The place as the keys have it: "w<score>", "a<end of the slot>", or "" for none.
Str keys_place(Arena *arena, int64_t place);
// Redis has everything up to this number: what follows is written again, as far as it is remembered.
void keys_mend(int64_t marker);
void keys_want_all(void);    // all is to be written from the tables
void keys_forget_all(void);  // whatever was under way of that is lost
void keys_wake(void);
void keys_begin_all(const Env *env);

#endif
