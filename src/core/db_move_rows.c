// The rows of one table, from SQLite into PostgreSQL, as COPY has them in its binary format. What PostgreSQL gives back
// in that format must be the same bytes, in whatever order: so both sides are compared by the sums of their rows'
// hashes.
#include <sodium.h>
#include <sqlite3.h>

#include "core/db_driver.h"
#include "core/db_move_private.h"

enum {
  TYPE_BOOL = 16,  // pg_type.dat
  TYPE_BYTEA = 17,
  TYPE_INT8 = 20,
  TYPE_TEXT = 25,
  TYPE_FLOAT8 = 701,
  HEADER_BYTES = 19,
  TRAILER_BYTES = 2,
  SEND_BYTES = 1 << 17
};

static const char header[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0";  // signature, flags, length of its extension

bool move_type_known(int64_t type) {
  return type == TYPE_BOOL || type == TYPE_BYTEA || type == TYPE_INT8 || type == TYPE_TEXT || type == TYPE_FLOAT8;
}

static uint64_t hash_of(Str row) {
  static const unsigned char key[crypto_shorthash_siphash24_KEYBYTES] = {0};
  uint64_t hash = 0;
  crypto_shorthash_siphash24((unsigned char *)&hash, (const unsigned char *)row.at, row.length, key);
  return hash;
}

// What both sides call the columns: "a", "b".
static void add_columns(Text *out, const MoveTable *table) {
  for (const MoveColumn *column = table->columns; column != NULL; column = column->next)
    text_format(out, "%s\"%.*s\"", column == table->columns ? "" : ", ", STR_ARG(column->name));
}

// Values.

static void add_number(Text *out, uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; i--) text_char(out, (char)(value >> 8 * i & 0xff));
}

static void add_bytes(Text *out, Str bytes) {
  add_number(out, bytes.length, 4);
  text_add(out, bytes);
}

// How many bytes the character has that the text begins with; 0: it is none, or U+0000.
static size_t character_bytes(Str text) {
  for (size_t length = 1; length <= 4 && length <= text.length && text.at[0] != '\0'; length++) {
    if (str_is_utf8((Str){text.at, length})) return length;
  }
  return 0;
}

// A text as PostgreSQL can hold it. Gives how many characters were replaced.
static int64_t add_text(Text *out, Str text) {
  if ((text.length == 0 || memchr(text.at, '\0', text.length) == NULL) && str_is_utf8(text)) {
    add_bytes(out, text);
    return 0;
  }
  int64_t replaced = 0;
  size_t at = out->length;
  add_number(out, 0, 4);
  for (size_t length; text.length > 0; text.at += length, text.length -= length) {
    length = character_bytes(text);
    text_add(out, length > 0 ? (Str){text.at, length} : STR("\xef\xbf\xbd"));
    if (length > 0) continue;
    length = 1;
    ++replaced;
  }
  Text size = {.at = out->at + at, .capacity = 4};
  add_number(&size, out->length - at - 4, 4);
  return replaced;
}

// Whose row it is, by its first column, and which column.
static Str place_of(DbMove *move, const MoveTable *table, const MoveColumn *column, sqlite3_stmt *row) {
  Text out = {.arena = &move->arena};
  const char *key = (const char *)sqlite3_column_text(row, 0);
  text_format(&out, "%.*s, %.*s %.60s, %.*s", STR_ARG(table->name), STR_ARG(table->columns->name),
              key != NULL ? key : "NULL", STR_ARG(column->name));
  return text_str(&out);
}

// Adds the row's value of a column; false: it is not of the column's type.
static bool add_value(DbMove *move, Text *out, const MoveTable *table, const MoveColumn *column, sqlite3_stmt *row,
                      int at) {
  int kind = sqlite3_column_type(row, at);
  if (kind == SQLITE_NULL) {
    add_number(out, UINT32_MAX, 4);
  } else if (column->type == TYPE_INT8 && kind == SQLITE_INTEGER) {
    add_number(out, sizeof(int64_t), 4);
    add_number(out, (uint64_t)sqlite3_column_int64(row, at), sizeof(int64_t));
  } else if (column->type == TYPE_BOOL && kind == SQLITE_INTEGER) {
    add_number(out, 1, 4);
    text_char(out, (char)(sqlite3_column_int64(row, at) != 0));
  } else if (column->type == TYPE_FLOAT8 && (kind == SQLITE_FLOAT || kind == SQLITE_INTEGER)) {
    double real = sqlite3_column_double(row, at);
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    add_number(out, sizeof bits, 4);
    add_number(out, bits, sizeof bits);
  } else if (column->type == TYPE_BYTEA && kind == SQLITE_BLOB) {
    const char *bytes = sqlite3_column_blob(row, at);
    add_bytes(out, (Str){bytes, (size_t)sqlite3_column_bytes(row, at)});
  } else if (column->type == TYPE_TEXT && kind == SQLITE_TEXT) {
    const char *text = (const char *)sqlite3_column_text(row, at);
    int64_t replaced = add_text(out, (Str){text, (size_t)sqlite3_column_bytes(row, at)});
    if (replaced > 0 && move->replaced == 0) move->first_replaced = place_of(move, table, column, row);
    move->replaced += replaced;
  } else {
    Text fault = {.arena = &move->arena};
    text_format(&fault, "%.*s: what stands there is not of the column's type",
                STR_ARG(place_of(move, table, column, row)));
    move->fault = text_str(&fault);
    return false;
  }
  return true;
}

