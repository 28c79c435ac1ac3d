#include "core/http_bytes.h"

#include <stdint.h>
#include <string.h>

// What a byte may be part of.
enum { TOKEN = 1, TARGET = 2, HOST = 4 };

#define OTHERS (TARGET)
#define MARKS (TOKEN | TARGET | HOST)

static const unsigned char classes[256] = {
    ['!'] = MARKS,         ['"'] = OTHERS, ['#'] = TOKEN | TARGET, ['$'] = MARKS,         ['%'] = TOKEN | TARGET,
    ['&'] = MARKS,         ['\''] = MARKS, ['('] = TARGET | HOST,  [')'] = TARGET | HOST, ['*'] = MARKS,
    ['+'] = MARKS,         [','] = OTHERS, ['-'] = MARKS,          ['.'] = MARKS,         ['/'] = OTHERS,
    ['0' ... '9'] = MARKS, [':'] = OTHERS, [';'] = TARGET | HOST,  ['<'] = OTHERS,        ['='] = TARGET | HOST,
    ['>'] = OTHERS,        ['?'] = OTHERS, ['@'] = OTHERS,         ['A' ... 'Z'] = MARKS, ['['] = OTHERS,
    ['\\'] = OTHERS,       [']'] = OTHERS, ['^'] = TOKEN | TARGET, ['_'] = MARKS,         ['`'] = TOKEN | TARGET,
    ['a' ... 'z'] = MARKS, ['{'] = OTHERS, ['|'] = TOKEN | TARGET, ['}'] = OTHERS,        ['~'] = MARKS,
};

static bool is_class(char byte, unsigned char wanted) {
  return (classes[(unsigned char)byte] & wanted) != 0;
}

// One or more bytes of a class and no other.
static bool is_all(Str text, unsigned char wanted) {
  for (size_t i = 0; i < text.length; i++) {
    if (!is_class(text.at[i], wanted)) return false;
  }
  return text.length > 0;
}

bool http_is_token_byte(char byte) {
  return is_class(byte, TOKEN);
}

bool http_is_token(Str text) {
  return is_all(text, TOKEN);
}

bool http_is_target(Str text) {
  return is_all(text, TARGET);
}

static bool is_digit(char byte) {
  return byte >= '0' && byte <= '9';
}

bool http_is_digits(Str text) {
  for (size_t i = 0; i < text.length; i++) {
    if (!is_digit(text.at[i])) return false;
  }
  return text.length > 0;
}

bool http_is_length(Str text) {
  uint64_t length = 0;
  for (size_t i = 0; i < text.length; i++) {
    if (!is_digit(text.at[i]) || __builtin_mul_overflow(length, 10, &length)) return false;
    if (__builtin_add_overflow(length, (uint64_t)(text.at[i] - '0'), &length)) return false;
  }
  return text.length > 0;
}

static bool is_control(char byte) {
  return ((unsigned char)byte < 0x20 && byte != '\t') || byte == 0x7f;
}

static bool holds_control(Str text) {
  for (size_t i = 0; i < text.length; i++) {
    if (is_control(text.at[i])) return true;
  }
  return false;
}

// Whether one of eight bytes is below 0x20 or is 0x7f, told with the borrows of one subtraction each.
static bool may_hold_control(uint64_t word) {
  const uint64_t ones = UINT64_MAX / 255;
  uint64_t delete = word ^ (ones * 0x7f);
  return ((((word - ones * 0x20) & ~word) | ((delete - ones) & ~delete)) & (ones * 0x80)) != 0;
}

bool http_is_text(Str text) {
  uint64_t word;
  size_t i = 0;
  for (; text.length - i >= sizeof word; i += sizeof word) {
    memcpy(&word, text.at + i, sizeof word);
    if (may_hold_control(word) && holds_control((Str){text.at + i, sizeof word})) return false;
  }
  return !holds_control((Str){text.at + i, text.length - i});
}

// The bytes between the brackets of an IPv6 address (RFC 3986 3.2.2), as far as they matter here.
static bool is_address_literal(Str text) {
  for (size_t i = 0; i < text.length; i++) {
    char byte = text.at[i];
    bool hex = is_digit(byte) || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
    if (!hex && byte != ':' && byte != '.') return false;
  }
  return text.length > 1;
}

bool http_is_host(Str text) {
  Str name;
  const char *bracket = text.length > 0 && text.at[0] == '[' ? memchr(text.at, ']', text.length) : NULL;
  if (bracket != NULL) {
    if (!is_address_literal((Str){text.at + 1, (size_t)(bracket - text.at) - 1})) return false;
    text = (Str){bracket + 1, text.length - (size_t)(bracket + 1 - text.at)};
    name = str_cut(&text, ':');
    return name.length == 0 && (text.length == 0 || http_is_digits(text));
  }
  name = str_cut(&text, ':');
  if (name.length > 0 && !is_all(name, HOST)) return false;
  return text.length == 0 || (name.length > 0 && http_is_digits(text));
}

static bool is_blank(char byte) {
  return byte == ' ' || byte == '\t';
}

Str http_trim(Str text) {
  while (text.length > 0 && is_blank(text.at[0])) text = (Str){text.at + 1, text.length - 1};
  while (text.length > 0 && is_blank(text.at[text.length - 1])) text.length--;
  return text;
}
