// Concerts and categories in the tables.
#include "models/concert.h"

#include <string.h>

#include "models/waiting_room.h"
#include "models/webhook.h"

enum { CURRENCY_LETTERS = 3, CONCERTS_KEPT = 64 };
static const char TABLE[] = "concerts";

#define CONCERT_COLUMNS                                                                                                \
  "id, public_id, currency, hall_id, opens_at, opened, closed, paused, draining, rate_a_minute, rate_used_to, active," \
  " admitted, coalesce(ended_at, 0) FROM concerts"

// The concerts that this thread has read last: the calls of a batch ask for the same ones.
typedef struct KeptConcert {
  uint64_t version;  // of the table when it was read
  bool first;        // it is the usual one, where none is configured
  Concert concert;
  char public_id[CONCERT_PUBLIC_ID_DIGITS];
  char currency[CURRENCY_LETTERS];
} KeptConcert;

static _Thread_local struct {
  KeptConcert concerts[CONCERTS_KEPT];
  size_t next;
} kept;

static void keep_concert(uint64_t version, bool first, const Concert *concert) {
  KeptConcert *one = &kept.concerts[kept.next];
  if (concert->public_id.length != sizeof one->public_id || concert->currency.length != sizeof one->currency) return;
  kept.next = (kept.next + 1) % CONCERTS_KEPT;
  memcpy(one->public_id, concert->public_id.at, sizeof one->public_id);
  memcpy(one->currency, concert->currency.at, sizeof one->currency);
  one->concert = *concert;
  one->concert.public_id.at = one->public_id;
  one->concert.currency.at = one->currency;
  one->version = version;
  one->first = first;
}

static void take_kept(const KeptConcert *one, Arena *arena, Concert *concert) {
  *concert = one->concert;
  concert->public_id = str_copy(arena, one->concert.public_id);
  concert->currency = str_copy(arena, one->concert.currency);
}

static bool read_concert(Rows *rows, Arena *arena, bool first, Concert *concert) {
  if (!rows_next(rows)) return false;
  *concert = (Concert){.id = rows_int(rows, 0),
                       .public_id = rows_text(rows, 1, arena),
                       .currency = rows_text(rows, 2, arena),
                       .hall_id = rows_int(rows, 3),
                       .opens_at = rows_int(rows, 4),
                       .opened = rows_int(rows, 5) != 0,
                       .closed = rows_int(rows, 6) != 0,
                       .paused = rows_int(rows, 7) != 0,
                       .draining = rows_int(rows, 8) != 0,
                       .rate_a_minute = rows_int(rows, 9),
                       .rate_used_to = rows_int(rows, 10),
                       .active = rows_int(rows, 11),
                       .admitted = rows_int(rows, 12),
                       .ended_at = rows_int(rows, 13)};
  keep_concert(db_version_of(rows->db, TABLE), first, concert);
  return true;
}

bool concert_find(Db *db, Arena *arena, Str public_id, const Config *config, Concert *concert) {
  static const char FIND[] = "SELECT " CONCERT_COLUMNS " WHERE public_id = $1";
  static const char FIRST[] = "SELECT " CONCERT_COLUMNS " ORDER BY ended_at IS NOT NULL, id LIMIT 1";
  Str wanted = public_id.length > 0 ? public_id : config->concert_id;
  uint64_t version = db_version_of(db, TABLE);
  for (size_t i = 0; i < CONCERTS_KEPT; i++) {
    const KeptConcert *one = &kept.concerts[i];
    if (one->version != version || !(wanted.length > 0 ? str_equal(one->concert.public_id, wanted) : one->first))
      continue;
    take_kept(one, arena, concert);
    return true;
  }
  Rows rows = wanted.length > 0 ? db_rows(db, FIND, sql_text(wanted)) : db_rows(db, FIRST);
  bool found = read_concert(&rows, arena, wanted.length == 0, concert);
  rows_end(&rows);
  return found;
}

void concert_look_ahead(Db *db, Arena *arena, const Str *public_ids, size_t count) {
  static const char AHEAD[] = "SELECT " CONCERT_COLUMNS " WHERE public_id = ANY(string_to_array($1, ','))";
  Text list = {.arena = arena};
  Concert concert;
  for (size_t i = 0; i < count; i++) {
    if (public_ids[i].length == 0 || (i > 0 && str_equal(public_ids[i], public_ids[i - 1]))) continue;
    if (list.length > 0) text_char(&list, ',');
    text_add(&list, public_ids[i]);
  }
  Rows rows = list.length > 0 ? db_rows(db, AHEAD, sql_text(text_str(&list))) : (Rows){0};
  while (read_concert(&rows, arena, false, &concert)) continue;
}

