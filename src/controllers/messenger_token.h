// Access tokens at the messenger door (messenger contract, 1.2). Loop threads; does not block.
#ifndef FOYER_CONTROLLERS_MESSENGER_TOKEN_H
#define FOYER_CONTROLLERS_MESSENGER_TOKEN_H

#include "core/call.h"

// The token of `Bearer <jwt>`, one space between; empty when it is anything else.
Str messenger_token_bearer(Str authorization);

// Prepares a call that finds out whom a socket speaks for, by what its handshake said: `authorization` as a bearer,
// `os` and `browser`. call->peer must be filled in (token_peer).
//
// ERR_NONE: set call->done and submit the call; then call->granted is the person (user_id 0: nobody, the session is
// over). A token that has expired less than WS_EXPIRED_GRACE ago is good while its session stands and is of this
// address, system and browser. Any other error: it is no token, forged, or too old.
//
// A page of ours has a cookie instead: token_read, then user_identify (methods/user.h) does the same for it. Sockets of
// sessions that end are to leave by the signals that models/session.h describes.
Error messenger_token_look(Call *call, Str authorization, Str os, Str browser);

#endif
