// JSON: a strict check of ours (RFC 8259), the tree by cJSON, and writing straight into a Text.
// cJSON forgives much that the RFC does not, so that it sees only text that passed the check. Its allocations are led
// to the arena of the running json_parse by a thread-local pointer: any thread, no lock.
#include "shared/json.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "shared/time.h"

enum {
  LEVELS_MAX = 64,
  NUMBER_BYTES_MAX = 63,  // as many as cJSON looks at
  NUL_MARK = 0xFF,        // stands for U+0000 in cJSON's zero-terminated strings; no byte of UTF-8 has this value
};

// The place of the check in the text.
typedef struct Scan {
  const char *start;
  const char *at;
  const char *end;
  int levels;   // of '{' and '[' around `at`
  size_t nuls;  // \u0000 escapes seen so far
} Scan;

static bool scan_value(Scan *scan);

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

// RFC 8259 section 6.
static bool scan_number(Scan *scan) {
  const char *first = scan->at;
  take(scan, '-');
  if (!take(scan, '0') && !scan_digits(scan)) return false;
  if (take(scan, '.') && !scan_digits(scan)) return false;
  if (take(scan, 'e') || take(scan, 'E')) {
    if (!take(scan, '+')) take(scan, '-');
    if (!scan_digits(scan)) return false;
  }
  return scan->at - first <= NUMBER_BYTES_MAX;
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
  scan->nuls += unit == 0;
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

// RFC 8259 section 7, from behind the opening quote. UTF-8 is checked for the text as a whole beforehand.
static bool scan_string(Scan *scan) {
  while (scan->at < scan->end) {
    unsigned char c = (unsigned char)*scan->at;
    if (c < 0x20) return false;
    scan->at++;
    if (c == '"') return true;
    if (c == '\\' && !scan_escape(scan)) return false;
  }
  return false;
}

static bool scan_name(Scan *scan) {
  skip_space(scan);
  if (!take(scan, '"') || !scan_string(scan)) return false;
  skip_space(scan);
  return take(scan, ':');
}

// The members of an object or the elements of an array, from behind its opening bracket.
static bool scan_children(Scan *scan, char closing) {
  if (++scan->levels > LEVELS_MAX) return false;
  skip_space(scan);
  bool more = !take(scan, closing);
  while (more) {
    if (closing == '}' && !scan_name(scan)) return false;
    if (!scan_value(scan)) return false;
    more = take(scan, ',');
    if (!more && !take(scan, closing)) return false;
  }
  scan->levels--;
  return true;
}

// One value and the white space around it.
static bool scan_value(Scan *scan) {
  skip_space(scan);
  bool valid = false;
  if (take(scan, '"')) {
    valid = scan_string(scan);
  } else if (take(scan, '{')) {
    valid = scan_children(scan, '}');
  } else if (take(scan, '[')) {
    valid = scan_children(scan, ']');
  } else {
    valid = scan_literal(scan, STR("true")) || scan_literal(scan, STR("false")) || scan_literal(scan, STR("null")) ||
            scan_number(scan);
  }
  if (valid) skip_space(scan);
  return valid;
}

static _Thread_local Arena *parsing_into;  // NULL outside of json_parse

// Outside of json_parse cJSON works as it always does, for whoever else in the process uses it.
static void *allocate(size_t size) {
  return parsing_into != NULL ? arena_alloc(parsing_into, size) : malloc(size);
}

static void release(void *block) {
  if (parsing_into == NULL) free(block);
}

__attribute__((constructor)) static void lead_cjson_to_arenas(void) {
  cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = allocate, .free_fn = release});
}

// The same text with every \u0000 written as NUL_MARK. In checked text a backslash begins an escape of two bytes or
// more.
static Str mark_nuls(Arena *arena, Str text) {
  char *marked = arena_alloc(arena, text.length);
  size_t length = 0;
  for (size_t i = 0; i < text.length; i++) {
    if (str_starts((Str){text.at + i, text.length - i}, STR("\\u0000"))) {
      marked[length++] = (char)NUL_MARK;
      i += 5;
    } else if (text.at[i] == '\\') {
      marked[length++] = text.at[i++];
      marked[length++] = text.at[i];
    } else {
      marked[length++] = text.at[i];
    }
  }
  return (Str){marked, length};
}

static bool check(Str text, Scan *scan) {
  *scan = (Scan){.start = text.at, .at = text.at, .end = text.at + text.length};
  return text.length > 0 && scan_value(scan) && scan->at == scan->end && str_is_utf8(text);
}

const Json *json_parse(Arena *arena, Str text, size_t *fault_offset) {
  Scan scan;
  if (!check(text, &scan)) {
    if (fault_offset != NULL) *fault_offset = (size_t)(scan.at - scan.start);
    return NULL;
  }
  Str checked = scan.nuls > 0 ? mark_nuls(arena, text) : text;
  parsing_into = arena;
  const Json *tree = cJSON_ParseWithLength(checked.at, checked.length);
  parsing_into = NULL;
  if (tree == NULL && fault_offset != NULL) *fault_offset = text.length;
  return tree;
}

bool json_is_object_or_array(Str text, size_t *fault_offset) {
  Scan scan;
  bool checked = check(text, &scan);
  *fault_offset = checked ? 0 : (size_t)(scan.at - scan.start);
  if (!checked) return false;
  char first = str_trim(text).at[0];
  return first == '{' || first == '[';
}

const Json *json_get(const Json *object, const char *key) {
  if (!json_is_object(object)) return NULL;
  for (const Json *member = object->child; member != NULL; member = member->next) {
    if (strcmp(member->string, key) == 0) return member;
  }
  return NULL;
}

const Json *json_first(const Json *array_or_object) {
  return array_or_object != NULL ? array_or_object->child : NULL;
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
  assert(member != NULL && member->string != NULL);
  return member->string;
}

bool json_is_object(const Json *node) {
  return cJSON_IsObject(node);
}

bool json_is_array(const Json *node) {
  return cJSON_IsArray(node);
}

bool json_is_string(const Json *node) {
  return cJSON_IsString(node);
}

bool json_is_number(const Json *node) {
  return cJSON_IsNumber(node);
}

bool json_is_null(const Json *node) {
  return cJSON_IsNull(node);
}

bool json_is_bool(const Json *node, bool *out) {
  if (!cJSON_IsBool(node)) return false;
  if (out != NULL) *out = cJSON_IsTrue(node);
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
  if (!cJSON_IsNumber(node) || !isfinite(node->valuedouble)) return false;
  *out = node->valuedouble;
  return true;
}

bool json_str(const Json *node, Str *out) {
  if (!cJSON_IsString(node)) return false;
  Str value = str_from(node->valuestring);
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
  json_comma(text);
  text_char(text, '"');
  text_add(text, str_from(name));
  text_add(text, STR("\":"));
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
    json_add_str(text, str_from(node->valuestring));
  } else if (json_double(node, &number)) {
    json_add_double(text, number);
  } else if (json_is_bool(node, &flag)) {
    json_add_bool(text, flag);
  } else {
    json_add_null(text);
  }
}
