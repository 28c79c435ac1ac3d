// Topics and connections with the nth allocation of the loop's thread refused, once and for good: nobody crashes, a
// connection is told or closed, and whoever comes when there is memory again is served.
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "support/faults.h"
#include "support/words.h"

// What a turn with visitors does; the answers may be anything, the state afterwards may not.
static void be_busy(Rig *rig, Peer *peer) {
  const Event event = {.topic = STR("words:1"), .seq = 1, .kind = STR("said"), .payload = STR("one")};
  bool waits;
  (void)words_watch_as(peer, 1, "a", TOPIC_JSON, -1, &waits);
  if (!peer->gone) (void)words_watch_as(peer, 2, "b", TOPIC_JSON, 0, &waits);
  if (!peer->gone) topic_answer(words.topics, peer->conn, "words", 1, "words.get", STR("q"));
  topics_event(words.topics, &event);
  rig_turn(rig, rig_clock_ms());
  if (!peer->gone) topic_send_after(words.topics, peer->conn, &peer->list, ws_frame(WS_TEXT, STR("after")));
  if (!peer->gone) topic_unsubscribe(words.topics, &peer->list, words_channel, STR("a"));
  rig_turn(rig, rig_clock_ms());
}

// False when there is no nth allocation.
static bool run_with_fault(int nth, bool for_good) {
  void *state;
  words_begin(&state);
  Rig *rig = state;
  Peer *peer = peer_open(rig, 0, words.topics, 0);
  topics_warm(words.topics, "words", 1);
  RIG_UNTIL(rig, topics_loaded(words.topics));
  faults_arm_memory(nth, for_good);
  be_busy(rig, peer);
  bool met = faults_disarm();
  words_say(rig, 1, "one");
  Peer *later = peer_open(rig, 0, words.topics, 0);
  words_watch(later, 1, "a");
  words_watch(later, 2, "b");
  const char *heard = words_hear(later, 2);
  assert_non_null(strstr(heard, "snapshot words.subscribe a 1:one\n"));
  assert_non_null(strstr(heard, "snapshot words.subscribe b 0:\n"));
  words_say(rig, 1, "two");
  assert_string_equal(words_hear(later, 1), "update words.subscribe a 1..2:two\n");
  peer_close(peer);
  peer_close(later);
  words_end(&state);
  return met;
}

static void sweep(bool for_good) {
  int nth = 1;
  while (run_with_fault(nth, for_good)) ++nth;
  assert_true(nth > 8);
}

static void test_an_allocation_refused_once_harms_nobody_who_comes_later(void **state) {
  (void)state;
  sweep(false);
}

static void test_allocations_refused_for_good_harm_nobody_who_comes_later(void **state) {
  (void)state;
  sweep(true);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_an_allocation_refused_once_harms_nobody_who_comes_later),
      cmocka_unit_test(test_allocations_refused_for_good_harm_nobody_who_comes_later),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
