// The world of one seed: clock, dice and agenda.
#include "sim/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// SplitMix64.
uint64_t world_dice(World *world) {
  uint64_t mixed = world->dice += 0x9e3779b97f4a7c15;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

int64_t world_between(World *world, int64_t least, int64_t most) {
  return least + (int64_t)(world_dice(world) % (uint64_t)(most - least + 1));
}

bool world_chance(World *world, int of_thousand) {
  return of_thousand > 0 && world_between(world, 0, 999) < of_thousand;
}

void world_random(World *world, void *bytes, size_t count) {
  char *at = bytes;
  while (count > 0) {
    uint64_t dice = world_dice(world);
    size_t take = count < sizeof dice ? count : sizeof dice;
    memcpy(at, &dice, take);
    at += take;
    count -= take;
  }
}

// Each kind of fault is there in half of the worlds only, so that some see much of one and nothing of another.
static int draw(World *world, int most) {
  return world_chance(world, 500) ? (int)world_between(world, 1, most) : 0;
}

static Weather draw_weather(World *world) {
  return (Weather){.crash = draw(world, 12),
                   .power_cut = draw(world, 800),
                   .lost_request = draw(world, 60),
                   .lost_answer = draw(world, 120),
                   .clock_jump = draw(world, 30),
                   .stripe_late = draw(world, 200),
                   .stripe_deaf = draw(world, 250),
                   .stripe_busy = draw(world, 300),
                   .stripe_decline = draw(world, 400),
                   .stripe_slow = draw(world, 400),
                   .webhook_late = draw(world, 400),
                   .webhook_twice = draw(world, 400),
                   .webhook_never = draw(world, 400),
                   .webhook_forged = draw(world, 200),
                   .refund_fails = draw(world, 600),
                   .mail_fails = draw(world, 300),
                   .mail_bounces = draw(world, 100),
                   .disk_fails = draw(world, 5)};
}

void world_begin(World *world, uint64_t seed, uint64_t *seen, bool tells) {
  *world = (World){.seed = seed, .dice = seed * 0x2545f4914f6cdd1d, .now_ms = WORLD_BEGIN_MS, .seen = seen};
  world->tells = tells;
  world->weather = draw_weather(world);
}

void world_end(World *world) {
  free(world->agenda);
  arena_free(&world->arena);
}

// The agenda, a binary heap.

static bool before(const Entry *a, const Entry *b) {
  return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

void world_later(World *world, int64_t in_ms, Happening run, void *what) {
  if (world->agenda_count == world->agenda_capacity) {
    world->agenda_capacity = world->agenda_capacity > 0 ? world->agenda_capacity * 2 : 256;
    world->agenda = realloc(world->agenda, world->agenda_capacity * sizeof *world->agenda);
    if (world->agenda == NULL) abort();
  }
  Entry entry = {.at_ms = world->now_ms + in_ms, .order = ++world->entries, .run = run, .what = what};
  size_t at = world->agenda_count++;
  while (at > 0 && before(&entry, &world->agenda[(at - 1) / 2])) {
    world->agenda[at] = world->agenda[(at - 1) / 2];
    at = (at - 1) / 2;
  }
  world->agenda[at] = entry;
}

static Entry take_next(World *world) {
  Entry next = world->agenda[0];
  Entry last = world->agenda[--world->agenda_count];
  size_t count = world->agenda_count;
  size_t at = 0;
  for (size_t child = 1; child < count; child = 2 * at + 1) {
    if (child + 1 < count && before(&world->agenda[child + 1], &world->agenda[child])) ++child;
    if (!before(&world->agenda[child], &last)) break;
    world->agenda[at] = world->agenda[child];
    at = child;
  }
  world->agenda[at] = last;
  return next;
}

void world_run(World *world, int64_t until_ms) {
  while (world->agenda_count > 0 && world->agenda[0].at_ms <= until_ms) {
    Entry next = take_next(world);
    world->now_ms = next.at_ms;
    next.run(world, next.what);
  }
  world->now_ms = until_ms;
}

int64_t world_pace(const World *world, int64_t every_ms) {
  if (!world->is_calm) return every_ms;
  int64_t calm_ms = world->now_ms - world->calm_ms < 2 * HOUR_MS ? 10 * MINUTE_MS : 8 * HOUR_MS;
  return calm_ms > every_ms ? calm_ms : every_ms;
}

// Telling.

void world_tell(const World *world, const char *format, ...) {
  if (!world->tells) return;
  va_list args;
  va_start(args, format);
  printf("%10.3f  ", (double)(world->now_ms - WORLD_BEGIN_MS) / SECOND_MS);
  vprintf(format, args);
  putchar('\n');
  va_end(args);
}

_Noreturn void world_broken(const World *world, const char *format, ...) {
  va_list args;
  va_start(args, format);
  fflush(stdout);
  fprintf(stderr, "seed %llu, after %.3f s: ", (unsigned long long)world->seed,
          (double)(world->now_ms - WORLD_BEGIN_MS) / SECOND_MS);
  vfprintf(stderr, format, args);
  fprintf(stderr, "\nagain: build/tests/sim/sim --seed %llu\n", (unsigned long long)world->seed);
  va_end(args);
  exit(1);
}
