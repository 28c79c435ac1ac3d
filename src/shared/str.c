// Strings as a place and a length, and the builder. Pure functions: any thread, no locale (the program never sets one).
#include "shared/str.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DOUBLE_TEXT_BYTES = 32, DOUBLE_INPUT_BYTES = 128, TEXT_FIRST_BYTES = 64 };

Str str_from(const char *zero_terminated) {
  if (zero_terminated == NULL) return (Str){0};
  return (Str){zero_terminated, strlen(zero_terminated)};
}

bool str_equal(Str a, Str b) {
  return a.length == b.length && (a.length == 0 || memcmp(a.at, b.at, a.length) == 0);
}

static unsigned char lower(char c) {
  unsigned char byte = (unsigned char)c;
  return byte >= 'A' && byte <= 'Z' ? (unsigned char)(byte | 0x20) : byte;
}

bool str_equal_nocase(Str a, Str b) {
  if (a.length != b.length) return false;
  for (size_t i = 0; i < a.length; i++) {
    if (lower(a.at[i]) != lower(b.at[i])) return false;
  }
  return true;
}

Str str_lower(Arena *arena, Str s) {
  char *at = arena_copy(arena, s.at, s.length);
  for (size_t i = 0; i < s.length; i++) at[i] = (char)lower(at[i]);
  return (Str){at, s.length};
}

bool str_starts(Str s, Str prefix) {
  return s.length >= prefix.length && str_equal((Str){s.at, prefix.length}, prefix);
}

int str_compare(Str a, Str b) {
  size_t common = a.length < b.length ? a.length : b.length;
  int order = common == 0 ? 0 : memcmp(a.at, b.at, common);
  if (order != 0) return order;
  return (a.length > b.length) - (a.length < b.length);
}

static bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

Str str_trim(Str s) {
  while (s.length > 0 && is_space(s.at[0])) {
    s.at++;
    s.length--;
  }
  while (s.length > 0 && is_space(s.at[s.length - 1])) {
    s.length--;
  }
  return s;
}

Str str_cut(Str *s, char separator) {
  const char *found = s->length == 0 ? NULL : memchr(s->at, separator, s->length);
  Str before = *s;
  if (found == NULL) {
    *s = (Str){0};
    return before;
  }
  before.length = (size_t)(found - s->at);
  *s = (Str){found + 1, s->length - before.length - 1};
  return before;
}

Str str_copy(Arena *arena, Str s) {
  return s.length > 0 ? (Str){str_zero(arena, s), s.length} : STR("");
}

