// Tokens and whose they are: a table by the token's SipHash-128 (with a key that nobody knows, so that no two tokens
// can be made to collide), and beside it one by person. The oldest make room for new ones. That a token is not known is
// told by the first table alone: what it holds lies far apart.
#include "controllers/identity_cache.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "models/session.h"
#include "shared/id_map.h"

enum { HEADS = 65536, KNOWN_MAX = 262144 };

typedef struct Known {
  struct Known *next_by_user;
  TokenKey key;
  uint32_t place;  // in `places`
  Identity identity;
  char texts[];
} Known;

struct IdentityCache {
  unsigned char secret[crypto_shorthash_siphashx24_KEYBYTES];
  uint64_t epoch;
  uint32_t oldest;
  IdMap *by_key;  // half of a key to a place; two with the same half hide each other
  Known *by_user[HEADS];
  Known *places[KNOWN_MAX];  // in the order of their coming, round and round
};

_Static_assert(sizeof(TokenKey) == crypto_shorthash_siphashx24_BYTES, "a key is one SipHash-128");

IdentityCache *identity_cache_new(void) {
  IdentityCache *cache = calloc(1, sizeof *cache);
  if (cache == NULL) return NULL;
  cache->by_key = id_map_new();
  if (cache->by_key == NULL) {
    free(cache);
    return NULL;
  }
  randombytes_buf(cache->secret, sizeof cache->secret);
  return cache;
}

void identity_cache_free(IdentityCache *cache) {
  if (cache == NULL) return;
  identity_cache_clear(cache);
  id_map_free(cache->by_key);
  free(cache);
}

TokenKey identity_cache_key(const IdentityCache *cache, Str token) {
  TokenKey key;
  crypto_shorthash_siphashx24(key.bytes, (const unsigned char *)token.at, token.length, cache->secret);
  return key;
}

static int64_t half_of(const TokenKey *key) {
  int64_t half;
  memcpy(&half, key->bytes, sizeof half);
  return half | 1;  // the map has no 0
}

static Known **head_of_user(IdentityCache *cache, int64_t user_id) {
  return &cache->by_user[(uint64_t)user_id * 0x9e3779b97f4a7c15 >> 48];
}

static Known *find(IdentityCache *cache, const TokenKey *key) {
  int64_t place;
  if (!id_map_get(cache->by_key, half_of(key), &place)) return NULL;
  Known *known = cache->places[place];
  return memcmp(&known->key, key, sizeof *key) == 0 ? known : NULL;
}

static void forget(IdentityCache *cache, Known *known) {
  id_map_remove(cache->by_key, half_of(&known->key));
  Known **link = head_of_user(cache, known->identity.user_id);
  while (*link != known) link = &(*link)->next_by_user;
  *link = known->next_by_user;
  cache->places[known->place] = NULL;
  free(known);
}

Identity *identity_cache_find(IdentityCache *cache, const TokenKey *key, int64_t now_ms) {
  Known *known = find(cache, key);
  return known != NULL && known->identity.expires_ms > now_ms ? &known->identity : NULL;
}

uint64_t identity_cache_epoch(const IdentityCache *cache) {
  return cache->epoch;
}

static Str keep(char **at, Str text) {
  if (text.length > 0) memcpy(*at, text.at, text.length);
  Str kept = {*at, text.length};
  *at += text.length;
  return kept;
}

void identity_cache_add(IdentityCache *cache, const TokenKey *key, const Identity *identity, uint64_t epoch) {
  if (epoch != cache->epoch || find(cache, key) != NULL) return;
  size_t texts = identity->username.length + identity->public_id.length + identity->sid.length;
  Known *known = malloc(sizeof *known + texts);
  if (known == NULL) return;  // it is looked up again
  *known = (Known){.key = *key, .identity = *identity, .place = cache->oldest};
  char *at = known->texts;
  known->identity.username = keep(&at, identity->username);
  known->identity.public_id = keep(&at, identity->public_id);
  known->identity.sid = keep(&at, identity->sid);
  if (cache->places[known->place] != NULL) forget(cache, cache->places[known->place]);
  if (!id_map_set(cache->by_key, half_of(key), known->place)) {
    free(known);
    return;
  }
  cache->places[known->place] = known;
  cache->oldest = (cache->oldest + 1) % KNOWN_MAX;
  Known **head = head_of_user(cache, identity->user_id);
  known->next_by_user = *head;
  *head = known;
}

void identity_cache_clear(IdentityCache *cache) {
  ++cache->epoch;
  for (uint32_t i = 0; i < KNOWN_MAX; i++) {
    if (cache->places[i] != NULL) forget(cache, cache->places[i]);
  }
}

void identity_cache_signal(IdentityCache *cache, const Event *event) {
  Str number = event->topic;
  int64_t user_id;
  if (!str_equal(str_cut(&number, ':'), STR("session")) || !str_to_int(number, &user_id)) return;
  ++cache->epoch;
  Known *known = *head_of_user(cache, user_id);
  while (known != NULL) {
    Known *next = known->next_by_user;
    if (known->identity.user_id == user_id && session_signal_ends(event, known->identity.sid)) forget(cache, known);
    known = next;
  }
}
