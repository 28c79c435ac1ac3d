// Writing seats as CSV (RFC 4180): a header, then a line a seat.
#include <string.h>

#include "models/plan_csv.h"
#include "models/plan_csv_columns.h"

enum { BYTES_A_SEAT = 64 };

// Which columns are written.
typedef struct Shown {
  bool columns[PLAN_COLUMN_COUNT];
} Shown;

static Str zone_name(const Plan *plan, const PlanSeat *seat) {
  return seat->zone == PLAN_NO_ZONE ? (Str){0} : plan->zones[seat->zone];
}

// Optional columns are shown when some seat has something to say in them, colours when they are not those of our
// palette.
static Shown shown_columns(const Plan *plan) {
  Shown shown = {{false}};
  for (int column = 0; column < PLAN_COLUMNS_USUAL; column++) {
    shown.columns[column] = true;
  }
  for (size_t i = 0; i < plan->seat_count; i++) {
    const PlanSeat *seat = &plan->seats[i];
    if (seat->zone != PLAN_NO_ZONE) shown.columns[PLAN_COLUMN_ZONE] = true;
    if (seat->row_label.length > 0) shown.columns[PLAN_COLUMN_ROW_LABEL] = true;
    if (seat->place_label.length > 0) shown.columns[PLAN_COLUMN_PLACE_LABEL] = true;
    if (seat->guid.length > 0) shown.columns[PLAN_COLUMN_GUID] = true;
  }
  for (size_t i = 0; i < plan->type_count; i++) {
    if (!str_equal(plan->types[i].color, plan_type_color(i))) shown.columns[PLAN_COLUMN_COLOR] = true;
  }
  return shown;
}

// Quoted where a reader would else take it for more than one field.
static void add_words(Text *text, Str words) {
  bool plain = true;
  for (size_t i = 0; i < words.length && plain; i++) {
    plain = strchr(",\"\r\n", words.at[i]) == NULL;
  }
  if (plain) {
    text_add(text, words);
    return;
  }
  text_char(text, '"');
  for (size_t i = 0; i < words.length; i++) {
    if (words.at[i] == '"') text_char(text, '"');
    text_char(text, words.at[i]);
  }
  text_char(text, '"');
}

static void add_field(Text *text, const Plan *plan, const PlanSeat *seat, PlanColumn column) {
  const int numbers[] = {seat->row, seat->place, seat->x, seat->y, seat->width, seat->height};
  const Str words[] = {
      plan->types[seat->type].name, zone_name(plan, seat), seat->row_label, seat->place_label, seat->guid,
      plan->types[seat->type].color};
  if (column < PLAN_COLUMN_ROTATION) {
    text_int(text, numbers[column]);
  } else if (column == PLAN_COLUMN_ROTATION) {
    text_double(text, seat->rotation);
  } else {
    add_words(text, words[column - PLAN_COLUMN_TYPE]);
  }
}

// A line of the table; the header's when `seat` is NULL.
static void add_line(Text *text, const Plan *plan, const PlanSeat *seat, const Shown *shown) {
  for (int column = 0; column < PLAN_COLUMN_COUNT; column++) {
    if (!shown->columns[column]) continue;
    if (column > 0) text_char(text, ',');
    if (seat == NULL) {
      text_add(text, str_from(PLAN_COLUMNS[column]));
    } else {
      add_field(text, plan, seat, (PlanColumn)column);
    }
  }
  text_add(text, STR("\r\n"));
}

void plan_csv_write(Text *text, const Plan *plan) {
  Shown shown = shown_columns(plan);
  text_reserve(text, plan->seat_count * BYTES_A_SEAT);
  add_line(text, plan, NULL, &shown);
  for (size_t i = 0; i < plan->seat_count; i++) {
    add_line(text, plan, &plan->seats[i], &shown);
  }
}