const char *str_zero(Arena *arena, Str s) {
  char *copy = arena_grow(arena, NULL, 0, s.length + 1);
  if (s.length > 0) memcpy(copy, s.at, s.length);
  copy[s.length] = 0;
  return copy;
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool str_to_int(Str s, int64_t *out) {
  bool negative = s.length > 0 && s.at[0] == '-';
  size_t i = negative ? 1 : 0;
  if (i == s.length) return false;
  int64_t value = 0;
  for (; i < s.length; i++) {
    if (!is_digit(s.at[i])) return false;
    int digit = s.at[i] - '0';
    if (__builtin_mul_overflow(value, 10, &value)) return false;
    if (__builtin_add_overflow(value, negative ? -digit : digit, &value)) return false;
  }
  *out = value;
  return true;
}

// The index behind the digits that start at `i`; `i` itself when there is none.
static size_t skip_digits(Str s, size_t i) {
  while (i < s.length && is_digit(s.at[i])) {
    i++;
  }
  return i;
}

// digits [. digits] [e [sign] digits], with an optional minus before: nothing of strtod's names and hexadecimals.
static bool is_decimal(Str s) {
  size_t start = s.length > 0 && s.at[0] == '-' ? 1 : 0;
  size_t i = skip_digits(s, start);
  if (i == start) return false;
  if (i < s.length && s.at[i] == '.') {
    start = i + 1;
    i = skip_digits(s, start);
    if (i == start) return false;
  }
  if (i < s.length && (s.at[i] == 'e' || s.at[i] == 'E')) {
    start = i + 1;
    if (start < s.length && (s.at[start] == '+' || s.at[start] == '-')) start++;
    i = skip_digits(s, start);
    if (i == start) return false;
  }
  return i == s.length;
}

bool str_to_double(Str s, double *out) {
  char copy[DOUBLE_INPUT_BYTES];
  if (s.length >= sizeof copy || !is_decimal(s)) return false;
  memcpy(copy, s.at, s.length);
  copy[s.length] = 0;
  double value = strtod(copy, NULL);
  if (!isfinite(value)) return false;
  *out = value;
  return true;
}

size_t str_code_points(Str s) {
  size_t count = 0;
  for (size_t i = 0; i < s.length; i++) {
    count += ((unsigned char)s.at[i] & 0xC0) != 0x80;
  }
  return count;
}

// Length of the well-formed sequence at `at`, by the table of RFC 3629 section 4; 0 when there is none.
static size_t utf8_sequence(const unsigned char *at, size_t left) {
  unsigned char first = at[0];
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (left < length) return 0;
  unsigned char lowest = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  unsigned char highest = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  if (at[1] < lowest || at[1] > highest) return 0;
  for (size_t i = 2; i < length; i++) {
    if ((at[i] & 0xC0) != 0x80) return 0;
  }
  return length;
}

bool str_is_utf8(Str s) {
  const unsigned char *bytes = (const unsigned char *)s.at;
  for (size_t i = 0; i < s.length;) {
    uint64_t eight;
    if (s.length - i >= sizeof eight) {
      memcpy(&eight, bytes + i, sizeof eight);
      if ((eight & UINT64_C(0x8080808080808080)) == 0) {
        i += sizeof eight;
        continue;
      }
    }
    size_t length = utf8_sequence(bytes + i, s.length - i);
    if (length == 0) return false;
    i += length;
  }
  return true;
}

uint64_t str_hash(Str s) {
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  for (size_t i = 0; i < s.length; i++) {
    hash = (hash ^ (unsigned char)s.at[i]) * UINT64_C(0x100000001b3);
  }
  hash ^= hash >> 32;
  hash *= UINT64_C(0x9e3779b97f4a7c15);
  return hash ^ (hash >> 29);
}

void text_reserve(Text *text, size_t more) {
  if (text->capacity - text->length >= more) return;
  size_t capacity = text->capacity < TEXT_FIRST_BYTES / 2 ? TEXT_FIRST_BYTES : text->capacity * 2;
  if (capacity < text->length + more) capacity = text->length + more;
  text->at = arena_grow(text->arena, text->at, text->capacity, capacity);
  text->capacity = capacity;
}

void text_char(Text *text, char c) {
  text_reserve(text, 1);
  text->at[text->length++] = c;
}

static const char digit_pairs[] =
    "000102030405060708091011121314151617181920212223242526272829303132333435363738394041424344454647484950515253545556"
    "57"
    "5859606162636465666768697071727374757677787980818283848586878889909192939495969798"
    "99";

void text_int(Text *text, int64_t value) {
  uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
  size_t length = value < 0 ? 2 : 1;
  for (uint64_t power = 10; left >= power; power *= 10) ++length;  // 10^19 is more than any
  text_reserve(text, length);
  char *at = text->at + text->length;
  text->length += length;
  if (value < 0) at[0] = '-';
  for (at += length; left >= 10; left /= 100) {
    const char *pair = digit_pairs + left % 100 * 2;
    *--at = pair[1];
    *--at = pair[0];
  }
  if (left > 0 || value == 0) *--at = (char)('0' + left);
}

void text_list_int(Text *list, int64_t value) {
  if (list->length > 0) text_char(list, ',');
  text_int(list, value);
}

// Numbers of at most three decimals, which most are: the quotient is the double nearest to the decimal, so that the
// decimal reads back the same. False for other numbers.
static bool add_short_decimal(Text *text, double value) {
  double magnitude = fabs(value);
  if (magnitude >= 1e9) return false;
  int64_t thousandths = (int64_t)(magnitude * 1000 + 0.5);
  if ((double)thousandths / 1000 != magnitude || (value < 0 && thousandths < 1000)) return false;
  text_int(text, value < 0 ? -(thousandths / 1000) : thousandths / 1000);
  char decimals[4] = {'.', (char)('0' + thousandths / 100 % 10), (char)('0' + thousandths / 10 % 10),
                      (char)('0' + thousandths % 10)};
  size_t length = sizeof decimals;
  while (decimals[length - 1] == '0') --length;
  text_add(text, (Str){decimals, length});
  return true;
}

void text_double(Text *text, double value) {
  if (!isfinite(value)) value = 0;
  if (value > -1e15 && value < 1e15 && value == (double)(int64_t)value) {
    text_int(text, (int64_t)value);
    return;
  }
  if (add_short_decimal(text, value)) return;
  char digits[DOUBLE_TEXT_BYTES];
  int length = 0;
  for (int precision = 15; precision <= 17; precision++) {
    length = snprintf(digits, sizeof digits, "%.*g", precision, value);
    if (strtod(digits, NULL) == value) break;
  }
  text_add(text, (Str){digits, (size_t)length});
}

void text_hex(Text *text, const void *bytes, size_t count) {
  static const char digits[] = "0123456789abcdef";
  const unsigned char *from = bytes;
  text_reserve(text, count * 2);
  for (size_t i = 0; i < count; i++) {
    text->at[text->length++] = digits[from[i] >> 4];
    text->at[text->length++] = digits[from[i] & 15];
  }
}

void text_format(Text *text, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  assert(length >= 0);
  text_reserve(text, (size_t)length + 1);
  va_start(arguments, format);
  vsnprintf(text->at + text->length, (size_t)length + 1, format, arguments);
  va_end(arguments);
  text->length += (size_t)length;
}

Str text_str(const Text *text) {
  return (Str){text->at, text->length};
}
