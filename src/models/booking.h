// Bookings: their rows, the moves they may make, and what each move does to seats, tickets, the line and the people
// who are told. Every move is one conditional UPDATE with a row in `booking_steps`. Store thread, in the call's
// transaction.
#ifndef FOYER_MODELS_BOOKING_H
#define FOYER_MODELS_BOOKING_H

#include "core/call.h"
#include "models/concert.h"

enum {
  BOOKING_SEATS_MAX = 10,
  BOOKED_SEATS_MAX = 4 * BOOKING_SEATS_MAX  // that a booking ever had: money that came late may have got it others
};

typedef enum BookingStatus { BOOKING_PENDING, BOOKING_CONFIRMED, BOOKING_EXPIRED, BOOKING_CANCELLED } BookingStatus;
typedef enum BookingMoney { MONEY_NONE, MONEY_PROCESSING, MONEY_PAID, MONEY_FAILED, MONEY_REFUNDED } BookingMoney;
// A pending booking on its way out: its intent is cancelled first.
typedef enum BookingClosing { CLOSING_NOT, CLOSING_EXPIRE, CLOSING_CANCEL } BookingClosing;

typedef struct Booking {
  int64_t id;
  Str public_id;
  int64_t user_id;
  Str user_public_id;
  int64_t concert_id;
  Str concert_public_id;
  int64_t concert_ended_at;  // 0: the concert is not over
  int64_t hall_id;           // 0: no numbered seats
  int64_t category_id;
  Str category_public_id;
  int64_t seats;
  int64_t amount;  // minor units, with the fee
  int64_t fee;     // minor units
  Str currency;
  BookingStatus status;
  BookingMoney money;
  BookingClosing closing;
  int64_t closing_checks;  // sweeps that found the provider unreachable
  bool accepts_other;      // equal seats will do when these are gone and the money has come
  int64_t booked_at;
  int64_t expires_at;
  int64_t confirmed_at;  // 0: never was
  Str intent_id;         // of its current payment; empty: none
} Booking;

// Its numbered seats, as answers show them.
typedef struct BookedSeats {
  int64_t ids[BOOKED_SEATS_MAX];
  Str labels[BOOKED_SEATS_MAX];
  size_t count;
} BookedSeats;

const char *booking_status_name(BookingStatus status);  // "pending", ...
const char *booking_money_name(BookingMoney money);     // "none", ...

// False when there is none. Texts are in the call's arena.
bool booking_find(Call *call, int64_t booking_id, Booking *booking);
bool booking_find_public(Call *call, Str public_id, Booking *booking);
// The caller's newest pending booking, of one category unless that is empty; also one that has run out.
bool booking_find_pending(Call *call, Str category_public_id, Booking *booking);

// What is to be known of the caller and of what he wants.
typedef struct Buyer {
  Category category;
  int64_t pending_until;  // when his pending booking in it runs out; 0: he has none
  bool is_active;         // he holds a slot of the concert
  Str public_id;          // his
} Buyer;
// Of a concert the category of that public id, or, of an empty one, that of the seat. False: there is none.
bool booking_find_buyer(Call *call, const Concert *concert, Str category_public_id, int64_t seat_id, Buyer *buyer);

// What is to be booked: `seat_ids` in a hall, else NULL.
typedef struct BookingOrder {
  Str user_public_id;  // of the caller
  const Concert *concert;
  const Category *category;
  int64_t seats;
  const int64_t *seat_ids;
  bool accepts_other;
} BookingOrder;

// Takes the stock and the seats and adds the row; the category must have been read in this call, after anything that
// changed it. ERR_SOLD_OUT; ERR_SEATS_TAKEN, with their ids in the reply; ERR_VALIDATION for seats that are not of the
// category. With an error nothing is written; without one the call may not refuse any more. The new booking's `id` is
// 0.
Error booking_add(Call *call, const BookingOrder *order, Booking *booking, BookedSeats *seats);

// Moves. Each is false, and does nothing, when the booking is no longer where it was read. None tells of the stock:
// stock_changed() after the last one of a call. The graph: pending -> confirmed, expired, cancelled; expired and
// cancelled -> confirmed (money that came late); confirmed -> cancelled (refunded by staff). The money: none ->
// processing -> paid or failed; none -> paid (free tickets); failed -> processing or paid; paid -> refunded.
// booking_move asserts it.
bool booking_move(Call *call, Booking *booking, BookingStatus to, BookingMoney money, const char *cause);
bool booking_set_money(Call *call, Booking *booking, BookingMoney money, const char *cause);
// pending -> confirmed: tickets, the slot has served, mail, webhook.
bool booking_confirm(Call *call, Booking *booking, const char *cause);
// pending -> expired or cancelled: the seats are free again.
bool booking_release(Call *call, Booking *booking, BookingStatus to, const char *cause);
// expired, cancelled -> confirmed: money that came late gets its seats if they are free, else equal ones if those will
// do. False: they are gone, or the concert is over.
bool booking_retake(Call *call, Booking *booking, const char *cause);
// The money of a booking that is over goes back.
bool booking_refund_late(Call *call, Booking *booking);
// confirmed -> cancelled and refunded: tickets void, seats free. Of a concert that is over it holds none any more.
bool booking_refund(Call *call, Booking *booking, const char *cause);
// The money goes back, or free tickets were taken back: the mail, once a key. `reason`: "late", "cancelled" or
// "replaced".
void booking_mail_refund(Call *call, const Booking *booking, const char *reason, Str key);
void booking_tell_refunded(Call *call, const Booking *booking);  // to those who listen by HTTP

void booking_set_closing(Call *call, Booking *booking, BookingClosing closing);

// What an answer shows beside the booking itself.
enum { BOOKING_WITH_CATEGORY = 1, BOOKING_WITH_CONCERT = 2, BOOKING_WITH_PERSON = 4 };
// Adds the booking as JSON; with a `reason` (JSON) why these seats.
void booking_write(Call *call, Text *out, const Booking *booking, int parts, Str reason);
void booking_write_with(Call *call, Text *out, const Booking *booking, const BookedSeats *seats, int parts, Str reason);
// "Row A, 12" of a seat; empty of none (0).
Str booking_seat_label(Call *call, int64_t seat_id);

#endif
