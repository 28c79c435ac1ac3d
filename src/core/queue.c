// A bounded queue of calls between threads.
#include "core/queue.h"

bool queue_init(Queue *queue, uint32_t max) {
  *queue = (Queue){.max = max};
  queue->tail = &queue->first;
  return uv_mutex_init(&queue->lock) == 0 && uv_cond_init(&queue->filled) == 0;
}

void queue_free(Queue *queue) {
  uv_mutex_destroy(&queue->lock);
  uv_cond_destroy(&queue->filled);
}

Call *queue_add(Queue *queue, Call *calls) {
  uv_mutex_lock(&queue->lock);
  bool was_empty = queue->count == 0;
  while (calls != NULL && queue->count < queue->max && !queue->closed) {
    Call *call = calls;
    calls = call->next;
    call->next = NULL;
    *queue->tail = call;
    queue->tail = &call->next;
    ++queue->count;
  }
  // One taker may take all of it; with several (readers), each call taken leaves the rest to the next signal.
  bool filled = queue->count > 0;
  uv_mutex_unlock(&queue->lock);
  if (filled) was_empty ? uv_cond_broadcast(&queue->filled) : uv_cond_signal(&queue->filled);
  return calls;
}

Call *queue_take(Queue *queue, uint32_t max, uint64_t wait_ms) {
  uv_mutex_lock(&queue->lock);
  bool waits = true;
  while (queue->count == 0 && !queue->poked && !queue->closed && waits) {
    waits = uv_cond_timedwait(&queue->filled, &queue->lock, wait_ms * 1000000) == 0;
  }
  queue->poked = false;
  Call *taken = queue->first;
  Call **end = &taken;
  for (uint32_t i = 0; i < max && *end != NULL; i++) {
    end = &(*end)->next;
    --queue->count;
  }
  queue->first = *end;
  *end = NULL;
  if (queue->first == NULL) queue->tail = &queue->first;
  uv_mutex_unlock(&queue->lock);
  return taken;
}

uint32_t queue_length(Queue *queue) {
  uv_mutex_lock(&queue->lock);
  uint32_t count = queue->count;
  uv_mutex_unlock(&queue->lock);
  return count;
}

bool queue_is_over(Queue *queue) {
  uv_mutex_lock(&queue->lock);
  bool over = queue->closed && queue->count == 0;
  uv_mutex_unlock(&queue->lock);
  return over;
}

void queue_poke(Queue *queue) {
  uv_mutex_lock(&queue->lock);
  queue->poked = true;
  uv_cond_signal(&queue->filled);
  uv_mutex_unlock(&queue->lock);
}

void queue_close(Queue *queue) {
  uv_mutex_lock(&queue->lock);
  queue->closed = true;
  uv_cond_broadcast(&queue->filled);
  uv_mutex_unlock(&queue->lock);
}
