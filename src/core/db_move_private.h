// What the files of the move share. For core/db_move*.c only.
#ifndef FOYER_CORE_DB_MOVE_PRIVATE_H
#define FOYER_CORE_DB_MOVE_PRIVATE_H

#include <libpq-fe.h>

#include "core/db_move.h"

typedef struct MoveColumn {
  Str name;
  int64_t type;   // PostgreSQL's number of its type; 0: of a table of SQLite
  bool identity;  // PostgreSQL numbers its rows
  bool implied;   // SQLite's rowid, which the other side need not have
  struct MoveColumn *next;
} MoveColumn;

typedef struct MoveTable {
  Str name;
  MoveColumn *columns;
  int64_t rows;  // that were copied,
  uint64_t sum;  // and the sum of their hashes
  struct MoveTable *next;
} MoveTable;

// Whether there is a way to send values of this type.
bool move_type_known(int64_t type);
// Copies one table's rows, and notes how many and their sum. False: move->fault.
bool move_rows(DbMove *move, MoveTable *table);
// Reads them back: whether they are the same. False: move->fault.
bool move_rows_compare(DbMove *move, const MoveTable *table);

// Runs SQL on PostgreSQL. NULL: move->fault, which begins with `what`.
PGresult *move_run(DbMove *move, const char *what, Str sql);
// Notes as the fault what PostgreSQL says last.
void move_fault_of(DbMove *move, const char *what);

#endif
