// Socket.IO clients over WebSocket, let in and then told of one event after the other in a closed loop: a request is
// sent, all have its event, next. Each client speaks for the person of its line in a file of tokens. Orders on standard
// input: "round MILLISECONDS"; while there are none it answers pings.
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/load.h"
#include "bench/sio_client.h"
#include "bench/socket.h"

enum { EVENTS = 256, STALL_MS = 20000, DESCRIPTORS_BESIDE = 32 };

typedef struct Sockets {
  WsClient *clients;
  bool *welcomed;
  uint32_t count;
  uint32_t welcomes;  // clients that were let in
  int epoll;          // tags: a client's index, or `count` for the asking connection
  int asking;
  char request[1024];
  bool answered;
  uint64_t frames;  // events of the round, over all clients
  uint64_t bytes;
} Sockets;

static void take(void *owner, uint32_t number, const Frame *frame) {
  Sockets *sockets = owner;
  if (sio_frame_begins(frame, "42[\"user:message_read\"")) {
    sockets->frames++;
    sockets->bytes += frame->length + (frame->length < 126 ? 2 : 4);
  } else if (sio_frame_begins(frame, "42[\"user:connect_success\"")) {
    sockets->welcomes += !sockets->welcomed[number];
    sockets->welcomed[number] = true;
  } else if (!sio_client_pong(&sockets->clients[number], frame) &&
             !sio_frame_begins(frame, "42[\"user:connection_status\"")) {
    die("not an event: %.*s", (int)frame->length, frame->payload);
  }
}

static void take_answer(Sockets *sockets) {
  static char bytes[4096];
  ssize_t got = recv(sockets->asking, bytes, sizeof bytes, 0);
  if (got <= 0 || memmem(bytes, (size_t)got, "HTTP/1.1 200", 12) == NULL) die("not an answer: %.*s", (int)got, bytes);
  sockets->answered = true;
}

// Receives what comes within the time; false when nothing did.
static bool receive(Sockets *sockets, int wait_ms) {
  struct epoll_event events[EVENTS];
  int ready = epoll_wait(sockets->epoll, events, EVENTS, wait_ms);
  for (int i = 0; i < ready; i++) {
    uint32_t tag = events[i].data.u32;
    if (tag == sockets->count)
      take_answer(sockets);
    else
      ws_client_receive(&sockets->clients[tag], take, sockets, tag);
  }
  return ready > 0;
}

static void play_round(Sockets *sockets, uint64_t round_us) {
  uint64_t begin = clock_us();
  uint64_t updates = 0;
  uint64_t now = begin;
  sockets->frames = sockets->bytes = 0;
  for (; now - begin < round_us; now = clock_us()) {
    sockets->answered = false;
    socket_send_all(sockets->asking, sockets->request, strlen(sockets->request));
    updates++;
    while (!sockets->answered || sockets->frames < updates * sockets->count) {
      if (!receive(sockets, STALL_MS)) die("%llu events came", (unsigned long long)sockets->frames);
    }
  }
  printf("{\"updates\":%llu,\"frames\":%llu,\"frame_bytes\":%.1f,\"seconds\":%.6f}\n", (unsigned long long)updates,
         (unsigned long long)sockets->frames, (double)sockets->bytes / (double)sockets->frames,
         (double)(now - begin) / 1e6);
}

static bool read_token(FILE *file, char token[SIO_TOKEN_BYTES]) {
  if (fgets(token, SIO_TOKEN_BYTES, file) == NULL) return false;
  token[strcspn(token, "\n")] = '\0';
  return true;
}

// All connect and then ask to be let in at once; or, with `per_second`, one after the other at that pace.
static void open_all(Sockets *sockets, uint16_t port, const char *tokens, uint64_t per_second) {
  char token[SIO_TOKEN_BYTES] = "";
  uint64_t begin = clock_us();
  FILE *file = fopen(tokens, "r");
  if (file == NULL) die("%s cannot be read", tokens);
  for (uint32_t i = 0; i < sockets->count; i++) {
    if (!read_token(file, token)) {
      rewind(file);
      if (!read_token(file, token)) die("%s is empty", tokens);
    }
    sio_client_open(&sockets->clients[i], port, i, token);
    poll_add(sockets->epoll, sockets->clients[i].fd, i);
    if (per_second == 0) continue;
    sio_client_ask_in(&sockets->clients[i]);
    while (clock_us() - begin < i * 1000000ULL / per_second) receive(sockets, 1);
  }
  fclose(file);
  for (uint32_t i = 0; per_second == 0 && i < sockets->count; i++) sio_client_ask_in(&sockets->clients[i]);
  while (sockets->welcomes < sockets->count) {
    if (!receive(sockets, STALL_MS)) die("%u of %u were let in", sockets->welcomes, sockets->count);
  }
  sockets->asking = socket_connect(port, 0);
  poll_add(sockets->epoll, sockets->asking, sockets->count);
}

int command_sockets(int count, char **arguments) {
  static Sockets sockets;
  unsigned milliseconds;
  char line[64];
  struct pollfd inputs[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.events = POLLIN}};
  sockets.count = (uint32_t)number_from(arguments[1], 1000000);
  descriptors_need(sockets.count + DESCRIPTORS_BESIDE);
  sockets.clients = calloc(sockets.count, sizeof *sockets.clients);
  sockets.welcomed = calloc(sockets.count, sizeof *sockets.welcomed);
  if (sockets.clients == NULL || sockets.welcomed == NULL) die("out of memory");
  inputs[1].fd = sockets.epoll = poll_new();
  snprintf(sockets.request, sizeof sockets.request,
           "GET %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n", arguments[3], arguments[4]);
  open_all(&sockets, (uint16_t)number_from(arguments[0], UINT16_MAX), arguments[2],
           count > 5 ? number_from(arguments[5], 1000000) : 0);
  puts("{}");
  while (poll(inputs, 2, -1) > 0) {
    if (inputs[1].revents != 0) receive(&sockets, 0);
    if (inputs[0].revents == 0) continue;
    if (fgets(line, sizeof line, stdin) == NULL) return 0;
    if (sscanf(line, "round %u", &milliseconds) != 1) die("not an order: %s", line);
    play_round(&sockets, milliseconds * 1000ULL);
  }
  return 0;
}
