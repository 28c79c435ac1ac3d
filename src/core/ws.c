// WebSocket frames and messages (RFC 6455) without I/O, and the handshake's accept key. See ws.h for the contract.
// A parser belongs to one connection and runs on its loop thread. Frames that are whole in the fed bytes are unmasked
// there and given without a copy; anything unfinished is unmasked and checked as it comes and waits in `held`.
#include "core/ws.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

enum {
  FIN_BIT = 0x80,         // byte 0: last frame of its message
  COMPRESSED_BIT = 0x40,  // byte 0: RSV1, the message is deflated (RFC 7692 6)
  RESERVED_BITS = 0x30,   // byte 0: RSV2 and RSV3
  OPCODE_BITS = 0x0f,     // byte 0
  CONTROL_BIT = 0x08,     // of an opcode
  MASK_BIT = 0x80,        // byte 1
  LENGTH_BITS = 0x7f,     // byte 1: the length, or one of the two marks below
  LENGTH_16 = 126,        // the length is in the next 2 bytes
  LENGTH_64 = 127,        // the length is in the next 8 bytes
  MASK_BYTES = 4,
  HELD_LEAST_BYTES = 128,  // first size of `held`
  HELD_KEEP_BYTES = 4096   // a larger `held` is freed once empty, even when more bytes follow at once
};

static bool is_final(const WsParser *parser) {
  return (parser->header[0] & FIN_BIT) != 0;
}

static uint8_t frame_opcode(const WsParser *parser) {
  return parser->header[0] & OPCODE_BITS;
}

static bool is_control(const WsParser *parser) {
  return (parser->header[0] & CONTROL_BIT) != 0;
}

// Bytes of the header without its mask, known from its second byte.
static size_t unmasked_header_bytes(const uint8_t *header) {
  uint8_t mark = header[1] & LENGTH_BITS;
  return mark == LENGTH_64 ? 10 : mark == LENGTH_16 ? 4 : 2;
}

// The payload length that the header announces, in any of its three forms.
static uint64_t announced_bytes(const uint8_t *header) {
  size_t end = unmasked_header_bytes(header);
  if (end == 2) return header[1] & LENGTH_BITS;
  uint64_t length = 0;
  for (size_t i = 2; i < end; i++) length = length << 8 | header[i];
  return length;
}

// What a message may have on the wire. Deflate makes bytes that do not compress a little longer (a block header each).
static uint64_t wire_bytes_max(const WsLimits *limits, bool compressed) {
  uint64_t most = limits->message_bytes;
  if (compressed) most += most / 16 + 64;
  return most < UINT32_MAX - WS_CONTROL_MAX_BYTES ? most : UINT32_MAX - WS_CONTROL_MAX_BYTES;
}

// Whether the frame under way belongs to a compressed message.
static bool is_compressed(const WsParser *parser) {
  return frame_opcode(parser) == WS_CONTINUATION ? parser->compressed : (parser->header[0] & COMPRESSED_BIT) != 0;
}

// Judges the first two bytes of a header (RFC 6455 5.2, 5.4, 5.5).
static uint16_t check_start(const WsParser *parser) {
  uint8_t first = parser->header[0], second = parser->header[1], opcode = first & OPCODE_BITS;
  bool control = (opcode & CONTROL_BIT) != 0, compressed = (first & COMPRESSED_BIT) != 0;
  if (opcode > (control ? WS_PONG : WS_BINARY)) return WS_CLOSE_PROTOCOL;
  if ((first & RESERVED_BITS) || (second & MASK_BIT) == 0) return WS_CLOSE_PROTOCOL;
  if (compressed && (!parser->deflate || control || opcode == WS_CONTINUATION)) return WS_CLOSE_PROTOCOL;
  if (control) return (first & FIN_BIT) && (second & LENGTH_BITS) <= WS_CONTROL_MAX_BYTES ? 0 : WS_CLOSE_PROTOCOL;
  bool continues = opcode == WS_CONTINUATION, under_way = parser->opcode != 0;
  return continues == under_way ? 0 : WS_CLOSE_PROTOCOL;
}

