// Open addressing with linear probing in each of a fixed number of tables.
#include "shared/id_map.h"

#include <stdlib.h>

enum { TABLE_BITS = 10, TABLES = 1 << TABLE_BITS, FIRST_ENTRIES = 4 };

typedef struct Entry {
  int64_t id;  // 0: empty
  int64_t value;
} Entry;

typedef struct Table {
  Entry *entries;
  uint32_t count;
  uint32_t capacity;  // a power of two, or 0
} Table;

struct IdMap {
  Table tables[TABLES];
  size_t count;
};

IdMap *id_map_new(void) {
  return calloc(1, sizeof(IdMap));
}

void id_map_free(IdMap *map) {
  if (map == NULL) return;
  for (size_t i = 0; i < TABLES; i++) free(map->tables[i].entries);
  free(map);
}

// The finalizer of MurmurHash3: ids that follow each other are spread. The table takes its low bits, the entry the
// rest.
static uint64_t hash(int64_t id) {
  uint64_t h = (uint64_t)id;
  h ^= h >> 33;
  h *= 0xff51afd7ed558ccdULL;
  h ^= h >> 33;
  h *= 0xc4ceb9fe1a85ec53ULL;
  return h ^ h >> 33;
}

static uint32_t home(const Table *table, int64_t id) {
  return (uint32_t)(hash(id) >> TABLE_BITS) & (table->capacity - 1);
}

// Where the id is or would be put. The table has an empty entry.
static uint32_t find(const Table *table, int64_t id) {
  uint32_t at = home(table, id);
  while (table->entries[at].id != 0 && table->entries[at].id != id) at = (at + 1) & (table->capacity - 1);
  return at;
}

static bool grow(Table *table) {
  Table grown = {.capacity = table->capacity == 0 ? FIRST_ENTRIES : table->capacity * 2, .count = table->count};
  grown.entries = calloc(grown.capacity, sizeof *grown.entries);
  if (grown.entries == NULL) return false;
  for (uint32_t i = 0; i < table->capacity; i++) {
    if (table->entries[i].id != 0) grown.entries[find(&grown, table->entries[i].id)] = table->entries[i];
  }
  free(table->entries);
  *table = grown;
  return true;
}

bool id_map_set(IdMap *map, int64_t id, int64_t value) {
  Table *table = &map->tables[hash(id) % TABLES];
  // Three quarters full at most.
  if ((table->count + 1) * 4 > table->capacity * 3 && !grow(table)) return false;
  Entry *entry = &table->entries[find(table, id)];
  if (entry->id == 0) {
    ++table->count;
    ++map->count;
  }
  *entry = (Entry){id, value};
  return true;
}

bool id_map_get(const IdMap *map, int64_t id, int64_t *value) {
  const Table *table = &map->tables[hash(id) % TABLES];
  if (table->count == 0) return false;
  const Entry *entry = &table->entries[find(table, id)];
  if (entry->id == 0) return false;
  *value = entry->value;
  return true;
}

void id_map_remove(IdMap *map, int64_t id) {
  Table *table = &map->tables[hash(id) % TABLES];
  if (table->count == 0) return;
  uint32_t hole = find(table, id);
  if (table->entries[hole].id == 0) return;
  --table->count;
  --map->count;
  // Those behind move up when the hole lies between their home and them, so that a search never stops too early.
  uint32_t mask = table->capacity - 1;
  for (uint32_t at = (hole + 1) & mask; table->entries[at].id != 0; at = (at + 1) & mask) {
    uint32_t from_home = (at - home(table, table->entries[at].id)) & mask;
    if (from_home < ((at - hole) & mask)) continue;
    table->entries[hole] = table->entries[at];
    hole = at;
  }
  table->entries[hole].id = 0;
}

size_t id_map_count(const IdMap *map) {
  return map->count;
}

size_t id_map_bytes(const IdMap *map) {
  size_t bytes = sizeof *map;
  for (size_t i = 0; i < TABLES; i++) bytes += map->tables[i].capacity * sizeof(Entry);
  return bytes;
}
