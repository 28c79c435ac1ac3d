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
  static const char TAKE[] = SQL_FORMS(
      "UPDATE categories SET available_seats = available_seats - $1 WHERE id = $2",
      "UPDATE categories SET available_seats = available_seats - (SELECT sum(t.seats) FROM unnest($1::BIGINT[],"
      " $2::BIGINT[]) AS t(seats, id) WHERE t.id = categories.id) WHERE id = ANY($2)");
  db_gather(call->db, TAKE, sql_int(seats), sql_int(category_id));
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
  static const char FIND[] =
      "SELECT id, closed = 0 FROM concerts WHERE hall_id = $1 AND ended_at IS NULL ORDER BY closed, id DESC LIMIT 1";
  // The last that was found, as changes of one hall come together.
  static _Thread_local struct {
    uint64_t version;
    int64_t hall_id;
    HallSale sale;
  } last;
  uint64_t version = db_version_of(db, "concerts");
  if (last.version == version && last.hall_id == hall_id) return last.sale;
  HallSale sale = {0};
  Rows rows = db_rows(db, FIND, sql_int(hall_id));
  if (rows_next(&rows)) sale = (HallSale){.concert_id = rows_int(&rows, 0), .open = rows_int(&rows, 1) != 0};
  rows_end(&rows);
  if (db_failed(db)) return sale;
  last.version = version;
  last.hall_id = hall_id;
  last.sale = sale;
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

// Moves the capacity of the categories that the seats are of.
static bool move_capacity(Call *call, int64_t concert_id, Str seat_ids, bool freed) {
  static const char MOVE[] =
      "UPDATE categories SET total_seats = total_seats + $1 * moved.seats, available_seats = available_seats + $1 *"
      " moved.seats FROM (SELECT seat_type_id, count(*) AS seats FROM seats WHERE id IN (SELECT value FROM"
      " json_each($2, '$')) GROUP BY seat_type_id) AS moved WHERE concert_id = $3 AND"
      " categories.seat_type_id = moved.seat_type_id";
  db_run(call->db, MOVE, sql_int(freed ? 1 : -1), sql_text(seat_ids), sql_int(concert_id));
  return db_changes(call->db) > 0;
}

void stock_seats_changed(Call *call, const HallSale *sale, const SeatChanges *changes) {
  bool freed = changes->to == SEAT_VACANT;
  Text moved = {.arena = &call->arena};
  size_t count = 0;
  if (sale->concert_id == 0) return;
  json_open(&moved, '[');
  for (size_t i = 0; i < changes->count; i++) {
    const Seat *seat = &changes->seats[i];
    if ((seat->status == SEAT_VACANT) == freed) continue;
    json_add_int(&moved, seat->id);
    ++count;
  }
  json_close(&moved, ']');
  if (count > 0 && move_capacity(call, sale->concert_id, text_str(&moved), freed))
    stock_changed(call, sale->concert_id, freed);
}
