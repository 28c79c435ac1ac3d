// The tickets door: REST under /api/v1 (tickets contract). Loop threads; does not block.
#ifndef FOYER_CONTROLLERS_TICKETS_HTTP_H
#define FOYER_CONTROLLERS_TICKETS_HTTP_H

#include "core/call.h"

void tickets_http_request(Exchange *exchange, Str path);  // below /api/v1
// The body of the answer to such a request that could not be read; adds header lines.
Str tickets_http_refusal(const Exchange *exchange, int status, Text *headers);

// What the door keeps for each loop: who tokens are of, requests that wait for a courier.
typedef struct TicketsState TicketsState;
TicketsState *tickets_state_new(void);  // NULL when memory is out
void tickets_state_free(TicketsState *state);
// An event or a signal was committed: identities are forgotten, requests that waited for it go on.
void tickets_http_event(Loop *loop, const Event *event);
void tickets_http_changed_outside(Loop *loop);  // the tables were changed by another process
void tickets_http_turn_end(Loop *loop);         // what has waited too long is answered

#endif
