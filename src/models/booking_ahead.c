// What bookings look for, ahead of them.
#include "models/booking_ahead.h"

#include "models/booking_seats.h"

typedef struct AheadBuyer {
  int64_t user_id;
  int64_t concert_id;
  Str category_public_id;  // as it was asked for
  int64_t seat_id;         // likewise; 0: by its public id
  int64_t slot_until;
  Buyer buyer;
} AheadBuyer;

enum { TABLES = 4 };
static const char *const tables[TABLES] = {"categories", "bookings", "queue_places", "seats"};

// What this thread has read, in the arena of a call of the transaction.
static _Thread_local struct {
  uint64_t versions[TABLES];
  AheadBuyer *buyers;
  size_t buyer_count;
  AheadSeat *seats;  // by their ids
  size_t seat_count;
} ahead;

static void note_versions(Db *db) {
  for (int i = 0; i < TABLES; i++) ahead.versions[i] = db_version_of(db, tables[i]);
}

bool booking_ahead_counts(Db *db) {
  if (ahead.buyer_count == 0) return false;
  for (int i = 0; i < TABLES; i++) {
    if (ahead.versions[i] != db_version_of(db, tables[i])) return false;
  }
  return true;
}

// Reading.

static void read_seats(Db *db, Arena *arena, const BookingAsked *asked, size_t count) {
  static const char AHEAD[] =
      "SELECT id, hall_id, seat_type_id, row, place, status, row, place, row_label, place_label, zone FROM seats"
      " WHERE id = ANY(string_to_array($1, ',')::BIGINT[]) ORDER BY id";
  Text ids = {.arena = arena};
  size_t room = 0;
  for (size_t i = 0; i < count; i++) {
    for (size_t k = 0; k < asked[i].seat_count; k++) text_list_int(&ids, asked[i].seat_ids[k]);
    room += asked[i].seat_count;
  }
  ahead.seat_count = 0;
  if (room == 0) return;
  ahead.seats = ARENA_ARRAY(arena, AheadSeat, room);
  Rows rows = db_rows(db, AHEAD, sql_text(text_str(&ids)));
  while (ahead.seat_count < room && rows_next(&rows)) {
    ahead.seats[ahead.seat_count++] = (AheadSeat){.id = rows_int(&rows, 0),
                                                  .hall_id = rows_int(&rows, 1),
                                                  .seat_type_id = rows_int(&rows, 2),
                                                  .row = rows_int(&rows, 3),
                                                  .place = rows_int(&rows, 4),
                                                  .vacant = rows_int(&rows, 5) == 0,
                                                  .label = booking_seat_name(arena, &rows, 6)};
  }
  rows_end(&rows);
}

static void add_buyer(const Rows *rows, Arena *arena) {
  enum { NEXT = CATEGORY_COLUMN_COUNT };
  ahead.buyers[ahead.buyer_count++] = (AheadBuyer){.user_id = rows_int(rows, NEXT),
                                                   .concert_id = rows_int(rows, NEXT + 1),
                                                   .category_public_id = rows_text(rows, NEXT + 2, arena),
                                                   .seat_id = rows_int(rows, NEXT + 3),
                                                   .slot_until = rows_int(rows, NEXT + 4),
                                                   .buyer = {.category = category_read(rows, arena),
                                                             .pending_until = rows_int(rows, NEXT + 5),
                                                             .public_id = rows_text(rows, NEXT + 6, arena)}};
}

static bool may_be_listed(Str text) {
  return text.length == 0 || memchr(text.at, ',', text.length) == NULL;
}

