// Buyers and staff: they do what people do, in their own order and time, and what they should not.
#ifndef FOYER_TESTS_SIM_PEOPLE_H
#define FOYER_TESTS_SIM_PEOPLE_H

#include "sim/world.h"

void people_begin(World *world);  // they arrive during the first minutes, until the storm is over
void staff_begin(World *world);
void staff_end_concerts(World *world);  // all of them, and refund one booking then

#endif
