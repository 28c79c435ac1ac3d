// permessage-deflate: what is negotiated, what comes out of compressed messages, what is refused, and that what we
// compress any client can read. The ideas are those of RFC 7692 and of groups 12 and 13 of the Autobahn test suite.
#define ZLIB_CONST
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#include "core/ws.h"
#include "support/ws_wire.h"

enum { ROUNDS = 20 };

static const WsLimits roomy = {.message_bytes = 16 << 20, .fragments = 65536, .deflate = true};

#define ANSWER "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

static void test_the_first_acceptable_offer_is_taken(void **state) {
  (void)state;
  static const struct {
    const char *offered;
    const char *answer;  // "" when none is acceptable
    int bits;
  } cases[] = {
      {"permessage-deflate", ANSWER, 15},
      {"permessage-deflate; client_max_window_bits", ANSWER, 15},
      {"permessage-deflate; client_max_window_bits=8", ANSWER, 15},
      {"permessage-deflate;client_max_window_bits=15", ANSWER, 15},
      {"permessage-deflate; client_max_window_bits=\"10\"", ANSWER, 15},
      {"permessage-deflate; server_no_context_takeover; client_no_context_takeover", ANSWER, 15},
      {"permessage-deflate; server_max_window_bits=9", ANSWER "; server_max_window_bits=9", 9},
      {"permessage-deflate; server_max_window_bits=15", ANSWER "; server_max_window_bits=15", 15},
      {" permessage-deflate ;\tserver_max_window_bits = \"12\" ", ANSWER "; server_max_window_bits=12", 12},
      {"permessage-deflate; server_max_window_bits=8", "", 0},
      {"permessage-deflate; server_max_window_bits=8, permessage-deflate", ANSWER, 15},
      {"permessage-deflate; server_max_window_bits=10; client_max_window_bits, permessage-deflate",
       ANSWER "; server_max_window_bits=10", 10},
      {"permessage-deflate; server_max_window_bits", "", 0},
      {"permessage-deflate; server_max_window_bits=", "", 0},
      {"permessage-deflate; server_max_window_bits=7", "", 0},
      {"permessage-deflate; server_max_window_bits=16", "", 0},
      {"permessage-deflate; server_max_window_bits=010", "", 0},
      {"permessage-deflate; server_max_window_bits=1x", "", 0},
      {"permessage-deflate; server_max_window_bits=\"12", "", 0},
      {"permessage-deflate; server_max_window_bits=\"", "", 0},
      {"permessage-deflate; client_max_window_bits=7", "", 0},
      {"permessage-deflate; client_max_window_bits=16", "", 0},
      {"permessage-deflate; client_max_window_bits=", "", 0},
      {"permessage-deflate; client_max_window_bits=\"\"", "", 0},
      {"permessage-deflate; server_no_context_takeover=1", "", 0},
      {"permessage-deflate; client_no_context_takeover=true", "", 0},
      {"permessage-deflate; client_no_context_takeover; client_no_context_takeover", "", 0},
      {"permessage-deflate; server_max_window_bits=10; server_max_window_bits=10", "", 0},
      {"permessage-deflate; unknown", "", 0},
      {"permessage-deflate; unknown=\"a, permessage-deflate; b\"", "", 0},
      {"permessage-deflate; unknown=\"\\\", permessage-deflate; b\"", "", 0},
      {"permessage-deflate; unknown, permessage-deflate", ANSWER, 15},
      {"permessage-deflate;", "", 0},
      {"permessage-deflate; ; client_no_context_takeover", "", 0},
      {"permessage-deflate=1", "", 0},
      {"x-webkit-deflate-frame", "", 0},
      {"x-webkit-deflate-frame, , permessage-deflate", ANSWER, 15},
      {"permessage-bzip2; x=1, permessage-deflate; client_max_window_bits", ANSWER, 15},
      {"", "", 0},
      {",", "", 0},
      {";", "", 0},
      {"\"", "", 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Arena arena = {0};
    Text out = {.arena = &arena};
    WsAgreement agreement = ws_negotiate(str_from(cases[i].offered), &roomy, &out);
    if (!str_equal(text_str(&out), str_from(cases[i].answer))) fail_msg("%s", cases[i].offered);
    assert_int_equal(agreement.deflate, cases[i].answer[0] != '\0');
    if (agreement.deflate) assert_int_equal(agreement.server_window_bits, cases[i].bits);
    arena_free(&arena);
  }
}

static void test_nothing_is_agreed_where_deflate_is_turned_off(void **state) {
  (void)state;
  Arena arena = {0};
  Text out = {.arena = &arena};
  WsLimits plain = roomy;
  plain.deflate = false;
  assert_false(ws_negotiate(STR("permessage-deflate"), &plain, &out).deflate);
  assert_int_equal(out.length, 0);
  arena_free(&arena);
}

// RFC 7692 7.2.3, and what must not pass.
static void test_compressed_messages_are_inflated_and_bad_ones_refused(void **state) {
  (void)state;
  static const struct {
    const char *name;
    Str payload;
    const char *expected;
  } cases[] = {
      {"one block (7.2.3.1)", {"\xf2\x48\xcd\xc9\xc9\x07\x00", 7}, "text(Hello)"},
      {"a block not compressed (7.2.3.3)", {"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", 11}, "text(Hello)"},
      {"a final block (7.2.3.4)", {"\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 8}, "text(Hello)"},
      {"a final block and nothing", {"\xf3\x48\xcd\xc9\xc9\x07\x00", 7}, "text(Hello)"},
      {"two final blocks", {"\xf3\x48\xcd\xc9\xc9\x07\x00\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 15}, "text(HelloHello)"},
      {"two blocks (7.2.3.5)", {"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", 13}, "text(Hello)"},
      {"empty (7.2.3.6)", {"\x00", 1}, "text()"},
      {"empty as zlib has it", {"\x02\x00", 2}, "text()"},
      {"no block at all", {"", 0}, "text()"},
      {"with the tail left on", {"\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff\x00", 12}, "text(Hello)"},
      {"a window from the message before (7.2.3.2)", {"\xf2\x00\x11\x00\x00", 5}, "fault(1007)"},
      {"a reserved block type", {"\xff\xff", 2}, "fault(1007)"},
      {"a stored block whose lengths differ", {"\x00\x05\x00\xfa\xfe\x48\x65", 7}, "fault(1007)"},
      {"a stored block cut off", {"\x00\x15\x00\xea\xff\x48", 6}, "fault(1007)"},
      {"no deflate", {"Hello, world", 12}, "fault(1007)"},
      {"cut off", {"\xf2\x48\xcd", 3}, "fault(1007)"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Arena arena = {0};
    Text wire = {.arena = &arena};
    wire_frame(&wire, 0xc1, cases[i].payload);
    wire_expect(cases[i].name, text_str(&wire), &roomy, true, ROUNDS, str_from(cases[i].expected));
    arena_free(&arena);
  }
}

static void test_compression_is_marked_on_the_first_frame_of_a_message_only(void **state) {
  (void)state;
  static const WireCase cases[] = {
      {"fragments (7.2.3.1)", {{0x41, {"\xf2\x48\xcd", 3}}, {0x80, {"\xc9\xc9\x07\x00", 4}}}, "text(Hello)"},
      {"a ping between",
       {{0x41, {"\xf2\x48", 2}}, {0x89, {"now", 3}}, {WIRE_CONTINUES, {"\xcd", 1}}, {0x80, {"\xc9\xc9\x07\x00", 4}}},
       "ping(now) text(Hello)"},
      {"plain after compressed",
       {{0xc1, {"\xf2\x48\xcd\xc9\xc9\x07\x00", 7}}, {0x81, {"plain", 5}}},
       "text(Hello) text(plain)"},
      {"the same message twice",
       {{0xc2, {"\xf2\x48\xcd\xc9\xc9\x07\x00", 7}}, {0xc2, {"\xf2\x48\xcd\xc9\xc9\x07\x00", 7}}},
       "binary(Hello) binary(Hello)"},
      {"marked again", {{0x41, {"\xf2\x48\xcd", 3}}, {0xc0, {"\xc9\xc9\x07\x00", 4}}}, "fault(1002)"},
      {"marked late", {{0x01, {"He", 2}}, {0xc0, {"\xc9\xc9\x07\x00", 4}}}, "fault(1002)"},
      {"a marked ping", {{0xc9, {"", 0}}}, "fault(1002)"},
      {"a marked close", {{0xc8, {"", 0}}}, "fault(1002)"},
      {"text that is not UTF-8", {{0xc1, {"\x00\x02\x00\xfd\xff\xc3\x28\x00", 8}}}, "fault(1007)"},
      {"text cut off in a character", {{0xc1, {"\x00\x01\x00\xfe\xff\xc3\x00", 7}}}, "fault(1007)"},
      {"the same as binary", {{0xc2, {"\x00\x01\x00\xfe\xff\xc3\x00", 7}}}, "binary(\xc3)"},
  };
  wire_expect_cases(cases, sizeof cases / sizeof *cases, &roomy, true);
}

// How a client compresses.
typedef struct Client {
  int level;
  int window_bits;
  int memory_level;
} Client;

// A message as a client compresses it, without the tail.
static Str compress_as(Arena *arena, Client client, Str payload) {
  z_stream stream = {0};
  assert_int_equal(
      deflateInit2(&stream, client.level, Z_DEFLATED, -client.window_bits, client.memory_level, Z_DEFAULT_STRATEGY),
      Z_OK);
  size_t room = payload.length + payload.length / 16 + 64;
  char *out = arena_alloc(arena, room);
  stream.next_in = (const Bytef *)payload.at;
  stream.avail_in = (uInt)payload.length;
  stream.next_out = (Bytef *)out;
  stream.avail_out = (uInt)room;
  assert_int_equal(deflate(&stream, Z_SYNC_FLUSH), Z_OK);
  assert_true(stream.avail_out > 0);
  Str compressed = {out, room - stream.avail_out - 4};
  assert_memory_equal(compressed.at + compressed.length, "\x00\x00\xff\xff", 4);
  deflateEnd(&stream);
  return compressed;
}

// Bytes that do not compress, the same every time.
static Str noise(Arena *arena, size_t count) {
  char *bytes = arena_alloc(arena, count);
  uint32_t x = 2463534242;
  for (size_t i = 0; i < count; i++) {
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    bytes[i] = (char)(x >> 11);
  }
  return (Str){bytes, count};
}

// Text as our messages are: many objects of one shape.
static Str seats_json(Arena *arena, size_t count) {
  Text text = {.arena = arena};
  for (size_t i = 0; text.length < count; i++) {
    text_format(&text, "{\"id\":%zu,\"row\":%zu,\"place\":%zu,\"status\":\"%s\"},", i, i / 30, i % 30,
                i * i % 7 == 1 ? "RESERVED" : "VACANT");
  }
  text.length = count;
  return text_str(&text);
}

static void test_messages_of_any_size_from_any_compressor_are_read(void **state) {
  (void)state;
  static const size_t sizes[] = {16, 64, 256, 1024, 4096, 8192, 16384, 32768, 65536, 131072};
  static const Client clients[] = {{6, 15, 8}, {1, 15, 8}, {9, 9, 1}, {6, 12, 4}, {0, 15, 8}};
  for (size_t c = 0; c < sizeof clients / sizeof *clients; c++) {
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
      Arena arena = {0};
      Text wire = {.arena = &arena}, expected = {.arena = &arena};
      Str text = seats_json(&arena, sizes[i]), bytes = noise(&arena, sizes[i]);
      wire_frame(&wire, 0xc1, compress_as(&arena, clients[c], text));
      wire_frame(&wire, 0xc2, compress_as(&arena, clients[c], bytes));
      text_add(&expected, wire_word(&arena, "text", text));
      text_add(&expected, wire_word(&arena, "binary", bytes));
      wire_expect("compressed", text_str(&wire), &roomy, true, 2, text_str(&expected));
      arena_free(&arena);
    }
  }
}

static void test_a_compressed_message_may_come_in_many_fragments(void **state) {
  (void)state;
  static const size_t parts[] = {1, 7, 256, 4096};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    Arena arena = {0};
    Text wire = {.arena = &arena};
    Str text = seats_json(&arena, 100000), left = compress_as(&arena, (Client){6, 15, 8}, text);
    for (bool first = true; first || left.length > 0; first = false) {
      size_t count = left.length < parts[i] ? left.length : parts[i];
      wire_frame(&wire, (first ? 0x41 : 0) | (count == left.length ? 0x80 : 0), (Str){left.at, count});
      left = (Str){left.at + count, left.length - count};
    }
    wire_expect("fragments", text_str(&wire), &roomy, true, 2, wire_word(&arena, "text", text));
    arena_free(&arena);
  }
}

static void test_the_limit_counts_inflated_bytes(void **state) {
  (void)state;
  static const uint32_t limits[] = {1000, 16383, 16384, 16385, 65536, 1 << 20};
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
    Arena arena = {0};
    WsLimits tight = {.message_bytes = limits[i], .fragments = 10};
    Text wire = {.arena = &arena};
    Str most = wire_fill(&arena, 'z', limits[i]), more = wire_fill(&arena, 'z', limits[i] + 1);
    Str dense = noise(&arena, limits[i]), denser = noise(&arena, limits[i] + 1);
    wire_frame(&wire, 0xc2, compress_as(&arena, (Client){9, 15, 8}, most));
    wire_frame(&wire, 0xc2, compress_as(&arena, (Client){6, 15, 1}, dense));  // longer on the wire than the limit
    Text expected = {.arena = &arena};
    text_add(&expected, wire_word(&arena, "binary", most));
    text_add(&expected, wire_word(&arena, "binary", dense));
    wire_expect("at the limit", text_str(&wire), &tight, true, 2, text_str(&expected));
    wire.length = 0;
    wire_frame(&wire, 0xc2, compress_as(&arena, (Client){9, 15, 8}, more));
    wire_expect("past it", text_str(&wire), &tight, true, 2, STR("fault(1009)"));
    wire.length = 0;
    wire_frame(&wire, 0xc2, compress_as(&arena, (Client){6, 15, 8}, denser));
    wire_expect("past it with noise", text_str(&wire), &tight, true, 2, STR("fault(1009)"));
    arena_free(&arena);
  }
}

static void test_a_zip_bomb_stops_at_the_limit(void **state) {
  (void)state;
  Arena arena = {0};
  WsLimits tight = {.message_bytes = 100000, .fragments = 10};
  Text wire = {.arena = &arena};
  Str bomb = compress_as(&arena, (Client){9, 15, 8}, wire_fill(&arena, 0, 64 << 20));
  assert_true(bomb.length < 70000);
  wire_frame(&wire, 0xc2, bomb);
  wire_expect("bomb", text_str(&wire), &tight, true, 3, STR("fault(1009)"));
  arena_free(&arena);
}

// Autobahn has no such case: blocks with BFINAL that go on must cost time by their number and no more.
static void test_a_message_of_very_many_final_blocks_is_read(void **state) {
  (void)state;
  Arena arena = {0};
  Text wire = {.arena = &arena}, payload = {.arena = &arena};
  text_add(&payload, compress_as(&arena, (Client){6, 15, 8}, seats_json(&arena, 40000)));
  text_char(&payload, 0);
  text_add(&payload, STR("\x00\xff\xff"));
  for (size_t i = 0; i < 1000000; i++) text_add(&payload, STR("\x03\x00"));
  wire_frame(&wire, 0xc1, text_str(&payload));
  wire_expect("final blocks", text_str(&wire), &roomy, true, 0, wire_word(&arena, "text", seats_json(&arena, 40000)));
  arena_free(&arena);
}

// Inflates as a client with the agreed window would.
static Str inflate_as_client(Arena *arena, int window_bits, Str compressed, size_t room) {
  Text whole = {.arena = arena};
  text_add(&whole, compressed);
  text_add(&whole, STR("\x00\x00\xff\xff"));
  z_stream stream = {0};
  assert_int_equal(inflateInit2(&stream, -window_bits), Z_OK);
  char *out = arena_alloc(arena, room + 1);
  stream.next_in = (const Bytef *)whole.at;
  stream.avail_in = (uInt)whole.length;
  stream.next_out = (Bytef *)out;
  // In small steps: only so does zlib keep to its window and not look back into the output.
  while (stream.avail_in > 0) {
    stream.avail_out = 100;
    assert_int_equal(inflate(&stream, Z_SYNC_FLUSH), Z_OK);
    if ((size_t)((char *)stream.next_out - out) + 100 > room + 1) break;
  }
  stream.avail_out = (uInt)(room + 1 - (size_t)((char *)stream.next_out - out));
  (void)inflate(&stream, Z_SYNC_FLUSH);
  Str inflated = {out, (size_t)((char *)stream.next_out - out)};
  inflateEnd(&stream);
  return inflated;
}

static void test_what_we_compress_a_client_can_read_with_the_agreed_window(void **state) {
  (void)state;
  static const size_t sizes[] = {64, 1000, 5000, 70000, 300000};
  WsDeflater *deflater = ws_deflater_new();
  for (uint8_t bits = 9; bits <= 15; bits++) {
    for (size_t i = 0; i < 2 * sizeof sizes / sizeof *sizes; i++) {
      Arena arena = {0};
      Text out = {.arena = &arena};
      text_add(&out, STR("kept"));
      Str payload = seats_json(&arena, sizes[i / 2]);
      assert_true(ws_deflate(deflater, bits, payload, &out));
      assert_true(out.length - 4 < payload.length);
      assert_memory_equal(out.at, "kept", 4);
      Str compressed = {out.at + 4, out.length - 4};
      assert_true(str_equal(inflate_as_client(&arena, bits, compressed, payload.length), payload));
      arena_free(&arena);
    }
  }
  ws_deflater_free(deflater);
}

static void test_a_message_that_would_not_be_smaller_is_left_alone(void **state) {
  (void)state;
  WsDeflater *deflater = ws_deflater_new();
  static const size_t sizes[] = {0, 1, 2, 7, 8, 20, 125, 1000, 70000};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    Arena arena = {0};
    Text out = {.arena = &arena};
    text_add(&out, STR("kept"));
    assert_false(ws_deflate(deflater, 15, noise(&arena, sizes[i]), &out));
    assert_true(str_equal(text_str(&out), STR("kept")));
    Str text = seats_json(&arena, 500);
    assert_true(ws_deflate(deflater, 15, text, &out));  // the next message is not harmed
    Str compressed = {out.at + 4, out.length - 4};
    assert_true(str_equal(inflate_as_client(&arena, 15, compressed, text.length), text));
    arena_free(&arena);
  }
  ws_deflater_free(deflater);
}

static void test_the_smallest_gain_counts(void **state) {
  (void)state;
  WsDeflater *deflater = ws_deflater_new();
  for (size_t count = 0; count < 40; count++) {
    Arena arena = {0};
    Text out = {.arena = &arena};
    Str payload = wire_fill(&arena, 'a', count), best = compress_as(&arena, (Client){9, 15, 8}, payload);
    if (ws_deflate(deflater, 15, payload, &out) != (best.length < count)) fail_msg("%zu bytes", count);
    if (out.length > 0) assert_true(str_equal(text_str(&out), best));
    arena_free(&arena);
  }
  ws_deflater_free(deflater);
}

static void test_without_a_deflater_or_an_inflater_nothing_breaks(void **state) {
  (void)state;
  Str inflated;
  assert_false(ws_deflate(NULL, 15, STR("would get smaller, smaller, smaller, smaller"), NULL));
  assert_int_equal(ws_inflate(NULL, STR("\x00"), 1000, &inflated), WS_CLOSE_INTERNAL);
  ws_deflater_free(NULL);
  ws_inflater_free(NULL);
  ws_inflater_rest(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_first_acceptable_offer_is_taken),
      cmocka_unit_test(test_nothing_is_agreed_where_deflate_is_turned_off),
      cmocka_unit_test(test_compressed_messages_are_inflated_and_bad_ones_refused),
      cmocka_unit_test(test_compression_is_marked_on_the_first_frame_of_a_message_only),
      cmocka_unit_test(test_messages_of_any_size_from_any_compressor_are_read),
      cmocka_unit_test(test_a_compressed_message_may_come_in_many_fragments),
      cmocka_unit_test(test_the_limit_counts_inflated_bytes),
      cmocka_unit_test(test_a_zip_bomb_stops_at_the_limit),
      cmocka_unit_test(test_a_message_of_very_many_final_blocks_is_read),
      cmocka_unit_test(test_what_we_compress_a_client_can_read_with_the_agreed_window),
      cmocka_unit_test(test_a_message_that_would_not_be_smaller_is_left_alone),
      cmocka_unit_test(test_the_smallest_gain_counts),
      cmocka_unit_test(test_without_a_deflater_or_an_inflater_nothing_breaks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
