// The table of metrics: a row each says its name, type, prose and where its figures are found
// (https://prometheus.io/docs/instrumenting/exposition_formats/, text format 0.0.4). Each source gives one or more
// samples. Figures are summed over the loops here, when somebody asks, so that counting costs the loops nothing.
#include "controllers/metrics.h"

#include <stdio.h>
#include <time.h>

#include "controllers/loop_state.h"
#include "core/outbox.h"
#include "core/process.h"
#include "core/store.h"
#include "models/waiting_room.h"

// What is asked for once, before the rows are written.
typedef struct Scrape {
  Text *out;
  const Loop *loop;
  StoreFigures store;
  ProcessFigures process;
  const RoomFigures *rooms;
  size_t room_count;
  bool shared;  // the database is
} Scrape;

typedef enum MetricType { COUNTER, GAUGE, HISTOGRAM } MetricType;

typedef struct Metric {
  const char *name;
  MetricType type;
  void (*samples)(const Scrape *scrape, const struct Metric *metric);
  size_t at;     // of the figure in the source's struct
  double units;  // how many of the figure's are one of the metric's; 0: as many
  const char *help;
} Metric;

// Samples.

static void sample(const Scrape *scrape, const char *name, const char *labels, double value) {
  text_format(scrape->out, *labels != '\0' ? "%s{%s} " : "%s%s ", name, labels);
  text_double(scrape->out, value);
  text_char(scrape->out, '\n');
}

static double in_units(const Metric *metric, uint64_t figure) {
  return metric->units > 0 ? (double)figure / metric->units : (double)figure;
}

static void add(const Scrape *scrape, const Metric *metric, const char *labels, uint64_t figure) {
  sample(scrape, metric->name, labels, in_units(metric, figure));
}

static void add_one(const Scrape *scrape, const Metric *metric, const char *name, const char *value, uint64_t figure) {
  char labels[64];
  snprintf(labels, sizeof labels, "%s=\"%s\"", name, value);
  add(scrape, metric, labels, figure);
}

// A figure in a struct of plain ones.
static uint64_t member(const void *figures, size_t at) {
  uint64_t value;
  memcpy(&value, (const char *)figures + at, sizeof value);
  return value;
}

// A figure of all loops together.
static uint64_t sum(const Scrape *scrape, size_t at) {
  uint64_t all = 0;
  for (int i = 0; i < scrape->loop->all_count; i++) {
    all += figure_read((const Figure *)(const void *)((const char *)&scrape->loop->all[i].figures + at));
  }
  return all;
}

typedef struct Counts {
  uint64_t counts[SPREAD_BOUNDS + 1];
  uint64_t sum;
} Counts;

static void add_spread(const Scrape *scrape, const Metric *metric, const char *labels, const uint64_t *bounds,
                       const Counts *spread) {
  char name[64];
  char all_labels[96];
  const char *comma = *labels != '\0' ? "," : "";
  uint64_t upto = 0;
  snprintf(name, sizeof name, "%s_bucket", metric->name);
  for (int i = 0; i < SPREAD_BOUNDS; i++) {
    upto += spread->counts[i];
    snprintf(all_labels, sizeof all_labels, "%s%sle=\"%g\"", labels, comma, in_units(metric, bounds[i]));
    sample(scrape, name, all_labels, (double)upto);
  }
  upto += spread->counts[SPREAD_BOUNDS];
  snprintf(all_labels, sizeof all_labels, "%s%sle=\"+Inf\"", labels, comma);
  sample(scrape, name, all_labels, (double)upto);
  snprintf(name, sizeof name, "%s_sum", metric->name);
  sample(scrape, name, labels, in_units(metric, spread->sum));
  snprintf(name, sizeof name, "%s_count", metric->name);
  sample(scrape, name, labels, (double)upto);
}

// Sources: the loops.

static const char *const doors[DOORS] = {
    [DOOR_NONE] = "none",           [DOOR_SEATS] = "seats",       [DOOR_TICKETS] = "tickets",
    [DOOR_MESSENGER] = "messenger", [DOOR_SOCKETIO] = "socketio", [DOOR_PROVIDER] = "provider",
    [DOOR_PAGE] = "page",           [DOOR_HEALTH] = "health"};
_Static_assert((int)DOORS == (int)LOOP_DOORS, "the loops count by door");

static void of_loops(const Scrape *scrape, const Metric *metric) {
  add(scrape, metric, "", sum(scrape, metric->at));
}

