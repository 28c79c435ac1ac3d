// /metrics: what the server counts, in the text form of Prometheus. Loop threads; does not block.
#ifndef FOYER_CONTROLLERS_METRICS_H
#define FOYER_CONTROLLERS_METRICS_H

#include "core/conn.h"

// The part of the program that answers a request: Conn.door.
typedef enum Door {
  DOOR_NONE,  // nobody: it could not be read
  DOOR_SEATS,
  DOOR_TICKETS,
  DOOR_MESSENGER,
  DOOR_SOCKETIO,
  DOOR_PROVIDER,
  DOOR_PAGE,
  DOOR_HEALTH,
  DOORS
} Door;

void metrics_write(Text *out, const Loop *loop);

#endif
