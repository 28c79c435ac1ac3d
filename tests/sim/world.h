// The simulated world of one seed: its clock, its dice, what will happen when, and what the weather is like. Everything
// that happens is an entry of the agenda, on one thread, in an order that the seed alone decides.
#ifndef FOYER_TESTS_SIM_WORLD_H
#define FOYER_TESTS_SIM_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/arena.h"
#include "sim/seen.h"

typedef struct World World;

// 2026-11-21T07:00:00.000Z
#define WORLD_BEGIN_MS INT64_C(1795244400000)
enum { SECOND_MS = 1000, MINUTE_MS = 60000, HOUR_MS = 3600000, DAY_MS = 86400000 };

// How likely things are to go wrong, of a thousand. Each seed has a weather of its own; after the storm all are 0.
typedef struct Weather {
  int crash;           // at each step of a batch
  int power_cut;       // that a crash is one of the power
  int lost_request;    // does not reach the server
  int lost_answer;     // was done, and nobody hears of it
  int clock_jump;      // each minute, an hour forth or back
  int stripe_late;     // an answer takes minutes
  int stripe_deaf;     // an answer is lost after it acted
  int stripe_busy;     // 409, 429 or 500
  int stripe_decline;  // of a payment
  int stripe_slow;     // a payment hangs in "processing"
  int webhook_late;    // hours or days
  int webhook_twice;
  int webhook_never;
  int webhook_forged;  // beside each genuine one, one that is not
  int refund_fails;    // at first
  int mail_fails;      // for now
  int mail_bounces;    // for good
  int disk_fails;      // at a write, for once
} Weather;

typedef void (*Happening)(World *world, void *what);

typedef struct Entry {
  int64_t at_ms;
  uint64_t order;  // entries of the same moment happen in the order they were made
  Happening run;
  void *what;
} Entry;

struct World {
  uint64_t seed;
  uint64_t dice;
  int64_t now_ms;   // true time
  int64_t skew_ms;  // how far the server's clock is off
  bool is_calm;     // the storm is over
  int64_t calm_ms;  // since when
  Weather weather;
  Entry *agenda;  // a heap, the next on top
  size_t agenda_count;
  size_t agenda_capacity;
  uint64_t entries;  // ever made
  Arena arena;       // of all that lives as long as the world
  uint64_t *seen;    // counters, SEEN_COUNT of them, over all worlds
  bool tells;        // prints what happens
  struct Server *server;
  struct Stripe *stripe;
  struct People *people;
  struct History *history;
};

void world_begin(World *world, uint64_t seed, uint64_t *seen, bool tells);
void world_end(World *world);
// Does what is on the agenda until `until_ms`.
void world_run(World *world, int64_t until_ms);
void world_later(World *world, int64_t in_ms, Happening run, void *what);

uint64_t world_dice(World *world);
int64_t world_between(World *world, int64_t least, int64_t most);  // both included
bool world_chance(World *world, int of_thousand);
void world_random(World *world, void *bytes, size_t count);

static inline void world_saw(World *world, Seen what) {
  ++world->seen[what];
}

// What must not be is: says so with the seed, and ends the program.
_Noreturn void world_broken(const World *world, const char *format, ...) __attribute__((format(printf, 2, 3)));
// How often something is looked at that is usually looked at so often: rarely, when all is calm, that time goes by
// fast.
int64_t world_pace(const World *world, int64_t every_ms);
// A line of the log of what happens, when it is wanted.
void world_tell(const World *world, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
