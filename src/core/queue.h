// A bounded queue of calls between threads. Any thread; queue_take blocks until there is something.
#ifndef FOYER_CORE_QUEUE_H
#define FOYER_CORE_QUEUE_H

#include <uv.h>

#include "core/call.h"

typedef struct Queue {
  uv_mutex_t lock;
  uv_cond_t filled;
  Call *first;
  Call **tail;
  uint32_t count;
  uint32_t max;
  bool poked;   // one taker is to look around
  bool closed;  // takes no more: takers leave when it is empty
} Queue;

bool queue_init(Queue *queue, uint32_t max);
void queue_free(Queue *queue);  // must be empty
// Adds a list of calls, as many as fit. Gives the list of those that did not (all, when
// it is closed), NULL when all did.
Call *queue_add(Queue *queue, Call *calls);
// Takes up to `max` calls as a list. NULL when there were none for `wait_ms` or until queue_poke, or the queue is
// closed and empty.
Call *queue_take(Queue *queue, uint32_t max, uint64_t wait_ms);
uint32_t queue_length(Queue *queue);
bool queue_is_over(Queue *queue);  // closed and empty
void queue_poke(Queue *queue);     // the taker that waits, or the next, goes on without a call
void queue_close(Queue *queue);

#endif
