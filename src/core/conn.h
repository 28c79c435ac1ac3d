// A connection: a socket on a loop, speaking HTTP first and perhaps WebSocket later. What it is to send is queued and
// leaves in one writev at the end of the turn. Everything here runs on the loop's thread and does not block.
#ifndef FOYER_CORE_CONN_H
#define FOYER_CORE_CONN_H

#include <netinet/in.h>
#include <stdalign.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/http.h"
#include "core/loop.h"
#include "core/ws.h"

// What a WebSocket's owner wants to hear of. `owner` is what was given to exchange_upgrade.
typedef struct WsHandler {
  void (*open)(Conn *conn, void *owner);  // the 101 is queued; messages may be sent
  // A whole message. The payload is valid during the call only.
  void (*message)(Conn *conn, void *owner, WsOpcode opcode, Str payload);
  void (*drained)(Conn *conn, void *owner);  // everything queued has left (see conn_tell_drained); may be NULL
  void (*visit)(Conn *conn, void *owner, uint64_t idle_ms);  // about once a second; idle: since the last byte came
  void (*close)(Conn *conn, void *owner);                    // gone: the last call, frees the owner's state
} WsHandler;

// A request that waits for its answer. Slices of the request are valid until the hook returns.
struct Exchange {
  Conn *conn;
  const HttpRequest *request;
  Str rest;      // what has come behind the request
  Arena *arena;  // valid until the hook returns
};

// A name for a connection that outlives it: see conn_find.
typedef struct ConnRef {
  uint32_t slot;
  uint32_t serial;
} ConnRef;

enum { CONN_ALIGNMENT = 64 };  // a cache line

// The first cache line is all that sending a frame touches: a fan-out goes through thousands of connections, and
// between two of them the kernel's part of a send empties the nearest caches.
struct Conn {
  alignas(CONN_ALIGNMENT) Loop *loop;
  Conn *next_dirty;
  Buf **pieces;  // queue of bytes to send, oldest first; `inline_pieces` while it is short
  Buf *inline_pieces[2];
  uint32_t piece_count;
  uint32_t piece_capacity;
  uint32_t first_sent;    // bytes of the first piece that have left
  uint32_t queued_bytes;  // bytes of all pieces that have not
  int fd;
  uint8_t window_bits;    // of permessage-deflate towards the client
  uint8_t door;           // which part of the program answers; its request hook says, for the figures
  bool deflate : 1;       // agreed
  bool dirty : 1;         // in loop->dirty
  bool tell_drained : 1;  // see conn_tell_drained
  bool polls_write : 1;   // waits until the socket takes more
  bool polls_read : 1;
  bool answering : 1;   // an HTTP request waits for its answer
  bool keep_alive : 1;  // after that answer
  bool http10 : 1;      // that request was of HTTP/1.0, which must be told that the connection stays
  bool head_only : 1;   // that request was a HEAD
  bool paused : 1;      // the owner wants no messages just now
  bool delivering : 1;  // inside the owner's message callback or the request hook
  bool closing : 1;     // close when all has left
  bool ended : 1;       // the peer sends no more, and still hears what is queued
  bool lingering : 1;   // all has left, waiting for the peer to close
  bool dead : 1;        // closed; freed in the next turn
  bool resume : 1;      // `held` is to be read on at the end of the turn
  bool choked : 1;      // `held` has messages or requests that wait until what is queued has left
  uint32_t index;       // in loop->conns
  uint32_t slot;        // in loop->slots
  uint32_t serial;
  uint64_t asked_ns;  // monotonic, when the request had come that is being answered
  uint64_t read_ms;   // loop tick of the last byte that came
  uint64_t since_ms;  // loop tick when the current request or message began, or bytes last left (while some wait for
                      // the peer)
  char *held;         // bytes that came and are not used up: a request under way, or messages while paused
  uint32_t held_bytes;
  uint32_t held_capacity;
  HttpParser *http;  // NULL once it is a WebSocket
  WsParser ws;
  const WsHandler *handler;  // NULL while it speaks HTTP
  void *owner;
  void (*gone)(Conn *conn, void *owner);  // see exchange_hold
  uint16_t peer_family;                   // AF_UNSPEC: not asked yet
  unsigned char peer[16];                 // its address, once asked for
  uv_poll_t poll;
};

