#include "bench/storm_times.h"

#include <stdlib.h>
#include <string.h>

#include "bench/socket.h"

enum {
  SECOND_US = 1000000,
  BUCKET_US = 100,
  BUCKETS = 100000,  // up to 10 s; what is slower counts as that
  RING = sizeof((FrameRate *)0)->at_us / sizeof(uint32_t)
};

void frame_rate_note(FrameRate *rate, uint64_t now_us) {
  uint32_t now = (uint32_t)now_us;
  rate->at_us[rate->frames % RING] = now;
  rate->frames++;
  if (rate->frames - rate->oldest > RING) rate->oldest = rate->frames - RING;
  while (now - rate->at_us[rate->oldest % RING] >= SECOND_US) rate->oldest++;
  if (rate->frames - rate->oldest > rate->most) rate->most = rate->frames - rate->oldest;
}

void storm_times_begin(StormTimes *times, uint64_t changes, uint64_t first_seq, uint64_t begin_us) {
  *times = (StormTimes){.begin_us = begin_us, .changes = changes, .first_seq = first_seq};
  times->sent_us = calloc(changes + 1, sizeof *times->sent_us);
  times->seq_sent_us = malloc((changes + 1) * sizeof *times->seq_sent_us);
  times->seq_told_us = malloc((changes + 1) * sizeof *times->seq_told_us);
  if (times->sent_us == NULL || times->seq_sent_us == NULL || times->seq_told_us == NULL) die("out of memory");
  memset(times->seq_sent_us, 0xff, (changes + 1) * sizeof *times->seq_sent_us);
  memset(times->seq_told_us, 0xff, (changes + 1) * sizeof *times->seq_told_us);
}

void storm_times_sent(StormTimes *times, uint64_t change, uint64_t now_us) {
  times->sent_us[change] = (uint32_t)(now_us - times->begin_us);
}

void storm_times_commit(StormTimes *times, uint64_t change, uint64_t seq, uint64_t now_us) {
  uint64_t at = seq - times->first_seq;
  if (change >= times->changes || at == 0 || at > times->changes) {
    die("change %llu was acknowledged with seq %llu", (unsigned long long)change, (unsigned long long)seq);
  }
  times->seq_sent_us[at] = times->sent_us[change];
  times->seq_told_us[at] = (uint32_t)(now_us - times->begin_us);
}

void storm_times_screen(StormTimes *times, uint64_t since, uint64_t seq, uint64_t now_us) {
  if (seq - times->first_seq > times->changes) die("seq %llu is beyond all changes", (unsigned long long)seq);
  if (times->arrival_count == times->arrival_capacity) {
    times->arrival_capacity = times->arrival_capacity * 2 + (1 << 16);
    times->arrivals = realloc(times->arrivals, times->arrival_capacity * sizeof *times->arrivals);
    if (times->arrivals == NULL) die("out of memory");
  }
  times->arrivals[times->arrival_count++] = (Arrival){.since = (uint32_t)(since - times->first_seq),
                                                      .seq = (uint32_t)(seq - times->first_seq),
                                                      .at_us = (uint32_t)(now_us - times->begin_us)};
}

// The upper edge of the bucket below which `share` of all samples lie.
static double percentile(const uint64_t *buckets, uint64_t samples, double share) {
  uint64_t below = 0;
  for (uint32_t i = 0; i < BUCKETS; i++) {
    below += buckets[i];
    if ((double)below >= (double)samples * share) return (i + 1) * (double)BUCKET_US / 1000;
  }
  return BUCKETS * (double)BUCKET_US / 1000;
}

static Percentiles percentiles(const uint64_t *buckets) {
  uint64_t samples = 0;
  for (uint32_t i = 0; i < BUCKETS; i++) samples += buckets[i];
  return (Percentiles){percentile(buckets, samples, 0.50), percentile(buckets, samples, 0.99),
                       percentile(buckets, samples, 1.0)};
}

static void count(uint64_t *buckets, uint32_t from_us, uint32_t to_us) {
  uint32_t bucket = to_us > from_us ? (to_us - from_us) / BUCKET_US : 0;
  buckets[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
}

StormSum storm_times_sum(StormTimes *times) {
  uint64_t *since_sent = calloc(BUCKETS, sizeof *since_sent);
  uint64_t *since_commit = calloc(BUCKETS, sizeof *since_commit);
  StormSum sum = {0};
  if (since_sent == NULL || since_commit == NULL) die("out of memory");
  // Commits are done in the order of their seqs.
  uint32_t *told_us = times->seq_told_us;
  for (uint64_t seq = times->changes; seq > 1; seq--) {
    if (told_us[seq - 1] > told_us[seq]) told_us[seq - 1] = told_us[seq];
  }
  for (size_t i = 0; i < times->arrival_count; i++) {
    const Arrival *arrival = &times->arrivals[i];
    for (uint32_t seq = arrival->since + 1; seq <= arrival->seq; seq++) {
      sum.untimed += times->seq_sent_us[seq] == UINT32_MAX;
      count(since_sent, times->seq_sent_us[seq], arrival->at_us);
      count(since_commit, told_us[seq], arrival->at_us);
    }
  }
  sum.sent = percentiles(since_sent);
  sum.commit = percentiles(since_commit);
  free(since_sent);
  free(since_commit);
  return sum;
}
