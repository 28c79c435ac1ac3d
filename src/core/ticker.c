// A timer that submits a call, and is set anew when the call is done.
#include "core/ticker.h"

#include <stdlib.h>

#include "core/store.h"

enum {
  SOON_MS = 1,
  AGAIN_MS = 100  // at the soonest, after a failure: what was due is due still
};

struct Ticker {
  Loop *loop;
  TickerSettings settings;
  uv_timer_t timer;
  bool running;  // its call is under way
  bool stopped;
};

static void run(uv_timer_t *timer);

static void start_timer(Ticker *ticker, int64_t wait_ms) {
  uv_update_time(&ticker->loop->uv);
  uv_timer_start(&ticker->timer, run, (uint64_t)wait_ms, 0);
}

// Waits until the interval is over or something is due, and at least so long.
static void set_timer(Ticker *ticker, int64_t least_ms) {
  int64_t wait_ms = ticker->settings.interval_ms;
  if (ticker->settings.next != NULL) {
    int64_t now_ms = ticker->loop->env.now_ms(ticker->loop->env.state);
    int64_t next_ms = ticker->settings.next(now_ms);
    if (next_ms - now_ms < wait_ms) wait_ms = next_ms - now_ms;
  }
  start_timer(ticker, wait_ms > least_ms ? wait_ms : least_ms);
}

static void free_ticker(uv_handle_t *timer) {
  free(timer->data);
}

static void finished(Loop *loop, Call *call) {
  (void)loop;
  Ticker *ticker = call->door;
  ticker->running = false;
  if (ticker->stopped) {
    uv_close((uv_handle_t *)&ticker->timer, free_ticker);
  } else if (call->error != ERR_NONE) {
    set_timer(ticker, AGAIN_MS);
  } else if (call->reply.length > 0) {
    start_timer(ticker, ticker->settings.more_ms);
  } else {
    set_timer(ticker, SOON_MS);
  }
}

static void run(uv_timer_t *timer) {
  Ticker *ticker = timer->data;
  Call *call = call_new_own(ticker->loop);
  if (call == NULL) {
    set_timer(ticker, AGAIN_MS);
    return;
  }
  call->now_ms = ticker->loop->env.now_ms(ticker->loop->env.state);
  call->method = ticker->settings.method;
  call->input = arena_alloc(&call->arena, 1);
  call->door = ticker;
  call->done = finished;
  ticker->running = true;
  store_submit(ticker->loop, call);
}

Ticker *ticker_start(Loop *loop, const TickerSettings *settings) {
  Ticker *ticker = calloc(1, sizeof *ticker);
  if (ticker == NULL) return NULL;
  ticker->loop = loop;
  ticker->settings = *settings;
  uv_timer_init(&loop->uv, &ticker->timer);
  ticker->timer.data = ticker;
  start_timer(ticker, 0);
  return ticker;
}

void ticker_look(Ticker *ticker) {
  if (!ticker->running) set_timer(ticker, SOON_MS);
}

void ticker_stop(Ticker *ticker) {
  if (ticker == NULL) return;
  ticker->stopped = true;
  uv_timer_stop(&ticker->timer);
  if (!ticker->running) uv_close((uv_handle_t *)&ticker->timer, free_ticker);
}
