// What PostgreSQL's driver shares. For core/db_postgres.c and core/postgres_line.c only.
#ifndef FOYER_CORE_POSTGRES_LINE_H
#define FOYER_CORE_POSTGRES_LINE_H

#include <libpq-fe.h>

#include "core/db_driver.h"
#include "core/postgres_gather.h"
#include "core/postgres_statements.h"

enum {
  SENT_MAX = 64,  // what may be sent without its answer being read: the answers must find room in the sockets' buffers
  CONNECT_MS = 1000,
  FIRST_MS = 10000,   // at a start, which nobody waits for
  AGAIN_MS = 500,     // after a line or the lock was not to be had, whoever comes is refused at once for so long
  ANSWER_MS = 60000,  // another may be filling in a venue under the lock
  SCHEMA_MS = 600000,
  CALM_ANSWER_MS = 86400000  // db_take_time
};

// What was sent and whose answer was not read yet.
typedef struct Sent {
  const char *what;
  const char *text;
  Statement *prepares;  // what it prepares; NULL: nothing
  bool spoils;          // its failure is that of the whole transaction
} Sent;

typedef struct Postgres {
  Db db;
  PGconn *conn;
  char *url;
  uint64_t lost_ns;  // when the line, or waiting for the lock, was given up last; 0: not since then all was well
  uint64_t opened_ns;
  bool stands_by;  // its server took no write
  bool listens;
  bool begun;   // a transaction was, and was not ended yet: also of a line that was lost meanwhile
  bool moves;   // opened with DB_MOVE
  bool pooled;  // somebody between us and the server changes the connection with each transaction
  Statements statements;
  Gathered gathered;
  Sent sent[SENT_MAX];
  int sent_count;
  int64_t changes;
  int64_t total_changes;
} Postgres;

static inline Postgres *postgres_of(const Db *db) {
  return (Postgres *)(uintptr_t)db;
}

bool postgres_lost_just_now(const Postgres *me);  // whoever comes is refused at once
// Notes that a statement failed, in the connection and in the log; the connection's own reason when there is no result.
void postgres_fail(Db *db, const char *what, const char *sql, const PGresult *result);
bool postgres_wait_for(PGconn *conn, short what, uint64_t until_ns);  // poll's events; false: the time is over
bool postgres_wait_result(Postgres *me, int limit_ms);                // false: none came, and the line is given up
bool postgres_is_good(const PGresult *result);
// How long an answer may take: `calm_ms`, or of who hurries until it is to be told, but `least_ms`.
int postgres_limit_ms(const Postgres *me, int calm_ms, int least_ms);
bool postgres_exec(Postgres *me, const char *what, const char *sql, int limit_ms);  // outside the pipeline; false: told
bool postgres_open_line(Postgres *me, int limit_ms);
// Whether a new one is due: it is lost, or its server takes no writes, and where it led to may be another by now, or
// the same that does. Not inside a transaction.
bool postgres_line_is_over(const Postgres *me);
bool postgres_connect_anew(Postgres *me);  // a line that was lost; false: told, and the call has failed

#endif
