// People who sign in with an authenticator. On a store thread, inside a transaction, or in a command.
#ifndef FOYER_MODELS_USER_H
#define FOYER_MODELS_USER_H

#include "core/db.h"

typedef struct User {
  int64_t id;
  Str username;
  Str totp_secret;      // the HMAC key; empty: none
  int64_t totp_step;    // the last step whose code was used
  Str recovery_phrase;  // scrypt; empty: none saved
  bool staff;
  bool deleted;  // keeps the name, and may not sign in
} User;

bool user_name_valid(Str username);  // ^[a-zA-Z0-9_-]{3,32}$
bool user_find(Db *db, Arena *arena, Str username, User *user);
Str user_name_of(Db *db, Arena *arena, int64_t user_id);  // empty: none
// Its id, 0: failed. `public_id`: see ids_public.
int64_t user_add(Db *db, Str public_id, Str username, Str totp_secret, int64_t totp_step, int64_t now_ms);
// Marks a code's step as used; false when it, or a later one, was used already.
bool user_use_step(Db *db, int64_t user_id, int64_t step, int64_t now_ms);
void user_replace_secret(Db *db, int64_t user_id, Str totp_secret, int64_t totp_step,
                         int64_t now_ms);  // uses the phrase up
void user_set_phrase(Db *db, int64_t user_id, Str phrase_hash, int64_t now_ms);
// `name`: a username, or an e-mail that was proved (none is both). False: no such user.
bool user_set_role(Db *db, Str name, bool staff, int64_t now_ms);
bool user_is_staff(Db *db, int64_t user_id);

#endif
