// Two heaps, by time and by how many were admitted.
#include "commands/rehearse_line.h"

#include <stdlib.h>
#include <uv.h>

typedef struct Turn {
  uint64_t when;
  uint32_t buyer;
} Turn;

typedef struct Heap {
  Turn *turns;
  uint32_t count;
} Heap;

struct RehearseLine {
  uv_mutex_t lock;
  uv_cond_t changed;
  Heap by_time;
  Heap by_admitted;
  uint32_t inside;  // buyers that are not through
  bool ended;
};

static void swap(Turn *a, Turn *b) {
  Turn kept = *a;
  *a = *b;
  *b = kept;
}

static void push(Heap *heap, uint64_t when, uint32_t buyer) {
  uint32_t at = heap->count++;
  heap->turns[at] = (Turn){when, buyer};
  for (; at > 0 && heap->turns[(at - 1) / 2].when > heap->turns[at].when; at = (at - 1) / 2) {
    swap(&heap->turns[at], &heap->turns[(at - 1) / 2]);
  }
}

static Turn pop(Heap *heap) {
  Turn first = heap->turns[0];
  heap->turns[0] = heap->turns[--heap->count];
  for (uint32_t at = 0, least = 0;; at = least) {
    for (uint32_t child = 2 * at + 1; child <= 2 * at + 2 && child < heap->count; child++) {
      if (heap->turns[child].when < heap->turns[least].when) least = child;
    }
    if (least == at) return first;
    swap(&heap->turns[at], &heap->turns[least]);
  }
}

RehearseLine *rehearse_line_new(uint32_t buyers) {
  RehearseLine *line = calloc(1, sizeof *line);
  if (line == NULL) return NULL;
  line->by_time.turns = calloc(buyers, sizeof(Turn));
  line->by_admitted.turns = calloc(buyers, sizeof(Turn));
  line->inside = buyers;
  if (line->by_time.turns == NULL || line->by_admitted.turns == NULL || uv_mutex_init(&line->lock) != 0) {
    free(line->by_time.turns);
    free(line->by_admitted.turns);
    free(line);
    return NULL;
  }
  uv_cond_init(&line->changed);
  return line;
}

void rehearse_line_free(RehearseLine *line) {
  uv_cond_destroy(&line->changed);
  uv_mutex_destroy(&line->lock);
  free(line->by_time.turns);
  free(line->by_admitted.turns);
  free(line);
}

void rehearse_line_act_at(RehearseLine *line, uint32_t buyer, uint64_t due_ms) {
  uv_mutex_lock(&line->lock);
  push(&line->by_time, due_ms, buyer);
  uv_cond_signal(&line->changed);
  uv_mutex_unlock(&line->lock);
}

void rehearse_line_act_when(RehearseLine *line, uint32_t buyer, uint64_t admitted) {
  uv_mutex_lock(&line->lock);
  push(&line->by_admitted, admitted, buyer);
  uv_mutex_unlock(&line->lock);
}

void rehearse_line_admitted(RehearseLine *line, uint64_t admitted, bool all, uint64_t now_ms) {
  uv_mutex_lock(&line->lock);
  Heap *waiting = &line->by_admitted;
  while (waiting->count > 0 && (all || waiting->turns[0].when <= admitted)) {
    push(&line->by_time, now_ms, pop(waiting).buyer);
  }
  uv_cond_broadcast(&line->changed);
  uv_mutex_unlock(&line->lock);
}

void rehearse_line_left(RehearseLine *line) {
  uv_mutex_lock(&line->lock);
  if (--line->inside == 0) uv_cond_broadcast(&line->changed);
  uv_mutex_unlock(&line->lock);
}

bool rehearse_line_next(RehearseLine *line, uint32_t *buyer) {
  bool found = false;
  uv_mutex_lock(&line->lock);
  while (!found && line->inside > 0 && !line->ended) {
    uint64_t now_ms = uv_hrtime() / 1000000;
    uint64_t due_ms = line->by_time.count > 0 ? line->by_time.turns[0].when : now_ms + 100;
    if (line->by_time.count > 0 && due_ms <= now_ms) {
      *buyer = pop(&line->by_time).buyer;
      found = true;
    } else {
      uv_cond_timedwait(&line->changed, &line->lock, (due_ms - now_ms) * 1000000);
    }
  }
  uv_mutex_unlock(&line->lock);
  return found;
}

void rehearse_line_end(RehearseLine *line) {
  uv_mutex_lock(&line->lock);
  line->ended = true;
  uv_cond_broadcast(&line->changed);
  uv_mutex_unlock(&line->lock);
}

bool rehearse_line_is_over(RehearseLine *line) {
  uv_mutex_lock(&line->lock);
  bool over = line->inside == 0 || line->ended;
  uv_mutex_unlock(&line->lock);
  return over;
}
