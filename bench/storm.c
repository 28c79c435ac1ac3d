// The storm: changes at a fixed rate into one hall that many watch. Writers send on the clock, whatever comes back (an
// open loop). Every viewer keeps its own picture, from which is told at the end whether anybody was left with a wrong
// one, and notes when which changes reached it; how long each change took to each screen is summed up afterwards.
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/load.h"
#include "bench/seats.h"
#include "bench/socket.h"
#include "bench/storm_times.h"
#include "bench/ws_client.h"

enum {
  TICK_US = 1000,
  WRITERS_MAX = 64,
  OUT_BYTES = 1 << 20,  // what a writer may have unsent before it stops making changes
  EVENTS = 256,
  BEAT_EVERY_MS = 4000,  // as the contract's client does
  CALM_US = 5000000,     // the longest wait for the last acknowledgement, and for the last picture
  DESCRIPTORS_BESIDE = 64
};

typedef struct Viewer {
  WsClient client;
  uint8_t *statuses;  // its picture, a byte a seat
  uint64_t seen;      // the seq of its picture
  FrameRate rate;
} Viewer;

typedef struct Writer {
  WsClient client;
  char *out;         // frames that the socket did not take yet
  size_t out_bytes;  // of them
} Writer;

typedef struct Storm {
  uint16_t port;          // where viewers are
  uint16_t writers_port;  // where changes are made
  uint32_t viewer_count;
  uint32_t json_viewers;  // the first ones; the others are binary
  uint32_t writer_count;
  uint64_t rate;       // changes a second
  uint64_t total;      // changes to send
  uint64_t sent;       // changes so far
  uint64_t acked;      // of them
  uint64_t acked_seq;  // the highest acknowledged
  uint64_t begin_us;
  uint64_t last_ack_us;
  uint64_t beats;      // sent so far
  uint64_t snapshots;  // pictures sent anew to viewers that were too slow
  uint64_t gaps;       // updates that did not follow the picture: must stay 0
  int epoll;           // tags: viewers, then writers, then the timer
  int timer;
  Seats seats;
  uint8_t *truth;  // statuses as acknowledged
  Viewer *viewers;
  Writer writers[WRITERS_MAX];
  StormTimes times;
} Storm;

// The seat and the status of the nth change: each writer reserves its own seats one after another, then releases them.
static uint32_t change_seat(const Storm *storm, uint64_t change, uint8_t *status) {
  uint64_t step = change / storm->writer_count;
  uint32_t own = storm->seats.vacant_count / storm->writer_count;
  *status = step / own % 2 == 0;
  return storm->seats.vacant[change % storm->writer_count + step % own * storm->writer_count];
}

static void acknowledged(void *owner, uint32_t tag, const Frame *frame) {
  Storm *storm = owner;
  uint8_t status = 0;
  (void)tag;
  if (frame_is_heartbeat(frame)) return;
  seats_expect_success(frame);
  uint64_t change = frame_number(frame, "\"eid\":\"");
  uint64_t seq = frame_number(frame, "\"seq\":");
  uint32_t seat = change_seat(storm, change, &status);
  storm->truth[seat] = status;
  storm->acked++;
  storm->last_ack_us = clock_us();
  if (seq > storm->acked_seq) storm->acked_seq = seq;
  storm_times_commit(&storm->times, change, seq, storm->last_ack_us);
}

// Brings the viewer's picture on and notes the moment.
static void viewer_frame(void *owner, uint32_t tag, const Frame *frame) {
  Storm *storm = owner;
  Viewer *viewer = &storm->viewers[tag];
  bool binary = frame->opcode == 2;
  if (frame_is_heartbeat(frame)) return;
  bool whole = binary ? frame->payload[0] == 1 : frame_has(frame, "\"status\":\"snapshot\"");
  Span span = seats_span(frame);
  uint64_t now = clock_us();
  if (whole) span.since = viewer->seen;
  frame_rate_note(&viewer->rate, now);
  storm->snapshots += whole;
  storm->gaps += span.since > viewer->seen;
  if (span.seq <= viewer->seen) return;
  if (binary)
    seats_apply_binary(&storm->seats, frame, viewer->statuses);
  else
    seats_apply_json(&storm->seats, frame, viewer->statuses);
  storm_times_screen(&storm->times, span.since > viewer->seen ? span.since : viewer->seen, span.seq, now);
  viewer->seen = span.seq;
}

// Gives the socket what it takes.
static void flush(Writer *writer) {
  if (writer->out_bytes == 0) return;
  ssize_t sent = send(writer->client.fd, writer->out, writer->out_bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0 && errno == EAGAIN) return;
  if (sent < 0) die("send: %s", strerror(errno));
  writer->out_bytes -= (size_t)sent;
  memmove(writer->out, writer->out + sent, writer->out_bytes);
}

