// Databases of a test's own.
#include "support/postgres.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <libpq-fe.h>

enum { URL_BYTES = 256 };

// Splits "postgres://user@host:port/name" behind its last slash.
static const char *name_in(const char *url) {
  return strrchr(url, '/') + 1;
}

// The connection stays open until the process ends: to make one takes longer than what it is for.
static void run(const char *action, const char *name, const char *end) {
  static PGconn *conn;
  const char *template = getenv("FOYER_TEST_POSTGRES");
  char url[URL_BYTES];
  char sql[URL_BYTES];
  snprintf(url, sizeof url, "%.*spostgres", (int)(name_in(template) - template), template);
  snprintf(sql, sizeof sql, "%s %s%s", action, name, end);
  if (conn == NULL) conn = PQconnectdb(url);
  PGresult *result = PQexec(conn, sql);
  if (PQresultStatus(result) != PGRES_COMMAND_OK) fail_msg("%s: %s", sql, PQerrorMessage(conn));
  PQclear(result);
}

bool postgres_is_tested(void) {
  return getenv("FOYER_TEST_POSTGRES") != NULL;
}

void postgres_copy(const char *from, char *url, size_t size) {
  static int made;
  char end[URL_BYTES];
  snprintf(url, size, "%.*stest_%d_%d", (int)(name_in(from) - from), from, (int)getpid(), ++made);
  // Quicker here than through the log, which is the default.
  snprintf(end, sizeof end, " TEMPLATE %s STRATEGY file_copy", name_in(from));
  run("CREATE DATABASE", name_in(url), end);
}

bool postgres_make(char *url, size_t size) {
  if (!postgres_is_tested()) return false;
  postgres_copy(getenv("FOYER_TEST_POSTGRES"), url, size);
  return true;
}

void postgres_drop(const char *url) {
  if (postgres_is_tested() && strncmp(url, "postgres://", 11) == 0) run("DROP DATABASE", name_in(url), " WITH (FORCE)");
}
