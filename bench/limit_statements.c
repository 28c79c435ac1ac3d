// The limit of a durable method: bare SQLite doing the method's own statements with as many calls a commit, and nothing
// around it, on a copy of the server's database. `limits statements FILE SCRIPT BATCH CALLS`; prints the calls and the
// seconds as JSON. The script is lines of text: the statements, an empty line, then a line a call: its values, apart by
// tabs, `#` before an integer, `~` for NULL. The parameter ?3 of a statement is the third value of the call.
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "bench/limits_commands.h"
#include "bench/socket.h"

enum { STATEMENTS_MAX = 64, VALUES_MAX = 64, LINE_BYTES = 8192, LOG_BYTES = 4000 * 4096 };

typedef struct Script {
  FILE *file;
  sqlite3 *db;
  sqlite3_stmt *statements[STATEMENTS_MAX];
  int count;
} Script;

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql) {
  sqlite3_stmt *statement = NULL;
  if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) != SQLITE_OK) {
    die("%s: %s", sql, sqlite3_errmsg(db));
  }
  return statement;
}

static void run(sqlite3 *db, sqlite3_stmt *statement) {
  int result = sqlite3_step(statement);
  while (result == SQLITE_ROW) result = sqlite3_step(statement);
  if (result != SQLITE_DONE) die("%s: %s", sqlite3_sql(statement), sqlite3_errmsg(db));
  sqlite3_reset(statement);
}

static char *next_line(Script *script) {
  static char line[LINE_BYTES];
  if (fgets(line, sizeof line, script->file) == NULL) die("the script has too few lines");
  line[strcspn(line, "\n")] = 0;
  return line;
}

static void bind(sqlite3_stmt *statement, char *const *values, int value_count) {
  int parameters = sqlite3_bind_parameter_count(statement);
  for (int i = 0; i < parameters && i < value_count; i++) {
    if (values[i][0] == '#') {
      sqlite3_bind_int64(statement, i + 1, atoll(values[i] + 1));
    } else if (strcmp(values[i], "~") == 0) {
      sqlite3_bind_null(statement, i + 1);
    } else {
      sqlite3_bind_text(statement, i + 1, values[i], -1, SQLITE_STATIC);
    }
  }
}

static void run_call(Script *script) {
  char *values[VALUES_MAX];
  int count = 0;
  for (char *at = next_line(script); at != NULL && count < VALUES_MAX;) values[count++] = strsep(&at, "\t");
  for (int i = 0; i < script->count; i++) {
    bind(script->statements[i], values, count);
    run(script->db, script->statements[i]);
  }
}

// While SQLite's log grows each sync has its new length to write too: it gets its full size first, as in a server that
// has run a while.
static void fill_log(sqlite3 *db, const char *database) {
  static const char touch[] = "UPDATE sessions SET last_used_at = last_used_at + 1";
  char path[LINE_BYTES];
  struct stat log = {0};
  snprintf(path, sizeof path, "%s-wal", database);
  while (log.st_size < LOG_BYTES) {
    if (sqlite3_exec(db, touch, NULL, NULL, NULL) != SQLITE_OK || stat(path, &log) != 0) die("%s", sqlite3_errmsg(db));
  }
  sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
}

static Script open_script(const char *database, const char *path) {
  static const char pragmas[] =
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-65536;"
      "PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=4000;";  // as src/core/db.c
  Script script = {.file = fopen(path, "r")};
  if (script.file == NULL) die("%s cannot be read", path);
  if (sqlite3_open_v2(database, &script.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK ||
      sqlite3_exec(script.db, pragmas, NULL, NULL, NULL) != SQLITE_OK) {
    die("%s: %s", database, sqlite3_errmsg(script.db));
  }
  fill_log(script.db, database);
  for (char *line = next_line(&script); line[0] != 0; line = next_line(&script)) {
    if (script.count == STATEMENTS_MAX) die("too many statements");
    script.statements[script.count++] = prepare(script.db, line);
  }
  return script;
}

int limit_statements(int count, char **arguments) {
  Script script = open_script(arguments[0], arguments[1]);
  uint64_t batch = number_from(arguments[2], 100000);
  uint64_t calls = number_from(arguments[3], 100000000);
  sqlite3_stmt *begin = prepare(script.db, "BEGIN IMMEDIATE");
  sqlite3_stmt *commit = prepare(script.db, "COMMIT");
  (void)count;
  clock_t cpu = clock();
  uint64_t begun_us = clock_us();
  for (uint64_t i = 0; i < calls; i++) {
    if (i % batch == 0) run(script.db, begin);
    run_call(&script);
    if (i % batch == batch - 1 || i + 1 == calls) run(script.db, commit);
  }
  printf("{\"calls\":%llu,\"seconds\":%.6f,\"cpu_seconds\":%.6f}\n", (unsigned long long)calls,
         (double)(clock_us() - begun_us) / 1e6, (double)(clock() - cpu) / CLOCKS_PER_SEC);
  fclose(script.file);
  return 0;
}
