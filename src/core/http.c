// Reads requests. Lines are cut and checked here and llhttp judges the header lines besides (http_framing.c). A head is
// understood when it is whole, and once more when its body came later: then all slices point into the newest bytes and
// nothing but offsets is kept between two feeds.
#include "core/http.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/http_bytes.h"
#include "core/http_chunks.h"
#include "core/http_framing.h"

// What is read next.
typedef enum Stage { STAGE_REQUEST_LINE, STAGE_HEADER_LINES, STAGE_BODY, STAGE_CHUNKS, STAGE_REFUSED } Stage;

// Offsets count from the first byte of the current request.
struct HttpParser {
  const HttpLimits *limits;
  HttpChunks chunks;      // in STAGE_CHUNKS
  size_t line;            // where the line being read begins
  size_t searched;        // no line end between `line` and here
  size_t request_line;    // where the request line begins, behind empty lines
  size_t header_lines;    // where the first header line begins
  size_t head;            // where the body begins
  size_t body;            // bytes of the body, from Content-Length
  uint32_t header_count;  // header lines so far
  bool coded;             // Transfer-Encoding says chunked
  Stage stage;
  int status;
  const char *reason;
};

// How far one step came.
typedef enum Step { STEP_DONE, STEP_MORE, STEP_REFUSED } Step;

// The request line, cut.
typedef struct RequestLine {
  Str method;
  Str target;
  uint8_t minor;
  Str authority;  // of an absolute- or authority-form, else empty
} RequestLine;

// What the header lines say that matters to the connection.
typedef struct Fields {
  Str host, length, coding;          // the last value of each
  unsigned hosts, lengths, codings;  // how often they came
  bool close, keep_alive, upgrade;   // options in Connection
  bool websocket;                    // in Upgrade
  bool expects_continue;
} Fields;

HttpParser *http_parser_new(const HttpLimits *limits) {
  HttpParser *parser = calloc(1, sizeof *parser);
  if (parser != NULL) parser->limits = limits;
  return parser;
}

void http_parser_free(HttpParser *parser) {
  free(parser);
}

int http_parser_part(const HttpParser *parser) {
  if (parser->stage == STAGE_REQUEST_LINE) return parser->searched > parser->line ? 1 : 0;
  return parser->stage == STAGE_BODY || parser->stage == STAGE_CHUNKS ? 2 : 1;
}

int http_parser_status(const HttpParser *parser) {
  return parser->status;
}

const char *http_parser_reason(const HttpParser *parser) {
  return parser->reason;
}

static Step refuse(HttpParser *parser, int status, const char *reason) {
  parser->stage = STAGE_REFUSED;
  parser->status = status;
  parser->reason = reason;
  return STEP_REFUSED;
}

// Takes the next line of the head, without its CRLF. A head that would pass its limit is refused with `status`.
static Step next_line(HttpParser *parser, const char *bytes, size_t count, int status, Str *line) {
  size_t limit = parser->limits->head_bytes;
  size_t until = count < limit ? count : limit;
  const char *end = parser->searched < until ? memchr(bytes + parser->searched, '\n', until - parser->searched) : NULL;
  if (end == NULL) {
    parser->searched = until;
    return count < limit ? STEP_MORE : refuse(parser, status, "head too large");
  }
  const char *start = bytes + parser->line;
  if (end == start || end[-1] != '\r') return refuse(parser, 400, "line feed without carriage return");
  *line = (Str){start, (size_t)(end - 1 - start)};
  if (!http_is_text(*line)) return refuse(parser, 400, "control character in the head");
  parser->line = parser->searched = (size_t)(end + 1 - bytes);
  return STEP_DONE;
}

// HTTP-version, of which 1.0 and 1.1 are spoken here.
static Step read_version(HttpParser *parser, Str version, uint8_t *minor) {
  if (str_equal(version, STR("HTTP/1.1")) || str_equal(version, STR("HTTP/1.0"))) {
    *minor = version.at[7] == '1';
    return STEP_DONE;
  }
  bool known = version.length == 8 && str_starts(version, STR("HTTP/")) && http_is_digits((Str){version.at + 5, 1}) &&
               version.at[6] == '.' && http_is_digits((Str){version.at + 7, 1});
  if (known) return refuse(parser, 505, "HTTP version not supported");
  return refuse(parser, 400, "malformed HTTP version");
}

// Cuts a scheme we serve off the front of an absolute-form target.
static bool skip_scheme(Str *target) {
  static const Str schemes[] = {{"http://", 7}, {"https://", 8}};
  for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
    Str start = {target->at, schemes[i].length};
    if (target->length < start.length || !str_equal_nocase(start, schemes[i])) continue;
    *target = (Str){target->at + start.length, target->length - start.length};
    return true;
  }
  return false;
}

