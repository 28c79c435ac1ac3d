// Mailed links in the table `mailed_links`, which keeps the hashes of their tokens.
#include "models/mailed_link.h"

#include "core/auth.h"
#include "models/account.h"
#include "shared/ids.h"

enum { TOKEN_CHARACTERS = 128, CHANCE_CHARACTERS = 12 };

static const int64_t day_ms = 24 * 3600 * 1000;

// `name` is that of the mail's template too.
static const struct {
  const char *name;
  const char *path;  // of the page that is opened, or of this server
  bool lasts;        // until it is used
} kinds[] = {
    [LINK_CONFIRM] = {"confirm", "/email/confirm-email", true},
    [LINK_RESET] = {"reset", "/email/reset-password", false},
    [LINK_CHANGE] = {"change", "/api/email/change-email", false},
};

static SqlValue name_of(LinkKind kind) {
  return sql_text(str_from(kinds[kind].name));
}

static void mail(Call *call, LinkKind kind, int64_t user_id, Str token, Str email, Str language, Str mail_key) {
  Text path = {.arena = &call->arena};
  Text payload = {.arena = &call->arena};
  text_format(&path, "%s?id=%lld&token=%.*s", kinds[kind].path, (long long)user_id, STR_ARG(token));
  json_open(&payload, '{');
  json_put_str(&payload, "template", str_from(kinds[kind].name));
  json_put_str(&payload, "to", email);
  json_put_str(&payload, "language", language);
  json_name(&payload, "args");
  json_open(&payload, '{');
  json_put_str(&payload, "path", text_str(&path));
  if (!kinds[kind].lasts) {
    json_put_int(&payload, "until", call->now_ms + day_ms);
  }
  json_close(&payload, '}');
  json_close(&payload, '}');
  call_effect(call, "mail", mail_key, text_str(&payload), call->now_ms);
}

// Each new one takes two away that are over.
static void forget_old(Call *call) {
  static const char FORGET[] =
      "DELETE FROM mailed_links WHERE (user_id, kind) IN"
      " (SELECT user_id, kind FROM mailed_links WHERE expires_at <= $1 ORDER BY expires_at LIMIT 2)";
  db_run(call->db, FORGET, sql_int(call->now_ms));
}

Str mailed_link_send(Call *call, LinkKind kind, int64_t user_id, Str email, Str language) {
  static const char PUT[] =
      "INSERT INTO mailed_links(user_id, kind, token_hash, email, mail_key, expires_at)"
      " VALUES($1, $2, $3, $4, $5, $6) ON CONFLICT (user_id, kind) DO UPDATE SET token_hash = excluded.token_hash,"
      " email = excluded.email, mail_key = excluded.mail_key, expires_at = excluded.expires_at";
  SqlValue nothing = {.kind = SQL_NULL};
  Str token = ids_random(&call->arena, &call->env, TOKEN_CHARACTERS);
  Text key = {.arena = &call->arena};
  text_format(&key, "link:%lld:%s:%.*s", (long long)user_id, kinds[kind].name,
              STR_ARG(ids_random(&call->arena, &call->env, CHANCE_CHARACTERS)));
  forget_old(call);
  db_run(call->db, PUT, sql_int(user_id), name_of(kind), sql_text(auth_digest(&call->arena, token)),
         kind == LINK_CHANGE ? sql_text(email) : nothing, sql_text(text_str(&key)),
         kinds[kind].lasts ? nothing : sql_int(call->now_ms + day_ms));
  mail(call, kind, user_id, token, email, language, text_str(&key));
  return text_str(&key);
}

bool mailed_link_find(Call *call, LinkKind kind, int64_t user_id, Str token, Str *email) {
  static const char FIND[] =
      "SELECT token_hash, email FROM mailed_links WHERE user_id = $1 AND kind = $2"
      " AND (expires_at IS NULL OR expires_at > $3)";
  Rows rows = db_rows(call->db, FIND, sql_int(user_id), name_of(kind), sql_int(call->now_ms));
  if (!rows_next(&rows)) return false;
  bool right = auth_equal(rows_peek(&rows, 0), auth_digest(&call->arena, token));
  if (right && email != NULL) *email = rows_text(&rows, 1, &call->arena);
  rows_end(&rows);
  return right;
}

void mailed_link_drop(Call *call, LinkKind kind, int64_t user_id) {
  static const char DROP[] = "DELETE FROM mailed_links WHERE user_id = $1 AND kind = $2";
  db_run(call->db, DROP, sql_int(user_id), name_of(kind));
}

void mailed_link_lost(Call *call, Str mail_key) {
  static const char DROP[] = "DELETE FROM mailed_links WHERE user_id = $1 AND kind = $2 AND mail_key = $3";
  int64_t user_id;
  Str rest = mail_key;
  if (!str_equal(str_cut(&rest, ':'), STR("link")) || !str_to_int(str_cut(&rest, ':'), &user_id)) return;
  Str name = str_cut(&rest, ':');
  db_run(call->db, DROP, sql_int(user_id), sql_text(name), sql_text(mail_key));
  bool dropped = db_changes(call->db) > 0;  // else a newer one has taken its place
  if (dropped && str_equal(name, str_from(kinds[LINK_CONFIRM].name))) account_delete(call, user_id);
}
