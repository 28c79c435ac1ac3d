// Answers that wait until an effect is over.
#include "core/effect_wait.h"

#include "core/outbox.h"

Error effect_wait(Call *call, const char *kind, Str key, Error failed) {
  EffectState state = outbox_look(call->db, key);
  if (state == EFFECT_FAILED || state == EFFECT_UNKNOWN) return failed;
  if (state == EFFECT_PENDING) call->waits_for = outbox_topic(&call->arena, kind, key);
  return ERR_NONE;
}

Str effect_waited_for(const Call *call) {
  Str key = call->waited_for;
  str_cut(&key, ':');
  return key;
}
