// The messenger door's Socket.IO: who is let in, what he hears, what he says (messenger contract, 1.5 and 1.6). One a
// loop, on its thread; does not block.
#ifndef FOYER_CONTROLLERS_MESSENGER_SOCKET_H
#define FOYER_CONTROLLERS_MESSENGER_SOCKET_H

#include "core/call.h"

// Requests there may be as large as a message of Engine.IO.
#define MESSENGER_SOCKET_PATH "/socket.io/"
enum { MESSENGER_SOCKET_BODY_BYTES = 1000000 };

typedef struct MessengerSockets MessengerSockets;

MessengerSockets *messenger_sockets_new(Loop *loop);  // NULL when memory is out
void messenger_sockets_free(MessengerSockets *sockets);
bool messenger_socket_request(Exchange *exchange);  // serves it if it is for this door; false when it is not
void messenger_socket_signal(Loop *loop, const Event *event);
void messenger_socket_turn_end(Loop *loop);  // behind all that emits

#endif
