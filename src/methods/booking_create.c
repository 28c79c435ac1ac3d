// booking.create: by category and number, by the very seats of a hall, or the best seats together.
#include <stddef.h>

#include "methods/booking.h"
#include "models/booking.h"
#include "models/booking_ahead.h"
#include "models/booking_seats.h"
#include "models/hall.h"
#include "models/payment_sweep.h"
#include "models/queue.h"
#include "models/session.h"
#include "models/stock.h"

typedef struct Create {
  Str concert_id;
  Str category_id;
  int64_t seats;
  IdList seat_ids;
  int64_t best_seats;
  bool accepts_other;
} Create;

static const Field create_fields[] = {
    {.name = "concertId",
     .kind = FIELD_WORD,
     .offset = offsetof(Create, concert_id),
     .optional = true,
     .error = ERR_VALIDATION},
    {.name = "categoryId",
     .kind = FIELD_WORD,
     .offset = offsetof(Create, category_id),
     .optional = true,
     .error = ERR_VALIDATION},
    {.name = "seats",
     .kind = FIELD_INT,
     .offset = offsetof(Create, seats),
     .optional = true,
     .min = 1,
     .max = BOOKING_SEATS_MAX,
     .error = ERR_VALIDATION},
    {.name = "seatIds",
     .kind = FIELD_ID_LIST,
     .offset = offsetof(Create, seat_ids),
     .optional = true,
     .min = 1,
     .max = BOOKING_SEATS_MAX,
     .error = ERR_VALIDATION},
    {.name = "bestSeats",
     .kind = FIELD_INT,
     .offset = offsetof(Create, best_seats),
     .optional = true,
     .min = 1,
     .max = BOOKING_SEATS_MAX,
     .error = ERR_VALIDATION},
    {.name = "acceptOther",
     .kind = FIELD_FLAG,
     .offset = offsetof(Create, accepts_other),
     .optional = true,
     .error = ERR_VALIDATION},
};

// What is wrong with the request before anything is looked up.
static Error check_form(const Create *in, const Concert *concert) {
  int forms = (in->seats > 0) + (in->seat_ids.count > 0) + (in->best_seats > 0);
  if (forms != 1 || (in->seat_ids.count == 0 && in->category_id.length == 0)) return ERR_VALIDATION;
  if (concert->hall_id != 0 && in->seats > 0) return ERR_SEATS_REQUIRED;
  if (concert->hall_id == 0 && in->seats == 0) return ERR_VALIDATION;
  return ERR_NONE;
}

// One pending booking a person and category. One whose time has run out makes room: at once, or (the call then waits)
// when its intent is cancelled.
static Error make_room(Call *call, const Concert *concert, Buyer *buyer) {
  Booking pending;
  const Category *category = &buyer->category;
  if (buyer->pending_until == 0) return ERR_NONE;
  if (buyer->pending_until > call->now_ms) return ERR_PENDING_EXISTS;
  if (call->waited_note != 0) return ERR_PENDING_EXISTS;
  if (booking_find_pending(call, category->public_id, &pending)) {
    bool freed;
    bool waits = payment_close_one(call, &pending, &freed);
    if (!freed) return waits ? ERR_NONE : ERR_PENDING_EXISTS;
  }
  stock_changed(call, category->concert_id, true);
  return booking_find_buyer(call, concert, category->public_id, 0, buyer) ? ERR_NONE : ERR_CATEGORY_NOT_FOUND;
}

// What has been booked.
typedef struct Booked {
  Booking booking;
  BookedSeats seats;
  Str reason;
} Booked;

static Error book(Call *call, const BookingOrder *order, int64_t best, Booked *booked) {
  int64_t seat_ids[BOOKING_SEATS_MAX];
  if (best == 0) return booking_add(call, order, &booked->booking, &booked->seats);
  if (!booking_seats_best(call, order->category, order->concert->hall_id, best, seat_ids, &booked->reason))
    return order->category->available_seats < best ? ERR_SOLD_OUT : ERR_NO_SEATS_TOGETHER;
  BookingOrder chosen = *order;
  chosen.seat_ids = seat_ids;
  return booking_add(call, &chosen, &booked->booking, &booked->seats);
}

static bool is_shortage(Error error) {
  return error == ERR_SOLD_OUT || error == ERR_SEATS_TAKEN || error == ERR_NO_SEATS_TOGETHER;
}

