// The store: the queue to the writer, its batches, the readers and the worker.
#include "core/store.h"

#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/batch.h"
#include "core/commits.h"
#include "core/log.h"
#include "core/store_private.h"

enum { LOOK_OUTSIDE_MS = 1000 };
#define TRY_DISK_NS 500000000ULL

// Running.

// Tells those who follow the commits on this thread.
static void tell_events(const Store *store, const Call *call) {
  if (store->settings.committed == NULL) return;
  for (const Event *event = call->events; event != NULL; event = event->next) store->settings.committed(event);
}

// The same of our own; whether there is work for the couriers.
static bool tell_committed(const Store *store, const Call *calls) {
  bool effects = false;
  for (const Call *call = calls; call != NULL; call = call->next) {
    effects = effects || call->has_effects;
    tell_events(store, call);
  }
  return effects && store->settings.effects != NULL;
}

static void tell_number(const Store *store, int64_t number, bool own) {
  if (store->settings.numbered != NULL && number > 0) store->settings.numbered(number, own);
}

static void run_changed_outside(Loop *loop, LoopMessage *message) {
  free(message);
  loop->store->settings.changed_outside(loop);
}

static void tell_changed_outside(Store *store) {
  for (int i = 0; i < store->loop_count; i++) {
    LoopMessage *message = malloc(sizeof *message);
    if (message == NULL) return;  // told again at the next change
    message->run = run_changed_outside;
    loop_post(&store->loops[i], message);
  }
}

// Tells the loops what other processes have committed, as if it were our own. False: the database failed.
static bool follow_others(Store *store) {
  for (;;) {
    Call *calls;
    int64_t number = store->seen;
    int64_t seen = number;
    CommitsFound found = commits_read(store->writer_db, &seen, &calls);
    atomic_store(&store->seen, seen);
    if (found == COMMITS_LOST) tell_changed_outside(store);
    if (found == COMMITS_LOST) tell_number(store, seen, false);
    if (found == COMMITS_NONE) figure_set(&store->followed_ns, uv_hrtime());
    if (found != COMMITS_SOME) return found != COMMITS_FAILED;
    for (Call *call = calls; call != NULL; call = call->next) {
      fast_apply(store->settings.fast, call->remembers);
      tell_events(store, call);  // their effects are for their own couriers
      tell_number(store, ++number, false);
    }
    store_deliver(store, calls, NULL);
  }
}

// Begins a commit. Of a shared database the writers' lock is held from here on: what others have committed is known
// now, and nothing more comes in between.
static bool begin(Store *store) {
  Db *db = store->writer_db;
  return db_begin(db, DB_WRITE) && (!db_is_shared(db) || follow_others(store));
}

// Leaves word of it to other processes, in a part of its own: whether the last call's has failed is no matter.
static bool leave_word(Store *store, Call *calls, bool *added) {
  Db *db = store->writer_db;
  db_call_begin(db);
  db_call_spare_savepoint(db);
  bool done = commits_add(db, store->seen + 1, calls, !redis_answers(store->settings.redis), added);
  return db_call_end(db, done) && done;
}

// Ends it. *number is what it has got; 0: it tells nothing.
static bool end(Store *store, Call *calls, bool alive, int64_t *number) {
  Db *db = store->writer_db;
  bool shared = db_is_shared(db);
  bool added = !shared;
  alive = alive && batch_finish(db, calls) && (!shared || leave_word(store, calls, &added));
  atomic_store(&store->ending, added ? store->seen + 1 : 0);
  bool committed = batch_end(db, calls, alive);
  if (!committed) atomic_store(&store->ending, 0);  // that number is another's to have
  *number = committed && added ? atomic_fetch_add(&store->seen, 1) + 1 : 0;
  if (*number > 0 && shared) {
    redis_send(store->settings.redis, NULL, NULL, 0, "PUBLISH " COMMITS_CHANNEL " %" PRId64, *number);
  }
  return committed;
}

static void deliver_unwritten(Store *store, Call *call);

// Answers those at once for whom it is too late; gives the others, and has the database hurry for them.
static Call *hurry(Store *store, Call *calls) {
  uint64_t since_ns = UINT64_MAX;
  uint32_t late = 0;
  for (Call **link = &calls; *link != NULL;) {
    Call *call = *link;
    if (!db_is_too_late(store->writer_db, call->since_ns)) {
      if (call->since_ns < since_ns) since_ns = call->since_ns;
      link = &call->next;
      continue;
    }
    *link = call->next;
    call->next = NULL;
    batch_forget(call, ERR_INTERNAL);
    deliver_unwritten(store, call);
    ++late;
  }
  if (late > 0) log_error("store: calls have waited for too long", "calls=%u", late);
  if (calls != NULL) db_hurry(store->writer_db, since_ns);
  return calls;
}

