// A disk in memory as an SQLite VFS.
#include "support/ram_disk.h"

#include <assert.h>
#include <sqlite3.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { SECTOR = 512, NAME_MAX_BYTES = 128, FILES_MAX = 16, REGIONS_MAX = 8, LOCKS = SQLITE_SHM_NLOCK };

typedef struct RamHandle RamHandle;

typedef struct RamFile {
  char name[NAME_MAX_BYTES];  // empty: this place is free
  bool is_temporary;          // goes with its handle
  size_t size;
  size_t durable_size;
  size_t dirty_count;
  RamHandle *handles;          // that are open on it
  char *regions[REGIONS_MAX];  // shared memory of its log's index
  int shared[LOCKS];           // holders of each lock of that memory
  bool exclusive[LOCKS];
  // Memory, which stays for the next file in this place: worlds come and go by the thousand, each with the same files.
  char *now;        // as written
  char *durable;    // as synced last
  bool *is_dirty;   // by sector: written and not synced
  uint32_t *dirty;  // the sectors that are
  size_t capacity;  // of all four
} RamFile;

struct RamHandle {
  sqlite3_file base;
  RamFile *file;
  RamHandle *next;      // on the same file
  uint64_t generation;  // another one than the disk's: cut off
  int lock;             // SQLITE_LOCK_*
  bool holds_shared[LOCKS];
  bool holds_exclusive[LOCKS];
};

static struct {
  RamFile files[FILES_MAX];
  uint64_t generation;
  int64_t now_ms;
  int nth;  // 0: no fault
  int seen;
  bool for_good;
  bool met;
} disk;

static bool cut_off(const RamHandle *handle) {
  return handle->generation != disk.generation;
}

static bool fails(void) {
  if (disk.nth == 0) return false;
  int seen = ++disk.seen;
  bool hit = seen == disk.nth || (seen > disk.nth && disk.for_good);
  disk.met = disk.met || hit;
  return hit;
}

// Files.

static RamFile *find_file(const char *name) {
  for (int i = 0; i < FILES_MAX; i++) {
    if (disk.files[i].name[0] != '\0' && strcmp(disk.files[i].name, name) == 0) return &disk.files[i];
  }
  return NULL;
}

static RamFile *add_file(const char *name) {
  for (int i = 0; i < FILES_MAX; i++) {
    RamFile *file = &disk.files[i];
    if (file->name[0] != '\0') continue;
    assert(strlen(name) < NAME_MAX_BYTES);
    strcpy(file->name, name);
    return file;
  }
  abort();
}

static void free_regions(RamFile *file) {
  for (int i = 0; i < REGIONS_MAX; i++) {
    sqlite3_free(file->regions[i]);
    file->regions[i] = NULL;
  }
}

static void free_file(RamFile *file) {
  for (size_t i = 0; i < file->dirty_count; i++) file->is_dirty[file->dirty[i]] = false;
  free_regions(file);
  memset(file, 0, offsetof(RamFile, now));
}

// Memory of the disk is SQLite's: what a test refuses its own code does not fail here.
static void make_room(RamFile *file, size_t size) {
  if (size <= file->capacity) return;
  size_t capacity = file->capacity > 0 ? file->capacity : (size_t)64 * SECTOR;
  while (capacity < size) capacity *= 2;
  size_t sectors = capacity / SECTOR;
  file->now = sqlite3_realloc64(file->now, capacity);
  file->durable = sqlite3_realloc64(file->durable, capacity);
  file->is_dirty = sqlite3_realloc64(file->is_dirty, sectors * sizeof *file->is_dirty);
  file->dirty = sqlite3_realloc64(file->dirty, sectors * sizeof *file->dirty);
  if (file->now == NULL || file->durable == NULL || file->is_dirty == NULL || file->dirty == NULL) abort();
  memset(file->is_dirty + file->capacity / SECTOR, 0, sectors - file->capacity / SECTOR);
  file->capacity = capacity;
}

static void mark_dirty(RamFile *file, size_t from, size_t to) {
  for (size_t sector = from / SECTOR; sector * SECTOR < to; sector++) {
    if (file->is_dirty[sector]) continue;
    file->is_dirty[sector] = true;
    file->dirty[file->dirty_count++] = (uint32_t)sector;
  }
}

// Makes it longer, with zeros.
static void lengthen(RamFile *file, size_t size) {
  make_room(file, size);
  if (size <= file->size) return;
  memset(file->now + file->size, 0, size - file->size);
  mark_dirty(file, file->size, size);
  file->size = size;
}

static void resize(RamFile *file, size_t size) {
  lengthen(file, size);
  if (size < file->size) {
    memset(file->now + size, 0, file->size - size);
    mark_dirty(file, size, file->size);
  }
  file->size = size;
}

