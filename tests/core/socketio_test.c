// The state of a Socket.IO server: rooms, what is kept for clients that come back, bounds, and that everything is given
// back. Real connections on a rig's loop; the test's end speaks WebSocket by hand.
#include "core/socketio.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/socketio_private.h"
#include "support/socketio_peer.h"

enum { ROOM = 7, OTHER_ROOM = 8 };

// What the program was told, a word each.
static Text told;
static SocketIo *io;
static SocketIoSettings settings;

static void on_connected(SocketIoSocket *socket, Str auth, bool recovered) {
  (void)auth;
  if (!recovered) socket->owner = malloc(1);
  text_add(&told, recovered ? STR("recovered ") : STR("connected "));
}

static void on_event(SocketIoSocket *socket, const SocketIoEvent *event) {
  if (str_equal(event->message.name, STR("join"))) assert_true(socketio_join(socket, ROOM));
  if (str_equal(event->message.name, STR("leave"))) socketio_disconnect(io, socket, false);
}

static void on_disconnected(SocketIoSocket *socket, SocketIoEnd end) {
  (void)socket;
  text_format(&told, "disconnected(%d) ", end);
}

static void on_forget(void *owner) {
  free(owner);
  text_add(&told, STR("forgotten "));
}

static bool refuse_all(SocketIoSocket *socket, const Json *auth, SocketIoRefusal *refusal) {
  (void)socket, (void)auth;
  *refusal = (SocketIoRefusal){STR("\"Not\" you"), STR("{\"code\":7}")};
  return false;
}

static const SocketIoNamespace namespaces[] = {
    {.name = "/", .connected = on_connected, .event = on_event, .disconnected = on_disconnected, .forget = on_forget},
    {.name = "/closed", .admit = refuse_all, .connected = on_connected, .event = on_event},
};

static void on_request(Exchange *exchange) {
  assert_true(socketio_request(io, exchange));
}

static void on_start(Loop *loop) {
  io = socketio_new(loop, &settings);
  assert_non_null(io);
  memcpy(io->log.epoch, "-a--b-", sizeof io->log.epoch);  // the worst that chance may give: its offsets have dashes
}

static void on_turn_end(Loop *loop) {
  (void)loop;
  socketio_turn_end(io);
}

static void on_turn_sent(Loop *loop) {
  (void)loop;
}

static void on_stopped(Loop *loop) {
  (void)loop;
  socketio_free(io);
}

static const LoopHooks hooks = {.request = on_request,
                                .start = on_start,
                                .turn_end = on_turn_end,
                                .turn_sent = on_turn_sent,
                                .stopped = on_stopped};

static Rig *open_rig(uint32_t recovery_ms) {
  settings = (SocketIoSettings){
      .engine = {.path = "/socket.io/",
                 .ping_interval_ms = 25000,
                 .ping_timeout_ms = 20000,
                 .ping_timeout_v3_ms = 5000,
                 .upgrade_timeout_ms = 10000,
                 .close_timeout_ms = 1000,
                 .payload_bytes_max = 100000,
                 .payload_packets_max = 100,
                 .buffered_bytes_max = 100000,
                 .sessions_max = 5},
      .namespaces = namespaces,
      .namespace_count = sizeof namespaces / sizeof *namespaces,
      .connect_timeout_ms = 1000,
      .attachments_max = 3,
      .attached_bytes_max = 1000,
      .recovery_ms = recovery_ms,
      .recovery_bytes_max = 1000,
      .recovery_sockets_max = 2,
  };
  Rig *rig = rig_open(&(RigSettings){.hooks = &hooks});
  told = (Text){.arena = &rig->arena};
  return rig;
}

static const char *take_told(Rig *rig) {
  const char *taken = rig_zero(rig, text_str(&told));
  told.length = 0;
  return taken;
}

// Connects to the main namespace; gives what was answered.
static const char *connect_client(Rig *rig, SocketIoPeer *client, int version, const char *auth) {
  assert_int_equal(socketio_peer_open(rig, client, version), 101);
  assert_true(strstr(socketio_peer_hear(client), "\"sid\"") != NULL);
  if (version == 4) {
    Text packet = {.arena = &rig->arena};
    text_format(&packet, "40%s", auth);
    socketio_peer_say(client, rig_zero(rig, text_str(&packet)));
  }
  return socketio_peer_hear(client);
}

static void join(SocketIoPeer *client, uint32_t count) {
  socketio_peer_say(client, "42[\"join\"]");
  RIG_UNTIL(client->rig, socketio_room_count(io, &namespaces[0], ROOM) == count);
}

