// Socket.IO clients and their sockets: packets in, handlers called, packets out.
#include "core/socketio.h"

#include <stdlib.h>
#include <string.h>

#include "core/socketio_private.h"
#include "shared/ids.h"

SocketIo *socketio_server(const SocketIoSocket *socket) {
  return socket->client != NULL ? socket->client->io : NULL;
}

Loop *socketio_loop(const SocketIo *io) {
  return io->loop;
}

void *socketio_client(const SocketIoSocket *socket) {
  return socket->client != NULL ? socket->client->owner : NULL;
}

void *socketio_take_client(SocketIoSocket *socket) {
  void *owner = socketio_client(socket);
  if (owner != NULL) socket->client->owner = NULL;
  return owner;
}

static void send_text(SocketIoClient *client, const Text *packet) {
  engineio_send(client->session, engineio_frame(client->session->version, false, text_str(packet)));
}

static Text packet_of(SocketIoClient *client, SocketIoPacketType type, Str name_space) {
  Text packet = {.arena = &client->io->arena};
  socketio_packet_head(&packet, type, 0, name_space, SOCKETIO_NO_ID);
  return packet;
}

// Sockets.

static SocketIoSocket *find_socket(const SocketIoClient *client, Str name_space) {
  SocketIoSocket *socket = client->sockets;
  while (socket != NULL && !str_equal(str_from(socket->name_space->name), name_space)) socket = socket->next;
  return socket;
}

static const SocketIoNamespace *find_name_space(const SocketIo *io, Str name) {
  for (uint32_t i = 0; i < io->settings->namespace_count; i++) {
    if (str_equal(str_from(io->settings->namespaces[i].name), name)) return &io->settings->namespaces[i];
  }
  return NULL;
}

void socketio_release(SocketIoSocket *socket) {
  if (--socket->refs == 0) free(socket);
}

// Takes the socket at this place of its client's list out.
static void detach(SocketIoSocket **at, SocketIoEnd end, bool waits) {
  SocketIoSocket *socket = *at;
  SocketIo *io = socket->client->io;
  *at = socket->next;
  socketio_rooms_lose(socket);
  socketio_retain(socket);
  if (socket->name_space->disconnected != NULL) socket->name_space->disconnected(socket, end);
  socket->client = NULL;
  if (waits) {
    socketio_wait(io, socket);
  } else {
    socketio_forget(io, socket);
  }
  socketio_release(socket);
}

void socketio_detach(SocketIoSocket *socket, SocketIoEnd end, bool waits) {
  SocketIoSocket **at = &socket->client->sockets;
  while (*at != NULL && *at != socket) at = &(*at)->next;
  if (*at != NULL) detach(at, end, waits);  // else it is about to go, and its handler is being told
}

void socketio_disconnect(SocketIo *io, SocketIoSocket *socket, bool close) {
  SocketIoClient *client = socket->client;
  if (client == NULL) {
    if (socket->waits.next != NULL) socketio_forget(io, socket);
    return;
  }
  Text packet = packet_of(client, SOCKETIO_DISCONNECT, str_from(socket->name_space->name));
  send_text(client, &packet);
  socketio_detach(socket, SOCKETIO_SERVER_LEFT, false);
  if (close) engineio_close(client->session);
}

// Connecting.

static void send_connected(SocketIoSocket *socket) {
  SocketIoClient *client = socket->client;
  Text packet = packet_of(client, SOCKETIO_CONNECT, str_from(socket->name_space->name));
  if (client->session->version == 4) {
    text_format(&packet, "{\"sid\":\"%.*s\"", SOCKETIO_SID_BYTES, socket->sid);
    if (socket->pid[0] != '\0') text_format(&packet, ",\"pid\":\"%.*s\"", SOCKETIO_SID_BYTES, socket->pid);
    text_char(&packet, '}');
  }
  send_text(client, &packet);
}

