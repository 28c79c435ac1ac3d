// What other processes on the same database have committed: each commit's events and what its calls remember
// (core/fast.h) are a row of `commits`, numbered under the writers' lock, so that every process hears of all commits,
// in their order, as if they were its own. Only of a database that is shared (db_is_shared). Store threads.
#ifndef FOYER_CORE_COMMITS_H
#define FOYER_CORE_COMMITS_H

#include "core/call.h"

#define COMMITS_CHANNEL "foyer:commits"  // of Redis: the number of each commit, once it is one

// The number of the last commit; what is read from tables after this was asked holds it. -1: the database failed.
int64_t commits_last(Db *db);

typedef enum CommitsFound { COMMITS_NONE, COMMITS_SOME, COMMITS_LOST, COMMITS_FAILED } CommitsFound;

// Reads what follows number *seen, a bounded part of it, as calls that nobody waits for, with what they told, in order;
// *seen is the last one's number. COMMITS_LOST: some are gone or cannot be understood: everything is to be read anew,
// and *seen is the last number.
CommitsFound commits_read(Db *db, int64_t *seen, Call **calls);
// Adds what these calls tell as number `number`; true also when that is nothing, then *added is false. In the
// transaction of the calls, and sent with its COMMIT, which tells whether it was done. `notify`: the database tells
// those who wait for it (db_wait_for_commit), for which it makes all commits wait for each other.
bool commits_add(Db *db, int64_t number, const Call *calls, bool notify, bool *added);
// Adds what a call tells behind all that is there. In a transaction that no store has begun: of a command, or of a
// process that ends.
bool commits_add_last(Db *db, const Call *call);
// The topic of a signal that says only that rows were changed: whoever holds any in memory is to read them anew.
#define COMMITS_OUTSIDE "outside"

#endif
