// Listening sockets: every loop has its own on the same port (SO_REUSEPORT), and the kernel shares connections out.
#include "core/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/conn.h"
#include "core/log.h"

enum { BACKLOG = 4096, ACCEPTS_A_TURN = 256 };

typedef struct Listener {
  uv_poll_t poll;
  struct Listener *next;
  Loop *loop;
  int fd;
  int spare_fd;  // given up to accept and refuse a connection when descriptors are out
} Listener;

static int open_spare(void) {
  return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static bool parse_address(const char *address, int port, struct sockaddr_storage *out, socklen_t *length) {
  memset(out, 0, sizeof *out);
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
  struct sockaddr_in *v4 = (struct sockaddr_in *)out;
  if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons((uint16_t)port);
    *length = sizeof *v4;
    return true;
  }
  if (inet_pton(AF_INET6, address, &v6->sin6_addr) != 1) return false;
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons((uint16_t)port);
  *length = sizeof *v6;
  return true;
}

// `shared`: beside other loops' sockets on the same port. -1 and errno when it cannot be had.
static int open_socket(const struct sockaddr_storage *address, socklen_t length, bool shared) {
  int fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  int on = 1;
  int off = 0;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (shared) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // inherited by what is accepted
  if (address->ss_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (bind(fd, (const struct sockaddr *)address, length) == 0 && listen(fd, BACKLOG) == 0) return fd;
  int saved = errno;
  close(fd);
  errno = saved;
  return -1;
}

// Loops share their port, and the kernel would let another process of ours join in: the first socket asks without
// sharing whether somebody listens there.
static int open_first(const struct sockaddr_storage *address, socklen_t length) {
  int alone = open_socket(address, length, false);
  if (alone < 0) return -1;
  close(alone);
  return open_socket(address, length, true);
}

static int port_of(int fd) {
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  } bound = {0};
  socklen_t length = sizeof bound;
  if (getsockname(fd, &bound.any, &length) != 0) return 0;
  return ntohs(bound.any.sa_family == AF_INET6 ? bound.v6.sin6_port : bound.v4.sin_port);
}

bool loop_listen(Loop *loop, const char *address, int port, int *bound_port) {
  struct sockaddr_storage parsed;
  socklen_t length;
  if (!parse_address(address, port, &parsed, &length)) {
    log_error("listener: not an IPv4 or IPv6 address", "address=%s", address);
    return false;
  }
  int fd = loop->number == 0 ? open_first(&parsed, length) : open_socket(&parsed, length, true);
  if (fd < 0) {
    log_error("listener: cannot listen", "address=%s port=%d reason=\"%s\"", address, port, strerror(errno));
    return false;
  }
  Listener *listener = calloc(1, sizeof *listener);
  if (listener == NULL) {
    close(fd);
    return false;
  }
  *listener = (Listener){.next = loop->listeners, .loop = loop, .fd = fd, .spare_fd = open_spare()};
  loop->listeners = listener;
  uv_poll_init(&loop->uv, &listener->poll, fd);
  listener->poll.data = listener;
  if (bound_port != NULL) *bound_port = port_of(fd);
  return true;
}

// Out of descriptors: without this the pending connection would wake the loop for ever.
static void refuse_one(Listener *listener) {
  static _Thread_local uint64_t logged_ms;
  if (listener->loop->tick_ms - logged_ms > 1000) {
    logged_ms = listener->loop->tick_ms;
    log_warn("listener: out of descriptors, connections are refused", "connections=%u", listener->loop->conn_count);
  }
  close(listener->spare_fd);
  int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
  if (fd >= 0) {
    figure_add(&listener->loop->figures.refused, 1);
    close(fd);
  }
  listener->spare_fd = open_spare();
}

// Under one lock with the other loops, or one of them would take the descriptor that another has given up to refuse
// with. -1 and errno when there is none.
static int accept_one(Listener *listener) {
  static pthread_mutex_t accepting = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&accepting);
  if (listener->spare_fd < 0) listener->spare_fd = open_spare();
  int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  int fault = errno;
  if (fd < 0 && (fault == EMFILE || fault == ENFILE)) refuse_one(listener);
  pthread_mutex_unlock(&accepting);
  errno = fault;
  return fd;
}

static void on_connection(uv_poll_t *poll, int status, int events) {
  (void)events;
  Listener *listener = poll->data;
  if (status < 0) return;
  for (int i = 0; i < ACCEPTS_A_TURN; i++) {
    int fd = accept_one(listener);
    if (fd >= 0) {
      if (conn_accept(listener->loop, fd) != NULL) figure_add(&listener->loop->figures.accepted, 1);
    } else if (errno != ECONNABORTED && errno != EINTR) {
      return;
    }
  }
}

void listeners_start(Loop *loop) {
  for (Listener *listener = loop->listeners; listener != NULL; listener = listener->next) {
    uv_poll_start(&listener->poll, UV_READABLE, on_connection);
  }
}

static void on_closed(uv_handle_t *handle) {
  Listener *listener = handle->data;
  close(listener->fd);
  close(listener->spare_fd);
  free(listener);
}

void listeners_free(Loop *loop) {
  Listener *listener = loop->listeners;
  loop->listeners = NULL;
  while (listener != NULL) {
    Listener *next = listener->next;
    uv_close((uv_handle_t *)&listener->poll, on_closed);
    listener = next;
  }
}
