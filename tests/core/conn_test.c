// Connections: what is queued leaves whole and in its order, a peer that reads nothing is noticed, messages wait while
// their owner wants none, and closing sends first what was queued.
#include "core/conn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/peer.h"
#include "support/ws_wire.h"

static int begin(void **state) {
  *state = rig_open(&(RigSettings){.slow_bytes = 100000});
  return 0;
}

static int end(void **state) {
  rig_close(*state);
  return 0;
}

static const char *hear(Peer *peer, size_t count) {
  RIG_UNTIL(peer->rig, peer_waiting(peer) >= count);
  return peer_take(peer);
}

static void write_frame(Peer *peer, int first, const char *payload) {
  Text wire = {.arena = &peer->rig->arena};
  wire_frame(&wire, first, str_from(payload));
  peer_write(peer, text_str(&wire));
}

static void test_what_is_queued_leaves_whole_and_in_its_order(void **state) {
  enum { MESSAGES = 500 };
  Rig *rig = *state;
  Peer *peer = peer_open(rig, 0, NULL, 4096);
  for (int i = 0; i < MESSAGES; i++) {
    char message[64];
    int length = snprintf(message, sizeof message, "message number %d", i);
    ws_send(peer->conn, WS_TEXT, (Str){message, (size_t)length});
  }
  const char *heard = hear(peer, MESSAGES);
  for (int i = 0; i < MESSAGES; i++) {
    char expected[64];
    int length = snprintf(expected, sizeof expected, "message number %d\n", i);
    assert_memory_equal(heard, expected, (size_t)length);
    heard += length;
  }
  assert_int_equal(peer->conn->queued_bytes, 0);
  peer_close(peer);
}

static void test_a_large_message_goes_through_a_small_pipe(void **state) {
  Rig *rig = *state;
  Peer *peer = peer_open(rig, 0, NULL, 4096);
  Str large = wire_fill(&rig->arena, 'x', 300000);
  ws_send(peer->conn, WS_TEXT, large);
  const char *heard = hear(peer, 1);
  assert_int_equal(strlen(heard), large.length + 1);
  peer_close(peer);
}

static void test_a_shared_buffer_is_freed_by_its_last_user(void **state) {
  Rig *rig = *state;
  Peer *peers[3];
  Buf *frame = ws_frame(WS_TEXT, STR("shared"));
  for (int i = 0; i < 3; i++) {
    peers[i] = peer_open(rig, 0, NULL, 0);
    conn_send(peers[i]->conn, buf_ref(frame));
  }
  for (int i = 0; i < 3; i++) assert_string_equal(hear(peers[i], 1), "shared\n");
  assert_int_equal(frame->refs, 1);
  buf_unref(frame);
  for (int i = 0; i < 3; i++) peer_close(peers[i]);
}

static void test_messages_wait_while_their_owner_wants_none(void **state) {
  Rig *rig = *state;
  Peer *peer = peer_open(rig, 0, NULL, 0);
  write_frame(peer, 0x81, "one");
  RIG_UNTIL(rig, peer->messages.length > 0);
  ws_pause(peer->conn);
  write_frame(peer, 0x81, "two");
  write_frame(peer, 0x82, "three");
  for (int i = 0; i < 5; i++) rig_turn(rig, rig_clock_ms());
  assert_string_equal(rig_zero(rig, text_str(&peer->messages)), "text(one)\n");
  ws_resume(peer->conn);
  RIG_UNTIL(rig, peer->messages.length > 20);
  assert_string_equal(rig_zero(rig, text_str(&peer->messages)), "text(one)\ntext(two)\nbinary(three)\n");
  peer_close(peer);
}

static void test_pings_and_closes_are_answered(void **state) {
  Rig *rig = *state;
  Peer *peer = peer_open(rig, 0, NULL, 0);
  write_frame(peer, 0x89, "x");
  assert_string_equal(hear(peer, 1), "78\n");  // the pong, in hexadecimal
  write_frame(peer, 0x88, "\x03\xe8");
  assert_string_equal(hear(peer, 1), "close 1000\n");
  peer_close(peer);
  RIG_UNTIL(rig, peer->gone);
}

static void test_closing_sends_first_what_was_queued_and_nothing_after(void **state) {
  Rig *rig = *state;
  Peer *peer = peer_open(rig, 0, NULL, 0);
  ws_send(peer->conn, WS_TEXT, STR("last"));
  ws_close(peer->conn, 4401, STR("signed out"));
  ws_send(peer->conn, WS_TEXT, STR("too late"));
  ws_close(peer->conn, 1000, (Str){0});
  assert_string_equal(hear(peer, 2), "last\nclose 4401\n");
  char byte;
  RIG_UNTIL(rig, read(peer->fd, &byte, 1) == 0);
  peer_close(peer);
  RIG_UNTIL(rig, peer->gone);
}

static void test_a_name_of_a_connection_finds_no_later_one_in_its_place(void **state) {
  Rig *rig = *state;
  Peer *first = peer_open(rig, 0, NULL, 0);
  Peer *second = peer_open(rig, 0, NULL, 0);
  ConnRef of_first = conn_ref(first->conn);
  ConnRef of_second = conn_ref(second->conn);
  assert_ptr_equal(conn_find(&rig->loops[0], of_first), first->conn);
  conn_kill(first->conn);
  assert_true(first->gone);
  peer_close(first);
  assert_null(conn_find(&rig->loops[0], of_first));
  Peer *third = peer_open(rig, 0, NULL, 0);
  assert_null(conn_find(&rig->loops[0], of_first));
  assert_ptr_equal(conn_find(&rig->loops[0], conn_ref(second->conn)), second->conn);
  assert_int_not_equal(conn_ref(third->conn).serial, of_second.serial);
  peer_close(second);
  peer_close(third);
}

