// Topics: snapshots and updates, what happens during a load, gaps, resuming, and the end of subscriptions.
#include "core/topic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/words.h"

static void test_a_snapshot_comes_first_and_every_change_after_it(void **state) {
  Rig *rig = *state;
  Peer *peer = peer_open(rig, 0, words.topics, 0);
  words_say(rig, 1, "before");
  words_watch(peer, 1, "a");
  assert_string_equal(words_hear(peer, 1), "snapshot words.subscribe a 1:before\n");
  words_say(rig, 1, "two");
  assert_string_equal(words_hear(peer, 1), "update words.subscribe a 1..2:two\n");
  words_say(rig, 2, "elsewhere");
  words_say(rig, 1, "three");
  assert_string_equal(words_hear(peer, 1), "update words.subscribe a 2..3:three\n");
  assert_int_equal(words.loads, 1);
  peer_close(peer);
}

static void test_changes_of_one_turn_are_one_update(void **state) {
  Rig *rig = *state;
  Answer answers[5];
  Peer *peer = peer_open(rig, 0, words.topics, 0);
  words_watch(peer, 1, "a");
  assert_string_equal(words_hear(peer, 1), "snapshot words.subscribe a 0:\n");
  for (int i = 0; i < 5; i++) {
    char word[8] = {(char)('a' + i)};
    words_ask(rig, 1, word, &answers[i]);
  }
  RIG_UNTIL(rig, answers[4].done);
  assert_string_equal(words_hear(peer, 1), "update words.subscribe a 0..5:e\n");
  peer_close(peer);
}

static void test_events_during_a_load_are_neither_lost_nor_doubled(void **state) {
  Rig *rig = *state;
  Peer *peer = peer_open(rig, 0, words.topics, 0);
  bool waits;
  words_say(rig, 1, "one");
  words.gated = true;
  assert_int_equal(words_watch_as(peer, 1, "a", TOPIC_JSON, -1, &waits), ERR_NONE);
  assert_true(waits);
  assert_false(topics_loaded(words.topics));
  uv_sem_wait(&words.at_gate);  // it has read "one"
  words_say(rig, 1, "two");
  words_say(rig, 1, "three");
  assert_int_equal(peer_waiting(peer), 0);
  words.gated = false;
  uv_sem_post(&words.gate_open);
  const char *heard = words_hear(peer, 1);
  // The picture with what was missed brought in, or as it was read and then an update.
  if (strcmp(heard, "snapshot words.subscribe a 3:three\n") != 0) {
    assert_string_equal(heard, "snapshot words.subscribe a 1:one\n");
    assert_string_equal(words_hear(peer, 1), "update words.subscribe a 1..3:three\n");
  }
  assert_int_equal(words.served, 1);
  assert_true(topics_loaded(words.topics));
  words_say(rig, 1, "four");
  assert_string_equal(words_hear(peer, 1), "update words.subscribe a 3..4:four\n");
  assert_int_equal(words.loads, 1);
  peer_close(peer);
}

static void test_a_gap_is_read_anew_and_everybody_gets_what_was_missed(void **state) {
  Rig *rig = *state;
  Peer *peers[2] = {peer_open(rig, 0, words.topics, 0), peer_open(rig, 0, words.topics, 0)};
  for (int i = 0; i < 2; i++) {
    words_watch(peers[i], 1, "a");
    assert_string_equal(words_hear(peers[i], 1), "snapshot words.subscribe a 0:\n");
  }
  rig_run(rig, "INSERT INTO events(topic, seq, at, kind, payload) VALUES('words:1', 1, 0, 'said', 'unheard')");
  words_say(rig, 1, "two");
  for (int i = 0; i < 2; i++) assert_string_equal(words_hear(peers[i], 1), "update words.subscribe a 0..2:two\n");
  assert_int_equal(words.loads, 2);
  words_say(rig, 1, "three");
  for (int i = 0; i < 2; i++) {
    assert_string_equal(words_hear(peers[i], 1), "update words.subscribe a 2..3:three\n");
    peer_close(peers[i]);
  }
}

