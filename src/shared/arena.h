// Memory for one call: taken piece by piece, given back all at once (law 8). Not shared between threads.
#ifndef FOYER_SHARED_ARENA_H
#define FOYER_SHARED_ARENA_H

#include <stdbool.h>
#include <stddef.h>

typedef struct ArenaChunk ArenaChunk;

typedef struct Arena {
  ArenaChunk *chunk;  // newest chunk, linked to the older ones; NULL before the first allocation
  char *at;           // next free byte of `chunk`
  char *end;          // one past its last byte
  size_t total;       // bytes taken from malloc, over all chunks
  bool failed;        // malloc refused: the call must answer an error (see arena_alloc)
} Arena;

// An empty arena is all zero: `Arena arena = {0};`. Nothing is allocated until the first use.

// Gives `size` bytes, zeroed, aligned for any type; valid until arena_reset or arena_free. Never NULL: when malloc
// refuses, the bytes come from a reserve of the process (8 pieces of 2 MiB, given back by arena_reset and arena_free)
// and `failed` is set, so that a method need not check and its call is rolled back afterwards; when the reserve is used
// up too, the process aborts (what was acknowledged is on disk).
void *arena_alloc(Arena *arena, size_t size);

// Has the next allocations, up to `size` bytes of them, lie side by side in one chunk: for what is large as a whole.
void arena_room(Arena *arena, size_t size);

// Copies `size` bytes into the arena. `from` may be NULL when size is 0.
void *arena_copy(Arena *arena, const void *from, size_t size);

// Makes a block of this arena larger, in place when it is the newest; otherwise it moves and the old bytes stay unused.
// `block` may be NULL when old_size is 0. The bytes past old_size are NOT zeroed.
void *arena_grow(Arena *arena, void *block, size_t old_size, size_t new_size);

// Forgets all allocations and `failed`, and keeps one chunk (of at most 64 KiB) for the next call.
void arena_reset(Arena *arena);

// Gives everything back; the arena is empty and usable again.
void arena_free(Arena *arena);

// A thread keeps some of what its arenas gave back, for the next ones. This returns it, before the thread ends.
void arena_free_spare(void);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_alloc((arena), sizeof(type) * (size_t)(count)))

#endif
