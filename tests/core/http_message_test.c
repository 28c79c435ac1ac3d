// What is asked of a request (headers, cookies, query, codings), and the heads of responses.
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/http.h"

static Arena arena;

static int forget(void **state) {
  (void)state;
  arena_free(&arena);
  return 0;
}

#define assert_str(actual, expected) assert_string_equal(str_zero(&arena, (actual)), (expected))
#define HEADER(name, value)       \
  {                               \
    {(name), sizeof(name) - 1}, { \
      (value), sizeof(value) - 1  \
    }                             \
  }

static void test_a_header_is_found_in_any_case_and_the_first_counts(void **state) {
  (void)state;
  static const HttpHeader headers[] = {HEADER("X-Real-IP", "::1"), HEADER("Accept", "a"), HEADER("accept", "b")};
  HttpRequest request = {.headers = headers, .header_count = 3};
  assert_str(http_header(&request, "x-real-ip"), "::1");
  assert_str(http_header(&request, "Accept"), "a");
  assert_int_equal(http_header(&request, "Accep").length, 0);
}

static void test_tokens_are_found_in_lists(void **state) {
  (void)state;
  assert_true(http_has_token(STR("keep-alive, Upgrade"), "upgrade"));
  assert_true(http_has_token(STR(" ,\tclose\t, "), "close"));
  assert_false(http_has_token(STR("closed, not-close"), "close"));
  assert_false(http_has_token(STR("close;q=1"), "close"));
  assert_false(http_has_token(STR(""), "close"));
  assert_false(http_has_token((Str){0}, "close"));
}

static void test_cookies_are_found_in_all_lines(void **state) {
  (void)state;
  static const HttpHeader headers[] = {HEADER("Cookie", "a=1; bb=2=3;c=;d"), HEADER("cookie", "a=9; e=\"x\"")};
  HttpRequest request = {.headers = headers, .header_count = 2};
  assert_str(http_cookie(&request, "a"), "1");
  assert_str(http_cookie(&request, "bb"), "2=3");
  assert_str(http_cookie(&request, "c"), "");
  assert_str(http_cookie(&request, "d"), "");
  assert_str(http_cookie(&request, "e"), "\"x\"");
  assert_int_equal(http_cookie(&request, "A").length, 0);
  assert_int_equal(http_cookie(&request, "b").length, 0);
  assert_int_equal(http_cookie(&(HttpRequest){0}, "a").length, 0);
}

static void test_gzip_is_accepted_by_its_weight(void **state) {
  (void)state;
  static const struct {
    const char *value;
    bool accepted;
  } cases[] = {
      {"gzip", true},
      {"deflate, GZIP;q=0.5", true},
      {"x-gzip", true},
      {"*", true},
      {"gzip;q=1.000", true},
      {"gzip ; q=0.001", true},
      {"*;q=0, gzip", true},
      {"br;q=1, gzip;Q=1.", true},
      {"", false},
      {"identity", false},
      {"gzip;q=0", false},
      {"gzip;q=0.000, *", false},
      {"*;q=0", false},
      {"gzip;q=2", false},
      {"gzip;q=1.1", false},
      {"gzip;q=0.0001", false},
      {"gzip;q=-1", false},
      {"gzip;q=", false},
      {"gzipped", false},
      {"gzip;q=a", false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    HttpHeader header = {STR("Accept-Encoding"), str_from(cases[i].value)};
    HttpRequest request = {.headers = &header, .header_count = 1};
    if (http_accepts_gzip(&request) != cases[i].accepted) fail_msg("\"%s\"", cases[i].value);
  }
  assert_false(http_accepts_gzip(&(HttpRequest){0}));
}

// 21 November 2026, seven in the morning.
static const int64_t now_ms = 1795244400000;

static void test_a_head_is_written(void **state) {
  (void)state;
  Text text = {.arena = &arena};
  http_write_head(&text, 200, STR("application/json"), 12, true, now_ms, STR("Vary: Cookie\r\n"));
  assert_str(text_str(&text),
             "HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 07:00:00 GMT\r\nContent-Length: 12\r\n"
             "Content-Type: application/json\r\nVary: Cookie\r\n\r\n");
}

static void test_a_head_says_when_the_connection_ends(void **state) {
  (void)state;
  Text text = {.arena = &arena};
  http_write_head(&text, 431, (Str){0}, 0, false, now_ms, (Str){0});
  assert_str(text_str(&text),
             "HTTP/1.1 431 Request Header Fields Too Large\r\nDate: Sat, 21 Nov 2026 07:00:00 GMT\r\n"
             "Content-Length: 0\r\nConnection: close\r\n\r\n");
}

static void test_a_head_without_a_body_names_no_length(void **state) {
  (void)state;
  static const int statuses[] = {101, 204, 304};
  for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
    Text text = {.arena = &arena};
    http_write_head(&text, statuses[i], (Str){0}, 0, true, now_ms, (Str){0});
    assert_null(strstr(str_zero(&arena, text_str(&text)), "Content-Length"));
  }
}

static void test_statuses_have_phrases(void **state) {
  (void)state;
  assert_string_equal(http_reason_phrase(404), "Not Found");
  assert_string_equal(http_reason_phrase(505), "HTTP Version Not Supported");
  assert_string_equal(http_reason_phrase(599), "Unknown");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_header_is_found_in_any_case_and_the_first_counts),
      cmocka_unit_test(test_tokens_are_found_in_lists),
      cmocka_unit_test(test_cookies_are_found_in_all_lines),
      cmocka_unit_test(test_gzip_is_accepted_by_its_weight),
      cmocka_unit_test(test_a_head_is_written),
      cmocka_unit_test(test_a_head_says_when_the_connection_ends),
      cmocka_unit_test(test_a_head_without_a_body_names_no_length),
      cmocka_unit_test(test_statuses_have_phrases),
  };
  return cmocka_run_group_tests_name("http_message", tests, NULL, forget);
}
