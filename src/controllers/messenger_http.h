// The messenger door: REST under /api (messenger contract, 1.1 to 1.3). Loop threads; does not block.
#ifndef FOYER_CONTROLLERS_MESSENGER_HTTP_H
#define FOYER_CONTROLLERS_MESSENGER_HTTP_H

#include "core/conn.h"

void messenger_http_request(Exchange *exchange, Str path);  // below /api
// The body of the answer to a request below /api that could not be read; adds header lines.
Str messenger_http_refusal(const Exchange *exchange, int status, Text *headers);

#endif
