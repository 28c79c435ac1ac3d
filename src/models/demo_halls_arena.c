// An arena: three tiers of sections in an oval bowl around an oblong stage, and blocks of seats on its floor. The oval
// is a rectangle with half circles at its ends; (0, 0) is its middle; lengths are pixels.
#include <assert.h>
#include <math.h>

#include "models/demo_halls_large.h"

enum {
  SEAT = 16,
  PITCH = 20,      // of two neighbours' middles
  ROW_PITCH = 25,  // of two rows
  AISLE = 44,      // between two sections
  FLOOR_BLOCKS = 5,
  FLOOR_COLUMNS = 11,
  FLOOR_ROWS = 11,
  END_ROWS = 8,
  END_COLUMNS = 20,
  ARC_STEPS = 32  // corners of a drawn half circle
};

static const double HALF_STRAIGHT = 500;  // of the oval's two straight sides
static const double STAGE_HALF_WIDTH = 540;
static const double STAGE_HALF_HEIGHT = 105;
static const double FLOOR_RADIUS = 530;  // of the floor's edge

// A ring of sections.
typedef struct Tier {
  int first_section;  // its number
  int straight;       // sections of each straight side
  int curved;         // sections of each end
  int rows;           // 0: as many as it takes
  int front_rows;     // of the better type
  double radius;      // of the first row
} Tier;

static const Tier LOWER = {
    .first_section = 101, .straight = 4, .curved = 7, .rows = 17, .front_rows = 5, .radius = 592};
static const Tier CLUB = {
    .first_section = 201, .straight = 4, .curved = 10, .rows = 8, .front_rows = 8, .radius = 1075};
static const Tier UPPER = {.first_section = 301, .straight = 5, .curved = 12, .front_rows = 7, .radius = 1335};

// One section: a stretch of a straight side, or of a half circle.
typedef struct Section {
  bool curved;
  double side;    // 1: the upper or the right one, -1: the lower or the left one
  double middle;  // straight: pixels along the side, clockwise, from its middle; curved: radians clockwise from up
  double extent;  // straight: pixels; curved: radians
} Section;

static double degrees(double radians) {
  return radians * 180 / PEN_PI;
}

// The sections of a tier, clockwise from the left end of the upper side.
static Section section_of(const Tier *tier, int index) {
  int half = tier->straight + tier->curved;
  double side = index < half ? 1 : -1;
  int of_half = index % half;
  if (of_half < tier->straight) {
    double extent = 2 * HALF_STRAIGHT / tier->straight;
    return (Section){.side = side, .middle = (of_half + 0.5) * extent - HALF_STRAIGHT, .extent = extent};
  }
  double extent = PEN_PI / tier->curved;
  double start = side > 0 ? 0 : PEN_PI;
  return (Section){
      .curved = true, .side = side, .middle = start + (of_half - tier->straight + 0.5) * extent, .extent = extent};
}

static int section_count(const Tier *tier) {
  return 2 * (tier->straight + tier->curved);
}

// A point of the section's row on `radius`, `along` clockwise from the section's middle, looking at the stage.
static PenPoint in_section(const Section *section, double radius, double along) {
  if (!section->curved) {
    double right = (section->middle + along) * section->side;
    return (PenPoint){.x = right, .y = -radius * section->side, .facing = section->side > 0 ? 180 : 0};
  }
  double angle = section->middle + along / radius;
  return (PenPoint){.x = section->side * HALF_STRAIGHT + radius * sin(angle),
                    .y = -radius * cos(angle),
                    .facing = degrees(angle) + 180};
}

static int seats_that_fit(const Section *section, double radius) {
  // The innermost edge of a seat on a curve is the tightest.
  double length = section->curved ? section->extent * radius : section->extent;
  return (int)floor((length - AISLE + PITCH - SEAT) / PITCH);
}

// --- Tiers ---

// Places count from the right hand of the guest who faces the stage, as the oval runs clockwise.
static void draw_section_row(Pen *pen, const Section *section, double radius, int count) {
  for (int i = 0; i < count; i++) {
    pen_add_seat(pen, in_section(section, radius, (i - (count - 1) / 2.0) * PITCH));
  }
}

static void draw_section(Pen *pen, const Tier *tier, int index, int rows, int types[2]) {
  Section section = section_of(tier, index);
  pen_set_zone(pen, pen_say(pen, STR("Section "), tier->first_section + index));
  for (int row = 0; row < rows; row++) {
    double radius = tier->radius + row * ROW_PITCH;
    pen_set_row(pen, pen_say(pen, STR(""), row + 1));
    pen->type = row < tier->front_rows ? types[0] : types[1];
    draw_section_row(pen, &section, radius, seats_that_fit(&section, radius));
  }
}

static void write_section(Pen *pen, const Tier *tier, int index) {
  Section section = section_of(tier, index);
  PenPoint at = in_section(&section, tier->radius - 34, 0);
  pen_add_text(pen, at.x, at.y, 26, pen_say(pen, STR(""), tier->first_section + index));
}

static void draw_tier(Pen *pen, const Tier *tier, int types[2]) {
  for (int index = 0; index < section_count(tier); index++) {
    draw_section(pen, tier, index, tier->rows, types);
    write_section(pen, tier, index);
  }
}

static size_t row_seats(const Tier *tier, int row) {
  size_t count = 0;
  for (int index = 0; index < section_count(tier); index++) {
    Section section = section_of(tier, index);
    count += (size_t)seats_that_fit(&section, tier->radius + row * ROW_PITCH);
  }
  return count;
}

