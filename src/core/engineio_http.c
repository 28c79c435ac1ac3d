// Engine.IO's requests: handshakes, polls that are held until there is something to tell, and bodies of packets.
#include <stdlib.h>
#include <string.h>

#include "core/engineio_private.h"

// python-engineio takes no more packets in one body; what is left goes with the next poll.
enum { PACKETS_A_POLL = 16 };

typedef enum Refusal {
  REFUSED_TRANSPORT,
  REFUSED_SID,
  REFUSED_METHOD,
  REFUSED_REQUEST,
  REFUSED_FORBIDDEN,
  REFUSED_VERSION
} Refusal;

static const char *const refusals[] = {
    [REFUSED_TRANSPORT] = "{\"code\":0,\"message\":\"Transport unknown\"}",
    [REFUSED_SID] = "{\"code\":1,\"message\":\"Session ID unknown\"}",
    [REFUSED_METHOD] = "{\"code\":2,\"message\":\"Bad handshake method\"}",
    [REFUSED_REQUEST] = "{\"code\":3,\"message\":\"Bad request\"}",
    [REFUSED_FORBIDDEN] = "{\"code\":4,\"message\":\"Forbidden\"}",
    [REFUSED_VERSION] = "{\"code\":5,\"message\":\"Unsupported protocol version\"}",
};

// Header lines.

static void write_cors(const EngineIo *engine, const Exchange *exchange, Text *headers) {
  Str origin = http_header(exchange->request, "Origin");
  if (engine->settings->cors != NULL) {
    engine->settings->cors(exchange, headers);
  } else if (origin.length == 0) {
    text_add(headers, STR("Access-Control-Allow-Origin: *\r\n"));
  } else {
    text_add(headers, STR("Access-Control-Allow-Origin: "));
    text_add(headers, origin);
    text_add(headers, STR("\r\nAccess-Control-Allow-Credentials: true\r\nVary: Origin\r\n"));
  }
}

// Version 4 gets the cookie with its handshake alone.
static Str answer_headers(const EngineSession *session, const Exchange *exchange, bool handshake) {
  const EngineSettings *settings = session->engine->settings;
  Text headers = {.arena = &session->engine->arena};
  write_cors(session->engine, exchange, &headers);
  text_add(&headers, STR("Cache-Control: no-store\r\n"));
  if (settings->cookie != NULL && (handshake || session->version == 3)) {
    text_format(&headers, "Set-Cookie: %s=%.*s; Path=/; HttpOnly; SameSite=Strict\r\n", settings->cookie,
                ENGINEIO_SID_BYTES, session->sid);
  }
  return text_str(&headers);
}

static void refuse_with(EngineIo *engine, const Exchange *exchange, int status, Str body, Str more_headers) {
  Text headers = {.arena = &engine->arena};
  write_cors(engine, exchange, &headers);
  text_add(&headers, more_headers);
  if (exchange->request->upgrade_websocket) exchange->conn->keep_alive = false;
  Str type = body.length > 0 ? STR("application/json") : (Str){0};
  exchange_respond(exchange->conn, status, type, body, text_str(&headers));
}

static void refuse(EngineIo *engine, const Exchange *exchange, int status, Refusal refusal) {
  refuse_with(engine, exchange, status, str_from(refusals[refusal]), (Str){0});
}

static void refuse_busy(EngineIo *engine, const Exchange *exchange) {
  refuse_with(engine, exchange, 503, (Str){0}, STR("Retry-After: 1\r\n"));
}

static void preflight(EngineIo *engine, const Exchange *exchange) {
  Text headers = {.arena = &engine->arena};
  write_cors(engine, exchange, &headers);
  text_add(&headers, STR("Access-Control-Allow-Methods: GET,POST,OPTIONS\r\n"));
  text_add(&headers, STR("Access-Control-Allow-Headers: Content-Type\r\n"));
  exchange_respond(exchange->conn, 200, (Str){0}, (Str){0}, text_str(&headers));
}

// Packets that wait for a poll.

static bool make_room(EnginePolling *polling) {
  if (polling->packet_count < polling->packet_capacity) return true;
  uint32_t capacity = polling->packet_capacity == 0 ? 4 : polling->packet_capacity * 2;
  Buf **grown = realloc(polling->packets, capacity * sizeof(Buf *));
  if (grown == NULL) return false;
  polling->packets = grown;
  polling->packet_capacity = capacity;
  return true;
}

void engine_polling_queue(EngineSession *session, Buf *frame) {
  EnginePolling *polling = session->polling;
  EngineIo *engine = session->engine;
  if (polling->packet_bytes > engine->settings->buffered_bytes_max || !make_room(polling)) {
    buf_unref(frame);
    engineio_end(session, ENGINE_SLOW);
    return;
  }
  polling->packets[polling->packet_count++] = frame;
  polling->packet_bytes += frame->length + BUF_AROUND_BYTES;
  if (polling->poll == NULL || polling->flush_due) return;
  polling->flush_due = true;
  polling->next_flush = engine->flushes;
  engine->flushes = polling;
}