static void test_a_picture_with_a_gap_is_shown_to_nobody_while_it_is_read_anew(void **state) {
  Rig *rig = *state;
  Peer *peer = peer_open(rig, 0, words.topics, 0);
  Peer *late = peer_open(rig, 0, words.topics, 0);
  bool waits;
  words_say(rig, 1, "one");
  words_watch(peer, 1, "a");
  words_hear(peer, 1);
  words.gated = true;
  topics_reload_all(words.topics);
  uv_sem_wait(&words.at_gate);
  rig_run(rig, "INSERT INTO events(topic, seq, at, kind, payload) VALUES('words:1', 2, 0, 'said', 'unheard')");
  words_say(rig, 1, "three");
  Error error = words_watch_as(late, 1, "b", TOPIC_JSON, -1, &waits);
  bool answered = topic_answer(words.topics, late->conn, "words", 1, "words.get", STR("q"));
  words.gated = false;
  uv_sem_post(&words.gate_open);
  assert_int_equal(error, ERR_NONE);
  assert_true(waits);
  assert_false(answered);
  const char *heard = words_hear(late, 2);
  assert_non_null(strstr(heard, "snapshot words.subscribe b 3:three\n"));
  assert_non_null(strstr(heard, "success words.get q 3:three\n"));
  assert_string_equal(words_hear(peer, 1), "update words.subscribe a 1..3:three\n");
  assert_true(topics_loaded(words.topics));
  peer_close(peer);
  peer_close(late);
}

static void test_read_anew_twice_a_picture_never_goes_back(void **state) {
  Rig *rig = *state;
  Peer *peer = peer_open(rig, 0, words.topics, 0);
  Peer *late = peer_open(rig, 0, words.topics, 0);
  words_say(rig, 1, "one");
  words_watch(peer, 1, "a");
  words_hear(peer, 1);
  words.gated = true;
  topics_reload_all(words.topics);
  uv_sem_wait(&words.at_gate);      // it has read "one"
  topics_reload_all(words.topics);  // once more, when it is there
  words_say(rig, 1, "two");
  assert_string_equal(words_hear(peer, 1), "update words.subscribe a 1..2:two\n");
  uv_sem_post(&words.gate_open);
  RIG_UNTIL(rig, words.loads == 3);
  words_watch(late, 1, "b");
  const char *heard = words_hear(late, 1);
  words.gated = false;
  uv_sem_post(&words.gate_open);
  assert_string_equal(heard, "snapshot words.subscribe b 2:two\n");
  words_say(rig, 1, "three");
  assert_string_equal(words_hear(peer, 1), "update words.subscribe a 2..3:three\n");
  assert_string_equal(words_hear(late, 1), "update words.subscribe b 2..3:three\n");
  peer_close(peer);
  peer_close(late);
}

static void test_a_gap_too_wide_to_tell_is_a_snapshot(void **state) {
  Rig *rig = *state;
  Peer *peer = peer_open(rig, 0, words.topics, 0);
  words_watch(peer, 1, "a");
  words_hear(peer, 1);
  rig_run(rig, "INSERT INTO events(topic, seq, at, kind, payload) VALUES('words:1', 20, 0, 'said', 'unheard')");
  words_say(rig, 1, "two");
  assert_string_equal(words_hear(peer, 1), "snapshot words.subscribe a 21:two\n");
  peer_close(peer);
}

static void test_what_cannot_be_read_anew_is_refused_and_never_told_again(void **state) {
  Rig *rig = *state;
  Peer *peer = peer_open(rig, 0, words.topics, 0);
  words_say(rig, 1, "old");
  words_watch(peer, 1, "a");
  words_hear(peer, 1);
  words.failing = true;
  rig_run(rig, "INSERT INTO events(topic, seq, at, kind, payload) VALUES('words:1', 2, 0, 'said', 'unheard')");
  words_say(rig, 1, "new");
  assert_string_equal(words_hear(peer, 1), "error words.subscribe a InternalServerError\n");
  words.failing = false;
  words_watch(peer, 1, "a");
  assert_string_equal(words_hear(peer, 1), "snapshot words.subscribe a 3:new\n");
  peer_close(peer);
}

static void test_a_picture_that_stands_is_shown_on_while_it_cannot_be_read_anew(void **state) {
  Rig *rig = *state;
  Peer *peer = peer_open(rig, 0, words.topics, 0);
  words_watch(peer, 1, "a");
  words_hear(peer, 1);
  words.failing = true;
  int loads = words.loads;
  topics_reload_all(words.topics);
  RIG_UNTIL(rig, words.loads > loads);
  words_say(rig, 1, "one");
  assert_string_equal(words_hear(peer, 1), "update words.subscribe a 0..1:one\n");
  words.failing = false;
  rig_run(rig, "INSERT INTO events(topic, seq, at, kind, payload) VALUES('words:1', 2, 0, 'said', 'unheard')");
  assert_string_equal(words_hear(peer, 1), "update words.subscribe a 1..2:unheard\n");  // tried again by itself
  peer_close(peer);
}

