// A hash table of structs that carry their own link.
#include "core/lookup.h"

#include <stdlib.h>

enum { CAPACITY_LEAST = 64 };

static LookupNode **bucket_of(const Lookup *lookup, uint64_t hash) {
  return &lookup->buckets[hash & (lookup->capacity - 1)];
}

static bool grow(Lookup *lookup) {
  uint32_t capacity = lookup->capacity == 0 ? CAPACITY_LEAST : lookup->capacity * 2;
  Lookup grown = {.count = lookup->count, .capacity = capacity};
  grown.buckets = calloc(capacity, sizeof *grown.buckets);
  if (grown.buckets == NULL) return false;
  for (uint32_t i = 0; i < lookup->capacity; i++) {
    LookupNode *node = lookup->buckets[i];
    while (node != NULL) {
      LookupNode *next = node->next;
      LookupNode **bucket = bucket_of(&grown, node->hash);
      node->next = *bucket;
      *bucket = node;
      node = next;
    }
  }
  free(lookup->buckets);
  *lookup = grown;
  return true;
}

bool lookup_add(Lookup *lookup, LookupNode *node, uint64_t hash) {
  // Crowded is slower and no worse: only a table that never was is a failure.
  if (lookup->count >= lookup->capacity && !grow(lookup) && lookup->capacity == 0) return false;
  LookupNode **bucket = bucket_of(lookup, hash);
  *node = (LookupNode){.next = *bucket, .hash = hash};
  *bucket = node;
  ++lookup->count;
  return true;
}

void lookup_remove(Lookup *lookup, LookupNode *node) {
  LookupNode **at = bucket_of(lookup, node->hash);
  while (*at != node) at = &(*at)->next;
  *at = node->next;
  --lookup->count;
}

LookupNode *lookup_first(const Lookup *lookup, uint64_t hash) {
  if (lookup->capacity == 0) return NULL;
  LookupNode *node = *bucket_of(lookup, hash);
  while (node != NULL && node->hash != hash) node = node->next;
  return node;
}

LookupNode *lookup_next(const LookupNode *node) {
  LookupNode *next = node->next;
  while (next != NULL && next->hash != node->hash) next = next->next;
  return next;
}

void lookup_free(Lookup *lookup) {
  free(lookup->buckets);
  *lookup = (Lookup){0};
}
