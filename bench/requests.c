// Prepared HTTP requests as fast as they are answered: so many connections, each with one request under way, each
// request sent once. Rounds as told on standard input: "round REQUESTS".
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "bench/load.h"
#include "bench/socket.h"

enum { CONNECTIONS_MAX = 4096, EVENTS = 256, STALL_MS = 10000, ANSWER_BYTES = 16 * 1024 };

// One connection and the answer it waits for.
typedef struct Peer {
  int fd;
  uint64_t sent_us;
  uint32_t held_bytes;
  char held[ANSWER_BYTES];
} Peer;

// The file: for each request its length in bytes on a line, then its bytes.
typedef struct Requests {
  char *at;
  const char *end;
} Requests;

typedef struct Played {
  uint32_t left;  // to be sent in this round
  uint32_t under_way;
  uint32_t answered;
  uint32_t refused;  // answered otherwise than 2xx
  uint32_t *times_us;
} Played;

static Requests read_requests(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL || fseek(file, 0, SEEK_END) != 0) die("%s cannot be read", path);
  size_t length = (size_t)ftell(file);
  char *bytes = malloc(length + 1);
  rewind(file);
  if (bytes == NULL || fread(bytes, 1, length, file) != length) die("%s cannot be read", path);
  bytes[length] = 0;
  fclose(file);
  return (Requests){bytes, bytes + length};
}

static void send_next(Peer *peer, Requests *requests, Played *played) {
  char *line_end;
  if (played->left == 0) return;
  if (requests->at >= requests->end) die("the prepared requests are used up");
  size_t length = strtoul(requests->at, &line_end, 10);
  socket_send_all(peer->fd, line_end + 1, length);
  requests->at = line_end + 1 + length;
  peer->sent_us = clock_us();
  --played->left;
  ++played->under_way;
}

// Whether a whole answer is held: its head tells its length.
static int is_whole(const Peer *peer) {
  const char *head_end = memmem(peer->held, peer->held_bytes, "\r\n\r\n", 4);
  const char *length = head_end != NULL ? memmem(peer->held, peer->held_bytes, "Content-Length: ", 16) : NULL;
  if (length == NULL) return 0;
  return (size_t)(peer->held + peer->held_bytes - (head_end + 4)) >= strtoul(length + 16, NULL, 10);
}

static void take(Peer *peer, Requests *requests, Played *played) {
  ssize_t got = read(peer->fd, peer->held + peer->held_bytes, ANSWER_BYTES - peer->held_bytes - 1);
  if (got <= 0) die("the server closed a connection: %.*s", (int)peer->held_bytes, peer->held);
  peer->held_bytes += (uint32_t)got;
  peer->held[peer->held_bytes] = 0;
  if (!is_whole(peer)) return;
  if (strncmp(peer->held + 9, "200", 3) != 0 && played->refused++ == 0) fprintf(stderr, "%s\n", peer->held);
  played->times_us[played->answered++] = (uint32_t)(clock_us() - peer->sent_us);
  --played->under_way;
  peer->held_bytes = 0;
  send_next(peer, requests, played);
}

static int compare(const void *a, const void *b) {
  uint32_t left = *(const uint32_t *)a;
  uint32_t right = *(const uint32_t *)b;
  return (left > right) - (left < right);
}

static void play_round(Peer *peers, uint32_t peer_count, int epoll, Requests *requests, uint32_t count) {
  struct epoll_event events[EVENTS];
  Played played = {.left = count, .times_us = calloc(count, sizeof(uint32_t))};
  if (played.times_us == NULL) die("no memory");
  uint64_t begin = clock_us();
  for (uint32_t i = 0; i < peer_count; i++) send_next(&peers[i], requests, &played);
  while (played.under_way > 0) {
    int ready = epoll_wait(epoll, events, EVENTS, STALL_MS);
    if (ready == 0) die("no answer for %d ms", STALL_MS);
    for (int i = 0; i < ready; i++) take(&peers[events[i].data.u32], requests, &played);
  }
  double seconds = (double)(clock_us() - begin) / 1e6;
  qsort(played.times_us, count, sizeof(uint32_t), compare);
  printf("{\"requests\":%u,\"refused\":%u,\"seconds\":%.6f,\"p99_ms\":%.3f}\n", count, played.refused, seconds,
         played.times_us[(size_t)count * 99 / 100] / 1e3);
  free(played.times_us);
}

int command_requests(int count, char **arguments) {
  static Peer peers[CONNECTIONS_MAX];
  char line[64];
  unsigned requests_a_round = 0;
  uint16_t port = (uint16_t)number_from(arguments[0], UINT16_MAX);
  uint32_t peer_count = (uint32_t)number_from(arguments[1], CONNECTIONS_MAX);
  Requests requests = read_requests(arguments[2]);
  char *bytes = requests.at;
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  (void)count;
  for (uint32_t i = 0; i < peer_count; i++) {
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
    peers[i].fd = socket_connect(port, i);
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, peers[i].fd, &event) != 0) die("epoll_ctl");
  }
  puts("{}");
  while (fgets(line, sizeof line, stdin) != NULL) {
    if (sscanf(line, "round %u", &requests_a_round) != 1 || requests_a_round == 0) die("not an order: %s", line);
    play_round(peers, peer_count, epoll, &requests, requests_a_round);
  }
  free(bytes);
  return 0;
}