// Sending.

static bool send(DbMove *move, const MoveTable *table, Text *bytes) {
  bool sent = PQputCopyData(db_postgres_connection(move->to), bytes->at, (int)bytes->length) == 1;
  bytes->length = 0;
  if (!sent) move_fault_of(move, str_zero(&move->arena, table->name));
  return sent;
}

static bool send_rows(DbMove *move, MoveTable *table, sqlite3_stmt *select, Text *bytes) {
  int count = sqlite3_column_count(select);
  int result;
  while ((result = sqlite3_step(select)) == SQLITE_ROW) {
    size_t begin = bytes->length;
    const MoveColumn *column = table->columns;
    add_number(bytes, (uint64_t)count, 2);
    for (int i = 0; i < count; i++, column = column->next) {
      if (!add_value(move, bytes, table, column, select, i)) return false;
    }
    table->sum += hash_of((Str){bytes->at + begin, bytes->length - begin});
    ++table->rows;
    if (bytes->length > SEND_BYTES && !send(move, table, bytes)) return false;
  }
  if (result == SQLITE_DONE) return true;
  Text fault = {.arena = &move->arena};
  text_format(&fault, "%.*s cannot be read: %s", STR_ARG(table->name), sqlite3_errmsg(sqlite3_db_handle(select)));
  move->fault = text_str(&fault);
  return false;
}

// Ends what COPY does; false: PostgreSQL has refused it.
static bool end_copy(DbMove *move, const char *what) {
  PGconn *conn = db_postgres_connection(move->to);
  bool good = true;
  for (PGresult *result; (result = PQgetResult(conn)) != NULL; PQclear(result)) {
    if (PQresultStatus(result) == PGRES_COMMAND_OK) continue;
    if (good) move_fault_of(move, what);
    good = false;
  }
  return good;
}

static bool send_table(DbMove *move, MoveTable *table, sqlite3_stmt *select) {
  Arena arena = {0};
  Text bytes = {.arena = &arena};
  text_add(&bytes, (Str){header, HEADER_BYTES});
  bool sent = send_rows(move, table, select, &bytes);
  if (sent) {
    add_number(&bytes, UINT16_MAX, TRAILER_BYTES);
    sent = send(move, table, &bytes);
  }
  arena_free(&arena);
  Str why = move->fault;
  PQputCopyEnd(db_postgres_connection(move->to), sent ? NULL : "the rows could not be read");
  bool ended = end_copy(move, str_zero(&move->arena, table->name));
  if (!sent && why.length > 0) move->fault = why;
  return sent && ended;
}

bool move_rows(DbMove *move, MoveTable *table) {
  Arena *arena = &move->arena;
  Text read = {.arena = arena};
  Text write = {.arena = arena};
  text_add(&read, STR("SELECT "));
  add_columns(&read, table);
  text_format(&read, " FROM \"%.*s\"", STR_ARG(table->name));
  text_format(&write, "COPY \"%.*s\" (", STR_ARG(table->name));
  add_columns(&write, table);
  text_add(&write, STR(") FROM STDIN (FORMAT binary, FREEZE)"));
  sqlite3 *file = db_sqlite_connection(move->from);
  sqlite3_stmt *select = NULL;
  Str sql = text_str(&read);
  if (sqlite3_prepare_v2(file, sql.at, (int)sql.length, &select, NULL) != SQLITE_OK) {
    move->fault = str_copy(arena, str_from(sqlite3_errmsg(file)));
    return false;
  }
  PGresult *begun = move_run(move, str_zero(arena, table->name), text_str(&write));
  PQclear(begun);
  bool moved = begun != NULL && send_table(move, table, select);
  sqlite3_finalize(select);
  return moved;
}

// Reading back.

bool move_rows_compare(DbMove *move, const MoveTable *table) {
  PGconn *conn = db_postgres_connection(move->to);
  const char *name = str_zero(&move->arena, table->name);
  Text read = {.arena = &move->arena};
  text_format(&read, "COPY \"%s\" (", name);
  add_columns(&read, table);
  text_add(&read, STR(") TO STDOUT (FORMAT binary)"));
  PGresult *begun = move_run(move, name, text_str(&read));
  PQclear(begun);
  if (begun == NULL) return false;
  int64_t rows = 0;
  uint64_t sum = 0;
  char *bytes;
  int length;
  for (bool first = true; (length = PQgetCopyData(conn, &bytes, 0)) > 0; first = false) {
    size_t skipped = first && length > HEADER_BYTES ? HEADER_BYTES : 0;  // it comes with the first row
    Str row = {bytes + skipped, (size_t)length - skipped};
    if (row.length > TRAILER_BYTES) {
      sum += hash_of(row);
      ++rows;
    }
    PQfreemem(bytes);
  }
  if (!end_copy(move, name)) return false;
  if (rows == table->rows && sum == table->sum) return true;
  Text fault = {.arena = &move->arena};
  text_format(&fault, "%s: %lld rows were sent, and the %lld that are there are not the same", name,
              (long long)table->rows, (long long)rows);
  move->fault = text_str(&fault);
  return false;
}
