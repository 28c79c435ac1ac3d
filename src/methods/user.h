// The methods of people: registering, signing in and out, the recovery phrase. What each takes and gives: the seats
// contract, 2.3.
#ifndef FOYER_METHODS_USER_H
#define FOYER_METHODS_USER_H

#include "core/call.h"

extern const Method user_status;
extern const Method user_auth_start;
extern const Method user_auth_reset;
extern const Method user_register;
extern const Method user_login;
extern const Method user_logout;
extern const Method user_save_recovery_phrase;
extern const Method user_recovery_phrase;
// Not a message: who a token's session belongs to, asked when a WebSocket opens. Sets call->granted; never an error.
extern const Method user_identify;
// The same for a call that needs to know who asks (Call.identify): fills in call->who by its sid and notes that the
// session is in use. ERR_INVALID_TOKEN, or ERR_FORBIDDEN when it is a method of the staff.
Error user_identify_caller(Call *call);

#endif
