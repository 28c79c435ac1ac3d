// Tickets: one a person of a confirmed booking, with a signed code that can be checked without the database. Store
// thread, in the call's transaction.
#ifndef FOYER_MODELS_TICKET_H
#define FOYER_MODELS_TICKET_H

#include "models/booking.h"

// The tickets of a booking that was just confirmed, with its seats in a hall.
void ticket_add_all(Call *call, const Booking *booking);
void ticket_void_all(Call *call, int64_t booking_id);

// What a ticket's QR code shows: FT1. and base64url of its id and the signature over it.
Str ticket_code(Call *call, Str public_id);
// Whether a code is one of ours; then *public_id is its ticket.
bool ticket_code_open(Call *call, Str code, Str *public_id);
// The public half of the key, and a signature by the key over a text; base64url.
Str ticket_key(Call *call);
Str ticket_sign(Call *call, Str text);

typedef struct Ticket {
  int64_t id;
  Str public_id;
  int64_t booking_id;
  int64_t number;
  int64_t seat_id;  // 0: none
  bool is_void;
  int64_t checked_in_at;  // 0: not yet
} Ticket;

bool ticket_find(Call *call, Str public_id, Ticket *ticket);
// Marks it as used at `at_ms`. False: it was used or void already.
bool ticket_check_in(Call *call, const Ticket *ticket, int64_t at_ms);
// The tickets of a booking as a JSON array, with their codes.
void ticket_write_all(Call *call, Text *out, int64_t booking_id);
// All tickets of a concert as the door needs them when it is offline: a JSON array.
void ticket_write_list(Call *call, Text *out, int64_t concert_id);

#endif