// Leaves an origin-form in line->target and the authority beside it (RFC 9112 3.2).
static Step read_target(HttpParser *parser, RequestLine *line) {
  Str *target = &line->target;
  assert(target->at != NULL && target->length > 0);  // http_is_target() has seen it
  if (str_equal(line->method, STR("CONNECT"))) {
    if (!http_is_host(*target) || memchr(target->at, ':', target->length) == NULL) {
      return refuse(parser, 400, "CONNECT wants host and port");
    }
    line->authority = *target;
    return STEP_DONE;
  }
  if (target->at[0] == '/') return STEP_DONE;
  if (str_equal(*target, STR("*")) && str_equal(line->method, STR("OPTIONS"))) return STEP_DONE;
  if (!skip_scheme(target)) return refuse(parser, 400, "request target of unknown form");
  size_t length = 0;
  while (length < target->length && target->at[length] != '/' && target->at[length] != '?') length++;
  line->authority = (Str){target->at, length};
  if (length == 0 || !http_is_host(line->authority)) return refuse(parser, 400, "malformed authority in the target");
  *target = (Str){target->at + length, target->length - length};
  return STEP_DONE;
}

// method SP request-target SP HTTP-version (RFC 9112 3)
static Step cut_request_line(HttpParser *parser, Str text, RequestLine *line) {
  *line = (RequestLine){.method = str_cut(&text, ' ')};
  line->target = str_cut(&text, ' ');
  if (!http_is_token(line->method)) return refuse(parser, 400, "malformed method");
  if (!http_is_target(line->target)) return refuse(parser, 400, "malformed request target");
  Step step = read_version(parser, text, &line->minor);
  if (step != STEP_DONE) return step;
  if (line->target.length > parser->limits->target_bytes) return refuse(parser, 414, "request target too long");
  return read_target(parser, line);
}

// Skips empty lines (RFC 9112 2.2) and reads the request line.
static Step read_request_line(HttpParser *parser, const char *bytes, size_t count, RequestLine *line) {
  Str text = {0};
  while (text.length == 0) {
    parser->request_line = parser->line;
    if (parser->line < count && bytes[parser->line] != '\r' && !http_is_token_byte(bytes[parser->line])) {
      return refuse(parser, 400, "no method where a request begins");
    }
    Step step = next_line(parser, bytes, count, 414, &text);
    if (step != STEP_DONE) return step;
  }
  parser->header_lines = parser->line;
  parser->stage = STAGE_HEADER_LINES;
  return cut_request_line(parser, text, line);
}

// Counts header lines up to the empty one behind them.
static Step read_header_lines(HttpParser *parser, const char *bytes, size_t count) {
  for (;;) {
    Str text;
    Step step = next_line(parser, bytes, count, 431, &text);
    if (step != STEP_DONE) return step;
    if (text.length == 0) break;
    if (text.at[0] == ' ' || text.at[0] == '\t') return refuse(parser, 400, "folded header line");
    if (++parser->header_count > parser->limits->headers) return refuse(parser, 431, "too many header lines");
  }
  parser->head = parser->line;
  return STEP_DONE;
}

// Cuts the header lines at their colons.
static Step cut_headers(HttpParser *parser, Arena *arena, const char *bytes, HttpRequest *request) {
  HttpHeader *headers = ARENA_ARRAY(arena, HttpHeader, parser->header_count);
  Str rest = {bytes + parser->header_lines, parser->head - parser->header_lines};
  for (uint32_t i = 0; i < parser->header_count; i++) {
    Str line = str_cut(&rest, '\n');
    const char *colon = memchr(line.at, ':', line.length);
    if (colon == NULL) return refuse(parser, 400, "header line without a colon");
    headers[i].name = (Str){line.at, (size_t)(colon - line.at)};
    if (!http_is_token(headers[i].name)) return refuse(parser, 400, "malformed header name");
    headers[i].value = http_trim((Str){colon + 1, (size_t)(line.at + line.length - 1 - (colon + 1))});
  }
  request->headers = headers;
  request->header_count = parser->header_count;
  return STEP_DONE;
}

static void read_connection(Str options, Fields *fields) {
  fields->close |= http_has_token(options, "close");
  fields->keep_alive |= http_has_token(options, "keep-alive");
  fields->upgrade |= http_has_token(options, "upgrade");
}

