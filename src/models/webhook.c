// Endpoints in the table, and what each is to be told, in `outbox`.
#include "models/webhook.h"

#include <stdio.h>

#include "shared/ids.h"

bool webhook_url_valid(Str url) {
  if (!str_starts(url, STR("http://")) && !str_starts(url, STR("https://"))) return false;
  for (size_t i = 0; i < url.length; i++) {
    if ((unsigned char)url.at[i] <= ' ' || url.at[i] == 0x7f) return false;
  }
  return url.length <= 2048;
}

static Str message_id(Call *call) {
  unsigned char bytes[12];
  call->env.random(call->env.state, bytes, sizeof bytes);
  Text id = {.arena = &call->arena};
  text_add(&id, STR("msg_"));
  text_hex(&id, bytes, sizeof bytes);
  return text_str(&id);
}

static void tell_one(Call *call, const Rows *endpoint, Str id, Str type, Str data) {
  Text payload = {.arena = &call->arena};
  json_open(&payload, '{');
  json_put_int(&payload, "webhookId", rows_int(endpoint, 0));
  json_put_str(&payload, "url", rows_peek(endpoint, 1));
  json_put_str(&payload, "secret", rows_peek(endpoint, 2));
  json_put_str(&payload, "id", id);
  json_put_str(&payload, "type", type);
  json_name(&payload, "data");
  json_add_raw(&payload, data);
  json_close(&payload, '}');
  Text key = {.arena = &call->arena};
  text_format(&key, "webhook:%lld:%.*s", (long long)rows_int(endpoint, 0), STR_ARG(id));
  call_effect(call, "webhook", text_str(&key), text_str(&payload), call->now_ms);
}

void webhook_tell(Call *call, Str type, Str data) {
  static const char ALL[] = "SELECT id, url, secret FROM webhooks WHERE disabled_at IS NULL ORDER BY id";
  Str id = message_id(call);
  Rows rows = db_rows(call->db, ALL);
  while (rows_next(&rows)) tell_one(call, &rows, id, type, data);
}

bool webhook_add(Db *db, Arena *arena, const Env *env, Str url, Str *secret) {
  static const char ADD[] =
      "INSERT INTO webhooks(url, secret, created_at) VALUES($1, $2, $3)"
      " ON CONFLICT (url) DO UPDATE SET disabled_at = NULL RETURNING secret";
  unsigned char bytes[32];
  env->random(env->state, bytes, sizeof bytes);
  Text made = {.arena = arena};
  text_add(&made, STR("whsec_"));
  text_add(&made, ids_base64(arena, bytes, sizeof bytes));
  Rows rows = db_rows(db, ADD, sql_text(url), sql_text(text_str(&made)), sql_int(env->now_ms(env->state)));
  if (!rows_next(&rows)) return false;
  *secret = rows_text(&rows, 0, arena);
  rows_end(&rows);
  return true;
}

// What one endpoint was still to be told is over.
static void forget_untold(Db *db, int64_t id) {
  static const char FORGET[] =
      "DELETE FROM outbox WHERE kind = 'webhook' AND done_at IS NULL AND"
      " CAST(json_extract(payload, '$.webhookId') AS BIGINT) = $1";
  db_run(db, FORGET, sql_int(id));
}

bool webhook_remove(Db *db, Str url) {
  static const char REMOVE[] = "DELETE FROM webhooks WHERE url = $1 RETURNING id";
  int64_t id = db_int(db, REMOVE, 0, sql_text(url));
  if (id != 0) forget_untold(db, id);
  return id != 0;
}

bool webhook_takes(Db *db, int64_t id, int64_t since_ms) {
  static const char TAKEN[] =
      "SELECT 1 FROM outbox WHERE kind = 'webhook' AND done_at > $1 AND given_up = 0 AND key LIKE $2"
      " ORDER BY done_at DESC LIMIT 1";
  char keys[32];
  snprintf(keys, sizeof keys, "webhook:%lld:%%", (long long)id);
  return db_int(db, TAKEN, 0, sql_int(since_ms), sql_text(str_from(keys))) != 0;
}

void webhook_disable(Db *db, int64_t id, int64_t now_ms) {
  static const char DISABLE[] = "UPDATE webhooks SET disabled_at = $1 WHERE id = $2 AND disabled_at IS NULL";
  db_run(db, DISABLE, sql_int(now_ms), sql_int(id));
  if (db_changes(db) > 0) forget_untold(db, id);
}
