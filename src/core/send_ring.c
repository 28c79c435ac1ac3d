// A list of sends, kept until it runs.
#include "core/send_ring.h"

#include <assert.h>
#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { SENDS_A_RUN = 1024 };

typedef struct Send {
  void *owner;
  size_t sent;
  struct msghdr message;
  struct iovec pieces[SEND_RING_PIECES];
} Send;

struct SendRing {
  struct io_uring uring;
  unsigned count;  // of sends
  bool broken;     // it takes none any more
  Send sends[SENDS_A_RUN];
};

SendRing *send_ring_new(void) {
  SendRing *ring = calloc(1, sizeof *ring);
  if (ring == NULL) return NULL;
  // One thread, and nothing done for it but when it asks: then what does not wait is over when the call returns.
  if (io_uring_queue_init(SENDS_A_RUN, &ring->uring, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN) == 0) {
    return ring;
  }
  free(ring);
  return NULL;
}

void send_ring_free(SendRing *ring) {
  if (ring == NULL) return;
  io_uring_queue_exit(&ring->uring);
  free(ring);
}

bool send_ring_add(SendRing *ring, int fd, const struct iovec *pieces, size_t count, void *owner) {
  assert(count > 0 && count <= SEND_RING_PIECES);
  struct io_uring_sqe *entry = ring->broken || ring->count == SENDS_A_RUN ? NULL : io_uring_get_sqe(&ring->uring);
  if (entry == NULL) return false;
  Send *send = &ring->sends[ring->count];
  send->owner = owner;
  send->sent = 0;
  if (count == 1) {  // the kernel has less to read
    io_uring_prep_send(entry, fd, pieces->iov_base, pieces->iov_len, MSG_NOSIGNAL | MSG_DONTWAIT);
  } else {
    memcpy(send->pieces, pieces, count * sizeof *pieces);
    send->message = (struct msghdr){.msg_iov = send->pieces, .msg_iovlen = count};
    io_uring_prep_sendmsg(entry, fd, &send->message, MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  io_uring_sqe_set_data64(entry, ring->count++);
  return true;
}

static unsigned take_results(SendRing *ring) {
  struct io_uring_cqe *result;
  unsigned head, count = 0;
  io_uring_for_each_cqe(&ring->uring, head, result) {
    if (result->res > 0) ring->sends[result->user_data].sent = (size_t)result->res;
    ++count;
  }
  io_uring_cq_advance(&ring->uring, count);
  return count;
}

void send_ring_run(SendRing *ring, void (*sent)(void *owner, size_t count)) {
  for (unsigned left = ring->count; left > 0;) {
    int submitted = io_uring_submit_and_wait(&ring->uring, left);
    left -= take_results(ring);
    if (submitted >= 0 || submitted == -EINTR) continue;
    ring->broken = true;  // what it has not sent is sent without it
    break;
  }
  for (unsigned i = 0; i < ring->count; i++) sent(ring->sends[i].owner, ring->sends[i].sent);
  ring->count = 0;
}
