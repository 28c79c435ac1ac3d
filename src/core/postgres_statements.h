// Statements as PostgreSQL gets them: their texts, kept under the addresses they have in the program, and their values
// as the wire has them. For core/db_postgres.c only. One thread a connection.
#ifndef FOYER_CORE_POSTGRES_STATEMENTS_H
#define FOYER_CORE_POSTGRES_STATEMENTS_H

#include "core/db.h"

enum { STATEMENT_SLOTS = 1024, PARAMETERS_MAX = 24, NAME_BYTES = 16 };

// Prepared with the types of its values: one that is NULL now and a number the next time is two statements.
typedef struct Statement {
  const char *sql;  // the key: its address,
  uint64_t kinds;   // the kinds of its values, two bits each, and whether the new row's id is asked for (GIVES_KEY)
  char *text;       // NULL: the slot is free
  bool writes;
  char name[NAME_BYTES];
} Statement;

#define GIVES_KEY (UINT64_C(1) << 63)
#define TAKES_ARRAYS (UINT64_C(1) << 62)  // instead of the kinds: of what type they are, its text says

typedef struct Statements {
  Statement slots[STATEMENT_SLOTS];  // open addressing
  int count;
} Statements;

// Values as the wire has them; integers and reals in the buffers.
typedef struct Parameters {
  unsigned types[PARAMETERS_MAX];  // Oid
  const char *values[PARAMETERS_MAX];
  int lengths[PARAMETERS_MAX];
  int formats[PARAMETERS_MAX];
  char buffers[PARAMETERS_MAX][8];
} Parameters;

// Gives the kinds of the values, two bits each.
uint64_t parameters_encode(Parameters *to, const SqlValue *values, int count);

// Of a statement in two forms PostgreSQL's.
const char *statement_form(const char *sql);
// Its slot; one whose text is NULL is free for it.
Statement *statements_find(Statements *statements, const char *sql, uint64_t kinds);
// Fills a free slot. False: there is no memory.
bool statements_fill(Statements *statements, Statement *statement, const char *sql, uint64_t kinds);
void statements_free_slot(Statement *statement);
void statements_forget(Statements *statements);

#endif
