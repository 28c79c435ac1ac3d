#include "bench/ws_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/socket.h"

enum {
  SHARED_BYTES = 1 << 18,     // one receive
  HELD_MORE_BYTES = 1 << 14,  // one receive behind the beginning of a frame
  OPCODE_CLOSE = 8
};

// Where every client of the process receives: nothing stays here from one call to the next.
static char shared[SHARED_BYTES];

WsClient ws_client_from(int fd) {
  return (WsClient){.fd = fd};
}

void ws_client_close(WsClient *client) {
  close(client->fd);
  free(client->held);
  *client = (WsClient){.fd = -1};
}

size_t ws_client_frame(char *out, const char *text, size_t length) {
  size_t head = 2;
  if (length > 0xffff) die("a message of %zu bytes is not for this client", length);
  out[0] = (char)0x81;
  if (length < 126) {
    out[1] = (char)(0x80 | length);
  } else {
    out[1] = (char)(0x80 | 126);
    out[2] = (char)(length >> 8);
    out[3] = (char)(length & 0xff);
    head = 4;
  }
  memset(out + head, 0, 4);
  memcpy(out + head + 4, text, length);
  return head + 4 + length;
}

void ws_client_send(WsClient *client, const char *text, size_t length) {
  char frame[1024];
  if (length + 14 > sizeof frame) die("a message of %zu bytes is not for this client", length);
  socket_send_all(client->fd, frame, ws_client_frame(frame, text, length));
}

// Gives the bytes of the whole frame at the front of `bytes`, or 0 when more must come.
static size_t frame_at(const char *bytes, size_t count, Frame *frame) {
  const unsigned char *head = (const unsigned char *)bytes;
  size_t head_bytes = 2;
  if (count < 2) return 0;
  uint64_t length = head[1];
  if (length >= 126) {
    size_t more = length == 126 ? 2 : 8;
    head_bytes += more;
    if (count < head_bytes) return 0;
    length = 0;
    for (size_t i = 0; i < more; i++) length = length << 8 | head[2 + i];
  }
  if (count - head_bytes < length) return 0;
  if ((head[0] & 0xf0) != 0x80) die("a frame that is not whole and plain (0x%02x)", head[0]);
  *frame = (Frame){.payload = bytes + head_bytes, .length = (size_t)length, .opcode = head[0] & 0x0f};
  if (frame->opcode == OPCODE_CLOSE) die("the server closed: %.*s", (int)length, bytes + head_bytes);
  return head_bytes + (size_t)length;
}

// Makes room for at least `more` held bytes beside those that are there.
static void hold_room(WsClient *client, size_t more) {
  if (client->held_capacity - client->held_bytes >= more) return;
  client->held_capacity = client->held_capacity * 2 + (uint32_t)more;
  client->held = realloc(client->held, client->held_capacity);
  if (client->held == NULL) die("out of memory");
}

// Drops `count` bytes at the front of what is held.
static void hold_drop(WsClient *client, uint32_t count) {
  client->held_bytes -= count;
  if (client->held_bytes > 0) {
    memmove(client->held, client->held + count, client->held_bytes);
    return;
  }
  free(client->held);
  client->held = NULL;
  client->held_capacity = 0;
}

// Keeps what is left of a receive: the beginning of a frame.
static void hold_rest(WsClient *client, const char *bytes, size_t count) {
  hold_room(client, count);
  memcpy(client->held, bytes, count);
  client->held_bytes = (uint32_t)count;
}

// Reads the head of the answer, which must be a 101, and keeps the frames that come with it.
static void read_switching(WsClient *client) {
  char head[2048];
  size_t count = 0;
  const char *end;
  while ((end = memmem(head, count, "\r\n\r\n", 4)) == NULL) {
    ssize_t got = recv(client->fd, head + count, sizeof head - count, 0);
    if (got <= 0) die("upgrade: %s", got == 0 ? "closed by the server" : strerror(errno));
    count += (size_t)got;
  }
  if (strncmp(head, "HTTP/1.1 101", 12) != 0) die("upgrade refused: %.60s", head);
  size_t frames = count - (size_t)(end + 4 - head);
  if (frames > 0) hold_rest(client, end + 4, frames);
}

