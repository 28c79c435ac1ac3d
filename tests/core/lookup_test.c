// The hash table of structs that carry their own link, and the lists of deadlines.
#include "core/lookup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/deadline.h"

enum { THINGS = 1000, SAME = 7 };

typedef struct Thing {
  int number;
  LookupNode node;
  Deadline deadline;
} Thing;

static Thing *find(const Lookup *lookup, int number) {
  for (LookupNode *node = lookup_first(lookup, (uint64_t)number % SAME); node != NULL; node = lookup_next(node)) {
    Thing *thing = LOOKUP_OWNER(node, Thing, node);
    if (thing->number == number) return thing;
  }
  return NULL;
}

static void test_what_was_added_is_found_until_it_is_removed(void **state) {
  (void)state;
  Lookup lookup = {0};
  static Thing things[THINGS];
  assert_null(find(&lookup, 1));
  for (int i = 0; i < THINGS; i++) {
    things[i].number = i;
    assert_true(lookup_add(&lookup, &things[i].node, (uint64_t)i % SAME));
  }
  for (int i = 0; i < THINGS; i += 2) lookup_remove(&lookup, &things[i].node);
  assert_int_equal(lookup.count, THINGS / 2);
  for (int i = 0; i < THINGS; i++) assert_ptr_equal(find(&lookup, i), i % 2 == 1 ? &things[i] : NULL);
  assert_null(lookup_first(&lookup, SAME));
  lookup_free(&lookup);
}

static void test_deadlines_come_due_in_their_order(void **state) {
  (void)state;
  DeadlineList list, other;
  Thing a = {.number = 1}, b = {.number = 2}, c = {.number = 3};
  deadlines_init(&list);
  deadlines_init(&other);
  assert_true(deadlines_next_ms(&list) == UINT64_MAX);
  deadline_set(&list, &a.deadline, 10);
  deadline_set(&list, &b.deadline, 20);
  deadline_set(&list, &c.deadline, 30);
  assert_null(deadlines_take(&list, 9));
  deadline_set(&list, &a.deadline, 40);  // a sign of life: it goes behind the others
  assert_true(deadlines_next_ms(&list) == 20);
  deadline_set(&other, &c.deadline, 5);  // and into another list
  assert_ptr_equal(deadlines_take(&list, 100), &b.deadline);
  assert_ptr_equal(deadlines_take(&list, 100), &a.deadline);
  assert_null(deadlines_take(&list, 100));
  deadline_clear(&c.deadline);
  deadline_clear(&c.deadline);
  assert_null(deadlines_take(&other, 100));
  assert_int_equal(DEADLINE_OWNER(&b.deadline, Thing, deadline)->number, 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_what_was_added_is_found_until_it_is_removed),
      cmocka_unit_test(test_deadlines_come_due_in_their_order),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
