// The power is cut at every write and sync: what was acknowledged is there after it, what was not is there whole or not
// at all, and the file is sound.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/db.h"
#include "core/log.h"
#include "support/ram_disk.h"

enum { BEGIN_MS = 1000, COMMITS = 12, NUMBERS_A_COMMIT = 3 };

static const char path[] = "cut.db";

static void *template;
static size_t template_size;

static int make_template(void **state) {
  (void)state;
  log_set_level(LOG_OFF);
  ram_disk_mount();
  ram_disk_begin(BEGIN_MS);
  Db *db = db_open(path, DB_WRITE);
  assert_non_null(db);
  assert_true(db_migrate(db, BEGIN_MS));
  db_close(db);
  template = ram_disk_take(path, &template_size);
  ram_disk_wipe();
  return 0;
}

static int free_template(void **state) {
  (void)state;
  free(template);
  return 0;
}

static bool commit_numbers(Db *db, int commit) {
  static const char ADD[] = "INSERT INTO settings(name, value) VALUES($1, $2)";
  char value[4000] = {0};  // some pages
  for (size_t i = 0; i < sizeof value - 1; i++) value[i] = (char)('a' + (commit + (int)i) % 26);
  bool alive = db_begin(db, DB_WRITE);
  for (int i = 0; alive && i < NUMBERS_A_COMMIT; i++) {
    char name[32];
    snprintf(name, sizeof name, "%d.%d", commit, i);
    db_call_begin(db);
    db_run(db, ADD, sql_text(str_from(name)), sql_text(str_from(value)));
    alive = db_call_end(db, !db_failed(db)) && !db_failed(db);
  }
  if (alive) return db_commit(db);
  db_rollback(db);
  return false;
}

// Commits until the fault comes; gives how many were acknowledged.
static int commit_until_fault(Db *db) {
  int acknowledged = 0;
  while (acknowledged < COMMITS && commit_numbers(db, acknowledged)) ++acknowledged;
  return acknowledged;
}

static void assert_sound(Db *db, int acknowledged) {
  static const char COUNT[] = "SELECT count(*) FROM settings";
  static const char KEPT[] = "SELECT count(*) FROM settings WHERE CAST(name AS INTEGER) < $1";
  static const char CHECK[] = "SELECT integrity_check = 'ok' FROM pragma_integrity_check";
  assert_int_equal(db_int(db, KEPT, -1, sql_int(acknowledged)), acknowledged * NUMBERS_A_COMMIT);
  assert_int_equal(db_int(db, COUNT, -1) % NUMBERS_A_COMMIT, 0);
  assert_int_equal(db_int(db, CHECK, 0), 1);
}

// One run with the power cut at the nth write; false when there is none.
static bool run_with_cut(int nth, RamCut cut, int *acknowledged) {
  ram_disk_wipe();
  ram_disk_put(path, template, template_size);
  Db *db = db_open(path, DB_WRITE);
  assert_non_null(db);
  ram_disk_arm(nth, true);
  *acknowledged = commit_until_fault(db);
  ram_disk_cut(cut, (uint64_t)nth);
  bool met = ram_disk_disarm();
  db_close(db);
  db = db_open(path, DB_WRITE);
  assert_non_null(db);
  assert_sound(db, *acknowledged);
  int more = *acknowledged + 1;
  assert_true(commit_numbers(db, more + COMMITS));  // and it goes on
  db_close(db);
  return met;
}

static void sweep(RamCut cut) {
  int acknowledged = 0;
  int least = COMMITS;
  for (int nth = 1; run_with_cut(nth, cut, &acknowledged); nth++) {
    if (acknowledged < least) least = acknowledged;
  }
  assert_int_equal(least, 0);
  assert_int_equal(acknowledged, COMMITS);
}

static void test_what_was_acknowledged_survives_a_cut_that_loses_all_unsynced(void **state) {
  (void)state;
  sweep(RAM_CUT);
}

static void test_what_was_acknowledged_survives_torn_writes(void **state) {
  (void)state;
  sweep(RAM_CUT_TORN);
}

static void test_what_was_acknowledged_survives_the_end_of_the_process(void **state) {
  (void)state;
  sweep(RAM_CRASH);
}

// The disk itself: a cut takes what was not synced, or this test would see nothing.
static void test_without_syncs_a_cut_loses_commits(void **state) {
  (void)state;
  static const char NEVER[] = "PRAGMA synchronous=OFF";
  static const char COUNT[] = "SELECT count(*) FROM settings";
  ram_disk_wipe();
  ram_disk_put(path, template, template_size);
  Db *db = db_open(path, DB_WRITE);
  assert_true(db_run(db, NEVER));
  assert_int_equal(commit_until_fault(db), COMMITS);
  ram_disk_cut(RAM_CUT, 1);
  db_close(db);
  db = db_open(path, DB_WRITE);
  assert_int_equal(db_int(db, COUNT, -1), 0);
  db_close(db);
}

// One write for the pages of each commit, and its sync.
static void test_the_pages_of_a_commit_are_written_at_once(void **state) {
  (void)state;
  ram_disk_wipe();
  ram_disk_put(path, template, template_size);
  Db *db = db_open(path, DB_WRITE);
  assert_true(commit_numbers(db, 0));
  ram_disk_arm(2 * COMMITS + 1, false);
  for (int i = 1; i <= COMMITS; i++) assert_true(commit_numbers(db, i));
  assert_false(ram_disk_disarm());
  db_close(db);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_what_was_acknowledged_survives_a_cut_that_loses_all_unsynced),
      cmocka_unit_test(test_what_was_acknowledged_survives_torn_writes),
      cmocka_unit_test(test_what_was_acknowledged_survives_the_end_of_the_process),
      cmocka_unit_test(test_the_pages_of_a_commit_are_written_at_once),
      cmocka_unit_test(test_without_syncs_a_cut_loses_commits),
  };
  return cmocka_run_group_tests(tests, make_template, free_template);
}
