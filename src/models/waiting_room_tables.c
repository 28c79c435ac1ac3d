// What the waiting room's memory is told of the tables: all of it at the start, then the changes of each call.
#include <string.h>

#include "core/log.h"
#include "models/waiting_room_private.h"

// The sale.

static Str read_categories(Db *db, Arena *arena, int64_t concert_id, uint32_t *count) {
  static const char READ[] =
      "SELECT id, public_id, total_seats, available_seats FROM categories WHERE concert_id = $1 ORDER BY id";
  Text categories = {.arena = arena};
  *count = 0;
  Rows rows = db_rows(db, READ, sql_int(concert_id));
  while (rows_next(&rows)) {
    SaleCategory category = {
        .id = rows_int(&rows, 0), .total_seats = rows_int(&rows, 2), .available_seats = rows_int(&rows, 3)};
    Str public_id = rows_peek(&rows, 1);
    if (public_id.length == sizeof category.public_id) memcpy(category.public_id, public_id.at, public_id.length);
    text_add(&categories, (Str){(const char *)&category, sizeof category});
    ++*count;
  }
  return text_str(&categories);
}

static void copy_digits(char *to, size_t digits, Str from) {
  if (from.length == digits) memcpy(to, from.at, digits);
}

static int64_t count_reachable(Db *db, int64_t concert_id) {
  static const char COUNT[] =
      "SELECT (SELECT coalesce(sum(available_seats), 0) FROM categories WHERE concert_id = $1)"
      " + (SELECT coalesce(sum(seats), 0) FROM bookings WHERE concert_id = $1 AND status = 'pending')";
  return db_int(db, COUNT, 0, sql_int(concert_id));
}

// The bytes of a RoomSale with all that stands behind it; empty when there is no such concert.
static Str read_sale(Db *db, Arena *arena, int64_t concert_id, bool count_held) {
  static const char READ[] =
      "SELECT opens_at, admitted, public_id, seed, seed_hash, opened, closed, paused, draining, notice,"
      " coalesce(ended_at, 0) FROM concerts WHERE id = $1";
  RoomSale sale = {.concert_id = concert_id, .reachable = -1};
  Text out = {.arena = arena};
  Rows rows = db_rows(db, READ, sql_int(concert_id));
  if (!rows_next(&rows)) return (Str){0};
  sale.opens_at = rows_int(&rows, 0);
  sale.admitted = (uint64_t)rows_int(&rows, 1);
  copy_digits(sale.public_id, sizeof sale.public_id, rows_peek(&rows, 2));
  copy_digits(sale.seed, sizeof sale.seed, rows_peek(&rows, 3));
  copy_digits(sale.seed_hash, sizeof sale.seed_hash, rows_peek(&rows, 4));
  sale.opened = rows_int(&rows, 5) != 0;
  sale.closed = rows_int(&rows, 6) != 0;
  sale.paused = rows_int(&rows, 7) != 0;
  sale.draining = rows_int(&rows, 8) != 0;
  Str notice = rows_text(&rows, 9, arena);
  sale.ended_at = rows_int(&rows, 10);
  rows_end(&rows);
  Str categories = read_categories(db, arena, concert_id, &sale.category_count);
  sale.notice_bytes = (uint32_t)notice.length;
  if (count_held) sale.reachable = count_reachable(db, concert_id);
  text_add(&out, (Str){(const char *)&sale, sizeof sale});
  text_add(&out, categories);
  text_add(&out, notice);
  return text_str(&out);
}

// Loading.

static Room *read_room(Db *db, Arena *arena, int64_t concert_id) {
  Str sale = read_sale(db, arena, concert_id, true);
  return sale.length > 0 ? room_new(sale.at, sale.length) : NULL;
}

static Room *read_rooms(Db *db, Arena *arena, bool *done) {
  static const char READ[] = "SELECT id FROM concerts ORDER BY id";
  Room *rooms = NULL;
  Rows rows = db_rows(db, READ);
  while (*done && rows_next(&rows)) {
    Room *room = read_room(db, arena, rows_int(&rows, 0));
    *done = room != NULL;
    if (room != NULL) rooms = room_link(room, rooms);
  }
  rows_end(&rows);
  return rooms;
}

