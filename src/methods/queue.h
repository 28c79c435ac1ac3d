// The methods of the waiting room, for the program's tables. What each takes and gives: the tickets contract and
// docs/wire_additions.md. A door answers `queue_method_join` with place_write(waiting_room_look(...)) in `done`, when
// the place is known; its reply is empty.
#ifndef FOYER_METHODS_QUEUE_H
#define FOYER_METHODS_QUEUE_H

#include "core/call.h"

extern const Method queue_method_join;     // {"concertId"?}
extern const Method queue_method_status;   // {"concertId"?}
extern const Method queue_method_leave;    // {"concertId"?}
extern const Method queue_method_draw;     // {"concertId"?, "after"?}
extern const Method queue_method_sale;     // {"concertId"?}: GET queue/operate
extern const Method queue_method_operate;  // POST queue/operate
extern const Method queue_method_tick;     // the program's own: what time brings about, for every concert

#endif
