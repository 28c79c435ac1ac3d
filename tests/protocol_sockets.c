// What the tests' protocol server serves of Engine.IO and Socket.IO. To the events of the public suites it adds a few
// of our own: `join`, `say` and `clear` (rooms), `ask`, `leave` and `who` (the handshake's query). `deny` in it is
// refused.
#include "protocol_sockets.h"

#include <stdlib.h>
#include <string.h>

#include "core/socketio_packet.h"

// Of the public suites, but for what they do not name. They look for a message only once they have heard of the
// opening, and miss one that they read together with it: hence the delay.
#define ENGINE_SETTINGS(its_path)                                                             \
  {                                                                                           \
    .path = (its_path), .cookie = "io", .greeting_delay_ms = 20, .upgrade_timeout_ms = 10000, \
    .close_timeout_ms = 30000, .payload_bytes_max = 1000000, .payload_packets_max = 20000,    \
    .buffered_bytes_max = 4 * 1024 * 1024, .sessions_max = 20000                              \
  }

// A number of the environment; `otherwise` where it is not set.
static uint32_t number_of(const char *name, uint32_t otherwise) {
  const char *value = getenv(name);
  return value != NULL ? (uint32_t)atoi(value) : otherwise;
}

static void set_times(EngineSettings *settings) {
  settings->ping_interval_ms = number_of("PING_INTERVAL_MS", 300);
  settings->ping_timeout_ms = settings->ping_timeout_v3_ms = number_of("PING_TIMEOUT_MS", 200);
}

// Engine.IO.

static bool on_open(EngineSession *session, const Exchange *exchange) {
  (void)session, (void)exchange;
  return true;
}

static void on_message(EngineSession *session, bool binary, Str message) {
  engineio_send(session, engineio_frame(session->version, binary, message));
}

static void on_close(EngineSession *session, EngineEnd end) {
  (void)session, (void)end;
}

EngineIo *protocol_engine_new(Loop *loop) {
  static EngineSettings settings = ENGINE_SETTINGS("/engine.io/");
  static const EngineHandler handler = {.open = on_open, .message = on_message, .close = on_close};
  set_times(&settings);
  return engineio_new(loop, &settings, &handler, NULL);
}

// Socket.IO.

// `auth` leaves a moment after the connection was confirmed: the public suites wait for one message after the other,
// and miss one that they read together with that before it.
typedef struct Welcome {
  uv_timer_t timer;
  SocketIoSocket *socket;
  size_t auth_bytes;
  char auth[];
} Welcome;

enum { WELCOME_MS = 60 };

static void on_welcome_closed(uv_handle_t *timer) {
  free(timer->data);
}

static void end_welcome(void *owner) {
  Welcome *welcome = owner;
  uv_close((uv_handle_t *)&welcome->timer, on_welcome_closed);
}

static void on_welcome(uv_timer_t *timer) {
  Welcome *welcome = timer->data;
  socketio_emit(welcome->socket, &(SocketIoMessage){.name = STR("auth"), .args = {welcome->auth, welcome->auth_bytes}});
  welcome->socket->owner = NULL;
  end_welcome(welcome);
}

static void on_connected(SocketIoSocket *socket, Str auth, bool recovered) {
  Welcome *welcome = recovered ? NULL : malloc(sizeof *welcome + auth.length);
  if (welcome == NULL) return;
  socket->owner = welcome;  // so that it ends with the socket
  welcome->socket = socket;
  welcome->auth_bytes = auth.length;
  memcpy(welcome->auth, auth.at, auth.length);
  uv_timer_init(&socketio_loop(socketio_server(socket))->uv, &welcome->timer);
  welcome->timer.data = welcome;
  uv_timer_start(&welcome->timer, on_welcome, WELCOME_MS, 0);
}

static void on_quiet(SocketIoSocket *socket, Str auth, bool recovered) {
  (void)socket, (void)auth, (void)recovered;
}

static int64_t room_of(const SocketIoEvent *event) {
  int64_t room = 0;
  json_int(json_next(json_first(event->payload)), &room);
  return room;
}

// ["say", room, what...]: `said` with all of these to everybody of the room; acknowledged with how many are there.
static void say(SocketIoSocket *socket, const SocketIoEvent *event) {
  SocketIo *io = socketio_server(socket);
  SocketIoMessage said = event->message;
  said.name = STR("said");
  socketio_emit_room(io, socket->name_space, room_of(event), &said);
  char count[16];
  int length = snprintf(count, sizeof count, "%u", socketio_room_count(io, socket->name_space, room_of(event)));
  socketio_ack(socket, event->id, &(SocketIoMessage){.args = {count, (size_t)length}});
}

static void on_event(SocketIoSocket *socket, const SocketIoEvent *event) {
  SocketIoMessage answer = event->message;
  if (str_equal(answer.name, STR("message"))) {
    answer.name = STR("message-back");
    socketio_emit(socket, &answer);
  } else if (str_equal(answer.name, STR("message-with-ack"))) {
    socketio_ack(socket, event->id, &answer);
  } else if (str_equal(answer.name, STR("join"))) {
    if (socketio_join(socket, room_of(event))) socketio_ack(socket, event->id, &answer);
  } else if (str_equal(answer.name, STR("say"))) {
    say(socket, event);
  } else if (str_equal(answer.name, STR("ask"))) {
    answer.name = STR("question");
    socketio_ask(socket, &answer, 7);
  } else if (str_equal(answer.name, STR("who"))) {
    answer.args = str_from(socketio_client(socket));
    socketio_ack(socket, event->id, &answer);
  } else if (str_equal(answer.name, STR("leave"))) {
    socketio_disconnect(socketio_server(socket), socket, true);
  } else if (str_equal(answer.name, STR("clear"))) {
    socketio_disconnect_room(socketio_server(socket), socket->name_space, room_of(event), true);
  }
}

static void on_acked(SocketIoSocket *socket, int64_t id, const SocketIoMessage *answer) {
  SocketIoMessage answered = *answer;
  answered.name = STR("answered");
  if (id == 7) socketio_emit(socket, &answered);
}

static bool on_handshake(const Exchange *exchange, void **client) {
  Text query = {.arena = exchange->arena};
  json_add_str(&query, exchange->request->query);
  *client = strdup(str_zero(exchange->arena, text_str(&query)));
  return *client != NULL && memmem(query.at, query.length, "deny", 4) == NULL;
}

static const SocketIoNamespace namespaces[] = {
    {.name = "/",
     .binary = true,
     .connected = on_connected,
     .event = on_event,
     .acked = on_acked,
     .forget = end_welcome},
    {.name = "/custom",
     .binary = true,
     .connected = on_connected,
     .event = on_event,
     .acked = on_acked,
     .forget = end_welcome},
    {.name = "/quiet", .connected = on_quiet, .event = on_event},
};

SocketIo *protocol_sockets_new(Loop *loop) {
  static SocketIoSettings settings = {
      .engine = ENGINE_SETTINGS("/socket.io/"),
      .namespaces = namespaces,
      .namespace_count = sizeof namespaces / sizeof *namespaces,
      .connect_timeout_ms = 1000,
      .attachments_max = 10,
      .attached_bytes_max = 4 * 1000 * 1000,
      .recovery_bytes_max = 1024 * 1024,
      .recovery_sockets_max = 1000,
      .handshake = on_handshake,
      .gone = free,
  };
  set_times(&settings.engine);
  settings.recovery_ms = number_of("RECOVERY_MS", 0);
  return socketio_new(loop, &settings);
}
