// A seating plan: where the seats of a hall stand and what is drawn around them. Pure: no SQL, no I/O, any thread.
// Everything it points to lives in the arena it was made in, or in the text it was read from.
#ifndef FOYER_MODELS_PLAN_H
#define FOYER_MODELS_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/arena.h"
#include "shared/str.h"

enum {
  PLAN_SEATS_MAX = 200000,
  PLAN_TYPES_MAX = 64,
  PLAN_ZONES_MAX = 10000,
  PLAN_AREAS_MAX = 10000,
  PLAN_POINTS_MAX = 10000,       // corners of one polygon
  PLAN_COORDINATE_MAX = 100000,  // pixels from (0, 0), to either side
  PLAN_SIZE_MAX = 10000,         // pixels, width or height of a seat
  PLAN_NUMBER_MAX = 100000,      // the greatest row and the greatest place
  PLAN_LABEL_MAX = 32,           // code points of a row's, a place's label
  PLAN_NAME_MAX = 255,           // code points of a name, of a guid, of an area's text
  PLAN_NO_ZONE = -1
};

// A kind of seat; the seats door calls it seat type, the open JSON form category.
typedef struct PlanType {
  Str name;
  Str color;  // "#rrggbb"; empty: plan_finish puts the colour of its place in our palette
} PlanType;

typedef struct PlanSeat {
  Str guid;           // the name other systems know this seat by, unique in the plan; empty: it has none
  Str row_label;      // the same for all seats of a row; empty: the row is shown as plan_row_name says
  Str place_label;    // empty: the place is shown as its number
  int row;            // 1..PLAN_NUMBER_MAX; (row, place) is unique in the plan
  int place;          // 1..PLAN_NUMBER_MAX
  int x, y;           // pixels, top left corner of the seat before it is rotated
  int width, height;  // pixels, 1..PLAN_SIZE_MAX
  double rotation;    // degrees clockwise about the seat's centre
  int type;           // index into the plan's types
  int zone;           // index into the plan's zones, or PLAN_NO_ZONE
} PlanSeat;

typedef enum PlanShape { PLAN_RECTANGLE, PLAN_CIRCLE, PLAN_ELLIPSE, PLAN_POLYGON, PLAN_TEXT, PLAN_SHAPES } PlanShape;

typedef struct PlanPoint {
  int x, y;  // pixels, from the area's (x, y)
} PlanPoint;

// What is drawn and cannot be sat on: stages, walls, words. It turns about (x, y), which is a rectangle's top left
// corner, a circle's or an ellipse's centre, a polygon's origin.
typedef struct PlanArea {
  PlanShape shape;
  int x, y;                 // pixels
  int width, height;        // pixels; a rectangle's sides, an ellipse's two diameters
  int radius;               // pixels; a circle's
  double rotation;          // degrees clockwise about (x, y)
  const PlanPoint *points;  // a polygon's corners
  size_t point_count;
  Str color;           // "#rrggbb" of the inside; empty: not filled
  Str border_color;    // "#rrggbb" of the line; empty: no line
  Str text;            // one line, its middle at (text_x, text_y) from (x, y), turned with the area; empty: none
  Str text_color;      // "#rrggbb"; empty: as the page likes
  int text_size;       // pixels of the letters' height
  int text_x, text_y;  // pixels
} PlanArea;

typedef struct Plan {
  Str name;  // of the hall
  PlanType *types;
  size_t type_count;
  Str *zones;  // their names
  size_t zone_count;
  PlanSeat *seats;  // a finished plan's are in the order of (row, place)
  size_t seat_count;
  PlanArea *areas;  // in the order they are drawn
  size_t area_count;
} Plan;

// What is wrong with a plan, for the person who drew it: "{where} {what}" is a sentence.
typedef struct PlanFault {
  Str where;  // "zones[2].rows[4].seats[7].position.x", "line 17, column 4 (x)"
  Str what;   // "is not a number"
} PlanFault;

// Sets *fault and returns false, so that a reader can say `return plan_fault(...)`.
bool plan_fault(Arena *arena, PlanFault *fault, Str where, const char *what_format, ...)
    __attribute__((format(printf, 4, 5)));

typedef enum PlanPart { PLAN_PART_TYPE, PLAN_PART_ZONE, PLAN_PART_SEAT, PLAN_PART_AREA } PlanPart;

// Tells where a part of a plan was read from: `field` is the name of a member above ("x", "" for the whole), `index`
// its place in the plan's array; `state` is the decoder's.
typedef struct PlanSource {
  Str (*where)(const void *state, Arena *arena, PlanPart part, size_t index, const char *field);
  const void *state;
} PlanSource;

// True when the plan keeps every rule above. If not, *fault says the first that is broken; `source` may be NULL, then
// parts are told by their place in the arrays: "seats[17].x".
bool plan_check(Arena *arena, const Plan *plan, const PlanSource *source, PlanFault *fault);
bool plan_name_valid(Str name);  // one line of UTF-8, 1 to PLAN_NAME_MAX code points

// Makes a plan that was just read or drawn the one form of itself: texts trimmed, labels that say what would be shown
// anyway dropped, seats in the order of (row, place), types and zones in the order of their first seat and without
// those that have none, everything moved so that the plan begins at (0, 0). False and *fault as plan_check. Finishing
// twice changes nothing.
bool plan_finish(Arena *arena, Plan *plan, const PlanSource *source, PlanFault *fault);

// The greatest row and the greatest place: a hall's `rows` and `places`.
void plan_extent(const Plan *plan, int *rows, int *places);

// Pixels from (0, 0) to the far corner of all that is drawn (a rotated seat may reach a few pixels further).
void plan_size(const Plan *plan, int *width, int *height);

// What a row without a label is called: A for 1, Z for 26, AA for 27.
Str plan_row_name(Arena *arena, int row);

// The colour a type has when nobody says one, by its index: "#rrggbb". A constant.
Str plan_type_color(size_t type);

// Writes `color` as "#rrggbb" into *out: from #rgb, #rrggbb, #rrggbbaa (alpha dropped) and the sixteen names of HTML 4;
// empty for "", "none" and "transparent". False when it is none of these.
bool plan_color(Arena *arena, Str color, Str *out);

// 64 bits of everything the geometry shows save ids: equal for equal plans, another for another. `arena` is scratch.
uint64_t plan_hash(Arena *arena, const Plan *plan);

// Ids that the tables gave to what a plan holds.
typedef struct PlanIds {
  int64_t hall;
  int64_t cinema;
  const int64_t *types;  // one for each of the plan's types
  const int64_t *seats;  // one for each of the plan's seats
  uint64_t hash;         // plan_hash of the plan
} PlanIds;

// Adds the geometry JSON of docs/wire_additions.md ("The plan"): the body of GET /plan/{hall_id}/{hash}. In its
// seats.label a key is the seat's index in the columns. A seat in no zone has zone -1.
void plan_write_geometry(Text *text, const Plan *plan, const PlanIds *ids);

#endif
