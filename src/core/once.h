// Requests that may be sent again: the answer to the first is kept in its own transaction and given to the others
// (draft-ietf-httpapi-idempotency-key-header). Store threads.
#ifndef FOYER_CORE_ONCE_H
#define FOYER_CORE_ONCE_H

#include "core/call.h"

// Runs the call's method, or answers with what the same request was answered before. A failure is not kept: it changed
// nothing, so the request may be tried again. Nor is an answer that waits for a courier. May block on the database.
Error once_run(Call *call);

#endif
