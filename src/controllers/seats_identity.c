// The seats door's sockets and who they speak for: the handshake, and what happens when a browser signs in or out.
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "controllers/loop_state.h"
#include "controllers/origin.h"
#include "controllers/seats_socket_private.h"
#include "controllers/token.h"
#include "core/log.h"
#include "core/store.h"
#include "methods/user.h"
#include "shared/ids.h"
#include "shared/json.h"

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
  uint64_t ended_count;  // of the loop, when the session was looked up
} Opening;

SeatsClient seats_client_of(Conn *conn, const HttpRequest *request, Arena *arena) {
  Text agent = {.arena = arena};
  text_add(&agent, token_peer(arena, conn->loop->config, conn, request));
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

static void identified(Loop *loop, Call *call);

// Looks up whose session the token names. The call's door is an Opening.
static void look_up(Loop *loop, Call *call) {
  Opening *opening = call->door;
  opening->ended_count = loop_state(loop)->ended_count;
  call->method = &user_identify;
  call->done = identified;
  store_submit(loop, call);
}

// A session of the person has ended while the answer was on its way, when the socket could not yet be told.
static void look_again(Conn *conn, const Call *before) {
  Call *call = conn->loop->draining ? NULL : call_new(conn->loop, conn);
  if (call == NULL) {
    conn_kill(conn);
    return;
  }
  Opening *opening = ARENA_NEW(&call->arena, Opening);
  *opening = *(const Opening *)before->door;
  opening->key = str_copy(&call->arena, opening->key);
  opening->extensions = str_copy(&call->arena, opening->extensions);
  opening->headers = str_copy(&call->arena, opening->headers);
  call->who = (Identity){.sid = str_copy(&call->arena, before->who.sid), .expires_ms = before->who.expires_ms};
  call->door = opening;
  look_up(conn->loop, call);
}

static void identified(Loop *loop, Call *call) {
  Conn *conn = conn_find(loop, call->conn);
  if (conn == NULL) return;
  if (call->error != ERR_NONE) {  // who asks is not known, which is not to be nobody
    exchange_respond(conn, 503, STR("text/plain"), STR("Please try again in a moment."), STR("Retry-After: 1\r\n"));
    return;
  }
  const Opening *opening = call->door;
  int64_t user_id = call->granted.user_id;
  if (user_id != 0 && loop_sessions_ended_since(loop_state(loop), opening->ended_count, user_id)) {
    look_again(conn, call);
  } else {
    finish_open(conn, opening, &call->granted);
  }
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
    Text origin = {.arena = exchange->arena};
    json_add_str(&origin, http_header(request, "Origin"));  // with what it says of quotes escaped
    log_info("ws: refused a foreign origin", "origin=%.*s", STR_ARG(text_str(&origin)));
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
    call->door = opening;
    look_up(conn->loop, call);
    return;
  }
  finish_open(conn, opening, &(Identity){0});
  call_free(call);
}

// Changes of identity.

typedef struct IdentityNews {
  LoopMessage message;
  SeatsClient client;
  KnownIdentity *known;   // NULL: signed out
  int64_t ended_user_id;  // whose session is over
  char ended_sid[64];     // empty: none
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
  KnownIdentity *before = socket->known;
  socket->known = known != NULL ? know(&known->identity) : NULL;
  seats_socket_index(socket);
  free(before);
  const Conn *conn = socket->conn;  // with which the socket goes when there is no memory to tell it
  for (const UserSubscription *at = socket->user_subscriptions, *next; at != NULL && !conn->dead; at = next) {
    next = at->next;
    if (at->channel == seats_user_channel) seats_socket_send_user(socket, TOPIC_UPDATE, (Str){at->eid, at->eid_bytes});
  }
}

#define SOCKET_OF(link, member) ((SeatsSocket *)((char *)(link)-offsetof(SeatsSocket, member)))

// The sockets of the browser, which may move in the indexes as they change.
static void tell_browser(LoopState *state, const IdentityNews *news) {
  bool cookie = news->client.cookie_hash != 0;
  uint64_t key = cookie ? news->client.cookie_hash : news->client.agent_hash;
  SocketLink *link = socket_index_find(*socket_index_head(cookie ? &state->by_cookie : &state->by_agent, key), key);
  while (link != NULL) {
    SocketLink *next = socket_index_find(link->next, key);
    SeatsSocket *socket = cookie ? SOCKET_OF(link, by_cookie) : SOCKET_OF(link, by_agent);
    if (!socket->conn->closing && is_of_client(socket, news)) change_identity(socket, news->known);
    link = next;
  }
}

