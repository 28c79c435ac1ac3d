// Calls in a transaction: what the store's threads do with each of them, and how a commit ends them. Knows no thread,
// so that the simulation runs calls exactly as the store does.
#ifndef FOYER_CORE_BATCH_H
#define FOYER_CORE_BATCH_H

#include "core/call.h"

// Before the first call of a batch at a shared database: looks at once for what its calls will look for. False when the
// whole transaction is lost.
bool batch_look_ahead(Db *db, Call *calls);
// Runs one call in the open transaction, in a savepoint of its own where it needs one; its outcome is call->error.
// False when the whole transaction is lost.
bool batch_run(Db *db, Call *call);
// Does what calls have left for the batch's end. False when the whole transaction is lost.
bool batch_finish(Db *db, Call *calls);
// Ends the transaction of all these calls (linked by `next`). Unless everything is `alive` and the commit succeeds, it
// is rolled back and each call has failed with ERR_INTERNAL; then false. After batch_finish.
bool batch_end(Db *db, Call *calls, bool alive);
// The call has failed: what it recorded is dropped. What it says beside the error stays, when the error is its own.
void batch_forget(Call *call, Error error);

#endif
