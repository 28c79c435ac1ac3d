// A connection that speaks HTTP: requests one after another, each answered before the next is looked at.
#include <string.h>

#include "core/conn.h"
#include "core/log.h"

void conn_http_refuse(Conn *conn, int status, const HttpRequest *request) {
  static const HttpRequest nothing;
  const LoopHooks *hooks = conn->loop->hooks;
  const Exchange exchange = {
      .conn = conn, .request = request != NULL ? request : &nothing, .arena = &conn->loop->scratch};
  Text headers = {.arena = exchange.arena};
  if (status == 426) text_add(&headers, STR("Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"));
  Str body = hooks->refusal != NULL ? hooks->refusal(&exchange, status, &headers) : (Str){0};
  conn->keep_alive = false;
  conn->head_only = false;
  conn->answering = true;
  conn->door = 0;
  conn->asked_ns = uv_hrtime();
  Str type = body.length > 0 ? STR("application/json; charset=utf-8") : (Str){0};
  exchange_respond(conn, status, type, body, text_str(&headers));
}

// A WebSocket of RFC 6455 (4.2.2), or of version 8, a draft of it that is the same on the wire.
static bool is_spoken(const HttpRequest *request) {
  Str version = http_header(request, "Sec-WebSocket-Version");
  return str_equal(version, STR("13")) || str_equal(version, STR("8"));
}

// Serves the requests in the bytes, which begin at the current request; keeps what is left.
void conn_http_feed(Conn *conn, char *bytes, size_t count) {
  Loop *loop = conn->loop;
  while (count > 0 && !conn->dead && !conn->closing && !conn->answering && conn->handler == NULL) {
    conn->choked = conn_is_slow(conn);  // the questions already read can have large answers
    if (conn->choked) break;
    HttpRequest request = {0};
    size_t consumed = 0;
    bool fresh = http_parser_part(conn->http) == 0;
    HttpEvent event = http_parser_feed(conn->http, &loop->scratch, bytes, count, &request, &consumed);
    if (event == HTTP_NEED_MORE || event == HTTP_CONTINUE) {
      if (fresh) conn->since_ms = loop->tick_ms;
      if (event == HTTP_CONTINUE) conn_send(conn, buf_static(STR("HTTP/1.1 100 Continue\r\n\r\n")));
      arena_reset(&loop->scratch);
      break;
    }
    if (event == HTTP_ERROR) {
      int status = http_parser_status(conn->http);
      log_debug("http: refused", "status=%d reason=\"%s\"", status, http_parser_reason(conn->http));
      conn_http_refuse(conn, status, &request);
      arena_reset(&loop->scratch);
      return;
    }
    if (request.upgrade_websocket && !is_spoken(&request)) {
      conn_http_refuse(conn, 426, &request);
      arena_reset(&loop->scratch);
      return;
    }
    conn->answering = true;
    conn->asked_ns = uv_hrtime();
    conn->keep_alive = request.keep_alive;
    conn->head_only = request.method == HTTP_HEAD;
    conn->http10 = request.minor == 0;
    conn->delivering = true;
    Str rest = {bytes + consumed, count - consumed};
    loop->hooks->request(&(Exchange){.conn = conn, .request = &request, .rest = rest, .arena = &loop->scratch});
    conn->delivering = false;
    arena_reset(&loop->scratch);
    bytes += consumed;
    count -= consumed;
  }
  if (conn->dead) return;
  if (conn->closing) count = 0;  // what follows a message with Connection: close is dropped
  if (!conn_hold(conn, bytes, count)) return;
  if (conn->handler != NULL && count > 0) conn_resume(conn);
}

void conn_http_count(const Conn *conn, int status) {
  LoopFigures *figures = &conn->loop->figures;
  figure_add(&figures->answers[conn->door][status / 100 - 1], 1);
  if (conn->gone == NULL) spread_add(&figures->answer_ns[conn->door], spread_times_ns, uv_hrtime() - conn->asked_ns);
}

static void answered(Conn *conn, int status) {
  conn_http_count(conn, status);
  conn->answering = false;
  conn->gone = NULL;
  if (!conn->keep_alive) conn_close(conn);
  if (!conn->delivering) conn_resume(conn);
}

static Str write_head(Conn *conn, int status, Str content_type, size_t body_bytes, Str extra) {
  if (conn->loop->leaving || conn->loop->draining) conn->keep_alive = false;
  Text head = {.arena = &conn->loop->scratch};
  text_reserve(&head, 256 + extra.length);
  if (conn->http10 && conn->keep_alive) {
    Text more = {.arena = &conn->loop->scratch};
    text_add(&more, STR("Connection: keep-alive\r\n"));
    text_add(&more, extra);
    extra = text_str(&more);
  }
  http_write_head(&head, status, content_type, body_bytes, conn->keep_alive, conn->loop->now_ms, extra);
  return text_str(&head);
}

void exchange_respond(Conn *conn, int status, Str content_type, Str body, Str extra) {
  if (conn->dead) return;
  Str head = write_head(conn, status, content_type, body.length, extra);
  if (conn->head_only) body.length = 0;
  Buf *buf = buf_new(head.length + body.length);
  if (buf != NULL) {
    memcpy(buf_bytes(buf), head.at, head.length);
    if (body.length > 0) memcpy(buf_bytes(buf) + head.length, body.at, body.length);
  }
  conn_send(conn, buf);
  answered(conn, status);
}

void exchange_respond_buf(Conn *conn, int status, Str content_type, Buf *body, Str extra) {
  if (conn->dead || body == NULL) {
    buf_unref(body);
    conn_kill(conn);
    return;
  }
  conn_send(conn, buf_from(write_head(conn, status, content_type, body->length, extra)));
  if (conn->head_only) {
    buf_unref(body);
  } else {
    conn_send(conn, body);
  }
  answered(conn, status);
}
