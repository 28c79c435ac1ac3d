// Reading requests: a table of bytes and what they mean, each fed whole and byte by byte from a buffer that moves.
#include "core/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// What must come out; a `status` means refused, else the request is as the rest says.
typedef struct Case {
  const char *name;
  Str bytes;
  int status;
  const char *method;  // "GET" when NULL
  const char *target;  // "/" when NULL
  const char *body;    // empty when NULL
  size_t rest;         // bytes that are left for the next request
  bool closes;
  bool expects_continue;
  bool websocket;
  bool is_1_0;
} Case;

static const HttpLimits limits = {.head_bytes = 1024, .headers = 16, .target_bytes = 256, .body_bytes = 64};

#define HOST "Host: x\r\n"
#define END HOST "\r\n"
#define GET(headers) STR("GET / HTTP/1.1\r\n" HOST headers "\r\n")
#define POST(headers, body) STR("POST / HTTP/1.1\r\n" HOST headers "\r\n" body)
#define CHUNKED(body) POST("Transfer-Encoding: chunked\r\n", body)
#define SIXTY_THREE "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"
#define SIXTY_FOUR SIXTY_THREE "f"
#define UPGRADE "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"

#define REFUSED(code, title, text) \
  { .name = title, .bytes = text, .status = code }
#define ACCEPTED(title, ...) \
  { .name = title, .bytes = __VA_ARGS__ }

