// Signing in at the messenger door.
#include "methods/messenger_session.h"

#include "models/session.h"

// An expired token speaks for a session only where that was begun.
static Error identify(Call *call, const void *input) {
  const MessengerHandshake *in = input;
  Identity who;
  bool late = call->who.expires_ms <= call->now_ms;
  if (!session_find(call->db, &call->arena, call->who.sid, &who)) return ERR_NONE;
  if (late && !session_is_at(call, call->who.sid, in->os, in->browser)) return ERR_NONE;
  call->granted = who;
  call->granted.expires_ms = call->who.expires_ms;
  return ERR_NONE;
}

const Method messenger_identify = {
    .name = "messenger.identify", .reads_only = true, .input_bytes = sizeof(MessengerHandshake), .run = identify};
