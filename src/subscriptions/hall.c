// What can be watched of a hall: its seats, in JSON or in the small binary form (docs/wire_additions.md), and how many
// people watch.
#include "subscriptions/hall.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "models/hall.h"
#include "models/seat.h"
#include "subscriptions/hall_picture.h"

// Loading and events.

static Error load(Call *call, int64_t key, void **picture) {
  HallPicture *hall = NULL;
  Error error = hall_picture_read(call, key, &hall);
  *picture = hall;
  return error;
}

static bool follows(const Event *event, int64_t *key) {
  return hall_of_topic(event->topic, key);
}

static TopicApplied apply(void *picture, const Event *event) {
  HallPicture *hall = picture;
  if (event->seq <= hall->seq) return TOPIC_OLD;
  if (event->seq != hall->seq + 1) return TOPIC_GAP;
  return hall_picture_apply(hall, event) ? TOPIC_APPLIED : TOPIC_GAP;
}

static int64_t seq(const void *picture) {
  return ((const HallPicture *)picture)->seq;
}

static void free_picture(void *picture) {
  hall_picture_free(picture);
}

// JSON.

static char *put(char *at, const void *bytes, size_t count) {
  memcpy(at, bytes, count);
  return at + count;
}

// A whole seat: its constant pieces with the status and the time between and behind them.
static void add_seat(Text *out, const HallPicture *hall, const HallSeat *seat) {
  enum { CHANGING_BYTES = 16 + TIME_ISO_BYTES + 4 };
  const char *status = seat_status_name((SeatStatus)seat->status);
  const char *constant = hall->text + seat->head_at;
  Str type = hall->types[seat->type].seat_tail;
  text_reserve(out, (size_t)seat->head_bytes + seat->tail_bytes + type.length + CHANGING_BYTES);
  char *at = put(out->at + out->length, constant, seat->head_bytes);
  at = put(at, status, strlen(status));
  at = put(at, constant + seat->head_bytes, seat->tail_bytes);
  at = put(at, type.at, type.length);
  time_iso(seat->updated_at, at);
  at = put(at + TIME_ISO_BYTES, "\"},", 3);
  out->length = (size_t)(at - out->at);
}

static void snapshot_json(const HallPicture *hall, Text *out) {
  enum { SEAT_BYTES = 200 };
  text_reserve(out, (size_t)hall->seat_count * SEAT_BYTES + 1024);
  text_add(out, hall->head);
  json_name(out, "seq");
  json_add_int(out, hall->seq);
  json_name(out, "seats");
  json_open(out, '[');
  for (uint32_t i = 0; i < hall->seat_count; i++) add_seat(out, hall, &hall->seats[i]);
  if (hall->seat_count > 0) --out->length;  // the last comma
  json_close(out, ']');
  json_name(out, "seat_types");
  json_open(out, '[');
  for (uint32_t i = 0; i < hall->type_count; i++) {
    const HallType *type = &hall->types[i];
    json_open(out, '{');
    json_name(out, "id");
    json_add_int(out, type->id);
    json_name(out, "name");
    json_add_str(out, type->name);
    json_name(out, "seats_count");
    json_add_int(out, type->seats);
    json_name(out, "seats");
    seat_write_counts(out, type->counts);
    json_close(out, '}');
  }
  json_close(out, ']');
  json_close(out, '}');
}

// Walks the remembered changes after `since`: each seat once, by its last change.
typedef struct ChangeWalk {
  const HallPicture *hall;
  int64_t since;
  uint64_t at;
} ChangeWalk;

static ChangeWalk walk_changes(const HallPicture *hall, int64_t since) {
  uint64_t first = hall->change_count > HALL_CHANGES_MAX ? hall->change_count - HALL_CHANGES_MAX : 0;
  uint64_t at = hall->change_count;
  while (at > first && hall->changes[(at - 1) % HALL_CHANGES_MAX].seq > since) --at;
  return (ChangeWalk){hall, since, at};
}

static bool next_change(ChangeWalk *walk, uint32_t *seat) {
  while (walk->at < walk->hall->change_count) {
    const HallChange *change = &walk->hall->changes[walk->at++ % HALL_CHANGES_MAX];
    *seat = change->seat;
    if (walk->hall->seats[change->seat].changed_seq == change->seq) return true;
  }
  return false;
}

static void update_json(const HallPicture *hall, int64_t since, Text *out) {
  bool touched[PLAN_TYPES_MAX] = {false};
  uint32_t seat_index;
  json_open(out, '{');
  json_name(out, "id");
  json_add_int(out, hall->id);
  json_name(out, "since");
  json_add_int(out, since);
  json_name(out, "seq");
  json_add_int(out, hall->seq);
  json_name(out, "seats");
  json_open(out, '[');
  for (ChangeWalk walk = walk_changes(hall, since); next_change(&walk, &seat_index);) {
    const HallSeat *seat = &hall->seats[seat_index];
    touched[seat->type] = true;
    json_open(out, '{');
    json_name(out, "id");
    json_add_int(out, seat->id);
    json_name(out, "status");
    json_add_str(out, str_from(seat_status_name((SeatStatus)seat->status)));
    json_name(out, "updated_at");
    json_add_time(out, seat->updated_at);
    json_close(out, '}');
  }
  json_close(out, ']');
  json_name(out, "seat_types");
  json_open(out, '[');
  for (uint32_t i = 0; i < hall->type_count; i++) {
    if (!touched[i]) continue;
    json_open(out, '{');
    json_name(out, "id");
    json_add_int(out, hall->types[i].id);
    json_name(out, "seats");
    seat_write_counts(out, hall->types[i].counts);
    json_close(out, '}');
  }
  json_close(out, ']');
  json_close(out, '}');
}

