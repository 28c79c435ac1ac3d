// What is asked of a request once it is read (headers, cookies, query), and the heads of responses. Pure; any thread.
#include <string.h>

#include "core/http.h"
#include "core/http_bytes.h"
#include "shared/time.h"

Str http_header(const HttpRequest *request, const char *name) {
  Str wanted = str_from(name);
  for (uint32_t i = 0; i < request->header_count; i++) {
    if (str_equal_nocase(request->headers[i].name, wanted)) return request->headers[i].value;
  }
  return (Str){0};
}

Str http_last_header(const HttpRequest *request, const char *name) {
  Str wanted = str_from(name);
  for (uint32_t i = request->header_count; i > 0; i--) {
    if (str_equal_nocase(request->headers[i - 1].name, wanted)) return request->headers[i - 1].value;
  }
  return (Str){0};
}

bool http_has_token(Str list, const char *token) {
  Str wanted = str_from(token);
  while (list.length > 0) {
    if (str_equal_nocase(http_trim(str_cut(&list, ',')), wanted)) return true;
  }
  return false;
}

// Looks in one Cookie line (RFC 6265 4.2.1).
static bool find_cookie(Str line, Str name, Str *value) {
  while (line.length > 0) {
    Str pair = http_trim(str_cut(&line, ';'));
    if (!str_equal(http_trim(str_cut(&pair, '=')), name)) continue;
    *value = http_trim(pair);
    return true;
  }
  return false;
}

Str http_cookie(const HttpRequest *request, const char *name) {
  Str value = {0};
  for (uint32_t i = 0; i < request->header_count; i++) {
    const HttpHeader *header = &request->headers[i];
    if (!str_equal_nocase(header->name, STR("Cookie"))) continue;
    if (find_cookie(header->value, str_from(name), &value)) break;
  }
  return value;
}

// True for a quality above zero: "1", "0.5", not "0.000" (RFC 9110 12.4.2). Empty means 1.
static bool is_wanted(Str weight) {
  if (weight.length == 0) return true;
  Str mark = http_trim(str_cut(&weight, '='));
  if (!str_equal_nocase(mark, STR("q"))) return true;
  Str fraction = http_trim(weight);
  Str whole = str_cut(&fraction, '.');
  if (whole.length != 1 || (whole.at[0] != '0' && whole.at[0] != '1')) return false;
  if (fraction.length > 3 || (fraction.length > 0 && !http_is_digits(fraction))) return false;
  bool above = whole.at[0] == '1';
  for (size_t i = 0; i < fraction.length; i++) {
    if (above && fraction.at[i] != '0') return false;  // more than 1
    if (whole.at[0] == '0') above |= fraction.at[i] != '0';
  }
  return above;
}

// What Accept-Encoding says of gzip.
typedef struct Codings {
  bool gzip_named, gzip_wanted, others_wanted;
} Codings;

static void read_codings(Str list, Codings *codings) {
  while (list.length > 0) {
    Str weight = str_cut(&list, ',');
    Str coding = http_trim(str_cut(&weight, ';'));
    bool wanted = is_wanted(http_trim(weight));
    if (str_equal_nocase(coding, STR("gzip")) || str_equal_nocase(coding, STR("x-gzip"))) {
      codings->gzip_named = true;
      codings->gzip_wanted = wanted;
    } else if (str_equal(coding, STR("*"))) {
      codings->others_wanted = wanted;
    }
  }
}

bool http_accepts_gzip(const HttpRequest *request) {
  Codings codings = {0};
  for (uint32_t i = 0; i < request->header_count; i++) {
    const HttpHeader *header = &request->headers[i];
    if (str_equal_nocase(header->name, STR("Accept-Encoding"))) read_codings(header->value, &codings);
  }
  return codings.gzip_named ? codings.gzip_wanted : codings.others_wanted;
}

// The statuses that we send or pass on (RFC 9110 15).
static const struct {
  int status;
  const char *phrase;
} phrases[] = {
    {200, "OK"},
    {101, "Switching Protocols"},
    {100, "Continue"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

const char *http_reason_phrase(int status) {
  for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++) {
    if (phrases[i].status == status) return phrases[i].phrase;
  }
  return "Unknown";
}

// A response of such a status never has a Content-Length of ours (RFC 9110 8.6); 304 would have to name the length of
// what was not sent.
static bool has_content_length(int status) {
  return status >= 200 && status != 204 && status != 304;
}

void http_write_head(Text *out, int status, Str content_type, size_t body_bytes, bool keep_alive, int64_t now_ms,
                     Str extra) {
  char date[TIME_HTTP_BYTES];
  time_http(now_ms, date);
  text_reserve(out, 192 + content_type.length + extra.length);
  text_add(out, STR("HTTP/1.1 "));
  text_int(out, status);
  text_char(out, ' ');
  text_add(out, str_from(http_reason_phrase(status)));
  text_add(out, STR("\r\nDate: "));
  text_add(out, (Str){date, sizeof date});
  if (has_content_length(status)) {
    text_add(out, STR("\r\nContent-Length: "));
    text_int(out, (int64_t)body_bytes);
  }
  if (content_type.length > 0) {
    text_add(out, STR("\r\nContent-Type: "));
    text_add(out, content_type);
  }
  if (!keep_alive) text_add(out, STR("\r\nConnection: close"));
  text_add(out, STR("\r\n"));
  text_add(out, extra);
  text_add(out, STR("\r\n"));
}
