// Reading the open seating-plan JSON form; plan_json_write.c writes it. Where each seat and area stood is kept beside
// the plan, so that a rule that is broken across the hall is still told by path.
#include "models/plan_json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "models/plan_json_cursor.h"
#include "models/plan_names.h"

enum { RADIUS_DEFAULT = 10, FIELD_BYTES_MAX = 64 };

// Where a seat or an area stood: zones[zone].rows[row].seats[item], zones[zone].areas[item].
typedef struct Origin {
  size_t zone;
  size_t row;
  size_t item;
} Origin;

typedef struct Reader {
  Arena *arena;
  Plan *plan;
  PlanNames zones;
  PlanNames types;
  Origin *seat_origins;  // one for each of the plan's seats
  Origin *area_origins;  // one for each of its areas
  size_t *zone_origins;  // one for each of its zones
  int row;               // the number of the row that was read last
} Reader;

static int pixels(double value) {
  return (int)lround(value);
}

// --- Categories ---

static bool read_category(Reader *reader, const JsonCursor *category) {
  Plan *plan = reader->plan;
  PlanType *type = &plan->types[plan->type_count++];
  bool added = false;
  if (!cursor_is_object(category) || !cursor_words(category, "name", &type->name)) return false;
  if (!cursor_color(category, "color", &type->color)) return false;
  plan_names_add(&reader->types, type->name, &added);
  return added || cursor_fault(category, "name", "is there twice");
}

static bool read_categories(Reader *reader, const JsonCursor *document) {
  JsonCursor category;
  if (!cursor_array(document, "categories", false, &category)) return false;
  // One more than there are: seats without a category share a type that is made for them.
  reader->plan->types = ARENA_ARRAY(reader->arena, PlanType, json_count(json_get(document->node, "categories")) + 1);
  for (; category.node != NULL; cursor_advance(&category)) {
    if (!read_category(reader, &category)) return false;
  }
  return true;
}

// --- Seats ---

static bool read_seat_type(Reader *reader, const JsonCursor *node, PlanSeat *seat) {
  Plan *plan = reader->plan;
  Str category = {0};
  bool added = false;
  if (!cursor_words(node, "category", &category)) return false;
  Str name = category.length > 0 ? category : STR("Standard");
  seat->type = (int)plan_names_add(&reader->types, name, &added);
  if (added && category.length > 0) return cursor_fault(node, "category", "names no category of this plan");
  if (added) plan->types[plan->type_count++] = (PlanType){.name = name};
  return true;
}

// The seat's sides, and its top left corner from its middle.
static bool read_seat_box(const JsonCursor *node, CursorPoint corner, PlanSeat *seat) {
  CursorPoint middle = {0};
  double radius = RADIUS_DEFAULT;
  if (!cursor_position(node, true, &middle)) return false;
  if (!cursor_pixels(node, "radius", 0.5, PLAN_SIZE_MAX / 2.0, &radius)) return false;
  double width = radius * 2;
  double height = radius * 2;
  if (!cursor_pixels(node, "width", 1, PLAN_SIZE_MAX, &width)) return false;
  if (!cursor_pixels(node, "height", 1, PLAN_SIZE_MAX, &height)) return false;
  seat->width = pixels(width);
  seat->height = pixels(height);
  seat->x = pixels(corner.x + middle.x - seat->width / 2.0);
  seat->y = pixels(corner.y + middle.y - seat->height / 2.0);
  return cursor_number(node, "rotation", &seat->rotation);
}

// `like` holds what all seats of the row share, and the place of the seat before.
static bool read_seat(Reader *reader, const JsonCursor *node, CursorPoint corner, PlanSeat *like) {
  PlanSeat *seat = &reader->plan->seats[reader->plan->seat_count];
  like->place++;
  if (!cursor_is_object(node) || !cursor_ordinal(node, "place", &like->place)) return false;
  *seat = *like;
  if (!cursor_words(node, "seat_guid", &seat->guid) || !cursor_words(node, "seat_number", &seat->place_label)) {
    return false;
  }
  if (!read_seat_box(node, corner, seat) || !read_seat_type(reader, node, seat)) return false;
  const JsonCursor *row = node->parent;
  reader->seat_origins[reader->plan->seat_count++] =
      (Origin){.zone = row->parent->index, .row = row->index, .item = node->index};
  return true;
}

