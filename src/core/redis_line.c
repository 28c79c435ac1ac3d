// Bytes to and from a Redis server. hiredis reads the protocol; sockets, time limits and TLS are ours (Debian 12's
// hiredis has no TLS).
#include "core/redis_line.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

struct RedisLine {
  int socket;
  SSL *tls;              // NULL: none
  bool tls_wants_write;  // reading waits until something can be written
  redisReader *reader;
  char *out;
  size_t out_length;
  size_t out_sent;
  size_t out_capacity;
};

static bool wait_for(int socket, short events, uint64_t until_ns) {
  uint64_t now_ns = uv_hrtime();
  if (now_ns >= until_ns) return false;
  struct pollfd waited = {.fd = socket, .events = events};
  return poll(&waited, 1, (int)((until_ns - now_ns) / 1000000) + 1) > 0;
}

// Connecting.

static int connect_one(const struct addrinfo *to, uint64_t until_ns, const char **reason) {
  int fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int one = 1;
  int error = 0;
  socklen_t length = sizeof error;
  if (fd < 0) {
    *reason = strerror(errno);
    return -1;
  }
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(fd, to->ai_addr, to->ai_addrlen) != 0) error = errno;
  if (error == EINPROGRESS) {
    error = wait_for(fd, POLLOUT, until_ns) ? 0 : ETIMEDOUT;
    if (error == 0) getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
  }
  if (error == 0) return fd;
  *reason = strerror(error);
  close(fd);
  return -1;
}

static int connect_to(const RedisPlace *place, uint64_t until_ns, const char **reason) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
  struct addrinfo *found = NULL;
  int error = getaddrinfo(place->host, place->port, &hints, &found);
  int fd = -1;
  if (error != 0) *reason = gai_strerror(error);
  for (const struct addrinfo *to = found; fd < 0 && to != NULL; to = to->ai_next)
    fd = connect_one(to, until_ns, reason);
  if (found != NULL) freeaddrinfo(found);
  return fd;
}

// The last thing that OpenSSL says of this thread.
static const char *tls_reason(Arena *arena) {
  unsigned long error = ERR_peek_last_error();
  ERR_clear_error();
  const char *words = error != 0 ? ERR_reason_error_string(error) : NULL;
  return str_zero(arena, str_from(words != NULL ? words : "TLS was not agreed on"));
}

static bool begin_tls(RedisLine *line, SSL_CTX *context, const char *host, uint64_t until_ns, Arena *arena,
                      const char **reason) {
  line->tls = SSL_new(context);
  if (line->tls == NULL || SSL_set_fd(line->tls, line->socket) != 1) return false;
  // An address is looked for among the certificate's addresses, a name among its names, and only a name is sent.
  bool is_address = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(line->tls), host) == 1;
  if (!is_address &&
      (SSL_set1_host(line->tls, host) != 1 || SSL_set_tlsext_host_name(line->tls, (char *)(uintptr_t)host) != 1))
    return false;
  for (;;) {
    int done = SSL_connect(line->tls);
    if (done == 1) return true;
    int error = SSL_get_error(line->tls, done);
    bool waits = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
    if (waits && wait_for(line->socket, error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, until_ns)) continue;
    long verified = SSL_get_verify_result(line->tls);
    *reason = waits                   ? "TLS was not agreed on in time"
              : verified != X509_V_OK ? X509_verify_cert_error_string(verified)
                                      : tls_reason(arena);
    ERR_clear_error();
    return false;
  }
}

void redis_line_close(RedisLine *line) {
  if (line == NULL) return;
  SSL_free(line->tls);
  if (line->socket >= 0) close(line->socket);
  if (line->reader != NULL) redisReaderFree(line->reader);
  free(line->out);
  free(line);
}

// Bytes.

int redis_line_socket(const RedisLine *line) {
  return line->socket;
}

size_t redis_line_unsent(const RedisLine *line) {
  return line->out_length - line->out_sent;
}

short redis_line_events(const RedisLine *line) {
  return redis_line_unsent(line) > 0 || line->tls_wants_write ? POLLIN | POLLOUT : POLLIN;
}

bool redis_line_add(RedisLine *line, const char *bytes, size_t count) {
  if (line->out_sent == line->out_length) line->out_sent = line->out_length = 0;
  if (line->out_capacity - line->out_length < count) {
    size_t capacity = line->out_capacity * 2 + count + 4096;
    char *out = realloc(line->out, capacity);
    if (out == NULL) return false;
    line->out = out;
    line->out_capacity = capacity;
  }
  memcpy(line->out + line->out_length, bytes, count);
  line->out_length += count;
  return true;
}

