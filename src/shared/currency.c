// The currencies that have no hundredths.
#include "shared/currency.h"

#include <string.h>

#include "shared/str.h"

// As payment providers count (https://docs.stripe.com/currencies#special-cases): that of Iceland and Uganda in
// hundredths, of which they take whole hundreds.
static const char whole[] = "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf";
static const char hundreds[] = "isk ugx";
static const char thousandths[] = "bhd iqd jod kwd lyd omr tnd";

bool currency_is_code(Str text) {
  enum { LETTERS = 3 };
  if (text.length != LETTERS) return false;
  for (size_t i = 0; i < LETTERS; i++) {
    if (text.at[i] < 'a' || text.at[i] > 'z') return false;
  }
  return true;
}

static bool is_among(Str code, const char *codes) {
  char name[4] = {0};
  if (!currency_is_code(code)) return false;
  memcpy(name, code.at, sizeof name - 1);
  return strstr(codes, name) != NULL;
}

static int digits_of(Str code) {
  return is_among(code, whole) ? 0 : is_among(code, thousandths) ? 3 : 2;
}

int64_t currency_units(Str code) {
  static const int64_t units[] = {1, 10, 100, 1000};
  return units[digits_of(code)];
}

int64_t currency_step(Str code) {
  return is_among(code, hundreds) ? 100 : is_among(code, thousandths) ? 10 : 1;
}

bool currency_read(Str text, Str code, int64_t *minor) {
  enum { WHOLE_MAX = 1000000000 };
  int64_t major;
  int64_t part = 0;
  size_t digits = (size_t)digits_of(code);
  bool has_point = text.length > 0 && memchr(text.at, '.', text.length) != NULL;
  Str before = str_cut(&text, '.');
  if (!str_to_int(before, &major) || major < 0 || major > WHOLE_MAX) return false;
  if (has_point && (text.length < 1 || text.length > digits || text.at[0] == '-' || !str_to_int(text, &part)))
    return false;
  for (size_t i = text.length; i < digits; i++) part *= 10;
  *minor = major * currency_units(code) + part;
  return true;
}

void currency_write(Text *out, int64_t minor, Str code) {
  int64_t units = currency_units(code);
  text_int(out, minor / units);
  if (units > 1) text_format(out, ".%0*lld", digits_of(code), (long long)(minor % units));
  text_char(out, ' ');
  for (size_t i = 0; i < code.length; i++) {
    char c = code.at[i];
    text_char(out, c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c);
  }
}
