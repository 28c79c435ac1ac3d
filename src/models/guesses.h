// Counts of what can be guessed: passwords, codes. They are on whatever RATE_LIMITS says.
#ifndef FOYER_MODELS_GUESSES_H
#define FOYER_MODELS_GUESSES_H

#include "core/call.h"

enum { GUESSES_OF_ADDRESS = 100, CODES_TO_ADDRESS = 10 };  // in a quarter of an hour: wrong ones; mails to one e-mail

// Counts a try, for a quarter of an hour, and gives how many there are. It is counted before it is looked at, so that
// tries at the same moment count too; what was right is taken off again by -1.
int64_t guesses_count(Call *call, const char *what, Str who, int64_t by);
int64_t guesses_count_address(Call *call, int64_t by);  // those of the caller's address, whatever is guessed

#endif
