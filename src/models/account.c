// Accounts by e-mail, and codes on their way to addresses.
#include "models/account.h"

#include "core/auth.h"
#include "models/mailed_link.h"
#include "models/session.h"
#include "shared/ids.h"

// Accounts.

#define ACCOUNT_COLUMNS                                                                                        \
  "SELECT id, public_id, username, email, name, language, password_hash, email_confirmed_at, role = 'staff', " \
  "created_at,"                                                                                                \
  " updated_at FROM users WHERE deleted_at IS NULL AND "

static bool read_account(Rows *rows, Arena *arena, Account *account) {
  if (!rows_next(rows)) return false;
  *account = (Account){.id = rows_int(rows, 0),
                       .public_id = rows_text(rows, 1, arena),
                       .username = rows_text(rows, 2, arena),
                       .email = rows_text(rows, 3, arena),
                       .name = rows_text(rows, 4, arena),
                       .language = rows_text(rows, 5, arena),
                       .password_hash = rows_text(rows, 6, arena),
                       .confirmed = !rows_is_null(rows, 7),
                       .staff = rows_int(rows, 8) != 0,
                       .created_at = rows_int(rows, 9),
                       .updated_at = rows_int(rows, 10)};
  rows_end(rows);
  return true;
}

Str account_email(Arena *arena, Str typed) {
  return str_lower(arena, str_trim(typed));
}

bool account_find(Db *db, Arena *arena, int64_t user_id, Account *account) {
  static const char FIND[] = ACCOUNT_COLUMNS "id = $1";
  Rows rows = db_rows(db, FIND, sql_int(user_id));
  return read_account(&rows, arena, account);
}

bool account_find_by_email(Db *db, Arena *arena, Str email, Account *account) {
  static const char FIND[] = ACCOUNT_COLUMNS "email = $1";
  Rows rows = db_rows(db, FIND, sql_text(email));
  return read_account(&rows, arena, account);
}

int64_t account_add(Call *call, Str email, bool confirmed, Str password_hash, Str name, Str language) {
  static const char ADD[] =
      "INSERT INTO users(public_id, email, email_confirmed_at, password_hash, name, language, created_at, updated_at)"
      " VALUES($1, $2, $3, $4, $5, $6, $7, $7)";
  return db_insert(call->db, ADD, sql_text(ids_public(&call->arena, &call->env)), sql_text(email),
                   confirmed ? sql_int(call->now_ms) : (SqlValue){.kind = SQL_NULL}, sql_text(password_hash),
                   sql_text_or_null(name), sql_text(language), sql_int(call->now_ms));
}

void account_set_password(Call *call, int64_t user_id, Str password_hash) {
  static const char SET[] = "UPDATE users SET password_hash = $1, updated_at = $2 WHERE id = $3";
  db_run(call->db, SET, sql_text(password_hash), sql_int(call->now_ms), sql_int(user_id));
}

void account_set_email(Call *call, int64_t user_id, Str email) {
  static const char SET[] = "UPDATE users SET email = $1, email_confirmed_at = $2, updated_at = $2 WHERE id = $3";
  db_run(call->db, SET, sql_text(email), sql_int(call->now_ms), sql_int(user_id));
  mailed_link_drop(call, LINK_CONFIRM, user_id);
}

void account_set_name(Call *call, int64_t user_id, Str name) {
  static const char SET[] = "UPDATE users SET name = $1, updated_at = $2 WHERE id = $3";
  db_run(call->db, SET, sql_text_or_null(name), sql_int(call->now_ms), sql_int(user_id));
}

void account_set_language(Call *call, int64_t user_id, Str language) {
  static const char SET[] = "UPDATE users SET language = $1, updated_at = $2 WHERE id = $3";
  db_run(call->db, SET, sql_text(language), sql_int(call->now_ms), sql_int(user_id));
}

