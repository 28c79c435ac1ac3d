// A hash table of texts that end by themselves, under one lock.
#include "core/fast.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <uv.h>

// A rate may stand in one of RATE_WAYS places; when all are taken, the one that ends first makes room.
enum { FAST_BUCKETS = 4096, FAST_ENTRIES_MAX = 200000, RATE_SETS = 65536, RATE_WAYS = 4 };

typedef struct Rate {
  uint64_t key;
  int64_t until_ms;
  int64_t count;
  int64_t untold;    // of a shared one: counted here, and Redis does not know
  int64_t asked_ms;  // when Redis was told last; 0: its answer has come
} Rate;

typedef struct Entry {
  struct Entry *next;
  int64_t until_ms;
  int64_t count;
  uint32_t key_bytes;
  uint32_t value_bytes;
  char bytes[];  // key, then value
} Entry;

struct Fast {
  uv_mutex_t lock;
  uint32_t entries;
  uint32_t sweep_at;  // next bucket to rid of what has ended
  Entry *buckets[FAST_BUCKETS];
  unsigned char secret[crypto_shorthash_KEYBYTES];
  Redis *redis;
  unsigned char shared_secret[crypto_shorthash_KEYBYTES];
  Rate rates[RATE_SETS][RATE_WAYS];
};

Str fast_key(Arena *arena, const char *what, Str who) {
  Text key = {.arena = arena};
  text_format(&key, "%s:%.*s", what, STR_ARG(who));
  return text_str(&key);
}

