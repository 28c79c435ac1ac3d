// The methods of tickets, for the door's people. What each takes and gives: docs/wire_additions.md.
#ifndef FOYER_METHODS_TICKET_H
#define FOYER_METHODS_TICKET_H

#include "core/call.h"

extern const Method ticket_list;           // GET /ticket/list {"concertId"?}
extern const Method ticket_check_in_code;  // POST /ticket/check-in {"code","concertId"?,"at"?}

#endif
