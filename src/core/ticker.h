// Runs a method of the program's own again and again: at the start, then every so often, and when something is due
// before. Never twice at once, and after a failure not for a moment. On its loop's thread.
#ifndef FOYER_CORE_TICKER_H
#define FOYER_CORE_TICKER_H

#include "core/call.h"

typedef struct Ticker Ticker;

typedef struct TickerSettings {
  const Method *method;  // without input; a reply that is not empty: there is more to do
  int64_t interval_ms;
  int64_t (*next)(int64_t now_ms);  // when something is due; NULL: only the interval counts
  int64_t more_ms;                  // before it does more
} TickerSettings;

Ticker *ticker_start(Loop *loop, const TickerSettings *settings);  // NULL when memory is out
void ticker_look(Ticker *ticker);                                  // what is due next may have changed
void ticker_stop(Ticker *ticker);                                  // NULL is allowed

#endif
