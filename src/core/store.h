// The store: one thread that writes, some that read, one that works for `prepare`. Calls queue up, share a commit (law
// 3), and go back to the loops when it has happened.
#ifndef FOYER_CORE_STORE_H
#define FOYER_CORE_STORE_H

#include "core/call.h"
#include "core/redis.h"

typedef struct Store Store;

typedef struct StoreSettings {
  const char *path;          // what db_open takes
  int64_t seen;              // number of the last commit before memory was filled; of a shared database commits_last
  uint32_t queue_max;        // calls that may wait for the writer; more are answered ERR_BUSY at once
  uint32_t batch_max;        // calls in one commit
  uint32_t batch_ms;         // a commit is not held open longer than this for more calls
  uint32_t shared_batch_ms;  // the same of a shared database; 0: as batch_ms
  int readers;               // threads
  // What the loops do with a call's events, on every loop's thread, before `done` on the call's own.
  void (*event)(Loop *loop, const Event *event);
  Fast *fast;    // of a shared database: what the calls of other processes remember is remembered here too
  Redis *redis;  // of a shared database: where each commit's number is told at once; NULL: nowhere but in the database
  // Told of each event right after its commit and before any loop hears of it, in the order of the commits; on the
  // writer's thread. NULL: nobody.
  void (*committed)(const Event *event);
  // All events of a commit were told to `committed`, our own or another process's. Numbers rise by one; where the
  // database is not shared they are this process's, from `seen` on. On the writer's thread. NULL: nobody.
  void (*numbered)(int64_t number, bool own);
  // A commit held effects: the couriers may look. On the writer's thread, after the loops were told. NULL: nobody.
  void (*effects)(void *couriers);
  void *couriers;
  // Somebody else has written to the database: what is held in memory may be old. On every loop's thread.
  void (*changed_outside)(Loop *loop);
  // What is still to be written when nothing more is queued, in a transaction of its own. NULL: nothing.
  void (*last)(Db *db);
} StoreSettings;

// Opens the database (migrated already) and starts the threads. NULL (logged) when it cannot.
Store *store_start(const StoreSettings *settings);
// The loops that hear of commits. Before they start.
void store_set_loops(Store *store, Loop *loops, int count);
// Does what is queued, then ends the threads. No loop may submit any more; what was done last is on its way to them.
void store_stop(Store *store);
void store_free(Store *store);  // after store_stop and after the loops were freed

// Queues a call for the end of this turn. The loop's thread. The store takes the call over; `done` is called once, in
// any case, and the call is freed after it.
void store_submit(Loop *loop, Call *call);
void store_submit_all(Loop *loop);  // hands over what the turn has queued; called by the loop

// Somebody else has committed, up to that number: the writer looks at once. Any thread.
void store_heard(Store *store, int64_t number);

// Figures since the start; any thread.
enum { STORE_QUEUES = 3 };
typedef struct StoreFigures {
  uint64_t healthy;  // 1: store_healthy
  uint64_t commits;
  uint64_t calls;  // in those commits
  uint64_t failed_commits;
  uint64_t refused;               // ERR_BUSY
  uint64_t queued[STORE_QUEUES];  // calls that wait now: for the writer, a reader, the worker
  const Spread *batch_calls;      // of each commit
  const Spread *commit_ns;        // of each commit, from its begin
  // Of a shared database: the number of the last commit that the loops were told of, and since when it is not known
  // that there is none after it.
  uint64_t position;
  uint64_t unsure_ns;
  bool has_redis;
  RedisFigures redis;
} StoreFigures;
StoreFigures store_figures(Store *store);
bool store_is_shared(const Store *store);  // db_is_shared
bool store_healthy(const Store *store);    // the last commit succeeded

#endif
