// The seats door's WebSocket: JSON messages in, replies and the updates of subscriptions out (seats contract, 2.5
// to 2.10). Loop threads; does not block.
#ifndef FOYER_CONTROLLERS_SEATS_SOCKET_H
#define FOYER_CONTROLLERS_SEATS_SOCKET_H

#include "core/call.h"
#include "core/topic.h"

// Answers a WebSocket handshake: opens the socket as the person its cookie names, or as a guest.
void seats_socket_open(Exchange *exchange);

// The browser a request comes from, as far as it can be told: its ss_client cookie, else address and User-Agent.
typedef struct SeatsClient {
  uint64_t cookie_hash;  // 0: no cookie
  uint64_t agent_hash;   // of address and User-Agent
} SeatsClient;

SeatsClient seats_client_of(Conn *conn, const HttpRequest *request, Arena *arena);

// A browser has signed in (identity) or out (identity with user_id 0, `ended` whose session is over, else NULL): its
// sockets, on all loops, change their identity and tell their user.subscribe; other sockets of the ended session are
// closed.
void seats_socket_identity_changed(Loop *loop, SeatsClient client, const Identity *identity, const Identity *ended);
// A signal was committed: closes the sockets of sessions that have ended (models/session.h), and tells those who watch
// their account ("account:<user id>").
void seats_socket_signal(Loop *loop, const Event *event);

extern const TopicDoor seats_topic_door;

#endif
