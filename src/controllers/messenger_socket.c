// The messenger's sockets: each person has a room, named by his id, on every loop; signals of topic "person:<id>" go
// there, and the signals of sessions that end let their sockets go. Presence is told by the program's tick.
#include "controllers/messenger_socket.h"

#include <stdlib.h>
#include <string.h>

#include "controllers/loop_state.h"
#include "controllers/messenger_socket_private.h"
#include "controllers/origin.h"
#include "core/store.h"
#include "methods/presence.h"
#include "models/presence.h"
#include "models/session.h"

enum {
  PING_INTERVAL_MS = 25000,
  PING_TIMEOUT_MS = 20000,
  PING_TIMEOUT_V3_MS = 5000,
  UPGRADE_TIMEOUT_MS = 10000,
  CLOSE_TIMEOUT_MS = 30000,
  CONNECT_TIMEOUT_MS = 45000,
  PACKETS_MAX = 20000,  // of one body
  RECOVERY_MS = 2 * 60 * 1000,
  RECOVERY_BYTES = 8 * 1024 * 1024,
  RECOVERY_SOCKETS = 20000,
  TYPING_MS = 500  // what comes sooner is not told
};

static MessengerSockets *sockets_of_loop(const Loop *loop) {
  return loop_state(loop)->messenger;
}

MessengerSockets *messenger_sockets_of(const SocketIoSocket *socket) {
  return sockets_of_loop(socketio_loop(socketio_server(socket)));
}

#define VISITOR_OF(link) ((Visitor *)(void *)((char *)(link)-offsetof(Visitor, by_user)))

// Those who are let in.

static void let_go(MessengerSockets *sockets, const Visitor *visitor) {
  socketio_disconnect(sockets->io, visitor->socket, true);
}

// The oldest of the person's sockets on this loop but for the latest. Indexes have the latest first.
static void let_oldest_go(MessengerSockets *sockets, const Visitor *latest) {
  uint64_t key = (uint64_t)latest->user_id;
  const Visitor *oldest = NULL;
  for (SocketLink *link = latest->by_user.next; (link = socket_index_find(link, key)) != NULL; link = link->next) {
    if (VISITOR_OF(link)->here) oldest = VISITOR_OF(link);
  }
  if (oldest != NULL) let_go(sockets, oldest);
}

static int by_value(const void *a, const void *b) {
  const int64_t *first = a, *second = b;
  return *first < *second ? -1 : *first > *second;
}

static void welcome(MessengerSockets *sockets, int64_t user_id) {
  if (sockets->welcome_count == sockets->welcome_capacity) {
    size_t capacity = sockets->welcome_capacity == 0 ? 16 : sockets->welcome_capacity * 2;
    int64_t *grown = realloc(sockets->welcomes, capacity * sizeof *grown);
    if (grown == NULL) return;  // its client connects again
    sockets->welcomes = grown;
    sockets->welcome_capacity = capacity;
  }
  sockets->welcomes[sockets->welcome_count++] = user_id;
}

void messenger_let_in(MessengerSockets *sockets, Visitor *visitor, const Identity *who) {
  if (!socketio_join(visitor->socket, who->user_id) || who->sid.length >= sizeof visitor->sid) {
    let_go(sockets, visitor);
    return;
  }
  free(visitor->credentials);
  visitor->credentials = NULL;
  visitor->user_id = who->user_id;
  memcpy(visitor->sid, who->sid.at, who->sid.length);
  visitor->sid[who->sid.length] = '\0';
  socket_index_put(&sockets->by_user, &visitor->by_user, (uint64_t)who->user_id);
  uint32_t count = presence_arrive(who->user_id, false, sockets->loop->now_ms);
  visitor->here = count > 0;
  welcome(sockets, who->user_id);
  if (count > sockets->loop->config->user_sockets_max) let_oldest_go(sockets, visitor);
}

// Welcomes: to all sockets of these people, in order and each once.

typedef struct Welcomes {
  LoopMessage message;
  size_t count;
  int64_t user_ids[];
} Welcomes;

