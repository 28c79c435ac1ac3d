// Path, query and body as one object.
#include "controllers/tickets_input.h"

#include <string.h>

#include "shared/ids.h"

static const Field *find_field(const Method *method, Str name) {
  for (uint16_t i = 0; i < method->field_count; i++) {
    if (str_equal(name, str_from(method->fields[i].name))) return &method->fields[i];
  }
  return NULL;
}

// As parseInt reads: white space, perhaps a sign, and as many digits as there are. False: there are none.
static bool leading_number(Str text, int64_t *number) {
  const int64_t largest = (INT64_C(1) << 53) - 1;
  text = str_trim(text);
  bool negative = text.length > 0 && text.at[0] == '-';
  size_t first = negative || (text.length > 0 && text.at[0] == '+');
  size_t at = first;
  *number = 0;
  for (; at < text.length && text.at[at] >= '0' && text.at[at] <= '9'; at++) {
    *number = *number * 10 + (text.at[at] - '0');
    if (*number > largest) *number = largest;
  }
  if (negative) *number = -*number;
  return at > first;
}

// A text of the address as the method's field wants it; what it cannot be stays a text, which the field then refuses.
static void add_value(Text *out, const TicketsRoute *route, const Field *field, Str value) {
  int64_t number;
  bool is_flag = str_equal(value, STR("true")) || str_equal(value, STR("false"));
  bool wants_number = field->kind == FIELD_ID || field->kind == FIELD_INT;
  json_name(out, field->name);
  if (wants_number && route->digits_win && leading_number(value, &number)) {
    json_add_int(out, field->kind == FIELD_INT && number > (int64_t)field->max ? (int64_t)field->max : number);
  } else if (wants_number && !route->digits_win && str_to_int(value, &number)) {
    json_add_int(out, number);
  } else if (field->kind == FIELD_FLAG && is_flag) {
    text_add(out, value);
  } else {
    json_add_str(out, value);
  }
}

static bool add_parameter(Text *out, const TicketsRoute *route, Str name, Str raw) {
  const Field *field = find_field(route->method, name);
  Str value;
  if (!ids_from_percent(out->arena, raw, &value)) return false;
  if (field != NULL) add_value(out, route, field, value);
  return true;
}

// "+" is a space in a query.
static Str with_spaces(Arena *arena, Str text) {
  char *copy = arena_copy(arena, text.at, text.length);
  for (size_t i = 0; i < text.length; i++) {
    if (copy[i] == '+') copy[i] = ' ';
  }
  return (Str){copy, text.length};
}

static bool add_query(Text *out, const TicketsRoute *route, Str query) {
  while (query.length > 0) {
    Str value = str_cut(&query, '&');
    Str name = str_cut(&value, '=');
    if (!add_parameter(out, route, name, with_spaces(out->arena, value))) return false;
  }
  return true;
}

Str tickets_query_value(Str query, const char *name) {
  while (query.length > 0) {
    Str value = str_cut(&query, '&');
    if (str_equal(str_cut(&value, '='), str_from(name))) return value;
  }
  return (Str){0};
}

Str tickets_query_text(Arena *arena, Str query, const char *name) {
  Str text;
  bool good = ids_from_percent(arena, with_spaces(arena, tickets_query_value(query, name)), &text);
  return good ? text : (Str){0};
}

// What stands behind the brace that opens the body; NULL: the body is no object.
static const char *object_members(Str body) {
  const char *brace = memchr(body.at, '{', body.length);
  const char *at = body.at;
  while (brace != NULL && at < brace && (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n')) at++;
  return at == brace ? brace + 1 : NULL;
}

// The body's members behind those of the address, so that these win (json_get): one text, which is parsed once.
static bool add_body(Text *out, Str body) {
  const char *members = object_members(body);
  if (members == NULL) return false;
  Str rest = {members, (size_t)(body.at + body.length - members)};
  if (out->length > 1 && !str_starts(str_trim(rest), STR("}"))) text_char(out, ',');
  text_add(out, rest);
  return true;
}

Error tickets_input_read(Arena *arena, const TicketsRoute *route, const TicketsParameters *parameters,
                         const HttpRequest *request, const Json **input) {
  *input = NULL;
  if (route->raw) return ERR_NONE;
  bool has_body = str_trim(request->body).length > 0;
  if (!has_body && parameters->count == 0 && request->query.length == 0) return ERR_NONE;
  Text merged = {.arena = arena};
  json_open(&merged, '{');
  for (int i = 0; i < parameters->count; i++) {
    if (!add_parameter(&merged, route, parameters->names[i], parameters->values[i])) return ERR_INVALID_REQUEST;
  }
  if (!add_query(&merged, route, request->query)) return ERR_INVALID_REQUEST;
  if (!has_body) {
    json_close(&merged, '}');
  } else if (!add_body(&merged, request->body)) {
    return ERR_INVALID_REQUEST;
  }
  *input = json_parse(arena, text_str(&merged), NULL);
  return *input != NULL ? ERR_NONE : ERR_INVALID_REQUEST;
}
