// What can be asked of the waiting room: to join, where one stands, to leave; the draw for everyone; the sale for its
// operator. Who stands where is answered from memory, after the commit.
#include "methods/queue.h"

#include <stddef.h>

#include "models/concert_end.h"
#include "models/queue.h"
#include "models/queue_keys.h"
#include "models/session.h"
#include "models/user.h"
#include "models/waiting_room.h"

typedef struct OfConcert {
  Str concert_id;  // public; empty: the usual one
} OfConcert;

#define CONCERT_FIELD                                                                                          \
  {                                                                                                            \
    .name = "concertId", .kind = FIELD_PUBLIC_ID, .offset = offsetof(OfConcert, concert_id), .optional = true, \
    .error = ERR_CONCERT_NOT_FOUND                                                                             \
  }

static const Field concert_fields[] = {CONCERT_FIELD};

static Error find(Call *call, Str concert_id, Concert *concert) {
  if (!concert_find(call->db, &call->arena, concert_id, call->config, concert)) return ERR_CONCERT_NOT_FOUND;
  waiting_room_know(call, concert->id);
  return ERR_NONE;
}

static void answer_place(Call *call, const void *input) {
  const OfConcert *in = input;
  int64_t now_ms = call->env.now_ms(call->env.state);
  Place place = waiting_room_look(waiting_room_concert(in->concert_id), call->who.user_id, now_ms);
  call->reply.length = 0;
  place_write(&call->reply, &place);
}

static Error join(Call *call, const void *input) {
  const OfConcert *in = input;
  Concert concert;
  bool active;
  Error error = find(call, in->concert_id, &concert);
  return error == ERR_NONE ? queue_join(call, &concert, &active) : error;
}

static void look_ahead(Db *db, Call *calls) {
  Arena *arena = &calls->arena;
  size_t count = 0;
  QueueNewcomer *asked = ARENA_ARRAY(arena, QueueNewcomer, call_list_length(calls));
  session_look_ahead(db, calls);
  for (const Call *call = calls; call != NULL; call = call->next) {
    Concert concert;
    if (call->method != &queue_method_join || call->input_error != ERR_NONE) continue;
    int64_t user_id = session_user_of(db, arena, call);
    bool asks =
        user_id != 0 && concert_find(db, arena, ((const OfConcert *)call->input)->concert_id, call->config, &concert);
    if (asks) asked[count++] = (QueueNewcomer){user_id, concert.id};
  }
  queue_look_ahead(db, arena, asked, count);
}

const Method queue_method_join = {.name = "queue.join",
                                  .access = ACCESS_SIGNED_IN,
                                  .writes_last = true,
                                  .fields = concert_fields,
                                  .field_count = 1,
                                  .input_bytes = sizeof(OfConcert),
                                  .look_ahead = look_ahead,
                                  .run = join,
                                  .answer = answer_place};

static Error status(Call *call, const void *input) {
  const OfConcert *in = input;
  Concert concert;
  return waiting_room_concert(in->concert_id) != 0 ? ERR_NONE : find(call, in->concert_id, &concert);
}

const Method queue_method_status = {.name = "queue.status",
                                    .access = ACCESS_SIGNED_IN,
                                    .reads_only = true,
                                    .fields = concert_fields,
                                    .field_count = 1,
                                    .input_bytes = sizeof(OfConcert),
                                    .run = status,
                                    .answer = answer_place};

static Error leave(Call *call, const void *input) {
  const OfConcert *in = input;
  Concert concert;
  Error error = find(call, in->concert_id, &concert);
  return error == ERR_NONE ? queue_leave(call, concert.id) : error;
}

const Method queue_method_leave = {.name = "queue.leave",
                                   .access = ACCESS_SIGNED_IN,
                                   .writes_last = true,
                                   .fields = concert_fields,
                                   .field_count = 1,
                                   .input_bytes = sizeof(OfConcert),
                                   .run = leave,
                                   .answer = answer_place};

