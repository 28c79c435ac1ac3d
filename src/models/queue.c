// The line in the table `queue_places`. A place is waiting, then active, then over; each move is one conditional
// update, and what it frees is given on in the same transaction.
#include "models/queue.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "models/waiting_room.h"
#include "shared/ids.h"

enum { MINUTE_MS = 60000, RATE_SPACE_MS = 1000 };

// Telling: the memory of all changes at once, each person of the own.

typedef struct Moves {
  Call *call;
  const Concert *concert;
  Text places;  // RoomPlace structs
  int64_t count;
} Moves;

static Moves moves_begin(Call *call, const Concert *concert) {
  return (Moves){.call = call, .concert = concert, .places.arena = &call->arena};
}

static void moves_add(Moves *moves, int64_t user_id, int64_t place) {
  RoomPlace change = {moves->concert->id, user_id, place};
  text_add(&moves->places, (Str){(const char *)&change, sizeof change});
  ++moves->count;
}

static void tell_person(Moves *moves, int64_t user_id, Str status, int64_t slot_until) {
  Text topic = {.arena = &moves->call->arena};
  Text payload = {.arena = &moves->call->arena};
  text_add(&topic, STR("account:"));
  text_int(&topic, user_id);
  json_open(&payload, '{');
  json_put_str(&payload, "what", STR("queue"));
  json_put_str(&payload, "concertId", moves->concert->public_id);
  json_put_str(&payload, "status", status);
  if (slot_until > 0) {
    json_put_time(&payload, "slotExpiresAt", slot_until);
  }
  json_close(&payload, '}');
  call_signal(moves->call, text_str(&topic), STR("queue"), text_str(&payload));
}

static void moves_end(Moves *moves) {
  waiting_room_tell_places(moves->call, text_str(&moves->places));
}

// Admitting.

// What has opened stays open when the clock is set back.
static bool is_open(const Concert *concert, int64_t now_ms) {
  return concert->opened || concert->opens_at <= now_ms;
}

static bool admits(const Concert *concert, int64_t now_ms) {
  return !concert->closed && !concert->paused && is_open(concert, now_ms);
}

// How many the operator's rate lets in now, counted from *from; *next is when it lets in more. What was not used is
// kept for a second only, so that nobody storms in after a pause. What was used far ahead of now is of a clock that was
// set back.
static int64_t rate_allows(const Concert *concert, int64_t now_ms, int64_t *from, int64_t *next) {
  *next = INT64_MAX;
  if (concert->rate_a_minute == 0) return INT64_MAX;
  int64_t space_ms = (MINUTE_MS + concert->rate_a_minute - 1) / concert->rate_a_minute;
  if (space_ms < RATE_SPACE_MS) space_ms = RATE_SPACE_MS;
  bool usable = concert->rate_used_to > now_ms - space_ms && concert->rate_used_to <= now_ms + space_ms;
  *from = usable ? concert->rate_used_to : now_ms - space_ms;
  *next = *from + space_ms > now_ms ? *from + space_ms : now_ms + space_ms;
  return *from < now_ms ? (now_ms - *from) * concert->rate_a_minute / MINUTE_MS : 0;
}

static int64_t admit_first(Call *call, const Concert *concert, int64_t count) {
  static const char ADMIT[] =
      "UPDATE queue_places SET status = 'active', admitted_at = $1, slot_until = $2 WHERE id IN (SELECT id FROM"
      " queue_places WHERE concert_id = $3 AND status = 'waiting' ORDER BY rank LIMIT $4) RETURNING user_id";
  int64_t until_ms = call->now_ms + call->config->slot_ms;
  Moves moves = moves_begin(call, concert);
  Rows rows = db_rows(call->db, ADMIT, sql_int(call->now_ms), sql_int(until_ms), sql_int(concert->id), sql_int(count));
  while (rows_next(&rows)) {
    int64_t user_id = rows_int(&rows, 0);
    moves_add(&moves, user_id, -until_ms);
    tell_person(&moves, user_id, STR("active"), until_ms);
  }
  moves_end(&moves);
  return moves.count;
}

