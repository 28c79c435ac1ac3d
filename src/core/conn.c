// Connections: the socket, the queue of bytes to send, and the time limits. What the bytes mean is read in
// core/conn_http.c and core/conn_ws.c.
#include "core/conn.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/log.h"

enum { PIECES_A_WRITE = 64, LINGER_MS = 2000 };

static void poll_update(Conn *conn);

// Names that outlive.

ConnRef conn_ref(const Conn *conn) {
  return (ConnRef){conn->slot, conn->serial};
}

Conn *conn_find(Loop *loop, ConnRef ref) {
  if (ref.slot >= loop->conn_capacity) return NULL;
  uint32_t index = loop->slots[ref.slot];
  bool found = index < loop->conn_count && loop->conns[index]->serial == ref.serial;
  return found ? loop->conns[index] : NULL;
}

// Asks the kernel for the peer's address, once.
static void find_peer(Conn *conn) {
  struct sockaddr_storage peer = {0};
  socklen_t length = sizeof peer;
  if (getpeername(conn->fd, (struct sockaddr *)&peer, &length) != 0) return;
  conn->peer_family = peer.ss_family;
  if (peer.ss_family == AF_INET) {
    memcpy(conn->peer, &((struct sockaddr_in *)&peer)->sin_addr, sizeof(struct in_addr));
  } else if (peer.ss_family == AF_INET6) {
    const struct in6_addr *v6 = &((struct sockaddr_in6 *)&peer)->sin6_addr;
    bool mapped = IN6_IS_ADDR_V4MAPPED(v6);
    memcpy(conn->peer, v6->s6_addr + (mapped ? 12 : 0), mapped ? sizeof(struct in_addr) : sizeof *v6);
    if (mapped) conn->peer_family = AF_INET;
  }
}

Str conn_peer(Conn *conn, Arena *arena) {
  char text[INET6_ADDRSTRLEN];
  if (conn->peer_family == AF_UNSPEC) find_peer(conn);
  if (conn->peer_family == AF_INET6) {
    return inet_ntop(AF_INET6, conn->peer, text, sizeof text) != NULL ? str_copy(arena, str_from(text)) : (Str){0};
  }
  if (conn->peer_family != AF_INET) return (Str){0};
  Text out = {.arena = arena};
  for (int i = 0; i < 4; i++) {
    if (i > 0) text_char(&out, '.');
    text_int(&out, conn->peer[i]);
  }
  return text_str(&out);
}

// Closing.

static void on_poll_closed(uv_handle_t *handle) {
  Conn *conn = handle->data;
  close(conn->fd);
  free(conn);
}

static void drop_pieces(Conn *conn) {
  for (uint32_t i = 0; i < conn->piece_count; i++) buf_unref(conn->pieces[i]);
  if (conn->pieces != conn->inline_pieces) free(conn->pieces);
  conn->pieces = conn->inline_pieces;
  conn->piece_capacity = sizeof conn->inline_pieces / sizeof conn->inline_pieces[0];
  conn->piece_count = conn->first_sent = conn->queued_bytes = 0;
}

void conn_kill(Conn *conn) {
  if (conn->dead) return;
  conn->dead = true;
  Loop *loop = conn->loop;
  figure_take(conn->handler != NULL ? &loop->figures.web_sockets[conn->door] : &loop->figures.http, 1);
  if (conn->handler != NULL) conn->handler->close(conn, conn->owner);
  if (conn->gone != NULL) conn->gone(conn, conn->owner);
  Conn *last = loop->conns[--loop->conn_count];
  loop->conns[conn->index] = last;
  loop->slots[last->slot] = last->index = conn->index;
  loop->slots[conn->slot] = loop->free_slot;
  loop->free_slot = conn->slot;
  drop_pieces(conn);
  http_parser_free(conn->http);
  ws_parser_free(&conn->ws);
  free(conn->held);
  conn->held = NULL;
  conn->http = NULL;
  if (!conn->dirty) uv_close((uv_handle_t *)&conn->poll, on_poll_closed);
}

