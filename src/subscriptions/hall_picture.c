// The picture of a hall: reading it from the tables and bringing events in.
#include "subscriptions/hall_picture.h"

#include <stdlib.h>
#include <string.h>

#include "models/hall.h"
#include "shared/ids.h"

static Error read_hall(Call *call, HallPicture *picture, int64_t hall_id) {
  static const char READ[] =
      "SELECT created_at, cinema_id, name, rows, places, plan_hash,"
      " (SELECT count(*) FROM seats WHERE hall_id = h.id) FROM halls h WHERE id = $1";
  Rows rows = db_rows(call->db, READ, sql_int(hall_id));
  if (!rows_next(&rows)) return ERR_HALL_NOT_FOUND;
  Text head = {.arena = &picture->arena};
  json_open(&head, '{');
  json_name(&head, "id");
  json_add_int(&head, hall_id);
  json_name(&head, "created_at");
  json_add_time(&head, rows_int(&rows, 0));
  json_name(&head, "cinema_id");
  json_add_int(&head, rows_int(&rows, 1));
  json_name(&head, "name");
  json_add_str(&head, rows_peek(&rows, 2));
  json_name(&head, "rows");
  json_add_int(&head, rows_int(&rows, 3));
  json_name(&head, "places");
  json_add_int(&head, rows_int(&rows, 4));
  json_name(&head, "plan");
  json_add_str(&head, rows_peek(&rows, 5));
  picture->id = hall_id;
  picture->head = text_str(&head);
  Str hash;
  if (ids_from_hex(&picture->arena, rows_peek(&rows, 5), &hash) && hash.length == sizeof picture->plan_hash) {
    memcpy(picture->plan_hash, hash.at, hash.length);
  }
  picture->seat_count = (uint32_t)rows_int(&rows, 6);
  rows_end(&rows);
  return ERR_NONE;
}

static Str seat_tail(Arena *arena, const HallType *type) {
  Text text = {.arena = arena};
  text_add(&text, STR(",\"seat_type\":{\"id\":"));
  text_int(&text, type->id);
  json_name(&text, "name");
  json_add_str(&text, type->name);
  text_add(&text, STR("},\"updated_at\":\""));
  return text_str(&text);
}

// From each type to the next by the index, not through the entries of all seats.
static void read_types(Call *call, HallPicture *picture) {
  static const char READ[] =
      "WITH RECURSIVE found(id) AS (SELECT min(seat_type_id) FROM seats WHERE hall_id = $1 UNION ALL"
      " SELECT (SELECT min(seat_type_id) FROM seats WHERE hall_id = $1 AND seat_type_id > found.id) FROM found"
      " WHERE found.id IS NOT NULL) SELECT id, name FROM seat_types WHERE id IN (SELECT id FROM found) ORDER BY id";
  Rows rows = db_rows(call->db, READ, sql_int(picture->id));
  while (picture->type_count < PLAN_TYPES_MAX && rows_next(&rows)) {
    HallType *type = &picture->types[picture->type_count++];
    *type = (HallType){.id = rows_int(&rows, 0), .name = rows_text(&rows, 1, &picture->arena)};
    type->seat_tail = seat_tail(&picture->arena, type);
  }
  rows_end(&rows);
}

static uint16_t find_type(const HallPicture *picture, int64_t id) {
  for (uint32_t i = 0; i < picture->type_count; i++) {
    if (picture->types[i].id == id) return (uint16_t)i;
  }
  return 0;
}

// A member with the bytes before its value, which are the same for every seat: a hall of 20,000 is to be read in a few
// milliseconds.
static void add_member(Text *text, Str before, int64_t value) {
  text_add(text, before);
  text_int(text, value);
}

// Writes the constant JSON of a seat, in its two pieces; that of its type follows them.
static void write_seat(const Rows *rows, HallSeat *seat, Text *text) {
  seat->head_at = (uint32_t)text->length;
  add_member(text, STR("{\"id\":"), seat->id);
  add_member(text, STR(",\"row\":"), rows_int(rows, 1));
  add_member(text, STR(",\"place\":"), rows_int(rows, 2));
  text_add(text, STR(",\"status\":\""));
  seat->head_bytes = (uint16_t)(text->length - seat->head_at);
  size_t tail_at = text->length;
  add_member(text, STR("\",\"x\":"), rows_int(rows, 3));
  add_member(text, STR(",\"y\":"), rows_int(rows, 4));
  add_member(text, STR(",\"width\":"), rows_int(rows, 5));
  add_member(text, STR(",\"height\":"), rows_int(rows, 6));
  text_add(text, STR(",\"rotation\":"));
  text_double(text, rows_real(rows, 7));
  seat->tail_bytes = (uint16_t)(text->length - tail_at);
}

