// The other end of a connection: a socket pair whose one end is a WebSocket on a rig's loop, and whose other end the
// test reads and writes.
#ifndef FOYER_TESTS_SUPPORT_PEER_H
#define FOYER_TESTS_SUPPORT_PEER_H

#include "core/conn.h"
#include "core/topic.h"
#include "support/rig.h"

typedef struct Peer {
  Rig *rig;
  int fd;  // the test's end
  Conn *conn;
  Topics *topics;  // of its loop; NULL: none
  SubscriberList list;
  Text bytes;     // that came and were not yet taken
  Text messages;  // that came from it: "text(...)\n", as the connection's owner was told
  int drained;    // how often the owner heard that
  bool gone;      // the connection was closed
} Peer;

// Connects and makes it a WebSocket; the 101 is read away. Texts live in the rig's arena. `send_bytes` shrinks what the
// kernel buffers between the ends, 0 leaves it.
Peer *peer_open(Rig *rig, int loop, Topics *topics, int send_bytes);
void peer_close(Peer *peer);  // the test's end; the other end notices in a later turn

// What has come since the last time: a line for each text message (binary ones as hexadecimal, "close CODE" for a
// close). Takes no turns.
const char *peer_take(Peer *peer);
size_t peer_waiting(Peer *peer);  // whole messages that have come and were not taken

// Sends bytes as they are.
void peer_write(Peer *peer, Str bytes);

#endif
