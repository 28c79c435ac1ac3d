// Reading seats as CSV (RFC 4180); plan_csv_write.c writes them. A record's line is where it begins, for a quoted field
// may span lines.
#include "models/plan_csv.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "models/plan_csv_columns.h"
#include "models/plan_names.h"

typedef struct Reader {
  Arena *arena;
  PlanFault *fault;
  Plan *plan;
  Str rest;                               // what is still to be read
  size_t line;                            // of the text, from 1: where `rest` begins
  size_t record_line;                     // where the record that is being read began
  size_t field_count;                     // of the header
  PlanColumn columns[PLAN_COLUMN_COUNT];  // by their place in the header
  size_t places[PLAN_COLUMN_COUNT];       // the other way round: place in the header + 1, 0 for an absent column
  Str fields[PLAN_COLUMN_COUNT];          // of the record that is being read, by column; empty when absent
  PlanNames types;
  PlanNames zones;
  size_t *seat_lines;  // where each of the plan's seats, types and zones was read first
  size_t *type_lines;
  size_t *zone_lines;
} Reader;

// --- Faults ---

// "line 17, column 4 (x)"
static Str field_place(const Reader *reader, Arena *arena, size_t line, PlanColumn column) {
  Text text = {.arena = arena};
  text_format(&text, "line %zu", line);
  if (reader->places[column] > 0) text_format(&text, ", column %zu", reader->places[column]);
  text_format(&text, " (%s)", PLAN_COLUMNS[column]);
  return text_str(&text);
}

static Str line_place(Arena *arena, size_t line) {
  Text text = {.arena = arena};
  text_format(&text, "line %zu", line);
  return text_str(&text);
}

static bool field_fault(const Reader *reader, PlanColumn column, const char *what) {
  return plan_fault(reader->arena, reader->fault, field_place(reader, reader->arena, reader->record_line, column), "%s",
                    what);
}

static bool line_fault(const Reader *reader, const char *what) {
  return plan_fault(reader->arena, reader->fault, line_place(reader->arena, reader->record_line), "%s", what);
}

// As PlanSource asks.
static Str where(const void *state, Arena *arena, PlanPart part, size_t index, const char *field) {
  const Reader *reader = state;
  if (part == PLAN_PART_TYPE) {
    return field_place(reader, arena, reader->type_lines[index],
                       strcmp(field, "color") == 0 ? PLAN_COLUMN_COLOR : PLAN_COLUMN_TYPE);
  }
  if (part == PLAN_PART_ZONE) return field_place(reader, arena, reader->zone_lines[index], PLAN_COLUMN_ZONE);
  for (int column = 0; column < PLAN_COLUMN_COUNT; column++) {
    if (strcmp(field, PLAN_COLUMNS[column]) == 0)
      return field_place(reader, arena, reader->seat_lines[index], (PlanColumn)column);
  }
  return line_place(arena, reader->seat_lines[index]);
}

// --- Records and fields ---

static bool at_line_end(Str rest) {
  return rest.length == 0 || rest.at[0] == '\n' || (rest.at[0] == '\r' && (rest.length == 1 || rest.at[1] == '\n'));
}

static void skip(Reader *reader, size_t bytes) {
  reader->rest.at += bytes;
  reader->rest.length -= bytes;
}

static void skip_line_end(Reader *reader) {
  if (reader->rest.length > 0 && reader->rest.at[0] == '\r') skip(reader, 1);
  if (reader->rest.length > 0 && reader->rest.at[0] == '\n') skip(reader, 1);
  reader->line++;
}

// RFC 4180 2.5 to 2.7, from behind the opening quote; two quotes stand for one.
static bool read_quoted(Reader *reader, Str *value) {
  Text text = {.arena = reader->arena};
  while (reader->rest.length > 0) {
    char c = reader->rest.at[0];
    skip(reader, 1);
    bool doubled = c == '"' && reader->rest.length > 0 && reader->rest.at[0] == '"';
    if (c == '"' && !doubled) {
      *value = text_str(&text);
      return true;
    }
    if (doubled) skip(reader, 1);
    if (c == '\n') reader->line++;
    text_char(&text, c);
  }
  return line_fault(reader, "has a quoted field without an end");
}

static bool read_plain(Reader *reader, Str *value) {
  size_t length = 0;
  Str rest = reader->rest;
  while (!at_line_end((Str){rest.at + length, rest.length - length}) && rest.at[length] != ',') {
    if (rest.at[length] == '"') return line_fault(reader, "has a quote within a field that is not quoted");
    length++;
  }
  *value = (Str){rest.at, length};
  skip(reader, length);
  return true;
}

