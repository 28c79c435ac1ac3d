// The rules that a seating plan keeps, and what is said of the first one that is broken.
#include <math.h>
#include <stdio.h>

#include "models/plan.h"
#include "models/plan_names.h"

enum { ROTATION_MAX = 1000000, TEXT_SIZE_MAX = 1000, FIELD_BYTES_MAX = 64, COLOR_BYTES = 7, POINTS_MIN = 2 };

// What a check needs to speak of what it sees.
typedef struct Check {
  Arena *arena;
  const Plan *plan;
  const PlanSource *source;  // may be NULL
  PlanFault *fault;
  PlanPart part;  // of the thing that is being looked at
  size_t index;   // its place in the plan's array
} Check;

// "seats[17].x": what a part is called when no decoder knows better.
static Str default_where(const Check *check, PlanPart part, size_t index, const char *field) {
  static const char *const arrays[] = {
      [PLAN_PART_TYPE] = "types", [PLAN_PART_ZONE] = "zones", [PLAN_PART_SEAT] = "seats", [PLAN_PART_AREA] = "areas"};
  Text text = {.arena = check->arena};
  text_format(&text, "%s[%zu]%s%s", arrays[part], index, field[0] == 0 ? "" : ".", field);
  return text_str(&text);
}

static Str where_of(const Check *check, PlanPart part, size_t index, const char *field) {
  const PlanSource *source = check->source;
  if (source == NULL) return default_where(check, part, index, field);
  return source->where(source->state, check->arena, part, index, field);
}

static Str where(const Check *check, const char *field) {
  return where_of(check, check->part, check->index, field);
}

// --- Rules of one value: true, or the fault is said ---

static bool whole_in(const Check *check, const char *field, int value, int least, int most) {
  if (value >= least && value <= most) return true;
  return plan_fault(check->arena, check->fault, where(check, field), "is %d and has to be from %d to %d", value, least,
                    most);
}

static bool coordinate(const Check *check, const char *field, int value) {
  return whole_in(check, field, value, -PLAN_COORDINATE_MAX, PLAN_COORDINATE_MAX);
}

static bool rotation(const Check *check, double degrees) {
  if (isfinite(degrees) && fabs(degrees) <= ROTATION_MAX) return true;
  return plan_fault(check->arena, check->fault, where(check, "rotation"), "is no angle up to %d degrees", ROTATION_MAX);
}

static bool has_control(Str s) {
  for (size_t i = 0; i < s.length; i++) {
    unsigned char c = (unsigned char)s.at[i];
    if (c < 0x20 || c == 0x7F) return true;
  }
  return false;
}

// Words people read: one line of UTF-8 of at most `most` code points.
static bool words(const Check *check, Str at, Str value, size_t most) {
  if (!str_is_utf8(value)) return plan_fault(check->arena, check->fault, at, "is not UTF-8");
  if (has_control(value)) return plan_fault(check->arena, check->fault, at, "holds a control character");
  size_t length = str_code_points(value);
  if (length <= most) return true;
  return plan_fault(check->arena, check->fault, at, "has %zu characters, and %zu are the most", length, most);
}

bool plan_name_valid(Str name) {
  return name.length > 0 && str_is_utf8(name) && !has_control(name) && str_code_points(name) <= PLAN_NAME_MAX;
}

// Says where only when it has to: most words are right, and there are many.
static bool words_of(const Check *check, const char *field, Str value, size_t most) {
  if (value.length == 0) return true;
  if (value.length <= most && str_is_utf8(value) && !has_control(value)) return true;
  return words(check, where(check, field), value, most);
}

static bool name_of(const Check *check, const char *field, Str value) {
  if (value.length == 0) return plan_fault(check->arena, check->fault, where(check, field), "is empty");
  return words_of(check, field, value, PLAN_NAME_MAX);
}

static bool color_of(const Check *check, const char *field, Str color) {
  Str written = {0};
  if (color.length == 0) return true;
  if (color.length == COLOR_BYTES && plan_color(check->arena, color, &written) && str_equal(color, written))
    return true;
  return plan_fault(check->arena, check->fault, where(check, field), "is no colour like #1a2b3c");
}

// --- Rules of one part ---

static bool check_type(const Check *check, const PlanType *type) {
  return name_of(check, "name", type->name) && color_of(check, "color", type->color);
}

