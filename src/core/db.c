// Connections, whatever database is behind them: calls' parts, versions, migrations.
#include "core/db.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "core/db_driver.h"
#include "core/log.h"

Db *db_open(const char *where, DbMode mode) {
  bool postgres = strncmp(where, "postgres://", 11) == 0 || strncmp(where, "postgresql://", 13) == 0;
  return postgres ? db_open_postgres(where, mode) : db_open_sqlite(where, mode);
}

void db_close(Db *db) {
  if (db != NULL) db->driver->close(db);
}

// Migrations.

static bool apply_migration(Db *db, const Migration *migration, int64_t now_ms) {
  static const char RECORD[] = "INSERT INTO migrations(number, name, applied_at) VALUES($1, $2, $3)";
  if (!db->driver->run_text(db, migration->sql)) return false;
  log_info("db: migrated", "number=%d name=%s", migration->number, migration->name);
  return db_run(db, RECORD, sql_int(migration->number), sql_text(str_from(migration->name)), sql_int(now_ms));
}

static bool apply_missing(Db *db, int64_t now_ms) {
  static const char LAST[] = "SELECT coalesce(max(number), 0) FROM migrations";
  int64_t last = db_int(db, LAST, 0);
  if (db->failed) return false;
  const Migration *steps = db->driver->migrations;
  size_t count = *db->driver->migration_count;
  int64_t newest = count > 0 ? steps[count - 1].number : 0;
  if (last > newest) {
    log_error("db: made by a newer foyer", "has=%lld knows=%lld", (long long)last, (long long)newest);
    return false;
  }
  for (size_t i = 0; i < count; i++) {
    if (steps[i].number > last && !apply_migration(db, &steps[i], now_ms)) return false;
  }
  return true;
}

bool db_migrate(Db *db, int64_t now_ms) {
  db->failed = false;
  if (!db_begin(db, DB_WRITE)) return false;
  bool done =
      db->driver->run_text(db,
                           "CREATE TABLE IF NOT EXISTS migrations(number BIGINT PRIMARY KEY, name TEXT NOT NULL,"
                           " applied_at BIGINT NOT NULL)") &&
      apply_missing(db, now_ms);
  if (done) return db_commit(db);
  db_rollback(db);
  return false;
}

// Statements.

Rows db_query(Db *db, const char *sql, const SqlValue *values, int count) {
  Rows rows = {.db = db};
  if (!db->failed) db->driver->query(&rows, sql, values, count);
  return rows;
}

bool rows_next(Rows *rows) {
  if (rows->statement == NULL) return false;
  if (rows->db->driver->next(rows)) return true;
  rows_end(rows);
  return false;
}

void rows_end(Rows *rows) {
  if (rows->statement != NULL) rows->db->driver->end(rows);
  rows->statement = NULL;
}

bool db_execute(Db *db, const char *sql, const SqlValue *values, int count) {
  Rows rows = db_query(db, sql, values, count);
  while (rows_next(&rows)) continue;
  return !db->failed;
}

void db_execute_later(Db *db, const char *sql, const SqlValue *values, int count) {
  if (db->driver->send == NULL) {
    db_execute(db, sql, values, count);
  } else if (!db->failed) {
    db->driver->send(db, sql, values, count);
  }
}

void db_execute_gathered(Db *db, const char *sql, const SqlValue *values, int count) {
  if (db->driver->gather == NULL) {
    db_execute(db, sql, values, count);
  } else if (!db->failed) {
    db->driver->gather(db, sql, values, count);
  }
}

int64_t db_execute_insert(Db *db, const char *sql, const SqlValue *values, int count) {
  return db->failed ? 0 : db->driver->insert(db, sql, values, count);
}

int64_t db_one_int(Db *db, const char *sql, int64_t otherwise, const SqlValue *values, int count) {
  Rows rows = db_query(db, sql, values, count);
  int64_t result = rows_next(&rows) ? rows_int(&rows, 0) : otherwise;
  while (rows_next(&rows)) continue;
  return result;
}

int64_t db_changes(const Db *db) {
  return db->driver->changes(db);
}

int64_t db_total_changes(const Db *db) {
  return db->driver->total_changes(db);
}

int64_t rows_int(const Rows *rows, int column) {
  return rows->db->driver->get_int(rows, column);
}

double rows_real(const Rows *rows, int column) {
  return rows->db->driver->get_real(rows, column);
}

Str rows_peek(const Rows *rows, int column) {
  return rows->db->driver->get_text(rows, column);
}

Str rows_text(const Rows *rows, int column, Arena *arena) {
  return str_copy(arena, rows_peek(rows, column));
}

bool rows_is_null(const Rows *rows, int column) {
  return rows->db->driver->is_null(rows, column);
}

void db_limit_work(Db *db, int thousands) {
  db->work_is_spent = false;
  db->driver->limit_work(db, thousands);
}

bool db_work_is_spent(const Db *db) {
  return db->work_is_spent;
}

// Versions.

static uint64_t new_version(void) {
  static _Atomic uint64_t last;
  return atomic_fetch_add(&last, 1) + 1;
}

