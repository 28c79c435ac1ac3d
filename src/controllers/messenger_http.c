// The messenger door over HTTP: which row, who asks; then the request goes the way of all requests (controllers/
// tickets_begin.c).
#include "controllers/messenger_http.h"

#include "controllers/messenger_answer.h"
#include "controllers/messenger_routes.h"
#include "controllers/messenger_token.h"
#include "controllers/tickets_input.h"
#include "controllers/token.h"
#include "shared/address.h"

static void respond_fault(Exchange *exchange, int status, Str message, int64_t retry_after_s) {
  Text headers = {.arena = exchange->arena};
  Text body = {.arena = exchange->arena};
  messenger_add_headers(&headers, exchange->conn->loop->config, exchange->request);
  if (retry_after_s > 0) text_format(&headers, "Retry-After: %lld\r\n", (long long)retry_after_s);
  messenger_write_fault(&body, status, message);
  exchange_respond(exchange->conn, status, STR("application/json; charset=utf-8"), text_str(&body), text_str(&headers));
}

static void preflight(Exchange *exchange) {
  Text headers = {.arena = exchange->arena};
  messenger_add_headers(&headers, exchange->conn->loop->config, exchange->request);
  messenger_add_preflight(&headers, exchange->request);
  exchange_respond(exchange->conn, 204, (Str){0}, (Str){0}, text_str(&headers));
}

static void not_found(Exchange *exchange) {
  Text message = {.arena = exchange->arena};
  text_format(&message, "Cannot %.*s %.*s", STR_ARG(exchange->request->method_name), STR_ARG(exchange->request->path));
  respond_fault(exchange, 404, text_str(&message), 0);
}

Str messenger_http_refusal(const Exchange *exchange, int status, Text *headers) {
  Text body = {.arena = exchange->arena};
  messenger_add_headers(headers, exchange->conn->loop->config, exchange->request);
  messenger_write_fault(&body, status, str_from(http_reason_phrase(status)));
  return text_str(&body);
}

// Whether an address asks too often; then it is answered.
static bool is_over(Exchange *exchange, const MessengerRoute *row) {
  Loop *loop = exchange->conn->loop;
  if (row->limit == 0 || !loop->config->rate_limits) return false;
  Text what = {.arena = exchange->arena};
  text_format(&what, "messenger %s ", row->route.path);
  Str peer = token_peer(exchange->arena, loop->config, exchange->conn, exchange->request);
  const char *kind = str_zero(exchange->arena, text_str(&what));
  char owner[ADDRESS_BYTES];
  FastRate rate = fast_rate_shared(loop->fast, kind, address_owner(peer, owner), 1, row->window_ms, loop->now_ms);
  if (rate.count <= row->limit) return false;
  respond_fault(exchange, 429, STR("Too many requests"), (rate.until_ms - loop->now_ms + 999) / 1000);
  return true;
}

// The body is read before anything else, as far as it is JSON.
static bool body_is_json(Exchange *exchange) {
  Str body = exchange->request->body;
  size_t fault_offset;
  if (str_trim(body).length == 0 || json_is_object_or_array(body, &fault_offset)) return true;
  respond_fault(exchange, 400, messenger_parser_words(exchange->arena, body, fault_offset), 0);
  return false;
}

// The session's cookie, or a bearer token; empty: neither.
static Str token_of(Exchange *exchange, bool *cookie) {
  Str raw = token_raw(exchange->conn->loop->config, exchange->request, cookie);
  if (*cookie) return raw;
  return messenger_token_bearer(http_header(exchange->request, "Authorization"));
}

static void start(Exchange *exchange, const TicketsRoute *route, const TicketsParameters *parameters) {
  Str peer = token_peer(exchange->arena, exchange->conn->loop->config, exchange->conn, exchange->request);
  TicketsRequest *request =
      tickets_request_new(exchange, &messenger_dialect, route, tickets_request_id(exchange), peer);
  if (request == NULL) {
    conn_kill(exchange->conn);
    return;
  }
  bool open = route->method->access == ACCESS_ANYONE;
  messenger_add_headers(&request->headers, request->loop->config, exchange->request);
  if (!open) request->token = str_copy(&request->arena, token_of(exchange, &request->token_is_cookie));
  Error error = !open && request->token.length == 0 ? ERR_UNAUTHORIZED : ERR_NONE;
  if (error == ERR_NONE) {
    error = tickets_input_read(&request->arena, route, parameters, exchange->request, &request->input);
  }
  if (error == ERR_NONE) {
    tickets_request_begin(request);
  } else {
    tickets_request_refuse(request, error, NULL);
  }
}

void messenger_http_request(Exchange *exchange, Str path) {
  TicketsParameters parameters;
  if (exchange->request->method == HTTP_OPTIONS) {
    preflight(exchange);
    return;
  }
  if (!body_is_json(exchange)) return;
  const MessengerRoute *row = messenger_route_find(exchange->request->method, path, &parameters);
  if (row == NULL) {
    not_found(exchange);
  } else if (!is_over(exchange, row)) {
    start(exchange, &row->route, &parameters);
  }
}
