// What the arena promises: zeroed and aligned bytes, one chunk kept, and a call that survives a refusing malloc.
#include "shared/arena.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static void test_an_empty_arena_takes_nothing_until_its_first_use(void **state) {
  (void)state;
  Arena arena = {0};
  assert_int_equal(arena.total, 0);
  arena_reset(&arena);
  arena_free(&arena);
  assert_null(arena.chunk);
}

static void test_allocations_are_zeroed_aligned_and_do_not_overlap(void **state) {
  (void)state;
  Arena arena = {0};
  unsigned char *blocks[500];
  for (size_t i = 0; i < 500; i++) {
    blocks[i] = arena_alloc(&arena, i);
    assert_int_equal((uintptr_t)blocks[i] % _Alignof(max_align_t), 0);
    for (size_t byte = 0; byte < i; byte++) {
      assert_int_equal(blocks[i][byte], 0);
    }
    memset(blocks[i], (int)(i % 251) + 1, i);
  }
  for (size_t i = 0; i < 500; i++) {
    for (size_t byte = 0; byte < i; byte++) {
      assert_int_equal(blocks[i][byte], i % 251 + 1);
    }
  }
  arena_free(&arena);
}

static void test_bytes_are_zero_again_after_a_reset(void **state) {
  (void)state;
  Arena arena = {0};
  memset(arena_alloc(&arena, 1000), 0xAA, 1000);
  arena_reset(&arena);
  const char *again = arena_alloc(&arena, 1000);
  for (int i = 0; i < 1000; i++) {
    assert_int_equal(again[i], 0);
  }
  arena_free(&arena);
}

static void test_a_large_allocation_leaves_the_room_of_the_newest_chunk_usable(void **state) {
  (void)state;
  Arena arena = {0};
  char *before = arena_alloc(&arena, 16);
  memset(arena_alloc(&arena, 3 << 20), 1, 3 << 20);
  char *after = arena_alloc(&arena, 16);
  assert_ptr_equal(after, before + 16);
  arena_free(&arena);
}

static void test_what_is_large_lies_on_whole_huge_pages(void **state) {
  (void)state;
  enum { HUGE_PAGE_BYTES = 2 << 20, SLACK_BYTES = 64 };
  Arena arena = {0};
  const char *large = arena_alloc(&arena, 5 << 20);
  assert_in_range((uintptr_t)large % HUGE_PAGE_BYTES, 0, SLACK_BYTES);
  assert_int_equal(arena.total % HUGE_PAGE_BYTES, 0);
  arena_alloc(&arena, (2 << 20) + 1000);  // not twice as much for what would fill little of its last one
  assert_in_range(arena.total, 6 << 20, (8 << 20) + 2000);
  arena_free(&arena);
}

static void test_room_keeps_what_follows_side_by_side(void **state) {
  (void)state;
  Arena arena = {0};
  char *before = arena_alloc(&arena, 16);
  arena_room(&arena, 100000);
  size_t total = arena.total;
  char *first = arena_alloc(&arena, 60000);
  char *second = arena_alloc(&arena, 40000);
  assert_ptr_equal(second, first + 60000);
  assert_int_equal(arena.total, total);
  arena_room(&arena, 0);
  arena_alloc(&arena, 16);
  memset(before, 1, 16);
  assert_in_range(arena.total, total + 1, total + (8 << 10));  // chunks go on growing from where they were
  arena_free(&arena);
}

static void test_chunks_grow_so_that_many_allocations_need_few_of_them(void **state) {
  (void)state;
  Arena arena = {0};
  for (int i = 0; i < 100; i++) {
    arena_alloc(&arena, 100);
  }
  assert_true(arena.total >= 10000 && arena.total <= 32 << 10);
  arena_free(&arena);
}

static void test_a_reset_keeps_at_most_64_kib(void **state) {
  (void)state;
  Arena arena = {0};
  for (int i = 0; i < 10000; i++) {
    arena_alloc(&arena, 1000);
  }
  arena_reset(&arena);
  assert_int_equal(arena.total, 64 << 10);
  arena_alloc(&arena, 60000);
  assert_int_equal(arena.total, 64 << 10);
  arena_free(&arena);
  assert_int_equal(arena.total, 0);
}

