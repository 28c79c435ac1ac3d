// Signatures, tokens, one-time codes and hashes: OpenSSL and liboath do the arithmetic, this file knows the formats.
// Nothing here keeps state. Whatever is secret is compared in constant time.
#include "core/auth.h"

#include <assert.h>
#include <liboath/oath.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>

#include "shared/ids.h"

enum {
  TOTP_DIGITS = 6,
  SCRYPT_N = 16384,
  SCRYPT_R = 8,
  SCRYPT_P = 1,
  SCRYPT_MEMORY_BYTES = 32 << 20,
  SALT_BYTES = 32,
  KEY_BYTES = 64,
  BLOCK_BYTES = 64,  // of SHA-256
};

bool auth_equal(Str a, Str b) {
  return a.length == b.length && (a.length == 0 || CRYPTO_memcmp(a.at, b.at, a.length) == 0);
}

// HMAC() looks the digest up and builds its state anew in each call, which is three quarters of its time.
static EVP_MD *sha256;

static void find_sha256(void) {
  sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

// SHA-256 of a block and what follows it.
static bool hash(EVP_MD_CTX *context, const unsigned char block[BLOCK_BYTES], Str rest,
                 unsigned char out[AUTH_DIGEST_BYTES]) {
  return EVP_DigestInit_ex2(context, sha256, NULL) == 1 && EVP_DigestUpdate(context, block, BLOCK_BYTES) == 1 &&
         EVP_DigestUpdate(context, rest.at, rest.length) == 1 && EVP_DigestFinal_ex(context, out, NULL) == 1;
}

// RFC 2104
static bool hmac_sha256(Str key, Str message, unsigned char out[AUTH_DIGEST_BYTES]) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  unsigned char block[BLOCK_BYTES] = {0};
  assert(key.length > 0);
  memset(out, 0, AUTH_DIGEST_BYTES);
  pthread_once(&once, find_sha256);
  EVP_MD_CTX *context = sha256 != NULL ? EVP_MD_CTX_new() : NULL;
  if (context == NULL) return false;
  bool done = true;
  if (key.length <= BLOCK_BYTES) {
    memcpy(block, key.at, key.length);
  } else {
    done = EVP_Digest(key.at, key.length, block, NULL, sha256, NULL) == 1;
  }
  for (int i = 0; i < BLOCK_BYTES; i++) block[i] ^= 0x36;
  done = done && hash(context, block, message, out);
  for (int i = 0; i < BLOCK_BYTES; i++) block[i] ^= 0x36 ^ 0x5c;
  done = done && hash(context, block, (Str){(const char *)out, AUTH_DIGEST_BYTES}, out);
  EVP_MD_CTX_free(context);
  return done;
}

Str auth_mac(Arena *arena, Str key, Str message) {
  unsigned char digest[AUTH_DIGEST_BYTES];
  if (!hmac_sha256(key, message, digest)) arena->failed = true;
  return ids_hex(arena, digest, sizeof digest);
}

Str auth_digest(Arena *arena, Str message) {
  unsigned char digest[AUTH_DIGEST_BYTES];
  if (EVP_Digest(message.at, message.length, digest, NULL, EVP_sha256(), NULL) != 1) arena->failed = true;
  return ids_hex(arena, digest, sizeof digest);
}

#define OWN_HEADER "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"  // {"alg":"HS256","typ":"JWT"}

Str auth_jwt_sign(Arena *arena, Str key, Str payload_json) {
  Text token = {.arena = arena};
  text_add(&token, STR(OWN_HEADER));
  text_char(&token, '.');
  text_add(&token, ids_base64url(arena, payload_json.at, payload_json.length));
  unsigned char signature[AUTH_DIGEST_BYTES];
  if (!hmac_sha256(key, text_str(&token), signature)) {
    arena->failed = true;
    return (Str){0};
  }
  text_char(&token, '.');
  text_add(&token, ids_base64url(arena, signature, sizeof signature));
  return text_str(&token);
}

// Cuts `s` at the last `separator`; false when there is none.
static bool cut_at_last(Str s, char separator, Str *before, Str *after) {
  const char *found = s.length == 0 ? NULL : memrchr(s.at, separator, s.length);
  if (found == NULL) return false;
  *before = (Str){s.at, (size_t)(found - s.at)};
  *after = (Str){found + 1, s.length - before->length - 1};
  return true;
}

// The JSON object that a part of a token holds; NULL when it holds none.
static const Json *open_part(Arena *arena, Str part) {
  Str json;
  if (!ids_from_base64url(arena, part, &json)) return NULL;
  const Json *object = json_parse(arena, json, NULL);
  return json_is_object(object) ? object : NULL;
}

// RFC 7515 section 4.1: only HS256, and no extension that we would have to understand.
static bool header_is_ours(const Json *header) {
  Str algorithm;
  return json_str(json_get(header, "alg"), &algorithm) && str_equal(algorithm, STR("HS256")) &&
         json_get(header, "crit") == NULL;
}

static bool jwt_signature_is_right(Arena *arena, Str key, Str signed_part, Str signature) {
  Str given;
  unsigned char digest[AUTH_DIGEST_BYTES];
  if (!ids_from_base64url(arena, signature, &given)) return false;
  if (!hmac_sha256(key, signed_part, digest)) return false;
  return auth_equal(given, (Str){(const char *)digest, sizeof digest});
}

