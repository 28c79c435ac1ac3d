// Rows that PostgreSQL is to write with one statement: the values of each of its parameters as an array. For
// core/db_postgres.c only. One thread a connection.
#ifndef FOYER_CORE_POSTGRES_GATHER_H
#define FOYER_CORE_POSTGRES_GATHER_H

#include "core/postgres_statements.h"

enum { GATHERED_STATEMENTS = 8, GATHERED_PARAMETERS = 12, GATHERED_ROWS = 1024 };

typedef struct GatheredStatement {
  const char *sql;
  int parameter_count;
  int row_count;
  Text arrays[GATHERED_PARAMETERS];  // without their ends
} GatheredStatement;

typedef struct Gathered {
  Arena arena;
  int count;
  GatheredStatement statements[GATHERED_STATEMENTS];
} Gathered;

bool gathered_is_full(Gathered *gathered, const char *sql);  // there is no room for one more row of this statement
void gathered_add(Gathered *gathered, const char *sql, const SqlValue *values, int count);
// The values of a statement as the wire has them, until it is forgotten. False: there was no memory.
bool gathered_encode(Gathered *gathered, GatheredStatement *statement, Parameters *to);
void gathered_forget(Gathered *gathered);
void gathered_free(Gathered *gathered);

#endif