static void by_door_and_status(const Scrape *scrape, const Metric *metric) {
  char labels[64];
  for (int i = 0; i < DOORS * LOOP_STATUS_CLASSES; i++) {
    snprintf(labels, sizeof labels, "door=\"%s\",status=\"%dxx\"", doors[i / LOOP_STATUS_CLASSES],
             i % LOOP_STATUS_CLASSES + 1);
    add(scrape, metric, labels, sum(scrape, metric->at + (size_t)i * sizeof(Figure)));
  }
}

static void by_socket_door(const Scrape *scrape, const Metric *metric) {
  static const Door with_sockets[] = {DOOR_SEATS, DOOR_SOCKETIO};
  for (int i = 0; i < 2; i++) {
    add_one(scrape, metric, "door", doors[with_sockets[i]], sum(scrape, metric->at + with_sockets[i] * sizeof(Figure)));
  }
}

static Counts sum_spread(const Scrape *scrape, size_t at) {
  Counts all = {.sum = sum(scrape, at + offsetof(Spread, sum))};
  for (size_t i = 0; i <= SPREAD_BOUNDS; i++) all.counts[i] = sum(scrape, at + i * sizeof(Figure));
  return all;
}

static void spread_by_door(const Scrape *scrape, const Metric *metric) {
  char labels[64];
  for (size_t i = 0; i < DOORS; i++) {
    Counts all = sum_spread(scrape, metric->at + i * sizeof(Spread));
    snprintf(labels, sizeof labels, "door=\"%s\"", doors[i]);
    add_spread(scrape, metric, labels, spread_times_ns, &all);
  }
}

static void spread_of_calls(const Scrape *scrape, const Metric *metric) {
  Counts reading = sum_spread(scrape, offsetof(LoopFigures, read_ns));
  Counts writing = sum_spread(scrape, offsetof(LoopFigures, write_ns));
  add_spread(scrape, metric, "kind=\"read\"", spread_times_ns, &reading);
  add_spread(scrape, metric, "kind=\"write\"", spread_times_ns, &writing);
}

static void by_topic(const Scrape *scrape, const Metric *metric) {
  const Topics *topics = loop_state(scrape->loop)->topics;
  for (int i = 0; topics_kind_name(topics, i) != NULL; i++) {
    add_one(scrape, metric, "topic", topics_kind_name(topics, i), sum(scrape, metric->at + (size_t)i * sizeof(Figure)));
  }
}

static void cpu_of_loops(const Scrape *scrape, const Metric *metric) {
  char number[16];
  for (int i = 0; i < scrape->loop->all_count; i++) {
    struct timespec used;
    clockid_t clock = scrape->loop->all[i].cpu_clock;
    if (clock == 0 || clock_gettime(clock, &used) != 0) continue;  // has not begun, or is over
    snprintf(number, sizeof number, "%d", i);
    add_one(scrape, metric, "loop", number, (uint64_t)used.tv_sec * 1000000000 + (uint64_t)used.tv_nsec);
  }
}

// The store.

static void of_store(const Scrape *scrape, const Metric *metric) {
  add(scrape, metric, "", member(&scrape->store, metric->at));
}

static void of_shared_store(const Scrape *scrape, const Metric *metric) {
  if (scrape->shared) of_store(scrape, metric);
}

static void of_redis(const Scrape *scrape, const Metric *metric) {
  if (scrape->store.has_redis) of_store(scrape, metric);
}

static void of_queues(const Scrape *scrape, const Metric *metric) {
  static const char *const names[STORE_QUEUES] = {"write", "read", "work"};
  for (int i = 0; i < STORE_QUEUES; i++) add_one(scrape, metric, "queue", names[i], scrape->store.queued[i]);
}

static Counts counts_of(const Spread *spread) {
  Counts counts = {.sum = figure_read(&spread->sum)};
  for (int i = 0; i <= SPREAD_BOUNDS; i++) counts.counts[i] = figure_read(&spread->counts[i]);
  return counts;
}

static void spread_of_batches(const Scrape *scrape, const Metric *metric) {
  Counts counts = counts_of(scrape->store.batch_calls);
  add_spread(scrape, metric, "", spread_calls, &counts);
}

static void spread_of_commits(const Scrape *scrape, const Metric *metric) {
  Counts counts = counts_of(scrape->store.commit_ns);
  add_spread(scrape, metric, "", spread_times_ns, &counts);
}

static void of_reconnects(const Scrape *scrape, const Metric *metric) {
  if (scrape->shared) add(scrape, metric, "", db_reconnects());
}

// The couriers, the sales, the process.

static void of_lanes(const Scrape *scrape, const Metric *metric) {
  OutboxFigures figures;
  for (int i = 0; outbox_figures(scrape->loop->outbox, i, &figures); i++) {
    add_one(scrape, metric, "kind", figures.kind, member(&figures, metric->at));
  }
}

