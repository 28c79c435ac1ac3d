// The seats door's WebSocket. Messages of one connection are taken and answered strictly in order: calls that write may
// follow one another into the same commit, anything else waits until those before it are answered.
#include "controllers/seats_socket.h"

#include <stdlib.h>
#include <string.h>

#include "controllers/loop_state.h"
#include "controllers/seats_envelope.h"
#include "controllers/seats_messages.h"
#include "controllers/seats_socket_private.h"
#include "core/store.h"
#include "models/waiting_room.h"
#include "shared/ids.h"

enum {
  DATA_BYTES_MAX = 100 * 1024,
  IDLE_PROBE_MS = 5000,
  IDLE_END_MS = 15000,
  USER_SUBSCRIPTIONS_MAX = 100,
  CLOSE_UNSUPPORTED = 1003,
  DEFLATE_MIN_BYTES = 1024,
  IN_FLIGHT_MAX = 1024,  // writing calls of one connection; the next ones wait
};

const char seats_user_channel[] = "user.subscribe";
const char seats_account_channel[] = "account.subscribe";

static void take_message(SeatsSocket *socket, Str payload);

static Topics *topics_of(const Conn *conn) {
  return loop_state(conn->loop)->topics;
}

static Identity identity_of(const SeatsSocket *socket) {
  if (socket->known == NULL || socket->known->identity.expires_ms <= socket->conn->loop->now_ms) return (Identity){0};
  return socket->known->identity;
}

// Sending.

static Buf *frame_of(const Conn *conn, const Text *message) {
  Str payload = text_str(message);
  if (!conn->deflate || payload.length < DEFLATE_MIN_BYTES) return ws_frame(WS_TEXT, payload);
  return ws_frame_deflated(loop_state(conn->loop)->deflater, conn->window_bits, WS_TEXT, payload, &conn->loop->scratch);
}

static void send_error(Conn *conn, const char *type, Str eid, Error error, Str details) {
  Text message = {.arena = &conn->loop->scratch};
  if (eid.length == 0) eid = ids_random(&conn->loop->scratch, &conn->loop->env, 12);
  seats_envelope_error(&message, type, eid, conn->loop->now_ms, error, details);
  conn_send(conn, frame_of(conn, &message));
}

static void write_user(Text *out, const Identity *identity) {
  if (identity->user_id == 0) {
    text_add(out, STR("{\"status\":\"guest\"}"));
    return;
  }
  json_open(out, '{');
  json_name(out, "status");
  json_add_str(out, STR("user"));
  json_name(out, "username");
  json_add_str(out, identity->username);
  json_name(out, "role");
  json_add_str(out, identity->staff ? STR("staff") : STR("visitor"));
  json_close(out, '}');
}

void seats_socket_send_user(SeatsSocket *socket, TopicStatus status, Str eid) {
  Conn *conn = socket->conn;
  Identity identity = identity_of(socket);
  Text body = {.arena = &conn->loop->scratch};
  Text message = {.arena = &conn->loop->scratch};
  write_user(&body, &identity);
  seats_envelope(&message, TOPIC_JSON, status, seats_user_channel, eid, conn->loop->now_ms, text_str(&body));
  conn_send(conn, frame_of(conn, &message));
}

void seats_socket_send_account(SeatsSocket *socket, TopicStatus status, Str eid, Str body) {
  Conn *conn = socket->conn;
  Text message = {.arena = &conn->loop->scratch};
  seats_envelope(&message, TOPIC_JSON, status, seats_account_channel, eid, conn->loop->now_ms, body);
  conn_send(conn, frame_of(conn, &message));
}

// Order.

static void one_answered(SeatsSocket *socket) {
  if (--socket->in_flight > 0 || socket->stalled == NULL) return;
  char *stalled = socket->stalled;
  Str payload = {stalled, socket->stalled_bytes};
  Conn *conn = socket->conn;
  socket->stalled = NULL;
  ws_resume(conn);
  if (!conn->closing) take_message(socket, payload);  // its answer would reach nobody, and the store may be gone
  free(stalled);
}

// True when the message may be taken now; otherwise it is kept and the connection pauses.
static bool in_turn(SeatsSocket *socket, Str payload, bool writes) {
  if (socket->in_flight == 0 || (writes && socket->only_writes && socket->in_flight < IN_FLIGHT_MAX)) return true;
  socket->stalled = malloc(payload.length);
  if (socket->stalled == NULL) {
    conn_kill(socket->conn);
    return false;
  }
  memcpy(socket->stalled, payload.at, payload.length);
  socket->stalled_bytes = (uint32_t)payload.length;
  ws_pause(socket->conn);
  return false;
}

