// The limit of joining the queue: SQLite inserting the very rows of `queue_places`, with as many a commit, and nothing
// around it, on a copy of the server's database. `limits join FILE BATCH MILLISECONDS FIRST_USER LAST_USER`; prints the
// rows and the seconds as JSON.
#include <sqlite3.h>
#include <stdio.h>

#include "bench/limits_commands.h"
#include "bench/socket.h"

static sqlite3 *db;

static sqlite3_stmt *prepare(const char *sql) {
  sqlite3_stmt *statement = NULL;
  if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) != SQLITE_OK) {
    die("%s: %s", sql, sqlite3_errmsg(db));
  }
  return statement;
}

static void run(sqlite3_stmt *statement) {
  if (sqlite3_step(statement) != SQLITE_DONE) die("%s: %s", sqlite3_sql(statement), sqlite3_errmsg(db));
  sqlite3_reset(statement);
}

int limit_join(int count, char **arguments) {
  static const char pragmas[] =
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-65536;"
      "PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=4000;";
  uint64_t batch = number_from(arguments[1], 100000);
  uint64_t round_us = number_from(arguments[2], 600000) * 1000;
  uint64_t first = number_from(arguments[3], UINT32_MAX);
  uint64_t last = number_from(arguments[4], UINT32_MAX);
  uint64_t user = first;
  (void)count;
  if (sqlite3_open_v2(arguments[0], &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK ||
      sqlite3_exec(db, pragmas, NULL, NULL, NULL) != SQLITE_OK) {
    die("%s: %s", arguments[0], sqlite3_errmsg(db));
  }
  sqlite3_stmt *begin = prepare("BEGIN IMMEDIATE");
  sqlite3_stmt *commit = prepare("COMMIT");
  sqlite3_stmt *insert = prepare(
      "INSERT INTO queue_places(concert_id, user_id, rank, entered_at, status) VALUES(1, $1, $2, 1795244400000,"
      " 'waiting')");
  uint64_t begun_us = clock_us();
  while (clock_us() - begun_us < round_us && user <= last) {
    run(begin);
    for (uint64_t i = 0; i < batch && user <= last; i++, user++) {
      sqlite3_bind_int64(insert, 1, (int64_t)user);
      sqlite3_bind_int64(insert, 2, (INT64_C(1) << 62) + (int64_t)user);
      run(insert);
    }
    run(commit);
  }
  printf("{\"rows\":%llu,\"seconds\":%.6f,\"next\":%llu}\n", (unsigned long long)(user - first),
         (double)(clock_us() - begun_us) / 1e6, (unsigned long long)user);
  return 0;
}
