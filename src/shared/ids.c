// Bytes as text. Base 16, 32 and 64 are one thing: bits taken 4, 5 or 6 at a time from an alphabet. Pure: any thread.
#include "shared/ids.h"

#include <string.h>

typedef struct Base {
  const char *alphabet;         // 2^bits characters
  const unsigned char *values;  // what each byte stands for, plus 1; 0: it is none of the alphabet
  unsigned bits;                // a character
  size_t group;                 // characters that make whole bytes: what padding fills up to
} Base;

// From a letter or digit on, so many in a row.
#define TEN(first, value)                                                                                             \
  [(first)] = (value), [(first) + 1] = (value) + 1, [(first) + 2] = (value) + 2, [(first) + 3] = (value) + 3,         \
  [(first) + 4] = (value) + 4, [(first) + 5] = (value) + 5, [(first) + 6] = (value) + 6, [(first) + 7] = (value) + 7, \
  [(first) + 8] = (value) + 8, [(first) + 9] = (value) + 9
#define SIX(first, value)                                                                                     \
  [(first)] = (value), [(first) + 1] = (value) + 1, [(first) + 2] = (value) + 2, [(first) + 3] = (value) + 3, \
  [(first) + 4] = (value) + 4, [(first) + 5] = (value) + 5
#define LETTERS(first, value) TEN(first, value), TEN((first) + 10, (value) + 10), SIX((first) + 20, (value) + 20)
#define BASE64_LETTERS LETTERS('A', 1), LETTERS('a', 27), TEN('0', 53)

static const unsigned char values16[256] = {TEN('0', 1), SIX('a', 11)};
static const unsigned char values32[256] = {LETTERS('A', 1), SIX('2', 27)};
static const unsigned char values64[256] = {BASE64_LETTERS, ['+'] = 63, ['/'] = 64};
static const unsigned char values64url[256] = {BASE64_LETTERS, ['-'] = 63, ['_'] = 64};

