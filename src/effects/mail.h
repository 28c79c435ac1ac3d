// The effect "mail": a mail by a template, in the language of its reader. Couriers.
//
// Payload: {"template","to","language":"en"|"ru","args":{...}}. Templates and their args (times in milliseconds, money
// in minor units):
//
//   otp        "code", "until" (after it the mail is not sent any more). Tried for a few seconds only: somebody waits.
//   welcome    "name" (may be missing or empty)
//   confirmed  "bookingId" (public), "concert" (name), "venue", "date", "seats", "category", "amount", "currency",
//              "tickets":[{"number","code","seatLabel" (may be missing)}], "other": true when the seats are not those
//              that were chosen first
//   refunded   "bookingId", "concert", "seats", "amount", "currency", "reason": "late" (paid when the booking had
//              expired) or "cancelled" (by staff) or "replaced" (paid twice)
//   cancelled  "bookingId", "concert", "seats": by staff, of tickets that had cost nothing
//   expired    "bookingId", "concert", "seats"
//   confirm    "path" of the link, from the root of PUBLIC_URL. Somebody waits
//   reset      "path", "until"
//   change     "path", "until". Somebody waits
//
// Keys: "otp:<email>:<n>", "welcome:<user's public id>", "confirmed:<booking's public id>", ... The result of a try
// that failed is {"lost":<key>}: what it has when the mail is given up, and else nobody sees it. When it is over, the
// signal "mail:<key>" is told, kind "done" or "failed" (core/outbox.h).
#ifndef FOYER_EFFECTS_MAIL_H
#define FOYER_EFFECTS_MAIL_H

#include "core/outbox.h"

Outcome mail_perform(Errand *errand);

#endif