static bool read_places(Db *db, Room *room, int64_t now_ms) {
  static const char READ[] =
      "SELECT user_id, CASE status WHEN 'waiting' THEN rank ELSE -slot_until END FROM queue_places"
      " WHERE concert_id = $1 AND status IN ('waiting', 'active')";
  enum { WINDOW_MS = 300000 };
  static const char ADMITTED[] = "SELECT admitted_at FROM queue_places WHERE concert_id = $1 AND admitted_at > $2";
  bool done = true;
  Rows rows = db_rows(db, READ, sql_int(room->concert_id));
  while (done && rows_next(&rows)) done = room_set_place(room, rows_int(&rows, 0), rows_int(&rows, 1), now_ms);
  rows_end(&rows);
  // When slots came free is not kept; that others were admitted then is nearly the same.
  rows = db_rows(db, ADMITTED, sql_int(room->concert_id), sql_int(now_ms - WINDOW_MS));
  while (rows_next(&rows)) room_count_freed(room, rows_int(&rows, 0));
  return done;
}

// All rooms as the tables have them; NULL and *done false (logged) when they cannot be read.
static Room *read_all(Db *db, int64_t now_ms, bool *done) {
  Arena arena = {0};
  *done = true;
  Room *rooms = read_rooms(db, &arena, done);
  for (Room *room = rooms; *done && room != NULL; room = room->next) {
    *done = read_places(db, room, now_ms);
  }
  *done = *done && !db_failed(db) && !arena.failed;
  if (!*done) {
    log_error("waiting room: the tables could not be read", "memory=%d", arena.failed);
    room_free_all(rooms);
    rooms = NULL;
  }
  arena_free(&arena);
  return rooms;
}

bool waiting_room_load(Db *db, const Config *config, int64_t now_ms) {
  bool done;
  Room *rooms = read_all(db, now_ms, &done);
  if (done) room_replace_all(rooms, config->concert_id);
  return done;
}

bool waiting_room_read_anew(Db *db, const Config *config, int64_t now_ms) {
  enum { RETRY_MS = 1000 };
  bool done;
  room_begin_reading();
  Room *rooms = read_all(db, now_ms, &done);
  done = done && room_end_reading(rooms, config->concert_id);
  if (!done) room_give_up_reading(now_ms + RETRY_MS);
  return done;
}

void waiting_room_know(Call *call, int64_t concert_id) {
  if (room_is_known(concert_id)) return;
  Room *room = read_room(call->db, &call->arena, concert_id);
  if (room == NULL) return;
  if (read_places(call->db, room, call->now_ms) && !db_failed(call->db)) {
    room_add(room, call->config->concert_id);
  } else {
    room_free_all(room);
  }
}

// Telling.

static void tell(Call *call, Str kind, Str payload) {
  call_signal(call, STR("queue"), kind, payload);
}

void waiting_room_tell_places(Call *call, Str places) {
  if (places.length > 0) tell(call, STR("places"), places);
}

void waiting_room_tell_sale(Call *call, int64_t concert_id, bool count_held) {
  Str sale = read_sale(call->db, &call->arena, concert_id, count_held);
  if (sale.length > 0) tell(call, STR("sale"), sale);
}

static Str next_bytes(Call *call, int64_t concert_id, int64_t at_ms) {
  RoomNext next = {concert_id, at_ms};
  return (Str){arena_copy(&call->arena, &next, sizeof next), sizeof next};
}

void waiting_room_tell_next(Call *call, int64_t concert_id, int64_t at_ms) {
  tell(call, STR("next"), next_bytes(call, concert_id, at_ms));
}

void waiting_room_tell_sooner(Call *call, int64_t concert_id, int64_t at_ms) {
  tell(call, STR("sooner"), next_bytes(call, concert_id, at_ms));
}
