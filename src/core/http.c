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
#include "core/http_method.h"

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
  uint32_t body_max;      // decoded bytes that it may have
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
  Str name;  // the method's
  HttpMethod method;
  Str target;
  uint8_t minor;
  Str authority;  // of an absolute- or authority-form, without a user; else empty
} RequestLine;

// What the header lines say that matters to the connection.
typedef struct Fields {
  Str host, length;                  // the last value of each
  unsigned hosts, lengths, codings;  // how often they came
  bool chunked;                      // the last transfer coding
  bool encoded;                      // another one before it
  bool bad_coding;                   // one we do not know, or in a place where it cannot stand
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

// Looks at what has come of a line without its end: only its last byte may be the CR. A client that has sent what no
// line holds is told at once, for it may send no more.
static Step await_line_end(HttpParser *parser, const char *bytes, size_t until) {
  size_t from = parser->searched > parser->line ? parser->searched - 1 : parser->line;
  parser->searched = until;
  if (from < until && bytes[until - 1] == '\r') until--;
  if (from < until && !http_is_text((Str){bytes + from, until - from})) {
    return refuse(parser, 400, "control character in the head");
  }
  return STEP_MORE;
}

// Takes the next line of the head, without its CRLF. A head that would pass its limit is refused with `status`.
static Step next_line(HttpParser *parser, const char *bytes, size_t count, int status, Str *line) {
  size_t limit = parser->limits->head_bytes;
  size_t until = count < limit ? count : limit;
  const char *end = parser->searched < until ? memchr(bytes + parser->searched, '\n', until - parser->searched) : NULL;
  if (end == NULL) {
    Step step = await_line_end(parser, bytes, until);
    return step == STEP_REFUSED || count < limit ? step : refuse(parser, status, "head too large");
  }
  const char *start = bytes + parser->line;
  if (end == start || end[-1] != '\r') return refuse(parser, 400, "line feed without carriage return");
  *line = (Str){start, (size_t)(end - 1 - start)};
  if (!http_is_text(*line)) return refuse(parser, 400, "control character in the head");
  parser->line = parser->searched = (size_t)(end + 1 - bytes);
  return STEP_DONE;
}

// HTTP-version, of which there is none beyond HTTP/3.
static bool is_version(Str text) {
  return text.length == 8 && str_starts(text, STR("HTTP/")) && text.at[5] >= '0' && text.at[5] <= '3' &&
         text.at[6] == '.' && http_is_digits((Str){text.at + 7, 1});
}

// 1.0 and 1.1 are spoken here.
static Step read_version(HttpParser *parser, Str version, uint8_t *minor) {
  if (!is_version(version)) return refuse(parser, 400, "malformed HTTP version");
  *minor = version.at[7] == '1';
  bool spoken = version.at[5] == '1' && (version.at[7] == '0' || version.at[7] == '1');
  return spoken ? STEP_DONE : refuse(parser, 505, "HTTP version not supported");
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

// The authority in front of an absolute-form target whose scheme is cut off. A user in it is skipped as Node does:
// nothing here asks for one.
static Step cut_authority(HttpParser *parser, RequestLine *line) {
  Str *target = &line->target;
  size_t start = 0;
  size_t length = 0;
  while (length < target->length && target->at[length] != '/' && target->at[length] != '?') {
    if (target->at[length++] == '@') start = length;
  }
  line->authority = (Str){target->at + start, length - start};
  if (length == start || !http_is_host(line->authority)) {
    return refuse(parser, 400, "malformed authority in the target");
  }
  *target = (Str){target->at + length, target->length - length};
  return STEP_DONE;
}

static Step read_authority_form(HttpParser *parser, RequestLine *line) {
  if (!http_is_host(line->target) || memchr(line->target.at, ':', line->target.length) == NULL) {
    return refuse(parser, 400, "CONNECT wants host and port");
  }
  line->authority = line->target;
  return STEP_DONE;
}

// UPnP's M-SEARCH asks everybody as OPTIONS asks for everything.
static bool takes_asterisk(Str method) {
  return str_equal(method, STR("OPTIONS")) || str_equal(method, STR("M-SEARCH"));
}

// Leaves an origin-form in line->target and the authority beside it (RFC 9112 3.2). A fragment, which should have
// stayed with the client, is dropped.
static Step read_target(HttpParser *parser, RequestLine *line) {
  if (str_equal(line->name, STR("CONNECT"))) return read_authority_form(parser, line);
  Str rest = line->target;
  line->target = str_cut(&rest, '#');
  if (line->target.length > 0 && line->target.at[0] == '/') return STEP_DONE;
  if (str_equal(line->target, STR("*")) && takes_asterisk(line->name)) return STEP_DONE;
  if (!skip_scheme(&line->target)) return refuse(parser, 400, "request target of unknown form");
  return cut_authority(parser, line);
}

// method SP request-target SP HTTP-version (RFC 9112 3)
static Step cut_request_line(HttpParser *parser, Str text, RequestLine *line) {
  *line = (RequestLine){.name = str_cut(&text, ' ')};
  line->target = str_cut(&text, ' ');
  if (!http_is_token(line->name)) return refuse(parser, 400, "malformed method");
  if (!http_is_target(line->target)) return refuse(parser, 400, "malformed request target");
  Step step = read_version(parser, text, &line->minor);
  if (step != STEP_DONE) return step;
  if (!http_method_read(line->name, &line->method)) return refuse(parser, 400, "no such method");
  if (line->target.length > parser->limits->target_bytes) return refuse(parser, 414, "request target too long");
  return read_target(parser, line);
}

// Looks at the version in a request line that lacks its end, as far as the head may reach.
static bool foresees_bad_version(const HttpParser *parser, const char *bytes, size_t count) {
  enum { VERSION_BYTES = 8 };
  size_t until = count < parser->limits->head_bytes ? count : parser->limits->head_bytes;
  Str text = {bytes + parser->line, until - parser->line};
  str_cut(&text, ' ');
  str_cut(&text, ' ');
  return text.length >= VERSION_BYTES && !is_version((Str){text.at, VERSION_BYTES});
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
    if (step != STEP_DONE && foresees_bad_version(parser, bytes, count)) {
      return refuse(parser, 400, "malformed HTTP version");
    }
    if (step != STEP_DONE) return step;
  }
  parser->header_lines = parser->line;
  parser->stage = STAGE_HEADER_LINES;
  return cut_request_line(parser, text, line);
}

// Counts header lines up to the empty one behind them.
static Step read_header_lines(HttpParser *parser, const char *bytes, size_t count) {
  for (;;) {
    bool blank = parser->line < count && (bytes[parser->line] == ' ' || bytes[parser->line] == '\t');
    if (blank) return refuse(parser, 400, "folded header line");
    Str text = {0};
    Step step = next_line(parser, bytes, count, 431, &text);
    if (step != STEP_DONE) return step;
    if (text.length == 0) break;
    if (++parser->header_count > parser->limits->headers) return refuse(parser, 431, "too many header lines");
  }
  parser->head = parser->line;
  return STEP_DONE;
}

// Cuts the header lines that have come at their colons.
static Step cut_headers(HttpParser *parser, Arena *arena, const char *bytes, HttpHeader **headers) {
  *headers = ARENA_ARRAY(arena, HttpHeader, parser->header_count);
  Str rest = {bytes + parser->header_lines, parser->line - parser->header_lines};
  for (uint32_t i = 0; i < parser->header_count; i++) {
    Str line = str_cut(&rest, '\n');
    const char *colon = memchr(line.at, ':', line.length);
    if (colon == NULL) return refuse(parser, 400, "header line without a colon");
    HttpHeader *header = &(*headers)[i];
    header->name = (Str){line.at, (size_t)(colon - line.at)};
    if (!http_is_token(header->name)) return refuse(parser, 400, "malformed header name");
    header->value = http_trim((Str){colon + 1, (size_t)(line.at + line.length - 1 - (colon + 1))});
  }
  return STEP_DONE;
}

static void read_connection(Str options, Fields *fields) {
  fields->close |= http_has_token(options, "close");
  fields->keep_alive |= http_has_token(options, "keep-alive");
  fields->upgrade |= http_has_token(options, "upgrade");
}

// One line of Transfer-Encoding. Codings before chunked are known by name and not undone (RFC 9112 7).
static void read_codings(Str list, Fields *fields) {
  static const Str known[] = {{"gzip", 4}, {"deflate", 7}, {"compress", 8}, {"x-gzip", 6}, {"x-compress", 10}};
  fields->codings++;
  fields->bad_coding |= list.length == 0 || list.at[list.length - 1] == ',';
  while (list.length > 0) {
    Str coding = http_trim(str_cut(&list, ','));
    size_t i = 0;
    while (i < sizeof known / sizeof known[0] && !str_equal_nocase(coding, known[i])) i++;
    fields->bad_coding |= fields->chunked;  // nothing comes behind it
    fields->chunked = str_equal_nocase(coding, STR("chunked"));
    fields->encoded |= !fields->chunked;
    fields->bad_coding |= !fields->chunked && i == sizeof known / sizeof known[0];
  }
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
    read_codings(header->value, fields);
  }
}