// A hall's seats are neighbours in the table: they are read from the first to the last, not one by one by the index.
static void read_seats(Call *call, HallPicture *picture) {
  static const char READ[] =
      "SELECT id, row, place, x, y, width, height, rotation, status, updated_at, seat_type_id FROM seats"
      " WHERE id BETWEEN (SELECT min(id) FROM seats WHERE hall_id = $1) AND (SELECT max(id) FROM seats WHERE hall_id ="
      " $1) AND +hall_id = $1 ORDER BY id";
  enum { SEAT_BYTES = 120 };  // about; the text grows where it is more
  arena_room(&picture->arena, (size_t)picture->seat_count * (sizeof(HallSeat) + SEAT_BYTES));
  picture->seats = ARENA_ARRAY(&picture->arena, HallSeat, picture->seat_count);
  Text text = {.arena = &picture->arena};
  text_reserve(&text, (size_t)picture->seat_count * SEAT_BYTES);
  Rows rows = db_rows(call->db, READ, sql_int(picture->id));
  uint32_t at = 0;
  while (at < picture->seat_count && rows_next(&rows)) {
    HallSeat *seat = &picture->seats[at++];
    *seat = (HallSeat){.id = rows_int(&rows, 0),
                       .status = (uint8_t)rows_int(&rows, 8),
                       .updated_at = rows_int(&rows, 9),
                       .type = find_type(picture, rows_int(&rows, 10))};
    HallType *type = &picture->types[seat->type];
    ++type->seats;
    ++type->counts[seat->status];
    write_seat(&rows, seat, &text);
  }
  rows_end(&rows);
  picture->text = text.at;
}

// Changes.

// The seat's index, or seat_count when it is not of this hall. Ids mostly run on from the first.
static uint32_t find_seat(const HallPicture *picture, int64_t id) {
  uint32_t low = 0;
  uint32_t high = picture->seat_count;
  if (high > 0 && id >= picture->seats[0].id && id - picture->seats[0].id < high) {
    uint32_t guess = (uint32_t)(id - picture->seats[0].id);
    if (picture->seats[guess].id == id) return guess;
  }
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (picture->seats[middle].id < id) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < picture->seat_count && picture->seats[low].id == id ? low : picture->seat_count;
}

static void remember(HallPicture *picture, int64_t seq, uint32_t seat) {
  HallChange *slot = &picture->changes[picture->change_count++ % HALL_CHANGES_MAX];
  if (picture->change_count > HALL_CHANGES_MAX) picture->known_since = slot->seq;
  *slot = (HallChange){.seq = seq, .seat = seat};
  picture->seats[seat].changed_seq = seq;
}

// The seats and the new status of an event; NULL when it is malformed.
static const Json *event_seats(Arena *scratch, Str payload, SeatStatus *status) {
  const Json *root = json_parse(scratch, payload, NULL);
  Str to;
  if (!json_str(json_get(root, "to"), &to) || !seat_status_from(to, status)) return NULL;
  return json_get(root, "seats");
}

bool hall_picture_apply(HallPicture *picture, const Event *event) {
  SeatStatus status = SEAT_VACANT;
  arena_reset(&picture->scratch);
  const Json *seats = event_seats(&picture->scratch, event->payload, &status);
  for (const Json *item = json_first(seats); item != NULL; item = json_next(item)) {
    int64_t id = 0;
    json_int(item, &id);
    uint32_t index = find_seat(picture, id);
    if (index == picture->seat_count) return false;
    HallSeat *seat = &picture->seats[index];
    HallType *type = &picture->types[seat->type];
    --type->counts[seat->status];
    ++type->counts[status];
    seat->status = (uint8_t)status;
    seat->updated_at = event->at_ms;
    remember(picture, event->seq, index);
  }
  picture->seq = event->seq;
  return seats != NULL;
}

// The latest events are remembered too, so that a client can resume across a restart of ours.
static void read_changes(Call *call, HallPicture *picture) {
  static const char READ[] =
      "SELECT seq, payload FROM (SELECT seq, payload FROM events WHERE topic = $1 ORDER BY seq DESC LIMIT 512) newest"
      " ORDER BY seq";
  Rows rows = db_rows(call->db, READ, sql_text(hall_topic(&call->arena, picture->id)));
  bool first = true;
  while (rows_next(&rows)) {
    int64_t seq = rows_int(&rows, 0);
    SeatStatus status;
    if (first) picture->known_since = seq - 1;
    first = false;
    const Json *seats = event_seats(&call->arena, rows_peek(&rows, 1), &status);
    for (const Json *item = json_first(seats); item != NULL; item = json_next(item)) {
      int64_t id = 0;
      json_int(item, &id);
      uint32_t index = find_seat(picture, id);
      if (index < picture->seat_count) remember(picture, seq, index);
    }
    picture->seq = seq;
  }
}

Error hall_picture_read(Call *call, int64_t hall_id, HallPicture **out) {
  HallPicture *picture = calloc(1, sizeof *picture);
  if (picture == NULL) return ERR_INTERNAL;
  Error error = read_hall(call, picture, hall_id);
  if (error == ERR_NONE) {
    read_types(call, picture);
    read_seats(call, picture);
    read_changes(call, picture);
    if (picture->arena.failed) error = ERR_INTERNAL;
  }
  if (error != ERR_NONE) {
    hall_picture_free(picture);
    return error;
  }
  *out = picture;
  return ERR_NONE;
}

void hall_picture_free(HallPicture *picture) {
  arena_free(&picture->arena);
  arena_free(&picture->scratch);
  free(picture);
}
