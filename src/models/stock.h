// The stock: how many seats of a category are free, and what that means for the seats of a hall that are being sold.
// sold + held + free = capacity, always: every change is made with what it belongs to, in one transaction. Store
// thread.
#ifndef FOYER_MODELS_STOCK_H
#define FOYER_MODELS_STOCK_H

#include "core/call.h"
#include "models/seat.h"

// Takes seats out of what is free. ERR_SOLD_OUT when there are not that many.
Error stock_take(Call *call, int64_t category_id, int64_t seats);
// Takes seats of a category whose stock was looked at in this transaction.
void stock_take_known(Call *call, int64_t category_id, int64_t seats);
void stock_return(Call *call, int64_t category_id, int64_t seats);
// After the last change of a concert's stock in a call: those who watch are told; when seats came back, the next in the
// line are admitted.
void stock_changed(Call *call, int64_t concert_id, bool came_back);

// The concert whose stock the seats of a hall are: the one on sale there, else the last one that was and is not over.
typedef struct HallSale {
  int64_t concert_id;  // 0: none, the seats are nobody's stock
  bool open;
} HallSale;
HallSale stock_find_sale(Db *db, int64_t hall_id);
// Whether a seat may be given a status by hand. While the hall is on sale only staff may; what somebody has booked can
// only go between RESERVED and OCCUPIED. ERR_FORBIDDEN.
Error stock_may_change_seat(Db *db, const HallSale *sale, const Seat *seat, SeatStatus to, bool staff);
// Seats were blocked or freed by hand: the capacity of their categories goes with them.
void stock_seats_changed(Call *call, const HallSale *sale, const SeatChanges *changes);

#endif
