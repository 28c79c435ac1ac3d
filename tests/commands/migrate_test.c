// foyer migrate: every row comes to PostgreSQL as it was, or nothing does, and what is refused is told. What needs a
// server is skipped where FOYER_TEST_POSTGRES names none.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "commands/commands.h"
#include "core/log.h"
#include "support/postgres.h"

enum { NOW_MS = 1000 };

// The file and the database of a test.
typedef struct Sides {
  char directory[64];
  char path[96];
  char url[256];  // "": there is no PostgreSQL
  Arena arena;    // also of statements, which connections keep
} Sides;

static int setup(void **state) {
  Sides *sides = *state = calloc(1, sizeof *sides);
  assert_non_null(sides);
  log_set_level(getenv("FOYER_TEST_LOG") != NULL ? LOG_DEBUG : LOG_OFF);
  const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  snprintf(sides->directory, sizeof sides->directory, "%s/foyer_migrate_XXXXXX", base);
  assert_non_null(mkdtemp(sides->directory));
  snprintf(sides->path, sizeof sides->path, "%s/foyer.db", sides->directory);
  Db *db = db_open(sides->path, DB_WRITE);
  assert_non_null(db);
  assert_true(db_migrate(db, NOW_MS));
  db_close(db);
  if (!postgres_make(sides->url, sizeof sides->url)) sides->url[0] = '\0';
  return 0;
}

static int teardown(void **state) {
  static const char *const ends[] = {"", "-wal", "-shm"};
  Sides *sides = *state;
  for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
    char file[128];
    snprintf(file, sizeof file, "%s%s", sides->path, ends[i]);
    unlink(file);
  }
  if (sides->url[0] != '\0') postgres_drop(sides->url);
  int left = rmdir(sides->directory);
  arena_free(&sides->arena);
  free(sides);
  return left;
}

static Sides *with_postgres(void **state) {
  Sides *sides = *state;
  if (sides->url[0] == '\0') skip();
  return sides;
}

static const char *zero(Sides *sides, const Text *text) {
  return str_zero(&sides->arena, text_str(text));
}

// Runs a constant on the file.
static void in_file(Sides *sides, const char *sql) {
  Db *db = db_open(sides->path, DB_WRITE);
  assert_non_null(db);
  assert_true(db_run(db, "PRAGMA foreign_keys = OFF"));
  if (!db_run(db, sql)) fail_msg("%s", sql);
  db_close(db);
}

// As a move does it: in a second a busy machine may not be connected to.
static Db *open_postgres(const Sides *sides) {
  Db *db = db_open(sides->url, DB_MOVE);
  assert_non_null(db);
  return db;
}

static void in_postgres(const Sides *sides, const char *sql) {
  Db *db = open_postgres(sides);
  if (!db_run(db, sql)) fail_msg("%s", sql);
  db_close(db);
}

static int64_t number_in_postgres(const Sides *sides, const char *sql) {
  Db *db = open_postgres(sides);
  int64_t number = db_int(db, sql, -1);
  assert_false(db_failed(db));
  db_close(db);
  return number;
}

