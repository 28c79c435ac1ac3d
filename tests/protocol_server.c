// A small server of the tests, made of core/ alone: it echoes the body of any request, at /__echo every WebSocket
// message with its opcode, at /engine.io/ every Engine.IO message, and at /socket.io/ what protocol_sockets.c says.
// Public protocol suites run against it. HOST and PORT (0: any) say where, LOOPS how many; it prints the address.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/conn.h"
#include "core/log.h"
#include "core/loop.h"
#include "protocol_sockets.h"

// FRAGMENTS: Autobahn 9.3.1 sends 65,536 and an empty last one.
enum { MESSAGE_BYTES = 16 * 1024 * 1024, FRAGMENTS = 65537, GRACE_MS = 500, LOOPS_MAX = 16 };

typedef struct Served {
  WsDeflater *deflater;
  EngineIo *engine;
  SocketIo *sockets;
} Served;

static Served *served_by(const Loop *loop) {
  return loop->owner;
}

static void on_open(Conn *conn, void *owner) {
  (void)conn, (void)owner;
}

static void on_message(Conn *conn, void *owner, WsOpcode opcode, Str payload) {
  (void)owner;
  WsDeflater *deflater = served_by(conn->loop)->deflater;
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
                     http_header(request, "Sec-WebSocket-Extensions"), (Str){0}, &echo, NULL);
    return;
  }
  Served *served = served_by(exchange->conn->loop);
  if (engineio_request(served->engine, exchange) || socketio_request(served->sockets, exchange)) return;
  exchange_respond(exchange->conn, 200, STR("application/octet-stream"), request->body, (Str){0});
}

static void on_start(Loop *loop) {
  (void)loop;
}

static void on_turn_end(Loop *loop) {
  engineio_turn_end(served_by(loop)->engine);
  socketio_turn_end(served_by(loop)->sockets);
}

static void on_stopped(Loop *loop) {
  Served *served = served_by(loop);
  engineio_free(served->engine);
  socketio_free(served->sockets);
  ws_deflater_free(served->deflater);
}

static const LoopHooks hooks = {
    .request = on_request, .start = on_start, .turn_end = on_turn_end, .turn_sent = on_start, .stopped = on_stopped};

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
  static Loop loops[LOOPS_MAX];
  static Served served[LOOPS_MAX];
  int count = atoi(env_or("LOOPS", "1"));
  if (count < 1 || count > LOOPS_MAX) return 1;
  int port = atoi(env_or("PORT", "0"));
  for (int i = 0; i < count; i++) {
    if (!loop_init(&loops[i], i, &hooks, &settings, env_system()) || !loop_listen(&loops[i], host, port, &port))
      return 1;
    served[i] = (Served){ws_deflater_new(), protocol_engine_new(&loops[i]), protocol_sockets_new(&loops[i])};
    if (served[i].engine == NULL || served[i].sockets == NULL) return 1;
    loops[i].owner = &served[i];
    loops[i].all = loops;
    loops[i].all_count = count;
  }
  for (int i = 0; i < count; i++) {
    if (!loop_start(&loops[i])) return 1;
  }
  printf("listening on http://%s:%d\n", host, port);
  fflush(stdout);
  int signal_number;
  sigwait(&stop, &signal_number);
  for (int i = 0; i < count; i++) loop_stop(&loops[i], GRACE_MS);
  for (int i = 0; i < count; i++) loop_join(&loops[i]);
  for (int i = 0; i < count; i++) loop_free(&loops[i]);
  return 0;
}
