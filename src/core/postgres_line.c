// One connection to PostgreSQL: making it, waiting for it with a limit, and what its failures mean. One that is lost is
// made again when the next transaction begins.
#include "core/postgres_line.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "core/log.h"

#define TIME_IS_OVER "57014"  // a statement's
#define STANDS_BY "25006"

// Classes 53 to 58: no room, limits, somebody's intervention, the system itself. 08: the connection, as a pooler has
// it. 25006: it takes no writes. Without a state the line is dead.
static bool is_of_the_system(const char *state) {
  if (state == NULL || strncmp(state, "08", 2) == 0 || strcmp(state, STANDS_BY) == 0) return true;
  return state[0] == '5' && state[1] >= '3' && state[1] <= '8' && strcmp(state, TIME_IS_OVER) != 0;
}

void postgres_fail(Db *db, const char *what, const char *sql, const PGresult *result) {
  Postgres *me = postgres_of(db);
  const char *state = result != NULL ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
  const char *reason = result != NULL ? PQresultErrorMessage(result) : PQerrorMessage(me->conn);
  db->failed = true;
  if (is_of_the_system(state)) db->disk_failed = true;
  if (state == NULL || strcmp(state, TIME_IS_OVER) == 0) db->late = true;
  if (state != NULL && strcmp(state, STANDS_BY) == 0) me->stands_by = true;
  if (!db->has_savepoint) db->spoilt = true;
  if (me->conn == NULL) return;  // told when it was lost
  log_error("db: statement failed", "at=%s code=%s reason=\"%.*s\" sql=\"%.120s\"", what, state != NULL ? state : "-",
            (int)strcspn(reason, "\n"), reason, sql);
}

// Waiting.

// Also of a process that slept past the limit: what has come meanwhile is there.
bool postgres_wait_for(PGconn *conn, short what, uint64_t until_ns) {
  uint64_t now_ns = uv_hrtime();
  struct pollfd socket = {.fd = PQsocket(conn), .events = what};
  return poll(&socket, 1, now_ns < until_ns ? (int)((until_ns - now_ns) / 1000000) + 1 : 0) > 0;
}

static int left_ms(uint64_t until_ns) {
  uint64_t now_ns = uv_hrtime();
  return now_ns < until_ns ? (int)((until_ns - now_ns) / 1000000) : 0;
}

int postgres_limit_ms(const Postgres *me, int calm_ms, int least_ms) {
  if (me->db.answer_ns == 0) return calm_ms;
  int left = left_ms(me->db.answer_ns);
  return left > least_ms ? left : least_ms;
}

static void give_up(Postgres *me) {
  const char *reason = PQerrorMessage(me->conn);
  if (reason[0] == 0) reason = "no answer in time";
  log_error("db: the line is lost", "reason=\"%.*s\"", (int)strcspn(reason, "\n"), reason);
  PQfinish(me->conn);
  me->conn = NULL;
  me->sent_count = 0;
  me->lost_ns = uv_hrtime();
}

bool postgres_lost_just_now(const Postgres *me) {
  return me->lost_ns != 0 && uv_hrtime() - me->lost_ns < AGAIN_MS * UINT64_C(1000000);
}

// Waits until a result is there. False: none came in time, and the line is dropped.
bool postgres_wait_result(Postgres *me, int limit_ms) {
  uint64_t limit_ns = (uint64_t)limit_ms * 1000000;
  uint64_t until_ns = uv_hrtime() + limit_ns;
  while (PQisBusy(me->conn) != 0) {
    if (!postgres_wait_for(me->conn, POLLIN, until_ns) || PQconsumeInput(me->conn) == 0) {
      give_up(me);
      return false;
    }
    until_ns = uv_hrtime() + limit_ns;
  }
  return true;
}

// The last result of a simple query, or the first that is an error; NULL: there was none in time.
static PGresult *take_result(Postgres *me, int limit_ms) {
  PGresult *last = NULL;
  while (postgres_wait_result(me, limit_ms)) {
    PGresult *result = PQgetResult(me->conn);
    if (result == NULL) return last;
    bool had_failed = last != NULL && PQresultStatus(last) == PGRES_FATAL_ERROR;
    PQclear(had_failed ? result : last);
    if (!had_failed) last = result;
  }
  PQclear(last);
  return NULL;
}

