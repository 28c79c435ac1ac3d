// Gives a plan its one form (plan_finish), so that two plans that show the same are the same.
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "models/plan.h"

enum { FULL_TURN = 360, TEXT_SIZE_DEFAULT = 16, NUMBER_BYTES_MAX = 16 };

// --- Texts and fields that say nothing ---

static double tidy_rotation(double degrees) {
  if (!isfinite(degrees)) return degrees;  // plan_check says so
  double turned = fmod(degrees, FULL_TURN);
  if (turned < 0) turned += FULL_TURN;
  return turned >= FULL_TURN || turned == 0 ? 0 : turned;
}

static bool is_row_name(Arena *arena, int row, Str label) {
  return row >= 1 && row <= PLAN_NUMBER_MAX && str_equal(label, plan_row_name(arena, row));
}

static bool is_number(int number, Str label) {
  char digits[NUMBER_BYTES_MAX];
  snprintf(digits, sizeof(digits), "%d", number);
  return str_equal(label, str_from(digits));
}

static void tidy_seat(Arena *arena, PlanSeat *seat) {
  seat->guid = str_trim(seat->guid);
  seat->row_label = str_trim(seat->row_label);
  seat->place_label = str_trim(seat->place_label);
  seat->rotation = tidy_rotation(seat->rotation);
  if (seat->row_label.length > 0 && is_row_name(arena, seat->row, seat->row_label)) seat->row_label = (Str){0};
  if (seat->place_label.length > 0 && is_number(seat->place, seat->place_label)) seat->place_label = (Str){0};
}

// Empties what does not apply to the area's shape.
static void tidy_area(PlanArea *area) {
  bool sides = area->shape == PLAN_RECTANGLE || area->shape == PLAN_ELLIPSE;
  area->text = str_trim(area->text);
  area->rotation = tidy_rotation(area->rotation);
  if (!sides) area->width = area->height = 0;
  if (area->shape != PLAN_CIRCLE) area->radius = 0;
  if (area->shape == PLAN_TEXT) area->color = area->border_color = (Str){0};
  if (area->shape != PLAN_POLYGON) {
    area->points = NULL;
    area->point_count = 0;
  }
  if (area->text.length == 0) {
    area->text_color = (Str){0};
    area->text_size = area->text_x = area->text_y = 0;
  } else if (area->text_size == 0) {
    area->text_size = TEXT_SIZE_DEFAULT;
  }
}

static void tidy(Arena *arena, Plan *plan) {
  plan->name = str_trim(plan->name);
  for (size_t i = 0; i < plan->type_count; i++) {
    plan->types[i].name = str_trim(plan->types[i].name);
  }
  for (size_t i = 0; i < plan->zone_count; i++) {
    plan->zones[i] = str_trim(plan->zones[i]);
  }
  for (size_t i = 0; i < plan->seat_count; i++) {
    tidy_seat(arena, &plan->seats[i]);
  }
  for (size_t i = 0; i < plan->area_count; i++) {
    tidy_area(&plan->areas[i]);
  }
}

// --- Order ---

static int compare_seats(const void *left, const void *right) {
  const PlanSeat *a = left;
  const PlanSeat *b = right;
  if (a->row != b->row) return a->row < b->row ? -1 : 1;
  return a->place < b->place ? -1 : a->place > b->place;
}

// New numbers for `count` things by their first seat's order: -1 for those that no seat uses.
typedef struct Order {
  int *new_of_old;
  size_t used;
} Order;

static Order order_new(Arena *arena, size_t count) {
  Order order = {.new_of_old = ARENA_ARRAY(arena, int, count)};
  for (size_t i = 0; i < count; i++) {
    order.new_of_old[i] = -1;
  }
  return order;
}

static int order_number(Order *order, int old) {
  if (order->new_of_old[old] < 0) order->new_of_old[old] = (int)order->used++;
  return order->new_of_old[old];
}

static void reorder_types(Arena *arena, Plan *plan, const Order *order) {
  PlanType *types = ARENA_ARRAY(arena, PlanType, order->used);
  for (size_t i = 0; i < plan->type_count; i++) {
    if (order->new_of_old[i] >= 0) types[order->new_of_old[i]] = plan->types[i];
  }
  plan->types = types;
  plan->type_count = order->used;
  for (size_t i = 0; i < plan->type_count; i++) {
    if (types[i].color.length == 0) types[i].color = plan_type_color(i);
  }
}

