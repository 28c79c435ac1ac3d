#include "bench/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum {
  SOCKETS_PER_ADDRESS = 20000,  // below the 28,232 ephemeral ports Linux gives an address by default
  BACKLOG = 4096
};

void die(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("load: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  exit(1);
}

uint64_t clock_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void descriptors_need(uint32_t needed) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) die("getrlimit: %s", strerror(errno));
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) die("setrlimit: %s", strerror(errno));
  if (limit.rlim_cur < needed) die("%u descriptors needed, %llu allowed", needed, (unsigned long long)limit.rlim_cur);
}

// 127.0.0.host:port.
static struct sockaddr_in loopback(uint32_t host, uint16_t port) {
  return (struct sockaddr_in){
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(0x7f000000 + host)};
}

static int tcp_socket(void) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) die("socket: %s", strerror(errno));
  return fd;
}

static void set_on(int fd, int level, int option) {
  int on = 1;
  if (setsockopt(fd, level, option, &on, sizeof on) != 0) die("setsockopt: %s", strerror(errno));
}

int socket_connect(uint16_t port, uint32_t nth) {
  int fd = tcp_socket();
  struct sockaddr_in from = loopback(1 + nth / SOCKETS_PER_ADDRESS, 0);
  struct sockaddr_in to = loopback(1, port);
  set_on(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
  if (bind(fd, (struct sockaddr *)&from, sizeof from) != 0) die("bind: %s", strerror(errno));
  if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) die("connect to port %u: %s", port, strerror(errno));
  set_on(fd, IPPROTO_TCP, TCP_NODELAY);
  return fd;
}

int socket_try_connect(uint16_t port) {
  int fd = tcp_socket();
  struct sockaddr_in to = loopback(1, port);
  if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0) {
    set_on(fd, IPPROTO_TCP, TCP_NODELAY);
    return fd;
  }
  close(fd);
  return -1;
}

int socket_listen(uint16_t port, uint16_t *actual) {
  int fd = tcp_socket();
  struct sockaddr_in at = loopback(1, port);
  socklen_t length = sizeof at;
  set_on(fd, SOL_SOCKET, SO_REUSEADDR);
  if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, BACKLOG) != 0) {
    die("listen on port %u: %s", port, strerror(errno));
  }
  if (getsockname(fd, (struct sockaddr *)&at, &length) != 0) die("getsockname: %s", strerror(errno));
  *actual = ntohs(at.sin_port);
  return fd;
}

int socket_accept(int listener) {
  int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  if (fd < 0) die("accept: %s", strerror(errno));
  set_on(fd, IPPROTO_TCP, TCP_NODELAY);
  return fd;
}

void socket_nonblocking(int fd) {
  if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != 0) die("fcntl: %s", strerror(errno));
}

void socket_send_all(int fd, const void *bytes, size_t count) {
  const char *at = bytes;
  while (count > 0) {
    ssize_t sent = send(fd, at, count, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) {
      struct pollfd writable = {.fd = fd, .events = POLLOUT};
      poll(&writable, 1, -1);
      continue;
    }
    if (sent < 0) die("send: %s", strerror(errno));
    at += sent;
    count -= (size_t)sent;
  }
}

int poll_new(void) {
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) die("epoll_create1: %s", strerror(errno));
  return epoll;
}

void poll_add(int epoll, int fd, uint32_t tag) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.u32 = tag};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) die("epoll_ctl: %s", strerror(errno));
}

int timer_new(uint64_t period_us) {
  struct timespec period = {.tv_sec = (time_t)(period_us / 1000000), .tv_nsec = (long)(period_us % 1000000) * 1000};
  struct itimerspec times = {.it_interval = period, .it_value = period};
  int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (fd < 0 || timerfd_settime(fd, 0, &times, NULL) != 0) die("timerfd: %s", strerror(errno));
  return fd;
}

uint64_t number_from(const char *text, uint64_t most) {
  char *end = NULL;
  errno = 0;
  unsigned long long number = strtoull(text, &end, 10);
  if (errno != 0 || end == text || *end != 0 || number > most)
    die("'%s' is not a number up to %llu", text, (unsigned long long)most);
  return number;
}
