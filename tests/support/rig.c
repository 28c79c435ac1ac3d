// The core as a test sets it up.
#include "support/rig.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/log.h"
#include "support/postgres.h"

// The clock and the dice.

static int64_t clock_now(void *state) {
  return ((Rig *)state)->now_ms;
}

// SplitMix64: as good as dice for a test, and any thread may throw them.
static void throw_dice(void *state, void *bytes, size_t count) {
  char *at = bytes;
  while (count > 0) {
    uint64_t mixed = atomic_fetch_add(&((Rig *)state)->dice, 0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    mixed ^= mixed >> 31;
    size_t take = count < sizeof mixed ? count : sizeof mixed;
    memcpy(at, &mixed, take);
    at += take;
    count -= take;
  }
}

void rig_pass(Rig *rig, int64_t ms) {
  rig->now_ms += ms;
}

uint64_t rig_clock_ms(void) {
  return uv_hrtime() / 1000000;
}

// Hooks.

static Rig *the_rig;  // a test has one

static void no_request(Exchange *exchange) {
  conn_kill(exchange->conn);
}

static void nothing(Loop *loop) {
  (void)loop;
}

static const LoopHooks no_hooks = {
    .request = no_request, .start = nothing, .turn_end = nothing, .turn_sent = nothing, .stopped = nothing};

static void on_event(Loop *loop, const Event *event) {
  if (str_equal(event->topic, STR("presence"))) return;  // other processes' alone
  text_format(&the_rig->heard[loop->number], "event %.*s %lld %.*s %.*s\n", STR_ARG(event->topic),
              (long long)event->seq, STR_ARG(event->kind), STR_ARG(event->payload));
  if (the_rig->settings.event != NULL) the_rig->settings.event(loop, event);
}

static void on_changed_outside(Loop *loop) {
  ++the_rig->changed_outside;
  if (the_rig->settings.changed_outside != NULL) the_rig->settings.changed_outside(loop);
}

// Life.

// A file with the tables and nothing in them: made for the first rig, copied for the others.
static void put_tables(const char *path) {
  static char *tables;
  static size_t size;
  if (tables == NULL) {
    Db *db = db_open(path, DB_WRITE);
    assert_non_null(db);
    assert_true(db_migrate(db, RIG_BEGIN_MS));
    db_close(db);
    FILE *made = fopen(path, "r");
    FILE *kept = open_memstream(&tables, &size);
    assert_true(made != NULL && kept != NULL);
    for (int byte; (byte = getc(made)) != EOF;) putc(byte, kept);
    fclose(made);
    fclose(kept);
    return;
  }
  FILE *copy = fopen(path, "w");
  assert_non_null(copy);
  assert_int_equal(fwrite(tables, 1, size, copy), size);
  fclose(copy);
}

static void open_database(Rig *rig) {
  const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  snprintf(rig->directory, sizeof rig->directory, "%s/foyer_test_XXXXXX", base);
  assert_non_null(mkdtemp(rig->directory));
  if (!postgres_make(rig->path, sizeof rig->path)) {
    snprintf(rig->path, sizeof rig->path, "%s/foyer.db", rig->directory);
    put_tables(rig->path);
  }
  rig->db = db_open(rig->path, DB_WRITE);
  assert_non_null(rig->db);
  assert_true(db_migrate(rig->db, RIG_BEGIN_MS));
}

static void open_loop(Rig *rig, int number) {
  Loop *loop = &rig->loops[number];
  LoopSettings settings = {
      .http = {.head_bytes = 16384, .headers = 100, .target_bytes = 8192, .body_bytes = 102400},
      .ws = {.message_bytes = 1 << 20, .fragments = 100},
      .connections_max = 100,
      .head_timeout_ms = RIG_MINUTE_MS,
      .body_timeout_ms = RIG_MINUTE_MS,
      .idle_timeout_ms = RIG_MINUTE_MS,
      .write_timeout_ms = RIG_MINUTE_MS,
      .slow_bytes = rig->settings.slow_bytes,
  };
  Env env = {.now_ms = clock_now, .random = throw_dice, .state = rig};
  assert_true(loop_init(loop, number, rig->settings.hooks, &settings, env));
  loop->fast = rig->fast;
  loop->config = &rig->config;
  rig->heard[number].arena = &rig->arena;
}

static RigSettings usual(const RigSettings *settings) {
  RigSettings full = settings != NULL ? *settings : (RigSettings){0};
  if (full.loops == 0) full.loops = 1;
  if (full.readers == 0) full.readers = 1;
  if (full.queue_max == 0) full.queue_max = 1000;
  if (full.batch_max == 0) full.batch_max = 256;
  if (full.slow_bytes == 0) full.slow_bytes = 1 << 20;
  if (full.hooks == NULL) full.hooks = &no_hooks;
  return full;
}

Rig *rig_open(const RigSettings *settings) {
  Rig *rig = calloc(1, sizeof *rig);
  assert_non_null(rig);
  the_rig = rig;
  log_set_level(getenv("FOYER_TEST_LOG") != NULL ? LOG_DEBUG : LOG_OFF);
  rig->settings = usual(settings);
  rig->now_ms = RIG_BEGIN_MS;
  rig->config = (Config){.rate_limits = true,
                         .max_active_users = 2,
                         .slot_ms = 5 * RIG_MINUTE_MS,
                         .booking_ms = 10 * RIG_MINUTE_MS,
                         .otp_ms = 5 * RIG_MINUTE_MS,
                         .promote_interval_ms = 5000,
                         .sweep_interval_ms = RIG_MINUTE_MS,
                         .company_name = STR("foyer"),
                         .jwt_secret = STR("jwt secret"),
                         .cookie_secret = STR("cookie secret")};
  open_database(rig);
  Text url = {.arena = &rig->arena};
  text_format(&url, "%s%s", rig->path[0] == '/' ? "sqlite:" : "", rig->path);
  rig->config.database_url = text_str(&url);
  rig->fast = fast_new();
  assert_non_null(rig->fast);
  rig->store = store_start(&(StoreSettings){.path = rig->path,
                                            .queue_max = rig->settings.queue_max,
                                            .batch_max = rig->settings.batch_max,
                                            .batch_ms = 1000,
                                            .readers = rig->settings.readers,
                                            .event = on_event,
                                            .fast = rig->fast,
                                            .committed = rig->settings.committed,
                                            .changed_outside = on_changed_outside});
  assert_non_null(rig->store);
  for (int i = 0; i < rig->settings.loops; i++) open_loop(rig, i);
  store_set_loops(rig->store, rig->loops, rig->settings.loops);
  for (int i = 0; i < rig->settings.loops; i++) rig->settings.hooks->start(&rig->loops[i]);
  return rig;
}

static void remove_directory(const Rig *rig) {
  static const char *const ends[] = {"", "-wal", "-shm"};
  char path[sizeof rig->path + 8];
  for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
    snprintf(path, sizeof path, "%s%s", rig->path, ends[i]);
    unlink(path);
  }
  rmdir(rig->directory);
}