static void test_names_of_many_find_them_in_whatever_order_they_close(void **state) {
  enum { MANY = 90 };
  Rig *rig = *state;
  Peer *peers[MANY] = {0};
  ConnRef names[MANY];
  uint32_t dice = 1;
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < MANY; i++) {
      if (peers[i] != NULL) continue;
      peers[i] = peer_open(rig, 0, NULL, 0);
      names[i] = conn_ref(peers[i]->conn);
    }
    for (int i = 0; i < MANY; i++) {
      dice = dice * 1103515245 + 12345;
      if (round < 2 && (dice >> 16) % 3 == 0) continue;
      conn_kill(peers[i]->conn);
      peer_close(peers[i]);
      peers[i] = NULL;
      for (int k = 0; k < MANY; k++) {
        Conn *expected = peers[k] != NULL ? peers[k]->conn : NULL;
        assert_ptr_equal(conn_find(&rig->loops[0], names[k]), expected);
      }
    }
  }
}

static void test_a_loop_that_is_full_refuses_with_503(void **state) {
  Rig *rig = *state;
  Peer *peer = peer_open(rig, 0, NULL, 0);
  rig->loops[0].settings.connections_max = 1;
  int ends[2];
  char answer[512] = "";
  LoopHooks hooks = *rig->loops[0].hooks;
  hooks.full = "{\"error\":\"TooManyConnections\"}";
  rig->loops[0].hooks = &hooks;
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
  conn_accept(&rig->loops[0], ends[1]);
  rig->loops[0].hooks = rig->settings.hooks;
  assert_true(read(ends[0], answer, sizeof answer - 1) > 0);
  assert_memory_equal(answer, "HTTP/1.1 503 ", 13);
  assert_non_null(strstr(answer, "\r\nRetry-After: "));
  assert_non_null(strstr(answer, "\r\nContent-Length: 30\r\n\r\n{\"error\":\"TooManyConnections\"}"));
  assert_int_equal(read(ends[0], answer, 1), 0);
  close(ends[0]);
  peer_close(peer);
}

static void test_an_owner_hears_once_that_a_backlog_has_left(void **state) {
  Rig *rig = *state;
  Peer *peer = peer_open(rig, 0, NULL, 4096);
  ws_send(peer->conn, WS_TEXT, wire_fill(&rig->arena, 'x', 200000));
  rig_turn(rig, rig_clock_ms());
  assert_true(conn_is_slow(peer->conn));
  conn_tell_drained(peer->conn);
  assert_int_equal(peer->drained, 0);
  hear(peer, 1);
  RIG_UNTIL(rig, peer->drained > 0);
  ws_send(peer->conn, WS_TEXT, STR("more"));
  hear(peer, 1);
  assert_int_equal(peer->drained, 1);
  peer_close(peer);
}

// Some take all, one takes a part of it, one has more than one piece, and one is gone.
static void fan_out(Rig *rig, int count) {
  enum { PEERS = 1100, SLOW = 70, BUSY = 80, GONE = 90 };
  static Peer *peers[PEERS];
  rig->loops[0].settings.connections_max = PEERS;
  for (int i = 0; i < count; i++) peers[i] = peer_open(rig, 0, NULL, i == SLOW ? 4096 : 0);
  Str large = wire_fill(&rig->arena, 'x', 60000);
  for (int round = 0; round < 2; round++) {
    int step = round == 0 ? 1 : 10;
    Buf *frame = ws_frame(WS_TEXT, round == 0 ? STR("news") : large);
    ws_send(peers[BUSY]->conn, WS_TEXT, STR("an answer"));
    for (int i = 0; i < count; i += step) conn_send(peers[i]->conn, buf_ref(frame));
    if (round == 1) peer_close(peers[GONE]);
    for (int i = 0; i < count; i += step) {
      if (i == GONE && round == 1) continue;
      const char *heard = hear(peers[i], i == BUSY ? 2 : 1);
      if (i == BUSY) assert_memory_equal(heard, "an answer\n", 10), heard += 10;
      assert_int_equal(strlen(heard), round == 0 ? 5 : large.length + 1);
    }
    RIG_UNTIL(rig, frame->refs == 1);
    buf_unref(frame);
  }
  for (int i = 0; i < count; i++) {
    if (i != GONE) peer_close(peers[i]);
  }
}

static void test_many_are_sent_at_once_whatever_their_sockets_take(void **state) {
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  fan_out(*state, 1100);  // more than a ring takes at once
}

static void test_without_a_ring_it_is_just_so(void **state) {
  Rig *rig = *state;
  rig->loops[0].ring_asked = true;
  fan_out(rig, 100);
  assert_null(rig->loops[0].ring);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_what_is_queued_leaves_whole_and_in_its_order),
      CASE(test_a_large_message_goes_through_a_small_pipe),
      CASE(test_a_shared_buffer_is_freed_by_its_last_user),
      CASE(test_messages_wait_while_their_owner_wants_none),
      CASE(test_pings_and_closes_are_answered),
      CASE(test_closing_sends_first_what_was_queued_and_nothing_after),
      CASE(test_a_name_of_a_connection_finds_no_later_one_in_its_place),
      CASE(test_names_of_many_find_them_in_whatever_order_they_close),
      CASE(test_a_loop_that_is_full_refuses_with_503),
      CASE(test_an_owner_hears_once_that_a_backlog_has_left),
      CASE(test_many_are_sent_at_once_whatever_their_sockets_take),
      CASE(test_without_a_ring_it_is_just_so),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
