// What the tests' protocol server serves of Engine.IO and Socket.IO, with the time limits of the public suites, or
// those of PING_INTERVAL_MS and PING_TIMEOUT_MS in the environment.
#ifndef FOYER_TESTS_PROTOCOL_SOCKETS_H
#define FOYER_TESTS_PROTOCOL_SOCKETS_H

#include "core/engineio.h"
#include "core/socketio.h"

// Both before the loop starts.
EngineIo *protocol_engine_new(Loop *loop);  // /engine.io/: echoes every message
// /socket.io/: the namespaces / and /custom. RECOVERY_MS turns state recovery on.
SocketIo *protocol_sockets_new(Loop *loop);

#endif