static void sync_file(RamFile *file) {
  for (size_t i = 0; i < file->dirty_count; i++) {
    size_t at = (size_t)file->dirty[i] * SECTOR;
    memcpy(file->durable + at, file->now + at, SECTOR);
    file->is_dirty[file->dirty[i]] = false;
  }
  file->dirty_count = 0;
  file->durable_size = file->size;
}

static uint64_t mix(uint64_t *dice) {
  uint64_t mixed = *dice += 0x9e3779b97f4a7c15;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

// A sector as it was synced: past the end of what was, zeros.
static void restore_sector(RamFile *file, size_t at) {
  size_t have = file->durable_size > at ? file->durable_size - at : 0;
  if (have > SECTOR) have = SECTOR;
  memcpy(file->now + at, file->durable + at, have);
  memset(file->now + at + have, 0, SECTOR - have);
}

// What was written and not synced goes, or of it what the dice say.
static void lose_unsynced(RamFile *file, bool is_torn, uint64_t *dice) {
  size_t end = is_torn && (mix(dice) & 1) != 0 ? file->size : file->durable_size;
  for (size_t i = 0; i < file->dirty_count; i++) {
    size_t at = (size_t)file->dirty[i] * SECTOR;
    bool stays = is_torn && (mix(dice) & 1) != 0;
    if (!stays) restore_sector(file, at);
    if (stays && at + SECTOR > end && at < file->size) end = at + SECTOR < file->size ? at + SECTOR : file->size;
  }
  size_t past = file->size > file->durable_size ? file->size : file->durable_size;
  if (end < past) {
    memset(file->now + end, 0, past - end);
    mark_dirty(file, end, past);
  }
  file->size = end;
  sync_file(file);
}

// Handles.

static int ram_close(sqlite3_file *base) {
  RamHandle *handle = (RamHandle *)base;
  RamFile *file = handle->file;
  if (cut_off(handle)) return SQLITE_OK;
  RamHandle **at = &file->handles;
  while (*at != handle) at = &(*at)->next;
  *at = handle->next;
  if (file->is_temporary) free_file(file);
  return SQLITE_OK;
}

static int ram_read(sqlite3_file *base, void *bytes, int count, sqlite3_int64 at) {
  RamHandle *handle = (RamHandle *)base;
  if (cut_off(handle)) return SQLITE_IOERR_READ;
  size_t have = (size_t)at < handle->file->size ? handle->file->size - (size_t)at : 0;
  size_t take = have < (size_t)count ? have : (size_t)count;
  if (take > 0) memcpy(bytes, handle->file->now + at, take);
  if (take == (size_t)count) return SQLITE_OK;
  memset((char *)bytes + take, 0, (size_t)count - take);
  return SQLITE_IOERR_SHORT_READ;
}

static int ram_write(sqlite3_file *base, const void *bytes, int count, sqlite3_int64 at) {
  RamHandle *handle = (RamHandle *)base;
  if (cut_off(handle) || fails()) return SQLITE_IOERR_WRITE;
  size_t end = (size_t)at + (size_t)count;
  lengthen(handle->file, (size_t)at);
  make_room(handle->file, end);
  if (end > handle->file->size) handle->file->size = end;
  memcpy(handle->file->now + at, bytes, (size_t)count);
  mark_dirty(handle->file, (size_t)at, end);
  return SQLITE_OK;
}

static int ram_truncate(sqlite3_file *base, sqlite3_int64 size) {
  RamHandle *handle = (RamHandle *)base;
  if (cut_off(handle) || fails()) return SQLITE_IOERR_TRUNCATE;
  resize(handle->file, (size_t)size);
  return SQLITE_OK;
}

static int ram_sync(sqlite3_file *base, int flags) {
  (void)flags;
  RamHandle *handle = (RamHandle *)base;
  if (cut_off(handle) || fails()) return SQLITE_IOERR_FSYNC;
  sync_file(handle->file);
  return SQLITE_OK;
}

static int ram_size(sqlite3_file *base, sqlite3_int64 *size) {
  RamHandle *handle = (RamHandle *)base;
  if (cut_off(handle)) return SQLITE_IOERR_FSTAT;
  *size = (sqlite3_int64)handle->file->size;
  return SQLITE_OK;
}

// Locks of the file: one exclusive holder, or one that has reserved it beside any number that share it.

static int highest_other(const RamHandle *handle) {
  int highest = SQLITE_LOCK_NONE;
  for (const RamHandle *other = handle->file->handles; other != NULL; other = other->next) {
    if (other != handle && other->lock > highest) highest = other->lock;
  }
  return highest;
}

static int ram_lock(sqlite3_file *base, int lock) {
  RamHandle *handle = (RamHandle *)base;
  if (cut_off(handle)) return SQLITE_IOERR_LOCK;
  if (lock <= handle->lock) return SQLITE_OK;
  int others = highest_other(handle);
  int tolerated = lock == SQLITE_LOCK_EXCLUSIVE  ? SQLITE_LOCK_NONE
                  : lock == SQLITE_LOCK_RESERVED ? SQLITE_LOCK_SHARED
                                                 : SQLITE_LOCK_RESERVED;
  if (others > tolerated) return SQLITE_BUSY;
  handle->lock = lock;
  return SQLITE_OK;
}

static int ram_unlock(sqlite3_file *base, int lock) {
  RamHandle *handle = (RamHandle *)base;
  if (lock < handle->lock) handle->lock = lock;
  return SQLITE_OK;
}

static int ram_check_reserved(sqlite3_file *base, int *out) {
  RamHandle *handle = (RamHandle *)base;
  *out = !cut_off(handle) && (highest_other(handle) >= SQLITE_LOCK_RESERVED || handle->lock >= SQLITE_LOCK_RESERVED);
  return SQLITE_OK;
}

static int ram_control(sqlite3_file *base, int operation, void *arg) {
  (void)base;
  (void)operation;
  (void)arg;
  return SQLITE_NOTFOUND;
}

static int ram_characteristics(sqlite3_file *base) {
  (void)base;
  return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

// The shared memory of a log's index. It is lost with the process.

static int ram_shm_map(sqlite3_file *base, int region, int bytes, int extend, void volatile **out) {
  RamHandle *handle = (RamHandle *)base;
  RamFile *file = handle->file;
  *out = NULL;
  if (cut_off(handle) || region >= REGIONS_MAX) return SQLITE_IOERR_SHMMAP;
  if (file->regions[region] == NULL && !extend) return SQLITE_OK;
  if (file->regions[region] == NULL) {
    file->regions[region] = sqlite3_malloc(bytes);
    if (file->regions[region] == NULL) abort();
    memset(file->regions[region], 0, (size_t)bytes);
  }
  *out = file->regions[region];
  return SQLITE_OK;
}

static void shm_unlock(RamHandle *handle, int at) {
  if (handle->holds_shared[at]) --handle->file->shared[at];
  if (handle->holds_exclusive[at]) handle->file->exclusive[at] = false;
  handle->holds_shared[at] = handle->holds_exclusive[at] = false;
}

static int ram_shm_lock(sqlite3_file *base, int offset, int count, int flags) {
  RamHandle *handle = (RamHandle *)base;
  RamFile *file = handle->file;
  if (cut_off(handle)) return SQLITE_IOERR_SHMLOCK;
  bool wants_shared = (flags & SQLITE_SHM_SHARED) != 0;
  for (int i = offset; i < offset + count && (flags & SQLITE_SHM_LOCK) != 0; i++) {
    int others = file->shared[i] - (handle->holds_shared[i] ? 1 : 0);
    bool taken = file->exclusive[i] && !handle->holds_exclusive[i];
    if (taken || (!wants_shared && others > 0)) return SQLITE_BUSY;
  }
  for (int i = offset; i < offset + count; i++) {
    shm_unlock(handle, i);
    if ((flags & SQLITE_SHM_LOCK) == 0) continue;
    handle->holds_shared[i] = wants_shared;
    handle->holds_exclusive[i] = !wants_shared;
    file->shared[i] += wants_shared ? 1 : 0;
    file->exclusive[i] = !wants_shared;
  }
  return SQLITE_OK;
}

static void ram_shm_barrier(sqlite3_file *base) {
  (void)base;
}

static int ram_shm_unmap(sqlite3_file *base, int is_last) {
  RamHandle *handle = (RamHandle *)base;
  if (cut_off(handle)) return SQLITE_OK;
  for (int i = 0; i < LOCKS; i++) shm_unlock(handle, i);
  if (is_last) free_regions(handle->file);
  return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = ram_close,
    .xRead = ram_read,
    .xWrite = ram_write,
    .xTruncate = ram_truncate,
    .xSync = ram_sync,
    .xFileSize = ram_size,
    .xLock = ram_lock,
    .xUnlock = ram_unlock,
    .xCheckReservedLock = ram_check_reserved,
    .xFileControl = ram_control,
    .xDeviceCharacteristics = ram_characteristics,
    .xShmMap = ram_shm_map,
    .xShmLock = ram_shm_lock,
    .xShmBarrier = ram_shm_barrier,
    .xShmUnmap = ram_shm_unmap,
};

// The VFS.

static int ram_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags, int *out_flags) {
  static int temporaries;
  (void)vfs;
  RamHandle *handle = (RamHandle *)base;
  char temporary[32];
  memset(handle, 0, sizeof *handle);
  if (name == NULL) sqlite3_snprintf(sizeof temporary, temporary, "temporary %d", ++temporaries);
  RamFile *file = find_file(name != NULL ? name : temporary);
  if (file == NULL && (flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
  if (file == NULL) file = add_file(name != NULL ? name : temporary);
  file->is_temporary = name == NULL;
  handle->base.pMethods = &methods;
  handle->file = file;
  handle->generation = disk.generation;
  handle->next = file->handles;
  file->handles = handle;
  if (out_flags != NULL) *out_flags = flags;
  return SQLITE_OK;
}

static int ram_delete(sqlite3_vfs *vfs, const char *name, int sync_folder) {
  (void)vfs;
  (void)sync_folder;
  RamFile *file = find_file(name);
  if (file == NULL) return SQLITE_IOERR_DELETE_NOENT;
  assert(file->handles == NULL);
  free_file(file);
  return SQLITE_OK;
}

static int ram_access(sqlite3_vfs *vfs, const char *name, int flags, int *out) {
  (void)vfs;
  const RamFile *file = find_file(name);
  *out = file != NULL && (flags != SQLITE_ACCESS_EXISTS || file->size > 0);
  return SQLITE_OK;
}

static int ram_full_name(sqlite3_vfs *vfs, const char *name, int size, char *out) {
  (void)vfs;
  sqlite3_snprintf(size, out, "%s", name);
  return SQLITE_OK;
}

static int ram_randomness(sqlite3_vfs *vfs, int count, char *out) {
  (void)vfs;
  memset(out, 7, (size_t)count);
  return count;
}

static int ram_sleep(sqlite3_vfs *vfs, int microseconds) {
  (void)vfs;
  return microseconds;
}

static int ram_time(sqlite3_vfs *vfs, sqlite3_int64 *out) {
  (void)vfs;
  *out = disk.now_ms + INT64_C(210866760000000);  // from the Julian epoch
  return SQLITE_OK;
}

void ram_disk_mount(void) {
  static sqlite3_vfs vfs = {.iVersion = 2,
                            .szOsFile = (int)sizeof(RamHandle),
                            .mxPathname = NAME_MAX_BYTES,
                            .zName = "ram_disk",
                            .xOpen = ram_open,
                            .xDelete = ram_delete,
                            .xAccess = ram_access,
                            .xFullPathname = ram_full_name,
                            .xRandomness = ram_randomness,
                            .xSleep = ram_sleep,
                            .xCurrentTimeInt64 = ram_time};
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK) abort();
}

void ram_disk_begin(int64_t now_ms) {
  disk.now_ms = now_ms;
  sqlite3_randomness(0, NULL);
}

void ram_disk_wipe(void) {
  for (int i = 0; i < FILES_MAX; i++) {
    assert(disk.files[i].handles == NULL);
    free_file(&disk.files[i]);
  }
}

void ram_disk_cut(RamCut cut, uint64_t dice) {
  ++disk.generation;
  for (int i = 0; i < FILES_MAX; i++) {
    RamFile *file = &disk.files[i];
    if (file->name[0] == '\0') continue;
    file->handles = NULL;
    memset(file->shared, 0, sizeof file->shared);
    memset(file->exclusive, 0, sizeof file->exclusive);
    free_regions(file);
    if (file->is_temporary) {
      free_file(file);
    } else if (cut != RAM_CRASH) {
      lose_unsynced(file, cut == RAM_CUT_TORN, &dice);
    }
  }
}

void *ram_disk_take(const char *name, size_t *size) {
  const RamFile *file = find_file(name);
  assert(file != NULL);
  void *bytes = malloc(file->size);
  if (bytes == NULL) abort();
  memcpy(bytes, file->now, file->size);
  *size = file->size;
  return bytes;
}

void ram_disk_put(const char *name, const void *bytes, size_t size) {
  RamFile *file = find_file(name);
  if (file == NULL) file = add_file(name);
  resize(file, 0);
  resize(file, size);
  memcpy(file->now, bytes, size);
  mark_dirty(file, 0, size);
  sync_file(file);
}

void ram_disk_arm(int nth, bool for_good) {
  disk.nth = nth;
  disk.seen = 0;
  disk.for_good = for_good;
  disk.met = false;
}

bool ram_disk_disarm(void) {
  bool met = disk.met;
  disk.nth = 0;
  disk.met = false;
  return met;
}
