// One connection to a Redis server: TCP, TLS, the greeting, and its bytes both ways. Of one thread, which may block
// while it opens one and nowhere else. For core/redis*.c only.
#ifndef FOYER_CORE_REDIS_LINE_H
#define FOYER_CORE_REDIS_LINE_H

#include <hiredis/hiredis.h>
#include <openssl/ssl.h>

#include "core/redis_url.h"

typedef struct RedisLine RedisLine;

// Connects, signs in, chooses the database, and looks whether it is a primary, all in `limit_ms` (and what finding a
// name takes). NULL: *reason says why not, in the arena. `tls` is NULL for a URL without it.
RedisLine *redis_line_open(const RedisUrl *url, const RedisPlace *place, SSL_CTX *tls, int limit_ms, Arena *arena,
                           const char **reason);
void redis_line_close(RedisLine *line);  // NULL is allowed
int redis_line_socket(const RedisLine *line);
short redis_line_events(const RedisLine *line);  // what to poll it for
size_t redis_line_unsent(const RedisLine *line);

// Adds bytes to what is to be sent; false: no memory.
bool redis_line_add(RedisLine *line, const char *bytes, size_t count);
// Sends and takes in what goes without waiting. False: the line is dead, *reason says why (a constant or errno's
// words).
bool redis_line_turn(RedisLine *line, const char **reason);
// The next whole answer, to be freed with freeReplyObject; NULL: none yet, or, with *reason, the line is dead.
redisReply *redis_line_take(RedisLine *line, const char **reason);
// The role that an answer to HELLO tells; NULL: it tells none.
const char *redis_role_of(const redisReply *hello);

#endif
