// The WebSocket codec: frames, messages, control frames, UTF-8, close codes, limits, the handshake's accept key. The
// cases are data; each is fed whole, byte by byte and in random cuts. Their ideas are those of RFC 6455 and of the
// groups of the Autobahn test suite (1 framing, 2 pings, 3 and 4 reserved, 5 fragments, 6 UTF-8, 7 close, 9 and 10
// sizes).
#include "core/ws.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/ws_wire.h"

enum { ROUNDS = 40, CONTINUES = WIRE_CONTINUES };

static const WsLimits roomy = {.message_bytes = 16 << 20, .fragments = 65536, .deflate = true};

#define F(first, literal)          \
  {                                \
    first, {                       \
      literal, sizeof(literal) - 1 \
    }                              \
  }
#define EXPECT_ALL(cases, limits) wire_expect_cases(cases, sizeof(cases) / sizeof *(cases), limits, false)

static void test_a_message_of_one_frame_comes_out_as_it_was_sent(void **state) {
  (void)state;
  static const WireCase cases[] = {
      {"empty text", {F(0x81, "")}, "text()"},
      {"empty binary", {F(0x82, "")}, "binary()"},
      {"one byte", {F(0x81, "x")}, "text(x)"},
      {"eight bytes", {F(0x82, "12345678")}, "binary(12345678)"},
      {"nine bytes", {F(0x82, "123456789")}, "binary(123456789)"},
      {"any bytes are binary", {F(0x82, "\xff\xfe\x01")}, "binary(\xff\xfe\x01)"},
      {"three in a row", {F(0x81, "a"), F(0x82, "b"), F(0x81, "c")}, "text(a) binary(b) text(c)"},
  };
  EXPECT_ALL(cases, &roomy);
}

static void test_every_form_of_length_is_read(void **state) {
  (void)state;
  static const size_t sizes[] = {0, 1, 7, 8, 9, 124, 125, 126, 127, 128, 255, 256, 65534, 65535, 65536, 65537, 200000};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    Arena arena = {0};
    Text wire = {.arena = &arena};
    Str payload = wire_fill(&arena, '*', sizes[i]);
    wire_frame(&wire, 0x81, payload);
    wire_frame(&wire, 0x82, payload);
    Text expected = {.arena = &arena};
    text_add(&expected, wire_word(&arena, "text", payload));
    text_add(&expected, wire_word(&arena, "binary", payload));
    wire_expect("size", text_str(&wire), &roomy, false, 3, text_str(&expected));
    arena_free(&arena);
  }
}

static void test_pings_and_pongs_are_given_with_their_payload(void **state) {
  (void)state;
  static const WireCase cases[] = {
      {"empty ping", {F(0x89, "")}, "ping()"},
      {"ping with text", {F(0x89, "Hello")}, "ping(Hello)"},
      {"a pong nobody asked for", {F(0x8a, "x"), F(0x89, "y")}, "pong(x) ping(y)"},
      {"ten pings",
       {F(0x89, "0"), F(0x89, "1"), F(0x89, "2"), F(0x89, "3"), F(0x89, "4"), F(0x89, "5"), F(0x89, "6"), F(0x89, "7"),
        F(0x89, "8"), F(0x89, "9")},
       "ping(0) ping(1) ping(2) ping(3) ping(4) ping(5) ping(6) ping(7) ping(8) ping(9)"},
  };
  EXPECT_ALL(cases, &roomy);
  Arena arena = {0};
  Text wire = {.arena = &arena};
  wire_frame(&wire, 0x89, STR("\x00\xff\xfe\xfd"));
  wire_expect("bytes that are no text", text_str(&wire), &roomy, false, 3,
              wire_word(&arena, "ping", STR("\x00\xff\xfe\xfd")));
  arena_free(&arena);
}

