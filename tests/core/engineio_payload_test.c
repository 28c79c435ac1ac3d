// Engine.IO packets and bodies: examples of the protocol pages, and what is malformed.
#include "core/engineio_payload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/engineio.h"

// What a body says: "4(text) b(bytes)", "malformed" where it stops being one.
static const char *read_body(Arena *arena, uint8_t version, bool binary, Str body) {
  Text said = {.arena = arena};
  EnginePacket packet;
  while (body.length > 0) {
    if (!engineio_payload_next(arena, version, binary, &body, &packet)) {
      text_add(&said, STR("malformed"));
      break;
    }
    text_char(&said, packet.binary ? 'b' : (char)packet.type);
    text_char(&said, '(');
    text_add(&said, packet.payload);
    text_char(&said, ')');
  }
  return str_zero(arena, text_str(&said));
}

#define S(literal) \
  { literal, sizeof(literal) - 1 }

typedef struct BodyCase {
  uint8_t version;
  bool binary;
  Str body;
  const char *said;
} BodyCase;

static void test_bodies_are_read_packet_by_packet(void **state) {
  (void)state;
  static const BodyCase cases[] = {
      {4, false, S("4hello"), "4(hello)"},
      {4, false,
       S("4hello\x1e"
         "2\x1e"
         "4world"),
       "4(hello)2()4(world)"},
      {4, false,
       S("4hello\x1e"
         "bAQIDBA=="),
       "4(hello)b(\x01\x02\x03\x04)"},
      {4, false,
       S("bAQID\nBA==\n\x1e"
         "4a"),
       "b(\x01\x02\x03\x04)4(a)"},
      {4, false, S("bAQID BA=="), "malformed"},
      {4, false, S("4a\x1e"), "malformed"},
      {4, false,
       S("4a\x1e\x1e"
         "4b"),
       "4(a)malformed"},
      {4, false, S("7"), "malformed"},
      {4, false, S("b*"), "malformed"},
      {3, false, S("6:4hello2:4\xe2\x82\xac"), "4(hello)4(\xe2\x82\xac)"},
      {3, false, S("3:4\xf0\x9f\x98\x80"), "4(\xf0\x9f\x98\x80)"},
      {3, false, S("2:4\xf0\x9f\x98\x80"), "malformed"},
      {3, false, S("6:4hello10:b4AQIDBA=="), "4(hello)b(\x01\x02\x03\x04)"},
      {3, false, S("4:b5AQ"), "malformed"},
      {3, false, S("0:"), "malformed"},
      {3, false, S(":4"), "malformed"},
      {3, false, S("3:4a"), "malformed"},
      {3, false, S("-1:4a"), "malformed"},
      {3, false, S("1"), "malformed"},
      {3, false, S("0000000001:4"), "malformed"},
      {3, true,
       S("\0\4\xff"
         "4\xe2\x82\xac\1\5\xff\4\1\2\3\4"),
       "4(\xe2\x82\xac)b(\x01\x02\x03\x04)"},
      {3, true,
       S("\0\1\0\xff"
         "4123456789"),
       "4(123456789)"},
      {3, true,
       S("\0\2\xff"
         "4\xff"),
       "malformed"},
      {3, true,
       S("\2\1\xff"
         "4"),
       "malformed"},
      {3, true, S("\1\2\xff\4"), "malformed"},
      {3, true, S("\1\1\xff\5"), "malformed"},
      {3, true, S("\1\xff\4"), "malformed"},
      {3, true, S("\1"), "malformed"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Arena arena = {0};
    const BodyCase *given = &cases[i];
    assert_string_equal(read_body(&arena, given->version, given->binary, given->body), given->said);
    arena_free(&arena);
  }
}

static void expect_body(uint8_t version, bool binary, Str expected) {
  Arena arena = {0};
  Buf *text = engineio_frame(version, false, STR("h\xc3\xa9\xf0\x9f\x98\x80"));
  Buf *bytes = engineio_frame(version, true, STR("\1\2\3\4"));
  Text body = {.arena = &arena};
  engineio_payload_add(&body, version, binary, text);
  engineio_payload_add(&body, version, binary, bytes);
  assert_int_equal(body.length, expected.length);
  assert_memory_equal(body.at, expected.at, expected.length);
  buf_unref(text);
  buf_unref(bytes);
  arena_free(&arena);
}

static void test_a_body_is_written_from_the_frames_of_a_websocket(void **state) {
  (void)state;
  expect_body(4, false,
              STR("4h\xc3\xa9\xf0\x9f\x98\x80\x1e"
                  "bAQIDBA=="));
  expect_body(3, false,
              STR("5:4h\xc3\xa9\xf0\x9f\x98\x80"
                  "10:b4AQIDBA=="));
  expect_body(3, true,
              STR("\0\x08\xff"
                  "4h\xc3\xa9\xf0\x9f\x98\x80\1\5\xff\4\1\2\3\4"));
}

static void test_a_packet_is_found_in_frames_of_every_length(void **state) {
  (void)state;
  static const size_t lengths[] = {0, 1, 124, 125, 126, 65534, 65535, 65536, 100000};
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    char *bytes = malloc(lengths[i] + 1);
    memset(bytes, 'x', lengths[i] + 1);
    Buf *frame = engineio_frame(4, false, (Str){bytes, lengths[i]});
    Str packet;
    assert_false(engineio_frame_packet(frame, &packet));
    assert_int_equal(packet.length, lengths[i] + 1);
    assert_int_equal(packet.at[0], '4');
    buf_unref(frame);
    free(bytes);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_bodies_are_read_packet_by_packet),
      cmocka_unit_test(test_a_body_is_written_from_the_frames_of_a_websocket),
      cmocka_unit_test(test_a_packet_is_found_in_frames_of_every_length),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