// Exactly one Host in HTTP/1.1 (RFC 9112 3.2).
static Step check_host(HttpParser *parser, const RequestLine *line, const Fields *fields) {
  if (fields->hosts == 0) return line->minor == 0 ? STEP_DONE : refuse(parser, 400, "no Host");
  return http_is_host(fields->host) ? STEP_DONE : refuse(parser, 400, "malformed Host");
}

// What further header lines cannot mend.
static Step check_repetition(HttpParser *parser, const Fields *fields) {
  if (fields->hosts > 1) return refuse(parser, 400, "repeated Host");
  if (fields->lengths > 1) return refuse(parser, 400, "repeated Content-Length");
  if (fields->lengths == 1 && !http_is_length(fields->length)) return refuse(parser, 400, "malformed Content-Length");
  if (fields->lengths > 0 && fields->codings > 0) return refuse(parser, 400, "Content-Length and Transfer-Encoding");
  return STEP_DONE;
}

// One way to tell the length of the body and no doubt about it (RFC 9112 6.3).
static Step check_coding(HttpParser *parser, const RequestLine *line, const Fields *fields) {
  if (fields->codings == 0) return STEP_DONE;
  if (line->minor == 0) return refuse(parser, 400, "Transfer-Encoding in HTTP/1.0");
  bool plain = fields->chunked && !fields->bad_coding;
  return plain ? STEP_DONE : refuse(parser, 400, "Transfer-Encoding that does not end in chunked, or unknown");
}

