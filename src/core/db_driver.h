// What a database does for core/db.c, and what every connection has in common. For core/db*.c only.
#ifndef FOYER_CORE_DB_DRIVER_H
#define FOYER_CORE_DB_DRIVER_H

#include "core/db.h"
#include "core/migrations.h"

typedef enum DbControl {
  DB_CONTROL_BEGIN_WRITE,  // one writer at a time, in all processes
  DB_CONTROL_BEGIN_READ,   // sees one moment
  DB_CONTROL_COMMIT,
  DB_CONTROL_ROLLBACK,
  DB_CONTROL_SAVEPOINT,
  DB_CONTROL_RELEASE,
  DB_CONTROL_UNDO,  // back to the savepoint, which stays
  DB_CONTROLS
} DbControl;

// Functions that give a bool have logged why it is false, and told db_fail.
typedef struct DbDriver {
  const Migration *migrations;
  const size_t *migration_count;
  void (*close)(Db *db);
  bool (*run_text)(Db *db, const char *sql);  // statements without parameters, separated by ';'
  bool (*run_control)(Db *db, DbControl control);
  bool (*in_transaction)(const Db *db);
  // Begins a statement; calls db_before_write first when it is one that writes. rows->statement is NULL when it failed.
  void (*query)(Rows *rows, const char *sql, const SqlValue *values, int count);
  int64_t (*insert)(Db *db, const char *sql, const SqlValue *values, int count);
  // As db_send, db_gather and db_settle; NULL: statements are run as they come.
  void (*send)(Db *db, const char *sql, const SqlValue *values, int count);
  void (*gather)(Db *db, const char *sql, const SqlValue *values, int count);
  void (*settle)(Db *db);
  bool (*next)(Rows *rows);
  void (*end)(Rows *rows);  // of one that is not over
  int64_t (*get_int)(const Rows *rows, int column);
  double (*get_real)(const Rows *rows, int column);
  Str (*get_text)(const Rows *rows, int column);
  bool (*is_null)(const Rows *rows, int column);
  int64_t (*changes)(const Db *db);
  int64_t (*total_changes)(const Db *db);
  bool (*changed_outside)(Db *db);  // NULL: the database is shared
  // As db_wait_for_commit, which has set *number; NULL: it is not.
  bool (*wait_for_commit)(Db *db, int limit_ms, int deaf_ms, int64_t *number);
  void (*keep_log)(Db *db);  // this and the next three: NULL of a database that is shared
  int (*log_pages)(const Db *db);
  int (*write_back)(Db *db);
  void (*write_back_gently)(Db *db);
  const char *touch;  // writes, and changes nothing
  void (*limit_work)(Db *db, int thousands);
  void (*watch)(Db *db);  // from now on db_table_changed is to be called; NULL: versions do not last
} DbDriver;

enum {
  DB_WATCHED_MAX = 12,
  DB_LEAST_MS = 400,  // what goes on at its time's end, or begins so late, still has so long for each answer
};

// A table whose changes are looked for.
typedef struct DbWatched {
  const char *table;
  uint64_t version;
} DbWatched;

// The head of each driver's connection.
struct Db {
  const DbDriver *driver;
  bool failed;       // a statement of this call failed
  bool disk_failed;  // since db_begin something failed for the disk's sake
  bool in_call;
  bool has_savepoint;
  bool spares_savepoint;
  bool spoilt;  // it failed so that the whole transaction is lost
  bool takes_time;
  bool late;           // since db_begin something was given up: it took too long
  uint64_t answer_ns;  // when who has asked is to be told, whatever happens; 0: there is no hurry
  bool work_is_spent;
  uint64_t epoch;
  int64_t changes_before;  // total changes when the call's part began
  DbWatched watched[DB_WATCHED_MAX];
  int watched_count;
};

Db *db_open_sqlite(const char *path, DbMode mode);
Db *db_open_postgres(const char *url, DbMode mode);
// The libraries' own connections, for what one of them alone can do; that to PostgreSQL with nothing under way.
struct sqlite3 *db_sqlite_connection(const Db *db);
struct pg_conn *db_postgres_connection(Db *db);

// A call's first write makes its savepoint, so that calls that only look cost none. False: it could not be made.
bool db_before_write(Db *db);
void db_count_reconnect(void);  // a line that was lost is there again
void db_table_changed(Db *db, const char *table);

#endif