static bool read_row(Reader *reader, const JsonCursor *node, CursorPoint corner, int zone) {
  CursorPoint position = {0};
  PlanSeat like = {.zone = zone};
  JsonCursor seat;
  reader->row++;
  if (!cursor_is_object(node) || !cursor_ordinal(node, "row", &reader->row)) return false;
  if (!cursor_words(node, "row_number", &like.row_label) || !cursor_position(node, false, &position)) return false;
  if (!cursor_array(node, "seats", true, &seat)) return false;
  like.row = reader->row;
  corner.x += position.x;
  corner.y += position.y;
  for (; seat.node != NULL; cursor_advance(&seat)) {
    if (!read_seat(reader, &seat, corner, &like)) return false;
  }
  return true;
}

// --- Areas ---

static bool read_shape(const JsonCursor *node, PlanArea *area) {
  static const char *const shapes[PLAN_SHAPES] = {[PLAN_RECTANGLE] = "rectangle",
                                                  [PLAN_CIRCLE] = "circle",
                                                  [PLAN_ELLIPSE] = "ellipse",
                                                  [PLAN_POLYGON] = "polygon",
                                                  [PLAN_TEXT] = "text"};
  Str shape = {0};
  if (!cursor_words(node, "shape", &shape)) return false;
  for (int i = 0; i < PLAN_SHAPES; i++) {
    if (!str_equal(shape, str_from(shapes[i]))) continue;
    area->shape = (PlanShape)i;
    return true;
  }
  return cursor_fault(node, "shape", "is none of rectangle, circle, ellipse, polygon and text");
}

static bool read_polygon(const JsonCursor *polygon, PlanArea *area) {
  JsonCursor point;
  if (!cursor_array(polygon, "points", true, &point)) return false;
  PlanPoint *corners = ARENA_ARRAY(polygon->arena, PlanPoint, json_count(json_get(polygon->node, "points")));
  for (; point.node != NULL; cursor_advance(&point)) {
    CursorPoint at = {0};
    if (!cursor_point(&point, &at)) return false;
    corners[area->point_count++] = (PlanPoint){pixels(at.x), pixels(at.y)};
  }
  area->points = corners;
  return true;
}

// The sides, radii or corners that its shape asks for.
static bool read_extent(const JsonCursor *node, PlanArea *area) {
  const double most = PLAN_COORDINATE_MAX;
  double width = 0;
  double height = 0;
  double radius = 0;
  JsonCursor polygon = cursor_member(node, "polygon");
  JsonCursor circle = cursor_member(node, "circle");
  JsonCursor rectangle = cursor_member(node, "rectangle");
  JsonCursor ellipse = cursor_member(node, "ellipse");
  JsonCursor radii = cursor_member(&ellipse, "radius");
  if (area->shape == PLAN_POLYGON && !read_polygon(&polygon, area)) return false;
  if (area->shape == PLAN_CIRCLE && !cursor_pixels(&circle, "radius", 0, most, &radius)) return false;
  if (area->shape == PLAN_RECTANGLE &&
      !(cursor_pixels(&rectangle, "width", 0, most, &width) && cursor_pixels(&rectangle, "height", 0, most, &height))) {
    return false;
  }
  if (area->shape == PLAN_ELLIPSE) {
    if (!cursor_pixels(&radii, "x", 0, most / 2, &width) || !cursor_pixels(&radii, "y", 0, most / 2, &height))
      return false;
    width *= 2;
    height *= 2;
  }
  area->width = pixels(width);
  area->height = pixels(height);
  area->radius = pixels(radius);
  return true;
}

