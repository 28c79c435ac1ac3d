// Counts of what can be guessed.
#include "models/guesses.h"

enum { WINDOW_MS = 15 * 60 * 1000 };

int64_t guesses_count(Call *call, const char *what, Str who, int64_t by) {
  return call_count(call, fast_key(&call->arena, what, who), by, WINDOW_MS);
}