static bool check_index(const Check *check, const char *field, int index, int least, size_t count) {
  if (index >= least && index < (int)count) return true;
  return plan_fault(check->arena, check->fault, where(check, field), "names none of this plan's");
}

static bool check_seat(const Check *check, const PlanSeat *seat) {
  return whole_in(check, "row", seat->row, 1, PLAN_NUMBER_MAX) &&
         whole_in(check, "place", seat->place, 1, PLAN_NUMBER_MAX) && coordinate(check, "x", seat->x) &&
         coordinate(check, "y", seat->y) && whole_in(check, "width", seat->width, 1, PLAN_SIZE_MAX) &&
         whole_in(check, "height", seat->height, 1, PLAN_SIZE_MAX) && rotation(check, seat->rotation) &&
         check_index(check, "type", seat->type, 0, check->plan->type_count) &&
         check_index(check, "zone", seat->zone, PLAN_NO_ZONE, check->plan->zone_count) &&
         words_of(check, "row_label", seat->row_label, PLAN_LABEL_MAX) &&
         words_of(check, "place_label", seat->place_label, PLAN_LABEL_MAX) &&
         words_of(check, "guid", seat->guid, PLAN_NAME_MAX);
}

static bool check_points(const Check *check, const PlanArea *area) {
  if (area->shape != PLAN_POLYGON) return true;
  if (area->point_count < POINTS_MIN || area->point_count > PLAN_POINTS_MAX) {
    return plan_fault(check->arena, check->fault, where(check, "points"), "are %zu and have to be from %d to %d",
                      area->point_count, POINTS_MIN, PLAN_POINTS_MAX);
  }
  for (size_t i = 0; i < area->point_count; i++) {
    char field[FIELD_BYTES_MAX];
    snprintf(field, sizeof(field), "points[%zu].x", i);
    if (!coordinate(check, field, area->points[i].x)) return false;
    snprintf(field, sizeof(field), "points[%zu].y", i);
    if (!coordinate(check, field, area->points[i].y)) return false;
  }
  return true;
}

static bool check_area_text(const Check *check, const PlanArea *area) {
  if (area->text.length == 0) return true;
  return words_of(check, "text", area->text, PLAN_NAME_MAX) && color_of(check, "text_color", area->text_color) &&
         whole_in(check, "text_size", area->text_size, 1, TEXT_SIZE_MAX) && coordinate(check, "text_x", area->text_x) &&
         coordinate(check, "text_y", area->text_y);
}

static bool check_area(const Check *check, const PlanArea *area) {
  return whole_in(check, "shape", (int)area->shape, 0, PLAN_SHAPES - 1) && coordinate(check, "x", area->x) &&
         coordinate(check, "y", area->y) && whole_in(check, "width", area->width, 0, PLAN_COORDINATE_MAX) &&
         whole_in(check, "height", area->height, 0, PLAN_COORDINATE_MAX) &&
         whole_in(check, "radius", area->radius, 0, PLAN_COORDINATE_MAX) && rotation(check, area->rotation) &&
         check_points(check, area) && color_of(check, "color", area->color) &&
         color_of(check, "border_color", area->border_color) && check_area_text(check, area);
}

// --- Rules of many parts ---

static bool check_count(const Check *check, const char *of_what, size_t count, size_t most) {
  if (count <= most) return true;
  return plan_fault(check->arena, check->fault, STR("the plan"), "has %zu %s, and %zu are the most", count, of_what,
                    most);
}

static bool check_counts(const Check *check) {
  const Plan *plan = check->plan;
  if (plan->seat_count == 0) return plan_fault(check->arena, check->fault, STR("the plan"), "has no seats");
  return check_count(check, "seats", plan->seat_count, PLAN_SEATS_MAX) &&
         check_count(check, "types of seats", plan->type_count, PLAN_TYPES_MAX) &&
         check_count(check, "zones", plan->zone_count, PLAN_ZONES_MAX) &&
         check_count(check, "areas", plan->area_count, PLAN_AREAS_MAX);
}

// Two things of one name: the second is the fault.
static bool check_new(Check *check, PlanNames *names, Str name, const char *field) {
  bool added = false;
  plan_names_add(names, name, &added);
  if (added) return true;
  return plan_fault(check->arena, check->fault, where(check, field), "is there twice");
}

