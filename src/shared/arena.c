// An arena is a list of chunks from malloc, the newest first; allocations are cut from the newest by moving a pointer.
// What does not fit an ordinary chunk gets one of its own behind the newest, whose room is thus not lost.
// An arena belongs to one thread at a time; only the reserve below is shared, and that by one atomic flag a piece.
#include "shared/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
  FIRST_CHUNK_BYTES = 4 << 10,
  LARGEST_STEP_BYTES = 1 << 20,
  KEPT_CHUNK_BYTES = 64 << 10,  // a chunk above this is not kept by arena_reset
  HUGE_PAGE_BYTES = 2 << 20,
  RESERVE_PIECES = 8,
  RESERVE_PIECE_BYTES = 2 << 20,
  ALIGNMENT = alignof(max_align_t),
};

struct ArenaChunk {
  ArenaChunk *older;
  size_t size;       // bytes of the chunk, this header included
  size_t next_size;  // bytes of the ordinary chunk that comes after this one
  int reserve;       // index of the reserve piece it is, or -1 when it came from malloc
};

enum { HEADER_BYTES = (sizeof(ArenaChunk) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT };

// What calls live on when malloc refuses. It is never touched before that, so it costs address space and no memory.
static alignas(max_align_t) char reserve[RESERVE_PIECES][RESERVE_PIECE_BYTES];
static atomic_bool reserve_taken[RESERVE_PIECES];

static _Noreturn void die_without_memory(size_t size) {
  fprintf(stderr, "arena: no memory for %zu bytes and the reserve is used up\n", size);
  abort();
}

static ArenaChunk *chunk_from_reserve(Arena *arena, size_t size) {
  arena->failed = true;
  for (int i = 0; size <= RESERVE_PIECE_BYTES && i < RESERVE_PIECES; i++) {
    if (atomic_exchange(&reserve_taken[i], true)) continue;
    ArenaChunk *chunk = (ArenaChunk *)(void *)reserve[i];
    *chunk = (ArenaChunk){.size = RESERVE_PIECE_BYTES, .reserve = i};
    return chunk;
  }
  die_without_memory(size);
}

// First chunks that a thread has given back, for its next arenas: malloc would merge and split them each time. Where
// the sanitizers look for what is used after its end, each is one of malloc's.
#ifdef __SANITIZE_ADDRESS__
enum { SPARE_MAX = 0 };
#else
enum { SPARE_MAX = 256 };
#endif

static _Thread_local struct {
  ArenaChunk *first;  // linked by `older`
  int count;
} spare;

static ArenaChunk *take_spare(void) {
  ArenaChunk *chunk = spare.first;
  if (chunk == NULL) return NULL;
  spare.first = chunk->older;
  --spare.count;
  return chunk;
}

// What fills half a huge page or more is to lie on one, where the kernel has any: else each 4 KB of it would be a way
// into the kernel when it is first written to, which takes longer than what is written there.
static void *take_large(size_t *size) {
  size_t huge = (*size + HUGE_PAGE_BYTES / 2) / HUGE_PAGE_BYTES * HUGE_PAGE_BYTES;
  void *memory = NULL;
  if (*size < huge) *size = huge;
  if (posix_memalign(&memory, HUGE_PAGE_BYTES, *size) != 0) return NULL;
  madvise(memory, huge, MADV_HUGEPAGE);
  return memory;
}

static ArenaChunk *chunk_new(Arena *arena, size_t size) {
  ArenaChunk *chunk = size == FIRST_CHUNK_BYTES ? take_spare() : NULL;
  if (chunk == NULL) chunk = size < HUGE_PAGE_BYTES / 2 ? malloc(size) : take_large(&size);
  if (chunk == NULL) return chunk_from_reserve(arena, size);
  *chunk = (ArenaChunk){.size = size, .reserve = -1};
  arena->total += size;
  return chunk;
}

static void chunk_free(ArenaChunk *chunk) {
  if (chunk->reserve >= 0) {
    atomic_store(&reserve_taken[chunk->reserve], false);
  } else if (chunk->size == FIRST_CHUNK_BYTES && spare.count < SPARE_MAX) {
    chunk->older = spare.first;
    spare.first = chunk;
    ++spare.count;
  } else {
    free(chunk);
  }
}

// Makes `chunk`, of which nothing is used yet, the one that allocations are cut from.
static void chunk_use(Arena *arena, ArenaChunk *chunk) {
  arena->chunk = chunk;
  arena->at = (char *)chunk + HEADER_BYTES;
  arena->end = (char *)chunk + chunk->size;
}

static void *alloc_own_chunk(Arena *arena, size_t size) {
  ArenaChunk *newest = arena->chunk;
  ArenaChunk *chunk = chunk_new(arena, HEADER_BYTES + size);
  if (newest == NULL) {
    chunk->next_size = FIRST_CHUNK_BYTES;
    chunk_use(arena, chunk);
    arena->at += size;
  } else {
    chunk->next_size = newest->next_size;
    chunk->older = newest->older;
    newest->older = chunk;
  }
  return (char *)chunk + HEADER_BYTES;
}

static void add_chunk(Arena *arena, size_t size, size_t next_size) {
  ArenaChunk *chunk = chunk_new(arena, size);
  chunk->next_size = next_size;
  chunk->older = arena->chunk;
  chunk_use(arena, chunk);
}

static void *alloc_next_chunk(Arena *arena, size_t size) {
  size_t next_size = arena->chunk != NULL ? arena->chunk->next_size : FIRST_CHUNK_BYTES;
  if (size > next_size - HEADER_BYTES) return alloc_own_chunk(arena, size);
  add_chunk(arena, next_size, next_size < LARGEST_STEP_BYTES ? next_size * 2 : LARGEST_STEP_BYTES);
  char *at = arena->at;
  arena->at += size;
  return at;
}

static size_t round_up(size_t size) {
  if (size > SIZE_MAX / 4) die_without_memory(size);
  if (size == 0) size = 1;
  return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

void arena_room(Arena *arena, size_t size) {
  if ((size_t)(arena->end - arena->at) >= size) return;
  size_t next_size = arena->chunk != NULL ? arena->chunk->next_size : FIRST_CHUNK_BYTES;
  add_chunk(arena, HEADER_BYTES + round_up(size), next_size);
}

// As arena_alloc, but the bytes are whatever they were.
static void *alloc_dirty(Arena *arena, size_t size) {
  assert(arena != NULL);
  size_t rounded = round_up(size);
  if ((size_t)(arena->end - arena->at) < rounded) return alloc_next_chunk(arena, rounded);
  char *at = arena->at;
  arena->at += rounded;
  return at;
}

void *arena_alloc(Arena *arena, size_t size) {
  return memset(alloc_dirty(arena, size), 0, size);
}

void *arena_copy(Arena *arena, const void *from, size_t size) {
  assert(from != NULL || size == 0);
  void *copy = alloc_dirty(arena, size);
  if (size > 0) memcpy(copy, from, size);
  return copy;
}

void *arena_grow(Arena *arena, void *block, size_t old_size, size_t new_size) {
  assert(new_size >= old_size && (block != NULL || old_size == 0));
  size_t old_rounded = round_up(old_size);
  size_t more = round_up(new_size) - old_rounded;
  bool newest = block != NULL && (char *)block + old_rounded == arena->at;
  if (newest && (size_t)(arena->end - arena->at) >= more) {
    arena->at += more;
    return block;
  }
  void *moved = alloc_dirty(arena, new_size);
  if (block != NULL) memcpy(moved, block, old_size);
  return moved;
}

static bool may_be_kept(const ArenaChunk *chunk) {
  return chunk->reserve < 0 && chunk->size <= KEPT_CHUNK_BYTES;
}

void arena_reset(Arena *arena) {
  ArenaChunk *kept = NULL;
  for (ArenaChunk *chunk = arena->chunk, *older; chunk != NULL; chunk = older) {
    older = chunk->older;
    ArenaChunk *dropped = chunk;
    if (may_be_kept(chunk) && (kept == NULL || chunk->size > kept->size)) {
      dropped = kept;
      kept = chunk;
    }
    if (dropped != NULL) chunk_free(dropped);
  }
  *arena = (Arena){0};
  if (kept == NULL) return;
  kept->older = NULL;
  arena->total = kept->size;
  chunk_use(arena, kept);
}

void arena_free(Arena *arena) {
  for (ArenaChunk *chunk = arena->chunk, *older; chunk != NULL; chunk = older) {
    older = chunk->older;
    chunk_free(chunk);
  }
  *arena = (Arena){0};
}

void arena_free_spare(void) {
  for (ArenaChunk *chunk = take_spare(); chunk != NULL; chunk = take_spare()) free(chunk);
}
