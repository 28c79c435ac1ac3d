// The seats door over HTTP: /api/user/* (seats contract, 2.2 to 2.4). Loop threads; does not block.
#ifndef FOYER_CONTROLLERS_SEATS_HTTP_H
#define FOYER_CONTROLLERS_SEATS_HTTP_H

#include "core/conn.h"

bool seats_http_knows(Str name);  // the seats door has a method of that name
// Answers a request whose path is `name` below /api/user/ ("login").
void seats_http_request(Exchange *exchange, Str name);

#endif
