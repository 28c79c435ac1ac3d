// The keys written anew from the tables, when Redis has forgotten them, page by page and beside everything else: into
// keys that nobody reads, which take the place of the others at the end. One process does it. What changes meanwhile is
// written again afterwards: a place that is set twice is set once.
#include "core/log.h"
#include "models/queue_keys_private.h"

// So few commands are under way before the next page that Redis answers others promptly beside them.
enum { PAGE = 2000, WAITING_MAX = 64, LOCK_MS = 15000, NEW_MS = 60000, NO_ROOM_MS = 5 };
#define LOCK_KEY "foyer:queue:lock"

typedef enum Stage { STAGE_NONE, STAGE_LOCKING, STAGE_READING, STAGE_ENDING } Stage;

static struct {
  Stage stage;
  uint64_t self;       // this process's number
  uint32_t attempts;   // each has keys of its own
  int64_t since;       // the commit up to which everything was there before the first page; -1: nothing was read yet
  int64_t concert_id;  // the last of what was read
  int64_t user_id;
  int64_t retry_at_ms;
  int64_t places;
} all;

void keys_begin_all(const Env *env) {
  env->random(env->state, &all.self, sizeof all.self);
  all.stage = STAGE_NONE;
}

void keys_forget_all(void) {
  all.stage = STAGE_NONE;
}

static Str own_name(Arena *arena) {
  Text name = {.arena = arena};
  text_format(&name, "%016llx.%u", (unsigned long long)all.self, all.attempts);
  return text_str(&name);
}

static Str new_key(Arena *arena, const char *kind, Str concert) {
  Text key = {.arena = arena};
  text_format(&key, "foyer:queue:new:%.*s:%s:%.*s", STR_ARG(own_name(arena)), kind, STR_ARG(concert));
  return text_str(&key);
}

// Beginning.

static void on_locked(void *arg, uint64_t note, const RedisAnswer *answer) {
  (void)arg, (void)note;
  keys_lock();
  bool locked = all.stage == STAGE_LOCKING && answer->kind == REDIS_TEXT;
  all.stage = locked ? STAGE_READING : STAGE_NONE;
  keys_unlock();
  if (locked) keys_wake();
}

void keys_want_all(void) {
  if (all.stage != STAGE_NONE) return;
  Arena arena = {0};
  ++all.attempts;
  all.since = -1;
  all.concert_id = all.user_id = all.retry_at_ms = all.places = 0;
  Str name = own_name(&arena);
  bool asked =
      redis_send(keys_redis(), on_locked, NULL, 0, "SET " LOCK_KEY " %s NX PX %d", str_zero(&arena, name), LOCK_MS);
  if (asked) all.stage = STAGE_LOCKING;
  arena_free(&arena);
}

int64_t queue_keys_next(int64_t now_ms) {
  int64_t next = INT64_MAX;
  keys_lock();
  if (all.stage == STAGE_READING) next = all.retry_at_ms > now_ms ? all.retry_at_ms : now_ms;
  if (keys_are_due()) next = now_ms;
  keys_unlock();
  return next;
}

// Ending.

// Puts the new keys in the place of the old, unless somebody else is at it by now. Behind each concert's public id
// comes its number, by which its keys were once called.
static const char EXCHANGE[] =
    "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return -1 end\n"
    "for i = 3, #ARGV, 2 do\n"
    "  for _, kind in ipairs({'queue', 'active'}) do\n"
    "    local new = 'foyer:queue:new:' .. ARGV[1] .. ':' .. kind .. ':' .. ARGV[i]\n"
    "    local key = kind .. ':concert:' .. ARGV[i]\n"
    "    redis.call('UNLINK', key, kind .. ':concert:' .. ARGV[i + 1])\n"
    "    if redis.call('EXISTS', new) == 1 then redis.call('RENAME', new, key) redis.call('PERSIST', key) end\n"
    "  end\n"
    "end\n"
    "redis.call('SET', KEYS[2], ARGV[2])\n"
    "redis.call('DEL', KEYS[1], 'foyer:queue')\n"
    "return tonumber(ARGV[2])\n";

static void on_exchanged(void *arg, uint64_t note, const RedisAnswer *answer) {
  (void)arg, (void)note;
  keys_lock();
  if (all.stage == STAGE_ENDING) {
    all.stage = STAGE_NONE;
    if (answer->kind == REDIS_INTEGER && answer->integer >= 0) {
      log_info("queue keys: written anew", "places=%lld commit=%lld", (long long)all.places, (long long)all.since);
      keys_mend(all.since);
    } else {
      log_warn("queue keys: not written anew", "places=%lld reason=\"%.*s\"", (long long)all.places,
               STR_ARG(answer->text));
    }
  }
  keys_unlock();
}

static bool send_exchange(Call *call, int64_t since) {
  static const char COUNT[] = "SELECT count(*) FROM concerts";
  static const char READ[] = "SELECT public_id, id FROM concerts ORDER BY id LIMIT $1";
  Text since_text = {.arena = &call->arena};
  text_int(&since_text, since);
  int64_t concerts = db_int(call->db, COUNT, 0);
  Str *words = ARENA_ARRAY(&call->arena, Str, 7 + 2 * concerts);
  size_t count = 0;
  words[count++] = STR("EVAL");
  words[count++] = STR(EXCHANGE);
  words[count++] = STR("2");
  words[count++] = STR(LOCK_KEY);
  words[count++] = STR(KEYS_MARKER);
  words[count++] = own_name(&call->arena);
  words[count++] = text_str(&since_text);
  Rows rows = db_rows(call->db, READ, sql_int(concerts));
  while (rows_next(&rows)) {
    words[count++] = rows_text(&rows, 0, &call->arena);
    words[count++] = rows_text(&rows, 1, &call->arena);
  }
  rows_end(&rows);
  return !db_failed(call->db) && redis_send_words(keys_redis(), on_exchanged, NULL, 0, words, count);
}