// Judges the announced length, before the mask and the payload have come.
static uint16_t check_length(const WsParser *parser, const WsLimits *limits) {
  uint64_t length = announced_bytes(parser->header);
  size_t header_bytes = unmasked_header_bytes(parser->header);
  if (header_bytes == 4 && length < LENGTH_16) return WS_CLOSE_PROTOCOL;
  if (header_bytes == 10 && (length <= UINT16_MAX || length > INT64_MAX)) return WS_CLOSE_PROTOCOL;
  if (is_control(parser)) return 0;
  if (parser->fragments >= limits->fragments) return WS_CLOSE_POLICY;
  if (parser->message_bytes + length > wire_bytes_max(limits, is_compressed(parser))) return WS_CLOSE_TOO_BIG;
  return 0;
}

// Moves on in *bytes.
static void advance(Str *bytes, size_t count) {
  bytes->at += count;
  bytes->length -= count;
}

// Collects header bytes until there are `wanted`; false when they have not all come.
static bool gather(WsParser *parser, Str *bytes, size_t wanted) {
  size_t missing = parser->header_bytes < wanted ? wanted - parser->header_bytes : 0;
  if (missing == 0) return true;
  size_t count = missing < bytes->length ? missing : bytes->length;
  if (count == 0) return false;
  memcpy(parser->header + parser->header_bytes, bytes->at, count);
  parser->header_bytes = (uint8_t)(parser->header_bytes + count);
  advance(bytes, count);
  return count == missing;
}

// The header is whole and good: its payload follows.
static void begin_payload(WsParser *parser) {
  parser->frame_bytes = (uint32_t)announced_bytes(parser->header);
  parser->frame_taken = 0;
  parser->in_payload = true;
  if (is_control(parser)) return;
  parser->compressed = is_compressed(parser);
  if (parser->opcode == 0) parser->opcode = frame_opcode(parser);
  parser->fragments++;
}

// Reads a header as far as it has come and judges each part as soon as it is there, so that the verdict does not depend
// on how the bytes were cut. Gives 0 or a close code; parser->in_payload tells whether the header is whole.
static uint16_t take_header(WsParser *parser, const WsLimits *limits, Str *bytes) {
  if (!gather(parser, bytes, 2)) return 0;
  uint16_t fault = check_start(parser);
  if (fault) return fault;
  size_t length_end = unmasked_header_bytes(parser->header);
  if (!gather(parser, bytes, length_end)) return 0;
  fault = check_length(parser, limits);
  if (fault) return fault;
  if (gather(parser, bytes, length_end + MASK_BYTES)) begin_payload(parser);
  return 0;
}

// XORs bytes with the mask (RFC 6455 5.3), eight at a time; `phase` is how many bytes of the payload stand before them.
static void unmask(char *at, size_t count, const uint8_t mask[MASK_BYTES], uint32_t phase) {
  uint8_t turned[8];
  for (uint32_t i = 0; i < sizeof turned; i++) turned[i] = mask[(phase + i) % MASK_BYTES];
  uint64_t wide;
  memcpy(&wide, turned, sizeof wide);
  size_t i = 0;
  for (; i + sizeof wide <= count; i += sizeof wide) {
    uint64_t word;
    memcpy(&word, at + i, sizeof word);
    word ^= wide;
    memcpy(at + i, &word, sizeof word);
  }
  for (; i < count; i++) at[i] = (char)((uint8_t)at[i] ^ turned[i % MASK_BYTES]);
}

// The validator's state between two bytes: how many continuation bytes are missing, and the range of the next one, in
// one number; 0 between characters.
#define UTF8_STATE(missing, low, high) ((uint32_t)(missing) << 16 | (uint32_t)(low) << 8 | (uint32_t)(high))
#define UTF8_INVALID UINT32_MAX