// Runs calls in one transaction until they are done or the time is up; gives those that are left.
static Call *write_batch(Store *store, Call *calls) {
  Db *db = store->writer_db;
  store->begun = true;
  bool shared_limit = store->settings.shared_batch_ms > 0 && db_is_shared(db);
  uint32_t limit_ms = shared_limit ? store->settings.shared_batch_ms : store->settings.batch_ms;
  uint64_t begun_ns = uv_hrtime();
  uint32_t count = 0;
  int64_t changes = db_total_changes(db);
  bool alive = begin(store);
  uint64_t until_ns = uv_hrtime() + limit_ms * 1000000ULL;
  if (alive && db_is_shared(db)) alive = batch_look_ahead(db, calls);
  Call *last = NULL;
  Call *next = calls;
  while (next != NULL && count < store->settings.batch_max && (count == 0 || uv_hrtime() < until_ns)) {
    last = next;
    next = next->next;
    ++count;
    alive = alive && batch_run(db, last);
  }
  assert(last != NULL);  // there was a call, and a batch holds at least one
  last->next = NULL;
  int64_t number;
  bool committed = end(store, calls, alive, &number);
  if (!committed) {
    log_error("store: commit failed, its calls were refused", "calls=%u", count);
    atomic_fetch_add(&store->failed_commits, 1);
  }
  if (!committed || db_disk_failed(db)) {
    atomic_store(&store->healthy, false);
  } else if (db_total_changes(db) != changes) {
    atomic_store(&store->healthy, true);
  }
  atomic_fetch_add(&store->commits, 1);
  atomic_fetch_add(&store->calls, count);
  spread_add(&store->batch_calls, spread_calls, count);
  spread_add(&store->commit_ns, spread_times_ns, uv_hrtime() - begun_ns);
  bool effects = tell_committed(store, calls);
  tell_number(store, number, true);
  store_deliver(store, calls, NULL);
  if (effects) store->settings.effects(store->settings.couriers);
  return next;
}

// After a failure: looks whether the disk takes writes again. Who goes by /readyz asks for none until it does.
static void try_disk(Store *store, uint64_t *tried_ns) {
  if (atomic_load(&store->healthy) || uv_hrtime() - *tried_ns < TRY_DISK_NS) return;
  *tried_ns = uv_hrtime();
  db_hurry(store->writer_db, *tried_ns);
  if (!db_try_write(store->writer_db)) return;
  log_info("store: the database takes writes again", "failed_commits=%llu",
           (unsigned long long)atomic_load(&store->failed_commits));
  atomic_store(&store->healthy, true);
}

// Once a second at most: a look costs a fifth of a small commit. At a shared database whenever somebody says so.
static void look_outside(Store *store, uint64_t *looked_ns) {
  if (!store->begun) return;
  if (db_is_shared(store->writer_db)) {
    db_hurry(store->writer_db, uv_hrtime());
    db_call_begin(store->writer_db);  // a failure that sticks is over
    follow_others(store);
    db_call_end(store->writer_db, true);
    return;
  }
  uint64_t now_ns = uv_hrtime();
  if (now_ns - *looked_ns < LOOK_OUTSIDE_MS * 1000000ULL) return;
  *looked_ns = now_ns;
  if (db_changed_outside(store->writer_db)) tell_changed_outside(store);
}

static void writer_main(void *arg) {
  Store *store = arg;
  uint64_t looked_ns = 0;
  uint64_t tried_ns = 0;
  while (!queue_is_over(&store->writes)) {
    Call *calls = queue_take(&store->writes, store->settings.batch_max, LOOK_OUTSIDE_MS);
    bool has_looked = calls != NULL;  // at others' commits, by its own
    while ((calls = hurry(store, calls)) != NULL) {
      calls = write_batch(store, calls);
      write_back_look(&store->write_back);
    }
    if (db_is_shared(store->writer_db) && queue_length(&store->writes) > 0) continue;  // each look may take long
    try_disk(store, &tried_ns);
    if (!has_looked || !store->healthy || !db_is_shared(store->writer_db)) look_outside(store, &looked_ns);
  }
}

