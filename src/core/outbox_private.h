// An errand on its way, for core/outbox*.c only.
#ifndef FOYER_CORE_OUTBOX_PRIVATE_H
#define FOYER_CORE_OUTBOX_PRIVATE_H

#include <stdatomic.h>

#include "core/outbox.h"

enum { COURIERS_MAX = 64 };  // of a lane

typedef struct Way {
  LoopMessage message;
  Errand errand;
  Str payload_text;
  Outcome outcome;
  bool settled;  // its row tells the outcome
  struct Lane *lane;
  struct Way *next;        // on its lane, among those that came back, or among those that the database did not take
  struct Way *next_taken;  // of everything on its way
} Way;

typedef struct Lane {
  Outbox *outbox;
  const EffectKind *kind;
  uv_cond_t filled;
  Way *first;  // ready to be performed
  Way **tail;
  int on_way;  // taken and not settled
  uv_thread_t couriers[COURIERS_MAX];
  int courier_count;  // started so far
  _Atomic int64_t pending;
  _Atomic int64_t oldest_ms;
  _Atomic uint64_t performed;
  _Atomic uint64_t failed;
  _Atomic uint64_t given_up;
} Lane;

// Settles the errand that is the call's door (a Way), and runs what follows of it with the call's input.
extern const Method outbox_settle_method;

#endif
