// The client side of a WebSocket (RFC 6455), as little as a load generator needs: the upgrade, text messages out
// (masked with a key of zeros, which leaves the payload as it is), whole frames in. No fragments, no extensions.
#ifndef FOYER_BENCH_WS_CLIENT_H
#define FOYER_BENCH_WS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A frame as it came. `payload` is valid until the next call on its client.
typedef struct Frame {
  const char *payload;  // no zero behind it
  size_t length;        // bytes of `payload`
  uint8_t opcode;       // 1 text, 2 binary, 8 close
} Frame;

typedef struct WsClient {
  int fd;
  uint32_t taken;          // bytes at the front of `held` already given out by ws_client_wait
  uint32_t held_bytes;     // used bytes of `held`
  uint32_t held_capacity;  // bytes of `held`
  char *held;              // an unfinished frame (malloc); NULL when there is none
} WsClient;

// Takes one frame; `owner` and `tag` are those of ws_client_receive.
typedef void FrameHandler(void *owner, uint32_t tag, const Frame *frame);

// Connects and upgrades /ws. `nth` as in socket_connect; `cookie` is a Cookie header's value, empty for a guest.
// Blocks.
void ws_client_open(WsClient *client, uint16_t port, uint32_t nth, const char *cookie);
void ws_client_open_at(WsClient *client, uint16_t port, uint32_t nth, const char *target, const char *cookie);
// Turns an open socket that needs no upgrade into a client (the bare limit's viewers).
WsClient ws_client_from(int fd);
void ws_client_close(WsClient *client);

// Sends one text message. Blocks while the peer does not read.
void ws_client_send(WsClient *client, const char *text, size_t length);
// Writes one text message as a frame to `out`, which has room for `length` + 14 bytes; gives its length.
size_t ws_client_frame(char *out, const char *text, size_t length);

// Waits for the next frame that is no heartbeat. Only before the socket was made non-blocking.
Frame ws_client_wait(WsClient *client);
// Hands every whole frame that has come to `handler` and returns when nothing more is there. The socket is
// non-blocking; its reading is edge-triggered. Dies when the peer has closed.
void ws_client_receive(WsClient *client, FrameHandler *handler, void *owner, uint32_t tag);

bool frame_is_heartbeat(const Frame *frame);  // the single character `1`
// The number behind the first `key` (`"seq":`); 0 when it is not there.
uint64_t frame_number(const Frame *frame, const char *key);
bool frame_has(const Frame *frame, const char *text);

#endif
