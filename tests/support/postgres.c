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

static void run(const char *action, const char *name, const char *end) {
  const char *template = getenv("FOYER_TEST_POSTGRES");
  char url[URL_BYTES];
  char sql[URL_BYTES];
  snprintf(url, sizeof url, "%.*spostgres", (int)(name_in(template) - template), template);
  snprintf(sql, sizeof sql, "%s %s%s", action, name, end);
  PGconn *conn = PQconnectdb(url);
  PGresult *result = PQexec(conn, sql);
  if (PQresultStatus(result) != PGRES_COMMAND_OK) fail_msg("%s: %s", sql, PQerrorMessage(conn));
  PQclear(result);
  PQfinish(conn);
}

bool postgres_make(char *url, size_t size) {
  static int made;
  const char *template = getenv("FOYER_TEST_POSTGRES");
  char end[URL_BYTES];
  if (template == NULL) return false;
  snprintf(url, size, "%.*stest_%d_%d", (int)(name_in(template) - template), template, (int)getpid(), ++made);
  snprintf(end, sizeof end, " TEMPLATE %s", name_in(template));
  run("CREATE DATABASE", name_in(url), end);
  return true;
}

void postgres_drop(const char *url) {
  if (getenv("FOYER_TEST_POSTGRES") != NULL && strncmp(url, "postgres://", 11) == 0)
    run("DROP DATABASE", name_in(url), " WITH (FORCE)");
}