Error auth_jwt_verify(Arena *arena, Str key, Str token, int64_t now_ms, const Json **payload) {
  *payload = NULL;
  Str signed_part, signature;
  if (!cut_at_last(token, '.', &signed_part, &signature)) return ERR_TOKEN_INVALID;
  if (!jwt_signature_is_right(arena, key, signed_part, signature)) return ERR_TOKEN_INVALID;
  Str header_part, payload_part;
  if (!cut_at_last(signed_part, '.', &header_part, &payload_part)) return ERR_TOKEN_INVALID;
  bool own = str_equal(header_part, STR(OWN_HEADER));
  if (!own && !header_is_ours(open_part(arena, header_part))) return ERR_TOKEN_INVALID;
  const Json *claims = open_part(arena, payload_part);
  double expires_s;
  if (!json_double(json_get(claims, "exp"), &expires_s)) return ERR_TOKEN_INVALID;
  *payload = claims;
  return expires_s * 1000 > (double)now_ms ? ERR_NONE : ERR_TOKEN_EXPIRED;
}

// base64 of HMAC-SHA256 without padding: 43 characters. False when OpenSSL had no memory.
static bool cookie_signature(Arena *arena, Str key, Str inner, Str *signature) {
  unsigned char digest[AUTH_DIGEST_BYTES];
  if (!hmac_sha256(key, inner, digest)) return false;
  *signature = ids_base64(arena, digest, sizeof digest);
  while (signature->length > 0 && signature->at[signature->length - 1] == '=') {
    signature->length--;
  }
  return true;
}

Str auth_cookie_sign(Arena *arena, Str key, Str inner) {
  Str signature;
  if (!cookie_signature(arena, key, inner, &signature)) {
    arena->failed = true;
    return (Str){0};
  }
  Text value = {.arena = arena};
  text_add(&value, STR("s:"));
  text_add(&value, inner);
  text_char(&value, '.');
  text_add(&value, signature);
  return ids_percent(arena, text_str(&value));
}

bool auth_cookie_open(Arena *arena, Str key, Str raw_cookie_value, Str *inner) {
  Str value, before, given, expected;
  if (!ids_from_percent(arena, raw_cookie_value, &value) || !str_starts(value, STR("s:"))) return false;
  if (!cut_at_last((Str){value.at + 2, value.length - 2}, '.', &before, &given)) return false;
  if (!cookie_signature(arena, key, before, &expected) || !auth_equal(given, expected)) return false;
  *inner = before;
  return true;
}

// Whether `code` is the one-time code of `step` (RFC 4226 with the step as its counter).
static bool code_is_of_step(Str secret, Str code, int64_t step) {
  char expected[TOTP_DIGITS + 1];
  int result = oath_hotp_generate(secret.at, secret.length, (uint64_t)step, TOTP_DIGITS, false,
                                  OATH_HOTP_DYNAMIC_TRUNCATION, expected);
  return result == OATH_OK && auth_equal(code, (Str){expected, TOTP_DIGITS});
}

bool auth_totp_matches(Str secret, Str code, int64_t now_ms, int64_t *step) {
  if (code.length != TOTP_DIGITS || secret.length == 0 || now_ms < 0) return false;
  int64_t now_step = now_ms / AUTH_TOTP_STEP_MS;
  bool matched = false;
  // All three are looked at, whichever matches: the time taken must not tell which.
  for (int64_t tried = now_step > 0 ? now_step - 1 : 0; tried <= now_step + 1; tried++) {
    if (!code_is_of_step(secret, code, tried)) continue;
    matched = true;
    *step = tried;
  }
  return matched;
}

static bool derive_key(Str phrase, const unsigned char salt[SALT_BYTES], unsigned char key[KEY_BYTES]) {
  return EVP_PBE_scrypt(phrase.at, phrase.length, salt, SALT_BYTES, SCRYPT_N, SCRYPT_R, SCRYPT_P, SCRYPT_MEMORY_BYTES,
                        key, KEY_BYTES) == 1;
}

Error auth_phrase_hash(Arena *arena, const Env *env, Str phrase, Str *hash) {
  unsigned char salt[SALT_BYTES];
  unsigned char key[KEY_BYTES];
  env->random(env->state, salt, sizeof salt);
  if (!derive_key(phrase, salt, key)) return ERR_INTERNAL;
  Text text = {.arena = arena};
  text_hex(&text, salt, sizeof salt);
  text_char(&text, ':');
  text_hex(&text, key, sizeof key);
  *hash = text_str(&text);
  return ERR_NONE;
}

bool auth_phrase_matches(Arena *arena, Str hash, Str phrase) {
  Str salt, expected;
  Str salt_hex = str_cut(&hash, ':');
  if (!ids_from_hex(arena, salt_hex, &salt) || salt.length != SALT_BYTES) return false;
  if (!ids_from_hex(arena, hash, &expected) || expected.length != KEY_BYTES) return false;
  unsigned char key[KEY_BYTES];
  if (!derive_key(phrase, (const unsigned char *)salt.at, key)) return false;
  return auth_equal(expected, (Str){(const char *)key, sizeof key});
}
