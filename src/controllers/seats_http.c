// The seats door over HTTP: one POST a method, an envelope around every answer.
#include "controllers/seats_http.h"

#include "controllers/origin.h"
#include "controllers/seats_socket.h"
#include "controllers/token.h"
#include "core/log.h"
#include "core/store.h"
#include "methods/user.h"

enum { RETRY_AFTER_S = 1 };

typedef struct SeatsRoute {
  const char *name;
  const Method *method;
  bool signs_in;  // no other page may do that with a browser: its person would go on as somebody else
} SeatsRoute;

static const SeatsRoute routes[] = {
    {"status", &user_status, false},
    {"auth_start", &user_auth_start, false},
    {"auth_reset", &user_auth_reset, false},
    {"register", &user_register, true},
    {"login", &user_login, true},
    {"logout", &user_logout, false},
    {"save_recovery_phrase", &user_save_recovery_phrase, false},
    {"recovery_phrase", &user_recovery_phrase, false},
};

// What an answer needs to know of its request, which is gone by then.
typedef struct SeatsAnswer {
  Text headers;
  SeatsClient client;
} SeatsAnswer;

static void write_error(Text *out, Error error) {
  json_open(out, '{');
  json_name(out, "error");
  json_add_str(out, str_from(error_code(error)));
  json_name(out, "data");
  json_add_null(out);
  json_name(out, "status");
  json_add_str(out, STR("error"));
  json_close(out, '}');
}

static void respond_error(Conn *conn, Arena *arena, Error error, Text *headers) {
  Text body = {.arena = arena};
  write_error(&body, error);
  if (error == ERR_BUSY) text_format(headers, "Retry-After: %d\r\n", RETRY_AFTER_S);
  exchange_respond(conn, error_status(error), STR("application/json; charset=utf-8"), text_str(&body),
                   text_str(headers));
}

static void respond_data(Conn *conn, Arena *arena, Str data, const Text *headers) {
  Text body = {.arena = arena};
  text_add(&body, STR("{\"data\":"));
  text_add(&body, data);
  text_add(&body, STR(",\"status\":\"success\",\"error\":null}"));
  exchange_respond(conn, 200, STR("application/json; charset=utf-8"), text_str(&body), text_str(headers));
}

// The sockets of the browser hear of it as well as its answer.
static void tell_sockets(Loop *loop, const Call *call, const SeatsAnswer *answer) {
  if (call->granted.user_id != 0) seats_socket_identity_changed(loop, answer->client, &call->granted, NULL);
  if (call->session_over) seats_socket_identity_changed(loop, answer->client, &(Identity){0}, &call->who);
}

static void log_answer(const Loop *loop, const Call *call) {
  const char *outcome = call->error == ERR_NONE ? "success" : error_code(call->error);
  LogLevel level = error_status(call->error) >= 500 ? LOG_ERROR : LOG_INFO;
  log_write(level, "http: answered", "id=%.*s method=%s outcome=%s peer=%.*s ms=%lld", STR_ARG(call->request_id),
            call->method->name, outcome, STR_ARG(call->peer), (long long)(loop->now_ms - call->now_ms));
}

static void call_done(Loop *loop, Call *call) {
  SeatsAnswer *answer = call->door;
  log_answer(loop, call);
  if (call->error == ERR_NONE) tell_sockets(loop, call, answer);
  Conn *conn = conn_find(loop, call->conn);
  if (conn == NULL) return;
  if (call->error != ERR_NONE) {
    respond_error(conn, &call->arena, call->error, &answer->headers);
    return;
  }
  if (call->granted.user_id != 0) token_add_cookie(&answer->headers, call, &call->granted);
  if (call->session_over) token_add_clearing(&answer->headers);
  respond_data(conn, &call->arena, text_str(&call->reply), &answer->headers);
}

static const SeatsRoute *find_route(Str name) {
  for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
    if (str_equal(name, str_from(routes[i].name))) return &routes[i];
  }
  return NULL;
}

bool seats_http_knows(Str name) {
  return find_route(name) != NULL;
}

static void preflight(Exchange *exchange) {
  Text headers = {.arena = exchange->arena};
  origin_add_seats_headers(&headers, exchange->conn->loop->config, exchange->request);
  text_add(&headers, STR("Access-Control-Allow-Methods: GET,POST,OPTIONS\r\n"
                         "Access-Control-Allow-Headers: Content-Type\r\n"));
  exchange_respond(exchange->conn, 204, (Str){0}, (Str){0}, text_str(&headers));
}

static Error start(Exchange *exchange, const SeatsRoute *route, Call *call) {
  const HttpRequest *request = exchange->request;
  const Json *body = NULL;
  if (route->signs_in && origin_of(call->config, request) == ORIGIN_FOREIGN) return ERR_FORBIDDEN;
  if (str_trim(request->body).length > 0) {
    body = json_parse(&call->arena, request->body, NULL);
    if (!json_is_object(body) && !json_is_array(body)) return ERR_INVALID_REQUEST;  // an array has no fields, as ever
  }
  token_read(call, request);
  return call_decode(call, body);
}

void seats_http_request(Exchange *exchange, Str name) {
  Conn *conn = exchange->conn;
  if (exchange->request->method == HTTP_OPTIONS) {
    preflight(exchange);
    return;
  }
  const SeatsRoute *route = exchange->request->method == HTTP_POST ? find_route(name) : NULL;
  Call *call = call_new(conn->loop, conn);
  if (call == NULL) {
    conn_kill(conn);
    return;
  }
  SeatsAnswer *answer = ARENA_NEW(&call->arena, SeatsAnswer);
  answer->headers.arena = &call->arena;
  origin_add_seats_headers(&answer->headers, conn->loop->config, exchange->request);
  answer->client = seats_client_of(conn, exchange->request, &call->arena);
  call->method = route != NULL ? route->method : NULL;
  token_read_origin(call, conn, exchange->request);
  text_format(&answer->headers, "X-Request-Id: %.*s\r\n", STR_ARG(call->request_id));
  Error error = route != NULL ? start(exchange, route, call) : ERR_ROUTE_NOT_FOUND;
  if (error != ERR_NONE) {
    respond_error(conn, &call->arena, error, &answer->headers);
    call_free(call);
    return;
  }
  call->door = answer;
  call->done = call_done;
  store_submit(conn->loop, call);
}
