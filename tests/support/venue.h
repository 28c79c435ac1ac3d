// A small venue in a rig's database: one cinema, two halls, three people. Everything has a number that tests may know.
#ifndef FOYER_TESTS_SUPPORT_VENUE_H
#define FOYER_TESTS_SUPPORT_VENUE_H

#include "models/plan.h"
#include "support/rig.h"

enum {
  VENUE_HALL = 1,        // "Small": two rows of three seats, ids 1 to 6; 1 to 4 Standard, 5 and 6 VIP
  VENUE_OTHER_HALL = 2,  // "Other": one seat, id 7
  VENUE_SEATS = 6,
};

extern const Identity venue_anna;   // user 1, a visitor
extern const Identity venue_bert;   // user 2, a visitor
extern const Identity venue_staff;  // user 3

// Adds all of it through the models, in one transaction.
void venue_add(Rig *rig);

// Draws rows * places seats, the last two of type VIP, the others Standard, into the arena, as a finished plan.

void venue_draw(Arena *arena, const char *name, int rows, int places, Plan *plan);

// rig_open and venue_add as a cmocka setup whose state is the Rig, and rig_close as its teardown.
int venue_setup(void **state);
int venue_teardown(void **state);

#endif