// queue.draw: in the order of the lots, so that anyone can check it against the seed.

enum { DRAW_PAGE = 1000 };

typedef struct Draw {
  OfConcert of;
  int64_t after;  // the last place of the page before
} Draw;

static const Field draw_fields[] = {
    CONCERT_FIELD,
    {.name = "after",
     .kind = FIELD_INT,
     .offset = offsetof(Draw, after),
     .optional = true,
     .max = UINT32_MAX,
     .error = ERR_VALIDATION},
};

// Gives the last place of the page when it is full, else 0.
static int64_t write_entries(Call *call, int64_t concert_id, int64_t after) {
  // Who left before the opening and came again has drawn the same lot twice.
#define DRAWN                                             \
  " FROM queue_places q JOIN users u ON u.id = q.user_id" \
  " WHERE q.concert_id = $1 AND q.rank < $2"              \
  " AND q.rank > coalesce((SELECT rank FROM queue_places WHERE id = $3 AND concert_id = $1), -1)"
  static const char READ[] =
      SQL_FORMS("SELECT max(q.id), u.public_id, q.rank" DRAWN " GROUP BY q.rank ORDER BY q.rank LIMIT $4",
                "SELECT DISTINCT ON (q.rank) q.id, u.public_id, q.rank" DRAWN " ORDER BY q.rank, q.id DESC LIMIT $4");
#undef DRAWN
  int64_t last = 0;
  int count = 0;
  Rows rows =
      db_rows(call->db, READ, sql_int(concert_id), sql_int(QUEUE_RANK_ARRIVAL), sql_int(after), sql_int(DRAW_PAGE));
  for (; rows_next(&rows); count++) {
    Text lot = {.arena = &call->arena};
    text_format(&lot, "%016llx", (unsigned long long)rows_int(&rows, 2));
    last = rows_int(&rows, 0);
    json_open(&call->reply, '{');
    json_put_str(&call->reply, "id", rows_peek(&rows, 1));
    json_put_str(&call->reply, "lot", text_str(&lot));
    json_close(&call->reply, '}');
  }
  return count == DRAW_PAGE ? last : 0;
}

static Error draw(Call *call, const void *input) {
  static const char SEEDS[] = "SELECT seed_hash, seed FROM concerts WHERE id = $1";
  const Draw *in = input;
  Concert concert;
  Error error = find(call, in->of.concert_id, &concert);
  if (error != ERR_NONE) return error;
  Text *out = &call->reply;
  Rows rows = db_rows(call->db, SEEDS, sql_int(concert.id));
  if (!rows_next(&rows)) return ERR_INTERNAL;
  json_open(out, '{');
  json_put_str(out, "seedHash", rows_peek(&rows, 0));
  json_put_str_or_null(out, "seed", concert.opened ? rows_peek(&rows, 1) : (Str){0});
  rows_end(&rows);
  json_name(out, "entries");
  json_open(out, '[');
  int64_t next = concert.opened ? write_entries(call, concert.id, in->after) : 0;
  json_close(out, ']');
  json_put_id_or_null(out, "next", next);
  json_close(out, '}');
  return ERR_NONE;
}

const Method queue_method_draw = {.name = "queue.draw",
                                  .access = ACCESS_ANYONE,
                                  .reads_only = true,
                                  .fields = draw_fields,
                                  .field_count = 2,
                                  .input_bytes = sizeof(Draw),
                                  .run = draw};

// The operator's page.

static Error find_as_staff(Call *call, Str concert_id, Concert *concert) {
  return user_is_staff(call->db, call->who.user_id) ? find(call, concert_id, concert) : ERR_FORBIDDEN;
}

