// Signing in: the vectors of RFC 7515 and RFC 6238, and everything that must not be let in.
#include "core/auth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/hmac.h>

#include "shared/ids.h"

static Arena arena;
static const Str secret = {"12345678901234567890", 20};  // of RFC 6238 appendix B
static const int64_t long_ago_ms = 1000;

static int forget(void **state) {
  (void)state;
  arena_free(&arena);
  return 0;
}

#define assert_str(actual, expected) assert_string_equal(str_zero(&arena, (actual)), (expected))

static Error verify(const char *key, Str token, int64_t now_ms) {
  const Json *payload;
  Error error = auth_jwt_verify(&arena, str_from(key), token, now_ms, &payload);
  assert_true((payload != NULL) == (error == ERR_NONE || error == ERR_TOKEN_EXPIRED));
  return error;
}

static bool hmac_sha256(Str key, Str message, unsigned char out[AUTH_DIGEST_BYTES]) {
  return HMAC(EVP_sha256(), key.at, (int)key.length, (const unsigned char *)message.at, message.length, out, NULL) !=
         NULL;
}

static void test_a_mac_is_that_of_openssl_whatever_the_lengths(void **state) {
  (void)state;
  static const size_t lengths[] = {1, 32, 63, 64, 65, 200};
  char bytes[200];
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (char)(i * 7);
  for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
    for (size_t j = 0; j < sizeof lengths / sizeof lengths[0]; j++) {
      unsigned char expected[AUTH_DIGEST_BYTES];
      Str key = {bytes, lengths[i]};
      Str message = {bytes, lengths[j] - 1};
      assert_true(hmac_sha256(key, message, expected));
      assert_str(auth_mac(&arena, key, message), str_zero(&arena, ids_hex(&arena, expected, sizeof expected)));
    }
  }
}

// A token with any header and payload and the right HS256 signature around them.
static Str signed_token(const char *header, const char *payload) {
  Text token = {.arena = &arena};
  text_add(&token, ids_base64url(&arena, header, strlen(header)));
  text_char(&token, '.');
  text_add(&token, ids_base64url(&arena, payload, strlen(payload)));
  unsigned char digest[AUTH_DIGEST_BYTES];
  assert_true(hmac_sha256(STR("key"), text_str(&token), digest));
  text_char(&token, '.');
  text_add(&token, ids_base64url(&arena, digest, sizeof digest));
  return text_str(&token);
}

static void test_a_token_is_signed_as_other_libraries_do(void **state) {
  (void)state;
  Str token = auth_jwt_sign(&arena, STR("your-256-bit-secret"),
                            STR("{\"sub\":\"1234567890\",\"name\":\"John Doe\",\"exp\":1516239022}"));
  assert_str(token,
             "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
             "eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiZXhwIjoxNTE2MjM5MDIyfQ."
             "E9bQ6QAil4HpH825QC5PtjNGEDQTtMpcj0SO2W8vmag");
  assert_int_equal(verify("your-256-bit-secret", token, 1516239021999), ERR_NONE);
  assert_int_equal(verify("your-256-bit-secret", token, 1516239022000), ERR_TOKEN_EXPIRED);
}

