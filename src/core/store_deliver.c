// The way back from the store: what was committed goes to all loops, each answer to its own.
#include <assert.h>
#include <stdlib.h>

#include "core/store_private.h"

// A committed batch on its way to the loops: every one hears the events, and each answers its own calls. The last one
// frees it.
typedef struct Batch {
  _Atomic int users;
  Call *calls;
  struct BatchMessage *messages;  // one a loop
} Batch;

typedef struct BatchMessage {
  LoopMessage message;
  Batch *batch;
} BatchMessage;

static void batch_free(Batch *batch) {
  for (Call *call = batch->calls; call != NULL;) {
    Call *next = call->next;
    call_free(call);
    call = next;
  }
  free(batch->messages);
  free(batch);
}

static void stamp(Call *calls) {
  uint64_t now_ns = uv_hrtime();
  for (Call *call = calls; call != NULL; call = call->next) {
    for (Event *event = call->events; event != NULL; event = event->next) {
      event->posted_ns = now_ns;
      event->waited = call->waited;
    }
  }
}

static void count_answered(Loop *loop, const Call *call, uint64_t now_ns) {
  Spread *spread = call->method->reads_only ? &loop->figures.read_ns : &loop->figures.write_ns;
  spread_add(spread, spread_times_ns, now_ns - call->queued_ns);
  if (call->error == ERR_INTERNAL) figure_add(&loop->figures.failed_calls, 1);
}

static void run_batch(Loop *loop, LoopMessage *message) {
  Batch *batch = ((BatchMessage *)message)->batch;
  uint64_t now_ns = uv_hrtime();
  for (Call *call = batch->calls; call != NULL; call = call->next) {
    for (const Event *event = call->events; event != NULL; event = event->next) {
      loop->store->settings.event(loop, event);
    }
    if (call->loop != loop) continue;  // nobody's loop: it is another process's
    if (call->awaited) --loop->awaited;
    count_answered(loop, call, now_ns);
    if (call->error == ERR_NONE && call->method->answer != NULL) call->method->answer(call, call->input);
    call->done(loop, call);
  }
  if (atomic_fetch_sub(&batch->users, 1) == 1) batch_free(batch);
}

void store_deliver(Store *store, Call *calls, Loop *only) {
  if (calls == NULL) return;
  int count = only != NULL ? 1 : store->loop_count;
  assert(count > 0);
  stamp(calls);
  Batch *batch = calloc(1, sizeof *batch);
  BatchMessage *messages = calloc((size_t)count, sizeof *messages);
  if (batch == NULL || messages == NULL) abort();  // what was committed cannot be told: a restart tells it
  *batch = (Batch){.users = count, .calls = calls, .messages = messages};
  for (int i = 0; i < count; i++) {
    messages[i] = (BatchMessage){.message.run = run_batch, .batch = batch};
    loop_post(only != NULL ? only : &store->loops[i], &messages[i].message);
  }
}
