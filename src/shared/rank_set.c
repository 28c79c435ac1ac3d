// Blocks of sorted ranks under a Fenwick tree of their counts.
#include "shared/rank_set.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_RANKS = 256, FIRST_BLOCKS = 8 };

typedef struct Block {
  uint32_t count;
  uint64_t ranks[BLOCK_RANKS];  // ascending
} Block;

// A block that is there holds at least one rank, and less than its successor's first.
struct RankSet {
  Block **blocks;
  uint64_t *firsts;  // of each block, its lowest rank
  size_t *sums;      // Fenwick tree over the counts: sums[i] covers the blocks i - lowbit(i) .. i - 1, i from 1
  size_t block_count;
  size_t block_room;
  size_t count;
};

RankSet *rank_set_new(void) {
  return calloc(1, sizeof(RankSet));
}

void rank_set_free(RankSet *set) {
  if (set == NULL) return;
  for (size_t i = 0; i < set->block_count; i++) free(set->blocks[i]);
  free(set->blocks);
  free(set->firsts);
  free(set->sums);
  free(set);
}

// The sums.

static void sums_add(RankSet *set, size_t block, size_t change) {
  for (size_t i = block + 1; i <= set->block_count; i += i & -i) set->sums[i] += change;
}

static size_t sums_before(const RankSet *set, size_t block) {
  size_t sum = 0;
  for (size_t i = block; i > 0; i -= i & -i) sum += set->sums[i];
  return sum;
}

// After blocks came or went: once in hundreds of changes.
static void sums_build(RankSet *set) {
  for (size_t i = 1; i <= set->block_count; i++) set->sums[i] = set->blocks[i - 1]->count;
  for (size_t i = 1; i <= set->block_count; i++) {
    size_t above = i + (i & -i);
    if (above <= set->block_count) set->sums[above] += set->sums[i];
  }
}

// The blocks.

