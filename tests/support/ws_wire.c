// The client's side of WebSocket for tests, see ws_wire.h.
#include "support/ws_wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SHOWN_BYTES_MAX = 64, PIECE_BYTES_MAX = 40, CASE_ROUNDS = 40 };

void wire_frame(Text *wire, int first, Str payload) {
  uint32_t turned = (uint32_t)wire->length * UINT32_C(2654435761);
  unsigned char mask[4] = {(unsigned char)(turned >> 24), (unsigned char)(turned >> 16), (unsigned char)(turned >> 8),
                           (unsigned char)turned};
  char header[WS_HEADER_MAX_BYTES];
  size_t header_bytes = ws_header(WS_BINARY, false, payload.length, header);
  header[0] = (char)first;
  header[1] = (char)(header[1] | 0x80);
  text_add(wire, (Str){header, header_bytes});
  text_add(wire, (Str){(const char *)mask, sizeof mask});
  text_reserve(wire, payload.length);
  for (size_t i = 0; i < payload.length; i++) text_char(wire, (char)(payload.at[i] ^ mask[i % 4]));
}

Str wire_fill(Arena *arena, char byte, size_t count) {
  char *bytes = arena_alloc(arena, count);
  memset(bytes, byte, count);
  return (Str){bytes, count};
}

static void add_word(Text *events, const char *event, Str payload) {
  if (payload.length > SHOWN_BYTES_MAX) {
    text_format(events, "%s(%zu bytes #%016llx) ", event, payload.length, (unsigned long long)str_hash(payload));
  } else {
    text_format(events, "%s(", event);
    text_add(events, payload);
    text_add(events, STR(") "));
  }
}

Str wire_word(Arena *arena, const char *event, Str payload) {
  Text word = {.arena = arena};
  add_word(&word, event, payload);
  return text_str(&word);
}

static void add_event(Text *events, WsEvent event, const WsMessage *message) {
  if (event == WS_FAULT) {
    text_format(events, "fault(%u) ", message->code);
  } else if (message->opcode == WS_CLOSE) {
    text_format(events, "close(%u,", message->code);
    text_add(events, message->payload);
    text_add(events, STR(") "));
  } else {
    assert_int_equal(event == WS_CONTROL, message->opcode == WS_PING || message->opcode == WS_PONG);
    add_word(events,
             message->opcode == WS_TEXT     ? "text"
             : message->opcode == WS_BINARY ? "binary"
             : message->opcode == WS_PING   ? "ping"
                                            : "pong",
             message->payload);
  }
}

// A generator with a fixed start for each seed, the same on every machine.
static uint32_t next_random(uint32_t *state) {
  *state = *state * UINT32_C(1664525) + UINT32_C(1013904223);
  return *state >> 16;
}

static size_t next_piece(uint32_t cut, uint32_t *state, size_t left) {
  if (cut == WIRE_WHOLE) return left;
  if (cut == WIRE_BYTES) return 1;
  size_t most = next_random(state) % 4 == 0 ? left : PIECE_BYTES_MAX;
  size_t piece = 1 + next_random(state) % most;
  return piece < left ? piece : left;
}

static void check_memory(const WsParser *parser, const WsLimits *limits) {
  uint64_t most = limits->message_bytes + (uint64_t)WS_CONTROL_MAX_BYTES;
  if (parser->compressed) most += limits->message_bytes / 16 + 64;
  assert_true(parser->held_capacity <= most);
  assert_true(parser->held_bytes <= parser->held_capacity);
  assert_true(parser->held_capacity <= 4096 || parser->held_capacity <= 2 * (uint64_t)parser->held_bytes);
  if (parser->opcode == 0 && !parser->in_payload) assert_null(parser->held);
  if (parser->closed) assert_null(parser->held);
}

static void feed(WsParser *parser, const WsLimits *limits, WsInflater *inflater, Str piece, Text *events) {
  char *own = malloc(piece.length);
  assert_non_null(own);
  memcpy(own, piece.at, piece.length);
  Str bytes = {own, piece.length};
  WsMessage message;
  for (WsEvent event; (event = ws_parser_next(parser, limits, inflater, &bytes, &message)) != WS_NEED_MORE;) {
    add_event(events, event, &message);
  }
  assert_int_equal(bytes.length, 0);
  check_memory(parser, limits);
  free(own);
}

Str wire_events(Arena *arena, Str wire, const WsLimits *limits, bool deflate, uint32_t cut) {
  Text events = {.arena = arena};
  WsParser parser = {.deflate = deflate};
  WsInflater *inflater = deflate ? ws_inflater_new(limits->message_bytes) : NULL;
  uint32_t state = cut;
  for (size_t at = 0, piece; at < wire.length; at += piece) {
    piece = next_piece(cut, &state, wire.length - at);
    feed(&parser, limits, inflater, (Str){wire.at + at, piece}, &events);
  }
  ws_parser_free(&parser);
  ws_inflater_free(inflater);
  return str_trim(text_str(&events));
}

void wire_expect(const char *name, Str wire, const WsLimits *limits, bool deflate, uint32_t rounds, Str expected) {
  for (uint32_t cut = WIRE_WHOLE; cut < 2 + rounds; cut++) {
    Arena arena = {0};
    Str events = wire_events(&arena, wire, limits, deflate, cut);
    if (!str_equal(events, str_trim(expected))) {
      print_error("%s, cut %u:\n  expected %.*s\n  got      %.*s\n", name, cut, STR_ARG(expected), STR_ARG(events));
      fail();
    }
    arena_free(&arena);
  }
}

void wire_expect_cases(const WireCase *cases, size_t count, const WsLimits *limits, bool deflate) {
  for (size_t i = 0; i < count; i++) {
    Arena arena = {0};
    Text wire = {.arena = &arena};
    for (const WireFrame *frame = cases[i].frames; frame->first != 0; frame++) {
      wire_frame(&wire, frame->first & 0xff, frame->payload);
    }
    wire_expect(cases[i].name, text_str(&wire), limits, deflate, CASE_ROUNDS, str_from(cases[i].expected));
    arena_free(&arena);
  }
}
