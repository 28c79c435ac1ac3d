// SQLite: statements prepared once a connection and kept under the address of their text.
#include <assert.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "core/db_driver.h"
#include "core/log.h"
#include "core/sqlite_files.h"
#include "core/sqlite_memory.h"

enum { BUSY_TIMEOUT_MS = 2000, STATEMENT_SLOTS = 512 };

typedef struct Statement {
  const char *sql;  // the key: its address
  sqlite3_stmt *prepared;
} Statement;

typedef struct Sqlite {
  Db db;
  sqlite3 *sqlite;
  Statement statements[STATEMENT_SLOTS];  // open addressing
  int statement_count;
  dev_t device;  // of the file when it was opened
  ino_t inode;
  int work_left;         // thousands of steps, under a limit
  int log_pages;         // of the log, after the last commit
  int64_t data_version;  // of the file, as SQLite counts the commits of others; 0: not asked yet
  SqliteFiles files;
} Sqlite;

static Sqlite *sqlite_of(const Db *db) {
  return (Sqlite *)(uintptr_t)db;
}

static void fail(Db *db, const char *what, const char *sql) {
  sqlite3 *sqlite = sqlite_of(db)->sqlite;
  int code = sqlite3_errcode(sqlite) & 0xff;
  db->failed = true;
  if (code == SQLITE_FULL || code == SQLITE_IOERR || code == SQLITE_READONLY || code == SQLITE_CORRUPT) {
    db->disk_failed = true;
  }
  log_error("db: statement failed", "at=%s code=%d reason=\"%s\" sql=\"%.120s\"", what,
            sqlite3_extended_errcode(sqlite), sqlite3_errmsg(sqlite), sql);
}

static bool run_text(Db *db, const char *sql) {
  if (sqlite3_exec(sqlite_of(db)->sqlite, sql, NULL, NULL, NULL) == SQLITE_OK) return true;
  fail(db, "exec", sql);
  return false;
}

// Opening and closing.

// Before SQLite's first use. It would count its memory under one lock, which all our threads would meet at.
static void configure(void) {
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  sqlite_memory_configure();
}

// Whether the file is still the one that its path names. A folder that was taken away still takes writes, and nobody
// will find them.
static bool look_at_file(const Sqlite *me, struct stat *file) {
  const char *path = sqlite3_db_filename(me->sqlite, "main");
  return path != NULL && path[0] != '\0' && stat(path, file) == 0;
}

static bool in_place(Db *db) {
  const Sqlite *me = sqlite_of(db);
  struct stat now;
  if (me->inode == 0 || (look_at_file(me, &now) && now.st_ino == me->inode && now.st_dev == me->device)) return true;
  log_error("db: the file is no longer where it was opened", "path=%s", sqlite3_db_filename(me->sqlite, "main"));
  db->disk_failed = true;
  return false;
}

static void close_connection(Db *db) {
  Sqlite *me = sqlite_of(db);
  for (int i = 0; i < STATEMENT_SLOTS; i++) sqlite3_finalize(me->statements[i].prepared);
  sqlite3_close(me->sqlite);
  free(me);
}

