// Sessions in the tables, and their refresh tokens.
#include "models/session.h"

#include <string.h>

#include "core/auth.h"
#include "shared/agent.h"
#include "shared/ids.h"

enum { SID_CHARACTERS = 24, GRACE_MS = 30 * 1000, TOUCH_MS = 5 * 60 * 1000, MESSENGER_SESSIONS = 5 };

static const char messenger[] = "messenger";

int64_t session_access_ms(const Config *config, const char *door) {
  enum { HOUR_MS = 3600 * 1000, SEATS_HOURS = 5 * 24, TICKETS_HOURS = 9 };
  if (config->access_seconds > 0) return config->access_seconds * 1000;
  if (strcmp(door, messenger) == 0) return HOUR_MS;
  return (int64_t)(strcmp(door, "seats") == 0 ? SEATS_HOURS : TICKETS_HOURS) * HOUR_MS;
}

// How long a refresh token of a door is good: REFRESH_SECONDS, or the door's own habit.
static int64_t refresh_ms(const Config *config, const char *door) {
  enum { DAY_MS = 24 * 3600 * 1000, YEAR_DAYS = 365, WEEK_DAYS = 7 };
  if (config->refresh_seconds > 0) return config->refresh_seconds * 1000;
  return (int64_t)DAY_MS * (strcmp(door, messenger) == 0 ? YEAR_DAYS : WEEK_DAYS);
}

// Finding.

#define SHOWN_NAME "coalesce(u.username, u.name, substr(u.email, 1, instr(u.email, '@') - 1), '')"

#define IDENTITY_SELECT(sid)                                                           \
  "SELECT u.id, " SHOWN_NAME                                                           \
  ", u.public_id, u.role = 'staff', s.last_used_at, s.id FROM sessions s JOIN users u" \
  " ON u.id = s.user_id WHERE s.id = " sid " AND s.ended_at IS NULL AND u.deleted_at IS NULL"

static Identity read_identity(const Rows *rows, Arena *arena) {
  return (Identity){.user_id = rows_int(rows, 0),
                    .username = rows_text(rows, 1, arena),
                    .public_id = rows_text(rows, 2, arena),
                    .staff = rows_int(rows, 3) != 0,
                    .used_ms = rows_int(rows, 4),
                    .sid = rows_text(rows, 5, arena)};
}

// What this thread has read ahead, in the arena of a call of the transaction.
static const char SESSIONS[] = "sessions";
static const char USERS[] = "users";
static _Thread_local struct {
  uint64_t sessions_version;
  uint64_t users_version;
  Identity *identities;
  size_t count;
} ahead;

static bool ahead_counts(Db *db) {
  return ahead.count > 0 && ahead.sessions_version == db_version_of(db, SESSIONS) &&
         ahead.users_version == db_version_of(db, USERS);
}

static Identity *find_ahead(Db *db, Str sid) {
  if (!ahead_counts(db)) return NULL;
  for (size_t i = 0; i < ahead.count; i++) {
    if (str_equal(ahead.identities[i].sid, sid)) return &ahead.identities[i];
  }
  return NULL;
}

void session_look_ahead(Db *db, Call *calls) {
  // OFFSET 0 keeps PostgreSQL from joining the tables as a whole.
  static const char AHEAD[] =
      "SELECT f.* FROM unnest(string_to_array($1, ',')) AS n(sid), LATERAL (" IDENTITY_SELECT("n.sid") " OFFSET 0) f";
  Text sids = {.arena = &calls->arena};
  size_t room = 0;
  ahead.count = 0;
  for (const Call *call = calls; call != NULL; call = call->next) {
    if (call->identify == NULL || call->who.sid.length == 0) continue;
    if (room++ > 0) text_char(&sids, ',');
    text_add(&sids, call->who.sid);
  }
  if (room == 0) return;
  ahead.identities = ARENA_ARRAY(&calls->arena, Identity, room);
  Rows rows = db_rows(db, AHEAD, sql_text(text_str(&sids)));
  while (ahead.count < room && rows_next(&rows)) ahead.identities[ahead.count++] = read_identity(&rows, &calls->arena);
  rows_end(&rows);
  ahead.sessions_version = db_version_of(db, SESSIONS);
  ahead.users_version = db_version_of(db, USERS);
}

