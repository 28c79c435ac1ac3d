// Seats: their statuses and the rules of changing one.
#include "models/seat.h"

#include <stdlib.h>
#include <string.h>

#include "models/hall.h"
#include "shared/json.h"

static const char *const status_names[SEAT_STATUSES] = {"VACANT", "RESERVED", "OCCUPIED", "MAINTENANCE"};

const char *seat_status_name(SeatStatus status) {
  return status_names[status];
}

int seat_status_index(Str name) {
  for (int i = 0; i < SEAT_STATUSES; i++) {
    if (str_equal(name, str_from(status_names[i]))) return i;
  }
  return -1;
}

bool seat_status_from(Str name, SeatStatus *status) {
  int index = seat_status_index(name);
  if (index >= 0) *status = (SeatStatus)index;
  return index >= 0;
}

// Seats as this thread knows them, by their ids: those it has read ahead, in the arena of a call of the transaction, or
// else the last one that was looked for.
static const char SEATS[] = "seats";
typedef struct KnownSeat {
  Seat seat;
  int64_t hall_id;
} KnownSeat;
static _Thread_local struct {
  uint64_t version;
  KnownSeat *seats;
  size_t count;
  KnownSeat last;
} known;

static bool known_counts(Db *db) {
  return known.count > 0 && known.version == db_version_of(db, SEATS);
}

static int compare_ids(const void *key, const void *element) {
  int64_t id = *(const int64_t *)key;
  int64_t other = ((const KnownSeat *)element)->seat.id;
  return (id > other) - (id < other);
}

static KnownSeat *find_known(Db *db, int64_t seat_id) {
  if (!known_counts(db)) return NULL;
  return bsearch(&seat_id, known.seats, known.count, sizeof *known.seats, compare_ids);
}

// Where a statement is a round trip.
static void keep_last(Db *db, int64_t hall_id, const Seat *seat) {
  if (!db_is_shared(db) || known_counts(db)) return;
  known.last = (KnownSeat){*seat, hall_id};
  known.seats = &known.last;
  known.count = 1;
  known.version = db_version_of(db, SEATS);
}

void seat_look_ahead(Db *db, Arena *arena, const int64_t *ids, size_t count) {
  static const char AHEAD[] =
      "SELECT id, hall_id, status, coalesce(reserved_by, 0) FROM seats"
      " WHERE id = ANY(string_to_array($1, ',')::BIGINT[]) ORDER BY id";
  Text list = {.arena = arena};
  known.count = 0;
  if (count == 0) return;
  for (size_t i = 0; i < count; i++) text_list_int(&list, ids[i]);
  known.seats = ARENA_ARRAY(arena, KnownSeat, count);
  Rows rows = db_rows(db, AHEAD, sql_text(text_str(&list)));
  while (known.count < count && rows_next(&rows)) {
    known.seats[known.count++] = (KnownSeat){
        {.id = rows_int(&rows, 0), .status = (SeatStatus)rows_int(&rows, 2), .reserved_by = rows_int(&rows, 3)},
        rows_int(&rows, 1)};
  }
  rows_end(&rows);
  known.version = db_version_of(db, SEATS);
}

Error seat_find(Db *db, int64_t hall_id, int64_t seat_id, Seat *seat) {
  static const char FIND[] = "SELECT status, coalesce(reserved_by, 0) FROM seats WHERE id = $1 AND hall_id = $2";
  static const char FIND_HALL[] = "SELECT 1 FROM halls WHERE id = $1";
  const KnownSeat *found = find_known(db, seat_id);
  if (found != NULL && found->hall_id == hall_id) {
    *seat = found->seat;
    return ERR_NONE;
  }
  Rows rows = db_rows(db, FIND, sql_int(seat_id), sql_int(hall_id));
  if (rows_next(&rows)) {
    *seat = (Seat){.id = seat_id, .status = (SeatStatus)rows_int(&rows, 0), .reserved_by = rows_int(&rows, 1)};
    rows_end(&rows);
    keep_last(db, hall_id, seat);
    return ERR_NONE;
  }
  return db_int(db, FIND_HALL, 0, sql_int(hall_id)) == 1 ? ERR_SEAT_NOT_FOUND : ERR_HALL_NOT_FOUND;
}

void seat_find_all(Call *call, int64_t hall_id, const IdList *ids, Seat *seats) {
  static const char FIND[] =
      "SELECT j.key, s.id, s.status, coalesce(s.reserved_by, 0) FROM json_each($1, '$') j"
      " CROSS JOIN seats s WHERE s.id = j.value AND s.hall_id = $2";
  Text list = {.arena = &call->arena};
  json_open(&list, '[');
  for (size_t i = 0; i < ids->count; i++) json_add_int(&list, ids->ids[i]);
  json_close(&list, ']');
  memset(seats, 0, ids->count * sizeof *seats);
  Rows rows = db_rows(call->db, FIND, sql_text(text_str(&list)), sql_int(hall_id));
  while (rows_next(&rows)) {
    seats[rows_int(&rows, 0)] =
        (Seat){.id = rows_int(&rows, 1), .status = (SeatStatus)rows_int(&rows, 2), .reserved_by = rows_int(&rows, 3)};
  }
}

