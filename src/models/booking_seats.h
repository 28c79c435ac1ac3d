// The numbered seats of a booking, on the hall's live map: everyone who watches sees at once what is held. Store
// thread, in the call's transaction.
#ifndef FOYER_MODELS_BOOKING_SEATS_H
#define FOYER_MODELS_BOOKING_SEATS_H

#include "models/booking.h"

// Looks whether the seats of an order are free, and how they are called. ERR_SEATS_TAKEN: the ids of those that went
// are in the reply; ERR_VALIDATION: one is not of the hall and type, or is named twice.
Error booking_seats_look(Call *call, const BookingOrder *order, BookedSeats *seats);
// Reserves the seats of an order that were found free.
void booking_seats_hold(Call *call, const BookingOrder *order, int64_t user_id);
// Notes which seats a new booking has; after booking_seats_hold.
void booking_seats_note_new(Call *call, Str booking_public_id, const int64_t *seat_ids, int64_t count);
// The seats of a booking are free again.
void booking_seats_free(Call *call, const Booking *booking);
// Holds a booking's seats once more, or equal ones if those will do. False: nothing was held; they are gone, or the
// hall is on sale for another concert.
bool booking_seats_retake(Call *call, const Booking *booking, bool *other);

// The best free seats side by side: their ids in *seat_ids (`wanted` of them) and why, as JSON. False: there are
// not so many together.
bool booking_seats_best(Call *call, const Category *category, int64_t hall_id, int64_t wanted, int64_t *seat_ids,
                        Str *reason);

// "Row A, 12", with the zone before it when there is one. Columns from `first`: row, place, their labels, zone.
Str booking_seat_name(Arena *arena, const Rows *rows, int first);

void booking_seats_read(Call *call, const Booking *booking, BookedSeats *seats);
// Adds "seatIds" and "seatLabels".
void booking_seats_write(Text *out, const BookedSeats *seats);

#endif
