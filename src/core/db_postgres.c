// PostgreSQL over libpq, each statement prepared once a connection under the address of its text. What nobody waits for
// is sent together with the next statement whose result is needed (libpq's pipeline), and answered together. What
// writes holds one advisory lock of the database until its commit, so that there is one writer at a time among all
// processes, as SQLite's lock has it.
#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "core/log.h"
#include "core/postgres_line.h"

static bool run_text(Db *db, const char *sql) {
  Postgres *me = postgres_of(db);
  return postgres_exec(me, "exec", sql, postgres_limit_ms(me, SCHEMA_MS, DB_LEAST_MS));
}

static void close_connection(Db *db) {
  Postgres *me = postgres_of(db);
  statements_forget(&me->statements);
  gathered_free(&me->gathered);
  PQfinish(me->conn);
  free(me->url);
  free(me);
}

// Sending, and reading the answers of all that was sent.

// The result of the next that was sent; NULL: it did not come.
static PGresult *next_result(Postgres *me, int limit_ms) {
  PGresult *result = postgres_wait_result(me, limit_ms) ? PQgetResult(me->conn) : NULL;
  if (result == NULL || PQresultStatus(result) == PGRES_PIPELINE_SYNC) return result;
  if (postgres_wait_result(me, limit_ms)) PQclear(PQgetResult(me->conn));  // NULL: there is one result each
  return result;
}

static void answered(Postgres *me, const Sent *sent, const PGresult *result) {
  if (postgres_is_good(result)) return;
  // What comes after a failure is not done, and says no more than that.
  if (PQresultStatus(result) != PGRES_PIPELINE_ABORTED) postgres_fail(&me->db, sent->what, sent->text, result);
  me->db.failed = true;
  if (sent->spoils) me->db.spoilt = true;
}

// Gives the last one's result; NULL: something that was sent has failed.
static PGresult *settle(Postgres *me) {
  PGresult *last = NULL;
  int calm_ms = me->db.takes_time ? CALM_ANSWER_MS : ANSWER_MS;
  int count = me->sent_count;
  int first_failed = count;  // those behind it are not done either
  bool good = true;
  me->sent_count = 0;
  if (me->conn != NULL) PQpipelineSync(me->conn);
  for (int i = 0; i < count; i++) {
    PQclear(last);
    last = me->conn != NULL ? next_result(me, postgres_limit_ms(me, calm_ms, DB_LEAST_MS)) : NULL;
    answered(me, &me->sent[i], last);
    if (good && !postgres_is_good(last)) first_failed = i;
    good = good && postgres_is_good(last);
  }
  if (me->conn != NULL) PQclear(next_result(me, postgres_limit_ms(me, calm_ms, DB_LEAST_MS)));  // of the sync
  if (good) return last;
  PQclear(last);
  for (int i = first_failed; i < count; i++) {  // not before all are told of: what runs one has its text
    if (me->sent[i].prepares != NULL) statements_free_slot(me->sent[i].prepares);
  }
  return NULL;
}

// Makes the line ready for one more to be sent.
static bool may_send(Postgres *me) {
  if (me->sent_count >= SENT_MAX - 1) PQclear(settle(me));
  return me->conn != NULL && PQenterPipelineMode(me->conn) != 0;
}

static bool sent(Postgres *me, int done, Sent what) {
  if (done == 0) postgres_fail(&me->db, what.what, what.text, NULL);
  if (done != 0) me->sent[me->sent_count++] = what;
  return done != 0;
}

static bool send_control(Postgres *me, const char *text) {
  bool spoils = !me->db.has_savepoint;
  int done = may_send(me) ? PQsendQueryParams(me->conn, text, 0, NULL, NULL, NULL, NULL, 0) : 0;
  return sent(me, done, (Sent){"control", text, NULL, spoils});
}

static bool prepare(Postgres *me, Statement *statement, const Parameters *parameters, int count) {
  if (me->pooled) return true;
  int done = may_send(me) ? PQsendPrepare(me->conn, statement->name, statement->text, count, parameters->types) : 0;
  return sent(me, done, (Sent){"prepare", statement->text, statement, !me->db.has_savepoint});
}

// What names a table may have changed it.
static void note_tables(Db *db, const char *text) {
  for (int i = 0; i < db->watched_count; i++) {
    if (strstr(text, db->watched[i].table) != NULL) db_table_changed(db, db->watched[i].table);
  }
}

