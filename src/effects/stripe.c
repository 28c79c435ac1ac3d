// Requests to Stripe's API and the reading of its answers (https://docs.stripe.com/api/payment_intents). Money is moved
// by them: a request goes out with its Idempotency-Key, or not at all.
#include "effects/stripe.h"

#include "core/auth.h"
#include "core/web_client.h"
#include "shared/ids.h"

enum { CONNECT_MS = 3000, TOTAL_MS = 8000, ANSWER_BYTES = 256 * 1024 };

// What was written for: a later version of the API may name things otherwise.
#define API_VERSION "Stripe-Version: 2024-06-20"

static const Patience someone_waits = {.first_ms = 500, .longest_ms = 4000, .give_up_ms = 10000, .tries_min = 1};
static const Patience sweep_waits = {.first_ms = 1000, .longest_ms = 15000, .give_up_ms = 60000, .tries_min = 1};
static const Patience until_done = {
    .first_ms = 2000, .longest_ms = INT64_C(3600000), .give_up_ms = INT64_C(30) * 24 * 3600000, .tries_min = 10};

// Writing.

static void add_pair(Text *form, Str name, Str value) {
  if (form->length > 0) text_char(form, '&');
  text_add(form, ids_percent(form->arena, name));
  text_char(form, '=');
  text_add(form, ids_percent(form->arena, value));
}

static Str word(const Json *object, const char *name) {
  Str value = {0};
  json_str(json_get(object, name), &value);
  return value;
}

static int64_t number(const Json *object, const char *name) {
  int64_t value = 0;
  json_int(json_get(object, name), &value);
  return value;
}

static Str decimal(Arena *arena, int64_t value) {
  Text text = {.arena = arena};
  text_int(&text, value);
  return text_str(&text);
}

static void add_metadata(Text *form, const Json *metadata) {
  for (const Json *item = json_first(metadata); item != NULL; item = json_next(item)) {
    Str value;
    if (!json_str(item, &value)) continue;
    Text name = {.arena = form->arena};
    text_format(&name, "metadata[%s]", json_key(item));
    add_pair(form, text_str(&name), value);
  }
}

static void write_create(Text *path, Text *form, const Json *payload) {
  text_add(path, STR("/v1/payment_intents"));
  add_pair(form, STR("amount"), decimal(form->arena, number(payload, "amount")));
  add_pair(form, STR("currency"), word(payload, "currency"));
  add_pair(form, STR("automatic_payment_methods[enabled]"), STR("true"));
  add_metadata(form, json_get(payload, "metadata"));
}

static void add_intent_path(Text *path, const Json *payload) {
  text_add(path, STR("/v1/payment_intents/"));
  text_add(path, ids_percent(path->arena, word(payload, "intent")));
}

static void write_retrieve(Text *path, Text *form, const Json *payload) {
  (void)form;
  add_intent_path(path, payload);
}

static void write_cancel(Text *path, Text *form, const Json *payload) {
  add_intent_path(path, payload);
  text_add(path, STR("/cancel"));
  add_pair(form, STR("cancellation_reason"), STR("abandoned"));
}

static void write_refund(Text *path, Text *form, const Json *payload) {
  text_add(path, STR("/v1/refunds"));
  add_pair(form, STR("payment_intent"), word(payload, "intent"));
}

static void write_look_at_refund(Text *path, Text *form, const Json *payload) {
  (void)form;
  text_add(path, STR("/v1/refunds/"));
  text_add(path, ids_percent(path->arena, word(payload, "refund")));
}

typedef struct Op {
  const char *name;
  const char *method;
  void (*write)(Text *path, Text *form, const Json *payload);
  const Patience *patience;
} Op;

static const Op ops[] = {{"create", "POST", write_create, &someone_waits},
                         {"retrieve", "GET", write_retrieve, &someone_waits},
                         {"cancel", "POST", write_cancel, &sweep_waits},
                         {"refund", "POST", write_refund, &until_done},
                         {"look_at_refund", "GET", write_look_at_refund, &sweep_waits}};

static const Op *find_op(Str name) {
  for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
    if (str_equal(name, str_from(ops[i].name))) return &ops[i];
  }
  return NULL;
}

// The contract names it after the intent, not after what is done to it.
static void add_idempotency_key(Text *header, Str key) {
  text_add(header, STR("Idempotency-Key: "));
  if (str_starts(key, STR("create:"))) {
    text_add(header, STR("intent"));
    key = (Str){key.at + 6, key.length - 6};
  }
  text_add(header, key);
}