typedef enum Ended { ENDED_ONE, ENDED_OTHERS, ENDED_ALL } Ended;

// Closes the sockets that speak for ended sessions of a person: for `sid`, for all others, or for all.
static void close_sessions(Loop *loop, int64_t user_id, Ended ended, Str sid) {
  uint64_t key = (uint64_t)user_id;
  SocketLink *link = socket_index_find(*socket_index_head(&loop_state(loop)->by_user, key), key);
  while (link != NULL) {
    const SeatsSocket *socket = SOCKET_OF(link, by_user);
    link = socket_index_find(link->next, key);
    bool same = str_equal(socket->known->identity.sid, sid);
    if (ended == ENDED_ALL || same == (ended == ENDED_ONE)) ws_close(socket->conn, CLOSE_SIGNED_OUT, STR("signed out"));
  }
}

static void bring(Loop *loop, const IdentityNews *news) {
  tell_browser(loop_state(loop), news);
  Str ended = str_from(news->ended_sid);
  if (ended.length > 0) close_sessions(loop, news->ended_user_id, ENDED_ONE, ended);
}

static void run_news(Loop *loop, LoopMessage *message) {
  IdentityNews *news = (IdentityNews *)message;
  bring(loop, news);
  free(news->known);
  free(news);
}

// The browser may have sockets at other processes: they hear of it by a signal of topic "browser", whose payload is
// this and behind it the three texts.
typedef struct NewsElsewhere {
  uint64_t from;  // a number of the process that tells, whose own loops know
  SeatsClient client;
  int64_t user_id;  // 0: signed out
  int64_t expires_ms;
  int64_t staff;
  int64_t ended_user_id;
  int64_t username_bytes;
  int64_t sid_bytes;
  int64_t ended_sid_bytes;
} NewsElsewhere;

static uint64_t own_number(const Loop *loop) {
  return fast_rate_key(loop->fast, "process", (Str){0});
}

static Error signal_elsewhere(Call *call, const void *input) {
  const Str *payload = input;
  call_signal(call, STR("browser"), STR("identity"), *payload);
  return ERR_NONE;
}

static const Method signal_method = {.name = "seats.signal_elsewhere", .run = signal_elsewhere};

static void ignore(Loop *loop, Call *call) {
  (void)loop, (void)call;
}

static void tell_elsewhere(Loop *loop, SeatsClient client, const Identity *identity, const Identity *ended) {
  Call *call = loop->draining || !store_is_shared(loop->store) ? NULL : call_new_own(loop);
  if (call == NULL) return;
  Str ended_sid = ended != NULL ? ended->sid : (Str){0};
  NewsElsewhere news = {.from = own_number(loop),
                        .client = client,
                        .user_id = identity->user_id,
                        .expires_ms = identity->expires_ms,
                        .staff = identity->staff,
                        .ended_user_id = ended != NULL ? ended->user_id : 0,
                        .username_bytes = (int64_t)identity->username.length,
                        .sid_bytes = (int64_t)identity->sid.length,
                        .ended_sid_bytes = (int64_t)ended_sid.length};
  Text payload = {.arena = &call->arena};
  text_add(&payload, (Str){(const char *)&news, sizeof news});
  text_add(&payload, identity->username);
  text_add(&payload, identity->sid);
  text_add(&payload, ended_sid);
  Str *input = ARENA_NEW(&call->arena, Str);
  *input = text_str(&payload);
  call->input = input;
  call->method = &signal_method;
  call->done = ignore;
  store_submit(loop, call);
}

static Str take_bytes(Str *from, int64_t count) {
  Str taken = {from->at, (size_t)count};
  from->at += taken.length;
  from->length -= taken.length;
  return taken;
}

