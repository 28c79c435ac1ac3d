// Requests that wait until a courier is back.
#include <stdlib.h>

#include "controllers/loop_state.h"
#include "controllers/tickets_request.h"
#include "core/store.h"

enum {
  WAIT_MS = 10 * 1000,
  WAIT_AWAY_MS = 500  // while the database takes no writes, so that who asked hears of it within two seconds
};

TicketsState *tickets_state(const Loop *loop) {
  return loop_state(loop)->tickets;
}

TicketsState *tickets_state_new(void) {
  TicketsState *state = calloc(1, sizeof *state);
  if (state == NULL) return NULL;
  state->identities = identity_cache_new();
  if (state->identities != NULL) return state;
  free(state);
  return NULL;
}

void tickets_state_free(TicketsState *state) {
  for (int i = 0; i < TICKETS_WAIT_HEADS; i++) {
    while (state->waiting[i] != NULL) {
      TicketsRequest *request = state->waiting[i];
      state->waiting[i] = request->next;
      tickets_request_free(request);
    }
  }
  identity_cache_free(state->identities);
  free(state->kept);
  free(state);
}

static TicketsRequest **head_of(TicketsState *state, Str topic) {
  return &state->waiting[str_hash(topic) % TICKETS_WAIT_HEADS];
}

void tickets_wait(TicketsRequest *request) {
  TicketsState *state = tickets_state(request->loop);
  TicketsRequest **head = head_of(state, request->waits_for);
  if (request->until_ms == 0) request->until_ms = request->loop->tick_ms + WAIT_MS;
  request->next = *head;
  *head = request;
  ++state->waiting_count;
}

// Whose client has gone is asked for nobody: what was recorded happens all the same.
static void go_on(TicketsRequest *request) {
  if (conn_find(request->loop, request->conn) == NULL) {
    tickets_request_free(request);
  } else {
    tickets_request_run(request);
  }
}

static void wake(TicketsState *state, Str topic) {
  TicketsRequest **link = head_of(state, topic);
  while (*link != NULL) {
    TicketsRequest *request = *link;
    if (!str_equal(request->waits_for, topic)) {
      link = &request->next;
      continue;
    }
    *link = request->next;
    --state->waiting_count;
    go_on(request);  // the call is only queued: it cannot wait again before this loop ends
  }
}

void tickets_http_event(Loop *loop, const Event *event) {
  TicketsState *state = tickets_state(loop);
  if (str_starts(event->topic, STR("concert:"))) {
    ++state->kept_epoch;
    state->kept_route = NULL;
  }
  if (event->seq == 0) identity_cache_signal(state->identities, event);
  if (state->waiting_count > 0) wake(state, event->topic);
}

void tickets_http_changed_outside(Loop *loop) {
  TicketsState *state = tickets_state(loop);
  ++state->kept_epoch;
  state->kept_route = NULL;
  identity_cache_clear(state->identities);
}

void tickets_http_turn_end(Loop *loop) {
  TicketsState *state = tickets_state(loop);
  if (state->waiting_count == 0) return;
  bool away = !store_healthy(loop->store);
  for (int i = 0; i < TICKETS_WAIT_HEADS; i++) {
    TicketsRequest **link = &state->waiting[i];
    while (*link != NULL) {
      TicketsRequest *request = *link;
      uint64_t until_ms = away ? request->until_ms - WAIT_MS + WAIT_AWAY_MS : request->until_ms;
      if (until_ms > loop->tick_ms && !loop->draining) {
        link = &request->next;
        continue;
      }
      *link = request->next;
      --state->waiting_count;
      Error late = away ? ERR_INTERNAL : request->route->method->late;
      tickets_request_refuse(request, late != ERR_NONE ? late : ERR_PROVIDER_UNAVAILABLE, NULL);
    }
  }
}