static void forget_poll(EnginePolling *polling) {
  free(polling->poll_headers);
  polling->poll_headers = NULL;
  polling->poll = NULL;
}

static void drop_packets(EnginePolling *polling, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    polling->packet_bytes -= polling->packets[i]->length + BUF_AROUND_BYTES;
    buf_unref(polling->packets[i]);
  }
  polling->packet_count -= count;
  memmove(polling->packets, polling->packets + count, polling->packet_count * sizeof(Buf *));
  if (polling->packet_count > 0) return;
  free(polling->packets);
  polling->packets = NULL;
  polling->packet_capacity = 0;
}

static void answer_poll(EnginePolling *polling, bool binary, Str body) {
  Str type = binary ? STR("application/octet-stream") : STR("text/plain; charset=UTF-8");
  exchange_respond(polling->poll, 200, type, body, str_from(polling->poll_headers));
  forget_poll(polling);
}

void engine_polling_flush(EnginePolling *polling) {
  EngineSession *session = polling->session;
  Text body = {.arena = &session->engine->arena};
  uint32_t count = polling->packet_count < PACKETS_A_POLL ? polling->packet_count : PACKETS_A_POLL;
  bool binary = false;
  Str packet;
  for (uint32_t i = 0; i < count && session->version == 3 && !session->base64; i++) {
    binary |= engineio_frame_packet(polling->packets[i], &packet);
  }
  for (uint32_t i = 0; i < count; i++) engineio_payload_add(&body, session->version, binary, polling->packets[i]);
  drop_packets(polling, count);
  answer_poll(polling, binary, text_str(&body));
}

void engine_polling_answer(EnginePolling *polling, EnginePacketType type) {
  char body[] = {'1', ':', (char)type};
  bool counted = polling->session->version == 3;
  answer_poll(polling, false, counted ? (Str){body, 3} : (Str){body + 2, 1});
}

void engine_polling_free(EnginePolling *polling) {
  if (polling == NULL) return;
  if (polling->packet_count > 0) drop_packets(polling, polling->packet_count);
  forget_poll(polling);
  free(polling->packets);
  free(polling);
}

// Requests.

// The raw value of a query's parameter; empty when it is not there.
static Str query_value(Str query, const char *name) {
  while (query.length > 0) {
    Str value = str_cut(&query, '&');
    if (str_equal(str_cut(&value, '='), str_from(name))) return value;
  }
  return (Str){0};
}

static bool take_poll(EnginePolling *polling, const Exchange *exchange, bool handshake) {
  Str headers = answer_headers(polling->session, exchange, handshake);
  polling->poll_headers = malloc(headers.length + 1);
  if (polling->poll_headers == NULL) return false;
  memcpy(polling->poll_headers, headers.at, headers.length);
  polling->poll_headers[headers.length] = '\0';
  polling->poll = exchange->conn;
  return true;
}

// The connection of a poll has ended before its answer.
static void on_poll_gone(Conn *conn, void *owner) {
  EnginePolling *polling = owner;
  (void)conn;
  forget_poll(polling);
  engineio_end(polling->session, ENGINE_GONE);
}

static void poll(EngineSession *session, const Exchange *exchange) {
  EnginePolling *polling = session->polling;
  if (polling->poll != NULL) {
    engineio_end(session, ENGINE_FAULT);
    refuse(session->engine, exchange, session->version == 3 ? 500 : 400, REFUSED_REQUEST);
  } else if (!take_poll(polling, exchange, false)) {
    refuse_busy(session->engine, exchange);
  } else if (session->waits_for == ENGINE_WAITS_TO_LEAVE) {
    engineio_end(session, ENGINE_CLIENT_CLOSED);
  } else if (polling->packet_count > 0) {
    engine_polling_flush(polling);
  } else if (session->closing) {
    engineio_end(session, ENGINE_SERVER_CLOSED);
  } else if (polling->probed) {
    engine_polling_answer(polling, ENGINE_NOOP);
  } else {
    exchange_hold(exchange->conn, on_poll_gone, polling);
  }
}

static bool read_body(EngineSession *session, const HttpRequest *request) {
  const EngineIo *engine = session->engine;
  bool binary = str_equal_nocase(http_header(request, "Content-Type"), STR("application/octet-stream"));
  if (request->body.length == 0 || (binary ? session->version != 3 : !str_is_utf8(request->body))) return false;
  Str rest = request->body;
  for (uint32_t count = 0; rest.length > 0 && !session->ended; count++) {
    EnginePacket packet;
    if (count >= engine->settings->payload_packets_max) return false;
    if (!engineio_payload_next(&session->engine->arena, session->version, binary, &rest, &packet)) return false;
    if (!engine_session_packet(session, &packet)) return false;
  }
  return true;
}