static WebAnswer ask(Errand *errand, const Op *op) {
  Arena *arena = &errand->arena;
  const Config *config = errand->config;
  bool real = config->stripe_secret_key.length > 0;
  Text url = {.arena = arena};
  Text form = {.arena = arena};
  Text secret = {.arena = arena};
  Text key = {.arena = arena};
  text_add(&url, real ? config->stripe_api_base : errand->own_url);
  if (!real) text_add(&url, STR("/test-provider"));
  op->write(&url, &form, errand->payload);
  text_add(&secret, STR("Authorization: Bearer "));
  text_add(&secret,
           real ? config->stripe_secret_key : auth_mac(arena, config->jwt_secret, STR(AUTH_TEST_PROVIDER_PURPOSE)));
  add_idempotency_key(&key, errand->key);
  const char *headers[] = {str_zero(arena, text_str(&secret)), API_VERSION,
                           op->method[0] == 'P' ? str_zero(arena, text_str(&key)) : NULL, NULL};
  return web_ask(arena, &(WebRequest){.method = op->method,
                                      .url = text_str(&url),
                                      .headers = headers,
                                      .body = text_str(&form),
                                      .connect_ms = CONNECT_MS,
                                      .total_ms = TOTAL_MS,
                                      .answer_max = ANSWER_BYTES,
                                      .urgent = errand->urgent});
}

static void add_intent(Text *result, const Json *intent) {
  json_put_str(result, "intentId", word(intent, "id"));
  json_put_str(result, "clientSecret", word(intent, "client_secret"));
  json_put_str(result, "status", word(intent, "status"));
  json_put_int(result, "amount", number(intent, "amount"));
  json_put_str(result, "currency", word(intent, "currency"));
  json_put_str(result, "intentBookingId", word(json_get(intent, "metadata"), "bookingId"));
}

static Str error_of(const Json *answer, const WebAnswer *web) {
  const Json *error = json_get(answer, "error");
  if (web->status == 0 || web->status >= 500 || answer == NULL) return STR("unreachable");
  Str code = word(error, "code");
  if (code.length == 0) code = word(error, "type");
  return code.length > 0 || web->status < 300 ? code : STR("api_error");
}

static void write_result(Errand *errand, const Json *answer, const WebAnswer *web) {
  Text *result = &errand->result;
  const Json *payload = errand->payload;
  Str op = word(payload, "op");
  const Json *error = json_get(answer, "error");
  bool is_refund = error == NULL && (str_equal(op, STR("refund")) || str_equal(op, STR("look_at_refund")));
  result->length = 0;
  json_open(result, '{');
  json_put_str(result, "op", op);
  json_put_int(result, "bookingId", number(payload, "bookingId"));
  json_put_int(result, "attempt", number(payload, "attempt"));
  json_put_str(result, "intent", word(payload, "intent"));
  json_put_int(result, "outboxId", errand->id);
  json_put_int(result, "http", web->status);
  json_put_str(result, "error", error_of(answer, web));
  json_put_str(result, "message", is_refund ? word(answer, "failure_reason") : word(error, "message"));
  add_intent(result, error != NULL ? json_get(error, "payment_intent") : is_refund ? NULL : answer);
  json_put_str(result, "refundId", is_refund ? word(answer, "id") : (Str){0});
  json_put_str(result, "refundStatus", is_refund ? word(answer, "status") : (Str){0});
  json_close(result, '}');
}

static const char *fault_of(Arena *arena, const WebAnswer *web, Str error) {
  if (web->fault != NULL) return web->fault;
  Text text = {.arena = arena};
  text_format(&text, "HTTP %d %.*s", web->status, STR_ARG(error));
  return str_zero(arena, text_str(&text));
}

// An answer that is no JSON object (NULL) came from something in between, whatever its status.
static bool is_worth_another_try(const WebAnswer *web, const Json *answer) {
  return answer == NULL || web->status == 409 || web->status == 429 || web->status >= 500;
}

Outcome stripe_perform(Errand *errand) {
  const Op *op = find_op(word(errand->payload, "op"));
  if (op == NULL) {
    errand->fault = "no such op";
    write_result(errand, NULL, &(WebAnswer){0});
    return OUTCOME_FAILED;
  }
  errand->patience = *op->patience;
  WebAnswer web = ask(errand, op);
  const Json *answer = json_parse(&errand->arena, web.body, NULL);
  if (!json_is_object(answer)) answer = NULL;
  write_result(errand, answer, &web);
  if (web.status >= 200 && web.status < 300 && answer != NULL) return OUTCOME_DONE;
  errand->fault = fault_of(&errand->arena, &web, error_of(answer, &web));
  errand->again_ms = web.retry_ms;
  return is_worth_another_try(&web, answer) ? OUTCOME_AGAIN : OUTCOME_FAILED;
}
