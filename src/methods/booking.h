// The methods of bookings, for the tickets door's table. What each takes and gives: the tickets contract 3.5 and
// docs/wire_additions.md.
#ifndef FOYER_METHODS_BOOKING_H
#define FOYER_METHODS_BOOKING_H

#include "core/call.h"

extern const Method booking_create;          // POST /booking
extern const Method booking_pending;         // GET /booking/pending {"categoryId"?}
extern const Method booking_cancel_pending;  // DELETE /booking/pending {"categoryId"?}
extern const Method booking_confirm_paid;    // PATCH /booking/:id/confirm
extern const Method booking_confirmed;       // GET /booking/confirmed/:id
extern const Method booking_mine;            // GET /booking/mine
extern const Method booking_by_id;           // GET /booking/:id
extern const Method booking_all;             // GET /booking/all {"status"?,"q"?,"after"?}
extern const Method booking_export;          // GET /booking/export.csv {"from"?,"to"?,"after"?}: CSV, not JSON
extern const Method booking_refund_paid;     // POST /booking/:id/refund
extern const Method booking_tickets;         // GET /booking/:id/tickets
extern const Method booking_contact;         // GET /booking/:id/contact
extern const Method booking_calendar;        // GET /booking/:id/calendar.ics: iCalendar, not JSON

#endif