static void read_buyers(Db *db, Arena *arena, const BookingAsked *asked, size_t count) {
  // As booking_find_buyer has it. OFFSET 0 keeps PostgreSQL from joining tables as a whole.
  static const char AHEAD[] =
      "SELECT " CATEGORY_COLUMNS
      ", n.user_id, n.concert_id, coalesce(n.named, ''), n.seat_id, coalesce((SELECT max(q.slot_until)"
      " FROM queue_places q WHERE q.concert_id = n.concert_id AND q.user_id = n.user_id"
      " AND q.status IN ('waiting', 'active') AND q.status || '' = 'active'), 0), coalesce((SELECT b.expires_at FROM"
      " bookings b WHERE b.user_id = n.user_id AND b.category_id + 0 = k.id AND b.status || '' = 'pending'), 0),"
      " (SELECT public_id FROM users WHERE id = n.user_id) FROM unnest(string_to_array($1, ',')::BIGINT[],"
      " string_to_array($2, ',')::BIGINT[], string_to_array($3, ',')::BIGINT[], string_to_array($4, ',')::BIGINT[],"
      " string_to_array($5, ',')) AS n(user_id, concert_id, hall_id, seat_id, named), LATERAL (SELECT (SELECT"
      " s.seat_type_id FROM seats s WHERE s.id = n.seat_id AND s.hall_id = n.hall_id) AS seat_type_id OFFSET 0) t,"
      " LATERAL (SELECT c.* FROM categories c WHERE c.concert_id = n.concert_id AND (c.seat_type_id = t.seat_type_id"
      " OR c.public_id = n.named) OFFSET 0) k";
  Text users = {.arena = arena};
  Text concerts = {.arena = arena};
  Text halls = {.arena = arena};
  Text seats = {.arena = arena};
  Text names = {.arena = arena};
  ahead.buyers = ARENA_ARRAY(arena, AheadBuyer, count);
  for (size_t i = 0; i < count; i++) {
    const BookingAsked *one = &asked[i];
    if (!may_be_listed(one->category_public_id)) continue;
    if (users.length > 0) text_char(&names, ',');
    text_list_int(&users, one->user_id);
    text_list_int(&concerts, one->concert_id);
    text_list_int(&halls, one->hall_id);
    text_list_int(&seats, one->category_public_id.length == 0 ? one->seat_ids[0] : 0);
    text_add(&names, one->category_public_id);
  }
  Rows rows = db_rows(db, AHEAD, sql_text(text_str(&users)), sql_text(text_str(&concerts)), sql_text(text_str(&halls)),
                      sql_text(text_str(&seats)), sql_text(text_str(&names)));
  while (ahead.buyer_count < count && rows_next(&rows)) add_buyer(&rows, arena);
  rows_end(&rows);
}

void booking_ahead_read(Db *db, Arena *arena, const BookingAsked *asked, size_t count) {
  ahead.buyer_count = 0;
  if (count == 0) return;
  read_buyers(db, arena, asked, count);
  read_seats(db, arena, asked, count);
  note_versions(db);
}

// Finding.

bool booking_ahead_buyer(Call *call, const BookingAsked *asked, Buyer *buyer) {
  int64_t seat_id = asked->category_public_id.length == 0 ? asked->seat_ids[0] : 0;
  if (!booking_ahead_counts(call->db)) return false;
  for (size_t i = 0; i < ahead.buyer_count; i++) {
    const AheadBuyer *one = &ahead.buyers[i];
    if (one->user_id != asked->user_id || one->concert_id != asked->concert_id || one->seat_id != seat_id ||
        !str_equal(one->category_public_id, asked->category_public_id))
      continue;
    *buyer = one->buyer;
    buyer->category.public_id = str_copy(&call->arena, one->buyer.category.public_id);
    buyer->category.name = str_copy(&call->arena, one->buyer.category.name);
    buyer->public_id = str_copy(&call->arena, one->buyer.public_id);
    buyer->is_active = one->slot_until > call->now_ms;
    return true;
  }
  return false;
}

static AheadSeat *find_seat(int64_t seat_id) {
  size_t low = 0;
  for (size_t high = ahead.seat_count; low < high;) {
    size_t middle = low + (high - low) / 2;
    if (ahead.seats[middle].id < seat_id) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < ahead.seat_count && ahead.seats[low].id == seat_id ? &ahead.seats[low] : NULL;
}

const AheadSeat *booking_ahead_seat(Db *db, int64_t seat_id) {
  return booking_ahead_counts(db) ? find_seat(seat_id) : NULL;
}

void booking_ahead_booked(Db *db, const BookingOrder *order, const Booking *booking) {
  for (size_t i = 0; i < ahead.buyer_count; i++) {
    AheadBuyer *one = &ahead.buyers[i];
    if (one->buyer.category.id != booking->category_id) continue;
    one->buyer.category.available_seats -= booking->seats;
    if (one->user_id == booking->user_id) one->buyer.pending_until = booking->expires_at;
  }
  for (int64_t i = 0; order->seat_ids != NULL && i < order->seats; i++) {
    AheadSeat *seat = find_seat(order->seat_ids[i]);
    if (seat != NULL) seat->vacant = false;
  }
  note_versions(db);
}
