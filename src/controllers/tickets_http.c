// The tickets door over HTTP: which row, how often, who asks; then the request goes its way (controllers/
// tickets_request.c), or is answered at once.
#include "controllers/tickets_http.h"

#include <stdlib.h>
#include <string.h>

#include "controllers/origin.h"
#include "controllers/tickets_answer.h"
#include "controllers/tickets_input.h"
#include "controllers/tickets_limits.h"
#include "controllers/tickets_request.h"
#include "controllers/token.h"
#include "core/auth.h"
#include "core/store.h"
#include "methods/account.h"
#include "methods/user.h"
#include "shared/ids.h"

enum { ONCE_KEY_MAX = 255 };

static const char json_type[] = "application/json; charset=utf-8";

// The client's name of the request, or one of ours: chance once a loop, and a number.
static Str request_id_of(Exchange *exchange) {
  enum { CHANCE_CHARACTERS = 8 };
  Loop *loop = exchange->conn->loop;
  TicketsState *state = tickets_state(loop);
  Str given = token_given_id(exchange->request);
  if (given.length > 0) return given;
  if (state->request_count == 0) {
    Str chance = ids_random(exchange->arena, &loop->env, CHANCE_CHARACTERS);
    memcpy(state->request_prefix, chance.at, CHANCE_CHARACTERS);
  }
  unsigned char number[6];
  for (int i = 0; i < 6; i++) number[i] = (unsigned char)(state->request_count >> (40 - 8 * i));
  ++state->request_count;
  Text id = {.arena = exchange->arena};
  text_reserve(&id, 2 * CHANCE_CHARACTERS);
  text_add(&id, (Str){state->request_prefix, CHANCE_CHARACTERS});
  text_add(&id, ids_base64url(exchange->arena, number, sizeof number));
  return text_str(&id);
}

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

// Who asks.

static void touched(Loop *loop, Call *call) {
  (void)loop;
  (void)call;
}

// Notes from time to time that a session is in use.
static void touch(Loop *loop, const Identity *who) {
  Call *call = call_new_own(loop);
  if (call == NULL) return;
  call->method = &account_touch;
  call->who.sid = str_copy(&call->arena, who->sid);
  call->done = touched;
  store_submit(loop, call);
}

static void allowed(TicketsRequest *request) {
  const TicketsRoute *route = request->route;
  TicketsRate rate = tickets_limit_person(request->loop, route, &request->who);
  tickets_add_rate(&request->headers, &rate);
  if (request->once.key.length > 0) {
    Text scope = {.arena = &request->arena};
    text_format(&scope, "user:%lld", (long long)request->who.user_id);
    request->once.scope = text_str(&scope);
  }
  if (rate.over) {
    tickets_request_refuse(request, ERR_TOO_MANY_REQUESTS, NULL);
  } else if (route->method->access == ACCESS_STAFF && !request->who.staff) {
    tickets_request_refuse(request, ERR_FORBIDDEN, NULL);
  } else {
    tickets_request_run(request);
  }
}

static void identified(Loop *loop, Call *call) {
  TicketsRequest *request = call->door;
  Error error = call->error;
  if (error == ERR_NONE && call->granted.user_id == 0) error = ERR_INVALID_TOKEN;
  if (error == ERR_NONE && loop->draining) error = ERR_BUSY;  // the store may be gone
  if (error != ERR_NONE) {
    tickets_request_refuse(request, error, NULL);
    return;
  }
  identity_cache_add(tickets_state(loop)->identities, &request->token_key, &call->granted, request->epoch);
  request->who = identity_copy(&request->arena, &call->granted);
  touch(loop, &request->who);
  allowed(request);
}

// Whether the method's own transaction finds who asks: nothing that comes before it depends on the person.
static bool finds_caller(const TicketsRequest *request) {
  const Method *method = request->route->method;
  return !method->reads_only && method->prepare == NULL && request->route->limit != TICKETS_LIMIT_STATUS &&
         request->once.key.length == 0;
}

