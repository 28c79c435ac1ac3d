// What REDIS_URL says: redis://[user[:password]@]host[:port][,host[:port]...][/db], rediss:// for TLS; the parts of
// user and password may be %-encoded. For core/redis*.c only.
#ifndef FOYER_CORE_REDIS_URL_H
#define FOYER_CORE_REDIS_URL_H

#include "shared/arena.h"
#include "shared/str.h"

enum { REDIS_PLACES_MAX = 16 };

typedef struct RedisPlace {
  const char *host;  // a name or an address
  const char *port;
} RedisPlace;

// Texts live in the arena.
typedef struct RedisUrl {
  bool tls;
  const char *user;      // "default" where only a password is given
  const char *password;  // NULL: none is asked for
  int db;
  RedisPlace places[REDIS_PLACES_MAX];
  int place_count;
} RedisUrl;

// False when it is not such a text; *fault says what is wrong with it, without any part of it that may be secret.
bool redis_url_read(Arena *arena, Str text, RedisUrl *url, const char **fault);

#endif
