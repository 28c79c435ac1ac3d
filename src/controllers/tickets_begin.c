// A request's begin: its name, where it comes from, and who asks. Then it runs (controllers/tickets_request.c).
#include <string.h>

#include "controllers/origin.h"
#include "controllers/tickets_answer.h"
#include "controllers/tickets_input.h"
#include "controllers/tickets_limits.h"
#include "controllers/tickets_request.h"
#include "controllers/token.h"
#include "core/store.h"
#include "methods/account.h"
#include "methods/user.h"
#include "shared/ids.h"

// The client's name of the request, or one of ours: chance once a loop, and a number.
Str tickets_request_id(Exchange *exchange) {
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

TicketsRequest *tickets_request_new(Exchange *exchange, const TicketsDialect *dialect, const TicketsRoute *route,
                                    Str request_id, Str peer) {
  enum { AGENT_BYTES_MAX = 255 };
  Conn *conn = exchange->conn;
  const HttpRequest *http = exchange->request;
  Arena own = {0};
  TicketsRequest *request = ARENA_NEW(&own, TicketsRequest);
  Arena *arena = &request->arena;
  *arena = own;
  if (arena->failed) {
    tickets_request_free(request);
    return NULL;
  }
  Str agent = http_header(http, "User-Agent");
  if (agent.length > AGENT_BYTES_MAX) agent.length = AGENT_BYTES_MAX;
  request->loop = conn->loop;
  request->conn = conn_ref(conn);
  request->dialect = dialect;
  request->route = route;
  request->begun_ms = conn->loop->now_ms;
  request->peer = str_copy(arena, peer);
  request->agent = str_copy(arena, str_is_utf8(agent) ? agent : STR("?"));
  request->request_id = str_copy(arena, request_id);
  // No other page may sign a browser in: its person would go on as somebody else.
  request->wants_cookie = route->tokens && str_equal(tickets_query_value(http->query, "cookie"), STR("1")) &&
                          origin_of(conn->loop->config, http) != ORIGIN_FOREIGN;
  if (route->tokens || route->renews) request->client = seats_client_of(conn, http, arena);
  request->headers.arena = arena;
  if (route->raw) {
    request->raw_body = str_copy(arena, http->body);
    request->signature = str_copy(arena, http_header(http, "Stripe-Signature"));
  }
  return request;
}

// Whose token it is, when it was seen before.
const Identity *tickets_known(Loop *loop, Str token, TokenKey *key) {
  if (token.length == 0) return NULL;
  *key = identity_cache_key(tickets_state(loop)->identities, token);
  return identity_cache_find(tickets_state(loop)->identities, key, loop->now_ms);
}

// Who asks.

static void touched(Loop *loop, Call *call) {
  (void)loop;
  (void)call;
}

void tickets_touch(Loop *loop, const Identity *who) {
  Call *call = call_new_own(loop);
  if (call == NULL) return;
  call->method = &account_touch;
  call->who = identity_copy(&call->arena, who);
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

void tickets_request_refuse_stranger(TicketsRequest *request, Error error) {
  enum { HTTP_UNAUTHORIZED = 401 };
  bool stranger = tickets_error_status(error) == HTTP_UNAUTHORIZED;  // and not that we are busy
  TicketsRate rate = tickets_limit_strangers(request->loop, request->route, request->peer, stranger);
  tickets_add_rate(&request->headers, &rate);
  tickets_request_refuse(request, error, NULL);
}

static void identified(Loop *loop, Call *call) {
  TicketsRequest *request = call->door;
  Error error = call->error;
  if (error == ERR_NONE && call->granted.user_id == 0) error = ERR_INVALID_TOKEN;
  if (error == ERR_NONE && loop->draining) error = ERR_BUSY;  // the store may be gone
  if (error != ERR_NONE) {
    tickets_request_refuse_stranger(request, error);
    return;
  }
  identity_cache_add(tickets_state(loop)->identities, &request->token_key, &call->granted, request->epoch);
  request->who = identity_copy(&request->arena, &call->granted);
  tickets_touch(loop, &request->who);
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
    tickets_request_refuse_stranger(request, error);
    return;
  }
  request->epoch = identity_cache_epoch(tickets_state(loop)->identities);
  call->method = &user_identify;
  call->door = request;
  call->done = identified;
  store_submit(loop, call);
}

void tickets_request_begin(TicketsRequest *request) {
  const Identity *known = tickets_known(request->loop, request->token, &request->token_key);
  if (known != NULL) {
    request->who = identity_copy(&request->arena, known);
    allowed(request);
  } else if (request->route->method->access == ACCESS_ANYONE || finds_caller(request)) {
    tickets_request_run(request);
  } else {
    identify(request);
  }
}