// Runs the command; gives its exit code, and what it said in *said.
static int migrate(Sides *sides, const char *from, const char *to, const char **said) {
  FILE *file = tmpfile();
  assert_non_null(file);
  fflush(stdout);
  int standard[] = {dup(STDOUT_FILENO), dup(STDERR_FILENO)};
  assert_true(dup2(fileno(file), STDOUT_FILENO) >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
  char *words[] = {strdup(from), strdup(to)};
  int code = command_migrate(NULL, 2, words);
  free(words[0]);
  free(words[1]);
  fflush(stdout);
  assert_true(dup2(standard[0], STDOUT_FILENO) >= 0 && dup2(standard[1], STDERR_FILENO) >= 0);
  close(standard[0]);
  close(standard[1]);
  rewind(file);
  Text text = {.arena = &sides->arena};
  char bytes[1024];
  for (size_t got; (got = fread(bytes, 1, sizeof bytes, file)) > 0;) text_add(&text, (Str){bytes, got});
  fclose(file);
  *said = zero(sides, &text);
  return code;
}

static const char *file_url(Sides *sides) {
  Text url = {.arena = &sides->arena};
  text_format(&url, "sqlite:%s", sides->path);
  return zero(sides, &url);
}

static const char *moves(Sides *sides) {
  const char *said;
  if (migrate(sides, file_url(sides), sides->url, &said) != 0) fail_msg("%s", said);
  if (strstr(said, "each read back and compared") == NULL || strstr(said, "DATABASE_URL=") == NULL)
    fail_msg("%s", said);
  return said;
}

// It is not moved, for that reason, and nothing of it is there.
static void refuses_to(Sides *sides, const char *to, const char *why) {
  const char *said;
  assert_int_equal(migrate(sides, file_url(sides), to, &said), 1);
  if (strstr(said, "Not moved: ") == NULL || strstr(said, why) == NULL) fail_msg("\"%s\" is not in:\n%s", why, said);
}

static void refuses(Sides *sides, const char *why) {
  static const char TRACES[] =
      "SELECT (SELECT count(*) FROM settings) + (SELECT count(*) FROM users) + (SELECT count(*) FROM shown_names)";
  int64_t before = number_in_postgres(sides, TRACES);
  refuses_to(sides, sides->url, why);
  assert_int_equal(number_in_postgres(sides, TRACES), before);
}

// How it is called, and what is told before PostgreSQL is asked.

static void test_the_only_way_is_from_a_file_to_postgresql(void **state) {
  static const char *const ways[][2] = {{"postgres://h/d", "sqlite:foyer.db"},
                                        {"postgres://h/d", "postgres://h/e"},
                                        {"sqlite:foyer.db", "sqlite:other.db"},
                                        {"foyer.db", "postgres://h/d"}};
  Sides *sides = *state;
  for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
    const char *said;
    assert_int_equal(migrate(sides, ways[i][0], ways[i][1], &said), 2);
    assert_non_null(strstr(said, "usage: foyer migrate sqlite:PATH postgres://"));
    assert_non_null(strstr(said, "is not supported"));
  }
}

static void test_a_file_that_is_not_there_is_told_and_not_made(void **state) {
  Sides *sides = *state;
  const char *said;
  assert_int_equal(migrate(sides, "sqlite:/nowhere/foyer.db", "postgres://127.0.0.1:1/none", &said), 1);
  assert_non_null(strstr(said, "there is no file /nowhere/foyer.db"));
  assert_true(access("/nowhere", F_OK) != 0);
}

static void test_a_file_that_somebody_has_open_is_refused(void **state) {
  Sides *sides = *state;
  Db *other = db_open(sides->path, DB_READ);
  assert_int_equal(db_int(other, "SELECT count(*) FROM users", -1), 0);
  refuses_to(sides, "postgres://127.0.0.1:1/none", "must be had alone");
  db_close(other);
  refuses_to(sides, "postgres://127.0.0.1:1/none", "cannot be reached");
}

// Moving.

