// The structs of core/socketio*.c. For these files only.
#ifndef FOYER_CORE_SOCKETIO_PRIVATE_H
#define FOYER_CORE_SOCKETIO_PRIVATE_H

#include "core/socketio.h"
#include "core/socketio_packet.h"

enum { SOCKETIO_EPOCH_BYTES = 6 };

// An event whose attachments have not all come yet.
typedef struct SocketIoPartial {
  Arena arena;  // of the text and the attachments
  Str text;
  Str *attachments;
  uint32_t wanted;
  uint32_t count;
  uint64_t bytes;
} SocketIoPartial;

typedef struct SocketIoClient {
  SocketIo *io;
  EngineSession *session;
  SocketIoSocket *sockets;   // one a namespace
  SocketIoPartial *partial;  // NULL: none
  Deadline connect;          // for the first namespace
  void *owner;               // the program's own
} SocketIoClient;

typedef struct SocketIoRoom {
  LookupNode node;
  const SocketIoNamespace *name_space;
  int64_t name;
  struct SocketIoMember *members;
  uint32_t count;
  uint32_t capacity;
  uint32_t waited_for;  // disconnected sockets that come back into it
  uint32_t recover;     // members that can come back
  uint64_t last_sent;   // position of its latest event in the log; 0: none
} SocketIoRoom;

typedef struct SocketIoMembership {
  struct SocketIoMembership *next;  // of the socket
  SocketIoRoom *room;
  SocketIoSocket *socket;
  uint64_t since;  // position in the log when it joined
  uint32_t index;  // in room->members, while connected
} SocketIoMembership;

// All that a fan-out reads of a member, side by side.
typedef struct SocketIoMember {
  EngineSession *session;
  SocketIoMembership *membership;
} SocketIoMember;

// An event as it was sent, for those that come back. Positions run from 1.
typedef struct SocketIoSent {
  uint64_t at_ms;
  uint64_t previous;  // position of the one before it to the same room or socket; 0: none
  Buf *frame;
} SocketIoSent;

typedef struct SocketIoLog {
  SocketIoSent *sent;  // a ring
  uint32_t capacity;   // a power of two, or 0
  uint64_t first;      // position of the oldest
  uint64_t next;       // position of the next
  uint64_t bytes;
  char epoch[SOCKETIO_EPOCH_BYTES];  // tells this log's positions from another's
} SocketIoLog;

// Positions of what a socket missed.
typedef struct SocketIoMissed {
  Arena *arena;
  uint64_t *positions;
  size_t count;
  size_t capacity;
} SocketIoMissed;

struct SocketIo {
  Loop *loop;
  const SocketIoSettings *settings;
  EngineIo *engine;
  Lookup sockets;  // those that can come back, by pid
  Lookup rooms;
  DeadlineList connects;
  DeadlineList waits;   // of lost sockets
  uint32_t waited_for;  // how many
  SocketIoLog log;
  Arena arena;  // for a packet, or one emission
};

static inline bool socketio_can_recover(const SocketIo *io, const EngineSession *session) {
  return io->settings->recovery_ms > 0 && session->version == 4;
}

// core/socketio.c
void socketio_detach(SocketIoSocket *socket, SocketIoEnd end, bool waits);  // from its client

// core/socketio_room.c
void socketio_rooms_lose(SocketIoSocket *socket);                 // no member any more, but it may come back
bool socketio_rooms_return(SocketIoSocket *socket);               // back among the members; false when memory is out
void socketio_rooms_leave(SocketIo *io, SocketIoSocket *socket);  // for good

// core/socketio_log.c
// The position that the next event gets in the log, as the argument that is sent behind its own.
void socketio_log_offset(const SocketIoLog *log, uint64_t position, Text *out);
// Keeps an event; *last is the position of the one before it to the same receivers, and becomes its own.
void socketio_log_add(SocketIo *io, Buf *frame, uint64_t *last);
void socketio_log_trim(SocketIo *io);
void socketio_log_free(SocketIoLog *log);
uint64_t socketio_log_position(const SocketIoLog *log, Str offset);  // that a client gives back; 0: none of this log's
// Adds the positions after `since` of the chain that ends at `last`; false when some of them are there no more.
bool socketio_log_missed(const SocketIoLog *log, uint64_t last, uint64_t since, SocketIoMissed *missed);
Buf *socketio_log_frame(const SocketIoLog *log, uint64_t position);  // a reference of the caller's

// core/socketio_recovery.c
// Brings a socket back if `auth` names one that can come; NULL when it does not, or what it missed is not there any
// more.
SocketIoSocket *socketio_recover(SocketIoClient *client, const SocketIoNamespace *name_space, const Json *auth);
void socketio_replay(SocketIoSocket *socket, const Json *auth);  // sends what it missed
// A socket that has been detached: begins to wait for it; or no longer, and frees it.
void socketio_wait(SocketIo *io, SocketIoSocket *socket);
void socketio_forget(SocketIo *io, SocketIoSocket *socket);
void socketio_forget_old(SocketIo *io);  // those whose time is over
void socketio_forget_all(SocketIo *io);
void socketio_forget_room(SocketIo *io, const SocketIoRoom *room);  // all of a room that are waited for

#endif
