// The words of seating plans: faults, rows' names, colours, extents. The rules are in plan_check.c.
#include "models/plan.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

enum { LETTERS = 26, ROW_NAME_BYTES_MAX = 8, FAULT_BYTES_MAX = 512, HEX_COLOR_BYTES = 7 };

bool plan_fault(Arena *arena, PlanFault *fault, Str where, const char *what_format, ...) {
  char what[FAULT_BYTES_MAX];
  va_list values;
  va_start(values, what_format);
  int length = vsnprintf(what, sizeof(what), what_format, values);
  va_end(values);
  assert(length >= 0 && length < FAULT_BYTES_MAX);
  *fault = (PlanFault){.where = where, .what = str_copy(arena, (Str){what, (size_t)length})};
  return false;
}

void plan_extent(const Plan *plan, int *rows, int *places) {
  *rows = 0;
  *places = 0;
  for (size_t i = 0; i < plan->seat_count; i++) {
    if (plan->seats[i].row > *rows) *rows = plan->seats[i].row;
    if (plan->seats[i].place > *places) *places = plan->seats[i].place;
  }
}

Str plan_row_name(Arena *arena, int row) {
  assert(row >= 1);
  char letters[ROW_NAME_BYTES_MAX];
  size_t at = sizeof(letters);
  // Digits from A to Z without a zero, so the 27th is AA.
  for (int rest = row; rest > 0; rest = (rest - 1) / LETTERS) {
    assert(at > 0);
    letters[--at] = (char)('A' + (rest - 1) % LETTERS);
  }
  return str_copy(arena, (Str){letters + at, sizeof(letters) - at});
}

// --- Colours ---

static const Str TYPE_COLORS[] = {STR("#7c93b8"), STR("#c98b5e"), STR("#8a6fb0"), STR("#5f9e8f"),
                                  STR("#b8626f"), STR("#a3994e"), STR("#5b84a8"), STR("#96708a")};

static const struct {
  Str name;
  Str color;
} NAMED_COLORS[] = {
    {STR(""), STR("")},
    {STR("none"), STR("")},
    {STR("transparent"), STR("")},
    {STR("black"), STR("#000000")},
    {STR("silver"), STR("#c0c0c0")},
    {STR("gray"), STR("#808080")},
    {STR("grey"), STR("#808080")},
    {STR("white"), STR("#ffffff")},
    {STR("maroon"), STR("#800000")},
    {STR("red"), STR("#ff0000")},
    {STR("purple"), STR("#800080")},
    {STR("fuchsia"), STR("#ff00ff")},
    {STR("green"), STR("#008000")},
    {STR("lime"), STR("#00ff00")},
    {STR("olive"), STR("#808000")},
    {STR("yellow"), STR("#ffff00")},
    {STR("navy"), STR("#000080")},
    {STR("blue"), STR("#0000ff")},
    {STR("teal"), STR("#008080")},
    {STR("aqua"), STR("#00ffff")},
};

Str plan_type_color(size_t type) {
  return TYPE_COLORS[type % (sizeof(TYPE_COLORS) / sizeof(TYPE_COLORS[0]))];
}

static bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static char lower_hex(char c) {
  return c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
}

// #rgb, #rrggbb and #rrggbbaa as #rrggbb.
static bool hex_color(Arena *arena, Str color, Str *out) {
  if (color.length != 4 && color.length != 7 && color.length != 9) return false;
  if (color.at[0] != '#') return false;
  for (size_t i = 1; i < color.length; i++) {
    if (!is_hex(color.at[i])) return false;
  }
  char hex[HEX_COLOR_BYTES] = {'#'};
  for (size_t i = 1; i < sizeof(hex); i++) {
    hex[i] = lower_hex(color.at[color.length == 4 ? (i + 1) / 2 : i]);
  }
  *out = str_copy(arena, (Str){hex, sizeof(hex)});
  return true;
}

bool plan_color(Arena *arena, Str color, Str *out) {
  for (size_t i = 0; i < sizeof(NAMED_COLORS) / sizeof(NAMED_COLORS[0]); i++) {
    if (!str_equal_nocase(color, NAMED_COLORS[i].name)) continue;
    *out = NAMED_COLORS[i].color;
    return true;
  }
  return hex_color(arena, color, out);
}
