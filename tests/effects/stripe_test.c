// What a courier makes of Stripe's answers: the flat object that payment.settle reads, whatever came. A stub on this
// machine answers; the requests themselves are looked at by tests/wire/stripe.test.mjs.
#include "effects/stripe.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

// The stub: one connection, one answer.

static int listener;
static const char *answer;  // the whole of it; NULL: the line drops

static void *serve(void *unused) {
  (void)unused;
  char request[8192];
  int fd = accept(listener, NULL, NULL);
  if (fd < 0) return NULL;
  if (read(fd, request, sizeof request) > 0 && answer != NULL && write(fd, answer, strlen(answer)) < 0) abort();
  shutdown(fd, SHUT_WR);
  while (read(fd, request, sizeof request) > 0) continue;
  close(fd);
  return NULL;
}

static int64_t no_time(void *state) {
  (void)state;
  return 0;
}

static Arena arena;
static Outcome outcome;

// Performs the op against the stub; gives the result.
static const Json *perform(const char *payload, const char *answered) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(listener, (struct sockaddr *)&address, length), 0);
  assert_int_equal(listen(listener, 1), 0);
  assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
  answer = answered;
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, serve, NULL), 0);
  char url[64];
  snprintf(url, sizeof url, "http://127.0.0.1:%d", ntohs(address.sin_port));
  Config config = {.jwt_secret = STR("secret")};
  Errand errand = {.id = 3, .key = STR("create:b:1"), .config = &config, .own_url = str_from(url)};
  errand.env.now_ms = no_time;
  errand.result.arena = &errand.arena;
  errand.payload = json_parse(&arena, str_from(payload), NULL);
  assert_non_null(errand.payload);
  outcome = stripe_perform(&errand);
  const Json *result = json_parse(&arena, text_str(&errand.result), NULL);
  assert_non_null(result);
  arena_free(&errand.arena);
  pthread_join(thread, NULL);
  close(listener);
  return result;
}

static void assert_word(const Json *result, const char *name, const char *expected) {
  Str value = STR("(absent)");
  json_str(json_get(result, name), &value);
  assert_string_equal(str_zero(&arena, value), expected);
}

static void assert_number(const Json *result, const char *name, int64_t expected) {
  int64_t value = -1;
  json_int(json_get(result, name), &value);
  assert_int_equal(value, expected);
}

static int tear_down(void **state) {
  (void)state;
  arena_free(&arena);
  return 0;
}

#define ANSWER(status, json) "HTTP/1.1 " status "\r\nConnection: close\r\nContent-Type: application/json\r\n\r\n" json
#define INTENT(status)                                                      \
  "{\"id\":\"pi_1\",\"client_secret\":\"pi_1_secret\",\"status\":\"" status \
  "\",\"amount\":240000,"                                                   \
  "\"currency\":\"inr\",\"metadata\":{\"bookingId\":\"abc\"}}"
#define PAYLOAD(op) \
  "{\"op\":\"" op "\",\"bookingId\":7,\"attempt\":2,\"intent\":\"pi_0\",\"amount\":1,\"currency\":\"inr\"}"

// Tests.

static void test_an_intent_is_told_as_stripe_has_it(void **state) {
  (void)state;
  const Json *result = perform(PAYLOAD("create"), ANSWER("200 OK", INTENT("requires_payment_method")));
  assert_int_equal(outcome, OUTCOME_DONE);
  assert_word(result, "op", "create");
  assert_number(result, "bookingId", 7);
  assert_number(result, "attempt", 2);
  assert_word(result, "intent", "pi_0");
  assert_number(result, "outboxId", 3);
  assert_number(result, "http", 200);
  assert_word(result, "error", "");
  assert_word(result, "intentId", "pi_1");
  assert_word(result, "clientSecret", "pi_1_secret");
  assert_word(result, "status", "requires_payment_method");
  assert_number(result, "amount", 240000);
  assert_word(result, "currency", "inr");
  assert_word(result, "intentBookingId", "abc");
  assert_word(result, "refundId", "");
}

