// The server of a world.
#include "sim/server.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/batch.h"
#include "core/fast.h"
#include "methods/payment.h"
#include "methods/queue.h"
#include "models/waiting_room.h"
#include "sim/checker.h"
#include "sim/couriers.h"
#include "sim/venue.h"
#include "support/ram_disk.h"

enum { BATCH_MAX = 32, QUEUE_MAX = 4096, PARKED_MS = 10000, RESTART_MS_MAX = 20000, BATCH_STEP_MS_MAX = 4 };
enum { NETWORK_MS_MAX = 80, TIMEOUT_MS = 15000, CHECK_ALL_EVERY = 100, CHECK_AFTER_CRASH = 300 };

struct Server {
  Db *db;  // NULL: it is down
  Fast *fast;
  Config config;
  Loop loop;  // what calls see of one
  uint64_t life;
  bool batch_due;
  Ask *queue[QUEUE_MAX];
  size_t queued;
  Ask *parked[QUEUE_MAX];
  size_t parked_count;
  uint64_t commits;
  int64_t looked_at;  // the changes of this connection when the checker looked last
  Arena scratch;
};

// The clock and the dice of the server.

int64_t server_now_ms(const World *world) {
  return world->now_ms + world->skew_ms;
}

static int64_t env_now(void *state) {
  return server_now_ms(state);
}

static void env_random(void *state, void *bytes, size_t count) {
  world_random(state, bytes, count);
}

Db *server_db(const World *world) {
  return world->server->db;
}

uint64_t server_life(const World *world) {
  return world->server->life;
}

const Config *server_config(const World *world) {
  return &world->server->config;
}

// Answers.

static void hear(World *world, void *what) {
  Ask *ask = what;
  if (ask->heard != NULL) ask->heard(world, ask);
}

// Nobody will ever answer: the asker finds out when its patience ends. The server's own things end with it.
static void leave_unanswered(World *world, Ask *ask) {
  ask->answered = false;
  if (!ask->is_own) world_later(world, TIMEOUT_MS, hear, ask);
}

static void answer(World *world, Ask *ask, Error error, Str reply) {
  ask->answered = true;
  ask->error = error;
  ask->reply = str_copy(&world->arena, reply);
  if (ask->is_own) {
    hear(world, ask);
  } else if (world_chance(world, world->weather.lost_answer)) {
    world_saw(world, SEEN_LOST_ANSWER);
    leave_unanswered(world, ask);
  } else {
    world_later(world, world_between(world, 1, NETWORK_MS_MAX), hear, ask);
  }
}

// Crashes.

static void restart(World *world, void *what);

void server_crash(World *world) {
  Server *server = world->server;
  if (server->db == NULL) return;
  RamCut cut = RAM_CRASH;
  if (world_chance(world, world->weather.power_cut)) cut = world_chance(world, 500) ? RAM_CUT : RAM_CUT_TORN;
  world_tell(world, "crash%s", cut == RAM_CRASH ? "" : ", the power is cut");
  world_saw(world, SEEN_CRASH);
  if (cut != RAM_CRASH) world_saw(world, SEEN_POWER_CUT);
  ram_disk_disarm();
  ram_disk_cut(cut, world_dice(world));
  db_close(server->db);
  fast_free(server->fast);
  waiting_room_free();
  server->db = NULL;
  server->fast = NULL;
  ++server->life;
  server->batch_due = false;
  for (size_t i = 0; i < server->queued; i++) leave_unanswered(world, server->queue[i]);
  for (size_t i = 0; i < server->parked_count; i++) leave_unanswered(world, server->parked[i]);
  server->queued = server->parked_count = 0;
  world_later(world, world_between(world, 100, RESTART_MS_MAX), restart, NULL);
}

static bool crashes(World *world) {
  return world_chance(world, world->weather.crash);
}

// Batches.

static void run_batch(World *world, void *what);

static void queue_batch(World *world) {
  Server *server = world->server;
  if (server->batch_due || server->queued == 0) return;
  server->batch_due = true;
  world_later(world, world_between(world, 0, BATCH_STEP_MS_MAX), run_batch, (void *)(uintptr_t)server->life);
}