// Looks the session of the token up.
static void identify(TicketsRequest *request) {
  Loop *loop = request->loop;
  Call *call = call_new_own(loop);
  if (call == NULL) {
    tickets_request_refuse(request, ERR_BUSY, NULL);
    return;
  }
  token_open(call, request->token, request->token_is_cookie);
  if (call->token_error != ERR_NONE) {
    Error error = call->token_error;
    call_free(call);
    tickets_request_refuse(request, error, NULL);
    return;
  }
  request->epoch = identity_cache_epoch(tickets_state(loop)->identities);
  call->method = &user_identify;
  call->door = request;
  call->done = identified;
  store_submit(loop, call);
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

static TicketsRequest *new_request(Exchange *exchange, const TicketsRoute *route, Str request_id, Str peer) {
  enum { AGENT_BYTES_MAX = 255 };
  Conn *conn = exchange->conn;
  const HttpRequest *http = exchange->request;
  TicketsRequest *request = calloc(1, sizeof *request);
  if (request == NULL) return NULL;
  Arena *arena = &request->arena;
  Str agent = http_header(http, "User-Agent");
  if (agent.length > AGENT_BYTES_MAX) agent.length = AGENT_BYTES_MAX;
  request->loop = conn->loop;
  request->conn = conn_ref(conn);
  request->route = route;
  request->begun_ms = conn->loop->now_ms;
  request->peer = str_copy(arena, peer);
  request->agent = str_copy(arena, str_is_utf8(agent) ? agent : STR("?"));
  request->request_id = str_copy(arena, request_id);
  request->wants_cookie = route->tokens && str_equal(tickets_query_value(http->query, "cookie"), STR("1"));
  request->client = seats_client_of(conn, http, arena);
  request->headers.arena = arena;
  if (route->raw) {
    request->raw_body = str_copy(arena, http->body);
    request->signature = str_copy(arena, http_header(http, "Stripe-Signature"));
  }
  return request;
}

// What everybody may have, as it was a moment ago.
static bool respond_kept(Exchange *exchange, const TicketsRoute *route, Str request_id, const TicketsRate *rate) {
  const TicketsState *state = tickets_state(exchange->conn->loop);
  if (state->kept_route != route || exchange->request->query.length > 0) return false;
  if (state->kept_until_ms <= exchange->conn->loop->now_ms) return false;
  respond_json(exchange, (Str){state->kept, state->kept_bytes}, request_id, rate);
  return true;
}

// Whose token it is, when it was seen before.
static const Identity *know(Exchange *exchange, Str token, TokenKey *key) {
  Loop *loop = exchange->conn->loop;
  if (token.length == 0) return NULL;
  *key = identity_cache_key(tickets_state(loop)->identities, token);
  return identity_cache_find(tickets_state(loop)->identities, key, loop->now_ms);
}

// What memory can answer to somebody who is known.
static bool respond_quick(Exchange *exchange, const TicketsRoute *route) {
  Loop *loop = exchange->conn->loop;
  bool cookie;
  TokenKey key;
  Text body = {.arena = exchange->arena};
  const Identity *who = know(exchange, token_raw(loop->config, exchange->request, &cookie), &key);
  if (who == NULL || !route->quick(loop, who, exchange->request->query, &body)) return false;
  TicketsRate rate = tickets_limit_person(loop, route, who);
  Str request_id = request_id_of(exchange);
  if (rate.over) {
    respond_fault(exchange, ERR_TOO_MANY_REQUESTS, request_id, &rate);
  } else {
    respond_json(exchange, text_str(&body), request_id, &rate);
  }
  return true;
}

static void start(Exchange *exchange, const TicketsRoute *route, const TicketsParameters *parameters, Str request_id,
                  const TicketsRate *rate, Str peer) {
  const HttpRequest *http = exchange->request;
  Loop *loop = exchange->conn->loop;
  bool cookie = false;
  bool open = route->method->access == ACCESS_ANYONE;
  Str token = open ? (Str){0} : token_raw(loop->config, http, &cookie);
  TokenKey key = {{0}};
  const Identity *known = know(exchange, token, &key);
  if (open && route->kept && respond_kept(exchange, route, request_id, rate)) return;
  TicketsRequest *request = new_request(exchange, route, request_id, peer);
  if (request == NULL) {
    conn_kill(exchange->conn);
    return;
  }
  tickets_add_headers(&request->headers, loop->config, http, request_id);
  tickets_add_rate(&request->headers, rate);
  request->token = str_copy(&request->arena, token);
  request->token_is_cookie = cookie;
  request->token_key = key;
  Error error = !open && token.length == 0 ? ERR_UNAUTHORIZED : ERR_NONE;
  if (error == ERR_NONE) error = tickets_input_read(&request->arena, route, parameters, http, &request->input);
  if (error == ERR_NONE) error = read_once(request, http, loop->config);
  if (error != ERR_NONE) {
    tickets_request_refuse(request, error, NULL);
  } else if (known != NULL) {
    request->who = identity_copy(&request->arena, known);
    allowed(request);
  } else if (open || finds_caller(request)) {
    tickets_request_run(request);
  } else {
    identify(request);
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
  Str request_id = request_id_of(exchange);
  Str peer = token_peer(exchange->arena, loop->config, exchange->conn, http);
  TicketsRate rate = tickets_limit_address(loop, route, peer);
  if (rate.over) {
    respond_fault(exchange, ERR_TOO_MANY_REQUESTS, request_id, &rate);
  } else if (route == NULL) {
    respond_fault(exchange, ERR_ROUTE_NOT_FOUND, request_id, &rate);
  } else {
    start(exchange, route, &parameters, request_id, &rate, peer);
  }
}
