// Cinemas and their halls in the tables.
#include "models/hall.h"

#include <string.h>

#include "shared/ids.h"

int64_t cinema_find_or_add(Db *db, Str name, Str color, int64_t now_ms) {
  static const char FIND[] = "SELECT id FROM cinemas WHERE name = $1";
  static const char ADD[] = "INSERT INTO cinemas(name, color, created_at) VALUES($1, $2, $3)";
  int64_t id = db_int(db, FIND, 0, sql_text(name));
  return id != 0 ? id : db_insert(db, ADD, sql_text(name), sql_text(color), sql_int(now_ms));
}

static int64_t find_or_add_type(Db *db, Arena *arena, PlanType *type) {
  static const char FIND[] = "SELECT id, color FROM seat_types WHERE name = $1";
  static const char ADD[] = "INSERT INTO seat_types(name, color) VALUES($1, $2)";
  Rows rows = db_rows(db, FIND, sql_text(type->name));
  if (!rows_next(&rows)) return db_insert(db, ADD, sql_text(type->name), sql_text(type->color));
  int64_t id = rows_int(&rows, 0);
  type->color = rows_text(&rows, 1, arena);
  rows_end(&rows);
  return id;
}

static void add_seats(Db *db, const Plan *plan, int64_t hall_id, const int64_t *type_ids, int64_t now_ms) {
  static const char ADD[] =
      "INSERT INTO seats(hall_id, seat_type_id, row, place, x, y, width, height, rotation, updated_at, guid, zone,"
      " row_label, place_label) VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
  for (size_t i = 0; i < plan->seat_count && !db_failed(db); i++) {
    const PlanSeat *seat = &plan->seats[i];
    Str zone = seat->zone == PLAN_NO_ZONE ? (Str){0} : plan->zones[seat->zone];
    db_send(db, ADD, sql_int(hall_id), sql_int(type_ids[seat->type]), sql_int(seat->row), sql_int(seat->place),
            sql_int(seat->x), sql_int(seat->y), sql_int(seat->width), sql_int(seat->height), sql_real(seat->rotation),
            sql_int(now_ms), sql_text_or_null(seat->guid), sql_text_or_null(zone), sql_text_or_null(seat->row_label),
            sql_text_or_null(seat->place_label));
  }
}

static Str write_points(Arena *arena, const PlanArea *area) {
  Text text = {.arena = arena};
  for (size_t i = 0; i < area->point_count; i++) {
    text_format(&text, "%s%d,%d", i == 0 ? "" : " ", area->points[i].x, area->points[i].y);
  }
  return text_str(&text);
}

static void add_areas(Db *db, Arena *arena, const Plan *plan, int64_t hall_id) {
  static const char ADD[] =
      "INSERT INTO areas(hall_id, number, shape, x, y, width, height, radius, rotation, points, color, border_color,"
      " text, text_color, text_size, text_x, text_y)"
      " VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
  for (size_t i = 0; i < plan->area_count && !db_failed(db); i++) {
    const PlanArea *area = &plan->areas[i];
    db_send(db, ADD, sql_int(hall_id), sql_int((int64_t)i), sql_int(area->shape), sql_int(area->x), sql_int(area->y),
            sql_int(area->width), sql_int(area->height), sql_int(area->radius), sql_real(area->rotation),
            sql_text(write_points(arena, area)), sql_text(area->color), sql_text(area->border_color),
            sql_text(area->text), sql_text(area->text_color), sql_int(area->text_size), sql_int(area->text_x),
            sql_int(area->text_y));
  }
}

static Str hash_text(Arena *arena, uint64_t hash) {
  Text text = {.arena = arena};
  text_format(&text, "%016llx", (unsigned long long)hash);
  return text_str(&text);
}

