// Accounts by e-mail: signing up with a mailed code, signing in with a password, refreshing, and one's own sessions.
#include "methods/account.h"

#include <stddef.h>

#include "core/effect_wait.h"
#include "core/password.h"
#include "models/account.h"
#include "models/guesses.h"
#include "models/session.h"

enum {
  ACCOUNT_TRIES = 5,  // wrong passwords of one account (models/guesses.h)
  PASSWORD_MIN = 8,
  PASSWORD_MAX = 255,
  NAME_LENGTH_MAX = 100,
};

static const char door[] = "tickets";

typedef struct AccountInput {
  Str email;
  Str password;
  Str name;
  Str language;
  Str otp;
  int64_t user_id;
  // Between the steps:
  Str hash;     // of the password to be set; of one to be compared, as it was found
  Str renewed;  // of the same as the latter, to be kept in its place; empty: it need not be
} AccountInput;

#define EMAIL_FIELD \
  { .name = "email", .kind = FIELD_EMAIL, .offset = offsetof(AccountInput, email), .error = ERR_VALIDATION }
#define PASSWORD_FIELD                                                                                         \
  {                                                                                                            \
    .name = "password", .kind = FIELD_STRING, .offset = offsetof(AccountInput, password), .min = PASSWORD_MIN, \
    .max = PASSWORD_MAX, .error = ERR_VALIDATION                                                               \
  }
#define NAME_FIELD                                                                                  \
  {                                                                                                 \
    .name = "name", .kind = FIELD_STRING, .optional = true, .offset = offsetof(AccountInput, name), \
    .max = NAME_LENGTH_MAX, .error = ERR_VALIDATION                                                 \
  }
#define LANGUAGE_FIELD                                                                                                \
  {                                                                                                                   \
    .name = "language", .kind = FIELD_STRING, .optional = true, .offset = offsetof(AccountInput, language), .min = 2, \
    .max = 2, .error = ERR_VALIDATION                                                                                 \
  }
#define OTP_FIELD                                                                                          \
  {                                                                                                        \
    .name = "otp", .kind = FIELD_STRING, .offset = offsetof(AccountInput, otp), .min = SIGNUP_CODE_DIGITS, \
    .max = SIGNUP_CODE_DIGITS, .error = ERR_VALIDATION                                                     \
  }

static bool language_known(Str language) {
  return str_equal(language, STR("en")) || str_equal(language, STR("ru"));
}

static void reply_message(Call *call, const char *message) {
  json_open(&call->reply, '{');
  json_put_str(&call->reply, "message", str_from(message));
  json_close(&call->reply, '}');
}

static void reply_success(Call *call) {
  text_add(&call->reply, STR("{\"success\":true}"));
}

static Error reply_account(Call *call) {
  Account account;
  if (!account_find(call->db, &call->arena, call->who.user_id, &account)) return ERR_INVALID_TOKEN;
  account_write(&call->reply, &account);
  return ERR_NONE;
}

static void reply_signed_in(Call *call, int64_t user_id) {
  Account account;
  if (!account_find(call->db, &call->arena, user_id, &account)) return;
  json_open(&call->reply, '{');
  json_name(&call->reply, "user");
  account_write_signed_in(&call->reply, &account);
  json_close(&call->reply, '}');
}

// Codes by mail. A mail that cannot be sent is an answer: the method waits for its courier.

static Error answer_when_mailed(Call *call, Str key) {
  Error error = effect_wait(call, "mail", key, ERR_EMAIL_FAILED);
  if (error == ERR_NONE && call->waits_for.length == 0) reply_message(call, "Otp sent to email for verification");
  return error;
}

static Error mail_code(Call *call, const Signup *signup) {
  if (guesses_count(call, "codes", signup->email, 1) > CODES_TO_ADDRESS) return ERR_TOO_MANY_REQUESTS;
  return answer_when_mailed(call, signup_begin(call, signup));
}

// POST auth/signup/email

static const Field signup_fields[] = {EMAIL_FIELD, PASSWORD_FIELD, NAME_FIELD, LANGUAGE_FIELD};

