// What a thread counts for who watches over the server (/metrics). A figure has one writer; whoever asks reads it at
// any time. So an addition is as cheap as one to a plain number, and what is read may be a moment old.
#ifndef FOYER_CORE_FIGURES_H
#define FOYER_CORE_FIGURES_H

#include <stdatomic.h>
#include <stdint.h>

typedef _Atomic uint64_t Figure;

static inline uint64_t figure_read(const Figure *figure) {
  return atomic_load_explicit(figure, memory_order_relaxed);
}

static inline void figure_set(Figure *figure, uint64_t value) {
  atomic_store_explicit(figure, value, memory_order_relaxed);
}

// The writer's thread only.
static inline void figure_add(Figure *figure, uint64_t by) {
  figure_set(figure, figure_read(figure) + by);
}

static inline void figure_take(Figure *figure, uint64_t by) {
  figure_set(figure, figure_read(figure) - by);
}

// How values are spread: how many were at most each of some bounds and more than the one before, how many were more
// than all, and their sum.
enum { SPREAD_BOUNDS = 6 };
typedef struct Spread {
  Figure counts[SPREAD_BOUNDS + 1];
  Figure sum;
} Spread;

static const uint64_t spread_times_ns[SPREAD_BOUNDS] = {1000000, 5000000, 25000000, 100000000, 500000000, 2500000000};
static const uint64_t spread_calls[SPREAD_BOUNDS] = {1, 4, 16, 64, 128, 256};

// The writer's thread only.
static inline void spread_add(Spread *spread, const uint64_t *bounds, uint64_t value) {
  int at = 0;
  while (at < SPREAD_BOUNDS && value > bounds[at]) ++at;
  figure_add(&spread->counts[at], 1);
  figure_add(&spread->sum, value);
}

// What each loop counts.
enum { LOOP_DOORS = 8, LOOP_STATUS_CLASSES = 5, LOOP_TOPIC_KINDS = 4 };
typedef struct LoopFigures {
  Figure answers[LOOP_DOORS][LOOP_STATUS_CLASSES];  // HTTP, by Conn.door and the first digit of the status
  Spread answer_ns[LOOP_DOORS];                     // from the end of the request; without those held for news
  Figure accepted;                                  // connections
  Figure refused;                                   // past connections_max, or for want of descriptors or memory
  Figure http;                                      // connections that speak it now
  Figure web_sockets[LOOP_DOORS];                   // connections that are one now, by Conn.door
  Figure engine_sessions;                           // Engine.IO sessions now, whatever their transport
  Figure messages;                                  // WebSocket messages that came
  Figure received_bytes;
  Figure sent_bytes;
  Figure subscriptions[LOOP_TOPIC_KINDS];  // now, by the kind's row
  Figure topics[LOOP_TOPIC_KINDS];         // in memory now, likewise
  Figure updates[LOOP_TOPIC_KINDS];        // frames rendered for all subscribers of a topic, likewise
  Figure stopped;                          // subscriptions that got no more until their slow client had caught up
  Spread read_ns;                          // calls that only read, from their queueing to their answer
  Spread write_ns;                         // calls that write, likewise
  Figure failed_calls;                     // ERR_INTERNAL
} LoopFigures;

#endif
