// Pages that wait in the line: each subscribes to the concert and is told how many were admitted. Orders on standard
// input: "admitted N": waits until every page was told of N or more, and prints when the last one was.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "bench/load.h"
#include "bench/socket.h"
#include "bench/ws_client.h"

enum { VIEWERS_MAX = 19000, EVENTS = 1024, STALL_MS = 10000 };

typedef struct Viewer {
  WsClient client;
  uint64_t admitted;  // as it was told last
  uint32_t frames;    // in this round
} Viewer;

typedef struct Crowd {
  Viewer *viewers;
  uint32_t count;
  uint32_t told;  // viewers that know of `awaited`
  uint64_t awaited;
} Crowd;

static void take(void *owner, uint32_t number, const Frame *frame) {
  Crowd *crowd = owner;
  Viewer *viewer = &crowd->viewers[number];
  if (frame_is_heartbeat(frame)) {
    ws_client_send(&viewer->client, "1", 1);
    return;
  }
  if (!frame_has(frame, "\"admitted\":")) die("not a concert: %.*s", (int)frame->length, frame->payload);
  uint64_t before = viewer->admitted;
  viewer->admitted = frame_number(frame, "\"admitted\":");
  ++viewer->frames;
  if (before < crowd->awaited && viewer->admitted >= crowd->awaited) ++crowd->told;
}

static void play_round(Crowd *crowd, int epoll, uint64_t awaited) {
  struct epoll_event events[EVENTS];
  uint32_t most = 0;
  crowd->awaited = awaited;
  crowd->told = 0;
  for (uint32_t i = 0; i < crowd->count; i++) crowd->told += crowd->viewers[i].admitted >= awaited;
  while (crowd->told < crowd->count) {
    int ready = epoll_wait(epoll, events, EVENTS, STALL_MS);
    if (ready == 0) die("%u of %u pages were told, then nothing came for %d ms", crowd->told, crowd->count, STALL_MS);
    for (int i = 0; i < ready; i++) {
      uint32_t number = events[i].data.u32;
      ws_client_receive(&crowd->viewers[number].client, take, crowd, number);
    }
  }
  uint64_t last_us = clock_us();
  for (uint32_t i = 0; i < crowd->count; i++) {
    if (crowd->viewers[i].frames > most) most = crowd->viewers[i].frames;
    crowd->viewers[i].frames = 0;
  }
  printf("{\"last_us\":%llu,\"frames_most\":%u}\n", (unsigned long long)last_us, most);
}

int command_serving(int count, char **arguments) {
  Crowd crowd = {0};
  char line[64];
  char message[128];
  unsigned long long awaited = 0;
  uint16_t port = (uint16_t)number_from(arguments[0], UINT16_MAX);
  int epoll = poll_new();
  (void)count;
  crowd.count = (uint32_t)number_from(arguments[1], VIEWERS_MAX);
  crowd.viewers = calloc(crowd.count, sizeof(Viewer));
  if (crowd.viewers == NULL) die("no memory");
  descriptors_need(crowd.count + 16);
  int length = snprintf(message, sizeof message, "{\"type\":\"concert.subscribe\",\"data\":{\"id\":%s},\"eid\":\"c\"}",
                        arguments[2]);
  for (uint32_t i = 0; i < crowd.count; i++) {
    WsClient *client = &crowd.viewers[i].client;
    ws_client_open(client, port, i, "");
    ws_client_send(client, message, (size_t)length);
    Frame frame = ws_client_wait(client);
    take(&crowd, i, &frame);
    socket_nonblocking(client->fd);
    poll_add(epoll, client->fd, i);
  }
  puts("{}");
  while (fgets(line, sizeof line, stdin) != NULL) {
    if (sscanf(line, "admitted %llu", &awaited) != 1) die("not an order: %s", line);
    play_round(&crowd, epoll, awaited);
  }
  free(crowd.viewers);
  return 0;
}
