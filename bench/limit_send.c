// The limit of a fan-out: a loop of send() of the same bytes to accepted loopback sockets, and nothing else.
// `limits send PORT VIEWERS`: the first connection brings the orders, the next VIEWERS are the viewers.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "bench/limits.h"
#include "bench/limits_commands.h"
#include "bench/socket.h"

// Writes the ordered frame; gives its length.
static size_t write_frame(const SendOrder *order, char *out) {
  if (order->frame_bytes < LIMITS_FRAME_LEAST || order->frame_bytes > LIMITS_FRAME_MOST)
    die("a frame of %llu bytes", (unsigned long long)order->frame_bytes);
  size_t head = order->frame_bytes < 128 ? 2 : 4;
  size_t payload = (size_t)order->frame_bytes - head;
  memset(out, ' ', (size_t)order->frame_bytes);
  out[0] = (char)0x81;
  out[1] = head == 2 ? (char)payload : 126;
  if (head == 4) {
    out[2] = (char)(payload >> 8);
    out[3] = (char)(payload & 0xff);
  }
  int length = snprintf(out + head, 128, "{\"status\":\"update\",\"data\":{\"seq\":%llu,\"status\":\"VACANT\"}}",
                        (unsigned long long)order->seq);
  out[head + (size_t)length] = ' ';
  return (size_t)order->frame_bytes;
}

int limit_send(int count, char **arguments) {
  (void)count;
  static char frame[LIMITS_FRAME_MOST];
  uint16_t port = (uint16_t)number_from(arguments[0], UINT16_MAX);
  uint32_t viewers = (uint32_t)number_from(arguments[1], 1000000);
  int *sockets = calloc(viewers, sizeof *sockets);
  if (sockets == NULL) die("out of memory");
  descriptors_need(viewers + 16);
  int listener = socket_listen(port, &port);
  printf("%u\n", port);
  int control = socket_accept(listener);
  for (uint32_t i = 0; i < viewers; i++) sockets[i] = socket_accept(listener);
  SendOrder order;
  while (recv(control, &order, sizeof order, MSG_WAITALL) == (ssize_t)sizeof order) {
    size_t length = write_frame(&order, frame);
    for (uint32_t i = 0; i < viewers; i++) {
      if (send(sockets[i], frame, length, MSG_NOSIGNAL) != (ssize_t)length) die("a send was cut short");
    }
  }
  free(sockets);
  return 0;
}
