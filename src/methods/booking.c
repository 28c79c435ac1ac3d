// The methods of bookings, but for their making (booking_create.c) and staff's (booking_staff.c).
#include "methods/booking.h"

#include <stddef.h>

#include "models/booking.h"
#include "models/payment_ask.h"
#include "models/stock.h"
#include "models/ticket.h"
#include "models/user.h"

enum { WHOLE = BOOKING_WITH_CATEGORY | BOOKING_WITH_CONCERT };

typedef struct OneBooking {
  Str id;
} OneBooking;

static const Field one_booking_fields[] = {
    {.name = "id", .kind = FIELD_PUBLIC_ID, .offset = offsetof(OneBooking, id), .error = ERR_BOOKING_NOT_FOUND},
};

static bool find_own(Call *call, Str public_id, Booking *booking) {
  return booking_find_public(call, public_id, booking) && booking->user_id == call->who.user_id;
}

// booking.pending, booking.cancel_pending

typedef struct OfCategory {
  Str category_id;
} OfCategory;

static const Field of_category_fields[] = {
    {.name = "categoryId",
     .kind = FIELD_WORD,
     .offset = offsetof(OfCategory, category_id),
     .optional = true,
     .error = ERR_VALIDATION},
};

static Error pending(Call *call, const void *input) {
  const OfCategory *in = input;
  Booking booking;
  if (booking_find_pending(call, in->category_id, &booking) && booking.expires_at > call->now_ms) {
    booking_write(call, &call->reply, &booking, BOOKING_WITH_CATEGORY, (Str){0});
  } else {
    json_add_null(&call->reply);
  }
  return ERR_NONE;
}

const Method booking_pending = {
    .name = "booking.pending",
    .access = ACCESS_SIGNED_IN,
    .reads_only = true,
    .fields = of_category_fields,
    .field_count = 1,
    .input_bytes = sizeof(OfCategory),
    .run = pending,
};

static Error reply_cancelled(Call *call) {
  json_open(&call->reply, '{');
  json_put_str(&call->reply, "message", STR("Cancelled"));
  json_close(&call->reply, '}');
  return ERR_NONE;
}

// The intent is cancelled first; the seats are free when the provider says that it is.
static Error begin_cancel(Call *call, Booking *booking) {
  Payment payment;
  bool bound = payment_find_current(call, booking->id, &payment) && payment_open(&payment);
  if (bound && payment.intent_id.length > 0) {
    booking_set_closing(call, booking, CLOSING_CANCEL);
    payment_ask(call, booking, &payment, ASK_CANCEL, call->now_ms);
    payment_wait(call, booking, &payment);
    return ERR_NONE;
  }
  if (!booking_release(call, booking, BOOKING_CANCELLED, "cancelled")) return ERR_INTERNAL;
  stock_changed(call, booking->concert_id, true);
  return reply_cancelled(call);
}

// The provider has answered, or nobody did.
static Error end_cancel(Call *call) {
  Booking booking;
  Payment payment;
  if (!payment_waited(call, &booking)) return ERR_NONE;
  if (booking.id == 0) return ERR_NO_PENDING_BOOKING;
  if (booking.status == BOOKING_CONFIRMED) return ERR_PAYMENT_COMPLETED;
  if (booking.status != BOOKING_PENDING) return reply_cancelled(call);
  if (!payment_find_current(call, booking.id, &payment)) return begin_cancel(call, &booking);
  if (payment.status == PAYMENT_PROCESSING) return ERR_PAYMENT_PROCESSING;
  AskState state = payment_ask_state(call, &booking, &payment);
  if (state != ASK_UNDER_WAY && state != ASK_FAILING) return ERR_PROVIDER_UNAVAILABLE;
  payment_wait(call, &booking, &payment);  // it refused, and is asked why
  return ERR_NONE;
}

static Error cancel_pending(Call *call, const void *input) {
  const OfCategory *in = input;
  Booking booking;
  if (call->waited_note != 0) return end_cancel(call);
  if (!booking_find_pending(call, in->category_id, &booking) || booking.expires_at <= call->now_ms)
    return ERR_NO_PENDING_BOOKING;
  return begin_cancel(call, &booking);
}

const Method booking_cancel_pending = {
    .name = "booking.cancel_pending",
    .access = ACCESS_SIGNED_IN,
    .fields = of_category_fields,
    .field_count = 1,
    .input_bytes = sizeof(OfCategory),
    .run = cancel_pending,
};

// booking.confirm

// The last word on a booking that is not confirmed, as far as the tables know.
static Error refusal(Call *call, const Booking *booking, const Payment *payment) {
  if (booking->status != BOOKING_PENDING && booking->money == MONEY_REFUNDED && booking->confirmed_at == 0)
    return ERR_BOOKING_REFUNDED;
  if (booking->status == BOOKING_CANCELLED) return ERR_BOOKING_CANCELLED;
  if (booking->status == BOOKING_EXPIRED) return ERR_BOOKING_EXPIRED;
  if (payment->status == PAYMENT_PROCESSING) return ERR_PAYMENT_PROCESSING;
  return booking->expires_at <= call->now_ms ? ERR_BOOKING_EXPIRED : ERR_PAYMENT_REQUIRED;
}

