// Cinemas and their halls: adding one from a plan, reading a plan back. On a store thread, inside a transaction, or in
// a command, which is alone.
#ifndef FOYER_MODELS_HALL_H
#define FOYER_MODELS_HALL_H

#include "core/db.h"
#include "models/plan.h"
#include "shared/errors.h"

// Finds a cinema by name, or adds it. 0 when the database failed.
int64_t cinema_find_or_add(Db *db, Str name, Str color, int64_t now_ms);

// Adds a hall drawn by a finished plan. Types are shared by name over all halls; one that exists keeps its colour. The
// plan's types are given the colours of the table. ERR_HALL_EXISTS: the cinema has one of that name.
Error hall_add(Db *db, Arena *arena, int64_t cinema_id, Plan *plan, int64_t now_ms, int64_t *hall_id);

// Reads a hall's plan back, with the ids the tables gave. ERR_HALL_NOT_FOUND.
Error hall_read_plan(Db *db, Arena *arena, int64_t hall_id, Plan *plan, PlanIds *ids);

// Finds a hall by its number, or by its name when only one has it; 0 when there is none or several.
int64_t hall_find(Db *db, Str number_or_name);

Str hall_topic(Arena *arena, int64_t hall_id);    // "hall:3"
bool hall_of_topic(Str topic, int64_t *hall_id);  // false: another topic

#endif
