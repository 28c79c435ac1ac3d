// Socket.IO packets: examples of the protocol page, and what is malformed.
#include "core/socketio_packet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ATTACHMENTS_MAX = 10 };

// "type namespace?query id attachments json", or "malformed".
static const char *describe(Arena *arena, const char *text) {
  SocketIoPacket packet;
  if (!socketio_packet_read(arena, str_from(text), ATTACHMENTS_MAX, &packet)) return "malformed";
  Text said = {.arena = arena};
  text_format(&said, "%d %.*s?%.*s %lld %d/%u %.*s", packet.type, STR_ARG(packet.name_space), STR_ARG(packet.query),
              (long long)packet.id, packet.binary, packet.attachments, STR_ARG(packet.json));
  return str_zero(arena, text_str(&said));
}

static void test_packets_are_read(void **state) {
  (void)state;
  static const char *const cases[][2] = {
      {"0", "0 /? -1 0/0 "},
      {"0/admin,{\"sid\":\"a\"}", "0 /admin? -1 0/0 {\"sid\":\"a\"}"},
      {"0/random", "0 /random? -1 0/0 "},
      {"0/custom?token=a%20b,", "0 /custom?token=a%20b -1 0/0 "},
      {"1", "1 /? -1 0/0 "},
      {"1/admin,", "1 /admin? -1 0/0 "},
      {"2[\"foo\"]", "2 /? -1 0/0 [\"foo\"]"},
      {"212[\"foo\"]", "2 /? 12 0/0 [\"foo\"]"},
      {"2/admin,0[\"bar\",{\"a\":[]}]", "2 /admin? 0 0/0 [\"bar\",{\"a\":[]}]"},
      {"2[5]", "2 /? -1 0/0 [5]"},
      {"3/admin,13[]", "3 /admin? 13 0/0 []"},
      {"51-[\"baz\",{\"_placeholder\":true,\"num\":0}]", "2 /? -1 1/1 [\"baz\",{\"_placeholder\":true,\"num\":0}]"},
      {"61-15[\"bar\",{\"_placeholder\":true,\"num\":0}]", "3 /? 15 1/1 [\"bar\",{\"_placeholder\":true,\"num\":0}]"},
      {"50-[\"none\"]", "2 /? -1 1/0 [\"none\"]"},
      {"2[\"_placeholder\",{\"_placeholder\":true,\"num\":9}]",
       "2 /? -1 0/0 [\"_placeholder\",{\"_placeholder\":true,\"num\":9}]"},
      {"", "malformed"},
      {"7", "malformed"},
      {"abc", "malformed"},
      {"0[]", "malformed"},
      {"0\"a\"", "malformed"},
      {"1{}", "malformed"},
      {"2", "malformed"},
      {"2{}", "malformed"},
      {"2[]", "malformed"},
      {"2[null]", "malformed"},
      {"2[[\"a\"]]", "malformed"},
      {"2[\"connect\"]", "malformed"},
      {"2[\"disconnecting\",1]", "malformed"},
      {"2abc[\"foo\"]", "malformed"},
      {"2[\"foo\"", "malformed"},
      {"2[\"foo\"]x", "malformed"},
      {"21234567890123456[\"foo\"]", "malformed"},
      {"3[]", "malformed"},
      {"31{}", "malformed"},
      {"5[\"foo\"]", "malformed"},
      {"5-[\"foo\"]", "malformed"},
      {"51[\"foo\"]", "malformed"},
      {"511-[\"foo\"]", "malformed"},
      {"599999999999-[\"foo\"]", "malformed"},
      {"51-[\"foo\",{\"_placeholder\":true,\"num\":1}]", "malformed"},
      {"51-[\"foo\",{\"_placeholder\":true,\"num\":-1}]", "malformed"},
      {"51-[\"foo\",{\"_placeholder\":true}]", "malformed"},
      {"51-[\"foo\",[{\"a\":{\"_placeholder\":true,\"num\":\"0\"}}]]", "malformed"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Arena arena = {0};
    assert_string_equal(describe(&arena, cases[i][0]), cases[i][1]);
    arena_free(&arena);
  }
}

static void test_arguments_are_given_as_they_were_sent(void **state) {
  (void)state;
  static const char *const cases[][3] = {
      {"2[\"a\"]", "a", ""},
      {"2[\"a\",1]", "a", "1"},
      {"2[ \"a\" , 1.50, [2] ]", "a", " 1.50, [2]"},
      {"2[\"a\\\",\\\\\",{\"b\":\"]\"}]", "a\",\\", "{\"b\":\"]\"}"},
      {"2[12,\"x\"]", "12", "\"x\""},
      {"2[\"\",10000000000000000000001]", "", "10000000000000000000001"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Arena arena = {0};
    SocketIoPacket packet;
    Str name, args;
    assert_true(socketio_packet_read(&arena, str_from(cases[i][0]), ATTACHMENTS_MAX, &packet));
    socketio_packet_event(&arena, &packet, &name, &args);
    assert_string_equal(str_zero(&arena, name), cases[i][1]);
    assert_string_equal(str_zero(&arena, args), cases[i][2]);
    arena_free(&arena);
  }
}

static void expect_head(SocketIoPacketType type, uint32_t attachments, const char *name_space, int64_t id,
                        const char *expected) {
  Arena arena = {0};
  Text out = {.arena = &arena};
  socketio_packet_head(&out, type, attachments, str_from(name_space), id);
  assert_string_equal(str_zero(&arena, text_str(&out)), expected);
  arena_free(&arena);
}

static void test_what_stands_before_the_payload(void **state) {
  (void)state;
  expect_head(SOCKETIO_CONNECT, 0, "/", SOCKETIO_NO_ID, "0");
  expect_head(SOCKETIO_DISCONNECT, 0, "/admin", SOCKETIO_NO_ID, "1/admin,");
  expect_head(SOCKETIO_EVENT, 0, "/", SOCKETIO_NO_ID, "2");
  expect_head(SOCKETIO_EVENT, 2, "/admin", 3, "52-/admin,3");
  expect_head(SOCKETIO_ACK, 0, "/", 0, "30");
  expect_head(SOCKETIO_ACK, 1, "/", 15, "61-15");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_packets_are_read),
      cmocka_unit_test(test_arguments_are_given_as_they_were_sent),
      cmocka_unit_test(test_what_stands_before_the_payload),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
