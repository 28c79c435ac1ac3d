// The bounded queue between threads.
#include "core/queue.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { LIMIT_MS = 10000 };

static Call calls[8];

// A list of the calls `from` to `to`.
static Call *list(int from, int to) {
  for (int i = from; i <= to; i++) calls[i].next = i < to ? &calls[i + 1] : NULL;
  return &calls[from];
}

static void assert_list(const Call *first, int from, int to) {
  for (int i = from; i <= to; i++, first = first->next) assert_ptr_equal(first, &calls[i]);
  assert_null(first);
}

static void test_calls_come_out_in_their_order_as_many_as_asked_for(void **state) {
  (void)state;
  Queue queue;
  assert_true(queue_init(&queue, 8));
  assert_null(queue_add(&queue, list(0, 2)));
  assert_null(queue_add(&queue, list(3, 3)));
  assert_list(queue_take(&queue, 2, LIMIT_MS), 0, 1);
  assert_null(queue_add(&queue, list(4, 4)));
  assert_list(queue_take(&queue, 8, LIMIT_MS), 2, 4);
  assert_null(queue_add(&queue, list(5, 5)));
  assert_list(queue_take(&queue, 1, LIMIT_MS), 5, 5);
  queue_free(&queue);
}

static void test_what_does_not_fit_is_given_back(void **state) {
  (void)state;
  Queue queue;
  assert_true(queue_init(&queue, 3));
  assert_list(queue_add(&queue, list(0, 5)), 3, 5);
  assert_list(queue_add(&queue, list(6, 6)), 6, 6);
  assert_list(queue_take(&queue, 1, LIMIT_MS), 0, 0);
  assert_null(queue_add(&queue, list(6, 6)));
  Call *taken = queue_take(&queue, 8, LIMIT_MS);
  assert_ptr_equal(taken, &calls[1]);
  assert_ptr_equal(taken->next->next, &calls[6]);
  queue_free(&queue);
}

static void test_taking_from_an_empty_queue_ends_after_its_time(void **state) {
  (void)state;
  Queue queue;
  assert_true(queue_init(&queue, 3));
  assert_null(queue_take(&queue, 1, 1));
  assert_false(queue_is_over(&queue));
  queue_free(&queue);
}

static void test_a_closed_queue_takes_nothing_and_is_over_once_it_is_empty(void **state) {
  (void)state;
  Queue queue;
  assert_true(queue_init(&queue, 3));
  assert_null(queue_add(&queue, list(0, 1)));
  queue_close(&queue);
  assert_list(queue_add(&queue, list(2, 2)), 2, 2);
  assert_false(queue_is_over(&queue));
  assert_list(queue_take(&queue, 3, LIMIT_MS), 0, 1);
  assert_true(queue_is_over(&queue));
  assert_null(queue_take(&queue, 3, LIMIT_MS));
  queue_free(&queue);
}

typedef struct Taker {
  uv_thread_t thread;
  Queue *queue;
  int taken;
} Taker;

static void take_all(void *of) {
  Taker *taker = of;
  while (!queue_is_over(taker->queue)) taker->taken += queue_take(taker->queue, 1, LIMIT_MS) != NULL;
}

static void test_several_takers_get_each_call_once_and_leave_at_the_close(void **state) {
  (void)state;
  enum { TAKERS = 3, ROUNDS = 500 };
  Queue queue;
  Taker takers[TAKERS];
  static Call many[ROUNDS];
  assert_true(queue_init(&queue, ROUNDS));
  for (int i = 0; i < TAKERS; i++) {
    takers[i] = (Taker){.queue = &queue};
    assert_int_equal(uv_thread_create(&takers[i].thread, take_all, &takers[i]), 0);
  }
  for (int i = 0; i < ROUNDS; i++) assert_null(queue_add(&queue, &many[i]));
  queue_close(&queue);
  int taken = 0;
  for (int i = 0; i < TAKERS; i++) {
    uv_thread_join(&takers[i].thread);
    taken += takers[i].taken;
  }
  assert_int_equal(taken, ROUNDS);
  queue_free(&queue);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_calls_come_out_in_their_order_as_many_as_asked_for),
      cmocka_unit_test(test_what_does_not_fit_is_given_back),
      cmocka_unit_test(test_taking_from_an_empty_queue_ends_after_its_time),
      cmocka_unit_test(test_a_closed_queue_takes_nothing_and_is_over_once_it_is_empty),
      cmocka_unit_test(test_several_takers_get_each_call_once_and_leave_at_the_close),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
