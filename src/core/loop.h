// A loop thread: it owns its listeners, its connections and its topics; nothing of theirs is locked. Other threads
// reach it only through loop_post. All functions but loop_post run on the loop's own thread and none blocks.
#ifndef FOYER_CORE_LOOP_H
#define FOYER_CORE_LOOP_H

#include <stdint.h>
#include <time.h>
#include <uv.h>

#include "core/figures.h"
#include "core/http.h"
#include "core/send_ring.h"
#include "core/ws.h"
#include "shared/arena.h"
#include "shared/time.h"

typedef struct Conn Conn;
typedef struct Loop Loop;
typedef struct Call Call;
typedef struct Exchange Exchange;

enum { LOOP_READ_BYTES = 64 * 1024 };

// A message from another thread. The sender allocates it; `run` takes it over on the loop's thread.
typedef struct LoopMessage {
  struct LoopMessage *next;
  void (*run)(Loop *loop, struct LoopMessage *message);
} LoopMessage;

// What the loop asks of the program above it: one table for all loops.
typedef struct LoopHooks {
  void (*request)(Exchange *exchange);  // a whole HTTP request has come; must answer it now or later (core/conn.h)
  // The body (JSON) of an answer to a request that could not even be read; NULL: none. The request holds what was
  // understood of it, perhaps nothing; complete header lines may be added.
  Str (*refusal)(const Exchange *exchange, int status, Text *headers);
  const char *full;               // the body (JSON) of the 503 to connections past connections_max; NULL: none
  void (*start)(Loop *loop);      // on the loop's thread, before it serves
  void (*turn_end)(Loop *loop);   // after the events of a turn, before what they produced is sent
  void (*turn_sent)(Loop *loop);  // after that was sent
  void (*stopped)(Loop *loop);    // all connections are gone: free what `start` made
} LoopHooks;

// Limits and time limits, the same for all connections of a loop. Times in milliseconds, sizes in bytes.
typedef struct LoopSettings {
  HttpLimits http;
  WsLimits ws;
  uint32_t connections_max;   // of one loop; past it a new connection is answered 503 and closed
  uint32_t head_timeout_ms;   // from the first byte of a request to the end of its head
  uint32_t body_timeout_ms;   // from the first byte of a request to the end of its body, or of a message to its end
  uint32_t idle_timeout_ms;   // a kept-alive connection with nothing under way
  uint32_t write_timeout_ms;  // bytes wait and the peer takes none
  uint32_t slow_bytes;        // backlog past which a connection gets no more updates, and is not read from
} LoopSettings;

struct Loop {
  uv_loop_t uv;
  const LoopHooks *hooks;
  LoopSettings settings;
  int number;  // 0, 1, ...
  Loop *all;   // all loops of the process
  int all_count;
  void *owner;                  // the program's own state of this loop (its topics)
  struct Store *store;          // where calls go
  struct Outbox *outbox;        // the couriers, for their figures; NULL: there are none
  struct Fast *fast;            // shared by all loops
  const struct Config *config;  // likewise
  Env env;
  int64_t now_ms;     // wall clock at the begin of this turn
  uint64_t tick_ms;   // monotonic clock at the begin of this turn
  bool behind;        // what this turn reads came while updates were being sent; set by core/topic.c
  char *read_buffer;  // LOOP_READ_BYTES, for whichever connection is being read
  Arena scratch;      // for what lives no longer than one request or message; reset after each
  WsInflater *inflater;
  Conn **conns;  // all connections; one knows its index, which changes when another closes
  uint32_t conn_count;
  uint32_t conn_capacity;
  uint32_t *slots;       // a slot is a connection's as long as it lives: its index, or of a free one the next free slot
  uint32_t free_slot;    // the first; none when all of conn_capacity are taken
  uint32_t sweep_at;     // next connection to look at for time limits
  uint32_t next_serial;  // of connections, to tell a new one from an old one in its place
  Conn *dirty;  // connections with bytes to send at the end of this turn, in the order they got them, so that an
                // answer does not wait behind the thousands of frames that its call brings about
  Conn **dirty_tail;
  SendRing *ring;   // for the many of a fan-out; NULL: there is none, or none was needed yet
  bool ring_asked;  // for one
  Call *submitted;  // calls for the store, handed over at the end of this turn
  Call **submitted_tail;
  uint32_t awaited;         // calls that were queued for a turn's end and have not come back
  uint64_t awake_ns;        // when the loop began to stay awake for one of them
  uint64_t sleeps_till_ms;  // tick: the disk was too slow to stay awake for
  struct Listener *listeners;
  uv_async_t wake;
  uv_check_t check;
  uv_prepare_t prepare;
  uv_idle_t awake;
  uv_timer_t sweep;
  uv_timer_t grace;        // the end of a drain
  uv_timer_t drain_check;  // whether it is over before
  uv_mutex_t inbox_lock;
  LoopMessage *inbox;
  LoopMessage **inbox_tail;
  bool leaving;             // all is served, but a balancer is to send nothing more here (loop_leave)
  uint64_t leaves_from_ms;  // tick: who is connected is sent away from here on,
  uint64_t leaves_till_ms;  // up to here
  uint32_t leave_count;     // of the connections that were there then,
  uint32_t leave_at;        // so many, the first in `conns`, have not been looked at
  bool draining;            // no new connections; idle ones are closed
  int64_t started_ms;
  _Atomic clockid_t cpu_clock;  // what its thread has used of a processor; 0: it has not begun
  LoopFigures figures;
  uv_thread_t thread;
};

// Prepares a loop; false (logged) when memory or descriptors are out.
bool loop_init(Loop *loop, int number, const LoopHooks *hooks, const LoopSettings *settings, Env env);
// Listens on address:port (SO_REUSEPORT). Before loop_start only. False (logged) when it cannot be had. Port 0 asks the
// system for one; *bound_port (may be NULL) tells it.
bool loop_listen(Loop *loop, const char *address, int port, int *bound_port);
bool loop_start(Loop *loop);  // starts its thread
void loop_join(Loop *loop);   // waits for its thread to end, after loop_stop
void loop_free(Loop *loop);   // runs what was posted last and frees all; after loop_join, when nobody posts any more
// Asks the loop to have a balancer send nothing more: /readyz says so, and connections close after their answers. What
// lasts is closed one after the other, evenly, after a third of `drain_ms` and before its end. Any thread.
void loop_leave(Loop *loop, uint32_t drain_ms);
// Of `count` that last, how many may still be here; all of them while the loop does not leave.
uint32_t loop_keeps(const Loop *loop, uint32_t count);
// Asks the loop to stop taking connections, finish what is under way, close WebSockets with 1001, and end within
// `grace_ms`. Any thread.
void loop_stop(Loop *loop, uint32_t grace_ms);

// Hands a message over; any thread. Messages of one sender are run in order.
void loop_post(Loop *loop, LoopMessage *message);
// One more turn before the loop sleeps: the end of this one has left something to do.
void loop_again(Loop *loop);

#endif
