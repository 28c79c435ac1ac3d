// A request's call, and its answer.
#include "controllers/tickets_request.h"

#include <stdlib.h>
#include <string.h>

#include "controllers/tickets_answer.h"
#include "controllers/token.h"
#include "core/log.h"
#include "core/store.h"
#include "methods/payment.h"
#include "methods/user.h"
#include "models/session.h"

enum { RETRY_BUSY_S = 1, RETRY_PROVIDER_S = 5, RETRY_GUESSES_S = 60, KEPT_MS = 1000 };

static const char json_type[] = "application/json; charset=utf-8";

void tickets_request_free(TicketsRequest *request) {
  Arena arena = request->arena;
  arena_free(&arena);
}

static void log_answer(const TicketsRequest *request, Error error) {
  LogLevel level = request->dialect->status(error) >= 500 && error != ERR_NONE ? LOG_ERROR : LOG_INFO;
  log_write(level, "http: answered", "id=%.*s method=%s outcome=%s peer=%.*s ms=%lld", STR_ARG(request->request_id),
            request->route->method->name, error == ERR_NONE ? "success" : error_code(error), STR_ARG(request->peer),
            (long long)(request->loop->now_ms - request->begun_ms));
}

// Refusing.

static void add_retry_after(Text *headers, Error error) {
  int seconds = 0;
  if (error == ERR_BUSY) seconds = RETRY_BUSY_S;
  if (error == ERR_PROVIDER_UNAVAILABLE) seconds = RETRY_PROVIDER_S;
  if (error_status(error) == 429) seconds = RETRY_GUESSES_S;
  if (seconds > 0) text_format(headers, "Retry-After: %d\r\n", seconds);
}

// `details`: what the method says beside the error.
static void write_error(Text *body, Error error, const Field *field, Str details) {
  if (error == ERR_VALIDATION && field != NULL) {
    tickets_write_fault(body, "validation_error", tickets_field_sentence(body->arena, field), details);
  } else if (error == ERR_PAYMENT_REFUSED && details.length > 0) {  // in the provider's words
    tickets_write_fault(body, error_code(error), details, (Str){0});
  } else {
    tickets_write_error(body, error, details);
  }
}

// Tokens stand before what the method has written.
static void write_tokens(Text *out, Call *call, const TicketsRoute *route) {
  Identity *granted = &call->granted;
  granted->expires_ms = call->now_ms + session_access_ms(call->config, "tickets");
  json_open(out, '{');
  json_name(out, "accessToken");
  json_add_str(out, token_access(call, granted));
  json_name(out, "refreshToken");
  json_add_str(
      out, session_refresh_token(&call->arena, call->config, granted->public_id, granted->sid, granted->refreshed_ms));
  if (route->user && call->reply.length > 2) {
    text_char(out, ',');
    text_add(out, (Str){call->reply.at + 1, call->reply.length - 2});
  }
  json_close(out, '}');
}

const TicketsDialect tickets_dialect = {
    .status = tickets_error_status, .write_error = write_error, .write_tokens = write_tokens};

static void respond_error(TicketsRequest *request, Error error, const Field *field, Str details) {
  log_answer(request, error);
  Conn *conn = conn_find(request->loop, request->conn);
  if (conn == NULL) return;
  Text body = {.arena = &request->arena};
  request->dialect->write_error(&body, error, field, details);
  add_retry_after(&request->headers, error);
  exchange_respond(conn, request->dialect->status(error), str_from(json_type), text_str(&body),
                   text_str(&request->headers));
}

void tickets_request_refuse(TicketsRequest *request, Error error, const Field *field) {
  respond_error(request, error, field, (Str){0});
  tickets_request_free(request);
}

// Answering.

// The session as a cookie lasts as long as one of the seats door.
static void grant_cookie(TicketsRequest *request, Call *call) {
  call->granted.expires_ms = call->now_ms + session_access_ms(call->config, "seats");
  token_add_cookie(&request->headers, call, &call->granted);
  seats_socket_identity_changed(request->loop, request->client, &call->granted, NULL);
}

// A page that stays open stays signed in: its cookie is given anew before it ends.
static Str renewed(TicketsRequest *request, Call *call) {
  bool old = call->granted.expires_ms - call->now_ms <= session_access_ms(call->config, "seats") / 2;
  bool browser = request->token_is_cookie && request->client.cookie_hash != 0;
  if (old && browser) {
    grant_cookie(request, call);
    tickets_touch(request->loop, &request->who);  // the session stands for as long again
  }
  Text body = {.arena = &call->arena};
  json_open(&body, '{');
  json_put_time(&body, "expiresAt", call->granted.expires_ms);
  json_close(&body, '}');
  return text_str(&body);
}

static Str body_of(TicketsRequest *request, Call *call) {
  if (request->route->renews) return renewed(request, call);
  if (!request->route->tokens || call->granted.user_id == 0) return text_str(&call->reply);
  if (request->wants_cookie) {
    grant_cookie(request, call);
    return text_str(&call->reply);
  }
  Text body = {.arena = &call->arena};
  request->dialect->write_tokens(&body, call, request->route);
  return text_str(&body);
}

