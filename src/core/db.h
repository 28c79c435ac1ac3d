// A database connection: prepared statements, typed parameters, rows. SQLite or PostgreSQL behind it. One thread a
// connection; every function may block on the disk or the server. SQL uses numbered parameters ($1, $2, ...), first
// used in that order.
#ifndef FOYER_CORE_DB_H
#define FOYER_CORE_DB_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/arena.h"
#include "shared/str.h"

typedef struct Db Db;

// DB_MOVE is for core/db_move.h: an SQLite file is only read, and nobody else may have it open until it is closed; of
// PostgreSQL every answer is waited for, however long it takes.
typedef enum DbMode { DB_WRITE, DB_READ, DB_MOVE } DbMode;

// Opens `where`: a URL that begins with postgres:// or postgresql:// (as libpq has them), or the path of an SQLite
// file, which DB_WRITE creates. NULL (logged) when it cannot, or may not write.
Db *db_open(const char *where, DbMode mode);
void db_close(Db *db);  // NULL is allowed

// Brings the schema up to date with the embedded migrations, under the database's write lock. False (logged) on failure
// or when the database is newer than this program.
bool db_migrate(Db *db, int64_t now_ms);

// A statement that the two databases word differently: SQLite reads up to the NUL, PostgreSQL's side what is behind it.
// Used as `static const char FIND[] = SQL_FORMS("...", "...");`.
#define SQL_FORMS(sqlite, postgres) "/*2*/" sqlite "\0" postgres

typedef enum SqlKind { SQL_NULL, SQL_INT, SQL_REAL, SQL_TEXT } SqlKind;

typedef struct SqlValue {
  SqlKind kind;
  union {
    int64_t integer;
    double real;
    Str text;  // must live until the statement has ended
  };
} SqlValue;

static inline SqlValue sql_int(int64_t value) {
  return (SqlValue){.kind = SQL_INT, .integer = value};
}

static inline SqlValue sql_real(double value) {
  return (SqlValue){.kind = SQL_REAL, .real = value};
}

static inline SqlValue sql_text(Str value) {
  return (SqlValue){.kind = SQL_TEXT, .text = value};
}

// NULL in the database where the string is empty.
static inline SqlValue sql_text_or_null(Str value) {
  return value.length == 0 ? (SqlValue){.kind = SQL_NULL} : sql_text(value);
}

typedef struct Rows {
  Db *db;
  void *statement;  // NULL when it could not be begun, and after its end
  int row;          // the driver's
} Rows;

// Begins a statement. `sql` must be a constant: the prepared statement is kept under its address.
//   Rows rows = db_rows(db, FIND, sql_int(id));
//   while (rows_next(&rows)) ... rows_int(&rows, 0) ...
// A failure is logged and sticks to the transaction (db_failed): rows_next is false, and the call that ran it fails.
#define db_rows(db, sql, ...) db_query((db), (sql), SQL_PARAMETERS(__VA_ARGS__))
// Runs a statement that gives no rows. False when it failed. `db_changes` tells how many rows it changed.
#define db_run(db, sql, ...) db_execute((db), (sql), SQL_PARAMETERS(__VA_ARGS__))
// Runs an INSERT of one row and gives its integer key; 0 when there was a conflict or it failed. RETURNING would say
// the same by way of a table of its own, which costs more than the row.
#define db_insert(db, sql, ...) db_execute_insert((db), (sql), SQL_PARAMETERS(__VA_ARGS__))
// Runs a statement of which nothing need be known but that it was done: how many rows it changed is not told. It may be
// done a little later, together with the next one. When it fails, so does the call, or, of a part without a savepoint,
// the whole transaction.
#define db_send(db, sql, ...) db_execute_later((db), (sql), SQL_PARAMETERS(__VA_ARGS__))
// As db_send, of a statement that is run often in a transaction. PostgreSQL's form takes an array where SQLite's takes
// a value ($1::BIGINT[], $2::TEXT[]) and does many rows at once: those that were gathered go before any other statement
// is run, each text once, in the order of their first use.
#define db_gather(db, sql, ...) db_execute_gathered((db), (sql), SQL_PARAMETERS(__VA_ARGS__))
// One integer: of the first row's first column; `otherwise` when there is no row.
#define db_int(db, sql, otherwise, ...) db_one_int((db), (sql), (otherwise), SQL_PARAMETERS(__VA_ARGS__))
#define SQL_PARAMETERS(...)                            \
  (const SqlValue[]){{.kind = SQL_NULL}, __VA_ARGS__}, \
      (int)(sizeof((const SqlValue[]){{.kind = SQL_NULL}, __VA_ARGS__}) / sizeof(SqlValue)) - 1

