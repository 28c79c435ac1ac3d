// Faults on purpose, by the linker's --wrap.
#include "support/faults.h"

#include <errno.h>
#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Fault {
  _Atomic int nth;  // 0: not armed
  _Atomic int seen;
  _Atomic bool for_good;
  _Atomic bool met;
} Fault;

static Fault sql;
static Fault memory;
static _Thread_local bool counts_memory;

static void arm(Fault *fault, int nth, bool for_good) {
  fault->seen = 0;
  fault->met = false;
  fault->for_good = for_good;
  fault->nth = nth;
}

static bool fails(Fault *fault) {
  int nth = fault->nth;
  if (nth == 0) return false;
  int seen = atomic_fetch_add(&fault->seen, 1) + 1;
  bool hit = seen == nth || (seen > nth && fault->for_good);
  if (hit) fault->met = true;
  return hit;
}

void faults_arm_sql(int nth, bool for_good) {
  arm(&sql, nth, for_good);
}

void faults_arm_memory(int nth, bool for_good) {
  arm(&memory, nth, for_good);
  counts_memory = true;
}

bool faults_disarm(void) {
  sql.nth = memory.nth = 0;
  counts_memory = false;
  bool met = sql.met || memory.met;
  sql.met = memory.met = false;
  return met;
}

int __real_sqlite3_step(sqlite3_stmt *statement);
int __wrap_sqlite3_step(sqlite3_stmt *statement);
int __wrap_sqlite3_step(sqlite3_stmt *statement) {
  bool looks_outside = strstr(sqlite3_sql(statement), "data_version") != NULL;
  return !looks_outside && fails(&sql) ? SQLITE_IOERR : __real_sqlite3_step(statement);
}

// PostgreSQL: in its place one that the server refuses, in the pipeline as it would have been.
static const char refused[] = "SELECT 1 / 0";

int __real_PQsendQueryParams(PGconn *conn, const char *query, int count, const Oid *types, const char *const *values,
                             const int *lengths, const int *formats, int format);
static int send_refused(PGconn *conn) {
  return __real_PQsendQueryParams(conn, refused, 0, NULL, NULL, NULL, NULL, 0);
}

// The writer's look for commits of others: where and under which name it was prepared.
static _Atomic(PGconn *) looking;
static char looking_name[16];

int __real_PQsendPrepare(PGconn *conn, const char *name, const char *query, int count, const Oid *types);
int __wrap_PQsendPrepare(PGconn *conn, const char *name, const char *query, int count, const Oid *types);
int __wrap_PQsendPrepare(PGconn *conn, const char *name, const char *query, int count, const Oid *types) {
  if (strstr(query, "FROM commits WHERE number >") != NULL) {
    snprintf(looking_name, sizeof looking_name, "%s", name);
    looking = conn;
  }
  return __real_PQsendPrepare(conn, name, query, count, types);
}

// What begins, ends and undoes a transaction's parts, but for its own beginning, after whose failure nothing is asked
// for a while, and for ROLLBACK, which a server that lives does.
int __wrap_PQsendQueryParams(PGconn *conn, const char *query, int count, const Oid *types, const char *const *values,
                             const int *lengths, const int *formats, int format);
int __wrap_PQsendQueryParams(PGconn *conn, const char *query, int count, const Oid *types, const char *const *values,
                             const int *lengths, const int *formats, int format) {
  if (strcmp(query, "ROLLBACK") != 0 && fails(&sql)) return send_refused(conn);
  return __real_PQsendQueryParams(conn, query, count, types, values, lengths, formats, format);
}

int __real_PQsendQueryPrepared(PGconn *conn, const char *name, int count, const char *const *values, const int *lengths,
                               const int *formats, int format);
int __wrap_PQsendQueryPrepared(PGconn *conn, const char *name, int count, const char *const *values, const int *lengths,
                               const int *formats, int format);
int __wrap_PQsendQueryPrepared(PGconn *conn, const char *name, int count, const char *const *values, const int *lengths,
                               const int *formats, int format) {
  bool looks_outside = conn == looking && strcmp(name, looking_name) == 0;
  if (!looks_outside && fails(&sql)) return send_refused(conn);
  return __real_PQsendQueryPrepared(conn, name, count, values, lengths, formats, format);
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size) {
  return counts_memory && fails(&memory) ? NULL : __real_malloc(size);
}

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size) {
  return counts_memory && fails(&memory) ? NULL : __real_calloc(count, size);
}

void *__real_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size) {
  return counts_memory && fails(&memory) ? NULL : __real_realloc(block, size);
}

int __real_posix_memalign(void **block, size_t alignment, size_t size);
int __wrap_posix_memalign(void **block, size_t alignment, size_t size);
int __wrap_posix_memalign(void **block, size_t alignment, size_t size) {
  return counts_memory && fails(&memory) ? ENOMEM : __real_posix_memalign(block, alignment, size);
}
