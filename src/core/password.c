// Passwords at rest: libsodium does argon2id, crypt(3) does bcrypt.
#include "core/password.h"

#include <crypt.h>
#include <sodium.h>
#include <string.h>

#include "core/auth.h"
#include "shared/ids.h"

// What OWASP's password storage cheat sheet asks for argon2id at least: 19 MiB, two passes.
enum { MEMORY_KIB = 19456, PASSES = 2, KEY_BYTES = 32 };

static Str unpadded(Str base64) {
  while (base64.length > 0 && base64.at[base64.length - 1] == '=') base64.length--;
  return base64;
}

// The salt is ours to draw, so the text is ours to write (libsodium's own would throw its own dice).
Error password_hash(Arena *arena, const Env *env, Str password, Str *hash) {
  unsigned char salt[crypto_pwhash_SALTBYTES];
  unsigned char key[KEY_BYTES];
  env->random(env->state, salt, sizeof salt);
  int failed = crypto_pwhash(key, sizeof key, password.at, password.length, salt, PASSES, (size_t)MEMORY_KIB * 1024,
                             crypto_pwhash_ALG_ARGON2ID13);
  if (failed != 0) return ERR_INTERNAL;
  Text text = {.arena = arena};
  text_format(&text, "$argon2id$v=19$m=%d,t=%d,p=1$", MEMORY_KIB, PASSES);
  text_add(&text, unpadded(ids_base64(arena, salt, sizeof salt)));
  text_char(&text, '$');
  text_add(&text, unpadded(ids_base64(arena, key, sizeof key)));
  *hash = text_str(&text);
  return ERR_NONE;
}

bool password_is_ours(Str hash) {
  return str_starts(hash, STR("$argon2id$"));
}

// Not crypt_r: the sanitizers have one of their own, which keeps the linker from taking libcrypt's.
static bool bcrypt_matches(Arena *arena, Str hash, Str password) {
  struct crypt_data *work = ARENA_NEW(arena, struct crypt_data);
  const char *given = crypt_rn(str_zero(arena, password), str_zero(arena, hash), work, sizeof *work);
  return given != NULL && auth_equal(str_from(given), hash);
}

bool password_matches(Arena *arena, Str hash, Str password) {
  // Of no password: a key that was thrown away.
  static const Str nobodys =
      STR("$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
  if (str_starts(hash, STR("$2"))) return bcrypt_matches(arena, hash, password);
  char against[crypto_pwhash_STRBYTES] = {0};
  bool ours = password_is_ours(hash) && hash.length < sizeof against;
  if (!ours) hash = nobodys;
  memcpy(against, hash.at, hash.length);
  bool right = crypto_pwhash_str_verify(against, password.at, password.length) == 0;
  return right && ours;
}
