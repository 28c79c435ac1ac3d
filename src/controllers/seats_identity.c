// The seats door's sockets and who they speak for: the handshake, and what happens when a browser signs in or out.
#include <stdlib.h>
#include <string.h>

#include "controllers/origin.h"
#include "controllers/seats_socket_private.h"
#include "controllers/token.h"
#include "core/log.h"
#include "core/store.h"
#include "methods/user.h"
#include "shared/ids.h"

enum { CLIENT_CHARACTERS = 24, CLOSE_SIGNED_OUT = 4401 };

static KnownIdentity *know(const Identity *identity) {
  if (identity->user_id == 0) return NULL;
  KnownIdentity *known = malloc(sizeof *known + identity->username.length + identity->sid.length);
  if (known == NULL) return NULL;
  known->identity = *identity;
  memcpy(known->texts, identity->username.at, identity->username.length);
  memcpy(known->texts + identity->username.length, identity->sid.at, identity->sid.length);
  known->identity.username.at = known->texts;
  known->identity.sid.at = known->texts + identity->username.length;
  return known;
}

// The handshake.

typedef struct Opening {
  Str key;
  Str extensions;
  Str headers;  // more lines of the 101
  SeatsClient client;
} Opening;

SeatsClient seats_client_of(Conn *conn, const HttpRequest *request, Arena *arena) {
  Text agent = {.arena = arena};
  text_add(&agent, conn_peer(conn, arena));
  text_char(&agent, ' ');
  text_add(&agent, http_header(request, "User-Agent"));
  Str cookie = http_cookie(request, "ss_client");
  return (SeatsClient){.cookie_hash = cookie.length > 0 ? str_hash(cookie) | 1 : 0,
                       .agent_hash = str_hash(text_str(&agent))};
}

static void finish_open(Conn *conn, const Opening *opening, const Identity *identity) {
  SeatsSocket *socket = calloc(1, sizeof *socket);
  if (socket == NULL) {
    conn_kill(conn);
    return;
  }
  socket->client = opening->client;
  socket->known = know(identity);
  if (exchange_upgrade(conn, opening->key, opening->extensions, opening->headers, &seats_socket_handler, socket))
    return;
  free(socket->known);
  free(socket);
}

static void identified(Loop *loop, Call *call) {
  Conn *conn = conn_find(loop, call->conn);
  if (conn != NULL) finish_open(conn, call->door, &call->granted);
}

static Str client_header(Arena *arena, const Env *env, SeatsClient *client) {
  Str id = ids_random(arena, env, CLIENT_CHARACTERS);
  Text header = {.arena = arena};
  client->cookie_hash = str_hash(id) | 1;
  text_format(&header, "Set-Cookie: ss_client=%.*s; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000\r\n",
              STR_ARG(id));
  return text_str(&header);
}

void seats_socket_open(Exchange *exchange) {
  Conn *conn = exchange->conn;
  const HttpRequest *request = exchange->request;
  if (origin_of(conn->loop->config, request) == ORIGIN_FOREIGN) {
    log_info("ws: refused a foreign origin", "origin=\"%.*s\"", STR_ARG(http_header(request, "Origin")));
    exchange_respond(conn, 403, STR("text/plain"), STR("This origin may not open a socket."), (Str){0});
    return;
  }
  Call *call = call_new(conn->loop, conn);
  if (call == NULL) {
    conn_kill(conn);
    return;
  }
  Opening *opening = ARENA_NEW(&call->arena, Opening);
  opening->key = str_copy(&call->arena, http_header(request, "Sec-WebSocket-Key"));
  opening->extensions = str_copy(&call->arena, http_header(request, "Sec-WebSocket-Extensions"));
  opening->client = seats_client_of(conn, request, &call->arena);
  if (opening->client.cookie_hash == 0) {
    opening->headers = client_header(&call->arena, &conn->loop->env, &opening->client);
  }
  token_read(call, request);
  if (call->token_error == ERR_NONE) {
    call->method = &user_identify;
    call->door = opening;
    call->done = identified;
    store_submit(conn->loop, call);
    return;
  }
  finish_open(conn, opening, &(Identity){0});
  call_free(call);
}

// Changes of identity.

typedef struct IdentityNews {
  LoopMessage message;
  SeatsClient client;
  KnownIdentity *known;  // NULL: signed out
  char ended_sid[64];
} IdentityNews;

// Without a cookie the browser is known by address and User-Agent, which others may have as well (behind one proxy,
// say): somebody who is signed in is then neither made another person nor signed out with another's session.
static bool is_of_client(const SeatsSocket *socket, const IdentityNews *news) {
  if (news->client.cookie_hash != 0) return socket->client.cookie_hash == news->client.cookie_hash;
  if (socket->client.agent_hash != news->client.agent_hash) return false;
  const Identity *is = socket->known != NULL ? &socket->known->identity : NULL;
  if (news->known == NULL) return is != NULL && str_equal(is->sid, str_from(news->ended_sid));
  return is == NULL || is->user_id == news->known->identity.user_id;
}

static void change_identity(SeatsSocket *socket, const KnownIdentity *known) {
  free(socket->known);
  socket->known = known != NULL ? know(&known->identity) : NULL;
  for (const UserSubscription *at = socket->user_subscriptions; at != NULL; at = at->next) {
    seats_socket_send_user(socket, TOPIC_UPDATE, (Str){at->eid, at->eid_bytes});
  }
}

static void run_news(Loop *loop, LoopMessage *message) {
  IdentityNews *news = (IdentityNews *)message;
  Str ended = str_from(news->ended_sid);
  for (uint32_t i = loop->conn_count; i > 0; i--) {
    Conn *conn = loop->conns[i - 1];
    if (conn->handler != &seats_socket_handler || conn->closing) continue;
    SeatsSocket *socket = conn->owner;
    if (is_of_client(socket, news)) {
      change_identity(socket, news->known);
    } else if (socket->known != NULL && ended.length > 0 && str_equal(socket->known->identity.sid, ended)) {
      ws_close(conn, CLOSE_SIGNED_OUT, STR("signed out"));
    }
  }
  free(news->known);
  free(news);
}

void seats_socket_identity_changed(Loop *loop, SeatsClient client, const Identity *identity, Str ended_sid) {
  for (int i = 0; i < loop->all_count; i++) {
    IdentityNews *news = calloc(1, sizeof *news);
    if (news == NULL) return;  // the sockets keep their identity until they reconnect
    news->message.run = run_news;
    news->client = client;
    news->known = know(identity);
    if (ended_sid.length < sizeof news->ended_sid && ended_sid.length > 0) {
      memcpy(news->ended_sid, ended_sid.at, ended_sid.length);
    }
    loop_post(&loop->all[i], &news->message);
  }
}

void seats_socket_close_user(Loop *loop, int64_t user_id) {
  for (uint32_t i = loop->conn_count; i > 0; i--) {
    Conn *conn = loop->conns[i - 1];
    if (conn->handler != &seats_socket_handler) continue;
    SeatsSocket *socket = conn->owner;
    if (socket->known != NULL && socket->known->identity.user_id == user_id) {
      ws_close(conn, CLOSE_SIGNED_OUT, STR("signed out"));
    }
  }
}
