// People and their sessions. On a store thread, inside a transaction, or in a command.
#ifndef FOYER_MODELS_USER_H
#define FOYER_MODELS_USER_H

#include "core/config.h"
#include "core/db.h"
#include "shared/errors.h"

typedef struct User {
  int64_t id;
  Str username;
  Str totp_secret;      // the HMAC key; empty: none
  int64_t totp_step;    // the last step whose code was used
  Str recovery_phrase;  // scrypt; empty: none saved
  bool staff;
} User;

bool user_name_valid(Str username);  // ^[a-zA-Z0-9_-]{3,32}$
bool user_find(Db *db, Arena *arena, Str username, User *user);
int64_t user_add(Db *db, Str username, Str totp_secret, int64_t totp_step, int64_t now_ms);  // its id, 0: failed
// Marks a code's step as used; false when it, or a later one, was used already.
bool user_use_step(Db *db, int64_t user_id, int64_t step, int64_t now_ms);
void user_replace_secret(Db *db, int64_t user_id, Str totp_secret, int64_t totp_step,
                         int64_t now_ms);  // uses the phrase up
void user_set_phrase(Db *db, int64_t user_id, Str phrase_hash, int64_t now_ms);
bool user_set_role(Db *db, Str username, bool staff, int64_t now_ms);  // false: no such user
bool user_is_staff(Db *db, int64_t user_id);

typedef struct SessionOrigin {
  const char *door;  // "seats"
  Str agent;         // User-Agent
  Str ip;
} SessionOrigin;

// How long an access token of a door is good, in milliseconds: ACCESS_SECONDS, or the door's own habit.
int64_t session_access_ms(const Config *config, const char *door);
void session_add(Db *db, Str sid, int64_t user_id, const SessionOrigin *origin, int64_t now_ms);
// Whether a session stands; then *user_id, *username (arena) and *staff are set.
bool session_find(Db *db, Arena *arena, Str sid, int64_t *user_id, Str *username, bool *staff);
void session_end(Db *db, Str sid, int64_t now_ms);
void session_end_all(Db *db, int64_t user_id, int64_t now_ms);

#endif
