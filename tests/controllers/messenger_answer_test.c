// The words of the messenger door, and its addresses.
#include "controllers/messenger_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "controllers/messenger_routes.h"
#include "methods/message.h"

static Arena arena;

static int end(void **state) {
  (void)state;
  arena_free(&arena);
  return 0;
}

static const char *error_body(Error error) {
  Text body = {.arena = &arena};
  messenger_dialect.write_error(&body, error, NULL, (Str){0});
  return str_zero(&arena, text_str(&body));
}

static void test_every_error_has_a_status_a_message_and_a_reason(void **state) {
  (void)state;
  for (Error error = ERR_NONE + 1; error < ERR_COUNT; error++) {
    const Json *body = json_parse(&arena, str_from(error_body(error)), NULL);
    Str message, reason;
    int64_t status;
    assert_true(json_int(json_get(body, "statusCode"), &status) && json_str(json_get(body, "message"), &message));
    assert_int_equal(status, messenger_dialect.status(error));
    assert_true(status >= 400 && message.length > 0);
    assert_int_equal(json_str(json_get(body, "error"), &reason), error != ERR_INTERNAL);
  }
  assert_string_equal(error_body(ERR_INTERNAL), "{\"statusCode\":500,\"message\":\"Internal server error\"}");
  assert_string_equal(error_body(ERR_TOKEN_EXPIRED),
                      "{\"statusCode\":401,\"message\":\"Authorization error\",\"error\":\"Unauthorized\"}");
}

static const char *words_of(const char *body) {
  size_t fault;
  assert_null(json_parse(&arena, str_from(body), &fault));
  return str_zero(&arena, messenger_parser_words(&arena, str_from(body), fault));
}

static void test_a_body_that_is_no_json_is_told_where_it_goes_wrong(void **state) {
  (void)state;
  assert_string_equal(words_of("{\"a\":1"), "Unexpected end of JSON input");
  assert_string_equal(words_of("x"), "Unexpected token x in JSON at position 0");
  assert_string_equal(words_of("{\"a\":é}"), "Unexpected token é in JSON at position 5");
}

static void test_reading_is_no_person(void **state) {
  (void)state;
  TicketsParameters parameters;
  const MessengerRoute *read = messenger_route_find(HTTP_GET, STR("/message/read"), &parameters);
  assert_ptr_equal(read->route.method, &message_method_read);
  const MessengerRoute *history = messenger_route_find(HTTP_GET, STR("/message/5/"), &parameters);
  assert_ptr_equal(history->route.method, &message_method_history);
  assert_string_equal(str_zero(&arena, parameters.values[0]), "5");
  assert_null(messenger_route_find(HTTP_PUT, STR("/message/5"), &parameters));
  assert_null(messenger_route_find(HTTP_GET, STR("/message"), &parameters));
}

#define CASE(test) cmocka_unit_test_teardown(test, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_every_error_has_a_status_a_message_and_a_reason),
      CASE(test_a_body_that_is_no_json_is_told_where_it_goes_wrong),
      CASE(test_reading_is_no_person),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