bool session_find(Db *db, Arena *arena, Str sid, Identity *who) {
  static const char FIND[] = IDENTITY_SELECT("$1");
  const Identity *known = find_ahead(db, sid);
  if (known != NULL) {
    *who = identity_copy(arena, known);
    return true;
  }
  Rows rows = db_rows(db, FIND, sql_text(sid));
  if (!rows_next(&rows)) return false;
  *who = read_identity(&rows, arena);
  rows_end(&rows);
  return true;
}

int64_t session_user_of(Db *db, Arena *arena, const Call *call) {
  Identity who;
  if (call->identify == NULL) return call->who.user_id;
  return session_find(db, arena, call->who.sid, &who) ? who.user_id : 0;
}

bool session_is_of(Db *db, int64_t user_id, Str sid) {
  static const char FIND[] = "SELECT 1 FROM sessions WHERE id = $1 AND user_id = $2 AND ended_at IS NULL";
  return db_int(db, FIND, 0, sql_text(sid), sql_int(user_id)) != 0;
}

bool session_is_at(Call *call, Str sid, Str os, Str browser) {
  static const char FIND[] =
      "SELECT 1 FROM sessions WHERE id = $1 AND door = 'messenger' AND ip = $2 AND os = $3 AND browser = $4"
      " AND ended_at IS NULL";
  return db_int(call->db, FIND, 0, sql_text(sid), sql_text(call->peer), sql_text(os), sql_text(browser)) != 0;
}

static void touch(Call *call, int64_t key) {
  static const char TOUCH[] =
      SQL_FORMS("UPDATE sessions SET last_used_at = $1 WHERE id = $2 AND ended_at IS NULL",
                "UPDATE sessions SET last_used_at = (SELECT max(at) FROM unnest($1::BIGINT[]) AS n(at))"
                " WHERE id = ANY($2::TEXT[]) AND ended_at IS NULL");
  (void)key;
  db_gather(call->db, TOUCH, sql_int(call->now_ms), sql_text(call->who.sid));
}

void session_touch(Call *call) {
  if (call->who.used_ms >= call->now_ms - TOUCH_MS) return;
  call_at_end(call, touch, (int64_t)str_hash(call->who.sid));
}

// Opening.

// How long a session of a door may stand without a new token.
static int64_t longest_ms(const Config *config, const char *door) {
  int64_t access = session_access_ms(config, door);
  int64_t refresh = refresh_ms(config, door);
  return access > refresh ? access : refresh;
}

// Each new one takes two away that ended long ago, and two of its door whose tokens expired as long ago.
static void forget_old(Call *call, const char *door) {
  enum { KEPT_DAYS = 90 };
  static const char ENDED[] =
      "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE ended_at < $1 ORDER BY ended_at LIMIT 2)";
  static const char EXPIRED[] =
      "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE door = $1 AND ended_at IS NULL"
      " AND last_used_at < $2 AND coalesce(rotated_at, created_at) < $2"
      " ORDER BY coalesce(rotated_at, created_at) LIMIT 2)";
  int64_t before_ms = call->now_ms - (int64_t)KEPT_DAYS * 24 * 3600 * 1000;
  db_run(call->db, ENDED, sql_int(before_ms));
  db_run(call->db, EXPIRED, sql_text(str_from(door)), sql_int(before_ms - longest_ms(call->config, door)));
}