bool concert_find_by_id(Db *db, Arena *arena, int64_t concert_id, Concert *concert) {
  static const char FIND[] = "SELECT " CONCERT_COLUMNS " WHERE id = $1";
  uint64_t version = db_version_of(db, TABLE);
  for (size_t i = 0; i < CONCERTS_KEPT; i++) {
    const KeptConcert *one = &kept.concerts[i];
    if (one->version != version || one->concert.id != concert_id) continue;
    take_kept(one, arena, concert);
    return true;
  }
  Rows rows = db_rows(db, FIND, sql_int(concert_id));
  bool found = read_concert(&rows, arena, false, concert);
  rows_end(&rows);
  return found;
}

bool concert_read_about(Db *db, Arena *arena, int64_t concert_id, ConcertAbout *about) {
  static const char READ[] =
      "SELECT name, image_url, date, venue, gates_open_time, about, languages, organized_by FROM concerts"
      " WHERE id = $1";
  Rows rows = db_rows(db, READ, sql_int(concert_id));
  if (!rows_next(&rows)) return false;
  *about = (ConcertAbout){.name = rows_text(&rows, 0, arena),
                          .image_url = rows_text(&rows, 1, arena),
                          .date_ms = rows_int(&rows, 2),
                          .venue = rows_text(&rows, 3, arena),
                          .gates_open_time = rows_text(&rows, 4, arena),
                          .about = rows_text(&rows, 5, arena),
                          .languages = rows_text(&rows, 6, arena),
                          .organized_by = rows_text(&rows, 7, arena)};
  rows_end(&rows);
  return true;
}

Category category_read(const Rows *rows, Arena *arena) {
  return (Category){.id = rows_int(rows, 0),
                    .public_id = rows_text(rows, 1, arena),
                    .concert_id = rows_int(rows, 2),
                    .name = rows_text(rows, 3, arena),
                    .price = rows_int(rows, 4),
                    .seat_type_id = rows_int(rows, 5),
                    .total_seats = rows_int(rows, 6),
                    .available_seats = rows_int(rows, 7)};
}

static bool read_one_category(Rows *rows, Arena *arena, Category *category) {
  if (!rows_next(rows)) return false;
  *category = category_read(rows, arena);
  rows_end(rows);
  return true;
}

bool category_find_by_id(Db *db, Arena *arena, int64_t category_id, Category *category) {
  static const char FIND[] = "SELECT " CATEGORY_COLUMNS " FROM categories k WHERE id = $1";
  Rows rows = db_rows(db, FIND, sql_int(category_id));
  return read_one_category(&rows, arena, category);
}

const Category *category_list(Db *db, Arena *arena, int64_t concert_id, size_t *count) {
  static const char COUNT[] = "SELECT count(*) FROM categories WHERE concert_id = $1";
  static const char READ[] = "SELECT " CATEGORY_COLUMNS " FROM categories k WHERE concert_id = $1 ORDER BY id";
  size_t room = (size_t)db_int(db, COUNT, 0, sql_int(concert_id));
  *count = 0;
  if (room == 0) return NULL;
  Category *categories = ARENA_ARRAY(arena, Category, room);
  Rows rows = db_rows(db, READ, sql_int(concert_id));
  while (*count < room && rows_next(&rows)) categories[(*count)++] = category_read(&rows, arena);
  rows_end(&rows);
  return categories;
}

int64_t concert_available(Db *db, int64_t concert_id) {
  static const char SUM[] = "SELECT coalesce(sum(available_seats), 0) FROM categories WHERE concert_id = $1";
  return db_int(db, SUM, 0, sql_int(concert_id));
}

// While a concert in a hall was closed, the seats may have been another's.
static void count_seats_anew(Db *db, int64_t concert_id) {
  static const char COUNT[] =
      "UPDATE categories SET available_seats = now.free, total_seats = now.free + now.taken FROM (SELECT k.id,"
      " (SELECT count(*) FROM seats s WHERE s.hall_id = c.hall_id AND s.seat_type_id = k.seat_type_id AND s.status = 0)"
      " AS free, (SELECT coalesce(sum(b.seats), 0) FROM bookings b WHERE b.category_id = k.id AND b.status IN"
      " ('pending', 'confirmed')) AS taken FROM categories k JOIN concerts c ON c.id = k.concert_id WHERE c.id = $1"
      " AND c.hall_id IS NOT NULL AND c.closed = 1) AS now WHERE now.id = categories.id";
  db_run(db, COUNT, sql_int(concert_id));
}

