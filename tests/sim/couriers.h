// The couriers of a world: what core/outbox.c does with threads, done by the agenda. They take the rows of `outbox`
// that are due, do them with the models of Stripe and of a mail relay, and bring back what came of it.
#ifndef FOYER_TESTS_SIM_COURIERS_H
#define FOYER_TESTS_SIM_COURIERS_H

#include "sim/world.h"

void couriers_wake(World *world);     // a commit held effects
void couriers_restart(World *world);  // the server is there again: what was on its way is not any more

#endif
