// The client's side of WebSocket for tests: masked frames as bytes, and what the parser makes of bytes, as a text.
#ifndef FOYER_TESTS_SUPPORT_WS_WIRE_H
#define FOYER_TESTS_SUPPORT_WS_WIRE_H

#include "core/ws.h"
#include "shared/arena.h"
#include "shared/str.h"

// How the bytes are cut before they are fed: whole, one at a time, or else a seed for pieces of random lengths.
enum { WIRE_WHOLE = 0, WIRE_BYTES = 1 };

// A frame as the client sends it.
typedef struct WireFrame {
  int first;  // its first byte; 0 ends a list, so a continuation without FIN is written WIRE_CONTINUES
  Str payload;
} WireFrame;

enum { WIRE_CONTINUES = 0x100, WIRE_FRAMES_MAX = 12 };

// Frames, and the events that must come of them (see wire_events).
typedef struct WireCase {
  const char *name;
  WireFrame frames[WIRE_FRAMES_MAX];
  const char *expected;
} WireCase;

// Adds a client frame: the first byte as given, the shortest length, a mask that differs from frame to frame.
void wire_frame(Text *wire, int first, Str payload);

// Feeds bytes to a fresh parser, each piece a block of its own that is freed afterwards, and tells what came out, one
// event a word: text(…) binary(…) ping(…) pong(…) close(code,…) fault(code). Payloads longer than 64 bytes are shown as
// their length and hash. Asserts on the way that the parser's memory stays within its bar and is gone when it is idle.
Str wire_events(Arena *arena, Str wire, const WsLimits *limits, bool deflate, uint32_t cut);

// As wire_events, but asserts that whole, byte by byte and in `rounds` random cuts give `expected`; `name` is told if
// not.
void wire_expect(const char *name, Str wire, const WsLimits *limits, bool deflate, uint32_t rounds, Str expected);

// wire_expect for each case, in 40 random cuts.
void wire_expect_cases(const WireCase *cases, size_t count, const WsLimits *limits, bool deflate);

// The word of wire_events for an event with a payload, in `arena`.
Str wire_word(Arena *arena, const char *event, Str payload);

// `count` times the byte.
Str wire_fill(Arena *arena, char byte, size_t count);

#endif
