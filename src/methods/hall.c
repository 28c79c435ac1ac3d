// What can be asked of a hall: to change the status of its seats. Each is one change of the table and one event.
#include "methods/hall.h"

#include <stddef.h>

#include "models/hall.h"
#include "models/seat.h"
#include "models/stock.h"
#include "models/user.h"

// hall.update_seat_status

typedef struct UpdateSeatStatus {
  int64_t hall_id;
  int64_t seat_id;
  Str status;
  Str reply;  // "delta": answer what changed, not the whole hall
} UpdateSeatStatus;

static const Field update_seat_status_fields[] = {
    {.name = "hall_id", .kind = FIELD_ID, .offset = offsetof(UpdateSeatStatus, hall_id), .error = ERR_REQUIRED_HALL_ID},
    {.name = "seat_id",
     .kind = FIELD_ID,
     .offset = offsetof(UpdateSeatStatus, seat_id),
     .error = ERR_INVALID_SEAT_DATA},
    {.name = "status",
     .kind = FIELD_STRING,
     .offset = offsetof(UpdateSeatStatus, status),
     .min = 1,
     .max = 16,
     .error = ERR_INVALID_SEAT_DATA},
    {.name = "reply", .kind = FIELD_WORD, .offset = offsetof(UpdateSeatStatus, reply), .error = ERR_INVALID_REQUEST},
};

// The role is looked up only where it matters: for what a visitor may not do, and in a hall that was ever on sale.
static SeatAsker asker_of(Call *call, const HallSale *sale, const Seat *seat, SeatStatus status) {
  SeatAsker asker = {.user_id = call->who.user_id};
  bool changes;
  if (sale->concert_id != 0 || seat_may_change(seat, status, asker, &changes) != ERR_NONE)
    asker.staff = user_is_staff(call->db, asker.user_id);
  return asker;
}

// PartialHall: the seats that changed, and the seq that holds it (0: nothing did).
static void reply_delta(Call *call, int64_t hall_id, int64_t seq, const SeatChanges *changes) {
  Text *reply = &call->reply;
  json_open(reply, '{');
  json_name(reply, "id");
  json_add_int(reply, hall_id);
  json_name(reply, "seq");
  json_add_int(reply, seq);
  json_name(reply, "seats");
  json_open(reply, '[');
  for (size_t i = 0; i < changes->count; i++) {
    json_open(reply, '{');
    json_name(reply, "id");
    json_add_int(reply, changes->seats[i].id);
    json_name(reply, "status");
    json_add_str(reply, str_from(seat_status_name(changes->to)));
    json_name(reply, "updated_at");
    json_add_time(reply, call->now_ms);
    json_close(reply, '}');
  }
  json_close(reply, ']');
  json_close(reply, '}');
}

static Error update_seat_status(Call *call, const void *input) {
  const UpdateSeatStatus *in = input;
  SeatStatus status;
  Seat seat;
  bool is_changed;
  int64_t seq = 0;
  if (!seat_status_from(in->status, &status)) return ERR_INVALID_SEAT_DATA;
  Error error = seat_find(call->db, in->hall_id, in->seat_id, &seat);
  if (error != ERR_NONE) return error;
  HallSale sale = stock_find_sale(call->db, in->hall_id);
  SeatAsker asker = asker_of(call, &sale, &seat, status);
  error = stock_may_change_seat(call->db, &sale, &seat, status, asker.staff);
  if (error == ERR_NONE) error = seat_may_change(&seat, status, asker, &is_changed);
  if (error != ERR_NONE) return error;
  SeatChanges changes = {.to = status, .by = call->who.user_id, .seats = &seat, .count = is_changed ? 1 : 0};
  if (is_changed) {
    error = seat_change(call->db, &seat, status, call->who.user_id, call->now_ms);
    if (error != ERR_NONE) return error;
    stock_seats_changed(call, &sale, &changes);
    seq = seat_record(call, in->hall_id, &changes);
  }
  if (str_equal(in->reply, STR("delta"))) {
    reply_delta(call, in->hall_id, seq, &changes);
  } else {
    call->reply_topic_kind = "hall";
    call->reply_topic_key = in->hall_id;
  }
  return ERR_NONE;
}

