// Topics under load: what merges, what slow connections get, and what comes without events.
#include "core/topic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/words.h"

static int begin_slow(void **state) {
  return words_begin_with(state, 4096);
}

// Makes the topic believe that its last frame was still being sent when this was said.
static void say_in_pressure(int64_t seq, const char *word) {
  const Event event = {
      .topic = STR("words:1"), .seq = seq, .kind = STR("said"), .payload = str_from(word), .posted_ns = 1};
  topics_event(words.topics, &event);
}

// Adds what the peer was told to `heard`; true when all of it ends with `last`.
static bool ends_with(Peer *peer, Text *heard, const char *last) {
  text_add(heard, str_from(peer_take(peer)));
  size_t length = strlen(last);
  return heard->length >= length && memcmp(heard->at + heard->length - length, last, length) == 0;
}

static void test_under_pressure_changes_merge_and_the_last_one_arrives(void **state) {
  enum { PRESSED_MS = 200, SPACE_MS = 25 };
  Rig *rig = *state;
  Peer *peer = peer_open(rig, 0, words.topics, 0);
  Text heard = {.arena = &rig->arena};
  char last[64] = "";
  words_watch(peer, 1, "a");
  words_hear(peer, 1);
  int64_t seq = 0;
  for (int i = 0; i < 10; i++) {  // until it counts as pressure: several changes at once, turn after turn
    say_in_pressure(++seq, "first");
    say_in_pressure(++seq, "second");
    rig_turn(rig, rig_clock_ms());
  }
  peer_take(peer);
  uint64_t begun_ms = rig_clock_ms();
  while (rig_clock_ms() - begun_ms < PRESSED_MS) {
    say_in_pressure(++seq, "more");
    say_in_pressure(++seq, "most");
    rig_turn(rig, begun_ms);
  }
  say_in_pressure(++seq, "end");
  // As an update, or as a snapshot where a long space held more than the picture remembers.
  snprintf(last, sizeof last, "%lld:end\n", (long long)seq);
  RIG_UNTIL(rig, ends_with(peer, &heard, last));
  size_t frames = 0;
  for (size_t i = 0; i < heard.length; i++) frames += heard.at[i] == '\n';
  assert_true(seq > 20);
  assert_in_range(frames, 1, (rig_clock_ms() - begun_ms) / SPACE_MS + 1);
  peer_close(peer);
}

static void test_who_comes_under_pressure_gets_one_snapshot_and_then_what_follows(void **state) {
  Rig *rig = *state;
  Peer *peer = peer_open(rig, 0, words.topics, 0);
  Peer *late = peer_open(rig, 0, words.topics, 0);
  words_watch(peer, 1, "a");
  words_hear(peer, 1);
  int64_t seq = 0;
  for (int i = 0; i < 10; i++) {
    say_in_pressure(++seq, "x");
    say_in_pressure(++seq, "x");
    rig_turn(rig, rig_clock_ms());
  }
  say_in_pressure(21, "y");
  words_watch(late, 1, "a");
  assert_string_equal(words_hear(late, 1), "snapshot words.subscribe a 21:y\n");
  say_in_pressure(22, "z");
  assert_string_equal(words_hear(late, 1), "update words.subscribe a 21..22:z\n");
  peer_close(peer);
  peer_close(late);
}

static void test_a_slow_connection_is_stopped_and_then_gets_one_snapshot(void **state) {
  Rig *rig = *state;
  Peer *slow = peer_open(rig, 0, words.topics, 4096);
  Peer *quick = peer_open(rig, 0, words.topics, 0);
  words_watch(slow, 1, "a");
  words_watch(quick, 1, "a");
  words_hear(slow, 1);
  words_hear(quick, 1);
  char word[56];
  memset(word, 'w', sizeof word - 1);
  word[sizeof word - 1] = '\0';
  int said = 0;
  while (!conn_is_slow(slow->conn)) {  // it reads nothing
    words_say(rig, 1, word);
    assert_true(++said < 2000);
  }
  for (int i = 0; i < 20; i++) words_say(rig, 1, word);
  uint64_t backlog = conn_backlog(slow->conn);
  assert_in_range(backlog, 4097, 4096 + 250);
  words_say(rig, 1, "last");
  assert_int_equal(conn_backlog(slow->conn), backlog);
  Text heard = {.arena = &rig->arena};
  char expected[64];
  snprintf(expected, sizeof expected, "\nsnapshot words.subscribe a %d:last\n", said + 21);
  RIG_UNTIL(rig, ends_with(slow, &heard, expected));
  assert_int_equal(slow->drained, 1);
  words_say(rig, 1, "on");
  snprintf(expected, sizeof expected, "update words.subscribe a %d..%d:on\n", said + 21, said + 22);
  assert_string_equal(words_hear(slow, 1), expected);
  peer_close(slow);
  peer_close(quick);
}

static void test_a_kind_without_events_is_looked_at_about_once_a_second(void **state) {
  Rig *rig = *state;
  Peer *peer = peer_open(rig, 0, words.topics, 0);
  SubscribeRequest request = {.kind = "polled", .key = 1, .type = words_channel, .eid = STR("a"), .since = -1};
  bool waits;
  assert_int_equal(topic_subscribe(words.topics, peer->conn, &peer->list, &request, &waits), ERR_NONE);
  words_hear(peer, 1);
  words.poll_changes = 1;
  assert_string_equal(words_hear(peer, 1), "update words.subscribe a 0..1:polled\n");
  peer_close(peer);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, words_begin, words_end)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_under_pressure_changes_merge_and_the_last_one_arrives),
      CASE(test_who_comes_under_pressure_gets_one_snapshot_and_then_what_follows),
      cmocka_unit_test_setup_teardown(test_a_slow_connection_is_stopped_and_then_gets_one_snapshot, begin_slow,
                                      words_end),
      CASE(test_a_kind_without_events_is_looked_at_about_once_a_second),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