static void one_begun(SeatsSocket *socket, bool writes) {
  socket->only_writes = socket->in_flight == 0 ? writes : socket->only_writes && writes;
  ++socket->in_flight;
}

// Answers: each goes out behind the updates that are due before it, and behind the answers to earlier messages.

static void send_reply(SeatsSocket *socket, const SeatsReply *reply) {
  Conn *conn = socket->conn;
  bool sent;
  if (reply->topic_kind != NULL) {
    sent = topic_answer(topics_of(conn), conn, reply->topic_kind, reply->topic_key, reply->type, reply->eid);
  } else {
    sent = topic_send_after(topics_of(conn), conn, &socket->subscriptions, reply->frame);
  }
  if (conn->dead) return;
  socket->reply_waits = !sent;
  if (sent) one_answered(socket);
}

static void reply_in_turn(SeatsSocket *socket, SeatsReply reply) {
  if (!socket->reply_waits) {
    send_reply(socket, &reply);
    return;
  }
  SeatsReply *kept = malloc(sizeof *kept + reply.eid.length);
  if (kept == NULL) {
    buf_unref(reply.frame);
    conn_kill(socket->conn);
    return;
  }
  *kept = reply;
  kept->eid.at = (char *)(kept + 1);
  if (reply.eid.length > 0) memcpy(kept + 1, reply.eid.at, reply.eid.length);
  if (socket->replies == NULL) socket->replies_tail = &socket->replies;
  *socket->replies_tail = kept;
  socket->replies_tail = &kept->next;
}

static void send_waiting_replies(SeatsSocket *socket) {
  const Conn *conn = socket->conn;
  while (!conn->dead && !socket->reply_waits && socket->replies != NULL) {
    SeatsReply *reply = socket->replies;
    socket->replies = reply->next;
    send_reply(socket, reply);
    free(reply);
  }
}

static void drop_replies(SeatsSocket *socket) {
  while (socket->replies != NULL) {
    SeatsReply *reply = socket->replies;
    socket->replies = reply->next;
    buf_unref(reply->frame);
    free(reply);
  }
}

// Calls.

static void answer_call(SeatsSocket *socket, Call *call, Str eid) {
  Conn *conn = socket->conn;
  const char *type = call->method->name;
  if (call->error == ERR_NONE && call->reply_topic_kind != NULL) {
    const char *kind = call->reply_topic_kind;
    reply_in_turn(socket,
                  (SeatsReply){.topic_kind = kind, .topic_key = call->reply_topic_key, .type = type, .eid = eid});
    return;
  }
  Text message = {.arena = &call->arena};
  if (call->error == ERR_NONE) {
    seats_envelope(&message, TOPIC_JSON, TOPIC_SUCCESS, type, eid, conn->loop->now_ms, text_str(&call->reply));
  } else {
    seats_envelope_error(&message, type, eid, conn->loop->now_ms, call->error, text_str(&call->reply));
  }
  reply_in_turn(socket, (SeatsReply){.frame = frame_of(conn, &message)});
}

static void call_done(Loop *loop, Call *call) {
  Conn *conn = conn_find(loop, call->conn);
  if (conn == NULL || conn->handler != &seats_socket_handler) return;
  answer_call(conn->owner, call, *(Str *)call->door);
}

static Error refuse_call(Call *call, const void *input) {
  (void)call;
  return *(const Error *)input;
}

// A message that is wrong in itself is refused in its turn all the same.
static void make_refusal(Call *call, const char *type, Error error) {
  Method *refusal = ARENA_NEW(&call->arena, Method);
  *refusal = (Method){.name = type, .run = refuse_call};
  Error *input = ARENA_NEW(&call->arena, Error);
  *input = error;
  call->method = refusal;
  call->input = input;
}

static void start_call(SeatsSocket *socket, const SeatsMessage *row, const Json *data, Str eid) {
  Conn *conn = socket->conn;
  Call *call = call_new(conn->loop, conn);
  if (call == NULL) {
    send_error(conn, row->type, eid, ERR_BUSY, (Str){0});
    return;
  }
  Identity who = identity_of(socket);
  call->method = row->method;
  call->who = (Identity){.user_id = who.user_id, .expires_ms = who.expires_ms, .staff = who.staff};
  call->who.username = str_copy(&call->arena, who.username);
  call->who.sid = str_copy(&call->arena, who.sid);
  Error error = row->method->access != ACCESS_ANYONE && who.user_id == 0 ? ERR_UNAUTHORIZED : call_decode(call, data);
  if (error != ERR_NONE && socket->in_flight == 0) {
    call_free(call);
    send_error(conn, row->type, eid, error, (Str){0});
    return;
  }
  if (error != ERR_NONE) make_refusal(call, row->type, error);
  Str *kept_eid = ARENA_NEW(&call->arena, Str);
  *kept_eid = str_copy(&call->arena, eid);
  call->door = kept_eid;
  call->done = call_done;
  one_begun(socket, !row->method->reads_only);
  store_submit(conn->loop, call);
}

