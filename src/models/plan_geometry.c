// The geometry of a hall as the page reads it (docs/wire_additions.md, "The plan"), and the hash that names it.
#include <stdio.h>
#include <string.h>

#include "models/plan.h"
#include "shared/json.h"

enum { BYTES_A_SEAT = 64, NUMBER_BYTES_MAX = 24 };

// --- Seats, column by column ---

static void write_ids(Text *text, const char *name, const int64_t *ids, size_t count) {
  json_name(text, name);
  json_open(text, '[');
  for (size_t i = 0; i < count; i++) {
    json_add_int(text, ids[i]);
  }
  json_close(text, ']');
}

// The column of an int member, told by its offset in PlanSeat.
static void write_column(Text *text, const Plan *plan, const char *name, size_t offset) {
  json_name(text, name);
  json_open(text, '[');
  for (size_t i = 0; i < plan->seat_count; i++) {
    int value = 0;
    memcpy(&value, (const char *)&plan->seats[i] + offset, sizeof(value));
    json_add_int(text, value);
  }
  json_close(text, ']');
}

static void write_rotations(Text *text, const Plan *plan) {
  json_name(text, "rotation");
  json_open(text, '[');
  for (size_t i = 0; i < plan->seat_count; i++) {
    json_add_double(text, plan->seats[i].rotation);
  }
  json_close(text, ']');
}

static void write_numbered(Text *text, size_t number, Str label) {
  char digits[NUMBER_BYTES_MAX];
  snprintf(digits, sizeof(digits), "%zu", number);
  json_name(text, digits);
  json_add_str(text, label);
}

static void write_place_labels(Text *text, const Plan *plan) {
  json_name(text, "label");
  json_open(text, '{');
  for (size_t i = 0; i < plan->seat_count; i++) {
    if (plan->seats[i].place_label.length > 0) write_numbered(text, i, plan->seats[i].place_label);
  }
  json_close(text, '}');
}

static void write_seats(Text *text, const Plan *plan, const PlanIds *ids) {
  static const struct {
    const char *name;
    size_t offset;
  } columns[] = {{"row", offsetof(PlanSeat, row)},     {"place", offsetof(PlanSeat, place)},
                 {"x", offsetof(PlanSeat, x)},         {"y", offsetof(PlanSeat, y)},
                 {"width", offsetof(PlanSeat, width)}, {"height", offsetof(PlanSeat, height)},
                 {"type", offsetof(PlanSeat, type)},   {"zone", offsetof(PlanSeat, zone)}};
  json_name(text, "seats");
  json_open(text, '{');
  if (ids != NULL) write_ids(text, "id", ids->seats, plan->seat_count);
  for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
    write_column(text, plan, columns[i].name, columns[i].offset);
  }
  write_rotations(text, plan);
  write_place_labels(text, plan);
  json_close(text, '}');
}

// --- What stands around them ---

static void write_row_labels(Text *text, const Plan *plan) {
  json_name(text, "row_labels");
  json_open(text, '{');
  for (size_t i = 0; i < plan->seat_count; i++) {
    const PlanSeat *seat = &plan->seats[i];
    bool first_of_row = i == 0 || plan->seats[i - 1].row != seat->row;
    if (first_of_row && seat->row_label.length > 0) write_numbered(text, (size_t)seat->row, seat->row_label);
  }
  json_close(text, '}');
}

static void write_types(Text *text, const Plan *plan, const PlanIds *ids) {
  json_name(text, "seat_types");
  json_open(text, '[');
  for (size_t i = 0; i < plan->type_count; i++) {
    json_open(text, '{');
    if (ids != NULL) {
      json_name(text, "id");
      json_add_int(text, ids->types[i]);
    }
    json_name(text, "name");
    json_add_str(text, plan->types[i].name);
    json_name(text, "color");
    json_add_str(text, plan->types[i].color);
    json_close(text, '}');
  }
  json_close(text, ']');
}

