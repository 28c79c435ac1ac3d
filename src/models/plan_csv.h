// Seats as a table: our own CSV (RFC 4180; UTF-8 with or without a mark, lines end in CRLF or LF). The first line names
// the columns, in any order:
//   row,place,x,y,width,height            always there
//   rotation,type                         0 and "Standard" when absent or empty
//   zone,row_label,place_label,guid,color none when absent or empty; color is the type's
// A table has no areas and no name. Pure; any thread.
#ifndef FOYER_MODELS_PLAN_CSV_H
#define FOYER_MODELS_PLAN_CSV_H

#include <stdbool.h>

#include "models/plan.h"
#include "shared/arena.h"
#include "shared/str.h"

// Reads `text` into *plan, names it `name`, and finishes it (plan_finish). False when it is no such table: *fault says
// where ("line 17, column 4 (x)"); *plan is then of no use.
bool plan_csv_read(Arena *arena, Str text, Str name, Plan *plan, PlanFault *fault);

// Adds the table of a finished plan's seats, lines ending in CRLF; columns that would be empty are left out.
// plan_csv_read gives the same plan back, save its areas.
void plan_csv_write(Text *text, const Plan *plan);

#endif