// Takes the file for itself until it is closed. Nothing of it changes, not even by bringing in what stands in its log.
static bool set_up_move(Db *db) {
  sqlite3_db_config(sqlite_of(db)->sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
  return run_text(db, "PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT; PRAGMA query_only=ON;");
}

static bool set_up(Db *db, DbMode mode) {
  Sqlite *me = sqlite_of(db);
  // SQLite opens a file that it may not write for reading, and stays so when the file is writable again.
  if (mode != DB_READ && sqlite3_db_readonly(me->sqlite, "main") == 1) {
    log_error("db: the file is read-only", "path=%s", sqlite3_db_filename(me->sqlite, "main"));
    return false;
  }
  sqlite3_busy_timeout(me->sqlite, BUSY_TIMEOUT_MS);
  sqlite3_extended_result_codes(me->sqlite, 1);
  if (mode == DB_MOVE) return set_up_move(db);
  bool ready = run_text(db,
                        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                        "PRAGMA cache_size=-65536; PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=4000;");
  if (ready && mode == DB_READ) ready = run_text(db, "PRAGMA query_only=ON;");
  if (ready && mode == DB_WRITE) sqlite_files_gather_log(&me->files, me->sqlite);
  struct stat file;
  if (ready && look_at_file(me, &file)) {
    me->device = file.st_dev;
    me->inode = file.st_ino;
  }
  return ready;
}

// Statements.

// SQLite counts parameters as they come, whatever their numbers are: $1, $2, ... must first come in this order.
static bool is_in_order(sqlite3_stmt *prepared) {
  for (int i = sqlite3_bind_parameter_count(prepared); i > 0; i--) {
    if (strtol(sqlite3_bind_parameter_name(prepared, i) + 1, NULL, 10) != i) return false;
  }
  return true;
}

static sqlite3_stmt *find_statement(Db *db, const char *sql) {
  Sqlite *me = sqlite_of(db);
  size_t slot = ((uintptr_t)sql >> 3) * 31 % STATEMENT_SLOTS;
  while (me->statements[slot].sql != NULL && me->statements[slot].sql != sql) slot = (slot + 1) % STATEMENT_SLOTS;
  Statement *statement = &me->statements[slot];
  if (statement->sql == sql) return statement->prepared;
  assert(me->statement_count < STATEMENT_SLOTS - 1);  // one slot stays free, or the search would not end
  sqlite3_stmt *prepared = NULL;
  if (sqlite3_prepare_v3(me->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, &prepared, NULL) != SQLITE_OK) {
    fail(db, "prepare", sql);
    return NULL;
  }
  assert(is_in_order(prepared));
  *statement = (Statement){sql, prepared};
  ++me->statement_count;
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

static void query(Rows *rows, const char *sql, const SqlValue *values, int count) {
  sqlite3_stmt *statement = find_statement(rows->db, sql);
  if (statement == NULL || !(sqlite3_stmt_readonly(statement) || db_before_write(rows->db))) return;
  assert(!sqlite3_stmt_busy(statement));  // the same statement inside its own loop
  assert(sqlite3_bind_parameter_count(statement) == count);
  for (int i = 1; i <= count; i++) bind(statement, i, &values[i]);
  rows->statement = statement;
}

static bool next(Rows *rows) {
  int result = sqlite3_step(rows->statement);
  if (result == SQLITE_ROW) return true;
  bool cut = result == SQLITE_INTERRUPT && rows->db->work_is_spent;
  if (result != SQLITE_DONE && !cut) fail(rows->db, "step", sqlite3_sql(rows->statement));
  return false;
}

static void end(Rows *rows) {
  sqlite3_reset(rows->statement);
}

static int64_t changes(const Db *db) {
  return sqlite3_changes64(sqlite_of(db)->sqlite);
}

static int64_t total_changes(const Db *db) {
  return sqlite3_total_changes64(sqlite_of(db)->sqlite);
}

// RETURNING would say the key too, by way of a table of its own, which costs more than the row.
static int64_t insert(Db *db, const char *sql, const SqlValue *values, int count) {
  bool inserted = db_execute(db, sql, values, count) && changes(db) > 0;
  return inserted ? sqlite3_last_insert_rowid(sqlite_of(db)->sqlite) : 0;
}

static int64_t get_int(const Rows *rows, int column) {
  return sqlite3_column_int64(rows->statement, column);
}

static double get_real(const Rows *rows, int column) {
  return sqlite3_column_double(rows->statement, column);
}

static Str get_text(const Rows *rows, int column) {
  const unsigned char *text = sqlite3_column_text(rows->statement, column);
  return (Str){(const char *)text, (size_t)sqlite3_column_bytes(rows->statement, column)};
}

static bool is_null(const Rows *rows, int column) {
  return sqlite3_column_type(rows->statement, column) == SQLITE_NULL;
}

static int spend_work(void *owner) {
  Sqlite *me = owner;
  if (--me->work_left < 0) me->db.work_is_spent = true;
  return me->db.work_is_spent;
}

static void limit_work(Db *db, int thousands) {
  enum { STEPS = 1000 };
  Sqlite *me = sqlite_of(db);
  me->work_left = thousands;
  sqlite3_progress_handler(me->sqlite, thousands > 0 ? STEPS : 0, spend_work, me);
}

static void on_row_changed(void *arg, int operation, const char *database, const char *table, sqlite3_int64 row) {
  (void)operation, (void)database, (void)row;
  db_table_changed(arg, table);
}

static void watch(Db *db) {
  sqlite3_update_hook(sqlite_of(db)->sqlite, on_row_changed, db);
}

// Transactions.

static bool run_control(Db *db, DbControl control) {
  static const char *const texts[DB_CONTROLS] = {[DB_CONTROL_BEGIN_WRITE] = "BEGIN IMMEDIATE",
                                                 [DB_CONTROL_BEGIN_READ] = "BEGIN",
                                                 [DB_CONTROL_COMMIT] = "COMMIT",
                                                 [DB_CONTROL_ROLLBACK] = "ROLLBACK",
                                                 [DB_CONTROL_SAVEPOINT] = "SAVEPOINT call",
                                                 [DB_CONTROL_RELEASE] = "RELEASE call",
                                                 [DB_CONTROL_UNDO] = "ROLLBACK TO call"};
  if (control == DB_CONTROL_COMMIT && !in_place(db)) return false;
  sqlite3_stmt *statement = find_statement(db, texts[control]);
  if (statement == NULL) return false;
  int result = sqlite3_step(statement);
  if (result != SQLITE_DONE) fail(db, "control", texts[control]);
  sqlite3_reset(statement);
  return result == SQLITE_DONE;
}

static bool in_transaction(const Db *db) {
  return sqlite3_get_autocommit(sqlite_of(db)->sqlite) == 0;
}

static bool changed_outside(Db *db) {
  static const char VERSION[] = "PRAGMA data_version";
  Sqlite *me = sqlite_of(db);
  sqlite3_stmt *statement = find_statement(db, VERSION);
  if (statement == NULL) return false;
  int64_t version = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : me->data_version;
  sqlite3_reset(statement);
  bool changed = me->data_version != 0 && version != me->data_version;
  me->data_version = version;
  return changed;
}

static int on_commit(void *owner, sqlite3 *sqlite, const char *database, int pages) {
  (void)sqlite, (void)database;
  ((Sqlite *)owner)->log_pages = pages;
  return SQLITE_OK;
}

static void keep_log(Db *db) {
  sqlite3_wal_hook(sqlite_of(db)->sqlite, on_commit, sqlite_of(db));  // in place of the copying by itself
}

static int log_pages(const Db *db) {
  return sqlite_of(db)->log_pages;
}

// Source: https://sqlite.org/c3ref/wal_checkpoint_v2.html; passive: beside readers and a writer, waiting for none.
static int write_back(Db *db) {
  sqlite3 *sqlite = sqlite_of(db)->sqlite;
  int copied = 0;
  int result = sqlite3_wal_checkpoint_v2(sqlite, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, &copied);
  if (result != SQLITE_OK && result != SQLITE_BUSY)
    log_warn("db: the log could not be copied back", "code=%d reason=\"%s\"", sqlite3_extended_errcode(sqlite),
             sqlite3_errmsg(sqlite));
  return copied;
}

static void write_back_gently(Db *db) {
  sqlite_files_copy_gently(&sqlite_of(db)->files, sqlite_of(db)->sqlite);
}

sqlite3 *db_sqlite_connection(const Db *db) {
  return sqlite_of(db)->sqlite;
}

static const DbDriver driver = {
    .migrations = migrations,
    .migration_count = &migration_count,
    .close = close_connection,
    .run_text = run_text,
    .run_control = run_control,
    .in_transaction = in_transaction,
    .query = query,
    .insert = insert,
    .next = next,
    .end = end,
    .get_int = get_int,
    .get_real = get_real,
    .get_text = get_text,
    .is_null = is_null,
    .changes = changes,
    .total_changes = total_changes,
    .changed_outside = changed_outside,
    .keep_log = keep_log,
    .log_pages = log_pages,
    .write_back = write_back,
    .write_back_gently = write_back_gently,
    .touch = "PRAGMA user_version = 0",  // writes a page
    .limit_work = limit_work,
    .watch = watch,
};

Db *db_open_sqlite(const char *path, DbMode mode) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, configure);
  Sqlite *me = calloc(1, sizeof *me);
  if (me == NULL) return NULL;
  me->db.driver = &driver;
  int flags =
      SQLITE_OPEN_NOMUTEX | (mode == DB_WRITE ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READWRITE);
  int result = sqlite3_open_v2(path, &me->sqlite, flags, NULL);
  if (result != SQLITE_OK) log_error("db: cannot open", "path=%s reason=\"%s\"", path, sqlite3_errmsg(me->sqlite));
  if (result == SQLITE_OK && set_up(&me->db, mode)) return &me->db;
  close_connection(&me->db);
  return NULL;
}
