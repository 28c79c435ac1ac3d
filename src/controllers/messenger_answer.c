// Envelope, words and header lines of the messenger door.
#include "controllers/messenger_answer.h"

#include "controllers/messenger_routes.h"
#include "controllers/origin.h"
#include "controllers/token.h"
#include "models/session.h"

// Errors that other doors word otherwise.
typedef struct Wording {
  Error error;
  int status;
  const char *text;
} Wording;

static const char invalid[] = "Error validating url path or input data";

static const Wording wordings[] = {
    {ERR_VALIDATION, 400, invalid},
    {ERR_INVALID_REQUEST, 400, invalid},
    {ERR_UNAUTHORIZED, 401, "Access token Validation failed"},
    {ERR_INVALID_TOKEN, 401, "Authorization error"},
    {ERR_TOKEN_INVALID, 401, "Authorization error"},
    {ERR_TOKEN_EXPIRED, 401, "Authorization error"},
    {ERR_INVALID_CREDENTIALS, 401, "Invalid password or email"},
    {ERR_INVALID_REFRESH_TOKEN, 401, "Refresh token verify failed"},
    {ERR_TOO_MANY_LOGIN_ATTEMPTS, 429, "Too many requests"},
    {ERR_TOO_MANY_REQUESTS, 429, "Too many requests"},
};

static const Wording *wording_of(Error error) {
  for (size_t i = 0; i < sizeof wordings / sizeof wordings[0]; i++) {
    if (wordings[i].error == error) return &wordings[i];
  }
  return NULL;
}

// Business errors of the seats door are 200 there.
static int status_of(Error error) {
  const Wording *wording = wording_of(error);
  int status = wording != NULL ? wording->status : error_status(error);
  return status == 200 ? 400 : status;
}

void messenger_write_fault(Text *body, int status, Str message) {
  json_open(body, '{');
  json_put_int(body, "statusCode", status);
  json_put_str(body, "message", message);
  json_put_str(body, "error", str_from(http_reason_phrase(status)));
  json_close(body, '}');
}

// What nobody expected has no reason.
static void write_error(Text *body, Error error, const Field *field, Str details) {
  (void)field;
  const Wording *wording = wording_of(error);
  if (error == ERR_INTERNAL) {
    text_add(body, STR("{\"statusCode\":500,\"message\":\"Internal server error\"}"));
  } else if (error == ERR_EMAIL_IN_USE && details.length > 0) {  // it quotes the e-mail
    messenger_write_fault(body, status_of(error), details);
  } else {
    messenger_write_fault(body, status_of(error), str_from(wording != NULL ? wording->text : error_prose(error)));
  }
}

static void write_tokens(Text *out, Call *call, const TicketsRoute *route) {
  (void)route;
  Identity *granted = &call->granted;
  granted->expires_ms = call->now_ms + session_access_ms(call->config, "messenger");
  json_open(out, '{');
  json_put_int(out, "userID", granted->user_id);
  json_put_str(out, "accessToken", token_access_numbered(call, granted));
  json_put_str(out, "refreshToken",
               session_opaque_token(&call->arena, call->config, granted->sid, granted->refreshed_ms));
  json_close(out, '}');
}

static void write_success(Text *body, const TicketsRoute *route, Str reply) {
  const MessengerRoute *row = (const MessengerRoute *)route;
  json_open(body, '{');
  json_put_int(body, "statusCode", 200);
  json_put_str(body, "message",
               str_from(row->denies != NULL && str_equal(reply, STR("false")) ? row->denies : row->says));
  if (reply.length > 0) {
    json_name(body, "data");
    json_add_raw(body, reply);
  }
  json_close(body, '}');
}

const TicketsDialect messenger_dialect = {
    .status = status_of, .write_error = write_error, .write_tokens = write_tokens, .write_success = write_success};

void messenger_add_headers(Text *headers, const Config *config, const HttpRequest *request) {
  origin_add_open_headers(headers, config, request);
  text_add(headers, STR("Cache-Control: no-store\r\n"
                        "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
                        "Referrer-Policy: no-referrer\r\n"
                        "X-Content-Type-Options: nosniff\r\n"
                        "X-DNS-Prefetch-Control: off\r\n"
                        "X-Download-Options: noopen\r\n"
                        "X-Frame-Options: SAMEORIGIN\r\n"
                        "X-Permitted-Cross-Domain-Policies: none\r\n"
                        "X-XSS-Protection: 0\r\n"));
  if (str_starts(config->public_url, STR("https://"))) {
    text_add(headers, STR("Strict-Transport-Security: max-age=15552000; includeSubDomains\r\n"));
  }
}

// The length is the contract's, though RFC 9110 8.6 has no place for it: some browsers wait for the body of a 204.
void messenger_add_preflight(Text *headers, const HttpRequest *request) {
  Str asked = http_header(request, "Access-Control-Request-Headers");
  text_add(headers, STR("Access-Control-Allow-Methods: GET,HEAD,PUT,PATCH,POST,DELETE\r\n"
                        "Vary: Access-Control-Request-Headers\r\n"
                        "Content-Length: 0\r\n"));
  if (asked.length == 0) return;
  text_add(headers, STR("Access-Control-Allow-Headers: "));
  text_add(headers, asked);
  text_add(headers, STR("\r\n"));
}

Str messenger_parser_words(Arena *arena, Str body, size_t fault_offset) {
  if (fault_offset >= body.length) return STR("Unexpected end of JSON input");
  Text words = {.arena = arena};
  size_t bytes = 1;  // of the character there
  while (fault_offset + bytes < body.length && ((unsigned char)body.at[fault_offset + bytes] & 0xc0) == 0x80) bytes++;
  Str token = {body.at + fault_offset, bytes};
  if (!str_is_utf8(token)) token = STR("\xef\xbf\xbd");
  text_format(&words, "Unexpected token %.*s in JSON at position %zu", STR_ARG(token), fault_offset);
  return text_str(&words);
}