// Clients 2.x take anything as the error, and show what they get.
static void refuse(SocketIoClient *client, Str name_space, const SocketIoRefusal *refusal) {
  Text packet = packet_of(client, SOCKETIO_CONNECT_ERROR, name_space);
  Text message = {.arena = packet.arena};
  json_add_str(&message, refusal->message);
  bool old = client->session->version == 3;
  if (!old) text_add(&packet, STR("{\"message\":"));
  if (!old || refusal->more.length == 0) text_add(&packet, text_str(&message));
  if (!old && refusal->more.length > 0) text_add(&packet, STR(",\"data\":"));
  text_add(&packet, refusal->more);
  if (!old) text_char(&packet, '}');
  send_text(client, &packet);
}

static void refuse_name_space(SocketIoClient *client, Str name) {
  Text packet = packet_of(client, SOCKETIO_CONNECT_ERROR, name);
  text_add(&packet, STR("{\"message\":\"Invalid namespace\"}"));
  send_text(client, &packet);
}

static void random_name(SocketIo *io, char name[SOCKETIO_SID_BYTES]) {
  memcpy(name, ids_random(&io->arena, &io->loop->env, SOCKETIO_SID_BYTES).at, SOCKETIO_SID_BYTES);
}

static SocketIoSocket *new_socket(SocketIoClient *client, const SocketIoNamespace *name_space) {
  SocketIo *io = client->io;
  SocketIoSocket *socket = calloc(1, sizeof *socket);
  if (socket == NULL) return NULL;
  *socket = (SocketIoSocket){.client = client, .name_space = name_space, .refs = 1, .since = io->log.next - 1};
  random_name(io, socket->sid);
  return socket;
}

// From now on it can come back.
static bool name_privately(SocketIoSocket *socket) {
  SocketIo *io = socket->client->io;
  if (!socketio_can_recover(io, socket->client->session)) return true;
  random_name(io, socket->pid);
  if (lookup_add(&io->sockets, &socket->node, str_hash((Str){socket->pid, sizeof socket->pid}))) return true;
  socket->pid[0] = '\0';
  return false;
}

static void link_socket(SocketIoSocket *socket) {
  socket->next = socket->client->sockets;
  socket->client->sockets = socket;
  deadline_clear(&socket->client->connect);
}

static bool connect_new(SocketIoClient *client, const SocketIoNamespace *name_space, Str auth, const Json *payload) {
  SocketIoSocket *socket = new_socket(client, name_space);
  SocketIoRefusal refusal = {.message = STR("Not authorized")};
  if (socket == NULL) return false;
  if (name_space->admit != NULL && !name_space->admit(socket, payload, &refusal)) {
    refuse(client, str_from(name_space->name), &refusal);
    if (name_space->forget != NULL && socket->owner != NULL) name_space->forget(socket->owner);
    socketio_release(socket);
    return true;
  }
  if (!name_privately(socket)) {
    if (name_space->forget != NULL && socket->owner != NULL) name_space->forget(socket->owner);
    socketio_release(socket);
    return false;
  }
  link_socket(socket);
  send_connected(socket);
  name_space->connected(socket, auth, false);
  return true;
}

static Str decoded(Arena *arena, Str text) {
  Str plain;
  return ids_from_percent(arena, text, &plain) ? plain : text;
}

// Clients 2.x have no `auth`; what they have to say is the query of the namespace.
static Str auth_of(Arena *arena, const SocketIoPacket *packet) {
  Text auth = {.arena = arena};
  Str query = packet->query;
  if (packet->json.length > 0 || query.length == 0) return packet->json;
  text_char(&auth, '{');
  while (query.length > 0) {
    Str value = str_cut(&query, '&');
    Str name = str_cut(&value, '=');
    if (name.length == 0) continue;
    json_add_str(&auth, decoded(arena, name));
    text_char(&auth, ':');
    json_add_str(&auth, decoded(arena, value));
  }
  text_char(&auth, '}');
  return text_str(&auth);
}

