// The table of the demo halls, and the four small ones (seats.md 2.11). Seats are drawn with the screen above them.
#include "models/demo_halls.h"

#include <assert.h>
#include <math.h>

#include "models/demo_halls_large.h"
#include "models/demo_halls_pen.h"

enum { PITCH = 40, SIDE = 30, WIDE_SIDE = 65, WIDE_PITCH = 75, SCREEN_GAP = 46, SCREEN_HEIGHT = 10 };

// The six types of the small halls, in the order they are added. The old page has a picture for each of these names.
typedef enum SeatType { STANDARD, COMFORT, PREMIUM, VIP, COUPLES, LUXURY } SeatType;

static void add_types(Pen *pen) {
  pen_add_type(pen, STR("Standard"), STR("#7c93b8"));
  pen_add_type(pen, STR("Comfort"), STR("#5f9e8f"));
  pen_add_type(pen, STR("Premium"), STR("#c98b5e"));
  pen_add_type(pen, STR("VIP"), STR("#8a6fb0"));
  pen_add_type(pen, STR("Couples"), STR("#b8626f"));
  pen_add_type(pen, STR("Luxury"), STR("#5b84a8"));
}

// A screen `width` wide above (0, 0), its middle at x = 0.
static void draw_screen(Pen *pen, int width) {
  PlanArea *screen = pen_add_area(pen, PLAN_RECTANGLE, -width / 2.0, -SCREEN_GAP);
  screen->width = width;
  screen->height = SCREEN_HEIGHT;
  screen->color = STR("#9aa3ad");
  pen_add_text(pen, 0, -SCREEN_GAP + SCREEN_HEIGHT + 12, 12, STR("Screen"));
}

// A straight row of `count` seats whose middles stand `pitch` apart around x = 0; `top` is where they begin.
static void draw_row(Pen *pen, int count, double pitch, double width, double top, SeatType type) {
  pen_set_row(pen, (Str){0});
  pen->type = (int)type;
  pen->width = width;
  pen->height = SIDE;
  for (int i = 0; i < count; i++) {
    pen_add_seat(pen, (PenPoint){.x = (i - (count - 1) / 2.0) * pitch, .y = top + SIDE / 2.0});
  }
}

static void draw_grid(Pen *pen, size_t seats) {
  static const SeatType types[] = {STANDARD, STANDARD, COMFORT, PREMIUM};
  (void)seats;
  draw_screen(pen, 4 * PITCH);
  for (int row = 0; row < 4; row++) {
    draw_row(pen, 4, PITCH, SIDE, row * PITCH, types[row]);
  }
}

static void draw_couple(Pen *pen, size_t seats) {
  static const SeatType types[] = {LUXURY, STANDARD, STANDARD, COMFORT, COMFORT};
  (void)seats;
  draw_screen(pen, 5 * PITCH);
  for (int row = 0; row < 5; row++) {
    draw_row(pen, 5, PITCH, SIDE, row * PITCH, types[row]);
  }
  draw_row(pen, 3, WIDE_PITCH, WIDE_SIDE, 5 * PITCH + 10, COUPLES);
}

// Rows on circles around a point before the screen, each seat turned to it.
static void draw_fan(Pen *pen, size_t seats) {
  static const int counts[] = {3, 4, 5, 6, 6};
  static const SeatType types[] = {STANDARD, STANDARD, COMFORT, PREMIUM, PREMIUM};
  const double first_radius = 190;
  (void)seats;
  draw_screen(pen, 4 * PITCH);
  pen->width = SIDE;
  pen->height = SIDE;
  for (int row = 0; row < 5; row++) {
    double radius = first_radius + row * PITCH;
    pen_set_row(pen, (Str){0});
    pen->type = (int)types[row];
    for (int i = 0; i < counts[row]; i++) {
      double angle = ((counts[row] - 1) / 2.0 - i) * PITCH / radius;
      pen_add_seat(pen, (PenPoint){.x = -radius * sin(angle),
                                   .y = radius * cos(angle) - first_radius + SIDE,
                                   .facing = angle * 180 / PEN_PI});
    }
  }
}

static void draw_lounge(Pen *pen, size_t seats) {
  (void)seats;
  draw_screen(pen, 6 * PITCH);
  draw_row(pen, 8, PITCH, SIDE, 0, VIP);
  draw_row(pen, 3, WIDE_PITCH + 15, WIDE_SIDE, PITCH + 20, COUPLES);
}

static const struct {
  const char *key;
  Str name;
  size_t seats;
  void (*draw)(Pen *pen, size_t seats);
} HALLS[DEMO_HALLS] = {
    [DEMO_GRID] = {"grid", STR("Main Hall"), 16, draw_grid},
    [DEMO_COUPLE] = {"couple", STR("Auditorium"), 28, draw_couple},
    [DEMO_FAN] = {"fan", STR("Ocean View"), 24, draw_fan},
    [DEMO_LOUNGE] = {"lounge", STR("VIP Lounge"), 11, draw_lounge},
    [DEMO_OPERA] = {"opera", STR("Opera House"), 1900, demo_halls_draw_opera},
    [DEMO_ARENA] = {"arena", STR("Arena"), 20000, demo_halls_draw_arena},
};

const char *demo_hall_key(DemoHall hall) {
  assert(hall < DEMO_HALLS);
  return HALLS[hall].key;
}

DemoHall demo_hall_of_key(Str key) {
  int hall = 0;
  while (hall < DEMO_HALLS && !str_equal(key, str_from(HALLS[hall].key))) {
    hall++;
  }
  return (DemoHall)hall;
}

void demo_hall_draw(Arena *arena, DemoHall hall, Plan *plan) {
  assert(hall < DEMO_HALLS);
  Pen pen = pen_new(arena, plan, HALLS[hall].name, HALLS[hall].seats);
  if (hall < DEMO_OPERA) add_types(&pen);
  HALLS[hall].draw(&pen, HALLS[hall].seats);
  assert(plan->seat_count == HALLS[hall].seats);
  pen_finish(&pen);
}