static const Case cases[] = {
    // The request line (RFC 9112 3)
    ACCEPTED("the least request", GET("")),
    ACCEPTED("empty lines before it", STR("\r\n\r\nGET / HTTP/1.1\r\n" END)),
    ACCEPTED("method of our own", STR("PATCH / HTTP/1.1\r\n" END), .method = "PATCH"),
    ACCEPTED("method nobody serves", STR("QUERY / HTTP/1.1\r\n" END), .method = "QUERY"),
    ACCEPTED("asterisk of UPnP", STR("M-SEARCH * HTTP/1.1\r\n" END), .method = "M-SEARCH", .target = "*"),
    ACCEPTED("fragment", STR("GET /a?b#c?d HTTP/1.1\r\n" END), .target = "/a?b"),
    ACCEPTED("absolute form elsewhere", STR("GET http://a:b@y/ HTTP/1.1\r\n" END)),
    ACCEPTED("CONNECT elsewhere", STR("CONNECT y:1 HTTP/1.1\r\n" END), .method = "CONNECT", .target = "y:1",
             .closes = true),
    REFUSED(400, "method in small letters", STR("get / HTTP/1.1\r\n" END)),
    REFUSED(400, "method behind a byte that is left over", STR("aGET / HTTP/1.1\r\n" END)),
    ACCEPTED("path and query", STR("GET /a/b?c=d?e HTTP/1.1\r\n" END), .target = "/a/b?c=d?e"),
    ACCEPTED("path that begins with two slashes", STR("GET //a HTTP/1.1\r\n" END), .target = "//a"),
    ACCEPTED("asterisk", STR("OPTIONS * HTTP/1.1\r\n" END), .method = "OPTIONS", .target = "*"),
    ACCEPTED("absolute form", STR("GET http://x/a?b HTTP/1.1\r\n" END), .target = "/a?b"),
    ACCEPTED("absolute form without a path", STR("GET HTTPS://X HTTP/1.1\r\n" END), .target = "/"),
    ACCEPTED("absolute form with only a query", STR("GET http://x?a HTTP/1.1\r\n" END), .target = "/?a"),
    ACCEPTED("CONNECT", STR("CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n"), .method = "CONNECT", .target = "x:443",
             .closes = true),
    REFUSED(400, "asterisk of GET", STR("GET * HTTP/1.1\r\n" END)),
    REFUSED(400, "CONNECT without a port", STR("CONNECT x HTTP/1.1\r\n" END)),
    REFUSED(400, "absolute form without a host", STR("GET http:///a HTTP/1.1\r\nHost:\r\n\r\n")),
    REFUSED(400, "another scheme", STR("GET ftp://x/ HTTP/1.1\r\n" END)),
    REFUSED(400, "relative target", STR("GET a HTTP/1.1\r\n" END)),
    REFUSED(400, "fragment alone", STR("GET #a HTTP/1.1\r\n" END)),
    REFUSED(400, "absolute form with a user and no host", STR("GET http://a@/ HTTP/1.1\r\n" END)),
    REFUSED(400, "byte above ASCII in the target", STR("GET /\xe9 HTTP/1.1\r\n" END)),
    REFUSED(400, "two spaces", STR("GET  / HTTP/1.1\r\n" END)),
    REFUSED(400, "two spaces before the version", STR("GET /  HTTP/1.1\r\n" END)),
    REFUSED(400, "tab for space", STR("GET\t/ HTTP/1.1\r\n" END)),
    REFUSED(400, "space behind the version", STR("GET / HTTP/1.1 \r\n" END)),
    REFUSED(400, "space before the method", STR(" GET / HTTP/1.1\r\n" END)),
    REFUSED(400, "no target", STR("GET HTTP/1.1\r\n" END)),
    REFUSED(400, "no version", STR("GET /\r\n\r\n")),
    REFUSED(400, "method with a byte no token has", STR("G@T / HTTP/1.1\r\n" END)),
    // What no further byte can mend is told before the head is whole
    REFUSED(400, "malformed version, no line end", STR("GET / HTTQ/1.1")),
    REFUSED(400, "folded line, no line end", STR("GET / HTTP/1.1\r\n ")),
    REFUSED(400, "bare CR, no line end", STR("GET / HTTP/1.1\r\n" HOST "\ra")),
    REFUSED(400, "repeated length, head not whole",
            STR("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n")),
    REFUSED(400, "length beyond 2^64, head not whole",
            STR("POST / HTTP/1.1\r\nContent-Length: 18446744073709551616\r\n")),
    REFUSED(400, "TLS", STR("\x16\x03\x01\x02")),
    REFUSED(400, "bare LF as an empty line before", STR("\nGET / HTTP/1.1\r\n" END)),
    REFUSED(400, "bare CR before", STR("\rGET / HTTP/1.1\r\n" END)),
    REFUSED(505, "HTTP/2", STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")),
    REFUSED(505, "HTTP/1.2", STR("GET / HTTP/1.2\r\n" END)),
    REFUSED(505, "HTTP/0.9 by name", STR("GET / HTTP/0.9\r\n" END)),
    REFUSED(400, "a version there is none of", STR("GET / HTTP/5.6\r\n" END)),
    REFUSED(400, "version of two digits", STR("GET / HTTP/1.10\r\n" END)),
    REFUSED(400, "NUL in the target", STR("GET /\0 HTTP/1.1\r\n" END)),
    // Header lines (RFC 9112 5)
    ACCEPTED("white space around a value", GET("A: \t b \t \r\nB:c\r\n")),
    ACCEPTED("empty value", GET("A:\r\nB: \r\n")),
    ACCEPTED("obs-text in a value", GET("A: \x80\xff\r\n")),
    ACCEPTED("colon in a value", GET("A: b:c\r\n")),
    REFUSED(400, "space before the colon", GET("A : b\r\n")),
    REFUSED(400, "tab before the colon", GET("A\t: b\r\n")),
    REFUSED(400, "no colon", GET("A\r\n")),
    REFUSED(400, "no name", GET(": a\r\n")),
    REFUSED(400, "byte above ASCII in a name", GET("\xc3\xa4: b\r\n")),
    REFUSED(400, "folded line", GET("A: b\r\n c\r\n")),
    REFUSED(400, "folded first line", STR("GET / HTTP/1.1\r\n A: b\r\n" END)),
    REFUSED(400, "folded with a tab", GET("A: b\r\n\tc\r\n")),
    REFUSED(400, "bare LF", STR("GET / HTTP/1.1\n" END)),
    REFUSED(400, "bare LF behind a header line", GET("A: b\n")),
    REFUSED(400, "bare LF as the empty line", STR("GET / HTTP/1.1\r\nHost: x\r\n\n")),
    REFUSED(400, "bare CR behind a header line", GET("A: b\rC: d\r\n")),
    REFUSED(400, "CR twice", GET("A: b\r\r\n")),
    REFUSED(400, "NUL in a value", GET("A: \0\r\n")),
    REFUSED(400, "control character in a value", GET("A: \x01\r\n")),
    REFUSED(400, "DEL in a value", GET("A: \x7f\r\n")),
    REFUSED(400, "control character in a long value", GET("A: 0123456789abcdef\v0123456789abcdef\r\n")),
    // Host (RFC 9112 3.2)
    ACCEPTED("Host with a port", STR("GET / HTTP/1.1\r\nhost: a-b_c.example:8080\r\n\r\n")),
    ACCEPTED("Host as an address", STR("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n")),
    REFUSED(400, "no Host", STR("GET / HTTP/1.1\r\n\r\n")),
    REFUSED(400, "two Hosts", GET("Host: x\r\n")),
    REFUSED(400, "two names in Host", STR("GET / HTTP/1.1\r\nHost: x, y\r\n\r\n")),
    REFUSED(400, "path in Host", STR("GET / HTTP/1.1\r\nHost: x/y\r\n\r\n")),
    REFUSED(400, "port that is no number", STR("GET / HTTP/1.1\r\nHost: x:a\r\n\r\n")),
    REFUSED(400, "port without a name", STR("GET / HTTP/1.1\r\nHost: :80\r\n\r\n")),
    REFUSED(400, "address without its end", STR("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n")),
    REFUSED(400, "bytes behind an address", STR("GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n")),
    // The connection (RFC 9112 9)
    ACCEPTED("close", GET("Connection: foo, Close\r\n"), .closes = true),
    ACCEPTED("close in a second line", GET("Connection: foo\r\nConnection: close\r\n"), .closes = true),
    ACCEPTED("HTTP/1.0", STR("GET / HTTP/1.0\r\n\r\n"), .is_1_0 = true, .closes = true),
    ACCEPTED("HTTP/1.0 kept alive", STR("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"), .is_1_0 = true),
    ACCEPTED("HTTP/1.0 with both", STR("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n"), .is_1_0 = true,
             .closes = true),
    REFUSED(400, "two Hosts in HTTP/1.0", STR("GET / HTTP/1.0\r\n" HOST END)),
    // Upgrade
    ACCEPTED("WebSocket", GET(UPGRADE), .websocket = true),
    ACCEPTED("WebSocket and what follows", STR("GET / HTTP/1.1\r\n" UPGRADE END "\x81\x80"), .rest = 2,
             .websocket = true),
    ACCEPTED("WebSocket among others", GET("Connection: upgrade\r\nUpgrade: h2c, WebSocket\r\n"), .websocket = true),
    ACCEPTED("WebSocket by POST", POST(UPGRADE, ""), .method = "POST"),
    ACCEPTED("WebSocket without Connection", GET("Upgrade: websocket\r\n")),
    ACCEPTED("WebSocket in HTTP/1.0", STR("GET / HTTP/1.0\r\n" UPGRADE "\r\n"), .is_1_0 = true),
    REFUSED(400, "WebSocket with a body", GET(UPGRADE "Content-Length: 1\r\n")),
    REFUSED(400, "WebSocket with chunks", GET(UPGRADE "Transfer-Encoding: chunked\r\n")),
    ACCEPTED("h2c is not followed", POST("Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 1\r\n", "aGET"),
             .method = "POST", .body = "a", .rest = 3),
    ACCEPTED("h2c without a body", GET("Connection: Upgrade\r\nUpgrade: h2c\r\n")),
    // Content-Length (RFC 9112 6.2)
    ACCEPTED("body", POST("Content-Length: 5\r\n", "hello"), .method = "POST", .body = "hello"),
    ACCEPTED("body of GET", GET("Content-Length: 1\r\n\r\na"), .body = "a", .rest = 2),
    ACCEPTED("length behind a tab", POST("Content-Length:\t5\r\n", "hello"), .method = "POST", .body = "hello"),
    ACCEPTED("length with zeros before", POST("Content-Length: 005\r\n", "hello"), .method = "POST", .body = "hello"),
    ACCEPTED("no length, no body", POST("", "abc"), .method = "POST", .rest = 3),
    ACCEPTED("length of zero", POST("Content-Length: 0\r\n", "abc"), .method = "POST", .rest = 3),
    ACCEPTED("length at the limit", POST("Content-Length: 64\r\n", SIXTY_FOUR), .method = "POST", .body = SIXTY_FOUR),
    REFUSED(413, "length beyond the limit", POST("Content-Length: 65\r\n", "")),
    REFUSED(413, "length near 2^64", POST("Content-Length: 18446744073709551615\r\n", "")),
    REFUSED(400, "length beyond 2^64", POST("Content-Length: 18446744073709551617\r\n", "a")),
    REFUSED(400, "length with a sign", POST("Content-Length: +5\r\n", "hello")),
    REFUSED(400, "negative length", POST("Content-Length: -5\r\n", "hello")),
    REFUSED(400, "length that is empty", POST("Content-Length:\r\n", "")),
    REFUSED(400, "length with a space in it", POST("Content-Length: 1 0\r\n", "0123456789")),
    REFUSED(400, "list of equal lengths", POST("Content-Length: 5, 5\r\n", "hello")),
    REFUSED(400, "equal lengths in two lines", POST("Content-Length: 5\r\nContent-Length: 5\r\n", "hello")),
    REFUSED(400, "unequal lengths", POST("Content-Length: 5\r\ncontent-length: 6\r\n", "hello")),
    // Transfer-Encoding (RFC 9112 6.1)
    REFUSED(400, "length, then chunked", POST("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")),
    REFUSED(400, "chunked, then length", POST("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n")),
    REFUSED(400, "chunked twice", POST("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n")),
    REFUSED(400, "two of chunked", POST("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")),
    REFUSED(400, "chunked not last", POST("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n")),
    ACCEPTED("gzip before chunked", POST("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), .method = "POST"),
    REFUSED(400, "unknown coding before chunked", POST("Transfer-Encoding: zip, chunked\r\n", "0\r\n\r\n")),
    REFUSED(400, "gzip alone", POST("Transfer-Encoding: gzip\r\n", "")),
    REFUSED(400, "identity, chunked",
            POST("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")),
    REFUSED(400, "empty coding", POST("Transfer-Encoding:\r\n", "")),
    REFUSED(400, "chunked with a comma", POST("Transfer-Encoding: chunked,\r\n", "0\r\n\r\n")),
    REFUSED(400, "chunked in quotes", POST("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n")),
    REFUSED(400, "vertical tab", POST("Transfer-Encoding: \vchunked\r\n", "0\r\n\r\n")),
    REFUSED(400, "chunked before a tab, which llhttp overlooks", POST("Transfer-Encoding: chunked\t\r\n", "0\r\n\r\n")),
    REFUSED(400, "chunked in HTTP/1.0", STR("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")),
    ACCEPTED("chunked in any case", POST("transfer-ENCODING: Chunked\r\n", "0\r\n\r\n"), .method = "POST"),
    // Chunks (RFC 9112 7.1)
    ACCEPTED("no chunk", CHUNKED("0\r\n\r\n"), .method = "POST"),
    ACCEPTED("one chunk", CHUNKED("5\r\nhello\r\n0\r\n\r\n"), .method = "POST", .body = "hello"),
    ACCEPTED("chunks and what follows", CHUNKED("5\r\nhello\r\nA\r\n0123456789\r\n00\r\n\r\nGET"), .method = "POST",
             .body = "hello0123456789", .rest = 3),
    ACCEPTED("chunk with line ends in it", CHUNKED("004\r\n\r\n\r\n\r\n0\r\n\r\n"), .method = "POST",
             .body = "\r\n\r\n"),
    ACCEPTED("chunk extensions", CHUNKED("1;a;b=c;d=\"e \\\"f\\\\;\"\r\nx\r\n0;g\r\n\r\n"), .method = "POST",
             .body = "x"),
    ACCEPTED("trailers are dropped", CHUNKED("1\r\nx\r\n0\r\nA: b\r\nB:\r\n\r\n"), .method = "POST", .body = "x"),
    ACCEPTED("chunks up to the limit", CHUNKED("3F\r\n" SIXTY_THREE "\r\n1\r\nf\r\n0\r\n\r\n"), .method = "POST",
             .body = SIXTY_FOUR),
    REFUSED(413, "chunk beyond the limit", CHUNKED("41\r\n")),
    REFUSED(413, "chunks beyond the limit", CHUNKED("1\r\nx\r\n40\r\n")),
    REFUSED(400, "chunk size near 2^64", CHUNKED("ffffffffffffffff\r\n")),
    REFUSED(400, "chunk size beyond 2^64", CHUNKED("10000000000000001\r\nx\r\n0\r\n\r\n")),
    REFUSED(400, "chunk size with a sign", CHUNKED("+1\r\nx\r\n0\r\n\r\n")),
    REFUSED(400, "chunk size that is empty", CHUNKED("\r\nx\r\n0\r\n\r\n")),
    REFUSED(400, "extension without a size", CHUNKED(";a\r\n\r\n")),
    REFUSED(400, "space before a chunk size", CHUNKED(" 1\r\nx\r\n0\r\n\r\n")),
    REFUSED(400, "space behind a chunk size", CHUNKED("1 \r\nx\r\n0\r\n\r\n")),
    REFUSED(400, "extension without a name", CHUNKED("1;\r\nx\r\n0\r\n\r\n")),
    REFUSED(400, "extension without a value", CHUNKED("1;a=\r\nx\r\n0\r\n\r\n")),
    REFUSED(400, "extension that ends in an escape", CHUNKED("1;a=\"b\\\r\nx\r\n0\r\n\r\n")),
    REFUSED(400, "extension in open quotes", CHUNKED("1;a=\"b\r\nx\r\n0\r\n\r\n")),
    REFUSED(400, "control character in an extension", CHUNKED("1;a\x01\r\nx\r\n0\r\n\r\n")),
    REFUSED(400, "bare LF behind a chunk size", CHUNKED("1\nx\r\n0\r\n\r\n")),
    REFUSED(400, "bare CR behind a chunk size", CHUNKED("1\rx\r\n0\r\n\r\n")),
    REFUSED(400, "bare LF in an extension", CHUNKED("1;a\nx\r\n0\r\n\r\n")),
    REFUSED(400, "bare LF behind a chunk", CHUNKED("1\r\nx\n0\r\n\r\n")),
    REFUSED(400, "chunk longer than it says", CHUNKED("1\r\nxyz\r\n0\r\n\r\n")),
    REFUSED(400, "chunk shorter than it says", CHUNKED("3\r\nx\r\n0\r\n\r\n")),
    REFUSED(400, "two bytes for the line end", CHUNKED("1\r\nxab0\r\n\r\n")),
    REFUSED(400, "bare LF at the end", CHUNKED("0\r\n\n")),
    REFUSED(400, "trailer without a colon", CHUNKED("0\r\nA\r\n\r\n")),
    REFUSED(400, "length in a trailer", CHUNKED("0\r\nContent-Length: 1\r\n\r\n")),
    REFUSED(400, "folded trailer", CHUNKED("0\r\nA: b\r\n c\r\n\r\n")),
    REFUSED(400, "trailer with a bare CR", CHUNKED("0\r\nA: b\rC: d\r\n\r\n")),
    // Expect (RFC 9110 10.1.1)
    ACCEPTED("Expect", POST("Expect: 100-Continue\r\nContent-Length: 1\r\n", "a"), .method = "POST", .body = "a",
             .expects_continue = true),
    ACCEPTED("Expect without a body", GET("Expect: 100-continue\r\n"), .expects_continue = true),
    ACCEPTED("Expect in HTTP/1.0", STR("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na"),
             .method = "POST", .body = "a", .is_1_0 = true, .closes = true),
    ACCEPTED("another expectation", GET("Expect: wonders\r\n")),
};

static Arena arena;

// Where reading came to.
typedef struct Outcome {
  HttpEvent event;
  HttpRequest request;
  size_t consumed;
  int status;
  unsigned continues;  // how often HTTP_CONTINUE was told
  char *bytes;         // what the slices point into; to be freed
} Outcome;

// Feeds `step` bytes more at a time, each time from a new place, until something comes out or the bytes are used up.
static Outcome feed_in_steps(Str bytes, size_t step) {
  Outcome outcome = {.event = HTTP_NEED_MORE};
  HttpParser *parser = http_parser_new(&limits);
  size_t count = 0;
  while (count < bytes.length && (outcome.event == HTTP_NEED_MORE || outcome.event == HTTP_CONTINUE)) {
    size_t more = bytes.length - count < step ? bytes.length - count : step;
    char *moved = malloc(count + more);
    if (count > 0) memcpy(moved, outcome.bytes, count);
    memcpy(moved + count, bytes.at + count, more);
    free(outcome.bytes);
    outcome.bytes = moved;
    count += more;
    arena_reset(&arena);
    outcome.event = http_parser_feed(parser, &arena, moved, count, &outcome.request, &outcome.consumed);
    outcome.continues += outcome.event == HTTP_CONTINUE;
  }
  outcome.status = outcome.event == HTTP_ERROR ? http_parser_status(parser) : 0;
  if (outcome.status != 0) assert_true(http_parser_reason(parser)[0] != 0);
  if (outcome.event == HTTP_REQUEST) assert_int_equal(http_parser_part(parser), 0);
  http_parser_free(parser);
  return outcome;
}

// Fails with the case's name.
static void expect(bool held, const Case *it, size_t step, const char *what) {
  if (!held) fail_msg("%s (fed by %zu): %s", it->name, step, what);
}

static void expect_text(Str actual, const char *wanted, const Case *it, size_t step) {
  if (!str_equal(actual, str_from(wanted))) {
    fail_msg("%s (fed by %zu): \"%.*s\" is not \"%s\"", it->name, step, STR_ARG(actual), wanted);
  }
}

static void check_case(const Case *it, size_t step) {
  Outcome outcome = feed_in_steps(it->bytes, step);
  const HttpRequest *request = &outcome.request;
  if (it->status != 0) {
    expect(outcome.event == HTTP_ERROR, it, step, "was not refused");
    expect(outcome.status == it->status, it, step, "was refused with another status");
  } else {
    expect(outcome.event == HTTP_REQUEST, it, step, "was not read");
    expect_text(request->method_name, it->method != NULL ? it->method : "GET", it, step);
    expect_text(request->target, it->target != NULL ? it->target : "/", it, step);
    expect_text(request->body, it->body != NULL ? it->body : "", it, step);
    expect(outcome.consumed == it->bytes.length - it->rest, it, step, "consumed other bytes");
    expect(request->keep_alive == !it->closes, it, step, "keep_alive");
    expect(request->expects_continue == it->expects_continue, it, step, "expects_continue");
    expect(request->upgrade_websocket == it->websocket, it, step, "upgrade_websocket");
    expect(request->minor == !it->is_1_0, it, step, "minor");
  }
  free(outcome.bytes);
}

static void test_every_case_means_the_same_whole_and_in_pieces(void **state) {
  (void)state;
  static const size_t steps[] = {SIZE_MAX, 1, 2, 7};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    for (size_t j = 0; j < sizeof steps / sizeof steps[0]; j++) check_case(&cases[i], steps[j]);
  }
}

static void test_every_cut_of_an_accepted_request_wants_more(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    if (cases[i].status != 0) continue;
    for (size_t length = 1; length < cases[i].bytes.length - cases[i].rest; length++) {
      Outcome outcome = feed_in_steps((Str){cases[i].bytes.at, length}, SIZE_MAX);
      expect(outcome.event == HTTP_NEED_MORE || outcome.event == HTTP_CONTINUE, &cases[i], length, "a part was taken");
      free(outcome.bytes);
    }
  }
}

static void test_the_parts_of_a_request_are_told(void **state) {
  (void)state;
  Outcome outcome =
      feed_in_steps(STR("PUT /a/b?c=%20d HTTP/1.1\r\nHost: x\r\nA:  b \r\nContent-Length: 2\r\n\r\nhi"), 3);
  const HttpRequest *request = &outcome.request;
  assert_int_equal(request->method, HTTP_PUT);
  assert_true(str_equal(request->path, STR("/a/b")));
  assert_true(str_equal(request->query, STR("c=%20d")));
  assert_int_equal(request->header_count, 3);
  assert_true(str_equal(request->headers[1].name, STR("A")));
  assert_true(str_equal(request->headers[1].value, STR("b")));
  assert_true(str_equal(request->body, STR("hi")));
  free(outcome.bytes);
}

static void test_methods_have_their_names(void **state) {
  (void)state;
  static const char *const names[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    Text text = {.arena = &(Arena){0}};
    text_format(&text, "%s / HTTP/1.1\r\nHost: x\r\n\r\n", names[i]);
    Outcome outcome = feed_in_steps(text_str(&text), SIZE_MAX);
    assert_int_equal(outcome.request.method, (HttpMethod)i);
    free(outcome.bytes);
    arena_free(text.arena);
  }
}

static void test_requests_in_one_read_come_one_by_one(void **state) {
  (void)state;
  char bytes[] =
      "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nPOST /2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
      "chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n"
      "0\r\n\r\n\r\nPOST /3 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\ncGET /4 HT";
  static const char *const targets[] = {"/1", "/2", "/3"};
  static const char *const bodies[] = {"", "ab", "c"};
  HttpParser *parser = http_parser_new(&limits);
  HttpRequest request;
  size_t at = 0;
  size_t consumed;
  for (int i = 0; i < 3; i++) {
    assert_int_equal(http_parser_feed(parser, &arena, bytes + at, sizeof bytes - 1 - at, &request, &consumed),
                     HTTP_REQUEST);
    assert_true(str_equal(request.target, str_from(targets[i])));
    assert_true(str_equal(request.body, str_from(bodies[i])));
    at += consumed;
  }
  assert_int_equal(http_parser_feed(parser, &arena, bytes + at, sizeof bytes - 1 - at, &request, &consumed),
                   HTTP_NEED_MORE);
  assert_int_equal(consumed, 0);
  http_parser_free(parser);
}

static void test_the_part_being_read_is_told(void **state) {
  (void)state;
  char bytes[] = "\r\nPOST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab";
  static const struct {
    size_t count;
    int part;
  } steps[] = {{0, 0}, {2, 0}, {3, 1}, {20, 1}, {sizeof bytes - 4, 1}, {sizeof bytes - 3, 2}, {sizeof bytes - 2, 2}};
  HttpParser *parser = http_parser_new(&limits);
  HttpRequest request;
  size_t consumed;
  for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
    http_parser_feed(parser, &arena, bytes, steps[i].count, &request, &consumed);
    assert_int_equal(http_parser_part(parser), steps[i].part);
  }
  http_parser_free(parser);
}

