// The couriers. One thread looks for rows that are due and puts them on the lanes; each lane, one a kind, has threads
// of its own, so that a slow endpoint of one kind holds up no other. An errand goes: taken (dispatcher) -> performed
// (courier) -> settled (a call, by way of a loop), and while it is anywhere on this way its row is not taken again.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/crash.h"
#include "core/log.h"
#include "core/outbox_private.h"
#include "core/store.h"

enum {
  LANES_MAX = 8,
  READY_A_COURIER = 4,
  LOOK_MS = 1000,        // at least so often rows are looked for
  TAKEN_MS = 10000,      // at a shared database a row is one process's for so long
  SETTLE_AGAIN_MS = 500  // after the database did not take an outcome
};

struct Outbox {
  OutboxSettings settings;
  Loop *loops;
  int loop_count;
  Str own_url;
  Env env;
  Db *db;  // the dispatcher's
  _Atomic bool urgent;
  uv_thread_t dispatcher;
  // The desk: what other threads leave for the dispatcher. Its lock is held for moments only, so that neither the
  // writer nor a loop waits while rows are looked for.
  uv_mutex_t desk_lock;
  uv_cond_t desk_news;
  bool woken;
  bool closed;    // nothing is settled any more
  Way *returned;  // settled, or not taken by the database
  // Behind the counter: the lanes, and what is on its way. A row is read and compared with `taken` under one holding of
  // this lock, and nothing leaves `taken` meanwhile: so what was settled after the look began is not taken again.
  uv_mutex_t lock;
  uv_cond_t fewer;  // something has left `taken`
  bool closing;     // nothing more is begun
  Way *taken;
  Way *unsettled;
  uint64_t unsettled_ns;  // when they were handed in last
  uint32_t next_loop;
  uint64_t counted_ns;
  int lane_count;
  Lane lanes[LANES_MAX];
};

// An errand's way.

static void leave(Outbox *outbox, Way *way) {
  Way **at = &outbox->taken;
  while (*at != way) at = &(*at)->next_taken;
  *at = way->next_taken;
  --way->lane->on_way;
  arena_free(&way->errand.arena);
  free(way);
}

static void log_outcome(const Way *way) {
  const Errand *errand = &way->errand;
  const char *fault = errand->fault != NULL ? errand->fault : "";
  const char *kind = way->lane->kind->name;
  if (way->outcome == OUTCOME_FAILED) {
    log_error("outbox: given up", "kind=%s id=%lld attempts=%lld reason=\"%s\"", kind, (long long)errand->id,
              (long long)errand->attempt, fault);
  } else if (way->outcome == OUTCOME_AGAIN) {
    log_warn("outbox: will be tried again", "kind=%s id=%lld attempts=%lld reason=\"%s\"", kind, (long long)errand->id,
             (long long)errand->attempt, fault);
  } else {
    log_debug("outbox: done", "kind=%s id=%lld", kind, (long long)errand->id);
  }
}

static void put_on_desk(Outbox *outbox, Way *way, bool settled) {
  uv_mutex_lock(&outbox->desk_lock);
  way->settled = settled;
  way->next = outbox->returned;
  outbox->returned = way;
  outbox->woken = true;
  uv_cond_signal(&outbox->desk_news);
  uv_mutex_unlock(&outbox->desk_lock);
}

static void on_settled(Loop *loop, Call *call) {
  (void)loop;
  Way *way = call->door;
  Lane *lane = way->lane;
  if (call->error == ERR_NONE) {
    log_outcome(way);
    atomic_fetch_add(way->outcome == OUTCOME_DONE ? &lane->performed : &lane->failed, 1);
    if (way->outcome == OUTCOME_FAILED) atomic_fetch_add(&lane->given_up, 1);
    crash_point("outbox.settled");
  }
  put_on_desk(lane->outbox, way, call->error == ERR_NONE);
}

// On a loop's thread: a call can only be made there.
static void submit(Loop *loop, LoopMessage *message) {
  Way *way = (Way *)message;
  Outbox *outbox = way->lane->outbox;
  const Method *follows = way->lane->kind->settle;
  uv_mutex_lock(&outbox->desk_lock);
  bool closed = outbox->closed;
  uv_mutex_unlock(&outbox->desk_lock);
  Call *call = closed ? NULL : call_new_own(loop);
  if (call == NULL) {
    put_on_desk(outbox, way, false);
    return;
  }
  call->method = follows;
  call->door = way;
  call->done = on_settled;
  const Json *result = json_parse(&call->arena, text_str(&way->errand.result), NULL);
  if (follows != NULL && call_decode(call, result) != ERR_NONE) {
    log_error("outbox: an outcome cannot be read", "method=%s field=%s", follows->name, call->bad_field->name);
  }
  call->method = &outbox_settle_method;
  store_submit(loop, call);
}