// Makes the changes that are due now. A writer whose server does not take them stops the clock's advance: what is then
// missing at the end is seen in the rate.
static void send_due(Storm *storm, uint64_t now) {
  uint64_t due = (now - storm->begin_us) * storm->rate / 1000000;
  if (due > storm->total) due = storm->total;
  for (; storm->sent < due; storm->sent++) {
    char message[SEATS_MESSAGE_BYTES];
    uint8_t status = 0;
    Writer *writer = &storm->writers[storm->sent % storm->writer_count];
    uint32_t seat = change_seat(storm, storm->sent, &status);
    if (writer->out_bytes + sizeof message + 14 > OUT_BYTES) break;
    storm_times_sent(&storm->times, storm->sent, now);
    writer->out_bytes += ws_client_frame(writer->out + writer->out_bytes, message,
                                         seats_change(&storm->seats, seat, status, storm->sent, message));
  }
  for (uint32_t i = 0; i < storm->writer_count; i++) flush(&storm->writers[i]);
}

// Every viewer's sign of life, spread evenly over time.
static void send_beats(Storm *storm, uint64_t now) {
  uint64_t due = (now - storm->begin_us) / 1000 * storm->viewer_count / BEAT_EVERY_MS;
  for (; storm->beats < due; storm->beats++) {
    ws_client_send(&storm->viewers[storm->beats % storm->viewer_count].client, "1", 1);
  }
}

static void tick(Storm *storm) {
  uint64_t expirations = 0;
  uint64_t now = clock_us();
  if (read(storm->timer, &expirations, sizeof expirations) < 0) return;
  send_due(storm, now);
  send_beats(storm, now);
}

// Waits for what comes next and takes it.
static void turn(Storm *storm) {
  struct epoll_event events[EVENTS];
  int ready = epoll_wait(storm->epoll, events, EVENTS, 1000);
  for (int i = 0; i < ready; i++) {
    uint32_t tag = events[i].data.u32;
    uint32_t writer = tag - storm->viewer_count;
    if (tag < storm->viewer_count)
      ws_client_receive(&storm->viewers[tag].client, viewer_frame, storm, tag);
    else if (writer < storm->writer_count)
      ws_client_receive(&storm->writers[writer].client, acknowledged, storm, tag);
    else
      tick(storm);
  }
}

// How many viewers have not seen the last acknowledged change.
static uint32_t viewers_behind(const Storm *storm) {
  uint32_t behind = 0;
  for (uint32_t i = 0; i < storm->viewer_count; i++) behind += storm->viewers[i].seen < storm->acked_seq;
  return behind;
}

static void open_viewer(Storm *storm, uint32_t nth) {
  char message[SEATS_MESSAGE_BYTES];
  Viewer *viewer = &storm->viewers[nth];
  bool binary = nth >= storm->json_viewers;
  size_t length = seats_subscribe(storm->seats.hall_id, binary ? ",\"format\":\"binary\"" : "", message);
  viewer->statuses = calloc(storm->seats.count, 1);
  if (viewer->statuses == NULL) die("out of memory");
  ws_client_open(&viewer->client, storm->port, nth, "");
  ws_client_send(&viewer->client, message, length);
  Frame frame = ws_client_wait(&viewer->client);
  viewer->seen = seats_span(&frame).seq;
  uint32_t applied = binary ? seats_apply_binary(&storm->seats, &frame, viewer->statuses)
                            : seats_apply_json(&storm->seats, &frame, viewer->statuses);
  if (applied != storm->seats.count) die("the first picture has %u of %u seats", applied, storm->seats.count);
}

static void open_writer(Storm *storm, uint32_t nth, const char *cookie) {
  Writer *writer = &storm->writers[nth];
  ws_client_open(&writer->client, storm->writers_port, nth, cookie);
  writer->out = malloc(OUT_BYTES);
  if (writer->out == NULL) die("out of memory");
}

// Connects everybody and puts all under the epoll.
static void open_all(Storm *storm, const char *cookie) {
  uint32_t writers = storm->writer_count;
  uint32_t viewers = storm->viewer_count;
  storm->epoll = poll_new();
  for (uint32_t i = 0; i < viewers; i++) open_viewer(storm, i);
  for (uint32_t i = 0; i < writers; i++) open_writer(storm, i, cookie);
  for (uint32_t i = 0; i < viewers + writers; i++) {
    WsClient *client = i < viewers ? &storm->viewers[i].client : &storm->writers[i - viewers].client;
    socket_nonblocking(client->fd);
    poll_add(storm->epoll, client->fd, i);
  }
  storm->timer = timer_new(TICK_US);
  poll_add(storm->epoll, storm->timer, viewers + writers);
}