static unsigned continues_of(Str bytes, size_t step) {
  Outcome outcome = feed_in_steps(bytes, step);
  free(outcome.bytes);
  return outcome.continues;
}

static void test_a_client_that_waits_is_told_once_to_continue(void **state) {
  (void)state;
  Str request = POST("Expect: 100-continue\r\nContent-Length: 3\r\n", "abc");
  assert_int_equal(continues_of(request, 1), 1);
  assert_int_equal(continues_of(request, request.length - 1), 0);
  assert_int_equal(continues_of(request, SIZE_MAX), 0);
  assert_int_equal(continues_of(POST("Expect: 100-continue\r\nContent-Length: 65\r\n", ""), 1), 0);
}

static void test_a_refused_connection_stays_refused(void **state) {
  (void)state;
  char bytes[] = "BAD\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n";
  HttpParser *parser = http_parser_new(&limits);
  HttpRequest request;
  size_t consumed;
  assert_int_equal(http_parser_feed(parser, &arena, bytes, sizeof bytes - 1, &request, &consumed), HTTP_ERROR);
  assert_int_equal(http_parser_feed(parser, &arena, bytes + 7, sizeof bytes - 8, &request, &consumed), HTTP_ERROR);
  assert_int_equal(http_parser_status(parser), 400);
  http_parser_free(parser);
}