Error concert_switch(Db *db, int64_t concert_id, const ConcertSwitches *switches) {
  static const char OTHER[] =
      "SELECT 1 FROM concerts a JOIN concerts b ON b.hall_id = a.hall_id AND b.id != a.id AND b.closed = 0"
      " WHERE a.id = $1";
  static const char OVER[] = "SELECT 1 FROM concerts WHERE id = $1 AND ended_at IS NOT NULL";
  static const char SET[] =
      "UPDATE concerts SET closed = $1, paused = $2, draining = $3, rate_a_minute = nullif($4, 0), opens_at = $5"
      " WHERE id = $6";
  if (db_int(db, OVER, 0, sql_int(concert_id)) != 0) return ERR_CONCERT_OVER;
  if (!switches->closed && db_int(db, OTHER, 0, sql_int(concert_id)) != 0) return ERR_HALL_ON_SALE;
  if (!switches->closed) count_seats_anew(db, concert_id);
  db_run(db, SET, sql_int(switches->closed), sql_int(switches->paused), sql_int(switches->draining),
         sql_int(switches->rate_a_minute), sql_int(switches->opens_at), sql_int(concert_id));
  return ERR_NONE;
}

void concert_set_notice(Db *db, int64_t concert_id, Str notice) {
  static const char SET[] = "UPDATE concerts SET notice = $1 WHERE id = $2";
  db_run(db, SET, sql_text(notice), sql_int(concert_id));
}

Str concert_topic(Arena *arena, int64_t concert_id) {
  Text topic = {.arena = arena};
  text_add(&topic, STR("concert:"));
  text_int(&topic, concert_id);
  return text_str(&topic);
}

bool concert_of_topic(Str topic, int64_t *concert_id) {
  Str prefix = STR("concert:");
  if (!str_starts(topic, prefix)) return false;
  return str_to_int((Str){topic.at + prefix.length, topic.length - prefix.length}, concert_id);
}

static void tell_sold_out(Call *call, int64_t concert_id) {
  static const char READ[] = "SELECT public_id, name FROM concerts WHERE id = $1";
  Text concert = {.arena = &call->arena};
  Rows rows = db_rows(call->db, READ, sql_int(concert_id));
  if (!rows_next(&rows)) return;
  json_open(&concert, '{');
  json_put_str(&concert, "id", rows_peek(&rows, 0));
  json_put_str(&concert, "name", rows_peek(&rows, 1));
  json_close(&concert, '}');
  rows_end(&rows);
  webhook_tell(call, STR("concert.sold_out"), text_str(&concert));
}

bool concert_note_sold_out(Call *call, int64_t concert_id) {
  static const char NOTE[] =
      "UPDATE concerts SET sold_out = 1 - sold_out WHERE id = $1 AND sold_out != CASE WHEN EXISTS (SELECT 1 FROM "
      "categories"
      " WHERE concert_id = $1) AND NOT EXISTS (SELECT 1 FROM categories WHERE concert_id = $1 AND available_seats > 0)"
      " AND NOT EXISTS (SELECT 1 FROM bookings WHERE concert_id = $1 AND status = 'pending') THEN 1 ELSE 0 END";
  static const char NOTED[] = "SELECT sold_out FROM concerts WHERE id = $1";
  db_run(call->db, NOTE, sql_int(concert_id));
  if (db_changes(call->db) == 0) return false;
  if (db_int(call->db, NOTED, 0, sql_int(concert_id)) != 0) tell_sold_out(call, concert_id);
  return true;
}

static void tell_changed(Call *call, int64_t concert_id) {
  static const char READ[] = SQL_FORMS(
      "SELECT json_object('active', active, 'admitted', admitted, 'available', (SELECT json_group_object(id,"
      " available_seats) FROM categories WHERE concert_id = $1)) FROM concerts WHERE id = $1",
      "SELECT '{\"active\":' || active || ',\"admitted\":' || admitted || ',\"available\":{' || (SELECT"
      " coalesce(string_agg('\"' || id || '\":' || available_seats, ',' ORDER BY id), '') FROM categories"
      " WHERE concert_id = $1) || '}}' FROM concerts WHERE id = $1");
  concert_note_sold_out(call, concert_id);
  Rows rows = db_rows(call->db, READ, sql_int(concert_id));
  if (!rows_next(&rows)) return;
  Str figures = rows_text(&rows, 0, &call->arena);
  rows_end(&rows);
  call_event(call, concert_topic(&call->arena, concert_id), STR("figures"), figures);
  waiting_room_tell_sale(call, concert_id, concert_available(call->db, concert_id) == 0);
}

void concert_changed(Call *call, int64_t concert_id) {
  call_at_end(call, tell_changed, concert_id);
}
