// Durable changes as fast as they are acknowledged: several signed-in sockets, each with a fixed number of changes in
// flight, nobody watching. Rounds as told on standard input: "round MILLISECONDS".
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "bench/load.h"
#include "bench/seats.h"
#include "bench/socket.h"
#include "bench/ws_client.h"

enum { SOCKETS_MAX = 256, IN_FLIGHT_MAX = 1024, EVENTS = 64, STALL_MS = 10000 };

// One socket that changes seats of its own: the nth of every `SOCKETS`.
typedef struct Writer {
  WsClient client;
  uint64_t changes;  // sent so far
  uint32_t free;     // how many more may be sent now
} Writer;

typedef struct Durable {
  Seats seats;
  uint32_t writer_count;
  int epoll;
  uint64_t acks;  // so far
  Writer writers[SOCKETS_MAX];
} Durable;

static void acknowledged(void *owner, uint32_t writer, const Frame *frame) {
  Durable *durable = owner;
  if (frame_is_heartbeat(frame)) return;
  seats_expect_success(frame);
  durable->acks++;
  durable->writers[writer].free++;
}

// Sends as many changes as may be in flight, in one go.
static void fill(Durable *durable, uint32_t nth) {
  static char frames[IN_FLIGHT_MAX * (SEATS_MESSAGE_BYTES + 14)];
  Writer *writer = &durable->writers[nth];
  uint32_t own = durable->seats.vacant_count / durable->writer_count;
  size_t length = 0;
  for (; writer->free > 0; writer->free--, writer->changes++) {
    char message[SEATS_MESSAGE_BYTES];
    uint32_t seat = durable->seats.vacant[nth + writer->changes % own * durable->writer_count];
    uint8_t status = writer->changes / own % 2 == 0;
    length += ws_client_frame(frames + length, message,
                              seats_change(&durable->seats, seat, status, writer->changes + 1, message));
  }
  if (length > 0) socket_send_all(writer->client.fd, frames, length);
}

// Waits for acknowledgements; sends the next changes in their place when `go_on`.
static void turn(Durable *durable, int go_on) {
  struct epoll_event events[EVENTS];
  int ready = epoll_wait(durable->epoll, events, EVENTS, STALL_MS);
  if (ready == 0) die("no acknowledgement for %d ms", STALL_MS);
  for (int i = 0; i < ready; i++) {
    uint32_t nth = events[i].data.u32;
    ws_client_receive(&durable->writers[nth].client, acknowledged, durable, nth);
    if (go_on) fill(durable, nth);
  }
}

// One round, from the first change to the last acknowledgement.
static void play_round(Durable *durable, uint64_t round_us, uint32_t in_flight) {
  uint64_t begin = clock_us();
  uint64_t before = durable->acks;
  for (uint32_t i = 0; i < durable->writer_count; i++) {
    durable->writers[i].free = in_flight;
    fill(durable, i);
  }
  while (clock_us() - begin < round_us) turn(durable, 1);
  for (uint32_t i = 0; i < durable->writer_count; i++) {
    while (durable->writers[i].free < in_flight) turn(durable, 0);
  }
  printf("{\"changes\":%llu,\"seconds\":%.6f}\n", (unsigned long long)(durable->acks - before),
         (double)(clock_us() - begin) / 1e6);
}

int command_durable(int count, char **arguments) {
  static Durable durable;
  char line[64];
  unsigned milliseconds = 0;
  uint16_t port = (uint16_t)number_from(arguments[0], UINT16_MAX);
  uint32_t in_flight = (uint32_t)number_from(arguments[2], IN_FLIGHT_MAX);
  (void)count;
  durable.writer_count = (uint32_t)number_from(arguments[1], SOCKETS_MAX);
  durable.epoll = poll_new();
  seats_read(&durable.seats, (uint32_t)number_from(arguments[3], UINT32_MAX), arguments[4]);
  for (uint32_t i = 0; i < durable.writer_count; i++) {
    WsClient *client = &durable.writers[i].client;
    ws_client_open(client, port, i, arguments[5]);
    socket_nonblocking(client->fd);
    poll_add(durable.epoll, client->fd, i);
  }
  puts("{}");
  while (fgets(line, sizeof line, stdin) != NULL) {
    if (sscanf(line, "round %u", &milliseconds) != 1) die("not an order: %s", line);
    play_round(&durable, milliseconds * 1000ULL, in_flight);
  }
  return 0;
}
