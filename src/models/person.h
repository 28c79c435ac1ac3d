// People as others see them. On a store thread.
#ifndef FOYER_MODELS_PERSON_H
#define FOYER_MODELS_PERSON_H

#include "core/call.h"

// Writes those whose name contains `part`, in capitals or small letters, as [{"name","id"}] in the order of their
// names: 50 at most, `but` and who was deleted left out. None for an empty `part`.
void person_write_found(Call *call, Text *out, Str part, int64_t but);

#endif
