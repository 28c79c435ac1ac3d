// What people were told. It stays true, whatever happens.
#ifndef FOYER_TESTS_SIM_HISTORY_H
#define FOYER_TESTS_SIM_HISTORY_H

#include "shared/str.h"
#include "sim/world.h"

typedef enum Told {
  TOLD_BOOKED,      // the booking is there
  TOLD_CONFIRMED,   // it is confirmed, unless staff gives the money back
  TOLD_CANCELLED,   // it is over, unless money comes late
  TOLD_REFUNDED,    // by staff: it is over for good
  TOLD_CHECKED_IN,  // the ticket was used
} Told;

// `id` is the public id of the booking or the ticket; it lives as long as the world.
void history_told(World *world, Told what, Str id);
// Staff has asked to give the money of a booking back, with whatever success.
void history_may_refund(World *world, Str booking_id);
void history_look(World *world);

#endif