static _Atomic uint64_t reconnects;

void db_count_reconnect(void) {
  ++reconnects;
}

uint64_t db_reconnects(void) {
  return reconnects;
}

void db_table_changed(Db *db, const char *table) {
  for (int i = 0; i < db->watched_count; i++) {
    if (strcmp(db->watched[i].table, table) == 0) db->watched[i].version = new_version();
  }
}

static void all_changed(Db *db) {
  for (int i = 0; i < db->watched_count; i++) db->watched[i].version = new_version();
  db->epoch = new_version();
}

uint64_t db_epoch(const Db *db) {
  return db->epoch;
}

uint64_t db_version_of(Db *db, const char *table) {
  // Between two statements others may write.
  if (db->driver->watch == NULL || !db->driver->in_transaction(db)) return new_version();
  for (int i = 0; i < db->watched_count; i++) {
    if (db->watched[i].table == table) return db->watched[i].version;
  }
  assert(db->watched_count < DB_WATCHED_MAX);
  db->driver->watch(db);
  db->watched[db->watched_count] = (DbWatched){table, new_version()};
  return db->watched[db->watched_count++].version;
}

// Transactions.

bool db_begin(Db *db, DbMode mode) {
  db_rollback(db);  // of a transaction that could not be ended when it should have been
  db->failed = db->in_call = db->has_savepoint = db->disk_failed = db->spoilt = db->late = false;
  all_changed(db);
  return db->driver->run_control(db, mode == DB_WRITE ? DB_CONTROL_BEGIN_WRITE : DB_CONTROL_BEGIN_READ);
}

bool db_commit(Db *db) {
  db->failed = false;
  if (db->driver->run_control(db, DB_CONTROL_COMMIT)) return true;
  db_rollback(db);
  return false;
}

bool db_rollback(Db *db) {
  return !db->driver->in_transaction(db) || db->driver->run_control(db, DB_CONTROL_ROLLBACK);
}

void db_call_begin(Db *db) {
  db->failed = db->has_savepoint = db->spares_savepoint = false;
  db->changes_before = db_total_changes(db);
  db->in_call = true;
}

void db_call_spare_savepoint(Db *db) {
  db->spares_savepoint = true;
}

bool db_before_write(Db *db) {
  if (!db->in_call || db->has_savepoint || db->spares_savepoint) return true;
  db->has_savepoint = db->driver->run_control(db, DB_CONTROL_SAVEPOINT);
  return db->has_savepoint;
}

void db_call_settle(Db *db) {
  if (db->has_savepoint && db->driver->settle != NULL) db->driver->settle(db);
}

bool db_call_end(Db *db, bool keep) {
  const DbDriver *driver = db->driver;
  db->in_call = false;
  bool lost = db->spoilt || !driver->in_transaction(db);
  if (!lost && db->has_savepoint) {
    if (!keep) all_changed(db);
    lost = !(keep || driver->run_control(db, DB_CONTROL_UNDO)) || !driver->run_control(db, DB_CONTROL_RELEASE);
  } else if (!keep && db_total_changes(db) != db->changes_before) {
    lost = true;
  }
  db->has_savepoint = db->spares_savepoint = false;
  return !lost;
}

bool db_changed_outside(Db *db) {
  return db->driver->changed_outside != NULL && db->driver->changed_outside(db);
}

// With DB_LEAST_MS, and the way to and fro, within two seconds.
#define PATIENCE_NS UINT64_C(1500000000)

void db_hurry(Db *db, uint64_t asked_ns) {
  uint64_t least_ns = uv_hrtime() + DB_LEAST_MS * UINT64_C(1000000);
  db->answer_ns = asked_ns + PATIENCE_NS > least_ns ? asked_ns + PATIENCE_NS : least_ns;
}

bool db_is_too_late(const Db *db, uint64_t asked_ns) {
  return db->late && uv_hrtime() > asked_ns + PATIENCE_NS;
}

void db_take_time(Db *db) {
  db->takes_time = true;
}

bool db_is_shared(const Db *db) {
  return db->driver->wait_for_commit != NULL;
}

bool db_wait_for_commit(Db *db, int limit_ms, int deaf_ms, int64_t *number) {
  *number = INT64_MAX;
  return db->driver->wait_for_commit(db, limit_ms, deaf_ms, number);
}

void db_keep_log(Db *db) {
  db->driver->keep_log(db);
}

int db_log_pages(const Db *db) {
  return db->driver->log_pages(db);
}

int db_write_back(Db *db) {
  return db->driver->write_back(db);
}

void db_write_back_gently(Db *db) {
  db->driver->write_back_gently(db);
}

bool db_failed(const Db *db) {
  return db->failed;
}

bool db_disk_failed(const Db *db) {
  return db->disk_failed;
}

bool db_try_write(Db *db) {
  if (!db_begin(db, DB_WRITE)) return false;
  if (db->driver->run_text(db, db->driver->touch)) return db_commit(db);
  db_rollback(db);
  return false;
}