static Error hash_password(Call *call, void *input) {
  AccountInput *in = input;
  if (call->waited_for.length > 0) return ERR_NONE;  // it was kept by the first run
  return password_hash(&call->arena, &call->env, in->password, &in->hash);
}

static Error sign_up(Call *call, const void *input) {
  const AccountInput *in = input;
  Account account;
  if (call->waited_for.length > 0) return answer_when_mailed(call, effect_waited_for(call));
  if (in->language.length > 0 && !language_known(in->language)) return ERR_VALIDATION;
  if (account_find_by_email(call->db, &call->arena, in->email, &account) && account.confirmed) return ERR_USER_EXISTS;
  Str language = in->language.length > 0 ? in->language : STR("en");
  return mail_code(
      call, &(Signup){.email = in->email, .password_hash = in->hash, .name = str_trim(in->name), .language = language});
}

const Method account_signup = {.name = "account.signup",
                               .fields = signup_fields,
                               .field_count = 4,
                               .input_bytes = sizeof(AccountInput),
                               .late = ERR_EMAIL_FAILED,
                               .prepare = hash_password,
                               .run = sign_up};

// POST auth/verify-otp

static const Field otp_fields[] = {EMAIL_FIELD, OTP_FIELD};

// A wrong code is counted, and that is kept.
static bool code_is_right(Call *call, const Signup *signup, Str otp) {
  if (signup_matches(call, signup, otp)) return true;
  call->refusal = ERR_OTP_INVALID;
  return false;
}

static void welcome(Call *call, int64_t user_id, const Signup *signup) {
  Account account;
  if (!account_find(call->db, &call->arena, user_id, &account)) return;
  Text payload = {.arena = &call->arena};
  json_open(&payload, '{');
  json_put_str(&payload, "template", STR("welcome"));
  json_put_str(&payload, "to", signup->email);
  json_put_str(&payload, "language", account.language);
  json_name(&payload, "args");
  json_open(&payload, '{');
  json_put_str(&payload, "name", account.name);
  json_close(&payload, '}');
  json_close(&payload, '}');
  call_effect(call, "mail", fast_key(&call->arena, "welcome", account.public_id), text_str(&payload), call->now_ms);
}

// The account of a proved address: a new one, or one that another door made and that had not proved it.
static int64_t settle_account(Call *call, const Signup *signup, const Account *old) {
  if (old == NULL) return account_add(call, signup->email, true, signup->password_hash, signup->name, signup->language);
  account_set_password(call, old->id, signup->password_hash);
  account_set_email(call, old->id, signup->email);
  if (signup->name.length > 0) account_set_name(call, old->id, signup->name);
  session_end_all(call, old->id);  // whoever had not proved the address
  return old->id;
}

static Error verify_otp(Call *call, const void *input) {
  const AccountInput *in = input;
  Signup signup;
  Account old;
  if (guesses_count_address(call, 1) > GUESSES_OF_ADDRESS) return ERR_TOO_MANY_REQUESTS;
  if (!signup_find(call, in->email, &signup)) return ERR_OTP_INVALID;
  if (!code_is_right(call, &signup, in->otp)) return ERR_NONE;
  bool exists = account_find_by_email(call->db, &call->arena, in->email, &old);
  if (exists && old.confirmed) return ERR_USER_EXISTS;
  int64_t user_id = settle_account(call, &signup, exists ? &old : NULL);
  signup_end(call, &signup);
  welcome(call, user_id, &signup);
  session_open_refreshed(call, user_id, door);
  reply_signed_in(call, user_id);
  guesses_count_address(call, -1);
  return ERR_NONE;
}

const Method account_verify_otp = {.name = "account.verify_otp",
                                   .fields = otp_fields,
                                   .field_count = 2,
                                   .input_bytes = sizeof(AccountInput),
                                   .run = verify_otp};

// POST auth/login/email: a look at the account, the work of its hash, and the session.

static const Field login_fields[] = {EMAIL_FIELD, PASSWORD_FIELD};

// An address that nobody has costs as much as one with a wrong password.
static Error check_password(Call *call, void *input) {
  AccountInput *in = input;
  if (!password_matches(&call->arena, in->hash, in->password)) return ERR_INVALID_CREDENTIALS;
  return password_is_ours(in->hash) ? ERR_NONE : password_hash(&call->arena, &call->env, in->password, &in->renewed);
}

