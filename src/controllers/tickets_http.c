// The tickets door over HTTP: which row, how often, who asks; then the request goes its way (controllers/
// tickets_request.c), or is answered at once.
#include "controllers/tickets_http.h"

#include "controllers/origin.h"
#include "controllers/tickets_answer.h"
#include "controllers/tickets_input.h"
#include "controllers/tickets_limits.h"
#include "controllers/tickets_request.h"
#include "controllers/token.h"
#include "core/auth.h"

enum { ONCE_KEY_MAX = 255 };

static const char json_type[] = "application/json; charset=utf-8";

// Answers that need no call.

static void respond_fault(Exchange *exchange, Error error, Str request_id, const TicketsRate *rate) {
  Text headers = {.arena = exchange->arena};
  Text body = {.arena = exchange->arena};
  Loop *loop = exchange->conn->loop;
  tickets_add_headers(&headers, loop->config, exchange->request, request_id);
  tickets_add_rate(&headers, rate);
  if (rate->over) {
    text_format(&headers, "Retry-After: %lld\r\n", (long long)(rate->until_ms - loop->now_ms + 999) / 1000);
    const char *text = rate->tight ? "Too many requests, please try again later." : "Too Many Requests";
    tickets_write_fault(&body, "too_many_requests", str_from(text), (Str){0});
  } else {
    tickets_write_error(&body, error, (Str){0});
  }
  exchange_respond(exchange->conn, tickets_error_status(error), str_from(json_type), text_str(&body),
                   text_str(&headers));
}

static void respond_json(Exchange *exchange, Str body, Str request_id, const TicketsRate *rate) {
  Text headers = {.arena = exchange->arena};
  tickets_add_headers(&headers, exchange->conn->loop->config, exchange->request, request_id);
  tickets_add_rate(&headers, rate);
  exchange_respond(exchange->conn, 200, str_from(json_type), body, text_str(&headers));
}

static void preflight(Exchange *exchange) {
  Text headers = {.arena = exchange->arena};
  origin_add_open_headers(&headers, exchange->conn->loop->config, exchange->request);
  tickets_add_preflight(&headers);
  exchange_respond(exchange->conn, 204, (Str){0}, (Str){0}, text_str(&headers));
}

Str tickets_http_refusal(const Exchange *exchange, int status, Text *headers) {
  Text body = {.arena = exchange->arena};
  origin_add_open_headers(headers, exchange->conn->loop->config, exchange->request);
  tickets_write_error(&body, status == 413 ? ERR_MESSAGE_TOO_LARGE : ERR_INVALID_REQUEST, (Str){0});
  return text_str(&body);
}

// The request.

static Error read_once(TicketsRequest *request, const HttpRequest *http, const Config *config) {
  Str key = http_header(http, "Idempotency-Key");
  if (http->method != HTTP_POST || key.length == 0) return ERR_NONE;
  if (key.length > ONCE_KEY_MAX || !str_is_utf8(key)) return ERR_VALIDATION;
  Arena *arena = &request->arena;
  Text asked = {.arena = arena};
  text_format(&asked, "%.*s\n", STR_ARG(http->target));
  text_add(&asked, http->body);
  Text scope = {.arena = arena};
  text_format(&scope, "address:%.*s", STR_ARG(request->peer));
  // Bodies hold passwords: only who has the secret can try some against what is kept.
  request->once = (Once){.scope = text_str(&scope),
                         .key = str_copy(arena, key),
                         .request_hash = auth_mac(arena, config->jwt_secret, text_str(&asked))};
  return ERR_NONE;
}

// What everybody may have, as it was a moment ago.
static bool respond_kept(Exchange *exchange, const TicketsRoute *route, Str request_id, const TicketsRate *rate) {
  const TicketsState *state = tickets_state(exchange->conn->loop);
  if (state->kept_route != route || exchange->request->query.length > 0) return false;
  if (state->kept_until_ms <= exchange->conn->loop->now_ms) return false;
  respond_json(exchange, (Str){state->kept, state->kept_bytes}, request_id, rate);
  return true;
}

// What memory can answer to somebody who is known.
static bool respond_quick(Exchange *exchange, const TicketsRoute *route) {
  Loop *loop = exchange->conn->loop;
  bool cookie;
  TokenKey key;
  Text body = {.arena = exchange->arena};
  const Identity *who = tickets_known(loop, token_raw(loop->config, exchange->request, &cookie), &key);
  if (who == NULL || !route->quick(loop, who, exchange->request->query, &body)) return false;
  TicketsRate rate = tickets_limit_person(loop, route, who);
  Str request_id = tickets_request_id(exchange);
  if (rate.over) {
    respond_fault(exchange, ERR_TOO_MANY_REQUESTS, request_id, &rate);
  } else {
    respond_json(exchange, text_str(&body), request_id, &rate);
  }
  return true;
}

static void start(Exchange *exchange, const TicketsRoute *route, const TicketsParameters *parameters, Str request_id,
                  Str peer, const TicketsRate *rate) {
  const HttpRequest *http = exchange->request;
  Loop *loop = exchange->conn->loop;
  bool cookie = false;
  bool open = route->method->access == ACCESS_ANYONE;
  Str token = open ? (Str){0} : token_raw(loop->config, http, &cookie);
  if (open && route->kept && respond_kept(exchange, route, request_id, rate)) return;
  TicketsRequest *request = tickets_request_new(exchange, &tickets_dialect, route, request_id, peer);
  if (request == NULL) {
    conn_kill(exchange->conn);
    return;
  }
  tickets_add_headers(&request->headers, loop->config, http, request_id);
  tickets_add_rate(&request->headers, rate);
  request->token = str_copy(&request->arena, token);
  request->token_is_cookie = cookie;
  if (!open && token.length == 0) {
    tickets_request_refuse_stranger(request, ERR_UNAUTHORIZED);
    return;
  }
  Error error = tickets_input_read(&request->arena, route, parameters, http, &request->input);
  if (error == ERR_NONE) error = read_once(request, http, loop->config);
  if (error != ERR_NONE) {
    tickets_request_refuse(request, error, NULL);
  } else {
    tickets_request_begin(request);
  }
}

void tickets_http_request(Exchange *exchange, Str path) {
  const HttpRequest *http = exchange->request;
  Loop *loop = exchange->conn->loop;
  if (http->method == HTTP_OPTIONS) {
    preflight(exchange);
    return;
  }
  TicketsParameters parameters;
  const TicketsRoute *route = tickets_route_find(http->method, path, &parameters);
  if (route != NULL && route->quick != NULL && respond_quick(exchange, route)) return;
  Str request_id = tickets_request_id(exchange);
  Str peer = token_peer(exchange->arena, loop->config, exchange->conn, http);
  TicketsRate rate = tickets_limit_address(loop, route, peer);
  TicketsRate strangers = route != NULL ? tickets_limit_strangers(loop, route, peer, 0) : (TicketsRate){0};
  if (strangers.limit > 0 && strangers.remaining == 0) {
    strangers.over = true;
    rate = strangers;
  }
  if (rate.over) {
    respond_fault(exchange, ERR_TOO_MANY_REQUESTS, request_id, &rate);
  } else if (route == NULL) {
    respond_fault(exchange, ERR_ROUTE_NOT_FOUND, request_id, &rate);
  } else {
    start(exchange, route, &parameters, request_id, peer, &rate);
  }
}
