// People in the tables.
#include "models/user.h"

bool user_name_valid(Str username) {
  if (username.length < 3 || username.length > 32) return false;
  for (size_t i = 0; i < username.length; i++) {
    unsigned char c = (unsigned char)username.at[i];
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter && !(c >= '0' && c <= '9') && c != '_' && c != '-') return false;
  }
  return true;
}

bool user_find(Db *db, Arena *arena, Str username, User *user) {
  static const char FIND[] =
      "SELECT id, username, totp_secret, totp_step, recovery_phrase, role = 'staff', deleted_at"
      " FROM users WHERE username = $1";
  Rows rows = db_rows(db, FIND, sql_text(username));
  if (!rows_next(&rows)) return false;
  *user = (User){.id = rows_int(&rows, 0),
                 .username = rows_text(&rows, 1, arena),
                 .totp_secret = rows_text(&rows, 2, arena),
                 .totp_step = rows_int(&rows, 3),
                 .recovery_phrase = rows_text(&rows, 4, arena),
                 .staff = rows_int(&rows, 5) != 0,
                 .deleted = !rows_is_null(&rows, 6)};
  rows_end(&rows);
  return true;
}

Str user_name_of(Db *db, Arena *arena, int64_t user_id) {
  static const char FIND[] = "SELECT username FROM users WHERE id = $1";
  Rows rows = db_rows(db, FIND, sql_int(user_id));
  if (!rows_next(&rows)) return (Str){0};
  Str username = rows_text(&rows, 0, arena);
  rows_end(&rows);
  return username;
}

int64_t user_add(Db *db, Str public_id, Str username, Str totp_secret, int64_t totp_step, int64_t now_ms) {
  static const char ADD[] =
      "INSERT INTO users(public_id, username, totp_secret, totp_step, created_at, updated_at)"
      " VALUES($1, $2, $3, $4, $5, $5)";
  return db_insert(db, ADD, sql_text(public_id), sql_text(username), sql_text_or_null(totp_secret), sql_int(totp_step),
                   sql_int(now_ms));
}

bool user_use_step(Db *db, int64_t user_id, int64_t step, int64_t now_ms) {
  static const char USE[] = "UPDATE users SET totp_step = $1, updated_at = $2 WHERE id = $3 AND totp_step < $1";
  db_run(db, USE, sql_int(step), sql_int(now_ms), sql_int(user_id));
  return db_changes(db) == 1;
}

void user_replace_secret(Db *db, int64_t user_id, Str totp_secret, int64_t totp_step, int64_t now_ms) {
  static const char REPLACE[] =
      "UPDATE users SET totp_secret = $1, totp_step = $2, recovery_phrase = NULL, updated_at = $3 WHERE id = $4";
  db_run(db, REPLACE, sql_text(totp_secret), sql_int(totp_step), sql_int(now_ms), sql_int(user_id));
}

void user_set_phrase(Db *db, int64_t user_id, Str phrase_hash, int64_t now_ms) {
  static const char SET[] = "UPDATE users SET recovery_phrase = $1, updated_at = $2 WHERE id = $3";
  db_run(db, SET, sql_text(phrase_hash), sql_int(now_ms), sql_int(user_id));
}

bool user_set_role(Db *db, Str name, bool staff, int64_t now_ms) {
  static const char SET[] =
      "UPDATE users SET role = $1, updated_at = $2 WHERE username = $3 OR (email = $3 AND email_confirmed_at IS NOT "
      "NULL)";
  db_run(db, SET, sql_text(staff ? STR("staff") : STR("visitor")), sql_int(now_ms), sql_text(name));
  return db_changes(db) == 1;
}

bool user_is_staff(Db *db, int64_t user_id) {
  static const char FIND[] = "SELECT role = 'staff' FROM users WHERE id = $1";
  return db_int(db, FIND, 0, sql_int(user_id)) != 0;
}
