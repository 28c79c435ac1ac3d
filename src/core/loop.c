// The loop thread: turns of libuv, the inbox from other threads, and the sweep that applies time limits.
#include "core/loop.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "core/conn.h"
#include "core/listener.h"
#include "core/log.h"
#include "core/store.h"

enum { SWEEP_MS = 100, SWEEPS_A_ROUND = 10, DRAIN_CHECK_MS = 20, AWAKE_MOST_US = 1000, AWAKE_AGAIN_MS = 100 };

void loop_again(Loop *loop) {
  uv_async_send(&loop->wake);
}

static void turn_begin(Loop *loop) {
  loop->now_ms = loop->env.now_ms(loop->env.state);
  loop->tick_ms = uv_now(&loop->uv);
}

static void on_awake(uv_idle_t *awake) {
  Loop *loop = awake->data;
  bool slow = loop->awaited > 0 && uv_hrtime() - loop->awake_ns > AWAKE_MOST_US * 1000ULL;
  if (slow) loop->sleeps_till_ms = loop->tick_ms + AWAKE_AGAIN_MS;
  if (slow || loop->awaited == 0) {
    uv_idle_stop(awake);
  } else {
    sched_yield();  // to the writer, where they share a processor
  }
}

// While a lone change is being committed, the loop does not sleep: a processor that sleeps is woken late, by the disk's
// interrupt as by the writer. With several changes under way there is other work for it.
static void stay_awake(Loop *loop) {
  if (loop->submitted == NULL || loop->awaited != 1 || loop->tick_ms < loop->sleeps_till_ms) return;
  loop->awake_ns = uv_hrtime();
  uv_idle_start(&loop->awake, on_awake);
}

// Everything a turn has produced leaves here: rendered updates, calls for the store, bytes.
static void turn_end(Loop *loop) {
  loop->hooks->turn_end(loop);
  stay_awake(loop);
  store_submit_all(loop);
  conn_flush_dirty(loop);
  loop->hooks->turn_sent(loop);
  if (loop->submitted != NULL) loop_again(loop);  // what was held back has been read on
}

static void on_check(uv_check_t *check) {
  Loop *loop = check->data;
  loop->behind = false;
  turn_end(loop);
}

static void on_prepare(uv_prepare_t *prepare) {
  turn_end(prepare->data);
}

static void run_inbox(Loop *loop) {
  uv_mutex_lock(&loop->inbox_lock);
  LoopMessage *message = loop->inbox;
  loop->inbox = NULL;
  loop->inbox_tail = &loop->inbox;
  uv_mutex_unlock(&loop->inbox_lock);
  while (message != NULL) {
    LoopMessage *next = message->next;
    message->run(loop, message);
    message = next;
  }
}

static void on_wake(uv_async_t *wake) {
  Loop *loop = wake->data;
  turn_begin(loop);
  run_inbox(loop);
}

uint32_t loop_keeps(const Loop *loop, uint32_t count) {
  if (!loop->leaving || loop->tick_ms < loop->leaves_from_ms) return count;
  if (loop->tick_ms >= loop->leaves_till_ms) return 0;
  uint64_t left_ms = loop->leaves_till_ms - loop->tick_ms;
  return (uint32_t)(count * left_ms / (loop->leaves_till_ms - loop->leaves_from_ms));
}

static void send_away(Conn *conn) {
  ws_close(conn, 1001, STR("the server is restarting"));
}

// Whoever has come since it began is the last in `conns`, and who takes the place of one that goes comes from there.
static void send_some_away(Loop *loop) {
  if (loop->tick_ms < loop->leaves_from_ms) loop->leave_count = loop->leave_at = loop->conn_count;
  if (loop->leave_at > loop->conn_count) loop->leave_at = loop->conn_count;
  uint32_t keeps = loop_keeps(loop, loop->leave_count);
  while (loop->leave_at > keeps) {
    Conn *conn = loop->conns[--loop->leave_at];
    if (conn->handler != NULL) send_away(conn);
  }
}

// Looks at a tenth of the connections every 100 ms, so that a round takes a second and no turn is long.
static void on_sweep(uv_timer_t *timer) {
  Loop *loop = timer->data;
  turn_begin(loop);
  if (loop->leaving) send_some_away(loop);
  uint32_t share = loop->conn_count / SWEEPS_A_ROUND + 1;
  for (uint32_t i = 0; i < share && loop->conn_count > 0; i++) {
    if (loop->sweep_at >= loop->conn_count) loop->sweep_at = 0;
    uint32_t before = loop->conn_count;
    conn_visit(loop->conns[loop->sweep_at]);
    if (loop->conn_count == before) ++loop->sweep_at;
  }
}

bool loop_init(Loop *loop, int number, const LoopHooks *hooks, const LoopSettings *settings, Env env) {
  *loop = (Loop){.number = number, .hooks = hooks, .settings = *settings, .env = env};
  loop->inbox_tail = &loop->inbox;
  loop->submitted_tail = &loop->submitted;
  loop->dirty_tail = &loop->dirty;
  loop->read_buffer = malloc(LOOP_READ_BYTES);
  loop->inflater = ws_inflater_new(settings->ws.message_bytes);
  if (loop->read_buffer == NULL || loop->inflater == NULL) return false;
  if (uv_loop_init(&loop->uv) != 0 || uv_mutex_init(&loop->inbox_lock) != 0) return false;
  if (uv_async_init(&loop->uv, &loop->wake, on_wake) != 0) return false;
  uv_check_init(&loop->uv, &loop->check);
  uv_prepare_init(&loop->uv, &loop->prepare);
  uv_idle_init(&loop->uv, &loop->awake);
  uv_timer_init(&loop->uv, &loop->sweep);
  uv_timer_init(&loop->uv, &loop->grace);
  uv_timer_init(&loop->uv, &loop->drain_check);
  loop->wake.data = loop->check.data = loop->prepare.data = loop->sweep.data = loop;
  loop->awake.data = loop;
  loop->grace.data = loop->drain_check.data = loop;
  turn_begin(loop);
  loop->started_ms = loop->now_ms;
  return true;
}

