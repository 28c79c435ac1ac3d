// What commits have changed of the lines, remembered for a while by their numbers, and what Redis is sent of it. Two
// processes' changes may reach Redis in another order than they were committed in: a script takes a change only after
// the one before, and whoever is refused sends again what is missing.
#include "models/queue_keys.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "models/queue.h"
#include "models/queue_keys_private.h"

enum {
  PLACES_MAX = 1 << 18,  // remembered changes
  MENDED_MAX = 256,      // changes that are sent again at a time: the writer may be waiting for the lock
  PATIENCE = 3           // beats that others have for what they have committed
};

// One commit's changes of places.
typedef struct Change {
  struct Change *next;
  int64_t number;
  int64_t previous;  // of the commit that has changed places before
  size_t count;
  RoomPlace places[];
} Change;

static struct {
  pthread_mutex_t lock;
  QueueKeysSettings settings;
  Change *first;
  Change **tail;
  size_t places;  // in all of them
  int64_t base;   // what was changed after this number is remembered
  int64_t last;   // number of the last change
  int64_t seen;   // of the last commit
  Text told;      // RoomPlace structs of the commit that is being told
  Arena told_arena;
  int64_t mending;  // the last number that was sent again and not answered; 0: none
  int behind;       // beats at which Redis lacked something
  int64_t ahead;    // a number that Redis has and this process has not seen; 0: none
  int ahead_for;    // beats
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};

void keys_lock(void) {
  pthread_mutex_lock(&all.lock);
}

void keys_unlock(void) {
  pthread_mutex_unlock(&all.lock);
}

Redis *keys_redis(void) {
  return all.settings.redis;
}

int64_t keys_seen(void) {
  return all.seen;
}

void keys_wake(void) {
  all.settings.wake();
}

// Remembering.

static void forget_first(void) {
  Change *change = all.first;
  all.first = change->next;
  if (all.first == NULL) all.tail = &all.first;
  all.places -= change->count;
  all.base = change->number;
  free(change);
}

static void forget_changes(int64_t number) {
  while (all.first != NULL) forget_first();
  all.base = all.last = number;
}

void queue_keys_begin(const QueueKeysSettings *settings, const Env *env) {
  all.settings = *settings;
  all.tail = &all.first;
  all.base = all.last = all.seen = settings->seen;
  all.told.arena = &all.told_arena;
  keys_begin_all(env);
}

void queue_keys_free(void) {
  forget_changes(0);
  arena_free(&all.told_arena);
  all.settings.redis = NULL;
}

void queue_keys_committed(const Event *event) {
  if (all.settings.redis == NULL || event->seq > 0) return;
  if (str_equal(event->topic, STR("queue")) && str_equal(event->kind, STR("places")))
    text_add(&all.told, event->payload);
}

// What was told since the commit before, as a change with this number. NULL: there is no memory.
static Change *remember(int64_t number) {
  size_t count = all.told.length / sizeof(RoomPlace);
  Change *change = malloc(sizeof *change + count * sizeof(RoomPlace));
  if (change == NULL || all.told_arena.failed) {
    free(change);
    return NULL;
  }
  *change = (Change){.number = number, .previous = all.last, .count = count};
  memcpy(change->places, all.told.at, count * sizeof(RoomPlace));
  *all.tail = change;
  all.tail = &change->next;
  all.places += count;
  all.last = number;
  while (all.places > PLACES_MAX && all.first != change) forget_first();
  return change;
}

// Sending.

// Applies a change when Redis has all before it; gives the number up to which it is right then, -1 when it has nothing.
static const char APPLY[] =
    "local at = tonumber(redis.call('GET', KEYS[1]) or -1)\n"
    "if at < tonumber(ARGV[1]) or at >= tonumber(ARGV[2]) then return at end\n"
    "for i = 3, #ARGV, 3 do\n"
    "  local concert, user, kind, value = ARGV[i], ARGV[i + 1], ARGV[i + 2]:sub(1, 1), ARGV[i + 2]:sub(2)\n"
    "  local queue, active, slot = 'queue:concert:' .. concert, 'active:concert:' .. concert, 'slot:' .. concert .. "
    "':' .. user\n"
    "  if kind == 'w' then redis.call('ZADD', queue, value, user) else redis.call('ZREM', queue, user) end\n"
    "  if kind == 'a' then\n"
    "    redis.call('SADD', active, user)\n"
    "    redis.call('SET', slot, value, 'PXAT', value)\n"
    "  elseif kind == '' then\n"
    "    redis.call('SREM', active, user)\n"
    "    redis.call('DEL', slot)\n"
    "  end\n"
    "end\n"
    "redis.call('SET', KEYS[1], ARGV[2])\n"
    "return tonumber(ARGV[2])\n";

static Str number_text(Arena *arena, int64_t number) {
  Text text = {.arena = arena};
  text_int(&text, number);
  return text_str(&text);
}

