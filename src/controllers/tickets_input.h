// What a request says, as one JSON object: its path, then its query, then its body. Loop threads.
#ifndef FOYER_CONTROLLERS_TICKETS_INPUT_H
#define FOYER_CONTROLLERS_TICKETS_INPUT_H

#include "controllers/tickets_routes.h"

// ERR_INVALID_REQUEST when the body is no JSON object, or the path or query is badly encoded. *input may become NULL:
// nothing was said. Values of path and query are numbers and flags where the method's field is one.
Error tickets_input_read(Arena *arena, const TicketsRoute *route, const TicketsParameters *parameters,
                         const HttpRequest *request, const Json **input);
// A value of the query, as it came; empty when it is not there.
Str tickets_query_value(Str query, const char *name);
// Likewise, decoded; empty also when it is badly encoded.
Str tickets_query_text(Arena *arena, Str query, const char *name);

#endif
