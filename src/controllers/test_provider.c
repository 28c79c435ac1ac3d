// The test provider's addresses. Answers are Stripe's, statuses too.
#include "controllers/test_provider.h"

#include <openssl/crypto.h>

#include "core/auth.h"
#include "core/store.h"
#include "methods/test_provider.h"
#include "shared/ids.h"

enum { HTTP_OK = 200, HTTP_DECLINED = 402, HTTP_NOT_FOUND = 404, HTTP_BUSY = 503 };

static const char json_type[] = "application/json; charset=utf-8";

static void respond(Conn *conn, int status, Str body) {
  exchange_respond(conn, status, str_from(json_type), body, STR("Cache-Control: no-store\r\n"));
}

// What the couriers show as the key of the API: nobody else knows it.
static bool is_trusted(Arena *arena, const Config *config, Str authorization) {
  Text expected = {.arena = arena};
  text_format(&expected, "Bearer %.*s", STR_ARG(auth_mac(arena, config->jwt_secret, STR(AUTH_TEST_PROVIDER_PURPOSE))));
  return authorization.length == expected.length && CRYPTO_memcmp(authorization.at, expected.at, expected.length) == 0;
}

static bool decode(Arena *arena, Str raw, Str *out) {
  char *copy = arena_copy(arena, raw.at, raw.length);
  for (size_t i = 0; i < raw.length; i++) {
    if (copy[i] == '+') copy[i] = ' ';
  }
  return ids_from_percent(arena, (Str){copy, raw.length}, out);
}

static void take(TestProviderAsk *ask, Str name, Str value) {
  if (str_equal(name, STR("client_secret"))) ask->client_secret = value;
  if (str_equal(name, STR("card"))) ask->card = value;
  if (str_equal(name, STR("payment_intent"))) ask->intent = value;
  if (str_equal(name, STR("currency"))) ask->currency = value;
  if (str_equal(name, STR("metadata[bookingId]"))) ask->booking_id = value;
  if (str_equal(name, STR("metadata[userId]"))) ask->user_id = value;
  if (str_equal(name, STR("amount"))) str_to_int(value, &ask->amount);
}

static void read_form(Arena *arena, Str form, TestProviderAsk *ask) {
  while (form.length > 0) {
    Str raw_value = str_cut(&form, '&');
    Str raw_name = str_cut(&raw_value, '=');
    Str name;
    Str value;
    if (decode(arena, raw_name, &name) && decode(arena, raw_value, &value)) take(ask, name, value);
  }
}

// "/payment_intents", "/payment_intents/:id", "/payment_intents/:id/cancel", "/payment_intents/:id/confirm",
// "/refunds",
// "/refunds/:id"
static bool read_path(HttpMethod verb, Str path, TestProviderAsk *ask) {
  if (path.length > 0) path = (Str){path.at + 1, path.length - 1};
  Str first = str_cut(&path, '/');
  Str id = str_cut(&path, '/');
  bool post = verb == HTTP_POST;
  if (str_equal(first, STR("refunds")) && id.length == 0) {
    ask->op = TEST_REFUND;
    return post;
  }
  if (str_equal(first, STR("refunds"))) {
    ask->op = TEST_LOOK_AT_REFUND;
    ask->intent = str_starts(id, STR("re_")) ? (Str){id.at + 3, id.length - 3} : id;
    return verb == HTTP_GET && path.length == 0;
  }
  if (!str_equal(first, STR("payment_intents"))) return false;
  ask->intent = id;
  if (id.length == 0) {
    ask->op = TEST_CREATE;
    return post;
  }
  if (path.length == 0) {
    ask->op = TEST_RETRIEVE;
    return verb == HTTP_GET;
  }
  ask->op = str_equal(path, STR("cancel")) ? TEST_CANCEL : TEST_CONFIRM;
  return post && (ask->op == TEST_CANCEL || str_equal(path, STR("confirm")));
}

typedef struct Asked {
  ConnRef conn;
} Asked;

static void answered(Loop *loop, Call *call) {
  const Asked *asked = call->door;
  Conn *conn = conn_find(loop, asked->conn);
  Str reply = text_str(&call->reply);
  if (conn == NULL) return;
  bool declined = call->error == ERR_NONE && str_starts(reply, STR("{\"error\""));
  int status = call->error != ERR_NONE ? error_status(call->error) : declined ? HTTP_DECLINED : HTTP_OK;
  if (reply.length == 0) reply = STR("{\"error\":{\"type\":\"api_error\"}}");
  respond(conn, status, reply);
}

void test_provider_request(Exchange *exchange, Str rest) {
  Conn *conn = exchange->conn;
  const HttpRequest *http = exchange->request;
  const Config *config = conn->loop->config;
  TestProviderAsk ask = {0};
  if (config->stripe_secret_key.length > 0 || !read_path(http->method, rest, &ask)) {
    respond(conn, HTTP_NOT_FOUND, STR("{\"error\":{\"type\":\"invalid_request_error\"}}"));
    return;
  }
  Call *call = call_new_own(conn->loop);
  if (call == NULL) {
    respond(conn, HTTP_BUSY, STR("{\"error\":{\"type\":\"api_error\"}}"));
    return;
  }
  Asked *asked = ARENA_NEW(&call->arena, Asked);
  TestProviderAsk *input = ARENA_NEW(&call->arena, TestProviderAsk);
  asked->conn = conn_ref(conn);
  ask.intent = str_copy(&call->arena, ask.intent);
  ask.trusted = is_trusted(&call->arena, config, http_header(http, "Authorization"));
  ask.idempotency_key = str_copy(&call->arena, http_header(http, "Idempotency-Key"));
  read_form(&call->arena, http->body, &ask);
  *input = ask;
  call->method = &test_provider_ask;
  call->input = input;
  call->door = asked;
  call->done = answered;
  store_submit(conn->loop, call);
}