Rows db_query(Db *db, const char *sql, const SqlValue *values, int count);
bool db_execute(Db *db, const char *sql, const SqlValue *values, int count);
void db_execute_later(Db *db, const char *sql, const SqlValue *values, int count);
void db_execute_gathered(Db *db, const char *sql, const SqlValue *values, int count);
int64_t db_one_int(Db *db, const char *sql, int64_t otherwise, const SqlValue *values, int count);
int64_t db_execute_insert(Db *db, const char *sql, const SqlValue *values, int count);
int64_t db_changes(const Db *db);  // rows changed by the last db_run

// From now on statements may take so many thousands of steps of SQLite's machine together; one that would take more
// ends early, as if it had no more rows, and so do those after it. 0: no limit. Always taken off by who set it.
void db_limit_work(Db *db, int thousands);
bool db_work_is_spent(const Db *db);  // since the limit was set, a statement has ended early

bool rows_next(Rows *rows);  // false at the end (the statement is then free for its next use)
void rows_end(Rows *rows);   // ends early
int64_t rows_int(const Rows *rows, int column);
double rows_real(const Rows *rows, int column);
Str rows_text(const Rows *rows, int column, Arena *arena);  // a copy in the arena
Str rows_peek(const Rows *rows, int column);                // valid until the next rows_next or rows_end
bool rows_is_null(const Rows *rows, int column);

// Transactions: begun and ended by the store only (and by the commands, which are alone).
bool db_begin(Db *db, DbMode mode);  // DB_WRITE takes the write lock; false when it cannot be had
bool db_commit(Db *db);    // false: nothing of it is there, the transaction is over. Also when the file was taken away
bool db_rollback(Db *db);  // also the end of a transaction that only read; false: it is not over yet
// One call's part of the transaction. The savepoint is only made when the call first writes.
void db_call_begin(Db *db);
// From here on the part makes no savepoint: what it writes stands, or falls with the whole transaction.
void db_call_spare_savepoint(Db *db);
// Before its end: whatever was sent under a savepoint of its own is done, or db_failed tells.
void db_call_settle(Db *db);
// Ends the part: keeps or undoes it. False when the whole transaction is lost: by the disk (full, I/O error), or as the
// part has written without a savepoint and is not kept.
bool db_call_end(Db *db, bool keep);
// A number, unlike any other, that stays while the rows of `table` (a constant) cannot have changed as this connection
// sees them: for a transaction at most, until a change of its own or something undone. It costs no statement.
uint64_t db_version_of(Db *db, const char *table);
// A number, unlike any other, that stays until the transaction ends or something in it is undone.
uint64_t db_epoch(const Db *db);
// True when another process (or connection that is not this one) has committed since the last time this was asked. Not
// of a shared database, where core/commits.h tells more.
bool db_changed_outside(Db *db);
// A server that does not answer is given up after a minute. From now on, until this is said anew, in time for who has
// asked at `asked_ns` (of uv_hrtime) to hear of it within two seconds. A file is waited for as before.
void db_hurry(Db *db, uint64_t asked_ns);
// What was begun last was given up so, and who has asked at `asked_ns` has waited for as long as that may take.
bool db_is_too_late(const Db *db, uint64_t asked_ns);
// From now on it is waited for, however long a statement takes, and it waits for a minute, not two seconds, between
// two.
void db_take_time(Db *db);
uint64_t db_reconnects(void);     // lines to a server that were lost and made again, of the process; any thread
bool db_is_shared(const Db *db);  // other processes, on other machines, write to it at any time: PostgreSQL
// Waits until some process has committed events to a shared database, `limit_ms` at most; where a pooler keeps that
// from being heard of, for `deaf_ms`. *number is the last commit's that was told of; INT64_MAX: it may be any, as none
// was. False (logged): not to be heard of now. The connection is for nothing else.
bool db_wait_for_commit(Db *db, int limit_ms, int deaf_ms, int64_t *number);
// Of a database that is not shared, whose commits append to a log. From now on its pages are copied back into the file
// by db_write_back alone, on any connection and thread, not by the commits of this one.
void db_keep_log(Db *db);
int db_log_pages(const Db *db);  // how long the log was after the last commit
// Blocks for the disk; gives how much of the log is in the file now. What fails (logged) is copied the next time.
int db_write_back(Db *db);
// From now on this connection's db_write_back has the disk write a little at a time, so that commits get their turns.
void db_write_back_gently(Db *db);
bool db_failed(const Db *db);  // a statement of the current part failed
// Since db_begin something failed for the disk's sake: full, read-only, an I/O error, a file that is no longer in its
// place.
bool db_disk_failed(const Db *db);
int64_t db_total_changes(const Db *db);  // rows changed since it was opened
bool db_try_write(Db *db);               // commits a write that changes nothing: whether the disk takes it

#endif