Error seat_may_change(const Seat *seat, SeatStatus status, SeatAsker asker, bool *changes) {
  *changes = seat->status != status;
  if (asker.staff) return ERR_NONE;
  if (status == SEAT_OCCUPIED || status == SEAT_MAINTENANCE) return ERR_FORBIDDEN;
  bool own = seat->status == SEAT_RESERVED && seat->reserved_by == asker.user_id;
  if (status == SEAT_RESERVED) return seat->status == SEAT_VACANT || own ? ERR_NONE : ERR_SEAT_RESERVED;
  return seat->status == SEAT_VACANT || own ? ERR_NONE : ERR_FORBIDDEN;
}

// Of a seat that changes twice the last change counts.
static void change_known(Db *db, KnownSeat *seat, SeatStatus status, int64_t user_id, int64_t now_ms) {
  static const char CHANGE[] =
      SQL_FORMS("UPDATE seats SET status = $1, reserved_by = $2, updated_at = $3 WHERE id = $4",
                "UPDATE seats SET status = n.status, reserved_by = n.reserved_by, updated_at = n.at FROM"
                " (SELECT DISTINCT ON (id) * FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[])"
                " WITH ORDINALITY AS n(status, reserved_by, at, id, place) ORDER BY id, place DESC) AS n"
                " WHERE seats.id = n.id");
  SqlValue reserver = status == SEAT_RESERVED ? sql_int(user_id) : (SqlValue){.kind = SQL_NULL};
  db_gather(db, CHANGE, sql_int(status), reserver, sql_int(now_ms), sql_int(seat->seat.id));
  seat->seat.status = status;
  seat->seat.reserved_by = status == SEAT_RESERVED ? user_id : 0;
  known.version = db_version_of(db, SEATS);
}

Error seat_change(Db *db, const Seat *seat, SeatStatus status, int64_t user_id, int64_t now_ms) {
  static const char CHANGE[] =
      "UPDATE seats SET status = $1, reserved_by = $2, updated_at = $3 WHERE id = $4 AND status = $5";
  KnownSeat *found = find_known(db, seat->id);
  if (found != NULL) {
    if (found->seat.status != seat->status) return ERR_SEAT_RESERVED;
    change_known(db, found, status, user_id, now_ms);
    return ERR_NONE;
  }
  SqlValue reserver = status == SEAT_RESERVED ? sql_int(user_id) : (SqlValue){.kind = SQL_NULL};
  db_run(db, CHANGE, sql_int(status), reserver, sql_int(now_ms), sql_int(seat->id), sql_int(seat->status));
  return db_changes(db) == 1 ? ERR_NONE : ERR_SEAT_RESERVED;
}

static void list_seats(Text *out, const SeatChanges *changes) {
  json_open(out, '[');
  for (size_t i = 0; i < changes->count; i++) json_add_int(out, changes->seats[i].id);
  json_close(out, ']');
}

Error seat_change_all(Call *call, int64_t hall_id, const SeatChanges *changes) {
  static const char CHANGE[] =
      "UPDATE seats SET status = $1, reserved_by = $2, updated_at = $3"
      " WHERE id IN (SELECT value FROM json_each($4, '$')) AND hall_id = $5 AND status != $1";
  SqlValue reserver = changes->to == SEAT_RESERVED ? sql_int(changes->by) : (SqlValue){.kind = SQL_NULL};
  Text list = {.arena = &call->arena};
  list_seats(&list, changes);
  db_run(call->db, CHANGE, sql_int(changes->to), reserver, sql_int(call->now_ms), sql_text(text_str(&list)),
         sql_int(hall_id));
  return db_changes(call->db) == (int64_t)changes->count ? ERR_NONE : ERR_SEAT_RESERVED;
}

int64_t seat_record(Call *call, int64_t hall_id, const SeatChanges *changes) {
  Text payload = {.arena = &call->arena};
  json_open(&payload, '{');
  json_name(&payload, "to");
  json_add_str(&payload, str_from(seat_status_name(changes->to)));
  json_name(&payload, "by");
  json_add_int(&payload, changes->by);
  json_name(&payload, "seats");
  list_seats(&payload, changes);
  json_name(&payload, "from");
  json_open(&payload, '[');
  for (size_t i = 0; i < changes->count; i++) {
    json_add_str(&payload, str_from(seat_status_name(changes->seats[i].status)));
  }
  json_close(&payload, ']');
  json_close(&payload, '}');
  return call_event(call, hall_topic(&call->arena, hall_id), STR("seats"), text_str(&payload));
}

void seat_write_own(Db *db, Text *out, int64_t hall_id, int64_t user_id) {
  static const char OWN[] = "SELECT id FROM seats WHERE reserved_by = $1 AND hall_id = $2 ORDER BY id";
  Rows rows = db_rows(db, OWN, sql_int(user_id), sql_int(hall_id));
  json_open(out, '[');
  while (rows_next(&rows)) json_add_int(out, rows_int(&rows, 0));
  json_close(out, ']');
}

void seat_write_counts(Text *out, const uint32_t counts[SEAT_STATUSES]) {
  json_open(out, '{');
  for (int status = 0; status < SEAT_STATUSES; status++) {
    json_name(out, seat_status_name((SeatStatus)status));
    json_add_int(out, counts[status]);
  }
  json_close(out, '}');
}
