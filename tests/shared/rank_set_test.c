// The ordered set of ranks against a plain sorted array, over random changes of every shape.
#include "shared/rank_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MODEL_MAX = 40000 };

typedef struct Model {
  uint64_t ranks[MODEL_MAX];
  size_t count;
} Model;

static uint64_t dice;

static uint64_t roll(void) {
  dice ^= dice << 13;
  dice ^= dice >> 7;
  return dice ^= dice << 17;
}

static size_t model_before(const Model *model, uint64_t rank) {
  size_t low = 0;
  size_t high = model->count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (model->ranks[middle] < rank) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

static bool model_has(const Model *model, size_t at, uint64_t rank) {
  return at < model->count && model->ranks[at] == rank;
}

static void model_add(Model *model, uint64_t rank) {
  size_t at = model_before(model, rank);
  if (model_has(model, at, rank)) return;
  assert_true(model->count < MODEL_MAX);
  memmove(&model->ranks[at + 1], &model->ranks[at], (model->count - at) * sizeof rank);
  model->ranks[at] = rank;
  ++model->count;
}

static bool model_remove(Model *model, uint64_t rank) {
  size_t at = model_before(model, rank);
  if (!model_has(model, at, rank)) return false;
  --model->count;
  memmove(&model->ranks[at], &model->ranks[at + 1], (model->count - at) * sizeof rank);
  return true;
}

static void expect_same(const RankSet *set, const Model *model) {
  assert_int_equal(rank_set_count(set), model->count);
  for (size_t i = 0; i < model->count; i++) {
    uint64_t rank;
    assert_true(rank_set_at(set, i, &rank));
    assert_true(rank == model->ranks[i]);
    assert_int_equal(rank_set_before(set, rank), i);
  }
}

// `adding` of a hundred changes add; `wide` is the range of the ranks (0: each is above all before).
static void change(RankSet *set, Model *model, int changes, uint64_t adding, uint64_t wide) {
  static uint64_t next;
  for (int i = 0; i < changes; i++) {
    uint64_t rank = wide == 0 ? (UINT64_C(1) << 62) + ++next : roll() % wide;
    uint64_t what = roll() % 100;
    if (what < adding) {
      assert_true(rank_set_add(set, rank));
      model_add(model, rank);
    } else if (what % 2 == 0 && model->count > 0) {
      uint64_t popped;
      assert_true(rank_set_pop(set, &popped));
      assert_true(popped == model->ranks[0]);
      model_remove(model, popped);
    } else {
      uint64_t gone = model->count > 0 && what % 3 > 0 ? model->ranks[roll() % model->count] : rank;
      assert_int_equal(rank_set_remove(set, gone), model_remove(model, gone));
    }
    uint64_t asked = roll() % (wide == 0 ? UINT64_MAX : wide);
    assert_int_equal(rank_set_before(set, asked), model_before(model, asked));
  }
  expect_same(set, model);
}

static void test_random_changes_give_what_a_sorted_array_gives(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 4; seed++) {
    dice = seed * 0x9E3779B97F4A7C15ULL;
    RankSet *set = rank_set_new();
    Model *model = calloc(1, sizeof *model);
    change(set, model, 20000, 80, UINT64_C(1) << 62);  // the lots before the opening
    change(set, model, 10000, 60, 0);                  // then those who arrive
    change(set, model, 15000, 20, UINT64_C(1) << 62);
    change(set, model, 3000, 50, 500);  // ranks that meet
    change(set, model, 30000, 5, 0);    // down to nothing
    free(model);
    rank_set_free(set);
  }
}

static void test_an_empty_set_has_nothing(void **state) {
  (void)state;
  RankSet *set = rank_set_new();
  uint64_t rank;
  assert_false(rank_set_pop(set, &rank));
  assert_false(rank_set_at(set, 0, &rank));
  assert_false(rank_set_remove(set, 7));
  assert_int_equal(rank_set_before(set, 7), 0);
  assert_true(rank_set_add(set, 0));
  assert_true(rank_set_add(set, UINT64_MAX));
  assert_true(rank_set_pop(set, &rank));
  assert_true(rank == 0);
  assert_true(rank_set_remove(set, UINT64_MAX));
  assert_int_equal(rank_set_count(set), 0);
  rank_set_free(set);
}

static void test_a_line_that_grows_at_its_end_fills_its_blocks(void **state) {
  (void)state;
  RankSet *set = rank_set_new();
  for (uint64_t i = 0; i < 200000; i++) assert_true(rank_set_add(set, (UINT64_C(1) << 62) + i));
  assert_true(rank_set_bytes(set) < 200000 * 9);
  rank_set_free(set);
}

static void test_a_line_that_shrinks_everywhere_gives_its_memory_back(void **state) {
  (void)state;
  RankSet *set = rank_set_new();
  for (uint64_t i = 0; i < 100000; i++) assert_true(rank_set_add(set, i));
  for (uint64_t i = 0; i < 100000; i++) {
    if (i % 100 != 0) assert_true(rank_set_remove(set, i));
  }
  assert_int_equal(rank_set_count(set), 1000);
  assert_true(rank_set_bytes(set) < 64 * 1024);
  assert_int_equal(rank_set_before(set, 5000), 50);
  rank_set_free(set);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_random_changes_give_what_a_sorted_array_gives),
      cmocka_unit_test(test_an_empty_set_has_nothing),
      cmocka_unit_test(test_a_line_that_grows_at_its_end_fills_its_blocks),
      cmocka_unit_test(test_a_line_that_shrinks_everywhere_gives_its_memory_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
