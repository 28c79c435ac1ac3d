// What a User-Agent says to people: which device, system and browser a session is of. Pure; any thread.
#ifndef FOYER_SHARED_AGENT_H
#define FOYER_SHARED_AGENT_H

#include "shared/str.h"

typedef struct Agent {
  const char *device;   // "iPhone"; "" when it cannot be told, as the others
  const char *os;       // "iOS"
  const char *browser;  // "Safari"
} Agent;

Agent agent_read(Str user_agent);

#endif