// One field and the comma behind it; *last says whether the record ends with it. Its line's end is left in place.
static bool read_field(Reader *reader, Str *value, bool *last) {
  if (reader->rest.length > 0 && reader->rest.at[0] == '"') {
    skip(reader, 1);
    if (!read_quoted(reader, value)) return false;
  } else if (!read_plain(reader, value)) {
    return false;
  }
  *value = str_trim(*value);
  *last = at_line_end(reader->rest);
  if (*last) return true;
  if (reader->rest.at[0] != ',') return line_fault(reader, "has letters behind a quoted field");
  skip(reader, 1);
  return true;
}

static void skip_empty_lines(Reader *reader) {
  while (reader->rest.length > 0 && at_line_end(reader->rest)) {
    skip_line_end(reader);
  }
  reader->record_line = reader->line;
}

// --- The header ---

static bool header_fault(const Reader *reader, const char *column, const char *what) {
  return plan_fault(reader->arena, reader->fault, line_place(reader->arena, reader->record_line), "%s %s", what,
                    column);
}

static bool read_column_name(Reader *reader, Str name) {
  int column = 0;
  while (column < PLAN_COLUMN_COUNT && !str_equal_nocase(name, str_from(PLAN_COLUMNS[column]))) {
    column++;
  }
  if (column == PLAN_COLUMN_COUNT) {
    Text text = {.arena = reader->arena};
    text_format(&text, "line %zu, column %zu", reader->record_line, reader->field_count + 1);
    return plan_fault(reader->arena, reader->fault, text_str(&text), "is no column that we know");
  }
  if (reader->places[column] > 0) return header_fault(reader, PLAN_COLUMNS[column], "names twice the column");
  reader->columns[reader->field_count++] = (PlanColumn)column;
  reader->places[column] = reader->field_count;
  return true;
}

static bool read_header(Reader *reader) {
  skip_empty_lines(reader);
  for (bool last = reader->rest.length == 0; !last;) {
    Str name = {0};
    if (!read_field(reader, &name, &last) || !read_column_name(reader, name)) return false;
  }
  skip_line_end(reader);
  for (int column = 0; column < PLAN_COLUMNS_REQUIRED; column++) {
    if (reader->places[column] == 0) return header_fault(reader, PLAN_COLUMNS[column], "does not name the column");
  }
  return true;
}

// --- Values ---

static bool out_of_range(const Reader *reader, PlanColumn column, int least, int most) {
  return plan_fault(reader->arena, reader->fault, field_place(reader, reader->arena, reader->record_line, column),
                    "has to be from %d to %d", least, most);
}

static bool read_ordinal(const Reader *reader, PlanColumn column, int *out) {
  int64_t number = 0;
  Str field = reader->fields[column];
  if (field.length == 0) return field_fault(reader, column, "is missing");
  if (!str_to_int(field, &number)) return field_fault(reader, column, "is not a whole number");
  if (number < 1 || number > PLAN_NUMBER_MAX) return out_of_range(reader, column, 1, PLAN_NUMBER_MAX);
  *out = (int)number;
  return true;
}

static bool read_pixels(const Reader *reader, PlanColumn column, int least, int most, int *out) {
  double number = 0;
  Str field = reader->fields[column];
  if (field.length == 0) return field_fault(reader, column, "is missing");
  if (!str_to_double(field, &number)) return field_fault(reader, column, "is not a number");
  if (number < least || number > most) return out_of_range(reader, column, least, most);
  *out = (int)lround(number);
  return true;
}

static bool read_rotation(const Reader *reader, double *out) {
  Str field = reader->fields[PLAN_COLUMN_ROTATION];
  if (field.length == 0 || str_to_double(field, out)) return true;
  return field_fault(reader, PLAN_COLUMN_ROTATION, "is not a number");
}

// The type's colour is what its first seat says; another one's has to be the same or empty.
static bool read_color(Reader *reader, PlanType *type, bool first) {
  Str color = {0};
  if (!plan_color(reader->arena, reader->fields[PLAN_COLUMN_COLOR], &color)) {
    return field_fault(reader, PLAN_COLUMN_COLOR, "is no colour like #1a2b3c");
  }
  if (first) type->color = color;
  if (color.length == 0 || str_equal(color, type->color)) return true;
  return field_fault(reader, PLAN_COLUMN_COLOR, "differs from the colour of this type of seat further up");
}

static bool read_type(Reader *reader, int *out) {
  Plan *plan = reader->plan;
  bool added = false;
  Str field = reader->fields[PLAN_COLUMN_TYPE];
  Str name = field.length > 0 ? field : STR("Standard");
  size_t type = plan_names_add(&reader->types, name, &added);
  if (type >= PLAN_TYPES_MAX) return field_fault(reader, PLAN_COLUMN_TYPE, "is one type of seat too many");
  if (added) {
    reader->type_lines[type] = reader->record_line;
    plan->types[type] = (PlanType){.name = name};
    plan->type_count++;
  }
  *out = (int)type;
  return read_color(reader, &plan->types[type], added);
}

