// Tickets: one a person of a confirmed booking, with a signed code that can be checked without the database. Store
// thread, in the call's transaction.
#ifndef FOYER_MODELS_TICKET_H
#define FOYER_MODELS_TICKET_H

#include "models/booking.h"

// The tickets of a booking that was just confirmed, with its seats in a hall.
void ticket_add_all(Call *call, const Booking *booking);
void ticket_void_all(Call *call, int64_t booking_id);

// What a ticket's QR code shows is `FT1.` and base64url of its id and of the signature over it. Whether a code is one
// of ours; then *public_id is its ticket.
bool ticket_code_open(Call *call, Str code, Str *public_id);

typedef struct Ticket {
  int64_t id;
  Str public_id;
  int64_t booking_id;
  int64_t seat_id;  // 0: none
  bool is_void;
  int64_t checked_in_at;  // 0: not yet
} Ticket;

bool ticket_find(Call *call, Str public_id, Ticket *ticket);
// Marks it as used at `at_ms`. False: it was used or void already.
bool ticket_check_in(Call *call, const Ticket *ticket, int64_t at_ms);
// The tickets of a booking as a JSON array, with their codes.
void ticket_write_all(Call *call, Text *out, int64_t booking_id);
enum { TICKET_LIST_PAGE = 20000 };
// Adds "tickets" of a concert as the door's people need them when they are offline, those behind the ticket of the
// public id `after` (empty: from the first on), "next" (null, or that of the page behind it), "key" and "signature"
// over the text of "tickets".
void ticket_write_list(Call *call, Text *out, int64_t concert_id, Str after);

#endif
