// Whom a socket of the messenger speaks for: what it says of itself, and the look at its session. Looks are few at a
// time, so that a hundred thousand clients that come back at once leave room for others.
#include <stdlib.h>
#include <string.h>

#include "controllers/loop_state.h"
#include "controllers/messenger_socket_private.h"
#include "controllers/messenger_token.h"
#include "controllers/origin.h"
#include "controllers/tickets_input.h"
#include "controllers/tickets_request.h"
#include "controllers/token.h"
#include "core/store.h"
#include "methods/user.h"

enum { LOOKS_MAX = 64, BUSY_MS = 100 };

// Credentials.

static Str keep(char **at, Str text) {
  if (text.length > 0) memcpy(*at, text.at, text.length);
  Str kept = {*at, text.length};
  *at += text.length;
  return kept;
}

// In one allocation; NULL when memory is out.
static Credentials *keep_credentials(const Credentials *said) {
  size_t bytes =
      said->authorization.length + said->os.length + said->browser.length + said->cookie.length + said->peer.length;
  Credentials *kept = malloc(sizeof *kept + bytes);
  if (kept == NULL) return NULL;
  char *at = kept->texts;
  kept->authorization = keep(&at, said->authorization);
  kept->os = keep(&at, said->os);
  kept->browser = keep(&at, said->browser);
  kept->cookie = keep(&at, said->cookie);
  kept->peer = keep(&at, said->peer);
  return kept;
}

bool messenger_handshake(const Exchange *exchange, void **client) {
  const HttpRequest *request = exchange->request;
  Conn *conn = exchange->conn;
  const Config *config = conn->loop->config;
  if (origin_of(config, request) == ORIGIN_FOREIGN) return false;
  Credentials said = {.authorization = tickets_query_text(exchange->arena, request->query, "authorization"),
                      .os = tickets_query_text(exchange->arena, request->query, "os"),
                      .browser = tickets_query_text(exchange->arena, request->query, "browser"),
                      .cookie = token_cookie(config, request),
                      .peer = token_peer(exchange->arena, config, conn, request)};
  *client = keep_credentials(&said);
  return *client != NULL;
}

Credentials *messenger_credentials(SocketIoSocket *socket, Str auth) {
  Credentials *handshake = socketio_take_client(socket);
  Arena *arena = &socketio_loop(socketio_server(socket))->scratch;
  const Json *payload = json_parse(arena, auth, NULL);
  Str token;
  if (handshake == NULL || !json_str(json_get(payload, "token"), &token)) return handshake;
  Text authorization = {.arena = arena};
  if (!str_starts(token, STR("Bearer "))) text_add(&authorization, STR("Bearer "));
  text_add(&authorization, token);
  // The query is the place for the other two, but whoever has this payload need not know them.
  Credentials said = {.authorization = text_str(&authorization),
                      .os = handshake->os.length > 0 ? handshake->os : STR("?"),
                      .browser = handshake->browser.length > 0 ? handshake->browser : STR("?"),
                      .peer = handshake->peer};
  Credentials *kept = keep_credentials(&said);
  free(handshake);
  return kept;
}

// Letting in.

static void refuse(const Visitor *visitor) {
  socketio_emit(visitor->socket, &(SocketIoMessage){.name = STR("user:invalid_token")});
  socketio_emit(visitor->socket,
                &(SocketIoMessage){.name = STR("exception"),
                                   .args = STR("{\"status\":\"error\",\"message\":\"Forbidden resource\"}")});
}

// A look at a visitor's session.
typedef struct Look {
  MessengerSockets *sockets;
  SocketIoSocket *socket;
  TokenKey key;
  uint64_t epoch;        // of the identities
  uint64_t ended_count;  // of the loop
} Look;

static void ask_at(MessengerSockets *sockets, Visitor *visitor, uint64_t at_ms) {
  deadline_set(&sockets->asks, &visitor->asks, at_ms);
}

static void looked_up(Loop *loop, Call *call) {
  const Look *look = call->door;
  MessengerSockets *sockets = look->sockets;
  Visitor *visitor = look->socket->owner;
  const Identity *who = &call->granted;
  --sockets->looks;
  bool connected = visitor != NULL && socketio_server(look->socket) != NULL;
  if (visitor != NULL) visitor->looked_up = false;
  if (!connected || loop->draining) {
    // nobody waits for it
  } else if (call->error != ERR_NONE) {
    ask_at(sockets, visitor, uv_now(&loop->uv) + BUSY_MS);
  } else if (who->user_id == 0) {
    refuse(visitor);
  } else if (loop_sessions_ended_since(loop_state(loop), look->ended_count, who->user_id)) {
    ask_at(sockets, visitor, 0);  // perhaps this one
  } else {
    if (who->expires_ms > loop->now_ms) {
      identity_cache_add(tickets_state(loop)->identities, &look->key, who, look->epoch);
    }
    messenger_let_in(sockets, visitor, who);
  }
  socketio_release(look->socket);
}

static Error prepare(Call *call, const Credentials *said) {
  call->peer = str_copy(&call->arena, said->peer);
  if (said->authorization.length > 0 || said->cookie.length == 0) {
    return messenger_token_look(call, said->authorization, said->os, said->browser);
  }
  token_open(call, said->cookie, true);
  call->method = &user_identify;
  return call->token_error;
}

// What counts as the token in the cache of identities.
static Str token_of(const Credentials *said) {
  if (said->authorization.length == 0) return said->cookie;
  bool complete = said->os.length > 0 && said->browser.length > 0;
  return complete ? messenger_token_bearer(said->authorization) : (Str){0};
}

static void look_up(MessengerSockets *sockets, Visitor *visitor) {
  Loop *loop = sockets->loop;
  const Credentials *said = visitor->credentials;
  TokenKey key;
  if (said == NULL) {
    refuse(visitor);
    return;
  }
  const Identity *known = tickets_known(loop, token_of(said), &key);
  if (known != NULL) {
    messenger_let_in(sockets, visitor, known);
    return;
  }
  Call *call = call_new_own(loop);
  if (call == NULL) {
    ask_at(sockets, visitor, uv_now(&loop->uv) + BUSY_MS);
    return;
  }
  if (prepare(call, said) != ERR_NONE) {
    call_free(call);
    refuse(visitor);
    return;
  }
  Look *look = ARENA_NEW(&call->arena, Look);
  *look = (Look){.sockets = sockets,
                 .socket = socketio_retain(visitor->socket),
                 .key = key,
                 .epoch = identity_cache_epoch(tickets_state(loop)->identities),
                 .ended_count = loop_state(loop)->ended_count};
  visitor->looked_up = true;
  ++sockets->looks;
  call->door = look;
  call->done = looked_up;
  store_submit(loop, call);
}

void messenger_look_up_all(MessengerSockets *sockets) {
  uint64_t now_ms = uv_now(&sockets->loop->uv);
  Deadline *asks;
  while (sockets->looks < LOOKS_MAX && (asks = deadlines_take(&sockets->asks, now_ms)) != NULL) {
    look_up(sockets, DEADLINE_OWNER(asks, Visitor, asks));
  }
}

void messenger_ask(Visitor *visitor) {
  visitor->wants_in = true;
  if (!visitor->looked_up && visitor->asks.next == NULL) ask_at(messenger_sockets_of(visitor->socket), visitor, 0);
}
