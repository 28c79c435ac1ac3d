// Writing the open seating-plan JSON form. All positions are written from (0, 0): zones and rows stand there.
#include <stdio.h>

#include "models/plan_json.h"
#include "shared/json.h"

enum { BYTES_A_SEAT = 160, LABEL_BYTES_MAX = 32 };

typedef struct Writer {
  Text *text;
  const Plan *plan;
  PlanJsonForm form;
  const size_t *seats;  // indexes into the plan's seats, zone after zone; those in no zone come first
  const size_t *ends;   // one past a zone's last in `seats`; [0] for no zone, [i + 1] for zone i
  int row;              // what a reader would number the row that was written last
  bool areas_written;   // they stand in the first zone of the document
} Writer;

// --- Members ---

static void write_double(Text *text, const char *name, double value) {
  json_name(text, name);
  json_add_double(text, value);
}

static void write_point(Text *text, double x, double y) {
  json_open(text, '{');
  write_double(text, "x", x);
  write_double(text, "y", y);
  json_close(text, '}');
}

static void write_position(Text *text, double x, double y) {
  json_name(text, "position");
  write_point(text, x, y);
}

// --- Seats ---

static void write_guid(const Writer *writer, const PlanSeat *seat) {
  char made[LABEL_BYTES_MAX];
  Str guid = seat->guid;
  if (guid.length == 0 && writer->form == PLAN_JSON_WHOLE) return;
  if (guid.length == 0) {
    snprintf(made, sizeof(made), "%d-%d", seat->row, seat->place);
    guid = str_from(made);
  }
  json_put_str(writer->text, "seat_guid", guid);
}

static void write_seat_number(const Writer *writer, const PlanSeat *seat) {
  char digits[LABEL_BYTES_MAX];
  snprintf(digits, sizeof(digits), "%d", seat->place);
  json_put_str(writer->text, "seat_number", seat->place_label.length > 0 ? seat->place_label : str_from(digits));
}

// The keys that the open form does not have, each only where it says something.
static void write_own_keys(const Writer *writer, const PlanSeat *seat, int expected_place) {
  if (writer->form == PLAN_JSON_STRICT) return;
  if (seat->place != expected_place) json_put_int(writer->text, "place", seat->place);
  if (seat->width != seat->height || seat->width % 2 != 0) {
    json_put_int(writer->text, "width", seat->width);
    json_put_int(writer->text, "height", seat->height);
  }
  if (seat->rotation != 0) write_double(writer->text, "rotation", seat->rotation);
}

static void write_seat(const Writer *writer, const PlanSeat *seat, int expected_place) {
  int shorter = seat->width < seat->height ? seat->width : seat->height;
  json_open(writer->text, '{');
  write_guid(writer, seat);
  write_seat_number(writer, seat);
  write_position(writer->text, seat->x + seat->width / 2.0, seat->y + seat->height / 2.0);
  json_put_str(writer->text, "category", writer->plan->types[seat->type].name);
  json_put_int(writer->text, "radius", shorter < 2 ? 1 : shorter / 2);
  write_own_keys(writer, seat, expected_place);
  json_close(writer->text, '}');
}

static void write_row_number(Writer *writer, const PlanSeat *seat) {
  Str label = seat->row_label.length > 0 ? seat->row_label : plan_row_name(writer->text->arena, seat->row);
  json_put_str(writer->text, "row_number", label);
  json_put_str(writer->text, "row_number_position", STR("both"));
  writer->row++;
  if (seat->row != writer->row && writer->form == PLAN_JSON_WHOLE) json_put_int(writer->text, "row", seat->row);
  writer->row = seat->row;
}

// The seats of one row within one zone, from `at` on; returns where the next row begins.
static size_t write_row(Writer *writer, size_t at, size_t end) {
  const PlanSeat *seats = writer->plan->seats;
  int row = seats[writer->seats[at]].row;
  int expected_place = 1;
  json_open(writer->text, '{');
  write_row_number(writer, &seats[writer->seats[at]]);
  write_position(writer->text, 0, 0);
  json_name(writer->text, "seats");
  json_open(writer->text, '[');
  for (; at < end && seats[writer->seats[at]].row == row; at++) {
    const PlanSeat *seat = &seats[writer->seats[at]];
    write_seat(writer, seat, expected_place);
    expected_place = seat->place + 1;
  }
  json_close(writer->text, ']');
  json_close(writer->text, '}');
  return at;
}

// --- Areas ---

static void write_rectangle(Text *text, const PlanArea *area) {
  json_name(text, "rectangle");
  json_open(text, '{');
  json_put_int(text, "width", area->width);
  json_put_int(text, "height", area->height);
  json_close(text, '}');
}

static void write_circle(Text *text, const PlanArea *area) {
  json_name(text, "circle");
  json_open(text, '{');
  json_put_int(text, "radius", area->radius);
  json_close(text, '}');
}

static void write_ellipse(Text *text, const PlanArea *area) {
  json_name(text, "ellipse");
  json_open(text, '{');
  json_name(text, "radius");
  write_point(text, area->width / 2.0, area->height / 2.0);
  json_close(text, '}');
}

