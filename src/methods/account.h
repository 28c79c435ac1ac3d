// The methods of accounts by e-mail and of one's own sessions. What each takes and gives: the tickets contract 3.3, the
// contracts' README and docs/wire_additions.md. Where a method grants a session, its reply is `{"user":...}` and the
// door gives the tokens.
#ifndef FOYER_METHODS_ACCOUNT_H
#define FOYER_METHODS_ACCOUNT_H

#include "core/call.h"

extern const Method account_signup;
extern const Method account_verify_otp;
extern const Method account_login;
extern const Method account_refresh;
extern const Method account_logout;
extern const Method account_get;
extern const Method account_change;
extern const Method account_renew;
extern const Method account_sessions;
extern const Method account_end_session;
extern const Method account_end_sessions;  // all others
extern const Method account_add_email;
extern const Method account_verify_email;
extern const Method account_add_username;
extern const Method account_verify_username;
// The program's own: a session was used.
extern const Method account_touch;

#endif
