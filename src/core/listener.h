// Listening sockets of a loop. On the loop's thread, but for loop_listen, which comes before it starts.
#ifndef FOYER_CORE_LISTENER_H
#define FOYER_CORE_LISTENER_H

#include "core/loop.h"

void listeners_start(Loop *loop);  // begins to take connections
void listeners_free(Loop *loop);   // closes the listening sockets

#endif
