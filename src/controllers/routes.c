// Which address means what; what means nothing is answered in the dialect of its door (contracts/README.md, 13).
#include "controllers/routes.h"

#include "controllers/health.h"
#include "controllers/messenger_http.h"
#include "controllers/messenger_socket.h"
#include "controllers/metrics.h"
#include "controllers/origin.h"
#include "controllers/page.h"
#include "controllers/seats_http.h"
#include "controllers/seats_socket.h"
#include "controllers/test_provider.h"
#include "controllers/tickets_http.h"
#include "shared/json.h"

static void respond_json(Exchange *exchange, int status, Str body) {
  Text headers = {.arena = exchange->arena};
  origin_add_open_headers(&headers, exchange->conn->loop->config, exchange->request);
  exchange_respond(exchange->conn, status, STR("application/json; charset=utf-8"), body, text_str(&headers));
}

static Str refusal_body(Arena *arena, int status) {
  Text body = {.arena = arena};
  Error error = status == 413 ? ERR_MESSAGE_TOO_LARGE : ERR_INVALID_REQUEST;
  json_open(&body, '{');
  json_name(&body, "status");
  json_add_str(&body, STR("error"));
  json_name(&body, "data");
  json_add_null(&body);
  json_name(&body, "error");
  json_add_str(&body, str_from(error_code(error)));
  json_name(&body, "statusCode");
  json_add_int(&body, status);
  json_name(&body, "message");
  json_add_str(&body, str_from(http_reason_phrase(status)));
  json_name(&body, "success");
  json_add_bool(&body, false);
  json_close(&body, '}');
  return text_str(&body);
}

static bool cut_prefix(Str path, Str prefix, Str *rest) {
  if (!str_starts(path, prefix)) return false;
  *rest = (Str){path.at + prefix.length, path.length - prefix.length};
  return true;
}

static bool is_seats(Str path, Str *name) {
  bool user = cut_prefix(path, STR("/api/user/"), name) || cut_prefix(path, STR("/api//user/"), name);
  return user && seats_http_knows(*name);
}

static bool is_tickets(Str path, Str *rest) {
  return cut_prefix(path, STR("/api/v1"), rest) && (rest->length == 0 || rest->at[0] == '/');
}

static bool is_messenger(Str path, Str *rest) {
  return cut_prefix(path, STR("/api"), rest) && rest->length > 0 && rest->at[0] == '/';
}

Str routes_refusal(const Exchange *exchange, int status, Text *headers) {
  Str path = exchange->request->path;
  Str rest;
  bool is_seats_path = is_seats(path, &rest);
  if (!is_seats_path && is_tickets(path, &rest)) return tickets_http_refusal(exchange, status, headers);
  if (!is_seats_path && is_messenger(path, &rest)) return messenger_http_refusal(exchange, status, headers);
  origin_add_seats_headers(headers, exchange->conn->loop->config, exchange->request);
  return refusal_body(exchange->arena, status);
}

const char routes_full[] =
    "{\"status\":\"error\",\"data\":null,\"error\":\"TooManyConnections\",\"statusCode\":503,"
    "\"message\":\"Service Unavailable\",\"success\":false}";

// Where the answer is counted; known before it is given.
static void enter(const Exchange *exchange, Door door) {
  exchange->conn->door = (uint8_t)door;
}

void routes_request(Exchange *exchange) {
  const HttpRequest *request = exchange->request;
  Str path = request->path;
  Str name;
  enter(exchange, DOOR_SOCKETIO);
  if (messenger_socket_request(exchange)) return;
  enter(exchange, DOOR_HEALTH);
  if (!request->encoded && !request->upgrade_websocket && health_request(exchange)) return;
  enter(exchange, DOOR_NONE);
  if (request->encoded) {  // RFC 9112 6.1: we undo no transfer coding but chunked
    respond_json(exchange, 501, refusal_body(exchange->arena, 501));
  } else if (request->upgrade_websocket) {
    enter(exchange, DOOR_SEATS);
    seats_socket_open(exchange);
  } else if (is_seats(path, &name)) {
    enter(exchange, DOOR_SEATS);
    seats_http_request(exchange, name);
  } else if (is_tickets(path, &name)) {
    enter(exchange, DOOR_TICKETS);
    tickets_http_request(exchange, name);
  } else if (is_messenger(path, &name)) {
    enter(exchange, DOOR_MESSENGER);
    messenger_http_request(exchange, name);
  } else if (cut_prefix(path, STR("/test-provider/v1"), &name)) {
    enter(exchange, DOOR_PROVIDER);
    test_provider_request(exchange, name);
  } else {
    enter(exchange, DOOR_PAGE);
    str_starts(path, STR("/plan/")) ? page_plan_request(exchange) : page_request(exchange);
  }
}
