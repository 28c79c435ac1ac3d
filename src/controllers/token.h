// Tokens on the wire: who a request says it is, and what a new session is given. Loop threads; does not block.
#ifndef FOYER_CONTROLLERS_TOKEN_H
#define FOYER_CONTROLLERS_TOKEN_H

#include "core/call.h"

// Reads the handshake_token cookie (not of a foreign page), or a bearer token, into call->who and call->token_error.
// That the session still stands is for the method to look up.
void token_read(Call *call, const HttpRequest *request);

// Adds the Set-Cookie line of a granted session (seats contract, 2.4), or the one that clears it.
void token_add_cookie(Text *headers, Call *call, const Identity *granted);
void token_add_clearing(Text *headers);

// Fills in where a request comes from: call->peer, call->agent, and call->request_id (the client's X-Request-Id where
// it is a sane one).
void token_read_origin(Call *call, Conn *conn, const HttpRequest *request);

#endif
