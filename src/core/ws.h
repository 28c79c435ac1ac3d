// WebSocket (RFC 6455) with permessage-deflate (RFC 7692) without I/O: bytes in, messages out; messages framed as
// bytes. A connection owns one WsParser after its handshake. Runs on the connection's loop thread; nothing here blocks.
#ifndef FOYER_CORE_WS_H
#define FOYER_CORE_WS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/arena.h"
#include "shared/str.h"

typedef enum WsOpcode {
  WS_CONTINUATION = 0,
  WS_TEXT = 1,
  WS_BINARY = 2,
  WS_CLOSE = 8,
  WS_PING = 9,
  WS_PONG = 10
} WsOpcode;

enum {
  WS_ACCEPT_BYTES = 28,             // Sec-WebSocket-Accept, without a zero behind it
  WS_HEADER_MAX_BYTES = 10,         // of a frame we send
  WS_CLIENT_HEADER_MAX_BYTES = 14,  // of a frame we get: the same and its mask
  WS_CONTROL_MAX_BYTES = 125        // payload of a ping, pong or close (RFC 6455 5.5)
};

typedef enum WsCloseCode {
  WS_CLOSE_NORMAL = 1000,
  WS_CLOSE_PROTOCOL = 1002,
  WS_CLOSE_NO_CODE = 1005,      // never on the wire: the peer's close frame was empty
  WS_CLOSE_BAD_PAYLOAD = 1007,  // invalid UTF-8, or bytes that are no deflate
  WS_CLOSE_POLICY = 1008,       // too many fragments
  WS_CLOSE_TOO_BIG = 1009,
  WS_CLOSE_INTERNAL = 1011  // memory is out
} WsCloseCode;

typedef struct WsLimits {
  uint32_t message_bytes;  // a whole message, inflated; more: close 1009
  uint32_t fragments;      // frames of one message; more: close 1008
  bool deflate;            // offer permessage-deflate
} WsLimits;

// What the two sides agreed on in the handshake.
typedef struct WsAgreement {
  bool deflate;  // permessage-deflate, always with server_no_context_takeover and client_no_context_takeover
                 // (so an idle connection holds no zlib state and a frame compressed once suits everybody)
  uint8_t server_window_bits;  // 9..15; a client that insists on 8 is declined
} WsAgreement;

// The state of one connection's incoming side. All zero is a fresh parser; set `deflate` from the agreement. A
// connection between frames holds nothing but these 56 bytes.
typedef struct WsParser {
  char *held;              // unmasked payload that waits for its rest (malloc); NULL when idle. See message_bytes.
  uint32_t held_bytes;     // used; grows with what came, never with what was announced
  uint32_t held_capacity;  // at most twice what came, at most limits.message_bytes and a control frame (see ws.c)
  uint32_t message_bytes;  // of `held`: data frames of the message under way; behind it an unfinished control frame
  uint32_t fragments;      // frames so far of the message under way
  uint32_t utf8_state;     // validator state of the text message under way; 0 between characters
  uint32_t frame_bytes;    // payload length that the frame under way announced
  uint32_t frame_taken;    // of it, what has come
  uint8_t header[WS_CLIENT_HEADER_MAX_BYTES];  // of the frame under way
  uint8_t header_bytes;                        // of it, what has come; 0 between frames
  bool in_payload;                             // the header is whole and checked
  uint8_t opcode;                              // of the message under way; 0 none
  bool compressed;                             // RSV1 of the message under way
  bool deflate;                                // agreed
  bool closed;                                 // a close frame or an error was seen: further bytes are ignored
} WsParser;

typedef enum WsEvent {
  WS_NEED_MORE,  // everything was taken
  WS_MESSAGE,    // a text or binary message, whole, unmasked, inflated, and for text valid UTF-8
  WS_CONTROL,    // ping, pong or close; for close, `code` is the peer's (1005 when none) and payload its reason
  WS_FAULT       // close with `code`: 1002, 1007, 1008, 1009, or 1011 when memory is out
} WsEvent;

typedef struct WsMessage {
  WsOpcode opcode;
  Str payload;  // points into the fed bytes, the parser's memory or the inflater's; valid until the next call for this
                // parser, or for any parser that shares the inflater
  uint16_t code;  // close code, see above
} WsMessage;

// Memory for inflating, one a thread, shared by its connections. NULL when memory is out.
typedef struct WsInflater WsInflater;
WsInflater *ws_inflater_new(uint32_t message_bytes_max);
void ws_inflater_free(WsInflater *inflater);  // NULL is allowed
// Inflates a whole message (RFC 7692 7.2.2) into the inflater's memory; *inflated lives until the next call. Gives 0 or
// a close code: 1007 no deflate or cut off, 1009 more than `bytes_max` (or the inflater's own bar), 1011 memory is out
// or there is no inflater (NULL).
uint16_t ws_inflate(WsInflater *inflater, Str payload, uint32_t bytes_max, Str *inflated);
// Gives back what a big message made it grow by; what ws_inflate gave is gone. ws_parser_next does it. NULL is allowed.
void ws_inflater_rest(WsInflater *inflater);

// Takes the next event out of *bytes (advancing it). Call until WS_NEED_MORE. Bytes are unmasked in place, so they must
// be writable. Text is checked as it comes: invalid UTF-8 in an unfinished message is a fault at once (1007). Unmasked
// frames, reserved bits or opcodes, fragmented or long control frames, non-minimal lengths, and close codes outside
// RFC 6455 7.4 are faults (1002). `inflater` may be NULL when deflate was not agreed. A zip bomb stops at
// limits->message_bytes (1009).
WsEvent ws_parser_next(WsParser *parser, const WsLimits *limits, WsInflater *inflater, Str *bytes, WsMessage *message);
// A message or frame has begun and is not whole.
static inline bool ws_parser_is_inside(const WsParser *parser) {
  return parser->header_bytes > 0 || parser->opcode != 0;
}
void ws_parser_free(WsParser *parser);  // frees what it holds; the parser is all zero afterwards

// Sec-WebSocket-Accept for a Sec-WebSocket-Key (RFC 6455 4.2.2); false when the key is not 16 bytes of base64.
bool ws_accept(Str key, char out[WS_ACCEPT_BYTES]);
// Chooses from a Sec-WebSocket-Extensions header (RFC 7692 7.1): the first acceptable permessage-deflate offer, and
// writes the answer's header value into `out` (arena text). Nothing is written when none is acceptable.
WsAgreement ws_negotiate(Str offered, const WsLimits *limits, Text *out);

// Writes a server frame's header (unmasked, FIN set) and gives its length, 2 to 10 bytes.
size_t ws_header(WsOpcode opcode, bool compressed, uint64_t payload_bytes, char out[WS_HEADER_MAX_BYTES]);
// The memory for compressing, one a thread; its zlib state (256 KiB) comes with the first message. NULL when memory is
// out.
typedef struct WsDeflater WsDeflater;
WsDeflater *ws_deflater_new(void);
void ws_deflater_free(WsDeflater *deflater);  // NULL is allowed
// Compresses one message for peers that agreed on deflate, behind what *out holds, without context takeover: raw
// deflate whose last 00 00 FF FF is cut off (RFC 7692 7.2.1). `window_bits` is 9 to 15. False, and *out as it was, when
// the message would not get smaller, memory is out, or there is no deflater (NULL): then send it plain.
bool ws_deflate(WsDeflater *deflater, uint8_t window_bits, Str payload, Text *out);

#endif
