// The map of ids against a plain array, over random changes.
#include "shared/id_map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { IDS = 5000, CHANGES = 300000 };

static void test_random_changes_give_what_an_array_gives(void **state) {
  (void)state;
  static int64_t values[IDS];  // 0: not there
  uint64_t dice = 88172645463325252ULL;
  size_t count = 0;
  IdMap *map = id_map_new();
  for (int i = 0; i < CHANGES; i++) {
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    int64_t id = (int64_t)(dice % (IDS - 1)) + 1;
    if (dice >> 60 < 9) {
      count += values[id] == 0;
      values[id] = i + 1;
      assert_true(id_map_set(map, id, values[id]));
    } else {
      count -= values[id] != 0;
      values[id] = 0;
      id_map_remove(map, id);
    }
    int64_t asked = (int64_t)(dice >> 20) % (IDS - 1) + 1;
    int64_t value = 0;
    assert_int_equal(id_map_get(map, asked, &value), values[asked] != 0);
    assert_int_equal(value, values[asked]);
    assert_int_equal(id_map_count(map), count);
  }
  id_map_free(map);
}

static void test_ids_of_every_kind_are_kept(void **state) {
  (void)state;
  IdMap *map = id_map_new();
  const int64_t ids[] = {1, -1, INT64_MAX, INT64_MIN, 1 << 20};
  for (size_t i = 0; i < 5; i++) assert_true(id_map_set(map, ids[i], (int64_t)i));
  for (size_t i = 0; i < 5; i++) {
    int64_t value = -1;
    assert_true(id_map_get(map, ids[i], &value));
    assert_int_equal(value, i);
  }
  id_map_free(map);
}

static void test_a_hundred_thousand_ids_take_less_than_forty_bytes_each(void **state) {
  (void)state;
  IdMap *map = id_map_new();
  for (int64_t id = 1; id <= 100000; id++) assert_true(id_map_set(map, id, id));
  assert_true(id_map_bytes(map) < 100000 * 40);
  id_map_free(map);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_random_changes_give_what_an_array_gives),
      cmocka_unit_test(test_ids_of_every_kind_are_kept),
      cmocka_unit_test(test_a_hundred_thousand_ids_take_less_than_forty_bytes_each),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
