// When people were last seen, for those who let others know. On a store thread, in the call's transaction.
#ifndef FOYER_MODELS_LAST_SEEN_H
#define FOYER_MODELS_LAST_SEEN_H

#include "core/db.h"

bool last_seen_is_shown(Db *db, int64_t user_id);
// From now on it is shown or not; what is not to be shown is not kept.
void last_seen_show(Db *db, int64_t user_id, bool shown);
// Somebody was seen; of who is `online` only now and then, in case the process does not hear how that ends.
void last_seen_note(Db *db, int64_t user_id, int64_t at_ms, bool online);

#endif
