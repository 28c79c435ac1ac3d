// SQLite: statements prepared once a connection and kept under the address of their text.
#include "core/db.h"

#include <assert.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/log.h"
#include "core/migrations.h"

enum { BUSY_TIMEOUT_MS = 2000, STATEMENT_SLOTS = 512, WATCHED_MAX = 4 };

typedef struct Statement {
  const char *sql;  // the key: its address
  sqlite3_stmt *prepared;
} Statement;

// A table whose changes are looked for.
typedef struct Watched {
  const char *table;
  uint64_t version;
} Watched;

struct Db {
  sqlite3 *sqlite;
  Statement statements[STATEMENT_SLOTS];  // open addressing
  int statement_count;
  bool failed;  // a statement of this call failed
  bool in_call;
  bool has_savepoint;
  bool spares_savepoint;
  Watched watched[WATCHED_MAX];
  int watched_count;
  int64_t changes_before;  // total changes when the call's part began
  bool disk_failed;        // a statement since db_begin failed for the disk's sake
  dev_t device;            // of the file when it was opened
  ino_t inode;
  int work_left;         // thousands of steps, under a limit
  bool work_is_spent;    // and a statement has met it
  int64_t data_version;  // of the file, as SQLite counts the commits of others; 0: not asked yet
};

static void fail(Db *db, const char *what, const char *sql) {
  db->failed = true;
  int code = sqlite3_errcode(db->sqlite) & 0xff;
  if (code == SQLITE_FULL || code == SQLITE_IOERR || code == SQLITE_READONLY || code == SQLITE_CORRUPT) {
    db->disk_failed = true;
  }
  log_error("db: statement failed", "at=%s code=%d reason=\"%s\" sql=\"%.120s\"", what,
            sqlite3_extended_errcode(db->sqlite), sqlite3_errmsg(db->sqlite), sql);
}

static bool run_text(Db *db, const char *sql) {
  if (sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL) == SQLITE_OK) return true;
  fail(db, "exec", sql);
  return false;
}

// Before SQLite's first use. It would count its memory under one lock, which all our threads would meet at.
static void configure(void) {
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

// Whether the file is still the one that its path names. A folder that was taken away still takes writes, and nobody
// will find them.
static bool look_at_file(Db *db, struct stat *file) {
  const char *path = sqlite3_db_filename(db->sqlite, "main");
  return path != NULL && path[0] != '\0' && stat(path, file) == 0;
}

static bool in_place(Db *db) {
  struct stat now;
  if (db->inode == 0 || (look_at_file(db, &now) && now.st_ino == db->inode && now.st_dev == db->device)) return true;
  log_error("db: the file is no longer where it was opened", "path=%s", sqlite3_db_filename(db->sqlite, "main"));
  db->disk_failed = true;
  return false;
}

Db *db_open(const char *path, DbMode mode) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, configure);
  Db *db = calloc(1, sizeof *db);
  if (db == NULL) return NULL;
  int flags =
      SQLITE_OPEN_NOMUTEX | (mode == DB_WRITE ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READWRITE);
  if (sqlite3_open_v2(path, &db->sqlite, flags, NULL) != SQLITE_OK) {
    log_error("db: cannot open", "path=%s reason=\"%s\"", path, sqlite3_errmsg(db->sqlite));
    db_close(db);
    return NULL;
  }
  sqlite3_busy_timeout(db->sqlite, BUSY_TIMEOUT_MS);
  sqlite3_extended_result_codes(db->sqlite, 1);
  bool ready = run_text(db,
                        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                        "PRAGMA cache_size=-65536; PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=4000;");
  if (ready && mode == DB_READ) ready = run_text(db, "PRAGMA query_only=ON;");
  if (!ready) {
    db_close(db);
    return NULL;
  }
  struct stat file;
  if (look_at_file(db, &file)) {
    db->device = file.st_dev;
    db->inode = file.st_ino;
  }
  return db;
}

