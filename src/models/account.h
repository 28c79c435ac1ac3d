// Accounts by e-mail and password, and addresses that have yet to prove themselves by a code. On a store thread, in the
// call's transaction. E-mails are trimmed and in lower case (FIELD_EMAIL).
#ifndef FOYER_MODELS_ACCOUNT_H
#define FOYER_MODELS_ACCOUNT_H

#include "core/call.h"

typedef struct Account {
  int64_t id;
  Str public_id;
  Str username;       // empty: none
  Str email;          // empty: none
  Str name;           // empty: none
  Str language;       // "en", "ru"
  Str password_hash;  // empty: none
  bool confirmed;     // the e-mail is
  bool staff;
  int64_t created_at;
  int64_t updated_at;
} Account;

// An e-mail as it is kept and compared: trimmed and in lower case.
Str account_email(Arena *arena, Str typed);

// People who were not deleted.
bool account_find(Db *db, Arena *arena, int64_t user_id, Account *account);
bool account_find_by_email(Db *db, Arena *arena, Str email, Account *account);

// A new account; its id. `confirmed`: its address was proved.
int64_t account_add(Call *call, Str email, bool confirmed, Str password_hash, Str name, Str language);
void account_set_password(Call *call, int64_t user_id, Str password_hash);
void account_set_email(Call *call, int64_t user_id, Str email);  // proved
void account_set_name(Call *call, int64_t user_id, Str name);
void account_set_language(Call *call, int64_t user_id, Str language);
void account_set_bio(Call *call, int64_t user_id, Str bio);
void account_set_username(Call *call, int64_t user_id, Str username, Str totp_secret, int64_t totp_step);

// Deletes an account, for good: no way to sign in is left, its e-mail is free for another, every session ends. The row
// stays, and with it what others have a share in: the dialogs, readable to the other side under the name "deleted", and
// what the box office must be able to show.
void account_delete(Call *call, int64_t user_id);

void account_write(Text *out, const Account *account);            // as GET /account shows it
void account_write_signed_in(Text *out, const Account *account);  // `user` of a sign-in

// An address that was sent a code.
typedef struct Signup {
  Str email;
  int64_t user_id;  // whose e-mail it shall become; 0: of a new account
  Str password_hash;
  Str name;
  Str language;
  Str code_hash;
  int64_t tries;  // wrong ones
  Str mail_key;   // of its mail among the effects
} Signup;

enum { SIGNUP_TRIES = 5, SIGNUP_CODE_DIGITS = 6 };

// Makes a code for the address, in place of one it was sent before, and has it mailed; gives the topic that tells when
// the mail was sent.
Str signup_begin(Call *call, const Signup *signup);
// The code that an address was sent, while it is good; by the address (of new accounts), or by whose it shall become.
bool signup_find(Call *call, Str email, Signup *signup);
bool signup_find_of(Call *call, int64_t user_id, Signup *signup);
// Whether this is its code. If not, the try is counted (keep it by call->refusal) and the last one takes it away.
bool signup_matches(Call *call, const Signup *signup, Str code);
void signup_end(Call *call, const Signup *signup);

#endif
