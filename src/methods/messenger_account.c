// Accounts at the messenger door: signing up with a mailed link, and what one changes of oneself.
#include "methods/messenger_account.h"

#include <stddef.h>
#include <string.h>

#include "core/effect_wait.h"
#include "core/password.h"
#include "models/account.h"
#include "models/guesses.h"
#include "models/mailed_link.h"
#include "models/session.h"

enum {
  NAME_LENGTH_MIN = 2,
  NAME_LENGTH_MAX = 20,
  EMAIL_MAX = 254,
  PASSWORD_MIN = 8,
  PASSWORD_MAX = 100,
  BIO_MAX = 100,
  TRIES = 10
};

typedef struct AccountInput {
  Str name;
  Str email;  // as typed
  Str password;
  Str new_password;
  Str bio;
  Str language;
  // Between the steps:
  Str hash;      // of the account's password, as it was found
  Str new_hash;  // of the new one
} AccountInput;

#define TEXT_FIELD(its_name, member, its_min, its_max)                                                    \
  {                                                                                                       \
    .name = (its_name), .kind = FIELD_STRING, .offset = offsetof(AccountInput, member), .min = (its_min), \
    .max = (its_max), .error = ERR_VALIDATION                                                             \
  }

static bool is_email(Str text) {
  return text.length > 0 && memchr(text.at, '@', text.length) != NULL;
}

static bool is_taken(Call *call, Str email) {
  Account account;
  return account_find_by_email(call->db, &call->arena, email, &account);
}

// POST user: a look whether the e-mail is free, the work of the hash, the account and its mail.

static const Field sign_up_fields[] = {
    TEXT_FIELD("name", name, NAME_LENGTH_MIN, NAME_LENGTH_MAX),
    TEXT_FIELD("email", email, 1, EMAIL_MAX),
    TEXT_FIELD("password", password, PASSWORD_MIN, PASSWORD_MAX),
    {.name = "language", .kind = FIELD_ANY_STRING, .offset = offsetof(AccountInput, language)},
};

static Error refuse_taken(Call *call, Str typed) {
  text_format(&call->reply, "Email %.*s already in use", STR_ARG(typed));
  return ERR_EMAIL_IN_USE;
}

static Error hash_password(Call *call, void *input) {
  AccountInput *in = input;
  return password_hash(&call->arena, &call->env, in->password, &in->new_hash);
}

static Error make_account(Call *call, const void *input) {
  const AccountInput *in = input;
  Str email = account_email(&call->arena, in->email);
  Str language = str_equal(in->language, STR("ru")) ? STR("ru") : STR("en");
  if (is_taken(call, email)) return refuse_taken(call, in->email);
  int64_t user_id = account_add(call, email, false, in->new_hash, in->name, language);
  return effect_wait(call, "mail", mailed_link_send(call, LINK_CONFIRM, user_id, email, language),
                     ERR_SIGNUP_MAIL_FAILED);
}

static const Method make_account_method = {
    .name = "messenger.sign_up", .input_bytes = sizeof(AccountInput), .prepare = hash_password, .run = make_account};

static Error sign_up(Call *call, const void *input) {
  const AccountInput *in = input;
  if (call->waited_for.length > 0) {
    return effect_wait(call, "mail", effect_waited_for(call), ERR_SIGNUP_MAIL_FAILED);
  }
  if (!is_email(in->email)) return ERR_VALIDATION;
  if (is_taken(call, account_email(&call->arena, in->email))) return refuse_taken(call, in->email);
  call->follow = &make_account_method;
  return ERR_NONE;
}

const Method messenger_sign_up = {.name = "messenger.sign_up",
                                  .reads_only = true,
                                  .fields = sign_up_fields,
                                  .field_count = 4,
                                  .input_bytes = sizeof(AccountInput),
                                  .late = ERR_SIGNUP_MAIL_FAILED,
                                  .run = sign_up};

// POST user/check-email

static const Field email_fields[] = {TEXT_FIELD("email", email, 1, EMAIL_MAX)};

static Error check_email(Call *call, const void *input) {
  const AccountInput *in = input;
  if (!is_email(in->email)) return ERR_VALIDATION;
  return is_taken(call, account_email(&call->arena, in->email)) ? ERR_EMAIL_IN_USE : ERR_NONE;
}

const Method messenger_check_email = {.name = "messenger.check_email",
                                      .reads_only = true,
                                      .fields = email_fields,
                                      .field_count = 1,
                                      .input_bytes = sizeof(AccountInput),
                                      .run = check_email};

// What asks for the password again: a look at its hash, the work of comparing, and then `next`.

static Str caller(Call *call) {
  Text id = {.arena = &call->arena};
  text_int(&id, call->who.user_id);
  return text_str(&id);
}

static Error ask_password(Call *call, const Method *next) {
  AccountInput *in = call->input;
  Account account;
  if (guesses_count(call, "password", caller(call), 1) > TRIES) return ERR_TOO_MANY_REQUESTS;
  if (!account_find(call->db, &call->arena, call->who.user_id, &account)) return ERR_INVALID_TOKEN;
  in->hash = account.password_hash;
  call->follow = next;
  return ERR_NONE;
}

static Error check_password(Call *call, void *input) {
  const AccountInput *in = input;
  return password_matches(&call->arena, in->hash, in->password) ? ERR_NONE : ERR_WRONG_PASSWORD;
}

// The account, if the password that was compared is still its own.
static bool find_as_compared(Call *call, const AccountInput *in, Account *account) {
  return account_find(call->db, &call->arena, call->who.user_id, account) &&
         str_equal(account->password_hash, in->hash);
}

static void password_was_right(Call *call) {
  call_forget(call, fast_key(&call->arena, "password", caller(call)));
}

