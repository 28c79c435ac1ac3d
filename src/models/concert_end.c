// The end of a concert. A hall of many seats is emptied in parts, a transaction each, that other calls come between.
#include "models/concert_end.h"

#include "models/queue.h"
#include "models/seat.h"
#include "models/stock.h"
#include "models/waiting_room.h"

enum { SEATS_A_PART_MAX = 1000 };

// Seats.

static size_t find_held(Call *call, const Concert *concert, Seat *seats) {
  // The booking is asked for one by one: of new tables PostgreSQL would take the bookings first, and all held seats for
  // each of them.
  static const char HELD[] =
      "SELECT id, status FROM (SELECT s.id, s.status FROM seats s JOIN booking_seats x ON x.seat_id = s.id AND"
      " x.released_at IS NULL WHERE s.hall_id = $1 AND (SELECT concert_id FROM bookings WHERE id = x.booking_id) = $2"
      " LIMIT $3) held ORDER BY id";
  size_t count = 0;
  Rows rows = db_rows(call->db, HELD, sql_int(concert->hall_id), sql_int(concert->id), sql_int(SEATS_A_PART_MAX));
  while (count < SEATS_A_PART_MAX && rows_next(&rows)) {
    seats[count++] = (Seat){.id = rows_int(&rows, 0), .status = (SeatStatus)rows_int(&rows, 1)};
  }
  rows_end(&rows);
  return count;
}

// All of a concert have its end as the moment of their release: by it is known which seats a booking had last.
static void release(Call *call, const Concert *concert, const SeatChanges *changes) {
  static const char RELEASE[] =
      "UPDATE booking_seats SET released_at = $1 WHERE released_at IS NULL AND seat_id IN (SELECT value FROM"
      " json_each($2, '$'))";
  Text list = {.arena = &call->arena};
  json_open(&list, '[');
  for (size_t i = 0; i < changes->count; i++) json_add_int(&list, changes->seats[i].id);
  json_close(&list, ']');
  db_run(call->db, RELEASE, sql_int(concert->ended_at), sql_text(text_str(&list)));
}

// True when they were the last. Where another concert is sold in the hall by now, they are of its stock.
static bool free_seats(Call *call, const Concert *concert) {
  if (concert->hall_id == 0) return true;
  SeatChanges changes = {
      .to = SEAT_VACANT, .by = call->who.user_id, .seats = ARENA_ARRAY(&call->arena, Seat, SEATS_A_PART_MAX)};
  changes.count = find_held(call, concert, changes.seats);
  if (changes.count == 0) return true;
  release(call, concert, &changes);
  (void)seat_change_all(call, concert->hall_id, &changes);  // refused of seats that are vacant already
  HallSale sale = stock_find_sale(call->db, concert->hall_id);
  stock_seats_changed(call, &sale, &changes);
  seat_record(call, concert->hall_id, &changes);
  return changes.count < SEATS_A_PART_MAX;
}

bool concert_empty(Call *call, const Concert *concert) {
  static const char DONE[] = "UPDATE concerts SET emptied = 1 WHERE id = $1";
  bool line_empty = queue_empty(call, concert);
  bool seats_free = free_seats(call, concert);
  if (!line_empty || !seats_free) {
    waiting_room_tell_sooner(call, concert->id, call->now_ms);
    return true;
  }
  db_run(call->db, DONE, sql_int(concert->id));
  waiting_room_tell_next(call, concert->id, INT64_MAX);
  concert_changed(call, concert->id);
  return false;
}

// Ending.

static Error refuse_ahead(Call *call, int64_t date_ms) {
  json_open(&call->reply, '{');
  json_put_time(&call->reply, "date", date_ms);
  json_close(&call->reply, '}');
  return ERR_CONCERT_AHEAD;
}

static Error refuse_paying(Call *call, int64_t pending) {
  json_open(&call->reply, '{');
  json_put_int(&call->reply, "pending", pending);
  json_close(&call->reply, '}');
  return ERR_STILL_PAYING;
}

Error concert_end(Call *call, const Concert *concert) {
  static const char PENDING[] = "SELECT count(*) FROM bookings WHERE concert_id = $1 AND status = 'pending'";
  static const char END[] = "UPDATE concerts SET ended_at = $1, closed = 1 WHERE id = $2";
  ConcertAbout about;
  if (concert->ended_at != 0) return ERR_NONE;
  if (!concert_read_about(call->db, &call->arena, concert->id, &about)) return ERR_CONCERT_NOT_FOUND;
  if (about.date_ms > call->now_ms) return refuse_ahead(call, about.date_ms);
  int64_t pending = db_int(call->db, PENDING, 0, sql_int(concert->id));
  if (pending > 0) return refuse_paying(call, pending);
  db_run(call->db, END, sql_int(call->now_ms), sql_int(concert->id));
  Concert over = *concert;
  over.ended_at = call->now_ms;
  concert_empty(call, &over);
  concert_changed(call, concert->id);
  return ERR_NONE;
}
