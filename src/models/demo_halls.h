// Halls that this program draws itself, for a first look, for tests and for measuring. Pure; any thread.
#ifndef FOYER_MODELS_DEMO_HALLS_H
#define FOYER_MODELS_DEMO_HALLS_H

#include "models/plan.h"
#include "shared/arena.h"
#include "shared/str.h"

typedef enum DemoHall {
  DEMO_GRID,    // 4 x 4 seats (seats.md 2.11)
  DEMO_COUPLE,  // 5 x 5 seats and three wide ones for two
  DEMO_FAN,     // rows of 3, 4, 5, 6 and 6
  DEMO_LOUNGE,  // one row of 8 and three wide seats
  DEMO_OPERA,   // 1,900 seats: curved parterre, boxes in a horseshoe, balcony
  DEMO_ARENA,   // 20,000 seats: an oval bowl around a floor
  DEMO_HALLS
} DemoHall;

// What a command line calls it ("opera"), and the other way round: DEMO_HALLS when there is none of that name.
const char *demo_hall_key(DemoHall hall);
DemoHall demo_hall_of_key(Str key);

// Draws the hall: a finished plan (plan_finish), the same at every call. Its name may be changed by the caller.
void demo_hall_draw(Arena *arena, DemoHall hall, Plan *plan);

#endif