// All has left: tell the peer, and wait a moment for it to close, lest its unread bytes make the kernel reset the line.
static void start_lingering(Conn *conn) {
  if (conn->lingering) return;
  if (conn->ended) {
    conn_kill(conn);
    return;
  }
  conn->lingering = true;
  conn->since_ms = conn->loop->tick_ms;
  shutdown(conn->fd, SHUT_WR);
}

void conn_close(Conn *conn) {
  if (conn->dead || conn->closing) return;
  conn->closing = true;
  if (conn->piece_count == 0) start_lingering(conn);
}

// Sending.

static void mark_dirty(Conn *conn) {
  if (conn->dirty) return;
  conn->dirty = true;
  conn->next_dirty = NULL;
  *conn->loop->dirty_tail = conn;
  conn->loop->dirty_tail = &conn->next_dirty;
}

static bool grow_pieces(Conn *conn) {
  uint32_t capacity = conn->piece_capacity * 4;
  Buf **grown = malloc(capacity * sizeof *grown);
  if (grown == NULL) return false;
  memcpy(grown, conn->pieces, conn->piece_count * sizeof *grown);
  if (conn->pieces != conn->inline_pieces) free(conn->pieces);
  conn->pieces = grown;
  conn->piece_capacity = capacity;
  return true;
}

void conn_send(Conn *conn, Buf *buf) {
  if (conn->dead || conn->closing || buf == NULL || buf->length == 0 ||
      (conn->piece_count == conn->piece_capacity && !grow_pieces(conn))) {
    bool out_of_memory = !conn->dead && !conn->closing && (buf == NULL || buf->length > 0);
    buf_unref(buf);
    if (out_of_memory) conn_kill(conn);
    return;
  }
  conn->pieces[conn->piece_count++] = buf;
  conn->queued_bytes += buf->length;
  if (!conn->polls_write) mark_dirty(conn);
}

void conn_tell_drained(Conn *conn) {
  conn->tell_drained = true;
}

// Takes `sent` bytes off the queue.
static void take_sent(Conn *conn, size_t sent) {
  conn->queued_bytes -= (uint32_t)sent;
  figure_add(&conn->loop->figures.sent_bytes, sent);
  size_t left = sent + conn->first_sent;
  uint32_t done = 0;
  while (done < conn->piece_count && left >= conn->pieces[done]->length) {
    left -= conn->pieces[done]->length;
    buf_unref(conn->pieces[done++]);
  }
  conn->first_sent = (uint32_t)left;
  conn->piece_count -= done;
  if (conn->piece_count > 0) {
    memmove(conn->pieces, conn->pieces + done, conn->piece_count * sizeof(Buf *));
  } else if (conn->pieces != conn->inline_pieces) {
    drop_pieces(conn);
  }
}

// The first of what is queued, as the kernel wants it; gives of how many pieces.
static uint32_t first_pieces(const Conn *conn, struct iovec *vectors, uint32_t most) {
  uint32_t count = conn->piece_count < most ? conn->piece_count : most;
  for (uint32_t i = 0; i < count; i++) {
    const Buf *piece = conn->pieces[i];
    size_t skip = i == 0 ? conn->first_sent : 0;
    const char *from = piece->at + skip;
    memcpy(&vectors[i].iov_base, &from, sizeof from);  // iov_base is not const, though send only reads it
    vectors[i].iov_len = piece->length - skip;
  }
  return count;
}

static ssize_t send_pieces(Conn *conn) {
  struct iovec vectors[PIECES_A_WRITE];
  uint32_t count = first_pieces(conn, vectors, PIECES_A_WRITE);
  if (count == 1) return send(conn->fd, vectors[0].iov_base, vectors[0].iov_len, MSG_NOSIGNAL);
  return sendmsg(conn->fd, &(struct msghdr){.msg_iov = vectors, .msg_iovlen = count}, MSG_NOSIGNAL);
}

