// The stock: how many seats of a category are free, and what that means for the seats of a hall that are being sold.
// sold + held + free = capacity, always: every change is made with what it belongs to, in one transaction. Store
// thread.
#ifndef FOYER_MODELS_STOCK_H
#define FOYER_MODELS_STOCK_H

#include "core/call.h"
#include "models/seat.h"

// Takes seats out of what is free. ERR_SOLD_OUT when there are not that many.
Error stock_take(Call *call, int64_t category_id, int64_t seats);
void stock_return(Call *call, int64_t category_id, int64_t seats);
// After the last change of a concert's stock in a call: those who watch are told; when seats came back, the next in the
// line are admitted.
void stock_changed(Call *call, int64_t concert_id, bool came_back);

// A seat of a hall that belongs to a concert: whether it may be given a status by hand. While the hall is on sale only
// staff may; what somebody has booked can only go between RESERVED and OCCUPIED. ERR_FORBIDDEN.
Error stock_may_change_seat(Db *db, int64_t hall_id, const Seat *seat, SeatStatus to, bool staff);
// A seat was blocked or freed by hand: the capacity of its category goes with it. Gives the concert whose stock
// changed, 0: none did.
int64_t stock_seat_changed(Call *call, int64_t hall_id, const Seat *seat, SeatStatus to);

#endif
