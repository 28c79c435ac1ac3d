// Names to numbers: each new name gets the next, each known one the number it has. Pure; any thread.
#ifndef FOYER_MODELS_PLAN_NAMES_H
#define FOYER_MODELS_PLAN_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/arena.h"
#include "shared/str.h"

// Starts as `PlanNames names = {.arena = arena};`.
typedef struct PlanNames {
  Arena *arena;
  Str *names;         // by number; their bytes stay where the caller has them
  size_t count;       // numbers given so far
  uint32_t *slots;    // open addressing: number + 1, or 0 for a free slot
  size_t slot_count;  // a power of two, at least twice `count`
} PlanNames;

// The number of `name`, given now when it had none; *added (may be NULL) says which.
size_t plan_names_add(PlanNames *names, Str name, bool *added);

#endif
