// A crowd that only watches: connects, subscribes, prints how many, and stays until standard input ends. What the
// server holds for it meanwhile is measured from outside.
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/load.h"
#include "bench/seats.h"
#include "bench/socket.h"
#include "bench/ws_client.h"

enum {
  BEAT_MS = 8000,  // the server ends a connection that was silent for 15 s
  DESCRIPTORS_BESIDE = 16
};

static void ignore_frame(void *owner, uint32_t tag, const Frame *frame) {
  (void)owner;
  (void)tag;
  (void)frame;
}

// Every viewer shows that it lives and takes what came for it.
static void beat_all(WsClient *viewers, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    ws_client_send(&viewers[i], "1", 1);
    ws_client_receive(&viewers[i], ignore_frame, NULL, i);
  }
}

int command_idle(int count, char **arguments) {
  char message[SEATS_MESSAGE_BYTES];
  uint16_t port = (uint16_t)number_from(arguments[0], UINT16_MAX);
  uint32_t viewer_count = (uint32_t)number_from(arguments[1], 1000000);
  size_t length = seats_subscribe((uint32_t)number_from(arguments[2], UINT32_MAX), "", message);
  WsClient *viewers = calloc(viewer_count, sizeof *viewers);
  struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
  (void)count;
  if (viewers == NULL) die("out of memory");
  descriptors_need(viewer_count + DESCRIPTORS_BESIDE);
  for (uint32_t i = 0; i < viewer_count; i++) {
    ws_client_open(&viewers[i], port, i, "");
    ws_client_send(&viewers[i], message, length);
    Frame snapshot = ws_client_wait(&viewers[i]);
    if (!frame_has(&snapshot, "\"status\":\"snapshot\""))
      die("no snapshot: %.*s", (int)snapshot.length, snapshot.payload);
    socket_nonblocking(viewers[i].fd);
  }
  printf("{\"viewers\":%u}\n", viewer_count);
  while (poll(&input, 1, BEAT_MS) == 0) beat_all(viewers, viewer_count);
  return 0;
}
