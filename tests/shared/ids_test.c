// Bytes as text: the vectors of RFC 4648 section 10, what decoders refuse, percent-encoding, random ids.
#include "shared/ids.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static Arena arena;

static int forget(void **state) {
  (void)state;
  arena_free(&arena);
  return 0;
}

#define assert_str(actual, expected) assert_string_equal(str_zero(&arena, (actual)), (expected))

typedef struct Vector {
  const char *plain;
  const char *hex;
  const char *base32;  // without padding
  const char *base64;
} Vector;

static const Vector vectors[] = {
    {"", "", "", ""},
    {"f", "66", "MY", "Zg=="},
    {"fo", "666f", "MZXQ", "Zm8="},
    {"foo", "666f6f", "MZXW6", "Zm9v"},
    {"foob", "666f6f62", "MZXW6YQ", "Zm9vYg=="},
    {"fooba", "666f6f6261", "MZXW6YTB", "Zm9vYmE="},
    {"foobar", "666f6f626172", "MZXW6YTBOI", "Zm9vYmFy"},
};

static void test_the_vectors_of_rfc_4648_hold_both_ways(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
    const Vector *vector = &vectors[i];
    size_t length = strlen(vector->plain);
    assert_str(ids_hex(&arena, vector->plain, length), vector->hex);
    assert_str(ids_base32(&arena, vector->plain, length), vector->base32);
    assert_str(ids_base64(&arena, vector->plain, length), vector->base64);
    Str bytes;
    assert_true(ids_from_hex(&arena, str_from(vector->hex), &bytes));
    assert_str(bytes, vector->plain);
    assert_true(ids_from_base32(&arena, str_from(vector->base32), &bytes));
    assert_str(bytes, vector->plain);
    assert_true(ids_from_base64(&arena, str_from(vector->base64), &bytes));
    assert_str(bytes, vector->plain);
  }
}

static void test_all_bytes_come_back_from_every_base(void **state) {
  (void)state;
  unsigned char all[256];
  for (int i = 0; i < 256; i++) {
    all[i] = (unsigned char)i;
  }
  for (size_t length = 0; length <= 256; length++) {
    Str bytes;
    assert_true(ids_from_hex(&arena, ids_hex(&arena, all, length), &bytes));
    assert_true(bytes.length == length && memcmp(bytes.at, all, length) == 0);
    assert_true(ids_from_base32(&arena, ids_base32(&arena, all, length), &bytes));
    assert_true(bytes.length == length && memcmp(bytes.at, all, length) == 0);
    assert_true(ids_from_base64(&arena, ids_base64(&arena, all, length), &bytes));
    assert_true(bytes.length == length && memcmp(bytes.at, all, length) == 0);
    assert_true(ids_from_base64url(&arena, ids_base64url(&arena, all, length), &bytes));
    assert_true(bytes.length == length && memcmp(bytes.at, all, length) == 0);
  }
}

static void test_padding_is_optional_but_must_be_right(void **state) {
  (void)state;
  Str bytes;
  assert_true(ids_from_base64(&arena, STR("Zg"), &bytes));
  assert_str(bytes, "f");
  assert_true(ids_from_base32(&arena, STR("MY======"), &bytes));
  assert_str(bytes, "f");
  assert_false(ids_from_base64(&arena, STR("Zg="), &bytes));
  assert_false(ids_from_base64(&arena, STR("Zg==="), &bytes));
  assert_false(ids_from_base64(&arena, STR("Zm9v===="), &bytes));
  assert_false(ids_from_base64(&arena, STR("Zg==Zg=="), &bytes));
  assert_false(ids_from_base64url(&arena, STR("Zg=="), &bytes));
}

static void test_malformed_text_is_refused(void **state) {
  (void)state;
  Str bytes;
  assert_false(ids_from_hex(&arena, STR("6"), &bytes));
  assert_false(ids_from_hex(&arena, STR("6g"), &bytes));
  assert_false(ids_from_base64(&arena, STR("Z"), &bytes));
  assert_false(ids_from_base64(&arena, STR("Zm9 v"), &bytes));
  assert_false(ids_from_base64(&arena, (Str){"Zm9\0", 4}, &bytes));
  assert_false(ids_from_base64(&arena, STR("-_-_"), &bytes));
  assert_false(ids_from_base64url(&arena, STR("+/+/"), &bytes));
  assert_false(ids_from_base32(&arena, STR("M"), &bytes));
  assert_false(ids_from_base32(&arena, STR("MZX"), &bytes));
  assert_false(ids_from_base32(&arena, STR("M1"), &bytes));
}