void account_set_username(Call *call, int64_t user_id, Str username, Str totp_secret, int64_t totp_step) {
  static const char SET[] =
      "UPDATE users SET username = $1, totp_secret = $2, totp_step = $3, updated_at = $4 WHERE id = $5";
  db_run(call->db, SET, sql_text(username), sql_text(totp_secret), sql_int(totp_step), sql_int(call->now_ms),
         sql_int(user_id));
}

void account_set_bio(Call *call, int64_t user_id, Str bio) {
  static const char SET[] = "UPDATE users SET bio = $1, updated_at = $2 WHERE id = $3";
  db_run(call->db, SET, sql_text(bio), sql_int(call->now_ms), sql_int(user_id));
}

void account_delete(Call *call, int64_t user_id) {
  static const char EMPTY[] =
      "UPDATE users SET deleted_at = $1, updated_at = $1, email = NULL, email_confirmed_at = NULL, name = NULL,"
      " password_hash = NULL, totp_secret = NULL, recovery_phrase = NULL, bio = '', last_seen_at = NULL,"
      " shows_last_seen = 0 WHERE id = $2 AND deleted_at IS NULL";
  static const char DROP_SIGNUPS[] = "DELETE FROM signups WHERE user_id = $1";
  static const char DROP_LINKS[] = "DELETE FROM mailed_links WHERE user_id = $1";
  static const char DROP_BLOCKS[] = "DELETE FROM blocks WHERE user_id = $1";
  static const char DROP_ANSWERS[] = "DELETE FROM answers WHERE scope = 'user:' || $1";
  db_run(call->db, EMPTY, sql_int(call->now_ms), sql_int(user_id));
  if (db_changes(call->db) == 0) return;
  db_run(call->db, DROP_SIGNUPS, sql_int(user_id));
  db_run(call->db, DROP_LINKS, sql_int(user_id));
  db_run(call->db, DROP_BLOCKS, sql_int(user_id));
  db_run(call->db, DROP_ANSWERS, sql_int(user_id));
  session_end_all(call, user_id);
}

void account_write(Text *out, const Account *account) {
  json_open(out, '{');
  json_put_str(out, "id", account->public_id);
  json_put_int(out, "number", account->id);
  json_put_str_or_null(out, "email", account->email);
  json_put_str_or_null(out, "username", account->username);
  json_put_str_or_null(out, "name", account->name);
  json_put_str(out, "role", account->staff ? STR("staff") : STR("visitor"));
  json_put_str(out, "language", account->language);
  json_put_time(out, "createdAt", account->created_at);
  json_close(out, '}');
}

void account_write_signed_in(Text *out, const Account *account) {
  json_open(out, '{');
  json_put_str(out, "id", account->public_id);
  json_put_str(out, "email", account->email);
  json_put_time(out, "createdAt", account->created_at);
  json_put_time(out, "updatedAt", account->updated_at);
  json_name(out, "profile");
  if (account->name.length > 0) {
    json_open(out, '{');
    json_put_str_or_null(out, "name", account->name);
    json_close(out, '}');
  } else {
    json_add_null(out);
  }
  json_close(out, '}');
}

// Codes.

static Str code_hash(Call *call, Str email, Str code) {
  Text text = {.arena = &call->arena};
  text_format(&text, "%.*s:%.*s", STR_ARG(email), STR_ARG(code));
  return auth_digest(&call->arena, text_str(&text));
}

static Str new_code(Call *call) {
  uint64_t dice;
  Text code = {.arena = &call->arena};
  call->env.random(call->env.state, &dice, sizeof dice);
  text_format(&code, "%06u", (unsigned)(dice % 1000000));
  return text_str(&code);
}

static void mail_code(Call *call, const Signup *signup, Str mail_key, Str code) {
  Text payload = {.arena = &call->arena};
  json_open(&payload, '{');
  json_put_str(&payload, "template", STR("otp"));
  json_put_str(&payload, "to", signup->email);
  json_put_str(&payload, "language", signup->language);
  json_name(&payload, "args");
  json_open(&payload, '{');
  json_put_str(&payload, "code", code);
  json_put_int(&payload, "until", call->now_ms + call->config->otp_ms);
  json_close(&payload, '}');
  json_close(&payload, '}');
  call_effect(call, "mail", mail_key, text_str(&payload), call->now_ms);
}

