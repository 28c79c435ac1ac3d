// The database connection: statements, parameters, transactions, a call's savepoint, and failures that stick.
#include "core/db.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/log.h"

static Arena arena;
static Db *db;
static char directory[64];
static char path[96];

static int begin(void **state) {
  (void)state;
  log_set_level(LOG_OFF);
  snprintf(directory, sizeof directory, "%s/foyer_db_XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
  if (mkdtemp(directory) == NULL) return 1;
  snprintf(path, sizeof path, "%s/foyer.db", directory);
  db = db_open(path, DB_WRITE);
  return db == NULL || !db_migrate(db, 1000) ||
         !db_run(db, "CREATE TABLE things(id INTEGER PRIMARY KEY, name TEXT UNIQUE, size REAL)");
}

static int end(void **state) {
  static const char *const ends[] = {"", "-wal", "-shm"};
  (void)state;
  db_close(db);
  for (int i = 0; i < 3; i++) {
    char file[128];
    snprintf(file, sizeof file, "%s%s", path, ends[i]);
    unlink(file);
  }
  arena_free(&arena);
  return rmdir(directory);
}

static bool add(Str name) {
  static const char ADD[] = "INSERT INTO things(name, size) VALUES($1, $2)";
  return db_run(db, ADD, sql_text(name), sql_real(1.5));
}

static int64_t count(Db *of) {
  static const char COUNT[] = "SELECT count(*) FROM things";
  return db_int(of, COUNT, -1);
}

static void test_values_come_back_as_they_went_in(void **state) {
  static const char ADD[] = "INSERT INTO things(id, name, size) VALUES($1, $2, $3)";
  static const char GET[] = "SELECT id, name, size FROM things ORDER BY id";
  (void)state;
  assert_true(db_run(db, ADD, sql_int(INT64_MIN), sql_text((Str){"a\0b\xc3\xa4", 5}), sql_real(-0.1)));
  assert_true(db_run(db, ADD, sql_int(INT64_MAX), sql_text_or_null(STR("")), sql_real(1e300)));
  Rows rows = db_rows(db, GET);
  assert_true(rows_next(&rows));
  assert_true(rows_int(&rows, 0) == INT64_MIN);
  assert_true(str_equal(rows_text(&rows, 1, &arena), (Str){"a\0b\xc3\xa4", 5}));
  assert_true(rows_real(&rows, 2) == -0.1);
  assert_true(rows_next(&rows));
  assert_true(rows_int(&rows, 0) == INT64_MAX);
  assert_true(rows_is_null(&rows, 1));
  assert_int_equal(rows_text(&rows, 1, &arena).length, 0);
  assert_false(rows_next(&rows));
  assert_false(rows_next(&rows));
}

static void test_an_empty_text_is_no_null(void **state) {
  (void)state;
  assert_true(add((Str){0}));
  assert_int_equal(db_int(db, "SELECT name IS NULL FROM things", -1), 0);
}

static void test_a_statement_ended_early_is_free_for_its_next_use(void **state) {
  static const char GET[] = "SELECT id FROM things WHERE id >= $1 ORDER BY id";
  (void)state;
  assert_true(add(STR("a")) && add(STR("b")) && add(STR("c")));
  for (int round = 1; round <= 3; round++) {
    Rows rows = db_rows(db, GET, sql_int(round));
    assert_true(rows_next(&rows));
    assert_int_equal(rows_int(&rows, 0), round);
    rows_end(&rows);
  }
  assert_int_equal(db_int(db, GET, 7, sql_int(99)), 7);
}

static void test_changes_are_counted(void **state) {
  (void)state;
  assert_true(add(STR("a")) && add(STR("b")));
  assert_true(db_run(db, "UPDATE things SET size = 2"));
  assert_int_equal(db_changes(db), 2);
  assert_true(db_run(db, "DELETE FROM things WHERE name = 'c'"));
  assert_int_equal(db_changes(db), 0);
}

static void test_the_version_of_a_table_changes_with_all_that_may_change_its_rows(void **state) {
  static const char TABLE[] = "things";
  (void)state;
  assert_int_not_equal(db_version_of(db, TABLE), db_version_of(db, TABLE));  // outside of a transaction
  assert_true(db_begin(db, DB_WRITE));
  uint64_t before = db_version_of(db, TABLE);
  assert_true(db_run(db, "INSERT INTO settings(name, value) VALUES('a', 'b')"));
  assert_int_equal(count(db), 0);
  assert_int_equal(db_version_of(db, TABLE), before);
  db_call_begin(db);
  assert_true(add(STR("a")));
  uint64_t added = db_version_of(db, TABLE);
  assert_int_not_equal(added, before);
  assert_true(db_call_end(db, true));
  assert_int_equal(db_version_of(db, TABLE), added);
  db_call_begin(db);
  assert_int_equal(count(db), 1);
  assert_true(db_call_end(db, false));  // nothing is undone
  assert_int_equal(db_version_of(db, TABLE), added);
  db_call_begin(db);
  assert_true(db_run(db, "UPDATE things SET size = 2"));
  uint64_t changed = db_version_of(db, TABLE);
  assert_int_not_equal(changed, added);
  assert_true(db_call_end(db, false));
  uint64_t undone = db_version_of(db, TABLE);
  assert_int_not_equal(undone, changed);
  assert_true(db_commit(db));
  assert_true(db_begin(db, DB_WRITE));
  assert_int_not_equal(db_version_of(db, TABLE), undone);
  assert_true(db_commit(db));
}

static void test_a_failed_part_is_undone_and_its_neighbours_are_kept(void **state) {
  (void)state;
  assert_true(db_begin(db, DB_WRITE));
  db_call_begin(db);
  assert_true(add(STR("a")));
  assert_true(db_call_end(db, true));
  db_call_begin(db);
  assert_true(add(STR("b")));
  assert_false(add(STR("a")));
  assert_true(db_failed(db));
  assert_false(add(STR("c")));
  assert_int_equal(count(db), -1);
  assert_true(db_call_end(db, false));
  db_call_begin(db);
  assert_false(db_failed(db));
  assert_true(add(STR("d")));
  assert_true(db_call_end(db, true));
  assert_true(db_commit(db));
  assert_int_equal(db_int(db, "SELECT count(*) FROM things WHERE name IN ('a', 'd')", 0), 2);
  assert_int_equal(count(db), 2);
}

static void test_a_part_may_be_undone_without_a_failure(void **state) {
  (void)state;
  assert_true(db_begin(db, DB_WRITE));
  db_call_begin(db);
  assert_int_equal(count(db), 0);
  assert_true(db_call_end(db, false));
  db_call_begin(db);
  assert_true(add(STR("a")));
  assert_true(db_call_end(db, false));
  assert_true(db_commit(db));
  assert_int_equal(count(db), 0);
}

static void test_a_part_that_spares_its_savepoint_falls_with_the_whole(void **state) {
  (void)state;
  assert_true(db_begin(db, DB_WRITE));
  db_call_begin(db);
  db_call_spare_savepoint(db);
  assert_true(db_run(db, "UPDATE things SET size = 3"));  // of no row
  assert_true(db_call_end(db, false));
  db_call_begin(db);
  db_call_spare_savepoint(db);
  assert_true(add(STR("a")));
  assert_true(db_call_end(db, true));
  db_call_begin(db);
  assert_true(add(STR("b")));
  assert_true(db_call_end(db, false));  // the next one has its savepoint again
  assert_int_equal(count(db), 1);
  db_call_begin(db);
  db_call_spare_savepoint(db);
  assert_true(add(STR("c")));
  assert_false(db_call_end(db, false));
  assert_true(db_rollback(db));
  assert_int_equal(count(db), 0);
}

static void test_a_transaction_lost_on_the_way_is_told(void **state) {
  (void)state;
  assert_true(db_begin(db, DB_WRITE));
  db_call_begin(db);
  assert_true(add(STR("a")));
  assert_false(db_run(db, "INSERT OR ROLLBACK INTO things(name) VALUES('a')"));
  assert_false(db_call_end(db, false));
  assert_false(db_commit(db));
  assert_true(db_begin(db, DB_WRITE));
  assert_int_equal(count(db), 0);
  assert_true(db_commit(db));
}

static void test_a_rollback_leaves_nothing(void **state) {
  (void)state;
  assert_true(db_begin(db, DB_WRITE));
  assert_true(add(STR("a")));
  db_rollback(db);
  db_rollback(db);
  assert_int_equal(count(db), 0);
}

static void test_a_reader_sees_one_moment_and_cannot_write(void **state) {
  (void)state;
  Db *reader = db_open(path, DB_READ);
  assert_non_null(reader);
  assert_true(db_begin(reader, DB_READ));
  assert_int_equal(count(reader), 0);
  assert_true(add(STR("a")));
  assert_int_equal(count(reader), 0);
  db_rollback(reader);
  assert_true(db_begin(reader, DB_READ));
  assert_int_equal(count(reader), 1);
  db_call_begin(reader);
  assert_false(db_run(reader, "DELETE FROM things"));
  db_call_end(reader, false);
  db_rollback(reader);
  db_close(reader);
  assert_int_equal(count(db), 1);
}

static void test_only_the_writes_of_others_are_changes_from_outside(void **state) {
  (void)state;
  db_changed_outside(db);
  assert_true(add(STR("a")));
  assert_false(db_changed_outside(db));
  Db *other = db_open(path, DB_WRITE);
  assert_non_null(other);
  assert_true(db_run(other, "DELETE FROM things"));
  assert_true(db_changed_outside(db));
  assert_false(db_changed_outside(db));
  db_close(other);
}

static void test_what_is_wrong_with_a_statement_fails_the_part_and_no_more(void **state) {
  (void)state;
  db_call_begin(db);
  assert_false(db_run(db, "SELECT nonsense FROM nowhere"));
  assert_true(db_failed(db));
  db_call_end(db, false);
  db_call_begin(db);
  assert_true(add(STR("a")));
  db_call_end(db, true);
}

static void test_the_schema_is_brought_up_once_and_a_newer_one_is_refused(void **state) {
  (void)state;
  int64_t known = db_int(db, "SELECT count(*) FROM migrations", 0);
  assert_true(known > 0);
  assert_true(db_migrate(db, 2000));
  assert_int_equal(db_int(db, "SELECT count(*) FROM migrations WHERE applied_at = 1000", 0), known);
  assert_true(db_run(db, "INSERT INTO migrations(number, name, applied_at) VALUES(99999, 'later', 0)"));
  assert_false(db_migrate(db, 3000));
}

static void test_a_path_that_is_no_database_cannot_be_opened(void **state) {
  (void)state;
  assert_null(db_open("/nowhere/foyer.db", DB_WRITE));
  assert_null(db_open(directory, DB_WRITE));
  char file[128];
  snprintf(file, sizeof file, "%s/absent.db", directory);
  assert_null(db_open(file, DB_READ));
  FILE *text = fopen(file, "w");
  for (int i = 0; i < 1000; i++) fputs("this is no database\n", text);
  fclose(text);
  assert_null(db_open(file, DB_WRITE));
  unlink(file);
}

static const char list_numbers[] =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT i FROM n";

static int list_to_the_end(void) {
  int listed = 0;
  Rows rows = db_rows(db, list_numbers);
  while (rows_next(&rows)) ++listed;
  return listed;
}

static void test_work_past_its_limit_ends_early_and_is_no_failure(void **state) {
  (void)state;
  db_call_begin(db);
  db_limit_work(db, 10);
  assert_in_range(list_to_the_end(), 1, 99999);
  assert_true(db_work_is_spent(db));
  assert_false(db_failed(db));
  db_limit_work(db, 10000);
  assert_int_equal(list_to_the_end(), 100000);
  assert_false(db_work_is_spent(db));
  db_limit_work(db, 1);
  db_limit_work(db, 0);
  assert_int_equal(list_to_the_end(), 100000);
  db_call_end(db, true);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_values_come_back_as_they_went_in),
      CASE(test_an_empty_text_is_no_null),
      CASE(test_a_statement_ended_early_is_free_for_its_next_use),
      CASE(test_changes_are_counted),
      CASE(test_the_version_of_a_table_changes_with_all_that_may_change_its_rows),
      CASE(test_a_failed_part_is_undone_and_its_neighbours_are_kept),
      CASE(test_a_part_may_be_undone_without_a_failure),
      CASE(test_a_part_that_spares_its_savepoint_falls_with_the_whole),
      CASE(test_a_transaction_lost_on_the_way_is_told),
      CASE(test_a_rollback_leaves_nothing),
      CASE(test_a_reader_sees_one_moment_and_cannot_write),
      CASE(test_only_the_writes_of_others_are_changes_from_outside),
      CASE(test_what_is_wrong_with_a_statement_fails_the_part_and_no_more),
      CASE(test_work_past_its_limit_ends_early_and_is_no_failure),
      CASE(test_the_schema_is_brought_up_once_and_a_newer_one_is_refused),
      CASE(test_a_path_that_is_no_database_cannot_be_opened),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
