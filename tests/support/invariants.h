// What must always hold, looked at after every test that writes: `foyer verify` on the rig's database.
#ifndef FOYER_TESTS_SUPPORT_INVARIANTS_H
#define FOYER_TESTS_SUPPORT_INVARIANTS_H

#include "support/rig.h"

// Runs `foyer verify` on the database; gives its exit code. What it prints is left in *told (may be NULL), in the rig's
// arena.
int invariants_verify(Rig *rig, const char **told);

// Fails the test, with what verify says, unless all invariants hold.
void invariants_hold(Rig *rig);

// invariants_hold, then rig_close: the teardown of tests that write.
int invariants_teardown(void **state);

#endif