static void hand_in(Outbox *outbox, Way *way) {
  way->message.run = submit;
  loop_post(&outbox->loops[outbox->next_loop++ % (uint32_t)outbox->loop_count], &way->message);
}

// The next errand of a lane; NULL when the program ends.
static Way *next_errand(Lane *lane) {
  Outbox *outbox = lane->outbox;
  uv_mutex_lock(&outbox->lock);
  while (lane->first == NULL && !outbox->closing) uv_cond_wait(&lane->filled, &outbox->lock);
  Way *way = outbox->closing ? NULL : lane->first;
  if (way != NULL) {
    lane->first = way->next;
    if (lane->first == NULL) lane->tail = &lane->first;
  }
  uv_mutex_unlock(&outbox->lock);
  return way;
}

static void courier_main(void *arg) {
  Lane *lane = arg;
  Outbox *outbox = lane->outbox;
  for (Way *way = next_errand(lane); way != NULL; way = next_errand(lane)) {
    Errand *errand = &way->errand;
    errand->payload = json_parse(&errand->arena, way->payload_text, NULL);
    crash_point("outbox.taken");
    way->outcome = lane->kind->perform(errand);
    crash_point("outbox.performed");
    if (errand->arena.failed) {
      way->outcome = OUTCOME_AGAIN;
      errand->fault = "no memory";
    }
    uv_mutex_lock(&outbox->lock);
    hand_in(outbox, way);
    uv_mutex_unlock(&outbox->lock);
  }
}

// The dispatcher.

static bool is_taken(const Outbox *outbox, int64_t id) {
  for (const Way *way = outbox->taken; way != NULL; way = way->next_taken) {
    if (way->errand.id == id) return true;
  }
  return false;
}

static void put_on_lane(Lane *lane, const Rows *row) {
  Outbox *outbox = lane->outbox;
  Way *way = calloc(1, sizeof *way);
  if (way == NULL) return;  // taken at a later look
  Errand *errand = &way->errand;
  way->lane = lane;
  *errand = (Errand){.id = rows_int(row, 0),
                     .created_ms = rows_int(row, 3),
                     .attempt = rows_int(row, 4) + 1,
                     .env = outbox->env,
                     .config = outbox->loops[0].config,
                     .own_url = outbox->own_url,
                     .urgent = &outbox->urgent,
                     .patience = lane->kind->patience};
  errand->key = rows_text(row, 1, &errand->arena);
  errand->result.arena = &errand->arena;
  way->payload_text = rows_text(row, 2, &errand->arena);
  way->next_taken = outbox->taken;
  outbox->taken = way;
  ++lane->on_way;
  *lane->tail = way;
  lane->tail = &way->next;
  uv_cond_signal(&lane->filled);
}

static void give_back(Db *db, int64_t id) {
  static const char FREE[] = "UPDATE outbox SET taken_until = NULL WHERE id = $1 AND done_at IS NULL";
  db_run(db, FREE, sql_int(id));
}

// At a shared database a row is taken by one process, for a while: who is still at it says so again every second, and
// what somebody who died has left is free after it.
static void take_due_of_all(Lane *lane, int64_t now_ms) {
  static const char TAKE[] =
      "UPDATE outbox SET taken_until = $1 WHERE id IN (SELECT id FROM outbox WHERE kind = $2 AND done_at IS NULL"
      " AND due_at <= $3 AND coalesce(taken_until, 0) <= $3 ORDER BY due_at LIMIT $4 FOR UPDATE SKIP LOCKED)"
      " RETURNING id, key, payload, created_at, attempts";
  int room = lane->kind->couriers * READY_A_COURIER - lane->on_way;
  if (room <= 0) return;
  Rows rows = db_rows(lane->outbox->db, TAKE, sql_int(now_ms + TAKEN_MS), sql_text(str_from(lane->kind->name)),
                      sql_int(now_ms), sql_int(room));
  while (rows_next(&rows)) {
    if (is_taken(lane->outbox, rows_int(&rows, 0))) {
      give_back(lane->outbox->db, rows_int(&rows, 0));  // it is due again, and its last try is not off the desk yet
    } else {
      put_on_lane(lane, &rows);
    }
  }
}