// Compares every picture with a fresh one and with what was acknowledged; gives how many viewers are wrong. The fresh
// one differing from the acknowledged counts as everybody.
static uint32_t viewers_wrong(Storm *storm) {
  Storm fresh = {.port = storm->port, .json_viewers = 1, .viewer_count = 2, .seats = storm->seats};
  uint32_t wrong = 0;
  fresh.viewers = calloc(2, sizeof *fresh.viewers);
  if (fresh.viewers == NULL) die("out of memory");
  for (uint32_t i = 0; i < 2; i++) {
    open_viewer(&fresh, i);
    if (memcmp(fresh.viewers[i].statuses, storm->truth, storm->seats.count) != 0) return storm->viewer_count;
  }
  for (uint32_t i = 0; i < storm->viewer_count; i++) {
    wrong += memcmp(storm->viewers[i].statuses, storm->truth, storm->seats.count) != 0;
  }
  return wrong;
}

static void print_result(Storm *storm) {
  uint32_t most = 0;
  uint64_t frames = 0;
  uint32_t behind = viewers_behind(storm);
  for (uint32_t i = 0; i < storm->viewer_count; i++) {
    frames += storm->viewers[i].rate.frames;
    if (storm->viewers[i].rate.most > most) most = storm->viewers[i].rate.most;
  }
  StormSum times = storm_times_sum(&storm->times);
  printf(
      "{\"changes\":%llu,\"acked\":%llu,\"seconds\":%.3f,\"behind\":%u,\"wrong\":%u,\"gaps\":%llu,\"snapshots\":%llu,"
      "\"frames\":%llu,\"frames_most\":%u,\"p50_ms\":%.1f,\"p99_ms\":%.1f,\"most_ms\":%.1f,\"commit_p50_ms\":%.1f,"
      "\"commit_p99_ms\":%.1f,\"commit_most_ms\":%.1f,\"untimed\":%llu}\n",
      (unsigned long long)storm->sent, (unsigned long long)storm->acked,
      (double)(storm->last_ack_us - storm->begin_us) / 1e6, behind, viewers_wrong(storm),
      (unsigned long long)storm->gaps, (unsigned long long)storm->snapshots, (unsigned long long)frames, most,
      times.sent.p50_ms, times.sent.p99_ms, times.sent.most_ms, times.commit.p50_ms, times.commit.p99_ms,
      times.commit.most_ms, (unsigned long long)times.untimed);
}

// Reads the arguments (see load.h) but for the cookie.
static void storm_from(Storm *storm, char **arguments) {
  uint64_t seconds = number_from(arguments[5], 3600);
  storm->port = (uint16_t)number_from(arguments[0], UINT16_MAX);
  storm->viewer_count = (uint32_t)number_from(arguments[1], 15000);
  storm->json_viewers = (uint32_t)number_from(arguments[2], storm->viewer_count);
  storm->writer_count = (uint32_t)number_from(arguments[3], WRITERS_MAX);
  storm->rate = number_from(arguments[4], 1000000);
  storm->total = storm->rate * seconds;
  seats_read(&storm->seats, (uint32_t)number_from(arguments[6], UINT32_MAX), arguments[7]);
  if (storm->writer_count == 0 || storm->seats.vacant_count < storm->writer_count)
    die("more writers than vacant seats");
  storm->viewers = calloc(storm->viewer_count, sizeof *storm->viewers);
  storm->truth = malloc(storm->seats.count);
  if (storm->viewers == NULL || storm->truth == NULL) die("out of memory");
  memcpy(storm->truth, storm->seats.statuses, storm->seats.count);
}

int command_storm(int count, char **arguments) {
  static Storm storm;
  storm_from(&storm, arguments);
  storm.writers_port = count > 9 ? (uint16_t)number_from(arguments[9], UINT16_MAX) : storm.port;
  descriptors_need(storm.viewer_count + DESCRIPTORS_BESIDE + storm.writer_count);
  open_all(&storm, arguments[8]);
  storm.begin_us = clock_us();
  storm_times_begin(&storm.times, storm.total, storm.viewers[0].seen, storm.begin_us);
  uint64_t end_us = storm.begin_us + storm.total * 1000000 / storm.rate;
  while (clock_us() < end_us || (storm.sent < storm.total && clock_us() < end_us + CALM_US)) turn(&storm);
  while (storm.acked < storm.sent && clock_us() < end_us + CALM_US) turn(&storm);
  uint64_t calm_us = clock_us() + CALM_US;
  while (viewers_behind(&storm) > 0 && clock_us() < calm_us) turn(&storm);
  print_result(&storm);
  return 0;
}
