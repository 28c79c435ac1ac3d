// SQLite's files are asked through a table of functions, which is replaced here by a copy with some of its own.
#include "core/sqlite_files.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

// The log.

static SqliteFiles *of_log(sqlite3_file *file) {
  return (SqliteFiles *)((uintptr_t)file->pMethods - offsetof(SqliteFiles, log));
}

// What cannot be written fails its transaction, whatever of it asked, and is not written later.
static int write_gathered(SqliteFiles *files, sqlite3_file *file) {
  int bytes = files->gathered_bytes;
  files->gathered_bytes = 0;
  if (bytes > 0) files->failed = files->plain_log->xWrite(file, files->gathered, bytes, files->gathered_at);
  return files->failed;
}

static int log_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 at) {
  SqliteFiles *files = of_log(file);
  if (files->failed != SQLITE_OK) return files->failed;
  if (at != files->gathered_at + files->gathered_bytes || count > GATHERED_BYTES - files->gathered_bytes) {
    int result = write_gathered(files, file);
    if (result != SQLITE_OK) return result;
    files->gathered_at = at;
  }
  if (count > GATHERED_BYTES) return files->plain_log->xWrite(file, bytes, count, at);
  memcpy(files->gathered + files->gathered_bytes, bytes, (size_t)count);
  files->gathered_bytes += count;
  return SQLITE_OK;
}

static int log_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 at) {
  int result = write_gathered(of_log(file), file);
  return result != SQLITE_OK ? result : of_log(file)->plain_log->xRead(file, bytes, count, at);
}

static int log_sync(sqlite3_file *file, int flags) {
  int result = write_gathered(of_log(file), file);
  return result != SQLITE_OK ? result : of_log(file)->plain_log->xSync(file, flags);
}

static int log_truncate(sqlite3_file *file, sqlite3_int64 bytes) {
  int result = write_gathered(of_log(file), file);
  return result != SQLITE_OK ? result : of_log(file)->plain_log->xTruncate(file, bytes);
}

static int log_size(sqlite3_file *file, sqlite3_int64 *bytes) {
  int result = write_gathered(of_log(file), file);
  return result != SQLITE_OK ? result : of_log(file)->plain_log->xFileSize(file, bytes);
}

// What is gathered then belongs to no commit, and others may commit where it would be written.
static void forget_gathered(void *context) {
  SqliteFiles *files = context;
  files->gathered_bytes = 0;
  files->failed = SQLITE_OK;
}

// Nor does what was not synced.
static int log_close(sqlite3_file *file) {
  SqliteFiles *files = of_log(file);
  forget_gathered(files);
  file->pMethods = files->plain_log;
  return files->plain_log->xClose(file);
}

void sqlite_files_gather_log(SqliteFiles *files, sqlite3 *sqlite) {
  sqlite3_file *file = NULL;
  if (sqlite3_file_control(sqlite, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) != SQLITE_OK) return;
  if (file == NULL || file->pMethods == NULL) return;
  // Otherwise a sync comes in the middle of what is written to fill a sector.
  if ((file->pMethods->xDeviceCharacteristics(file) & SQLITE_IOCAP_POWERSAFE_OVERWRITE) == 0) return;
  files->plain_log = file->pMethods;
  files->log = *file->pMethods;
  files->log.xWrite = log_write;
  files->log.xRead = log_read;
  files->log.xSync = log_sync;
  files->log.xTruncate = log_truncate;
  files->log.xFileSize = log_size;
  files->log.xClose = log_close;
  file->pMethods = &files->log;
  sqlite3_rollback_hook(sqlite, forget_gathered, files);
}

// The database.

// SQLite syncs the file once, when all pages are written: the disk then has thousands to write at once, and a commit
// that comes meanwhile waits behind them. A sync more now and then takes nothing from what the last one promises.
static int database_write(sqlite3_file *file, const void *page, int bytes, sqlite3_int64 at) {
  enum { PAGES_A_SYNC = 64 };
  SqliteFiles *files = (SqliteFiles *)((uintptr_t)file->pMethods - offsetof(SqliteFiles, database));
  int result = files->plain_database->xWrite(file, page, bytes, at);
  if (result != SQLITE_OK || ++files->pages_unsynced < PAGES_A_SYNC) return result;
  files->pages_unsynced = 0;
  return files->plain_database->xSync(file, SQLITE_SYNC_NORMAL);
}

void sqlite_files_copy_gently(SqliteFiles *files, sqlite3 *sqlite) {
  sqlite3_file *file = NULL;
  if (sqlite3_file_control(sqlite, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK) return;
  files->plain_database = file->pMethods;
  files->database = *file->pMethods;
  files->database.xWrite = database_write;
  file->pMethods = &files->database;
}
