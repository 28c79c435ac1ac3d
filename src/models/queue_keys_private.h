// What the files of the queue's keys share: everything under one lock, which neither the database nor an answer of
// Redis is waited for under.
#ifndef FOYER_MODELS_QUEUE_KEYS_PRIVATE_H
#define FOYER_MODELS_QUEUE_KEYS_PRIVATE_H

#include "models/queue_keys.h"
#include "models/waiting_room.h"

#define KEYS_MARKER "foyer:queue:commit"

// One commit's changes of places.
typedef struct KeysChange {
  struct KeysChange *next;
  int64_t number;
  int64_t previous;  // of the commit that has changed places before
  bool own;          // of this process, which sends it: Redis was there
  size_t count;
  RoomPlace places[];
} KeysChange;

// Changes on their way, copies in somebody's arena.
typedef struct KeysTaken {
  const KeysChange *changes[256];
  size_t count;
  size_t places;  // in all of them
  bool mends;     // they are sent again
} KeysTaken;

void keys_lock(void);
void keys_unlock(void);

// Under the lock.
Redis *keys_redis(void);
int64_t keys_seen(void);
bool keys_are_due(void);  // changes are to be sent
// Redis has everything up to this number: what follows is written again, as far as it is remembered.
void keys_mend(int64_t marker);
void keys_want_all(void);    // all is to be written from the tables
void keys_forget_all(void);  // whatever was under way of that is lost
void keys_wake(void);
void keys_begin_all(const Env *env);

// Without the lock, on a reader.
void keys_take(KeysTaken *taken, Arena *arena);  // some of what is to be sent; `taken` is all zero
void keys_not_sent(const KeysTaken *taken);      // not all of it
void keys_send_changes(Call *call);
void keys_on_changed(void *arg, uint64_t note, const RedisAnswer *answer);
void keys_on_mended(void *arg, uint64_t note, const RedisAnswer *answer);

// The place as the keys have it: "w<score>", "a<end of the slot>", or "" for none.
Str keys_place(Arena *arena, int64_t place);
// Sends a change; `names` are the concert's and the person's of each of its places.
bool keys_send(const KeysChange *change, const Str *names, RedisAnswered answered);

#endif
