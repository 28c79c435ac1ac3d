// The steps of a move. While rows are copied, PostgreSQL keeps no references, keys and indexes and runs no triggers:
// all is made again from the catalogs' own words, which is faster and needs no order among the tables.
#include "core/db_move.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "core/db_driver.h"
#include "core/db_move_private.h"

// Faults.

static bool refuse(DbMove *move, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool refuse(DbMove *move, const char *format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  move->fault = str_copy(&move->arena, str_from(text));
  return false;
}

void move_fault_of(DbMove *move, const char *what) {
  refuse(move, "%s: %.*s", what, STR_ARG(str_trim(str_from(PQerrorMessage(db_postgres_connection(move->to))))));
}

PGresult *move_run(DbMove *move, const char *what, Str sql) {
  PGresult *result = PQexec(db_postgres_connection(move->to), str_zero(&move->arena, sql));
  ExecStatusType status = PQresultStatus(result);
  if (status != PGRES_BAD_RESPONSE && status != PGRES_FATAL_ERROR && status != PGRES_EMPTY_QUERY) return result;
  move_fault_of(move, what);
  PQclear(result);
  return NULL;
}

// Runs what gives no rows; how many rows it changed is left in *rows, which may be NULL.
static bool run(DbMove *move, const char *what, Str sql, int64_t *rows) {
  PGresult *result = move_run(move, what, sql);
  if (result != NULL && rows != NULL) *rows = strtoll(PQcmdTuples(result), NULL, 10);
  PQclear(result);
  return result != NULL;
}

static void tell(const DbMove *move, const char *what, int64_t rows, uint64_t begun_ns) {
  move->told(what, rows, (uv_hrtime() - begun_ns) / 1000000);
}

// Before.

bool db_move_check(DbMove *move) {
  static const char STEP[] = "SELECT coalesce(max(number), 0) FROM migrations";
  static const char BYTES[] = "SELECT current_setting('server_encoding') = 'UTF8' AND 'Z' < 'a' AND 'a b' < 'a-b'";
  int64_t newest = move->from->driver->migrations[*move->from->driver->migration_count - 1].number;
  int64_t step = db_int(move->from, STEP, 0);
  if (db_failed(move->from)) return refuse(move, "the file is not a venue");
  if (step > newest) return refuse(move, "the file was made by a newer foyer");
  if (step < newest) {
    return refuse(move,
                  "the file's schema is of step %lld, this foyer's is %lld: DATABASE_URL=sqlite:... foyer verify "
                  "brings it up to date, and then it can be moved",
                  (long long)step, (long long)newest);
  }
  if (db_int(move->to, BYTES, 0) == 0) {
    return refuse(move,
                  "the PostgreSQL database does not compare texts by their bytes: make it with CREATE DATABASE ... "
                  "TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'");
  }
  return true;
}

// What there is.

static MoveTable *read_tables(DbMove *move, Db *db, const char *sql) {
  MoveTable *tables = NULL;
  MoveTable **end = &tables;
  MoveTable *table = NULL;
  MoveColumn **columns_end = NULL;
  Rows rows = db_rows(db, sql);
  while (rows_next(&rows)) {
    if (table == NULL || !str_equal(rows_peek(&rows, 0), table->name)) {
      *end = table = ARENA_NEW(&move->arena, MoveTable);
      table->name = rows_text(&rows, 0, &move->arena);
      end = &table->next;
      columns_end = &table->columns;
    }
    MoveColumn *column = *columns_end = ARENA_NEW(&move->arena, MoveColumn);
    column->name = rows_text(&rows, 1, &move->arena);
    column->type = rows_int(&rows, 2);
    column->identity = rows_int(&rows, 3) != 0;
    column->implied = rows_int(&rows, 4) != 0;
    columns_end = &column->next;
  }
  return tables;
}

static MoveTable *find_table(MoveTable *tables, Str name) {
  while (tables != NULL && !str_equal(tables->name, name)) tables = tables->next;
  return tables;
}

static const MoveColumn *find_column(const MoveTable *table, Str name) {
  const MoveColumn *column = table->columns;
  while (column != NULL && !str_equal(column->name, name)) column = column->next;
  return column;
}

// The row that says why a column is not copied, or with an empty name, why a whole table is not; NULL: it is.
static const DbMoveApart *find_apart(const DbMove *move, Str table, Str column) {
  for (const DbMoveApart *apart = move->apart; apart->table != NULL; apart++) {
    if (str_equal(str_from(apart->table), table) && str_equal(str_from(apart->column), column)) return apart;
  }
  return NULL;
}

static bool all_are_in(DbMove *move, const MoveTable *these, MoveTable *those, const char *whose) {
  for (; these != NULL; these = these->next) {
    if (find_apart(move, these->name, (Str){0}) != NULL) continue;
    const MoveTable *other = find_table(those, these->name);
    if (other == NULL) return refuse(move, "%s has a table %.*s that the other has not", whose, STR_ARG(these->name));
    for (const MoveColumn *column = these->columns; column != NULL; column = column->next) {
      if (column->implied || find_column(other, column->name) != NULL) continue;
      if (find_apart(move, these->name, column->name) != NULL) continue;
      return refuse(move, "%s has a column %.*s.%.*s that the other has not", whose, STR_ARG(these->name),
                    STR_ARG(column->name));
    }
  }
  return true;
}

// Takes out what is not copied.
static void drop_apart(const DbMove *move, MoveTable **tables) {
  while (*tables != NULL) {
    MoveTable *table = *tables;
    if (find_apart(move, table->name, (Str){0}) != NULL) {
      *tables = table->next;
      continue;
    }
    for (MoveColumn **column = &table->columns; *column != NULL;) {
      if (find_apart(move, table->name, (*column)->name) != NULL) {
        *column = (*column)->next;
      } else {
        column = &(*column)->next;
      }
    }
    tables = &table->next;
  }
}

static bool types_are_known(DbMove *move, const MoveTable *tables) {
  for (; tables != NULL; tables = tables->next) {
    for (const MoveColumn *column = tables->columns; column != NULL; column = column->next) {
      if (!move_type_known(column->type)) {
        return refuse(move, "%.*s.%.*s is of a type that cannot be moved", STR_ARG(tables->name),
                      STR_ARG(column->name));
      }
    }
  }
  return true;
}

static bool are_empty(DbMove *move, const MoveTable *tables) {
  for (; tables != NULL; tables = tables->next) {
    const DbMoveApart *apart = find_apart(move, tables->name, (Str){0});
    if (apart != NULL && apart->stays) continue;
    Text sql = {.arena = &move->arena};
    text_format(&sql, "SELECT 1 FROM \"%.*s\" LIMIT 1", STR_ARG(tables->name));
    PGresult *result = move_run(move, "looking for rows", text_str(&sql));
    bool empty = result != NULL && PQntuples(result) == 0;
    PQclear(result);
    if (result == NULL) return false;
    if (!empty) {
      return refuse(move, "the PostgreSQL database holds a venue already: there are rows in %.*s",
                    STR_ARG(tables->name));
    }
  }
  return true;
}

// What another process holds in memory would not be what is there.
static bool nobody_serves(DbMove *move) {
  static const char FOYERS[] =
      "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'foyer'";
  int64_t count = db_int(move->to, FOYERS, -1);
  return count == 0 || refuse(move, count < 0 ? "the PostgreSQL database cannot be asked"
                                              : "a foyer is running on the PostgreSQL database: stop it");
}

// Finds what is to be copied; false when the two sides do not fit, or there are rows.
static bool find_tables(DbMove *move, MoveTable **tables) {
  static const char OURS[] =
      "SELECT t.name, c.name, 0, 0, 0 FROM pragma_table_list t, pragma_table_xinfo(t.name) c"
      " WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT GLOB 'sqlite_*' AND c.hidden = 0 UNION ALL"
      " SELECT name, 'rowid', 0, 0, 1 FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND wr = 0 AND"
      " name NOT GLOB 'sqlite_*' ORDER BY 1";
  static const char THEIRS[] =
      "SELECT c.relname, a.attname, a.atttypid::BIGINT, a.attidentity != '', FALSE FROM pg_class c JOIN pg_attribute a"
      " ON a.attrelid = c.oid WHERE c.relnamespace = current_schema()::REGNAMESPACE AND c.relkind IN ('r', 'p') AND"
      " a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY c.relname, a.attnum";
  MoveTable *ours = read_tables(move, move->from, OURS);
  MoveTable *theirs = read_tables(move, move->to, THEIRS);
  if (db_failed(move->from) || db_failed(move->to)) return refuse(move, "the catalogs cannot be read");
  if (!all_are_in(move, ours, theirs, "the file") || !all_are_in(move, theirs, ours, "the PostgreSQL database"))
    return false;
  if (!are_empty(move, theirs)) return false;
  drop_apart(move, &theirs);
  *tables = theirs;
  return types_are_known(move, theirs);
}

// What is not kept while rows are copied.

typedef struct Piece {
  Str drop;
  Str make;
  struct Piece *before;
} Piece;

// References first, as they need the keys.
static Piece *find_pieces(DbMove *move) {
  static const char PIECES[] =
      "SELECT contype != 'f', format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::REGCLASS, conname),"
      " format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::REGCLASS, conname, pg_get_constraintdef(oid))"
      " FROM pg_constraint WHERE contype IN ('f', 'p', 'u', 'x') AND connamespace = current_schema()::REGNAMESPACE"
      " UNION ALL SELECT TRUE, format('DROP INDEX %s', i.indexrelid::REGCLASS), pg_get_indexdef(i.indexrelid)"
      " FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = current_schema()::REGNAMESPACE"
      " AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND"
      " k.contype IN ('p', 'u', 'x')) ORDER BY 1, 2";
  Piece *last = NULL;
  Rows rows = db_rows(move->to, PIECES);
  while (rows_next(&rows)) {
    Piece *piece = ARENA_NEW(&move->arena, Piece);
    *piece =
        (Piece){.drop = rows_text(&rows, 1, &move->arena), .make = rows_text(&rows, 2, &move->arena), .before = last};
    last = piece;
  }
  return last;
}

static void add_drops(Text *out, const Piece *piece) {
  if (piece == NULL) return;
  add_drops(out, piece->before);
  text_format(out, "%.*s; ", STR_ARG(piece->drop));
}

static void add_to_all(Text *out, const MoveTable *tables, const char *what) {
  for (; tables != NULL; tables = tables->next)
    text_format(out, "ALTER TABLE \"%.*s\" %s; ", STR_ARG(tables->name), what);
}

// Whatever the server's own limits are; and when we are killed, the lock goes with us, not after a long statement's
// end.
#define SETTINGS                                                                                                   \
  "SET LOCAL synchronous_commit = on; SET LOCAL maintenance_work_mem = '256MB'; SET LOCAL statement_timeout = 0; " \
  "SET LOCAL idle_in_transaction_session_timeout = 0; "                                                            \
  "SELECT set_config(name, '1s', TRUE) FROM pg_settings WHERE name = 'client_connection_check_interval'; "

// Tables that are emptied in the same transaction take rows as if they had been there for long (FREEZE), and what an
// interrupted move has left of its rows on the disk goes.
static bool take_away(DbMove *move, const MoveTable *tables, const Piece *pieces) {
  Text sql = {.arena = &move->arena};
  text_add(&sql, STR(SETTINGS));
  add_drops(&sql, pieces);
  add_to_all(&sql, tables, "DISABLE TRIGGER USER");
  text_add(&sql, STR("TRUNCATE "));
  for (const MoveTable *table = tables; table != NULL; table = table->next)
    text_format(&sql, "%s\"%.*s\"", table == tables ? "" : ", ", STR_ARG(table->name));
  return run(move, "making ready", text_str(&sql), NULL);
}

static bool copy_all(DbMove *move, MoveTable *tables) {
  for (MoveTable *table = tables; table != NULL; table = table->next) {
    uint64_t begun_ns = uv_hrtime();
    if (!move_rows(move, table)) return false;
    move->rows += table->rows;
    tell(move, str_zero(&move->arena, table->name), table->rows, begun_ns);
  }
  return true;
}

static bool fill_apart(DbMove *move) {
  for (const DbMoveApart *apart = move->apart; apart->table != NULL; apart++) {
    if (apart->fill == NULL) continue;
    uint64_t begun_ns = uv_hrtime();
    int64_t rows = 0;
    if (!run(move, apart->table, str_from(apart->fill), &rows)) return false;
    tell(move, apart->table, rows, begun_ns);
  }
  return true;
}

static bool put_back(DbMove *move, const MoveTable *tables, const Piece *pieces) {
  uint64_t begun_ns = uv_hrtime();
  for (; pieces != NULL; pieces = pieces->before) {
    if (!run(move, "putting back what the schema demands", pieces->make, NULL)) return false;
  }
  Text sql = {.arena = &move->arena};
  add_to_all(&sql, tables, "ENABLE TRIGGER USER");
  text_add(&sql, STR("ANALYZE"));
  if (!run(move, "putting back the triggers", text_str(&sql), NULL)) return false;
  tell(move, "indexes, references, statistics", -1, begun_ns);
  return true;
}

// Numbers go on where SQLite would: behind the last, of some tables also when that is gone.
static bool set_numbers(DbMove *move, const MoveTable *tables) {
  static const char LAST[] = "SELECT max(seq) FROM sqlite_sequence WHERE name = $1";
  Text sql = {.arena = &move->arena};
  for (; tables != NULL; tables = tables->next) {
    for (const MoveColumn *column = tables->columns; column != NULL; column = column->next) {
      if (!column->identity) continue;
      int64_t last = db_int(move->from, LAST, 0, sql_text(tables->name));
      text_format(&sql,
                  "SELECT setval(pg_get_serial_sequence('\"%.*s\"', '%.*s'), last) FROM (SELECT greatest(%lld,"
                  " max(\"%.*s\")) AS last FROM \"%.*s\") numbers WHERE last > 0; ",
                  STR_ARG(tables->name), STR_ARG(column->name), (long long)last, STR_ARG(column->name),
                  STR_ARG(tables->name));
    }
  }
  return run(move, "numbering", text_str(&sql), NULL);
}

static bool compare_all(DbMove *move, const MoveTable *tables) {
  uint64_t begun_ns = uv_hrtime();
  for (; tables != NULL; tables = tables->next) {
    if (!move_rows_compare(move, tables)) return false;
  }
  tell(move, "read back and compared", move->rows, begun_ns);
  return true;
}

bool db_move(DbMove *move) {
  MoveTable *tables = NULL;
  if (!nobody_serves(move) || !find_tables(move, &tables)) return false;
  const Piece *pieces = find_pieces(move);
  return take_away(move, tables, pieces) && copy_all(move, tables) && fill_apart(move) &&
         put_back(move, tables, pieces) && set_numbers(move, tables) && compare_all(move, tables);
}