static Error open_session(Call *call, const void *input) {
  const AccountInput *in = input;
  Account account;
  bool stands = account_find(call->db, &call->arena, in->user_id, &account) && account.confirmed &&
                str_equal(account.password_hash, in->hash);  // a new one was set meanwhile: this one opens no door
  if (!stands) return ERR_INVALID_CREDENTIALS;
  if (in->renewed.length > 0) account_set_password(call, in->user_id, in->renewed);
  session_open_refreshed(call, in->user_id, door);
  reply_signed_in(call, in->user_id);
  guesses_count_address(call, -1);
  call_forget(call, fast_key(&call->arena, "login", in->email));
  return ERR_NONE;
}

static const Method open_session_method = {
    .name = "account.login", .input_bytes = sizeof(AccountInput), .prepare = check_password, .run = open_session};

static Error login(Call *call, const void *input) {
  (void)input;
  AccountInput *in = call->input;
  Account account;
  if (guesses_count_address(call, 1) > GUESSES_OF_ADDRESS) return ERR_TOO_MANY_LOGIN_ATTEMPTS;
  if (guesses_count(call, "login", in->email, 1) > ACCOUNT_TRIES) return ERR_TOO_MANY_LOGIN_ATTEMPTS;
  if (account_find_by_email(call->db, &call->arena, in->email, &account) && account.confirmed) {
    in->hash = account.password_hash;
    in->user_id = account.id;
  }
  call->follow = &open_session_method;
  return ERR_NONE;
}

const Method account_login = {.name = "account.login",
                              .reads_only = true,
                              .fields = login_fields,
                              .field_count = 2,
                              .input_bytes = sizeof(AccountInput),
                              .run = login};

// POST auth/refresh

typedef struct RefreshInput {
  Str token;
} RefreshInput;

static const Field refresh_fields[] = {{.name = "refreshToken",
                                        .kind = FIELD_STRING,
                                        .offset = offsetof(RefreshInput, token),
                                        .min = 1,
                                        .max = 4096,
                                        .error = ERR_VALIDATION}};

static Error refresh(Call *call, const void *input) {
  const RefreshInput *in = input;
  Error error = session_refresh(call, in->token, door);
  if (error != ERR_NONE || call->refusal != ERR_NONE) return error;
  reply_signed_in(call, call->granted.user_id);
  return ERR_NONE;
}

const Method account_refresh = {.name = "account.refresh",
                                .fields = refresh_fields,
                                .field_count = 1,
                                .input_bytes = sizeof(RefreshInput),
                                .run = refresh};

// POST auth/renew: whose session stands is known by then, and what it is given is for the door to say.

static Error renew(Call *call, const void *input) {
  (void)input;
  call->granted = call->who;
  return ERR_NONE;
}

const Method account_renew = {.name = "account.renew", .access = ACCESS_SIGNED_IN, .reads_only = true, .run = renew};

// POST auth/logout

static Error logout(Call *call, const void *input) {
  (void)input;
  session_end(call, call->who.user_id, call->who.sid);
  call->session_over = true;
  reply_message(call, "Logout successful");
  return ERR_NONE;
}

const Method account_logout = {.name = "account.logout", .access = ACCESS_SIGNED_IN, .run = logout};

// account

static Error get_account(Call *call, const void *input) {
  (void)input;
  return reply_account(call);
}

const Method account_get = {.name = "account.get", .access = ACCESS_SIGNED_IN, .reads_only = true, .run = get_account};

static const Field change_fields[] = {NAME_FIELD, LANGUAGE_FIELD};

static Error change_account(Call *call, const void *input) {
  const AccountInput *in = input;
  if (in->language.length > 0 && !language_known(in->language)) return ERR_VALIDATION;
  // A name that was not given is no empty name.
  if (in->name.at != NULL) account_set_name(call, call->who.user_id, str_trim(in->name));
  if (in->language.length > 0) account_set_language(call, call->who.user_id, in->language);
  return reply_account(call);
}

