// The methods of accounts at the messenger door: signing up, changing what an account is, and links that were mailed.
// What each takes and gives: the messenger contract, 1.3.
#ifndef FOYER_METHODS_MESSENGER_ACCOUNT_H
#define FOYER_METHODS_MESSENGER_ACCOUNT_H

#include "core/call.h"

extern const Method messenger_sign_up;  // with ERR_EMAIL_IN_USE the reply is a sentence that quotes the e-mail
extern const Method messenger_check_email;
extern const Method messenger_change_password;
extern const Method messenger_change_name;
extern const Method messenger_change_bio;
extern const Method messenger_change_email;  // mails a link to the new address
extern const Method messenger_delete_account;

// Links that were mailed (methods/messenger_links.c).
extern const Method messenger_ask_reset;  // mails one
extern const Method messenger_follow_confirm;
extern const Method messenger_follow_reset;
extern const Method messenger_follow_change;
// Not a request: a mail is over. Its input is the result of effects/mail.h.
extern const Method messenger_mail_over;

#endif