static void test_left_over_bits_must_be_zero_so_that_a_signature_has_one_text(void **state) {
  (void)state;
  Str bytes;
  assert_false(ids_from_base64(&arena, STR("Zh"), &bytes));
  assert_false(ids_from_base64url(&arena, STR("Zm9"), &bytes));
  assert_false(ids_from_base32(&arena, STR("MZ"), &bytes));
}

static void test_hexadecimal_and_base32_are_read_in_either_case(void **state) {
  (void)state;
  Str bytes;
  assert_true(ids_from_hex(&arena, STR("6F6f"), &bytes));
  assert_str(bytes, "oo");
  assert_true(ids_from_base32(&arena, STR("mzxw6ytboi"), &bytes));
  assert_str(bytes, "foobar");
}

static void test_a_secret_of_32_characters_is_shown_in_52(void **state) {
  (void)state;
  assert_int_equal(ids_base32(&arena, "12345678901234567890123456789012", 32).length, 52);
}

static void test_percent_encoding_is_that_of_encode_uri_component(void **state) {
  (void)state;
  assert_str(ids_percent(&arena, STR("s:aZ09-_.!~*'()")), "s%3AaZ09-_.!~*'()");
  assert_str(ids_percent(&arena, STR("a b+/=&\xC3\xA4%")), "a%20b%2B%2F%3D%26%C3%A4%25");
  assert_str(ids_percent(&arena, (Str){"\0@`[", 4}), "%00%40%60%5B");
}

static void test_percent_decoding_refuses_torn_escapes_bad_utf8_and_nul(void **state) {
  (void)state;
  Str plain;
  assert_true(ids_from_percent(&arena, STR("s%3Aa+b%c3%A4"), &plain));
  assert_str(plain, "s:a+b\xC3\xA4");
  assert_true(ids_from_percent(&arena, STR(""), &plain));
  assert_int_equal(plain.length, 0);
  const char *refused[] = {"%", "%3", "a%3", "%zz", "%3g", "%-1", "%FF", "%C3", "%ED%A0%80", "a%00b"};
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    assert_false(ids_from_percent(&arena, str_from(refused[i]), &plain));
  }
}

static void counting_dice(void *state, void *bytes, size_t count) {
  unsigned char *next = state;
  for (size_t i = 0; i < count; i++) {
    ((unsigned char *)bytes)[i] = (*next)++;
  }
}

static void test_random_ids_come_from_the_dice_handed_in(void **state) {
  (void)state;
  unsigned char next = 192;
  Env env = {.random = counting_dice, .state = &next};
  assert_str(ids_random(&arena, &env, 64), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
  assert_int_equal(ids_random(&arena, &env, 0).length, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(test_the_vectors_of_rfc_4648_hold_both_ways, forget),
      cmocka_unit_test_teardown(test_all_bytes_come_back_from_every_base, forget),
      cmocka_unit_test_teardown(test_padding_is_optional_but_must_be_right, forget),
      cmocka_unit_test_teardown(test_malformed_text_is_refused, forget),
      cmocka_unit_test_teardown(test_left_over_bits_must_be_zero_so_that_a_signature_has_one_text, forget),
      cmocka_unit_test_teardown(test_hexadecimal_and_base32_are_read_in_either_case, forget),
      cmocka_unit_test_teardown(test_a_secret_of_32_characters_is_shown_in_52, forget),
      cmocka_unit_test_teardown(test_percent_encoding_is_that_of_encode_uri_component, forget),
      cmocka_unit_test_teardown(test_percent_decoding_refuses_torn_escapes_bad_utf8_and_nul, forget),
      cmocka_unit_test_teardown(test_random_ids_come_from_the_dice_handed_in, forget),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