Str signup_begin(Call *call, const Signup *signup) {
  static const char PUT[] =
      "INSERT INTO signups(email, user_id, password_hash, name, language, code_hash, mail_key, expires_at)"
      " VALUES($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (email) DO UPDATE SET user_id = excluded.user_id,"
      " password_hash = excluded.password_hash, name = excluded.name, language = excluded.language,"
      " code_hash = excluded.code_hash, mail_key = excluded.mail_key, expires_at = excluded.expires_at, tries = 0";
  static const char DROP[] =
      "DELETE FROM signups WHERE email IN (SELECT email FROM signups WHERE expires_at <= $1 ORDER BY expires_at LIMIT "
      "2)";
  enum { KEY_CHARACTERS = 12 };
  Str code = new_code(call);
  Text key = {.arena = &call->arena};
  text_format(&key, "otp:%.*s:%.*s", STR_ARG(signup->email),
              STR_ARG(ids_random(&call->arena, &call->env, KEY_CHARACTERS)));
  db_run(call->db, DROP, sql_int(call->now_ms));
  db_run(call->db, PUT, sql_text(signup->email),
         signup->user_id != 0 ? sql_int(signup->user_id) : (SqlValue){.kind = SQL_NULL},
         sql_text_or_null(signup->password_hash), sql_text_or_null(signup->name), sql_text(signup->language),
         sql_text(code_hash(call, signup->email, code)), sql_text(text_str(&key)),
         sql_int(call->now_ms + call->config->otp_ms));
  mail_code(call, signup, text_str(&key), code);
  return text_str(&key);
}

#define SIGNUP_COLUMNS                                                                                  \
  "SELECT email, user_id, password_hash, name, language, code_hash, tries, mail_key FROM signups WHERE" \
  " expires_at > $1 AND "

static bool read_signup(Rows *rows, Arena *arena, Signup *signup) {
  if (!rows_next(rows)) return false;
  *signup = (Signup){.email = rows_text(rows, 0, arena),
                     .user_id = rows_int(rows, 1),
                     .password_hash = rows_text(rows, 2, arena),
                     .name = rows_text(rows, 3, arena),
                     .language = rows_text(rows, 4, arena),
                     .code_hash = rows_text(rows, 5, arena),
                     .tries = rows_int(rows, 6),
                     .mail_key = rows_text(rows, 7, arena)};
  rows_end(rows);
  return true;
}

bool signup_find(Call *call, Str email, Signup *signup) {
  static const char FIND[] = SIGNUP_COLUMNS "user_id IS NULL AND email = $2";
  Rows rows = db_rows(call->db, FIND, sql_int(call->now_ms), sql_text(email));
  return read_signup(&rows, &call->arena, signup);
}

bool signup_find_of(Call *call, int64_t user_id, Signup *signup) {
  static const char FIND[] = SIGNUP_COLUMNS "user_id = $2 ORDER BY expires_at DESC LIMIT 1";
  Rows rows = db_rows(call->db, FIND, sql_int(call->now_ms), sql_int(user_id));
  return read_signup(&rows, &call->arena, signup);
}

void signup_end(Call *call, const Signup *signup) {
  static const char END[] = "DELETE FROM signups WHERE email = $1";
  db_run(call->db, END, sql_text(signup->email));
}

bool signup_matches(Call *call, const Signup *signup, Str code) {
  static const char COUNT[] = "UPDATE signups SET tries = tries + 1 WHERE email = $1";
  if (auth_equal(signup->code_hash, code_hash(call, signup->email, code))) return true;
  db_run(call->db, COUNT, sql_text(signup->email));
  if (signup->tries + 1 >= SIGNUP_TRIES) signup_end(call, signup);
  return false;
}
