// Plain sockets and the clock, as the load generator and the bare limits both need them. Every failure here is the
// machine's or the bench's own, so it ends the process with a message. One thread; calls block unless said otherwise.
#ifndef FOYER_BENCH_SOCKET_H
#define FOYER_BENCH_SOCKET_H

#include <stddef.h>
#include <stdint.h>

// Writes "load: <message>" to standard error and exits with 1.
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

uint64_t clock_us(void);  // monotonic, microseconds; the same clock for every process of the machine

// Raises the number of descriptors to the hard limit and dies when fewer than `needed` are allowed.
void descriptors_need(uint32_t needed);

// Connects to 127.0.0.1:port, Nagle off. The nth socket of a process uses the source address 127.0.0.(1 + n / 20000),
// so that no crowd runs out of ports.
int socket_connect(uint16_t port, uint32_t nth);
// The same, but gives -1 when nobody listens there yet.
int socket_try_connect(uint16_t port);
// Listens on 127.0.0.1:port; 0 takes a free port. *actual is the port taken.
int socket_listen(uint16_t port, uint16_t *actual);
int socket_accept(int listener);  // Nagle off

void socket_nonblocking(int fd);
void socket_send_all(int fd, const void *bytes, size_t count);  // waits while the peer's window is full

int poll_new(void);                              // an epoll descriptor
void poll_add(int epoll, int fd, uint32_t tag);  // edge-triggered reading; `tag` comes back in data.u32
int timer_new(uint64_t period_us);               // a descriptor that turns readable every period

// A number from a command's argument; dies when it is none or above `most`.
uint64_t number_from(const char *text, uint64_t most);

#endif