static void of_rooms(const Scrape *scrape, const Metric *metric) {
  char id[24];
  for (size_t i = 0; i < scrape->room_count; i++) {
    snprintf(id, sizeof id, "%llu", (unsigned long long)scrape->rooms[i].concert_id);
    add_one(scrape, metric, "concert", id, member(&scrape->rooms[i], metric->at));
  }
}

static void of_process(const Scrape *scrape, const Metric *metric) {
  add(scrape, metric, "", member(&scrape->process, metric->at));
}

static void of_start(const Scrape *scrape, const Metric *metric) {
  add(scrape, metric, "", (uint64_t)scrape->loop->all[0].started_ms);
}

static void of_leaving(const Scrape *scrape, const Metric *metric) {
  add(scrape, metric, "", scrape->loop->leaving || scrape->loop->draining);
}

static void of_build(const Scrape *scrape, const Metric *metric) {
  char labels[256];
  snprintf(labels, sizeof labels, "build_id=\"%.128s\",compiler=\"%.64s\"", process_build(), __VERSION__);
  add(scrape, metric, labels, 1);
}

// The table.

#define NS 1e9
#define US 1e6
#define MS 1e3
#define LOOP(figure) offsetof(LoopFigures, figure)
#define STORE(figure) offsetof(StoreFigures, figure)
#define LANE(figure) offsetof(OutboxFigures, figure)
#define ROOM(figure) offsetof(RoomFigures, figure)
#define PROCESS(figure) offsetof(ProcessFigures, figure)