// A request whose head is `head_bytes` long and has `headers` lines.
static Str head_of(Arena *memory, size_t head_bytes, unsigned headers) {
  Text text = {.arena = memory};
  text_add(&text, STR("GET / HTTP/1.1\r\nHost: x\r\n"));
  for (unsigned i = 2; i < headers; i++) text_add(&text, STR("A: b\r\n"));
  text_add(&text, STR("B: "));
  while (text.length + 4 < head_bytes) text_char(&text, 'b');
  text_add(&text, STR("\r\n\r\n"));
  return text_str(&text);
}

// A request whose target is `target_bytes` long.
static Str line_of(Arena *memory, size_t target_bytes) {
  Text text = {.arena = memory};
  text_add(&text, STR("GET /"));
  while (text.length < target_bytes + 4) text_char(&text, 'a');
  text_add(&text, STR(" HTTP/1.1\r\n" END));
  return text_str(&text);
}

static int status_of(Str bytes, size_t step) {
  Outcome outcome = feed_in_steps(bytes, step);
  free(outcome.bytes);
  return outcome.status;
}

static void test_limits_hold_at_the_bar_and_not_past_it(void **state) {
  (void)state;
  Arena memory = {0};
  Str long_line = str_copy(&memory, head_of(&memory, 2 * limits.head_bytes, 2));
  static const size_t steps[] = {SIZE_MAX, 1};
  for (int i = 0; i < 2; i++) {
    assert_int_equal(status_of(head_of(&memory, limits.head_bytes, 2), steps[i]), 0);
    assert_int_equal(status_of(head_of(&memory, limits.head_bytes + 1, 2), steps[i]), 431);
    assert_int_equal(status_of(head_of(&memory, 0, limits.headers), steps[i]), 0);
    assert_int_equal(status_of(head_of(&memory, 0, limits.headers + 1), steps[i]), 431);
    assert_int_equal(status_of((Str){long_line.at, limits.head_bytes - 1}, steps[i]), 0);
    assert_int_equal(status_of((Str){long_line.at, limits.head_bytes}, steps[i]), 431);
    assert_int_equal(status_of(line_of(&memory, limits.target_bytes), steps[i]), 0);
    assert_int_equal(status_of(line_of(&memory, limits.target_bytes + 1), steps[i]), 414);
    Str endless = line_of(&memory, limits.head_bytes);
    assert_int_equal(status_of((Str){endless.at, limits.head_bytes}, steps[i]), 414);
  }
  arena_free(&memory);
}

