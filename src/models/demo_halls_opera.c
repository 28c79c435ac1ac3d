// An opera house: a curved parterre before the orchestra pit, three tiers of boxes in a horseshoe around it, balcony
// and gallery behind. The stage is at the top; x = 0 is the hall's middle line; lengths are pixels.
#include <assert.h>
#include <math.h>

#include "models/demo_halls_large.h"

enum {
  SEAT = 22,
  PITCH = 26,      // of two neighbours' middles
  ROW_PITCH = 36,  // of two rows
  AISLE = 48,      // between the seats beside it
  PARTERRE_ROWS = 23,
  PREMIUM_ROWS = 7,
  TIERS = 3,
  BOX_COLUMNS = 3,
  BOX_ROWS = 2,
  BALCONY_ROWS = 3,
  GALLERY_ROWS = 4,
  BLOCKS = 6,     // of a balcony's row, between radial aisles
  ARC_STEPS = 24  // corners of a drawn arc
};

static const double PARTERRE_CENTRE_Y = -1000;  // the rows' circles have it in common
static const double PARTERRE_FIRST_RADIUS = 1130;
static const double AISLE_ANGLE = 0.155;     // of the two aisles from the middle line, radians
static const double HOUSE_HALF_WIDTH = 560;  // of the parterre
static const double HORSESHOE_Y = 400;       // where the sides of the horseshoe end and its half circle begins
static const double HORSESHOE_TOP = -20;     // where its sides begin
static const double TIER_RADIUS = 622;       // of the first tier's middle line
static const double TIER_PITCH = 84;
static const double BOX_LENGTH = 88;
static const double BOX_DEPTH = 62;
static const double BOX_GAP = 6;
static const double BALCONY_RADIUS = 910;
static const double GALLERY_RADIUS = 1075;
static const double BALCONY_HALF_ANGLE = 1.2;  // radians to either side of the middle line

typedef struct Types {
  int premium, parterre, box, balcony, gallery, wheelchair;
} Types;

static double degrees(double radians) {
  return radians * 180 / PEN_PI;
}

// A point on a circle around (0, centre_y), `angle` to the right of straight down, looking at the centre.
static PenPoint on_circle(double centre_y, double radius, double angle) {
  return (PenPoint){.x = radius * sin(angle), .y = centre_y + radius * cos(angle), .facing = -degrees(angle)};
}

// --- Parterre ---

static bool inside_parterre(PenPoint at) {
  if (fabs(at.x) > HOUSE_HALF_WIDTH - SEAT / 2.0) return false;
  return at.y < HORSESHOE_Y || hypot(at.x, at.y - HORSESHOE_Y) < HOUSE_HALF_WIDTH - SEAT / 2.0;
}

// How many seats fit beyond an aisle, from it to the wall.
static int side_seats(double radius, double first_angle) {
  int count = 0;
  while (inside_parterre(on_circle(PARTERRE_CENTRE_Y, radius, first_angle + count * PITCH / radius))) {
    count++;
  }
  return count;
}

static void draw_parterre_row(Pen *pen, double radius) {
  double step = PITCH / radius;
  double half_aisle = AISLE / 2.0 / radius;
  int middle = (int)floor(2 * (AISLE_ANGLE - half_aisle) / step) + 1;
  double side_angle = (middle - 1) / 2.0 * step + AISLE / radius;
  int side = side_seats(radius, side_angle);
  for (int i = side - 1; i >= 0; i--) {
    pen_add_seat(pen, on_circle(PARTERRE_CENTRE_Y, radius, -side_angle - i * step));
  }
  for (int i = 0; i < middle; i++) {
    PenPoint at = on_circle(PARTERRE_CENTRE_Y, radius, (i - (middle - 1) / 2.0) * step);
    if (inside_parterre(at)) pen_add_seat(pen, at);
  }
  for (int i = 0; i < side; i++) {
    pen_add_seat(pen, on_circle(PARTERRE_CENTRE_Y, radius, side_angle + i * step));
  }
}

static void draw_parterre(Pen *pen, const Types *types) {
  pen_set_zone(pen, STR("Parterre"));
  for (int row = 0; row < PARTERRE_ROWS; row++) {
    pen_set_row(pen, plan_row_name(pen->arena, row + 1));
    pen->type = row < PREMIUM_ROWS ? types->premium : types->parterre;
    if (row == PARTERRE_ROWS - 1) pen->type = types->wheelchair;
    draw_parterre_row(pen, PARTERRE_FIRST_RADIUS + row * ROW_PITCH);
  }
}

