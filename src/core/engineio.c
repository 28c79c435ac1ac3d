// Engine.IO sessions: their begin and end, their signs of life, and what is sent to them.
#include "core/engineio.h"

#include <stdlib.h>
#include <string.h>

#include "core/engineio_private.h"
#include "core/log.h"
#include "shared/ids.h"

enum {
  SID_LOOP_BYTES = 2,  // of a sid: hexadecimal digits of the loop's number; the rest is random
  TIMER_SLACK_MS = 1,  // so that what is due soon is done in the same turn
  LATE_MS = 100,       // past it, it was we who did not listen
  LAST_POLL_MS = 50    // for a poll that its client has overtaken with its goodbye
};

static uint64_t clock_ms(const EngineIo *engine) {
  return uv_now(&engine->loop->uv);
}

// Names.

static void make_sid(const EngineIo *engine, char sid[ENGINEIO_SID_BYTES]) {
  static const char digits[] = "0123456789abcdef";
  int number = engine->loop->number;
  sid[0] = digits[number >> 4 & 15];
  sid[1] = digits[number & 15];
  Str random = ids_random(&engine->loop->scratch, &engine->loop->env, ENGINEIO_SID_BYTES - SID_LOOP_BYTES);
  memcpy(sid + SID_LOOP_BYTES, random.at, random.length);
}

