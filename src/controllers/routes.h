// Which address means what. Loop threads; does not block.
#ifndef FOYER_CONTROLLERS_ROUTES_H
#define FOYER_CONTROLLERS_ROUTES_H

#include "core/conn.h"

void routes_request(Exchange *exchange);  // the loop's request hook

// What is told to a request that could not be read, so that its door is not known: a body that a reader of any door
// understands. The loop's refusal hook.
Str routes_refusal(const Exchange *exchange, int status, Text *headers);

// The same for a connection that is one too many: the loop's `full`.
extern const char routes_full[];

#endif
