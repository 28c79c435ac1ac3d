// The stock of categories, and the seats of halls that are being sold.
#include "models/stock.h"

#include "models/concert.h"
#include "models/queue.h"

Error stock_take(Call *call, int64_t category_id, int64_t seats) {
  static const char TAKE[] =
      "UPDATE categories SET available_seats = available_seats - $1 WHERE id = $2 AND available_seats >= $1";
  db_run(call->db, TAKE, sql_int(seats), sql_int(category_id));
  return db_changes(call->db) == 1 ? ERR_NONE : ERR_SOLD_OUT;
}

void stock_take_known(Call *call, int64_t category_id, int64_t seats) {
  static const char TAKE[] = "UPDATE categories SET available_seats = available_seats - $1 WHERE id = $2";
  db_send(call->db, TAKE, sql_int(seats), sql_int(category_id));
}

void stock_return(Call *call, int64_t category_id, int64_t seats) {
  static const char GIVE[] = "UPDATE categories SET available_seats = available_seats + $1 WHERE id = $2";
  db_run(call->db, GIVE, sql_int(seats), sql_int(category_id));
}

void stock_changed(Call *call, int64_t concert_id, bool came_back) {
  if (came_back) queue_admit(call, concert_id);
  concert_changed(call, concert_id);
}

HallSale stock_find_sale(Db *db, int64_t hall_id) {
  static const char FIND[] = "SELECT id, closed = 0 FROM concerts WHERE hall_id = $1 ORDER BY closed, id DESC LIMIT 1";
  HallSale sale = {0};
  Rows rows = db_rows(db, FIND, sql_int(hall_id));
  if (rows_next(&rows)) sale = (HallSale){.concert_id = rows_int(&rows, 0), .open = rows_int(&rows, 1) != 0};
  rows_end(&rows);
  return sale;
}

static bool is_booked(Db *db, int64_t seat_id) {
  static const char FIND[] = "SELECT 1 FROM booking_seats WHERE seat_id = $1 AND released_at IS NULL";
  return db_int(db, FIND, 0, sql_int(seat_id)) == 1;
}

Error stock_may_change_seat(Db *db, const HallSale *sale, const Seat *seat, SeatStatus to, bool staff) {
  if (sale->open && !staff) return ERR_FORBIDDEN;
  if (sale->concert_id == 0 || seat->status == SEAT_VACANT || !is_booked(db, seat->id)) return ERR_NONE;
  return staff && (to == SEAT_RESERVED || to == SEAT_OCCUPIED) ? ERR_NONE : ERR_FORBIDDEN;
}

static bool move_capacity(Call *call, int64_t concert_id, int64_t seat_id, int64_t seats) {
  static const char MOVE[] =
      "UPDATE categories SET total_seats = total_seats + $1, available_seats = available_seats + $1"
      " WHERE concert_id = $2 AND seat_type_id = (SELECT seat_type_id FROM seats WHERE id = $3)";
  db_run(call->db, MOVE, sql_int(seats), sql_int(concert_id), sql_int(seat_id));
  return db_changes(call->db) == 1;
}

void stock_seats_changed(Call *call, const HallSale *sale, const SeatChanges *changes) {
  bool changed = false;
  bool freed = changes->to == SEAT_VACANT;
  for (size_t i = 0; sale->concert_id != 0 && i < changes->count; i++) {
    const Seat *seat = &changes->seats[i];
    if ((seat->status == SEAT_VACANT) == freed) continue;
    changed = move_capacity(call, sale->concert_id, seat->id, freed ? 1 : -1) || changed;
  }
  if (changed) stock_changed(call, sale->concert_id, freed);
}