static bool read_zone(Reader *reader, int *out) {
  Plan *plan = reader->plan;
  bool added = false;
  Str name = reader->fields[PLAN_COLUMN_ZONE];
  *out = PLAN_NO_ZONE;
  if (name.length == 0) return true;
  size_t zone = plan_names_add(&reader->zones, name, &added);
  if (zone >= PLAN_ZONES_MAX) return field_fault(reader, PLAN_COLUMN_ZONE, "is one zone too many");
  if (added) {
    reader->zone_lines[zone] = reader->record_line;
    plan->zones[plan->zone_count++] = name;
  }
  *out = (int)zone;
  return true;
}

// --- Seats ---

static bool read_seat(Reader *reader) {
  Plan *plan = reader->plan;
  if (plan->seat_count == PLAN_SEATS_MAX) return line_fault(reader, "is one seat too many");
  PlanSeat seat = {.row_label = reader->fields[PLAN_COLUMN_ROW_LABEL],
                   .place_label = reader->fields[PLAN_COLUMN_PLACE_LABEL],
                   .guid = reader->fields[PLAN_COLUMN_GUID]};
  const int far = PLAN_COORDINATE_MAX;
  if (!read_ordinal(reader, PLAN_COLUMN_ROW, &seat.row) || !read_ordinal(reader, PLAN_COLUMN_PLACE, &seat.place) ||
      !read_pixels(reader, PLAN_COLUMN_X, -far, far, &seat.x) ||
      !read_pixels(reader, PLAN_COLUMN_Y, -far, far, &seat.y) ||
      !read_pixels(reader, PLAN_COLUMN_WIDTH, 1, PLAN_SIZE_MAX, &seat.width) ||
      !read_pixels(reader, PLAN_COLUMN_HEIGHT, 1, PLAN_SIZE_MAX, &seat.height) ||
      !read_rotation(reader, &seat.rotation) || !read_type(reader, &seat.type) || !read_zone(reader, &seat.zone)) {
    return false;
  }
  reader->seat_lines[plan->seat_count] = reader->record_line;
  plan->seats[plan->seat_count++] = seat;
  return true;
}

static bool read_record(Reader *reader) {
  size_t count = 0;
  for (bool last = false; !last; count++) {
    Str value = {0};
    if (!read_field(reader, &value, &last)) return false;
    if (count < reader->field_count) reader->fields[reader->columns[count]] = value;
  }
  skip_line_end(reader);
  if (count == reader->field_count) return read_seat(reader);
  return plan_fault(reader->arena, reader->fault, line_place(reader->arena, reader->record_line),
                    "has %zu fields, and the first line has %zu", count, reader->field_count);
}

static size_t count_lines(Str text) {
  size_t lines = 1;
  for (size_t i = 0; i < text.length; i++) {
    lines += text.at[i] == '\n';
  }
  return lines;
}

// Room for as many seats as there are lines, and no more than a plan may have.
static void make_room(Reader *reader) {
  size_t lines = count_lines(reader->rest);
  size_t seats = lines < PLAN_SEATS_MAX ? lines : PLAN_SEATS_MAX;
  size_t zones = lines < PLAN_ZONES_MAX ? lines : PLAN_ZONES_MAX;
  reader->plan->seats = ARENA_ARRAY(reader->arena, PlanSeat, seats);
  reader->plan->types = ARENA_ARRAY(reader->arena, PlanType, PLAN_TYPES_MAX);
  reader->plan->zones = ARENA_ARRAY(reader->arena, Str, zones);
  reader->seat_lines = ARENA_ARRAY(reader->arena, size_t, seats);
  reader->type_lines = ARENA_ARRAY(reader->arena, size_t, PLAN_TYPES_MAX);
  reader->zone_lines = ARENA_ARRAY(reader->arena, size_t, zones);
}

bool plan_csv_read(Arena *arena, Str text, Str name, Plan *plan, PlanFault *fault) {
  const Str mark = STR("\xEF\xBB\xBF");
  *plan = (Plan){.name = name};
  Reader reader = {.arena = arena,
                   .fault = fault,
                   .plan = plan,
                   .rest = text,
                   .line = 1,
                   .types = {.arena = arena},
                   .zones = {.arena = arena}};
  if (str_starts(text, mark)) skip(&reader, mark.length);
  make_room(&reader);
  if (!read_header(&reader)) return false;
  for (skip_empty_lines(&reader); reader.rest.length > 0; skip_empty_lines(&reader)) {
    if (!read_record(&reader)) return false;
  }
  PlanSource source = {.where = where, .state = &reader};
  return plan_finish(arena, plan, &source, fault);
}
