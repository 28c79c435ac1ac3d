// The clockwork of the storm: when a change was sent, which seq it became and when, when that seq was on a screen.
#ifndef FOYER_BENCH_STORM_TIMES_H
#define FOYER_BENCH_STORM_TIMES_H

#include <stddef.h>
#include <stdint.h>

// The frames of one viewer, counted over every window of a second.
typedef struct FrameRate {
  uint32_t at_us[256];  // times of the last frames, a ring
  uint32_t frames;      // all of them
  uint32_t oldest;      // the first frame inside the window, as a running number
  uint32_t most;        // in any window of one second
} FrameRate;

void frame_rate_note(FrameRate *rate, uint64_t now_us);

// A frame that brought the changes in (since, seq] to one screen.
typedef struct Arrival {
  uint32_t since;  // counted from the first seq
  uint32_t seq;
  uint32_t at_us;  // counted from the beginning
} Arrival;

typedef struct StormTimes {
  uint64_t begin_us;
  uint64_t changes;       // how many will be sent
  uint64_t first_seq;     // the seq before the first change
  uint32_t *sent_us;      // of each change, from the beginning
  uint32_t *seq_sent_us;  // of each seq; UINT32_MAX while unknown
  uint32_t *seq_told_us;  // when it was acknowledged, likewise
  Arrival *arrivals;
  size_t arrival_count;
  size_t arrival_capacity;
} StormTimes;

void storm_times_begin(StormTimes *times, uint64_t changes, uint64_t first_seq, uint64_t begin_us);
void storm_times_sent(StormTimes *times, uint64_t change, uint64_t now_us);
// The change was acknowledged as `seq`.
void storm_times_commit(StormTimes *times, uint64_t change, uint64_t seq, uint64_t now_us);
void storm_times_screen(StormTimes *times, uint64_t since, uint64_t seq, uint64_t now_us);

typedef struct Percentiles {
  double p50_ms;
  double p99_ms;
  double most_ms;
} Percentiles;

// Over all changes and all screens.
typedef struct StormSum {
  Percentiles sent;    // from sending a change to having it on a screen
  Percentiles commit;  // from its commit, which was over when it, or one behind it, was first acknowledged; at least 0
  uint64_t untimed;    // changes on a screen that nobody acknowledged: must be 0
} StormSum;

StormSum storm_times_sum(StormTimes *times);

#endif