// The state after the first byte of a character that is not ASCII (RFC 3629 4: no surrogates, nothing overlong).
static uint32_t utf8_lead(uint8_t lead) {
  if (lead < 0xc2 || lead > 0xf4) return UTF8_INVALID;
  if (lead < 0xe0) return UTF8_STATE(1, 0x80, 0xbf);
  if (lead < 0xf0) return UTF8_STATE(2, lead == 0xe0 ? 0xa0 : 0x80, lead == 0xed ? 0x9f : 0xbf);
  return UTF8_STATE(3, lead == 0xf0 ? 0x90 : 0x80, lead == 0xf4 ? 0x8f : 0xbf);
}

// The state after a byte that has to continue a character.
static uint32_t utf8_continue(uint32_t state, uint8_t byte) {
  if (byte < (state >> 8 & 0xff) || byte > (state & 0xff)) return UTF8_INVALID;
  uint32_t missing = (state >> 16) - 1;
  return missing == 0 ? 0 : UTF8_STATE(missing, 0x80, 0xbf);
}

// How many of the bytes from `at` on are ASCII, in steps of eight.
static size_t ascii_run(const char *at, size_t count) {
  size_t i = 0;
  for (uint64_t word; i + sizeof word <= count; i += sizeof word) {
    memcpy(&word, at + i, sizeof word);
    if (word & 0x8080808080808080) break;
  }
  return i;
}

// Runs the validator over more bytes. Gives the new state, or UTF8_INVALID at the first byte that cannot be.
static uint32_t utf8_check(uint32_t state, Str bytes) {
  for (size_t i = 0; i < bytes.length; i++) {
    uint8_t byte = (uint8_t)bytes.at[i];
    if (state != 0) {
      state = utf8_continue(state, byte);
    } else if (byte >= 0x80) {
      state = utf8_lead(byte);
    } else {
      size_t run = ascii_run(bytes.at + i, bytes.length - i);
      if (run > 0) i += run - 1;
    }
    if (state == UTF8_INVALID) return UTF8_INVALID;
  }
  return state;
}

// Makes room behind what is held. Capacity doubles, so that many small parts cost linear time, but never past what this
// message can still have. False when memory is out.
static bool reserve(WsParser *parser, const WsLimits *limits, size_t more) {
  uint64_t needed = (uint64_t)parser->held_bytes + more;
  if (needed <= parser->held_capacity) return true;
  uint64_t most = wire_bytes_max(limits, parser->compressed) + WS_CONTROL_MAX_BYTES;
  if (is_final(parser)) most = (uint64_t)parser->held_bytes + parser->frame_bytes - parser->frame_taken;
  uint64_t wanted = 2 * (uint64_t)parser->held_capacity;
  if (wanted < HELD_LEAST_BYTES) wanted = HELD_LEAST_BYTES;
  if (wanted < needed) wanted = needed;
  if (wanted > most) wanted = most;
  char *held = realloc(parser->held, wanted);
  if (held == NULL) return false;
  parser->held = held;
  parser->held_capacity = (uint32_t)wanted;
  return true;
}

// Forgets the memory that is held.
static void release(WsParser *parser) {
  free(parser->held);
  parser->held = NULL;
  parser->held_bytes = parser->held_capacity = parser->message_bytes = 0;
}

// Copies payload of the frame under way behind what is held. NULL when memory is out.
static char *hold(WsParser *parser, const WsLimits *limits, Str part) {
  if (!reserve(parser, limits, part.length)) return NULL;
  char *at = parser->held + parser->held_bytes;
  memcpy(at, part.at, part.length);
  parser->held_bytes += (uint32_t)part.length;
  if (!is_control(parser)) parser->message_bytes += (uint32_t)part.length;
  return at;
}

// Whether the frame can be given where it stands: all of it is in the fed bytes, and it is a message of its own.
static bool stands_alone(const WsParser *parser, Str bytes) {
  if (parser->frame_taken > 0 || bytes.length < parser->frame_bytes) return false;
  return is_control(parser) || (is_final(parser) && parser->message_bytes == 0);
}