static Error confirm_paid(Call *call, const void *input) {
  const OneBooking *in = input;
  Booking booking;
  Payment payment = {0};
  if (call->waited_note != 0 && !payment_waited(call, &booking)) return ERR_NONE;
  if (!find_own(call, in->id, &booking)) return ERR_BOOKING_NOT_FOUND;
  if (booking.status == BOOKING_CONFIRMED) {
    booking_write(call, &call->reply, &booking, WHOLE, (Str){0});
    return ERR_NONE;
  }
  if (booking.amount == 0 && booking.expires_at > call->now_ms && booking_confirm(call, &booking, "free")) {
    booking_write(call, &call->reply, &booking, WHOLE, (Str){0});
    return ERR_NONE;
  }
  bool bound = payment_find_current(call, booking.id, &payment) && payment_open(&payment);
  if (!bound || payment.intent_id.length == 0) return refusal(call, &booking, &payment);
  if (call->waited_note != 0) {
    AskState state = payment_ask_state(call, &booking, &payment);
    return state == ASK_GIVEN_UP ? ERR_PROVIDER_UNAVAILABLE : refusal(call, &booking, &payment);
  }
  payment_ask(call, &booking, &payment, ASK_RETRIEVE, call->now_ms);
  payment_wait(call, &booking, &payment);
  return ERR_NONE;
}

const Method booking_confirm_paid = {
    .name = "booking.confirm",
    .access = ACCESS_SIGNED_IN,
    .fields = one_booking_fields,
    .field_count = 1,
    .input_bytes = sizeof(OneBooking),
    .run = confirm_paid,
};

// booking.confirmed, booking.by_id, booking.mine

static Error confirmed(Call *call, const void *input) {
  const OneBooking *in = input;
  Booking booking;
  if (!find_own(call, in->id, &booking) || booking.status != BOOKING_CONFIRMED) return ERR_BOOKING_NOT_FOUND;
  booking_write(call, &call->reply, &booking, WHOLE, (Str){0});
  return ERR_NONE;
}

const Method booking_confirmed = {
    .name = "booking.confirmed",
    .access = ACCESS_SIGNED_IN,
    .reads_only = true,
    .fields = one_booking_fields,
    .field_count = 1,
    .input_bytes = sizeof(OneBooking),
    .run = confirmed,
};

static bool find_own_or_staff(Call *call, Str public_id, Booking *booking) {
  if (!booking_find_public(call, public_id, booking)) return false;
  return booking->user_id == call->who.user_id || user_is_staff(call->db, call->who.user_id);
}

static Error by_id(Call *call, const void *input) {
  const OneBooking *in = input;
  Booking booking;
  if (!find_own_or_staff(call, in->id, &booking)) return ERR_BOOKING_NOT_FOUND;
  int parts = booking.user_id == call->who.user_id ? WHOLE : WHOLE | BOOKING_WITH_PERSON;
  booking_write(call, &call->reply, &booking, parts, (Str){0});
  return ERR_NONE;
}

const Method booking_by_id = {
    .name = "booking.by_id",
    .access = ACCESS_SIGNED_IN,
    .reads_only = true,
    .fields = one_booking_fields,
    .field_count = 1,
    .input_bytes = sizeof(OneBooking),
    .run = by_id,
};

static Error mine(Call *call, const void *input) {
  static const char MINE[] =
      "SELECT id FROM bookings WHERE user_id = $1 AND status = 'confirmed' ORDER BY booked_at DESC, id DESC";
  (void)input;
  Rows rows = db_rows(call->db, MINE, sql_int(call->who.user_id));
  json_open(&call->reply, '[');
  while (rows_next(&rows)) {
    Booking booking;
    if (booking_find(call, rows_int(&rows, 0), &booking)) booking_write(call, &call->reply, &booking, WHOLE, (Str){0});
  }
  json_close(&call->reply, ']');
  return ERR_NONE;
}

const Method booking_mine = {
    .name = "booking.mine",
    .access = ACCESS_SIGNED_IN,
    .reads_only = true,
    .run = mine,
};

// booking.tickets

static Error tickets(Call *call, const void *input) {
  const OneBooking *in = input;
  Booking booking;
  if (!find_own_or_staff(call, in->id, &booking)) return ERR_BOOKING_NOT_FOUND;
  json_open(&call->reply, '{');
  json_name(&call->reply, "booking");
  booking_write(call, &call->reply, &booking, WHOLE, (Str){0});
  json_name(&call->reply, "tickets");
  ticket_write_all(call, &call->reply, booking.id);
  json_close(&call->reply, '}');
  return ERR_NONE;
}

const Method booking_tickets = {
    .name = "booking.tickets",
    .access = ACCESS_SIGNED_IN,
    .reads_only = true,
    .fields = one_booking_fields,
    .field_count = 1,
    .input_bytes = sizeof(OneBooking),
    .run = tickets,
};
