// What commits have changed of the lines, remembered for a while by their numbers, and what Redis is to be sent of it:
// by queue_keys_send.c, on a reader. Two processes' changes may reach Redis in another order than they were committed
// in: it takes a change only after the one before, and whoever is refused sends again what is missing.
#include "models/queue_keys.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "models/queue_keys_private.h"

enum {
  PLACES_MAX = 1 << 18,     // remembered changes
  TAKEN_PLACES_MAX = 2000,  // changes that are sent at a time: the writer may be waiting for the lock
  PATIENCE = 3              // beats that others have for what they have committed
};

static struct {
  pthread_mutex_t lock;
  QueueKeysSettings settings;
  KeysChange *first;
  KeysChange **tail;
  size_t places;  // in all of them
  int64_t base;   // what was changed after this number is remembered
  int64_t last;   // number of the last change
  int64_t seen;   // of the last commit
  Text told;      // RoomPlace structs of the commit that is being told
  Arena told_arena;
  KeysChange *unsent;  // whatever is to be sent is this or follows it; NULL: nothing is
  int64_t lacks;       // Redis has everything up to this number, and what follows is to be sent again; -1: nothing is
  int64_t mending;     // the last number that was sent again and not answered; 0: none
  int behind;          // beats at which Redis lacked something
  int64_t ahead;       // a number that Redis has and this process has not seen; 0: none
  int ahead_for;       // beats
} all = {.lock = PTHREAD_MUTEX_INITIALIZER, .lacks = -1};

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
  KeysChange *change = all.first;
  all.first = change->next;
  if (all.unsent == change) all.unsent = change->next;
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
static KeysChange *remember(int64_t number) {
  size_t count = all.told.length / sizeof(RoomPlace);
  KeysChange *change = malloc(sizeof *change + count * sizeof(RoomPlace));
  if (change == NULL || all.told_arena.failed) {
    free(change);
    return NULL;
  }
  *change = (KeysChange){.number = number, .previous = all.last, .count = count};
  memcpy(change->places, all.told.at, count * sizeof(RoomPlace));
  *all.tail = change;
  all.tail = &change->next;
  all.places += count;
  all.last = number;
  while (all.places > PLACES_MAX && all.first != change) forget_first();
  return change;
}

// What is to be sent.

bool keys_are_due(void) {
  return all.unsent != NULL || all.lacks >= 0;
}

// Adds a copy to what is taken; false when that is enough.
static bool take(KeysTaken *taken, Arena *arena, const KeysChange *change) {
  enum { MAX = sizeof taken->changes / sizeof taken->changes[0] };
  taken->changes[taken->count++] = arena_copy(arena, change, sizeof *change + change->count * sizeof(RoomPlace));
  taken->places += change->count;
  return taken->count < MAX && taken->places < TAKEN_PLACES_MAX;
}

static void take_missing(KeysTaken *taken, Arena *arena) {
  bool more = true;
  for (const KeysChange *change = all.first; more && change != NULL; change = change->next) {
    if (change->number <= all.lacks) continue;
    more = take(taken, arena, change);
    all.mending = change->number;
  }
  all.lacks = -1;
}

static void take_own(KeysTaken *taken, Arena *arena) {
  bool more = true;
  for (; more && all.unsent != NULL; all.unsent = all.unsent->next)
    if (all.unsent->own) more = take(taken, arena, all.unsent);
}

void keys_take(KeysTaken *taken, Arena *arena) {
  keys_lock();
  taken->mends = all.lacks >= 0;
  if (taken->mends) {
    take_missing(taken, arena);
  } else {
    take_own(taken, arena);
  }
  keys_unlock();
}

void keys_not_sent(const KeysTaken *taken) {
  if (!taken->mends) return;
  keys_lock();
  all.mending = 0;  // the next beat finds out
  keys_unlock();
}

void keys_mend(int64_t marker) {
  if (all.mending != 0 || marker < all.base || marker >= all.last) return;
  all.lacks = marker;
  keys_wake();
}

// What Redis answers.

// The number that an answer tells; false: something stands in the way of the keys, and all of them are written anew.
static bool read_marker(const RedisAnswer *answer, int64_t *marker) {
  *marker = answer->integer;
  if (answer->kind == REDIS_INTEGER) return true;
  log_warn("queue keys: refused", "reason=\"%.*s\"", STR_ARG(answer->text));
  keys_want_all();
  return false;
}

void keys_on_mended(void *arg, uint64_t note, const RedisAnswer *answer) {
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

void keys_on_changed(void *arg, uint64_t note, const RedisAnswer *answer) {
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
  KeysChange *change = follows && all.told.length > 0 ? remember(number) : NULL;
  if (!follows || (change == NULL && all.told.length > 0)) forget_changes(number);
  if (change != NULL) change->own = own && redis_has_room(all.settings.redis);
  bool wakes = change != NULL && change->own && all.unsent == NULL;
  if (wakes) all.unsent = change;
  keys_unlock();
  if (wakes) keys_wake();
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
    all.lacks = -1;
    all.mending = 0;
    all.behind = 0;
    keys_forget_all();
  }
  keys_send(&(KeysChange){.previous = all.last, .number = all.seen}, NULL, on_beat);
  keys_unlock();
}