static void test_reading_all_anew_sends_everybody_what_is_there(void **state) {
  Rig *rig = *state;
  Peer *peer = peer_open(rig, 0, words.topics, 0);
  words_watch(peer, 1, "a");
  words_hear(peer, 1);
  rig_run(rig, "INSERT INTO events(topic, seq, at, kind, payload) VALUES('words:1', 1, 0, 'said', 'unheard')");
  topics_reload_all(words.topics);
  topics_reload_all(words.topics);
  assert_string_equal(words_hear(peer, 1), "update words.subscribe a 0..1:unheard\n");
  words_say(rig, 1, "two");
  RIG_UNTIL(rig, words.loads == 3);
  RIG_UNTIL(rig, peer_waiting(peer) > 0);
  const char *heard = peer_take(peer);
  assert_non_null(strstr(heard, "2:two\n"));
  peer_close(peer);
}

static void test_who_resumes_gets_what_was_missed_where_it_is_known(void **state) {
  Rig *rig = *state;
  Peer *peer = peer_open(rig, 0, words.topics, 0);
  bool waits;
  for (int i = 1; i <= 18; i++) words_say(rig, 1, "word");
  assert_int_equal(words_watch_as(peer, 1, "a", TOPIC_JSON, 5, &waits), ERR_NONE);
  assert_string_equal(words_hear(peer, 1), "update words.subscribe a 5..18:word\n");
  assert_int_equal(words_watch_as(peer, 1, "b", TOPIC_JSON, 18, &waits), ERR_NONE);
  assert_string_equal(words_hear(peer, 1), "update words.subscribe b 18..18:word\n");
  assert_int_equal(words_watch_as(peer, 1, "c", TOPIC_JSON, 1, &waits), ERR_NONE);
  assert_string_equal(words_hear(peer, 1), "snapshot words.subscribe c 18:word\n");
  words_say(rig, 1, "next");
  const char *heard = words_hear(peer, 3);
  for (const char *eid = "abc"; *eid != '\0'; eid++) {
    char expected[64];
    snprintf(expected, sizeof expected, "update words.subscribe %c 18..19:next\n", *eid);
    assert_non_null(strstr(heard, expected));
  }
  peer_close(peer);
}

static void test_who_is_ahead_waits_for_what_another_server_told_and_not_for_ever(void **state) {
  Rig *rig = *state;
  Peer *peer = peer_open(rig, 0, words.topics, 0);
  bool waits;
  words_say(rig, 1, "one");
  words_watch(peer, 1, "a");
  words_hear(peer, 1);  // it waited for the picture
  assert_int_equal(words_watch_as(peer, 1, "b", TOPIC_JSON, 2, &waits), ERR_NONE);
  assert_true(waits);
  assert_int_equal(words_watch_as(peer, 1, "c", TOPIC_JSON, 40, &waits), ERR_NONE);
  assert_true(waits);
  words_say(rig, 1, "two");
  const char *heard = words_hear(peer, 2);
  assert_non_null(strstr(heard, "update words.subscribe a 1..2:two\n"));
  assert_non_null(strstr(heard, "update words.subscribe b 2..2:two\n"));
  assert_int_equal(words.served, 2);
  assert_string_equal(words_hear(peer, 1), "snapshot words.subscribe c 2:two\n");
  assert_int_equal(words.served, 3);
  words_say(rig, 1, "three");
  heard = words_hear(peer, 3);
  assert_non_null(strstr(heard, "update words.subscribe b 2..3:three\n"));
  assert_non_null(strstr(heard, "update words.subscribe c 2..3:three\n"));
  peer_close(peer);
}