void rig_close(Rig *rig) {
  store_stop(rig->store);
  for (int i = 0; i < rig->settings.loops; i++) loop_free(&rig->loops[i]);
  store_free(rig->store);
  fast_free(rig->fast);
  db_close(rig->db);
  postgres_drop(rig->path);
  remove_directory(rig);
  arena_free(&rig->arena);
  the_rig = NULL;
  free(rig);
}

// Turns.

static void take_turn(Loop *loop) {
  uv_run(&loop->uv, UV_RUN_NOWAIT);
  loop->now_ms = loop->env.now_ms(loop->env.state);
  loop->tick_ms = uv_now(&loop->uv);
  loop->hooks->turn_end(loop);
  store_submit_all(loop);
  conn_flush_dirty(loop);
  loop->hooks->turn_sent(loop);
}

void rig_turn(Rig *rig, uint64_t begun_ms) {
  enum { WAIT_MS = 2 };
  if (rig_clock_ms() - begun_ms > RIG_LIMIT_MS) fail_msg("what was waited for did not come");
  struct pollfd wakes[RIG_LOOPS_MAX];
  for (int i = 0; i < rig->settings.loops; i++) take_turn(&rig->loops[i]);
  for (int i = 0; i < rig->settings.loops; i++)
    wakes[i] = (struct pollfd){.fd = uv_backend_fd(&rig->loops[i].uv), .events = POLLIN};
  poll(wakes, (nfds_t)rig->settings.loops, WAIT_MS);
  for (int i = 0; i < rig->settings.loops; i++) take_turn(&rig->loops[i]);
}

const char *rig_heard(Rig *rig, int loop) {
  Text *heard = &rig->heard[loop];
  const char *text = str_zero(&rig->arena, text_str(heard));
  *heard = (Text){.arena = &rig->arena};
  return text;
}

// Calls.