// Mapped, so that of these megabytes only what is used is ever touched, however often one is made.
Fast *fast_new(void) {
  Fast *fast = mmap(NULL, sizeof *fast, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (fast == MAP_FAILED) return NULL;
  if (uv_mutex_init(&fast->lock) != 0) {
    munmap(fast, sizeof *fast);
    return NULL;
  }
  randombytes_buf(fast->secret, sizeof fast->secret);
  return fast;
}

void fast_free(Fast *fast) {
  for (int i = 0; i < FAST_BUCKETS; i++) {
    while (fast->buckets[i] != NULL) {
      Entry *entry = fast->buckets[i];
      fast->buckets[i] = entry->next;
      free(entry);
    }
  }
  uv_mutex_destroy(&fast->lock);
  munmap(fast, sizeof *fast);
}

static Entry **find(Fast *fast, Str key) {
  Entry **link = &fast->buckets[str_hash(key) % FAST_BUCKETS];
  while (*link != NULL && !str_equal((Str){(*link)->bytes, (*link)->key_bytes}, key)) link = &(*link)->next;
  return link;
}

static void unlink_entry(Fast *fast, Entry **link) {
  Entry *entry = *link;
  if (entry == NULL) return;
  *link = entry->next;
  free(entry);
  --fast->entries;
}

// Rids two buckets of what has ended: every addition pays for a little cleaning, so the table stays small.
static void sweep(Fast *fast, int64_t now_ms) {
  bool full = fast->entries >= FAST_ENTRIES_MAX;
  for (int i = 0; i < 2; i++) {
    Entry **link = &fast->buckets[fast->sweep_at++ % FAST_BUCKETS];
    while (*link != NULL) {
      if ((*link)->until_ms <= now_ms || full) {
        unlink_entry(fast, link);
      } else {
        link = &(*link)->next;
      }
    }
  }
}

// Replaces what stands under the key. NULL when memory is out.
static Entry *put(Fast *fast, Str key, Str value, int64_t until_ms, int64_t now_ms) {
  sweep(fast, now_ms);
  unlink_entry(fast, find(fast, key));
  Entry *entry = malloc(sizeof *entry + key.length + value.length);
  if (entry == NULL) return NULL;
  Entry **bucket = &fast->buckets[str_hash(key) % FAST_BUCKETS];
  *entry = (Entry){
      .next = *bucket, .until_ms = until_ms, .key_bytes = (uint32_t)key.length, .value_bytes = (uint32_t)value.length};
  memcpy(entry->bytes, key.at, key.length);
  if (value.length > 0) memcpy(entry->bytes + key.length, value.at, value.length);
  *bucket = entry;
  ++fast->entries;
  return entry;
}

int64_t fast_count(Fast *fast, Str key, int64_t by, int64_t window_ms, int64_t now_ms) {
  uv_mutex_lock(&fast->lock);
  Entry *entry = *find(fast, key);
  bool counted = entry != NULL && entry->until_ms > now_ms;
  // Who only asks begins no window.
  if (!counted && by != 0) entry = put(fast, key, (Str){0}, now_ms + window_ms, now_ms);
  int64_t count = counted || (by != 0 && entry != NULL) ? (entry->count += by) : by;
  uv_mutex_unlock(&fast->lock);
  return count;
}

bool fast_put(Fast *fast, Str key, Str value, int64_t until_ms) {
  uv_mutex_lock(&fast->lock);
  bool kept = put(fast, key, value, until_ms, 0) != NULL;
  uv_mutex_unlock(&fast->lock);
  return kept;
}

bool fast_get(Fast *fast, Str key, int64_t now_ms, Arena *arena, Str *value) {
  uv_mutex_lock(&fast->lock);
  Entry *entry = *find(fast, key);
  bool found = entry != NULL && entry->until_ms > now_ms;
  if (found) *value = str_copy(arena, (Str){entry->bytes + entry->key_bytes, entry->value_bytes});
  uv_mutex_unlock(&fast->lock);
  return found;
}

void fast_remove(Fast *fast, Str key) {
  uv_mutex_lock(&fast->lock);
  unlink_entry(fast, find(fast, key));
  uv_mutex_unlock(&fast->lock);
}

void fast_apply(Fast *fast, const FastChange *changes) {
  for (const FastChange *change = changes; change != NULL; change = change->next) {
    switch (change->kind) {
      case FAST_COUNTED:
        fast_count(fast, change->key, change->by, change->window_ms, change->at_ms);
        break;
      case FAST_PUT:
        fast_put(fast, change->key, change->value, change->at_ms + change->window_ms);
        break;
      case FAST_REMOVED:
        fast_remove(fast, change->key);
        break;
    }
  }
}

static uint64_t key_of(const unsigned char *secret, const char *what, Str who) {
  enum { KEY_BYTES_MAX = 128 };
  unsigned char text[KEY_BYTES_MAX];
  size_t length = strlen(what);
  if (length > sizeof text / 2) length = sizeof text / 2;
  memcpy(text, what, length);
  if (who.length > sizeof text - length) who.length = sizeof text - length;
  if (who.length > 0) memcpy(text + length, who.at, who.length);
  uint64_t key;
  crypto_shorthash((unsigned char *)&key, text, length + who.length, secret);
  return key;
}

uint64_t fast_rate_key(const Fast *fast, const char *what, Str who) {
  return key_of(fast->secret, what, who);
}

// The place of a rate, or the one that it takes; under the lock.
static Rate *find_rate(Fast *fast, uint64_t key) {
  Rate *set = fast->rates[key % RATE_SETS];
  Rate *first_to_end = &set[0];
  for (int i = 0; i < RATE_WAYS; i++) {
    if (set[i].key == key) return &set[i];
    if (set[i].until_ms < first_to_end->until_ms) first_to_end = &set[i];
  }
  return first_to_end;
}

static FastRate count_rate(Rate *found, uint64_t key, int64_t by, int64_t window_ms, int64_t now_ms) {
  Rate rate = {.key = key, .until_ms = now_ms + window_ms};
  if (found->key == key && found->until_ms > now_ms) rate = *found;
  rate.count += by;
  if (by != 0) *found = rate;
  return (FastRate){.count = rate.count, .until_ms = rate.until_ms};
}

FastRate fast_rate(Fast *fast, uint64_t key, int64_t by, int64_t window_ms, int64_t now_ms) {
  uv_mutex_lock(&fast->lock);
  FastRate rate = count_rate(find_rate(fast, key), key, by, window_ms, now_ms);
  uv_mutex_unlock(&fast->lock);
  return rate;
}

// Rates of all processes.

void fast_share_rates(Fast *fast, Redis *redis, Str secret) {
  static const unsigned char use[] = "rates of addresses";
  crypto_generichash(fast->shared_secret, sizeof fast->shared_secret, (const unsigned char *)secret.at, secret.length,
                     use, sizeof use);
  fast->redis = redis;
}

// How much Redis is to be told now: one command of a key is under way at a time, so that a flood of requests is none of
// commands. An answer that was lost is not waited for.
static int64_t take_untold(Rate *rate, int64_t now_ms) {
  enum { LOST_MS = 2000 };
  bool asks = rate->asked_ms == 0 || now_ms - rate->asked_ms > LOST_MS || now_ms < rate->asked_ms;
  int64_t untold = asks ? rate->untold : 0;
  if (untold == 0) return 0;
  rate->untold = 0;
  rate->asked_ms = now_ms;
  return untold;
}

static void correct_rate(void *arg, uint64_t key, const RedisAnswer *answer) {
  Fast *fast = arg;
  uv_mutex_lock(&fast->lock);
  Rate *rate = find_rate(fast, key);
  if (rate->key == key && rate->asked_ms != 0) {
    if (answer->kind == REDIS_INTEGER) rate->count = answer->integer + rate->untold;
    rate->asked_ms = 0;
  }
  uv_mutex_unlock(&fast->lock);
}

// In one step: a key that was made anew between two would have no end.
static void tell_rate(Fast *fast, uint64_t key, int64_t by, int64_t window_ms) {
  static const char COUNT[] =
      "local n = redis.call('INCRBY', KEYS[1], ARGV[1])"
      " if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return n";
  char name[32], added[24], lasts[24];
  snprintf(name, sizeof name, "rate:%016" PRIx64, key);
  snprintf(added, sizeof added, "%" PRId64, by);
  snprintf(lasts, sizeof lasts, "%" PRId64, window_ms);
  const Str words[] = {STR("EVAL"), str_from(COUNT), STR("1"), str_from(name), str_from(added), str_from(lasts)};
  redis_send_words(fast->redis, correct_rate, fast, key, words, sizeof words / sizeof words[0]);
}

FastRate fast_rate_shared(Fast *fast, const char *what, Str who, int64_t by, int64_t window_ms, int64_t now_ms) {
  uint64_t key = key_of(fast->shared_secret, what, who);
  bool tells = redis_has_room(fast->redis);
  uv_mutex_lock(&fast->lock);
  Rate *found = find_rate(fast, key);
  FastRate rate = count_rate(found, key, by, window_ms, now_ms);
  if (by != 0) found->untold += by;
  int64_t untold = tells && by != 0 ? take_untold(found, now_ms) : 0;
  uv_mutex_unlock(&fast->lock);
  if (untold != 0) {
    tell_rate(fast, key, untold, window_ms);
  }
  return rate;
}