static void keep_taken(Outbox *outbox, int64_t now_ms) {
  static const char KEEP[] =
      "UPDATE outbox SET taken_until = $1 WHERE id = $2 AND done_at IS NULL AND taken_until < $3";
  for (const Way *way = outbox->taken; way != NULL; way = way->next_taken) {
    db_run(outbox->db, KEEP, sql_int(now_ms + TAKEN_MS), sql_int(way->errand.id), sql_int(now_ms + TAKEN_MS / 2));
  }
}

// Takes what is due, as long as there is room: rows on their way are due too, and are passed over. Under the lock.
static void take_due(Lane *lane, int64_t now_ms) {
  static const char DUE[] =
      "SELECT id, key, payload, created_at, attempts FROM outbox"
      " WHERE kind = $1 AND done_at IS NULL AND due_at <= $2 ORDER BY due_at LIMIT $3";
  Db *db = lane->outbox->db;
  int most = lane->kind->couriers * READY_A_COURIER;
  if (lane->on_way >= most) return;
  Rows rows = db_rows(db, DUE, sql_text(str_from(lane->kind->name)), sql_int(now_ms), sql_int(most));
  while (rows_next(&rows)) {
    if (lane->on_way < most && !is_taken(lane->outbox, rows_int(&rows, 0))) put_on_lane(lane, &rows);
  }
}

// When the next row that is not due yet will be; now + LOOK_MS when there is none before.
static int64_t next_due(Lane *lane, int64_t now_ms) {
  static const char NEXT[] = "SELECT min(due_at) FROM outbox WHERE kind = $1 AND done_at IS NULL AND due_at > $2";
  int64_t due_ms = db_int(lane->outbox->db, NEXT, 0, sql_text(str_from(lane->kind->name)), sql_int(now_ms));
  return due_ms > 0 && due_ms < now_ms + LOOK_MS ? due_ms : now_ms + LOOK_MS;
}

static void count(Lane *lane, int64_t now_ms) {
  static const char COUNT[] = "SELECT count(*) FROM outbox WHERE kind = $1 AND done_at IS NULL";
  static const char OLDEST[] = "SELECT min(due_at) FROM outbox WHERE kind = $1 AND done_at IS NULL AND due_at <= $2";
  SqlValue kind = sql_text(str_from(lane->kind->name));
  int64_t oldest_ms = db_int(lane->outbox->db, OLDEST, 0, kind, sql_int(now_ms));
  atomic_store(&lane->pending, db_int(lane->outbox->db, COUNT, 0, kind));
  atomic_store(&lane->oldest_ms, oldest_ms > 0 ? now_ms - oldest_ms : 0);
}

// A courier for each errand on its way, up to the kind's number: threads that nobody has needed yet are not started.
static void call_couriers(Lane *lane) {
  for (; lane->courier_count < lane->on_way && lane->courier_count < lane->kind->couriers; lane->courier_count++) {
    if (uv_thread_create(&lane->couriers[lane->courier_count], courier_main, lane) == 0) continue;
    log_error("outbox: no thread for a courier, the next look tries again", "kind=%s couriers=%d", lane->kind->name,
              lane->courier_count);
    return;
  }
}

// Looks at all lanes; gives how long to wait until the next look, in milliseconds. Under the lock.
static int64_t look(Outbox *outbox) {
  int64_t now_ms = outbox->env.now_ms(outbox->env.state);
  int64_t next_ms = now_ms + LOOK_MS;
  bool counts = outbox->counted_ns == 0 || uv_hrtime() - outbox->counted_ns >= LOOK_MS * 1000000ULL;
  bool shared = db_is_shared(outbox->db);
  if (shared) {  // each statement by itself; a failure that sticks is over
    db_hurry(outbox->db, uv_hrtime());
    db_call_begin(outbox->db);
    db_call_spare_savepoint(outbox->db);
  }
  if (!shared && !db_begin(outbox->db, DB_READ)) return LOOK_MS;
  for (int i = 0; i < outbox->lane_count; i++) {
    shared ? take_due_of_all(&outbox->lanes[i], now_ms) : take_due(&outbox->lanes[i], now_ms);
    call_couriers(&outbox->lanes[i]);
    int64_t due_ms = next_due(&outbox->lanes[i], now_ms);
    if (due_ms < next_ms) next_ms = due_ms;
    if (counts) count(&outbox->lanes[i], now_ms);
  }
  if (shared && counts) keep_taken(outbox, now_ms);
  shared ? (void)db_call_end(outbox->db, true) : (void)db_rollback(outbox->db);
  if (counts) outbox->counted_ns = uv_hrtime();
  return next_ms - now_ms;
}

