// The envelope of the seats door: which messages are read, which error the others get, and the bytes that are written.
#include "controllers/seats_envelope.h"

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

static SeatsRequest request;

static Error read_message(const char *message) {
  return seats_envelope_read(&arena, str_from(message), 1000, &request);
}

static void test_a_message_has_a_type_data_and_an_eid(void **state) {
  (void)state;
  assert_int_equal(read_message("{\"type\":\"a.b\",\"data\":{\"x\":1},\"eid\":\"e1\",\"ts\":\"whatever\"}"), ERR_NONE);
  assert_str(request.type, "a.b");
  assert_str(request.eid, "e1");
  assert_true(json_is_object(request.data));
  assert_int_equal(read_message(" {\"eid\":7,\"data\":null,\"type\":\"a\"} "), ERR_NONE);
  assert_str(request.eid, "7");
  assert_true(json_is_null(request.data));
}

static void test_what_is_no_message_is_refused(void **state) {
  static const struct {
    const char *message;
    Error error;
    const char *eid;  // to echo
  } cases[] = {
      {"", ERR_INVALID_REQUEST, ""},
      {"2", ERR_INVALID_REQUEST, ""},
      {"null", ERR_INVALID_REQUEST, ""},
      {"[]", ERR_INVALID_REQUEST, ""},
      {"{\"type\":\"a\"", ERR_INVALID_REQUEST, ""},
      {"{}", ERR_MESSAGE_TYPE_REQUIRED, ""},
      {"{\"type\":\"\",\"data\":1,\"eid\":\"e\"}", ERR_MESSAGE_TYPE_REQUIRED, ""},
      {"{\"type\":null,\"data\":1,\"eid\":\"e\"}", ERR_MESSAGE_TYPE_REQUIRED, ""},
      {"{\"type\":1,\"data\":1,\"eid\":\"e\"}", ERR_INVALID_REQUEST, "e"},
      {"{\"type\":\"a\",\"data\":1}", ERR_INVALID_REQUEST, ""},
      {"{\"type\":\"a\",\"data\":1,\"eid\":\"\"}", ERR_INVALID_REQUEST, ""},
      {"{\"type\":\"a\",\"data\":1,\"eid\":0}", ERR_INVALID_REQUEST, ""},
      {"{\"type\":\"a\",\"data\":1,\"eid\":null}", ERR_INVALID_REQUEST, ""},
      {"{\"type\":\"a\",\"data\":1,\"eid\":{}}", ERR_INVALID_REQUEST, ""},
      {"{\"type\":\"a\",\"data\":1,\"eid\":true}", ERR_INVALID_REQUEST, ""},
      {"{\"type\":\"a\",\"eid\":\"e\"}", ERR_INVALID_REQUEST, "e"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    if (read_message(cases[i].message) != cases[i].error) fail_msg("%s", cases[i].message);
    assert_str(request.eid, cases[i].eid);
  }
}

static void test_an_eid_is_echoed_up_to_255_bytes(void **state) {
  (void)state;
  char message[400];
  char eid[257];
  memset(eid, 'e', 256);
  eid[256] = '\0';
  snprintf(message, sizeof message, "{\"type\":\"a\",\"data\":1,\"eid\":\"%s\"}", eid + 1);
  assert_int_equal(read_message(message), ERR_NONE);
  assert_int_equal(request.eid.length, 255);
  snprintf(message, sizeof message, "{\"type\":\"a\",\"data\":1,\"eid\":\"%s\"}", eid);
  assert_int_equal(read_message(message), ERR_INVALID_REQUEST);
  assert_int_equal(read_message("{\"type\":\"a\",\"data\":1,\"eid\":-1.5}"), ERR_NONE);
  assert_str(request.eid, "-1.5");
  assert_int_equal(read_message("{\"type\":\"a\",\"data\":1,\"eid\":12345678901}"), ERR_NONE);
  assert_str(request.eid, "12345678901");
}

static void test_the_size_of_data_counts_without_white_space(void **state) {
  (void)state;
  Text message = {.arena = &arena};
  text_add(&message, STR("{\"type\":\"a\",\"eid\":\"e\",\"data\":[1"));
  for (int i = 0; i < 100; i++) text_add(&message, STR(",   1"));
  text_add(&message, STR("]}"));
  assert_int_equal(seats_envelope_read(&arena, text_str(&message), 203, &request), ERR_NONE);
  assert_int_equal(seats_envelope_read(&arena, text_str(&message), 202, &request), ERR_MESSAGE_TOO_LARGE);
  assert_str(request.eid, "e");
}

static void test_answers_have_their_keys_in_the_contracts_order(void **state) {
  (void)state;
  static const char *const words[] = {"snapshot", "update", "success"};
  for (int status = 0; status < 3; status++) {
    Text out = {.arena = &arena};
    Text expected = {.arena = &arena};
    seats_envelope(&out, TOPIC_JSON, (TopicStatus)status, "hall.subscribe", STR("a\"b"), 1234, STR("{\"id\":1}"));
    text_format(&expected,
                "{\"status\":\"%s\",\"type\":\"hall.subscribe\",\"data\":{\"id\":1},\"error\":null,"
                "\"eid\":\"a\\\"b\",\"ts\":1234}",
                words[status]);
    assert_str(text_str(&out), str_zero(&arena, text_str(&expected)));
  }
}

static void test_errors_name_their_type_only_when_it_is_known(void **state) {
  (void)state;
  Text out = {.arena = &arena};
  seats_envelope_error(&out, "hall.x", STR("e"), 5, ERR_SEAT_RESERVED, STR("{\"seat_ids\":[1]}"));
  assert_str(text_str(&out),
             "{\"status\":\"error\",\"type\":\"hall.x\",\"data\":{\"seat_ids\":[1]},\"error\":\"SeatReserved\","
             "\"eid\":\"e\",\"ts\":5}");
  out.length = 0;
  seats_envelope_error(&out, NULL, STR("e"), 5, ERR_INVALID_REQUEST, (Str){0});
  assert_str(text_str(&out),
             "{\"status\":\"error\",\"data\":null,\"error\":\"InvalidRequest\",\"eid\":\"e\",\"ts\":5}");
}

static void test_binary_frames_begin_with_their_kind_and_eid(void **state) {
  (void)state;
  Text out = {.arena = &arena};
  seats_envelope(&out, TOPIC_BINARY, TOPIC_SNAPSHOT, "hall.subscribe", STR("ab"), 5, (Str){"\x00\x01", 2});
  assert_int_equal(out.length, 6);
  assert_memory_equal(out.at,
                      "\x01\x02"
                      "ab\x00\x01",
                      6);
  out.length = 0;
  seats_envelope(&out, TOPIC_BINARY, TOPIC_UPDATE, "hall.subscribe", STR("ab"), 5, (Str){0});
  assert_memory_equal(out.at,
                      "\x02\x02"
                      "ab",
                      4);
}

#define CASE(test) cmocka_unit_test_teardown(test, forget)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_a_message_has_a_type_data_and_an_eid),
      CASE(test_what_is_no_message_is_refused),
      CASE(test_an_eid_is_echoed_up_to_255_bytes),
      CASE(test_the_size_of_data_counts_without_white_space),
      CASE(test_answers_have_their_keys_in_the_contracts_order),
      CASE(test_errors_name_their_type_only_when_it_is_known),
      CASE(test_binary_frames_begin_with_their_kind_and_eid),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