static void hear_elsewhere(Loop *loop, Str payload) {
  NewsElsewhere told;
  memcpy(&told, payload.at, sizeof told);
  take_bytes(&payload, sizeof told);
  if (told.from == own_number(loop)) return;
  Str username = take_bytes(&payload, told.username_bytes);
  Str sid = take_bytes(&payload, told.sid_bytes);
  Str ended_sid = take_bytes(&payload, told.ended_sid_bytes);
  IdentityNews news = {.client = told.client, .ended_user_id = told.ended_user_id};
  news.known = know(&(Identity){.user_id = told.user_id,
                                .expires_ms = told.expires_ms,
                                .staff = told.staff != 0,
                                .username = username,
                                .sid = sid});
  if (ended_sid.length > 0 && ended_sid.length < sizeof news.ended_sid)
    memcpy(news.ended_sid, ended_sid.at, ended_sid.length);
  bring(loop, &news);
  free(news.known);
}

void seats_socket_identity_changed(Loop *loop, SeatsClient client, const Identity *identity, const Identity *ended) {
  tell_elsewhere(loop, client, identity, ended);
  for (int i = 0; i < loop->all_count; i++) {
    IdentityNews *news = calloc(1, sizeof *news);
    if (news == NULL) return;  // the sockets keep their identity until they reconnect
    news->message.run = run_news;
    news->client = client;
    news->known = know(identity);
    if (ended != NULL && ended->sid.length < sizeof news->ended_sid) {
      news->ended_user_id = ended->user_id;
      memcpy(news->ended_sid, ended->sid.at, ended->sid.length);
    }
    loop_post(&loop->all[i], &news->message);
  }
}

void seats_socket_index(SeatsSocket *socket) {
  LoopState *state = loop_state(socket->conn->loop);
  if (socket->by_agent.from == NULL) {
    socket_index_put(&state->by_agent, &socket->by_agent, socket->client.agent_hash);
    if (socket->client.cookie_hash != 0) {
      socket_index_put(&state->by_cookie, &socket->by_cookie, socket->client.cookie_hash);
    }
  }
  socket_index_remove(&socket->by_user);
  if (socket->known != NULL) {
    socket_index_put(&state->by_user, &socket->by_user, (uint64_t)socket->known->identity.user_id);
  }
}

void seats_socket_unindex(SeatsSocket *socket) {
  socket_index_remove(&socket->by_user);
  socket_index_remove(&socket->by_cookie);
  socket_index_remove(&socket->by_agent);
}

// Signals.

// Who does not read is cut, and asks again when he is back. With the connection the socket goes.
static void tell_socket(SeatsSocket *socket, Str body) {
  Conn *conn = socket->conn;
  for (const UserSubscription *at = socket->user_subscriptions, *next; at != NULL && !conn->dead; at = next) {
    next = at->next;
    if (at->channel != seats_account_channel) continue;
    if (conn_is_slow(conn)) {
      conn_kill(conn);
      return;
    }
    seats_socket_send_account(socket, TOPIC_UPDATE, (Str){at->eid, at->eid_bytes}, body);
  }
}

static void tell_account(Loop *loop, int64_t user_id, Str body) {
  uint64_t key = (uint64_t)user_id;
  SocketLink *link = socket_index_find(*socket_index_head(&loop_state(loop)->by_user, key), key);
  for (SocketLink *next; link != NULL; link = next) {
    next = socket_index_find(link->next, key);
    tell_socket(SOCKET_OF(link, by_user), body);
  }
}

void seats_socket_signal(Loop *loop, const Event *event) {
  if (str_equal(event->topic, STR("browser"))) hear_elsewhere(loop, event->payload);
  Str number = event->topic;
  Str what = str_cut(&number, ':');
  int64_t user_id;
  if (!str_to_int(number, &user_id)) return;
  if (str_equal(what, STR("account"))) {
    tell_account(loop, user_id, event->payload);
  } else if (str_equal(what, STR("session"))) {
    LoopState *state = loop_state(loop);
    state->ended_users[state->ended_count++ % ENDED_KEPT] = user_id;
    if (str_equal(event->kind, STR("ended"))) close_sessions(loop, user_id, ENDED_ONE, event->payload);
    if (str_equal(event->kind, STR("ended_others"))) close_sessions(loop, user_id, ENDED_OTHERS, event->payload);
    if (str_equal(event->kind, STR("ended_all"))) close_sessions(loop, user_id, ENDED_ALL, (Str){0});
  }
}
