// The other end of a connection.
#include "support/peer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

// The connection's owner.

static void on_open(Conn *conn, void *owner) {
  ((Peer *)owner)->conn = conn;
}

static void on_message(Conn *conn, void *owner, WsOpcode opcode, Str payload) {
  Peer *peer = owner;
  (void)conn;
  text_format(&peer->messages, "%s(%.*s)\n", opcode == WS_TEXT ? "text" : "binary", STR_ARG(payload));
}

static void on_drained(Conn *conn, void *owner) {
  Peer *peer = owner;
  (void)conn;
  ++peer->drained;
  if (peer->topics != NULL) topic_drained(peer->topics, &peer->list);
}

static void on_visit(Conn *conn, void *owner, uint64_t idle_ms) {
  (void)conn, (void)owner, (void)idle_ms;
}

static void on_close(Conn *conn, void *owner) {
  Peer *peer = owner;
  (void)conn;
  peer->gone = true;
  if (peer->topics != NULL) topic_unsubscribe_all(peer->topics, &peer->list);
}

static const WsHandler handler = {
    .open = on_open, .message = on_message, .drained = on_drained, .visit = on_visit, .close = on_close};

// Opening.

static void receive(Peer *peer) {
  char bytes[65536];
  ssize_t got;
  while ((got = recv(peer->fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
    text_add(&peer->bytes, (Str){bytes, (size_t)got});
}

static bool take_head(Peer *peer) {
  receive(peer);
  const char *end = peer->bytes.length > 0 ? memmem(peer->bytes.at, peer->bytes.length, "\r\n\r\n", 4) : NULL;
  if (end == NULL) return false;
  size_t head = (size_t)(end + 4 - peer->bytes.at);
  memmove(peer->bytes.at, peer->bytes.at + head, peer->bytes.length - head);
  peer->bytes.length -= head;
  return true;
}

Peer *peer_open(Rig *rig, int loop, Topics *topics, int send_bytes) {
  int ends[2];
  Loop *of = &rig->loops[loop];
  Peer *peer = ARENA_NEW(&rig->arena, Peer);
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
  if (send_bytes > 0) setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &send_bytes, sizeof send_bytes);
  *peer =
      (Peer){.rig = rig, .fd = ends[0], .topics = topics, .bytes.arena = &rig->arena, .messages.arena = &rig->arena};
  conn_accept(of, ends[1]);
  Conn *conn = of->conns[of->conn_count - 1];
  assert_true(exchange_upgrade(conn, STR("dGhlIHNhbXBsZSBub25jZQ=="), (Str){0}, (Str){0}, &handler, peer));
  RIG_UNTIL(rig, take_head(peer));
  return peer;
}

void peer_close(Peer *peer) {
  close(peer->fd);
  peer->fd = -1;
}

void peer_write(Peer *peer, Str bytes) {
  assert_int_equal(send(peer->fd, bytes.at, bytes.length, MSG_NOSIGNAL), bytes.length);
}

// Reading: frames of a server have no mask (RFC 6455 5.1).

typedef struct Frame {
  unsigned char opcode;
  Str payload;
  size_t bytes;  // of the whole
} Frame;

static bool next_frame(Str bytes, Frame *frame) {
  const unsigned char *at = (const unsigned char *)bytes.at;
  if (bytes.length < 2) return false;
  size_t head = 2;
  size_t length = at[1];
  if (length == 126) head = 4;
  if (length == 127) head = 10;
  if (bytes.length < head) return false;
  if (head > 2) length = 0;
  for (size_t i = 2; i < head; i++) length = length << 8 | at[i];
  if (bytes.length < head + length) return false;
  *frame = (Frame){at[0] & 15, {bytes.at + head, length}, head + length};
  return true;
}

static void write_message(Text *out, const Frame *frame) {
  const unsigned char *at = (const unsigned char *)frame->payload.at;
  if (frame->opcode == WS_TEXT) {
    text_add(out, frame->payload);
  } else if (frame->opcode == WS_CLOSE) {
    text_format(out, "close %d", frame->payload.length >= 2 ? at[0] << 8 | at[1] : 0);
  } else {
    text_hex(out, frame->payload.at, frame->payload.length);
  }
  text_char(out, '\n');
}

const char *peer_take(Peer *peer) {
  Text out = {.arena = &peer->rig->arena};
  Frame frame;
  receive(peer);
  Str rest = text_str(&peer->bytes);
  while (next_frame(rest, &frame)) {
    write_message(&out, &frame);
    rest = (Str){rest.at + frame.bytes, rest.length - frame.bytes};
  }
  peer->bytes = (Text){.arena = &peer->rig->arena};
  text_add(&peer->bytes, rest);
  return rig_zero(peer->rig, text_str(&out));
}

size_t peer_waiting(Peer *peer) {
  size_t count = 0;
  Frame frame;
  receive(peer);
  for (Str rest = text_str(&peer->bytes); next_frame(rest, &frame); ++count)
    rest = (Str){rest.at + frame.bytes, rest.length - frame.bytes};
  return count;
}
