// Faults swept over methods, for programs called *_faults_test: the call of every scene with its nth SQL step, its nth
// allocation and its nth write to the disk (one in memory) failing, once and for good, for every n. The call answers
// InternalServerError, nothing has changed, nobody hears of anything, and the same call works when the fault is over.
// At PostgreSQL (support/postgres.h) its statements and allocations.
#ifndef FOYER_TESTS_SUPPORT_FAULT_SWEEP_H
#define FOYER_TESTS_SUPPORT_FAULT_SWEEP_H

#include "support/venue.h"

enum { FAULT_STEPS_MAX = 12 };

// One thing done: a call, or a statement, or time that goes by.
typedef struct FaultStep {
  const Method *method;
  const Identity *who;  // NULL: a guest
  const char *json;     // for FaultSweep.fill_in; NULL: none
  const char *key;      // Idempotency-Key
  const char *sql;
  int64_t pass_ms;  // before it is done
} FaultStep;

// What stands before a call, and the call.
typedef struct FaultScene {
  FaultStep before[FAULT_STEPS_MAX];
  FaultStep call;
  bool reads;    // changes nothing
  bool of_file;  // only SQLite has this
} FaultScene;

typedef struct FaultSweep {
  const FaultScene *scenes;
  size_t scene_count;
  const char *everything;  // a query for one text, which tells of all that the calls may change
  const char *check;       // a statement that fails when what invariants_hold cannot see is broken; NULL: none
  Config config;
  void (*furnish)(Rig *rig);                   // adds what all scenes begin with to the venue; NULL: nothing
  Str (*fill_in)(Rig *rig, const char *json);  // puts values in the place of words of the JSON; NULL: there are none
  Error (*decode)(Call *call, Str json);       // NULL: fault_sweep_decode
} FaultSweep;

// The whole program: three tests, one for each kind of fault; gives what main returns. `sweep` must outlive it.
int fault_sweep_run(const FaultSweep *sweep);

Error fault_sweep_decode(Call *call, Str json);  // as most doors do

// For furnish and fill_in: the reply of a call that must succeed, in the rig's arena.
Str fault_sweep_ask(const FaultStep *step, Str json);
// The JSON with `value` in each place of `word`, in the rig's arena.
Str fault_sweep_put(const char *json, const char *word, Str value);

#endif
