// A Redis server of a test's own, of the distribution's package, on a free port.
#ifndef FOYER_TESTS_SUPPORT_REDIS_SERVER_H
#define FOYER_TESTS_SUPPORT_REDIS_SERVER_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <sys/types.h>

typedef struct RedisServer {
  int port;
  pid_t pid;
  char password[32];  // empty: none
} RedisServer;

// Starts one and waits until it answers; `port` 0: a free one. With a port that it had before, it comes back empty.
RedisServer redis_server_start(int port, const char *password);
void redis_server_stop(RedisServer *server);  // SIGKILL; once or more
void redis_server_signal(const RedisServer *server, int number);
// The answer to a command, to be freed with freeReplyObject.
redisReply *redis_server_ask(const RedisServer *server, const char *format, ...);

#endif