static void write_sale(Call *call, Str concert_id, Str recent) {
  Sale sale;
  int64_t now_ms = call->env.now_ms(call->env.state);
  call->reply.length = 0;
  if (!waiting_room_sale(waiting_room_concert(concert_id), now_ms, &call->arena, &sale)) return;
  sale_write(&call->reply, &sale, call->config->max_active_users);
  if (recent.length == 0) return;
  --call->reply.length;  // the object goes on
  json_name(&call->reply, "recent");
  json_add_raw(&call->reply, recent);
  json_close(&call->reply, '}');
}

static void answer_sale_with_recent(Call *call, const void *input) {
  const OfConcert *in = input;
  write_sale(call, in->concert_id, str_copy(&call->arena, text_str(&call->reply)));
}

// What went on in each minute of the last hour; the sale around it is written when it is answered.
static Error read_recent(Call *call, const void *input) {
  static const char READ[] =
      "SELECT minute, sum(admitted), sum(sold) FROM ("
      "SELECT admitted_at / 60000 AS minute, 1 AS admitted, 0 AS sold FROM queue_places"
      " WHERE concert_id = $1 AND admitted_at >= $2 UNION ALL"
      " SELECT confirmed_at / 60000, 0, seats FROM bookings WHERE concert_id = $1 AND confirmed_at >= $2) minutes"
      " GROUP BY minute ORDER BY minute";
  enum { MINUTE_MS = 60000, HOUR_MS = 3600000 };
  const OfConcert *in = input;
  Concert concert;
  Error error = find_as_staff(call, in->concert_id, &concert);
  if (error != ERR_NONE) return error;
  Text *out = &call->reply;
  json_open(out, '[');
  Rows rows = db_rows(call->db, READ, sql_int(concert.id), sql_int(call->now_ms - HOUR_MS));
  while (rows_next(&rows)) {
    json_open(out, '{');
    json_put_time(out, "minute", rows_int(&rows, 0) * MINUTE_MS);
    json_put_int(out, "admitted", rows_int(&rows, 1));
    json_put_int(out, "sold", rows_int(&rows, 2));
    json_close(out, '}');
  }
  json_close(out, ']');
  return ERR_NONE;
}

const Method queue_method_sale = {.name = "queue.sale",
                                  .access = ACCESS_SIGNED_IN,
                                  .reads_only = true,
                                  .fields = concert_fields,
                                  .field_count = 1,
                                  .input_bytes = sizeof(OfConcert),
                                  .run = read_recent,
                                  .answer = answer_sale_with_recent};

typedef struct Operate {
  OfConcert of;
  int64_t rate;
  Str notice;
  Str opens_at;
  bool paused;
  bool draining;
  bool closed;
  bool ended;
  bool rate_given;
  bool notice_given;
  bool paused_given;
  bool draining_given;
  bool closed_given;
} Operate;

