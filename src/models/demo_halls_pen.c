// The pen of the demo halls. Every seat gets the guid "row-place", which is unique in its hall.
#include "models/demo_halls_pen.h"

#include <assert.h>
#include <math.h>

static const Str TEXT_COLOR = STR("#8a8178");

static int rounded(double pixels) {
  return (int)lround(pixels);
}

// Tenths of a degree are as much as anybody sees.
static double rounded_degrees(double degrees) {
  double turned = fmod(fmod(degrees, 360) + 360, 360);
  return (double)lround(turned * 10) / 10;
}

Pen pen_new(Arena *arena, Plan *plan, Str name, size_t seats_max) {
  *plan = (Plan){.name = name,
                 .types = ARENA_ARRAY(arena, PlanType, PLAN_TYPES_MAX),
                 .zones = ARENA_ARRAY(arena, Str, PEN_ZONES_MAX),
                 .seats = ARENA_ARRAY(arena, PlanSeat, seats_max),
                 .areas = ARENA_ARRAY(arena, PlanArea, PEN_AREAS_MAX)};
  return (Pen){.arena = arena, .plan = plan, .seats_max = seats_max, .zone = PLAN_NO_ZONE};
}

void pen_finish(Pen *pen) {
  PlanFault fault = {{0}, {0}};
  bool right = plan_finish(pen->arena, pen->plan, NULL, &fault);
  assert(right);
  (void)right;
}

int pen_add_type(Pen *pen, Str name, Str color) {
  assert(pen->plan->type_count < PLAN_TYPES_MAX);
  pen->plan->types[pen->plan->type_count] = (PlanType){.name = name, .color = color};
  return (int)pen->plan->type_count++;
}

void pen_set_zone(Pen *pen, Str name) {
  assert(pen->plan->zone_count < PEN_ZONES_MAX);
  pen->plan->zones[pen->plan->zone_count] = name;
  pen->zone = (int)pen->plan->zone_count++;
}

void pen_set_row(Pen *pen, Str label) {
  pen->row++;
  pen->place = 0;
  pen->row_label = label;
}

void pen_add_seat(Pen *pen, PenPoint at) {
  Plan *plan = pen->plan;
  assert(plan->seat_count < pen->seats_max);
  Text guid = {.arena = pen->arena};
  text_format(&guid, "%d-%d", pen->row, ++pen->place);
  plan->seats[plan->seat_count++] = (PlanSeat){.guid = text_str(&guid),
                                               .row_label = pen->row_label,
                                               .row = pen->row,
                                               .place = pen->place,
                                               .x = rounded(at.x - pen->width / 2),
                                               .y = rounded(at.y - pen->height / 2),
                                               .width = rounded(pen->width),
                                               .height = rounded(pen->height),
                                               .rotation = rounded_degrees(at.facing),
                                               .type = pen->type,
                                               .zone = pen->zone};
}

PlanArea *pen_add_area(Pen *pen, PlanShape shape, double x, double y) {
  assert(pen->plan->area_count < PEN_AREAS_MAX);
  PlanArea *area = &pen->plan->areas[pen->plan->area_count++];
  *area = (PlanArea){.shape = shape, .x = rounded(x), .y = rounded(y)};
  return area;
}

void pen_add_polygon(Pen *pen, const PenPoint *corners, size_t count, Str color, Str border_color) {
  PlanPoint *points = ARENA_ARRAY(pen->arena, PlanPoint, count);
  PlanArea *area = pen_add_area(pen, PLAN_POLYGON, corners[0].x, corners[0].y);
  for (size_t i = 0; i < count; i++) {
    points[i] = (PlanPoint){rounded(corners[i].x) - area->x, rounded(corners[i].y) - area->y};
  }
  area->points = points;
  area->point_count = count;
  area->color = color;
  area->border_color = border_color;
}

void pen_add_text(Pen *pen, double x, double y, int size, Str text) {
  PlanArea *area = pen_add_area(pen, PLAN_TEXT, x, y);
  area->text = text;
  area->text_size = size;
  area->text_color = TEXT_COLOR;
}

Str pen_say(const Pen *pen, Str words, int number) {
  Text text = {.arena = pen->arena};
  text_add(&text, words);
  text_int(&text, number);
  return text_str(&text);
}

size_t pen_seats(const Pen *pen) {
  return pen->plan->seat_count;
}
