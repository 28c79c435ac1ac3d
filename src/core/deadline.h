// Time limits without a timer each: a list of all that wait for the same length of time is in order of its own accord.
// Belongs to one loop thread.
#ifndef FOYER_CORE_DEADLINE_H
#define FOYER_CORE_DEADLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Deadline {
  struct Deadline *next;  // NULL: in no list
  struct Deadline *previous;
  uint64_t due_ms;  // of the loop's tick clock
} Deadline;

// A ring through `ends`, the earliest first.
typedef struct DeadlineList {
  Deadline ends;
} DeadlineList;

#define DEADLINE_OWNER(deadline, type, member) ((type *)(void *)((char *)(deadline)-offsetof(type, member)))

static inline void deadlines_init(DeadlineList *list) {
  list->ends.next = list->ends.previous = &list->ends;
}

static inline void deadline_clear(Deadline *deadline) {
  if (deadline->next == NULL) return;
  deadline->next->previous = deadline->previous;
  deadline->previous->next = deadline->next;
  deadline->next = deadline->previous = NULL;
}

// Takes it out of the list it is in, and puts it at the end of this one. Times set in a list never go back by much: an
// earlier one waits for those before it.
static inline void deadline_set(DeadlineList *list, Deadline *deadline, uint64_t due_ms) {
  deadline_clear(deadline);
  deadline->due_ms = due_ms;
  deadline->next = &list->ends;
  deadline->previous = list->ends.previous;
  deadline->previous->next = list->ends.previous = deadline;
}

// When the first is due; UINT64_MAX: never.
static inline uint64_t deadlines_next_ms(const DeadlineList *list) {
  return list->ends.next == &list->ends ? UINT64_MAX : list->ends.next->due_ms;
}

// Takes out one that is due; NULL when none is.
static inline Deadline *deadlines_take(DeadlineList *list, uint64_t now_ms) {
  if (deadlines_next_ms(list) > now_ms) return NULL;
  Deadline *deadline = list->ends.next;
  deadline_clear(deadline);
  return deadline;
}

#endif