// False: the connection is to end.
static bool connect_to(SocketIoClient *client, Str name, Str auth) {
  const SocketIoNamespace *name_space = find_name_space(client->io, name);
  if (name_space == NULL) {
    refuse_name_space(client, name);
    return true;
  }
  if (auth.length == 0) auth = STR("{}");
  const Json *payload = json_parse(&client->io->arena, auth, NULL);
  SocketIoSocket *socket = socketio_recover(client, name_space, payload);
  if (socket == NULL) return connect_new(client, name_space, auth, payload);
  link_socket(socket);
  send_connected(socket);
  socketio_replay(socket, payload);
  name_space->connected(socket, auth, true);
  return true;
}

// Packets.

// What came of a packet with attachments, or NULL.
static SocketIoMessage attached(const SocketIoPartial *partial) {
  if (partial == NULL) return (SocketIoMessage){0};
  return (SocketIoMessage){.attachments = partial->attachments, .attachment_count = partial->count};
}

static bool take_event(SocketIoSocket *socket, const SocketIoPacket *packet, const SocketIoPartial *partial) {
  SocketIoEvent event = {.message = attached(partial), .payload = packet->payload, .id = packet->id};
  socketio_packet_event(&socket->client->io->arena, packet, &event.message.name, &event.message.args);
  socketio_retain(socket);
  socket->name_space->event(socket, &event);
  socketio_release(socket);
  return true;
}

static bool take_ack(SocketIoSocket *socket, const SocketIoPacket *packet, const SocketIoPartial *partial) {
  SocketIoMessage answer = attached(partial);
  answer.args = socketio_packet_args(packet);
  socketio_retain(socket);
  if (socket->name_space->acked != NULL) socket->name_space->acked(socket, packet->id, &answer);
  socketio_release(socket);
  return true;
}

// False: not at this time, or not at all.
static bool take_packet(SocketIoClient *client, const SocketIoPacket *packet, const SocketIoPartial *partial) {
  SocketIoSocket *socket = find_socket(client, packet->name_space);
  if (packet->type == SOCKETIO_CONNECT) {
    if (socket == NULL) return connect_to(client, packet->name_space, auth_of(&client->io->arena, packet));
    return client->session->version == 3;  // clients 2.x are connected unasked
  }
  if (socket == NULL) return false;
  switch (packet->type) {
    case SOCKETIO_EVENT:
      return take_event(socket, packet, partial);
    case SOCKETIO_ACK:
      return take_ack(socket, packet, partial);
    case SOCKETIO_DISCONNECT:
      socketio_detach(socket, SOCKETIO_CLIENT_LEFT, false);
      return true;
    default:
      return false;
  }
}

// Attachments.

static void drop_partial(SocketIoClient *client) {
  if (client->partial == NULL) return;
  arena_free(&client->partial->arena);
  free(client->partial);
  client->partial = NULL;
}

// Keeps the text until its attachments have come. The namespace must be one that takes any.
static bool begin_partial(SocketIoClient *client, Str text, const SocketIoPacket *packet) {
  const SocketIoSocket *socket = find_socket(client, packet->name_space);
  if (socket == NULL || !socket->name_space->binary) return false;
  SocketIoPartial *partial = calloc(1, sizeof *partial);
  if (partial == NULL) return false;
  client->partial = partial;
  partial->wanted = packet->attachments;
  partial->text = str_copy(&partial->arena, text);
  partial->attachments = ARENA_ARRAY(&partial->arena, Str, packet->attachments);
  return !partial->arena.failed;
}

// The last one completes the packet.
static bool take_attachment(SocketIoClient *client, Str bytes) {
  SocketIoPartial *partial = client->partial;
  const SocketIoSettings *settings = client->io->settings;
  if (partial == NULL || partial->bytes + bytes.length > settings->attached_bytes_max) return false;
  partial->attachments[partial->count++] = str_copy(&partial->arena, bytes);
  partial->bytes += bytes.length;
  if (partial->arena.failed) return false;
  if (partial->count < partial->wanted) return true;
  SocketIoPacket packet;
  bool right = socketio_packet_read(&client->io->arena, partial->text, settings->attachments_max, &packet) &&
               take_packet(client, &packet, partial);
  drop_partial(client);
  return right;
}