// Takes what came back: what is settled leaves, what the database did not take is handed in again a little later.
static void clear_desk(Outbox *outbox) {
  uv_mutex_lock(&outbox->desk_lock);
  Way *way = outbox->returned;
  outbox->returned = NULL;
  outbox->woken = false;
  uv_mutex_unlock(&outbox->desk_lock);
  while (way != NULL) {
    Way *next = way->next;
    if (way->settled) {
      leave(outbox, way);
    } else {
      way->next = outbox->unsettled;
      outbox->unsettled = way;
    }
    way = next;
  }
  uv_cond_broadcast(&outbox->fewer);
  if (outbox->closing || uv_hrtime() - outbox->unsettled_ns < SETTLE_AGAIN_MS * 1000000ULL) return;
  outbox->unsettled_ns = uv_hrtime();
  for (Way *next; outbox->unsettled != NULL; outbox->unsettled = next) {
    next = outbox->unsettled->next;
    hand_in(outbox, outbox->unsettled);
  }
}

// Waits for news on the desk; false when there will be no more.
static bool wait_at_desk(Outbox *outbox, int64_t wait_ms) {
  uint64_t until_ns = uv_hrtime() + (uint64_t)wait_ms * 1000000;
  uv_mutex_lock(&outbox->desk_lock);
  for (uint64_t now_ns = uv_hrtime(); !outbox->woken && !outbox->closed && now_ns < until_ns; now_ns = uv_hrtime()) {
    uv_cond_timedwait(&outbox->desk_news, &outbox->desk_lock, until_ns - now_ns);
  }
  bool open = !outbox->closed;
  uv_mutex_unlock(&outbox->desk_lock);
  return open;
}

static void dispatcher_main(void *arg) {
  Outbox *outbox = arg;
  int64_t wait_ms;
  do {
    uv_mutex_lock(&outbox->lock);
    clear_desk(outbox);
    wait_ms = outbox->closing ? LOOK_MS : look(outbox);
    if (outbox->unsettled != NULL && wait_ms > SETTLE_AGAIN_MS) wait_ms = SETTLE_AGAIN_MS;
    uv_mutex_unlock(&outbox->lock);
  } while (wait_at_desk(outbox, wait_ms < 1 ? 1 : wait_ms));
}

// Life.

static bool make_lane(Outbox *outbox, const EffectKind *kind) {
  Lane *lane = &outbox->lanes[outbox->lane_count++];
  lane->outbox = outbox;
  lane->kind = kind;
  lane->tail = &lane->first;
  assert(kind->couriers > 0 && kind->couriers <= COURIERS_MAX);
  return uv_cond_init(&lane->filled) == 0;
}

Outbox *outbox_new(const OutboxSettings *settings) {
  assert(settings->kind_count <= LANES_MAX);
  Outbox *outbox = calloc(1, sizeof *outbox);
  if (outbox == NULL) return NULL;
  outbox->settings = *settings;
  outbox->db = db_open(settings->path, DB_READ);
  bool made = outbox->db != NULL && uv_mutex_init(&outbox->desk_lock) == 0 && uv_mutex_init(&outbox->lock) == 0 &&
              uv_cond_init(&outbox->desk_news) == 0 && uv_cond_init(&outbox->fewer) == 0;
  if (made) return outbox;
  db_close(outbox->db);
  free(outbox);
  return NULL;
}

bool outbox_start(Outbox *outbox, Loop *loops, int loop_count, Str own_url) {
  outbox->loops = loops;
  outbox->loop_count = loop_count;
  outbox->own_url = own_url;
  outbox->env = loops[0].env;
  for (int i = 0; i < loop_count; i++) loops[i].outbox = outbox;
  bool started = true;
  for (int i = 0; started && i < outbox->settings.kind_count; i++)
    started = make_lane(outbox, &outbox->settings.kinds[i]);
  if (started) started = uv_thread_create(&outbox->dispatcher, dispatcher_main, outbox) == 0;
  if (!started) log_error("outbox: cannot start", "reason=\"no connection, thread or memory\"");
  return started;
}

