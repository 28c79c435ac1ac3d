// Messages as they go over the wire: no line too long, no header but ours, every text readable again.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/mailer.h"
#include "core/qr_png.h"

static Arena arena;

static int tear_down(void **state) {
  (void)state;
  arena_free(&arena);
  return 0;
}

static const char *message(Mail mail) {
  mail.from = STR("tickets@example.org");
  mail.to = STR("ann@example.com");
  mail.id = STR("otp-1");
  mail.at_ms = INT64_C(1795244400000);
  return str_zero(&arena, mail_message(&arena, &mail));
}

static void test_plain_texts_stand_in_it_as_they_are(void **state) {
  (void)state;
  const char *said = message((Mail){
      .from_name = STR("The \"Odeon\""), .subject = STR("Hi"), .text = STR("One\n\n12\n"), .html = STR("<p>x</p>\n")});
  assert_non_null(strstr(said,
                         "From: \"The \\\"Odeon\\\"\" <tickets@example.org>\r\nTo: <ann@example.com>\r\nSubject: Hi\r\n"
                         "Date: Sat, 21 Nov 2026 07:00:00 +0000\r\nMessage-ID: <otp-1@example.org>\r\n"));
  assert_non_null(strstr(said, "Content-Transfer-Encoding: 7bit\r\n\r\nOne\r\n\r\n12\r\n--"));
}

static void test_words_of_other_letters_are_encoded_and_no_letter_is_cut_in_two(void **state) {
  (void)state;
  const char *said = message((Mail){.from_name = STR("Ü"),
                                    .subject = STR("Привет, это длинная тема письма о билетах"),
                                    .text = STR("Привет = \nтам")});
  assert_non_null(strstr(said, "From: =?UTF-8?B?w5w=?= <tickets"));
  // Each encoded word is UTF-8 of its own: 42 bytes are 21 Cyrillic letters, and a space between shifts that by one.
  assert_non_null(
      strstr(said, "Subject: =?UTF-8?B?0J/RgNC40LLQtdGCLCDRjdGC0L4g0LTQu9C40L3QvdCw0Y8g0YLQtdC8?=\r\n =?UTF-8?B?"));
  assert_non_null(strstr(said, "quoted-printable\r\n\r\n=D0=9F=D1=80=D0=B8=D0=B2=D0=B5=D1=82 =3D=20\r\n"));
}

static void test_no_line_is_longer_than_998_bytes_and_none_ends_bare(void **state) {
  (void)state;
  char *text = arena_alloc(&arena, 5001);
  memset(text, 'x', 5000);
  const char *said = message(
      (Mail){.from_name = STR("f"), .subject = (Str){text, 500}, .text = (Str){text, 5000}, .html = (Str){text, 5000}});
  size_t line = 0;
  for (const char *at = said; *at != '\0'; at++) {
    line = *at == '\n' ? 0 : line + 1;
    assert_true(line <= 999);
    if (*at == '\n') assert_int_equal(at[-1], '\r');
    if (*at == '\r') assert_int_equal(at[1], '\n');
  }
}

static void test_only_addresses_are_addresses(void **state) {
  (void)state;
  static const char *const bad[] = {"",      "ann",           "@b",    "a@",      "a@b@c",
                                    "a b@c", "a@b\r\nBcc: c", "<a@b>", "a@b,c@d", "a@b\"c"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) assert_false(mail_address_valid(str_from(bad[i])));
  assert_true(mail_address_valid(STR("ann+x@example.com")));
  assert_true(mail_address_valid(STR("анна@пример.рф")));
}

static void test_a_code_that_no_qr_picture_can_hold_gives_none(void **state) {
  (void)state;
  char *text = arena_alloc(&arena, 4001);
  memset(text, 'x', 4000);
  assert_int_equal(qr_png(&arena, (Str){text, 4000}, 4).length, 0);
  Str png = qr_png(&arena, STR("x"), 4);
  assert_memory_equal(png.at, "\x89PNG\r\n\x1a\n", 8);
  assert_memory_equal(png.at + png.length - 8, "IEND\xae\x42\x60\x82", 8);
}

int main(void) {
#define TEST(name) cmocka_unit_test_teardown(name, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(test_plain_texts_stand_in_it_as_they_are),
      TEST(test_words_of_other_letters_are_encoded_and_no_letter_is_cut_in_two),
      TEST(test_no_line_is_longer_than_998_bytes_and_none_ends_bare),
      TEST(test_only_addresses_are_addresses),
      TEST(test_a_code_that_no_qr_picture_can_hold_gives_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