// Subscriptions.

// The topic that is meant by data.id. Of concerts, none is the usual one.
static Error read_key(const SeatsMessage *row, const Json *data, int64_t *key) {
  const Json *id = json_get(data, "id");
  if (!row->keyed) return ERR_NONE;
  bool concert = strcmp(row->topic, "concert") == 0;
  if (concert && (id == NULL || json_is_null(id))) *key = waiting_room_concert((Str){0});
  if (*key > 0 || (json_int(id, key) && *key > 0)) return ERR_NONE;
  return concert ? ERR_CONCERT_NOT_FOUND : ERR_REQUIRED_HALL_ID;
}

static void subscribe(SeatsSocket *socket, const SeatsMessage *row, const Json *data, Str eid) {
  Conn *conn = socket->conn;
  SubscribeRequest request = {.kind = row->topic, .type = row->type, .eid = eid, .since = -1};
  Str format = {0};
  Error unkeyed = read_key(row, data, &request.key);
  if (unkeyed != ERR_NONE) {
    send_error(conn, row->type, eid, unkeyed, (Str){0});
    return;
  }
  bool hall = strcmp(row->topic, "hall") == 0;
  if (hall && json_str(json_get(data, "format"), &format) && str_equal(format, STR("binary"))) {
    request.form = TOPIC_BINARY;
  }
  if (hall && json_get(data, "since") != NULL &&
      (!json_int(json_get(data, "since"), &request.since) || request.since < 0)) {
    send_error(conn, row->type, eid, ERR_INVALID_REQUEST, (Str){0});
    return;
  }
  bool waits;
  Error error = topic_subscribe(topics_of(conn), conn, &socket->subscriptions, &request, &waits);
  if (error != ERR_NONE) {
    send_error(conn, error == ERR_SUBSCRIPTION_ALREADY_EXISTS ? NULL : row->type, eid, error, (Str){0});
  }
  if (waits) one_begun(socket, false);
}

static UserSubscription **find_user_subscription(SeatsSocket *socket, const char *channel, Str eid) {
  UserSubscription **link = &socket->user_subscriptions;
  while (*link != NULL && ((*link)->channel != channel || !str_equal((Str){(*link)->eid, (*link)->eid_bytes}, eid))) {
    link = &(*link)->next;
  }
  return link;
}

// To one's own identity, or to what changes for one's account.
static void user_subscribe(SeatsSocket *socket, const SeatsMessage *row, const char *channel, Str eid) {
  uint32_t count = 0;
  for (const UserSubscription *at = socket->user_subscriptions; at != NULL; at = at->next) ++count;
  bool account = channel == seats_account_channel;
  Error error = account && identity_of(socket).user_id == 0 ? ERR_UNAUTHORIZED : ERR_NONE;
  if (*find_user_subscription(socket, channel, eid) != NULL) error = ERR_SUBSCRIPTION_ALREADY_EXISTS;
  if (error == ERR_NONE && count >= USER_SUBSCRIPTIONS_MAX) error = ERR_TOO_MANY_REQUESTS;
  UserSubscription *added = error == ERR_NONE ? malloc(sizeof *added + eid.length) : NULL;
  if (added == NULL) {
    send_error(socket->conn, error == ERR_SUBSCRIPTION_ALREADY_EXISTS ? NULL : row->type, eid,
               error == ERR_NONE ? ERR_INTERNAL : error, (Str){0});
    return;
  }
  *added =
      (UserSubscription){.next = socket->user_subscriptions, .channel = channel, .eid_bytes = (uint32_t)eid.length};
  memcpy(added->eid, eid.at, eid.length);
  socket->user_subscriptions = added;
  if (account) {
    seats_socket_send_account(socket, TOPIC_SNAPSHOT, eid, STR("{}"));
  } else {
    seats_socket_send_user(socket, TOPIC_SNAPSHOT, eid);
  }
}

