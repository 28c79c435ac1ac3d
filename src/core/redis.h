// Redis as this program uses it: a cache, a bus and a limiter, never the record. One thread speaks to it; whoever wants
// something leaves a command and goes on, and what is left while it is away, or more than it takes, is dropped and
// counted. Nobody ever waits for it. Needs Redis 6.2 or what speaks its protocol.
#ifndef FOYER_CORE_REDIS_H
#define FOYER_CORE_REDIS_H

#include "shared/str.h"

typedef struct Redis Redis;

typedef enum RedisAnswerKind { REDIS_NOTHING, REDIS_INTEGER, REDIS_TEXT, REDIS_FAULT } RedisAnswerKind;

typedef struct RedisAnswer {
  RedisAnswerKind kind;
  int64_t integer;
  Str text;  // also of a fault
} RedisAnswer;

// What has come of a command; on Redis's thread. Not called for what was lost on the way.
typedef void (*RedisAnswered)(void *arg, uint64_t note, const RedisAnswer *answer);

typedef struct RedisSettings {
  const char *channel;                    // what is listened to
  void (*heard)(void *arg, Str message);  // one came; on Redis's thread
  // As soon as it is there and then about every second; on Redis's thread. `came`: what was asked before and not
  // answered is lost, and what it held may be gone.
  void (*beat)(void *arg, bool came);
  void *arg;
} RedisSettings;

// NULL when the URL cannot be read; *fault says why (see core/redis_url.h), in static memory.
Redis *redis_new(Str url, const char **fault);
bool redis_start(Redis *redis, const RedisSettings *settings);  // false (logged): no thread
// Does what was left, for a moment at most, and ends the thread.
void redis_stop(Redis *redis);
void redis_free(Redis *redis);

// The rest takes NULL for a Redis that is not configured, from any thread, and blocks on nothing but a lock that is
// held for nanoseconds.

// Leaves a command, printf-formatted, split into words at its spaces (a word that is put in may hold spaces).
// `answered` may be NULL. False: it was dropped.
bool redis_send(Redis *redis, RedisAnswered answered, void *arg, uint64_t note, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
// The same of words as they are.
bool redis_send_words(Redis *redis, RedisAnswered answered, void *arg, uint64_t note, const Str *words, size_t count);
// It is there, and answers promptly.
bool redis_answers(const Redis *redis);
// Half of what may be left is free: for commands that are not to push out others.
bool redis_has_room(const Redis *redis);

// Figures since the start.
typedef struct RedisFigures {
  uint64_t here;      // 1: it is
  uint64_t sent;      // commands
  uint64_t dropped;   // commands that were not taken, or had no answer when the line broke
  uint64_t faults;    // commands that it refused
  uint64_t connects;  // times that it came
  uint64_t heard;     // messages of the channel
  uint64_t waiting;   // commands that have no answer yet
} RedisFigures;
RedisFigures redis_figures(const Redis *redis);

#endif