static void test_a_reset_after_only_a_huge_allocation_keeps_nothing(void **state) {
  (void)state;
  Arena arena = {0};
  arena_alloc(&arena, 1 << 20);
  arena_reset(&arena);
  assert_int_equal(arena.total, 0);
  assert_null(arena.chunk);
}

static void test_a_copy_is_independent_of_its_source(void **state) {
  (void)state;
  Arena arena = {0};
  char source[] = "stalls";
  const char *copy = arena_copy(&arena, source, sizeof source);
  source[0] = 'x';
  assert_string_equal(copy, "stalls");
  assert_non_null(arena_copy(&arena, NULL, 0));
  arena_free(&arena);
}

static void test_the_newest_block_grows_in_place_and_an_older_one_moves(void **state) {
  (void)state;
  Arena arena = {0};
  char *older = arena_copy(&arena, "row", 4);
  char *newest = arena_copy(&arena, "seat", 5);
  assert_ptr_equal(arena_grow(&arena, newest, 5, 500), newest);
  char *moved = arena_grow(&arena, older, 4, 100);
  assert_ptr_not_equal(moved, older);
  assert_string_equal(moved, "row");
  char *far = arena_grow(&arena, moved, 100, 100000);
  assert_string_equal(far, "row");
  assert_string_equal(newest, "seat");
  arena_free(&arena);
}

// From here on malloc gives nothing of 64 KiB or more, until the limit returned is set again.
static struct rlimit refuse_memory(void) {
  malloc_trim(0);
  struct rlimit before;
  getrlimit(RLIMIT_AS, &before);
  struct rlimit none = {.rlim_cur = 1 << 20, .rlim_max = before.rlim_max};
  setrlimit(RLIMIT_AS, &none);
  return before;
}

static void test_a_call_goes_on_and_is_marked_failed_when_malloc_refuses(void **state) {
  (void)state;
  if (SANITIZED) skip();
  Arena arena = {0};
  char *kept = arena_copy(&arena, "before", 7);
  struct rlimit before = refuse_memory();
  char *large = arena_alloc(&arena, 1900000);
  large[1899999] = 1;
  char *small = arena_alloc(&arena, 100000);
  small[99999] = 1;
  setrlimit(RLIMIT_AS, &before);
  assert_true(arena.failed);
  assert_string_equal(kept, "before");
  arena_reset(&arena);
  assert_false(arena.failed);
  arena_free(&arena);
}

static void test_the_reserve_comes_back_with_a_reset(void **state) {
  (void)state;
  if (SANITIZED) skip();
  Arena arena = {0};
  for (int i = 0; i < 100; i++) {
    struct rlimit before = refuse_memory();
    arena_alloc(&arena, 1900000);
    setrlimit(RLIMIT_AS, &before);
    assert_true(arena.failed);
    arena_reset(&arena);
  }
  arena_free(&arena);
}

int main(void) {
  mallopt(M_MMAP_THRESHOLD, 64 << 10);  // what is larger is no more malloc's to give when it was given back
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_an_empty_arena_takes_nothing_until_its_first_use),
      cmocka_unit_test(test_allocations_are_zeroed_aligned_and_do_not_overlap),
      cmocka_unit_test(test_bytes_are_zero_again_after_a_reset),
      cmocka_unit_test(test_a_large_allocation_leaves_the_room_of_the_newest_chunk_usable),
      cmocka_unit_test(test_what_is_large_lies_on_whole_huge_pages),
      cmocka_unit_test(test_room_keeps_what_follows_side_by_side),
      cmocka_unit_test(test_chunks_grow_so_that_many_allocations_need_few_of_them),
      cmocka_unit_test(test_a_reset_keeps_at_most_64_kib),
      cmocka_unit_test(test_a_reset_after_only_a_huge_allocation_keeps_nothing),
      cmocka_unit_test(test_a_copy_is_independent_of_its_source),
      cmocka_unit_test(test_the_newest_block_grows_in_place_and_an_older_one_moves),
      cmocka_unit_test(test_a_call_goes_on_and_is_marked_failed_when_malloc_refuses),
      cmocka_unit_test(test_the_reserve_comes_back_with_a_reset),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
