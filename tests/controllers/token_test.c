// Tokens on the wire: the cookie that is given is the one that is read, until its time is over, and no other is.
#include "controllers/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "core/auth.h"
#include "models/session.h"
#include "support/rig.h"

static const HttpLimits limits = {.head_bytes = 8192, .headers = 10, .target_bytes = 100, .body_bytes = 100};

static int begin(void **state) {
  *state = rig_open(NULL);
  return 0;
}

static int end(void **state) {
  rig_close(*state);
  return 0;
}

static Call *new_call(Rig *rig) {
  rig->loops[0].now_ms = rig->now_ms;
  Call *call = call_new_own(&rig->loops[0]);
  assert_non_null(call);
  return call;
}

// Reads the token of a request with this header line; the error, and *who (may be NULL) in the rig's arena.
static Error read_header(Rig *rig, const char *line, Identity *who) {
  Text bytes = {.arena = &rig->arena};
  text_format(&bytes, "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n\r\n", line);
  HttpParser *parser = http_parser_new(&limits);
  HttpRequest request;
  size_t consumed;
  assert_int_equal(http_parser_feed(parser, &rig->arena, bytes.at, bytes.length, &request, &consumed), HTTP_REQUEST);
  Call *call = new_call(rig);
  token_read(call, &request);
  Error error = call->token_error;
  if (who != NULL) {
    *who = call->who;
    who->username = str_copy(&rig->arena, who->username);
    who->sid = str_copy(&rig->arena, who->sid);
  }
  call_free(call);
  http_parser_free(parser);
  return error;
}

// The Set-Cookie line of a session of five days.
static const char *grant(Rig *rig) {
  Call *call = new_call(rig);
  Text headers = {.arena = &rig->arena};
  Identity granted = {.user_id = 17,
                      .username = STR("anna"),
                      .sid = STR("sid-of-anna"),
                      .expires_ms = rig->now_ms + session_access_ms(&rig->config, "seats")};
  token_add_cookie(&headers, call, &granted);
  call_free(call);
  return rig_zero(rig, text_str(&headers));
}

// "Cookie: handshake_token=..." of a Set-Cookie line.
static char *cookie_of(Rig *rig, const char *line) {
  const char *from = strstr(line, "handshake_token=");
  assert_non_null(from);
  Text cookie = {.arena = &rig->arena};
  text_format(&cookie, "Cookie: other=1; %.*s", (int)strcspn(from, ";"), from);
  return arena_copy(&rig->arena, str_zero(&rig->arena, text_str(&cookie)), cookie.length + 1);
}

static void test_the_cookie_that_is_given_is_read_until_its_time_is_over(void **state) {
  Rig *rig = *state;
  const char *line = grant(rig);
  Identity who;
  assert_memory_equal(line, "Set-Cookie: handshake_token=s%3A", 32);
  assert_non_null(strstr(line,
                         "; Max-Age=432000; Path=/; Expires=Thu, 26 Nov 2026 07:00:00 GMT; HttpOnly; "
                         "SameSite=Strict\r\n"));
  const char *cookie = cookie_of(rig, line);
  assert_int_equal(read_header(rig, cookie, &who), ERR_NONE);
  assert_int_equal(who.user_id, 17);
  assert_string_equal(rig_zero(rig, who.username), "anna");
  assert_string_equal(rig_zero(rig, who.sid), "sid-of-anna");
  assert_int_equal(who.expires_ms, RIG_BEGIN_MS + 432000000);
  rig_pass(rig, 120 * RIG_HOUR_MS - 1);
  assert_int_equal(read_header(rig, cookie, NULL), ERR_NONE);
  rig_pass(rig, 1);
  assert_int_equal(read_header(rig, cookie, &who), ERR_TOKEN_EXPIRED);
  assert_int_equal(who.user_id, 0);
}

static void test_over_tls_the_cookie_is_secure(void **state) {
  Rig *rig = *state;
  rig->config.public_url = STR("https://seats.example");
  assert_non_null(strstr(grant(rig), "; HttpOnly; Secure; SameSite=Strict\r\n"));
}

