// The server is a child of the test and dies with it.
#include "support/redis_server.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static int free_port(void) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof at;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &length), 0);
  close(fd);
  return ntohs(at.sin_port);
}

static void become_server(int port, const char *password) {
  char digits[16];
  snprintf(digits, sizeof digits, "%d", port);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  if (freopen("/dev/null", "w", stdout) == NULL) _exit(1);
  execlp("redis-server", "redis-server", "--port", digits, "--bind", "127.0.0.1", "--save", "", "--dir", "/tmp",
         "--repl-diskless-sync-delay", "0", "--requirepass", password, (char *)NULL);
  _exit(1);
}

static redisContext *connect_to(const RedisServer *server) {
  redisContext *context = redisConnect("127.0.0.1", server->port);
  if (context != NULL && context->err == 0) {
    redisReply *reply = server->password[0] == '\0' ? redisCommand(context, "PING")
                                                    : redisCommand(context, "AUTH %s", server->password);
    bool good = reply != NULL && reply->type == REDIS_REPLY_STATUS;
    if (reply != NULL) freeReplyObject(reply);
    if (good) return context;
  }
  if (context != NULL) redisFree(context);
  return NULL;
}

// Somebody else may take the port before the server does: then it ends, and the next one is tried.
RedisServer redis_server_start(int port, const char *password) {
  enum { TRIES = 3000, EACH_MS = 10 };
  RedisServer server = {0};
  snprintf(server.password, sizeof server.password, "%s", password);
  for (int i = 0; i < TRIES; i++) {
    if (server.pid == 0) {
      server.port = port != 0 ? port : free_port();
      server.pid = fork();
      if (server.pid == 0) become_server(server.port, password);
    }
    redisContext *context = connect_to(&server);
    if (context != NULL) {
      redisFree(context);
      return server;
    }
    if (waitpid(server.pid, NULL, WNOHANG) == server.pid) server.pid = 0;
    usleep(EACH_MS * 1000);
  }
  fail_msg("redis-server does not start");
  return server;
}

void redis_server_stop(RedisServer *server) {
  if (server->pid == 0) return;
  kill(server->pid, SIGKILL);
  waitpid(server->pid, NULL, 0);
  server->pid = 0;
}

void redis_server_signal(const RedisServer *server, int number) {
  assert_int_equal(kill(server->pid, number), 0);
}

redisReply *redis_server_ask(const RedisServer *server, const char *format, ...) {
  redisContext *context = connect_to(server);
  assert_non_null(context);
  va_list values;
  va_start(values, format);
  redisReply *reply = redisvCommand(context, format, values);
  va_end(values);
  assert_non_null(reply);
  redisFree(context);
  return reply;
}
