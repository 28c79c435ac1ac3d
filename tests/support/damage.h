// Data broken on purpose, and `foyer verify` asked whether it sees it.
#ifndef FOYER_TESTS_SUPPORT_DAMAGE_H
#define FOYER_TESTS_SUPPORT_DAMAGE_H

#include "support/rig.h"

// How to break an invariant, and what verify must say.
typedef struct Damage {
  const char *sql;    // a constant
  const char *says;   // the invariant
  const char *which;  // what is named as broken
} Damage;

void damage_run(Rig *rig, const char *sql);  // breaks something behind the schema's back
// Breaks it and fails the test unless verify names it.
void damage_done(Rig *rig, const Damage *damage);

#endif
