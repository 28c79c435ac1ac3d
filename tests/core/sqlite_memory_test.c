// The memory of the pages that SQLite keeps: taken and given back, by many threads, beside all that is no page.
#include "core/sqlite_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <sqlite3.h>
#include <uv.h>

#include <cmocka.h>

enum { PAGE_BYTES = 4096, A_PAGE_BYTES = PAGE_BYTES + 100, HUGE_PAGE_BYTES = 2 << 20, THREADS = 4, KEPT = 300 };

static int set_up(void **state) {
  (void)state;
  sqlite_memory_configure();
  return sqlite3_initialize() == SQLITE_OK ? 0 : -1;
}

static void test_pages_lie_side_by_side_and_are_used_again(void **state) {
  (void)state;
  char *pages[KEPT];
  for (int i = 0; i < KEPT; i++) {
    pages[i] = sqlite3_malloc(A_PAGE_BYTES);
    assert_non_null(pages[i]);
    assert_in_range(sqlite3_msize(pages[i]), A_PAGE_BYTES, PAGE_BYTES + 1000);
    assert_int_equal((uintptr_t)pages[i] % 16, 0);
    memset(pages[i], i % 251, A_PAGE_BYTES);
    if (i > 0) assert_ptr_equal(pages[i], pages[i - 1] + sqlite3_msize(pages[i]));
  }
  for (int i = 0; i < KEPT; i++) assert_int_equal(pages[i][A_PAGE_BYTES - 1], (char)(i % 251));
  sqlite3_free(pages[7]);
  assert_ptr_equal(sqlite3_malloc(A_PAGE_BYTES), pages[7]);
  for (int i = 0; i < KEPT; i++) sqlite3_free(pages[i]);
}

static void test_what_is_no_page_is_the_usual_allocators(void **state) {
  (void)state;
  static const int sizes[] = {1, 100, PAGE_BYTES, PAGE_BYTES + 1000, HUGE_PAGE_BYTES};
  char *page = sqlite3_malloc(A_PAGE_BYTES);
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    char *other = sqlite3_malloc(sizes[i]);
    assert_true(other + sizes[i] <= page || other >= page + HUGE_PAGE_BYTES);
    assert_true(sqlite3_msize(other) >= (sqlite3_uint64)sizes[i]);
    memset(other, 1, (size_t)sizes[i]);
    sqlite3_free(other);
  }
  sqlite3_free(page);
}

static void test_a_page_that_becomes_larger_or_smaller_keeps_its_bytes(void **state) {
  (void)state;
  char *page = sqlite3_malloc(A_PAGE_BYTES);
  memset(page, 'p', A_PAGE_BYTES);
  assert_ptr_equal(sqlite3_realloc(page, 10), page);
  char *larger = sqlite3_realloc(page, 3 * PAGE_BYTES);
  for (int i = 0; i < A_PAGE_BYTES; i++) assert_int_equal(larger[i], 'p');
  assert_ptr_equal(sqlite3_malloc(A_PAGE_BYTES), page);  // it was given back
  sqlite3_free(page);
  sqlite3_free(larger);
}

// Each thread fills pages with its number, and finds it there whatever the others do.
static void churn(void *arg) {
  char *pages[64] = {0};
  int number = *(const int *)arg;
  for (int i = 0; i < 20000; i++) {
    char **page = &pages[(i * 7 + number) % 64];
    if (*page != NULL) {
      if ((*page)[0] != number || (*page)[A_PAGE_BYTES - 1] != number) *(int *)arg = -1;
      sqlite3_free(*page);
    }
    *page = sqlite3_malloc(A_PAGE_BYTES);
    (*page)[0] = (*page)[A_PAGE_BYTES - 1] = (char)number;
  }
  for (int i = 0; i < 64; i++) sqlite3_free(pages[i]);
}

static void test_threads_do_not_get_each_others_pages(void **state) {
  (void)state;
  uv_thread_t threads[THREADS];
  int numbers[THREADS];
  for (int i = 0; i < THREADS; i++) {
    numbers[i] = i + 1;
    assert_int_equal(uv_thread_create(&threads[i], churn, &numbers[i]), 0);
  }
  for (int i = 0; i < THREADS; i++) {
    uv_thread_join(&threads[i]);
    assert_int_equal(numbers[i], i + 1);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_pages_lie_side_by_side_and_are_used_again),
      cmocka_unit_test(test_what_is_no_page_is_the_usual_allocators),
      cmocka_unit_test(test_a_page_that_becomes_larger_or_smaller_keeps_its_bytes),
      cmocka_unit_test(test_threads_do_not_get_each_others_pages),
  };
  return cmocka_run_group_tests(tests, set_up, NULL);
}