// POST user/change/password

static const Field password_fields[] = {
    TEXT_FIELD("oldPassword", password, 1, UINT32_MAX),
    TEXT_FIELD("newPassword", new_password, PASSWORD_MIN, PASSWORD_MAX),
};

static Error check_and_hash(Call *call, void *input) {
  AccountInput *in = input;
  Error error = check_password(call, input);
  return error == ERR_NONE ? password_hash(&call->arena, &call->env, in->new_password, &in->new_hash) : error;
}

static Error set_password(Call *call, const void *input) {
  const AccountInput *in = input;
  Account account;
  if (!find_as_compared(call, in, &account)) return ERR_WRONG_PASSWORD;
  account_set_password(call, account.id, in->new_hash);
  mailed_link_drop(call, LINK_RESET, account.id);
  mailed_link_drop(call, LINK_CHANGE, account.id);  // whoever knew the old password may have asked for it
  session_end_others(call, account.id, call->who.sid);
  password_was_right(call);
  return ERR_NONE;
}

static const Method set_password_method = {.name = "messenger.change_password",
                                           .input_bytes = sizeof(AccountInput),
                                           .prepare = check_and_hash,
                                           .run = set_password};

static Error change_password(Call *call, const void *input) {
  (void)input;
  return ask_password(call, &set_password_method);
}

const Method messenger_change_password = {.name = "messenger.change_password",
                                          .access = ACCESS_SIGNED_IN,
                                          .reads_only = true,
                                          .fields = password_fields,
                                          .field_count = 2,
                                          .input_bytes = sizeof(AccountInput),
                                          .run = change_password};

// POST user/change/name, user/change/bio

static const Field name_fields[] = {TEXT_FIELD("newName", name, NAME_LENGTH_MIN, NAME_LENGTH_MAX)};

static Error change_name(Call *call, const void *input) {
  const AccountInput *in = input;
  account_set_name(call, call->who.user_id, in->name);
  return ERR_NONE;
}

const Method messenger_change_name = {.name = "messenger.change_name",
                                      .access = ACCESS_SIGNED_IN,
                                      .fields = name_fields,
                                      .field_count = 1,
                                      .input_bytes = sizeof(AccountInput),
                                      .run = change_name};

static const Field bio_fields[] = {TEXT_FIELD("newBio", bio, 0, BIO_MAX)};

static Error change_bio(Call *call, const void *input) {
  const AccountInput *in = input;
  account_set_bio(call, call->who.user_id, in->bio);
  return ERR_NONE;
}

const Method messenger_change_bio = {.name = "messenger.change_bio",
                                     .access = ACCESS_SIGNED_IN,
                                     .fields = bio_fields,
                                     .field_count = 1,
                                     .input_bytes = sizeof(AccountInput),
                                     .run = change_bio};

// POST user/change/email

static const Field change_email_fields[] = {
    TEXT_FIELD("password", password, 1, UINT32_MAX),
    TEXT_FIELD("newEmail", email, 1, EMAIL_MAX),
};

static Error send_change(Call *call, const void *input) {
  const AccountInput *in = input;
  Account account;
  Str email = account_email(&call->arena, in->email);
  if (!find_as_compared(call, in, &account)) return ERR_WRONG_PASSWORD;
  if (is_taken(call, email)) return ERR_EMAIL_IN_USE;
  if (guesses_count(call, "codes", email, 1) > CODES_TO_ADDRESS) return ERR_TOO_MANY_REQUESTS;
  password_was_right(call);
  return effect_wait(call, "mail", mailed_link_send(call, LINK_CHANGE, account.id, email, account.language),
                     ERR_CHANGE_MAIL_FAILED);
}

static const Method send_change_method = {.name = "messenger.change_email",
                                          .input_bytes = sizeof(AccountInput),
                                          .prepare = check_password,
                                          .run = send_change};

static Error change_email(Call *call, const void *input) {
  const AccountInput *in = input;
  if (call->waited_for.length > 0) {
    return effect_wait(call, "mail", effect_waited_for(call), ERR_CHANGE_MAIL_FAILED);
  }
  if (!is_email(in->email)) return ERR_VALIDATION;
  if (is_taken(call, account_email(&call->arena, in->email))) return ERR_EMAIL_IN_USE;
  return ask_password(call, &send_change_method);
}

const Method messenger_change_email = {.name = "messenger.change_email",
                                       .access = ACCESS_SIGNED_IN,
                                       .reads_only = true,
                                       .fields = change_email_fields,
                                       .field_count = 2,
                                       .input_bytes = sizeof(AccountInput),
                                       .late = ERR_CHANGE_MAIL_FAILED,
                                       .run = change_email};

// DELETE user

static const Field delete_fields[] = {TEXT_FIELD("password", password, 1, UINT32_MAX)};

static Error delete_now(Call *call, const void *input) {
  Account account;
  if (!find_as_compared(call, input, &account)) return ERR_WRONG_PASSWORD;
  account_delete(call, account.id);
  call->session_over = true;
  return ERR_NONE;
}

static const Method delete_now_method = {.name = "messenger.delete_account",
                                         .input_bytes = sizeof(AccountInput),
                                         .prepare = check_password,
                                         .run = delete_now};

static Error delete_account(Call *call, const void *input) {
  (void)input;
  return ask_password(call, &delete_now_method);
}

const Method messenger_delete_account = {.name = "messenger.delete_account",
                                         .access = ACCESS_SIGNED_IN,
                                         .reads_only = true,
                                         .fields = delete_fields,
                                         .field_count = 1,
                                         .input_bytes = sizeof(AccountInput),
                                         .run = delete_account};
