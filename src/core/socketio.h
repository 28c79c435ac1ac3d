// Socket.IO over Engine.IO: protocol 5 (clients 3.x and 4.x) and 3/4 (clients 2.x)
// (https://socket.io/docs/v4/socket-io-protocol/): namespaces, events, acknowledgements, attachments, and the recovery
// of a connection's state. One server a loop; everything runs on the loop's thread, and no handler may block.
#ifndef FOYER_CORE_SOCKETIO_H
#define FOYER_CORE_SOCKETIO_H

#include "core/engineio.h"
#include "shared/json.h"

enum { SOCKETIO_SID_BYTES = 20 };

typedef struct SocketIo SocketIo;  // a server, of one loop
typedef struct SocketIoSocket SocketIoSocket;

// What is emitted, or came.
typedef struct SocketIoMessage {
  Str name;
  Str args;                // the other elements as JSON, with commas and without brackets: `1,"two"`; empty: none
  const Str *attachments;  // of the placeholders in args
  uint32_t attachment_count;
} SocketIoMessage;

typedef struct SocketIoEvent {
  SocketIoMessage message;
  const Json *payload;  // the name and the arguments
  int64_t id;           // to be acknowledged with; SOCKETIO_NO_ID (core/socketio_packet.h): not asked for
} SocketIoEvent;

// Why a client may not connect. `more` is JSON; empty: none.
typedef struct SocketIoRefusal {
  Str message;
  Str more;
} SocketIoRefusal;

typedef enum SocketIoEnd {
  SOCKETIO_CLIENT_LEFT,     // the namespace
  SOCKETIO_SERVER_LEFT,     // we let it go
  SOCKETIO_CONNECTION_LOST  // with all its namespaces
} SocketIoEnd;

// A namespace, a row: its name and what is told of its sockets. Slices are valid during the call only.
typedef struct SocketIoNamespace {
  const char *name;  // "/"
  bool binary;       // events may have attachments; else they are a fault, before any is taken
  // Whether the client may connect; NULL: anybody. Nothing may be emitted yet. `auth`: what it sent, a JSON object; of
  // clients 2.x the namespace's query.
  bool (*admit)(SocketIoSocket *socket, const Json *auth, SocketIoRefusal *refusal);
  // Connected; or connected again, with its id, its rooms and its owner, and what it missed is on its way.
  void (*connected)(SocketIoSocket *socket, Str auth, bool recovered);
  void (*event)(SocketIoSocket *socket, const SocketIoEvent *event);
  // The answer to socketio_ask, without a name; NULL: never asked.
  void (*acked)(SocketIoSocket *socket, int64_t id, const SocketIoMessage *answer);
  void (*disconnected)(SocketIoSocket *socket, SocketIoEnd end);  // no longer in its rooms; may be NULL
  void (*forget)(void *owner);  // it will not come back: frees the owner, where there is one; may be NULL
} SocketIoNamespace;

// Times in milliseconds, sizes in bytes.
typedef struct SocketIoSettings {
  EngineSettings engine;
  const SocketIoNamespace *namespaces;
  uint32_t namespace_count;
  uint32_t connect_timeout_ms;    // from the handshake to the first namespace (protocol 5)
  uint32_t attachments_max;       // of one event
  uint32_t attached_bytes_max;    // of one event
  uint32_t recovery_ms;           // how long a lost socket may come back to what it missed; 0: never
  uint32_t recovery_bytes_max;    // of what is kept for those that come back; what is older than fits is lost to them
  uint32_t recovery_sockets_max;  // that are waited for
  // A client's handshake; *client is the program's own, kept for the client (socketio_client). False refuses it with
  // 403. Both may be NULL.
  bool (*handshake)(const Exchange *exchange, void **client);
  void (*gone)(void *client);  // frees it, where there is one
} SocketIoSettings;

// A client in a namespace.
struct SocketIoSocket {
  LookupNode node;                // by pid
  struct SocketIoClient *client;  // NULL: disconnected
  SocketIoSocket *next;           // of the client
  const SocketIoNamespace *name_space;
  struct SocketIoMembership *memberships;
  void *owner;         // the program's own; see SocketIoNamespace.forget
  uint64_t since;      // position in the log when it first connected
  uint64_t last_sent;  // position of the latest event for it alone; 0: none
  Deadline waits;      // disconnected: how long it may come back
  uint32_t refs;       // see socketio_retain
  char sid[SOCKETIO_SID_BYTES];
  char pid[SOCKETIO_SID_BYTES];  // known to its client alone; all zero without recovery
};

// The settings must outlive it. NULL when memory is out.
SocketIo *socketio_new(Loop *loop, const SocketIoSettings *settings);
void socketio_free(SocketIo *io);                         // in LoopHooks.stopped
bool socketio_request(SocketIo *io, Exchange *exchange);  // serves it if it is for this server; false when it is not
void socketio_turn_end(SocketIo *io);                     // in LoopHooks.turn_end, behind all that emits

void *socketio_client(const SocketIoSocket *socket);      // what the handshake left; NULL when the client has gone
void *socketio_take_client(SocketIoSocket *socket);       // likewise, and from now on it is the caller's
SocketIo *socketio_server(const SocketIoSocket *socket);  // NULL when the client has gone
Loop *socketio_loop(const SocketIo *io);

// Emitting. To a socket that is waited for: it gets the event when it comes back.
void socketio_emit(SocketIoSocket *socket, const SocketIoMessage *message);
void socketio_ask(SocketIoSocket *socket, const SocketIoMessage *message, int64_t id);  // answered by `acked`
void socketio_ack(SocketIoSocket *socket, int64_t id, const SocketIoMessage *answer);   // whose name does not matter

// Rooms: sets of sockets of a namespace, named by numbers (a user's id). They come and go with their members; a socket
// that comes back is in its rooms again. An event is rendered once for each form, whoever many get it.
bool socketio_join(SocketIoSocket *socket, int64_t room);  // false when memory is out
void socketio_emit_room(SocketIo *io, const SocketIoNamespace *name_space, int64_t room,
                        const SocketIoMessage *message);
// Disconnects all of a room, those that are waited for too; with `close` they lose their connection as well.
void socketio_disconnect_room(SocketIo *io, const SocketIoNamespace *name_space, int64_t room, bool close);
uint32_t socketio_room_count(SocketIo *io, const SocketIoNamespace *name_space, int64_t room);  // connected members

// Lets the client go, with a word; with `close` its connection is closed too, when it has got what is queued. One that
// is waited for can come back no more.
void socketio_disconnect(SocketIo *io, SocketIoSocket *socket, bool close);

// A reference that outlives the connection, for an answer that takes its time.
static inline SocketIoSocket *socketio_retain(SocketIoSocket *socket) {
  ++socket->refs;
  return socket;
}
void socketio_release(SocketIoSocket *socket);

#endif