// Rows that may go wrong on the way, beside a venue.
static const char *const edges[] = {
    "INSERT INTO settings(name, value) VALUES('empty', ''), ('', 'of nothing'), ('\\N', '\\N'), ('odd', char(9, 10, 13,"
    " 34, 39, 92, 1, 127, 65533, 65535, 1114111)), ('faces', '\U0001f3ad \U0001f469\u200d\U0001f3a4 e\u0301 \u05d0'),"
    " ('long', hex(randomblob(300000)))",
    "INSERT INTO users(id, username, created_at, updated_at, name, totp_step, public_id) VALUES(1000, NULL,"
    " -9223372036854775808, 9223372036854775807, '\U0001f3ad \u00dcn\u00ef', 0, NULL), (1001, 'zoe', 0, -1, NULL, 1, "
    "'p'),"
    " (1002, 'deleted', 0, 0, '', 0, '')",
    "UPDATE users SET deleted_at = 1 WHERE id = 1002",
    "INSERT INTO sessions(id, user_id, door, agent, ip, created_at, last_used_at) VALUES('z', 1001, 'seats', '', '', "
    "5, 5),"
    " ('a', 1001, 'seats', '', '', 5, 5), ('m', 1000, 'tickets', '', '', 5, 5)",
    "DELETE FROM sessions WHERE id = 'z'",
    "UPDATE areas SET rotation = CASE number % 4 WHEN 0 THEN 0.1 WHEN 1 THEN 4.9e-324 WHEN 2 THEN "
    "-1.7976931348623157e308"
    " ELSE 1e15 / 3 END",
    "INSERT INTO answers(scope, key, request_hash, reply, sid, at) VALUES('', '', '', '', NULL, -9223372036854775808), "
    "('',"
    " '\U0001f3ad', 'h', '{}', 'a', 9223372036854775807)",
    "INSERT INTO outbox(kind, key, payload, created_at, due_at, attempts, done_at) VALUES('mail', 'k', "
    "'{\"a\":\"\\u0000\"}',"
    " 1, 2, 0, NULL), ('mail', 'l', '{}', 1, 2, 1, 3)",
    "INSERT INTO events(topic, seq, at, kind, payload) VALUES('odd', 1, 0, '', '{\"a\":\"\\u0000\\ud83c\\udfad\"}')",
    "INSERT INTO queue_places(concert_id, user_id, rank, entered_at, status) VALUES(1, 1000, 9223372036854775807, 0, "
    "'left'),"
    " (1, 1001, 0, 0, 'left')",
    "INSERT INTO dialogs(low_id, high_id, created_at) VALUES(1000, 1001, 1), (1000, 1000, 1)",
    "INSERT INTO events(topic, seq, at, kind, payload) VALUES('dialog:1', 1, 0, 'message', '{}'), ('dialog:2', 1, 0,"
    " 'message', '{}')",
    "INSERT INTO messages(dialog_id, seq, sender_id, receiver_id, text, created_at, updated_at, is_read) VALUES(1, 1, "
    "1001,"
    " 1000, 'Caf\u00e9 \U0001f3ad o''clock', 1, 1, 0), (2, 1, 1000, 1000, ' ', 1, 1, 1)",
    "INSERT INTO message_blocks(dialog_id, block, count) VALUES(1, 0, 1), (2, 0, 1)",
    "INSERT INTO message_names(sender_id, client_id, message_id) VALUES(1001, 'once', 1), (1001, 'gone', 77)",
    "INSERT INTO blocks(user_id, blocked_id, created_at) VALUES(1000, 1001, 9)",
    "INSERT INTO concerts(id, public_id, name, date, hall_id, created_at, opens_at, seed, seed_hash, closed, ended_at,"
    " emptied) SELECT 900, 'over', 'Over', 1, hall_id, 0, 0, '', '', 1, 2, 1 FROM concerts WHERE hall_id IS NOT NULL"
    " LIMIT 1",
};

static void fill_file(Sides *sides) {
  Env env = env_system();
  Config config = {.demo = true};
  Db *db = db_open(sides->path, DB_WRITE);
  assert_true(demo_fill(db, &config, &env));
  for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
    if (!db_run(db, edges[i])) fail_msg("%s", edges[i]);
  }
  db_close(db);
}

// One row of either side as text: each value, or that there is none.
static void write_row(Text *out, const Rows *rows, int column_count, const bool *reals) {
  for (int i = 0; i < column_count; i++) {
    if (rows_is_null(rows, i)) {
      text_add(out, STR("NULL|"));
    } else if (reals[i]) {
      text_format(out, "%a|", rows_real(rows, i));
    } else {
      Str value = rows_peek(rows, i);
      text_format(out, "%zu:", value.length);
      text_add(out, value);
      text_char(out, '|');
    }
  }
}

