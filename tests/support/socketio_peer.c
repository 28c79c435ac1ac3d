// A client of a Socket.IO server.
#include "support/socketio_peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/ws_wire.h"

static void receive(SocketIoPeer *peer) {
  char bytes[65536];
  ssize_t got;
  while ((got = recv(peer->fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0) {
    text_add(&peer->bytes, (Str){bytes, (size_t)got});
  }
  peer->over |= got == 0;
}

static Str cut(SocketIoPeer *peer, size_t count) {
  Str taken = str_copy(&peer->rig->arena, (Str){peer->bytes.at, count});
  memmove(peer->bytes.at, peer->bytes.at + count, peer->bytes.length - count);
  peer->bytes.length -= count;
  return taken;
}

static bool has_head(SocketIoPeer *peer) {
  receive(peer);
  return peer->bytes.length > 4 && memmem(peer->bytes.at, peer->bytes.length, "\r\n\r\n", 4) != NULL;
}

int socketio_peer_open(Rig *rig, SocketIoPeer *peer, int version) {
  int ends[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
  *peer = (SocketIoPeer){.rig = rig, .fd = ends[0], .bytes.arena = &rig->arena};
  assert_non_null(conn_accept(&rig->loops[0], ends[1]));
  Text request = {.arena = &rig->arena};
  text_format(&request,
              "GET /socket.io/?EIO=%d&transport=websocket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
              "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
              version);
  assert_int_equal(write(peer->fd, request.at, request.length), request.length);
  RIG_UNTIL(rig, has_head(peer));
  const char *end = memmem(peer->bytes.at, peer->bytes.length, "\r\n\r\n", 4);
  Str head = cut(peer, (size_t)(end + 4 - peer->bytes.at));
  return atoi(head.at + strlen("HTTP/1.1 "));
}

// Bytes of the first frame; 0 while it is not whole.
static size_t frame_bytes(SocketIoPeer *peer, size_t *header) {
  receive(peer);
  const uint8_t *at = (const uint8_t *)peer->bytes.at;
  size_t have = peer->bytes.length;
  if (have < 2 || (at[1] == 126 && have < 4)) return 0;
  assert_true(at[1] <= 126);
  *header = at[1] == 126 ? 4 : 2;
  size_t length = at[1] == 126 ? (size_t)(at[2] << 8 | at[3]) : at[1];
  return have >= *header + length ? *header + length : 0;
}

const char *socketio_peer_hear(SocketIoPeer *peer) {
  size_t header = 0;
  RIG_UNTIL(peer->rig, frame_bytes(peer, &header) > 0);
  Str frame = cut(peer, frame_bytes(peer, &header));
  return rig_zero(peer->rig, (Str){frame.at + header, frame.length - header});
}

bool socketio_peer_is_quiet(SocketIoPeer *peer) {
  size_t header = 0;
  return frame_bytes(peer, &header) == 0;
}

void socketio_peer_say(SocketIoPeer *peer, const char *text) {
  Text wire = {.arena = &peer->rig->arena};
  wire_frame(&wire, 0x81, str_from(text));
  assert_int_equal(write(peer->fd, wire.at, wire.length), wire.length);
}

bool socketio_peer_is_over(SocketIoPeer *peer) {
  receive(peer);
  return peer->over;
}

void socketio_peer_close(SocketIoPeer *peer) {
  close(peer->fd);
}
