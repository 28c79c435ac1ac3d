// Updates to many viewers in a closed loop: a writer changes seats, waits until all viewers have the update, and
// changes the next ones. The bare limit is measured with the same viewers and the same loop; there a plain program on
// the other side of a control socket sends the same number of bytes to every viewer. One thread, one epoll.
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "bench/limits.h"
#include "bench/load.h"
#include "bench/seats.h"
#include "bench/socket.h"
#include "bench/ws_client.h"

enum {
  BURST_MAX = 256,
  MEMO_BYTES = 1 << 15,
  EVENTS = 256,
  STALL_MS = 10000,  // an update that needs longer to reach everybody ends the bench
  DESCRIPTORS_BESIDE = 32
};

// All viewers of an update get the same bytes, so they are read once and compared after that.
typedef struct Memo {
  char bytes[MEMO_BYTES];
  size_t length;   // of `bytes`; 0 before the first frame
  uint64_t seq;    // what the frame told
  uint32_t seats;  // how many seats it told of
} Memo;

typedef struct Fanout Fanout;
struct Fanout {
  WsClient *viewers;
  uint64_t *seen;                  // the last seq of each viewer
  uint32_t count;                  // viewers
  int epoll;                       // tags: a viewer's index, or `count` for the writer
  WsClient writer;                 // signed in; for the bare limit its control socket
  void (*change)(Fanout *fanout);  // starts the next update
  Seats seats;
  uint32_t burst;                      // changes an update
  uint64_t changes;                    // so far
  uint32_t frame_bytes;                // bare: bytes a frame
  uint64_t target;                     // the seq all viewers must reach; UINT64_MAX while not yet known
  uint32_t waiting;                    // viewers below `target`
  uint32_t acks;                       // of the changes under way
  uint64_t acked_seq;                  // the highest of their seqs
  uint64_t heartbeats;                 // answered
  uint64_t frames, bytes, seats_seen;  // of the round, over all viewers
  Memo memo;
};

// Counts `text` in the frame.
static uint32_t occurrences(const Frame *frame, const char *text) {
  uint32_t found = 0;
  size_t text_bytes = strlen(text);
  const char *end = frame->payload + frame->length;
  for (const char *at = frame->payload; (at = memmem(at, (size_t)(end - at), text, text_bytes)) != NULL;
       at += text_bytes) {
    found++;
  }
  return found;
}

// Reads the frame, unless it is the last one over again.
static void memo_read(Memo *memo, const Frame *frame) {
  if (frame->length == memo->length && memcmp(memo->bytes, frame->payload, frame->length) == 0) return;
  if (!frame_has(frame, "\"status\":\"update\"")) die("not an update: %.*s", (int)frame->length, frame->payload);
  memo->length = frame->length <= MEMO_BYTES ? frame->length : 0;
  memcpy(memo->bytes, frame->payload, memo->length);
  memo->seq = frame_number(frame, "\"seq\":");
  memo->seats = occurrences(frame, "\"status\":\"") - 1;  // the envelope has one of its own
}

static void viewer_frame(void *owner, uint32_t viewer, const Frame *frame) {
  Fanout *fanout = owner;
  if (frame_is_heartbeat(frame)) {
    fanout->heartbeats++;
    return;
  }
  memo_read(&fanout->memo, frame);
  fanout->frames++;
  fanout->bytes += frame->length + (frame->length < 126 ? 2 : frame->length < 65536 ? 4 : 10);
  fanout->seats_seen += fanout->memo.seats;
  if (fanout->target != UINT64_MAX && fanout->seen[viewer] < fanout->target && fanout->memo.seq >= fanout->target) {
    fanout->waiting--;
  }
  fanout->seen[viewer] = fanout->memo.seq;
}

// From now on the update under way is known to end with `seq`.
static void set_target(Fanout *fanout, uint64_t seq) {
  fanout->target = seq;
  fanout->waiting = 0;
  for (uint32_t i = 0; i < fanout->count; i++) fanout->waiting += fanout->seen[i] < seq;
}

static void writer_frame(void *owner, uint32_t tag, const Frame *frame) {
  Fanout *fanout = owner;
  (void)tag;
  if (frame_is_heartbeat(frame)) return;
  seats_expect_success(frame);
  uint64_t seq = frame_number(frame, "\"seq\":");
  if (seq > fanout->acked_seq) fanout->acked_seq = seq;
  if (++fanout->acks == fanout->burst) set_target(fanout, fanout->acked_seq);
}

// Sends the next changes in one go: each seat is reserved, then each released, and so on.
static void change_seats(Fanout *fanout) {
  static char frames[BURST_MAX * (SEATS_MESSAGE_BYTES + 14)];
  size_t length = 0;
  for (uint32_t i = 0; i < fanout->burst; i++, fanout->changes++) {
    char message[SEATS_MESSAGE_BYTES];
    uint32_t seat = fanout->seats.vacant[fanout->changes % fanout->seats.vacant_count];
    uint8_t status = fanout->changes / fanout->seats.vacant_count % 2 == 0;
    length += ws_client_frame(frames + length, message,
                              seats_change(&fanout->seats, seat, status, fanout->changes + 1, message));
  }
  fanout->acks = 0;
  fanout->target = UINT64_MAX;
  socket_send_all(fanout->writer.fd, frames, length);
}

// Tells the bare program to send one frame to every viewer.
static void change_nothing(Fanout *fanout) {
  SendOrder order = {.seq = ++fanout->changes, .frame_bytes = fanout->frame_bytes};
  set_target(fanout, order.seq);
  socket_send_all(fanout->writer.fd, &order, sizeof order);
}

