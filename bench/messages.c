// Messages by REST, each timed until it is on the sockets of both people. `messages PORT PEOPLE_FILE CONNECTIONS`: the
// file has a line a person, "ID TOKEN"; the first of each two lines writes to the second, and all have a socket. Orders
// on standard input: "round COUNT RATE". With RATE 0 each connection sends its next message when it has an answer; else
// so many fall due a second, and are timed from then on though no connection was free.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "bench/load.h"
#include "bench/sio_client.h"
#include "bench/socket.h"

enum { PEOPLE_MAX = 4096, CONNECTIONS_MAX = 1024, EVENTS = 256, STALL_MS = 10000, REQUEST_BYTES = 1024, DIGITS = 9 };

static const char text[] = "{\"message\":\"000000000 See you at the entrance, a quarter of an hour before it begins\"}";

// What a pair sends; the number of the message stands at `number`.
typedef struct Writer {
  char request[REQUEST_BYTES];
  size_t length;
  char *number;
} Writer;

typedef struct Play {
  WsClient people[PEOPLE_MAX];
  Writer writers[PEOPLE_MAX / 2];
  uint32_t people_count;
  uint32_t let_in;
  int connections[CONNECTIONS_MAX];
  uint32_t idle[CONNECTIONS_MAX];  // connections that wait for no answer
  uint32_t idle_count;
  uint32_t connection_count;
  int epoll;  // tags: a person's number, then those of the connections
  uint64_t begin_us;
  uint64_t rate;   // a second; 0: as fast as they are answered
  uint32_t first;  // number of the round's first message
  uint32_t count;  // of the round
  uint32_t sent;
  uint32_t arrived;    // on sockets: two a message
  uint32_t *times_us;  // of each arrival
  uint64_t *due_us;    // of each message
} Play;

static Play play;

static void arrive(const Frame *frame) {
  uint64_t number = frame_number(frame, "\"message\":\"");
  if (number < play.first || number >= play.first + play.sent)
    die("a message of nobody: %.*s", (int)frame->length, frame->payload);
  if (play.arrived == 2 * play.count) die("a message came twice");
  play.times_us[play.arrived++] = (uint32_t)(clock_us() - play.due_us[number - play.first]);
}

static void take_frame(void *owner, uint32_t tag, const Frame *frame) {
  (void)owner;
  if (sio_frame_begins(frame, "42[\"user:new_message\"")) {
    arrive(frame);
  } else if (sio_frame_begins(frame, "42[\"user:connect_success\"")) {
    ++play.let_in;
  } else {
    sio_client_pong(&play.people[tag], frame);  // other events are told too
  }
}

static void take_answer(uint32_t connection) {
  static char bytes[8192];
  ssize_t got = recv(play.connections[connection], bytes, sizeof bytes, 0);
  if (got <= 0 || memmem(bytes, (size_t)got, "HTTP/1.1 200", 12) == NULL) die("not an answer: %.*s", (int)got, bytes);
  play.idle[play.idle_count++] = connection;
}

// Receives what comes within the time; false when nothing did.
static bool receive(int wait_ms) {
  struct epoll_event events[EVENTS];
  int ready = epoll_wait(play.epoll, events, EVENTS, wait_ms);
  for (int i = 0; i < ready; i++) {
    uint32_t tag = events[i].data.u32;
    if (tag >= play.people_count) {
      take_answer(tag - play.people_count);
    } else {
      ws_client_receive(&play.people[tag], take_frame, NULL, tag);
    }
  }
  return ready > 0;
}

static void send_next(uint64_t due_us) {
  uint32_t number = play.first + play.sent;
  Writer *writer = &play.writers[number % (play.people_count / 2)];
  char digits[DIGITS + 1];
  snprintf(digits, sizeof digits, "%09u", number % 1000000000);
  memcpy(writer->number, digits, DIGITS);
  play.due_us[play.sent++] = due_us;
  socket_send_all(play.connections[play.idle[--play.idle_count]], writer->request, writer->length);
}

