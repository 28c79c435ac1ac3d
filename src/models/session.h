// Sessions: one row a sign-in, through whichever door. A token of ours names its session, the session names the
// account. On a store thread, in the call's transaction.
//
// When sessions end, every loop is told by a signal of topic "session:<user id>": kind "ended" (payload: the sid),
// "left" (likewise, by a sign-out whose door sees to the sockets itself), "ended_others" (payload: the sid that stays)
// or "ended_all".
#ifndef FOYER_MODELS_SESSION_H
#define FOYER_MODELS_SESSION_H

#include "core/call.h"

// How long an access token of a door is good, in milliseconds: ACCESS_SECONDS, or the door's own habit.
int64_t session_access_ms(const Config *config, const char *door);

// Opens a session for a person: its row and call->granted, whose token the door gives. `door` is static text.
void session_open(Call *call, int64_t user_id, const char *door);
// Likewise, with a refresh token (session_refresh_token) kept by its hash.
void session_open_refreshed(Call *call, int64_t user_id, const char *door);

// At the messenger door: a session is known by its person, address (call->peer), system and browser. Signing in again
// from there goes on with it; when it would be the sixth of a person, the oldest ends. Its token is
// session_opaque_token.
void session_open_at(Call *call, int64_t user_id, Str os, Str browser);

// Whether a session stands and its account too; fills in whose it is (not its expiry). Texts in the arena.
bool session_find(Db *db, Arena *arena, Str sid, Identity *who);
// Reads the sessions that these calls will ask for, and those behind them, all at once. What was read is kept in the
// first one's arena and counts as long as the transaction and the tables stay as they are.
void session_look_ahead(Db *db, Call *calls);
// The account of a call's session, before the call has found out by itself; 0: it has none.
int64_t session_user_of(Db *db, Arena *arena, const Call *call);
// The caller's was used; noted, at the end of the batch, when that was last noted five minutes ago.
void session_touch(Call *call);

// Ends one session, all of a person, or all but `kept`. Told by a signal.
void session_end(Call *call, int64_t user_id, Str sid);
void session_leave(Call *call, int64_t user_id, Str sid);  // the door sees to its sockets
void session_end_all(Call *call, int64_t user_id);
void session_end_others(Call *call, int64_t user_id, Str kept);

// Whether a session is among those that such a signal says have ended. Any thread.
bool session_signal_ends(const Event *signal, Str sid);

// Whether `sid` is a session of that person that stands.
bool session_is_of(Db *db, int64_t user_id, Str sid);
// Whether it stands and is one of the messenger door, of the caller's address and this system and browser.
bool session_is_at(Call *call, Str sid, Str os, Str browser);
// Writes the standing sessions of a person as a JSON array, the latest used first.
void session_write_list(Call *call, Text *out, int64_t user_id, Str current);

// The refresh token of a session as of `refreshed_ms`: a function of what is kept and of REFRESH_SECRET, so that the
// same one can be given again. Empty (and the arena failed) when memory is out. Any thread.
Str session_refresh_token(Arena *arena, const Config *config, Str public_id, Str sid, int64_t refreshed_ms);
// Likewise at the messenger door: 128 characters that say nothing.
Str session_opaque_token(Arena *arena, const Config *config, Str sid, int64_t refreshed_ms);

// Takes a refresh token and grants the session anew (call->granted): with the next one for the current token, with the
// current one for that before it within 30 s. ERR_INVALID_REFRESH_TOKEN: it is none, or its session is over, or it is
// older: then somebody else has used it, and by call->refusal all sessions of the account end.
Error session_refresh(Call *call, Str token, const char *door);
Error session_refresh_at(Call *call, int64_t user_id, Str token, Str os, Str browser);  // at the messenger door

#endif
