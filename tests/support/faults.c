// Faults on purpose, by the linker's --wrap.
#include "support/faults.h"

#include <sqlite3.h>
#include <stdatomic.h>
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
