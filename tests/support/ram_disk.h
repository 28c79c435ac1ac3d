// A disk in memory as SQLite's default VFS, for tests on one thread. It keeps what was written apart from what was
// synced, so that a power cut loses what real ones lose; it can be told to fail; a process can be cut off from it,
// which is what a crash is. Names (creating, deleting a file) are durable at once, as after a sync of their folder.
#ifndef FOYER_TESTS_SUPPORT_RAM_DISK_H
#define FOYER_TESTS_SUPPORT_RAM_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Makes it the default for every connection opened from now on. Before SQLite's first use.
void ram_disk_mount(void);
// The time that SQLite is told, milliseconds since 1970 UTC; its dice begin anew.
void ram_disk_begin(int64_t now_ms);
void ram_disk_wipe(void);  // no files; every connection must be closed

typedef enum RamCut {
  RAM_CRASH,     // the process is gone, the machine goes on: what was written stays
  RAM_CUT,       // the power went: of what was not synced nothing stays
  RAM_CUT_TORN,  // of what was not synced some sectors of 512 bytes stay, whichever the dice say
} RamCut;

// Cuts off all open connections: nothing they do reaches the disk any more, and they must be closed before others are
// opened.
void ram_disk_cut(RamCut cut, uint64_t dice);

// A file's content, to be put back later: a template. The bytes are the caller's to free.
void *ram_disk_take(const char *name, size_t *size);
void ram_disk_put(const char *name, const void *bytes, size_t size);

// The nth write, truncation or sync from now on (1: the next) fails with an I/O error, with `for_good` all after it as
// well.
void ram_disk_arm(int nth, bool for_good);
bool ram_disk_disarm(void);  // no more faults; true when one was met

#endif