// Takes what has come of the frame's payload, unmasked: where it stands, or in what is held. False when memory is out.
static bool take_part(WsParser *parser, const WsLimits *limits, Str *bytes, bool alone, Str *part) {
  size_t left = parser->frame_bytes - parser->frame_taken;
  *part = (Str){bytes->at, left < bytes->length ? left : bytes->length};
  if (part->length == 0) return true;
  char *at = (char *)(uintptr_t)part->at;  // the caller's bytes are writable, see ws.h
  if (!alone) at = hold(parser, limits, *part);
  if (at == NULL) return false;
  unmask(at, part->length, parser->header + parser->header_bytes - MASK_BYTES, parser->frame_taken);
  parser->frame_taken += (uint32_t)part->length;
  advance(bytes, part->length);
  part->at = at;
  return true;
}

// The payload that is held when a frame is whole: the control frame's, or that of the message so far.
static Str held_payload(const WsParser *parser) {
  Str payload = {parser->held, parser->held_bytes};
  if (is_control(parser) && parser->message_bytes > 0) advance(&payload, parser->message_bytes);
  return payload;
}

// Takes the payload of the frame under way as far as it has come, and checks text. Gives 0 or a close code; *payload is
// set once the frame is whole.
static uint16_t take_payload(WsParser *parser, const WsLimits *limits, Str *bytes, Str *payload) {
  bool alone = stands_alone(parser, *bytes);
  Str part;
  if (!take_part(parser, limits, bytes, alone, &part)) return WS_CLOSE_INTERNAL;
  if (!is_control(parser) && parser->opcode == WS_TEXT && !parser->compressed) {
    parser->utf8_state = utf8_check(parser->utf8_state, part);
    if (parser->utf8_state == UTF8_INVALID) return WS_CLOSE_BAD_PAYLOAD;
  }
  if (parser->frame_taken == parser->frame_bytes) *payload = alone ? part : held_payload(parser);
  return 0;
}

// Ends the connection's incoming side with an error.
static WsEvent give_fault(WsParser *parser, uint16_t code, WsMessage *message) {
  release(parser);
  parser->closed = true;
  *message = (WsMessage){.opcode = WS_CLOSE, .code = code};
  return WS_FAULT;
}