static void look_ahead(Db *db, Call *calls) {
  Arena *arena = &calls->arena;
  size_t room = call_list_length(calls);
  size_t count = 0;
  int64_t *ids = ARENA_ARRAY(arena, int64_t, room);
  Str *topics = ARENA_ARRAY(arena, Str, room);
  for (const Call *call = calls; call != NULL; call = call->next) {
    if (call->method != &hall_update_seat_status || call->input_error != ERR_NONE) continue;
    const UpdateSeatStatus *in = call->input;
    topics[count] = hall_topic(arena, in->hall_id);
    ids[count++] = in->seat_id;
  }
  seat_look_ahead(db, arena, ids, count);
  call_events_ahead(db, arena, topics, count);
}

const Method hall_update_seat_status = {
    .name = "hall.update_seat_status",
    .access = ACCESS_SIGNED_IN,
    .writes_last = true,
    .fields = update_seat_status_fields,
    .field_count = sizeof update_seat_status_fields / sizeof update_seat_status_fields[0],
    .input_bytes = sizeof(UpdateSeatStatus),
    .look_ahead = look_ahead,
    .run = update_seat_status,
};

// hall.update_seats_status: several seats of a hall, all or nothing.

enum { SEATS_A_CALL_MAX = 2000 };

typedef struct UpdateSeatsStatus {
  int64_t hall_id;
  IdList seat_ids;
  Str status;
} UpdateSeatsStatus;

static const Field update_seats_status_fields[] = {
    {.name = "hall_id",
     .kind = FIELD_ID,
     .offset = offsetof(UpdateSeatsStatus, hall_id),
     .error = ERR_REQUIRED_HALL_ID},
    {.name = "seat_ids",
     .kind = FIELD_ID_LIST,
     .offset = offsetof(UpdateSeatsStatus, seat_ids),
     .min = 1,
     .max = SEATS_A_CALL_MAX,
     .error = ERR_INVALID_SEAT_DATA},
    {.name = "status",
     .kind = FIELD_STRING,
     .offset = offsetof(UpdateSeatsStatus, status),
     .min = 1,
     .max = 16,
     .error = ERR_INVALID_SEAT_DATA},
};

// Sorts the seats into those that change and those that somebody else has taken; any other refusal is final.
static Error check_seats(Call *call, const UpdateSeatsStatus *in, const HallSale *sale, SeatChanges *changes,
                         IdList *taken) {
  int64_t *taken_ids = ARENA_ARRAY(&call->arena, int64_t, in->seat_ids.count);
  SeatAsker asker = {.user_id = call->who.user_id, .staff = user_is_staff(call->db, call->who.user_id)};
  Seat *seats = ARENA_ARRAY(&call->arena, Seat, in->seat_ids.count);
  seat_find_all(call, in->hall_id, &in->seat_ids, seats);
  for (size_t i = 0; i < in->seat_ids.count; i++) {
    Seat seat = seats[i];
    bool is_changed;
    Error error = seat.id == 0 ? seat_find(call->db, in->hall_id, in->seat_ids.ids[i], &seat) : ERR_NONE;
    if (error == ERR_NONE) error = stock_may_change_seat(call->db, sale, &seat, changes->to, asker.staff);
    if (error == ERR_NONE) error = seat_may_change(&seat, changes->to, asker, &is_changed);
    if (error == ERR_SEAT_RESERVED) {
      taken_ids[taken->count++] = seat.id;
    } else if (error != ERR_NONE) {
      return error;
    } else if (is_changed) {
      changes->seats[changes->count++] = seat;
    }
  }
  taken->ids = taken_ids;
  return taken->count > 0 ? ERR_SEAT_RESERVED : ERR_NONE;
}

