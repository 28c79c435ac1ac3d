// The simulation of the box office: many worlds, each from its seed. In each a storm, then calm; what must hold is
// looked at after every commit, and what a run must have seen at its end.
//
//   sim --seeds 1-10000   these; fails when something rare was never seen
//   sim --seed N          one, telling what happens
//   sim --forever N       from N on, without end
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "sim/checker.h"
#include "sim/people.h"
#include "sim/server.h"
#include "sim/stripe.h"
#include "sim/venue.h"
#include "support/ram_disk.h"

enum { STORM_MS_MIN = 5 * MINUTE_MS, STORM_MS_MAX = 25 * MINUTE_MS, SEEDS_FOR_RARE = 2000 };

static uint64_t seen[SEEN_COUNT];
static int64_t simulated_ms;

static void make_calm(World *world) {
  world->is_calm = true;
  world->calm_ms = world->now_ms;
  world->weather = (Weather){0};
  world->skew_ms = 0;
  world_tell(world, "calm");
}

// The switches of the line as they were at first: else people would wait for ever, and rightly.
static void open_line(World *world) {
  static const char OPEN[] = "UPDATE concerts SET paused = 0, draining = 0, rate_a_minute = NULL";
  Db *db = server_db(world);
  if (!db_begin(db, DB_WRITE) || !db_run(db, OPEN) || !db_commit(db)) world_broken(world, "the line cannot be opened");
  server_crash(world);
}

static void run_seed(uint64_t seed, bool tells) {
  World world;
  world_begin(&world, seed, seen, tells);
  stripe_begin(&world);
  server_begin(&world);
  people_begin(&world);
  staff_begin(&world);
  world_run(&world, world.now_ms + world_between(&world, STORM_MS_MIN, STORM_MS_MAX));
  make_calm(&world);
  world_run(&world, world.now_ms + MINUTE_MS);  // it is up again
  open_line(&world);
  world_run(&world, world.now_ms + 6 * DAY_MS);
  checker_look_calm(&world);
  checker_count(&world);
  staff_end_concerts(&world);
  world_run(&world, world.now_ms + 2 * HOUR_MS);
  checker_look_over(&world);
  simulated_ms += world.now_ms - WORLD_BEGIN_MS;
  server_end(&world);
  world_end(&world);
}

// What was never seen was not tested.
static int look_at_seen(bool must) {
  static const char *const prose[] = {
#define X(name, text) text,
      SEEN_TABLE(X)
#undef X
  };
  int missing = 0;
  for (int i = 0; i < SEEN_COUNT; i++) {
    printf("%12llu  %s\n", (unsigned long long)seen[i], prose[i]);
    if (seen[i] == 0) ++missing;
  }
  for (int i = 0; i < SEEN_COUNT && must; i++) {
    if (seen[i] == 0) fprintf(stderr, "never seen: %s\n", prose[i]);
  }
  return must ? missing : 0;
}

static int run_seeds(uint64_t first, uint64_t last) {
  for (uint64_t seed = first; seed <= last; seed++) run_seed(seed, false);
  int missing = look_at_seen(last - first + 1 >= SEEDS_FOR_RARE);
  printf("%llu seeds, %lld simulated hours: %s\n", (unsigned long long)(last - first + 1),
         (long long)(simulated_ms / HOUR_MS), missing == 0 ? "every invariant held" : "something was never seen");
  return missing == 0 ? 0 : 1;
}

static _Noreturn void run_forever(uint64_t first) {
  for (uint64_t seed = first;; seed++) {
    run_seed(seed, false);
    if (seed % 1000 == 0) printf("seeds %llu to %llu held\n", (unsigned long long)first, (unsigned long long)seed);
    fflush(stdout);
  }
}

int main(int count, char **words) {
  char *rest = NULL;
  if (count != 3) {
    fputs("usage: sim --seeds FIRST-LAST | --seed N | --forever N\n", stderr);
    return 2;
  }
  log_set_level(getenv("FOYER_TEST_LOG") != NULL ? LOG_DEBUG : LOG_OFF);
  ram_disk_mount();
  venue_make();
  uint64_t first = strtoull(words[2], &rest, 10);
  if (strcmp(words[1], "--seed") == 0) {
    run_seed(first, true);
    return 0;
  }
  if (strcmp(words[1], "--forever") == 0) run_forever(first);
  return run_seeds(first, *rest == '-' ? strtoull(rest + 1, NULL, 10) : first);
}
