// Tokens on the wire.
#include "controllers/token.h"

#include "controllers/origin.h"
#include "core/auth.h"
#include "shared/ids.h"

enum { AGENT_BYTES_MAX = 255, REQUEST_ID_CHARACTERS = 16, REQUEST_ID_BYTES_MAX = 64 };

static Str bearer_of(const HttpRequest *request) {
  const Str scheme = STR("Bearer ");
  Str header = http_header(request, "Authorization");
  if (header.length < scheme.length || !str_equal_nocase((Str){header.at, scheme.length}, scheme)) return (Str){0};
  return str_trim((Str){header.at + 7, header.length - 7});
}

Str token_cookie(const Config *config, const HttpRequest *request) {
  return origin_of(config, request) == ORIGIN_FOREIGN ? (Str){0} : http_cookie(request, "handshake_token");
}

// A browser adds its cookies by itself; who writes a token into a line of the request means that one.
Str token_raw(const Config *config, const HttpRequest *request, bool *cookie) {
  Str bearer = bearer_of(request);
  *cookie = bearer.length == 0;
  return *cookie ? token_cookie(config, request) : bearer;
}

// The session is what counts; whose it is, is looked up by it. The tokens of the doors differ in what else they say.
static bool read_claims(Call *call, const Json *claims) {
  Str type, subject;
  Identity who = {0};
  bool read = json_str(json_get(claims, "sid"), &who.sid) && json_int(json_get(claims, "exp"), &who.expires_ms);
  if (json_str(json_get(claims, "typ"), &type) && !str_equal(type, STR("access"))) return false;
  bool seats = json_str(json_get(claims, "username"), &who.username) && json_str(json_get(claims, "sub"), &subject) &&
               str_to_int(subject, &who.user_id) && who.user_id > 0;
  bool tickets = json_str(json_get(claims, "userId"), &who.public_id);
  bool messenger = json_int(json_get(claims, "userID"), &who.user_id);
  if (!read || !(seats || tickets || messenger)) return false;
  who.expires_ms *= 1000;
  call->who = who;
  return true;
}

void token_open(Call *call, Str raw, bool cookie) {
  call->token_error = ERR_UNAUTHORIZED;
  if (raw.length == 0) return;
  if (cookie && !auth_cookie_open(&call->arena, call->config->cookie_secret, raw, &raw)) return;
  token_open_late(call, raw, 0);
}

void token_open_late(Call *call, Str raw, int64_t grace_ms) {
  const Json *claims = NULL;
  call->token_error = auth_jwt_verify(&call->arena, call->config->jwt_secret, raw, call->now_ms - grace_ms, &claims);
  if (call->token_error == ERR_NONE && !read_claims(call, claims)) call->token_error = ERR_TOKEN_INVALID;
}

void token_read(Call *call, const HttpRequest *request) {
  bool cookie;
  Str raw = token_raw(call->config, request, &cookie);
  token_open(call, raw, cookie);
}

// What the tokens of all doors say, behind whose they are.
static Str sign_claims(Call *call, Text *payload, const Identity *granted) {
  json_put_str(payload, "sid", granted->sid);
  json_put_str(payload, "typ", STR("access"));
  json_put_int(payload, "iat", call->now_ms / 1000);
  json_put_int(payload, "exp", granted->expires_ms / 1000);
  json_close(payload, '}');
  return auth_jwt_sign(&call->arena, call->config->jwt_secret, text_str(payload));
}

Str token_access(Call *call, const Identity *granted) {
  Text payload = {.arena = &call->arena};
  json_open(&payload, '{');
  json_put_str(&payload, "userId", granted->public_id);
  return sign_claims(call, &payload, granted);
}

Str token_access_numbered(Call *call, const Identity *granted) {
  Text payload = {.arena = &call->arena};
  json_open(&payload, '{');
  json_put_int(&payload, "userID", granted->user_id);
  return sign_claims(call, &payload, granted);
}

static Str sign(Call *call, const Identity *granted) {
  Text payload = {.arena = &call->arena};
  Text subject = {.arena = &call->arena};
  text_int(&subject, granted->user_id);
  json_open(&payload, '{');
  json_put_str(&payload, "username", granted->username);
  json_put_str(&payload, "sub", text_str(&subject));
  Str jwt = sign_claims(call, &payload, granted);
  return auth_cookie_sign(&call->arena, call->config->cookie_secret, jwt);
}

void token_add_cookie(Text *headers, Call *call, const Identity *granted) {
  char expires[TIME_HTTP_BYTES];
  time_http(granted->expires_ms, expires);
  text_add(headers, STR("Set-Cookie: handshake_token="));
  text_add(headers, sign(call, granted));
  text_format(headers, "; Max-Age=%lld; Path=/; Expires=%.*s; HttpOnly; ",
              (long long)(granted->expires_ms - call->now_ms) / 1000, TIME_HTTP_BYTES, expires);
  if (str_starts(call->config->public_url, STR("https://"))) text_add(headers, STR("Secure; "));
  text_add(headers, STR("SameSite=Strict\r\n"));
}

void token_add_clearing(Text *headers) {
  text_add(headers, STR("Set-Cookie: handshake_token=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT\r\n"));
}

static bool is_sane_id(Str id) {
  for (size_t i = 0; i < id.length; i++) {
    char c = id.at[i];
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '_' && c != '.') return false;
  }
  return id.length > 0 && id.length <= REQUEST_ID_BYTES_MAX;
}

Str token_given_id(const HttpRequest *request) {
  Str id = http_header(request, "X-Request-Id");
  return is_sane_id(id) ? id : (Str){0};
}

Str token_peer(Arena *arena, const Config *config, Conn *conn, const HttpRequest *request) {
  Str forwarded = http_last_header(request, "X-Forwarded-For");  // the lines before are whatever the client sent
  if (!config->trust_proxy || forwarded.length == 0) return conn_peer(conn, arena);
  Str last = {0};
  while (forwarded.length > 0) last = str_trim(str_cut(&forwarded, ','));
  return str_copy(arena, str_is_utf8(last) ? last : STR("?"));
}

void token_read_origin(Call *call, Conn *conn, const HttpRequest *request) {
  Str agent = http_header(request, "User-Agent");
  if (agent.length > AGENT_BYTES_MAX) agent.length = AGENT_BYTES_MAX;
  call->agent = str_copy(&call->arena, str_is_utf8(agent) ? agent : STR("?"));
  call->peer = token_peer(&call->arena, call->config, conn, request);
  Str id = token_given_id(request);
  call->request_id =
      id.length > 0 ? str_copy(&call->arena, id) : ids_random(&call->arena, &call->env, REQUEST_ID_CHARACTERS);
}