static void flush(Conn *conn) {
  bool had_backlog = conn->polls_write;
  bool moves = !had_backlog;
  while (conn->piece_count > 0) {
    ssize_t sent = send_pieces(conn);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN) {
      conn_kill(conn);
      return;
    }
    if (sent < 0) break;
    moves = true;
    take_sent(conn, (size_t)sent);
  }
  bool waits = conn->piece_count > 0;
  // It may have gone unread for what was queued in this turn alone, and has left at once.
  if (waits != had_backlog || (!waits && !conn->polls_read)) {
    conn->polls_write = waits;
    poll_update(conn);
  }
  if ((waits || had_backlog) && moves) conn->since_ms = conn->loop->tick_ms;
  if (waits) return;
  if (conn->closing) start_lingering(conn);
  if (conn->choked) {
    conn->choked = false;
    conn_resume(conn);
  }
  if (conn->tell_drained && conn->handler != NULL && conn->handler->drained != NULL) {
    conn->tell_drained = false;
    conn->handler->drained(conn, conn->owner);
  }
}

// Receiving.

bool conn_hold(Conn *conn, const char *bytes, size_t count) {
  if (count > conn->held_capacity) {
    char *grown = malloc(count);
    if (grown == NULL) {
      conn_kill(conn);
      return false;
    }
    if (count > 0) memcpy(grown, bytes, count);
    free(conn->held);
    conn->held = grown;
    conn->held_capacity = (uint32_t)count;
  } else if (count > 0) {
    memmove(conn->held, bytes, count);
  }
  conn->held_bytes = (uint32_t)count;
  if (count == 0) {
    free(conn->held);
    conn->held = NULL;
    conn->held_capacity = 0;
  }
  return true;
}

// Receives behind what is held; gives what recv gave.
static ssize_t receive_held(Conn *conn) {
  enum { MORE = 16 * 1024 };
  if (conn->held_capacity - conn->held_bytes < MORE / 4) {
    uint32_t capacity = conn->held_capacity * 2 > MORE ? conn->held_capacity * 2 : MORE;
    char *grown = realloc(conn->held, capacity);
    if (grown == NULL) {
      errno = ENOMEM;
      return -1;
    }
    conn->held = grown;
    conn->held_capacity = capacity;
  }
  ssize_t got = recv(conn->fd, conn->held + conn->held_bytes, conn->held_capacity - conn->held_bytes, 0);
  if (got > 0) conn->held_bytes += (uint32_t)got;
  return got;
}

static void feed(Conn *conn, char *bytes, size_t count) {
  if (conn->handler != NULL) {
    conn_ws_feed(conn, bytes, count);
  } else {
    conn_http_feed(conn, bytes, count);
  }
}

// The peer has said its last. One that speaks HTTP gets the answers that wait for it (RFC 9112 9.6).
static void on_end(Conn *conn) {
  if (conn->handler != NULL || conn->piece_count == 0) {
    conn_kill(conn);
    return;
  }
  conn->ended = true;
  conn_close(conn);
  poll_update(conn);
}

static void on_readable(Conn *conn) {
  Loop *loop = conn->loop;
  bool holds = conn->held_bytes > 0 && !conn->lingering;
  ssize_t got = holds ? receive_held(conn) : recv(conn->fd, loop->read_buffer, LOOP_READ_BYTES, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got == 0) on_end(conn);
  if (got < 0) conn_kill(conn);
  if (got <= 0) return;
  conn->read_ms = loop->tick_ms;
  figure_add(&loop->figures.received_bytes, (uint64_t)got);
  if (conn->lingering || conn->closing) return;
  if (holds) {
    feed(conn, conn->held, conn->held_bytes);
  } else {
    feed(conn, loop->read_buffer, (size_t)got);
  }
}