void db_close(Db *db) {
  if (db == NULL) return;
  for (int i = 0; i < STATEMENT_SLOTS; i++) sqlite3_finalize(db->statements[i].prepared);
  sqlite3_close(db->sqlite);
  free(db);
}

// Migrations.

static bool apply_migration(Db *db, const Migration *migration, int64_t now_ms) {
  static const char RECORD[] = "INSERT INTO migrations(number, name, applied_at) VALUES($1, $2, $3)";
  if (!run_text(db, migration->sql)) return false;
  log_info("db: migrated", "number=%d name=%s", migration->number, migration->name);
  return db_run(db, RECORD, sql_int(migration->number), sql_text(str_from(migration->name)), sql_int(now_ms));
}

static bool apply_missing(Db *db, int64_t now_ms) {
  static const char LAST[] = "SELECT coalesce(max(number), 0) FROM migrations";
  int64_t last = db_int(db, LAST, 0);
  if (db->failed) return false;
  int64_t newest = migration_count > 0 ? migrations[migration_count - 1].number : 0;
  if (last > newest) {
    log_error("db: made by a newer foyer", "has=%lld knows=%lld", (long long)last, (long long)newest);
    return false;
  }
  for (size_t i = 0; i < migration_count; i++) {
    if (migrations[i].number > last && !apply_migration(db, &migrations[i], now_ms)) return false;
  }
  return true;
}

bool db_migrate(Db *db, int64_t now_ms) {
  db->failed = false;
  if (!db_begin(db, DB_WRITE)) return false;
  bool done = run_text(db,
                       "CREATE TABLE IF NOT EXISTS migrations(number INTEGER PRIMARY KEY, name TEXT NOT NULL,"
                       " applied_at INTEGER NOT NULL)") &&
              apply_missing(db, now_ms);
  if (done) return db_commit(db);
  db_rollback(db);
  return false;
}

// Statements.

// SQLite counts parameters as they come, whatever their numbers are: $1, $2, ... must first come in this order.
static bool is_in_order(sqlite3_stmt *prepared) {
  for (int i = sqlite3_bind_parameter_count(prepared); i > 0; i--) {
    if (atoi(sqlite3_bind_parameter_name(prepared, i) + 1) != i) return false;
  }
  return true;
}

static sqlite3_stmt *find_statement(Db *db, const char *sql) {
  size_t slot = ((uintptr_t)sql >> 3) * 31 % STATEMENT_SLOTS;
  while (db->statements[slot].sql != NULL && db->statements[slot].sql != sql) slot = (slot + 1) % STATEMENT_SLOTS;
  Statement *statement = &db->statements[slot];
  if (statement->sql == sql) return statement->prepared;
  assert(db->statement_count < STATEMENT_SLOTS - 1);  // one slot stays free, or the search would not end
  sqlite3_stmt *prepared = NULL;
  if (sqlite3_prepare_v3(db->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, &prepared, NULL) != SQLITE_OK) {
    fail(db, "prepare", sql);
    return NULL;
  }
  assert(is_in_order(prepared));
  *statement = (Statement){sql, prepared};
  ++db->statement_count;
  return prepared;
}

static void bind(sqlite3_stmt *statement, int at, const SqlValue *value) {
  switch (value->kind) {
    case SQL_NULL:
      sqlite3_bind_null(statement, at);
      break;
    case SQL_INT:
      sqlite3_bind_int64(statement, at, value->integer);
      break;
    case SQL_REAL:
      sqlite3_bind_double(statement, at, value->real);
      break;
    case SQL_TEXT:
      sqlite3_bind_text(statement, at, value->text.length > 0 ? value->text.at : "", (int)value->text.length,
                        SQLITE_STATIC);
      break;
  }
}