Error hall_add(Db *db, Arena *arena, int64_t cinema_id, Plan *plan, int64_t now_ms, int64_t *hall_id) {
  static const char EXISTS[] = "SELECT 1 FROM halls WHERE cinema_id = $1 AND name = $2";
  static const char ADD[] =
      "INSERT INTO halls(cinema_id, name, rows, places, plan_hash, created_at) VALUES($1, $2, $3, $4, $5, $6)";
  if (db_int(db, EXISTS, 0, sql_int(cinema_id), sql_text(plan->name)) != 0) return ERR_HALL_EXISTS;
  int64_t *type_ids = ARENA_ARRAY(arena, int64_t, plan->type_count);
  for (size_t i = 0; i < plan->type_count; i++) type_ids[i] = find_or_add_type(db, arena, &plan->types[i]);
  int rows;
  int places;
  plan_extent(plan, &rows, &places);
  *hall_id = db_insert(db, ADD, sql_int(cinema_id), sql_text(plan->name), sql_int(rows), sql_int(places),
                       sql_text(hash_text(arena, plan_hash(arena, plan))), sql_int(now_ms));
  add_seats(db, plan, *hall_id, type_ids, now_ms);
  add_areas(db, arena, plan, *hall_id);
  return db_failed(db) ? ERR_INTERNAL : ERR_NONE;
}

// Reading back.

// The place of a name among those seen so far, in the order of their first seat. Neighbours mostly share it.
static int index_of(Str *names, size_t *count, Str name) {
  for (size_t i = *count; i > 0; i--) {
    if (str_equal(names[i - 1], name)) return (int)i - 1;
  }
  names[*count] = name;
  return (int)(*count)++;
}

static void read_seat(const Rows *rows, Arena *arena, PlanSeat *seat) {
  *seat = (PlanSeat){.row = (int)rows_int(rows, 1),
                     .place = (int)rows_int(rows, 2),
                     .x = (int)rows_int(rows, 3),
                     .y = (int)rows_int(rows, 4),
                     .width = (int)rows_int(rows, 5),
                     .height = (int)rows_int(rows, 6),
                     .rotation = rows_real(rows, 7),
                     .guid = rows_text(rows, 8, arena),
                     .row_label = rows_text(rows, 9, arena),
                     .place_label = rows_text(rows, 10, arena),
                     .zone = PLAN_NO_ZONE};
}

static void read_seats(Db *db, Arena *arena, int64_t hall_id, Plan *plan, int64_t *seat_ids, int64_t *type_ids) {
  static const char READ[] =
      "SELECT s.id, s.row, s.place, s.x, s.y, s.width, s.height, s.rotation, s.guid, s.row_label, s.place_label,"
      " s.zone, t.name, t.color, t.id FROM seats s JOIN seat_types t ON t.id = s.seat_type_id"
      " WHERE s.hall_id = $1 ORDER BY s.id";
  Str *types = ARENA_ARRAY(arena, Str, PLAN_TYPES_MAX + 1);
  plan->zones = ARENA_ARRAY(arena, Str, PLAN_ZONES_MAX + 1);
  plan->types = ARENA_ARRAY(arena, PlanType, PLAN_TYPES_MAX + 1);
  Rows rows = db_rows(db, READ, sql_int(hall_id));
  size_t at = 0;
  while (at < plan->seat_count && rows_next(&rows)) {
    PlanSeat *seat = &plan->seats[at];
    read_seat(&rows, arena, seat);
    seat_ids[at++] = rows_int(&rows, 0);
    if (!rows_is_null(&rows, 11)) seat->zone = index_of(plan->zones, &plan->zone_count, rows_text(&rows, 11, arena));
    size_t known = plan->type_count;
    seat->type = index_of(types, &plan->type_count, rows_text(&rows, 12, arena));
    if (plan->type_count == known) continue;
    plan->types[seat->type] = (PlanType){.name = types[seat->type], .color = rows_text(&rows, 13, arena)};
    type_ids[seat->type] = rows_int(&rows, 14);
  }
  rows_end(&rows);
}

static void read_points(Arena *arena, Str text, PlanArea *area) {
  size_t count = text.length > 0 ? 1 : 0;
  for (size_t i = 0; i < text.length; i++) count += text.at[i] == ' ';
  PlanPoint *points = ARENA_ARRAY(arena, PlanPoint, count);
  for (size_t i = 0; i < count; i++) {
    Str point = str_cut(&text, ' ');
    int64_t x = 0;
    int64_t y = 0;
    if (str_to_int(str_cut(&point, ','), &x) && str_to_int(point, &y)) points[i] = (PlanPoint){(int)x, (int)y};
  }
  area->points = points;
  area->point_count = count;
}