static void enqueue(World *world, Ask *ask) {
  Server *server = world->server;
  if (server->db == NULL || server->queued == QUEUE_MAX) {
    leave_unanswered(world, ask);
    return;
  }
  server->queue[server->queued++] = ask;
  queue_batch(world);
}

static void arrive(World *world, void *what) {
  enqueue(world, what);
}

void server_ask(World *world, Ask *ask) {
  ask->is_own = false;
  if (world_chance(world, world->weather.lost_request)) {
    leave_unanswered(world, ask);
  } else {
    world_later(world, world_between(world, 1, NETWORK_MS_MAX), arrive, ask);
  }
}

void server_ask_own(World *world, Ask *ask) {
  ask->is_own = true;
  enqueue(world, ask);
}

static Call *make_call(World *world, Ask *ask) {
  Server *server = world->server;
  server->loop.now_ms = server_now_ms(world);
  Call *call = call_new_own(&server->loop);
  if (call == NULL) abort();
  call->method = ask->method;
  call->who = ask->who;
  call->door = ask;
  call->token_error = ask->who.user_id > 0 ? ERR_NONE : ERR_UNAUTHORIZED;
  call->peer = STR("192.0.2.1");
  call->waited_note = ask->note;
  call->waited_for = ask->waits_for;
  if (ask->key.length > 0) {
    Text scope = {.arena = &call->arena};
    text_format(&scope, "account:%lld", (long long)ask->who.user_id);
    call->once = (Once){.scope = text_str(&scope), .key = ask->key, .request_hash = ask->json};
  }
  const Json *root = ask->json.length > 0 ? json_parse(&call->arena, ask->json, NULL) : NULL;
  call->error = call_decode(call, root);
  if (ask->fill != NULL) ask->fill(call, ask);
  if (ask->method->access != ACCESS_ANYONE && ask->who.user_id == 0) call->error = ERR_UNAUTHORIZED;
  return call;
}

static void free_calls(Call *calls) {
  while (calls != NULL) {
    Call *next = calls->next;
    call_free(calls);
    calls = next;
  }
}

// Requests that wait for a topic run again.
static void wake_parked(World *world, Str topic) {
  Server *server = world->server;
  size_t kept = 0;
  size_t count = server->parked_count;
  for (size_t i = 0; i < count; i++) {
    Ask *ask = server->parked[i];
    if (str_equal(ask->waits_for, topic)) {
      server->queue[server->queued++] = ask;
    } else {
      server->parked[kept++] = ask;
    }
  }
  server->parked_count = kept;
}

static void park(World *world, Ask *ask, const Call *call) {
  Server *server = world->server;
  if (ask->parked_ms == 0) ask->parked_ms = world->now_ms;
  ask->waits_for = str_copy(&world->arena, call->waits_for);
  ask->note = call->waited_note;
  world_saw(world, SEEN_PARKED);
  server->parked[server->parked_count++] = ask;
}

// Those who have waited too long are told so.
static void unpark(World *world) {
  Server *server = world->server;
  size_t kept = 0;
  for (size_t i = 0; i < server->parked_count; i++) {
    Ask *ask = server->parked[i];
    if (world->now_ms - ask->parked_ms < PARKED_MS) {
      server->parked[kept++] = ask;
      continue;
    }
    world_saw(world, SEEN_PARKED_TOO_LONG);
    answer(world, ask, ask->method->late != ERR_NONE ? ask->method->late : ERR_PROVIDER_UNAVAILABLE, (Str){0});
  }
  server->parked_count = kept;
}

static void tell_events(World *world, const Call *calls) {
  bool effects = false;
  for (const Call *call = calls; call != NULL; call = call->next) {
    effects = effects || call->has_effects;
    for (const Event *event = call->events; event != NULL; event = event->next) waiting_room_committed(event);
  }
  // Who is parked by this very batch hears its signals as well: they came after it looked, or it would not wait.
  for (const Call *call = calls; call != NULL; call = call->next) {
    Ask *ask = call->door;
    if (call->error == ERR_NONE && call->waits_for.length > 0) park(world, ask, call);
  }
  for (const Call *call = calls; call != NULL; call = call->next) {
    for (const Event *event = call->events; event != NULL; event = event->next) wake_parked(world, event->topic);
  }
  if (effects) couriers_wake(world);
}