static void watch(Db *db) {
  (void)db;  // while it is in a transaction nobody else writes, or it sees nothing of it
}

// Sends the statement with these values. NULL: it could not be sent.
static const Statement *send_encoded(Postgres *me, const char *sql, uint64_t kinds, const Parameters *with, int count) {
  bool over = me->begun ? PQstatus(me->conn) != CONNECTION_OK : postgres_line_is_over(me);
  if (over && (me->begun || !postgres_connect_anew(me))) {
    postgres_fail(&me->db, "send", statement_form(sql), NULL);
    return NULL;
  }
  Statement *statement = statements_find(&me->statements, sql, kinds);
  bool is_new = statement->text == NULL;
  if (is_new && !statements_fill(&me->statements, statement, sql, kinds)) {
    postgres_fail(&me->db, "prepare", statement_form(sql), NULL);
    return NULL;
  }
  // Of what was gathered that was seen to when it was.
  bool gathered = (kinds & TAKES_ARRAYS) != 0;
  bool ready =
      (gathered || !statement->writes || db_before_write(&me->db)) && (!is_new || prepare(me, statement, with, count));
  if (!ready) {
    if (is_new) statements_free_slot(statement);  // the last one that was added: no other was put behind it
    return NULL;
  }
  int done = 0;
  if (may_send(me)) {
    done = me->pooled
               ? PQsendQueryParams(me->conn, statement->text, count, with->types, with->values, with->lengths,
                                   with->formats, 0)
               : PQsendQueryPrepared(me->conn, statement->name, count, with->values, with->lengths, with->formats, 0);
  }
  if (!sent(me, done, (Sent){"run", statement->text, NULL, !me->db.has_savepoint})) return NULL;
  if (statement->writes && !gathered) note_tables(&me->db, statement->text);
  return statement;
}

// Sends what was gathered.
static void send_gathered(Postgres *me) {
  Gathered *gathered = &me->gathered;
  for (int i = 0; i < gathered->count; i++) {
    Parameters with;
    GatheredStatement *statement = &gathered->statements[i];
    if (gathered_encode(gathered, statement, &with)) {
      send_encoded(me, statement->sql, TAKES_ARRAYS, &with, statement->parameter_count);
    } else {
      me->db.failed = me->db.spoilt = true;
    }
  }
  gathered_forget(gathered);
}

static const Statement *send_statement(Postgres *me, const char *sql, uint64_t extra, const SqlValue *values,
                                       int count) {
  Parameters with;
  send_gathered(me);
  return send_encoded(me, sql, parameters_encode(&with, values, count) | extra, &with, count);
}

// The statement with these values; NULL: it has failed.
static PGresult *run(Postgres *me, const char *sql, uint64_t extra, const SqlValue *values, int count) {
  const Statement *statement = send_statement(me, sql, extra, values, count);
  if (statement == NULL) return NULL;
  bool writes_rows = statement->writes;
  PGresult *result = settle(me);
  if (result != NULL && writes_rows) {
    me->changes = strtoll(PQcmdTuples(result), NULL, 10);
    me->total_changes += me->changes;
  }
  return result;
}

// How many rows it will have changed is not known: at least it may have.
static void send_only(Db *db, const char *sql, const SqlValue *values, int count) {
  Postgres *me = postgres_of(db);
  if (send_statement(me, sql, 0, values, count) != NULL) ++me->total_changes;
}

// What it writes in a part of its own is under that part's savepoint, before which all else was sent.
static void gather(Db *db, const char *sql, const SqlValue *values, int count) {
  Postgres *me = postgres_of(db);
  if (!db_before_write(db)) return;
  if (gathered_is_full(&me->gathered, sql)) send_gathered(me);
  gathered_add(&me->gathered, sql, values, count);
  note_tables(db, statement_form(sql));
  ++me->total_changes;
}

static void settle_all(Db *db) {
  Postgres *me = postgres_of(db);
  send_gathered(me);
  if (me->sent_count > 0) PQclear(settle(me));
}

// Rows: the whole result is here when the first is asked for.

static void query(Rows *rows, const char *sql, const SqlValue *values, int count) {
  rows->statement = run(postgres_of(rows->db), sql, 0, values, count);
  rows->row = -1;
}