void ws_client_open(WsClient *client, uint16_t port, uint32_t nth, const char *cookie) {
  ws_client_open_at(client, port, nth, "/ws", cookie);
}

void ws_client_open_at(WsClient *client, uint16_t port, uint32_t nth, const char *target, const char *cookie) {
  char request[2048];
  int length = snprintf(request, sizeof request,
                        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s%s%s\r\n",
                        target, port, *cookie ? "Cookie: " : "", cookie, *cookie ? "\r\n" : "");
  if (length < 0 || (size_t)length >= sizeof request) die("the cookie is too long");
  *client = ws_client_from(socket_connect(port, nth));
  socket_send_all(client->fd, request, (size_t)length);
  read_switching(client);
}

Frame ws_client_wait(WsClient *client) {
  for (;;) {
    Frame frame;
    if (client->taken > 0) hold_drop(client, client->taken);
    client->taken = (uint32_t)frame_at(client->held, client->held_bytes, &frame);
    if (client->taken > 0 && !frame_is_heartbeat(&frame)) return frame;
    if (client->taken > 0) continue;
    hold_room(client, HELD_MORE_BYTES);
    ssize_t got = recv(client->fd, client->held + client->held_bytes, client->held_capacity - client->held_bytes, 0);
    if (got <= 0) die("receive: %s", got == 0 ? "closed by the server" : strerror(errno));
    client->held_bytes += (uint32_t)got;
  }
}

// Hands out the whole frames at the front of `bytes` and gives how many bytes they took.
static size_t hand_out(const char *bytes, size_t count, FrameHandler *handler, void *owner, uint32_t tag) {
  size_t taken = 0;
  Frame frame;
  for (size_t one; (one = frame_at(bytes + taken, count - taken, &frame)) > 0; taken += one)
    handler(owner, tag, &frame);
  return taken;
}

// Hands out what ws_client_wait left behind.
static void hand_out_rest(WsClient *client, FrameHandler *handler, void *owner, uint32_t tag) {
  uint32_t taken = client->taken;
  client->taken = 0;
  taken += (uint32_t)hand_out(client->held + taken, client->held_bytes - taken, handler, owner, tag);
  if (taken > 0) hold_drop(client, taken);
}

void ws_client_receive(WsClient *client, FrameHandler *handler, void *owner, uint32_t tag) {
  if (client->taken > 0) hand_out_rest(client, handler, owner, tag);
  for (;;) {
    bool fresh = client->held_bytes == 0;
    if (!fresh) hold_room(client, HELD_MORE_BYTES);
    char *to = fresh ? shared : client->held + client->held_bytes;
    size_t room = fresh ? SHARED_BYTES : client->held_capacity - client->held_bytes;
    ssize_t got = recv(client->fd, to, room, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) die("receive: %s", got == 0 ? "closed by the server" : strerror(errno));
    if (fresh) {
      size_t taken = hand_out(shared, (size_t)got, handler, owner, tag);
      if (taken < (size_t)got) hold_rest(client, shared + taken, (size_t)got - taken);
    } else {
      client->held_bytes += (uint32_t)got;
      size_t taken = hand_out(client->held, client->held_bytes, handler, owner, tag);
      if (taken > 0) hold_drop(client, (uint32_t)taken);
    }
    if ((size_t)got < room) return;  // the socket is empty: the next edge tells of more
  }
}

bool frame_is_heartbeat(const Frame *frame) {
  return frame->length == 1 && frame->payload[0] == '1';
}

uint64_t frame_number(const Frame *frame, const char *key) {
  size_t key_bytes = strlen(key);
  const char *at = memmem(frame->payload, frame->length, key, key_bytes);
  const char *end = frame->payload + frame->length;
  uint64_t number = 0;
  if (at == NULL) return 0;
  for (at += key_bytes; at < end && *at >= '0' && *at <= '9'; at++) number = number * 10 + (uint64_t)(*at - '0');
  return number;
}

bool frame_has(const Frame *frame, const char *text) {
  return memmem(frame->payload, frame->length, text, strlen(text)) != NULL;
}
