// The methods of tickets, for the people at the door.
#include "methods/ticket.h"

#include <stddef.h>
#include <string.h>

#include "models/booking.h"
#include "models/seat.h"
#include "models/stock.h"
#include "models/ticket.h"
#include "models/user.h"
#include "shared/time.h"

// ticket.list

typedef struct List {
  Str concert_id;
  Str after;
} List;

static const Field list_fields[] = {
    {.name = "concertId",
     .kind = FIELD_WORD,
     .offset = offsetof(List, concert_id),
     .optional = true,
     .error = ERR_VALIDATION},
    {.name = "after", .kind = FIELD_WORD, .offset = offsetof(List, after), .optional = true, .error = ERR_VALIDATION},
};

static Error list(Call *call, const void *input) {
  const List *in = input;
  Concert concert;
  if (!user_is_staff(call->db, call->who.user_id)) return ERR_FORBIDDEN;
  if (!concert_find(call->db, &call->arena, in->concert_id, call->config, &concert)) return ERR_CONCERT_NOT_FOUND;
  json_open(&call->reply, '{');
  json_put_str(&call->reply, "concertId", concert.public_id);
  json_put_time(&call->reply, "at", call->now_ms);
  ticket_write_list(call, &call->reply, concert.id, in->after);
  json_close(&call->reply, '}');
  return ERR_NONE;
}

const Method ticket_list = {
    .name = "ticket.list",
    .access = ACCESS_SIGNED_IN,
    .reads_only = true,
    .fields = list_fields,
    .field_count = 2,
    .input_bytes = sizeof(List),
    .run = list,
};

// ticket.check_in

typedef struct CheckIn {
  Str code;
  Str concert_id;  // whose door it is; empty: any concert's
  Str at;
} CheckIn;

enum { CODE_MAX = 256 };

static const Field check_in_fields[] = {
    {.name = "code",
     .kind = FIELD_STRING,
     .offset = offsetof(CheckIn, code),
     .min = 1,
     .max = CODE_MAX,
     .error = ERR_VALIDATION},
    {.name = "concertId",
     .kind = FIELD_WORD,
     .offset = offsetof(CheckIn, concert_id),
     .optional = true,
     .error = ERR_VALIDATION},
    {.name = "at", .kind = FIELD_WORD, .offset = offsetof(CheckIn, at), .optional = true, .error = ERR_VALIDATION},
};

// A door that was offline says when it let them in.
static bool read_moment(const Call *call, Str at, int64_t *at_ms) {
  *at_ms = call->now_ms;
  return at.length == 0 || time_from_iso(at, at_ms);
}

// Nobody came in before the ticket was there, nor later than now: clocks of doors may be wrong.
static int64_t possible_moment(const Call *call, const Booking *booking, int64_t at_ms) {
  if (at_ms < booking->confirmed_at) at_ms = booking->confirmed_at;
  return at_ms < call->now_ms ? at_ms : call->now_ms;
}

// The seat is taken now: everyone who watches the hall sees it.
static void occupy(Call *call, const Booking *booking, int64_t seat_id) {
  Seat seat;
  if (seat_id == 0 || seat_find(call->db, booking->hall_id, seat_id, &seat) != ERR_NONE) return;
  if (seat.status == SEAT_OCCUPIED) return;
  if (seat_change(call->db, &seat, SEAT_OCCUPIED, call->who.user_id, call->now_ms) != ERR_NONE) return;
  seat_record(call, booking->hall_id,
              &(SeatChanges){.to = SEAT_OCCUPIED, .by = call->who.user_id, .seats = &seat, .count = 1});
}

static Error reply_used(Call *call, int64_t at_ms) {
  json_open(&call->reply, '{');
  json_put_time(&call->reply, "checkedInAt", at_ms);
  json_close(&call->reply, '}');
  return ERR_TICKET_USED;
}

static void reply_ticket(Call *call, const Booking *booking, const Ticket *ticket, int64_t at_ms) {
  static const char NAME[] = "SELECT coalesce(name, username, email, '') FROM users WHERE id = $1";
  Category category = {0};
  Text *reply = &call->reply;
  Rows rows = db_rows(call->db, NAME, sql_int(booking->user_id));
  Str name = rows_next(&rows) ? rows_text(&rows, 0, &call->arena) : (Str){0};
  rows_end(&rows);
  category_find_by_id(call->db, &call->arena, booking->category_id, &category);
  json_open(reply, '{');
  json_put_bool(reply, "success", true);
  json_name(reply, "ticket");
  json_open(reply, '{');
  json_put_str(reply, "id", ticket->public_id);
  json_put_str(reply, "bookingId", booking->public_id);
  json_put_time(reply, "checkedInAt", at_ms);
  json_put_str(reply, "name", name);
  json_put_str_or_null(reply, "seatLabel", booking_seat_label(call, ticket->seat_id));
  json_put_str(reply, "category", category.name);
  json_close(reply, '}');
  json_close(reply, '}');
}

static Error check_in(Call *call, const void *input) {
  const CheckIn *in = input;
  Str public_id;
  Ticket ticket;
  Booking booking;
  int64_t at_ms;
  if (!user_is_staff(call->db, call->who.user_id)) return ERR_FORBIDDEN;
  if (!read_moment(call, in->at, &at_ms)) return ERR_VALIDATION;
  if (!ticket_code_open(call, str_trim(in->code), &public_id) || !ticket_find(call, public_id, &ticket) ||
      !booking_find(call, ticket.booking_id, &booking))
    return ERR_TICKET_NOT_FOUND;
  if (in->concert_id.length != 0 && !str_equal(in->concert_id, booking.concert_public_id)) return ERR_WRONG_CONCERT;
  if (ticket.is_void) return ERR_TICKET_VOID;
  if (ticket.checked_in_at != 0) return reply_used(call, ticket.checked_in_at);
  at_ms = possible_moment(call, &booking, at_ms);
  // A door that was offline may still tell who came in before the end.
  bool over = booking.concert_ended_at != 0;
  if (over && at_ms >= booking.concert_ended_at) return ERR_CONCERT_OVER;
  if (!ticket_check_in(call, &ticket, at_ms)) return reply_used(call, call->now_ms);
  if (!over) occupy(call, &booking, ticket.seat_id);
  reply_ticket(call, &booking, &ticket, at_ms);
  return ERR_NONE;
}

const Method ticket_check_in_code = {
    .name = "ticket.check_in",
    .access = ACCESS_SIGNED_IN,
    .fields = check_in_fields,
    .field_count = sizeof check_in_fields / sizeof check_in_fields[0],
    .input_bytes = sizeof(CheckIn),
    .run = check_in,
};