static void answer_all(World *world, Call *calls) {
  for (Call *call = calls; call != NULL; call = call->next) {
    Ask *ask = call->door;
    if (call->error == ERR_NONE && call->waits_for.length > 0) continue;
    if (call->error == ERR_NONE && call->method->answer != NULL) call->method->answer(call, call->input);
    answer(world, ask, call->error != ERR_NONE ? call->error : call->refusal, text_str(&call->reply));
  }
}

// Takes the first calls of the queue, linked.
static Call *take_calls(World *world) {
  Server *server = world->server;
  size_t count = (size_t)world_between(world, 1, BATCH_MAX);
  if (count > server->queued) count = server->queued;
  Call *calls = NULL;
  Call **tail = &calls;
  for (size_t i = 0; i < count; i++) {
    *tail = make_call(world, server->queue[i]);
    tail = &(*tail)->next;
  }
  server->queued -= count;
  memmove(server->queue, server->queue + count, server->queued * sizeof *server->queue);
  return calls;
}

static void crash_with(World *world, Call *calls, Seen when) {
  world_saw(world, when);
  for (Call *call = calls; call != NULL; call = call->next) {
    Ask *ask = call->door;
    if (when == SEEN_CRASH_IN_BATCH && ask->tells_money) world_saw(world, SEEN_CRASH_AFTER_CHARGE);
    leave_unanswered(world, ask);
  }
  free_calls(calls);
  server_crash(world);
}

// Runs them; false when the process died on the way.
static bool run_calls(World *world, Call *calls, bool *alive) {
  Db *db = world->server->db;
  *alive = db_begin(db, DB_WRITE);
  for (Call *call = calls; call != NULL; call = call->next) {
    if (call->error != ERR_NONE) continue;  // refused by the door
    *alive = *alive && batch_run(db, call);
    if (crashes(world)) return false;
  }
  return true;
}

// Where no row has changed nothing can be wrong that was right.
static void after_commit(World *world) {
  Server *server = world->server;
  world_saw(world, SEEN_COMMITS);
  bool all = ++server->commits % CHECK_ALL_EVERY == 0;
  if (all || db_total_changes(server->db) != server->looked_at) checker_look(world, all);
  server->looked_at = db_total_changes(server->db);
}

static void run_batch(World *world, void *what) {
  Server *server = world->server;
  if ((uintptr_t)what != server->life || server->db == NULL) return;
  server->batch_due = false;
  unpark(world);
  if (server->queued == 0) return;
  Call *calls = take_calls(world);
  bool alive;
  if (world_chance(world, world->weather.disk_fails)) ram_disk_arm((int)world_between(world, 1, 8), false);
  if (!run_calls(world, calls, &alive)) {
    crash_with(world, calls, SEEN_CRASH_IN_BATCH);
    return;
  }
  bool committed = batch_end(server->db, calls, alive && batch_finish(server->db, calls));
  if (ram_disk_disarm()) world_saw(world, SEEN_DISK_FAILED);
  if (crashes(world)) {
    crash_with(world, calls, SEEN_CRASH_AFTER_COMMIT);
    return;
  }
  tell_events(world, calls);
  if (committed) after_commit(world);
  answer_all(world, calls);
  free_calls(calls);
  queue_batch(world);
}

// Timers.

typedef struct Timer {
  const Method *method;
  int64_t every_ms;
  uint64_t life;
} Timer;

static void ring(World *world, void *what);

static void rang(World *world, Ask *ask) {
  Timer *timer = ask->from;
  if (timer->life != world->server->life) return;
  int64_t wait_ms = world_pace(world, timer->every_ms);
  if (timer->method == &queue_method_tick) {
    int64_t now_ms = server_now_ms(world);
    int64_t next_ms = waiting_room_next(now_ms);
    if (next_ms - now_ms < wait_ms) wait_ms = next_ms > now_ms ? next_ms - now_ms : 1;
  }
  // As core/ticker.c: an answer says that there is more to do at once.
  bool more = ask->error == ERR_NONE && ask->reply.length > 0;
  world_later(world, more ? 1 : wait_ms, ring, timer);
}

