// Tokens on the wire: who a request says it is, and what a new session is given. Loop threads; does not block.
#ifndef FOYER_CONTROLLERS_TOKEN_H
#define FOYER_CONTROLLERS_TOKEN_H

#include "core/call.h"

// Reads a bearer token, or else the handshake_token cookie (not of a foreign page), into call->who and
// call->token_error. That the session still stands, and whose it is, is for the method to look up.
void token_read(Call *call, const HttpRequest *request);
// In two steps: the token as it came (empty: none), and what it says. *cookie: it is not a bearer token.
Str token_raw(const Config *config, const HttpRequest *request, bool *cookie);
Str token_cookie(const Config *config, const HttpRequest *request);  // the cookie alone
void token_open(Call *call, Str raw, bool cookie);
// The second step for a bearer token that may have expired so many milliseconds ago: look at call->who.expires_ms.
void token_open_late(Call *call, Str raw, int64_t grace_ms);

// The access token of a granted session, as the tickets door gives it (tickets contract, 3.2), and as the messenger's
// does (messenger contract, 1.2): that one calls its person by number.
Str token_access(Call *call, const Identity *granted);
Str token_access_numbered(Call *call, const Identity *granted);

// Adds the Set-Cookie line of a granted session (seats contract, 2.4), or the one that clears it.
void token_add_cookie(Text *headers, Call *call, const Identity *granted);
void token_add_clearing(Text *headers);

// Fills in where a request comes from: call->peer, call->agent, and call->request_id (the client's X-Request-Id where
// it is a sane one).
void token_read_origin(Call *call, Conn *conn, const HttpRequest *request);
Str token_given_id(const HttpRequest *request);  // the client's X-Request-Id; empty when there is no sane one
Str token_peer(Arena *arena, const Config *config, Conn *conn, const HttpRequest *request);

#endif
