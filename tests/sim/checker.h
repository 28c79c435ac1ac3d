// What must always hold, looked at with queries of its own after every commit, and what must hold when all is calm.
#ifndef FOYER_TESTS_SIM_CHECKER_H
#define FOYER_TESTS_SIM_CHECKER_H

#include "sim/world.h"

// After a commit: the stock and the slots; with `all`, everything that `foyer verify` knows, the memory of the line
// against its table, and what people were told.
void checker_look(World *world, bool all);
// After the calm: no hold is stuck, nothing is left to be done, and every payment ended as one confirmed booking or one
// refund.
void checker_look_calm(World *world);
// After the end of all concerts: nobody waits, and no seat is theirs.
void checker_look_over(World *world);
void checker_count(World *world);  // notes what came of bookings, for the things a run must have seen

#endif