static int64_t insert(Db *db, const char *sql, const SqlValue *values, int count) {
  PGresult *result = run(postgres_of(db), sql, GIVES_KEY, values, count);
  int64_t id = result != NULL && PQntuples(result) > 0 ? strtoll(PQgetvalue(result, 0, 0), NULL, 10) : 0;
  PQclear(result);
  return id;
}

static bool next(Rows *rows) {
  return ++rows->row < PQntuples(rows->statement);
}

static void end(Rows *rows) {
  PQclear(rows->statement);
}

static Str get_text(const Rows *rows, int column) {
  return (Str){PQgetvalue(rows->statement, rows->row, column), (size_t)PQgetlength(rows->statement, rows->row, column)};
}

// A truth is 1 or 0, as in SQLite.
static int64_t get_int(const Rows *rows, int column) {
  const char *text = PQgetvalue(rows->statement, rows->row, column);
  return text[0] == 't' ? 1 : strtoll(text, NULL, 10);
}

static double get_real(const Rows *rows, int column) {
  return strtod(PQgetvalue(rows->statement, rows->row, column), NULL);
}

static bool is_null(const Rows *rows, int column) {
  return PQgetisnull(rows->statement, rows->row, column) != 0;
}

static int64_t changes(const Db *db) {
  return postgres_of(db)->changes;
}

static int64_t total_changes(const Db *db) {
  return postgres_of(db)->total_changes;
}

static void limit_work(Db *db, int thousands) {
  (void)db, (void)thousands;  // the time of who hurries is limited, see begin_text
}

// Transactions.

// A statement is planned when its connection is young, and its table may be empty then: whoever reads all of it would
// go on doing so when it has grown. So what writes takes an index where there is one, and is never planned anew or
// compiled.
#define BY_INDEX "SET LOCAL enable_seqscan = off; SET LOCAL jit = off; SET LOCAL plan_cache_mode = force_generic_plan; "
// A process that is stopped in the middle holds the lock: the server ends its transaction. Who hurries is refused by
// the server a little before the line would be dropped. For one transaction each, so that a pooler is no matter.
#define BEGIN_WRITE "BEGIN; " BY_INDEX "SET LOCAL idle_in_transaction_session_timeout = 2000; "
#define BEGIN_CALMLY "BEGIN; " BY_INDEX "SET LOCAL idle_in_transaction_session_timeout = 60000; "
#define BEGIN_READ "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; "
#define LOCK "SELECT pg_advisory_xact_lock(1718580581)"  // "foye"

static void begin_text(const Postgres *me, DbControl control, int limit_ms, char *text, size_t size) {
  enum { EARLIER_MS = 100 };
  const char *writes = me->moves ? "BEGIN; " : me->db.takes_time ? BEGIN_CALMLY : BEGIN_WRITE;
  const char *begins = control == DB_CONTROL_BEGIN_READ ? BEGIN_READ : writes;
  const char *locks = control == DB_CONTROL_BEGIN_READ ? "" : LOCK;
  char soon[64] = "";
  if (me->db.answer_ns != 0) {
    int server_ms = limit_ms > EARLIER_MS ? limit_ms - EARLIER_MS : 1;
    snprintf(soon, sizeof soon, "SET LOCAL statement_timeout = %d; ", server_ms);
  }
  snprintf(text, size, "%s%s%s", begins, soon, locks);
}

static bool in_transaction(const Db *db) {
  PGTransactionStatusType status = PQtransactionStatus(postgres_of(db)->conn);
  return status == PQTRANS_INTRANS || status == PQTRANS_INERROR || status == PQTRANS_ACTIVE;
}

static bool begin(Postgres *me, DbControl control) {
  Db *db = &me->db;
  if (postgres_line_is_over(me) && !postgres_connect_anew(me)) return false;
  if (db->answer_ns != 0 && postgres_lost_just_now(me)) {
    db->failed = db->disk_failed = true;
    return false;
  }
  int limit_ms = postgres_limit_ms(me, ANSWER_MS, 1);
  char text[400];
  begin_text(me, control, limit_ms, text, sizeof text);
  bool done = postgres_exec(me, "control", text, limit_ms);
  me->lost_ns = done ? 0 : uv_hrtime();
  return done;
}