void outbox_wake(void *couriers) {
  Outbox *outbox = couriers;
  uv_mutex_lock(&outbox->desk_lock);
  outbox->woken = true;
  uv_cond_signal(&outbox->desk_news);
  uv_mutex_unlock(&outbox->desk_lock);
}

// How many errands are being performed or settled: what waits on a lane is not begun any more.
static int under_way(const Outbox *outbox) {
  int count = 0;
  for (int i = 0; i < outbox->lane_count; i++) {
    count += outbox->lanes[i].on_way;
    for (const Way *way = outbox->lanes[i].first; way != NULL; way = way->next) --count;
  }
  return count;
}

// What was cut is anybody's at once.
static void give_all_back(Outbox *outbox) {
  if (db_is_shared(outbox->db)) db_hurry(outbox->db, uv_hrtime());
  db_call_begin(outbox->db);
  db_call_spare_savepoint(outbox->db);
  for (const Way *way = outbox->taken; way != NULL; way = way->next_taken) give_back(outbox->db, way->errand.id);
  db_call_end(outbox->db, true);
}

void outbox_stop(Outbox *outbox, uint32_t grace_ms) {
  uint64_t until_ns = uv_hrtime() + grace_ms * 1000000ULL;
  uv_mutex_lock(&outbox->lock);
  outbox->closing = true;
  for (int i = 0; i < outbox->lane_count; i++) uv_cond_broadcast(&outbox->lanes[i].filled);
  for (uint64_t now_ns = uv_hrtime(); under_way(outbox) > 0 && now_ns < until_ns; now_ns = uv_hrtime()) {
    uv_cond_timedwait(&outbox->fewer, &outbox->lock, until_ns - now_ns);
  }
  int cut = under_way(outbox);
  uv_mutex_unlock(&outbox->lock);
  atomic_store(&outbox->urgent, true);
  uv_mutex_lock(&outbox->desk_lock);
  outbox->closed = true;
  uv_cond_signal(&outbox->desk_news);
  uv_mutex_unlock(&outbox->desk_lock);
  uv_thread_join(&outbox->dispatcher);
  for (int i = 0; i < outbox->lane_count; i++) {
    for (int j = 0; j < outbox->lanes[i].courier_count; j++) uv_thread_join(&outbox->lanes[i].couriers[j]);
  }
  if (db_is_shared(outbox->db)) give_all_back(outbox);
  db_close(outbox->db);
  if (cut > 0) log_warn("outbox: cut at the end, to be done again at the next start", "count=%d", cut);
}

void outbox_free(Outbox *outbox) {
  while (outbox->taken != NULL) leave(outbox, outbox->taken);
  for (int i = 0; i < outbox->lane_count; i++) uv_cond_destroy(&outbox->lanes[i].filled);
  uv_cond_destroy(&outbox->fewer);
  uv_cond_destroy(&outbox->desk_news);
  uv_mutex_destroy(&outbox->lock);
  uv_mutex_destroy(&outbox->desk_lock);
  free(outbox);
}

// Looking.

Str outbox_topic(Arena *arena, const char *kind, Str key) {
  Text topic = {.arena = arena};
  text_format(&topic, "%s:%.*s", kind, STR_ARG(key));
  return text_str(&topic);
}

EffectState outbox_look(Db *db, Str key) {
  static const char LOOK[] =
      "SELECT CASE WHEN done_at IS NULL THEN $1 WHEN given_up = 1 THEN $2 ELSE $3 END FROM outbox WHERE key = $4";
  return (EffectState)db_int(db, LOOK, EFFECT_UNKNOWN, sql_int(EFFECT_PENDING), sql_int(EFFECT_FAILED),
                             sql_int(EFFECT_DONE), sql_text(key));
}

bool outbox_figures(const Outbox *outbox, int nth, OutboxFigures *figures) {
  if (outbox == NULL || nth >= outbox->lane_count) return false;
  const Lane *lane = &outbox->lanes[nth];
  *figures = (OutboxFigures){.kind = lane->kind->name,
                             .pending = lane->pending,
                             .oldest_ms = lane->oldest_ms,
                             .performed = lane->performed,
                             .failed = lane->failed,
                             .given_up = lane->given_up};
  return true;
}
