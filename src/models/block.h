// Who has blocked whom: the two write each other nothing, and the blocked one sees neither presence nor typing. On a
// store thread, in the call's transaction.
#ifndef FOYER_MODELS_BLOCK_H
#define FOYER_MODELS_BLOCK_H

#include "core/call.h"

// Whether `who` has blocked `whom`.
bool block_stands(Db *db, int64_t who, int64_t whom);
void block_put(Call *call, int64_t who, int64_t whom);  // both are no error when it is so already
void block_drop(Call *call, int64_t who, int64_t whom);
// Writes whom somebody has blocked as a JSON array of {"id","name"}, the latest first.
void block_write_list(Call *call, Text *out, int64_t who);

#endif
