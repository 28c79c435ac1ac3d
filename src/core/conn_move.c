// A connection moves to the loop that owns what its request is about. The request is written down anew (the parser has
// compacted a chunked body in place), goes over with what came behind it, and is read there as if it had just come.
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "core/conn.h"

typedef struct Moved {
  LoopMessage message;
  int fd;
  size_t owed_bytes;  // answers to earlier requests that have not left yet
  size_t read_bytes;  // the request, and what came behind it
  char bytes[];       // both, in this order
} Moved;

static void run_moved(Loop *loop, LoopMessage *message) {
  Moved *moved = (Moved *)message;
  Conn *conn = conn_accept(loop, moved->fd);
  if (conn != NULL && moved->owed_bytes > 0) conn_send(conn, buf_from((Str){moved->bytes, moved->owed_bytes}));
  if (conn != NULL && !conn->dead && conn_hold(conn, moved->bytes + moved->owed_bytes, moved->read_bytes)) {
    conn_resume(conn);
  }
  free(moved);
}

// Never longer than what was sent, so that it passes the same limits: no space behind a colon, one length line.
static void write_request(Text *out, const Exchange *exchange) {
  const HttpRequest *request = exchange->request;
  text_add(out, request->method_name);
  text_char(out, ' ');
  text_add(out, request->target);
  text_format(out, " HTTP/1.%d\r\n", request->minor);
  for (uint32_t i = 0; i < request->header_count; i++) {
    const HttpHeader *header = &request->headers[i];
    if (str_equal_nocase(header->name, STR("Transfer-Encoding"))) continue;
    if (str_equal_nocase(header->name, STR("Content-Length"))) continue;
    if (str_equal_nocase(header->name, STR("Expect"))) continue;
    text_add(out, header->name);
    text_char(out, ':');
    text_add(out, header->value);
    text_add(out, STR("\r\n"));
  }
  if (request->body.length > 0) text_format(out, "Content-Length:%zu\r\n", request->body.length);
  text_add(out, STR("\r\n"));
  text_add(out, request->body);
  text_add(out, exchange->rest);
}

static void write_owed(Text *out, const Conn *conn) {
  for (uint32_t i = 0; i < conn->piece_count; i++) {
    size_t skip = i == 0 ? conn->first_sent : 0;
    text_add(out, (Str){conn->pieces[i]->at + skip, conn->pieces[i]->length - skip});
  }
}

bool exchange_move(const Exchange *exchange, Loop *to) {
  Conn *conn = exchange->conn;
  Text bytes = {.arena = exchange->arena};
  write_owed(&bytes, conn);
  size_t owed_bytes = bytes.length;
  write_request(&bytes, exchange);
  Moved *moved = malloc(sizeof *moved + bytes.length);
  int fd = moved != NULL ? fcntl(conn->fd, F_DUPFD_CLOEXEC, 0) : -1;
  if (fd < 0) {
    free(moved);
    conn->keep_alive = false;
    exchange_respond(conn, 503, (Str){0}, (Str){0}, STR("Retry-After: 1\r\n"));
    return false;
  }
  *moved =
      (Moved){.message.run = run_moved, .fd = fd, .owed_bytes = owed_bytes, .read_bytes = bytes.length - owed_bytes};
  memcpy(moved->bytes, bytes.at, bytes.length);
  conn_kill(conn);
  loop_post(to, &moved->message);
  return true;
}