// Pages.

// The words of a command that grows.
typedef struct Command {
  Str words[2 + 2 * PAGE];
  size_t count;
} Command;

typedef struct Page {
  Call *call;
  int64_t concert_id;  // the last of what was read
  int64_t user_id;
  Str concert;  // its public id
  int64_t rows;
  Command *waiting;
  Command *active;
  bool sent;  // all of it, so far
} Page;

static void send_command(Page *page, Command *command) {
  if (command->count > 2) {
    page->sent = redis_send_words(keys_redis(), NULL, NULL, 0, command->words, command->count) &&
                 redis_send(keys_redis(), NULL, NULL, 0, "PEXPIRE %s %d",
                            str_zero(&page->call->arena, command->words[1]), NEW_MS) &&
                 page->sent;
  }
  command->count = 0;
}

static void begin_concert(Page *page, int64_t concert_id, Str concert) {
  send_command(page, page->waiting);
  send_command(page, page->active);
  page->concert_id = concert_id;
  page->concert = concert;
  page->waiting->words[0] = STR("ZADD");
  page->waiting->words[1] = new_key(&page->call->arena, "queue", concert);
  page->active->words[0] = STR("SADD");
  page->active->words[1] = new_key(&page->call->arena, "active", concert);
  page->waiting->count = page->active->count = 2;
}

static void add_place(Page *page, Str user, int64_t place) {
  Arena *arena = &page->call->arena;
  if (place >= 0) {
    Str score = keys_place(arena, place);
    page->waiting->words[page->waiting->count++] = (Str){score.at + 1, score.length - 1};
    page->waiting->words[page->waiting->count++] = user;
  } else {
    page->active->words[page->active->count++] = user;
    page->sent =
        redis_send(keys_redis(), NULL, NULL, 0, "SET slot:%s:%s %lld PXAT %lld", str_zero(arena, page->concert),
                   str_zero(arena, user), (long long)-place, (long long)-place) &&
        page->sent;
  }
}

static void write_page(Page *page) {
  static const char READ[] =
      "SELECT concert_id, user_id, CASE status WHEN 'waiting' THEN rank ELSE -slot_until END,"
      " (SELECT coalesce(public_id, CAST(id AS TEXT)) FROM users WHERE id = user_id),"
      " (SELECT public_id FROM concerts WHERE id = concert_id) FROM queue_places"
      " WHERE status IN ('waiting', 'active') AND (concert_id, user_id) > ($1, $2) ORDER BY concert_id, user_id LIMIT "
      "$3";
  Arena *arena = &page->call->arena;
  Rows rows = db_rows(page->call->db, READ, sql_int(page->concert_id), sql_int(page->user_id), sql_int(PAGE));
  while (rows_next(&rows)) {
    int64_t concert_id = rows_int(&rows, 0);
    if (page->rows == 0 || concert_id != page->concert_id) begin_concert(page, concert_id, rows_text(&rows, 4, arena));
    page->user_id = rows_int(&rows, 1);
    add_place(page, rows_text(&rows, 3, arena), rows_int(&rows, 2));
    ++page->rows;
  }
  rows_end(&rows);
  send_command(page, page->waiting);
  send_command(page, page->active);
  page->sent = redis_send(keys_redis(), NULL, NULL, 0, "PEXPIRE " LOCK_KEY " %d", LOCK_MS) && page->sent;
}

// Whether there is a page to be read now, and which.
static bool begin_page(Page *page, uint32_t *attempt, int64_t *since) {
  keys_lock();
  bool reads = all.stage == STAGE_READING;
  bool has_room = redis_figures(keys_redis()).waiting < WAITING_MAX;
  if (reads && !has_room) all.retry_at_ms = page->call->now_ms + NO_ROOM_MS;
  if (reads && all.since < 0) all.since = keys_seen();  // before the first look at the tables
  *attempt = all.attempts;
  *since = all.since;
  page->concert_id = all.concert_id;
  page->user_id = all.user_id;
  keys_unlock();
  return reads && has_room;
}

static void write_next_page(Call *call, bool *more) {
  uint32_t attempt;
  int64_t since;
  Page page = {.call = call, .sent = true};
  if (!begin_page(&page, &attempt, &since)) return;
  page.waiting = ARENA_NEW(&call->arena, Command);
  page.active = ARENA_NEW(&call->arena, Command);
  write_page(&page);
  if (db_failed(call->db)) return;  // it is tried again
  bool last = page.rows < PAGE;
  if (last) {  // the answer may come at once
    keys_lock();
    if (all.stage == STAGE_READING && all.attempts == attempt) all.stage = STAGE_ENDING;
    keys_unlock();
    page.sent = page.sent && send_exchange(call, since);
  }
  keys_lock();
  if (all.attempts == attempt && all.stage != STAGE_NONE) {
    all.concert_id = page.concert_id;
    all.user_id = page.user_id;
    all.places += page.rows;
    if (!page.sent) all.stage = STAGE_NONE;  // the next beat finds out
    *more = all.stage == STAGE_READING;
  }
  keys_unlock();
}

void queue_keys_write(Call *call, bool *more) {
  *more = false;
  keys_send_changes(call);
  write_next_page(call, more);
}
