// A hash table of structs that carry their own link. Belongs to one thread. What is looked up has a hash that its
// sender cannot choose (random names of ours, numbers of ours); the caller compares the rest.
#ifndef FOYER_CORE_LOOKUP_H
#define FOYER_CORE_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct LookupNode {
  struct LookupNode *next;
  uint64_t hash;
} LookupNode;

// All zero is an empty table.
typedef struct Lookup {
  LookupNode **buckets;
  uint32_t count;
  uint32_t capacity;  // a power of two, or 0
} Lookup;

#define LOOKUP_OWNER(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

// The hash of a number of ours. Numbers run 1, 2, 3: mixed, they spread.
static inline uint64_t lookup_hash_of(int64_t number) {
  uint64_t hash = (uint64_t)number * UINT64_C(0x9e3779b97f4a7c15);
  return hash ^ hash >> 32;
}

bool lookup_add(Lookup *lookup, LookupNode *node, uint64_t hash);  // false when memory is out
void lookup_remove(Lookup *lookup, LookupNode *node);
// All of one hash: the first, then what follows it; NULL at the end.
LookupNode *lookup_first(const Lookup *lookup, uint64_t hash);
LookupNode *lookup_next(const LookupNode *node);
void lookup_free(Lookup *lookup);  // the table, not what is in it

#endif
