// Engine.IO over WebSocket: one packet a frame; and the upgrade, in which a second connection takes a polling session
// over once the client has seen that it works.
#include <stdlib.h>

#include "core/engineio_private.h"

// The session moves to this connection: what was queued for its polls goes first.
static void take_over(EngineSession *session, Conn *conn) {
  EnginePolling *polling = session->polling;
  bool closing = session->closing;
  session->closing = false;
  polling->probe = NULL;
  deadline_clear(&polling->upgrade);
  if (polling->poll != NULL) engine_polling_answer(polling, ENGINE_NOOP);
  session->polling = NULL;
  session->conn = conn;
  for (uint32_t i = 0; i < polling->packet_count; i++) engineio_send(session, buf_ref(polling->packets[i]));
  // A flush that is due this turn would still look at it.
  for (EnginePolling **at = &session->engine->flushes; polling->flush_due && *at != NULL; at = &(*at)->next_flush) {
    if (*at != polling) continue;
    *at = polling->next_flush;
    break;
  }
  engine_polling_free(polling);
  if (closing) engineio_close(session);
}

void engine_ws_begin(EngineSession *session) {
  engine_session_alive(session);
  take_over(session, session->polling->probe);
}

static void on_open(Conn *conn, void *owner) {
  EngineSession *session = owner;
  session->polling->probe = conn;
  if (session->engine->settings->greeting_delay_ms > 0) {
    engine_session_wait_to_greet(session);
  } else {
    engine_ws_begin(session);
  }
}

static void on_probe_open(Conn *conn, void *owner) {
  EngineSession *session = owner;
  EnginePolling *polling = session != NULL && !session->closing ? session->polling : NULL;
  if (polling == NULL || polling->probe != NULL) {
    conn->owner = NULL;
    ws_close(conn, 0, (Str){0});
    return;
  }
  EngineIo *engine = session->engine;
  polling->probe = conn;
  deadline_set(&engine->upgrades, &polling->upgrade, uv_now(&engine->loop->uv) + engine->settings->upgrade_timeout_ms);
}

void engine_ws_drop_probe(EnginePolling *polling) {
  Conn *probe = polling->probe;
  polling->probe = NULL;
  polling->probed = false;
  deadline_clear(&polling->upgrade);
  if (probe == NULL) return;
  probe->owner = NULL;
  ws_close(probe, 0, (Str){0});
}

static void probe_packet(EnginePolling *polling, const EnginePacket *packet) {
  bool probe = packet->type == ENGINE_PING && str_equal(packet->payload, STR("probe"));
  if (probe) {
    conn_send(polling->probe, engineio_packet_frame(ENGINE_PONG, packet->payload));
    polling->probed = true;
    if (polling->poll != NULL && polling->packet_count == 0) engine_polling_answer(polling, ENGINE_NOOP);
  } else if (packet->type == ENGINE_UPGRADE) {
    take_over(polling->session, polling->probe);
  } else {
    engine_ws_drop_probe(polling);
  }
}

static void on_message(Conn *conn, void *owner, WsOpcode opcode, Str payload) {
  EngineSession *session = owner;
  if (session == NULL || session->ended) return;
  EngineIo *engine = session->engine;
  EnginePacket packet;
  if (session->waits_for == ENGINE_WAITS_TO_GREET) engine_ws_begin(session);
  EnginePolling *polling = session->conn != conn ? session->polling : NULL;  // what it is a probe of; else NULL
  if (payload.length > engine->settings->payload_bytes_max) {
    ws_close(conn, WS_CLOSE_TOO_BIG, (Str){0});
    engineio_end(session, ENGINE_FAULT);
  } else if (!engineio_packet_read(&engine->arena, session->version, opcode == WS_BINARY, payload, &packet)) {
    polling != NULL ? engine_ws_drop_probe(polling) : engineio_end(session, ENGINE_FAULT);
  } else if (polling != NULL) {
    probe_packet(polling, &packet);
  } else if (!engine_session_packet(session, &packet)) {
    engineio_end(session, ENGINE_FAULT);
  }
}

static void on_visit(Conn *conn, void *owner, uint64_t idle_ms) {
  (void)conn, (void)owner, (void)idle_ms;  // sessions have deadlines of their own
}

static void on_close(Conn *conn, void *owner) {
  EngineSession *session = owner;
  if (session == NULL || session->ended) return;
  if (session->conn == conn || session->waits_for == ENGINE_WAITS_TO_GREET) {
    session->conn = NULL;
    engineio_end(session, ENGINE_GONE);
  } else if (session->polling != NULL && session->polling->probe == conn) {
    engine_ws_drop_probe(session->polling);
  }
}

static const WsHandler new_session = {.open = on_open, .message = on_message, .visit = on_visit, .close = on_close};
static const WsHandler probe = {.open = on_probe_open, .message = on_message, .visit = on_visit, .close = on_close};

static bool upgrade(const Exchange *exchange, const WsHandler *handler, EngineSession *session) {
  return exchange_upgrade(exchange->conn, http_header(exchange->request, "Sec-WebSocket-Key"), (Str){0}, (Str){0},
                          handler, session);
}

void engine_ws_open(EngineSession *session, const Exchange *exchange) {
  if (!upgrade(exchange, &new_session, session)) engineio_end(session, ENGINE_GONE);
}

void engine_ws_probe(EngineSession *session, const Exchange *exchange) {
  upgrade(exchange, &probe, session);
}