static void tell(const char *name, const char *args) {
  socketio_emit_room(io, &namespaces[0], ROOM, &(SocketIoMessage){.name = str_from(name), .args = str_from(args)});
}

// `{"pid":"...","offset":"..."}` of what the client was answered when it connected, and of the event it got last.
static const char *auth_of(Rig *rig, const char *connected, const char *last_event) {
  Text auth = {.arena = &rig->arena};
  const char *pid = strstr(connected, "\"pid\":\"");
  assert_non_null(pid);
  text_format(&auth, "{\"pid\":\"%.*s\"", SOCKETIO_SID_BYTES, pid + strlen("\"pid\":\""));
  if (last_event != NULL) {
    const char *offset = strrchr(last_event, ',');
    text_format(&auth, ",\"offset\":%.*s", (int)(strlen(offset) - 2), offset + 1);
  }
  text_char(&auth, '}');
  return rig_zero(rig, text_str(&auth));
}

static void lose(Rig *rig, SocketIoPeer *client, uint32_t left) {
  socketio_peer_close(client);
  RIG_UNTIL(rig,
            socketio_room_count(io, &namespaces[0], ROOM) == left && strstr(rig_zero(rig, text_str(&told)), "disc"));
}

// Tests.

static void test_a_room_is_told_in_the_words_of_each_protocol(void **state) {
  (void)state;
  Rig *rig = open_rig(0);
  SocketIoPeer three, four, stranger;
  assert_string_equal(connect_client(rig, &three, 3, ""), "40");
  assert_true(strncmp(connect_client(rig, &four, 4, ""), "40{\"sid\":\"", 10) == 0);
  connect_client(rig, &stranger, 4, "");
  join(&three, 1);
  join(&four, 2);
  tell("news", "1,{\"a\":\"\xc3\xa9\"}");
  socketio_emit_room(io, &namespaces[0], OTHER_ROOM, &(SocketIoMessage){.name = STR("nobody hears this")});
  assert_string_equal(socketio_peer_hear(&three), "42[\"news\",1,{\"a\":\"\xc3\xa9\"}]");
  assert_string_equal(socketio_peer_hear(&four), "42[\"news\",1,{\"a\":\"\xc3\xa9\"}]");
  assert_true(socketio_peer_is_quiet(&stranger));
  socketio_disconnect_room(io, &namespaces[0], ROOM, true);
  assert_string_equal(socketio_peer_hear(&three), "41");
  assert_string_equal(socketio_peer_hear(&four), "41");
  assert_string_equal(socketio_peer_hear(&four), "");
  assert_int_equal(socketio_room_count(io, &namespaces[0], ROOM), 0);
  assert_string_equal(take_told(rig),
                      "connected connected connected disconnected(1) forgotten disconnected(1) forgotten ");
  socketio_peer_close(&three), socketio_peer_close(&four), socketio_peer_close(&stranger);
  rig_close(rig);
}

static void test_who_is_refused_is_told_why(void **state) {
  (void)state;
  Rig *rig = open_rig(0);
  SocketIoPeer three, four;
  connect_client(rig, &three, 3, "");
  connect_client(rig, &four, 4, "");
  socketio_peer_say(&three, "40/closed?a=1,");
  assert_string_equal(socketio_peer_hear(&three), "44/closed,{\"code\":7}");
  socketio_peer_say(&four, "40/closed,{\"a\":1}");
  assert_string_equal(socketio_peer_hear(&four), "44/closed,{\"message\":\"\\\"Not\\\" you\",\"data\":{\"code\":7}}");
  socketio_peer_say(&four, "42/closed,[\"x\"]");
  assert_string_equal(socketio_peer_hear(&four), "");
  socketio_peer_close(&three), socketio_peer_close(&four);
  rig_close(rig);
}

static void test_who_comes_back_gets_what_was_missed_and_nothing_twice(void **state) {
  (void)state;
  Rig *rig = open_rig(RIG_MINUTE_MS);
  SocketIoPeer client, witness;
  const char *connected = connect_client(rig, &client, 4, "");
  connect_client(rig, &witness, 4, "");
  tell("before it joined", "");
  join(&witness, 1);
  tell("before it joined", "");
  join(&client, 2);
  tell("one", "1");
  const char *one = socketio_peer_hear(&client);
  assert_true(strncmp(one, "42[\"one\",1,\"", 12) == 0);
  take_told(rig);
  lose(rig, &client, 1);
  tell("two", "");
  tell("three", "[]");
  const char *again = connect_client(rig, &client, 4, auth_of(rig, connected, one));
  assert_string_equal(again, connected);
  assert_true(strncmp(socketio_peer_hear(&client), "42[\"two\",\"", 10) == 0);
  assert_true(strncmp(socketio_peer_hear(&client), "42[\"three\",[],\"", 15) == 0);
  tell("four", "");
  assert_true(strncmp(socketio_peer_hear(&client), "42[\"four\",\"", 11) == 0);
  assert_true(socketio_peer_is_quiet(&client));
  assert_string_equal(take_told(rig), "disconnected(2) recovered ");
  socketio_peer_close(&client), socketio_peer_close(&witness);
  rig_close(rig);
}