const Method account_change = {.name = "account.change",
                               .access = ACCESS_SIGNED_IN,
                               .fields = change_fields,
                               .field_count = 2,
                               .input_bytes = sizeof(AccountInput),
                               .run = change_account};

// account/sessions

static Error sessions(Call *call, const void *input) {
  (void)input;
  session_write_list(call, &call->reply, call->who.user_id, call->who.sid);
  return ERR_NONE;
}

const Method account_sessions = {
    .name = "account.sessions", .access = ACCESS_SIGNED_IN, .reads_only = true, .run = sessions};

typedef struct SessionInput {
  Str sid;
} SessionInput;

static const Field session_fields[] = {{.name = "id",
                                        .kind = FIELD_STRING,
                                        .offset = offsetof(SessionInput, sid),
                                        .min = 1,
                                        .max = 64,
                                        .error = ERR_SESSION_NOT_FOUND}};

static Error end_session(Call *call, const void *input) {
  const SessionInput *in = input;
  if (!session_is_of(call->db, call->who.user_id, in->sid)) return ERR_SESSION_NOT_FOUND;
  session_end(call, call->who.user_id, in->sid);
  call->session_over = str_equal(in->sid, call->who.sid);
  reply_success(call);
  return ERR_NONE;
}

const Method account_end_session = {.name = "account.end_session",
                                    .access = ACCESS_SIGNED_IN,
                                    .fields = session_fields,
                                    .field_count = 1,
                                    .input_bytes = sizeof(SessionInput),
                                    .run = end_session};

static Error end_sessions(Call *call, const void *input) {
  (void)input;
  session_end_others(call, call->who.user_id, call->who.sid);
  reply_success(call);
  return ERR_NONE;
}

const Method account_end_sessions = {.name = "account.end_sessions", .access = ACCESS_SIGNED_IN, .run = end_sessions};

static Error touch(Call *call, const void *input) {
  (void)input;
  session_touch(call);
  return ERR_NONE;
}

const Method account_touch = {.name = "account.touch", .run = touch};

// POST account/email, account/email/verify

static Error add_email(Call *call, const void *input) {
  const AccountInput *in = input;
  Account other, account;
  if (call->waited_for.length > 0) return answer_when_mailed(call, effect_waited_for(call));
  if (!account_find(call->db, &call->arena, call->who.user_id, &account)) return ERR_INVALID_TOKEN;
  if (account.email.length > 0) return ERR_USER_EXISTS;
  if (account_find_by_email(call->db, &call->arena, in->email, &other)) return ERR_USER_EXISTS;
  return mail_code(call, &(Signup){.email = in->email, .user_id = account.id, .language = account.language});
}

static const Field email_fields[] = {EMAIL_FIELD};

const Method account_add_email = {.name = "account.add_email",
                                  .access = ACCESS_SIGNED_IN,
                                  .fields = email_fields,
                                  .field_count = 1,
                                  .input_bytes = sizeof(AccountInput),
                                  .late = ERR_EMAIL_FAILED,
                                  .run = add_email};

static const Field code_fields[] = {OTP_FIELD};

static Error verify_email(Call *call, const void *input) {
  const AccountInput *in = input;
  Signup signup;
  Account other, account;
  if (guesses_count_address(call, 1) > GUESSES_OF_ADDRESS) return ERR_TOO_MANY_REQUESTS;
  if (!signup_find_of(call, call->who.user_id, &signup)) return ERR_OTP_INVALID;
  if (!code_is_right(call, &signup, in->otp)) return ERR_NONE;
  if (!account_find(call->db, &call->arena, call->who.user_id, &account)) return ERR_INVALID_TOKEN;
  if (account.email.length > 0) return ERR_USER_EXISTS;  // by another code, meanwhile
  if (account_find_by_email(call->db, &call->arena, signup.email, &other)) return ERR_USER_EXISTS;
  account_set_email(call, call->who.user_id, signup.email);
  signup_end(call, &signup);
  guesses_count_address(call, -1);
  return reply_account(call);
}

const Method account_verify_email = {.name = "account.verify_email",
                                     .access = ACCESS_SIGNED_IN,
                                     .fields = code_fields,
                                     .field_count = 1,
                                     .input_bytes = sizeof(AccountInput),
                                     .run = verify_email};