// Fills in what the request line says.
static void describe_line(Arena *arena, const RequestLine *line, HttpRequest *request) {
  request->method_name = line->name;
  request->method = line->method;
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
  bool connect = str_equal(line->name, STR("CONNECT"));
  request->keep_alive = !fields->close && !connect && (line->minor == 1 || fields->keep_alive);
  request->expects_continue = fields->expects_continue && line->minor == 1;
  request->encoded = fields->encoded;
  request->upgrade_websocket = request->method == HTTP_GET && line->minor == 1 && fields->upgrade && fields->websocket;
}

// Reads the header lines that have come; refuses what no further line can mend.
static Step read_fields(HttpParser *parser, Arena *arena, const char *bytes, HttpHeader **headers, Fields *fields) {
  *fields = (Fields){0};
  Step step = cut_headers(parser, arena, bytes, headers);
  if (step != STEP_DONE) return step;
  for (uint32_t i = 0; i < parser->header_count; i++) read_field(&(*headers)[i], fields);
  return check_repetition(parser, fields);
}

// The authority of the target counts and Host does not (RFC 9112 3.2.2): from here on there is one of them.
static void adopt_authority(HttpHeader *headers, uint32_t count, Str authority) {
  for (uint32_t i = 0; i < count; i++) {
    if (str_equal_nocase(headers[i].name, STR("Host"))) headers[i].value = authority;
  }
}

// Understands a whole head. `line` is empty when it was cut in an earlier feed.
static Step understand_head(HttpParser *parser, Arena *arena, const char *bytes, RequestLine *line,
                            HttpRequest *request) {
  if (line->name.length == 0) {
    size_t length = parser->header_lines - 2 - parser->request_line;
    Step step = cut_request_line(parser, (Str){bytes + parser->request_line, length}, line);
    if (step != STEP_DONE) return step;
  }
  *request = (HttpRequest){0};
  describe_line(arena, line, request);
  HttpHeader *headers;
  Fields fields;
  Step step = read_fields(parser, arena, bytes, &headers, &fields);
  if (step == STEP_DONE) step = check_host(parser, line, &fields);
  if (step == STEP_DONE) step = check_coding(parser, line, &fields);
  if (step != STEP_DONE) return step;
  if (line->authority.length > 0) adopt_authority(headers, parser->header_count, line->authority);
  request->headers = headers;
  request->header_count = parser->header_count;
  describe_connection(line, &fields, request);
  parser->coded = fields.codings > 0;
  return step;
}

static uint32_t body_max(const HttpLimits *limits, Str path) {
  bool large = limits->large_path != NULL && str_starts(path, str_from(limits->large_path));
  return large ? limits->large_body_bytes : limits->body_bytes;
}

// Chooses how the body is read. llhttp and check_length must have understood the same.
static Step begin_body(HttpParser *parser, const char *bytes, const HttpRequest *request) {
  HttpFraming framing;
  const char *fault =
      http_framing_read((Str){bytes + parser->header_lines, parser->head - parser->header_lines}, &framing);
  if (fault != NULL) return refuse(parser, 400, fault);
  if (framing.chunked != parser->coded) return refuse(parser, 400, "doubtful Transfer-Encoding");
  parser->body_max = body_max(parser->limits, request->path);
  if (framing.length > parser->body_max) return refuse(parser, 413, "body too large");
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
  HttpChunksLimits limits = {parser->body_max, parser->limits->head_bytes};
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

// Reads header lines. Those of a head that is not whole are looked at as they come; also before one that is refused for
// its size, so that the pieces in which it comes make no difference.
static Step read_lines_so_far(HttpParser *parser, Arena *arena, const char *bytes, size_t count) {
  HttpHeader *headers;
  Fields fields;
  uint32_t before = parser->header_count;
  Step step = read_header_lines(parser, bytes, count);
  if (step == STEP_DONE || parser->header_count == before) return step;
  return read_fields(parser, arena, bytes, &headers, &fields) == STEP_DONE ? step : STEP_REFUSED;
}

// Reads the head as far as it has come; STEP_DONE when it is whole and understood.
static Step read_head(HttpParser *parser, Arena *arena, const char *bytes, size_t count, RequestLine *line,
                      HttpRequest *request) {
  Step step = STEP_DONE;
  if (parser->stage == STAGE_REQUEST_LINE) step = read_request_line(parser, bytes, count, line);
  if (step == STEP_DONE) step = read_lines_so_far(parser, arena, bytes, count);
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