static void test_a_control_frame_has_at_most_125_bytes_and_is_never_fragmented(void **state) {
  (void)state;
  static const int controls[] = {0x88, 0x89, 0x8a};
  for (size_t i = 0; i < 3; i++) {
    Arena arena = {0};
    Text wire = {.arena = &arena};
    wire_frame(&wire, controls[i], wire_fill(&arena, 'x', 126));
    wire_expect("126 bytes", text_str(&wire), &roomy, false, 3, STR("fault(1002)"));
    wire.length = 0;
    wire_frame(&wire, controls[i] & 0x0f, STR("x"));
    wire_expect("without FIN", text_str(&wire), &roomy, false, 3, STR("fault(1002)"));
    arena_free(&arena);
  }
  Arena arena = {0};
  Text wire = {.arena = &arena};
  wire_frame(&wire, 0x89, wire_fill(&arena, 'x', 125));
  wire_expect("125 bytes", text_str(&wire), &roomy, false, ROUNDS,
              wire_word(&arena, "ping", wire_fill(&arena, 'x', 125)));
  arena_free(&arena);
}

static void test_reserved_bits_are_refused_unless_an_extension_uses_them(void **state) {
  (void)state;
  for (int bits = 1; bits <= 7; bits++) {
    for (int opcode = 0; opcode <= 10; opcode++) {
      if (opcode > WS_BINARY && opcode < WS_CLOSE) continue;
      Arena arena = {0};
      Text wire = {.arena = &arena};
      wire_frame(&wire, 0x81, STR("before"));
      wire_frame(&wire, 0x80 | bits << 4 | opcode, STR(""));
      wire_frame(&wire, 0x89, STR("after"));
      wire_expect("reserved bits", text_str(&wire), &roomy, false, 2, STR("text(before) fault(1002)"));
      bool inflates = bits == 4 && (opcode == WS_TEXT || opcode == WS_BINARY);
      if (!inflates) {
        wire_expect("reserved bits with deflate", text_str(&wire), &roomy, true, 2, STR("text(before) fault(1002)"));
      }
      arena_free(&arena);
    }
  }
}

static void test_reserved_opcodes_are_refused(void **state) {
  (void)state;
  static const int opcodes[] = {3, 4, 5, 6, 7, 11, 12, 13, 14, 15};
  for (size_t i = 0; i < sizeof opcodes / sizeof *opcodes; i++) {
    Arena arena = {0};
    Text wire = {.arena = &arena};
    wire_frame(&wire, 0x81, STR("Hello"));
    wire_frame(&wire, 0x80 | opcodes[i], STR("x"));
    wire_frame(&wire, 0x89, STR(""));
    wire_expect("opcode", text_str(&wire), &roomy, false, 3, STR("text(Hello) fault(1002)"));
    arena_free(&arena);
  }
}

