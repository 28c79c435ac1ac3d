// How Engine.IO packets are written: one a WebSocket frame, many a polling body.
#include "core/engineio_payload.h"

#include <string.h>

#include "core/conn.h"
#include "core/engineio.h"
#include "shared/ids.h"

enum {
  SEPARATOR = 0x1e,          // between the packets of a body, version 4
  LENGTH_END = 0xff,         // behind a length in a body of bytes, version 3
  LENGTH_DIGITS_MAX = 9,     // of a packet in a body, version 3
  BINARY_MESSAGE = 4,        // the type in front of bytes, version 3
  FRAME_LENGTH_BITS = 0x7f,  // of a WebSocket frame's second byte
  FRAME_LENGTH_16 = 126,     // the length is in the next two bytes
  FRAME_OPCODE_BITS = 0x0f
};

static Str skip(Str s, size_t bytes) {
  return (Str){s.at + bytes, s.length - bytes};
}

// Reading.

// The Java client ends its base64 with a line feed, and has one behind every 76 characters.
static Str join_lines(Arena *arena, Str text) {
  Text joined = {.arena = arena};
  while (text.length > 0) text_add(&joined, str_cut(&text, '\n'));
  return text_str(&joined);
}

static bool read_base64(Arena *arena, uint8_t version, Str text, EnginePacket *packet) {
  if (version == 3) {
    if (text.length == 0 || text.at[0] != ENGINE_MESSAGE) return false;
    text = skip(text, 1);
  }
  *packet = (EnginePacket){.type = ENGINE_MESSAGE, .binary = true};
  if (memchr(text.at, '\n', text.length) != NULL) text = join_lines(arena, text);
  return ids_from_base64(arena, text, &packet->payload);
}

bool engineio_packet_read(Arena *arena, uint8_t version, bool binary, Str bytes, EnginePacket *packet) {
  if (binary && version == 3) {
    *packet = (EnginePacket){.type = ENGINE_MESSAGE, .binary = true};
    if (bytes.length == 0 || bytes.at[0] != BINARY_MESSAGE) return false;
    packet->payload = skip(bytes, 1);
    return true;
  }
  if (binary) {
    *packet = (EnginePacket){.type = ENGINE_MESSAGE, .binary = true, .payload = bytes};
    return true;
  }
  if (bytes.length == 0) return false;
  if (bytes.at[0] == 'b') return read_base64(arena, version, skip(bytes, 1), packet);
  *packet = (EnginePacket){.type = (EnginePacketType)bytes.at[0], .payload = skip(bytes, 1)};
  return bytes.at[0] >= ENGINE_OPEN && bytes.at[0] <= ENGINE_NOOP;
}

static bool next_v4(Arena *arena, Str *body, EnginePacket *packet) {
  const char *end = memchr(body->at, SEPARATOR, body->length);
  Str bytes = {body->at, end != NULL ? (size_t)(end - body->at) : body->length};
  *body = skip(*body, bytes.length);
  if (end != NULL) *body = skip(*body, 1);
  if (end != NULL && body->length == 0) return false;  // a packet of nothing
  return engineio_packet_read(arena, 4, false, bytes, packet);
}

// UTF-16 code units of the character that begins with this byte of valid UTF-8, and its bytes.
static size_t character(char lead, size_t *bytes) {
  uint8_t byte = (uint8_t)lead;
  *bytes = byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
  return *bytes == 4 ? 2 : 1;
}

static size_t utf16_units(Str text) {
  size_t units = 0, bytes = 0;
  for (size_t i = 0; i < text.length; i += bytes) units += character(text.at[i], &bytes);
  return units;
}

// Cuts text of `units` UTF-16 code units off; false when there are not as many, or they end inside of a character.
static bool cut_units(Str *text, size_t units, Str *cut) {
  size_t i = 0, bytes = 0;
  while (units > 0 && i < text->length) {
    size_t more = character(text->at[i], &bytes);
    if (more > units) return false;
    units -= more;
    i += bytes;
  }
  *cut = (Str){text->at, i};
  *text = skip(*text, i);
  return units == 0;
}

// Takes digits (of value `zero` to zero + 9) and the byte behind them off.
static bool cut_length(Str *body, char zero, char end, size_t *length) {
  *length = 0;
  for (size_t i = 0; i < body->length && i <= LENGTH_DIGITS_MAX; i++) {
    char byte = body->at[i];
    if (byte == end && i > 0) {
      *body = skip(*body, i + 1);
      return true;
    }
    if (byte < zero || byte > zero + 9) return false;
    *length = *length * 10 + (size_t)(byte - zero);
  }
  return false;
}

