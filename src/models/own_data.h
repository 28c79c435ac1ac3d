// Everything that is kept of a person and is his to take with him, page by page. On a store thread, in the call's
// transaction.
#ifndef FOYER_MODELS_OWN_DATA_H
#define FOYER_MODELS_OWN_DATA_H

#include "core/call.h"

// Writes a page as JSON: the first one ({0}) begins with the account, its sessions and whom it has blocked; bookings
// follow, then the messages of each dialog in their order. `next` is the cursor of the page after it, null at the end.
// False when `cursor` is none of ours.
bool own_data_write(Call *call, Text *out, int64_t user_id, Str cursor);

#endif