static void ring(World *world, void *what) {
  Timer *timer = what;
  if (timer->life != world->server->life) return;
  Ask *ask = ARENA_NEW(&world->arena, Ask);
  *ask = (Ask){.method = timer->method, .json = STR("{}"), .heard = rang, .from = timer};
  server_ask_own(world, ask);
}

static void start_timer(World *world, const Method *method, int64_t every_ms) {
  Timer *timer = ARENA_NEW(&world->arena, Timer);
  *timer = (Timer){.method = method, .every_ms = every_ms, .life = world->server->life};
  ring(world, timer);
}

// Wakes what waits in vain.
static void look_at_parked(World *world, void *what) {
  if ((uintptr_t)what != world->server->life) return;
  unpark(world);
  world_later(world, world_pace(world, SECOND_MS), look_at_parked, what);
}

static void jump(World *world, void *what) {
  (void)what;
  if (world->is_calm) return;
  if (world_chance(world, world->weather.clock_jump)) {
    world_saw(world, SEEN_CLOCK_JUMP);
    world->skew_ms = world->skew_ms != 0 ? 0 : world_chance(world, 500) ? HOUR_MS : -HOUR_MS;
    world_tell(world, "the server's clock is off by %lld s", (long long)world->skew_ms / SECOND_MS);
  }
  world_later(world, MINUTE_MS, jump, NULL);
}

// Life.

static void open_database(World *world) {
  Server *server = world->server;
  server->db = db_open(venue_path, DB_WRITE);
  server->fast = fast_new();
  if (server->db == NULL || server->fast == NULL) world_broken(world, "the database cannot be opened after a crash");
  server->looked_at = 0;
  server->loop.fast = server->fast;
}

static void serve(World *world) {
  Server *server = world->server;
  bool ready = db_begin(server->db, DB_READ) && waiting_room_load(server->db, &server->config, server_now_ms(world));
  if (!ready) world_broken(world, "the waiting room cannot be read");
  db_rollback(server->db);
  checker_look(world, world_chance(world, CHECK_AFTER_CRASH));
  start_timer(world, &queue_method_tick, server->config.promote_interval_ms);
  start_timer(world, &payment_look, server->config.sweep_interval_ms);
  world_later(world, SECOND_MS, look_at_parked, (void *)(uintptr_t)server->life);
  couriers_restart(world);
}

static void restart(World *world, void *what) {
  (void)what;
  open_database(world);
  serve(world);
}

void server_begin(World *world) {
  Server *server = calloc(1, sizeof *server);
  if (server == NULL) abort();
  world->server = server;
  server->config = (Config){.max_active_users = world_between(world, 1, 8),
                            .slot_ms = world_between(world, 1, 6) * MINUTE_MS,
                            .booking_ms = world_between(world, 2, 10) * MINUTE_MS,
                            .promote_interval_ms = world_between(world, 10, 90) * SECOND_MS,
                            .sweep_interval_ms = world_between(world, 30, 180) * SECOND_MS,
                            .booking_fee_rate = world_chance(world, 500) ? 0.05 : 0,
                            .company_name = STR("foyer"),
                            .jwt_secret = STR("jwt secret"),
                            .cookie_secret = STR("cookie secret"),
                            .stripe_secret_key = STR("sk_test"),
                            .stripe_publishable_key = STR("pk_test"),
                            .stripe_webhook_secret = STR("whsec_simulated")};
  server->loop.config = &server->config;
  server->loop.env = (Env){.now_ms = env_now, .random = env_random, .state = world};
  venue_put();
  open_database(world);
  venue_draw(world, server->db);
  serve(world);
  world_later(world, MINUTE_MS, jump, NULL);
}

void server_end(World *world) {
  Server *server = world->server;
  db_close(server->db);
  fast_free(server->fast);
  waiting_room_free();
  arena_free(&server->scratch);
  free(server);
}