// --- Boxes ---

static double horseshoe_length(double radius) {
  return 2 * (HORSESHOE_Y - HORSESHOE_TOP) + PEN_PI * radius;
}

// A point of the horseshoe, `along` from its left end at the stage, looking inwards.
static PenPoint on_horseshoe(double radius, double along) {
  double side = HORSESHOE_Y - HORSESHOE_TOP;
  double arc = PEN_PI * radius;
  if (along < side) return (PenPoint){.x = -radius, .y = HORSESHOE_TOP + along, .facing = 90};
  if (along < side + arc) return on_circle(HORSESHOE_Y, radius, (along - side) / radius - PEN_PI / 2);
  return (PenPoint){.x = radius, .y = HORSESHOE_Y - (along - side - arc), .facing = -90};
}

// A point in a box: `right` and `back` from its middle, as its guests see it.
static PenPoint in_box(PenPoint box, double right, double back) {
  double angle = box.facing * PEN_PI / 180;
  return (PenPoint){.x = box.x + right * cos(angle) - back * sin(angle),
                    .y = box.y + right * sin(angle) + back * cos(angle),
                    .facing = box.facing};
}

static void draw_box_walls(Pen *pen, PenPoint box) {
  double right = BOX_LENGTH / 2;
  double back = BOX_DEPTH / 2;
  PenPoint corners[] = {in_box(box, -right, -back), in_box(box, right, -back), in_box(box, right, back),
                        in_box(box, -right, back)};
  pen_add_polygon(pen, corners, sizeof(corners) / sizeof(corners[0]), (Str){0}, STR("#b39a78"));
}

static void draw_box(Pen *pen, PenPoint box) {
  draw_box_walls(pen, box);
  for (int row = 0; row < BOX_ROWS; row++) {
    pen_set_row(pen, pen_say(pen, STR(""), row + 1));
    for (int column = 0; column < BOX_COLUMNS; column++) {
      double right = (column - (BOX_COLUMNS - 1) / 2.0) * PITCH;
      pen_add_seat(pen, in_box(box, right, (row - (BOX_ROWS - 1) / 2.0) * PITCH));
    }
  }
}

static void draw_tier(Pen *pen, int tier) {
  static const Str names[TIERS] = {STR("Parterre box "), STR("First tier, box "), STR("Second tier, box ")};
  double radius = TIER_RADIUS + tier * TIER_PITCH;
  double length = horseshoe_length(radius);
  // An odd number, so that one box is in the middle, opposite the stage.
  int boxes = ((int)(length / (BOX_LENGTH + BOX_GAP)) - 1) / 2 * 2 + 1;
  for (int box = 0; box < boxes; box++) {
    pen_set_zone(pen, pen_say(pen, names[tier], box + 1));
    draw_box(pen, on_horseshoe(radius, (box + 0.5) * length / boxes));
  }
}

// --- Balcony and gallery ---

// A row of blocks between radial aisles, `in_block` seats each, that together span `half_angle` to either side.
static void draw_arc_row(Pen *pen, double radius, double half_angle, int in_block) {
  for (int block = 0; block < BLOCKS; block++) {
    double middle = ((block + 0.5) / BLOCKS * 2 - 1) * half_angle;
    for (int i = 0; i < in_block; i++) {
      pen_add_seat(pen, on_circle(HORSESHOE_Y, radius, middle + (i - (in_block - 1) / 2.0) * PITCH / radius));
    }
  }
}

static void draw_balcony(Pen *pen, const Types *types) {
  pen_set_zone(pen, STR("Balcony"));
  pen->type = types->balcony;
  for (int row = 0; row < BALCONY_ROWS; row++) {
    double radius = BALCONY_RADIUS + row * ROW_PITCH;
    double block = 2 * BALCONY_HALF_ANGLE * radius / BLOCKS;
    pen_set_row(pen, plan_row_name(pen->arena, row + 1));
    draw_arc_row(pen, radius, BALCONY_HALF_ANGLE, (int)((block - AISLE + PITCH) / PITCH));
  }
}

