// A username and an authenticator added to an account by e-mail.
#include <stddef.h>

#include "core/auth.h"
#include "methods/account.h"
#include "models/account.h"
#include "models/candidate.h"
#include "models/user.h"
#include "shared/ids.h"

enum { CANDIDATE_MS = 5 * 60 * 1000, CODE_TRIES = 3 };

typedef struct UsernameInput {
  Str username;
  Str code;
} UsernameInput;

static const Field username_fields[] = {
    {.name = "username", .kind = FIELD_ANY_STRING, .offset = offsetof(UsernameInput, username)}};

// Whose name and secret wait for the first code.
static Str waiting_key(Call *call, const char *what) {
  Text id = {.arena = &call->arena};
  text_int(&id, call->who.user_id);
  return fast_key(&call->arena, what, text_str(&id));
}

static Error add_username(Call *call, const void *input) {
  const UsernameInput *in = input;
  Account account;
  User user;
  Candidate candidate;
  if (!user_name_valid(in->username)) return ERR_INVALID_USERNAME;
  if (!account_find(call->db, &call->arena, call->who.user_id, &account)) return ERR_INVALID_TOKEN;
  if (account.username.length > 0) return ERR_USER_ALREADY_EXISTS;
  if (user_find(call->db, &call->arena, in->username, &user)) return ERR_USER_ALREADY_EXISTS;
  if (candidate_find(call, in->username, &candidate)) return ERR_REGISTRATION_IN_PROGRESS;
  Str secret = ids_random(&call->arena, &call->env, AUTH_TOTP_SECRET_BYTES);
  Text waiting = {.arena = &call->arena};
  text_add(&waiting, secret);
  text_add(&waiting, in->username);
  call_remember(call, waiting_key(call, "username"), text_str(&waiting), CANDIDATE_MS);
  call_forget(call, waiting_key(call, "username_tries"));
  json_open(&call->reply, '{');
  json_name(&call->reply, "qr_url");
  json_add_str(&call->reply, candidate_address(&call->arena, in->username, secret));
  json_close(&call->reply, '}');
  return ERR_NONE;
}

const Method account_add_username = {.name = "account.add_username",
                                     .access = ACCESS_SIGNED_IN,
                                     .fields = username_fields,
                                     .field_count = 1,
                                     .input_bytes = sizeof(UsernameInput),
                                     .run = add_username};

static const Field code_fields[] = {
    {.name = "code", .kind = FIELD_ANY_STRING, .offset = offsetof(UsernameInput, code)}};

static Error verify_username(Call *call, const void *input) {
  const UsernameInput *in = input;
  Account account;
  User user;
  Str waiting;
  int64_t step;
  Str key = waiting_key(call, "username");
  if (!fast_get(call->fast, key, call->now_ms, &call->arena, &waiting)) return ERR_REGISTRATION_NOT_IN_PROGRESS;
  Str tries = waiting_key(call, "username_tries");
  if (call_count(call, tries, 1, CANDIDATE_MS) > CODE_TRIES) return ERR_TOO_MANY_VALIDATION_ATTEMPTS;
  Str secret = {waiting.at, AUTH_TOTP_SECRET_BYTES};
  Str username = {waiting.at + secret.length, waiting.length - secret.length};
  if (!auth_totp_matches(secret, in->code, call->now_ms, &step)) return ERR_INVALID_CODE;
  if (user_find(call->db, &call->arena, username, &user)) return ERR_USER_ALREADY_EXISTS;
  account_set_username(call, call->who.user_id, username, secret, step);
  call_forget(call, key);
  call_forget(call, tries);
  if (!account_find(call->db, &call->arena, call->who.user_id, &account)) return ERR_INVALID_TOKEN;
  account_write(&call->reply, &account);
  return ERR_NONE;
}

const Method account_verify_username = {.name = "account.verify_username",
                                        .access = ACCESS_SIGNED_IN,
                                        .fields = code_fields,
                                        .field_count = 1,
                                        .input_bytes = sizeof(UsernameInput),
                                        .run = verify_username};