static bool run_control(Db *db, DbControl control) {
  static const char *const texts[DB_CONTROLS] = {[DB_CONTROL_COMMIT] = "COMMIT",
                                                 [DB_CONTROL_ROLLBACK] = "ROLLBACK",
                                                 [DB_CONTROL_SAVEPOINT] = "SAVEPOINT call",
                                                 [DB_CONTROL_RELEASE] = "RELEASE call",
                                                 [DB_CONTROL_UNDO] = "ROLLBACK TO call"};
  Postgres *me = postgres_of(db);
  bool begins = control == DB_CONTROL_BEGIN_WRITE || control == DB_CONTROL_BEGIN_READ;
  bool undoes = control == DB_CONTROL_ROLLBACK || control == DB_CONTROL_UNDO;
  me->begun = begins || (me->begun && control != DB_CONTROL_COMMIT && control != DB_CONTROL_ROLLBACK);
  if (begins) return begin(me, control);
  if (undoes) gathered_forget(&me->gathered);
  if (undoes) settle_all(db);  // or a failure in what was sent would be that of this too
  send_gathered(me);
  if (!send_control(me, texts[control])) return false;
  if (control == DB_CONTROL_SAVEPOINT || control == DB_CONTROL_RELEASE) return true;
  PGresult *result = settle(me);
  // What has failed inside is rolled back by COMMIT, which says so.
  bool done = result != NULL && (control != DB_CONTROL_COMMIT || strcmp(PQcmdStatus(result), "COMMIT") == 0);
  PQclear(result);
  return done;
}

// By LISTEN; behind a pooler, which keeps no such connection, by saying that there may be something.
static bool wait_for_commit(Db *db, int limit_ms, int deaf_ms, int64_t *number) {
  Postgres *me = postgres_of(db);
  if (PQstatus(me->conn) != CONNECTION_OK && !postgres_connect_anew(me)) return false;
  if (me->pooled) {
    poll(NULL, 0, deaf_ms);
    return true;
  }
  if (!me->listens && !postgres_exec(me, "listen", "LISTEN foyer_commits", CONNECT_MS)) return false;
  me->listens = true;
  PGnotify *told = PQnotifies(me->conn);
  if (told == NULL && postgres_wait_for(me->conn, POLLIN, uv_hrtime() + (uint64_t)limit_ms * 1000000) &&
      PQconsumeInput(me->conn) == 0) {
    log_error("db: the connection that listens is lost", "reason=\"%.*s\"",
              (int)strcspn(PQerrorMessage(me->conn), "\n"), PQerrorMessage(me->conn));
    return false;
  }
  if (told == NULL) told = PQnotifies(me->conn);
  if (told != NULL) *number = 0;
  for (; told != NULL; told = PQnotifies(me->conn)) {
    int64_t one = told->extra[0] != 0 ? strtoll(told->extra, NULL, 10) : INT64_MAX;  // of a foyer that tells none
    if (one > *number) *number = one;
    PQfreemem(told);
  }
  return true;
}

PGconn *db_postgres_connection(Db *db) {
  Postgres *me = postgres_of(db);
  settle_all(db);
  if (me->conn != NULL) PQexitPipelineMode(me->conn);
  return me->conn;
}

static const DbDriver driver = {
    .migrations = postgres_migrations,
    .migration_count = &postgres_migration_count,
    .close = close_connection,
    .run_text = run_text,
    .run_control = run_control,
    .in_transaction = in_transaction,
    .query = query,
    .insert = insert,
    .send = send_only,
    .gather = gather,
    .settle = settle_all,
    .next = next,
    .end = end,
    .get_int = get_int,
    .get_real = get_real,
    .get_text = get_text,
    .is_null = is_null,
    .changes = changes,
    .total_changes = total_changes,
    .wait_for_commit = wait_for_commit,
    .touch = "UPDATE migrations SET applied_at = applied_at",
    .limit_work = limit_work,
    .watch = watch,
};

Db *db_open_postgres(const char *url, DbMode mode) {
  Postgres *me = calloc(1, sizeof *me);
  if (me == NULL) return NULL;
  me->db.driver = &driver;
  me->moves = me->db.takes_time = mode == DB_MOVE;  // who reads says so at each beginning
  me->url = strdup(url);
  if (me->url != NULL && postgres_open_line(me, FIRST_MS)) return &me->db;
  close_connection(&me->db);
  return NULL;
}
