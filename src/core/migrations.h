// The schema's steps as embedded in the binary: every migrations/NNNN_words.sql, and for PostgreSQL every
// migrations/postgres/NNNN_words.sql, made into C by tools/embed_migrations.
// Constant from start to end, so any thread may read it.
#ifndef FOYER_CORE_MIGRATIONS_H
#define FOYER_CORE_MIGRATIONS_H

#include <stddef.h>

// One step of the schema.
typedef struct Migration {
  int number;        // NNNN of the file's name; strictly rising in the table, from 1
  const char *name;  // the file's words, without the number and ".sql"
  const char *sql;   // the whole file, statements separated by ';'
} Migration;

extern const Migration migrations[];  // in the order of their numbers
extern const size_t migration_count;  // rows of migrations[]
extern const Migration postgres_migrations[];
extern const size_t postgres_migration_count;

#endif