static bool take_text(SocketIoClient *client, Str text) {
  SocketIoPacket packet;
  if (client->partial != NULL) return false;
  if (!socketio_packet_read(&client->io->arena, text, client->io->settings->attachments_max, &packet)) return false;
  if (packet.attachments > 0) return begin_partial(client, text, &packet);
  return take_packet(client, &packet, NULL);
}

// What Engine.IO tells.

static bool on_open(EngineSession *session, const Exchange *exchange) {
  SocketIo *io = engineio_owner(session);
  void *owner = NULL;
  bool welcome = io->settings->handshake == NULL || io->settings->handshake(exchange, &owner);
  SocketIoClient *client = welcome ? calloc(1, sizeof *client) : NULL;
  if (client == NULL) {
    if (owner != NULL && io->settings->gone != NULL) io->settings->gone(owner);
    return false;
  }
  *client = (SocketIoClient){.io = io, .session = session, .owner = owner};
  session->owner = client;
  if (session->version == 3) {
    if (!connect_to(client, STR("/"), (Str){0})) engineio_end(session, ENGINE_FAULT);
  } else {
    deadline_set(&io->connects, &client->connect, uv_now(&io->loop->uv) + io->settings->connect_timeout_ms);
  }
  arena_reset(&io->arena);
  return true;
}

static void on_message(EngineSession *session, bool binary, Str message) {
  SocketIoClient *client = session->owner;
  bool right = binary ? take_attachment(client, message) : take_text(client, message);
  if (!right) engineio_end(session, ENGINE_FAULT);
  arena_reset(&client->io->arena);
}

static void on_close(EngineSession *session, EngineEnd end) {
  SocketIoClient *client = session->owner;
  SocketIo *io = client->io;
  bool waits = socketio_can_recover(io, session) && end != ENGINE_FAULT && end != ENGINE_SERVER_CLOSED;
  deadline_clear(&client->connect);
  while (client->sockets != NULL) detach(&client->sockets, SOCKETIO_CONNECTION_LOST, waits);
  drop_partial(client);
  if (client->owner != NULL && io->settings->gone != NULL) io->settings->gone(client->owner);
  free(client);
}

static const EngineHandler handler = {.open = on_open, .message = on_message, .close = on_close};

// The server.

SocketIo *socketio_new(Loop *loop, const SocketIoSettings *settings) {
  SocketIo *io = calloc(1, sizeof *io);
  if (io == NULL) return NULL;
  *io = (SocketIo){.loop = loop, .settings = settings};
  io->engine = engineio_new(loop, &settings->engine, &handler, io);
  if (io->engine == NULL) {
    free(io);
    return NULL;
  }
  deadlines_init(&io->connects);
  deadlines_init(&io->waits);
  io->log.first = io->log.next = 1;
  memcpy(io->log.epoch, ids_random(&io->arena, &loop->env, sizeof io->log.epoch).at, sizeof io->log.epoch);
  return io;
}

bool socketio_request(SocketIo *io, Exchange *exchange) {
  return engineio_request(io->engine, exchange);
}

void socketio_turn_end(SocketIo *io) {
  uint64_t now_ms = uv_now(&io->loop->uv);
  for (Deadline *deadline; (deadline = deadlines_take(&io->connects, now_ms)) != NULL;) {
    engineio_close(DEADLINE_OWNER(deadline, SocketIoClient, connect)->session);
  }
  socketio_forget_old(io);
  socketio_log_trim(io);
  engineio_turn_end(io->engine);
  arena_reset(&io->arena);
}

void socketio_free(SocketIo *io) {
  if (io == NULL) return;
  engineio_free(io->engine);
  socketio_forget_all(io);
  lookup_free(&io->sockets);
  lookup_free(&io->rooms);
  socketio_log_free(&io->log);
  arena_free(&io->arena);
  free(io);
}