static void count_admitted(Call *call, const Concert *concert, int64_t count, int64_t from) {
  static const char COUNT[] =
      "UPDATE concerts SET active = active + $1, admitted = admitted + $1, rate_used_to = $2 WHERE id = $3";
  int64_t used_to = concert->rate_used_to;
  if (concert->rate_a_minute > 0) {
    used_to = from + (count * MINUTE_MS + concert->rate_a_minute - 1) / concert->rate_a_minute;
  }
  db_run(call->db, COUNT, sql_int(count), sql_int(used_to), sql_int(concert->id));
}

// Gives how many were admitted; *again is when there may be more to admit.
static int64_t admit(Call *call, int64_t concert_id, int64_t *again) {
  Concert concert;
  int64_t from = 0;
  *again = INT64_MAX;
  if (!concert_find_by_id(call->db, &call->arena, concert_id, &concert) || !admits(&concert, call->now_ms)) return 0;
  int64_t limit = concert_available(call->db, concert_id);
  if (limit > call->config->max_active_users) limit = call->config->max_active_users;
  int64_t free = limit - concert.active;
  if (free <= 0) return 0;
  int64_t allowed = rate_allows(&concert, call->now_ms, &from, again);
  int64_t count = free < allowed ? free : allowed;
  if (count > QUEUE_STEP_MAX) count = QUEUE_STEP_MAX;
  int64_t admitted = count > 0 ? admit_first(call, &concert, count) : 0;
  if (admitted > 0) count_admitted(call, &concert, admitted, from);
  if (admitted == QUEUE_STEP_MAX) *again = call->now_ms;
  if (admitted < count) *again = INT64_MAX;  // nobody waits any more
  return admitted;
}

// Admits, and records what has changed.
static void admit_and_tell(Call *call, int64_t concert_id) {
  int64_t again;
  bool admitted = admit(call, concert_id, &again) > 0;
  if (concert_note_sold_out(call, concert_id) || admitted) concert_changed(call, concert_id);
  if (again != INT64_MAX) waiting_room_tell_sooner(call, concert_id, again);
}

void queue_admit(Call *call, int64_t concert_id) {
  admit_and_tell(call, concert_id);
}

// Ending.

static void count_ended(Call *call, int64_t concert_id, int64_t count) {
  static const char COUNT[] = "UPDATE concerts SET active = active - $1 WHERE id = $2";
  db_run(call->db, COUNT, sql_int(count), sql_int(concert_id));
}

static void end_place(Call *call, const Concert *concert, bool was_active) {
  Moves moves = moves_begin(call, concert);
  moves_add(&moves, call->who.user_id, ROOM_NONE);
  tell_person(&moves, call->who.user_id, STR("none"), 0);
  moves_end(&moves);
  if (was_active) count_ended(call, concert->id, 1);
}

bool queue_is_active(Db *db, int64_t concert_id, int64_t user_id, int64_t now_ms) {
  static const char FIND[] =
      "SELECT 1 FROM queue_places WHERE concert_id = $1 AND user_id = $2 AND status IN ('waiting', 'active')"
      " AND status = 'active' AND slot_until > $3";
  return db_int(db, FIND, 0, sql_int(concert_id), sql_int(user_id), sql_int(now_ms)) != 0;
}

void queue_complete(Call *call, int64_t concert_id, int64_t user_id) {
  static const char END[] =
      "UPDATE queue_places SET status = 'completed' WHERE concert_id = $1 AND user_id = $2"
      " AND status IN ('waiting', 'active') AND status = 'active'";
  Concert concert;
  db_run(call->db, END, sql_int(concert_id), sql_int(user_id));
  if (db_changes(call->db) == 0 || !concert_find_by_id(call->db, &call->arena, concert_id, &concert)) return;
  Moves moves = moves_begin(call, &concert);
  moves_add(&moves, user_id, ROOM_NONE);
  tell_person(&moves, user_id, STR("none"), 0);
  moves_end(&moves);
  count_ended(call, concert_id, 1);
  admit_and_tell(call, concert_id);
}