// Binary.

static void add_number(Text *out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; i++) text_char(out, (char)(value >> (8 * i) & 0xff));
}

static void binary_head(const HallPicture *hall, int64_t since, uint32_t count, Text *out) {
  add_number(out, (uint64_t)hall->id, 4);
  add_number(out, (uint64_t)hall->seq, 8);
  add_number(out, (uint64_t)since, 8);
  add_number(out, count, 4);
}

static void snapshot_binary(const HallPicture *hall, Text *out) {
  text_reserve(out, hall->seat_count / 4 + 64);
  binary_head(hall, 0, hall->seat_count, out);
  text_add(out, (Str){(const char *)hall->plan_hash, sizeof hall->plan_hash});
  for (uint32_t i = 0; i < hall->seat_count; i += 4) {
    unsigned bits = 0;
    for (uint32_t k = 0; k < 4 && i + k < hall->seat_count; k++) bits |= (unsigned)hall->seats[i + k].status << (2 * k);
    text_char(out, (char)bits);
  }
}

static void update_binary(const HallPicture *hall, int64_t since, Text *out) {
  Text seats = {.arena = out->arena};
  uint32_t seat;
  for (ChangeWalk walk = walk_changes(hall, since); next_change(&walk, &seat);) {
    add_number(&seats, (uint64_t)seat << 2 | hall->seats[seat].status, 4);
  }
  binary_head(hall, since, (uint32_t)(seats.length / 4), out);
  text_add(out, text_str(&seats));
}

static void snapshot(void *picture, TopicForm form, Text *out) {
  if (form == TOPIC_BINARY) {
    snapshot_binary(picture, out);
  } else {
    snapshot_json(picture, out);
  }
}

static TopicPart update(void *picture, TopicForm form, int64_t since, uint32_t part, Text *out) {
  const HallPicture *hall = picture;
  (void)part;
  if (since < hall->known_since || since > hall->seq) return TOPIC_UNKNOWN;
  if (form == TOPIC_BINARY) {
    update_binary(hall, since, out);
  } else {
    update_json(hall, since, out);
  }
  return TOPIC_LAST_PART;
}

// Viewers. Counted over all loops; each loop looks at the count about once a second.

enum { VIEWER_SLOTS = 65536 };
static _Atomic int32_t viewers[VIEWER_SLOTS];  // by hall id

static void watched(int64_t key, int change) {
  atomic_fetch_add_explicit(&viewers[key % VIEWER_SLOTS], change, memory_order_relaxed);
}

const TopicKind hall_topic_kind = {.name = "hall",
                                   .follows = follows,
                                   .load = load,
                                   .apply = apply,
                                   .snapshot = snapshot,
                                   .update = update,
                                   .seq = seq,
                                   .watched = watched,
                                   .free = free_picture};

typedef struct ViewersPicture {
  int64_t hall_id;
  int64_t version;
  int32_t count;
} ViewersPicture;

static Error load_viewers(Call *call, int64_t key, void **out) {
  static const char FIND[] = "SELECT 1 FROM halls WHERE id = $1";
  if (db_int(call->db, FIND, 0, sql_int(key)) == 0) return ERR_HALL_NOT_FOUND;
  ViewersPicture *picture = calloc(1, sizeof *picture);
  if (picture == NULL) return ERR_INTERNAL;
  *picture = (ViewersPicture){.hall_id = key, .count = viewers[key % VIEWER_SLOTS]};
  *out = picture;
  return ERR_NONE;
}

static bool poll_viewers(void *picture) {
  ViewersPicture *of = picture;
  int32_t count = viewers[of->hall_id % VIEWER_SLOTS];
  if (count == of->count) return false;
  of->count = count;
  ++of->version;
  return true;
}

static void write_viewers(void *picture, TopicForm form, Text *out) {
  const ViewersPicture *of = picture;
  (void)form;
  json_open(out, '{');
  json_name(out, "id");
  json_add_int(out, of->hall_id);
  json_name(out, "viewers");
  json_add_int(out, of->count);
  json_close(out, '}');
}

static TopicPart update_viewers(void *picture, TopicForm form, int64_t since, uint32_t part, Text *out) {
  (void)since, (void)part;
  write_viewers(picture, form, out);
  return TOPIC_LAST_PART;
}

static int64_t viewers_version(const void *picture) {
  return ((const ViewersPicture *)picture)->version;
}

const TopicKind viewers_topic_kind = {.name = "viewers",
                                      .load = load_viewers,
                                      .snapshot = write_viewers,
                                      .update = update_viewers,
                                      .seq = viewers_version,
                                      .local_seq = true,
                                      .poll = poll_viewers,
                                      .free = free};
