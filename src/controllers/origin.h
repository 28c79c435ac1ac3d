// Which pages may talk to us (contracts/README.md, "Origins"). Loop threads; does not block.
#ifndef FOYER_CONTROLLERS_ORIGIN_H
#define FOYER_CONTROLLERS_ORIGIN_H

#include "core/config.h"
#include "core/http.h"

typedef enum Origin {
  ORIGIN_NONE,     // no Origin header: no browser
  ORIGIN_ALLOWED,  // on the list, or our own
  ORIGIN_FOREIGN
} Origin;

Origin origin_of(const Config *config, const HttpRequest *request);

// Adds the CORS header lines of a seats answer: the origin echoed, with credentials, where it is allowed.
void origin_add_seats_headers(Text *headers, const Config *config, const HttpRequest *request);
// Likewise of the tickets and messenger doors, which give `*` without credentials to everybody else.
void origin_add_open_headers(Text *headers, const Config *config, const HttpRequest *request);

#endif
