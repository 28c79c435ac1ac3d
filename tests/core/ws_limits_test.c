// The limits of the WebSocket codec and what it costs: sizes at the bar and past it, memory, many fragments. The ideas
// are those of groups 9 and 10 of the Autobahn test suite.
#include "core/ws.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/ws_wire.h"

enum { CONTINUES = WIRE_CONTINUES };

static const WsLimits roomy = {.message_bytes = 16 << 20, .fragments = 65536, .deflate = true};

#define F(first, literal)          \
  {                                \
    first, {                       \
      literal, sizeof(literal) - 1 \
    }                              \
  }

static void test_a_message_at_the_limit_passes_and_one_byte_more_does_not(void **state) {
  (void)state;
  static const WsLimits tight = {.message_bytes = 10, .fragments = 3};
  static const WireCase cases[] = {
      {"at the limit", {F(0x81, "0123456789")}, "text(0123456789)"},
      {"past it", {F(0x81, "0123456789a")}, "fault(1009)"},
      {"fragments at the limit", {F(0x01, "01234"), F(CONTINUES, ""), F(0x80, "56789")}, "text(0123456789)"},
      {"fragments past it", {F(0x01, "01234"), F(0x80, "56789a")}, "fault(1009)"},
      {"as many fragments as may be", {F(0x01, "a"), F(CONTINUES, "b"), F(0x80, "c")}, "text(abc)"},
      {"a fragment too many", {F(0x01, "a"), F(CONTINUES, "b"), F(CONTINUES, "c"), F(0x80, "d")}, "fault(1008)"},
      {"empty fragments count", {F(0x01, ""), F(CONTINUES, ""), F(CONTINUES, ""), F(CONTINUES, "")}, "fault(1008)"},
      {"control frames do not count",
       {F(0x01, "a"), F(0x89, "0123456789ab"), F(CONTINUES, "b"), F(0x8a, ""), F(0x89, ""), F(0x80, "c")},
       "ping(0123456789ab) pong() ping() text(abc)"},
      {"the count starts again",
       {F(0x01, "a"), F(CONTINUES, "b"), F(0x80, "c"), F(0x01, "d"), F(CONTINUES, "e"), F(0x80, "f")},
       "text(abc) text(def)"},
  };
  wire_expect_cases(cases, sizeof cases / sizeof *cases, &tight, false);
}

static void test_a_frame_past_the_limit_is_refused_on_its_header(void **state) {
  (void)state;
  static const WsLimits tight = {.message_bytes = 200, .fragments = 3};
  wire_expect("201", STR("\x82\xfe\x00\xc9"), &tight, false, 2, STR("fault(1009)"));
  wire_expect("200", STR("\x82\xfe\x00\xc8"), &tight, false, 2, STR(""));
}

static void test_an_announced_frame_costs_no_memory_until_its_bytes_come(void **state) {
  (void)state;
  WsParser parser = {0};
  WsMessage message;
  char header[] = "\x82\xff\x00\x00\x00\x00\x01\x00\x00\x00maskx";
  Str bytes = {header, sizeof header - 2};
  assert_int_equal(ws_parser_next(&parser, &roomy, NULL, &bytes, &message), WS_NEED_MORE);
  assert_null(parser.held);
  bytes = (Str){header + sizeof header - 2, 1};
  assert_int_equal(ws_parser_next(&parser, &roomy, NULL, &bytes, &message), WS_NEED_MORE);
  assert_true(parser.held_capacity <= 128);
  ws_parser_free(&parser);
  static const WsParser fresh;
  assert_memory_equal(&parser, &fresh, sizeof fresh);
}

static void test_a_whole_frame_is_given_where_it_stands(void **state) {
  (void)state;
  Arena arena = {0};
  Text wire = {.arena = &arena};
  wire_frame(&wire, 0x81, STR("in place"));
  WsParser parser = {0};
  WsMessage message;
  Str bytes = text_str(&wire);
  assert_int_equal(ws_parser_next(&parser, &roomy, NULL, &bytes, &message), WS_MESSAGE);
  assert_ptr_equal(message.payload.at, wire.at + 6);
  assert_null(parser.held);
  ws_parser_free(&parser);
  arena_free(&arena);
}

static void test_a_parser_stays_small(void **state) {
  (void)state;
  assert_true(sizeof(WsParser) <= 64);
}

static void test_a_message_of_the_most_fragments_comes_out_whole(void **state) {
  (void)state;
  Arena arena = {0};
  Text wire = {.arena = &arena};
  wire_frame(&wire, 0x02, STR("*"));
  for (uint32_t i = 1; i < roomy.fragments - 1; i++) wire_frame(&wire, 0x00, STR("*"));
  wire_frame(&wire, 0x80, STR("*"));
  Str expected = wire_word(&arena, "binary", wire_fill(&arena, '*', roomy.fragments));
  wire_expect("65,536 fragments", text_str(&wire), &roomy, false, 1, expected);
  arena_free(&arena);
}

static void test_a_large_message_comes_out_whole_however_it_is_cut(void **state) {
  (void)state;
  static const size_t sizes[] = {64, 256, 4096, 65536, 1 << 20};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    Arena arena = {0};
    Text wire = {.arena = &arena};
    Str part = wire_fill(&arena, 'x', sizes[i]);
    size_t parts = (size_t)(1 << 20) / sizes[i];
    for (size_t j = 0; j < parts; j++) wire_frame(&wire, (j == 0 ? 2 : 0) | (j == parts - 1 ? 0x80 : 0), part);
    Str expected = wire_word(&arena, "binary", wire_fill(&arena, 'x', 1 << 20));
    wire_expect("1 MiB", text_str(&wire), &roomy, false, 1, expected);
    arena_free(&arena);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_message_at_the_limit_passes_and_one_byte_more_does_not),
      cmocka_unit_test(test_a_frame_past_the_limit_is_refused_on_its_header),
      cmocka_unit_test(test_an_announced_frame_costs_no_memory_until_its_bytes_come),
      cmocka_unit_test(test_a_whole_frame_is_given_where_it_stands),
      cmocka_unit_test(test_a_parser_stays_small),
      cmocka_unit_test(test_a_message_of_the_most_fragments_comes_out_whole),
      cmocka_unit_test(test_a_large_message_comes_out_whole_however_it_is_cut),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
