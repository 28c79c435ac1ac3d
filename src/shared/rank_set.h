// An ordered set of 64-bit ranks that knows how many stand before each: blocks of sorted ranks, and sums over the
// blocks' counts (a Fenwick tree). Adding, removing and finding a place cost the logarithm of the length and one
// block's move. No locks: one thread at a time.
#ifndef FOYER_SHARED_RANK_SET_H
#define FOYER_SHARED_RANK_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct RankSet RankSet;

RankSet *rank_set_new(void);  // NULL when memory is out
void rank_set_free(RankSet *set);

// Adds a rank; one that is there already changes nothing. False when memory is out, and the set is as it was.
bool rank_set_add(RankSet *set, uint64_t rank);
bool rank_set_remove(RankSet *set, uint64_t rank);  // false: it was not there
bool rank_set_pop(RankSet *set, uint64_t *rank);    // takes the lowest; false: empty
size_t rank_set_count(const RankSet *set);
size_t rank_set_before(const RankSet *set, uint64_t rank);       // ranks that are lower than this one
bool rank_set_at(const RankSet *set, size_t k, uint64_t *rank);  // the k-th lowest, from 0; false: not so many
size_t rank_set_bytes(const RankSet *set);                       // memory it takes

#endif
