// The structs of core/engineio*.c. For these files only.
#ifndef FOYER_CORE_ENGINEIO_PRIVATE_H
#define FOYER_CORE_ENGINEIO_PRIVATE_H

#include "core/engineio.h"
#include "core/engineio_payload.h"

// What a session's deadline is the end of; each has a list of its own, in order of time.
typedef enum EngineWait {
  ENGINE_WAITS_TO_GREET,  // a new WebSocket, which has just been opened
  ENGINE_WAITS_TO_PING,   // version 4: the next ping is due
  ENGINE_WAITS_FOR_PONG,  // version 4: its answer
  ENGINE_WAITS_FOR_LIFE,  // version 3: the client pings, and anything it sends is a sign of life
  ENGINE_WAITS_TO_CLOSE,  // a closing session: the poll that fetches the goodbye
  ENGINE_WAITS_TO_LEAVE,  // its client has said that it goes: one last poll may come
  ENGINE_WAITS
} EngineWait;

// What only a session that polls needs.
typedef struct EnginePolling {
  EngineSession *session;
  Conn *poll;          // the request that waits for packets; NULL: none
  char *poll_headers;  // of its answer; zero-terminated
  Conn *probe;         // the WebSocket that is to take over; NULL: none
  Deadline upgrade;    // of the probe
  struct EnginePolling *next_flush;
  Buf **packets;  // that wait for a poll, oldest first
  uint32_t packet_count;
  uint32_t packet_capacity;
  uint64_t packet_bytes;  // with what is around them
  bool probed;            // the probe was answered: polls are ended, so that the client can go over
  bool flush_due;         // in engine->flushes
} EnginePolling;

struct EngineIo {
  Loop *loop;
  const EngineSettings *settings;
  const EngineHandler *handler;
  void *owner;
  Lookup sessions;  // by sid
  DeadlineList waits[ENGINE_WAITS];
  DeadlineList upgrades;
  uv_timer_t timer;
  uint64_t timer_ms;       // when it is set to; UINT64_MAX: not
  EngineSession *ended;    // their handler is to be told
  EnginePolling *flushes;  // those that have a poll and packets for it
  Arena arena;             // for a request or the end of a turn
  uint32_t left_at;        // buckets of `sessions` whose sessions were sent away, as the loop leaves
  bool drained;
};

// core/engineio.c
EngineSession *engine_session_new(EngineIo *engine, uint8_t version, bool base64);  // NULL when memory is out
void engine_session_drop(EngineSession *session);                                   // one that was never opened
EngineSession *engine_session_find(EngineIo *engine, Str sid);
int engine_sid_loop(Str sid);  // the number of the loop that made it; -1 when none of ours did
void engine_session_greet(EngineSession *session, bool may_upgrade);  // queues the open packet
void engine_session_alive(EngineSession *session);                    // a sign of life; or its begin
void engine_session_wait_to_greet(EngineSession *session);
void engine_session_check(EngineSession *session);  // applies its deadline now
// Takes one packet that came over the session's transport; false when it breaks the protocol.
bool engine_session_packet(EngineSession *session, const EnginePacket *packet);

// core/engineio_http.c
void engine_polling_queue(EngineSession *session, Buf *frame);              // takes over one reference
void engine_polling_flush(EnginePolling *polling);                          // answers the poll with what is queued
void engine_polling_answer(EnginePolling *polling, EnginePacketType type);  // with one packet of nothing
void engine_polling_free(EnginePolling *polling);

// core/engineio_ws.c
void engine_ws_open(EngineSession *session, const Exchange *exchange);   // of a new session
void engine_ws_begin(EngineSession *session);                            // greets
void engine_ws_probe(EngineSession *session, const Exchange *exchange);  // of one that polls, or no longer
void engine_ws_drop_probe(EnginePolling *polling);

#endif