static bool read_area_text(const JsonCursor *node, PlanArea *area) {
  JsonCursor text = cursor_member(node, "text");
  CursorPoint position = {0};
  double size = 0;
  if (text.node == NULL) return true;
  if (!cursor_is_object(&text) || !cursor_words(&text, "text", &area->text)) return false;
  if (!cursor_color(&text, "color", &area->text_color) || !cursor_pixels(&text, "size", 0, PLAN_SIZE_MAX, &size)) {
    return false;
  }
  if (!cursor_position(&text, false, &position)) return false;
  area->text_size = pixels(size);
  area->text_x = pixels(position.x);
  area->text_y = pixels(position.y);
  return true;
}

static bool read_area(Reader *reader, const JsonCursor *node, CursorPoint corner) {
  PlanArea *area = &reader->plan->areas[reader->plan->area_count];
  CursorPoint position = {0};
  if (!cursor_is_object(node) || !read_shape(node, area) || !cursor_position(node, false, &position)) return false;
  area->x = pixels(corner.x + position.x);
  area->y = pixels(corner.y + position.y);
  if (!cursor_number(node, "rotation", &area->rotation)) return false;
  if (!cursor_color(node, "color", &area->color) || !cursor_color(node, "border_color", &area->border_color))
    return false;
  if (!read_extent(node, area) || !read_area_text(node, area)) return false;
  reader->area_origins[reader->plan->area_count++] = (Origin){.zone = node->parent->index, .item = node->index};
  return true;
}

// --- Zones ---

// The zone of that name, for zones of one name are one; PLAN_NO_ZONE for a zone without.
static bool read_zone_name(Reader *reader, const JsonCursor *node, int *zone) {
  Plan *plan = reader->plan;
  Str name = {0};
  bool added = false;
  *zone = PLAN_NO_ZONE;
  if (!cursor_words(node, "name", &name)) return false;
  if (name.length == 0) return true;
  *zone = (int)plan_names_add(&reader->zones, name, &added);
  if (!added) return true;
  reader->zone_origins[plan->zone_count] = node->index;
  plan->zones[plan->zone_count++] = name;
  return true;
}

static bool read_zone(Reader *reader, const JsonCursor *node) {
  CursorPoint corner = {0};
  int zone = PLAN_NO_ZONE;
  JsonCursor row;
  JsonCursor area;
  if (!cursor_is_object(node) || !read_zone_name(reader, node, &zone)) return false;
  if (!cursor_position(node, false, &corner)) return false;
  if (!cursor_array(node, "rows", true, &row) || !cursor_array(node, "areas", false, &area)) return false;
  for (; row.node != NULL; cursor_advance(&row)) {
    if (!read_row(reader, &row, corner, zone)) return false;
  }
  for (; area.node != NULL; cursor_advance(&area)) {
    if (!read_area(reader, &area, corner)) return false;
  }
  return true;
}

// Room for all that the zones hold.
static void make_room(Reader *reader, const Json *zones) {
  size_t seats = 0;
  size_t areas = 0;
  for (const Json *zone = json_first(zones); zone != NULL; zone = json_next(zone)) {
    areas += json_count(json_get(zone, "areas"));
    for (const Json *row = json_first(json_get(zone, "rows")); row != NULL; row = json_next(row)) {
      seats += json_count(json_get(row, "seats"));
    }
  }
  reader->plan->zones = ARENA_ARRAY(reader->arena, Str, json_count(zones));
  reader->plan->seats = ARENA_ARRAY(reader->arena, PlanSeat, seats);
  reader->plan->areas = ARENA_ARRAY(reader->arena, PlanArea, areas);
  reader->zone_origins = ARENA_ARRAY(reader->arena, size_t, json_count(zones));
  reader->seat_origins = ARENA_ARRAY(reader->arena, Origin, seats);
  reader->area_origins = ARENA_ARRAY(reader->arena, Origin, areas);
}

static bool read_zones(Reader *reader, const JsonCursor *document) {
  JsonCursor zone;
  if (!cursor_array(document, "zones", true, &zone)) return false;
  make_room(reader, json_get(document->node, "zones"));
  for (; zone.node != NULL; cursor_advance(&zone)) {
    if (!read_zone(reader, &zone)) return false;
  }
  return true;
}

// --- Where a part of the plan was read from (PlanSource) ---

