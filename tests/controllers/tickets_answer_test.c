// The one error body of the tickets door, its addresses, and what a request says.
#include "controllers/tickets_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "controllers/tickets_input.h"
#include "methods/account.h"
#include "methods/booking.h"

static Arena arena;

static int end(void **state) {
  (void)state;
  arena_free(&arena);
  return 0;
}

static const char *error_body(Error error, const char *details) {
  Text body = {.arena = &arena};
  tickets_write_error(&body, error, str_from(details));
  return str_zero(&arena, text_str(&body));
}

static void test_every_error_has_a_code_in_snake_case_and_one_text_twice(void **state) {
  (void)state;
  for (Error error = ERR_NONE + 1; error < ERR_COUNT; error++) {
    const Json *body = json_parse(&arena, str_from(error_body(error, "")), NULL);
    Str code, text, message;
    bool success = true;
    assert_true(json_str(json_get(body, "code"), &code) && json_str(json_get(body, "error"), &text));
    assert_true(json_str(json_get(body, "message"), &message) && json_is_bool(json_get(body, "success"), &success));
    assert_false(success);
    assert_true(str_equal(text, message) && text.length > 0);
    for (size_t i = 0; i < code.length; i++) assert_true(code.at[i] == '_' || (code.at[i] >= 'a' && code.at[i] <= 'z'));
    assert_true(tickets_error_status(error) >= 400);
  }
}

static void test_what_a_method_says_beside_an_error_stands_in_the_body(void **state) {
  (void)state;
  assert_string_equal(error_body(ERR_TOKEN_EXPIRED, "{\"seatIds\":[1]}"),
                      "{\"success\":false,\"error\":\"Invalid token\",\"message\":\"Invalid token\","
                      "\"code\":\"invalid_token\",\"seatIds\":[1]}");
}

static const Method *method_of(HttpMethod verb, const char *path, TicketsParameters *parameters) {
  const TicketsRoute *route = tickets_route_find(verb, str_from(path), parameters);
  return route != NULL ? route->method : NULL;
}

static void test_a_fixed_segment_goes_before_a_parameter(void **state) {
  (void)state;
  TicketsParameters parameters;
  assert_ptr_equal(method_of(HTTP_GET, "/booking/mine", &parameters), &booking_mine);
  assert_int_equal(parameters.count, 0);
  assert_ptr_equal(method_of(HTTP_GET, "/booking/abc", &parameters), &booking_by_id);
  assert_string_equal(str_zero(&arena, parameters.names[0]), "id");
  assert_string_equal(str_zero(&arena, parameters.values[0]), "abc");
  assert_ptr_equal(method_of(HTTP_HEAD, "/booking/abc/", &parameters), &booking_by_id);
  assert_ptr_equal(method_of(HTTP_PATCH, "/booking/abc/confirm", &parameters), &booking_confirm_paid);
  assert_null(method_of(HTTP_GET, "/booking", &parameters));
  assert_null(method_of(HTTP_GET, "/booking//confirm", &parameters));
  assert_null(method_of(HTTP_GET, "/booking/abc/confirm/x", &parameters));
  assert_null(method_of(HTTP_GET, "", &parameters));
  assert_ptr_equal(method_of(HTTP_DELETE, "/account/sessions", &parameters), &account_end_sessions);
  assert_ptr_equal(method_of(HTTP_DELETE, "/account/sessions/x", &parameters), &account_end_session);
}

typedef struct Numbers {
  int64_t number;
  Str text;
  bool flag;
} Numbers;

static const Field number_fields[] = {
    {.name = "number", .kind = FIELD_INT, .offset = offsetof(Numbers, number), .max = 9, .error = ERR_VALIDATION},
    {.name = "text", .kind = FIELD_STRING, .offset = offsetof(Numbers, text), .max = 9, .error = ERR_VALIDATION},
    {.name = "flag", .kind = FIELD_FLAG, .offset = offsetof(Numbers, flag), .error = ERR_VALIDATION},
};

static const Method numbers = {.name = "numbers", .fields = number_fields, .field_count = 3};
static const TicketsRoute numbers_route = {.path = "/:number", .method = &numbers};

static const char *say(const char *path, const char *query, const char *body) {
  TicketsParameters parameters = {.names = {STR("number")}, .values = {str_from(path)}, .count = path[0] != '\0'};
  HttpRequest request = {.query = str_from(query), .body = str_from(body)};
  const Json *input;
  if (tickets_input_read(&arena, &numbers_route, &parameters, &request, &input) != ERR_NONE) return "refused";
  if (input == NULL) return "nothing";
  Text text = {.arena = &arena};
  json_add_node(&text, input);
  return str_zero(&arena, text_str(&text));
}

static void test_path_query_and_body_are_one_object(void **state) {
  (void)state;
  assert_string_equal(say("", "", ""), "nothing");
  assert_string_equal(say("", "", "{\"text\":\"a\"}"), "{\"text\":\"a\"}");
  assert_string_equal(say("5", "", "{\"number\":6,\"more\":1}"), "{\"number\":5,\"number\":6,\"more\":1}");
  assert_string_equal(say("5", "", " {}"), "{\"number\":5}");
  assert_string_equal(say("x", "text=a%20b+c&flag=true&other=1", ""),
                      "{\"number\":\"x\",\"text\":\"a b c\",\"flag\":true}");
  assert_string_equal(say("", "text=12", ""), "{\"text\":\"12\"}");
  assert_string_equal(say("", "text=%zz", ""), "refused");
  assert_string_equal(say("%ff", "", ""), "refused");
  assert_string_equal(say("", "", "[1]"), "refused");
  assert_string_equal(say("", "", "{"), "refused");
  assert_string_equal(say("5", "", "}"), "refused");
  assert_string_equal(say("5", "", "[{}]"), "refused");
  assert_string_equal(say("5", "", "{}}"), "refused");
  assert_string_equal(say("5", "", "{},\"text\":\"a\"}"), "refused");
}

static void test_a_field_says_what_it_must_be(void **state) {
  (void)state;
  assert_string_equal(str_zero(&arena, tickets_field_sentence(&arena, &number_fields[0])),
                      "number must be a whole number from 0 to 9.");
  assert_string_equal(str_zero(&arena, tickets_field_sentence(&arena, &number_fields[1])),
                      "text must have 0 to 9 characters.");
}

#define CASE(test) cmocka_unit_test_teardown(test, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_every_error_has_a_code_in_snake_case_and_one_text_twice),
      CASE(test_what_a_method_says_beside_an_error_stands_in_the_body),
      CASE(test_a_fixed_segment_goes_before_a_parameter),
      CASE(test_path_query_and_body_are_one_object),
      CASE(test_a_field_says_what_it_must_be),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
