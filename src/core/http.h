// HTTP/1.1 (RFC 9112) without I/O: bytes in, requests out; responses as bytes. We cut and check, llhttp judges besides.
// A connection owns one HttpParser while it speaks HTTP. Runs on the connection's loop thread; nothing here blocks.
#ifndef FOYER_CORE_HTTP_H
#define FOYER_CORE_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/arena.h"
#include "shared/str.h"

typedef enum HttpMethod {
  HTTP_GET,
  HTTP_HEAD,
  HTTP_POST,
  HTTP_PUT,
  HTTP_PATCH,
  HTTP_DELETE,
  HTTP_OPTIONS,
  HTTP_OTHER
} HttpMethod;

typedef struct HttpLimits {
  uint32_t head_bytes;     // request line, headers and the empty lines around them together; more answers 431
  uint32_t headers;        // header lines; more answers 431
  uint32_t target_bytes;   // request target; more answers 414
  uint32_t body_bytes;     // decoded body; more answers 413 (before the body is read, where Content-Length tells).
                           // Chunked, it may come as at most 9 * body_bytes + head_bytes, behind the head
  const char *large_path;  // a path that begins like this may have `large_body_bytes` instead; NULL: none may
  uint32_t large_body_bytes;
} HttpLimits;

typedef struct HttpHeader {
  Str name;   // as sent
  Str value;  // without surrounding white space
} HttpHeader;

// A whole request. All slices point into the bytes given to http_parser_feed (the body of a chunked request is
// compacted in place there) and live as long as those do; `headers`, and the target of `http://host?query`, live in the
// arena.
typedef struct HttpRequest {
  HttpMethod method;
  Str method_name;            // as sent
  Str target;                 // origin-form: path and query; "*" of OPTIONS, host and port of CONNECT; never a fragment
  Str path;                   // target up to '?', not decoded
  Str query;                  // after '?', not decoded; empty when none
  const HttpHeader *headers;  // Host is the authority of an absolute- or authority-form, whatever was sent
  uint32_t header_count;
  Str body;
  uint8_t minor;           // HTTP/1.<minor>
  bool keep_alive;         // the connection may carry another request
  bool expects_continue;   // Expect: 100-continue
  bool encoded;            // the body is compressed by a transfer coding below chunked, which is not undone: answer 501
  bool upgrade_websocket;  // a WebSocket handshake by RFC 6455 4.2.1's method, Upgrade and Connection
} HttpRequest;

typedef struct HttpParser HttpParser;

typedef enum HttpEvent {
  HTTP_NEED_MORE,  // all bytes are part of a request that is not yet whole: keep them, append more, feed again
  HTTP_CONTINUE,   // as HTTP_NEED_MORE, and the client waits for "100 Continue" (told once)
  HTTP_REQUEST,    // *request is whole and took `*consumed` bytes
  HTTP_ERROR       // refuse with http_parser_status() and close
} HttpEvent;

// A parser for one connection, about 200 bytes. NULL when memory is out. `limits` must outlive it.
HttpParser *http_parser_new(const HttpLimits *limits);
void http_parser_free(HttpParser *parser);  // NULL is allowed

// Reads on. `bytes` begins at the first byte of the current request and holds all bytes of it that have come so far
// (`count` grows from call to call and `bytes` may have moved, with what the parser did to them). After HTTP_REQUEST
// the parser is ready for the next request, which begins at bytes + *consumed. The headers are allocated in `arena`, by
// the call that gives HTTP_REQUEST: nothing in it need outlive a call that gives HTTP_NEED_MORE. Any doubt about
// framing is HTTP_ERROR with status 400: obsolete folding, Content-Length beside Transfer-Encoding, repeated or
// malformed Content-Length, chunked not last or unknown codings, bare CR or LF as line end, white space before a colon,
// a missing or repeated Host in HTTP/1.1, a method that does not exist, NUL or control characters, a WebSocket
// handshake with a body; versions that exist, other than 1.0 and 1.1, are 505. What no further byte can mend is refused
// before the head is whole. CONNECT, TRACE: HTTP_OTHER, the routes refuse them. Empty lines before a request line are
// skipped (RFC 9112 2.2).
HttpEvent http_parser_feed(HttpParser *parser, Arena *arena, char *bytes, size_t count, HttpRequest *request,
                           size_t *consumed);

// Which part is being read: 0 nothing of a request yet, 1 its head, 2 its body. For the time limits.
int http_parser_part(const HttpParser *parser);
int http_parser_status(const HttpParser *parser);          // after HTTP_ERROR: 400, 413, 414, 431 or 505
const char *http_parser_reason(const HttpParser *parser);  // after HTTP_ERROR: what was wrong, for the log

Str http_header(const HttpRequest *request, const char *name);       // first value or empty; name in any case
Str http_last_header(const HttpRequest *request, const char *name);  // of several lines the last one's
bool http_has_token(Str list, const char *token);                    // in a comma separated list, any case
Str http_cookie(const HttpRequest *request, const char *name);  // raw value or empty (all Cookie lines are searched)
bool http_accepts_gzip(const HttpRequest *request);             // by Accept-Encoding with q-values

const char *http_reason_phrase(int status);

// Writes a response head up to and with the empty line: status line, Date, Content-Length: body_bytes (not with 1xx,
// 204 and 304), Content-Type (where not empty), `Connection: close` where !keep_alive, then `extra` (complete lines,
// each with CRLF). Nothing is escaped: content_type and extra are ours.
void http_write_head(Text *out, int status, Str content_type, size_t body_bytes, bool keep_alive, int64_t now_ms,
                     Str extra);

#endif
