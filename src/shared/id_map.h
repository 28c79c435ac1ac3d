// A map from ids to 64-bit values, of any size. It is many small hash tables, so that growing is never one long step.
// No locks: one thread at a time.
#ifndef FOYER_SHARED_ID_MAP_H
#define FOYER_SHARED_ID_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct IdMap IdMap;

IdMap *id_map_new(void);  // NULL when memory is out
void id_map_free(IdMap *map);

bool id_map_set(IdMap *map, int64_t id, int64_t value);         // id is not 0; false when memory is out
bool id_map_get(const IdMap *map, int64_t id, int64_t *value);  // false: it is not there
void id_map_remove(IdMap *map, int64_t id);
size_t id_map_count(const IdMap *map);
size_t id_map_bytes(const IdMap *map);  // memory it takes

#endif