static void post(EngineSession *session, const Exchange *exchange) {
  EngineIo *engine = session->engine;
  if (session->waits_for == ENGINE_WAITS_TO_LEAVE) {
    refuse(engine, exchange, 400, REFUSED_SID);
  } else if (exchange->request->encoded) {
    refuse_with(engine, exchange, 501, (Str){0}, (Str){0});
  } else if (exchange->request->body.length > engine->settings->payload_bytes_max) {
    refuse_with(engine, exchange, 413, (Str){0}, (Str){0});
  } else if (!read_body(session, exchange->request)) {
    engineio_end(session, ENGINE_FAULT);
    refuse(engine, exchange, 400, REFUSED_REQUEST);
  } else {
    // Not text/plain: some browsers would offer to save it.
    exchange_respond(exchange->conn, 200, STR("text/html"), STR("ok"), answer_headers(session, exchange, false));
  }
}

static void greet(EngineIo *engine, const Exchange *exchange, uint8_t version, bool websocket) {
  bool base64 = str_equal(query_value(exchange->request->query, "b64"), STR("1"));
  bool full = engine->sessions.count >= engine->settings->sessions_max || engine->loop->draining;
  EngineSession *session = full ? NULL : engine_session_new(engine, version, base64);
  if (session == NULL) {
    refuse_busy(engine, exchange);
    return;
  }
  engine_session_greet(session, !websocket);
  if (!engine->handler->open(session, exchange)) {
    engine_session_drop(session);
    refuse(engine, exchange, 403, REFUSED_FORBIDDEN);
  } else if (session->ended || (!websocket && !take_poll(session->polling, exchange, true))) {
    engineio_end(session, ENGINE_SLOW);
    refuse_busy(engine, exchange);
  } else if (websocket) {
    engine_ws_open(session, exchange);
  } else {
    engine_polling_flush(session->polling);
  }
}

static void handshake(EngineIo *engine, const Exchange *exchange, bool websocket) {
  const HttpRequest *request = exchange->request;
  Str version = query_value(request->query, "EIO");
  bool three = str_equal(version, STR("3"));
  if (request->method != HTTP_GET) {
    refuse(engine, exchange, 400, REFUSED_METHOD);
  } else if (request->upgrade_websocket != websocket) {
    refuse(engine, exchange, 400, REFUSED_REQUEST);
  } else if (!three && !str_equal(version, STR("4"))) {
    refuse(engine, exchange, 400, REFUSED_VERSION);
  } else {
    greet(engine, exchange, three ? 3 : 4, websocket);
  }
}

// A request that names its session.
static void go_on(EngineIo *engine, const Exchange *exchange, Str sid, bool websocket) {
  const HttpRequest *request = exchange->request;
  int number = engine_sid_loop(sid);
  if (number >= 0 && number != engine->loop->number && number < engine->loop->all_count) {
    exchange_move(exchange, &engine->loop->all[number]);
    return;
  }
  EngineSession *session = engine_session_find(engine, sid);
  if (session != NULL) engine_session_check(session);
  bool fits = request->upgrade_websocket == websocket;
  if (session == NULL || session->ended) {
    refuse(engine, exchange, 400, REFUSED_SID);
  } else if (websocket && fits) {
    engine_ws_probe(session, exchange);
  } else if (fits && session->polling != NULL && request->method == HTTP_GET) {
    poll(session, exchange);
  } else if (fits && session->polling != NULL && request->method == HTTP_POST) {
    post(session, exchange);
  } else {
    refuse(engine, exchange, 400, REFUSED_REQUEST);
  }
}

static bool is_for_us(const EngineIo *engine, Str path) {
  Str ours = str_from(engine->settings->path);
  return str_equal(path, ours) || (path.length + 1 == ours.length && str_starts(ours, path));
}

bool engineio_request(EngineIo *engine, Exchange *exchange) {
  const HttpRequest *request = exchange->request;
  if (!is_for_us(engine, request->path)) return false;
  Str transport = query_value(request->query, "transport");
  Str sid = query_value(request->query, "sid");
  bool websocket = str_equal(transport, STR("websocket"));
  if (request->method == HTTP_OPTIONS) {
    preflight(engine, exchange);
  } else if (!websocket && !str_equal(transport, STR("polling"))) {
    refuse(engine, exchange, 400, REFUSED_TRANSPORT);
  } else if (sid.length == 0) {
    handshake(engine, exchange, websocket);
  } else {
    go_on(engine, exchange, sid, websocket);
  }
  return true;
}