// A call's first write makes its savepoint, so that calls that only look cost none.
static bool ensure_savepoint(Db *db, sqlite3_stmt *statement) {
  if (!db->in_call || db->has_savepoint || db->spares_savepoint || sqlite3_stmt_readonly(statement)) return true;
  static const char SAVEPOINT[] = "SAVEPOINT call";
  sqlite3_stmt *savepoint = find_statement(db, SAVEPOINT);
  if (savepoint == NULL) return false;
  int result = sqlite3_step(savepoint);
  sqlite3_reset(savepoint);
  db->has_savepoint = result == SQLITE_DONE;
  if (!db->has_savepoint) fail(db, "savepoint", SAVEPOINT);
  return db->has_savepoint;
}

Rows db_query(Db *db, const char *sql, const SqlValue *values, int count) {
  Rows rows = {.db = db};
  if (db->failed) return rows;
  sqlite3_stmt *statement = find_statement(db, sql);
  if (statement == NULL || !ensure_savepoint(db, statement)) return rows;
  assert(!sqlite3_stmt_busy(statement));  // the same statement inside its own loop
  assert(sqlite3_bind_parameter_count(statement) == count);
  for (int i = 1; i <= count; i++) bind(statement, i, &values[i]);
  rows.statement = statement;
  return rows;
}

static int spend_work(void *owner) {
  Db *db = owner;
  if (--db->work_left < 0) db->work_is_spent = true;
  return db->work_is_spent;
}

void db_limit_work(Db *db, int thousands) {
  enum { STEPS = 1000 };
  db->work_left = thousands;
  db->work_is_spent = false;
  sqlite3_progress_handler(db->sqlite, thousands > 0 ? STEPS : 0, spend_work, db);
}

bool db_work_is_spent(const Db *db) {
  return db->work_is_spent;
}

bool rows_next(Rows *rows) {
  if (rows->statement == NULL) return false;
  int result = sqlite3_step(rows->statement);
  if (result == SQLITE_ROW) return true;
  bool cut = result == SQLITE_INTERRUPT && rows->db->work_is_spent;
  if (result != SQLITE_DONE && !cut) fail(rows->db, "step", sqlite3_sql(rows->statement));
  rows_end(rows);
  return false;
}

void rows_end(Rows *rows) {
  if (rows->statement != NULL) sqlite3_reset(rows->statement);
  rows->statement = NULL;
}

bool db_execute(Db *db, const char *sql, const SqlValue *values, int count) {
  Rows rows = db_query(db, sql, values, count);
  while (rows_next(&rows)) continue;
  return !db->failed;
}

int64_t db_execute_insert(Db *db, const char *sql, const SqlValue *values, int count) {
  bool inserted = db_execute(db, sql, values, count) && db_changes(db) > 0;
  return inserted ? sqlite3_last_insert_rowid(db->sqlite) : 0;
}

int64_t db_one_int(Db *db, const char *sql, int64_t otherwise, const SqlValue *values, int count) {
  Rows rows = db_query(db, sql, values, count);
  int64_t result = rows_next(&rows) ? rows_int(&rows, 0) : otherwise;
  while (rows_next(&rows)) continue;
  return result;
}

int64_t db_changes(const Db *db) {
  return sqlite3_changes64(db->sqlite);
}

int64_t rows_int(const Rows *rows, int column) {
  return sqlite3_column_int64(rows->statement, column);
}

double rows_real(const Rows *rows, int column) {
  return sqlite3_column_double(rows->statement, column);
}

Str rows_peek(const Rows *rows, int column) {
  const unsigned char *text = sqlite3_column_text(rows->statement, column);
  return (Str){(const char *)text, (size_t)sqlite3_column_bytes(rows->statement, column)};
}

Str rows_text(const Rows *rows, int column, Arena *arena) {
  return str_copy(arena, rows_peek(rows, column));
}

bool rows_is_null(const Rows *rows, int column) {
  return sqlite3_column_type(rows->statement, column) == SQLITE_NULL;
}

// Versions.

static uint64_t new_version(void) {
  static _Atomic uint64_t last;
  return atomic_fetch_add(&last, 1) + 1;
}