static void on_poll(uv_poll_t *poll, int status, int events) {
  Conn *conn = poll->data;
  if (conn->dead) return;
  Loop *loop = conn->loop;
  uint64_t tick_ms = uv_now(&loop->uv);
  if (tick_ms != loop->tick_ms) {
    loop->tick_ms = tick_ms;
    loop->now_ms = loop->env.now_ms(loop->env.state);
  }
  if (status < 0) {
    conn_kill(conn);
    return;
  }
  if ((events & UV_DISCONNECT) != 0 && conn->gone != NULL) {
    conn_kill(conn);
    return;
  }
  if ((events & UV_WRITABLE) != 0) flush(conn);
  if (conn->dead || (events & UV_READABLE) == 0) return;
  if (conn->resume) return;  // what has come is read on first: the peer's end must not overtake it
  if (conn->answering || conn->paused || conn_is_slow(conn)) {  // answers pile up: read no more questions
    poll_update(conn);
    return;
  }
  on_readable(conn);
}

// Asks the kernel for what matters now.
static void poll_update(Conn *conn) {
  bool reads = !conn->ended && (conn->lingering || !(conn->answering || conn->paused || conn_is_slow(conn)));
  int events = (reads ? UV_READABLE : 0) | (conn->polls_write ? UV_WRITABLE : 0);
  if (conn->gone != NULL) events |= UV_DISCONNECT;
  if (reads && !conn->polls_read) conn->read_ms = conn->loop->tick_ms;  // it was we who did not listen
  conn->polls_read = reads;
  if (events != 0) {
    uv_poll_start(&conn->poll, events, on_poll);
  } else {
    uv_poll_stop(&conn->poll);
  }
}

void exchange_hold(Conn *conn, void (*gone)(Conn *conn, void *owner), void *owner) {
  conn->gone = gone;
  conn->owner = owner;
  poll_update(conn);
}

void conn_resume(Conn *conn) {
  if (conn->dead) return;
  conn->resume = true;
  mark_dirty(conn);
}

static void resume(Conn *conn) {
  conn->resume = false;
  if (conn->held_bytes > 0) feed(conn, conn->held, conn->held_bytes);
  if (!conn->dead && !conn->polls_read) poll_update(conn);
}

// What has few pieces to send, as all have in a fan-out, may go by the ring.
static bool fits_ring(const Conn *conn) {
  return conn->piece_count > 0 && conn->piece_count <= SEND_RING_PIECES && !conn->polls_write && !conn->dead;
}

static void on_ring_sent(void *owner, size_t count) {
  if (count > 0) take_sent(owner, count);
}

// Sends for the first of the dirty ones; gives for how many. No handler runs meanwhile. The last one is left to go by
// itself: when it has been sent all has, and what comes after that has not come while we were sending (core/topic.c).
static uint32_t send_by_ring(Loop *loop) {
  Conn *conn = loop->dirty;
  if (conn->next_dirty == NULL || !fits_ring(conn)) return 0;
  if (!loop->ring_asked && (loop->ring = send_ring_new()) == NULL)
    log_info("conn: no io_uring here, each send goes by itself", "loop=%d", loop->number);
  loop->ring_asked = true;
  if (loop->ring == NULL) return 0;
  uint32_t count = 0;
  for (; conn->next_dirty != NULL && fits_ring(conn); conn = conn->next_dirty, count++) {
    struct iovec pieces[SEND_RING_PIECES];
    if (!send_ring_add(loop->ring, conn->fd, pieces, first_pieces(conn, pieces, SEND_RING_PIECES), conn)) break;
  }
  send_ring_run(loop->ring, on_ring_sent);
  return count;
}

void conn_flush_dirty(Loop *loop) {
  for (uint32_t by_ring = 0; loop->dirty != NULL; by_ring -= by_ring > 0) {
    if (by_ring == 0) by_ring = send_by_ring(loop);
    Conn *conn = loop->dirty;
    loop->dirty = conn->next_dirty;
    if (loop->dirty == NULL) loop->dirty_tail = &loop->dirty;
    if (loop->dirty != NULL) __builtin_prefetch(loop->dirty);
    conn->dirty = false;
    if (conn->dead) {
      uv_close((uv_handle_t *)&conn->poll, on_poll_closed);
      continue;
    }
    if (!conn->polls_write) flush(conn);
    if (!conn->dead && conn->resume) resume(conn);
  }
}

// Life.