static void write_polygon(Text *text, const PlanArea *area) {
  json_name(text, "polygon");
  json_open(text, '{');
  json_name(text, "points");
  json_open(text, '[');
  for (size_t i = 0; i < area->point_count; i++) {
    write_point(text, area->points[i].x, area->points[i].y);
  }
  json_close(text, ']');
  json_close(text, '}');
}

static void write_nothing(Text *text, const PlanArea *area) {
  (void)text;
  (void)area;
}

static const struct {
  const char *name;
  void (*write)(Text *text, const PlanArea *area);
} SHAPES[PLAN_SHAPES] = {[PLAN_RECTANGLE] = {"rectangle", write_rectangle},
                         [PLAN_CIRCLE] = {"circle", write_circle},
                         [PLAN_ELLIPSE] = {"ellipse", write_ellipse},
                         [PLAN_POLYGON] = {"polygon", write_polygon},
                         [PLAN_TEXT] = {"text", write_nothing}};

static void write_area_text(Text *text, const PlanArea *area) {
  if (area->text.length == 0) return;
  json_name(text, "text");
  json_open(text, '{');
  json_put_str(text, "text", area->text);
  if (area->text_color.length > 0) json_put_str(text, "color", area->text_color);
  json_put_int(text, "size", area->text_size);
  write_position(text, area->text_x, area->text_y);
  json_close(text, '}');
}

static void write_area(Text *text, const PlanArea *area) {
  json_open(text, '{');
  json_put_str(text, "shape", str_from(SHAPES[area->shape].name));
  write_position(text, area->x, area->y);
  write_double(text, "rotation", area->rotation);
  if (area->color.length > 0) json_put_str(text, "color", area->color);
  if (area->border_color.length > 0) json_put_str(text, "border_color", area->border_color);
  SHAPES[area->shape].write(text, area);
  write_area_text(text, area);
  json_close(text, '}');
}

static void write_areas(Writer *writer) {
  json_name(writer->text, "areas");
  json_open(writer->text, '[');
  for (size_t i = 0; i < writer->plan->area_count && !writer->areas_written; i++) {
    write_area(writer->text, &writer->plan->areas[i]);
  }
  writer->areas_written = true;
  json_close(writer->text, ']');
}

// --- Zones ---

static void write_zone(Writer *writer, Str name, size_t at, size_t end) {
  if (at == end) return;
  json_open(writer->text, '{');
  json_put_str(writer->text, "name", name);
  write_position(writer->text, 0, 0);
  json_name(writer->text, "rows");
  json_open(writer->text, '[');
  while (at < end) {
    at = write_row(writer, at, end);
  }
  json_close(writer->text, ']');
  write_areas(writer);
  json_close(writer->text, '}');
}

// Groups the seats by zone and keeps their order within it (a counting sort).
static void group_by_zone(Writer *writer, Arena *arena) {
  const Plan *plan = writer->plan;
  size_t *seats = ARENA_ARRAY(arena, size_t, plan->seat_count);
  size_t *ends = ARENA_ARRAY(arena, size_t, plan->zone_count + 2);
  for (size_t i = 0; i < plan->seat_count; i++) {
    ends[plan->seats[i].zone + 2]++;
  }
  for (size_t zone = 1; zone < plan->zone_count + 2; zone++) {
    ends[zone] += ends[zone - 1];
  }
  // Now ends[zone + 1] is where a zone begins; each seat put there moves it on, to the zone's end at last.
  for (size_t i = 0; i < plan->seat_count; i++) {
    seats[ends[plan->seats[i].zone + 1]++] = i;
  }
  writer->seats = seats;
  writer->ends = ends;
}

static void write_categories(Text *text, const Plan *plan) {
  json_name(text, "categories");
  json_open(text, '[');
  for (size_t i = 0; i < plan->type_count; i++) {
    json_open(text, '{');
    json_put_str(text, "name", plan->types[i].name);
    json_put_str(text, "color", plan->types[i].color);
    json_close(text, '}');
  }
  json_close(text, ']');
}

static void write_size(Text *text, const Plan *plan) {
  int width = 0;
  int height = 0;
  plan_size(plan, &width, &height);
  json_name(text, "size");
  json_open(text, '{');
  json_put_int(text, "width", width);
  json_put_int(text, "height", height);
  json_close(text, '}');
}

void plan_json_write(Text *text, const Plan *plan, PlanJsonForm form) {
  Writer writer = {.text = text, .plan = plan, .form = form};
  text_reserve(text, plan->seat_count * BYTES_A_SEAT);
  group_by_zone(&writer, text->arena);
  json_open(text, '{');
  json_put_str(text, "name", plan->name);
  write_size(text, plan);
  write_categories(text, plan);
  json_name(text, "zones");
  json_open(text, '[');
  write_zone(&writer, (Str){0}, 0, writer.ends[0]);
  for (size_t i = 0; i < plan->zone_count; i++) {
    write_zone(&writer, plan->zones[i], writer.ends[i], writer.ends[i + 1]);
  }
  json_close(text, ']');
  json_close(text, '}');
}
