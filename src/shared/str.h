// Strings as a place and a length, and a builder that grows in an arena. No terminating zero is implied.
#ifndef FOYER_SHARED_STR_H
#define FOYER_SHARED_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "shared/arena.h"

typedef struct Str {
  const char *at;  // not owned; may be NULL when length is 0
  size_t length;   // bytes
} Str;

#define STR(literal) ((Str){(literal), sizeof(literal) - 1})
#define STR_ARG(s) (int)(s).length, (s).at  // for printf's "%.*s"

Str str_from(const char *zero_terminated);  // NULL gives the empty string
bool str_equal(Str a, Str b);
bool str_equal_nocase(Str a, Str b);  // ASCII letters only
bool str_starts(Str s, Str prefix);
int str_compare(Str a, Str b);  // order of bytes, shorter first; <0, 0, >0
Str str_trim(Str s);            // without leading and trailing ASCII white space
// Cuts at the first `separator`: gives what stands before it and leaves the rest in *s (empty when there was none).
Str str_cut(Str *s, char separator);
Str str_copy(Arena *arena, Str s);          // a copy in the arena, with a zero behind its last byte
const char *str_zero(Arena *arena, Str s);  // the same, as a C string
Str str_lower(Arena *arena, Str s);         // a copy with the small ones of ASCII letters
// Decimal digits with an optional minus, nothing else; false when malformed or out of range.
bool str_to_int(Str s, int64_t *out);
bool str_to_double(Str s, double *out);
// Length in Unicode code points of valid UTF-8.
size_t str_code_points(Str s);
// True for well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms).
bool str_is_utf8(Str s);
uint64_t str_hash(Str s);  // FNV-1a with avalanche; not for input an attacker profits from colliding

// A text under construction in an arena. Start with `Text text = {.arena = arena};`.
typedef struct Text {
  Arena *arena;
  char *at;         // the bytes so far; moves when it grows
  size_t length;    // bytes so far
  size_t capacity;  // bytes that fit without growing
} Text;

void text_reserve(Text *text, size_t more);  // makes room for `more` bytes

// In a header, so that the bytes of a constant are moved without a call.
static inline void text_add(Text *text, Str s) {
  if (s.length == 0) return;
  if (text->capacity - text->length < s.length) text_reserve(text, s.length);
  memcpy(text->at + text->length, s.at, s.length);
  text->length += s.length;
}

void text_char(Text *text, char c);
void text_int(Text *text, int64_t value);
void text_list_int(Text *list, int64_t value);  // one more of "1,2,3"
void text_double(Text *text, double value);     // shortest form that reads back the same; finite only (others as 0)
void text_hex(Text *text, const void *bytes, size_t count);
void text_format(Text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
Str text_str(const Text *text);  // a view, valid until the text grows

#endif