static void emit_welcomes(MessengerSockets *sockets, const int64_t *user_ids, size_t count) {
  static const SocketIoMessage success = {.name = {"user:connect_success", sizeof "user:connect_success" - 1}};
  for (size_t i = 0; i < count; i++) {
    if (i == 0 || user_ids[i] != user_ids[i - 1]) {
      socketio_emit_room(sockets->io, &messenger_name_space, user_ids[i], &success);
    }
  }
}

static void run_welcomes(Loop *loop, LoopMessage *message) {
  Welcomes *welcomes = (Welcomes *)message;
  emit_welcomes(sockets_of_loop(loop), welcomes->user_ids, welcomes->count);
  free(welcomes);
}

static void send_welcomes(MessengerSockets *sockets) {
  Loop *loop = sockets->loop;
  size_t count = sockets->welcome_count;
  if (count == 0) return;
  sockets->welcome_count = 0;
  qsort(sockets->welcomes, count, sizeof *sockets->welcomes, by_value);
  emit_welcomes(sockets, sockets->welcomes, count);
  for (int i = 0; i < loop->all_count; i++) {
    Welcomes *news = i != loop->number ? malloc(sizeof *news + count * sizeof *news->user_ids) : NULL;
    if (news == NULL) continue;  // those who wait for a welcome are on this loop
    news->message.run = run_welcomes;
    news->count = count;
    memcpy(news->user_ids, sockets->welcomes, count * sizeof *news->user_ids);
    loop_post(&loop->all[i], &news->message);
  }
}

// What Socket.IO tells.

static void on_connected(SocketIoSocket *socket, Str auth, bool recovered) {
  Visitor *visitor = socket->owner;
  if (recovered && visitor->user_id != 0) {
    free(socketio_take_client(socket));
    visitor->here = presence_arrive(visitor->user_id, true, messenger_sockets_of(socket)->loop->now_ms) > 0;
  } else if (recovered) {
    free(visitor->credentials);
    visitor->credentials = messenger_credentials(socket, auth);
    if (visitor->wants_in) messenger_ask(visitor);  // it was lost before it heard an answer
  } else if ((visitor = calloc(1, sizeof *visitor)) != NULL) {
    visitor->socket = socket;
    visitor->credentials = messenger_credentials(socket, auth);
    socket->owner = visitor;
  } else {
    socketio_disconnect(socketio_server(socket), socket, true);
  }
}

static void ignore(Loop *loop, Call *call) {
  (void)loop, (void)call;
}

static void typing(Visitor *visitor, const Json *said) {
  Loop *loop = messenger_sockets_of(visitor->socket)->loop;
  uint64_t now_ms = uv_now(&loop->uv);
  int64_t to;
  if (visitor->user_id == 0 || now_ms - visitor->typed_ms < TYPING_MS) return;
  if (!json_int(json_get(said, "to"), &to) || !presence_is_online(to)) return;
  Call *call = call_new_own(loop);
  if (call == NULL) return;
  visitor->typed_ms = now_ms;
  call->method = &presence_typing;
  call->who = (Identity){.user_id = visitor->user_id};
  call->done = ignore;
  if (call_decode(call, said) == ERR_NONE) {
    store_submit(loop, call);
  } else {
    call_free(call);
  }
}

static void on_event(SocketIoSocket *socket, const SocketIoEvent *event) {
  Visitor *visitor = socket->owner;
  MessengerSockets *sockets = messenger_sockets_of(socket);
  if (sockets->loop->draining) return;  // the store may be gone
  if (str_equal(event->message.name, STR("user:typing"))) {
    typing(visitor, json_next(json_first(event->payload)));
  } else if (!str_equal(event->message.name, STR("user:connect"))) {
    return;
  } else if (visitor->user_id == 0) {
    messenger_ask(visitor);
  } else {
    presence_arrive_again(visitor->user_id, sockets->loop->now_ms);
    welcome(sockets, visitor->user_id);
  }
}

static void on_disconnected(SocketIoSocket *socket, SocketIoEnd end) {
  Visitor *visitor = socket->owner;
  if (visitor == NULL) return;
  deadline_clear(&visitor->asks);
  if (!visitor->here) return;
  visitor->here = false;
  presence_leave(visitor->user_id, end == SOCKETIO_CONNECTION_LOST, messenger_sockets_of(socket)->loop->now_ms);
}

