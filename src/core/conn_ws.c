// A connection that has become a WebSocket: messages to its owner, frames to its peer.
#include <string.h>

#include "core/conn.h"
#include "core/log.h"

static void close_after_fault(Conn *conn, uint16_t code) {
  log_debug("ws: closed for a fault of the client", "code=%u", code);
  ws_close(conn, code, (Str){0});
}

// A ping is answered with its payload; a close with its code (RFC 6455 5.5).
static void control(Conn *conn, const WsMessage *message) {
  if (message->opcode == WS_PING) ws_send(conn, WS_PONG, message->payload);
  if (message->opcode == WS_CLOSE) ws_close(conn, message->code == 1005 ? 0 : message->code, (Str){0});
}

void conn_ws_feed(Conn *conn, char *bytes, size_t count) {
  Loop *loop = conn->loop;
  Str rest = {bytes, count};
  bool fresh = !ws_parser_is_inside(&conn->ws);
  while (!conn->dead && !conn->closing && !conn->paused) {
    conn->choked = rest.length > 0 && conn_is_slow(conn);  // the questions already read can have large answers
    if (conn->choked) break;
    WsMessage message;
    WsEvent event = ws_parser_next(&conn->ws, &loop->settings.ws, loop->inflater, &rest, &message);
    if (event == WS_NEED_MORE) break;
    fresh = fresh || event == WS_MESSAGE;
    if (event == WS_FAULT) {
      close_after_fault(conn, message.code);
    } else if (event == WS_CONTROL) {
      control(conn, &message);
    } else {
      figure_add(&loop->figures.messages, 1);
      conn->handler->message(conn, conn->owner, message.opcode, message.payload);
      arena_reset(&loop->scratch);
    }
  }
  if (conn->dead) return;
  if (fresh && !conn->polls_write) conn->since_ms = loop->tick_ms;  // of a message that has only begun
  if (conn->closing) rest.length = 0;
  if (rest.length > 0 || conn->held_bytes > 0) conn_hold(conn, rest.at, rest.length);
}

void ws_pause(Conn *conn) {
  conn->paused = true;
}

void ws_resume(Conn *conn) {
  if (!conn->paused) return;
  conn->paused = false;
  conn_resume(conn);
}

Buf *ws_frame(WsOpcode opcode, Str payload) {
  char header[WS_HEADER_MAX_BYTES];
  size_t header_bytes = ws_header(opcode, false, payload.length, header);
  Buf *buf = buf_new(header_bytes + payload.length);
  if (buf == NULL) return NULL;
  memcpy(buf_bytes(buf), header, header_bytes);
  if (payload.length > 0) memcpy(buf_bytes(buf) + header_bytes, payload.at, payload.length);
  return buf;
}

Buf *ws_frame_deflated(WsDeflater *deflater, uint8_t window_bits, WsOpcode opcode, Str payload, Arena *arena) {
  Text deflated = {.arena = arena};
  if (!ws_deflate(deflater, window_bits, payload, &deflated)) return ws_frame(opcode, payload);
  char header[WS_HEADER_MAX_BYTES];
  size_t header_bytes = ws_header(opcode, true, deflated.length, header);
  Buf *buf = buf_new(header_bytes + deflated.length);
  if (buf == NULL) return NULL;
  memcpy(buf_bytes(buf), header, header_bytes);
  memcpy(buf_bytes(buf) + header_bytes, deflated.at, deflated.length);
  return buf;
}

void ws_send(Conn *conn, WsOpcode opcode, Str payload) {
  conn_send(conn, ws_frame(opcode, payload));
}

void ws_close(Conn *conn, uint16_t code, Str reason) {
  if (conn->dead || conn->closing) return;
  char payload[WS_CONTROL_MAX_BYTES];
  size_t length = 0;
  if (code != 0) {
    payload[length++] = (char)(code >> 8);
    payload[length++] = (char)(code & 0xff);
    size_t room = sizeof payload - length;
    size_t take = reason.length < room ? reason.length : room;
    if (take > 0) memcpy(payload + length, reason.at, take);
    length += take;
  }
  ws_send(conn, WS_CLOSE, (Str){payload, length});
  conn_close(conn);
}

bool exchange_upgrade(Conn *conn, Str key, Str extensions, Str extra, const WsHandler *handler, void *owner) {
  char accept[WS_ACCEPT_BYTES];
  if (!ws_accept(key, accept)) {
    conn->keep_alive = false;
    exchange_respond(conn, 400, (Str){0}, (Str){0}, (Str){0});
    return false;
  }
  Arena *arena = &conn->loop->scratch;
  Text agreed = {.arena = arena};
  WsAgreement agreement = ws_negotiate(extensions, &conn->loop->settings.ws, &agreed);
  Text head = {.arena = arena};
  text_add(&head, STR("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"));
  text_add(&head, STR("Sec-WebSocket-Accept: "));
  text_add(&head, (Str){accept, sizeof accept});
  if (agreement.deflate) {
    text_add(&head, STR("\r\nSec-WebSocket-Extensions: "));
    text_add(&head, text_str(&agreed));
  }
  text_add(&head, STR("\r\n"));
  text_add(&head, extra);
  text_add(&head, STR("\r\n"));
  conn_send(conn, buf_from(text_str(&head)));
  if (conn->dead) return false;
  http_parser_free(conn->http);
  conn->http = NULL;
  conn->answering = false;
  conn_http_count(conn, 101);
  figure_take(&conn->loop->figures.http, 1);
  figure_add(&conn->loop->figures.web_sockets[conn->door], 1);
  conn->deflate = conn->ws.deflate = agreement.deflate;
  conn->window_bits = agreement.server_window_bits;
  conn->handler = handler;
  conn->owner = owner;
  handler->open(conn, owner);
  if (!conn->delivering) conn_resume(conn);
  return true;
}
