// The primitives of signing in: signatures, tokens, one-time codes, hashes. Pure functions without SQL and sessions;
// any thread. None blocks but the two of the recovery phrase. Results live in the arena given.
#ifndef FOYER_CORE_AUTH_H
#define FOYER_CORE_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/arena.h"
#include "shared/errors.h"
#include "shared/json.h"
#include "shared/str.h"
#include "shared/time.h"

// What the key of the test provider's API is a MAC of, by JWT_SECRET.
#define AUTH_TEST_PROVIDER_PURPOSE "the key of the test provider"

enum {
  AUTH_DIGEST_BYTES = 32,       // of SHA-256
  AUTH_TOTP_STEP_MS = 30000,    // how long a one-time code is the current one
  AUTH_TOTP_SECRET_BYTES = 32,  // random characters; their bytes are the HMAC key, base32 of them is what a person sees
};

// A JWT (RFC 7519) signed with HS256 around `payload_json`, which must be a JSON object. When OpenSSL had no memory the
// arena is marked failed and the empty string comes back.
Str auth_jwt_sign(Arena *arena, Str key, Str payload_json);

// Checks a JWT: three parts, header with `alg` HS256 and no `crit`, signature, a JSON object with a number `exp`
// (seconds). ERR_TOKEN_EXPIRED only when all of it is right and `exp` is not after now_ms; every other fault is
// ERR_TOKEN_INVALID. *payload is set for ERR_NONE and for ERR_TOKEN_EXPIRED (a reconnecting socket may still be let
// in), else NULL.
Error auth_jwt_verify(Arena *arena, Str key, Str token, int64_t now_ms, const Json **payload);

// The value of a signed cookie as it stands on the wire: `s:`, inner, `.`, base64 of HMAC-SHA256 without `=`, all of it
// percent-encoded. When OpenSSL had no memory the arena is marked failed and the empty string comes back.
Str auth_cookie_sign(Arena *arena, Str key, Str inner);

// Opens what auth_cookie_sign made, given as it came on the wire. False when it is malformed or its signature is not
// right, which counts as no cookie. *inner is set only on true.
bool auth_cookie_open(Arena *arena, Str key, Str raw_cookie_value, Str *inner);

// Whether `code` (six digits) is the one-time code (RFC 6238: SHA-1, 30 s) of now_ms, or of the step before or after.
// On true *step is the step it belongs to: refuse it when it is not above the last one this account used (replay).
bool auth_totp_matches(Str secret, Str code, int64_t now_ms, int64_t *step);

// The scrypt hash (RFC 7914; N 16384, r 8, p 1) of a recovery phrase as `salt_hex:key_hex`, 64 and 128 digits, the salt
// from env's dice. BLOCKS about 50 ms and takes 16 MiB: worker threads only. ERR_INTERNAL when there is no memory.
Error auth_phrase_hash(Arena *arena, const Env *env, Str phrase, Str *hash);

// Whether `phrase` is the one that `hash` was made of; false when the hash is malformed. BLOCKS as auth_phrase_hash
// does.
bool auth_phrase_matches(Arena *arena, Str hash, Str phrase);

Str auth_digest(Arena *arena, Str message);  // SHA-256, in hex
// HMAC-SHA256, in hex; `key` is not empty. When OpenSSL had no memory the arena is marked failed.
Str auth_mac(Arena *arena, Str key, Str message);
bool auth_equal(Str a, Str b);  // in constant time for texts of one length

#endif
