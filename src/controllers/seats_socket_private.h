// The state of a seats socket. For controllers/seats_socket.c and controllers/seats_identity.c only.
#ifndef FOYER_CONTROLLERS_SEATS_SOCKET_PRIVATE_H
#define FOYER_CONTROLLERS_SEATS_SOCKET_PRIVATE_H

#include "controllers/seats_socket.h"
#include "controllers/socket_index.h"

// A subscription to one's own identity, or account.
typedef struct UserSubscription {
  struct UserSubscription *next;
  const char *channel;  // static: "user.subscribe", "account.subscribe"
  uint32_t eid_bytes;
  char eid[];
} UserSubscription;

// An identity that outlives the call that found it: one allocation with its texts.
typedef struct KnownIdentity {
  Identity identity;
  char texts[];
} KnownIdentity;

// An answer that is due once those before it have gone out: the snapshot of a topic, or a frame.
typedef struct SeatsReply {
  struct SeatsReply *next;
  const char *topic_kind;  // NULL: `frame`
  int64_t topic_key;
  const char *type;
  Buf *frame;
  Str eid;  // behind this struct
} SeatsReply;

typedef struct SeatsSocket {
  Conn *conn;
  SubscriberList subscriptions;
  UserSubscription *user_subscriptions;
  KnownIdentity *known;  // NULL: a guest
  SeatsClient client;
  SocketLink by_user;  // in the loop's indexes
  SocketLink by_cookie;
  SocketLink by_agent;
  uint64_t probed_ms;  // loop tick of the last heartbeat we sent of our own accord
  char *stalled;       // a message that waits for the calls before it; NULL: none
  uint32_t stalled_bytes;
  uint16_t in_flight;   // calls and subscriptions that are not answered
  bool only_writes;     // and all of them are writing calls
  bool reply_waits;     // an answer is with the topics, which tell when it has gone out
  SeatsReply *replies;  // those behind it, oldest first
  SeatsReply **replies_tail;
} SeatsSocket;

extern const WsHandler seats_socket_handler;
extern const char seats_user_channel[];     // "user.subscribe"
extern const char seats_account_channel[];  // "account.subscribe"

// Sends a socket's user.subscribe its identity as it is now.
void seats_socket_send_user(SeatsSocket *socket, TopicStatus status, Str eid);
// Sends one of a socket's account.subscribe what has changed.
void seats_socket_send_account(SeatsSocket *socket, TopicStatus status, Str eid, Str body);

// Puts a socket into the loop's indexes, as its identity now is; and takes it out.
void seats_socket_index(SeatsSocket *socket);
void seats_socket_unindex(SeatsSocket *socket);

#endif
