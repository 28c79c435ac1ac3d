// Which address means what. Loop threads; does not block.
#ifndef FOYER_CONTROLLERS_ROUTES_H
#define FOYER_CONTROLLERS_ROUTES_H

#include "core/conn.h"

void routes_request(Exchange *exchange);  // the loop's request hook

#endif