static int digit(char c) {
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int engine_sid_loop(Str sid) {
  if (sid.length != ENGINEIO_SID_BYTES) return -1;
  int high = digit(sid.at[0]), low = digit(sid.at[1]);
  return high < 0 || low < 0 ? -1 : high << 4 | low;
}

EngineSession *engine_session_find(EngineIo *engine, Str sid) {
  if (sid.length != ENGINEIO_SID_BYTES) return NULL;
  for (LookupNode *node = lookup_first(&engine->sessions, str_hash(sid)); node != NULL; node = lookup_next(node)) {
    EngineSession *session = LOOKUP_OWNER(node, EngineSession, node);
    if (memcmp(session->sid, sid.at, sid.length) == 0) return session->ended ? NULL : session;
  }
  return NULL;
}

void *engineio_owner(const EngineSession *session) {
  return session->engine->owner;
}

// Time.

static void wait_for(EngineSession *session, EngineWait what, uint64_t due_ms) {
  session->waits_for = (uint8_t)what;
  deadline_set(&session->engine->waits[what], &session->deadline, due_ms);
}

void engine_session_wait_to_greet(EngineSession *session) {
  wait_for(session, ENGINE_WAITS_TO_GREET, clock_ms(session->engine) + session->engine->settings->greeting_delay_ms);
}

void engine_session_alive(EngineSession *session) {
  const EngineSettings *settings = session->engine->settings;
  uint64_t now_ms = clock_ms(session->engine);
  if (session->closing || session->ended) return;
  if (session->version == 3) {
    wait_for(session, ENGINE_WAITS_FOR_LIFE, now_ms + settings->ping_interval_ms + settings->ping_timeout_v3_ms);
  } else {
    wait_for(session, ENGINE_WAITS_TO_PING, now_ms + settings->ping_interval_ms);
  }
}

// Its answer is due by when the ping was: a ping that left a little late is no gift of time.
static void ping(EngineSession *session, uint64_t due_ms) {
  uint64_t now_ms = clock_ms(session->engine);
  if (now_ms - due_ms > LATE_MS) due_ms = now_ms;
  wait_for(session, ENGINE_WAITS_FOR_PONG, due_ms + session->engine->settings->ping_timeout_ms);
  engineio_send(session, engineio_packet_frame(ENGINE_PING, (Str){0}));
}

static void due(EngineSession *session) {
  switch ((EngineWait)session->waits_for) {
    case ENGINE_WAITS_TO_PING:
      ping(session, session->deadline.due_ms);
      break;
    case ENGINE_WAITS_TO_CLOSE:
      engineio_end(session, ENGINE_SERVER_CLOSED);
      break;
    case ENGINE_WAITS_TO_LEAVE:
      engineio_end(session, ENGINE_CLIENT_CLOSED);
      break;
    case ENGINE_WAITS_TO_GREET:
      engine_ws_begin(session);
      break;
    case ENGINE_WAITS_FOR_PONG:
    case ENGINE_WAITS_FOR_LIFE:
      engineio_end(session, ENGINE_SILENT);
      break;
    case ENGINE_WAITS:
      break;
  }
}

void engine_session_check(EngineSession *session) {
  while (session->deadline.next != NULL && session->deadline.due_ms <= clock_ms(session->engine)) {
    deadline_clear(&session->deadline);
    due(session);
  }
}

static void on_timer(uv_timer_t *timer) {
  EngineIo *engine = timer->data;
  uint64_t now_ms = clock_ms(engine);
  bool late = now_ms - engine->timer_ms > LATE_MS;  // signs of life may lie unread: look again in a moment
  engine->timer_ms = UINT64_MAX;
  for (int what = 0; what < ENGINE_WAITS; what++) {
    if (late && what > ENGINE_WAITS_TO_PING) continue;
    for (Deadline *deadline; (deadline = deadlines_take(&engine->waits[what], now_ms)) != NULL;) {
      due(DEADLINE_OWNER(deadline, EngineSession, deadline));
    }
  }
  for (Deadline *deadline; (deadline = deadlines_take(&engine->upgrades, now_ms)) != NULL;) {
    engine_ws_drop_probe(DEADLINE_OWNER(deadline, EnginePolling, upgrade));
  }
}

static void set_timer(EngineIo *engine) {
  uint64_t next_ms = deadlines_next_ms(&engine->upgrades);
  for (int what = 0; what < ENGINE_WAITS; what++) {
    uint64_t due_ms = deadlines_next_ms(&engine->waits[what]);
    if (due_ms < next_ms) next_ms = due_ms;
  }
  if (next_ms == UINT64_MAX || next_ms + TIMER_SLACK_MS >= engine->timer_ms) return;
  uint64_t now_ms = clock_ms(engine);
  engine->timer_ms = next_ms + TIMER_SLACK_MS > now_ms ? next_ms + TIMER_SLACK_MS : now_ms;
  uv_timer_start(&engine->timer, on_timer, engine->timer_ms - now_ms, 0);
}

// Begin.

EngineSession *engine_session_new(EngineIo *engine, uint8_t version, bool base64) {
  EngineSession *session = calloc(1, sizeof *session);
  EnginePolling *polling = calloc(1, sizeof *polling);
  if (session == NULL || polling == NULL) goto failed;
  *session = (EngineSession){.engine = engine, .polling = polling, .version = version, .base64 = base64};
  polling->session = session;
  make_sid(engine, session->sid);
  if (!lookup_add(&engine->sessions, &session->node, str_hash((Str){session->sid, sizeof session->sid}))) goto failed;
  engine_session_alive(session);
  figure_add(&engine->loop->figures.engine_sessions, 1);
  return session;
failed:
  free(session);
  free(polling);
  return NULL;
}

void engine_session_drop(EngineSession *session) {
  deadline_clear(&session->deadline);
  lookup_remove(&session->engine->sessions, &session->node);
  figure_take(&session->engine->loop->figures.engine_sessions, 1);
  engine_polling_free(session->polling);
  free(session);
}

void engine_session_greet(EngineSession *session, bool may_upgrade) {
  const EngineSettings *settings = session->engine->settings;
  Text json = {.arena = &session->engine->arena};
  uint32_t timeout_ms = session->version == 3 ? settings->ping_timeout_v3_ms : settings->ping_timeout_ms;
  text_format(&json, "{\"sid\":\"%.*s\",\"upgrades\":[%s],\"pingInterval\":%u,\"pingTimeout\":%u", ENGINEIO_SID_BYTES,
              session->sid, may_upgrade ? "\"websocket\"" : "", settings->ping_interval_ms, timeout_ms);
  if (session->version == 4) text_format(&json, ",\"maxPayload\":%u", settings->payload_bytes_max);
  text_char(&json, '}');
  engineio_send(session, engineio_packet_frame(ENGINE_OPEN, text_str(&json)));
}

// Packets.

// A client that polls may have sent its last poll before it said that it goes, and that one comes behind.
static void leave(EngineSession *session) {
  if (session->conn != NULL || session->polling->poll != NULL) {
    engineio_end(session, ENGINE_CLIENT_CLOSED);
    return;
  }
  session->closing = true;
  wait_for(session, ENGINE_WAITS_TO_LEAVE, clock_ms(session->engine) + LAST_POLL_MS);
}

bool engine_session_packet(EngineSession *session, const EnginePacket *packet) {
  if (session->ended) return true;
  if (session->version == 3) engine_session_alive(session);
  switch (packet->type) {
    case ENGINE_MESSAGE:
      if (!session->closing) session->engine->handler->message(session, packet->binary, packet->payload);
      return true;
    case ENGINE_PING:
      if (session->version != 3) return false;
      engineio_send(session, engineio_packet_frame(ENGINE_PONG, packet->payload));
      return true;
    case ENGINE_PONG:
      if (session->version != 4) return false;
      if (session->waits_for == ENGINE_WAITS_FOR_PONG) engine_session_alive(session);
      return true;
    case ENGINE_CLOSE:
      leave(session);
      return true;
    case ENGINE_OPEN:
    case ENGINE_UPGRADE:
    case ENGINE_NOOP:
      return true;
  }
  return false;
}

void engineio_send(EngineSession *session, Buf *frame) {
  if (session->ended || session->closing) {
    buf_unref(frame);
  } else if (frame == NULL) {
    engineio_end(session, ENGINE_SLOW);
  } else if (session->conn == NULL) {
    engine_polling_queue(session, frame);
  } else if (conn_backlog(session->conn) > session->engine->settings->buffered_bytes_max) {
    buf_unref(frame);
    engineio_end(session, ENGINE_SLOW);
  } else {
    Str packet;
    if (session->base64 && engineio_frame_packet(frame, &packet)) {
      Buf *text = engineio_frame_base64(&session->engine->arena, session->version, frame);
      buf_unref(frame);
      frame = text;
    }
    conn_send(session->conn, frame);
  }
}

// End.

// The close goes alone in an answer: clients handle it before the messages that came with it.
void engineio_close(EngineSession *session) {
  if (session->ended || session->closing) return;
  const EnginePolling *polling = session->polling;
  if (session->conn != NULL || (polling->poll != NULL && polling->packet_count == 0)) {
    engineio_end(session, ENGINE_SERVER_CLOSED);
    return;
  }
  session->closing = true;
  uint64_t due_ms = clock_ms(session->engine) + session->engine->settings->close_timeout_ms;
  wait_for(session, ENGINE_WAITS_TO_CLOSE, due_ms);
}

static void end_polling(EnginePolling *polling, EngineEnd end) {
  engine_ws_drop_probe(polling);
  if (polling->poll != NULL) engine_polling_answer(polling, end == ENGINE_CLIENT_CLOSED ? ENGINE_NOOP : ENGINE_CLOSE);
}

void engineio_end(EngineSession *session, EngineEnd end) {
  if (session->ended) return;
  EngineIo *engine = session->engine;
  Conn *conn = session->conn;
  session->ended = true;
  session->end = (uint8_t)end;
  session->conn = NULL;
  deadline_clear(&session->deadline);
  if (conn != NULL) {
    conn->owner = NULL;
    end == ENGINE_SLOW ? conn_kill(conn) : ws_close(conn, 0, (Str){0});
  }
  if (session->polling != NULL) end_polling(session->polling, end);
  if (engine->ended == NULL) loop_again(engine->loop);
  session->next_ended = engine->ended;
  engine->ended = session;
}

static void tell_ended(EngineIo *engine) {
  EngineSession *session = engine->ended;
  engine->ended = NULL;
  while (session != NULL) {
    EngineSession *next = session->next_ended;
    log_debug("engineio: session ended", "reason=%u", session->end);
    engine->handler->close(session, (EngineEnd)session->end);
    engine_session_drop(session);
    session = next;
  }
}

static void flush_all(EngineIo *engine) {
  EnginePolling *polling = engine->flushes;
  engine->flushes = NULL;
  while (polling != NULL) {
    EnginePolling *next = polling->next_flush;
    polling->flush_due = false;
    if (!polling->session->ended && polling->poll != NULL && polling->packet_count > 0) engine_polling_flush(polling);
    polling = next;
  }
}

static void end_all(EngineIo *engine) {
  for (uint32_t i = 0; i < engine->sessions.capacity; i++) {
    for (LookupNode *node = engine->sessions.buckets[i]; node != NULL; node = node->next) {
      engineio_end(LOOKUP_OWNER(node, EngineSession, node), ENGINE_SERVER_CLOSED);
    }
  }
}

// WebSockets are closed by the loop.
static void send_some_away(EngineIo *engine) {
  uint32_t keeps = loop_keeps(engine->loop, engine->sessions.capacity);
  for (; engine->left_at + keeps < engine->sessions.capacity; engine->left_at++) {
    for (LookupNode *node = engine->sessions.buckets[engine->left_at]; node != NULL; node = node->next) {
      EngineSession *session = LOOKUP_OWNER(node, EngineSession, node);
      if (session->conn == NULL) engineio_close(session);
    }
  }
}

void engineio_turn_end(EngineIo *engine) {
  if (engine->loop->leaving) send_some_away(engine);
  if (engine->loop->draining && !engine->drained) {
    engine->drained = true;
    end_all(engine);
  }
  while (engine->flushes != NULL || engine->ended != NULL) {
    flush_all(engine);  // first: one that has ended may be among them
    tell_ended(engine);
  }
  set_timer(engine);
  arena_reset(&engine->arena);
}

EngineIo *engineio_new(Loop *loop, const EngineSettings *settings, const EngineHandler *handler, void *owner) {
  EngineIo *engine = calloc(1, sizeof *engine);
  if (engine == NULL) return NULL;
  *engine = (EngineIo){.loop = loop, .settings = settings, .handler = handler, .owner = owner, .timer_ms = UINT64_MAX};
  for (int what = 0; what < ENGINE_WAITS; what++) deadlines_init(&engine->waits[what]);
  deadlines_init(&engine->upgrades);
  uv_timer_init(&loop->uv, &engine->timer);
  engine->timer.data = engine;
  return engine;
}

static void on_timer_closed(uv_handle_t *timer) {
  free(timer->data);
}

void engineio_free(EngineIo *engine) {
  if (engine == NULL) return;
  end_all(engine);
  engine->drained = true;
  engineio_turn_end(engine);
  lookup_free(&engine->sessions);
  arena_free(&engine->arena);
  uv_close((uv_handle_t *)&engine->timer, on_timer_closed);
}
