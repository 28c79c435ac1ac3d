// The state of the messenger's sockets. For controllers/messenger_socket.c and messenger_socket_identity.c only.
#ifndef FOYER_CONTROLLERS_MESSENGER_SOCKET_PRIVATE_H
#define FOYER_CONTROLLERS_MESSENGER_SOCKET_PRIVATE_H

#include "controllers/messenger_socket.h"
#include "controllers/socket_index.h"
#include "core/deadline.h"
#include "core/socketio.h"

enum { SID_BYTES_MAX = 32 };

// What a client says of who it is: in the query of its handshake, or in the auth payload of its connection.
typedef struct Credentials {
  Str authorization;  // "Bearer <jwt>"; empty: the cookie counts
  Str os;
  Str browser;
  Str cookie;  // handshake_token, of a page that may use it
  Str peer;
  char texts[];
} Credentials;

// A socket, as long as it is connected or waited for.
typedef struct Visitor {
  SocketLink by_user;  // once let in
  SocketIoSocket *socket;
  Credentials *credentials;  // until it is let in; NULL: there are none
  Deadline asks;             // waits to be looked up
  int64_t user_id;           // who it is; 0: not let in
  uint64_t typed_ms;         // loop tick when it last told that somebody types
  bool looked_up;            // a look is under way
  bool wants_in;             // it has asked
  bool here;                 // counted in the presence of its person
  char sid[SID_BYTES_MAX];   // of its session, zero-terminated
} Visitor;

struct MessengerSockets {
  Loop *loop;
  SocketIoSettings settings;
  SocketIo *io;
  DeadlineList asks;  // visitors that wait to be looked up
  uint32_t looks;     // under way
  // People of whom a socket was let in during this turn: all their sockets are to hear of it.
  int64_t *welcomes;
  size_t welcome_count;
  size_t welcome_capacity;
  SocketIndex by_user;
};

extern const SocketIoNamespace messenger_name_space;

MessengerSockets *messenger_sockets_of(const SocketIoSocket *socket);  // of a connected one

// controllers/messenger_socket_identity.c
bool messenger_handshake(const Exchange *exchange, void **client);  // SocketIoSettings.handshake, keeps Credentials
// What the client of a socket that has just connected said, now the caller's. NULL when there is none any more.
Credentials *messenger_credentials(SocketIoSocket *socket, Str auth);
void messenger_ask(Visitor *visitor);  // wants to be let in
void messenger_look_up_all(MessengerSockets *sockets);

// controllers/messenger_socket.c
void messenger_let_in(MessengerSockets *sockets, Visitor *visitor, const Identity *who);

#endif
