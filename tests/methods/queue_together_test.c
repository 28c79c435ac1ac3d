// Joins that come at once, so that one commit holds them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "methods/queue.h"
#include "support/onsale.h"

static void test_two_joins_at_once_are_one_place(void **state) {
  Rig *rig = *state;
  onsale_open(rig);
  for (int64_t user_id = 1; user_id <= 2; user_id++) onsale_join(rig, user_id);
  Answer first;
  Answer second;
  Identity who = onsale_person(rig, 3);
  rig_ask(rig, 0, &queue_method_join, &who, "{}", &first);
  rig_ask(rig, 0, &queue_method_join, &who, "{}", &second);
  RIG_UNTIL(rig, first.done && second.done);
  assert_string_equal(rig_zero(rig, first.reply), rig_zero(rig, second.reply));
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM queue_places WHERE user_id = 3"), 1);
}

static void test_joins_of_one_commit_stand_in_the_order_they_came(void **state) {
  enum { COUNT = 8 };
  static const int64_t people[COUNT] = {3, 4, 3, 4, 5, 4, 1, 6};
  Rig *rig = *state;
  onsale_open(rig);
  for (int64_t user_id = 1; user_id <= 2; user_id++) onsale_join(rig, user_id);
  Answer answers[COUNT];
  Identity who[COUNT];
  uint64_t commits = store_figures(rig->store).commits;
  for (int i = 0; i < COUNT; i++) who[i] = onsale_person(rig, people[i]);
  for (int i = 0; i < COUNT; i++)
    rig_ask(rig, 0, i == 3 ? &queue_method_leave : &queue_method_join, &who[i], "{}", &answers[i]);
  for (int i = 0; i < COUNT; i++) RIG_UNTIL(rig, answers[i].done);
  for (int i = 0; i < COUNT; i++) assert_refused(answers[i], ERR_NONE);
  assert_int_equal(store_figures(rig->store).commits - commits, 1);
  assert_int_equal(onsale_look(rig, 1).state, PLACE_ACTIVE);
  assert_int_equal(onsale_look(rig, 3).position, 1);
  assert_int_equal(onsale_look(rig, 5).position, 2);
  assert_int_equal(onsale_look(rig, 4).position, 3);
  assert_int_equal(onsale_look(rig, 6).position, 4);
  assert_int_equal(rig_int(rig,
                           "SELECT count(*) FROM queue_places a JOIN queue_places b ON b.id > a.id"
                           " WHERE a.status = 'waiting' AND b.status = 'waiting' AND b.rank <= a.rank"),
                   0);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM queue_places"), 7);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, onsale_setup, onsale_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_two_joins_at_once_are_one_place),
      CASE(test_joins_of_one_commit_stand_in_the_order_they_came),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
