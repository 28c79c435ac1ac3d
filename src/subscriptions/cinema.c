// What can be watched of the cinemas: their halls and how many seats of each status these have. It follows the events
// of all halls; an update is one message a cinema (PartialCinema).
#include "subscriptions/cinema.h"

#include <stdlib.h>

#include "models/hall.h"
#include "models/seat.h"

typedef struct HallRow {
  int64_t id;
  int64_t seq;      // the last event of the hall that is in `counts`
  int64_t version;  // of the picture, when it last changed
  int64_t rows;
  int64_t places;
  Str name;
  Str plan;
  uint32_t counts[SEAT_STATUSES];
} HallRow;

typedef struct CinemaRow {
  int64_t id;
  int64_t created_at;
  Str name;
  Str color;
  HallRow *halls;
  uint32_t hall_count;
} CinemaRow;

typedef struct CinemasPicture {
  Arena arena;
  Arena scratch;    // for one event
  int64_t version;  // counts the events brought in
  CinemaRow *cinemas;
  uint32_t cinema_count;
} CinemasPicture;

// Loading.

static void read_cinemas(Call *call, CinemasPicture *picture) {
  static const char COUNT[] = "SELECT count(*) FROM cinemas";
  static const char READ[] =
      "SELECT c.id, c.created_at, c.name, c.color, (SELECT count(*) FROM halls WHERE cinema_id = c.id)"
      " FROM cinemas c ORDER BY NOT EXISTS (SELECT 1 FROM halls WHERE cinema_id = c.id), c.id";
  uint32_t count = (uint32_t)db_int(call->db, COUNT, 0);
  picture->cinemas = ARENA_ARRAY(&picture->arena, CinemaRow, count);
  Rows rows = db_rows(call->db, READ);
  while (picture->cinema_count < count && rows_next(&rows)) {
    CinemaRow *cinema = &picture->cinemas[picture->cinema_count++];
    *cinema = (CinemaRow){.id = rows_int(&rows, 0),
                          .created_at = rows_int(&rows, 1),
                          .name = rows_text(&rows, 2, &picture->arena),
                          .color = rows_text(&rows, 3, &picture->arena)};
    cinema->halls = ARENA_ARRAY(&picture->arena, HallRow, rows_int(&rows, 4));
  }
  rows_end(&rows);
}

static CinemaRow *find_cinema(CinemasPicture *picture, int64_t id) {
  for (uint32_t i = 0; i < picture->cinema_count; i++) {
    if (picture->cinemas[i].id == id) return &picture->cinemas[i];
  }
  return NULL;
}

static void read_halls(Call *call, CinemasPicture *picture) {
  static const char READ[] = "SELECT id, cinema_id, name, rows, places, plan_hash FROM halls ORDER BY id";
  static const char SEQ[] = "SELECT coalesce(max(seq), 0) FROM events WHERE topic = $1";
  Rows rows = db_rows(call->db, READ);
  while (rows_next(&rows)) {
    CinemaRow *cinema = find_cinema(picture, rows_int(&rows, 1));
    if (cinema == NULL) continue;
    HallRow *hall = &cinema->halls[cinema->hall_count++];
    *hall = (HallRow){.id = rows_int(&rows, 0),
                      .name = rows_text(&rows, 2, &picture->arena),
                      .rows = rows_int(&rows, 3),
                      .places = rows_int(&rows, 4),
                      .plan = rows_text(&rows, 5, &picture->arena)};
    hall->seq = db_int(call->db, SEQ, 0, sql_text(hall_topic(&call->arena, hall->id)));
  }
}

static HallRow *find_hall(CinemasPicture *picture, int64_t id) {
  for (uint32_t i = 0; i < picture->cinema_count; i++) {
    CinemaRow *cinema = &picture->cinemas[i];
    for (uint32_t k = 0; k < cinema->hall_count; k++) {
      if (cinema->halls[k].id == id) return &cinema->halls[k];
    }
  }
  return NULL;
}

// All seats as they stand in the table, a hall's being neighbours: the database would look up each by an index and sort
// them to group them.
static void count_seats(Call *call, CinemasPicture *picture) {
  static const char READ[] = "SELECT hall_id, status FROM seats";
  HallRow *hall = NULL;
  Rows rows = db_rows(call->db, READ);
  while (rows_next(&rows)) {
    int64_t hall_id = rows_int(&rows, 0);
    if (hall == NULL || hall->id != hall_id) hall = find_hall(picture, hall_id);
    if (hall != NULL) ++hall->counts[rows_int(&rows, 1) % SEAT_STATUSES];
  }
}

static void free_picture(void *of) {
  CinemasPicture *picture = of;
  arena_free(&picture->arena);
  arena_free(&picture->scratch);
  free(picture);
}