static void test_the_token_of_rfc_7515_is_accepted(void **state) {
  (void)state;
  Str key;
  assert_true(ids_from_base64url(
      &arena, STR("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"), &key));
  Str token =
      STR("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
          "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
          "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
  const Json *payload = NULL;
  assert_int_equal(auth_jwt_verify(&arena, key, token, 1300819379000, &payload), ERR_NONE);
  Str issuer;
  assert_true(json_str(json_get(payload, "iss"), &issuer));
  assert_str(issuer, "joe");
}

static void test_an_expired_token_still_tells_whose_it_was(void **state) {
  (void)state;
  Str token = auth_jwt_sign(&arena, STR("key"), STR("{\"sub\":\"7\",\"exp\":10}"));
  const Json *payload = NULL;
  assert_int_equal(auth_jwt_verify(&arena, STR("key"), token, 11000, &payload), ERR_TOKEN_EXPIRED);
  assert_non_null(json_get(payload, "sub"));
}

static void test_a_token_of_another_key_is_invalid_even_when_expired(void **state) {
  (void)state;
  Str token = auth_jwt_sign(&arena, STR("key"), STR("{\"exp\":10}"));
  assert_int_equal(verify("other", token, 11000), ERR_TOKEN_INVALID);
  assert_int_equal(verify("other", token, long_ago_ms), ERR_TOKEN_INVALID);
}

static void test_a_token_without_a_usable_expiry_is_invalid(void **state) {
  (void)state;
  const char *payloads[] = {"{}", "{\"exp\":\"9999999999\"}", "{\"exp\":null}", "{\"exp\":1e999}", "[9999999999]", "1",
                            ""};
  for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++) {
    assert_int_equal(verify("key", auth_jwt_sign(&arena, STR("key"), str_from(payloads[i])), long_ago_ms),
                     ERR_TOKEN_INVALID);
  }
}

static void test_only_hs256_is_an_algorithm(void **state) {
  (void)state;
  const char *headers[] = {"{\"alg\":\"none\"}",
                           "{\"alg\":\"None\"}",
                           "{\"alg\":\"HS512\"}",
                           "{\"alg\":\"RS256\"}",
                           "{\"alg\":\"hs256\"}",
                           "{\"alg\":256}",
                           "{}",
                           "[]",
                           "{\"alg\":[\"HS256\"]}",
                           "{\"alg\":\"HS256\",\"crit\":[\"b64\"],\"b64\":false}"};
  for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
    assert_int_equal(verify("key", signed_token(headers[i], "{\"exp\":10}"), long_ago_ms), ERR_TOKEN_INVALID);
  }
  assert_int_equal(verify("key", signed_token("{\"alg\":\"HS256\"}", "{\"exp\":10}"), long_ago_ms), ERR_NONE);
  Str unsigned_token = STR("eyJhbGciOiJub25lIn0.eyJleHAiOjk5OTk5OTk5OTl9.");
  assert_int_equal(verify("key", unsigned_token, long_ago_ms), ERR_TOKEN_INVALID);
}

static void test_a_token_changed_or_cut_anywhere_is_invalid(void **state) {
  (void)state;
  Str token = auth_jwt_sign(&arena, STR("key"), STR("{\"sub\":\"7\",\"exp\":10}"));
  for (size_t i = 0; i < token.length; i++) {
    char *changed = arena_copy(&arena, token.at, token.length);
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    assert_int_equal(verify("key", (Str){changed, token.length}, long_ago_ms), ERR_TOKEN_INVALID);
    assert_int_equal(verify("key", (Str){token.at, i}, long_ago_ms), ERR_TOKEN_INVALID);
  }
}

static void test_a_token_has_three_parts(void **state) {
  (void)state;
  Str token = auth_jwt_sign(&arena, STR("key"), STR("{\"exp\":10}"));
  Text longer = {.arena = &arena};
  text_add(&longer, token);
  text_add(&longer, STR(".e30"));
  assert_int_equal(verify("key", text_str(&longer), long_ago_ms), ERR_TOKEN_INVALID);
  const char *malformed[] = {"", ".", "..", "...", "a.b.c", "x"};
  for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
    assert_int_equal(verify("key", str_from(malformed[i]), long_ago_ms), ERR_TOKEN_INVALID);
  }
}

static void test_a_part_added_inside_the_signed_text_is_invalid(void **state) {
  (void)state;
  Text four = {.arena = &arena};
  text_add(&four, STR("eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjEwfQ.eyJleHAiOjEwfQ"));
  unsigned char digest[AUTH_DIGEST_BYTES];
  assert_true(hmac_sha256(STR("key"), text_str(&four), digest));
  text_char(&four, '.');
  text_add(&four, ids_base64url(&arena, digest, sizeof digest));
  assert_int_equal(verify("key", text_str(&four), long_ago_ms), ERR_TOKEN_INVALID);
}