static void test_chunk_overhead_is_bounded(void **state) {
  (void)state;
  Arena memory = {0};
  Text text = {.arena = &memory};
  text_add(&text, CHUNKED("1;a="));
  for (unsigned i = 0; i < limits.head_bytes; i++) text_char(&text, 'b');
  assert_int_equal(status_of(text_str(&text), SIZE_MAX), 400);
  assert_int_equal(status_of(text_str(&text), 1), 400);
  text.length = 0;
  text_add(&text, CHUNKED(""));
  for (unsigned i = 0; i < limits.body_bytes; i++) text_add(&text, STR("1\r\nx\r\n"));
  text_add(&text, STR("0\r\n\r\n"));
  assert_int_equal(status_of(text_str(&text), 1), 0);
  arena_free(&memory);
}

static int forget(void **state) {
  (void)state;
  arena_free(&arena);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_case_means_the_same_whole_and_in_pieces),
      cmocka_unit_test(test_every_cut_of_an_accepted_request_wants_more),
      cmocka_unit_test(test_the_parts_of_a_request_are_told),
      cmocka_unit_test(test_methods_have_their_names),
      cmocka_unit_test(test_requests_in_one_read_come_one_by_one),
      cmocka_unit_test(test_the_part_being_read_is_told),
      cmocka_unit_test(test_a_client_that_waits_is_told_once_to_continue),
      cmocka_unit_test(test_a_refused_connection_stays_refused),
      cmocka_unit_test(test_limits_hold_at_the_bar_and_not_past_it),
      cmocka_unit_test(test_chunk_overhead_is_bounded),
  };
  return cmocka_run_group_tests_name("http", tests, NULL, forget);
}