// Names of equal length are told apart by one comparison, so an ordinary header line costs only a look at its length.
static void read_field(const HttpHeader *header, Fields *fields) {
  Str name = header->name;
  if (name.length == 4 && str_equal_nocase(name, STR("Host"))) {
    fields->hosts++;
    fields->host = header->value;
  } else if (name.length == 6 && str_equal_nocase(name, STR("Expect"))) {
    fields->expects_continue |= str_equal_nocase(header->value, STR("100-continue"));
  } else if (name.length == 7 && str_equal_nocase(name, STR("Upgrade"))) {
    fields->websocket |= http_has_token(header->value, "websocket");
  } else if (name.length == 10 && str_equal_nocase(name, STR("Connection"))) {
    read_connection(header->value, fields);
  } else if (name.length == 14 && str_equal_nocase(name, STR("Content-Length"))) {
    fields->lengths++;
    fields->length = header->value;
  } else if (name.length == 17 && str_equal_nocase(name, STR("Transfer-Encoding"))) {
    fields->codings++;
    fields->coding = header->value;
  }
}

// Exactly one Host in HTTP/1.1, and the one that the target names (RFC 9112 3.2).
static Step check_host(HttpParser *parser, const RequestLine *line, const Fields *fields) {
  if (fields->hosts > 1) return refuse(parser, 400, "repeated Host");
  if (fields->hosts == 0) return line->minor == 0 ? STEP_DONE : refuse(parser, 400, "no Host");
  if (!http_is_host(fields->host)) return refuse(parser, 400, "malformed Host");
  if (line->authority.length > 0 && !str_equal_nocase(line->authority, fields->host)) {
    return refuse(parser, 400, "Host is not the authority of the target");
  }
  return STEP_DONE;
}

// One way to tell the length of the body and no doubt about it (RFC 9112 6.3).
static Step check_length(HttpParser *parser, const RequestLine *line, const Fields *fields) {
  if (fields->codings == 0) {
    if (fields->lengths > 1) return refuse(parser, 400, "repeated Content-Length");
    if (fields->lengths == 1 && !http_is_digits(fields->length)) return refuse(parser, 400, "malformed Content-Length");
    return STEP_DONE;
  }
  if (fields->lengths > 0) return refuse(parser, 400, "Content-Length beside Transfer-Encoding");
  if (line->minor == 0) return refuse(parser, 400, "Transfer-Encoding in HTTP/1.0");
  if (fields->codings > 1 || !str_equal_nocase(fields->coding, STR("chunked"))) {
    return refuse(parser, 400, "Transfer-Encoding other than chunked");
  }
  return STEP_DONE;
}

static HttpMethod method_of(Str name) {
  static const Str names[HTTP_OTHER] = {{"GET", 3},   {"HEAD", 4},   {"POST", 4},   {"PUT", 3},
                                        {"PATCH", 5}, {"DELETE", 6}, {"OPTIONS", 7}};
  HttpMethod method = HTTP_GET;
  while (method < HTTP_OTHER && !str_equal(name, names[method])) method++;
  return method;
}

// Fills in what the request line says.
static void describe_line(Arena *arena, const RequestLine *line, HttpRequest *request) {
  request->method_name = line->method;
  request->method = method_of(line->method);
  request->minor = line->minor;
  request->target = line->target;
  if (line->target.length == 0) request->target = STR("/");    // http://host
  if (line->target.length > 0 && line->target.at[0] == '?') {  // http://host?query
    Text text = {.arena = arena};
    text_char(&text, '/');
    text_add(&text, line->target);
    request->target = text_str(&text);
  }
  request->query = request->target;
  request->path = str_cut(&request->query, '?');
}

// Fills in what the header lines say of the connection. After CONNECT a client may send what is not HTTP.
static void describe_connection(const RequestLine *line, const Fields *fields, HttpRequest *request) {
  bool connect = str_equal(line->method, STR("CONNECT"));
  request->keep_alive = !fields->close && !connect && (line->minor == 1 || fields->keep_alive);
  request->expects_continue = fields->expects_continue && line->minor == 1;
  request->upgrade_websocket = request->method == HTTP_GET && line->minor == 1 && fields->upgrade && fields->websocket;
}

