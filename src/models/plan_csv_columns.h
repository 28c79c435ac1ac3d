// The columns of our CSV of seats, for its reader and its writer alone.
#ifndef FOYER_MODELS_PLAN_CSV_COLUMNS_H
#define FOYER_MODELS_PLAN_CSV_COLUMNS_H

// In the order that they are written.
typedef enum PlanColumn {
  PLAN_COLUMN_ROW,
  PLAN_COLUMN_PLACE,
  PLAN_COLUMN_X,
  PLAN_COLUMN_Y,
  PLAN_COLUMN_WIDTH,
  PLAN_COLUMN_HEIGHT,
  PLAN_COLUMN_ROTATION,
  PLAN_COLUMN_TYPE,
  PLAN_COLUMN_ZONE,
  PLAN_COLUMN_ROW_LABEL,
  PLAN_COLUMN_PLACE_LABEL,
  PLAN_COLUMN_GUID,
  PLAN_COLUMN_COLOR,
  PLAN_COLUMN_COUNT
} PlanColumn;

enum {
  PLAN_COLUMNS_REQUIRED = PLAN_COLUMN_ROTATION,  // the columns before it are always there
  PLAN_COLUMNS_USUAL = PLAN_COLUMN_ZONE          // those before it are always written
};

// What the header calls them; also the names of PlanSeat's members, for faults.
static const char *const PLAN_COLUMNS[PLAN_COLUMN_COUNT] = {"row",         "place",    "x",    "y",    "width",
                                                            "height",      "rotation", "type", "zone", "row_label",
                                                            "place_label", "guid",     "color"};

#endif
