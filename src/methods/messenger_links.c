// Links that were mailed to people: what following one does.
#include <stddef.h>

#include "core/password.h"
#include "methods/messenger_account.h"
#include "models/account.h"
#include "models/guesses.h"
#include "models/mailed_link.h"
#include "models/session.h"

enum { EMAIL_MIN = 3, EMAIL_MAX = 254, PASSWORD_MIN = 8, PASSWORD_MAX = 100 };

typedef struct LinkInput {
  int64_t user_id;
  Str token;
  Str email;
  Str new_password;
  Str hash;  // between the steps
} LinkInput;

#define TEXT_FIELD(its_name, member, its_min, its_max)                                                 \
  {                                                                                                    \
    .name = (its_name), .kind = FIELD_STRING, .offset = offsetof(LinkInput, member), .min = (its_min), \
    .max = (its_max), .error = ERR_VALIDATION                                                          \
  }
#define ID_FIELD \
  { .name = "id", .kind = FIELD_ID, .offset = offsetof(LinkInput, user_id), .error = ERR_VALIDATION }
#define TOKEN_FIELD TEXT_FIELD("token", token, 1, UINT32_MAX)

static const Field link_fields[] = {ID_FIELD, TOKEN_FIELD};

// GET email/confirm-email

static Error confirm(Call *call, const void *input) {
  const LinkInput *in = input;
  Account account;
  bool good = mailed_link_find(call, LINK_CONFIRM, in->user_id, in->token, NULL) &&
              account_find(call->db, &call->arena, in->user_id, &account);
  if (!good) return ERR_CONFIRM_LINK_INVALID;
  account_set_email(call, account.id, account.email);
  return ERR_NONE;
}

const Method messenger_follow_confirm = {.name = "messenger.follow_confirm",
                                         .fields = link_fields,
                                         .field_count = 2,
                                         .input_bytes = sizeof(LinkInput),
                                         .run = confirm};

// POST user/reset-password. Whether there is such an account is not told; nor is who is mailed too often.

static const Field ask_fields[] = {TEXT_FIELD("email", email, EMAIL_MIN, EMAIL_MAX)};

static Error ask_reset(Call *call, const void *input) {
  const LinkInput *in = input;
  Account account;
  Str email = account_email(&call->arena, in->email);
  bool often = guesses_count(call, "codes", email, 1) > CODES_TO_ADDRESS;
  if (often || !account_find_by_email(call->db, &call->arena, email, &account)) return ERR_NONE;
  mailed_link_send(call, LINK_RESET, account.id, email, account.language);
  return ERR_NONE;
}

const Method messenger_ask_reset = {.name = "messenger.ask_reset",
                                    .fields = ask_fields,
                                    .field_count = 1,
                                    .input_bytes = sizeof(LinkInput),
                                    .run = ask_reset};

// POST email/reset-password: a look at the link, the work of the hash, the new password. Who has followed the link has
// the address, so it is confirmed.

static const Field reset_fields[] = {ID_FIELD, TOKEN_FIELD,
                                     TEXT_FIELD("newPassword", new_password, PASSWORD_MIN, PASSWORD_MAX)};

static Error hash_password(Call *call, void *input) {
  LinkInput *in = input;
  return password_hash(&call->arena, &call->env, in->new_password, &in->hash);
}

static Error set_password(Call *call, const void *input) {
  const LinkInput *in = input;
  Account account;
  if (!mailed_link_find(call, LINK_RESET, in->user_id, in->token, NULL)) return ERR_RESET_LINK_INVALID;
  if (!account_find(call->db, &call->arena, in->user_id, &account)) return ERR_PERSON_NOT_FOUND;
  account_set_password(call, account.id, in->hash);
  account_set_email(call, account.id, account.email);
  session_end_all(call, account.id);
  mailed_link_drop(call, LINK_RESET, account.id);
  mailed_link_drop(call, LINK_CHANGE, account.id);  // whoever knew the old password may have asked for it
  return ERR_NONE;
}

static const Method set_password_method = {
    .name = "messenger.follow_reset", .input_bytes = sizeof(LinkInput), .prepare = hash_password, .run = set_password};

static Error follow_reset(Call *call, const void *input) {
  const LinkInput *in = input;
  if (!mailed_link_find(call, LINK_RESET, in->user_id, in->token, NULL)) return ERR_RESET_LINK_INVALID;
  call->follow = &set_password_method;
  return ERR_NONE;
}

const Method messenger_follow_reset = {.name = "messenger.follow_reset",
                                       .reads_only = true,
                                       .fields = reset_fields,
                                       .field_count = 3,
                                       .input_bytes = sizeof(LinkInput),
                                       .run = follow_reset};

// GET email/change-email

static Error change(Call *call, const void *input) {
  const LinkInput *in = input;
  Account account, other;
  Str email;
  bool good = mailed_link_find(call, LINK_CHANGE, in->user_id, in->token, &email) &&
              account_find(call->db, &call->arena, in->user_id, &account);
  if (!good) return ERR_CHANGE_LINK_INVALID;
  if (account_find_by_email(call->db, &call->arena, email, &other)) return ERR_EMAIL_IN_USE;  // since it was mailed
  account_set_email(call, account.id, email);
  mailed_link_drop(call, LINK_CHANGE, account.id);
  mailed_link_drop(call, LINK_RESET, account.id);  // it went to the old address
  return ERR_NONE;
}

const Method messenger_follow_change = {.name = "messenger.follow_change",
                                        .fields = link_fields,
                                        .field_count = 2,
                                        .input_bytes = sizeof(LinkInput),
                                        .run = change};

// A mail is over.

typedef struct MailInput {
  Str lost;
} MailInput;

static const Field mail_fields[] = {{.name = "lost",
                                     .kind = FIELD_WORD,
                                     .offset = offsetof(MailInput, lost),
                                     .optional = true,
                                     .error = ERR_VALIDATION}};

static Error mail_over(Call *call, const void *input) {
  const MailInput *in = input;
  if (in->lost.length > 0) mailed_link_lost(call, in->lost);
  return ERR_NONE;
}

const Method messenger_mail_over = {.name = "messenger.mail_over",
                                    .fields = mail_fields,
                                    .field_count = 1,
                                    .input_bytes = sizeof(MailInput),
                                    .run = mail_over};