// How many bytes went; 0: none now; negative: never again.
static ssize_t put(RedisLine *line, const char *bytes, size_t count) {
  if (line->tls == NULL) {
    ssize_t sent = send(line->socket, bytes, count, MSG_NOSIGNAL);
    return sent < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : sent;
  }
  int sent = SSL_write(line->tls, bytes, count > INT32_MAX ? INT32_MAX : (int)count);
  if (sent > 0) return sent;
  int error = SSL_get_error(line->tls, sent);
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

static ssize_t get(RedisLine *line, char *bytes, size_t count) {
  if (line->tls == NULL) {
    ssize_t got = recv(line->socket, bytes, count, 0);
    if (got == 0) errno = ECONNRESET;
    return got > 0 ? got : got < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
  }
  line->tls_wants_write = false;
  int got = SSL_read(line->tls, bytes, (int)count);
  if (got > 0) return got;
  int error = SSL_get_error(line->tls, got);
  line->tls_wants_write = error == SSL_ERROR_WANT_WRITE;
  if (error == SSL_ERROR_ZERO_RETURN) errno = ECONNRESET;
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

bool redis_line_turn(RedisLine *line, const char **reason) {
  char bytes[16 * 1024];
  errno = 0;
  while (redis_line_unsent(line) > 0) {
    ssize_t sent = put(line, line->out + line->out_sent, redis_line_unsent(line));
    if (sent == 0) break;
    if (sent > 0) line->out_sent += (size_t)sent;
    if (sent < 0) goto dead;
  }
  for (;;) {
    ssize_t got = get(line, bytes, sizeof bytes);
    if (got == 0) return true;
    if (got < 0) goto dead;
    if (redisReaderFeed(line->reader, bytes, (size_t)got) != REDIS_OK) break;
  }
dead:
  *reason = errno != 0 ? strerror(errno) : "the line is broken";
  ERR_clear_error();
  return false;
}

redisReply *redis_line_take(RedisLine *line, const char **reason) {
  void *reply = NULL;
  if (redisReaderGetReply(line->reader, &reply) != REDIS_OK) *reason = "what came is no answer of Redis";
  return reply;
}

// The greeting.

const char *redis_role_of(const redisReply *hello) {
  for (size_t i = 0; hello->type == REDIS_REPLY_ARRAY && i + 1 < hello->elements; i += 2) {
    const redisReply *name = hello->element[i];
    const redisReply *value = hello->element[i + 1];
    if (name->type != REDIS_REPLY_STRING || value->type != REDIS_REPLY_STRING) continue;
    if (strcmp(name->str, "role") == 0) return value->str;
  }
  return NULL;
}

// Sends a command (whose bytes it frees) and waits for its answer. NULL: none came in time.
static redisReply *ask(RedisLine *line, char *command, int bytes, uint64_t until_ns, const char **reason) {
  redisReply *reply = NULL;
  bool alive = bytes > 0 && redis_line_add(line, command, (size_t)bytes);
  if (bytes > 0) redisFreeCommand(command);
  *reason = "no answer in time";
  while (alive && reply == NULL) {
    alive = redis_line_turn(line, reason);
    if (alive) reply = redis_line_take(line, reason);
    if (alive && reply == NULL) alive = wait_for(line->socket, redis_line_events(line), until_ns);
  }
  return reply;
}

// What is wrong with an answer; NULL: nothing. Who does not know HELLO repeats its words, the password among them.
static const char *fault_of(const redisReply *reply, bool hello, Arena *arena) {
  if (reply->type == REDIS_REPLY_ERROR && strstr(reply->str, "unknown command") != NULL)
    return "it does not know HELLO: Redis 6.2 or later is needed";
  if (reply->type == REDIS_REPLY_ERROR) return str_zero(arena, (Str){reply->str, reply->len});
  const char *role = hello ? redis_role_of(reply) : NULL;
  return role != NULL && strcmp(role, "master") != 0 ? "it is a replica, not a primary" : NULL;
}

// HELLO (Redis 6) signs in and tells the role at once.
static bool greet(RedisLine *line, const RedisUrl *url, uint64_t until_ns, Arena *arena, const char **reason) {
  char *command = NULL;
  int bytes = url->password != NULL ? redisFormatCommand(&command, "HELLO 2 AUTH %s %s", url->user, url->password)
                                    : redisFormatCommand(&command, "HELLO 2");
  redisReply *reply = ask(line, command, bytes, until_ns, reason);
  if (reply == NULL) return false;
  *reason = fault_of(reply, true, arena);
  freeReplyObject(reply);
  if (*reason != NULL || url->db == 0) return *reason == NULL;
  bytes = redisFormatCommand(&command, "SELECT %d", url->db);
  reply = ask(line, command, bytes, until_ns, reason);
  if (reply == NULL) return false;
  *reason = fault_of(reply, false, arena);
  freeReplyObject(reply);
  return *reason == NULL;
}

RedisLine *redis_line_open(const RedisUrl *url, const RedisPlace *place, SSL_CTX *tls, int limit_ms, Arena *arena,
                           const char **reason) {
  uint64_t until_ns = uv_hrtime() + (uint64_t)limit_ms * 1000000;
  RedisLine *line = calloc(1, sizeof *line);
  *reason = "no memory";
  if (line == NULL) return NULL;
  line->reader = redisReaderCreate();
  line->socket = connect_to(place, until_ns, reason);
  if (line->reader != NULL && line->socket >= 0 &&
      (tls == NULL || begin_tls(line, tls, place->host, until_ns, arena, reason)) &&
      greet(line, url, until_ns, arena, reason))
    return line;
  redis_line_close(line);
  return NULL;
}
