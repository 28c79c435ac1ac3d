// Socket.IO over WebSocket, as far as a load generator speaks it.
#include "bench/sio_client.h"

#include <stdio.h>
#include <string.h>

#include "bench/socket.h"

bool sio_frame_begins(const Frame *frame, const char *text) {
  return frame->length >= strlen(text) && memcmp(frame->payload, text, strlen(text)) == 0;
}

void sio_client_open(WsClient *client, uint16_t port, uint32_t nth, const char *token) {
  char target[SIO_TOKEN_BYTES + 128];
  snprintf(target, sizeof target,
           "/socket.io/?EIO=4&transport=websocket&authorization=Bearer%%20%s&os=bench&browser=bench", token);
  ws_client_open_at(client, port, nth, target, "");
  Frame frame = ws_client_wait(client);
  if (!sio_frame_begins(&frame, "0{")) die("no handshake: %.*s", (int)frame.length, frame.payload);
  ws_client_send(client, "40", 2);
  frame = ws_client_wait(client);
  if (!sio_frame_begins(&frame, "40{")) die("not connected: %.*s", (int)frame.length, frame.payload);
  socket_nonblocking(client->fd);
}

void sio_client_ask_in(WsClient *client) {
  static const char connect[] = "42[\"user:connect\"]";
  ws_client_send(client, connect, sizeof connect - 1);
}

bool sio_client_pong(WsClient *client, const Frame *frame) {
  if (frame->length != 1 || frame->payload[0] != '2') return false;
  ws_client_send(client, "3", 1);
  return true;
}
