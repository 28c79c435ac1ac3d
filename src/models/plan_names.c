// Names to numbers, by a hash table with open addressing whose memory is an arena's.
#include "models/plan_names.h"

#include <assert.h>

enum { SLOTS_AT_FIRST = 64 };

// The slot that holds `name`, or the free one where it belongs.
static size_t find_slot(const PlanNames *names, Str name) {
  size_t mask = names->slot_count - 1;
  size_t at = (size_t)str_hash(name) & mask;
  while (names->slots[at] != 0 && !str_equal(names->names[names->slots[at] - 1], name)) {
    at = (at + 1) & mask;
  }
  return at;
}

// Doubles the room; the older arrays stay in the arena.
static void grow(PlanNames *names) {
  const Str *old = names->names;
  names->slot_count = names->slot_count == 0 ? SLOTS_AT_FIRST : names->slot_count * 2;
  names->slots = ARENA_ARRAY(names->arena, uint32_t, names->slot_count);
  names->names = ARENA_ARRAY(names->arena, Str, names->slot_count / 2);
  for (size_t i = 0; i < names->count; i++) {
    names->names[i] = old[i];
    names->slots[find_slot(names, old[i])] = (uint32_t)i + 1;
  }
}

size_t plan_names_add(PlanNames *names, Str name, bool *added) {
  assert(names->arena != NULL);
  if (names->count >= names->slot_count / 2) grow(names);
  size_t slot = find_slot(names, name);
  bool is_new = names->slots[slot] == 0;
  if (is_new) {
    names->names[names->count++] = name;
    names->slots[slot] = (uint32_t)names->count;
  }
  if (added != NULL) *added = is_new;
  return names->slots[slot] - 1;
}