// Understands a whole head. `line` is empty when it was cut in an earlier feed.
static Step understand_head(HttpParser *parser, Arena *arena, const char *bytes, RequestLine *line,
                            HttpRequest *request) {
  if (line->method.length == 0) {
    size_t length = parser->header_lines - 2 - parser->request_line;
    Step step = cut_request_line(parser, (Str){bytes + parser->request_line, length}, line);
    if (step != STEP_DONE) return step;
  }
  *request = (HttpRequest){0};
  describe_line(arena, line, request);
  Step step = cut_headers(parser, arena, bytes, request);
  if (step != STEP_DONE) return step;
  Fields fields = {0};
  for (uint32_t i = 0; i < request->header_count; i++) read_field(&request->headers[i], &fields);
  step = check_host(parser, line, &fields);
  if (step == STEP_DONE) step = check_length(parser, line, &fields);
  if (step == STEP_DONE) describe_connection(line, &fields, request);
  parser->coded = fields.codings > 0;
  return step;
}

// Chooses how the body is read. llhttp and check_length must have understood the same.
static Step begin_body(HttpParser *parser, const char *bytes, const HttpRequest *request) {
  HttpFraming framing;
  const char *fault =
      http_framing_read((Str){bytes + parser->header_lines, parser->head - parser->header_lines}, &framing);
  if (fault != NULL) return refuse(parser, 400, fault);
  if (framing.chunked != parser->coded) return refuse(parser, 400, "doubtful Transfer-Encoding");
  if (framing.length > parser->limits->body_bytes) return refuse(parser, 413, "body too large");
  if (request->upgrade_websocket && (framing.chunked || framing.length > 0)) {
    return refuse(parser, 400, "WebSocket handshake with a body");
  }
  parser->body = (size_t)framing.length;
  parser->stage = framing.chunked ? STAGE_CHUNKS : STAGE_BODY;
  if (framing.chunked) http_chunks_begin(&parser->chunks, parser->head);
  return STEP_DONE;
}

// Reads on in a chunked body.
static Step read_chunks(HttpParser *parser, char *bytes, size_t count) {
  HttpChunksLimits limits = {parser->limits->body_bytes, parser->limits->head_bytes};
  HttpChunksEvent event = http_chunks_read(&parser->chunks, bytes, count, &limits);
  if (event == HTTP_CHUNKS_MORE) return STEP_MORE;
  if (event == HTTP_CHUNKS_END) return STEP_DONE;
  if (event == HTTP_CHUNKS_LARGE) return refuse(parser, 413, "body too large");
  return refuse(parser, 400, "malformed chunk");
}

// Reads on in the body, whichever way it is framed.
static Step read_body(HttpParser *parser, char *bytes, size_t count) {
  if (parser->stage == STAGE_CHUNKS) return read_chunks(parser, bytes, count);
  return count - parser->head < parser->body ? STEP_MORE : STEP_DONE;
}

// Hands the body over and makes ready for the next request.
static void finish(HttpParser *parser, const char *bytes, HttpRequest *request, size_t *consumed) {
  bool chunked = parser->stage == STAGE_CHUNKS;
  request->body = (Str){bytes + parser->head, chunked ? parser->chunks.length : parser->body};
  *consumed = chunked ? parser->chunks.at : parser->head + parser->body;
  *parser = (HttpParser){.limits = parser->limits};
}

// Reads the head as far as it has come; STEP_DONE when it is whole and understood.
static Step read_head(HttpParser *parser, Arena *arena, const char *bytes, size_t count, RequestLine *line,
                      HttpRequest *request) {
  Step step = STEP_DONE;
  if (parser->stage == STAGE_REQUEST_LINE) step = read_request_line(parser, bytes, count, line);
  if (step == STEP_DONE) step = read_header_lines(parser, bytes, count);
  if (step == STEP_DONE) step = understand_head(parser, arena, bytes, line, request);
  if (step == STEP_DONE) step = begin_body(parser, bytes, request);
  return step;
}

HttpEvent http_parser_feed(HttpParser *parser, Arena *arena, char *bytes, size_t count, HttpRequest *request,
                           size_t *consumed) {
  *consumed = 0;
  if (parser->stage == STAGE_REFUSED) return HTTP_ERROR;
  RequestLine line = {0};
  bool head_is_new = parser->stage == STAGE_REQUEST_LINE || parser->stage == STAGE_HEADER_LINES;
  Step step = STEP_DONE;
  if (head_is_new) step = read_head(parser, arena, bytes, count, &line, request);
  if (step == STEP_DONE) {
    step = read_body(parser, bytes, count);
    bool waits = step == STEP_MORE && head_is_new && request->expects_continue && count == parser->head;
    if (waits) return HTTP_CONTINUE;
  }
  if (step == STEP_DONE && !head_is_new) step = understand_head(parser, arena, bytes, &line, request);
  if (step == STEP_REFUSED) return HTTP_ERROR;
  if (step == STEP_MORE) return HTTP_NEED_MORE;
  finish(parser, bytes, request, consumed);
  return HTTP_REQUEST;
}
