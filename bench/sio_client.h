// A Socket.IO client of version 4 over WebSocket, up to being let in; what comes then are frames as of any WebSocket.
#ifndef FOYER_BENCH_SIO_CLIENT_H
#define FOYER_BENCH_SIO_CLIENT_H

#include "bench/ws_client.h"

enum { SIO_TOKEN_BYTES = 512 };

// The handshake and the connection to the namespace; the socket is non-blocking afterwards. Blocks.
void sio_client_open(WsClient *client, uint16_t port, uint32_t nth, const char *token);
void sio_client_ask_in(WsClient *client);  // `user:connect`
bool sio_frame_begins(const Frame *frame, const char *text);
// Answers a ping; false when the frame is none.
bool sio_client_pong(WsClient *client, const Frame *frame);

#endif
