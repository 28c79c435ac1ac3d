// Emitting: an event is written once for each form (a protocol version, with or without its position in the log), and
// the same bytes go to everybody of a room.
#include <stdlib.h>
#include <string.h>

#include "core/socketio_private.h"

enum { PREFETCH_SESSIONS = 8, PREFETCH_CONNS = 4 };

// Rooms.

// Numbers of users run 1, 2, 3: mixed (splitmix64), they spread.
static uint64_t room_hash(const SocketIoNamespace *name_space, int64_t name) {
  uint64_t hash = (uint64_t)name + (uint64_t)(uintptr_t)name_space;
  hash = (hash ^ (hash >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  hash = (hash ^ (hash >> 27)) * UINT64_C(0x94d049bb133111eb);
  return hash ^ (hash >> 31);
}

static SocketIoRoom *find_room(const SocketIo *io, const SocketIoNamespace *name_space, int64_t name) {
  LookupNode *node = lookup_first(&io->rooms, room_hash(name_space, name));
  for (; node != NULL; node = lookup_next(node)) {
    SocketIoRoom *room = LOOKUP_OWNER(node, SocketIoRoom, node);
    if (room->name == name && room->name_space == name_space) return room;
  }
  return NULL;
}

static SocketIoRoom *make_room(SocketIo *io, const SocketIoNamespace *name_space, int64_t name) {
  SocketIoRoom *room = calloc(1, sizeof *room);
  if (room == NULL) return NULL;
  *room = (SocketIoRoom){.name_space = name_space, .name = name};
  if (lookup_add(&io->rooms, &room->node, room_hash(name_space, name))) return room;
  free(room);
  return NULL;
}

static void drop_if_empty(SocketIo *io, SocketIoRoom *room) {
  if (room->count > 0 || room->waited_for > 0) return;
  lookup_remove(&io->rooms, &room->node);
  free(room->members);
  free(room);
}

uint32_t socketio_room_count(SocketIo *io, const SocketIoNamespace *name_space, int64_t room) {
  const SocketIoRoom *found = find_room(io, name_space, room);
  return found != NULL ? found->count : 0;
}

// Members.

static bool add_member(SocketIoMembership *membership) {
  SocketIoRoom *room = membership->room;
  const SocketIoClient *client = membership->socket->client;
  if (room->count == room->capacity) {
    uint32_t capacity = room->capacity == 0 ? 2 : room->capacity * 2;
    SocketIoMember *grown = realloc(room->members, capacity * sizeof *grown);
    if (grown == NULL) return false;
    room->members = grown;
    room->capacity = capacity;
  }
  membership->index = room->count;
  room->members[room->count++] = (SocketIoMember){client->session, membership};
  room->recover += socketio_can_recover(client->io, client->session);
  return true;
}

static void remove_member(SocketIoMembership *membership) {
  SocketIoRoom *room = membership->room;
  const SocketIoClient *client = membership->socket->client;
  SocketIoMember last = room->members[--room->count];
  room->members[membership->index] = last;
  last.membership->index = membership->index;
  room->recover -= socketio_can_recover(client->io, client->session);
}

bool socketio_join(SocketIoSocket *socket, int64_t room) {
  if (socket->client == NULL) return true;
  SocketIo *io = socket->client->io;
  for (const SocketIoMembership *membership = socket->memberships; membership != NULL; membership = membership->next) {
    if (membership->room->name == room) return true;
  }
  SocketIoMembership *membership = calloc(1, sizeof *membership);
  SocketIoRoom *joined = find_room(io, socket->name_space, room);
  if (joined == NULL) joined = make_room(io, socket->name_space, room);
  if (membership == NULL || joined == NULL) goto failed;
  *membership = (SocketIoMembership){.room = joined, .socket = socket, .since = io->log.next - 1};
  if (!add_member(membership)) goto failed;
  membership->next = socket->memberships;
  socket->memberships = membership;
  return true;
failed:
  free(membership);
  if (joined != NULL) drop_if_empty(io, joined);
  return false;
}

void socketio_rooms_lose(SocketIoSocket *socket) {
  for (SocketIoMembership *membership = socket->memberships; membership != NULL; membership = membership->next) {
    remove_member(membership);
    ++membership->room->waited_for;
  }
}

bool socketio_rooms_return(SocketIoSocket *socket) {
  SocketIoMembership *membership = socket->memberships;
  for (; membership != NULL && add_member(membership); membership = membership->next) --membership->room->waited_for;
  if (membership == NULL) return true;
  for (SocketIoMembership *undone = socket->memberships; undone != membership; undone = undone->next) {
    remove_member(undone);
    ++undone->room->waited_for;
  }
  return false;
}

void socketio_rooms_leave(SocketIo *io, SocketIoSocket *socket) {
  SocketIoMembership *membership = socket->memberships;
  socket->memberships = NULL;
  while (membership != NULL) {
    SocketIoMembership *next = membership->next;
    --membership->room->waited_for;
    drop_if_empty(io, membership->room);
    free(membership);
    membership = next;
  }
}

// Emitting.

// `position`: of the event in the log, which is sent behind its arguments; 0: none.
static Str write_event(SocketIo *io, const SocketIoNamespace *name_space, const SocketIoMessage *message, int64_t id,
                       uint64_t position) {
  Text packet = {.arena = &io->arena};
  text_reserve(&packet, message->args.length + message->name.length + 64);
  socketio_packet_head(&packet, SOCKETIO_EVENT, message->attachment_count, str_from(name_space->name), id);
  text_char(&packet, '[');
  json_add_str(&packet, message->name);
  if (message->args.length > 0) json_add_raw(&packet, message->args);
  if (position > 0) socketio_log_offset(&io->log, position, &packet);
  json_close(&packet, ']');
  return text_str(&packet);
}

static void send_attachments(EngineSession *session, const SocketIoMessage *message) {
  for (uint32_t i = 0; i < message->attachment_count; i++) {
    engineio_send(session, engineio_frame(session->version, true, message->attachments[i]));
  }
}

// With attachments it is not kept for those that come back; it takes the position of the last that was.
static uint64_t position_of(const SocketIo *io, const SocketIoMessage *message) {
  return message->attachment_count == 0 ? io->log.next : io->log.next - 1;
}

static SocketIo *server_of(const SocketIoSocket *socket) {
  return socket->client != NULL ? socket->client->io : NULL;
}

void socketio_emit(SocketIoSocket *socket, const SocketIoMessage *message) {
  SocketIo *io = server_of(socket);
  if (io == NULL) return;
  EngineSession *session = socket->client->session;
  bool recovers = socketio_can_recover(io, session);
  Str packet = write_event(io, socket->name_space, message, SOCKETIO_NO_ID, recovers ? position_of(io, message) : 0);
  Buf *frame = engineio_frame(session->version, false, packet);
  if (recovers && message->attachment_count == 0) socketio_log_add(io, frame, &socket->last_sent);
  engineio_send(session, frame);
  send_attachments(session, message);
}

void socketio_ask(SocketIoSocket *socket, const SocketIoMessage *message, int64_t id) {
  SocketIo *io = server_of(socket);
  if (io == NULL) return;
  EngineSession *session = socket->client->session;
  engineio_send(session, engineio_frame(session->version, false, write_event(io, socket->name_space, message, id, 0)));
  send_attachments(session, message);
}

void socketio_ack(SocketIoSocket *socket, int64_t id, const SocketIoMessage *answer) {
  SocketIo *io = server_of(socket);
  if (io == NULL || id == SOCKETIO_NO_ID) return;
  EngineSession *session = socket->client->session;
  Text packet = {.arena = &io->arena};
  socketio_packet_head(&packet, SOCKETIO_ACK, answer->attachment_count, str_from(socket->name_space->name), id);
  text_char(&packet, '[');
  if (answer->args.length > 0) json_add_raw(&packet, answer->args);
  json_close(&packet, ']');
  engineio_send(session, engineio_frame(session->version, false, text_str(&packet)));
  send_attachments(session, answer);
}

// `old`: the form of version 3; NULL: the same. No member leaves meanwhile: who has to end is told at the end of the
// turn (engineio_end).
static void send_all(const SocketIoRoom *room, Buf *frame, Buf *old) {
  for (uint32_t i = 0; i < room->count; i++) {
    if (i + PREFETCH_SESSIONS < room->count) __builtin_prefetch(room->members[i + PREFETCH_SESSIONS].session);
    if (i + PREFETCH_CONNS < room->count) {
      const Conn *conn = room->members[i + PREFETCH_CONNS].session->conn;
      if (conn != NULL) __builtin_prefetch(conn);
    }
    EngineSession *session = room->members[i].session;
    Buf *its = session->version == 3 && old != NULL ? old : frame;
    engineio_send(session, its != NULL ? buf_ref(its) : NULL);
  }
}

static void send_attachments_to_all(const SocketIoRoom *room, const SocketIoMessage *message) {
  for (uint32_t i = 0; i < message->attachment_count; i++) {
    Buf *frame = engineio_frame(4, true, message->attachments[i]);
    Buf *old = engineio_frame(3, true, message->attachments[i]);
    send_all(room, frame, old);
    buf_unref(frame);
    buf_unref(old);
  }
}

void socketio_emit_room(SocketIo *io, const SocketIoNamespace *name_space, int64_t room,
                        const SocketIoMessage *message) {
  SocketIoRoom *to = find_room(io, name_space, room);
  if (to == NULL) return;
  bool recovers = to->recover + to->waited_for > 0;
  uint64_t position = recovers ? position_of(io, message) : 0;
  Buf *frame = engineio_frame(4, false, write_event(io, name_space, message, SOCKETIO_NO_ID, position));
  Buf *old = NULL;
  if (recovers && to->recover < to->count) {
    old = engineio_frame(3, false, write_event(io, name_space, message, SOCKETIO_NO_ID, 0));
  }
  if (recovers && message->attachment_count == 0) socketio_log_add(io, frame, &to->last_sent);
  send_all(to, frame, old);
  send_attachments_to_all(to, message);
  buf_unref(frame);
  buf_unref(old);
}

void socketio_disconnect_room(SocketIo *io, const SocketIoNamespace *name_space, int64_t room, bool close) {
  SocketIoRoom *found;
  while ((found = find_room(io, name_space, room)) != NULL && found->count > 0) {
    socketio_disconnect(io, found->members[found->count - 1].membership->socket, close);
  }
  if (found != NULL) socketio_forget_room(io, found);
}