static int64_t expect_same_rows(Sides *sides, Db *file, Db *postgres, Str table) {
  enum { COLUMNS_MAX = 64 };
  static const char COLUMNS[] = "SELECT name, type = 'REAL', pk FROM pragma_table_xinfo($1) ORDER BY cid";
  static const char ROWID[] = "SELECT count(*) FROM pragma_table_list WHERE name = $1 AND wr = 0 AND name = 'sessions'";
  Text sql = {.arena = &sides->arena};
  Text order = {.arena = &sides->arena};
  bool reals[COLUMNS_MAX] = {false};
  int column_count = 0;
  text_add(&sql, STR("SELECT "));
  Rows columns = db_rows(file, COLUMNS, sql_text(table));
  while (rows_next(&columns)) {
    Str name = rows_peek(&columns, 0);
    reals[column_count] = rows_int(&columns, 1) != 0;
    text_format(&sql, "%s\"%.*s\"", column_count++ > 0 ? ", " : "", STR_ARG(name));
    if (rows_int(&columns, 2) > 0) text_format(&order, "%s\"%.*s\"", order.length > 0 ? ", " : "", STR_ARG(name));
  }
  if (db_int(file, ROWID, 0, sql_text(table)) > 0) {
    text_add(&sql, STR(", rowid"));
    ++column_count;
  }
  text_format(&sql, " FROM \"%.*s\" ORDER BY %s", STR_ARG(table), zero(sides, &order));
  const char *both = zero(sides, &sql);
  Rows here = db_rows(file, both);
  Rows there = db_rows(postgres, both);
  int64_t count = 0;
  Arena arena = {0};
  for (bool more = true; more; arena_reset(&arena)) {
    more = rows_next(&here);
    assert_int_equal(rows_next(&there), more);
    if (!more) break;
    Text ours = {.arena = &arena};
    Text theirs = {.arena = &arena};
    write_row(&ours, &here, column_count, reals);
    write_row(&theirs, &there, column_count, reals);
    if (!str_equal(text_str(&ours), text_str(&theirs))) {
      fail_msg("%s:\n%.*s\n%.*s", both, STR_ARG(text_str(&ours)), STR_ARG(text_str(&theirs)));
    }
    ++count;
  }
  arena_free(&arena);
  return count;
}

// Compares every table that the file has, but for what is each side's own. Gives how many rows there are.
static int64_t expect_same(Sides *sides) {
  static const char TABLES[] =
      "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT GLOB 'sqlite_*' AND "
      "name"
      " NOT IN ('migrations', 'message_index', 'small_letters', 'odd')";
  Db *file = db_open(sides->path, DB_READ);
  Db *postgres = open_postgres(sides);
  int64_t rows = 0;
  int tables = 0;
  Rows names = db_rows(file, TABLES);
  while (rows_next(&names)) {
    rows += expect_same_rows(sides, file, postgres, rows_text(&names, 0, &sides->arena));
    ++tables;
  }
  assert_true(tables > 25);
  db_close(file);
  db_close(postgres);
  return rows;
}

static Str bytes_of(Sides *sides) {
  Text bytes = {.arena = &sides->arena};
  char some[4096];
  FILE *file = fopen(sides->path, "rb");
  assert_non_null(file);
  for (size_t got; (got = fread(some, 1, sizeof some, file)) > 0;) text_add(&bytes, (Str){some, got});
  fclose(file);
  return text_str(&bytes);
}

static void test_every_row_comes_as_it_was_and_the_file_stays_as_it_is(void **state) {
  Sides *sides = with_postgres(state);
  fill_file(sides);
  Str before = bytes_of(sides);
  const char *said = moves(sides);
  assert_null(strstr(said, "BROKEN"));
  assert_null(strstr(said, "U+FFFD"));
  assert_true(str_equal(bytes_of(sides), before));
  assert_true(expect_same(sides) > 20000);
  assert_int_equal(number_in_postgres(sides, "SELECT ended_at FROM concerts WHERE id = 900"), 2);
  assert_int_equal(number_in_postgres(sides, "SELECT count(*) FROM message_words"), 2);
  assert_int_equal(number_in_postgres(sides, "SELECT count(*) FROM message_words WHERE words @@ 'cafe'"), 1);
}

static void test_what_the_schema_demands_is_there_after_it(void **state) {
  static const char PARTS[] =
      "SELECT (SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace ="
      " 'public'::REGNAMESPACE) * 1000000 + (SELECT count(*) FROM pg_constraint WHERE connamespace ="
      " 'public'::REGNAMESPACE) * 1000 + (SELECT count(*) FROM pg_trigger WHERE tgenabled = 'O')";
  Sides *sides = with_postgres(state);
  int64_t before = number_in_postgres(sides, PARTS);
  moves(sides);
  assert_int_equal(number_in_postgres(sides, PARTS), before);
}

