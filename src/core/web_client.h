// HTTP requests of the couriers: one at a time, blocking, with limits. Connections are kept for the thread's next
// request. Redirects are not followed; http and https only. Addresses of this machine and of private networks are
// allowed: who is asked is the operator's choice (an option, `foyer webhook add`), never a visitor's.
#ifndef FOYER_CORE_WEB_CLIENT_H
#define FOYER_CORE_WEB_CLIENT_H

#include <stdatomic.h>

#include "shared/arena.h"
#include "shared/str.h"

typedef struct WebRequest {
  const char *method;  // "GET", "POST", ...
  Str url;
  const char *const *headers;  // lines without line end, a NULL at the end
  Str body;                    // sent with all but GET
  int64_t connect_ms;
  int64_t total_ms;
  size_t answer_max;           // bytes of the answer's body; of a longer one the rest is left out
  const _Atomic bool *urgent;  // once true, the request is cut; may be NULL
} WebRequest;

typedef struct WebAnswer {
  int status;         // 0: there was no whole answer, and `fault` says why
  Str body;           // in the arena
  int64_t retry_ms;   // Retry-After in seconds, as milliseconds; 0: none
  const char *fault;  // a short text, static or in the arena; NULL: none
} WebAnswer;

// Asks and waits. Any thread but the loops and the store's.
WebAnswer web_ask(Arena *arena, const WebRequest *request);

#endif
