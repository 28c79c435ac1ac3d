// Which bytes may stand where in HTTP/1.1 (RFC 9110 5.5 and 5.6). Pure; any thread.
#ifndef FOYER_CORE_HTTP_BYTES_H
#define FOYER_CORE_HTTP_BYTES_H

#include <stdbool.h>

#include "shared/str.h"

bool http_is_token_byte(char byte);  // tchar: what methods and header names are made of
bool http_is_token(Str text);        // one or more of them
bool http_is_digits(Str text);       // one or more decimal digits
bool http_is_length(Str text);       // decimal digits of a number below 2^64: Content-Length (RFC 9110 8.6)
bool http_is_text(Str text);         // no control characters but the tab: what may stand in a line
bool http_is_target(Str text);       // visible ASCII: what may stand in a request target
bool http_is_host(Str text);         // uri-host with an optional port, or empty (RFC 9110 7.2)
Str http_trim(Str text);             // without spaces and tabs around it

#endif
