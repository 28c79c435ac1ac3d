// JSON (RFC 8259): a strict reader that makes the tree as it goes, and writing straight into a Text.
#include "shared/json.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "shared/time.h"

enum {
  LEVELS_MAX = 64,
  NUMBER_BYTES_MAX = 63,
  EXACT_DIGITS_MAX = 15,  // a whole number of so many digits is a double
  NUL_MARK = 0xFF,        // stands for U+0000 in zero-terminated texts; no byte of UTF-8 has this value
};

typedef enum JsonKind { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT } JsonKind;

struct Json {
  Json *next;        // sibling
  const char *name;  // of an object's member
  JsonKind kind;
  union {
    Json *first;       // child
    const char *text;  // zero-terminated, as the name is
    double number;
  };
};

// The place of the reader in the text.
typedef struct Scan {
  Arena *arena;  // of the tree; NULL: the text is only checked
  const char *start;
  const char *at;
  const char *end;
  int levels;  // of '{' and '[' around `at`
} Scan;

static bool scan_value(Scan *scan, Json *out);

static void skip_space(Scan *scan) {
  while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\r' || *scan->at == '\t')) {
    scan->at++;
  }
}

static bool take(Scan *scan, char c) {
  if (scan->at == scan->end || *scan->at != c) return false;
  scan->at++;
  return true;
}

static bool scan_literal(Scan *scan, Str literal) {
  if (!str_starts((Str){scan->at, (size_t)(scan->end - scan->at)}, literal)) return false;
  scan->at += literal.length;
  return true;
}

static bool scan_digits(Scan *scan) {
  const char *first = scan->at;
  while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9') {
    scan->at++;
  }
  return scan->at > first;
}

// Of a text that was checked.
static double number_of(Str text) {
  int64_t whole;
  if (text.length <= EXACT_DIGITS_MAX && str_to_int(text, &whole)) return (double)whole;
  char copy[NUMBER_BYTES_MAX + 1];
  memcpy(copy, text.at, text.length);
  copy[text.length] = 0;
  return strtod(copy, NULL);
}