// Wakes the writer when another process has committed. Where nobody can tell, it looks every now and then.
static void listener_main(void *arg) {
  enum { WAIT_MS = 250, DEAF_MS = 20 };
  Store *store = arg;
  while (!atomic_load(&store->stops)) {
    int deaf_ms = redis_answers(store->settings.redis) ? WAIT_MS : DEAF_MS;
    int64_t number;
    if (!db_wait_for_commit(store->listener_db, WAIT_MS, deaf_ms, &number)) uv_sleep(WAIT_MS);
    store_heard(store, number);
  }
}

void store_heard(Store *store, int64_t number) {
  bool is_own = number == atomic_load(&store->ending);  // heard of before the writer was told that it is done
  if (number > atomic_load(&store->seen) && !is_own) queue_poke(&store->writes);
}

static void enqueue(Store *store, Call *call);

// Hands a call to the method that goes on with it; false when there is none.
static bool follow(Store *store, Call *call) {
  if (call->follow == NULL) return false;
  call->method = call->follow;
  call->follow = NULL;
  enqueue(store, call);
  return true;
}

// A call that ends without a commit may have counted: other processes hear of that in a commit of its own.
static Error nothing(Call *call, const void *input) {
  (void)call, (void)input;
  return ERR_NONE;
}

static const Method counted_method = {.name = "store.counted", .run = nothing};

static void tell_counted(Store *store, const Call *call) {
  if (call->remembers == NULL || !db_is_shared(store->writer_db)) return;
  Call *counted = call_new_of_nobody();
  if (counted == NULL) return;  // it is counted here
  counted->method = &counted_method;
  counted->fast = call->fast;
  counted->since_ns = uv_hrtime();
  for (const FastChange *change = call->remembers; change != NULL; change = change->next) {
    FastChange *copy = call_add_change(counted);
    copy->key = str_copy(&counted->arena, change->key);
    copy->by = change->by;
    copy->window_ms = change->window_ms;
    copy->at_ms = change->at_ms;
  }
  enqueue(store, counted);
}

// Of a call that has not come to the writer.
static void deliver_unwritten(Store *store, Call *call) {
  tell_counted(store, call);
  store_deliver(store, call, call->loop);
}

typedef struct Reader {
  Store *store;
  Db *db;
} Reader;

static void reader_main(void *arg) {
  Reader reader = *(Reader *)arg;
  free(arg);
  while (!queue_is_over(&reader.store->reads)) {
    Call *call = queue_take(&reader.store->reads, 1, LOOK_OUTSIDE_MS);
    if (call == NULL) continue;
    bool read = false;
    if (!db_is_too_late(reader.db, call->since_ns)) {
      db_hurry(reader.db, call->since_ns);
      read = db_begin(reader.db, DB_READ) && batch_run(reader.db, call);
      read = db_rollback(reader.db) && read;
    }
    if (!read) batch_forget(call, ERR_INTERNAL);
    if (!follow(reader.store, call)) deliver_unwritten(reader.store, call);
  }
}

static void worker_main(void *arg) {
  Store *store = arg;
  while (!queue_is_over(&store->work)) {
    Call *call = queue_take(&store->work, 1, LOOK_OUTSIDE_MS);
    if (call == NULL) continue;
    Error error = call->method->prepare(call, call->input);
    call->prepared = true;
    call->since_ns = uv_hrtime();
    if (error == ERR_NONE) {
      enqueue(store, call);
    } else {
      batch_forget(call, error);
      deliver_unwritten(store, call);
    }
  }
}

// Queueing.

static void refuse(Store *store, Call *call) {
  atomic_fetch_add(&store->refused, 1);
  batch_forget(call, ERR_BUSY);
  store_deliver(store, call, call->loop);
}

static void enqueue(Store *store, Call *call) {
  Queue *queue = call->method->reads_only ? &store->reads : &store->writes;
  if (call->method->prepare != NULL && !call->prepared) queue = &store->work;
  call->next = NULL;
  if (queue_add(queue, call) != NULL) refuse(store, call);
}

void store_submit(Loop *loop, Call *call) {
  call->waited = loop->behind;
  call->queued_ns = call->since_ns = uv_hrtime();
  if (call->method->prepare != NULL || call->method->reads_only) {
    enqueue(loop->store, call);
  } else {
    call->next = NULL;
    call->awaited = true;
    ++loop->awaited;
    *loop->submitted_tail = call;
    loop->submitted_tail = &call->next;
  }
}

