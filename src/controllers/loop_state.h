// What the controllers keep for each loop: made at its start by the registry, `owner` of the loop. On its thread only.
#ifndef FOYER_CONTROLLERS_LOOP_STATE_H
#define FOYER_CONTROLLERS_LOOP_STATE_H

#include "controllers/socket_index.h"
#include "core/topic.h"

enum { PLANS_KEPT = 64, ENDED_KEPT = 64 };

// A hall's geometry that was asked for lately, compressed.
typedef struct KeptPlan {
  int64_t hall_id;
  char hash[16];
  Buf *gzip;  // NULL: the slot is empty
} KeptPlan;

typedef struct LoopState {
  Topics *topics;
  bool started;  // what is read at the start has been
  WsDeflater *deflater;
  struct TicketsState *tickets;
  struct MessengerSockets *messenger;
  SocketIndex by_user;              // seats sockets, by the id of whom they speak for
  SocketIndex by_cookie;            // and by their browser: the hash of its ss_client cookie
  SocketIndex by_agent;             // or of its address and User-Agent
  int64_t ended_users[ENDED_KEPT];  // of whom sessions have ended lately, by their number
  uint64_t ended_count;
  KeptPlan plans[PLANS_KEPT];  // by hall id
} LoopState;

static inline LoopState *loop_state(const Loop *loop) {
  return loop->owner;
}

// Whether a session of the person has ended since `count` was the state's ended_count, or may have.
static inline bool loop_sessions_ended_since(const LoopState *state, uint64_t count, int64_t user_id) {
  bool ended = state->ended_count - count > ENDED_KEPT;  // more than are remembered
  for (uint64_t i = count; !ended && i < state->ended_count; i++) ended = state->ended_users[i % ENDED_KEPT] == user_id;
  return ended;
}

#endif
