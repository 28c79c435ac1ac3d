// Moves a database: every row of an SQLite file into an empty PostgreSQL of the same schema, in one transaction of the
// latter, so that an end at any moment leaves it empty. Tables and columns are read from the catalogs. Blocks; one
// thread.
#ifndef FOYER_CORE_DB_MOVE_H
#define FOYER_CORE_DB_MOVE_H

#include "core/db.h"

// What is not copied row by row.
typedef struct DbMoveApart {
  const char *table;
  const char *column;  // that one alone; NULL: the whole table
  const char *fill;    // what fills the table in PostgreSQL when all else is there; NULL: nothing does
  bool stays;          // each side has rows of its own
} DbMoveApart;

typedef struct DbMove {
  Db *from;                  // SQLite,
  Db *to;                    // PostgreSQL: both opened with DB_MOVE
  const DbMoveApart *apart;  // up to a row without a table
  // Hears of each table, and of each other thing that takes its time (rows: -1).
  void (*told)(const char *what, int64_t rows, uint64_t ms);
  Arena arena;         // of the texts below; the caller frees it, after `to` was closed
  Str fault;           // why a step was refused or failed: a sentence
  int64_t rows;        // copied in all
  int64_t replaced;    // characters that PostgreSQL cannot hold (U+0000, bytes that are no UTF-8), now U+FFFD
  Str first_replaced;  // where the first of them stands
} DbMove;

// Whether both can be moved as they are: the file's schema is that of this program, and PostgreSQL compares texts by
// their bytes. Before the schema is made there and transactions are begun.
bool db_move_check(DbMove *move);

// Unless there are rows or a foyer is connected, copies everything, reads every row back and compares it. In a
// transaction of both; the caller commits. What was replaced is no difference. False: move->fault, and the transaction
// is to be rolled back.
bool db_move(DbMove *move);

#endif