// Sends what is due, as far as connections are free.
static void send_due(void) {
  uint64_t now_us = clock_us();
  while (play.sent < play.count && play.idle_count > 0) {
    uint64_t due_us = play.rate > 0 ? play.begin_us + play.sent * 1000000ULL / play.rate : now_us;
    if (due_us > now_us) return;
    send_next(due_us);
  }
}

static int compare(const void *a, const void *b) {
  uint32_t left = *(const uint32_t *)a;
  uint32_t right = *(const uint32_t *)b;
  return (left > right) - (left < right);
}

static void play_round(uint32_t count, uint64_t rate) {
  play.first += play.count;
  play.count = count;
  play.rate = rate;
  play.sent = play.arrived = 0;
  play.times_us = calloc(2 * (size_t)count, sizeof *play.times_us);
  play.due_us = calloc(count, sizeof *play.due_us);
  if (play.times_us == NULL || play.due_us == NULL) die("no memory");
  play.begin_us = clock_us();
  uint64_t heard_us = play.begin_us;
  while (play.arrived < 2 * count || play.idle_count < play.connection_count) {
    send_due();
    if (receive(1)) heard_us = clock_us();
    if (clock_us() - heard_us > STALL_MS * 1000ULL) die("%u of %u arrived", play.arrived, 2 * count);
  }
  double seconds = (double)(clock_us() - play.begin_us) / 1e6;
  qsort(play.times_us, 2 * (size_t)count, sizeof(uint32_t), compare);
  printf("{\"messages\":%u,\"seconds\":%.6f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"most_ms\":%.3f}\n", count, seconds,
         play.times_us[count] / 1e3, play.times_us[(size_t)count * 2 * 99 / 100] / 1e3,
         play.times_us[2 * count - 1] / 1e3);
  free(play.times_us);
  free(play.due_us);
}

static void write_request(Writer *writer, uint64_t receiver, const char *token) {
  int length = snprintf(writer->request, sizeof writer->request,
                        "POST /api/message/%llu HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
                        "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                        (unsigned long long)receiver, token, sizeof text - 1, text);
  if (length < 0 || (size_t)length >= sizeof writer->request) die("a token is too long");
  writer->length = (size_t)length;
  writer->number = strstr(writer->request, "000000000");
}

static void open_people(uint16_t port, const char *path) {
  FILE *file = fopen(path, "r");
  char token[SIO_TOKEN_BYTES];
  char writer_token[SIO_TOKEN_BYTES] = "";
  unsigned long long id;
  if (file == NULL) die("%s cannot be read", path);
  while (play.people_count < PEOPLE_MAX && fscanf(file, "%llu %511s", &id, token) == 2) {
    uint32_t number = play.people_count++;
    sio_client_open(&play.people[number], port, number, token);
    poll_add(play.epoll, play.people[number].fd, number);
    sio_client_ask_in(&play.people[number]);
    if (number % 2 == 1) write_request(&play.writers[number / 2], id, writer_token);
    strcpy(writer_token, token);
  }
  fclose(file);
  while (play.let_in < play.people_count) {
    if (!receive(STALL_MS)) die("%u of %u were let in", play.let_in, play.people_count);
  }
}

int command_messages(int count, char **arguments) {
  char line[64];
  unsigned messages;
  unsigned rate;
  (void)count;
  uint16_t port = (uint16_t)number_from(arguments[0], UINT16_MAX);
  play.connection_count = (uint32_t)number_from(arguments[2], CONNECTIONS_MAX);
  descriptors_need(PEOPLE_MAX + CONNECTIONS_MAX);
  play.epoll = poll_new();
  play.first = 1;
  open_people(port, arguments[1]);
  for (uint32_t i = 0; i < play.connection_count; i++) {
    play.connections[i] = socket_connect(port, i);
    poll_add(play.epoll, play.connections[i], play.people_count + i);
    play.idle[play.idle_count++] = i;
  }
  puts("{}");
  while (fgets(line, sizeof line, stdin) != NULL) {
    if (sscanf(line, "round %u %u", &messages, &rate) != 2 || messages == 0) die("not an order: %s", line);
    play_round(messages, rate);
  }
  return 0;
}