static void on_done(Loop *loop, Call *call) {
  Answer *answer = call->door;
  Rig *rig = answer->rig;
  *answer = (Answer){.rig = rig,
                     .done = true,
                     .loop = loop->number,
                     .error = call->error,
                     .reply = str_copy(&rig->arena, text_str(&call->reply)),
                     .granted = call->granted,
                     .session_over = call->session_over,
                     .topic_kind = call->reply_topic_kind,
                     .topic_key = call->reply_topic_key,
                     .waits_for = str_copy(&rig->arena, call->waits_for),
                     .waited_note = call->waited_note};
  answer->granted.username = str_copy(&rig->arena, call->granted.username);
  answer->granted.sid = str_copy(&rig->arena, call->granted.sid);
  text_format(&rig->heard[loop->number], "done %s\n", call->method->name);
}

static Error prepare_call(Call *call, const Identity *who, const void *rig_input, const char *json) {
  if (call->method->access != ACCESS_ANYONE && call->who.user_id == 0) return ERR_UNAUTHORIZED;
  call->token_error = who != NULL && who->sid.length > 0 ? ERR_NONE : ERR_UNAUTHORIZED;
  call->peer = STR("192.0.2.1");
  call->agent = STR("test");
  const Json *root = NULL;
  if (json != NULL) {
    root = json_parse(&call->arena, str_from(json), NULL);
    assert_non_null(root);
  }
  Error error = call_decode(call, root);
  if (rig_input != NULL) memcpy(call->input, rig_input, call->method->input_bytes);
  return error;
}

void rig_ask(Rig *rig, int loop, const Method *method, const Identity *who, const char *json, Answer *answer) {
  rig->loops[loop].now_ms = rig->now_ms;
  Call *call = call_new_own(&rig->loops[loop]);
  assert_non_null(call);
  *answer = (Answer){.rig = rig};
  call->method = method;
  call->waited_note = rig->waited_note;
  rig->waited_note = 0;
  if (who != NULL) call->who = *who;
  call->door = answer;
  call->done = on_done;
  call->error = prepare_call(call, who, rig->input, json);
  rig->input = NULL;
  if (call->error == ERR_NONE) {
    store_submit(&rig->loops[loop], call);
  } else {
    on_done(&rig->loops[loop], call);
    call_free(call);
  }
}

Answer rig_call(Rig *rig, const Method *method, const Identity *who, const char *json) {
  Answer answer;
  rig_ask(rig, 0, method, who, json, &answer);
  RIG_UNTIL(rig, answer.done);
  return answer;
}

// The worker is held until a test lets it go.

static uv_sem_t gate;

static Error hold(Call *call, void *input) {
  (void)call, (void)input;
  uv_sem_wait(&gate);
  return ERR_NONE;
}

static Error do_nothing(Call *call, const void *input) {
  (void)call, (void)input;
  return ERR_NONE;
}

static const Method hold_worker = {.name = "hold", .prepare = hold, .run = do_nothing};
static const Method look = {.name = "look", .reads_only = true, .run = do_nothing};

Answer rig_call_while(Rig *rig, const Method *method, const Identity *who, const char *json, const char *sql) {
  Answer held, answer;
  assert_int_equal(uv_sem_init(&gate, 0), 0);
  rig_ask(rig, 0, &hold_worker, NULL, NULL, &held);
  rig_ask(rig, 0, method, who, json, &answer);
  rig_call(rig, &look, NULL, NULL);  // the one reader has got so far
  rig_run(rig, sql);
  uv_sem_post(&gate);
  RIG_UNTIL(rig, held.done && answer.done);
  uv_sem_destroy(&gate);
  return answer;
}

Answer rig_call_input(Rig *rig, const Method *method, const void *input) {
  rig->input = input;
  return rig_call(rig, method, NULL, NULL);
}

Answer rig_call_again(Rig *rig, const Answer *waits, const Method *method, const Identity *who, const char *json) {
  rig->waited_note = waits->waited_note;
  Answer answer = rig_call(rig, method, who, json);
  return answer;
}

// The tables.

int64_t rig_int(Rig *rig, const char *sql) {
  db_call_begin(rig->db);
  int64_t value = db_int(rig->db, sql, 0);
  assert_false(db_failed(rig->db));
  assert_true(db_call_end(rig->db, true) || true);
  return value;
}

const char *rig_text(Rig *rig, const char *sql) {
  db_call_begin(rig->db);
  Rows rows = db_rows(rig->db, sql);
  Str text = rows_next(&rows) ? rows_text(&rows, 0, &rig->arena) : (Str){0};
  rows_end(&rows);
  assert_false(db_failed(rig->db));
  return str_zero(&rig->arena, text);
}

void rig_run(Rig *rig, const char *sql) {
  assert_true(db_begin(rig->db, DB_WRITE));
  assert_true(db_run(rig->db, sql));
  assert_true(db_commit(rig->db));
}

const char *rig_zero(Rig *rig, Str text) {
  return str_zero(&rig->arena, text);
}
