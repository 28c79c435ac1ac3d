// Fuzzes the bodies that an Engine.IO client can post, and single packets of a WebSocket. The first byte of an input
// chooses the version and the kind of body. What is read as messages and written again must read the same.
#include <stdlib.h>
#include <string.h>

#include "core/engineio.h"
#include "core/engineio_payload.h"

enum { OLD_CHOICE = 1, BYTES_CHOICE = 2, SINGLE_CHOICE = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t count);

// Stops the fuzzer where something that must hold does not.
static void must(bool holds) {
  if (!holds) abort();
}

static void check_packet(const EnginePacket *packet) {
  must(packet->type >= ENGINE_OPEN && packet->type <= ENGINE_NOOP);
  must(!packet->binary || packet->type == ENGINE_MESSAGE);
}

static void try_round_trip(Arena *arena, uint8_t version, bool binary, const EnginePacket *packet) {
  Buf *frame = engineio_frame(version, packet->binary, packet->payload);
  must(frame != NULL);
  Text body = {.arena = arena};
  engineio_payload_add(&body, version, binary, frame);
  buf_unref(frame);
  Str rest = text_str(&body);
  EnginePacket again;
  must(engineio_payload_next(arena, version, binary, &rest, &again));
  must(rest.length == 0 && again.binary == packet->binary && str_equal(again.payload, packet->payload));
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t count) {
  if (count == 0) return 0;
  Arena arena = {0};
  uint8_t version = input[0] & OLD_CHOICE ? 3 : 4;
  bool binary = (input[0] & BYTES_CHOICE) != 0;
  Str body = str_copy(&arena, (Str){(const char *)input + 1, count - 1});
  EnginePacket packet;
  if (input[0] & SINGLE_CHOICE) {
    if ((binary || str_is_utf8(body)) && engineio_packet_read(&arena, version, binary, body, &packet)) {
      check_packet(&packet);
    }
  } else if ((binary && version == 3) || str_is_utf8(body)) {
    binary = binary && version == 3;
    while (body.length > 0 && engineio_payload_next(&arena, version, binary, &body, &packet)) {
      check_packet(&packet);
      if (packet.type == ENGINE_MESSAGE) try_round_trip(&arena, version, binary, &packet);
    }
  }
  arena_free(&arena);
  return 0;
}
