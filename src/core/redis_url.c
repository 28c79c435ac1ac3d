// Reading REDIS_URL, from left to right.
#include "core/redis_url.h"

#include <string.h>

static int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = (char)(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// A C string in the arena; NULL when something behind a % is no hexadecimal number, or a zero.
static const char *decode(Arena *arena, Str text) {
  Text out = {.arena = arena};
  for (size_t i = 0; i < text.length; i++) {
    char c = text.at[i];
    if (c == '%') {
      int high = i + 2 < text.length ? digit_of(text.at[i + 1]) : -1;
      int low = i + 2 < text.length ? digit_of(text.at[i + 2]) : -1;
      if (high < 0 || low < 0 || high + low == 0) return NULL;
      c = (char)(high << 4 | low);
      i += 2;
    }
    text_char(&out, c);
  }
  return str_zero(arena, text_str(&out));
}

static bool read_who(Arena *arena, Str who, RedisUrl *url) {
  const char *colon = who.length > 0 ? memchr(who.at, ':', who.length) : NULL;
  Str user = str_cut(&who, ':');
  url->user = user.length > 0 ? decode(arena, user) : "default";
  url->password = colon != NULL ? decode(arena, who) : "";
  return url->user != NULL && url->password != NULL;
}

// host, host:port, [::1] or [::1]:port
static bool read_place(Arena *arena, Str text, RedisPlace *place) {
  Str host;
  Str port = {0};
  if (str_starts(text, STR("["))) {
    text = (Str){text.at + 1, text.length - 1};
    host = str_cut(&text, ']');
    if (text.length > 0 && text.at[0] != ':') return false;
    if (text.length > 0) port = (Str){text.at + 1, text.length - 1};
  } else {
    port = text;
    host = str_cut(&port, ':');
  }
  int64_t number = 6379;
  if (port.length > 0 && (!str_to_int(port, &number) || number < 1 || number > 65535)) return false;
  Text digits = {.arena = arena};
  text_int(&digits, number);
  *place = (RedisPlace){str_zero(arena, host), str_zero(arena, text_str(&digits))};
  return host.length > 0;
}

static const char *read_places(Arena *arena, Str text, RedisUrl *url) {
  while (text.length > 0) {
    if (url->place_count == REDIS_PLACES_MAX) return "has too many addresses";
    Str one = str_cut(&text, ',');
    if (!read_place(arena, one, &url->places[url->place_count++])) return "has an address that is no host:port";
  }
  return url->place_count > 0 ? NULL : "has no address";
}

// Where the last `c` stands; the length when there is none.
static size_t last_of(Str text, char c) {
  for (size_t i = text.length; i > 0; i--) {
    if (text.at[i - 1] == c) return i - 1;
  }
  return text.length;
}

static const char *read_all(Arena *arena, Str text, RedisUrl *url) {
  int64_t db = 0;
  url->tls = str_starts(text, STR("rediss://"));
  if (!url->tls && !str_starts(text, STR("redis://"))) return "must begin with redis:// or rediss://";
  size_t scheme = url->tls ? 9 : 8;
  text = (Str){text.at + scheme, text.length - scheme};
  size_t at = last_of(text, '@');
  if (at < text.length) {
    if (!read_who(arena, (Str){text.at, at}, url)) return "has a user or a password that is not %-encoded";
    text = (Str){text.at + at + 1, text.length - at - 1};
  }
  Str places = str_cut(&text, '/');
  if (text.length > 0 && (!str_to_int(text, &db) || db < 0 || db > 9999))
    return "has something other than a number behind its addresses";
  url->db = (int)db;
  return read_places(arena, places, url);
}

bool redis_url_read(Arena *arena, Str text, RedisUrl *url, const char **fault) {
  *url = (RedisUrl){0};
  *fault = read_all(arena, text, url);
  return *fault == NULL;
}