// RFC 8259 section 6.
static bool scan_number(Scan *scan, Json *out) {
  const char *first = scan->at;
  take(scan, '-');
  if (!take(scan, '0') && !scan_digits(scan)) return false;
  if (take(scan, '.') && !scan_digits(scan)) return false;
  if (take(scan, 'e') || take(scan, 'E')) {
    if (!take(scan, '+')) take(scan, '-');
    if (!scan_digits(scan)) return false;
  }
  Str text = {first, (size_t)(scan->at - first)};
  if (text.length > NUMBER_BYTES_MAX) return false;
  *out = (Json){.kind = JSON_NUMBER, .number = number_of(text)};
  return true;
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  char letter = (char)(c | 0x20);
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

// The four digits behind \u; -1 when they are not there.
static int scan_code_unit(Scan *scan) {
  int unit = 0;
  for (int i = 0; i < 4; i++) {
    int digit = scan->at < scan->end ? hex_digit(*scan->at) : -1;
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
    scan->at++;
  }
  return unit;
}

static bool scan_unicode_escape(Scan *scan) {
  int unit = scan_code_unit(scan);
  if (unit < 0 || (unit >= 0xDC00 && unit <= 0xDFFF)) return false;
  if (unit < 0xD800 || unit > 0xDBFF) return true;
  if (!take(scan, '\\') || !take(scan, 'u')) return false;
  int low = scan_code_unit(scan);
  return low >= 0xDC00 && low <= 0xDFFF;
}

static bool scan_escape(Scan *scan) {
  if (take(scan, 'u')) return scan_unicode_escape(scan);
  bool known = scan->at < scan->end && *scan->at != 0 && strchr("\"\\/bfnrt", *scan->at) != NULL;
  scan->at += known;
  return known;
}

// Puts the UTF-8 of a code point behind `at`; gives what stands behind it.
static char *put_utf8(char *at, int point) {
  static const int firsts[] = {0, 0xC0, 0xE0, 0xF0};
  int more = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  *at++ = (char)(point == 0 ? NUL_MARK : firsts[more] | point >> 6 * more);
  while (more-- > 0) *at++ = (char)(0x80 | (point >> 6 * more & 0x3F));
  return at;
}

// What a checked escape stands for, from behind its backslash; *out moves.
static void decode_escape(Scan *scan, char **out) {
  static const char pairs[] = "b\bf\fn\nr\rt\t";  // the letter, its byte; others stand for themselves
  char letter = *scan->at++;
  if (letter == 'u') {
    int point = scan_code_unit(scan);
    if (point >= 0xD800 && point <= 0xDBFF) {
      scan->at += 2;
      point = 0x10000 + ((point & 0x3FF) << 10 | (scan_code_unit(scan) & 0x3FF));
    }
    *out = put_utf8(*out, point);
    return;
  }
  const char *pair = strchr(pairs, letter);
  *(*out)++ = pair != NULL ? pair[1] : letter;
}

// The bytes of a string that was checked, zero-terminated. They are never more than what they are written with.
static const char *decode_string(Arena *arena, Str raw) {
  if (raw.length == 0 || memchr(raw.at, '\\', raw.length) == NULL) return str_zero(arena, raw);
  char *text = arena_alloc(arena, raw.length + 1);
  char *out = text;
  Scan scan = {.at = raw.at, .end = raw.at + raw.length};
  while (scan.at < scan.end) {
    if (take(&scan, '\\')) {
      decode_escape(&scan, &out);
    } else {
      *out++ = *scan.at++;
    }
  }
  return text;
}

// RFC 8259 section 7, from behind the opening quote. UTF-8 is checked for the text as a whole afterwards.
static bool scan_string(Scan *scan, const char **out) {
  const char *first = scan->at;
  bool ends = false;
  while (!ends) {
    const char *at = scan->at;
    while (at < scan->end && (unsigned char)*at >= 0x20 && *at != '"' && *at != '\\') at++;
    scan->at = at;
    ends = take(scan, '"');
    if (!ends && !(take(scan, '\\') && scan_escape(scan))) return false;
  }
  if (scan->arena != NULL) *out = decode_string(scan->arena, (Str){first, (size_t)(scan->at - 1 - first)});
  return true;
}

static bool scan_name(Scan *scan, const char **out) {
  skip_space(scan);
  if (!take(scan, '"') || !scan_string(scan, out)) return false;
  skip_space(scan);
  return take(scan, ':');
}

// The members of an object or the elements of an array, from behind its opening bracket.
static bool scan_children(Scan *scan, char closing, Json *out) {
  bool keeps = scan->arena != NULL;
  Json unkept;
  *out = (Json){.kind = closing == '}' ? JSON_OBJECT : JSON_ARRAY};
  if (++scan->levels > LEVELS_MAX) return false;
  skip_space(scan);
  bool more = !take(scan, closing);
  for (Json **link = &out->first; more;) {
    const char *name = NULL;
    Json *child = keeps ? ARENA_NEW(scan->arena, Json) : &unkept;
    if (closing == '}' && !scan_name(scan, &name)) return false;
    if (!scan_value(scan, child)) return false;
    child->name = name;
    more = take(scan, ',');
    if (!more && !take(scan, closing)) return false;
    if (!keeps) continue;
    *link = child;
    link = &child->next;
  }
  scan->levels--;
  return true;
}

static bool scan_word(Scan *scan, Str literal, JsonKind kind, Json *out) {
  *out = (Json){.kind = kind};
  return scan_literal(scan, literal);
}

// One value and the white space around it.
static bool scan_value(Scan *scan, Json *out) {
  skip_space(scan);
  bool valid = false;
  if (take(scan, '"')) {
    *out = (Json){.kind = JSON_STRING};
    valid = scan_string(scan, &out->text);
  } else if (take(scan, '{')) {
    valid = scan_children(scan, '}', out);
  } else if (take(scan, '[')) {
    valid = scan_children(scan, ']', out);
  } else {
    valid = scan_word(scan, STR("true"), JSON_TRUE, out) || scan_word(scan, STR("false"), JSON_FALSE, out) ||
            scan_word(scan, STR("null"), JSON_NULL, out) || scan_number(scan, out);
  }
  if (valid) skip_space(scan);
  return valid;
}

// Reads a text into *out and, with an arena, its children into that; *fault_offset (may be NULL) is where it went
// wrong.
static bool read_text(Arena *arena, Str text, Json *out, size_t *fault_offset) {
  Scan scan = {.arena = arena, .start = text.at, .at = text.at, .end = text.at + text.length};
  if (text.length > 0 && scan_value(&scan, out) && scan.at == scan.end && str_is_utf8(text)) return true;
  if (fault_offset != NULL) *fault_offset = (size_t)(scan.at - scan.start);
  return false;
}

const Json *json_parse(Arena *arena, Str text, size_t *fault_offset) {
  Json *root = ARENA_NEW(arena, Json);
  return read_text(arena, text, root, fault_offset) ? root : NULL;
}

bool json_is_object_or_array(Str text, size_t *fault_offset) {
  Json root;
  *fault_offset = 0;
  return read_text(NULL, text, &root, fault_offset) && (root.kind == JSON_OBJECT || root.kind == JSON_ARRAY);
}

const Json *json_get(const Json *object, const char *key) {
  if (!json_is_object(object)) return NULL;
  for (const Json *member = object->first; member != NULL; member = member->next) {
    if (strcmp(member->name, key) == 0) return member;
  }
  return NULL;
}

const Json *json_first(const Json *array_or_object) {
  return json_is_object(array_or_object) || json_is_array(array_or_object) ? array_or_object->first : NULL;
}

const Json *json_next(const Json *node) {
  return node != NULL ? node->next : NULL;
}

size_t json_count(const Json *array_or_object) {
  size_t count = 0;
  for (const Json *child = json_first(array_or_object); child != NULL; child = child->next) {
    count++;
  }
  return count;
}

const char *json_key(const Json *member) {
  assert(member != NULL && member->name != NULL);
  return member->name;
}

bool json_is_object(const Json *node) {
  return node != NULL && node->kind == JSON_OBJECT;
}

bool json_is_array(const Json *node) {
  return node != NULL && node->kind == JSON_ARRAY;
}

bool json_is_string(const Json *node) {
  return node != NULL && node->kind == JSON_STRING;
}

bool json_is_number(const Json *node) {
  return node != NULL && node->kind == JSON_NUMBER;
}

bool json_is_null(const Json *node) {
  return node != NULL && node->kind == JSON_NULL;
}

bool json_is_bool(const Json *node, bool *out) {
  if (node == NULL || (node->kind != JSON_TRUE && node->kind != JSON_FALSE)) return false;
  if (out != NULL) *out = node->kind == JSON_TRUE;
  return true;
}

bool json_int(const Json *node, int64_t *out) {
  const double limit = 9007199254740992.0;  // 2^53
  double value;
  if (!json_double(node, &value) || value <= -limit || value >= limit || value != floor(value)) return false;
  *out = (int64_t)value;
  return true;
}

bool json_double(const Json *node, double *out) {
  if (!json_is_number(node) || !isfinite(node->number)) return false;
  *out = node->number;
  return true;
}

bool json_str(const Json *node, Str *out) {
  if (!json_is_string(node)) return false;
  Str value = str_from(node->text);
  if (memchr(value.at, NUL_MARK, value.length) != NULL) return false;
  *out = value;
  return true;
}

// Writes a comma when what stands before is the end of a value.
static void json_comma(Text *text) {
  if (text->length == 0) return;
  char last = text->at[text->length - 1];
  bool follows_value = last != '{' && last != '[' && last != ':' && last != ',' && (unsigned char)last > ' ';
  if (follows_value) text_char(text, ',');
}

void json_open(Text *text, char bracket) {
  assert(bracket == '{' || bracket == '[');
  json_comma(text);
  text_char(text, bracket);
}

void json_close(Text *text, char bracket) {
  assert(bracket == '}' || bracket == ']');
  text_char(text, bracket);
}

void json_name(Text *text, const char *name) {
  Str plain = str_from(name);
  json_comma(text);
  text_reserve(text, plain.length + 3);
  char *at = text->at + text->length;
  *at++ = '"';
  memcpy(at, plain.at, plain.length);
  memcpy(at + plain.length, "\":", 2);
  text->length += plain.length + 3;
}

static void add_escape(Text *text, char c) {
  static const char shorts[] = "\"\"\\\\\bb\ff\nn\rr\tt";  // pairs: the byte, its letter
  for (const char *pair = shorts; *pair != 0; pair += 2) {
    if (*pair != c) continue;
    text_char(text, '\\');
    text_char(text, pair[1]);
    return;
  }
  text_add(text, STR("\\u00"));
  text_hex(text, &c, 1);
}

void json_add_str(Text *text, Str value) {
  json_comma(text);
  text_reserve(text, value.length + 2);
  text_char(text, '"');
  size_t clean = 0;  // start of the run that needs no escape
  for (size_t i = 0; i < value.length; i++) {
    unsigned char c = (unsigned char)value.at[i];
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    text_add(text, (Str){value.at + clean, i - clean});
    add_escape(text, value.at[i]);
    clean = i + 1;
  }
  if (clean < value.length) text_add(text, (Str){value.at + clean, value.length - clean});
  text_char(text, '"');
}

void json_add_int(Text *text, int64_t value) {
  json_comma(text);
  text_int(text, value);
}

void json_add_double(Text *text, double value) {
  json_comma(text);
  text_double(text, value);
}

void json_add_bool(Text *text, bool value) {
  json_add_raw(text, value ? STR("true") : STR("false"));
}

void json_add_null(Text *text) {
  json_add_raw(text, STR("null"));
}

void json_add_raw(Text *text, Str json) {
  json_comma(text);
  text_add(text, json);
}

void json_add_time(Text *text, int64_t time_ms) {
  char quoted[TIME_ISO_BYTES + 2];
  quoted[0] = '"';
  time_iso(time_ms, quoted + 1);
  quoted[TIME_ISO_BYTES + 1] = '"';
  json_add_raw(text, (Str){quoted, sizeof quoted});
}

void json_put_str(Text *text, const char *name, Str value) {
  json_name(text, name);
  json_add_str(text, value);
}

void json_put_str_or_null(Text *text, const char *name, Str value) {
  json_name(text, name);
  value.length > 0 ? json_add_str(text, value) : json_add_null(text);
}

void json_put_id_or_null(Text *text, const char *name, int64_t id) {
  json_name(text, name);
  id > 0 ? json_add_int(text, id) : json_add_null(text);
}

void json_put_int(Text *text, const char *name, int64_t value) {
  json_name(text, name);
  json_add_int(text, value);
}

void json_put_bool(Text *text, const char *name, bool value) {
  json_name(text, name);
  json_add_bool(text, value);
}

void json_put_time(Text *text, const char *name, int64_t time_ms) {
  json_name(text, name);
  json_add_time(text, time_ms);
}

void json_add_node(Text *text, const Json *node) {
  bool flag;
  double number;
  if (json_is_object(node) || json_is_array(node)) {
    json_open(text, json_is_object(node) ? '{' : '[');
    for (const Json *child = json_first(node); child != NULL; child = json_next(child)) {
      if (json_is_object(node)) {
        json_add_str(text, str_from(json_key(child)));
        text_char(text, ':');
      }
      json_add_node(text, child);
    }
    json_close(text, json_is_object(node) ? '}' : ']');
  } else if (json_is_string(node)) {
    json_add_str(text, str_from(node->text));
  } else if (json_double(node, &number)) {
    json_add_double(text, number);
  } else if (json_is_bool(node, &flag)) {
    json_add_bool(text, flag);
  } else {
    json_add_null(text);
  }
}
