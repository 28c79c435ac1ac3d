// Statements for PostgreSQL, and their values.
#include "core/postgres_statements.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *statement_form(const char *sql) {
  return strncmp(sql, "/*2*/", 5) == 0 ? sql + strlen(sql) + 1 : sql;
}

static bool writes(const char *sql) {
  if (strncmp(sql, "SELECT", 6) == 0) return false;
  bool with = strncmp(sql, "WITH", 4) == 0;
  return !with || strstr(sql, "INSERT ") != NULL || strstr(sql, "UPDATE ") != NULL || strstr(sql, "DELETE ") != NULL;
}

static void put_big_endian(char *out, uint64_t bits) {
  for (int i = 7; i >= 0; i--, bits >>= 8) out[i] = (char)(bits & 0xff);
}

static void encode(Parameters *to, int at, const SqlValue *value) {
  enum { TYPE_INT8 = 20, TYPE_TEXT = 25, TYPE_FLOAT8 = 701 };  // pg_type.dat
  uint64_t bits = 0;
  to->formats[at] = 1;
  to->values[at] = to->buffers[at];
  to->lengths[at] = sizeof to->buffers[at];
  switch (value->kind) {
    case SQL_NULL:
      to->types[at] = 0;
      to->values[at] = NULL;
      return;
    case SQL_INT:
      to->types[at] = TYPE_INT8;
      put_big_endian(to->buffers[at], (uint64_t)value->integer);
      return;
    case SQL_REAL:
      to->types[at] = TYPE_FLOAT8;
      memcpy(&bits, &value->real, sizeof bits);
      put_big_endian(to->buffers[at], bits);
      return;
    case SQL_TEXT:
      to->types[at] = TYPE_TEXT;
      to->values[at] = value->text.length > 0 ? value->text.at : "";
      to->lengths[at] = (int)value->text.length;
      return;
  }
}

uint64_t parameters_encode(Parameters *to, const SqlValue *values, int count) {
  uint64_t kinds = 0;
  assert(count <= PARAMETERS_MAX);
  for (int i = 0; i < count; i++) {
    encode(to, i, &values[i + 1]);
    kinds = kinds << 2 | values[i + 1].kind;
  }
  return kinds;
}

Statement *statements_find(Statements *statements, const char *sql, uint64_t kinds) {
  size_t slot = (((uintptr_t)sql >> 3) * 31 + kinds * 17) % STATEMENT_SLOTS;
  for (;; slot = (slot + 1) % STATEMENT_SLOTS) {
    Statement *statement = &statements->slots[slot];
    if (statement->text == NULL || (statement->sql == sql && statement->kinds == kinds)) return statement;
  }
}

void statements_free_slot(Statement *statement) {
  free(statement->text);
  *statement = (Statement){0};
}

bool statements_fill(Statements *statements, Statement *statement, const char *sql, uint64_t kinds) {
  const char *form = statement_form(sql);
  assert(statements->count < STATEMENT_SLOTS - 1);  // one slot stays free, or the search would not end
  *statement = (Statement){.sql = sql, .kinds = kinds, .writes = writes(form)};
  snprintf(statement->name, sizeof statement->name, "s%d", statements->count++);
  if (asprintf(&statement->text, "%s%s", form, (kinds & GIVES_KEY) != 0 ? " RETURNING id" : "") < 0)
    statement->text = NULL;
  return statement->text != NULL;
}

void statements_forget(Statements *statements) {
  for (int i = 0; i < STATEMENT_SLOTS; i++) free(statements->slots[i].text);
  memset(statements, 0, sizeof *statements);
}
