// How long a first picture takes: one subscriber alone, or a crowd that asks at the same moment.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "bench/load.h"
#include "bench/seats.h"
#include "bench/socket.h"
#include "bench/ws_client.h"

enum { EVENTS = 256, STALL_MS = 10000, DESCRIPTORS_BESIDE = 16 };

// Dies unless the frame is the hall's picture: binary of kind 1, or a JSON snapshot.
static void expect_snapshot(const Frame *frame) {
  if (frame->opcode == 2 && frame->payload[0] == 1) return;
  if (!frame_has(frame, "\"status\":\"snapshot\""))
    die("no snapshot: %.*s", (int)(frame->length & 0xfff), frame->payload);
}

// Writes the subscription in the format asked for, "json" or "binary".
static size_t subscription(const char *hall, const char *format, char *out) {
  const char *more = strcmp(format, "binary") == 0 ? ",\"format\":\"binary\"" : "";
  return seats_subscribe((uint32_t)number_from(hall, UINT32_MAX), more, out);
}

int command_subscribe(int count, char **arguments) {
  char message[SEATS_MESSAGE_BYTES];
  WsClient client;
  size_t length = subscription(arguments[1], arguments[2], message);
  (void)count;
  ws_client_open(&client, (uint16_t)number_from(arguments[0], UINT16_MAX), 0, "");
  uint64_t begin = clock_us();
  ws_client_send(&client, message, length);
  Frame snapshot = ws_client_wait(&client);
  uint64_t end = clock_us();
  expect_snapshot(&snapshot);
  printf("{\"milliseconds\":%.3f,\"bytes\":%zu}\n", (double)(end - begin) / 1000, snapshot.length);
  ws_client_close(&client);
  return 0;
}

// Counts down the viewers that have no picture yet.
static void crowd_frame(void *owner, uint32_t viewer, const Frame *frame) {
  uint32_t *waiting = owner;
  (void)viewer;
  if (frame_is_heartbeat(frame)) return;
  expect_snapshot(frame);
  (*waiting)--;
}

int command_crowd(int count, char **arguments) {
  char message[SEATS_MESSAGE_BYTES];
  struct epoll_event events[EVENTS];
  uint16_t port = (uint16_t)number_from(arguments[0], UINT16_MAX);
  size_t length = subscription(arguments[1], "binary", message);
  uint32_t crowd = (uint32_t)number_from(arguments[2], 1000000);
  uint32_t waiting = crowd;
  WsClient *viewers = calloc(crowd, sizeof *viewers);
  int epoll = poll_new();
  (void)count;
  if (viewers == NULL) die("out of memory");
  descriptors_need(crowd + DESCRIPTORS_BESIDE);
  for (uint32_t i = 0; i < crowd; i++) {
    ws_client_open(&viewers[i], port, i, "");
    socket_nonblocking(viewers[i].fd);
    poll_add(epoll, viewers[i].fd, i);
  }
  uint64_t begin = clock_us();
  for (uint32_t i = 0; i < crowd; i++) ws_client_send(&viewers[i], message, length);
  while (waiting > 0) {
    int ready = epoll_wait(epoll, events, EVENTS, STALL_MS);
    if (ready == 0) die("%u of %u viewers have no picture after %d ms of silence", waiting, crowd, STALL_MS);
    for (int i = 0; i < ready; i++) {
      ws_client_receive(&viewers[events[i].data.u32], crowd_frame, &waiting, events[i].data.u32);
    }
  }
  printf("{\"milliseconds\":%.3f}\n", (double)(clock_us() - begin) / 1000);
  return 0;
}
