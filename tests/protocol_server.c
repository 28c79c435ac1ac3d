// A small server of the tests, made of core/ alone: it echoes the body of any request, and at /__echo every WebSocket
// message with its opcode. Public protocol suites run against it. HOST and PORT (0: any) say where; it prints the
// address.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/conn.h"
#include "core/log.h"
#include "core/loop.h"

// FRAGMENTS: Autobahn 9.3.1 sends 65,536 and an empty last one.
enum { MESSAGE_BYTES = 16 * 1024 * 1024, FRAGMENTS = 65537, GRACE_MS = 500 };

static void on_open(Conn *conn, void *owner) {
  (void)conn, (void)owner;
}

static void on_message(Conn *conn, void *owner, WsOpcode opcode, Str payload) {
  WsDeflater *deflater = owner;
  Buf *frame = conn->deflate ? ws_frame_deflated(deflater, conn->window_bits, opcode, payload, &conn->loop->scratch)
                             : ws_frame(opcode, payload);
  conn_send(conn, frame);
}

static void on_visit(Conn *conn, void *owner, uint64_t idle_ms) {
  (void)conn, (void)owner, (void)idle_ms;
}

static void on_close(Conn *conn, void *owner) {
  (void)conn, (void)owner;
}

static const WsHandler echo = {.open = on_open, .message = on_message, .visit = on_visit, .close = on_close};

static void on_request(Exchange *exchange) {
  const HttpRequest *request = exchange->request;
  if (request->upgrade_websocket && str_equal(request->path, STR("/__echo"))) {
    exchange_upgrade(exchange->conn, http_header(request, "Sec-WebSocket-Key"),
                     http_header(request, "Sec-WebSocket-Extensions"), (Str){0}, &echo, exchange->conn->loop->owner);
    return;
  }
  exchange_respond(exchange->conn, 200, STR("application/octet-stream"), request->body, (Str){0});
}

static void on_start(Loop *loop) {
  loop->owner = ws_deflater_new();
}

static void on_turn_end(Loop *loop) {
  (void)loop;
}

static const LoopHooks hooks = {.request = on_request,
                                .start = on_start,
                                .turn_end = on_turn_end,
                                .turn_sent = on_turn_end,
                                .stopped = on_turn_end};

static const LoopSettings settings = {
    .http = {.head_bytes = 16 * 1024, .headers = 100, .target_bytes = 8 * 1024, .body_bytes = 1024 * 1024},
    .ws = {.message_bytes = MESSAGE_BYTES, .fragments = FRAGMENTS, .deflate = true},
    .connections_max = 20000,
    .head_timeout_ms = 10000,
    .body_timeout_ms = 30000,
    .idle_timeout_ms = 60000,
    .write_timeout_ms = 30000,
    .slow_bytes = 4 * MESSAGE_BYTES,
};

static const char *env_or(const char *name, const char *otherwise) {
  const char *value = getenv(name);
  return value != NULL && *value != '\0' ? value : otherwise;
}

int main(void) {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop, NULL);
  const char *host = env_or("HOST", "127.0.0.1");
  Loop loop;
  int port = 0;
  if (!loop_init(&loop, 0, &hooks, &settings, env_system())) return 1;
  if (!loop_listen(&loop, host, atoi(env_or("PORT", "0")), &port) || !loop_start(&loop)) return 1;
  printf("listening on http://%s:%d\n", host, port);
  fflush(stdout);
  int signal_number;
  sigwait(&stop, &signal_number);
  loop_stop(&loop, GRACE_MS);
  loop_join(&loop);
  loop_free(&loop);
  ws_deflater_free(loop.owner);
  return 0;
}