static void test_a_cookie_is_signed_as_express_does(void **state) {
  (void)state;
  Str value = auth_cookie_sign(&arena, STR("keyboard cat"), STR("tobi"));
  assert_str(value, "s%3Atobi.k%2FMBGA3LV%2FDe%2B0YTROxcLuurjbOQXyaa2veNodQBZc4");
  Str inner;
  assert_true(auth_cookie_open(&arena, STR("keyboard cat"), value, &inner));
  assert_str(inner, "tobi");
}

static void test_a_cookie_is_split_at_its_last_dot(void **state) {
  (void)state;
  Str inner;
  Str token = auth_jwt_sign(&arena, STR("key"), STR("{\"exp\":10}"));
  assert_true(auth_cookie_open(&arena, STR("salt"), auth_cookie_sign(&arena, STR("salt"), token), &inner));
  assert_true(str_equal(inner, token));
}

static void test_a_cookie_sent_without_percent_encoding_is_read_too(void **state) {
  (void)state;
  Str inner;
  assert_true(
      auth_cookie_open(&arena, STR("keyboard cat"), STR("s:tobi.k/MBGA3LV/De+0YTROxcLuurjbOQXyaa2veNodQBZc4"), &inner));
}

static void test_a_forged_or_torn_cookie_counts_as_none(void **state) {
  (void)state;
  Str inner;
  Str value = auth_cookie_sign(&arena, STR("keyboard cat"), STR("tobi"));
  assert_false(auth_cookie_open(&arena, STR("other"), value, &inner));
  for (size_t i = 0; i < value.length; i++) {
    char *changed = arena_copy(&arena, value.at, value.length);
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    assert_false(auth_cookie_open(&arena, STR("keyboard cat"), (Str){changed, value.length}, &inner));
    assert_false(auth_cookie_open(&arena, STR("keyboard cat"), (Str){value.at, i}, &inner));
  }
  const char *malformed[] = {"", "s:", "s%3A", "s:.", "s:tobi", "tobi", "j:tobi.x", "s%3Atobi.%zz"};
  for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
    assert_false(auth_cookie_open(&arena, STR("keyboard cat"), str_from(malformed[i]), &inner));
  }
}

