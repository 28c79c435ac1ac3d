// The methods of halls, for the program's table. What each takes and gives: docs/wire_additions.md and the seats
// contract.
#ifndef FOYER_METHODS_HALL_H
#define FOYER_METHODS_HALL_H

#include "core/call.h"

extern const Method hall_update_seat_status;
extern const Method hall_update_seats_status;
extern const Method hall_my_seats;
extern const Method hall_get_plan;

#endif
