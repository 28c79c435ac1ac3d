// Connection state recovery (https://socket.io/docs/v4/connection-state-recovery): a socket that lost its connection is
// waited for; its client comes back with the private id (pid) and the offset of the last event it got, and goes on with
// its id, its rooms and what it missed. Before the first event there is no offset: then it is all since it connected.
#include <stdlib.h>
#include <string.h>

#include "core/socketio_private.h"

static SocketIoSocket *find(const SocketIo *io, Str pid) {
  if (pid.length != SOCKETIO_SID_BYTES) return NULL;
  for (LookupNode *node = lookup_first(&io->sockets, str_hash(pid)); node != NULL; node = lookup_next(node)) {
    SocketIoSocket *socket = LOOKUP_OWNER(node, SocketIoSocket, node);
    if (memcmp(socket->pid, pid.at, pid.length) == 0) return socket;
  }
  return NULL;
}

// Waiting.

void socketio_wait(SocketIo *io, SocketIoSocket *socket) {
  if (io->waited_for > 0 && io->waited_for >= io->settings->recovery_sockets_max) {
    socketio_forget(io, DEADLINE_OWNER(io->waits.ends.next, SocketIoSocket, waits));
  }
  ++io->waited_for;
  deadline_set(&io->waits, &socket->waits, uv_now(&io->loop->uv) + io->settings->recovery_ms);
}

static void stop_waiting(SocketIo *io, SocketIoSocket *socket) {
  if (socket->waits.next == NULL) return;
  deadline_clear(&socket->waits);
  --io->waited_for;
}

void socketio_forget(SocketIo *io, SocketIoSocket *socket) {
  void *owner = socket->owner;
  stop_waiting(io, socket);
  socketio_rooms_leave(io, socket);
  if (socket->pid[0] != '\0') lookup_remove(&io->sockets, &socket->node);
  socket->pid[0] = '\0';
  socket->owner = NULL;
  if (owner != NULL && socket->name_space->forget != NULL) socket->name_space->forget(owner);
  socketio_release(socket);
}

void socketio_forget_old(SocketIo *io) {
  uint64_t now_ms = uv_now(&io->loop->uv);
  while (deadlines_next_ms(&io->waits) <= now_ms) {
    socketio_forget(io, DEADLINE_OWNER(io->waits.ends.next, SocketIoSocket, waits));
  }
}

void socketio_forget_all(SocketIo *io) {
  while (io->waited_for > 0) socketio_forget(io, DEADLINE_OWNER(io->waits.ends.next, SocketIoSocket, waits));
}

void socketio_forget_room(SocketIo *io, const SocketIoRoom *room) {
  Deadline *at = io->waits.ends.next;
  while (at != &io->waits.ends) {
    SocketIoSocket *socket = DEADLINE_OWNER(at, SocketIoSocket, waits);
    at = at->next;
    const SocketIoMembership *membership = socket->memberships;
    while (membership != NULL && membership->room != room) membership = membership->next;
    bool last = membership != NULL && room->waited_for == 1 && room->count == 0;  // the room goes with it
    if (membership != NULL) socketio_forget(io, socket);
    if (last) return;
  }
}

// Coming back.

static int ascending(const void *a, const void *b) {
  const uint64_t *first = a, *second = b;
  return *first < *second ? -1 : *first > *second;
}

static uint64_t later(uint64_t a, uint64_t b) {
  return a > b ? a : b;
}

// An offset from before this connection (clients keep it) says nothing of it.
static uint64_t position_in(const SocketIo *io, const SocketIoSocket *socket, const Json *auth) {
  Str offset = {0};
  json_str(json_get(auth, "offset"), &offset);
  return later(socketio_log_position(&io->log, offset), socket->since);
}

// The positions of all that was sent to the socket after `since`; false when some of it is there no more.
static bool find_missed(SocketIo *io, const SocketIoSocket *socket, uint64_t since, SocketIoMissed *missed) {
  if (!socketio_log_missed(&io->log, socket->last_sent, since, missed)) return false;
  const SocketIoMembership *membership = socket->memberships;
  for (; membership != NULL; membership = membership->next) {
    uint64_t from = later(since, membership->since);
    if (!socketio_log_missed(&io->log, membership->room->last_sent, from, missed)) return false;
  }
  if (missed->count > 0) qsort(missed->positions, missed->count, sizeof *missed->positions, ascending);
  return true;
}

// A connection that is dead and does not know it yet gives way to the new one.
static void replace(SocketIoSocket *socket) {
  EngineSession *session = socket->client->session;
  socketio_detach(socket, SOCKETIO_CONNECTION_LOST, true);
  engineio_end(session, ENGINE_GONE);
}

SocketIoSocket *socketio_recover(SocketIoClient *client, const SocketIoNamespace *name_space, const Json *auth) {
  SocketIo *io = client->io;
  Str pid = {0};
  if (!socketio_can_recover(io, client->session) || !json_str(json_get(auth, "pid"), &pid)) return NULL;
  SocketIoSocket *socket = find(io, pid);
  if (socket == NULL || socket->name_space != name_space || socket->client == client) return NULL;
  if (socket->client != NULL) replace(socket);
  if (find(io, pid) != socket) return NULL;  // the program let it go just now
  SocketIoMissed missed = {.arena = &io->arena};
  stop_waiting(io, socket);
  socket->client = client;
  if (find_missed(io, socket, position_in(io, socket, auth), &missed) && socketio_rooms_return(socket)) return socket;
  socket->client = NULL;
  socketio_forget(io, socket);
  return NULL;
}

void socketio_replay(SocketIoSocket *socket, const Json *auth) {
  SocketIo *io = socket->client->io;
  SocketIoMissed missed = {.arena = &io->arena};
  if (!find_missed(io, socket, position_in(io, socket, auth), &missed)) return;
  for (size_t i = 0; i < missed.count; i++) {
    engineio_send(socket->client->session, socketio_log_frame(&io->log, missed.positions[i]));
  }
}
