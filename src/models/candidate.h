// Candidates: registrations (and recoveries) between the QR code and the first code. In memory for five minutes, one a
// username. On a store thread.
#ifndef FOYER_MODELS_CANDIDATE_H
#define FOYER_MODELS_CANDIDATE_H

#include "core/call.h"

typedef struct Candidate {
  Str secret;     // the HMAC key, 32 characters
  bool recovers;  // replaces the secret of an account that exists
} Candidate;

bool candidate_find(Call *call, Str username, Candidate *candidate);
void candidate_make(Call *call, Str username, bool recovers);   // and replies with its QR address
Str candidate_address(Arena *arena, Str username, Str secret);  // what an authenticator reads from the QR code
void candidate_drop(Call *call, Str username);                  // with its count of tries
// Three tries in five minutes, counted from the first.
bool candidate_tries_over(Call *call, Str username);
void candidate_count_try(Call *call, Str username);

#endif
