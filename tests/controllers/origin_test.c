// Which pages may talk to us, and what the answers say to them.
#include "controllers/origin.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static Arena arena;

static int forget(void **state) {
  (void)state;
  arena_free(&arena);
  return 0;
}

// A request as the parser gives it.
static HttpRequest request_of(const char *host, const char *origin) {
  static const HttpLimits limits = {.head_bytes = 4096, .headers = 10, .target_bytes = 100, .body_bytes = 100};
  Text bytes = {.arena = &arena};
  text_format(&bytes, "GET / HTTP/1.1\r\nHost: %s\r\n", host);
  if (origin != NULL) text_format(&bytes, "Origin: %s\r\n", origin);
  text_add(&bytes, STR("\r\n"));
  HttpParser *parser = http_parser_new(&limits);
  HttpRequest request;
  size_t consumed;
  char *copy = arena_copy(&arena, bytes.at, bytes.length);
  assert_int_equal(http_parser_feed(parser, &arena, copy, bytes.length, &request, &consumed), HTTP_REQUEST);
  http_parser_free(parser);
  return request;
}

static Origin origin_with(const Config *config, const char *origin) {
  HttpRequest request = request_of("venue.example:3000", origin);
  return origin_of(config, &request);
}

static void test_no_origin_is_no_browser(void **state) {
  (void)state;
  assert_int_equal(origin_with(&(Config){0}, NULL), ORIGIN_NONE);
}

static void test_our_own_host_is_allowed_with_its_port(void **state) {
  (void)state;
  Config config = {0};
  assert_int_equal(origin_with(&config, "http://venue.example:3000"), ORIGIN_ALLOWED);
  assert_int_equal(origin_with(&config, "https://VENUE.example:3000"), ORIGIN_ALLOWED);
  assert_int_equal(origin_with(&config, "http://venue.example"), ORIGIN_FOREIGN);
  assert_int_equal(origin_with(&config, "http://venue.example:30000"), ORIGIN_FOREIGN);
  assert_int_equal(origin_with(&config, "null"), ORIGIN_FOREIGN);
  assert_int_equal(origin_with(&config, "ftp://venue.example:3000"), ORIGIN_FOREIGN);
}

static void test_the_list_is_exact(void **state) {
  (void)state;
  Config config = {.allowed_origins = STR("https://a.example, http://b.example:8080 ,,https://c.example")};
  assert_int_equal(origin_with(&config, "https://a.example"), ORIGIN_ALLOWED);
  assert_int_equal(origin_with(&config, "http://b.example:8080"), ORIGIN_ALLOWED);
  assert_int_equal(origin_with(&config, "https://C.example"), ORIGIN_ALLOWED);
  static const char *const foreign[] = {"http://a.example", "https://a.example.evil.example", "https://evil-a.example",
                                        "https://a.example:444", "http://b.example"};
  for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++)
    assert_int_equal(origin_with(&config, foreign[i]), ORIGIN_FOREIGN);
}

static void test_the_demo_allows_this_machine_and_nothing_that_looks_like_it(void **state) {
  (void)state;
  Config demo = {.demo = true};
  assert_int_equal(origin_with(&demo, "http://localhost:5173"), ORIGIN_ALLOWED);
  assert_int_equal(origin_with(&demo, "http://localhost"), ORIGIN_ALLOWED);
  assert_int_equal(origin_with(&demo, "https://127.0.0.1:1"), ORIGIN_ALLOWED);
  static const char *const foreign[] = {"http://localhost.evil.example", "http://evil.example/localhost",
                                        "http://notlocalhost:3000", "http://127.0.0.1.evil.example",
                                        "http://localhost@evil.example"};
  for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++)
    assert_int_equal(origin_with(&demo, foreign[i]), ORIGIN_FOREIGN);
  assert_int_equal(origin_with(&(Config){0}, "http://localhost:5173"), ORIGIN_FOREIGN);
}

static void test_the_public_address_is_allowed_whatever_its_path(void **state) {
  (void)state;
  Config config = {.public_url = STR("https://Seats.example/venue")};
  assert_int_equal(origin_with(&config, "https://seats.example"), ORIGIN_ALLOWED);
  assert_int_equal(origin_with(&config, "https://seats.exampl"), ORIGIN_FOREIGN);
  assert_int_equal(origin_with(&config, "https://seats.example.evil.example"), ORIGIN_FOREIGN);
}

static void assert_headers(void (*add)(Text *, const Config *, const HttpRequest *), const char *origin,
                           const char *expected) {
  HttpRequest request = request_of("venue.example", origin);
  Text headers = {.arena = &arena};
  add(&headers, &(Config){0}, &request);
  assert_string_equal(str_zero(&arena, text_str(&headers)), expected);
}

static void test_what_answers_say_to_each(void **state) {
  (void)state;
  const char *own = "http://venue.example";
  const char *foreign = "http://other.example";
  assert_headers(origin_add_seats_headers, own,
                 "Access-Control-Allow-Origin: http://venue.example\r\nAccess-Control-Allow-Credentials: true\r\n"
                 "Vary: Origin\r\nAccess-Control-Expose-Headers: Set-Cookie\r\n");
  assert_headers(origin_add_seats_headers, foreign, "");
  assert_headers(origin_add_seats_headers, NULL, "");
}

#define CASE(test) cmocka_unit_test_teardown(test, forget)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_no_origin_is_no_browser),
      CASE(test_our_own_host_is_allowed_with_its_port),
      CASE(test_the_list_is_exact),
      CASE(test_the_demo_allows_this_machine_and_nothing_that_looks_like_it),
      CASE(test_the_public_address_is_allowed_whatever_its_path),
      CASE(test_what_answers_say_to_each),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
