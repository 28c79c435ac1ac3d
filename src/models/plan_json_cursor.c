// Walking a JSON document with the way to each node at hand. A path becomes text only when there is a fault to tell.
#include "models/plan_json_cursor.h"

#include <math.h>

// --- Paths and faults ---

static void add_path(Text *text, const JsonCursor *cursor) {
  if (cursor->parent == NULL) return;
  add_path(text, cursor->parent);
  if (text->length > 0) text_char(text, '.');
  text_add(text, str_from(cursor->key));
  if (cursor->index != CURSOR_NO_INDEX) text_format(text, "[%zu]", cursor->index);
}

static Str path_of(const JsonCursor *cursor, const char *field) {
  Text text = {.arena = cursor->arena};
  add_path(&text, cursor);
  if (text.length > 0 && field[0] != 0) text_char(&text, '.');
  text_add(&text, str_from(field));
  return text.length > 0 ? text_str(&text) : STR("the document");
}

bool cursor_fault(const JsonCursor *cursor, const char *field, const char *what) {
  return plan_fault(cursor->arena, cursor->fault, path_of(cursor, field), "%s", what);
}

// --- Going on ---

static const Json *member(const JsonCursor *cursor, const char *key) {
  const Json *value = json_get(cursor->node, key);
  return json_is_null(value) ? NULL : value;
}

JsonCursor cursor_member(const JsonCursor *cursor, const char *key) {
  return (JsonCursor){.arena = cursor->arena,
                      .fault = cursor->fault,
                      .parent = cursor,
                      .key = key,
                      .index = CURSOR_NO_INDEX,
                      .node = member(cursor, key)};
}

bool cursor_is_object(const JsonCursor *cursor) {
  return json_is_object(cursor->node) || cursor_fault(cursor, "", "is not an object");
}

bool cursor_array(const JsonCursor *cursor, const char *key, bool required, JsonCursor *first) {
  *first = cursor_member(cursor, key);
  if (first->node == NULL) return !required || cursor_fault(cursor, key, "is missing");
  if (!json_is_array(first->node)) return cursor_fault(cursor, key, "is not an array");
  first->node = json_first(first->node);
  first->index = 0;
  return true;
}

void cursor_advance(JsonCursor *element) {
  element->node = json_next(element->node);
  element->index++;
}

// --- Values ---

bool cursor_words(const JsonCursor *cursor, const char *key, Str *out) {
  const Json *value = member(cursor, key);
  int64_t number = 0;
  if (value == NULL) return true;
  if (json_str(value, out)) {
    *out = str_trim(*out);
    return true;
  }
  if (!json_int(value, &number)) return cursor_fault(cursor, key, "is not a text");
  Text digits = {.arena = cursor->arena};
  text_int(&digits, number);
  *out = text_str(&digits);
  return true;
}

bool cursor_color(const JsonCursor *cursor, const char *key, Str *out) {
  Str color = {0};
  if (!cursor_words(cursor, key, &color)) return false;
  if (plan_color(cursor->arena, color, out)) return true;
  return cursor_fault(cursor, key, "is no colour like #1a2b3c");
}

bool cursor_number(const JsonCursor *cursor, const char *key, double *out) {
  const Json *value = member(cursor, key);
  if (value == NULL) return true;
  if (json_double(value, out) && isfinite(*out)) return true;
  return cursor_fault(cursor, key, "is not a number");
}

bool cursor_pixels(const JsonCursor *cursor, const char *key, double least, double most, double *out) {
  if (!cursor_number(cursor, key, out)) return false;
  if (*out >= least && *out <= most) return true;
  return plan_fault(cursor->arena, cursor->fault, path_of(cursor, key), "has to be from %.10g to %.10g", least, most);
}

bool cursor_ordinal(const JsonCursor *cursor, const char *key, int *out) {
  double number = 0;
  if (member(cursor, key) == NULL) return true;
  if (!cursor_pixels(cursor, key, 1, PLAN_NUMBER_MAX, &number)) return false;
  if (number != floor(number)) return cursor_fault(cursor, key, "is not a whole number");
  *out = (int)number;
  return true;
}

static bool read_coordinate(const JsonCursor *cursor, const char *key, double *out) {
  const Json *value = json_get(cursor->node, key);
  if (value == NULL) return cursor_fault(cursor, key, "is missing");
  if (json_is_null(value)) return cursor_fault(cursor, key, "is not a number");
  return cursor_pixels(cursor, key, -PLAN_COORDINATE_MAX, PLAN_COORDINATE_MAX, out);
}

bool cursor_point(const JsonCursor *cursor, CursorPoint *out) {
  return cursor_is_object(cursor) && read_coordinate(cursor, "x", &out->x) && read_coordinate(cursor, "y", &out->y);
}

bool cursor_position(const JsonCursor *cursor, bool required, CursorPoint *out) {
  JsonCursor position = cursor_member(cursor, "position");
  *out = (CursorPoint){0};
  if (position.node != NULL) return cursor_point(&position, out);
  return !required || cursor_fault(cursor, "position", "is missing");
}
