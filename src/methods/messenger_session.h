// The methods of signing in at the messenger door. What each takes and gives: the messenger contract, 1.2 and 1.3.
// Where a method grants a session, its reply is `{"userID"}` and the door gives the tokens.
#ifndef FOYER_METHODS_MESSENGER_SESSION_H
#define FOYER_METHODS_MESSENGER_SESSION_H

#include "core/call.h"

extern const Method messenger_login;
extern const Method messenger_refresh;

// The input of messenger_identify: from where a socket says it comes.
typedef struct MessengerHandshake {
  Str os;
  Str browser;
} MessengerHandshake;

// Not a request: whom a socket speaks for, by the session that its token names (call->who). Sets call->granted; never
// an error.
extern const Method messenger_identify;

#endif
