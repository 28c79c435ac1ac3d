// How the server is: /livez, /readyz, /metrics. Loop threads; does not block.
#ifndef FOYER_CONTROLLERS_HEALTH_H
#define FOYER_CONTROLLERS_HEALTH_H

#include "core/conn.h"

bool health_request(Exchange *exchange);  // false: the path is none of these

#endif