Error queue_leave(Call *call, int64_t concert_id) {
  static const char LEAVE[] =
      "UPDATE queue_places SET status = 'left' WHERE concert_id = $1 AND user_id = $2"
      " AND status IN ('waiting', 'active') RETURNING slot_until IS NOT NULL";
  Concert concert;
  if (!concert_find_by_id(call->db, &call->arena, concert_id, &concert)) return ERR_CONCERT_NOT_FOUND;
  int64_t was_active = db_int(call->db, LEAVE, -1, sql_int(concert_id), sql_int(call->who.user_id));
  if (was_active < 0) return ERR_NONE;
  end_place(call, &concert, was_active != 0);
  if (was_active != 0) admit_and_tell(call, concert_id);
  return ERR_NONE;
}

static int64_t end_slots(Call *call, const Concert *concert) {
  static const char END[] =
      "UPDATE queue_places SET status = 'expired' WHERE id IN (SELECT id FROM queue_places WHERE concert_id = $1"
      " AND status = 'active' AND slot_until <= $2 ORDER BY slot_until LIMIT $3) RETURNING user_id";
  Moves moves = moves_begin(call, concert);
  Rows rows = db_rows(call->db, END, sql_int(concert->id), sql_int(call->now_ms), sql_int(QUEUE_STEP_MAX));
  while (rows_next(&rows)) {
    int64_t user_id = rows_int(&rows, 0);
    moves_add(&moves, user_id, ROOM_NONE);
    tell_person(&moves, user_id, STR("none"), 0);
  }
  moves_end(&moves);
  if (moves.count > 0) count_ended(call, concert->id, moves.count);
  return moves.count;
}

bool queue_empty(Call *call, const Concert *concert) {
  static const char EMPTY[] =
      "UPDATE queue_places SET status = CASE status WHEN 'active' THEN 'expired' ELSE 'left' END WHERE id IN (SELECT id"
      " FROM queue_places WHERE concert_id = $1 AND status IN ('waiting', 'active') ORDER BY user_id LIMIT $2)"
      " RETURNING user_id, slot_until IS NOT NULL";
  int64_t active = 0;
  Moves moves = moves_begin(call, concert);
  Rows rows = db_rows(call->db, EMPTY, sql_int(concert->id), sql_int(QUEUE_STEP_MAX));
  while (rows_next(&rows)) {
    int64_t user_id = rows_int(&rows, 0);
    active += rows_int(&rows, 1) != 0;
    moves_add(&moves, user_id, ROOM_NONE);
    tell_person(&moves, user_id, STR("none"), 0);
  }
  moves_end(&moves);
  if (active > 0) count_ended(call, concert->id, active);
  return moves.count < QUEUE_STEP_MAX;
}

// Joining.

// The first 62 bits of HMAC-SHA256(the seed's bytes, the person's public id): whoever leaves and comes again before the
// opening has drawn the same.
static int64_t draw_lot(Call *call, int64_t concert_id) {
  static const char READ[] =
      "SELECT c.seed, coalesce(u.public_id, CAST(u.id AS TEXT)) FROM concerts c, users u WHERE c.id = $1 AND u.id = $2";
  unsigned char digest[EVP_MAX_MD_SIZE];
  Str seed = {0};
  Str person = {0};
  Rows rows = db_rows(call->db, READ, sql_int(concert_id), sql_int(call->who.user_id));
  if (rows_next(&rows) && ids_from_hex(&call->arena, rows_peek(&rows, 0), &seed)) {
    person = rows_text(&rows, 1, &call->arena);
  }
  rows_end(&rows);
  if (person.length == 0 || HMAC(EVP_sha256(), seed.at, (int)seed.length, (const unsigned char *)person.at,
                                 person.length, digest, NULL) == NULL) {
    call->arena.failed = true;  // the call fails
    return 0;
  }
  uint64_t lot = 0;
  for (int i = 0; i < 8; i++) lot = lot << 8 | digest[i];
  return (int64_t)(lot >> 2);
}

// The number that the next row will have. The thread that enters people knows it from the one before, for as long as
// nothing else may have changed the table.
static _Thread_local struct {
  uint64_t version;
  int64_t id;
} next_place;

static const char PLACES[] = "queue_places";

