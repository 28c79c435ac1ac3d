// Answers that wait until an effect is over. On a store thread.
#ifndef FOYER_CORE_EFFECT_WAIT_H
#define FOYER_CORE_EFFECT_WAIT_H

#include "core/call.h"

// ERR_NONE: the effect of that key was done, or (call->waits_for) the method is run again when that is known. `failed`:
// it was given up.
Error effect_wait(Call *call, const char *kind, Str key, Error failed);
// The key of the effect that this run of the method has waited for.
Str effect_waited_for(const Call *call);

#endif