// What the document calls the members of the plan's structs.
static const struct {
  PlanPart part;
  const char *field;
  const char *path;
} FIELDS[] = {
    {PLAN_PART_SEAT, "x", "position.x"},           {PLAN_PART_SEAT, "y", "position.y"},
    {PLAN_PART_SEAT, "guid", "seat_guid"},         {PLAN_PART_SEAT, "place_label", "seat_number"},
    {PLAN_PART_SEAT, "type", "category"},          {PLAN_PART_AREA, "x", "position.x"},
    {PLAN_PART_AREA, "y", "position.y"},           {PLAN_PART_AREA, "radius", "circle.radius"},
    {PLAN_PART_AREA, "points", "polygon.points"},  {PLAN_PART_AREA, "text", "text.text"},
    {PLAN_PART_AREA, "text_color", "text.color"},  {PLAN_PART_AREA, "text_size", "text.size"},
    {PLAN_PART_AREA, "text_x", "text.position.x"}, {PLAN_PART_AREA, "text_y", "text.position.y"},
};

static const char *document_field(PlanPart part, const char *field) {
  for (size_t i = 0; i < sizeof(FIELDS) / sizeof(FIELDS[0]); i++) {
    if (FIELDS[i].part == part && strcmp(FIELDS[i].field, field) == 0) return FIELDS[i].path;
  }
  return field;
}

// A row's own faults are found at its seats, and are told of the row.
static bool is_of_row(const char *field) {
  return strcmp(field, "row") == 0 || strcmp(field, "row_label") == 0;
}

static void add_seat_path(Text *path, const Origin *origin, const char *field) {
  text_format(path, "zones[%zu].rows[%zu]", origin->zone, origin->row);
  if (!is_of_row(field)) text_format(path, ".seats[%zu]", origin->item);
  if (strcmp(field, "row_label") == 0) text_add(path, STR(".row_number"));
}

static Str where(const void *state, Arena *arena, PlanPart part, size_t index, const char *field) {
  const Reader *reader = state;
  Text path = {.arena = arena};
  switch (part) {
    case PLAN_PART_TYPE:
      text_format(&path, "categories[%zu]", index);
      break;
    case PLAN_PART_ZONE:
      text_format(&path, "zones[%zu]", reader->zone_origins[index]);
      break;
    case PLAN_PART_AREA:
      text_format(&path, "zones[%zu].areas[%zu]", reader->area_origins[index].zone, reader->area_origins[index].item);
      break;
    case PLAN_PART_SEAT:
      add_seat_path(&path, &reader->seat_origins[index], field);
      if (is_of_row(field)) return text_str(&path);
      break;
  }
  if (field[0] != 0) text_format(&path, ".%s", document_field(part, field));
  return text_str(&path);
}

// --- The document ---

// "line 3, column 14" of a byte of the text, both from 1; columns count code points.
static Str line_and_column(Arena *arena, Str text, size_t offset) {
  size_t line = 1;
  size_t start = 0;
  for (size_t i = 0; i < offset && i < text.length; i++) {
    if (text.at[i] != '\n') continue;
    line++;
    start = i + 1;
  }
  Text words = {.arena = arena};
  text_format(&words, "line %zu, column %zu", line, str_code_points((Str){text.at + start, offset - start}) + 1);
  return text_str(&words);
}

bool plan_json_read(Arena *arena, Str text, Plan *plan, PlanFault *fault) {
  size_t offset = 0;
  *plan = (Plan){0};
  JsonCursor document = {.arena = arena, .fault = fault, .index = CURSOR_NO_INDEX};
  document.node = json_parse(arena, text, &offset);
  if (document.node == NULL) return plan_fault(arena, fault, line_and_column(arena, text, offset), "is not JSON");
  Reader reader = {.arena = arena, .plan = plan, .zones = {.arena = arena}, .types = {.arena = arena}};
  if (!cursor_is_object(&document) || !cursor_words(&document, "name", &plan->name)) return false;
  if (!read_categories(&reader, &document) || !read_zones(&reader, &document)) return false;
  PlanSource source = {.where = where, .state = &reader};
  return plan_finish(arena, plan, &source, fault);
}