static void test_a_new_table_is_moved_without_being_known(void **state) {
  Sides *sides = with_postgres(state);
  in_file(sides, "CREATE TABLE odd(id INTEGER PRIMARY KEY, bytes BLOB, truth INTEGER NOT NULL)");
  in_file(sides, "INSERT INTO odd VALUES(1, x'00ff5c', 1), (2, x'', 0), (3, NULL, 1)");
  in_postgres(sides, "CREATE TABLE odd(id BIGINT PRIMARY KEY, bytes BYTEA, truth BOOLEAN NOT NULL)");
  moves(sides);
  assert_int_equal(
      number_in_postgres(sides,
                         "SELECT count(*) FROM odd WHERE (id, truth, coalesce(encode(bytes, 'hex'), 'none')) IN"
                         " ((1, TRUE, '00ff5c'), (2, FALSE, ''), (3, TRUE, 'none'))"),
      3);
}

static void test_numbers_go_on_behind_the_last_that_was_ever_given(void **state) {
  Sides *sides = with_postgres(state);
  in_file(sides, "INSERT INTO users(id, created_at, updated_at) VALUES(41, 0, 0)");
  in_file(sides, "INSERT INTO dialogs(id, low_id, high_id, created_at) VALUES(900, 41, 41, 0)");
  in_file(sides, "DELETE FROM dialogs");
  moves(sides);
  static const char USER[] = "INSERT INTO users(created_at, updated_at) VALUES(0, 0)";
  static const char DIALOG[] = "INSERT INTO dialogs(low_id, high_id, created_at) VALUES(41, 41, 0)";
  static const char CINEMA[] = "INSERT INTO cinemas(name, color, created_at) VALUES('', '', 0)";
  Db *db = open_postgres(sides);
  assert_int_equal(db_insert(db, USER), 42);
  assert_int_equal(db_insert(db, DIALOG), 901);
  assert_int_equal(db_insert(db, CINEMA), 1);
  db_close(db);
}

static void test_what_postgresql_cannot_hold_is_replaced_and_told(void **state) {
  Sides *sides = with_postgres(state);
  in_file(sides, "INSERT INTO settings(name, value) VALUES('odd', CAST(x'61006280c3a9ff' AS TEXT))");
  const char *said = moves(sides);
  assert_non_null(strstr(said, "3 characters that PostgreSQL cannot hold"));
  assert_non_null(strstr(said, "The first of them: settings, name odd, value."));
  assert_int_equal(
      number_in_postgres(sides, "SELECT count(*) FROM settings WHERE value = U&'a\\FFFDb\\FFFD\u00e9\\FFFD'"), 1);
}

static void test_what_is_broken_in_the_file_too_is_told_and_moved(void **state) {
  Sides *sides = with_postgres(state);
  in_file(sides, "INSERT INTO events(topic, seq, at, kind, payload) VALUES('gap', 2, 0, '', '{}')");
  const char *said = moves(sides);
  assert_non_null(strstr(said, "BROKEN  a topic's seq runs 1, 2, 3, ... with no gap"));
  assert_non_null(strstr(said, "The same, in the file:"));
  assert_int_equal(number_in_postgres(sides, "SELECT count(*) FROM events"), 1);
}

// Refusing.

static void test_a_venue_that_is_there_is_not_written_over(void **state) {
  Sides *sides = with_postgres(state);
  in_file(sides, "INSERT INTO settings VALUES('a', 'b')");
  in_postgres(sides, "INSERT INTO stripe_events(id, kind, at) VALUES('e', 'k', 1)");
  refuses(sides, "holds a venue already: there are rows in stripe_events");
  in_postgres(sides, "DELETE FROM stripe_events");
  moves(sides);
  refuses(sides, "holds a venue already: there are rows in settings");
}

static void test_a_foyer_that_runs_on_the_database_is_told(void **state) {
  Sides *sides = with_postgres(state);
  Db *server;
  while ((server = db_open(sides->url, DB_WRITE)) == NULL) continue;  // on a busy machine not at once
  refuses_to(sides, sides->url, "a foyer is running on the PostgreSQL database");
  db_close(server);
}

