// SQLite's write-ahead log, copied back into the file beside the writer, so that no commit waits for it. A commit only
// appends to the log; copying thousands of its pages back, with two syncs, takes tens of milliseconds.
// Source: https://sqlite.org/wal.html#checkpointing
#ifndef FOYER_CORE_WRITE_BACK_H
#define FOYER_CORE_WRITE_BACK_H

#include <stdatomic.h>
#include <uv.h>

#include "core/db.h"

typedef struct WriteBack {
  Db *writer;
  Db *db;  // the thread's own; NULL: the database keeps no log of that kind, nothing is to be done
  uv_thread_t thread;
  uv_sem_t asked;
  _Atomic int stage;
  int copied_pages;    // the thread's while it is asked, else the writer's: how much of the log is in the file
  int pages_asked_at;  // the writer's: how long the log was
  int passes;          // the writer's: how often it has asked since
} WriteBack;

// Starts the thread for a database opened at `path`, with the connection that writes. False (logged): it could not.
bool write_back_start(WriteBack *me, Db *writer, const char *path);
// By the writer after each commit; now and then it blocks for the few pages that the thread could not know of.
void write_back_look(WriteBack *me);
void write_back_stop(WriteBack *me);

#endif
