// Telling an endpoint of others (https://www.standardwebhooks.com): the body is the same at every try, its signature is
// made anew each time, because receivers refuse an old one.
#include "effects/webhook.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "core/web_client.h"
#include "shared/ids.h"

enum { CONNECT_MS = 5000, TOTAL_MS = 15000, ANSWER_BYTES = 64 * 1024, GONE = 410 };

static Str word(const Json *object, const char *name) {
  Str value = {0};
  json_str(json_get(object, name), &value);
  return value;
}

Str webhook_signature(Arena *arena, Str secret, Str id, int64_t seconds, Str body) {
  Str prefix = STR("whsec_");
  Str key = {0};
  Str text = str_starts(secret, prefix) ? (Str){secret.at + prefix.length, secret.length - prefix.length} : secret;
  if (!ids_from_base64(arena, text, &key)) return (Str){0};
  Text signed_text = {.arena = arena};
  text_format(&signed_text, "%.*s.%lld.", STR_ARG(id), (long long)seconds);
  text_add(&signed_text, body);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  if (HMAC(EVP_sha256(), key.at, (int)key.length, (const unsigned char *)signed_text.at, signed_text.length, digest,
           &length) == NULL)
    arena->failed = true;
  return ids_base64(arena, digest, length);
}

static const char *line(Arena *arena, const char *name, Str value) {
  Text text = {.arena = arena};
  text_format(&text, "%s: %.*s", name, STR_ARG(value));
  return str_zero(arena, text_str(&text));
}

static Str body_of(Errand *errand) {
  Text body = {.arena = &errand->arena};
  json_open(&body, '{');
  json_put_str(&body, "type", word(errand->payload, "type"));
  json_put_time(&body, "timestamp", errand->created_ms);
  json_name(&body, "data");
  json_add_node(&body, json_get(errand->payload, "data"));
  json_close(&body, '}');
  return text_str(&body);
}

static void write_result(Errand *errand, bool accepted, bool gone) {
  int64_t id = 0;
  json_int(json_get(errand->payload, "webhookId"), &id);
  errand->result.length = 0;
  json_open(&errand->result, '{');
  json_put_int(&errand->result, "webhook_id", id);
  json_put_bool(&errand->result, "accepted", accepted);
  json_put_bool(&errand->result, "gone", gone);
  json_close(&errand->result, '}');
}

Outcome webhook_perform(Errand *errand) {
  Arena *arena = &errand->arena;
  Str id = word(errand->payload, "id");
  Str body = body_of(errand);
  int64_t seconds = errand->env.now_ms(errand->env.state) / 1000;
  Text signature = {.arena = arena};
  Text stamp = {.arena = arena};
  text_add(&signature, STR("v1,"));
  text_add(&signature, webhook_signature(arena, word(errand->payload, "secret"), id, seconds, body));
  text_int(&stamp, seconds);
  const char *headers[] = {"Content-Type: application/json",
                           "User-Agent: foyer",
                           line(arena, "webhook-id", id),
                           line(arena, "webhook-timestamp", text_str(&stamp)),
                           line(arena, "webhook-signature", text_str(&signature)),
                           NULL};
  WebAnswer answer = web_ask(arena, &(WebRequest){.method = "POST",
                                                  .url = word(errand->payload, "url"),
                                                  .headers = headers,
                                                  .body = body,
                                                  .connect_ms = CONNECT_MS,
                                                  .total_ms = TOTAL_MS,
                                                  .answer_max = ANSWER_BYTES,
                                                  .urgent = errand->urgent});
  bool accepted = answer.status >= 200 && answer.status < 300;
  bool gone = answer.status == GONE;
  write_result(errand, accepted, gone);
  if (accepted) return OUTCOME_DONE;
  Text fault = {.arena = arena};
  text_format(&fault, "HTTP %d", answer.status);
  errand->fault = answer.fault != NULL ? answer.fault : str_zero(arena, text_str(&fault));
  errand->again_ms = answer.retry_ms;
  return gone ? OUTCOME_FAILED : OUTCOME_AGAIN;
}