// Receives what is there, waiting for it if need be.
static void receive(Fanout *fanout) {
  struct epoll_event events[EVENTS];
  int ready = epoll_wait(fanout->epoll, events, EVENTS, STALL_MS);
  if (ready == 0) die("nothing came for %d ms; %u of %u viewers wait", STALL_MS, fanout->waiting, fanout->count);
  for (int i = 0; i < ready; i++) {
    uint32_t tag = events[i].data.u32;
    if (tag == fanout->count)
      ws_client_receive(&fanout->writer, writer_frame, fanout, tag);
    else
      ws_client_receive(&fanout->viewers[tag], viewer_frame, fanout, tag);
  }
}

// One round: updates for `round_us`, printed as JSON.
static void play_round(Fanout *fanout, uint64_t round_us) {
  uint64_t begin = clock_us();
  uint64_t updates = 0;
  uint64_t now = begin;
  fanout->frames = fanout->bytes = fanout->seats_seen = 0;
  for (; now - begin < round_us; now = clock_us(), updates++) {
    fanout->change(fanout);
    while (fanout->target == UINT64_MAX || fanout->waiting > 0) receive(fanout);
  }
  printf("{\"updates\":%llu,\"frames\":%llu,\"seats\":%llu,\"frame_bytes\":%.1f,\"seconds\":%.6f}\n",
         (unsigned long long)updates, (unsigned long long)fanout->frames, (unsigned long long)fanout->seats_seen,
         (double)fanout->bytes / (double)fanout->frames, (double)(now - begin) / 1e6);
}

// Every viewer shows that it lives, so that no heartbeat falls into a round.
static void play_beat(Fanout *fanout) {
  fanout->heartbeats = 0;
  for (uint32_t i = 0; i < fanout->count; i++) {
    ws_client_send(&fanout->viewers[i], "1", 1);
    if (i % 64 == 63) {
      while (fanout->heartbeats < i / 2) receive(fanout);
    }
  }
  while (fanout->heartbeats < fanout->count) receive(fanout);
  puts("{}");
}

// Does what standard input says: "round MILLISECONDS FRAME_BYTES BURST" or "beat".
static int obey(Fanout *fanout) {
  char line[64];
  unsigned milliseconds = 0;
  puts("{}");
  while (fgets(line, sizeof line, stdin) != NULL) {
    if (sscanf(line, "round %u %u %u", &milliseconds, &fanout->frame_bytes, &fanout->burst) == 3 &&
        fanout->burst <= BURST_MAX)
      play_round(fanout, milliseconds * 1000ULL);
    else if (strcmp(line, "beat\n") == 0)
      play_beat(fanout);
    else
      die("not an order: %s", line);
  }
  return 0;
}

// Puts all sockets under the epoll.
static void watch_all(Fanout *fanout) {
  fanout->epoll = poll_new();
  for (uint32_t i = 0; i <= fanout->count; i++) {
    WsClient *client = i == fanout->count ? &fanout->writer : &fanout->viewers[i];
    socket_nonblocking(client->fd);
    poll_add(fanout->epoll, client->fd, i);
    ws_client_receive(client, i == fanout->count ? writer_frame : viewer_frame, fanout, i);
  }
}

static Fanout *fanout_new(uint32_t viewers) {
  Fanout *fanout = calloc(1, sizeof *fanout);
  descriptors_need(viewers + DESCRIPTORS_BESIDE);
  if (fanout == NULL) die("out of memory");
  fanout->count = viewers;
  fanout->viewers = calloc(viewers, sizeof *fanout->viewers);
  fanout->seen = calloc(viewers, sizeof *fanout->seen);
  if (fanout->viewers == NULL || fanout->seen == NULL) die("out of memory");
  return fanout;
}

int command_fanout(int count, char **arguments) {
  (void)count;
  uint16_t port = (uint16_t)number_from(arguments[0], UINT16_MAX);
  Fanout *fanout = fanout_new((uint32_t)number_from(arguments[1], 1000000));
  char message[SEATS_MESSAGE_BYTES];
  uint32_t hall = (uint32_t)number_from(arguments[2], UINT32_MAX);
  size_t length = seats_subscribe(hall, "", message);
  fanout->change = change_seats;
  seats_read(&fanout->seats, hall, arguments[3]);
  ws_client_open(&fanout->writer, port, 0, arguments[4]);
  for (uint32_t i = 0; i < fanout->count; i++) {
    ws_client_open(&fanout->viewers[i], port, i, "");
    ws_client_send(&fanout->viewers[i], message, length);
    Frame snapshot = ws_client_wait(&fanout->viewers[i]);
    if (!frame_has(&snapshot, "\"status\":\"snapshot\""))
      die("no snapshot: %.*s", (int)snapshot.length, snapshot.payload);
    fanout->seen[i] = seats_span(&snapshot).seq;
  }
  watch_all(fanout);
  return obey(fanout);
}

int command_bare(int count, char **arguments) {
  (void)count;
  uint16_t port = (uint16_t)number_from(arguments[0], UINT16_MAX);
  Fanout *fanout = fanout_new((uint32_t)number_from(arguments[1], 1000000));
  fanout->change = change_nothing;
  fanout->writer = ws_client_from(socket_connect(port, 0));
  for (uint32_t i = 0; i < fanout->count; i++) fanout->viewers[i] = ws_client_from(socket_connect(port, i));
  watch_all(fanout);
  return obey(fanout);
}