static void keep(const TicketsRequest *request, Str body) {
  TicketsState *state = tickets_state(request->loop);
  if (!request->route->kept || request->input != NULL || request->epoch != state->kept_epoch) return;
  char *kept = realloc(state->kept, body.length);
  if (kept == NULL) return;
  memcpy(kept, body.at, body.length);
  state->kept = kept;
  state->kept_bytes = (uint32_t)body.length;
  state->kept_route = request->route;
  state->kept_until_ms = request->loop->now_ms + KEPT_MS;
}

static void respond_text(TicketsRequest *request, const Call *call) {
  log_answer(request, call->error);
  Conn *conn = conn_find(request->loop, request->conn);
  if (conn == NULL) return;
  exchange_respond(conn, request->dialect->status(call->error), STR("text/plain; charset=utf-8"),
                   text_str(&call->reply), text_str(&request->headers));
}

static void respond(TicketsRequest *request, Call *call) {
  const TicketsRoute *route = request->route;
  log_answer(request, ERR_NONE);
  Str body = body_of(request, call);
  if (request->dialect->write_success != NULL) {
    Text enveloped = {.arena = &call->arena};
    request->dialect->write_success(&enveloped, route, body);
    body = text_str(&enveloped);
  }
  keep(request, body);
  Conn *conn = conn_find(request->loop, request->conn);
  if (conn == NULL) return;
  if (call->session_over && request->token_is_cookie) token_add_clearing(&request->headers);
  if (route->file != NULL) {
    text_format(&request->headers, "Content-Disposition: attachment; filename=\"%s\"\r\n", route->file);
  }
  exchange_respond(conn, 200, str_from(route->type != NULL ? route->type : json_type), body,
                   text_str(&request->headers));
}

// Whom the call has found is known from now on. After an error he is looked up again: what was read, and that the
// session was in use, may not have been committed.
static void keep_caller(TicketsRequest *request, const Call *call) {
  if (call->identify == NULL || call->error != ERR_NONE) return;
  identity_cache_add(tickets_state(request->loop)->identities, &request->token_key, &call->who, request->epoch);
  request->who = identity_copy(&request->arena, &call->who);
}

static void call_done(Loop *loop, Call *call) {
  TicketsRequest *request = call->door;
  keep_caller(request, call);
  if (call->error == ERR_NONE && call->waits_for.length > 0) {
    request->waits_for = str_copy(&request->arena, call->waits_for);
    request->waited_note = call->waited_note;
    if (!loop->draining && conn_find(loop, request->conn) != NULL) {
      tickets_wait(request);
      return;
    }
    call->error = ERR_PROVIDER_UNAVAILABLE;
  }
  if (call->error == ERR_NONE) {
    respond(request, call);
  } else if (request->route->raw && call->reply.length > 0) {
    respond_text(request, call);
  } else {
    respond_error(request, call->error, call->bad_field, text_str(&call->reply));
  }
  tickets_request_free(request);
}

// Running.

// The call may outlive the request: other loops hear its events when this one has answered. So it has its own texts.
static void fill_in(Call *call, const TicketsRequest *request) {
  Arena *arena = &call->arena;
  call->method = request->route->method;
  call->who = identity_copy(arena, &request->who);
  call->peer = str_copy(arena, request->peer);
  call->agent = str_copy(arena, request->agent);
  call->request_id = str_copy(arena, request->request_id);
  call->once = (Once){.scope = str_copy(arena, request->once.scope),
                      .key = str_copy(arena, request->once.key),
                      .request_hash = str_copy(arena, request->once.request_hash)};
  call->waited_for = str_copy(arena, request->waits_for);
  call->waited_note = request->waited_note;
}

static Error decode(Call *call, const TicketsRequest *request) {
  if (!request->route->raw) return call_decode(call, request->input);
  PaymentWebhook *input = ARENA_NEW(&call->arena, PaymentWebhook);
  input->signature = str_copy(&call->arena, request->signature);
  input->body = str_copy(&call->arena, request->raw_body);
  call->input = input;
  return ERR_NONE;
}

// Leaves it to the call to find who asks, by what the token says of the session.
static Error find_caller(Call *call, TicketsRequest *request) {
  token_open(call, request->token, request->token_is_cookie);
  if (call->token_error != ERR_NONE) return call->token_error;
  call->who = (Identity){.sid = call->who.sid, .expires_ms = call->who.expires_ms};
  call->identify = user_identify_caller;
  call->input_error = decode(call, request);
  request->epoch = identity_cache_epoch(tickets_state(request->loop)->identities);
  return ERR_NONE;
}

void tickets_request_run(TicketsRequest *request) {
  Loop *loop = request->loop;
  Call *call = call_new_own(loop);
  if (call == NULL) {
    tickets_request_refuse(request, ERR_BUSY, NULL);
    return;
  }
  fill_in(call, request);
  bool known = request->who.user_id != 0 || call->method->access == ACCESS_ANYONE;
  Error error = known ? decode(call, request) : find_caller(call, request);
  if (error != ERR_NONE) {
    const Field *field = call->bad_field;
    call_free(call);
    tickets_request_refuse(request, error, field);
    return;
  }
  if (request->route->kept) request->epoch = tickets_state(loop)->kept_epoch;
  call->door = request;
  call->done = call_done;
  store_submit(loop, call);
}