static void reply_taken(Call *call, const IdList *taken) {
  json_open(&call->reply, '{');
  json_name(&call->reply, "seat_ids");
  json_open(&call->reply, '[');
  for (size_t i = 0; i < taken->count; i++) json_add_int(&call->reply, taken->ids[i]);
  json_close(&call->reply, ']');
  json_close(&call->reply, '}');
}

static Error update_seats_status(Call *call, const void *input) {
  const UpdateSeatsStatus *in = input;
  SeatChanges changes = {.by = call->who.user_id, .seats = ARENA_ARRAY(&call->arena, Seat, in->seat_ids.count)};
  IdList taken = {0};
  int64_t seq = 0;
  if (!seat_status_from(in->status, &changes.to)) return ERR_INVALID_SEAT_DATA;
  HallSale sale = stock_find_sale(call->db, in->hall_id);
  Error error = check_seats(call, in, &sale, &changes, &taken);
  if (error == ERR_SEAT_RESERVED) reply_taken(call, &taken);
  if (error != ERR_NONE) return error;
  if (changes.count > 0) {
    // A seat named twice is refused here: it changes once.
    if (seat_change_all(call, in->hall_id, &changes) != ERR_NONE) return ERR_INVALID_SEAT_DATA;
    stock_seats_changed(call, &sale, &changes);
    seq = seat_record(call, in->hall_id, &changes);
  }
  reply_delta(call, in->hall_id, seq, &changes);
  return ERR_NONE;
}

const Method hall_update_seats_status = {
    .name = "hall.update_seats_status",
    .access = ACCESS_SIGNED_IN,
    .fields = update_seats_status_fields,
    .field_count = sizeof update_seats_status_fields / sizeof update_seats_status_fields[0],
    .input_bytes = sizeof(UpdateSeatsStatus),
    .run = update_seats_status,
};

// hall.my_seats

typedef struct MySeats {
  int64_t hall_id;
} MySeats;

static const Field my_seats_fields[] = {
    {.name = "hall_id", .kind = FIELD_ID, .offset = offsetof(MySeats, hall_id), .error = ERR_REQUIRED_HALL_ID},
};

static Error my_seats(Call *call, const void *input) {
  const MySeats *in = input;
  json_open(&call->reply, '{');
  json_name(&call->reply, "seat_ids");
  seat_write_own(call->db, &call->reply, in->hall_id, call->who.user_id);
  json_close(&call->reply, '}');
  return ERR_NONE;
}

const Method hall_my_seats = {
    .name = "hall.my_seats",
    .access = ACCESS_SIGNED_IN,
    .reads_only = true,
    .fields = my_seats_fields,
    .field_count = 1,
    .input_bytes = sizeof(MySeats),
    .run = my_seats,
};

// hall.plan: the geometry, not for a door's list of messages but for GET /plan/{hall_id}/{hash}.

typedef struct GetPlan {
  int64_t hall_id;
  Str hash;
} GetPlan;

static const Field get_plan_fields[] = {
    {.name = "hall_id", .kind = FIELD_ID, .offset = offsetof(GetPlan, hall_id), .error = ERR_NOT_FOUND},
    {.name = "hash",
     .kind = FIELD_STRING,
     .offset = offsetof(GetPlan, hash),
     .min = 16,
     .max = 16,
     .error = ERR_NOT_FOUND},
};

static Error get_plan(Call *call, const void *input) {
  static const char EXISTS[] = "SELECT 1 FROM halls WHERE id = $1 AND plan_hash = $2";
  const GetPlan *in = input;
  if (db_int(call->db, EXISTS, 0, sql_int(in->hall_id), sql_text(in->hash)) == 0) return ERR_NOT_FOUND;
  Plan plan;
  PlanIds ids;
  Error error = hall_read_plan(call->db, &call->arena, in->hall_id, &plan, &ids);
  if (error == ERR_NONE) plan_write_geometry(&call->reply, &plan, &ids);
  return error;
}

const Method hall_get_plan = {
    .name = "hall.plan",
    .access = ACCESS_ANYONE,
    .reads_only = true,
    .fields = get_plan_fields,
    .field_count = 2,
    .input_bytes = sizeof(GetPlan),
    .run = get_plan,
};
