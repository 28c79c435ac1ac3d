// Signing in at the messenger door.
#include "methods/messenger_session.h"

#include <stddef.h>

#include "core/password.h"
#include "models/account.h"
#include "models/guesses.h"
#include "models/session.h"

enum { ACCOUNT_TRIES = 10, EMAIL_MAX = 254, PLACE_LENGTH_MAX = 1024 };

typedef struct LoginInput {
  Str email;
  Str password;
  Str os;
  Str browser;
  int64_t user_id;
  Str token;
  // Between the steps:
  Str hash;     // of the account's password, as it was found
  Str renewed;  // of the same, to be kept in its place; empty: it need not be
} LoginInput;

#define TEXT_FIELD(its_name, member, its_max)                                                                     \
  {                                                                                                               \
    .name = (its_name), .kind = FIELD_STRING, .offset = offsetof(LoginInput, member), .min = 1, .max = (its_max), \
    .error = ERR_VALIDATION                                                                                       \
  }

static Error reply_granted(Call *call) {
  json_open(&call->reply, '{');
  json_put_int(&call->reply, "userID", call->granted.user_id);
  json_close(&call->reply, '}');
  return ERR_NONE;
}

// POST auth/login: a look at the account, the work of its hash, and the session.

static const Field login_fields[] = {
    TEXT_FIELD("email", email, UINT32_MAX),
    TEXT_FIELD("password", password, UINT32_MAX),
    TEXT_FIELD("os", os, PLACE_LENGTH_MAX),
    TEXT_FIELD("browser", browser, PLACE_LENGTH_MAX),
};

// An address that nobody has costs as much as one with a wrong password.
static Error check_password(Call *call, void *input) {
  LoginInput *in = input;
  if (!password_matches(&call->arena, in->hash, in->password)) return ERR_INVALID_CREDENTIALS;
  return password_is_ours(in->hash) ? ERR_NONE : password_hash(&call->arena, &call->env, in->password, &in->renewed);
}

static Error open_session(Call *call, const void *input) {
  const LoginInput *in = input;
  Account account;
  bool stands = account_find(call->db, &call->arena, in->user_id, &account) &&
                str_equal(account.password_hash, in->hash);  // a new one was set meanwhile: this one opens no door
  if (!stands) return ERR_INVALID_CREDENTIALS;
  if (!account.confirmed) return ERR_EMAIL_NOT_CONFIRMED;
  if (in->renewed.length > 0) account_set_password(call, in->user_id, in->renewed);
  session_open_at(call, in->user_id, in->os, in->browser);
  guesses_count_address(call, -1);
  call_forget(call, fast_key(&call->arena, "login", in->email));
  return reply_granted(call);
}

static const Method open_session_method = {
    .name = "messenger.login", .input_bytes = sizeof(LoginInput), .prepare = check_password, .run = open_session};

static Error login(Call *call, const void *input) {
  (void)input;
  LoginInput *in = call->input;
  Account account;
  in->email = account_email(&call->arena, in->email);
  if (guesses_count_address(call, 1) > GUESSES_OF_ADDRESS) return ERR_TOO_MANY_LOGIN_ATTEMPTS;
  if (str_code_points(in->email) > EMAIL_MAX) return ERR_INVALID_CREDENTIALS;  // nobody's: not to be remembered
  if (guesses_count(call, "login", in->email, 1) > ACCOUNT_TRIES) return ERR_TOO_MANY_LOGIN_ATTEMPTS;
  if (account_find_by_email(call->db, &call->arena, in->email, &account)) {
    in->hash = account.password_hash;
    in->user_id = account.id;
  }
  call->follow = &open_session_method;
  return ERR_NONE;
}

const Method messenger_login = {.name = "messenger.login",
                                .reads_only = true,
                                .fields = login_fields,
                                .field_count = 4,
                                .input_bytes = sizeof(LoginInput),
                                .run = login};

// POST auth/refresh-token

static const Field refresh_fields[] = {
    {.name = "userID", .kind = FIELD_NUMBER, .offset = offsetof(LoginInput, user_id), .error = ERR_VALIDATION},
    TEXT_FIELD("refreshToken", token, UINT32_MAX),
    TEXT_FIELD("os", os, PLACE_LENGTH_MAX),
    TEXT_FIELD("browser", browser, PLACE_LENGTH_MAX),
};

static Error refresh(Call *call, const void *input) {
  const LoginInput *in = input;
  Error error = session_refresh_at(call, in->user_id, in->token, in->os, in->browser);
  return error == ERR_NONE && call->refusal == ERR_NONE ? reply_granted(call) : error;
}

const Method messenger_refresh = {.name = "messenger.refresh",
                                  .fields = refresh_fields,
                                  .field_count = 4,
                                  .input_bytes = sizeof(LoginInput),
                                  .run = refresh};

// An expired token speaks for a session only where that was begun.
static Error identify(Call *call, const void *input) {
  const MessengerHandshake *in = input;
  Identity who;
  bool late = call->who.expires_ms <= call->now_ms;
  if (!session_find(call->db, &call->arena, call->who.sid, &who)) return ERR_NONE;
  if (late && !session_is_at(call, call->who.sid, in->os, in->browser)) return ERR_NONE;
  call->granted = who;
  call->granted.expires_ms = call->who.expires_ms;
  return ERR_NONE;
}

const Method messenger_identify = {
    .name = "messenger.identify", .reads_only = true, .input_bytes = sizeof(MessengerHandshake), .run = identify};
