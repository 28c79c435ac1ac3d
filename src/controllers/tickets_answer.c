// Headers and errors of the tickets door.
#include "controllers/tickets_answer.h"

#include "controllers/origin.h"

void tickets_add_headers(Text *headers, const Config *config, const HttpRequest *request, Str request_id) {
  text_reserve(headers, 640);
  origin_add_open_headers(headers, config, request);
  text_add(headers, STR("Access-Control-Expose-Headers: X-Request-Id, X-RateLimit-Limit, X-RateLimit-Remaining, "
                        "X-RateLimit-Reset, Retry-After\r\n"
                        "Cache-Control: no-store\r\n"
                        "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
                        "Referrer-Policy: no-referrer\r\n"
                        "X-Content-Type-Options: nosniff\r\n"
                        "X-Frame-Options: DENY\r\n"));
  if (str_starts(config->public_url, STR("https://"))) {
    text_add(headers, STR("Strict-Transport-Security: max-age=15552000\r\n"));
  }
  text_add(headers, STR("X-Request-Id: "));
  text_add(headers, request_id);
  text_add(headers, STR("\r\n"));
}

static void add_number(Text *headers, Str name, int64_t value) {
  text_add(headers, name);
  text_int(headers, value);
  text_add(headers, STR("\r\n"));
}

void tickets_add_rate(Text *headers, const TicketsRate *rate) {
  if (rate->limit == 0) return;
  add_number(headers, STR("X-RateLimit-Limit: "), rate->limit);
  add_number(headers, STR("X-RateLimit-Remaining: "), rate->remaining);
  add_number(headers, STR("X-RateLimit-Reset: "), (rate->until_ms + 999) / 1000);
}

void tickets_add_preflight(Text *headers) {
  text_add(headers, STR("Access-Control-Allow-Methods: GET,HEAD,POST,PATCH,DELETE,OPTIONS\r\n"
                        "Access-Control-Allow-Headers: Authorization,Content-Type,Idempotency-Key,X-Request-Id\r\n"
                        "Access-Control-Max-Age: 600\r\n"));
}

// Errors that other doors word otherwise.
typedef struct Wording {
  Error error;
  const char *code;
  const char *text;
} Wording;

static const Wording wordings[] = {
    {ERR_UNAUTHORIZED, "unauthorized", "Unauthorized"},
    {ERR_TOKEN_INVALID, "invalid_token", "Invalid token"},
    {ERR_TOKEN_EXPIRED, "invalid_token", "Invalid token"},
    {ERR_ROUTE_NOT_FOUND, "not_found", "Not found"},
    {ERR_BUSY, "busy", NULL},
    {ERR_INTERNAL, "internal_error", NULL},
};

static const Wording *wording_of(Error error) {
  for (size_t i = 0; i < sizeof wordings / sizeof wordings[0]; i++) {
    if (wordings[i].error == error) return &wordings[i];
  }
  return NULL;
}

// A code of the seats door in the words of this one: "HallNotFound" is "hall_not_found".
static void add_snake(Text *out, const char *code) {
  for (const char *at = code; *at != '\0'; at++) {
    bool capital = *at >= 'A' && *at <= 'Z';
    if (capital && at != code) text_char(out, '_');
    text_char(out, capital ? (char)(*at | 0x20) : *at);
  }
}

// Business errors of the seats door are 200 there.
int tickets_error_status(Error error) {
  int status = error_status(error);
  return status == 200 ? 400 : status;
}

static void add_details(Text *out, Str details) {
  if (details.length <= 2 || details.at[0] != '{') return;
  text_char(out, ',');
  text_add(out, (Str){details.at + 1, details.length - 2});
}

void tickets_write_fault(Text *out, const char *code, Str text, Str details) {
  json_open(out, '{');
  json_name(out, "success");
  json_add_bool(out, false);
  json_name(out, "error");
  json_add_str(out, text);
  json_name(out, "message");
  json_add_str(out, text);
  json_name(out, "code");
  json_add_str(out, str_from(code));
  add_details(out, details);
  json_close(out, '}');
}

void tickets_write_error(Text *out, Error error, Str details) {
  const Wording *wording = wording_of(error);
  Text snake = {.arena = out->arena};
  add_snake(&snake, error_code(error));
  const char *code = wording != NULL ? wording->code : str_zero(out->arena, text_str(&snake));
  const char *text = wording != NULL && wording->text != NULL ? wording->text : error_prose(error);
  tickets_write_fault(out, code, str_from(text), details);
}

Str tickets_field_sentence(Arena *arena, const Field *field) {
  Text text = {.arena = arena};
  text_format(&text, field->kind == FIELD_STRING ? "%s must have " : "%s must be ", field->name);
  switch (field->kind) {
    case FIELD_ID:
      text_add(&text, STR("a whole number of at least 1"));
      break;
    case FIELD_INT:
      text_format(&text, "a whole number from %lld to %lld", (long long)field->min, (long long)field->max);
      break;
    case FIELD_NUMBER:
      text_add(&text, STR("a number"));
      break;
    case FIELD_FLAG:
      text_add(&text, STR("true or false"));
      break;
    case FIELD_PUBLIC_ID:
      text_add(&text, STR("an id of 24 hexadecimal digits"));
      break;
    case FIELD_EMAIL:
      text_add(&text, STR("an e-mail address"));
      break;
    case FIELD_STRING:
      if (field->min == field->max) {
        text_format(&text, "exactly %lld characters", (long long)field->min);
      } else {
        text_format(&text, "%lld to %lld characters", (long long)field->min, (long long)field->max);
      }
      break;
    case FIELD_ID_LIST:
      text_format(&text, "a list of %lld to %lld ids", (long long)field->min, (long long)field->max);
      break;
    case FIELD_ANY_STRING:
    case FIELD_WORD:
      text_add(&text, STR("a text"));
      break;
  }
  text_char(&text, '.');
  return text_str(&text);
}
