// Seating plans in the open pretix seating-plan JSON form (pretix, src/pretix/static/seating/seating-plan.schema.json):
// zones hold rows and areas, rows hold seats, positions nest. Pure; any thread.
#ifndef FOYER_MODELS_PLAN_JSON_H
#define FOYER_MODELS_PLAN_JSON_H

#include <stdbool.h>

#include "models/plan.h"
#include "shared/arena.h"
#include "shared/str.h"

// Reads `text` into *plan and finishes it (plan_finish). Keys we do not know are ignored. Rows are numbered through the
// hall, places through their row; `row_number` and `seat_number` are kept as labels where they say something else. A
// seat of radius r (10 when absent) is a square of 2r about its position. False when it is no such plan: *fault says
// where, as a path ("zones[2].rows[4].seats[7].position.x") or, when it is no JSON, as "line 3, column 14"; *plan is
// then of no use.
bool plan_json_read(Arena *arena, Str text, Plan *plan, PlanFault *fault);

// How much plan_json_write may say.
typedef enum PlanJsonForm {
  // All of the plan: plan_json_read gives the same plan back. Where the open form has no word (a seat that is not
  // square, a
  // rotation, rows or places that do not run on) the keys are ours: `width`, `height`, `rotation`, `place`, `row`.
  PLAN_JSON_WHOLE,
  // Nothing but what the open schema knows, so that strict readers take it; seats without a guid are given one.
  PLAN_JSON_STRICT,
} PlanJsonForm;

// Adds the JSON of a finished plan.
void plan_json_write(Text *text, const Plan *plan, PlanJsonForm form);

#endif