static const Base base16 = {"0123456789abcdef", values16, 4, 2};
static const Base base32 = {"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", values32, 5, 8};
static const Base base64 = {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", values64, 6, 4};
static const Base base64url = {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", values64url, 6, 4};

static Str encode(Arena *arena, const Base *base, const void *bytes, size_t count, bool padded) {
  Text text = {.arena = arena};
  text_reserve(&text, count * 8 / base->bits + base->group);
  const unsigned char *from = bytes;
  unsigned window = 0;  // its lowest `held` bits are not written yet
  unsigned held = 0;
  for (size_t i = 0; i < count; i++) {
    window = window << 8 | from[i];
    for (held += 8; held >= base->bits;) {
      held -= base->bits;
      text.at[text.length++] = base->alphabet[(window >> held) & ((1U << base->bits) - 1)];
    }
    window &= (1U << held) - 1;
  }
  if (held > 0) text_char(&text, base->alphabet[window << (base->bits - held)]);
  while (padded && text.length % base->group != 0) {
    text_char(&text, '=');
  }
  return text_str(&text);
}

// Four characters of base 64 are three bytes. Gives how many characters were taken: up to the last group or the first
// with a character outside the alphabet.
static size_t decode_groups(const unsigned char *values, Str text, unsigned char *out) {
  size_t at = 0;
  for (; text.length - at >= 4; at += 4, out += 3) {
    const unsigned char *from = (const unsigned char *)text.at + at;
    unsigned a = values[from[0]] - 1U;
    unsigned b = values[from[1]] - 1U;
    unsigned c = values[from[2]] - 1U;
    unsigned d = values[from[3]] - 1U;
    if ((a | b | c | d) > 63) break;  // one of them is none of the alphabet
    unsigned bits = a << 18 | b << 12 | c << 6 | d;
    out[0] = (unsigned char)(bits >> 16);
    out[1] = (unsigned char)(bits >> 8);
    out[2] = (unsigned char)bits;
  }
  return at;
}

// Refuses characters outside the alphabet, a length that no bytes give, and left-over bits that are not zero, so that
// every byte string has exactly one text (RFC 4648 section 3.5).
static bool decode(Arena *arena, const Base *base, Str text, Str *bytes) {
  unsigned char *out = arena_alloc(arena, text.length * base->bits / 8 + 1);
  unsigned window = 0;
  unsigned held = 0;
  size_t first = base->bits == 6 ? decode_groups(base->values, text, out) : 0;
  size_t length = first * base->bits / 8;
  for (size_t i = first; i < text.length; i++) {
    unsigned value = base->values[(unsigned char)text.at[i]];
    if (value == 0) return false;
    window = window << base->bits | (value - 1);
    held += base->bits;
    if (held >= 8) {
      held -= 8;
      out[length++] = (unsigned char)(window >> held);
    }
    window &= (1U << held) - 1;
  }
  if (held >= base->bits || window != 0) return false;
  *bytes = (Str){(const char *)out, length};
  return true;
}

// Takes '=' off the end, when it fills the last group up exactly or is not there at all.
static bool strip_padding(const Base *base, Str *text) {
  size_t full = text->length;
  while (text->length > 0 && text->at[text->length - 1] == '=') {
    text->length--;
  }
  return full == text->length || (full % base->group == 0 && full - text->length < base->group);
}

static Str with_case(Arena *arena, Str text, char first, char last) {
  char *copy = arena_copy(arena, text.at, text.length);
  for (size_t i = 0; i < text.length; i++) {
    if (copy[i] >= first && copy[i] <= last) copy[i] = (char)(copy[i] ^ 0x20);
  }
  return (Str){copy, text.length};
}

Str ids_hex(Arena *arena, const void *bytes, size_t count) {
  return encode(arena, &base16, bytes, count, false);
}

bool ids_from_hex(Arena *arena, Str hex, Str *bytes) {
  return decode(arena, &base16, with_case(arena, hex, 'A', 'F'), bytes);
}

Str ids_base32(Arena *arena, const void *bytes, size_t count) {
  return encode(arena, &base32, bytes, count, false);
}

bool ids_from_base32(Arena *arena, Str text, Str *bytes) {
  return strip_padding(&base32, &text) && decode(arena, &base32, with_case(arena, text, 'a', 'z'), bytes);
}

Str ids_base64(Arena *arena, const void *bytes, size_t count) {
  return encode(arena, &base64, bytes, count, true);
}

bool ids_from_base64(Arena *arena, Str text, Str *bytes) {
  return strip_padding(&base64, &text) && decode(arena, &base64, text, bytes);
}

Str ids_base64url(Arena *arena, const void *bytes, size_t count) {
  return encode(arena, &base64url, bytes, count, false);
}

bool ids_from_base64url(Arena *arena, Str text, Str *bytes) {
  return decode(arena, &base64url, text, bytes);
}

// ECMA-262 encodeURIComponent: letters, digits and these stand for themselves.
static bool is_plain(char c) {
  char letter = (char)(c | 0x20);
  return (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') || (c != 0 && strchr("-_.!~*'()", c) != NULL);
}

Str ids_percent(Arena *arena, Str text) {
  static const char digits[] = "0123456789ABCDEF";
  Text out = {.arena = arena};
  text_reserve(&out, text.length + 1);
  for (size_t i = 0; i < text.length; i++) {
    unsigned char byte = (unsigned char)text.at[i];
    if (is_plain(text.at[i])) {
      text_char(&out, text.at[i]);
    } else {
      text_add(&out, (Str){(const char[]){'%', digits[byte >> 4], digits[byte & 15]}, 3});
    }
  }
  return text_str(&out);
}

bool ids_from_percent(Arena *arena, Str text, Str *out) {
  Text plain = {.arena = arena};
  text_reserve(&plain, text.length + 1);
  for (size_t i = 0; i < text.length; i++) {
    if (text.at[i] != '%') {
      text_char(&plain, text.at[i]);
      continue;
    }
    Str byte;
    if (text.length - i < 3 || !ids_from_hex(arena, (Str){text.at + i + 1, 2}, &byte)) return false;
    text_add(&plain, byte);
    i += 2;
  }
  *out = text_str(&plain);
  return str_is_utf8(*out) && (out->length == 0 || memchr(out->at, '\0', out->length) == NULL);
}

Str ids_random(Arena *arena, const Env *env, size_t characters) {
  char *id = arena_alloc(arena, characters + 1);
  env->random(env->state, id, characters);
  for (size_t i = 0; i < characters; i++) {
    id[i] = base64url.alphabet[id[i] & 63];
  }
  return (Str){id, characters};
}

Str ids_public(Arena *arena, const Env *env) {
  unsigned char bytes[12];
  env->random(env->state, bytes, sizeof bytes);
  return ids_hex(arena, bytes, sizeof bytes);
}