static void test_what_only_one_side_has_is_refused(void **state) {
  Sides *sides = with_postgres(state);
  in_file(sides, "CREATE TABLE odd(id INTEGER PRIMARY KEY)");
  refuses(sides, "the file has a table odd that the other has not");
  in_postgres(sides, "CREATE TABLE odd(id BIGINT PRIMARY KEY, more TEXT)");
  refuses(sides, "the PostgreSQL database has a column odd.more that the other has not");
  in_file(sides, "ALTER TABLE odd ADD COLUMN less TEXT");
  refuses(sides, "the file has a column odd.less that the other has not");
  in_file(sides, "DROP TABLE odd");
  refuses(sides, "the PostgreSQL database has a table odd that the other has not");
  in_postgres(sides, "DROP TABLE odd");
  in_postgres(sides, "CREATE TABLE other(day DATE)");
  in_file(sides, "CREATE TABLE other(day TEXT)");
  refuses(sides, "other.day is of a type that cannot be moved");
}

static void test_a_file_of_another_schema_is_refused(void **state) {
  Sides *sides = with_postgres(state);
  in_file(sides, "INSERT INTO migrations(number, name, applied_at) VALUES(9999, 'later', 0)");
  refuses(sides, "the file was made by a newer foyer");
  in_file(sides, "DELETE FROM migrations WHERE number > 7");
  refuses(sides, "the file's schema is of step 7");
  in_file(sides, "DROP TABLE migrations");
  refuses(sides, "the file is not a venue");
}

static void test_a_value_that_is_not_of_its_columns_type_is_named(void **state) {
  Sides *sides = with_postgres(state);
  in_file(sides,
          "INSERT INTO cinemas(id, name, color, created_at) VALUES(6, 'six', '', 1), (7, 'seven', '', 'monday')");
  refuses(sides, "cinemas, id 7, created_at: what stands there is not of the column's type");
}

static void test_after_a_move_that_failed_the_next_one_moves_all(void **state) {
  Sides *sides = with_postgres(state);
  fill_file(sides);
  in_file(sides, "INSERT INTO blocks(user_id, blocked_id, created_at) VALUES(1000, 123456, 0)");
  refuses(sides, "violates foreign key constraint");
  in_file(sides, "DELETE FROM blocks WHERE blocked_id = 123456");
  moves(sides);
  expect_same(sides);
}

static void test_what_the_move_would_break_is_not_moved(void **state) {
  Sides *sides = with_postgres(state);
  fill_file(sides);
  in_postgres(
      sides,
      "CREATE OR REPLACE FUNCTION message_vector(people TEXT, text TEXT) RETURNS TSVECTOR LANGUAGE sql IMMUTABLE AS"
      " 'SELECT ''''::TSVECTOR'");
  refuses(sides, "what holds in the file would not hold in PostgreSQL");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(test_the_only_way_is_from_a_file_to_postgresql),
      TEST(test_a_file_that_is_not_there_is_told_and_not_made),
      TEST(test_a_file_that_somebody_has_open_is_refused),
      TEST(test_every_row_comes_as_it_was_and_the_file_stays_as_it_is),
      TEST(test_what_the_schema_demands_is_there_after_it),
      TEST(test_a_new_table_is_moved_without_being_known),
      TEST(test_numbers_go_on_behind_the_last_that_was_ever_given),
      TEST(test_what_postgresql_cannot_hold_is_replaced_and_told),
      TEST(test_what_is_broken_in_the_file_too_is_told_and_moved),
      TEST(test_a_venue_that_is_there_is_not_written_over),
      TEST(test_a_foyer_that_runs_on_the_database_is_told),
      TEST(test_what_only_one_side_has_is_refused),
      TEST(test_a_file_of_another_schema_is_refused),
      TEST(test_a_value_that_is_not_of_its_columns_type_is_named),
      TEST(test_after_a_move_that_failed_the_next_one_moves_all),
      TEST(test_what_the_move_would_break_is_not_moved),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
