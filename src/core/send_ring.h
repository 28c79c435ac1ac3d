// Many sends in one system call: io_uring (man 7 io_uring) as a list of sendmsg(2) and nothing else. A fan-out enters
// the kernel once for a thousand sockets, and neither side empties the other's caches a thousand times.
#ifndef FOYER_CORE_SEND_RING_H
#define FOYER_CORE_SEND_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

enum { SEND_RING_PIECES = 4 };  // of one send, at most

typedef struct SendRing SendRing;

// Of one thread, which makes, uses and frees it. NULL: the kernel has none (before 6.1) or allows none, as in many
// containers; memory is out.
SendRing *send_ring_new(void);
void send_ring_free(SendRing *ring);
// Another send, of bytes that stay where they are until the ring has run. False: it takes no more before that.
bool send_ring_add(SendRing *ring, int fd, const struct iovec *pieces, size_t count, void *owner);
// Sends what was added, in its order, and then tells of each what its socket took: 0 where it took nothing or failed
// (sendmsg(2) tells why). Does not block.
void send_ring_run(SendRing *ring, void (*sent)(void *owner, size_t count));

#endif