static Error load(Call *call, int64_t key, void **out) {
  (void)key;
  CinemasPicture *picture = calloc(1, sizeof *picture);
  if (picture == NULL) return ERR_CINEMA_FETCH_FAILED;
  read_cinemas(call, picture);
  read_halls(call, picture);
  count_seats(call, picture);
  if (db_failed(call->db) || picture->arena.failed) {
    free_picture(picture);
    return ERR_CINEMA_FETCH_FAILED;
  }
  *out = picture;
  return ERR_NONE;
}

// Events.

static bool follows(const Event *event, int64_t *key) {
  int64_t hall_id;
  *key = 0;
  return hall_of_topic(event->topic, &hall_id);
}

static bool count_changes(CinemasPicture *picture, HallRow *hall, Str payload) {
  const Json *root = json_parse(&picture->scratch, payload, NULL);
  Str to = {0};
  json_str(json_get(root, "to"), &to);
  int to_index = seat_status_index(to);
  if (to_index < 0) return false;
  for (const Json *item = json_first(json_get(root, "from")); item != NULL; item = json_next(item)) {
    Str from = {0};
    json_str(item, &from);
    int from_index = seat_status_index(from);
    if (from_index < 0) return false;
    --hall->counts[from_index];
    ++hall->counts[to_index];
  }
  return true;
}

static TopicApplied apply(void *of, const Event *event) {
  CinemasPicture *picture = of;
  int64_t hall_id = 0;
  hall_of_topic(event->topic, &hall_id);
  HallRow *hall = find_hall(picture, hall_id);
  if (hall == NULL || event->seq > hall->seq + 1) return TOPIC_GAP;
  if (event->seq <= hall->seq) return TOPIC_OLD;
  bool counted = count_changes(picture, hall, event->payload);
  arena_reset(&picture->scratch);
  if (!counted) return TOPIC_GAP;
  hall->seq = event->seq;
  hall->version = ++picture->version;
  return TOPIC_APPLIED;
}

static int64_t version(const void *picture) {
  return ((const CinemasPicture *)picture)->version;
}

// Rendering.

static void add_hall(Text *out, const HallRow *hall) {
  json_open(out, '{');
  json_name(out, "id");
  json_add_int(out, hall->id);
  json_name(out, "name");
  json_add_str(out, hall->name);
  json_name(out, "rows");
  json_add_int(out, hall->rows);
  json_name(out, "places");
  json_add_int(out, hall->places);
  json_name(out, "plan");
  json_add_str(out, hall->plan);
  json_name(out, "seats_count");
  seat_write_counts(out, hall->counts);
  json_close(out, '}');
}

static void snapshot(void *of, TopicForm form, Text *out) {
  const CinemasPicture *picture = of;
  (void)form;
  json_open(out, '[');
  for (uint32_t i = 0; i < picture->cinema_count; i++) {
    const CinemaRow *cinema = &picture->cinemas[i];
    json_open(out, '{');
    json_name(out, "id");
    json_add_int(out, cinema->id);
    json_name(out, "name");
    json_add_str(out, cinema->name);
    json_name(out, "color");
    json_add_str(out, cinema->color);
    json_name(out, "created_at");
    json_add_time(out, cinema->created_at);
    json_name(out, "halls");
    json_open(out, '[');
    for (uint32_t k = 0; k < cinema->hall_count; k++) add_hall(out, &cinema->halls[k]);
    json_close(out, ']');
    json_close(out, '}');
  }
  json_close(out, ']');
}

static bool changed_since(const CinemaRow *cinema, int64_t since) {
  for (uint32_t i = 0; i < cinema->hall_count; i++) {
    if (cinema->halls[i].version > since) return true;
  }
  return false;
}

static void add_changed_halls(Text *out, const CinemaRow *cinema, int64_t since) {
  json_open(out, '{');
  json_name(out, "id");
  json_add_int(out, cinema->id);
  json_name(out, "halls");
  json_open(out, '[');
  for (uint32_t i = 0; i < cinema->hall_count; i++) {
    const HallRow *hall = &cinema->halls[i];
    if (hall->version <= since) continue;
    json_open(out, '{');
    json_name(out, "id");
    json_add_int(out, hall->id);
    json_name(out, "seats_count");
    seat_write_counts(out, hall->counts);
    json_close(out, '}');
  }
  json_close(out, ']');
  json_close(out, '}');
}

static TopicPart update(void *of, TopicForm form, int64_t since, uint32_t part, Text *out) {
  const CinemasPicture *picture = of;
  (void)form;
  uint32_t changed = 0;
  for (uint32_t i = 0; i < picture->cinema_count; i++) {
    if (!changed_since(&picture->cinemas[i], since)) continue;
    if (changed++ == part) add_changed_halls(out, &picture->cinemas[i], since);
  }
  if (changed == 0) return TOPIC_UNKNOWN;
  return part + 1 < changed ? TOPIC_MORE_PARTS : TOPIC_LAST_PART;
}

const TopicKind cinemas_topic_kind = {.name = "cinemas",
                                      .follows = follows,
                                      .load = load,
                                      .apply = apply,
                                      .snapshot = snapshot,
                                      .update = update,
                                      .seq = version,
                                      .local_seq = true,
                                      .free = free_picture};