static void add(Call *call, int64_t user_id, const char *door, const char *device, Str os, Str browser) {
  static const char ADD[] =
      "INSERT INTO sessions(id, user_id, door, agent, ip, created_at, last_used_at, device, os, browser)"
      " VALUES($1, $2, $3, $4, $5, $6, $6, $7, $8, $9)";
  Str sid = ids_random(&call->arena, &call->env, SID_CHARACTERS);
  forget_old(call, door);
  db_run(call->db, ADD, sql_text(sid), sql_int(user_id), sql_text(str_from(door)), sql_text(call->agent),
         sql_text(call->peer), sql_int(call->now_ms), sql_text(str_from(device)), sql_text(os), sql_text(browser));
  if (!session_find(call->db, &call->arena, sid, &call->granted)) return;  // the database failed, and so does the call
  call->granted.expires_ms = call->now_ms + session_access_ms(call->config, door);
}

void session_open(Call *call, int64_t user_id, const char *door) {
  Agent agent = agent_read(call->agent);
  add(call, user_id, door, agent.device, str_from(agent.os), str_from(agent.browser));
}

// Refresh tokens.

// REFRESH_SECRET, or one of our own making from JWT_SECRET.
static Str refresh_secret(Arena *arena, const Config *config) {
  if (config->refresh_secret.length > 0) return config->refresh_secret;
  return auth_mac(arena, config->jwt_secret, STR("refresh tokens"));
}

Str session_refresh_token(Arena *arena, const Config *config, Str public_id, Str sid, int64_t refreshed_ms) {
  Text payload = {.arena = arena};
  Text jti = {.arena = arena};
  text_format(&jti, "%.*s-%lld", STR_ARG(sid), (long long)refreshed_ms);
  json_open(&payload, '{');
  json_put_str(&payload, "userId", public_id);
  json_put_str(&payload, "sid", sid);
  json_put_str(&payload, "jti", text_str(&jti));
  json_put_str(&payload, "typ", STR("refresh"));
  json_put_int(&payload, "iat", refreshed_ms / 1000);
  json_put_int(&payload, "exp", refreshed_ms / 1000 + refresh_ms(config, "tickets") / 1000);
  json_close(&payload, '}');
  return auth_jwt_sign(arena, refresh_secret(arena, config), text_str(&payload));
}

Str session_opaque_token(Arena *arena, const Config *config, Str sid, int64_t refreshed_ms) {
  Text token = {.arena = arena};
  for (int half = 1; half <= 2; half++) {  // of 64 digits
    Text what = {.arena = arena};
    text_format(&what, "%d:%.*s:%lld", half, STR_ARG(sid), (long long)refreshed_ms);
    text_add(&token, auth_mac(arena, refresh_secret(arena, config), text_str(&what)));
  }
  return text_str(&token);
}

static Str token_of(Call *call, const Identity *who, const char *door) {
  return strcmp(door, messenger) == 0
             ? session_opaque_token(&call->arena, call->config, who->sid, who->refreshed_ms)
             : session_refresh_token(&call->arena, call->config, who->public_id, who->sid, who->refreshed_ms);
}

// Grants the session with a new token, which becomes its current one. It is later than the one before it, so that it is
// another.
static void renew(Call *call, const Identity *who, int64_t rotated_at, const char *door) {
  static const char KEEP[] =
      "UPDATE sessions SET superseded_hash = refresh_hash, refresh_hash = $1, rotated_at = $2, last_used_at = $3"
      " WHERE id = $4";
  call->granted = *who;
  call->granted.expires_ms = call->now_ms + session_access_ms(call->config, door);
  call->granted.refreshed_ms = call->now_ms > rotated_at ? call->now_ms : rotated_at + 1;
  Str token = token_of(call, &call->granted, door);
  db_run(call->db, KEEP, sql_text(auth_digest(&call->arena, token)), sql_int(call->granted.refreshed_ms),
         sql_int(call->now_ms), sql_text(who->sid));
}

void session_open_refreshed(Call *call, int64_t user_id, const char *door) {
  session_open(call, user_id, door);
  Identity who = call->granted;
  renew(call, &who, 0, door);
}