bool postgres_is_good(const PGresult *result) {
  ExecStatusType status = PQresultStatus(result);
  return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
}

bool postgres_exec(Postgres *me, const char *what, const char *sql, int limit_ms) {
  PGresult *result = NULL;
  if (me->conn != NULL && PQexitPipelineMode(me->conn) != 0 && PQsendQuery(me->conn, sql) != 0)
    result = take_result(me, limit_ms);
  bool good = postgres_is_good(result);
  if (!good) postgres_fail(&me->db, what, sql, result);
  PQclear(result);
  return good;
}

// Connecting.

static void on_notice(void *arg, const char *message) {
  (void)arg;
  log_debug("db: notice", "text=\"%.*s\"", (int)strcspn(message, "\n"), message);
}

static PGconn *connect_in_time(const Postgres *me, uint64_t until_ns) {
  // Who is silent is asked after two seconds, and given up after two more: a machine that has lost its power says
  // nothing, and who only listens would wait for it for hours.
  static const char *const names[] = {
      "dbname",          "fallback_application_name", "client_encoding",  "tcp_user_timeout",
      "keepalives_idle", "keepalives_interval",       "keepalives_count", NULL};
  const char *name = me->moves ? "foyer migrate" : "foyer";
  const char *values[] = {me->url, name, "UTF8", me->moves ? "60000" : "2000", "2", "1", "2", NULL};
  PGconn *conn = PQconnectStartParams(names, values, 1);
  PostgresPollingStatusType status = PGRES_POLLING_WRITING;
  while (conn != NULL && PQstatus(conn) != CONNECTION_BAD && status != PGRES_POLLING_OK &&
         status != PGRES_POLLING_FAILED) {
    if (!postgres_wait_for(conn, status == PGRES_POLLING_READING ? POLLIN : POLLOUT, until_ns)) break;
    status = PQconnectPoll(conn);
  }
  return conn;
}

// Likewise the server with us, whose backend keeps its place, and perhaps a lock, until it gives us up.
#define GIVE_UP "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_user_timeout = 5000; "

// A pooler gives another server process than the one whose number it told.
static bool find_pooler(Postgres *me, int limit_ms) {
  PGresult *result = NULL;
  if (PQsendQuery(me->conn, GIVE_UP "SELECT pg_backend_pid()") != 0) result = take_result(me, limit_ms);
  bool good = postgres_is_good(result);
  if (good) me->pooled = strtol(PQgetvalue(result, 0, 0), NULL, 10) != PQbackendPID(me->conn);
  PQclear(result);
  return good;
}

bool postgres_open_line(Postgres *me, int limit_ms) {
  PQfinish(me->conn);
  statements_forget(&me->statements);
  me->listens = me->stands_by = false;
  me->opened_ns = uv_hrtime();
  uint64_t until_ns = uv_hrtime() + (uint64_t)limit_ms * 1000000;
  me->conn = connect_in_time(me, until_ns);
  if (me->conn != NULL && PQstatus(me->conn) == CONNECTION_OK) {
    PQsetNoticeProcessor(me->conn, on_notice, NULL);
    return find_pooler(me, left_ms(until_ns));
  }
  const char *reason = me->conn != NULL ? PQerrorMessage(me->conn) : "";
  log_error("db: cannot connect", "reason=\"%.*s\"", (int)strcspn(reason, "\n"), reason);
  give_up(me);
  return false;
}

bool postgres_line_is_over(const Postgres *me) {
  if (PQstatus(me->conn) != CONNECTION_OK) return true;
  return me->stands_by && me->sent_count == 0 && uv_hrtime() - me->opened_ns >= AGAIN_MS * UINT64_C(1000000);
}

bool postgres_connect_anew(Postgres *me) {
  int limit_ms = postgres_limit_ms(me, CONNECT_MS, 1);
  if (postgres_lost_just_now(me) || !postgres_open_line(me, limit_ms < CONNECT_MS ? limit_ms : CONNECT_MS)) {
    me->db.failed = me->db.disk_failed = true;
    return false;
  }
  db_count_reconnect();
  me->lost_ns = 0;
  return true;
}