// A double holds 53 bits of a rank's 62: arrivals are the numbers of their rows, lots keep their order below them.
Str keys_place(Arena *arena, int64_t place) {
  Text text = {.arena = arena};
  if (place == ROOM_NONE) return (Str){0};
  text_char(&text, place < 0 ? 'a' : 'w');
  text_int(&text, place < 0                     ? -place
                  : place >= QUEUE_RANK_ARRIVAL ? place - QUEUE_RANK_ARRIVAL
                                                : (place >> 9) - (INT64_C(1) << 53));
  return text_str(&text);
}

static bool send_change(int64_t previous, int64_t number, const RoomPlace *places, size_t count,
                        RedisAnswered answered) {
  Arena arena = {0};
  size_t words_count = 6 + 3 * count;
  Str *words = ARENA_ARRAY(&arena, Str, words_count);
  Str *word = words;
  *word++ = STR("EVAL");
  *word++ = STR(APPLY);
  *word++ = STR("1");
  *word++ = STR(KEYS_MARKER);
  *word++ = number_text(&arena, previous);
  *word++ = number_text(&arena, number);
  for (size_t i = 0; i < count; i++) {
    *word++ = number_text(&arena, places[i].concert_id);
    *word++ = number_text(&arena, places[i].user_id);
    *word++ = keys_place(&arena, places[i].place);
  }
  uint64_t note = (uint64_t)(count > 0 ? number : previous);  // what Redis must have at least, or something is missing
  bool sent = !arena.failed && redis_send_words(all.settings.redis, answered, NULL, note, words, words_count);
  arena_free(&arena);
  return sent;
}

// The number that an answer tells; false: something stands in the way of the keys, and all of them are written anew.
static bool read_marker(const RedisAnswer *answer, int64_t *marker) {
  *marker = answer->integer;
  if (answer->kind == REDIS_INTEGER) return true;
  log_warn("queue keys: refused", "reason=\"%.*s\"", STR_ARG(answer->text));
  keys_want_all();
  return false;
}

static void on_mended(void *arg, uint64_t note, const RedisAnswer *answer) {
  int64_t marker;
  (void)arg;
  keys_lock();
  bool read = read_marker(answer, &marker);
  if ((int64_t)note == all.mending) {
    all.mending = 0;
    if (read && marker >= (int64_t)note) keys_mend(marker);  // with what follows
  }
  keys_unlock();
}

void keys_mend(int64_t marker) {
  int sent = 0;
  if (all.mending != 0 || marker < all.base) return;
  for (const Change *change = all.first; change != NULL && sent < MENDED_MAX; change = change->next) {
    if (change->number <= marker) continue;
    if (!send_change(change->previous, change->number, change->places, change->count, on_mended)) break;
    all.mending = change->number;
    ++sent;
  }
}

static void on_changed(void *arg, uint64_t note, const RedisAnswer *answer) {
  int64_t marker;
  (void)arg;
  keys_lock();
  if (read_marker(answer, &marker) && marker < (int64_t)note) {
    if (marker < 0) keys_want_all();
    keys_mend(marker);
  }
  keys_unlock();
}

void queue_keys_numbered(int64_t number, bool own) {
  if (all.settings.redis == NULL) return;
  keys_lock();
  bool follows = number == all.seen + 1;
  all.seen = number;
  const Change *change = follows && all.told.length > 0 ? remember(number) : NULL;
  if (!follows || (change == NULL && all.told.length > 0)) forget_changes(number);
  if (own && change != NULL) send_change(change->previous, number, change->places, change->count, on_changed);
  keys_unlock();
  arena_reset(&all.told_arena);
  all.told = (Text){.arena = &all.told_arena};
}

// Looking whether it is right.

// What others have committed they write themselves; who does not, has died or has lost Redis.
static void find_behind(int64_t marker, int64_t least) {
  bool lacks = marker < least;
  all.behind = lacks ? all.behind + 1 : 0;
  if (!lacks || (all.settings.shared && all.behind < PATIENCE)) return;
  if (marker < all.base) keys_want_all();
  keys_mend(marker);
}

// A number that is not committed here is of another life of this database, or of another database.
static void find_ahead(int64_t marker) {
  if (all.ahead == 0 && marker > all.seen) {
    all.ahead = marker;
    all.ahead_for = 0;
  }
  if (all.seen >= all.ahead) all.ahead = 0;
  if (all.ahead == 0 || ++all.ahead_for <= PATIENCE) return;
  all.ahead = 0;
  keys_want_all();
}

static void on_beat(void *arg, uint64_t note, const RedisAnswer *answer) {
  int64_t marker;
  (void)arg;
  keys_lock();
  if (read_marker(answer, &marker)) {
    if (marker < 0) keys_want_all();
    find_behind(marker, (int64_t)note);
    find_ahead(marker);
  }
  keys_unlock();
}

// With the look the number goes on to that of the last commit, whatever it has changed, so that who starts later knows
// that nothing is missing.
void queue_keys_beat(bool came) {
  if (all.settings.redis == NULL) return;
  keys_lock();
  if (came) {
    all.mending = 0;
    all.behind = 0;
    keys_forget_all();
  }
  send_change(all.last, all.seen, NULL, 0, on_beat);
  keys_unlock();
}