static void reorder_zones(Arena *arena, Plan *plan, const Order *order) {
  Str *zones = ARENA_ARRAY(arena, Str, order->used);
  for (size_t i = 0; i < plan->zone_count; i++) {
    if (order->new_of_old[i] >= 0) zones[order->new_of_old[i]] = plan->zones[i];
  }
  plan->zones = zones;
  plan->zone_count = order->used;
}

static void reorder(Arena *arena, Plan *plan) {
  qsort(plan->seats, plan->seat_count, sizeof(PlanSeat), compare_seats);
  Order types = order_new(arena, plan->type_count);
  Order zones = order_new(arena, plan->zone_count);
  for (size_t i = 0; i < plan->seat_count; i++) {
    PlanSeat *seat = &plan->seats[i];
    seat->type = order_number(&types, seat->type);
    if (seat->zone != PLAN_NO_ZONE) seat->zone = order_number(&zones, seat->zone);
  }
  reorder_types(arena, plan, &types);
  reorder_zones(arena, plan, &zones);
}

// --- Place ---

typedef struct Box {
  int left, top, right, bottom;  // pixels
} Box;

static void box_add(Box *box, int left, int top, int right, int bottom) {
  if (left < box->left) box->left = left;
  if (top < box->top) box->top = top;
  if (right > box->right) box->right = right;
  if (bottom > box->bottom) box->bottom = bottom;
}

// An area's box before it is rotated; the point it turns about is always in it.
static void box_add_area(Box *box, const PlanArea *area) {
  int x = area->x;
  int y = area->y;
  box_add(box, x, y, x, y);
  if (area->shape == PLAN_RECTANGLE) box_add(box, x, y, x + area->width, y + area->height);
  if (area->shape == PLAN_CIRCLE) box_add(box, x - area->radius, y - area->radius, x + area->radius, y + area->radius);
  if (area->shape == PLAN_ELLIPSE) {
    int half_width = (area->width + 1) / 2;
    int half_height = (area->height + 1) / 2;
    box_add(box, x - half_width, y - half_height, x + half_width, y + half_height);
  }
  for (size_t i = 0; i < area->point_count; i++) {
    int point_x = x + area->points[i].x;
    int point_y = y + area->points[i].y;
    box_add(box, point_x, point_y, point_x, point_y);
  }
  if (area->text.length > 0) box_add(box, x + area->text_x, y + area->text_y, x + area->text_x, y + area->text_y);
}

// The box of all that is drawn. No sum leaves int: each term is at most PLAN_COORDINATE_MAX.
static Box box_of(const Plan *plan) {
  Box box = {INT_MAX, INT_MAX, INT_MIN, INT_MIN};
  for (size_t i = 0; i < plan->seat_count; i++) {
    const PlanSeat *seat = &plan->seats[i];
    box_add(&box, seat->x, seat->y, seat->x + seat->width, seat->y + seat->height);
  }
  for (size_t i = 0; i < plan->area_count; i++) {
    box_add_area(&box, &plan->areas[i]);
  }
  return box;
}

void plan_size(const Plan *plan, int *width, int *height) {
  Box box = box_of(plan);
  bool empty = box.right < box.left;
  *width = empty ? 0 : box.right - box.left;
  *height = empty ? 0 : box.bottom - box.top;
}

static void move_to_origin(Plan *plan) {
  Box box = box_of(plan);
  for (size_t i = 0; i < plan->seat_count; i++) {
    plan->seats[i].x -= box.left;
    plan->seats[i].y -= box.top;
  }
  for (size_t i = 0; i < plan->area_count; i++) {
    plan->areas[i].x -= box.left;
    plan->areas[i].y -= box.top;
  }
}

bool plan_finish(Arena *arena, Plan *plan, const PlanSource *source, PlanFault *fault) {
  tidy(arena, plan);
  if (!plan_check(arena, plan, source, fault)) return false;
  reorder(arena, plan);
  move_to_origin(plan);
  return true;
}
