// The methods of the waiting room, for the program's tables. What each takes and gives: the tickets contract and
// docs/wire_additions.md. Answers of places and of the sale come from the waiting room's memory, after the commit
// (Method.answer).
#ifndef FOYER_METHODS_QUEUE_H
#define FOYER_METHODS_QUEUE_H

#include "core/call.h"

extern const Method queue_method_join;       // {"concertId"?}
extern const Method queue_method_status;     // {"concertId"?}
extern const Method queue_method_leave;      // {"concertId"?}
extern const Method queue_method_draw;       // {"concertId"?, "after"?}
extern const Method queue_method_sale;       // {"concertId"?}: GET queue/operate
extern const Method queue_method_operate;    // POST queue/operate
extern const Method queue_method_tick;       // the program's own: what time brings about, for every concert
extern const Method queue_method_read_anew;  // likewise: the memory, when the tables were changed by others
extern const Method queue_method_keys;       // likewise: Redis's keys, when they are to be written from the tables

#endif