static void test_malformed_headers_are_refused_as_soon_as_they_are_seen(void **state) {
  (void)state;
  static const struct {
    const char *name;
    Str header;
    const char *expected;
  } cases[] = {
      {"unmasked", {"\x81\x05Hello", 7}, "fault(1002)"},
      {"unmasked and empty", {"\x81\x00", 2}, "fault(1002)"},
      {"unmasked close", {"\x88\x00", 2}, "fault(1002)"},
      {"16 bit length of 125", {"\x81\xfe\x00\x7d", 4}, "fault(1002)"},
      {"16 bit length of 0", {"\x82\xfe\x00\x00", 4}, "fault(1002)"},
      {"64 bit length of 125", {"\x82\xff\x00\x00\x00\x00\x00\x00\x00\x7d", 10}, "fault(1002)"},
      {"64 bit length of 65535", {"\x82\xff\x00\x00\x00\x00\x00\x00\xff\xff", 10}, "fault(1002)"},
      {"64 bit length with its top bit", {"\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00", 10}, "fault(1002)"},
      {"the greatest length", {"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff", 10}, "fault(1009)"},
      {"one byte past 16 MiB", {"\x82\xff\x00\x00\x00\x00\x01\x00\x00\x01", 10}, "fault(1009)"},
      {"4 GiB and a byte", {"\x82\xff\x00\x00\x00\x01\x00\x00\x00\x01", 10}, "fault(1009)"},
      {"16 MiB", {"\x82\xff\x00\x00\x00\x00\x01\x00\x00\x00", 10}, ""},
      {"16 bit length of 126", {"\x82\xfe\x00\x7e", 4}, ""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    wire_expect(cases[i].name, cases[i].header, &roomy, false, 3, str_from(cases[i].expected));
  }
}

static void test_fragments_make_one_message_and_control_frames_pass_between_them(void **state) {
  (void)state;
  static const WireCase cases[] = {
      {"two fragments", {F(0x01, "Hel"), F(0x80, "lo")}, "text(Hello)"},
      {"two fragments of bytes", {F(0x02, "\xff"), F(0x80, "\xfe")}, "binary(\xff\xfe)"},
      {"ping between", {F(0x01, "Hel"), F(0x89, "now"), F(0x80, "lo")}, "ping(now) text(Hello)"},
      {"ping and pong between many",
       {F(0x01, "1"), F(CONTINUES, "2"), F(0x89, "a"), F(CONTINUES, "3"), F(0x8a, "b"), F(CONTINUES, ""), F(0x80, "4")},
       "ping(a) pong(b) text(1234)"},
      {"empty fragments", {F(0x01, ""), F(CONTINUES, ""), F(0x80, "")}, "text()"},
      {"only the middle has bytes", {F(0x01, ""), F(CONTINUES, "middle"), F(0x80, "")}, "text(middle)"},
      {"only the last has bytes", {F(0x01, ""), F(0x80, "last")}, "text(last)"},
      {"two messages of fragments",
       {F(0x01, "a"), F(0x80, "b"), F(0x02, "c"), F(0x80, "d"), F(0x81, "e")},
       "text(ab) binary(cd) text(e)"},
      {"close between", {F(0x01, "a"), F(0x88, "\x03\xe8"), F(0x80, "b")}, "close(1000,)"},
      {"continuation of nothing", {F(0x80, "x")}, "fault(1002)"},
      {"unfinished continuation of nothing", {F(CONTINUES, "x"), F(0x80, "y")}, "fault(1002)"},
      {"continuation after a message", {F(0x81, "a"), F(0x80, "x")}, "text(a) fault(1002)"},
      {"continuation after the last fragment", {F(0x01, "a"), F(0x80, "b"), F(0x80, "c")}, "text(ab) fault(1002)"},
      {"text inside a message", {F(0x01, "a"), F(0x81, "b")}, "fault(1002)"},
      {"binary inside a message", {F(0x01, "a"), F(0x89, "p"), F(0x02, "b")}, "ping(p) fault(1002)"},
  };
  EXPECT_ALL(cases, &roomy);
}

static void test_text_that_is_not_utf8_is_refused(void **state) {
  (void)state;
  static const WireCase cases[] = {
      {"two bytes", {F(0x81, "\xc2\xa3")}, "text(\xc2\xa3)"},
      {"three bytes", {F(0x81, "\xe2\x82\xac")}, "text(\xe2\x82\xac)"},
      {"four bytes", {F(0x81, "\xf0\x9f\x8e\xad")}, "text(\xf0\x9f\x8e\xad)"},
      {"Greek",
       {F(0x81, "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5")},
       "text(\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5)"},
      {"U+0080 and U+07FF", {F(0x81, "\xc2\x80\xdf\xbf")}, "text(\xc2\x80\xdf\xbf)"},
      {"U+0800 and U+FFFF", {F(0x81, "\xe0\xa0\x80\xef\xbf\xbf")}, "text(\xe0\xa0\x80\xef\xbf\xbf)"},
      {"U+10000 and U+10FFFF", {F(0x81, "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf")}, "text(\xf0\x90\x80\x80\xf4\x8f\xbf\xbf)"},
      {"around the surrogates", {F(0x81, "\xed\x9f\xbf\xee\x80\x80")}, "text(\xed\x9f\xbf\xee\x80\x80)"},
      {"zero byte written long", {F(0x81, "\xc0\x80")}, "fault(1007)"},
      {"overlong slash", {F(0x81, "\xc0\xaf")}, "fault(1007)"},
      {"overlong in three", {F(0x81, "\xe0\x9f\xbf")}, "fault(1007)"},
      {"overlong in four", {F(0x81, "\xf0\x8f\xbf\xbf")}, "fault(1007)"},
      {"first surrogate", {F(0x81, "\xed\xa0\x80")}, "fault(1007)"},
      {"surrogate pair", {F(0x81, "\xed\xa0\x80\xed\xb0\x80")}, "fault(1007)"},
      {"last surrogate", {F(0x81, "\xed\xbf\xbf")}, "fault(1007)"},
      {"past U+10FFFF", {F(0x81, "\xf4\x90\x80\x80")}, "fault(1007)"},
      {"five bytes", {F(0x81, "\xf8\x88\x80\x80\x80")}, "fault(1007)"},
      {"six bytes", {F(0x81, "\xfc\x84\x80\x80\x80\x80")}, "fault(1007)"},
      {"FE", {F(0x81, "\xfe")}, "fault(1007)"},
      {"FF", {F(0x81, "\xff")}, "fault(1007)"},
      {"continuation alone", {F(0x81, "\x80")}, "fault(1007)"},
      {"lead then ASCII", {F(0x81, "\xc3(")}, "fault(1007)"},
      {"lead then lead", {F(0x81, "\xe2\x82\xe2\x82\xac")}, "fault(1007)"},
      {"cut off in two", {F(0x81, "abc\xc3")}, "fault(1007)"},
      {"cut off in three", {F(0x81, "\xe2\x82")}, "fault(1007)"},
      {"cut off in four", {F(0x81, "\xf0\x9f\x8e")}, "fault(1007)"},
      {"bad byte after sixteen good ones", {F(0x81, "0123456789abcdef\xff")}, "fault(1007)"},
      {"bad byte between good ones",
       {F(0x81,
          "0123456789a\xff"
          "bcdef0123456789")},
       "fault(1007)"},
  };
  EXPECT_ALL(cases, &roomy);
}

static void test_a_character_may_be_spread_over_fragments(void **state) {
  (void)state;
  static const WireCase cases[] = {
      {"euro over three", {F(0x01, "\xe2"), F(CONTINUES, "\x82"), F(0x80, "\xac")}, "text(\xe2\x82\xac)"},
      {"with a ping inside",
       {F(0x01, "\xf0\x9f"), F(0x89, "\xff"), F(CONTINUES, ""), F(0x80, "\x8e\xad")},
       "ping(\xff) text(\xf0\x9f\x8e\xad)"},
      {"never finished", {F(0x01, "\xe2"), F(0x80, "\x82")}, "fault(1007)"},
      {"finished wrongly", {F(0x01, "\xe2\x82"), F(0x80, "x")}, "fault(1007)"},
      {"bad at once", {F(0x01, "a\xff"), F(0x89, "never seen"), F(0x80, "b")}, "fault(1007)"},
      {"the next message starts afresh",
       {F(0x02, "\xe2"), F(0x80, "\x82"), F(0x81, "ok")},
       "binary(\xe2\x82) text(ok)"},
  };
  EXPECT_ALL(cases, &roomy);
}

// Autobahn 6.4: the verdict must not wait for the end of the frame.
static void test_a_bad_byte_in_an_unfinished_frame_is_refused_when_it_comes(void **state) {
  (void)state;
  static const struct {
    Str payload;
    size_t good;  // bytes that may still become valid text
  } cases[] = {
      {{"\xce\xba\xe1\xbd\xb9\xf4\x90\x80\x80zz", 11}, 6},
      {{"ab\xff", 3}, 2},
      {{"\xed\xa0\x80", 3}, 1},
      {{"\xf0\x8f\xbf\xbf", 4}, 1},
      {{"\xc0\xaf", 2}, 0},
      {{"0123456789\xe2\x82x", 13}, 12},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Arena arena = {0};
    Text wire = {.arena = &arena};
    wire_frame(&wire, 0x01, STR("first "));
    Text whole = {.arena = &arena};
    text_add(&whole, cases[i].payload);
    text_add(&whole, wire_fill(&arena, '.', 100));
    wire_frame(&wire, 0x80, text_str(&whole));
    Str so_far = {wire.at, wire.length - whole.length + cases[i].good};
    wire_expect("good so far", so_far, &roomy, false, 3, STR(""));
    so_far.length++;
    wire_expect("the bad byte", so_far, &roomy, false, 3, STR("fault(1007)"));
    arena_free(&arena);
  }
}

static void test_a_close_frame_ends_the_incoming_side(void **state) {
  (void)state;
  static const WireCase cases[] = {
      {"empty", {F(0x88, ""), F(0x81, "late")}, "close(1005,)"},
      {"with a code", {F(0x88, "\x03\xe8"), F(0x89, "late")}, "close(1000,)"},
      {"with a reason", {F(0x88, "\x03\xe8see you"), F(0x88, "\x03\xe8")}, "close(1000,see you)"},
      {"reason in UTF-8", {F(0x88, "\x03\xe9\xe2\x82\xac")}, "close(1001,\xe2\x82\xac)"},
      {"one byte", {F(0x88, "\x03")}, "fault(1002)"},
      {"reason that is no text", {F(0x88, "\x03\xe8\xff")}, "fault(1007)"},
      {"reason cut off", {F(0x88, "\x03\xe8\xe2\x82")}, "fault(1007)"},
      {"after a message", {F(0x81, "bye"), F(0x88, "\x03\xe8"), F(0x81, "late")}, "text(bye) close(1000,)"},
  };
  EXPECT_ALL(cases, &roomy);
}

static bool may_close_with(int code) {
  if (code >= 3000 && code <= 4999) return true;
  switch (code) {
    case 1000:
    case 1001:
    case 1002:
    case 1003:
    case 1007:
    case 1008:
    case 1009:
    case 1010:
    case 1011:
    case 1012:
    case 1013:
    case 1014:
      return true;
    default:
      return false;
  }
}

static void test_only_close_codes_of_the_registry_and_the_free_ranges_are_taken(void **state) {
  (void)state;
  Arena arena = {0};
  for (int code = 0; code <= UINT16_MAX; code += code < 5100 ? 1 : 777) {
    Text wire = {.arena = &arena}, expected = {.arena = &arena};
    char payload[2] = {(char)(code >> 8), (char)code};
    wire_frame(&wire, 0x88, (Str){payload, 2});
    if (may_close_with(code)) text_format(&expected, "close(%d,)", code);
    Str events = wire_events(&arena, text_str(&wire), &roomy, false, WIRE_WHOLE);
    if (!str_equal(events, may_close_with(code) ? text_str(&expected) : STR("fault(1002)"))) fail_msg("code %d", code);
    arena_reset(&arena);
  }
  arena_free(&arena);
}

// RFC 6455 5.7, the examples that a client sends.
static void test_the_frames_of_the_rfc_are_read(void **state) {
  (void)state;
  wire_expect("masked Hello", STR("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), &roomy, false, 9,
              STR("text(Hello)"));
  wire_expect("masked pong", STR("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), &roomy, false, 9, STR("pong(Hello)"));
}

// RFC 6455 5.7, the examples that a server sends.
static void test_headers_are_written_as_in_the_rfc(void **state) {
  (void)state;
  static const struct {
    WsOpcode opcode;
    bool compressed;
    uint64_t bytes;
    Str header;
  } cases[] = {
      {WS_TEXT, false, 5, {"\x81\x05", 2}},
      {WS_PING, false, 5, {"\x89\x05", 2}},
      {WS_CLOSE, false, 0, {"\x88\x00", 2}},
      {WS_TEXT, true, 7, {"\xc1\x07", 2}},
      {WS_BINARY, false, 125, {"\x82\x7d", 2}},
      {WS_BINARY, false, 126, {"\x82\x7e\x00\x7e", 4}},
      {WS_BINARY, false, 256, {"\x82\x7e\x01\x00", 4}},
      {WS_BINARY, false, 65535, {"\x82\x7e\xff\xff", 4}},
      {WS_BINARY, false, 65536, {"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10}},
      {WS_BINARY, true, UINT64_C(1) << 40, {"\xc2\x7f\x00\x00\x01\x00\x00\x00\x00\x00", 10}},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char header[WS_HEADER_MAX_BYTES];
    assert_int_equal(ws_header(cases[i].opcode, cases[i].compressed, cases[i].bytes, header), cases[i].header.length);
    assert_memory_equal(header, cases[i].header.at, cases[i].header.length);
  }
}

static void test_the_accept_key_is_that_of_the_rfc(void **state) {
  (void)state;
  char accept[WS_ACCEPT_BYTES];
  assert_true(ws_accept(STR("dGhlIHNhbXBsZSBub25jZQ=="), accept));
  assert_memory_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", WS_ACCEPT_BYTES);
}

static void test_a_key_that_is_not_16_bytes_of_base64_is_refused(void **state) {
  (void)state;
  static const char *const keys[] = {"",
                                     "x",
                                     "dGhlIHNhbXBsZSBub25jZQ=",
                                     "dGhlIHNhbXBsZSBub25jZQ",
                                     "dGhlIHNhbXBsZSBub25jZQ===",
                                     "dGhlIHNhbXBsZSBub25jZQ==x",
                                     "dGhlIHNhbXBsZSBub25jZWE=",
                                     "dGhlIHNhbXBsZSBub25jZWFh",
                                     "dGhlIHNhbXBsZSBub2 jZQ==",
                                     "dGhlIHNhbXBsZSBub2-jZQ==",
                                     "=Ghl=HNhbXBsZSBub25jZQ=="};
  char accept[WS_ACCEPT_BYTES];
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) assert_false(ws_accept(str_from(keys[i]), accept));
  assert_false(ws_accept((Str){"dGhlIHNhbXBs\0SBub25jZQ==", 24}, accept));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_message_of_one_frame_comes_out_as_it_was_sent),
      cmocka_unit_test(test_every_form_of_length_is_read),
      cmocka_unit_test(test_pings_and_pongs_are_given_with_their_payload),
      cmocka_unit_test(test_a_control_frame_has_at_most_125_bytes_and_is_never_fragmented),
      cmocka_unit_test(test_reserved_bits_are_refused_unless_an_extension_uses_them),
      cmocka_unit_test(test_reserved_opcodes_are_refused),
      cmocka_unit_test(test_malformed_headers_are_refused_as_soon_as_they_are_seen),
      cmocka_unit_test(test_fragments_make_one_message_and_control_frames_pass_between_them),
      cmocka_unit_test(test_text_that_is_not_utf8_is_refused),
      cmocka_unit_test(test_a_character_may_be_spread_over_fragments),
      cmocka_unit_test(test_a_bad_byte_in_an_unfinished_frame_is_refused_when_it_comes),
      cmocka_unit_test(test_a_close_frame_ends_the_incoming_side),
      cmocka_unit_test(test_only_close_codes_of_the_registry_and_the_free_ranges_are_taken),
      cmocka_unit_test(test_the_frames_of_the_rfc_are_read),
      cmocka_unit_test(test_headers_are_written_as_in_the_rfc),
      cmocka_unit_test(test_the_accept_key_is_that_of_the_rfc),
      cmocka_unit_test(test_a_key_that_is_not_16_bytes_of_base64_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