static int64_t next_id(Db *db) {
  static const char NEXT[] = "SELECT coalesce(max(id), 0) + 1 FROM queue_places";
  return next_place.version == db_version_of(db, PLACES) ? next_place.id : db_int(db, NEXT, 0);
}

// Who has no place yet, as this thread has read it ahead, in the arena of a call of the transaction.
static _Thread_local struct {
  uint64_t version;
  QueueNewcomer *newcomers;
  size_t count;
} ahead;

void queue_look_ahead(Db *db, Arena *arena, const QueueNewcomer *asked, size_t count) {
  static const char AHEAD[] =
      "SELECT n.user_id, n.concert_id FROM unnest(string_to_array($1, ',')::BIGINT[], string_to_array($2, "
      "',')::BIGINT[])"
      " AS n(user_id, concert_id) WHERE (SELECT count(*) FROM queue_places q WHERE q.concert_id = n.concert_id"
      " AND q.user_id = n.user_id AND q.status IN ('waiting', 'active')) = 0";
  Text users = {.arena = arena};
  Text concerts = {.arena = arena};
  for (size_t i = 0; i < count; i++) {
    text_list_int(&users, asked[i].user_id);
    text_list_int(&concerts, asked[i].concert_id);
  }
  ahead.count = 0;
  if (count == 0) return;
  ahead.newcomers = ARENA_ARRAY(arena, QueueNewcomer, count);
  Rows rows = db_rows(db, AHEAD, sql_text(text_str(&users)), sql_text(text_str(&concerts)));
  while (ahead.count < count && rows_next(&rows))
    ahead.newcomers[ahead.count++] = (QueueNewcomer){rows_int(&rows, 0), rows_int(&rows, 1)};
  rows_end(&rows);
  next_place.id = next_id(db);
  next_place.version = ahead.version = db_version_of(db, PLACES);
}

// Whether the caller was found to have no place; he is about to have one.
static bool take_newcomer(Call *call, int64_t concert_id) {
  bool found = false;
  if (ahead.count == 0 || ahead.version != db_version_of(call->db, PLACES)) return false;
  for (size_t i = 0; i < ahead.count; i++) {
    QueueNewcomer *one = &ahead.newcomers[i];
    if (one->user_id != call->who.user_id || one->concert_id != concert_id) continue;
    *one = (QueueNewcomer){0};  // also where he asks again
    found = true;
  }
  return found;
}

// Of one who arrives and is known to have no place: nothing need be waited for. The row's number may be higher than
// what was expected of it, as PostgreSQL leaves numbers out; the order is the same.
static int64_t enter_newcomer(Call *call, int64_t concert_id) {
  static const char ENTER[] = SQL_FORMS(
      "INSERT INTO queue_places(concert_id, user_id, rank, entered_at, status) VALUES($1, $2, $3, $4, 'waiting')",
      "INSERT INTO queue_places(concert_id, user_id, rank, entered_at, status) SELECT n.*, 'waiting'"
      " FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[]) AS n");
  int64_t id = next_id(call->db);
  int64_t rank = QUEUE_RANK_ARRIVAL + id;
  db_gather(call->db, ENTER, sql_int(concert_id), sql_int(call->who.user_id), sql_int(rank), sql_int(call->now_ms));
  next_place.version = ahead.version = db_version_of(call->db, PLACES);
  next_place.id = id + 1;
  return rank;
}

// Puts the caller into the line; the rank he has there, -1 when he has a place already (or somebody his very lot).
static int64_t enter(Call *call, int64_t concert_id, int64_t lot) {
  static const char ENTER[] =
      "INSERT INTO queue_places(concert_id, user_id, rank, entered_at, status) VALUES($1, $2, $3, $4, 'waiting')"
      " ON CONFLICT DO NOTHING";
  if (lot < 0 && take_newcomer(call, concert_id)) return enter_newcomer(call, concert_id);
  int64_t rank = lot >= 0 ? lot : QUEUE_RANK_ARRIVAL + next_id(call->db);
  int64_t id =
      db_insert(call->db, ENTER, sql_int(concert_id), sql_int(call->who.user_id), sql_int(rank), sql_int(call->now_ms));
  if (id == 0) return -1;
  next_place.version = db_version_of(call->db, PLACES);
  next_place.id = id + 1;
  return rank;
}

