// The search for the best seats together: one pass over the free seats, a window of the wanted length in each run.
#include "models/best_seats.h"

#include <assert.h>
#include <stdlib.h>

// A row further back counts as much as two seats further aside.
enum { ROW_COST = 2, RUN_KEPT = 64 };

BestSearch best_seats_begin(int64_t wanted, int64_t middle, int64_t seat_width) {
  assert(wanted >= 1 && wanted <= BEST_SEATS_MAX);
  return (BestSearch){.wanted = wanted, .middle = middle, .seat_width = seat_width > 0 ? seat_width : 1};
}

static const BestSeat *seat_of_run(const BestSearch *search, size_t at) {
  return &search->run[at % RUN_KEPT];
}

// Weighs the window of the run that begins at `first`, `after` free seats behind it.
static void weigh(BestSearch *search, size_t first, size_t after) {
  const BestSeat *left = seat_of_run(search, first);
  const BestSeat *right = seat_of_run(search, first + (size_t)search->wanted - 1);
  int64_t aside = llabs((left->middle + right->middle) / 2 - search->middle) / search->seat_width;
  int64_t cost = (left->row - search->front_row) * ROW_COST + aside;
  bool leaves_single = first == 1 || after == 1;
  BestChoice *best = &search->best;
  bool better = !best->found || (best->leaves_single && !leaves_single) ||
                (best->leaves_single == leaves_single && cost < search->best_cost);
  if (!better) return;
  *best = (BestChoice){.found = true,
                       .leaves_single = leaves_single,
                       .rows_behind = left->row - search->front_row,
                       .seats_aside = aside};
  search->best_cost = cost;
  for (size_t i = 0; i < (size_t)search->wanted; i++) best->seats[i] = *seat_of_run(search, first + i);
}

// Windows are weighed as soon as it is known how many free seats follow: none, one, or more.
static void end_run(BestSearch *search) {
  size_t wanted = (size_t)search->wanted;
  if (search->run_length >= wanted) weigh(search, search->run_length - wanted, 0);
  if (search->run_length >= wanted + 1) weigh(search, search->run_length - wanted - 1, 1);
  search->run_length = 0;
}

static void extend_run(BestSearch *search, const BestSeat *seat) {
  size_t wanted = (size_t)search->wanted;
  search->run[search->run_length++ % RUN_KEPT] = *seat;
  if (search->run_length >= wanted + 2) weigh(search, search->run_length - wanted - 2, 2);
}

bool best_seats_put(BestSearch *search, const BestSeat *seat) {
  bool begins = search->run_length == 0;
  if (!begins) {
    const BestSeat *last = seat_of_run(search, search->run_length - 1);
    bool next = seat->row == last->row && seat->place == last->place + 1 && seat->zone == last->zone;
    bool other_row = seat->row != last->row;
    if (!next) end_run(search);
    // Nothing in this row or behind it can be nearer than what was found.
    if (other_row && search->best.found && !search->best.leaves_single &&
        search->best_cost <= (seat->row - search->front_row) * ROW_COST)
      return false;
  } else {
    search->front_row = seat->row;
  }
  extend_run(search, seat);
  return true;
}

BestChoice best_seats_end(BestSearch *search) {
  end_run(search);
  return search->best;
}
