// The accounts of a rehearsal's buyers: made in the copy's database, each with a session and a token of it.
#include <stdio.h>
#include <string.h>

#include "commands/rehearse.h"
#include "core/auth.h"
#include "shared/ids.h"

enum { AT_ONCE = 1000, PUBLIC_ID_BYTES = 12, SID_CHARACTERS = 24, HOURS_MS = 24 * 3600 * 1000 };

static bool make_token(Arena *arena, Str secret, Str public_id, Str sid, int64_t now_ms, Buyer *buyer) {
  Text claims = {.arena = arena};
  text_format(&claims, "{\"userId\":\"%.*s\",\"sid\":\"%.*s\",\"typ\":\"access\",\"iat\":%lld,\"exp\":%lld}",
              STR_ARG(public_id), STR_ARG(sid), (long long)now_ms / 1000, (long long)(now_ms + HOURS_MS) / 1000);
  Str token = auth_jwt_sign(arena, secret, text_str(&claims));
  bool fits = token.length > 0 && token.length < sizeof buyer->token;
  if (fits) memcpy(buyer->token, token.at, token.length);
  return fits;
}

static bool make_one(const Config *config, Db *db, Arena *arena, const Env *env, Buyer *buyer) {
  static const char ADD_USER[] =
      "INSERT INTO users(public_id, email, name, email_confirmed_at, created_at, updated_at)"
      " VALUES($1, $2, 'Rehearsal', $3, $3, $3) RETURNING id";
  static const char ADD_SESSION[] =
      "INSERT INTO sessions(id, user_id, door, agent, ip, created_at, last_used_at)"
      " VALUES($1, $2, 'tickets', 'foyer rehearse', '127.0.0.1', $3, $3)";
  char bytes[PUBLIC_ID_BYTES];
  int64_t now_ms = env->now_ms(env->state);
  env->random(env->state, bytes, sizeof bytes);
  Str public_id = ids_hex(arena, bytes, sizeof bytes);
  Str sid = ids_random(arena, env, SID_CHARACTERS);
  Text email = {.arena = arena};
  text_format(&email, "%.*s@rehearsal.invalid", STR_ARG(public_id));
  int64_t user_id = db_int(db, ADD_USER, 0, sql_text(public_id), sql_text(text_str(&email)), sql_int(now_ms));
  return user_id > 0 && db_run(db, ADD_SESSION, sql_text(sid), sql_int(user_id), sql_int(now_ms)) &&
         make_token(arena, config->jwt_secret, public_id, sid, now_ms, buyer);
}

bool rehearse_accounts(const Config *config, Db *db, Rehearsal *rehearsal) {
  Env env = env_system();
  Arena arena = {0};
  bool done = true;
  for (uint32_t i = 0; done && i < rehearsal->buyer_count; i += AT_ONCE) {
    done = db_begin(db, DB_WRITE);
    for (uint32_t k = i; done && k < i + AT_ONCE && k < rehearsal->buyer_count; k++) {
      done = make_one(config, db, &arena, &env, &rehearsal->buyers[k]);
      arena_reset(&arena);
    }
    done = done && db_commit(db);
  }
  if (!done) {
    db_rollback(db);
    fputs("foyer: the buyers' accounts could not be made; the log says why\n", stderr);
  }
  arena_free(&arena);
  return done;
}