static bool grow_loop(Loop *loop) {
  uint32_t capacity = loop->conn_capacity == 0 ? 64 : loop->conn_capacity * 2;
  Conn **conns = realloc(loop->conns, capacity * sizeof *conns);
  if (conns != NULL) loop->conns = conns;
  uint32_t *slots = conns != NULL ? realloc(loop->slots, capacity * sizeof *slots) : NULL;
  if (slots == NULL) return false;
  for (uint32_t i = loop->conn_capacity; i < capacity; i++) slots[i] = i + 1;
  loop->slots = slots;
  loop->free_slot = loop->conn_capacity;
  loop->conn_capacity = capacity;
  return true;
}

static bool add_to_loop(Loop *loop, Conn *conn) {
  if (loop->conn_count == loop->conn_capacity && !grow_loop(loop)) return false;
  conn->slot = loop->free_slot;
  loop->free_slot = loop->slots[conn->slot];
  loop->slots[conn->slot] = conn->index = loop->conn_count;
  conn->serial = ++loop->next_serial;
  loop->conns[loop->conn_count++] = conn;
  return true;
}

static void refuse(Loop *loop, int fd) {
  figure_add(&loop->figures.refused, 1);
  const char *body = loop->hooks->full != NULL ? loop->hooks->full : "";
  char answer[1024];
  int length = snprintf(answer, sizeof answer,
                        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\n"
                        "Content-Type: application/json; charset=utf-8\r\nContent-Length: %zu\r\n\r\n%s",
                        strlen(body), body);
  assert(length > 0 && (size_t)length < sizeof answer);
  if (send(fd, answer, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) log_debug("conn: refused", "fd=%d", fd);
  close(fd);
}

static Conn *conn_new(void) {
  Conn *conn = aligned_alloc(CONN_ALIGNMENT, sizeof *conn);
  if (conn != NULL) *conn = (Conn){0};
  return conn;
}

Conn *conn_accept(Loop *loop, int fd) {
  Conn *conn = loop->conn_count < loop->settings.connections_max ? conn_new() : NULL;
  HttpParser *http = conn != NULL ? http_parser_new(&loop->settings.http) : NULL;
  if (http == NULL || !add_to_loop(loop, conn)) {
    http_parser_free(http);
    free(conn);
    refuse(loop, fd);
    return NULL;
  }
  conn->loop = loop;
  conn->http = http;
  conn->fd = fd;
  conn->pieces = conn->inline_pieces;
  conn->piece_capacity = sizeof conn->inline_pieces / sizeof conn->inline_pieces[0];
  conn->read_ms = conn->since_ms = loop->tick_ms;
  conn->poll.data = conn;
  uv_poll_init(&loop->uv, &conn->poll, fd);
  poll_update(conn);
  figure_add(&loop->figures.http, 1);
  return conn;
}

void conn_visit(Conn *conn) {
  const LoopSettings *limits = &conn->loop->settings;
  uint64_t idle_ms = conn->loop->tick_ms - conn->read_ms;
  uint64_t since_ms = conn->loop->tick_ms - conn->since_ms;
  if (conn->lingering) {
    if (since_ms > LINGER_MS) conn_kill(conn);
  } else if (conn->piece_count > 0) {
    if (conn->polls_write && since_ms > limits->write_timeout_ms) conn_kill(conn);
  } else if (conn->handler != NULL && conn->polls_read && ws_parser_is_inside(&conn->ws) &&
             since_ms > limits->body_timeout_ms) {
    ws_close(conn, 1008, STR("the message took too long"));
  } else if (conn->handler != NULL) {
    conn->handler->visit(conn, conn->owner, idle_ms);
  } else if (!conn->answering) {
    int part = http_parser_part(conn->http);
    if (part == 0 && idle_ms > limits->idle_timeout_ms) conn_close(conn);
    if ((part == 1 && since_ms > limits->head_timeout_ms) || (part == 2 && since_ms > limits->body_timeout_ms)) {
      conn_http_refuse(conn, 408, NULL);
    }
  }
}