// A genuine refresh token names its session.
static bool open_token(Call *call, Str token, Str *sid) {
  const Json *claims;
  Str type;
  Error error = auth_jwt_verify(&call->arena, refresh_secret(&call->arena, call->config), token, call->now_ms, &claims);
  return error == ERR_NONE && json_str(json_get(claims, "typ"), &type) && str_equal(type, STR("refresh")) &&
         json_str(json_get(claims, "sid"), sid);
}

typedef struct Hashes {
  Str current;
  Str superseded;
  int64_t rotated_at;
} Hashes;

static bool find_hashes(Call *call, Str sid, Hashes *hashes) {
  static const char FIND[] = "SELECT refresh_hash, superseded_hash, rotated_at FROM sessions WHERE id = $1";
  Rows rows = db_rows(call->db, FIND, sql_text(sid));
  if (!rows_next(&rows)) return false;
  *hashes = (Hashes){rows_text(&rows, 0, &call->arena), rows_text(&rows, 1, &call->arena), rows_int(&rows, 2)};
  rows_end(&rows);
  return hashes->current.length > 0;
}

// Judges a refresh token of a session.
static Error refresh(Call *call, const Identity *who, Str token, const char *door) {
  Hashes hashes;
  if (!find_hashes(call, who->sid, &hashes)) return ERR_INVALID_REFRESH_TOKEN;
  if (hashes.rotated_at + refresh_ms(call->config, door) <= call->now_ms) return ERR_INVALID_REFRESH_TOKEN;
  Str hash = auth_digest(&call->arena, token);
  if (auth_equal(hash, hashes.current)) {
    renew(call, who, hashes.rotated_at, door);
  } else if (auth_equal(hash, hashes.superseded) && call->now_ms - hashes.rotated_at <= GRACE_MS) {
    call->granted = *who;
    call->granted.expires_ms = call->now_ms + session_access_ms(call->config, door);
    call->granted.refreshed_ms = hashes.rotated_at;
  } else {
    session_end_all(call, who->user_id);
    call->refusal = ERR_INVALID_REFRESH_TOKEN;
  }
  return ERR_NONE;
}

Error session_refresh(Call *call, Str token, const char *door) {
  Str sid;
  Identity who;
  bool stands = open_token(call, token, &sid) && session_find(call->db, &call->arena, sid, &who);
  return stands ? refresh(call, &who, token, door) : ERR_INVALID_REFRESH_TOKEN;
}

// At the messenger door.

// The session of a person at this address, system and browser.
static bool find_at(Call *call, int64_t user_id, Str os, Str browser, Identity *who) {
  static const char FIND[] =
      "SELECT id FROM sessions WHERE user_id = $1 AND door = 'messenger' AND ip = $2 AND os = $3 AND browser = $4"
      " AND ended_at IS NULL";
  Rows rows = db_rows(call->db, FIND, sql_int(user_id), sql_text(call->peer), sql_text(os), sql_text(browser));
  if (!rows_next(&rows)) return false;
  Str sid = rows_text(&rows, 0, &call->arena);
  rows_end(&rows);
  return session_find(call->db, &call->arena, sid, who);
}

// So that one more may be opened: the oldest ends.
static void make_room(Call *call, int64_t user_id) {
  static const char SURPLUS[] =
      "SELECT id FROM sessions WHERE user_id = $1 AND door = 'messenger' AND ended_at IS NULL"
      " ORDER BY created_at DESC, rowid DESC LIMIT 1 OFFSET $2";
  for (;;) {
    Rows rows = db_rows(call->db, SURPLUS, sql_int(user_id), sql_int(MESSENGER_SESSIONS - 1));
    if (!rows_next(&rows)) return;
    Str sid = rows_text(&rows, 0, &call->arena);
    rows_end(&rows);
    session_end(call, user_id, sid);
    if (db_failed(call->db)) return;
  }
}

void session_open_at(Call *call, int64_t user_id, Str os, Str browser) {
  Hashes hashes = {0};
  Identity who;
  if (find_at(call, user_id, os, browser, &who)) {
    find_hashes(call, who.sid, &hashes);
  } else {
    make_room(call, user_id);
    add(call, user_id, messenger, agent_read(call->agent).device, os, browser);
    who = call->granted;
  }
  renew(call, &who, hashes.rotated_at, messenger);
}

