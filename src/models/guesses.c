// Counts of what can be guessed.
#include "models/guesses.h"

#include "shared/address.h"

enum { WINDOW_MS = 15 * 60 * 1000 };

int64_t guesses_count(Call *call, const char *what, Str who, int64_t by) {
  return call_count(call, fast_key(&call->arena, what, who), by, WINDOW_MS);
}

int64_t guesses_count_address(Call *call, int64_t by) {
  char owner[ADDRESS_BYTES];
  return guesses_count(call, "guesses", address_owner(call->peer, owner), by);
}
