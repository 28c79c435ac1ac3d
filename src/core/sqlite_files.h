// How SQLite writes its files, where it is not as SQLite does by itself. A connection has one of these beside it, all
// zero at first, for as long as it is open; both are its thread's.
// Source: https://sqlite.org/c3ref/io_methods.html
#ifndef FOYER_CORE_SQLITE_FILES_H
#define FOYER_CORE_SQLITE_FILES_H

#include <sqlite3.h>

enum { GATHERED_BYTES = 64 << 10 };

typedef struct SqliteFiles {
  const sqlite3_io_methods *plain_log, *plain_database;  // what the files did before
  sqlite3_io_methods log, database;                      // in their place
  sqlite3_int64 gathered_at;                             // where in the log the gathered bytes belong
  int gathered_bytes;
  int failed;  // SQLite's code of why the transaction cannot go into the log; SQLITE_OK
  int pages_unsynced;
  char gathered[GATHERED_BYTES];
} SqliteFiles;

// A commit's pages go into the log many at a time, at the latest with its sync; SQLite writes each in two calls. For
// connections with synchronous=FULL, where no commit is seen by others before its sync.
void sqlite_files_gather_log(SqliteFiles *files, sqlite3 *sqlite);
// Copying the log back syncs the file now and then, and not once at the end.
void sqlite_files_copy_gently(SqliteFiles *files, sqlite3 *sqlite);

#endif