Error session_refresh_at(Call *call, int64_t user_id, Str token, Str os, Str browser) {
  Identity who;
  return find_at(call, user_id, os, browser, &who) ? refresh(call, &who, token, messenger) : ERR_INVALID_REFRESH_TOKEN;
}

// Ending.

static void tell_ended(Call *call, int64_t user_id, const char *kind, Str sid) {
  Text topic = {.arena = &call->arena};
  text_format(&topic, "session:%lld", (long long)user_id);
  call_signal(call, text_str(&topic), str_from(kind), sid);
  Text account = {.arena = &call->arena};
  text_format(&account, "account:%lld", (long long)user_id);
  call_signal(call, text_str(&account), STR("sessions"), STR("{\"what\":\"sessions\"}"));
}

static void end_one(Call *call, int64_t user_id, Str sid, const char *kind) {
  static const char END[] = "UPDATE sessions SET ended_at = $1 WHERE id = $2 AND ended_at IS NULL";
  db_run(call->db, END, sql_int(call->now_ms), sql_text(sid));
  if (db_changes(call->db) > 0) tell_ended(call, user_id, kind, sid);
}

bool session_signal_ends(const Event *signal, Str sid) {
  if (str_equal(signal->kind, STR("ended_all"))) return true;
  return str_equal(sid, signal->payload) != str_equal(signal->kind, STR("ended_others"));
}

void session_end(Call *call, int64_t user_id, Str sid) {
  end_one(call, user_id, sid, "ended");
}

void session_leave(Call *call, int64_t user_id, Str sid) {
  end_one(call, user_id, sid, "left");
}

void session_end_others(Call *call, int64_t user_id, Str kept) {
  static const char END[] = "UPDATE sessions SET ended_at = $1 WHERE user_id = $2 AND id != $3 AND ended_at IS NULL";
  db_run(call->db, END, sql_int(call->now_ms), sql_int(user_id), sql_text(kept));
  tell_ended(call, user_id, kept.length > 0 ? "ended_others" : "ended_all", kept);
}

void session_end_all(Call *call, int64_t user_id) {
  session_end_others(call, user_id, (Str){0});
}

// The list.

static void write_session(Text *out, const Rows *rows, Str current) {
  static const char *const texts[] = {"id", "door", "device", "os", "browser", "ip"};
  json_open(out, '{');
  for (int i = 0; i < 6; i++) {
    json_put_str(out, texts[i], rows_peek(rows, i));
  }
  json_put_time(out, "createdAt", rows_int(rows, 6));
  json_put_time(out, "lastUsedAt", rows_int(rows, 7));
  json_put_bool(out, "current", str_equal(rows_peek(rows, 0), current));
  json_close(out, '}');
}

void session_write_list(Call *call, Text *out, int64_t user_id, Str current) {
  // One whose last token has expired is over, though nobody has ended it. That may be a cookie, of its last use or
  // later.
  static const char LIST[] =
      "SELECT id, door, device, os, browser, ip, created_at, last_used_at FROM sessions WHERE user_id = $1"
      " AND ended_at IS NULL AND (last_used_at + $2 > $3 OR coalesce(rotated_at, created_at)"
      " + CASE WHEN refresh_hash IS NULL THEN $2 WHEN door = 'messenger' THEN $4 ELSE $5 END > $3)"
      " ORDER BY last_used_at DESC, id";
  Rows rows = db_rows(call->db, LIST, sql_int(user_id), sql_int(session_access_ms(call->config, "seats")),
                      sql_int(call->now_ms), sql_int(refresh_ms(call->config, messenger)),
                      sql_int(refresh_ms(call->config, "tickets")));
  json_open(out, '[');
  while (rows_next(&rows)) write_session(out, &rows, current);
  json_close(out, ']');
}
