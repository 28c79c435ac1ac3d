// What the bookings of a batch look for, read with one statement each for all of them before the first is made. Each of
// them brings what was read up to date, so that the next finds it as the tables have it; when anything else is written
// meanwhile it counts no more, and everyone looks for himself. Store thread, in one transaction.
#ifndef FOYER_MODELS_BOOKING_AHEAD_H
#define FOYER_MODELS_BOOKING_AHEAD_H

#include "models/booking.h"

// What one booking will look for: the caller, and his category by its public id or by a seat of it.
typedef struct BookingAsked {
  int64_t user_id;
  int64_t concert_id;
  int64_t hall_id;
  Str category_public_id;  // empty: that of the first seat
  const int64_t *seat_ids;
  size_t seat_count;
} BookingAsked;

// Reads it. All is kept in the arena, which must last as long as the transaction.
void booking_ahead_read(Db *db, Arena *arena, const BookingAsked *asked, size_t count);

// As booking_find_buyer. False: it was not read.
bool booking_ahead_buyer(Call *call, const BookingAsked *asked, Buyer *buyer);

typedef struct AheadSeat {
  int64_t id;
  int64_t hall_id;
  int64_t seat_type_id;
  int64_t row;
  int64_t place;
  bool vacant;
  Str label;
} AheadSeat;
// NULL: it was not read.
const AheadSeat *booking_ahead_seat(Db *db, int64_t seat_id);

// Asked before a booking writes and told after that: what was read has changed by it, and by nothing else.
bool booking_ahead_counts(Db *db);
void booking_ahead_booked(Db *db, const BookingOrder *order, const Booking *booking);

#endif