void store_submit_all(Loop *loop) {
  Call *calls = loop->submitted;
  if (calls == NULL) return;
  loop->submitted = NULL;
  loop->submitted_tail = &loop->submitted;
  for (Call *call = queue_add(&loop->store->writes, calls); call != NULL;) {
    Call *next = call->next;
    call->next = NULL;
    refuse(loop->store, call);
    call = next;
  }
}

// Life.

static bool start_readers(Store *store) {
  for (int i = 0; i < store->settings.readers; i++) {
    Reader *reader = malloc(sizeof *reader);
    store->reader_dbs[i] = db_open(store->settings.path, DB_READ);
    if (reader == NULL || store->reader_dbs[i] == NULL) {
      free(reader);
      return false;
    }
    *reader = (Reader){store, store->reader_dbs[i]};
    if (uv_thread_create(&store->readers[i], reader_main, reader) != 0) {
      free(reader);
      return false;
    }
    ++store->readers_begun;
  }
  return true;
}

static bool start_listener(Store *store) {
  if (!db_is_shared(store->writer_db)) return true;
  store->listener_db = db_open(store->settings.path, DB_READ);
  return store->listener_db != NULL && uv_thread_create(&store->listener, listener_main, store) == 0;
}

Store *store_start(const StoreSettings *settings) {
  assert(settings->readers <= READERS_MAX && settings->batch_max > 0);
  Store *store = calloc(1, sizeof *store);
  if (store == NULL) return NULL;
  store->settings = *settings;
  store->seen = settings->seen;
  store->healthy = true;
  store->writer_db = db_open(settings->path, DB_WRITE);
  bool ready = store->writer_db != NULL && queue_init(&store->writes, settings->queue_max) &&
               queue_init(&store->reads, settings->queue_max) && queue_init(&store->work, settings->queue_max);
  ready = ready && write_back_start(&store->write_back, store->writer_db, settings->path);
  if (!ready || !start_readers(store) || uv_thread_create(&store->writer, writer_main, store) != 0 ||
      uv_thread_create(&store->worker, worker_main, store) != 0 || !start_listener(store)) {
    // NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the program ends, nothing is worth freeing
    log_error("store: cannot start", "reason=\"no connection, thread or memory\"");
    return NULL;
  }
  return store;
}

void store_set_loops(Store *store, Loop *loops, int count) {
  store->loops = loops;
  store->loop_count = count;
  for (int i = 0; i < count; i++) {
    loops[i].store = store;
    loops[i].all = loops;
    loops[i].all_count = count;
  }
}

void store_stop(Store *store) {
  atomic_store(&store->stops, true);
  if (store->listener_db != NULL) uv_thread_join(&store->listener);
  db_close(store->listener_db);
  queue_close(&store->work);
  uv_thread_join(&store->worker);
  queue_close(&store->writes);
  queue_close(&store->reads);
  uv_thread_join(&store->writer);
  write_back_stop(&store->write_back);
  for (int i = 0; i < store->readers_begun; i++) {
    uv_thread_join(&store->readers[i]);
    db_close(store->reader_dbs[i]);
  }
  db_hurry(store->writer_db, uv_hrtime());
  if (store->settings.last != NULL) store->settings.last(store->writer_db);
  db_close(store->writer_db);
}

void store_free(Store *store) {
  queue_free(&store->work);
  queue_free(&store->writes);
  queue_free(&store->reads);
  free(store);
}

StoreFigures store_figures(Store *store) {
  uint64_t followed_ns = figure_read(&store->followed_ns);
  return (StoreFigures){
      .healthy = store->healthy,
      .commits = store->commits,
      .calls = store->calls,
      .failed_commits = store->failed_commits,
      .refused = store->refused,
      .queued = {queue_length(&store->writes), queue_length(&store->reads), queue_length(&store->work)},
      .batch_calls = &store->batch_calls,
      .commit_ns = &store->commit_ns,
      .position = (uint64_t)store->seen,
      .unsure_ns = followed_ns > 0 ? uv_hrtime() - followed_ns : 0,
      .has_redis = store->settings.redis != NULL,
      .redis = redis_figures(store->settings.redis)};
}

bool store_is_shared(const Store *store) {
  return db_is_shared(store->writer_db);
}

bool store_healthy(const Store *store) {
  return store->healthy;
}