static void test_without_an_event_there_is_no_offset_and_it_works_all_the_same(void **state) {
  (void)state;
  Rig *rig = open_rig(RIG_MINUTE_MS);
  SocketIoPeer client;
  const char *connected = connect_client(rig, &client, 4, "");
  join(&client, 1);
  lose(rig, &client, 0);
  tell("missed", "");
  const char *auth = auth_of(rig, connected, NULL);
  assert_string_equal(connect_client(rig, &client, 4, auth), connected);
  const char *missed = socketio_peer_hear(&client);
  assert_true(strncmp(missed, "42[\"missed\",\"", 13) == 0);
  // An offset of another server's log is as good as none.
  told.length = 0;
  lose(rig, &client, 0);
  assert_string_equal(connect_client(rig, &client, 4, auth_of(rig, connected, "42[\"x\",\"zzzzzz-9\"]")), connected);
  assert_string_equal(socketio_peer_hear(&client), missed);
  socketio_peer_close(&client);
  rig_close(rig);
}

static void test_a_dead_connection_gives_way_to_the_one_that_comes_back(void **state) {
  (void)state;
  Rig *rig = open_rig(RIG_MINUTE_MS);
  SocketIoPeer dead, client;
  const char *connected = connect_client(rig, &dead, 4, "");
  join(&dead, 1);
  assert_string_equal(connect_client(rig, &client, 4, auth_of(rig, connected, NULL)), connected);
  assert_string_equal(socketio_peer_hear(&dead), "");
  tell("news", "");
  assert_true(strncmp(socketio_peer_hear(&client), "42[\"news\"", 9) == 0);
  assert_int_equal(socketio_room_count(io, &namespaces[0], ROOM), 1);
  socketio_peer_close(&dead), socketio_peer_close(&client);
  rig_close(rig);
}

static void test_what_is_kept_has_a_bound_past_which_one_begins_anew(void **state) {
  (void)state;
  Rig *rig = open_rig(RIG_MINUTE_MS);
  SocketIoPeer client;
  const char *connected = connect_client(rig, &client, 4, "");
  join(&client, 1);
  lose(rig, &client, 0);
  char args[600];
  memset(args, '1', sizeof args - 1);
  args[sizeof args - 1] = '\0';
  tell("first", args);
  tell("second", args);
  take_told(rig);
  const char *anew = connect_client(rig, &client, 4, auth_of(rig, connected, NULL));
  assert_string_not_equal(anew, connected);
  assert_string_equal(take_told(rig), "forgotten connected ");
  socketio_peer_close(&client);
  rig_close(rig);
}

static void test_who_does_not_come_back_is_forgotten(void **state) {
  (void)state;
  Rig *rig = open_rig(30);
  SocketIoPeer client;
  const char *connected = connect_client(rig, &client, 4, "");
  join(&client, 1);
  socketio_peer_close(&client);
  RIG_UNTIL(rig, strstr(rig_zero(rig, text_str(&told)), "forgotten") != NULL);
  assert_string_equal(take_told(rig), "connected disconnected(2) forgotten ");
  assert_string_not_equal(connect_client(rig, &client, 4, auth_of(rig, connected, NULL)), connected);
  socketio_peer_close(&client);
  rig_close(rig);
}

static void test_only_so_many_are_waited_for(void **state) {
  (void)state;
  Rig *rig = open_rig(RIG_MINUTE_MS);
  SocketIoPeer clients[3];
  for (uint32_t i = 0; i < 3; i++) connect_client(rig, &clients[i], 4, "");
  take_told(rig);
  for (uint32_t i = 0; i < 3; i++) socketio_peer_close(&clients[i]);
  RIG_UNTIL(rig, strstr(rig_zero(rig, text_str(&told)), "forgotten") != NULL);
  assert_string_equal(take_told(rig), "disconnected(2) disconnected(2) disconnected(2) forgotten ");
  rig_close(rig);
}