// Whether a close code may stand in a frame: RFC 6455 7.4.1, the three that IANA's registry added since (1012 to 1014),
// and the ranges for libraries and applications (7.4.2).
static bool close_code_valid(uint16_t code) {
  if (code >= 3000) return code <= 4999;
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

// Judges a close frame (RFC 6455 5.5.1) and ends the incoming side.
static WsEvent give_close(WsParser *parser, Str payload, WsMessage *message) {
  parser->closed = true;
  *message = (WsMessage){.opcode = WS_CLOSE, .code = WS_CLOSE_NO_CODE};
  if (payload.length == 0) return WS_CONTROL;
  if (payload.length == 1) return give_fault(parser, WS_CLOSE_PROTOCOL, message);
  message->code = (uint16_t)((uint8_t)payload.at[0] << 8 | (uint8_t)payload.at[1]);
  message->payload = (Str){payload.at + 2, payload.length - 2};
  if (!close_code_valid(message->code)) return give_fault(parser, WS_CLOSE_PROTOCOL, message);
  if (utf8_check(0, message->payload) != 0) return give_fault(parser, WS_CLOSE_BAD_PAYLOAD, message);
  return WS_CONTROL;
}

// Gives a whole control frame.
static WsEvent give_control(WsParser *parser, Str payload, WsMessage *message) {
  if (frame_opcode(parser) == WS_CLOSE) return give_close(parser, payload, message);
  *message = (WsMessage){.opcode = (WsOpcode)frame_opcode(parser), .payload = payload};
  return WS_CONTROL;
}

// Gives a whole message; the parser is between messages afterwards.
static WsEvent give_message(WsParser *parser, const WsLimits *limits, WsInflater *inflater, Str payload,
                            WsMessage *message) {
  if (parser->compressed) {
    uint16_t fault = ws_inflate(inflater, payload, limits->message_bytes, &payload);
    if (fault) return give_fault(parser, fault, message);
    if (parser->opcode == WS_TEXT) parser->utf8_state = utf8_check(0, payload);
  }
  if (parser->utf8_state != 0) return give_fault(parser, WS_CLOSE_BAD_PAYLOAD, message);
  *message = (WsMessage){.opcode = (WsOpcode)parser->opcode, .payload = payload};
  parser->opcode = 0;
  parser->compressed = false;
  parser->fragments = 0;
  parser->message_bytes = 0;  // held_bytes stays: the payload may be there until the next call
  return WS_MESSAGE;
}

// What the last call gave is over: its memory is free for what follows.
static void forget_given(WsParser *parser) {
  if (parser->header_bytes > 0 || parser->held == NULL) return;
  parser->held_bytes = parser->message_bytes;
  if (parser->held_bytes == 0 && parser->held_capacity > HELD_KEEP_BYTES) release(parser);
}

// Everything was taken: an idle connection keeps no memory.
static WsEvent need_more(WsParser *parser, WsInflater *inflater, Str *bytes) {
  if (bytes->length > 0) advance(bytes, bytes->length);  // they follow a close frame or a fault
  if (parser->held_bytes == 0 || parser->closed) release(parser);
  ws_inflater_rest(inflater);
  return WS_NEED_MORE;
}

WsEvent ws_parser_next(WsParser *parser, const WsLimits *limits, WsInflater *inflater, Str *bytes, WsMessage *message) {
  forget_given(parser);
  *message = (WsMessage){0};
  while (!parser->closed) {
    uint16_t fault = parser->in_payload ? 0 : take_header(parser, limits, bytes);
    if (fault) return give_fault(parser, fault, message);
    if (!parser->in_payload) break;
    Str payload = {0};
    fault = take_payload(parser, limits, bytes, &payload);
    if (fault) return give_fault(parser, fault, message);
    if (parser->frame_taken < parser->frame_bytes) break;
    parser->in_payload = false;
    parser->header_bytes = 0;
    if (is_control(parser)) return give_control(parser, payload, message);
    if (is_final(parser)) return give_message(parser, limits, inflater, payload, message);
  }
  return need_more(parser, inflater, bytes);
}

void ws_parser_free(WsParser *parser) {
  release(parser);
  *parser = (WsParser){0};
}

// Whether a Sec-WebSocket-Key is base64 of 16 bytes: 22 digits and two `=`.
static bool key_valid(Str key) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (key.length != 24 || key.at[22] != '=' || key.at[23] != '=') return false;
  for (size_t i = 0; i < 22; i++) {
    if (memchr(digits, key.at[i], sizeof digits - 1) == NULL) return false;
  }
  return true;
}

bool ws_accept(Str key, char out[WS_ACCEPT_BYTES]) {
  static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 1.3
  if (!key_valid(key)) return false;
  unsigned char joined[24 + sizeof guid - 1], hash[SHA_DIGEST_LENGTH], text[WS_ACCEPT_BYTES + 1];
  memcpy(joined, key.at, 24);
  memcpy(joined + 24, guid, sizeof guid - 1);
  if (SHA1(joined, sizeof joined, hash) == NULL) return false;
  EVP_EncodeBlock(text, hash, sizeof hash);
  memcpy(out, text, WS_ACCEPT_BYTES);
  return true;
}

size_t ws_header(WsOpcode opcode, bool compressed, uint64_t payload_bytes, char out[WS_HEADER_MAX_BYTES]) {
  out[0] = (char)(FIN_BIT | (compressed ? COMPRESSED_BIT : 0) | (int)opcode);
  size_t length_bytes = payload_bytes > UINT16_MAX ? 8 : payload_bytes >= LENGTH_16 ? 2 : 0;
  out[1] = (char)(length_bytes == 8 ? LENGTH_64 : length_bytes == 2 ? LENGTH_16 : payload_bytes);
  for (size_t i = 0; i < length_bytes; i++) out[2 + i] = (char)(payload_bytes >> 8 * (length_bytes - 1 - i));
  return 2 + length_bytes;
}
