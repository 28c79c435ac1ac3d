// The end of a concert: its line and its hall's seats are free for the next one, what was booked and paid stays as it
// was. Store thread, in the call's transaction.
#ifndef FOYER_MODELS_CONCERT_END_H
#define FOYER_MODELS_CONCERT_END_H

#include "models/concert.h"

// Ends it, once and for good. Of one that is over nothing is changed, and that is no error. ERR_CONCERT_AHEAD, with
// its "date" in the reply; ERR_STILL_PAYING, with how many bookings hold seats and are not paid as "pending".
Error concert_end(Call *call, const Concert *concert);
// Of a concert that is over, a part of the people in its line and of the seats that its bookings hold: so many that
// nobody has to wait for it. Each part stands by itself; the queue's tick, or who ended it, does the next. True: there
// is more.
bool concert_empty(Call *call, const Concert *concert);

#endif
