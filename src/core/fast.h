// What is remembered for a while and in memory only: counters of tries, registrations under way. Any thread; a lock
// held for nanoseconds, nothing blocks longer. Bounded: when full, an addition drops what stands in the next two
// buckets.
#ifndef FOYER_CORE_FAST_H
#define FOYER_CORE_FAST_H

#include <stdbool.h>
#include <stdint.h>

#include "core/redis.h"
#include "shared/arena.h"
#include "shared/str.h"

typedef struct Fast Fast;

Fast *fast_new(void);  // NULL when memory is out
void fast_free(Fast *fast);

// The key of something about somebody: "what:who", in the arena.
Str fast_key(Arena *arena, const char *what, Str who);

// Adds `by` to a counter, which ends `window_ms` after it was first counted; gives the new value. With 0 it only tells.
int64_t fast_count(Fast *fast, Str key, int64_t by, int64_t window_ms, int64_t now_ms);
bool fast_put(Fast *fast, Str key, Str value, int64_t until_ms);  // false: no memory, and nothing is under the key
// A copy of the value in the arena; false when there is none or its time is over.
bool fast_get(Fast *fast, Str key, int64_t now_ms, Arena *arena, Str *value);
void fast_remove(Fast *fast, Str key);

// A change that a call has made: what other processes on the same database are told, so that all remember the same.
typedef enum FastChangeKind { FAST_COUNTED, FAST_PUT, FAST_REMOVED } FastChangeKind;
typedef struct FastChange {
  struct FastChange *next;
  FastChangeKind kind;
  Str key;
  Str value;          // that was put
  int64_t by;         // as it was counted
  int64_t window_ms;  // for how long, from at_ms on
  int64_t at_ms;
} FastChange;
void fast_apply(Fast *fast, const FastChange *changes);

// Rates of requests, in a table of their own, so that a flood of addresses pushes out no count of guesses. Adds `by`
// requests of `key` (see fast_rate_key) to its window and tells what stands in it; with 0 it begins none.
typedef struct FastRate {
  int64_t count;     // these included
  int64_t until_ms;  // the end of the window
} FastRate;
FastRate fast_rate(Fast *fast, uint64_t key, int64_t by, int64_t window_ms, int64_t now_ms);
uint64_t fast_rate_key(const Fast *fast, const char *what, Str who);  // not to be guessed by who would collide

// What is limited once for all processes is counted by Redis: what is known here decides at once, and Redis's answer
// corrects it for the next request. Without Redis each process counts its own. `secret` is the same in all of them:
// keys are made with it, so that no address can be read in Redis. Before there are other threads.
void fast_share_rates(Fast *fast, Redis *redis, Str secret);
FastRate fast_rate_shared(Fast *fast, const char *what, Str who, int64_t by, int64_t window_ms, int64_t now_ms);

#endif