static bool check_types(Check *check) {
  PlanNames names = {.arena = check->arena};
  check->part = PLAN_PART_TYPE;
  for (check->index = 0; check->index < check->plan->type_count; check->index++) {
    const PlanType *type = &check->plan->types[check->index];
    if (!check_type(check, type) || !check_new(check, &names, type->name, "name")) return false;
  }
  return true;
}

static bool check_zones(Check *check) {
  PlanNames names = {.arena = check->arena};
  check->part = PLAN_PART_ZONE;
  for (check->index = 0; check->index < check->plan->zone_count; check->index++) {
    Str zone = check->plan->zones[check->index];
    if (!name_of(check, "name", zone) || !check_new(check, &names, zone, "name")) return false;
  }
  return true;
}

static bool check_seats(Check *check) {
  check->part = PLAN_PART_SEAT;
  for (check->index = 0; check->index < check->plan->seat_count; check->index++) {
    if (!check_seat(check, &check->plan->seats[check->index])) return false;
  }
  return true;
}

static bool check_areas(Check *check) {
  check->part = PLAN_PART_AREA;
  for (check->index = 0; check->index < check->plan->area_count; check->index++) {
    if (!check_area(check, &check->plan->areas[check->index])) return false;
  }
  return true;
}

static bool check_guids(Check *check) {
  PlanNames guids = {.arena = check->arena};
  check->part = PLAN_PART_SEAT;
  for (check->index = 0; check->index < check->plan->seat_count; check->index++) {
    Str guid = check->plan->seats[check->index].guid;
    if (guid.length > 0 && !check_new(check, &guids, guid, "guid")) return false;
  }
  return true;
}

// A hash table of (row, place), by the bytes of both numbers.
static bool check_numbers(Check *check) {
  const Plan *plan = check->plan;
  PlanNames seen = {.arena = check->arena};
  int *numbers = ARENA_ARRAY(check->arena, int, plan->seat_count * 2);
  check->part = PLAN_PART_SEAT;
  for (check->index = 0; check->index < plan->seat_count; check->index++) {
    const PlanSeat *seat = &plan->seats[check->index];
    int *pair = &numbers[check->index * 2];
    pair[0] = seat->row;
    pair[1] = seat->place;
    bool added = false;
    size_t first = plan_names_add(&seen, (Str){(const char *)pair, sizeof(int) * 2}, &added);
    if (added) continue;
    Str other = where_of(check, PLAN_PART_SEAT, first, "");
    return plan_fault(check->arena, check->fault, where(check, ""), "is row %d, place %d, and so is %.120s", seat->row,
                      seat->place, str_zero(check->arena, other));
  }
  return true;
}

static bool check_row_labels(Check *check) {
  const Plan *plan = check->plan;
  int rows = 0;
  int places = 0;
  plan_extent(plan, &rows, &places);
  const PlanSeat **first = ARENA_ARRAY(check->arena, const PlanSeat *, rows + 1);
  check->part = PLAN_PART_SEAT;
  for (check->index = 0; check->index < plan->seat_count; check->index++) {
    const PlanSeat *seat = &plan->seats[check->index];
    if (first[seat->row] == NULL) first[seat->row] = seat;
    if (str_equal(first[seat->row]->row_label, seat->row_label)) continue;
    return plan_fault(check->arena, check->fault, where(check, "row_label"),
                      "differs from that of row %d's other seats", seat->row);
  }
  return true;
}

static bool check_size(const Check *check) {
  int width = 0;
  int height = 0;
  plan_size(check->plan, &width, &height);
  if (width <= PLAN_COORDINATE_MAX && height <= PLAN_COORDINATE_MAX) return true;
  return plan_fault(check->arena, check->fault, STR("the plan"), "is %d x %d pixels large, and %d are the most", width,
                    height, PLAN_COORDINATE_MAX);
}

bool plan_check(Arena *arena, const Plan *plan, const PlanSource *source, PlanFault *fault) {
  Check check = {.arena = arena, .plan = plan, .source = source, .fault = fault};
  if (plan->name.length == 0) return plan_fault(arena, fault, STR("name"), "is empty");
  return words(&check, STR("name"), plan->name, PLAN_NAME_MAX) && check_counts(&check) && check_types(&check) &&
         check_zones(&check) && check_seats(&check) && check_areas(&check) && check_numbers(&check) &&
         check_guids(&check) && check_row_labels(&check) && check_size(&check);
}