static void read_areas(Db *db, Arena *arena, int64_t hall_id, Plan *plan) {
  static const char COUNT[] = "SELECT count(*) FROM areas WHERE hall_id = $1";
  static const char READ[] =
      "SELECT shape, x, y, width, height, radius, rotation, points, color, border_color, text, text_color, text_size,"
      " text_x, text_y FROM areas WHERE hall_id = $1 ORDER BY number";
  size_t count = (size_t)db_int(db, COUNT, 0, sql_int(hall_id));
  plan->areas = ARENA_ARRAY(arena, PlanArea, count);
  Rows rows = db_rows(db, READ, sql_int(hall_id));
  while (plan->area_count < count && rows_next(&rows)) {
    PlanArea *area = &plan->areas[plan->area_count++];
    *area = (PlanArea){.shape = (PlanShape)rows_int(&rows, 0),
                       .x = (int)rows_int(&rows, 1),
                       .y = (int)rows_int(&rows, 2),
                       .width = (int)rows_int(&rows, 3),
                       .height = (int)rows_int(&rows, 4),
                       .radius = (int)rows_int(&rows, 5),
                       .rotation = rows_real(&rows, 6),
                       .color = rows_text(&rows, 8, arena),
                       .border_color = rows_text(&rows, 9, arena),
                       .text = rows_text(&rows, 10, arena),
                       .text_color = rows_text(&rows, 11, arena),
                       .text_size = (int)rows_int(&rows, 12),
                       .text_x = (int)rows_int(&rows, 13),
                       .text_y = (int)rows_int(&rows, 14)};
    read_points(arena, rows_peek(&rows, 7), area);
  }
  rows_end(&rows);
}

Error hall_read_plan(Db *db, Arena *arena, int64_t hall_id, Plan *plan, PlanIds *ids) {
  static const char FIND[] =
      "SELECT h.name, h.cinema_id, (SELECT count(*) FROM seats WHERE hall_id = h.id) FROM halls h WHERE h.id = $1";
  *plan = (Plan){0};
  Rows rows = db_rows(db, FIND, sql_int(hall_id));
  if (!rows_next(&rows)) return ERR_HALL_NOT_FOUND;
  plan->name = rows_text(&rows, 0, arena);
  *ids = (PlanIds){.hall = hall_id, .cinema = rows_int(&rows, 1)};
  plan->seat_count = (size_t)rows_int(&rows, 2);
  rows_end(&rows);
  plan->seats = ARENA_ARRAY(arena, PlanSeat, plan->seat_count);
  int64_t *seat_ids = ARENA_ARRAY(arena, int64_t, plan->seat_count);
  int64_t *type_ids = ARENA_ARRAY(arena, int64_t, PLAN_TYPES_MAX + 1);
  read_seats(db, arena, hall_id, plan, seat_ids, type_ids);
  read_areas(db, arena, hall_id, plan);
  ids->seats = seat_ids;
  ids->types = type_ids;
  ids->hash = plan_hash(arena, plan);
  return db_failed(db) ? ERR_INTERNAL : ERR_NONE;
}

int64_t hall_find(Db *db, Str number_or_name) {
  static const char BY_ID[] = "SELECT id FROM halls WHERE id = $1";
  static const char BY_NAME[] = "SELECT CASE count(*) WHEN 1 THEN max(id) ELSE 0 END FROM halls WHERE name = $1";
  int64_t number;
  if (str_to_int(number_or_name, &number)) return db_int(db, BY_ID, 0, sql_int(number));
  return db_int(db, BY_NAME, 0, sql_text(number_or_name));
}

// Topics.

Str hall_topic(Arena *arena, int64_t hall_id) {
  Text topic = {.arena = arena};
  text_add(&topic, STR("hall:"));
  text_int(&topic, hall_id);
  return text_str(&topic);
}

bool hall_of_topic(Str topic, int64_t *hall_id) {
  return str_starts(topic, STR("hall:")) && str_to_int((Str){topic.at + 5, topic.length - 5}, hall_id);
}
