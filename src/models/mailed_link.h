// Links that were mailed: who follows one has the address. On a store thread, in the call's transaction.
#ifndef FOYER_MODELS_MAILED_LINK_H
#define FOYER_MODELS_MAILED_LINK_H

#include "core/call.h"

typedef enum LinkKind {
  LINK_CONFIRM,  // the address of a new account; good until it is used
  LINK_RESET,    // lets a new password be set; good for a day
  LINK_CHANGE    // the address that an account's shall become; likewise
} LinkKind;

// Makes a link, in place of the account's last one of that kind, and has it mailed to `email`; gives the key of its
// mail among the effects.
Str mailed_link_send(Call *call, LinkKind kind, int64_t user_id, Str email, Str language);
// Whether the account was sent a link with this token that is still good. *email: of LINK_CHANGE the new address.
bool mailed_link_find(Call *call, LinkKind kind, int64_t user_id, Str token, Str *email);
void mailed_link_drop(Call *call, LinkKind kind, int64_t user_id);
// The mail of that key was given up. Where it was a link's, the link goes, and with a LINK_CONFIRM its account.
void mailed_link_lost(Call *call, Str mail_key);

#endif
