// Engine.IO 3 and 4 (https://socket.io/docs/v4/engine-io-protocol/): sessions over HTTP polling or WebSocket, and the
// way from the one to the other. A session belongs to the loop that greeted it, and its id says which; a request that
// comes to another loop moves there with its connection (exchange_move). Everything runs on the loop's thread.
#ifndef FOYER_CORE_ENGINEIO_H
#define FOYER_CORE_ENGINEIO_H

#include "core/conn.h"
#include "core/deadline.h"
#include "core/lookup.h"

enum { ENGINEIO_SID_BYTES = 20 };

typedef struct EngineIo EngineIo;  // a server, of one loop
typedef struct EngineSession EngineSession;

typedef enum EngineEnd {
  ENGINE_CLIENT_CLOSED,  // it said so
  ENGINE_GONE,           // its connection ended
  ENGINE_SILENT,         // no sign of life in time
  ENGINE_FAULT,          // it broke the protocol
  ENGINE_SLOW,           // it does not take what it is sent
  ENGINE_SERVER_CLOSED
} EngineEnd;

struct EngineSession {
  LookupNode node;
  Deadline deadline;
  EngineIo *engine;
  Conn *conn;                     // its WebSocket; NULL while it polls
  struct EnginePolling *polling;  // NULL once it is a WebSocket
  EngineSession *next_ended;
  void *owner;  // of the handler
  char sid[ENGINEIO_SID_BYTES];
  uint8_t version;    // 3 or 4
  uint8_t waits_for;  // what `deadline` is the end of
  uint8_t end;        // EngineEnd, once it has ended
  bool base64;        // binary has to come as text
  bool closing;       // gets what is queued, and then the end
  bool ended;         // close() is told at the end of the turn
};

// Times in milliseconds, sizes in bytes.
typedef struct EngineSettings {
  const char *path;    // "/engine.io/"
  const char *cookie;  // its name; NULL: none
  uint32_t ping_interval_ms;
  uint32_t ping_timeout_ms;
  uint32_t ping_timeout_v3_ms;
  uint32_t greeting_delay_ms;    // of a new WebSocket; 0 but for clients that must not read it with the 101
  uint32_t upgrade_timeout_ms;   // from the WebSocket's begin until it takes over
  uint32_t close_timeout_ms;     // for the poll that fetches the goodbye
  uint32_t payload_bytes_max;    // of one message, and of one body; more: 413, or close 1009
  uint32_t payload_packets_max;  // of one body; more: 400, and the session ends
  uint32_t buffered_bytes_max;   // of memory that wait for the client; past it the session ends
  uint32_t sessions_max;         // of this loop; past it 503
  // Writes the header lines that let a page of the request's origin read the answer. NULL: every origin may.
  void (*cors)(const Exchange *exchange, Text *headers);
} EngineSettings;

typedef struct EngineHandler {
  // A client's handshake: false refuses it with 403. May send; that goes behind the greeting.
  bool (*open)(EngineSession *session, const Exchange *exchange);
  void (*message)(EngineSession *session, bool binary, Str message);
  void (*close)(EngineSession *session, EngineEnd end);  // the last call; at the end of a turn
} EngineHandler;

// The settings and the handler must outlive it. NULL when memory is out.
EngineIo *engineio_new(Loop *loop, const EngineSettings *settings, const EngineHandler *handler, void *owner);
void engineio_free(EngineIo *engine);  // in LoopHooks.stopped; ends all sessions
void *engineio_owner(const EngineSession *session);

// Serves the request if it is for this server; false when it is not.
bool engineio_request(EngineIo *engine, Exchange *exchange);
void engineio_turn_end(EngineIo *engine);  // in LoopHooks.turn_end, behind all that sends

// A message in the form of a version, for any number of sessions. NULL when memory is out.
Buf *engineio_frame(uint8_t version, bool binary, Str message);
void engineio_send(EngineSession *session, Buf *frame);    // takes over one reference
void engineio_close(EngineSession *session);               // when it has got what is queued
void engineio_end(EngineSession *session, EngineEnd end);  // at once; the handler hears of it at the turn's end

#endif
