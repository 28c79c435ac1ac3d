// Which pages may talk to us.
#include "controllers/origin.h"

// "http://localhost:3000" -> "localhost:3000"; empty when it is no http origin.
static Str host_of(Str origin) {
  Str scheme = str_starts(origin, STR("https://")) ? STR("https://") : STR("http://");
  if (!str_starts(origin, scheme)) return (Str){0};
  Str rest = {origin.at + scheme.length, origin.length - scheme.length};
  return str_cut(&rest, '/');
}

static bool is_local(Str host) {
  Str name = str_cut(&host, ':');
  return str_equal(name, STR("localhost")) || str_equal(name, STR("127.0.0.1"));
}

static bool is_listed(Str list, Str origin) {
  while (list.length > 0) {
    Str item = str_trim(str_cut(&list, ','));
    if (item.length > 0 && str_equal_nocase(item, origin)) return true;
  }
  return false;
}

static bool is_public_url(Str public_url, Str origin) {
  if (public_url.length < origin.length || origin.length == 0) return false;
  bool ends = public_url.length == origin.length || public_url.at[origin.length] == '/';
  return ends && str_equal_nocase((Str){public_url.at, origin.length}, origin);
}

Origin origin_of(const Config *config, const HttpRequest *request) {
  Str origin = http_header(request, "Origin");
  if (origin.length == 0) return ORIGIN_NONE;
  Str host = host_of(origin);
  if (host.length == 0) return ORIGIN_FOREIGN;
  bool own = str_equal_nocase(host, http_header(request, "Host"));
  bool allowed = own || (config->demo && is_local(host)) || is_listed(config->allowed_origins, origin) ||
                 is_public_url(config->public_url, origin);
  return allowed ? ORIGIN_ALLOWED : ORIGIN_FOREIGN;
}

static void add_allowed(Text *headers, const HttpRequest *request) {
  text_add(headers, STR("Access-Control-Allow-Origin: "));
  text_add(headers, http_header(request, "Origin"));
  text_add(headers, STR("\r\nAccess-Control-Allow-Credentials: true\r\nVary: Origin\r\n"));
}

void origin_add_seats_headers(Text *headers, const Config *config, const HttpRequest *request) {
  if (origin_of(config, request) != ORIGIN_ALLOWED) return;
  add_allowed(headers, request);
  text_add(headers, STR("Access-Control-Expose-Headers: Set-Cookie\r\n"));
}

void origin_add_open_headers(Text *headers, const Config *config, const HttpRequest *request) {
  if (origin_of(config, request) == ORIGIN_ALLOWED) {
    add_allowed(headers, request);
  } else {
    text_add(headers, STR("Access-Control-Allow-Origin: *\r\n"));
  }
}