// The caller's open place; false when there is none. A slot that is over is none.
static bool find_place(Call *call, const Concert *concert, bool *active, bool *over) {
  static const char FIND[] =
      "SELECT slot_until FROM queue_places WHERE concert_id = $1 AND user_id = $2 AND status IN ('waiting', 'active')";
  int64_t until_ms = db_int(call->db, FIND, -1, sql_int(concert->id), sql_int(call->who.user_id));
  *over = until_ms > 0 && until_ms <= call->now_ms;
  *active = until_ms > call->now_ms;
  return until_ms >= 0 && !*over;
}

static void end_slot(Call *call, const Concert *concert) {
  static const char END[] =
      "UPDATE queue_places SET status = 'expired' WHERE concert_id = $1 AND user_id = $2"
      " AND status IN ('waiting', 'active')";
  db_run(call->db, END, sql_int(concert->id), sql_int(call->who.user_id));
  end_place(call, concert, true);
}

static int64_t take_rank(Call *call, const Concert *concert, bool *active, bool *had_place) {
  int64_t lot = is_open(concert, call->now_ms) ? -1 : draw_lot(call, concert->id);
  int64_t rank = enter(call, concert->id, lot);
  bool over;
  *had_place = false;
  // A second try follows when the place was a slot that is over, or when two people have drawn the very same lot.
  for (int tries = 0; rank < 0 && tries < 3 && !db_failed(call->db); tries++) {
    *had_place = find_place(call, concert, active, &over);
    if (*had_place) return -1;
    if (over) end_slot(call, concert);
    rank = enter(call, concert->id, lot >= 0 ? lot + tries : lot);
  }
  return rank;
}

// The first who comes after the opening opens: with it the order is that of arrival, for good.
static bool open_when_due(Call *call, const Concert *concert) {
  static const char OPEN[] = "UPDATE concerts SET opened = 1 WHERE id = $1 AND opened = 0";
  if (concert->opened || concert->closed || concert->opens_at > call->now_ms) return false;
  db_run(call->db, OPEN, sql_int(concert->id));
  return true;
}

Error queue_join(Call *call, const Concert *concert, bool *active) {
  bool had_place = false;
  bool over;
  *active = false;
  if (concert->closed || concert->draining)
    return find_place(call, concert, active, &over) ? ERR_NONE : ERR_QUEUE_CLOSED;
  int64_t rank = take_rank(call, concert, active, &had_place);
  if (had_place) return ERR_NONE;
  if (rank < 0) return ERR_INTERNAL;
  if (open_when_due(call, concert)) concert_changed(call, concert->id);
  Moves moves = moves_begin(call, concert);
  moves_add(&moves, call->who.user_id, rank);
  moves_end(&moves);
  if (admits(concert, call->now_ms) && concert->active < call->config->max_active_users) {
    admit_and_tell(call, concert->id);
    *active = queue_is_active(call->db, concert->id, call->who.user_id, call->now_ms);
  }
  return ERR_NONE;
}

// Time.

bool queue_tick(Call *call, int64_t concert_id) {
  static const char NEXT_END[] =
      "SELECT coalesce(min(slot_until), 9223372036854775807) FROM queue_places WHERE concert_id = $1"
      " AND status = 'active'";
  Concert concert;
  int64_t again;
  if (!concert_find_by_id(call->db, &call->arena, concert_id, &concert)) return false;
  bool opens = open_when_due(call, &concert);
  bool all_ended = end_slots(call, &concert) < QUEUE_STEP_MAX;
  int64_t admitted = admit(call, concert_id, &again);
  if (concert_note_sold_out(call, concert_id) || admitted > 0 || opens) concert_changed(call, concert_id);
  waiting_room_tell_sale(call, concert_id, true);
  int64_t next = db_int(call->db, NEXT_END, INT64_MAX, sql_int(concert_id));
  waiting_room_tell_next(call, concert_id, again < next ? again : next);
  return !all_ended || admitted == QUEUE_STEP_MAX;
}
