// Best seats together: side by side in one row, none left alone beside them where that can be avoided, as near to the
// middle and to the front as is free. Pure; any thread.
#ifndef FOYER_MODELS_BEST_SEATS_H
#define FOYER_MODELS_BEST_SEATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BEST_SEATS_MAX = 10 };

// A free seat.
typedef struct BestSeat {
  int64_t id;
  int64_t row;
  int64_t place;
  int64_t zone;    // seats of two zones are not together
  int64_t middle;  // pixels, of its own middle
} BestSeat;

typedef struct BestChoice {
  BestSeat seats[BEST_SEATS_MAX];
  bool found;
  bool leaves_single;   // a seat beside them is left alone: it could not be avoided
  int64_t rows_behind;  // rows between the front one with a free seat and theirs
  int64_t seats_aside;  // their distance from the middle, in seats
} BestChoice;

// A search. Free seats are put in, row by row from the front, places rising.
typedef struct BestSearch {
  int64_t wanted;      // 1 to BEST_SEATS_MAX
  int64_t middle;      // pixels: where the middle of the category is
  int64_t seat_width;  // pixels, at least 1
  int64_t front_row;   // of the first seat put in
  BestSeat run[64];    // the last free seats side by side
  size_t run_length;   // seats of the run so far; only the last 64 are kept
  BestChoice best;
  int64_t best_cost;
} BestSearch;

BestSearch best_seats_begin(int64_t wanted, int64_t middle, int64_t seat_width);
// False: nothing better can come, the search may end.
bool best_seats_put(BestSearch *search, const BestSeat *seat);
BestChoice best_seats_end(BestSearch *search);

#endif
