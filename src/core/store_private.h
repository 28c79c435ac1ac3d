// What the store's files share. For core/store*.c only.
#ifndef FOYER_CORE_STORE_PRIVATE_H
#define FOYER_CORE_STORE_PRIVATE_H

#include <stdatomic.h>

#include "core/queue.h"
#include "core/store.h"
#include "core/write_back.h"

enum { READERS_MAX = 16 };

struct Store {
  StoreSettings settings;
  Loop *loops;
  int loop_count;
  Queue writes;
  Queue reads;
  Queue work;
  uv_thread_t writer;
  uv_thread_t readers[READERS_MAX];
  uv_thread_t worker;
  Db *writer_db;
  Db *reader_dbs[READERS_MAX];
  int readers_begun;
  bool begun;              // the writer's: a call has come, so all loops are there
  _Atomic int64_t ending;  // the number of our own commit under way, or of the last one; 0: it tells nothing
  _Atomic int64_t seen;    // that of the last commit that the loops were told of; the writer's to change
  WriteBack write_back;
  Figure followed_ns;  // when it was known last that there is no commit that the loops were not told of
  Spread batch_calls;
  Spread commit_ns;
  Db *listener_db;
  uv_thread_t listener;
  _Atomic bool stops;
  _Atomic uint64_t commits;
  _Atomic uint64_t calls;
  _Atomic uint64_t failed_commits;
  _Atomic uint64_t refused;
  _Atomic bool healthy;
};

// Sends finished calls to all loops, or to their own only when nothing has happened that others must hear.
void store_deliver(Store *store, Call *calls, Loop *only);

#endif
