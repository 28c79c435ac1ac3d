// Passwords at rest: argon2id, in the form of the reference implementation. Imported ones may be bcrypt. Any thread;
// hashing and checking take tens of milliseconds and 19 MiB, so they belong on a worker.
#ifndef FOYER_CORE_PASSWORD_H
#define FOYER_CORE_PASSWORD_H

#include "shared/arena.h"
#include "shared/errors.h"
#include "shared/str.h"
#include "shared/time.h"

// ERR_INTERNAL when memory is out.
Error password_hash(Arena *arena, const Env *env, Str password, Str *hash);
// An empty or unknown hash matches nothing, and costs as long as one of ours.
bool password_matches(Arena *arena, Str hash, Str password);
bool password_is_ours(Str hash);  // else it is replaced at the next sign-in

#endif
