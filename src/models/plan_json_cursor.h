// Walking a JSON document whose faults are told by path: a cursor is a node and the way to it. Pure; any thread.
#ifndef FOYER_MODELS_PLAN_JSON_CURSOR_H
#define FOYER_MODELS_PLAN_JSON_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/plan.h"
#include "shared/arena.h"
#include "shared/json.h"
#include "shared/str.h"

#define CURSOR_NO_INDEX SIZE_MAX

// "zones[2].rows[4]" is {rows 4} whose parent is {zones 2} whose parent is the document. Lives on its reader's stack.
typedef struct JsonCursor {
  Arena *arena;
  PlanFault *fault;                 // where the first fault is said
  const struct JsonCursor *parent;  // outlives this one; NULL for the document
  const char *key;                  // of the member of `parent`
  size_t index;                     // in the array that the member is, or CURSOR_NO_INDEX
  const Json *node;                 // NULL: it is absent, or the array has ended
} JsonCursor;

typedef struct CursorPoint {
  double x, y;  // pixels
} CursorPoint;

// Says what is wrong with the member `field` of the node, or with the node itself when `field` is empty; returns false.
bool cursor_fault(const JsonCursor *cursor, const char *field, const char *what);

JsonCursor cursor_member(const JsonCursor *cursor, const char *key);  // its node is NULL when absent or null
bool cursor_is_object(const JsonCursor *cursor);                      // or a fault

// Goes to the first element of the array `key`; `first->node` is NULL when it has none, or is absent and not required.
bool cursor_array(const JsonCursor *cursor, const char *key, bool required, JsonCursor *first);
void cursor_advance(JsonCursor *element);

// These read the member `key` of the node. False and a fault when it is there and is wrong; when it is absent or null
// they return true and leave *out as it is.
bool cursor_words(const JsonCursor *cursor, const char *key, Str *out);      // trimmed; a whole number gives its digits
bool cursor_color(const JsonCursor *cursor, const char *key, Str *out);      // as plan_color
bool cursor_number(const JsonCursor *cursor, const char *key, double *out);  // finite
bool cursor_pixels(const JsonCursor *cursor, const char *key, double least, double most, double *out);
bool cursor_ordinal(const JsonCursor *cursor, const char *key, int *out);  // a row or a place: 1..PLAN_NUMBER_MAX

// The node's own x and y, both required.
bool cursor_point(const JsonCursor *cursor, CursorPoint *out);
// Its `position`; (0, 0) when that is absent and not required.
bool cursor_position(const JsonCursor *cursor, bool required, CursorPoint *out);

#endif
