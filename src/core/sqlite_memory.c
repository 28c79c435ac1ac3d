// The pages that SQLite keeps lie side by side in a range of addresses of their own, which the kernel may back with
// huge pages. From malloc each would be a way into the kernel to make a thread's heap longer, and another at its first
// use; on a virtual machine that is more than reading it from the file. All else is for SQLite's usual allocator. A
// page that is given back is for the next, of any connection; the lock is for moments.
//
// Source: https://sqlite.org/c3ref/mem_methods.html
#include "core/sqlite_memory.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE_BYTES = 4096, LINE_BYTES = 64, STEP_BYTES = 2 << 20 };  // a step is a huge page
static const size_t RANGE_BYTES = (size_t)4 << 30;                  // of addresses, for some sixty full caches

typedef struct FreeSlot {
  struct FreeSlot *next;
} FreeSlot;

static struct {
  pthread_mutex_t lock;
  char *begin, *end;
  char *open;   // up to here it is memory
  char *fresh;  // from here on nothing was used yet
  FreeSlot *free;
  int slot_bytes;  // a page with SQLite's own words on it
  sqlite3_mem_methods usual;
} pages = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool is_slot(const void *memory) {
  return (const char *)memory >= pages.begin && (const char *)memory < pages.end;
}

// The next that was never used; NULL when the range or the memory is at its end.
static void *fresh_slot(void) {
  if (pages.end - pages.fresh < pages.slot_bytes) return NULL;
  if (pages.open - pages.fresh < pages.slot_bytes) {
    if (mprotect(pages.open, STEP_BYTES, PROT_READ | PROT_WRITE) != 0) return NULL;
    pages.open += STEP_BYTES;
  }
  void *slot = pages.fresh;
  pages.fresh += pages.slot_bytes;
  return slot;
}

static void *take_slot(void) {
  pthread_mutex_lock(&pages.lock);
  FreeSlot *slot = pages.free;
  if (slot != NULL) pages.free = slot->next;
  void *taken = slot != NULL ? slot : fresh_slot();
  pthread_mutex_unlock(&pages.lock);
  return taken;
}

static void *take(int bytes) {
  void *slot = bytes > PAGE_BYTES && bytes <= pages.slot_bytes ? take_slot() : NULL;
  return slot != NULL ? slot : pages.usual.xMalloc(bytes);
}

static void give_back(void *memory) {
  if (!is_slot(memory)) {
    pages.usual.xFree(memory);
    return;
  }
  FreeSlot *slot = memory;
  pthread_mutex_lock(&pages.lock);
  slot->next = pages.free;
  pages.free = slot;
  pthread_mutex_unlock(&pages.lock);
}

static void *resize(void *memory, int bytes) {
  if (!is_slot(memory)) return pages.usual.xRealloc(memory, bytes);
  if (bytes <= pages.slot_bytes) return memory;
  void *moved = pages.usual.xMalloc(bytes);
  if (moved == NULL) return NULL;
  memcpy(moved, memory, (size_t)pages.slot_bytes);
  give_back(memory);
  return moved;
}

static int size_of(void *memory) {
  return is_slot(memory) ? pages.slot_bytes : pages.usual.xSize(memory);
}

void sqlite_memory_configure(void) {
  int words_bytes = 0;
  sqlite3_config(SQLITE_CONFIG_PCACHE_HDRSZ, &words_bytes);
  if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &pages.usual) != SQLITE_OK) return;
  pages.slot_bytes = (PAGE_BYTES + words_bytes + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES;
  char *range = mmap(NULL, RANGE_BYTES + STEP_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (range == MAP_FAILED) return;
  range += STEP_BYTES - (uintptr_t)range % STEP_BYTES;
  madvise(range, RANGE_BYTES, MADV_HUGEPAGE);  // where there are none they are small
  pages.begin = pages.open = pages.fresh = range;
  pages.end = range + RANGE_BYTES;
  sqlite3_mem_methods methods = pages.usual;
  methods.xMalloc = take;
  methods.xFree = give_back;
  methods.xRealloc = resize;
  methods.xSize = size_of;
  sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
}
