// What a request's header lines say about its body (RFC 9112 6). The only part that speaks to llhttp, whose names
// collide with ours. Pure; any thread.
#ifndef FOYER_CORE_HTTP_FRAMING_H
#define FOYER_CORE_HTTP_FRAMING_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/str.h"

typedef struct HttpFraming {
  bool chunked;     // Transfer-Encoding ends in chunked; `length` is then 0
  uint64_t length;  // bytes, from Content-Length; 0 without one
} HttpFraming;

// Has llhttp judge the header lines, each with its CRLF, and the empty line behind them. NULL when it accepts them;
// else what was wrong, static, for the log.
const char *http_framing_read(Str lines, HttpFraming *framing);

#endif