static void test_forms_and_names_get_bytes_of_their_own(void **state) {
  Rig *rig = *state;
  Peer *peer = peer_open(rig, 0, words.topics, 0);
  Peer *binary = peer_open(rig, 0, words.topics, 0);
  bool waits;
  words_watch(peer, 1, "a");
  words_hear(peer, 1);
  assert_int_equal(words_watch_as(binary, 1, "a", TOPIC_BINARY, -1, &waits), ERR_NONE);
  const char *expected = "snapshot words.subscribe a b0:";
  const char *hex = words_hear(binary, 1);
  for (size_t i = 0; i < strlen(expected); i++) {
    char digits[3];
    snprintf(digits, sizeof digits, "%02x", (unsigned char)expected[i]);
    assert_memory_equal(hex + 2 * i, digits, 2);
  }
  words_say(rig, 1, "x");
  assert_string_equal(words_hear(peer, 1), "update words.subscribe a 0..1:x\n");
  assert_int_equal(strlen(words_hear(binary, 1)), 2 * strlen("update words.subscribe a b0..1:x") + 1);
  peer_close(peer);
  peer_close(binary);
}

static void test_an_update_in_parts_is_several_messages(void **state) {
  Rig *rig = *state;
  Peer *peer = peer_open(rig, 0, words.topics, 0);
  words_watch(peer, 3, "a");
  words_hear(peer, 1);
  words_say(rig, 3, "x");
  assert_string_equal(words_hear(peer, 3),
                      "update words.subscribe a 0..1:x/0\nupdate words.subscribe a 0..1:x/1\n"
                      "update words.subscribe a 0..1:x/2\n");
  peer_close(peer);
}

static void test_a_subscription_is_there_once_and_may_be_ended(void **state) {
  Rig *rig = *state;
  Peer *peer = peer_open(rig, 0, words.topics, 0);
  bool waits;
  words_watch(peer, 1, "a");
  assert_int_equal(words_watch_as(peer, 1, "a", TOPIC_JSON, -1, &waits), ERR_SUBSCRIPTION_ALREADY_EXISTS);
  assert_int_equal(words_watch_as(peer, 2, "a", TOPIC_BINARY, -1, &waits), ERR_SUBSCRIPTION_ALREADY_EXISTS);
  words_watch(peer, 1, "b");
  assert_int_equal(words.watched, 1);  // the connection, not its subscriptions
  assert_int_equal(peer->list.count, 2);
  words_hear(peer, 2);
  assert_false(topic_unsubscribe(words.topics, &peer->list, words_channel, STR("c")));
  assert_false(topic_unsubscribe(words.topics, &peer->list, "another", STR("a")));
  assert_true(topic_unsubscribe(words.topics, &peer->list, words_channel, STR("a")));
  assert_false(topic_unsubscribe(words.topics, &peer->list, words_channel, STR("a")));
  assert_int_equal(words.watched, 1);
  words_say(rig, 1, "x");
  assert_string_equal(words_hear(peer, 1), "update words.subscribe b 0..1:x\n");
  words_watch(peer, 1, "a");
  assert_string_equal(words_hear(peer, 1), "snapshot words.subscribe a 1:x\n");
  peer_close(peer);
  RIG_UNTIL(rig, peer->gone);
  assert_int_equal(words.watched, 0);
}

static void test_a_connection_has_a_hundred_subscriptions_at_most(void **state) {
  Rig *rig = *state;
  Peer *peer = peer_open(rig, 0, words.topics, 0);
  bool waits;
  char eid[16];
  for (int i = 0; i < TOPIC_SUBSCRIPTIONS_MAX; i++) {
    snprintf(eid, sizeof eid, "e%d", i);
    words_watch(peer, 1 + i % 7, eid);
  }
  assert_int_equal(words_watch_as(peer, 1, "more", TOPIC_JSON, -1, &waits), ERR_TOO_MANY_REQUESTS);
  assert_true(topic_unsubscribe(words.topics, &peer->list, words_channel, STR("e50")));
  words_watch(peer, 1, "more");
  words_hear(peer, TOPIC_SUBSCRIPTIONS_MAX);
  peer_close(peer);
}

static void test_what_cannot_be_loaded_is_refused_and_tried_again_for_the_next(void **state) {
  Rig *rig = *state;
  Peer *peer = peer_open(rig, 0, words.topics, 0);
  for (int round = 1; round <= 2; round++) {
    words_watch(peer, 404, "a");
    words_watch(peer, 404, "b");
    const char *heard = words_hear(peer, 2);
    assert_non_null(strstr(heard, "error words.subscribe a HallNotFound\n"));
    assert_non_null(strstr(heard, "error words.subscribe b HallNotFound\n"));
    assert_int_equal(words.loads, round);
    assert_int_equal(peer->list.count, 0);
  }
  assert_int_equal(words.served, 4);
  topic_answer(words.topics, peer->conn, "words", 405, "words.get", STR("q"));
  assert_string_equal(words_hear(peer, 1), "error words.get q InternalServerError\n");
  assert_int_equal(words.served, 5);
  peer_close(peer);
}