#define FLAG_FIELD(member)                                                                      \
  {                                                                                             \
    .name = #member, .kind = FIELD_FLAG, .offset = offsetof(Operate, member), .optional = true, \
    .given = offsetof(Operate, member##_given), .error = ERR_VALIDATION                         \
  }

static const Field operate_fields[] = {
    CONCERT_FIELD,
    FLAG_FIELD(paused),
    FLAG_FIELD(draining),
    FLAG_FIELD(closed),
    {.name = "ended",
     .kind = FIELD_FLAG,
     .offset = offsetof(Operate, ended),
     .optional = true,
     .error = ERR_VALIDATION},
    {.name = "ratePerMinute",
     .kind = FIELD_INT,
     .offset = offsetof(Operate, rate),
     .optional = true,
     .given = offsetof(Operate, rate_given),
     .max = 1000000,
     .error = ERR_VALIDATION},
    {.name = "notice",
     .kind = FIELD_STRING,
     .offset = offsetof(Operate, notice),
     .optional = true,
     .given = offsetof(Operate, notice_given),
     .max = CONCERT_NOTICE_MAX,
     .error = ERR_VALIDATION},
    {.name = "opensAt",
     .kind = FIELD_STRING,
     .offset = offsetof(Operate, opens_at),
     .optional = true,
     .min = 17,  // 2026-11-21T07:00Z
     .max = 40,
     .error = ERR_VALIDATION},
};

static Error check_operate(const Operate *in, const Concert *concert, int64_t *opens_at) {
  *opens_at = concert->opens_at;
  if (in->opens_at.length == 0) return ERR_NONE;
  if (!time_from_iso(in->opens_at, opens_at)) return ERR_VALIDATION;
  return concert->opened && *opens_at != concert->opens_at ? ERR_SALE_OPENED : ERR_NONE;
}

static Error operate(Call *call, const void *input) {
  const Operate *in = input;
  Concert concert;
  int64_t opens_at;
  Error error = find_as_staff(call, in->of.concert_id, &concert);
  if (error == ERR_NONE && in->ended) return concert_end(call, &concert);
  if (error == ERR_NONE) error = check_operate(in, &concert, &opens_at);
  if (error != ERR_NONE) return error;
  ConcertSwitches switches = {.closed = in->closed_given ? in->closed : concert.closed,
                              .paused = in->paused_given ? in->paused : concert.paused,
                              .draining = in->draining_given ? in->draining : concert.draining,
                              .rate_a_minute = in->rate_given ? in->rate : concert.rate_a_minute,
                              .opens_at = opens_at};
  error = concert_switch(call->db, concert.id, &switches);
  if (error != ERR_NONE) return error;
  if (in->notice_given) concert_set_notice(call->db, concert.id, in->notice);
  queue_admit(call, concert.id);
  concert_changed(call, concert.id);
  return ERR_NONE;
}

static void answer_sale(Call *call, const void *input) {
  const Operate *in = input;
  write_sale(call, in->of.concert_id, (Str){0});
}

const Method queue_method_operate = {.name = "queue.operate",
                                     .access = ACCESS_SIGNED_IN,
                                     .fields = operate_fields,
                                     .field_count = sizeof operate_fields / sizeof operate_fields[0],
                                     .input_bytes = sizeof(Operate),
                                     .run = operate,
                                     .answer = answer_sale};

// queue.tick

static bool tick_one(Call *call, int64_t concert_id) {
  Concert concert;
  if (!concert_find_by_id(call->db, &call->arena, concert_id, &concert)) return false;
  return concert.ended_at != 0 ? concert_empty(call, &concert) : queue_tick(call, concert_id);
}

static Error tick(Call *call, const void *input) {
  static const char NEXT[] = "SELECT id FROM concerts WHERE id > $1 AND emptied = 0 ORDER BY id LIMIT 1";
  (void)input;
  waiting_room_take_due();
  bool more = false;
  for (int64_t id = db_int(call->db, NEXT, 0, sql_int(0)); id != 0; id = db_int(call->db, NEXT, 0, sql_int(id))) {
    more = tick_one(call, id) || more;
  }
  if (more) text_add(&call->reply, STR("true"));
  return ERR_NONE;
}

const Method queue_method_tick = {.name = "queue.tick", .access = ACCESS_ANYONE, .run = tick};

// queue.read_anew: beside the writer, however many wait.

static Error read_anew(Call *call, const void *input) {
  (void)input;
  if (!waiting_room_is_stale()) return ERR_NONE;
  if (!waiting_room_read_anew(call->db, call->config, call->now_ms)) return ERR_INTERNAL;
  call_signal(call, STR("queue"), STR("read"), (Str){0});
  return ERR_NONE;
}

const Method queue_method_read_anew = {
    .name = "queue.read_anew", .access = ACCESS_ANYONE, .reads_only = true, .run = read_anew};

// queue.keys: beside the writer, too.

static Error write_keys(Call *call, const void *input) {
  bool more;
  (void)input;
  queue_keys_write(call, &more);
  if (more) text_add(&call->reply, STR("true"));
  return ERR_NONE;
}

const Method queue_method_keys = {.name = "queue.keys", .access = ACCESS_ANYONE, .reads_only = true, .run = write_keys};
