// Socket.IO packets, protocol 3/4 (clients 2.x) and 5: read from a message's text and written to it. Pure.
// https://socket.io/docs/v4/socket-io-protocol/#packet-encoding
#ifndef FOYER_CORE_SOCKETIO_PACKET_H
#define FOYER_CORE_SOCKETIO_PACKET_H

#include "shared/json.h"

typedef enum SocketIoPacketType {
  SOCKETIO_CONNECT,
  SOCKETIO_DISCONNECT,
  SOCKETIO_EVENT,
  SOCKETIO_ACK,
  SOCKETIO_CONNECT_ERROR,
  SOCKETIO_BINARY_EVENT,
  SOCKETIO_BINARY_ACK
} SocketIoPacketType;

enum { SOCKETIO_NO_ID = -1 };

typedef struct SocketIoPacket {
  SocketIoPacketType type;  // a binary event is an event with `binary`, an acknowledgement likewise
  bool binary;
  uint32_t attachments;  // that follow
  Str name_space;        // "/" when none is given; without its query
  Str query;             // of the namespace, where clients 2.x put what later ones send as `auth`
  int64_t id;            // of an acknowledgement; SOCKETIO_NO_ID
  Str json;              // the payload; empty when there is none
  const Json *payload;   // the same, parsed; NULL
} SocketIoPacket;

// False when it is malformed: the connection is to be closed. What it gives points into the text and the arena.
bool socketio_packet_read(Arena *arena, Str text, uint32_t attachments_max, SocketIoPacket *packet);
// Of an event's payload: its name, and the JSON of its other elements as they were sent (`1,"two"`; empty: none).
void socketio_packet_event(Arena *arena, const SocketIoPacket *packet, Str *name, Str *args);
// Of an acknowledgement's payload: the JSON between its brackets.
Str socketio_packet_args(const SocketIoPacket *packet);

// Everything in front of the payload. Events and acknowledgements with attachments become binary ones.
void socketio_packet_head(Text *out, SocketIoPacketType type, uint32_t attachments, Str name_space, int64_t id);

#endif