// The tier that ends the hall: whole rows while they fit into `seats`, then a last row in which each section has its
// share of what is left.
static void draw_last_tier(Pen *pen, const Tier *tier, int types[2], size_t seats) {
  size_t left = seats - pen_seats(pen);
  Tier whole = *tier;
  for (; row_seats(tier, whole.rows) <= left; whole.rows++) {
    left -= row_seats(tier, whole.rows);
  }
  double last_radius = tier->radius + whole.rows * ROW_PITCH;
  size_t room = row_seats(tier, whole.rows);
  size_t passed = 0;
  for (int index = 0; index < section_count(tier); index++) {
    Section section = section_of(tier, index);
    size_t before = passed * left / room;
    passed += (size_t)seats_that_fit(&section, last_radius);
    draw_section(pen, &whole, index, whole.rows, types);
    write_section(pen, tier, index);
    pen_set_row(pen, pen_say(pen, STR(""), whole.rows + 1));
    draw_section_row(pen, &section, last_radius, (int)(passed * left / room - before));
  }
}

// --- Floor ---

// A block of rows one behind the other: (x, y) is the middle of its first row, `facing` where it looks.
static void draw_block(Pen *pen, PenPoint first, int rows, int columns) {
  double angle = first.facing * PEN_PI / 180;
  for (int row = 0; row < rows; row++) {
    pen_set_row(pen, pen_say(pen, STR(""), row + 1));
    for (int column = 0; column < columns; column++) {
      double right = (column - (columns - 1) / 2.0) * PITCH;
      double back = row * ROW_PITCH;
      pen_add_seat(pen, (PenPoint){.x = first.x + right * cos(angle) - back * sin(angle),
                                   .y = first.y + right * sin(angle) + back * cos(angle),
                                   .facing = first.facing});
    }
  }
}

static void draw_floor(Pen *pen) {
  const double block_pitch = FLOOR_COLUMNS * PITCH + 34;
  const double first_row = STAGE_HALF_HEIGHT + 60;
  for (int block = 0; block < FLOOR_BLOCKS; block++) {
    double x = (block - (FLOOR_BLOCKS - 1) / 2.0) * block_pitch;
    pen_set_zone(pen, pen_say(pen, STR("Floor A"), block + 1));
    draw_block(pen, (PenPoint){.x = x, .y = -first_row, .facing = 180}, FLOOR_ROWS, FLOOR_COLUMNS);
    pen_set_zone(pen, pen_say(pen, STR("Floor B"), block + 1));
    draw_block(pen, (PenPoint){.x = x, .y = first_row, .facing = 0}, FLOOR_ROWS, FLOOR_COLUMNS);
  }
  pen_set_zone(pen, STR("Floor C"));
  draw_block(pen, (PenPoint){.x = STAGE_HALF_WIDTH + 190, .facing = -90}, END_ROWS, END_COLUMNS);
  pen_set_zone(pen, STR("Floor D"));
  draw_block(pen, (PenPoint){.x = -STAGE_HALF_WIDTH - 190, .facing = 90}, END_ROWS, END_COLUMNS);
}

static void draw_floor_edge(Pen *pen) {
  PenPoint corners[PEN_CORNERS_MAX];
  size_t count = 0;
  for (int i = 0; i <= 2 * ARC_STEPS + 1; i++) {
    // The right half circle from the top to the bottom, then the left one from the bottom to the top.
    bool right = i <= ARC_STEPS;
    double angle = PEN_PI * (right ? i : i - 1) / ARC_STEPS;
    corners[count++] = (PenPoint){.x = (right ? HALF_STRAIGHT : -HALF_STRAIGHT) + FLOOR_RADIUS * sin(angle),
                                  .y = -FLOOR_RADIUS * cos(angle)};
  }
  pen_add_polygon(pen, corners, count, (Str){0}, STR("#8d949c"));
}

static void draw_stage(Pen *pen) {
  PlanArea *stage = pen_add_area(pen, PLAN_RECTANGLE, -STAGE_HALF_WIDTH, -STAGE_HALF_HEIGHT);
  stage->width = (int)(2 * STAGE_HALF_WIDTH);
  stage->height = (int)(2 * STAGE_HALF_HEIGHT);
  stage->color = STR("#59616b");
  stage->border_color = STR("#3f464e");
  stage->text = STR("Stage");
  stage->text_color = STR("#f0f2f4");
  stage->text_size = 72;
  stage->text_x = stage->width / 2;
  stage->text_y = stage->height / 2;
}

void demo_halls_draw_arena(Pen *pen, size_t seats) {
  int floor_type = pen_add_type(pen, STR("Floor"), STR("#b8626f"));
  int front = pen_add_type(pen, STR("Lower front"), STR("#c98b5e"));
  int lower = pen_add_type(pen, STR("Lower"), STR("#a3994e"));
  int club = pen_add_type(pen, STR("Club"), STR("#8a6fb0"));
  int upper_front = pen_add_type(pen, STR("Upper front"), STR("#5f9e8f"));
  int upper = pen_add_type(pen, STR("Upper"), STR("#7c93b8"));
  pen->width = SEAT;
  pen->height = SEAT;
  pen->type = floor_type;
  draw_floor_edge(pen);
  draw_stage(pen);
  draw_floor(pen);
  draw_tier(pen, &LOWER, (int[]){front, lower});
  draw_tier(pen, &CLUB, (int[]){club, club});
  assert(pen_seats(pen) < seats);
  draw_last_tier(pen, &UPPER, (int[]){upper_front, upper}, seats);
}