static void test_a_room_that_is_disconnected_takes_those_along_that_are_waited_for(void **state) {
  (void)state;
  Rig *rig = open_rig(RIG_MINUTE_MS);
  SocketIoPeer client;
  const char *connected = connect_client(rig, &client, 4, "");
  join(&client, 1);
  lose(rig, &client, 0);
  take_told(rig);
  socketio_disconnect_room(io, &namespaces[0], ROOM, true);
  assert_string_equal(take_told(rig), "forgotten ");
  assert_string_not_equal(connect_client(rig, &client, 4, auth_of(rig, connected, NULL)), connected);
  socketio_peer_close(&client);
  rig_close(rig);
}

static void test_a_client_that_does_not_take_what_it_is_sent_is_let_go(void **state) {
  (void)state;
  Rig *rig = open_rig(0);
  SocketIoPeer client;
  connect_client(rig, &client, 4, "");
  join(&client, 1);
  char args[20000];
  memset(args, '1', sizeof args - 1);
  args[sizeof args - 1] = '\0';
  // The test's end reads nothing; the kernel takes some, and what waits here is bounded.
  for (uint64_t begun = rig_clock_ms(); socketio_room_count(io, &namespaces[0], ROOM) > 0; rig_turn(rig, begun)) {
    for (int i = 0; i < 10; i++) tell("flood", args);
  }
  assert_string_equal(take_told(rig), "connected disconnected(2) forgotten ");
  socketio_peer_close(&client);
  rig_close(rig);
}

static void test_sessions_have_a_bound(void **state) {
  (void)state;
  Rig *rig = open_rig(0);
  SocketIoPeer clients[6];
  for (int i = 0; i < 5; i++) connect_client(rig, &clients[i], 4, "");
  assert_int_equal(socketio_peer_open(rig, &clients[5], 4), 503);
  for (int i = 0; i < 6; i++) socketio_peer_close(&clients[i]);
  rig_close(rig);
}

static void test_a_fault_ends_the_connection(void **state) {
  (void)state;
  static const char *const faults[] = {"4",
                                       "4x",
                                       "42",
                                       "42{}",
                                       "4251-[\"x\"]",
                                       "451-[\"x\",{\"_placeholder\":true,\"num\":0}]",
                                       "44\"x\"",
                                       "40",
                                       "42/closed,[\"x\"]",
                                       "7",
                                       "2",
                                       "41[]"};
  Rig *rig = open_rig(0);
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
    SocketIoPeer client;
    connect_client(rig, &client, 4, "");
    socketio_peer_say(&client, faults[i]);
    assert_string_equal(socketio_peer_hear(&client), "");
    socketio_peer_close(&client);
    take_told(rig);
  }
  rig_close(rig);
}

static void test_who_leaves_may_stay_connected_and_come_again(void **state) {
  (void)state;
  Rig *rig = open_rig(RIG_MINUTE_MS);
  SocketIoPeer client;
  const char *connected = connect_client(rig, &client, 4, "");
  socketio_peer_say(&client, "42[\"leave\"]");
  assert_string_equal(socketio_peer_hear(&client), "41");
  socketio_peer_say(&client, "40");
  assert_string_not_equal(socketio_peer_hear(&client), connected);
  socketio_peer_say(&client, "41");
  socketio_peer_say(&client, "40");
  socketio_peer_hear(&client);
  assert_string_equal(take_told(rig),
                      "connected disconnected(1) forgotten connected disconnected(0) forgotten connected ");
  assert_false(socketio_peer_is_over(&client));
  socketio_peer_close(&client);
  rig_close(rig);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_room_is_told_in_the_words_of_each_protocol),
      cmocka_unit_test(test_who_is_refused_is_told_why),
      cmocka_unit_test(test_who_comes_back_gets_what_was_missed_and_nothing_twice),
      cmocka_unit_test(test_without_an_event_there_is_no_offset_and_it_works_all_the_same),
      cmocka_unit_test(test_a_dead_connection_gives_way_to_the_one_that_comes_back),
      cmocka_unit_test(test_what_is_kept_has_a_bound_past_which_one_begins_anew),
      cmocka_unit_test(test_who_does_not_come_back_is_forgotten),
      cmocka_unit_test(test_only_so_many_are_waited_for),
      cmocka_unit_test(test_a_room_that_is_disconnected_takes_those_along_that_are_waited_for),
      cmocka_unit_test(test_a_client_that_does_not_take_what_it_is_sent_is_let_go),
      cmocka_unit_test(test_sessions_have_a_bound),
      cmocka_unit_test(test_a_fault_ends_the_connection),
      cmocka_unit_test(test_who_leaves_may_stay_connected_and_come_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
