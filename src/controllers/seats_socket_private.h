// The state of a seats socket. For controllers/seats_socket.c and controllers/seats_identity.c only.
#ifndef FOYER_CONTROLLERS_SEATS_SOCKET_PRIVATE_H
#define FOYER_CONTROLLERS_SEATS_SOCKET_PRIVATE_H

#include "controllers/seats_socket.h"

// A subscription to one's own identity.
typedef struct UserSubscription {
  struct UserSubscription *next;
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

// Sends a socket's user.subscribe its identity as it is now.
void seats_socket_send_user(SeatsSocket *socket, TopicStatus status, Str eid);

#endif