static void unsubscribe(SeatsSocket *socket, const SeatsMessage *row, const Json *data, Str eid) {
  Str sub_eid = {0};
  if (!seats_envelope_eid(&socket->conn->loop->scratch, json_get(data, "sub_eid"), &sub_eid)) {
    send_error(socket->conn, NULL, eid, ERR_SUBSCRIPTION_NOT_FOUND, (Str){0});
    return;
  }
  topic_unsubscribe(topics_of(socket->conn), &socket->subscriptions, row->channel, sub_eid);
  const char *channel = NULL;
  if (strcmp(row->channel, seats_user_channel) == 0) channel = seats_user_channel;
  if (strcmp(row->channel, seats_account_channel) == 0) channel = seats_account_channel;
  UserSubscription **link = find_user_subscription(socket, channel, sub_eid);
  UserSubscription *found = *link;
  if (found != NULL) *link = found->next;
  free(found);
}

static void on_refused(Conn *conn, const char *type, Str eid, Error error) {
  send_error(conn, type, eid, error, (Str){0});
}

static void on_served(Conn *conn) {
  SeatsSocket *socket = conn->owner;
  socket->reply_waits = false;
  one_answered(socket);
  if (!conn->dead) send_waiting_replies(socket);
}

const TopicDoor seats_topic_door = {.envelope = seats_envelope, .refuse = on_refused, .served = on_served};

// Messages.

static void run_message(SeatsSocket *socket, const SeatsMessage *row, const Json *data, Str eid) {
  switch (row->action) {
    case SEATS_CALL:
      start_call(socket, row, data, eid);
      break;
    case SEATS_ANSWER:
      one_begun(socket, false);
      reply_in_turn(socket, (SeatsReply){.topic_kind = row->topic, .type = row->type, .eid = eid});
      break;
    case SEATS_SUBSCRIBE:
      subscribe(socket, row, data, eid);
      break;
    case SEATS_UNSUBSCRIBE:
      unsubscribe(socket, row, data, eid);
      break;
    case SEATS_USER_SUBSCRIBE:
      user_subscribe(socket, row, seats_user_channel, eid);
      break;
    case SEATS_ACCOUNT_SUBSCRIBE:
      user_subscribe(socket, row, seats_account_channel, eid);
      break;
  }
}

static void take_message(SeatsSocket *socket, Str payload) {
  Conn *conn = socket->conn;
  SeatsRequest request;
  Error error = seats_envelope_read(&conn->loop->scratch, payload, DATA_BYTES_MAX, &request);
  const SeatsMessage *row = error == ERR_NONE ? seats_message_find(request.type) : NULL;
  bool writes = row != NULL && row->action == SEATS_CALL && !row->method->reads_only;
  if (!in_turn(socket, payload, writes)) return;
  if (error != ERR_NONE) {
    send_error(conn, NULL, request.eid, error, (Str){0});
  } else if (row == NULL) {
    send_error(conn, str_zero(&conn->loop->scratch, request.type), request.eid, ERR_UNKNOWN_MESSAGE_TYPE, (Str){0});
  } else {
    run_message(socket, row, request.data, request.eid);
  }
}

// The socket.

static void on_open(Conn *conn, void *owner) {
  SeatsSocket *socket = owner;
  socket->conn = conn;
  seats_socket_index(socket);
}

static void on_message(Conn *conn, void *owner, WsOpcode opcode, Str payload) {
  if (opcode != WS_TEXT) {
    ws_close(conn, CLOSE_UNSUPPORTED, STR("text messages only"));
  } else if (payload.length == 1 && payload.at[0] == '1') {
    ws_send(conn, WS_TEXT, payload);
  } else {
    take_message(owner, payload);
  }
}

static void on_drained(Conn *conn, void *owner) {
  SeatsSocket *socket = owner;
  topic_drained(topics_of(conn), &socket->subscriptions);
}

static void on_visit(Conn *conn, void *owner, uint64_t idle_ms) {
  SeatsSocket *socket = owner;
  if (idle_ms > IDLE_END_MS) {
    conn_kill(conn);
  } else if (idle_ms > IDLE_PROBE_MS && conn->loop->tick_ms - socket->probed_ms >= IDLE_PROBE_MS) {
    socket->probed_ms = conn->loop->tick_ms;
    ws_send(conn, WS_TEXT, STR("1"));
  }
}

static void on_close(Conn *conn, void *owner) {
  SeatsSocket *socket = owner;
  topic_unsubscribe_all(topics_of(conn), &socket->subscriptions);
  seats_socket_unindex(socket);
  while (socket->user_subscriptions != NULL) {
    UserSubscription *next = socket->user_subscriptions->next;
    free(socket->user_subscriptions);
    socket->user_subscriptions = next;
  }
  drop_replies(socket);
  free(socket->known);
  free(socket->stalled);
  free(socket);
}

const WsHandler seats_socket_handler = {
    .open = on_open, .message = on_message, .drained = on_drained, .visit = on_visit, .close = on_close};