static void test_no_cookie_and_one_with_a_wrong_signature_are_the_same(void **state) {
  Rig *rig = *state;
  assert_int_equal(read_header(rig, "X: y", NULL), ERR_UNAUTHORIZED);
  assert_int_equal(read_header(rig, "Cookie: handshake_token=", NULL), ERR_UNAUTHORIZED);
  char *cookie = cookie_of(rig, grant(rig));
  for (size_t i = strlen("Cookie: other=1; handshake_token="); cookie[i] != '\0'; i++) {
    char kept = cookie[i];
    cookie[i] = kept == 'A' ? 'B' : 'A';
    assert_int_equal(read_header(rig, cookie, NULL), ERR_UNAUTHORIZED);
    cookie[i] = kept;
  }
  rig->config.cookie_secret = STR("another");
  assert_int_equal(read_header(rig, cookie, NULL), ERR_UNAUTHORIZED);
}

static const char *bearer(Rig *rig, const char *key, const char *payload) {
  Text line = {.arena = &rig->arena};
  text_add(&line, STR("Authorization: Bearer "));
  text_add(&line, auth_jwt_sign(&rig->arena, str_from(key), str_from(payload)));
  return rig_zero(rig, text_str(&line));
}

static void test_a_bearer_token_is_read_too_and_every_claim_is_needed(void **state) {
  static const char *const incomplete[] = {
      "{\"sub\":\"1\",\"sid\":\"s\",\"exp\":1999999999}",
      "{\"userId\":\"0123456789abcdef01234567\",\"exp\":1999999999}",
      "{\"userId\":\"0123456789abcdef01234567\",\"sid\":\"s\",\"typ\":\"refresh\",\"exp\":1999999999}",
      "{\"username\":\"anna\",\"sid\":\"s\",\"exp\":1999999999}",
      "{\"username\":\"anna\",\"sub\":1,\"sid\":\"s\",\"exp\":1999999999}",
      "{\"username\":\"anna\",\"sub\":\"undefined\",\"sid\":\"s\",\"exp\":1999999999}",
      "{\"username\":\"anna\",\"sub\":\"0\",\"sid\":\"s\",\"exp\":1999999999}",
      "{\"username\":\"anna\",\"sub\":\"-1\",\"sid\":\"s\",\"exp\":1999999999}",
      "{\"username\":\"anna\",\"sub\":\"1\",\"exp\":1999999999}",
      "{\"username\":\"anna\",\"sub\":\"1\",\"sid\":\"s\"}",
  };
  Rig *rig = *state;
  Identity who;
  const char *good = "{\"username\":\"anna\",\"sub\":\"1\",\"sid\":\"s\",\"exp\":1999999999}";
  assert_int_equal(read_header(rig, bearer(rig, "jwt secret", good), &who), ERR_NONE);
  assert_int_equal(who.user_id, 1);
  const char *tickets = "{\"userId\":\"0123456789abcdef01234567\",\"sid\":\"s\",\"typ\":\"access\",\"exp\":1999999999}";
  assert_int_equal(read_header(rig, bearer(rig, "jwt secret", tickets), &who), ERR_NONE);
  assert_string_equal(rig_zero(rig, who.sid), "s");
  assert_int_equal(read_header(rig, bearer(rig, "another", good), NULL), ERR_TOKEN_INVALID);
  assert_int_equal(read_header(rig, "Authorization: Bearer x.y.z", NULL), ERR_TOKEN_INVALID);
  assert_int_equal(read_header(rig, "Authorization: Basic YTpi", NULL), ERR_UNAUTHORIZED);
  assert_int_equal(read_header(rig, "Authorization: Bearer ", NULL), ERR_UNAUTHORIZED);
  for (size_t i = 0; i < sizeof incomplete / sizeof incomplete[0]; i++) {
    assert_int_equal(read_header(rig, bearer(rig, "jwt secret", incomplete[i]), &who), ERR_TOKEN_INVALID);
    assert_int_equal(who.user_id, 0);
  }
}

static void test_clearing_is_as_the_contract_writes_it(void **state) {
  Rig *rig = *state;
  Text headers = {.arena = &rig->arena};
  token_add_clearing(&headers);
  assert_string_equal(rig_zero(rig, text_str(&headers)),
                      "Set-Cookie: handshake_token=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT\r\n");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_the_cookie_that_is_given_is_read_until_its_time_is_over),
      CASE(test_over_tls_the_cookie_is_secure),
      CASE(test_no_cookie_and_one_with_a_wrong_signature_are_the_same),
      CASE(test_a_bearer_token_is_read_too_and_every_claim_is_needed),
      CASE(test_clearing_is_as_the_contract_writes_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
