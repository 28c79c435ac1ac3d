// A pen that draws halls: it numbers rows and places, and keeps the plan's arrays. For demo_halls*.c alone.
#ifndef FOYER_MODELS_DEMO_HALLS_PEN_H
#define FOYER_MODELS_DEMO_HALLS_PEN_H

#include <stddef.h>

#include "models/plan.h"
#include "shared/arena.h"
#include "shared/str.h"

enum { PEN_AREAS_MAX = 1024, PEN_ZONES_MAX = 512, PEN_CORNERS_MAX = 128 };

#define PEN_PI 3.14159265358979323846

typedef struct Pen {
  Arena *arena;
  Plan *plan;
  size_t seats_max;  // room in the plan's seats
  int row;           // of the seats to come, from 1
  int place;         // of the seat that was drawn last
  Str row_label;
  int zone;       // of the seats to come
  int type;       // of the seats to come
  double width;   // pixels; theirs
  double height;  // pixels
} Pen;

// Where a seat's middle stands and which way its guest looks: degrees clockwise from up (the screen's top).
typedef struct PenPoint {
  double x, y;
  double facing;
} PenPoint;

// Begins a plan of at most `seats_max` seats.
Pen pen_new(Arena *arena, Plan *plan, Str name, size_t seats_max);
// Ends it; what the pen has drawn keeps the rules of plans, or it is our bug.
void pen_finish(Pen *pen);

int pen_add_type(Pen *pen, Str name, Str color);
void pen_set_zone(Pen *pen, Str name);     // a new zone for the seats to come
void pen_set_row(Pen *pen, Str label);     // a new row
void pen_add_seat(Pen *pen, PenPoint at);  // the next place of the row

// Areas: those drawn first lie below.
PlanArea *pen_add_area(Pen *pen, PlanShape shape, double x, double y);
void pen_add_polygon(Pen *pen, const PenPoint *corners, size_t count, Str color, Str border_color);
void pen_add_text(Pen *pen, double x, double y, int size, Str text);

Str pen_say(const Pen *pen, Str words, int number);  // the words with the number behind them
size_t pen_seats(const Pen *pen);                    // drawn so far

#endif
