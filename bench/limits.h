// What passes between the generator and the bare program that sends without thinking (`limits send`).
#ifndef FOYER_BENCH_LIMITS_H
#define FOYER_BENCH_LIMITS_H

#include <stdint.h>

// One order over the control socket: send every viewer one WebSocket text frame of `frame_bytes` in all, whose JSON
// holds
// `"seq":<seq>`. Native byte order: both sides are on one machine.
typedef struct SendOrder {
  uint64_t seq;
  uint64_t frame_bytes;  // between LIMITS_FRAME_LEAST and LIMITS_FRAME_MOST
} SendOrder;

enum { LIMITS_FRAME_LEAST = 64, LIMITS_FRAME_MOST = 65000 };

#endif