static void on_row_changed(void *arg, int operation, const char *database, const char *table, sqlite3_int64 row) {
  Db *db = arg;
  (void)operation, (void)database, (void)row;
  for (int i = 0; i < db->watched_count; i++) {
    if (strcmp(db->watched[i].table, table) == 0) db->watched[i].version = new_version();
  }
}

static void on_all_changed(Db *db) {
  for (int i = 0; i < db->watched_count; i++) db->watched[i].version = new_version();
}

uint64_t db_version_of(Db *db, const char *table) {
  if (sqlite3_get_autocommit(db->sqlite) != 0) return new_version();  // others may write between two statements
  for (int i = 0; i < db->watched_count; i++) {
    if (db->watched[i].table == table) return db->watched[i].version;
  }
  assert(db->watched_count < WATCHED_MAX);
  sqlite3_update_hook(db->sqlite, on_row_changed, db);
  db->watched[db->watched_count] = (Watched){table, new_version()};
  return db->watched[db->watched_count++].version;
}

// Transactions.

static bool run_control(Db *db, const char *sql) {
  sqlite3_stmt *statement = find_statement(db, sql);
  if (statement == NULL) return false;
  int result = sqlite3_step(statement);
  if (result != SQLITE_DONE) fail(db, "control", sql);
  sqlite3_reset(statement);
  return result == SQLITE_DONE;
}

bool db_begin(Db *db, DbMode mode) {
  static const char BEGIN_WRITE[] = "BEGIN IMMEDIATE";
  static const char BEGIN_READ[] = "BEGIN";
  db_rollback(db);  // of a transaction that could not be ended when it should have been
  db->failed = db->in_call = db->has_savepoint = db->disk_failed = false;
  on_all_changed(db);
  return run_control(db, mode == DB_WRITE ? BEGIN_WRITE : BEGIN_READ);
}

bool db_commit(Db *db) {
  static const char COMMIT[] = "COMMIT";
  db->failed = false;
  if (in_place(db) && run_control(db, COMMIT)) return true;
  db_rollback(db);
  return false;
}

bool db_rollback(Db *db) {
  static const char ROLLBACK[] = "ROLLBACK";
  return sqlite3_get_autocommit(db->sqlite) != 0 || run_control(db, ROLLBACK);
}

void db_call_begin(Db *db) {
  db->failed = db->has_savepoint = db->spares_savepoint = false;
  db->changes_before = db_total_changes(db);
  db->in_call = true;
}

void db_call_spare_savepoint(Db *db) {
  db->spares_savepoint = true;
}

bool db_call_end(Db *db, bool keep) {
  static const char RELEASE[] = "RELEASE call";
  static const char UNDO[] = "ROLLBACK TO call";
  db->in_call = false;
  bool lost = sqlite3_get_autocommit(db->sqlite) != 0;
  if (!lost && db->has_savepoint) {
    if (!keep) on_all_changed(db);
    lost = !(keep || run_control(db, UNDO)) || !run_control(db, RELEASE);
  } else if (!keep && db_total_changes(db) != db->changes_before) {
    lost = true;
  }
  db->has_savepoint = db->spares_savepoint = false;
  return !lost;
}

bool db_changed_outside(Db *db) {
  static const char VERSION[] = "PRAGMA data_version";
  sqlite3_stmt *statement = find_statement(db, VERSION);
  if (statement == NULL) return false;
  int64_t version = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : db->data_version;
  sqlite3_reset(statement);
  bool changed = db->data_version != 0 && version != db->data_version;
  db->data_version = version;
  return changed;
}

bool db_failed(const Db *db) {
  return db->failed;
}

bool db_disk_failed(const Db *db) {
  return db->disk_failed;
}

int64_t db_total_changes(const Db *db) {
  return sqlite3_total_changes64(db->sqlite);
}

bool db_try_write(Db *db) {
  if (!db_begin(db, DB_WRITE)) return false;
  if (run_text(db, "PRAGMA user_version = 0")) return db_commit(db);  // writes a page though it changes nothing
  db_rollback(db);
  return false;
}