// What is left of `seats`: each block has the same number, in rows that grow by one seat, wide enough for the longest.
static void draw_gallery(Pen *pen, const Types *types, size_t seats) {
  int left = (int)(seats - pen_seats(pen));
  int of_block = left / BLOCKS;
  int longest = (of_block + GALLERY_ROWS - 1) / GALLERY_ROWS;
  double half_angle = BLOCKS * ((longest - 1) * PITCH + AISLE) / (2 * GALLERY_RADIUS);
  assert(left % BLOCKS == 0);
  pen_set_zone(pen, STR("Gallery"));
  pen->type = types->gallery;
  for (int row = 0; row < GALLERY_ROWS; row++) {
    pen_set_row(pen, plan_row_name(pen->arena, row + 1));
    draw_arc_row(pen, GALLERY_RADIUS + row * ROW_PITCH, half_angle, (of_block + row) / GALLERY_ROWS);
  }
}

// --- Stage, pit and words ---

static void draw_stage(Pen *pen) {
  static const PenPoint stage[] = {{.x = -330, .y = -420}, {.x = 330, .y = -420}, {.x = 430, .y = -90},
                                   {.x = 300, .y = -62},   {.x = 150, .y = -48},  {.x = 0, .y = -44},
                                   {.x = -150, .y = -48},  {.x = -300, .y = -62}, {.x = -430, .y = -90}};
  pen_add_polygon(pen, stage, sizeof(stage) / sizeof(stage[0]), STR("#a89a86"), STR("#7d705d"));
  PlanArea *word = &pen->plan->areas[pen->plan->area_count - 1];
  word->text = STR("Stage");
  word->text_color = STR("#2b2620");
  word->text_size = 56;
  word->text_x = 330;
  word->text_y = 190;
}

// Between the stage's edge and a circle before the first row.
static void draw_pit(Pen *pen) {
  PenPoint corners[PEN_CORNERS_MAX] = {{.x = -400, .y = -70}, {.x = -290, .y = -48}, {.x = -150, .y = -34},
                                       {.x = 0, .y = -30},    {.x = 150, .y = -34},  {.x = 290, .y = -48},
                                       {.x = 400, .y = -70}};
  size_t count = 7;
  const double radius = PARTERRE_FIRST_RADIUS - 44;
  const double half_angle = asin(400 / radius);
  for (int i = 0; i <= ARC_STEPS; i++) {
    corners[count++] = on_circle(PARTERRE_CENTRE_Y, radius, half_angle * (1 - 2.0 * i / ARC_STEPS));
  }
  pen_add_polygon(pen, corners, count, STR("#6f675c"), STR("#57503f"));
  PlanArea *word = &pen->plan->areas[pen->plan->area_count - 1];
  word->text = STR("Orchestra pit");
  word->text_color = STR("#f2ede4");
  word->text_size = 26;
  word->text_x = 400;
  word->text_y = 95;
}

static void draw_words(Pen *pen) {
  const double side = TIER_RADIUS + TIER_PITCH;
  static const Str tiers[TIERS] = {STR("Parterre boxes"), STR("First tier"), STR("Second tier")};
  for (int tier = 0; tier < TIERS; tier++) {
    double x = side + (tier - 1) * TIER_PITCH;
    pen_add_text(pen, -x, HORSESHOE_TOP - 30 - 26 * (TIERS - 1 - tier), 18, tiers[tier]);
    pen_add_text(pen, x, HORSESHOE_TOP - 30 - 26 * (TIERS - 1 - tier), 18, tiers[tier]);
  }
  pen_add_text(pen, 0, HORSESHOE_Y + BALCONY_RADIUS - 44, 22, STR("Balcony"));
  pen_add_text(pen, 0, HORSESHOE_Y + GALLERY_RADIUS - 48, 22, STR("Gallery"));
}

void demo_halls_draw_opera(Pen *pen, size_t seats) {
  Types types = {.premium = pen_add_type(pen, STR("Parterre premium"), STR("#b8626f")),
                 .parterre = pen_add_type(pen, STR("Parterre"), STR("#c98b5e")),
                 .box = pen_add_type(pen, STR("Box"), STR("#8a6fb0")),
                 .balcony = pen_add_type(pen, STR("Balcony"), STR("#5f9e8f")),
                 .gallery = pen_add_type(pen, STR("Gallery"), STR("#7c93b8")),
                 .wheelchair = pen_add_type(pen, STR("Wheelchair"), STR("#5b84a8"))};
  pen->width = SEAT;
  pen->height = SEAT;
  draw_stage(pen);
  draw_pit(pen);
  draw_parterre(pen, &types);
  pen->type = types.box;
  for (int tier = 0; tier < TIERS; tier++) {
    draw_tier(pen, tier);
  }
  draw_balcony(pen, &types);
  assert(pen_seats(pen) < seats);
  draw_gallery(pen, &types, seats);
  draw_words(pen);
}