static void write_zones(Text *text, const Plan *plan) {
  json_name(text, "zones");
  json_open(text, '[');
  for (size_t i = 0; i < plan->zone_count; i++) {
    json_add_str(text, plan->zones[i]);
  }
  json_close(text, ']');
}

static void write_str(Text *text, const char *name, Str value) {
  if (value.length > 0) json_put_str(text, name, value);
}

static void write_points(Text *text, const PlanArea *area) {
  json_name(text, "points");
  json_open(text, '[');
  for (size_t i = 0; i < area->point_count; i++) {
    json_open(text, '[');
    json_add_int(text, area->points[i].x);
    json_add_int(text, area->points[i].y);
    json_close(text, ']');
  }
  json_close(text, ']');
}

static void write_area_text(Text *text, const PlanArea *area) {
  if (area->text.length == 0) return;
  write_str(text, "text", area->text);
  write_str(text, "text_color", area->text_color);
  json_put_int(text, "text_size", area->text_size);
  json_put_int(text, "text_x", area->text_x);
  json_put_int(text, "text_y", area->text_y);
}

static void write_area(Text *text, const PlanArea *area) {
  static const char *const shapes[PLAN_SHAPES] = {[PLAN_RECTANGLE] = "rectangle",
                                                  [PLAN_CIRCLE] = "circle",
                                                  [PLAN_ELLIPSE] = "ellipse",
                                                  [PLAN_POLYGON] = "polygon",
                                                  [PLAN_TEXT] = "text"};
  json_open(text, '{');
  write_str(text, "shape", str_from(shapes[area->shape]));
  json_put_int(text, "x", area->x);
  json_put_int(text, "y", area->y);
  if (area->shape == PLAN_RECTANGLE || area->shape == PLAN_ELLIPSE) {
    json_put_int(text, "width", area->width);
    json_put_int(text, "height", area->height);
  }
  if (area->shape == PLAN_CIRCLE) json_put_int(text, "radius", area->radius);
  if (area->shape == PLAN_POLYGON) write_points(text, area);
  json_name(text, "rotation");
  json_add_double(text, area->rotation);
  write_str(text, "color", area->color);
  write_str(text, "border_color", area->border_color);
  write_area_text(text, area);
  json_close(text, '}');
}

static void write_areas(Text *text, const Plan *plan) {
  json_name(text, "areas");
  json_open(text, '[');
  for (size_t i = 0; i < plan->area_count; i++) {
    write_area(text, &plan->areas[i]);
  }
  json_close(text, ']');
}

// All that is the same wherever the plan is kept; ids are written where they are given.
static void write_members(Text *text, const Plan *plan, const PlanIds *ids) {
  int rows = 0;
  int places = 0;
  plan_extent(plan, &rows, &places);
  json_name(text, "name");
  json_add_str(text, plan->name);
  json_put_int(text, "rows", rows);
  json_put_int(text, "places", places);
  write_types(text, plan, ids);
  write_zones(text, plan);
  write_row_labels(text, plan);
  write_seats(text, plan, ids);
  write_areas(text, plan);
}

uint64_t plan_hash(Arena *arena, const Plan *plan) {
  Text text = {.arena = arena};
  text_reserve(&text, plan->seat_count * BYTES_A_SEAT);
  json_open(&text, '{');
  write_members(&text, plan, NULL);
  json_close(&text, '}');
  return str_hash(text_str(&text));
}

void plan_write_geometry(Text *text, const Plan *plan, const PlanIds *ids) {
  char hash[NUMBER_BYTES_MAX];
  snprintf(hash, sizeof(hash), "%016llx", (unsigned long long)ids->hash);
  text_reserve(text, plan->seat_count * BYTES_A_SEAT);
  json_open(text, '{');
  json_put_int(text, "id", ids->hall);
  json_put_int(text, "cinema_id", ids->cinema);
  write_str(text, "plan", str_from(hash));
  write_members(text, plan, ids);
  json_close(text, '}');
}