static void test_an_error_about_an_intent_tells_the_intent(void **state) {
  (void)state;
  const Json *result =
      perform(PAYLOAD("cancel"), ANSWER("400 Bad Request",
                                        "{\"error\":{\"code\":\"payment_intent_unexpected_state\",\"message\":\"No.\","
                                        "\"payment_intent\":" INTENT("succeeded") "}}"));
  assert_int_equal(outcome, OUTCOME_FAILED);
  assert_number(result, "http", 400);
  assert_word(result, "error", "payment_intent_unexpected_state");
  assert_word(result, "message", "No.");
  assert_word(result, "status", "succeeded");
  assert_word(result, "intentId", "pi_1");
}

static void test_a_refund_is_no_intent(void **state) {
  (void)state;
  const Json *result = perform(PAYLOAD("refund"), ANSWER("200 OK", "{\"id\":\"re_1\",\"status\":\"pending\"}"));
  assert_int_equal(outcome, OUTCOME_DONE);
  assert_word(result, "refundId", "re_1");
  assert_word(result, "refundStatus", "pending");
  assert_word(result, "intentId", "");
  assert_word(result, "status", "");
}

static void test_an_error_without_a_code_is_told_by_its_type(void **state) {
  (void)state;
  const Json *result =
      perform(PAYLOAD("create"), ANSWER("401 Unauthorized", "{\"error\":{\"type\":\"invalid_request_error\"}}"));
  assert_int_equal(outcome, OUTCOME_FAILED);
  assert_word(result, "error", "invalid_request_error");
}

static void test_no_answer_is_unreachable_and_asked_again(void **state) {
  (void)state;
  const Json *result = perform(PAYLOAD("retrieve"), NULL);
  assert_int_equal(outcome, OUTCOME_AGAIN);
  assert_number(result, "http", 0);
  assert_word(result, "error", "unreachable");
  assert_word(result, "intentId", "");
}

static void test_an_answer_that_is_not_stripes_is_unreachable_and_asked_again(void **state) {
  (void)state;
  const Json *result = perform(PAYLOAD("retrieve"), ANSWER("404 Not Found", "<html>Not here</html>"));
  assert_int_equal(outcome, OUTCOME_AGAIN);
  assert_number(result, "http", 404);
  assert_word(result, "error", "unreachable");
}

static void test_fields_of_other_types_are_left_out(void **state) {
  (void)state;
  const Json *result = perform(PAYLOAD("retrieve"), ANSWER("200 OK",
                                                           "{\"id\":1,\"status\":null,\"amount\":\"2\","
                                                           "\"currency\":[],\"metadata\":[]}"));
  assert_int_equal(outcome, OUTCOME_DONE);
  assert_word(result, "intentId", "");
  assert_word(result, "status", "");
  assert_number(result, "amount", 0);
}

static void test_an_op_that_nobody_knows_fails(void **state) {
  (void)state;
  Config config = {.jwt_secret = STR("secret")};
  Errand errand = {.config = &config, .payload = json_parse(&arena, STR("{\"op\":\"steal\"}"), NULL)};
  errand.result.arena = &errand.arena;
  assert_int_equal(stripe_perform(&errand), OUTCOME_FAILED);
  arena_free(&errand.arena);
}

int main(void) {
#define TEST(name) cmocka_unit_test_teardown(name, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(test_an_intent_is_told_as_stripe_has_it),
      TEST(test_an_error_about_an_intent_tells_the_intent),
      TEST(test_a_refund_is_no_intent),
      TEST(test_an_error_without_a_code_is_told_by_its_type),
      TEST(test_no_answer_is_unreachable_and_asked_again),
      TEST(test_an_answer_that_is_not_stripes_is_unreachable_and_asked_again),
      TEST(test_fields_of_other_types_are_left_out),
      TEST(test_an_op_that_nobody_knows_fails),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