static void close_handle(uv_handle_t *handle, void *unused) {
  (void)unused;
  if (!uv_is_closing(handle)) uv_close(handle, NULL);
}

void loop_free(Loop *loop) {
  loop->ring_asked = true;  // it was its thread's
  send_ring_free(loop->ring);
  loop->ring = NULL;
  while (loop->inbox != NULL || loop->submitted != NULL) {
    store_submit_all(loop);  // what is asked of the stopped store comes back at once, refused
    run_inbox(loop);
  }
  while (loop->conn_count > 0) conn_kill(loop->conns[loop->conn_count - 1]);
  conn_flush_dirty(loop);
  uv_check_stop(&loop->check);
  uv_prepare_stop(&loop->prepare);
  loop->hooks->stopped(loop);
  listeners_free(loop);
  uv_walk(&loop->uv, close_handle, NULL);
  while (uv_run(&loop->uv, UV_RUN_DEFAULT) != 0) continue;
  int busy = uv_loop_close(&loop->uv);
  assert(busy == 0);
  (void)busy;
  uv_mutex_destroy(&loop->inbox_lock);
  ws_inflater_free(loop->inflater);
  arena_free(&loop->scratch);
  free(loop->conns);
  free(loop->slots);
  free(loop->read_buffer);
}

static void loop_main(void *arg) {
  Loop *loop = arg;
  clockid_t clock = 0;
  pthread_getcpuclockid(pthread_self(), &clock);
  loop->cpu_clock = clock;
  uv_check_start(&loop->check, on_check);
  uv_prepare_start(&loop->prepare, on_prepare);
  uv_timer_start(&loop->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
  loop->hooks->start(loop);
  listeners_start(loop);
  uv_run(&loop->uv, UV_RUN_DEFAULT);
  arena_free_spare();
}

bool loop_start(Loop *loop) {
  return uv_thread_create(&loop->thread, loop_main, loop) == 0;
}

void loop_join(Loop *loop) {
  uv_thread_join(&loop->thread);
}

void loop_post(Loop *loop, LoopMessage *message) {
  message->next = NULL;
  uv_mutex_lock(&loop->inbox_lock);
  bool first = loop->inbox == NULL;
  *loop->inbox_tail = message;
  loop->inbox_tail = &message->next;
  uv_mutex_unlock(&loop->inbox_lock);
  if (first) uv_async_send(&loop->wake);
}

// Draining.

typedef struct StopMessage {
  LoopMessage message;
  uint32_t limit_ms;
} StopMessage;

static StopMessage *stop_message(void (*run)(Loop *loop, LoopMessage *message), uint32_t limit_ms) {
  StopMessage *message = malloc(sizeof *message);
  if (message != NULL) *message = (StopMessage){.message.run = run, .limit_ms = limit_ms};
  return message;
}

// A third of the time is for the balancer to notice: until then it would send here whoever was sent away.
static void run_leave(Loop *loop, LoopMessage *message) {
  uint32_t drain_ms = ((StopMessage *)message)->limit_ms;
  free(message);
  loop->leaving = true;
  loop->leaves_from_ms = loop->tick_ms + drain_ms / 3;
  loop->leaves_till_ms = loop->tick_ms + (drain_ms > 2 * SWEEP_MS ? drain_ms - 2 * SWEEP_MS : 0);
  loop->leave_count = loop->leave_at = loop->conn_count;
}

void loop_leave(Loop *loop, uint32_t drain_ms) {
  StopMessage *message = stop_message(run_leave, drain_ms);
  if (message != NULL) loop_post(loop, &message->message);  // else it leaves unannounced
}

static void on_grace_over(uv_timer_t *timer) {
  Loop *loop = timer->data;
  if (loop->conn_count > 0) log_warn("loop: connections cut at the end of the drain", "count=%u", loop->conn_count);
  uv_stop(&loop->uv);
}

static void on_drain_check(uv_timer_t *timer) {
  Loop *loop = timer->data;
  if (loop->conn_count == 0) uv_stop(&loop->uv);
}

static void run_stop(Loop *loop, LoopMessage *message) {
  uint32_t grace_ms = ((StopMessage *)message)->limit_ms;
  free(message);
  loop->draining = true;
  listeners_free(loop);
  for (uint32_t i = loop->conn_count; i > 0; i--) {
    Conn *conn = loop->conns[i - 1];
    if (conn->handler != NULL) {
      send_away(conn);
    } else if (!conn->answering && conn->held_bytes == 0) {
      conn_close(conn);
    } else {
      conn->keep_alive = false;
    }
  }
  uv_timer_start(&loop->grace, on_grace_over, grace_ms, 0);
  uv_timer_start(&loop->drain_check, on_drain_check, 0, DRAIN_CHECK_MS);
}

void loop_stop(Loop *loop, uint32_t grace_ms) {
  StopMessage *message = stop_message(run_stop, grace_ms);
  if (message == NULL) abort();  // cannot even stop
  loop_post(loop, &message->message);
}