static void forget(void *owner) {
  Visitor *visitor = owner;
  socket_index_remove(&visitor->by_user);
  free(visitor->credentials);
  free(visitor);
}

const SocketIoNamespace messenger_name_space = {
    .name = "/", .connected = on_connected, .event = on_event, .disconnected = on_disconnected, .forget = forget};

// Signals.

// Also of those that are waited for: they can come back no more.
static void end_sessions(MessengerSockets *sockets, int64_t user_id, const Event *event) {
  uint64_t key = (uint64_t)user_id;
  SocketLink *link = socket_index_find(*socket_index_head(&sockets->by_user, key), key);
  while (link != NULL) {
    const Visitor *visitor = VISITOR_OF(link);
    link = socket_index_find(link->next, key);
    if (session_signal_ends(event, str_from(visitor->sid))) let_go(sockets, visitor);
  }
}

void messenger_socket_signal(Loop *loop, const Event *event) {
  MessengerSockets *sockets = sockets_of_loop(loop);
  Str number = event->topic;
  Str what = str_cut(&number, ':');
  int64_t user_id;
  if (!str_to_int(number, &user_id)) return;
  if (str_equal(what, STR("person"))) {
    socketio_emit_room(sockets->io, &messenger_name_space, user_id,
                       &(SocketIoMessage){.name = event->kind, .args = event->payload});
  } else if (str_equal(what, STR("session"))) {
    end_sessions(sockets, user_id, event);
  }
}

// The server.

static void add_cors(const Exchange *exchange, Text *headers) {
  origin_add_open_headers(headers, exchange->conn->loop->config, exchange->request);
}

static SocketIoSettings settings_of(const Loop *loop) {
  return (SocketIoSettings){
      .engine = {.path = MESSENGER_SOCKET_PATH,
                 .cookie = "io",
                 .ping_interval_ms = PING_INTERVAL_MS,
                 .ping_timeout_ms = PING_TIMEOUT_MS,
                 .ping_timeout_v3_ms = PING_TIMEOUT_V3_MS,
                 .upgrade_timeout_ms = UPGRADE_TIMEOUT_MS,
                 .close_timeout_ms = CLOSE_TIMEOUT_MS,
                 .payload_bytes_max = MESSENGER_SOCKET_BODY_BYTES,
                 .payload_packets_max = PACKETS_MAX,
                 .buffered_bytes_max = loop->settings.slow_bytes,
                 .sessions_max = loop->settings.connections_max,
                 .cors = add_cors},
      .namespaces = &messenger_name_space,
      .namespace_count = 1,
      .connect_timeout_ms = CONNECT_TIMEOUT_MS,
      .recovery_ms = RECOVERY_MS,
      .recovery_bytes_max = RECOVERY_BYTES,
      .recovery_sockets_max = RECOVERY_SOCKETS,
      .handshake = messenger_handshake,
      .gone = free,
  };
}

MessengerSockets *messenger_sockets_new(Loop *loop) {
  MessengerSockets *sockets = calloc(1, sizeof *sockets);
  if (sockets == NULL) return NULL;
  sockets->loop = loop;
  sockets->settings = settings_of(loop);
  deadlines_init(&sockets->asks);
  sockets->io = socketio_new(loop, &sockets->settings);
  if (sockets->io != NULL) return sockets;
  free(sockets);
  return NULL;
}

void messenger_sockets_free(MessengerSockets *sockets) {
  socketio_free(sockets->io);
  free(sockets->welcomes);
  free(sockets);
}

bool messenger_socket_request(Exchange *exchange) {
  return socketio_request(sockets_of_loop(exchange->conn->loop)->io, exchange);
}

void messenger_socket_turn_end(Loop *loop) {
  MessengerSockets *sockets = sockets_of_loop(loop);
  if (!loop->draining) messenger_look_up_all(sockets);
  send_welcomes(sockets);
  socketio_turn_end(sockets->io);
}