// What waits for its peer, in bytes of memory: of the smallest frames most is what is around them.
static inline uint64_t conn_backlog(const Conn *conn) {
  return conn->queued_bytes + (uint64_t)conn->piece_count * BUF_AROUND_BYTES;
}

// More than SLOW_CLIENT_BYTES wait for its peer: until they have left, it gets no updates and is asked nothing.
static inline bool conn_is_slow(const Conn *conn) {
  return conn_backlog(conn) > conn->loop->settings.slow_bytes;
}

ConnRef conn_ref(const Conn *conn);
Conn *conn_find(Loop *loop, ConnRef ref);  // NULL when it has gone

// Takes a new socket over (non-blocking); answers 503 and closes it (NULL) when memory is out or the loop is full.
Conn *conn_accept(Loop *loop, int fd);
void conn_send(Conn *conn,
               Buf *buf);  // queues; takes over one reference (NULL: memory was out, the connection is closed)
void conn_tell_drained(Conn *conn);  // the owner wants `drained`, once, when everything queued has left
void conn_close(Conn *conn);         // when all that is queued has left
void conn_kill(Conn *conn);          // at once
void conn_flush_dirty(Loop *loop);   // sends what the turn has queued
void conn_visit(Conn *conn);         // applies the time limits
// The peer's address as text ("127.0.0.1", "2001:db8::1"; IPv4-mapped shown as IPv4); empty when it has gone.
Str conn_peer(Conn *conn, Arena *arena);

// HTTP. Answers the request under way: now, or later by the ConnRef kept from it. `extra` are complete header lines.
void exchange_respond(Conn *conn, int status, Str content_type, Str body, Str extra);
// The same with a body that is shared, not copied; takes over one reference.
void exchange_respond_buf(Conn *conn, int status, Str content_type, Buf *body, Str extra);
// The answer will take its time: should the connection end before it, `gone` is told, once.
void exchange_hold(Conn *conn, void (*gone)(Conn *conn, void *owner), void *owner);
// Gives the connection to another loop, whose request hook gets the request anew, before anything was answered. The
// connection is dead afterwards. False (a 503 was sent) when memory or descriptors are out.
bool exchange_move(const Exchange *exchange, Loop *to);
// Accepts a WebSocket handshake whose key and extensions were kept; then `handler` owns the connection.
// `extra` are complete header lines for the 101. False when the key is malformed (a 400 was sent) or memory is out (the
// connection is dead): then `owner` stays the caller's.
bool exchange_upgrade(Conn *conn, Str key, Str extensions, Str extra, const WsHandler *handler, void *owner);

// WebSocket. A frame ready to send, with its header, shared by many connections (deflated where that was asked and
// pays).
Buf *ws_frame(WsOpcode opcode, Str payload);
Buf *ws_frame_deflated(WsDeflater *deflater, uint8_t window_bits, WsOpcode opcode, Str payload, Arena *arena);
void ws_send(Conn *conn, WsOpcode opcode, Str payload);
void ws_close(Conn *conn, uint16_t code, Str reason);  // sends a close frame, then closes
void ws_pause(Conn *conn);  // no more messages until ws_resume; what comes is kept, the socket is not read
void ws_resume(Conn *conn);

// For core/conn_http.c and core/conn_ws.c: the bytes that have come.
void conn_http_feed(Conn *conn, char *bytes, size_t count);
// Answers what could not be read, and closes. `request` holds what was understood of it, NULL: nothing.
void conn_http_refuse(Conn *conn, int status, const HttpRequest *request);
void conn_http_count(const Conn *conn, int status);  // a request was answered
void conn_ws_feed(Conn *conn, char *bytes, size_t count);
void conn_resume(Conn *conn);  // reads on at the end of the turn: what is held first, then the socket
bool conn_hold(Conn *conn, const char *bytes,
               size_t count);  // makes `held` exactly these bytes; false (killed) when out of memory

#endif
