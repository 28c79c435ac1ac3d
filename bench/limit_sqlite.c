// The limit of a durable change: SQLite doing the server's own statements for `hall.update_seat_status` with as many
// changes a commit, and nothing around it. It works on a copy of the server's database, so schema and rows are the
// same. `limits sqlite FILE BATCH MILLISECONDS HALL SEATS_FILE`; prints the changes and the seconds as JSON.
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bench/limits_commands.h"
#include "bench/seats.h"
#include "bench/socket.h"

enum { VALUES_MAX = 6 };

// What is bound to a statement's parameters.
typedef enum Value {
  NOTHING,
  HALL,
  SEAT,
  STATUS_BEFORE,  // 0 VACANT, 1 RESERVED
  STATUS,
  USER,  // who reserves; NULL when releasing
  NOW,
  TOPIC,
  SEQ,  // what the statement before has read
  KIND,
  PAYLOAD
} Value;

// A statement of the change, in order; parameters $1, $2, ... have these values.
typedef struct Step {
  const char *sql;
  Value values[VALUES_MAX];
} Step;

// As in src/models/seat.c and src/core/call.c.
static const Step steps[] = {
    {"SELECT status, coalesce(reserved_by, 0) FROM seats WHERE id = $1 AND hall_id = $2", {SEAT, HALL}},
    {"UPDATE seats SET status = $1, reserved_by = $2, updated_at = $3 WHERE id = $4 AND status = $5",
     {STATUS, USER, NOW, SEAT, STATUS_BEFORE}},
    {"SELECT coalesce(max(seq), 0) + 1 FROM events WHERE topic = $1", {TOPIC}},
    {"INSERT INTO events(topic, seq, at, kind, payload) VALUES($1, $2, $3, $4, $5)", {TOPIC, SEQ, NOW, KIND, PAYLOAD}},
};

enum { STEP_COUNT = sizeof steps / sizeof *steps };

// One change as the statements see it.
typedef struct Change {
  int64_t hall_id;
  int64_t seat_id;
  int64_t now_ms;
  uint8_t status;
} Change;

typedef struct Limit {
  sqlite3 *db;
  sqlite3_stmt *begin, *commit;
  sqlite3_stmt *steps[STEP_COUNT];
  int64_t read;  // the last row's first column
} Limit;

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql) {
  sqlite3_stmt *statement = NULL;
  if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) != SQLITE_OK) {
    die("%s: %s", sql, sqlite3_errmsg(db));
  }
  return statement;
}

// Opens as the server does: the same pragmas (src/core/db.c).
static void limit_open(Limit *limit, const char *path) {
  static const char pragmas[] =
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-65536;"
      "PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=4000;";
  if (sqlite3_open_v2(path, &limit->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK ||
      sqlite3_exec(limit->db, pragmas, NULL, NULL, NULL) != SQLITE_OK) {
    die("%s: %s", path, sqlite3_errmsg(limit->db));
  }
  limit->begin = prepare(limit->db, "BEGIN IMMEDIATE");
  limit->commit = prepare(limit->db, "COMMIT");
  for (size_t i = 0; i < STEP_COUNT; i++) limit->steps[i] = prepare(limit->db, steps[i].sql);
}

// Runs a statement to its end.
static void run(Limit *limit, sqlite3_stmt *statement) {
  int result = sqlite3_step(statement);
  for (; result == SQLITE_ROW; result = sqlite3_step(statement)) limit->read = sqlite3_column_int64(statement, 0);
  if (result != SQLITE_DONE) die("%s: %s", sqlite3_sql(statement), sqlite3_errmsg(limit->db));
  sqlite3_reset(statement);
}

static void bind(const Limit *limit, sqlite3_stmt *statement, int at, Value value, const Change *change) {
  static char text[64];
  static char payload[128];
  static const char *const names[] = {"VACANT", "RESERVED"};
  switch (value) {
    case NOTHING:
      break;
    case HALL:
      sqlite3_bind_int64(statement, at, change->hall_id);
      break;
    case SEAT:
      sqlite3_bind_int64(statement, at, change->seat_id);
      break;
    case STATUS_BEFORE:
      sqlite3_bind_int(statement, at, !change->status);
      break;
    case STATUS:
      sqlite3_bind_int(statement, at, change->status);
      break;
    case USER:
      if (change->status == 1)
        sqlite3_bind_int(statement, at, 1);
      else
        sqlite3_bind_null(statement, at);
      break;
    case NOW:
      sqlite3_bind_int64(statement, at, change->now_ms);
      break;
    case TOPIC:
      snprintf(text, sizeof text, "hall:%lld", (long long)change->hall_id);
      sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
      break;
    case SEQ:
      sqlite3_bind_int64(statement, at, limit->read);
      break;
    case KIND:
      sqlite3_bind_text(statement, at, "seats", -1, SQLITE_STATIC);
      break;
    case PAYLOAD:
      snprintf(payload, sizeof payload, "{\"to\":\"%s\",\"by\":1,\"seats\":[%lld],\"from\":[\"%s\"]}",
               names[change->status], (long long)change->seat_id, names[!change->status]);
      sqlite3_bind_text(statement, at, payload, -1, SQLITE_STATIC);
      break;
  }
}

static void run_change(Limit *limit, const Change *change) {
  for (size_t i = 0; i < STEP_COUNT; i++) {
    for (int at = 0; at < VALUES_MAX; at++) bind(limit, limit->steps[i], at + 1, steps[i].values[at], change);
    run(limit, limit->steps[i]);
  }
}

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int limit_sqlite(int count, char **arguments) {
  Limit limit = {0};
  Seats seats;
  uint64_t batch = number_from(arguments[1], 100000);
  uint64_t round_us = number_from(arguments[2], 600000) * 1000;
  uint64_t changes = 0;
  (void)count;
  seats_read(&seats, (uint32_t)number_from(arguments[3], UINT32_MAX), arguments[4]);
  limit_open(&limit, arguments[0]);
  uint64_t begin = clock_us();
  while (clock_us() - begin < round_us) {
    run(&limit, limit.begin);
    for (uint64_t i = 0; i < batch; i++, changes++) {
      Change change = {.hall_id = seats.hall_id,
                       .seat_id = seats.ids[seats.vacant[changes % seats.vacant_count]],
                       .now_ms = now_ms(),
                       .status = changes / seats.vacant_count % 2 == 0};
      run_change(&limit, &change);
    }
    run(&limit, limit.commit);
  }
  printf("{\"changes\":%llu,\"seconds\":%.6f}\n", (unsigned long long)changes, (double)(clock_us() - begin) / 1e6);
  seats_free(&seats);
  return 0;
}
