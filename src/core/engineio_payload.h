// How Engine.IO packets are written: one a WebSocket frame, many a polling body. Pure, but for the memory of a Buf.
// https://socket.io/docs/v4/engine-io-protocol/#packet-encoding, and revision 3 of the same page.
#ifndef FOYER_CORE_ENGINEIO_PAYLOAD_H
#define FOYER_CORE_ENGINEIO_PAYLOAD_H

#include "core/buf.h"
#include "shared/arena.h"

typedef enum EnginePacketType {
  ENGINE_OPEN = '0',
  ENGINE_CLOSE = '1',
  ENGINE_PING = '2',
  ENGINE_PONG = '3',
  ENGINE_MESSAGE = '4',
  ENGINE_UPGRADE = '5',
  ENGINE_NOOP = '6'
} EnginePacketType;

typedef struct EnginePacket {
  EnginePacketType type;
  bool binary;  // a message of bytes
  Str payload;
} EnginePacket;

// One packet, as a WebSocket frame or a text of a body carries it. False when it is none. Base64 is decoded into the
// arena.
bool engineio_packet_read(Arena *arena, uint8_t version, bool binary, Str bytes, EnginePacket *packet);

// Takes the next packet out of a polling body that is not yet used up; `binary`: it came as application/octet-stream
// (version 3 only). False when the body is malformed from here on. A text body must be valid UTF-8.
bool engineio_payload_next(Arena *arena, uint8_t version, bool binary, Str *body, EnginePacket *packet);

// A packet as it waits to be sent: its WebSocket frame.
Buf *engineio_packet_frame(EnginePacketType type, Str payload);  // text; NULL when memory is out
// The packet inside of such a frame; true when it is binary.
bool engineio_frame_packet(const Buf *frame, Str *packet);
Buf *engineio_frame_base64(Arena *arena, uint8_t version, const Buf *frame);  // a binary one, as text
// Writes it behind what a polling body holds; `binary`: in the form of a body of bytes (version 3 only).
void engineio_payload_add(Text *body, uint8_t version, bool binary, const Buf *frame);

#endif