static const Metric metrics[] = {
    {"foyer_http_requests_total", COUNTER, by_door_and_status, LOOP(answers), 0, "Answered requests."},
    {"foyer_http_request_seconds", HISTOGRAM, spread_by_door, LOOP(answer_ns), NS,
     "Time from the end of a request to its answer, but for polls that were held for news."},
    {"foyer_http_connections", GAUGE, of_loops, LOOP(http), 0, "Open connections that speak HTTP."},
    {"foyer_websocket_connections", GAUGE, by_socket_door, LOOP(web_sockets), 0, "Open WebSockets."},
    {"foyer_websocket_messages_total", COUNTER, of_loops, LOOP(messages), 0, "Messages that came over WebSockets."},
    {"foyer_engineio_sessions", GAUGE, of_loops, LOOP(engine_sessions), 0, "Engine.IO sessions of all transports."},
    {"foyer_connections_accepted_total", COUNTER, of_loops, LOOP(accepted), 0, "Connections that were taken."},
    {"foyer_connections_refused_total", COUNTER, of_loops, LOOP(refused), 0,
     "Connections past CONNECTIONS_MAX, or for which there was no descriptor or memory."},
    {"foyer_received_bytes_total", COUNTER, of_loops, LOOP(received_bytes), 0, "Bytes from clients."},
    {"foyer_sent_bytes_total", COUNTER, of_loops, LOOP(sent_bytes), 0, "Bytes to clients."},
    {"foyer_loop_cpu_seconds_total", COUNTER, cpu_of_loops, 0, NS, "Processor time of each loop's thread."},
    {"foyer_subscriptions", GAUGE, by_topic, LOOP(subscriptions), 0, "Subscriptions to topics of a kind."},
    {"foyer_topics", GAUGE, by_topic, LOOP(topics), 0, "Topics in memory, counted on each loop."},
    {"foyer_updates_total", COUNTER, by_topic, LOOP(updates), 0, "Updates of topics, each for all its subscribers."},
    {"foyer_subscriptions_stopped_total", COUNTER, of_loops, LOOP(stopped), 0,
     "Times that a subscription got no more until its slow client had caught up."},
    {"foyer_call_seconds", HISTOGRAM, spread_of_calls, 0, NS, "Time of a call from its queueing to its answer."},
    {"foyer_calls_failed_total", COUNTER, of_loops, LOOP(failed_calls), 0, "Calls that ended in InternalServerError."},
    {"foyer_store_queue", GAUGE, of_queues, 0, 0, "Calls that wait for the writer, a reader or the worker."},
    {"foyer_store_calls_total", COUNTER, of_store, STORE(calls), 0, "Calls in commits."},
    {"foyer_store_commits_total", COUNTER, of_store, STORE(commits), 0, "Commits, with those that failed."},
    {"foyer_store_failed_commits_total", COUNTER, of_store, STORE(failed_commits), 0, "Commits that failed."},
    {"foyer_store_refused_total", COUNTER, of_store, STORE(refused), 0, "Calls refused because a queue was full."},
    {"foyer_store_batch_calls", HISTOGRAM, spread_of_batches, 0, 0, "Calls in a commit."},
    {"foyer_store_commit_seconds", HISTOGRAM, spread_of_commits, 0, NS, "Time of a commit with its calls."},
    {"foyer_database_up", GAUGE, of_store, STORE(healthy), 0, "1 when the database has taken the last write."},
    {"foyer_database_reconnects_total", COUNTER, of_reconnects, 0, 0, "Lines to PostgreSQL that were made again."},
    {"foyer_commits_position", GAUGE, of_shared_store, STORE(position), 0,
     "Number of the last commit of any process that this one has told its clients of."},
    {"foyer_commits_lag_seconds", GAUGE, of_shared_store, STORE(unsure_ns), NS,
     "Time since this process knew of every commit: the most that its clients may be behind."},
    {"foyer_redis_up", GAUGE, of_redis, STORE(redis.here), 0, "1 while Redis is there."},
    {"foyer_redis_waiting", GAUGE, of_redis, STORE(redis.waiting), 0, "Commands that Redis has not answered yet."},
    {"foyer_redis_commands_total", COUNTER, of_redis, STORE(redis.sent), 0, "Commands to Redis."},
    {"foyer_redis_dropped_total", COUNTER, of_redis, STORE(redis.dropped), 0,
     "Commands that were not sent, or whose answer was lost with the line."},
    {"foyer_redis_faults_total", COUNTER, of_redis, STORE(redis.faults), 0, "Commands that Redis refused."},
    {"foyer_redis_connects_total", COUNTER, of_redis, STORE(redis.connects), 0, "Times that Redis came."},
    {"foyer_redis_heard_total", COUNTER, of_redis, STORE(redis.heard), 0, "Commits of others heard of by Redis."},
    {"foyer_outbox_pending", GAUGE, of_lanes, LANE(pending), 0, "Effects that are not over."},
    {"foyer_outbox_oldest_seconds", GAUGE, of_lanes, LANE(oldest_ms), MS, "Since when the oldest effect is due."},
    {"foyer_outbox_performed_total", COUNTER, of_lanes, LANE(performed), 0, "Tries that ended well."},
    {"foyer_outbox_failed_total", COUNTER, of_lanes, LANE(failed), 0, "Tries that failed."},
    {"foyer_outbox_given_up_total", COUNTER, of_lanes, LANE(given_up), 0, "Effects that were given up."},
    {"foyer_queue_waiting", GAUGE, of_rooms, ROOM(waiting), 0, "People in the line."},
    {"foyer_queue_active", GAUGE, of_rooms, ROOM(active), 0, "People who may buy."},
    {"foyer_queue_admitted_total", COUNTER, of_rooms, ROOM(admitted), 0, "People admitted, ever."},
    {"foyer_concert_seats", GAUGE, of_rooms, ROOM(seats), 0, "Seats of a concert that is not closed."},
    {"foyer_concert_seats_free", GAUGE, of_rooms, ROOM(seats_free), 0, "Seats that nobody has bought or holds."},
    {"foyer_draining", GAUGE, of_leaving, 0, 0, "1 from SIGTERM on."},
    {"foyer_build_info", GAUGE, of_build, 0, 0, "Which build this is."},
    {"process_resident_memory_bytes", GAUGE, of_process, PROCESS(resident_bytes), 0, "Resident memory."},
    {"process_virtual_memory_bytes", GAUGE, of_process, PROCESS(virtual_bytes), 0, "Virtual memory."},
    {"process_cpu_seconds_total", COUNTER, of_process, PROCESS(cpu_us), US, "Processor time of all threads."},
    {"process_open_fds", GAUGE, of_process, PROCESS(descriptors), 0, "Open descriptors."},
    {"process_max_fds", GAUGE, of_process, PROCESS(descriptors_max), 0, "Most descriptors that may be open."},
    {"process_threads", GAUGE, of_process, PROCESS(threads), 0, "Threads."},
    {"process_start_time_seconds", GAUGE, of_start, 0, MS, "When the process began, since 1970."},
};

void metrics_write(Text *out, const Loop *loop) {
  static const char *const types[] = {"counter", "gauge", "histogram"};
  Scrape scrape = {
      .out = out, .loop = loop, .store = store_figures(loop->store), .shared = store_is_shared(loop->store)};
  uint64_t sockets = 0;
  for (size_t i = 0; i < DOORS; i++) sockets += sum(&scrape, LOOP(web_sockets) + i * sizeof(Figure));
  scrape.process = process_figures(sum(&scrape, LOOP(http)) + sockets);
  scrape.rooms = waiting_room_figures(out->arena, &scrape.room_count);
  for (size_t i = 0; i < sizeof metrics / sizeof metrics[0]; i++) {
    const Metric *metric = &metrics[i];
    text_format(out, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help, metric->name, types[metric->type]);
    metric->samples(&scrape, metric);
  }
}
