// Fuzzes what a WebSocket client can send: frames (whole and cut anywhere must give the same events), the offer of
// extensions, and the round trip through deflate. The first two bytes of an input choose the limits and the cuts.
#include <stdlib.h>
#include <string.h>

#include "core/ws.h"

enum { CHOICE_BYTES = 2, DEFLATE_CHOICE = 1, TIGHT_CHOICE = 2, OFFER_CHOICE = 4, ROUND_TRIP_CHOICE = 8 };

static const WsLimits roomy = {.message_bytes = 1 << 20, .fragments = 1000, .deflate = true};
static const WsLimits tight = {.message_bytes = 30, .fragments = 3, .deflate = true};

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t count);

// Stops the fuzzer where something that must hold does not.
static void must(bool holds) {
  if (!holds) abort();
}

static void add_event(Text *events, WsEvent event, const WsMessage *message) {
  text_format(events, "%d %d %u %zu ", event, message->opcode, message->code, message->payload.length);
  text_add(events, message->payload);
  must(event != WS_MESSAGE || message->opcode != WS_TEXT || str_is_utf8(message->payload));
}

// Feeds bytes in pieces of 1 to `piece_max`; 0 feeds them whole.
static Str events_of(Arena *arena, Str wire, uint8_t choice, uint8_t piece_max) {
  const WsLimits *limits = choice & TIGHT_CHOICE ? &tight : &roomy;
  WsInflater *inflater = ws_inflater_new(limits->message_bytes);
  WsParser parser = {.deflate = (choice & DEFLATE_CHOICE) != 0};
  Text events = {.arena = arena};
  uint32_t turn = piece_max;
  while (wire.length > 0) {
    turn = turn * 1664525 + 1013904223;
    size_t piece = piece_max == 0 ? wire.length : 1 + (turn >> 16) % piece_max;
    if (piece > wire.length) piece = wire.length;
    char *own = malloc(piece);
    memcpy(own, wire.at, piece);
    wire = (Str){wire.at + piece, wire.length - piece};
    Str bytes = {own, piece};
    WsMessage message;
    for (WsEvent event; (event = ws_parser_next(&parser, limits, inflater, &bytes, &message)) != WS_NEED_MORE;) {
      add_event(&events, event, &message);
    }
    must(bytes.length == 0);
    must(parser.held_capacity <= limits->message_bytes + limits->message_bytes / 16 + 64 + WS_CONTROL_MAX_BYTES);
    free(own);
  }
  ws_parser_free(&parser);
  ws_inflater_free(inflater);
  return text_str(&events);
}

static void try_offer(Arena *arena, Str offer) {
  Text answer = {.arena = arena};
  WsAgreement agreement = ws_negotiate(offer, &roomy, &answer);
  must(agreement.deflate == (answer.length > 0));
  must(agreement.server_window_bits >= 9 && agreement.server_window_bits <= 15);
  char accept[WS_ACCEPT_BYTES];
  (void)ws_accept(offer, accept);
}

static void try_round_trip(Arena *arena, Str payload, uint8_t bits) {
  WsDeflater *deflater = ws_deflater_new();
  WsInflater *inflater = ws_inflater_new(roomy.message_bytes);
  Text compressed = {.arena = arena};
  if (ws_deflate(deflater, bits, payload, &compressed)) {
    Str inflated;
    must(compressed.length < payload.length);
    must(ws_inflate(inflater, text_str(&compressed), roomy.message_bytes, &inflated) == 0);
    must(str_equal(inflated, payload));
  }
  ws_inflater_free(inflater);
  ws_deflater_free(deflater);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t count) {
  if (count < CHOICE_BYTES) return 0;
  Arena arena = {0};
  Str rest = {(const char *)input + CHOICE_BYTES, count - CHOICE_BYTES};
  if (input[0] & OFFER_CHOICE) {
    try_offer(&arena, rest);
  } else if (input[0] & ROUND_TRIP_CHOICE) {
    try_round_trip(&arena, rest, (uint8_t)(9 + input[1] % 7));
  } else {
    Str whole = events_of(&arena, rest, input[0], 0);
    must(str_equal(whole, events_of(&arena, rest, input[0], 1)));
    must(str_equal(whole, events_of(&arena, rest, input[0], (uint8_t)(input[1] | 2))));
  }
  arena_free(&arena);
  return 0;
}