static void test_the_codes_of_rfc_6238_match(void **state) {
  (void)state;
  static const struct {
    int64_t second;
    const char *code;
  } vectors[] = {{59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
                 {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"}};
  for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
    int64_t step = 0;
    assert_true(auth_totp_matches(secret, str_from(vectors[i].code), vectors[i].second * 1000, &step));
    assert_true(step == vectors[i].second / 30);
  }
}

static void test_a_code_is_good_one_step_early_and_one_late_and_no_more(void **state) {
  (void)state;
  Str code = STR("050471");  // of step 37037037, which starts at second 1111111110
  const int64_t starts_ms = 1111111110000;
  int64_t step = 0;
  assert_false(auth_totp_matches(secret, code, starts_ms - 30001, &step));
  assert_true(auth_totp_matches(secret, code, starts_ms - 30000, &step));
  assert_true(auth_totp_matches(secret, code, starts_ms, &step));
  assert_true(auth_totp_matches(secret, code, starts_ms + 59999, &step));
  assert_int_equal(step, 37037037);
  assert_false(auth_totp_matches(secret, code, starts_ms + 60000, &step));
}

static void test_what_is_no_code_never_matches(void **state) {
  (void)state;
  int64_t step = 0;
  const char *wrong[] = {"", "05047", "0504711", "050472", "05047a", "50471 ", "-50471"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    assert_false(auth_totp_matches(secret, str_from(wrong[i]), 1111111111000, &step));
  }
  assert_false(auth_totp_matches(STR("another secret of ours"), STR("050471"), 1111111111000, &step));
  assert_false(auth_totp_matches((Str){0}, STR("050471"), 1111111111000, &step));
  assert_false(auth_totp_matches(secret, STR("050471"), -1, &step));
}

static void test_the_first_step_of_all_time_has_a_code(void **state) {
  (void)state;
  int64_t step = 9;
  assert_true(auth_totp_matches(secret, STR("755224"), 0, &step));  // RFC 4226 appendix D, counter 0
  assert_int_equal(step, 0);
}

static void ascending_dice(void *state, void *bytes, size_t count) {
  (void)state;
  for (size_t i = 0; i < count; i++) {
    ((unsigned char *)bytes)[i] = (unsigned char)i;
  }
}

static void test_a_recovery_phrase_is_hashed_as_other_libraries_do(void **state) {
  (void)state;
  Env env = {.random = ascending_dice};
  Str hash;
  assert_int_equal(auth_phrase_hash(&arena, &env, STR("correct horse battery staple"), &hash), ERR_NONE);
  assert_str(hash,
             "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f:"
             "531d2fa8ea8f5557e3b8aafb7434bf21014946f86c8bfaece2881b76c18a0ecb"
             "b1552f6f4de1aa8c4ec324a9a7723d0fcc3718a22a376aac44da684bd50b2149");
  assert_true(auth_phrase_matches(&arena, hash, STR("correct horse battery staple")));
  assert_false(auth_phrase_matches(&arena, hash, STR("correct horse battery stapler")));
  assert_false(auth_phrase_matches(&arena, hash, STR("")));
}

static void test_two_hashes_of_one_phrase_differ(void **state) {
  (void)state;
  Env env = env_system();
  Str first, second;
  assert_int_equal(auth_phrase_hash(&arena, &env, STR("a phrase"), &first), ERR_NONE);
  assert_int_equal(auth_phrase_hash(&arena, &env, STR("a phrase"), &second), ERR_NONE);
  assert_false(str_equal(first, second));
  assert_true(auth_phrase_matches(&arena, second, STR("a phrase")));
}

static void test_a_malformed_hash_matches_nothing(void **state) {
  (void)state;
  const char *hashes[] = {"", ":", "00:00", "zz", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f:"};
  for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++) {
    assert_false(auth_phrase_matches(&arena, str_from(hashes[i]), STR("")));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(test_a_mac_is_that_of_openssl_whatever_the_lengths, forget),
      cmocka_unit_test_teardown(test_a_token_is_signed_as_other_libraries_do, forget),
      cmocka_unit_test_teardown(test_the_token_of_rfc_7515_is_accepted, forget),
      cmocka_unit_test_teardown(test_an_expired_token_still_tells_whose_it_was, forget),
      cmocka_unit_test_teardown(test_a_token_of_another_key_is_invalid_even_when_expired, forget),
      cmocka_unit_test_teardown(test_a_token_without_a_usable_expiry_is_invalid, forget),
      cmocka_unit_test_teardown(test_only_hs256_is_an_algorithm, forget),
      cmocka_unit_test_teardown(test_a_token_changed_or_cut_anywhere_is_invalid, forget),
      cmocka_unit_test_teardown(test_a_token_has_three_parts, forget),
      cmocka_unit_test_teardown(test_a_part_added_inside_the_signed_text_is_invalid, forget),
      cmocka_unit_test_teardown(test_a_cookie_is_signed_as_express_does, forget),
      cmocka_unit_test_teardown(test_a_cookie_is_split_at_its_last_dot, forget),
      cmocka_unit_test_teardown(test_a_cookie_sent_without_percent_encoding_is_read_too, forget),
      cmocka_unit_test_teardown(test_a_forged_or_torn_cookie_counts_as_none, forget),
      cmocka_unit_test_teardown(test_the_codes_of_rfc_6238_match, forget),
      cmocka_unit_test_teardown(test_a_code_is_good_one_step_early_and_one_late_and_no_more, forget),
      cmocka_unit_test_teardown(test_what_is_no_code_never_matches, forget),
      cmocka_unit_test_teardown(test_the_first_step_of_all_time_has_a_code, forget),
      cmocka_unit_test_teardown(test_a_recovery_phrase_is_hashed_as_other_libraries_do, forget),
      cmocka_unit_test_teardown(test_two_hashes_of_one_phrase_differ, forget),
      cmocka_unit_test_teardown(test_a_malformed_hash_matches_nothing, forget),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