static bool next_v3(Arena *arena, bool binary, Str *body, EnginePacket *packet) {
  size_t length;
  Str bytes;
  if (!binary) {
    return cut_length(body, '0', ':', &length) && cut_units(body, length, &bytes) &&
           engineio_packet_read(arena, 3, false, bytes, packet);
  }
  char kind = body->at[0];
  *body = skip(*body, 1);
  if ((kind != 0 && kind != 1) || !cut_length(body, 0, (char)LENGTH_END, &length) || length > body->length)
    return false;
  bytes = (Str){body->at, length};
  *body = skip(*body, length);
  return (kind == 1 || str_is_utf8(bytes)) && engineio_packet_read(arena, 3, kind == 1, bytes, packet);
}

bool engineio_payload_next(Arena *arena, uint8_t version, bool binary, Str *body, EnginePacket *packet) {
  return version == 3 ? next_v3(arena, binary, body, packet) : next_v4(arena, body, packet);
}

// Writing.

// A frame of `lead` and the payload.
static Buf *frame_of(WsOpcode opcode, Str lead, Str payload) {
  char header[WS_HEADER_MAX_BYTES];
  size_t header_bytes = ws_header(opcode, false, lead.length + payload.length, header);
  Buf *buf = buf_new(header_bytes + lead.length + payload.length);
  if (buf == NULL) return NULL;
  char *to = buf_bytes(buf);
  memcpy(to, header, header_bytes);
  if (lead.length > 0) memcpy(to + header_bytes, lead.at, lead.length);
  if (payload.length > 0) memcpy(to + header_bytes + lead.length, payload.at, payload.length);
  return buf;
}

Buf *engineio_packet_frame(EnginePacketType type, Str payload) {
  return frame_of(WS_TEXT, (Str){&(char){(char)type}, 1}, payload);
}

Buf *engineio_frame(uint8_t version, bool binary, Str message) {
  if (!binary) return engineio_packet_frame(ENGINE_MESSAGE, message);
  return frame_of(WS_BINARY, (Str){&(char){BINARY_MESSAGE}, version == 3}, message);
}

bool engineio_frame_packet(const Buf *frame, Str *packet) {
  uint8_t length = (uint8_t)frame->at[1] & FRAME_LENGTH_BITS;
  size_t header_bytes = length < FRAME_LENGTH_16 ? 2 : length == FRAME_LENGTH_16 ? 4 : 10;
  *packet = skip((Str){frame->at, frame->length}, header_bytes);
  return (frame->at[0] & FRAME_OPCODE_BITS) == WS_BINARY;
}

// "b" and the bytes; in version 3 the type stands between them.
static Str base64_packet(Arena *arena, uint8_t version, Str packet) {
  Text text = {.arena = arena};
  text_add(&text, version == 3 ? STR("b4") : STR("b"));
  if (version == 3) packet = skip(packet, 1);
  text_add(&text, ids_base64(arena, packet.at, packet.length));
  return text_str(&text);
}

Buf *engineio_frame_base64(Arena *arena, uint8_t version, const Buf *frame) {
  Str packet;
  engineio_frame_packet(frame, &packet);
  return frame_of(WS_TEXT, (Str){0}, base64_packet(arena, version, packet));
}

static void add_bytes_v3(Text *body, bool is_binary, Str packet) {
  char digits[24];
  int count = snprintf(digits, sizeof digits, "%zu", packet.length);
  text_char(body, is_binary);
  for (int i = 0; i < count; i++) text_char(body, (char)(digits[i] - '0'));
  text_char(body, (char)LENGTH_END);
  text_add(body, packet);
}

void engineio_payload_add(Text *body, uint8_t version, bool binary, const Buf *frame) {
  Str packet;
  bool is_binary = engineio_frame_packet(frame, &packet);
  if (version == 3 && binary) {
    add_bytes_v3(body, is_binary, packet);
    return;
  }
  if (is_binary) packet = base64_packet(body->arena, version, packet);
  if (version == 3) {
    text_int(body, (int64_t)utf16_units(packet));
    text_char(body, ':');
  } else if (body->length > 0) {
    text_char(body, SEPARATOR);
  }
  text_add(body, packet);
}