// The block that holds this rank or would: the last one whose first is not above it, else the first.
static size_t find_block(const RankSet *set, uint64_t rank) {
  size_t low = 0;
  size_t high = set->block_count;
  while (high - low > 1) {
    size_t middle = low + (high - low) / 2;
    if (set->firsts[middle] <= rank) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

// How many ranks of the block are lower.
static uint32_t find_in(const Block *block, uint64_t rank) {
  uint32_t low = 0;
  uint32_t high = block->count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (block->ranks[middle] < rank) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

static bool grow(void **array, size_t bytes) {
  void *grown = realloc(*array, bytes);
  if (grown == NULL) return false;
  *array = grown;
  return true;
}

static bool make_room(RankSet *set) {
  if (set->block_count < set->block_room) return true;
  size_t room = set->block_room == 0 ? FIRST_BLOCKS : set->block_room * 2;
  bool grown = grow((void **)&set->blocks, room * sizeof *set->blocks) &&
               grow((void **)&set->firsts, room * sizeof *set->firsts) &&
               grow((void **)&set->sums, (room + 1) * sizeof *set->sums);
  if (grown) set->block_room = room;
  return grown;
}

// A new block at this place, empty; NULL when memory is out.
static Block *insert_block(RankSet *set, size_t at) {
  Block *block = malloc(sizeof *block);
  if (block == NULL || !make_room(set)) {
    free(block);
    return NULL;
  }
  size_t behind = set->block_count - at;
  memmove(&set->blocks[at + 1], &set->blocks[at], behind * sizeof *set->blocks);
  memmove(&set->firsts[at + 1], &set->firsts[at], behind * sizeof *set->firsts);
  block->count = 0;
  set->blocks[at] = block;
  ++set->block_count;
  return block;
}

static void remove_block(RankSet *set, size_t at) {
  free(set->blocks[at]);
  --set->block_count;
  size_t behind = set->block_count - at;
  memmove(&set->blocks[at], &set->blocks[at + 1], behind * sizeof *set->blocks);
  memmove(&set->firsts[at], &set->firsts[at + 1], behind * sizeof *set->firsts);
}

// Moves the upper half of a full block into a new one behind it.
static bool split(RankSet *set, size_t at) {
  Block *upper = insert_block(set, at + 1);
  if (upper == NULL) return false;
  Block *lower = set->blocks[at];
  upper->count = BLOCK_RANKS / 2;
  lower->count -= upper->count;
  memcpy(upper->ranks, &lower->ranks[lower->count], upper->count * sizeof upper->ranks[0]);
  set->firsts[at + 1] = upper->ranks[0];
  return true;
}

// Joins a block with the next when both together fill no more than half of one, so that few are nearly empty.
static bool join(RankSet *set, size_t at) {
  if (at + 1 >= set->block_count) return false;
  Block *lower = set->blocks[at];
  const Block *upper = set->blocks[at + 1];
  if (lower->count + upper->count > BLOCK_RANKS / 2) return false;
  memcpy(&lower->ranks[lower->count], upper->ranks, upper->count * sizeof upper->ranks[0]);
  lower->count += upper->count;
  remove_block(set, at + 1);
  return true;
}

// A rank behind all others, when the last block is full: a new block, so that a line that grows at its end fills them.
static bool append(RankSet *set, uint64_t rank) {
  Block *block = insert_block(set, set->block_count);
  if (block == NULL) return false;
  block->count = 1;
  block->ranks[0] = rank;
  set->firsts[set->block_count - 1] = rank;
  ++set->count;
  sums_build(set);
  return true;
}

bool rank_set_add(RankSet *set, uint64_t rank) {
  if (set->block_count == 0) return append(set, rank);
  size_t at = find_block(set, rank);
  Block *block = set->blocks[at];
  uint32_t before = find_in(block, rank);
  if (before < block->count && block->ranks[before] == rank) return true;
  if (block->count == BLOCK_RANKS) {
    if (at + 1 == set->block_count && before == BLOCK_RANKS) return append(set, rank);
    if (!split(set, at)) return false;
    sums_build(set);
    return rank_set_add(set, rank);
  }
  memmove(&block->ranks[before + 1], &block->ranks[before], (block->count - before) * sizeof block->ranks[0]);
  block->ranks[before] = rank;
  ++block->count;
  ++set->count;
  set->firsts[at] = block->ranks[0];
  sums_add(set, at, 1);
  return true;
}

static void remove_at(RankSet *set, size_t at, uint32_t place) {
  Block *block = set->blocks[at];
  --block->count;
  --set->count;
  memmove(&block->ranks[place], &block->ranks[place + 1], (block->count - place) * sizeof block->ranks[0]);
  if (block->count == 0) {
    remove_block(set, at);
    sums_build(set);
    return;
  }
  set->firsts[at] = block->ranks[0];
  sums_add(set, at, (size_t)-1);
  if (join(set, at) || (at > 0 && join(set, at - 1))) sums_build(set);
}

bool rank_set_remove(RankSet *set, uint64_t rank) {
  if (set->count == 0) return false;
  size_t at = find_block(set, rank);
  uint32_t place = find_in(set->blocks[at], rank);
  if (place == set->blocks[at]->count || set->blocks[at]->ranks[place] != rank) return false;
  remove_at(set, at, place);
  return true;
}

bool rank_set_pop(RankSet *set, uint64_t *rank) {
  if (set->count == 0) return false;
  *rank = set->firsts[0];
  remove_at(set, 0, 0);
  return true;
}

size_t rank_set_count(const RankSet *set) {
  return set->count;
}

size_t rank_set_before(const RankSet *set, uint64_t rank) {
  if (set->count == 0) return 0;
  size_t at = find_block(set, rank);
  return sums_before(set, at) + find_in(set->blocks[at], rank);
}

bool rank_set_at(const RankSet *set, size_t k, uint64_t *rank) {
  if (k >= set->count) return false;
  size_t step = 1;
  while (step * 2 <= set->block_count) step *= 2;
  size_t at = 0;  // blocks whose ranks all stand before the k-th
  for (; step > 0; step /= 2) {
    if (at + step > set->block_count || set->sums[at + step] > k) continue;
    at += step;
    k -= set->sums[at];
  }
  *rank = set->blocks[at]->ranks[k];
  return true;
}

size_t rank_set_bytes(const RankSet *set) {
  return sizeof *set + set->block_count * sizeof(Block) +
         set->block_room * (sizeof *set->blocks + sizeof *set->firsts + sizeof *set->sums);
}