static void test_an_answer_comes_after_the_updates_that_are_due(void **state) {
  Rig *rig = *state;
  Peer *peer = peer_open(rig, 0, words.topics, 0);
  topic_answer(words.topics, peer->conn, "words", 1, "words.get", STR("q"));
  assert_string_equal(words_hear(peer, 1), "success words.get q 0:\n");
  words_watch(peer, 1, "a");
  words_hear(peer, 1);
  const Event event = {
      .topic = STR("words:1"), .seq = 1, .kind = STR("said"), .payload = STR("x"), .posted_ns = UINT64_MAX};
  topics_event(words.topics, &event);
  topic_answer(words.topics, peer->conn, "words", 1, "words.get", STR("q"));
  topic_send_after(words.topics, peer->conn, &peer->list, ws_frame(WS_TEXT, STR("done")));
  assert_string_equal(words_hear(peer, 3), "update words.subscribe a 0..1:x\nsuccess words.get q 1:x\ndone\n");
  topic_send_after(words.topics, peer->conn, &peer->list, ws_frame(WS_TEXT, STR("at once")));
  assert_string_equal(words_hear(peer, 1), "at once\n");
  peer_close(peer);
}

static void test_what_is_warmed_is_there_for_the_first_who_asks(void **state) {
  Rig *rig = *state;
  bool waits;
  topics_warm(words.topics, "words", 1);
  topics_warm(words.topics, "words", 1);
  RIG_UNTIL(rig, topics_loaded(words.topics));
  Peer *peer = peer_open(rig, 0, words.topics, 0);
  assert_int_equal(words_watch_as(peer, 1, "a", TOPIC_JSON, -1, &waits), ERR_NONE);
  assert_false(waits);
  assert_int_equal(words.loads, 1);
  words_hear(peer, 1);
  peer_close(peer);
}

static void test_a_connection_may_go_while_its_topic_is_read(void **state) {
  Rig *rig = *state;
  Peer *peer = peer_open(rig, 0, words.topics, 0);
  words.gated = true;
  words_watch(peer, 1, "a");
  topic_answer(words.topics, peer->conn, "words", 1, "words.get", STR("q"));
  uv_sem_wait(&words.at_gate);
  peer_close(peer);
  RIG_UNTIL(rig, peer->gone);
  words.gated = false;
  uv_sem_post(&words.gate_open);
  RIG_UNTIL(rig, topics_loaded(words.topics));
  assert_int_equal(words.served, 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, words_begin, words_end)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_a_snapshot_comes_first_and_every_change_after_it),
      CASE(test_changes_of_one_turn_are_one_update),
      CASE(test_events_during_a_load_are_neither_lost_nor_doubled),
      CASE(test_a_gap_is_read_anew_and_everybody_gets_what_was_missed),
      CASE(test_a_picture_with_a_gap_is_shown_to_nobody_while_it_is_read_anew),
      CASE(test_read_anew_twice_a_picture_never_goes_back),
      CASE(test_a_gap_too_wide_to_tell_is_a_snapshot),
      CASE(test_what_cannot_be_read_anew_is_refused_and_never_told_again),
      CASE(test_reading_all_anew_sends_everybody_what_is_there),
      CASE(test_a_picture_that_stands_is_shown_on_while_it_cannot_be_read_anew),
      CASE(test_who_resumes_gets_what_was_missed_where_it_is_known),
      CASE(test_who_is_ahead_waits_for_what_another_server_told_and_not_for_ever),
      CASE(test_forms_and_names_get_bytes_of_their_own),
      CASE(test_an_update_in_parts_is_several_messages),
      CASE(test_a_subscription_is_there_once_and_may_be_ended),
      CASE(test_a_connection_has_a_hundred_subscriptions_at_most),
      CASE(test_what_cannot_be_loaded_is_refused_and_tried_again_for_the_next),
      CASE(test_an_answer_comes_after_the_updates_that_are_due),
      CASE(test_what_is_warmed_is_there_for_the_first_who_asks),
      CASE(test_a_connection_may_go_while_its_topic_is_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