// Too few are left: those of bookings whose time has run out are free now, or when their intents are cancelled (the
// call then waits, once).
static Error look_for_more(Call *call, BookingOrder *order, int64_t best, Error error, Booked *booked) {
  bool freed;
  Category *fresh = ARENA_NEW(&call->arena, Category);
  if (call->waited_note != 0) return error;
  bool waits = payment_close_due(call, order->category->id, &freed);
  if (freed && category_find_by_id(call->db, &call->arena, order->category->id, fresh)) {
    order->category = fresh;
    error = book(call, order, best, booked);
  }
  // Told after the booking: nobody is admitted for what it takes.
  if (freed) stock_changed(call, order->concert->id, true);
  if (error == ERR_NONE) call->waits_for = (Str){0};
  return error != ERR_NONE && waits ? ERR_NONE : error;
}

static Error create(Call *call, const void *input) {
  const Create *in = input;
  Concert concert;
  Buyer buyer;
  Booked booked = {0};
  if (!concert_find(call->db, &call->arena, in->concert_id, call->config, &concert)) return ERR_CONCERT_NOT_FOUND;
  if (concert.ended_at != 0) return ERR_CONCERT_OVER;
  Error error = check_form(in, &concert);
  if (error != ERR_NONE) return error;
  int64_t seat_id = in->seat_ids.count > 0 ? in->seat_ids.ids[0] : 0;
  bool known = booking_find_buyer(call, &concert, in->category_id, seat_id, &buyer);
  if (known) error = make_room(call, &concert, &buyer);
  if (error != ERR_NONE || call->waits_for.length > 0) return error;
  if (!(known ? buyer.is_active : queue_is_active(call->db, concert.id, call->who.user_id, call->now_ms)))
    return ERR_NO_ACTIVE_SLOT;
  if (!known) return ERR_CATEGORY_NOT_FOUND;
  BookingOrder order = {.user_public_id = buyer.public_id,
                        .concert = &concert,
                        .category = &buyer.category,
                        .seats = in->seats + (int64_t)in->seat_ids.count + in->best_seats,
                        .seat_ids = in->seat_ids.count > 0 ? in->seat_ids.ids : NULL,
                        .accepts_other = in->accepts_other};
  error = book(call, &order, in->best_seats, &booked);
  if (is_shortage(error)) error = look_for_more(call, &order, in->best_seats, error, &booked);
  if (error != ERR_NONE || call->waits_for.length > 0) return error;
  stock_changed(call, concert.id, false);
  call->reply.length = 0;
  booking_write_with(call, &call->reply, &booked.booking, &booked.seats, 0, booked.reason);
  return ERR_NONE;
}

// Ahead of many.

static bool is_asking(const Call *call) {
  return call->method == &booking_create && call->input_error == ERR_NONE;
}

static bool ask(Db *db, const Call *call, Arena *arena, BookingAsked *asked, Concert *concert) {
  const Create *in = call->input;
  int64_t user_id = session_user_of(db, arena, call);
  if (in->category_id.length == 0 && in->seat_ids.count == 0) return false;
  if (user_id == 0 || !concert_find(db, arena, in->concert_id, call->config, concert)) return false;
  *asked = (BookingAsked){.user_id = user_id,
                          .concert_id = concert->id,
                          .hall_id = concert->hall_id,
                          .category_public_id = in->category_id,
                          .seat_ids = in->seat_ids.ids,
                          .seat_count = in->seat_ids.count};
  return true;
}

static void look_ahead(Db *db, Call *calls) {
  Arena *arena = &calls->arena;
  size_t room = call_list_length(calls);
  size_t count = 0;
  Str *names = ARENA_ARRAY(arena, Str, 2 * room);
  BookingAsked *asked = ARENA_ARRAY(arena, BookingAsked, room);
  for (const Call *call = calls; call != NULL; call = call->next) {
    if (is_asking(call)) names[count++] = ((const Create *)call->input)->concert_id;
  }
  session_look_ahead(db, calls);
  concert_look_ahead(db, arena, names, count);
  size_t asked_count = 0;
  size_t topic_count = 0;
  for (const Call *call = calls; call != NULL; call = call->next) {
    Concert concert;
    if (!is_asking(call) || !ask(db, call, arena, &asked[asked_count], &concert)) continue;
    ++asked_count;
    names[topic_count++] = hall_topic(arena, concert.hall_id);
    names[topic_count++] = concert_topic(arena, concert.id);
  }
  booking_ahead_read(db, arena, asked, asked_count);
  call_events_ahead(db, arena, names, topic_count);
}

const Method booking_create = {
    .name = "booking.create",
    .access = ACCESS_SIGNED_IN,
    .fields = create_fields,
    .field_count = sizeof create_fields / sizeof create_fields[0],
    .input_bytes = sizeof(Create),
    .look_ahead = look_ahead,
    .run = create,
};
