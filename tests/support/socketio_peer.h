// A client of a Socket.IO server on a rig's loop: a socket pair whose other end the test speaks WebSocket over, by
// hand.
#ifndef FOYER_TESTS_SUPPORT_SOCKETIO_PEER_H
#define FOYER_TESTS_SUPPORT_SOCKETIO_PEER_H

#include "core/conn.h"
#include "support/rig.h"

typedef struct SocketIoPeer {
  Rig *rig;
  int fd;
  Text bytes;  // that came and were not yet taken
  bool over;   // the server has closed
} SocketIoPeer;

// Opens a WebSocket of an Engine.IO version at /socket.io/; gives the status that was answered.
int socketio_peer_open(Rig *rig, SocketIoPeer *peer, int version);
void socketio_peer_say(SocketIoPeer *peer, const char *text);
// The next frame's text, which is waited for; "" of a close frame without a code.
const char *socketio_peer_hear(SocketIoPeer *peer);
bool socketio_peer_is_quiet(SocketIoPeer *peer);  // no frame has come that was not taken
bool socketio_peer_is_over(SocketIoPeer *peer);
void socketio_peer_close(SocketIoPeer *peer);

#endif
