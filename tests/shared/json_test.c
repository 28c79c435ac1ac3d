// JSON by RFC 8259: what is read, what is refused and where, and that what is written reads back.
#include "shared/json.h"

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

static const Json *parse(const char *text) {
  return json_parse(&arena, str_from(text), NULL);
}

static void assert_all_parsed(const char *const *texts, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (parse(texts[i]) == NULL) fail_msg("refused: %s", texts[i]);
  }
}

static void assert_all_refused(const char *const *texts, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (parse(texts[i]) != NULL) fail_msg("accepted: %s", texts[i]);
  }
}

static void test_an_envelope_is_read(void **state) {
  (void)state;
  const Json *envelope = parse("{\"type\":\"hall.subscribe\",\"data\":{\"id\":3},\"eid\":\"e1\",\"ts\":1795244400000}");
  Str type;
  assert_true(json_str(json_get(envelope, "type"), &type));
  assert_str(type, "hall.subscribe");
  int64_t number = 0;
  assert_true(json_int(json_get(json_get(envelope, "data"), "id"), &number));
  assert_int_equal(number, 3);
  assert_true(json_int(json_get(envelope, "ts"), &number));
  assert_true(number == 1795244400000);
  assert_null(json_get(envelope, "Type"));
  assert_int_equal(json_count(envelope), 4);
  assert_string_equal(json_key(json_first(envelope)), "type");
}

static void test_a_text_is_checked_without_a_tree(void **state) {
  (void)state;
  const char *good[] = {"{}", " [1, {\"a\": \"\\u00e9\"}]\n"};
  const struct {
    const char *text;
    size_t fault;
  } bad[] = {{"", 0}, {"1", 0}, {" \"a\"", 0}, {"{\"a\":1", 6}, {"{\"a\":x}", 5}, {"[1]]", 3}, {"[\"\xff\"]", 5}};
  size_t fault = 99;
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    assert_true(json_is_object_or_array(str_from(good[i]), &fault));
  }
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert_false(json_is_object_or_array(str_from(bad[i].text), &fault));
    assert_int_equal(fault, bad[i].fault);
  }
}

static void test_questions_about_an_absent_node_answer_no(void **state) {
  (void)state;
  Str s;
  int64_t number;
  bool yes;
  assert_null(json_get(NULL, "a"));
  assert_null(json_get(parse("[1]"), "a"));
  assert_null(json_first(NULL));
  assert_null(json_next(NULL));
  assert_int_equal(json_count(NULL), 0);
  assert_false(json_is_object(NULL) || json_is_array(NULL) || json_is_string(NULL));
  assert_false(json_is_number(NULL) || json_is_null(NULL) || json_is_bool(NULL, &yes));
  assert_false(json_int(NULL, &number) || json_str(NULL, &s));
}

static void test_each_kind_of_value_is_told_apart(void **state) {
  (void)state;
  const Json *node = json_first(parse("[{},[],\"\",0,null,true,false]"));
  bool yes = false;
  assert_true(json_is_object(node));
  assert_true(json_is_array(node = json_next(node)));
  assert_true(json_is_string(node = json_next(node)));
  assert_true(json_is_number(node = json_next(node)));
  assert_true(json_is_null(node = json_next(node)));
  assert_true(json_is_bool(node = json_next(node), &yes) && yes);
  assert_true(json_is_bool(node = json_next(node), &yes) && !yes);
  assert_null(json_next(node));
}

static void test_every_number_form_of_the_rfc_is_read(void **state) {
  (void)state;
  static const char *const texts[] = {"0",    "-0",   "1",   "10.5", "-1e5",
                                      "1E+2", "1e-2", "0.0", "0e0",  "123456789012345678"};
  assert_all_parsed(texts, sizeof texts / sizeof *texts);
}

static void test_malformed_numbers_are_refused(void **state) {
  (void)state;
  static const char *const texts[] = {"01",  "-01", "1.",    ".5",  "+1",  "-",        "1e",   "1e+",
                                      "1.e", "0x1", "1.2.3", "--1", "NaN", "Infinity", "1e5x", "1 2"};
  assert_all_refused(texts, sizeof texts / sizeof *texts);
  char digits[80];
  memset(digits, '1', sizeof digits);
  assert_non_null(json_parse(&arena, (Str){digits, 63}, NULL));
  assert_null(json_parse(&arena, (Str){digits, 64}, NULL));
}

static void test_an_integer_is_exact_or_refused(void **state) {
  (void)state;
  int64_t number = 0;
  assert_true(json_int(parse("9007199254740991"), &number) && number == 9007199254740991);
  assert_true(json_int(parse("-9007199254740991"), &number) && number == -9007199254740991);
  assert_true(json_int(parse("1e3"), &number) && number == 1000);
  assert_true(json_int(parse("2.0"), &number) && number == 2);
  assert_false(json_int(parse("9007199254740992"), &number));
  assert_false(json_int(parse("9007199254740993"), &number));
  assert_false(json_int(parse("1.5"), &number));
  assert_false(json_int(parse("1e300"), &number));
  assert_false(json_int(parse("1e999"), &number));
  assert_false(json_int(parse("\"1\""), &number));
  double any = 0;
  assert_true(json_double(parse("2.5"), &any) && any > 2.4 && any < 2.6);
  assert_false(json_double(parse("1e999"), &any));
}

static void test_escapes_become_utf8(void **state) {
  (void)state;
  Str s;
  assert_true(json_str(parse("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e4\\u20AC\\ud83c\\udfad\""), &s));
  assert_str(s, "\"\\/\b\f\n\r\tA\xC3\xA4\xE2\x82\xAC\xF0\x9F\x8E\xAD");
}

static void test_malformed_strings_are_refused(void **state) {
  (void)state;
  static const char *const texts[] = {"\"",
                                      "\"a",
                                      "\"\\\"",
                                      "\"\\x41\"",
                                      "\"\\u12\"",
                                      "\"\\u12g4\"",
                                      "\"\\ud800\"",
                                      "\"\\ud800x\"",
                                      "\"\\udc00\"",
                                      "\"\n\"",
                                      "\"\\ud800\\n\"",
                                      "\"\\ud800\\ud800\"",
                                      "\"\t\"",
                                      "'a'",
                                      "\"\\ud800\\u0041\"",
                                      "\"\x1f\""};
  assert_all_refused(texts, sizeof texts / sizeof *texts);
  assert_null(json_parse(&arena, (Str){"\"a\0b\"", 5}, NULL));
  assert_null(json_parse(&arena, (Str){"\"\\\0\"", 4}, NULL));
}

static void test_text_that_is_no_utf8_is_refused(void **state) {
  (void)state;
  static const char *const texts[] = {"\"\xC0\x80\"", "\"\xED\xA0\x80\"", "\"\xFF\"",
                                      "\"\xE2\x82\"", "{\"\x80\":1}",     "\xEF\xBB\xBF{}"};
  assert_all_refused(texts, sizeof texts / sizeof *texts);
  assert_non_null(parse("\"\xE2\x82\xAC\""));
}

static void test_structure_is_exact(void **state) {
  (void)state;
  static const char *const refused[] = {
      "",     " ",     "[",      "]",          "{",         "[1",        "[1,",   "[1,]",
      "[,1]", "[1 2]", "{\"a\"", "{\"a\":",    "{\"a\":}",  "{a:1}",     "{1:2}", "{,}",
      "[}",   "{]",    "[] []",  "tru",        "True",      "nul",       "nulll", "truefalse",
      "{} x", "[1}",   "/**/1",  "{\"a\":1,}", "{\"a\" 1}", "[\"a\":1]", "\f1",   "1\v"};
  assert_all_refused(refused, sizeof refused / sizeof *refused);
  static const char *const parsed[] = {" \t\r\n[ 1 , 2 ]\n", "{ }", "{ \"a\" : [ ] , \"a\" : 2 }", "null", " true "};
  assert_all_parsed(parsed, sizeof parsed / sizeof *parsed);
}

static void test_64_levels_are_read_and_65_refused(void **state) {
  (void)state;
  char deep[130];
  memset(deep, '[', 65);
  memset(deep + 65, ']', 65);
  assert_non_null(json_parse(&arena, (Str){deep + 1, 128}, NULL));
  assert_null(json_parse(&arena, (Str){deep, 130}, NULL));
  size_t length = 1 << 20;
  char *bottomless = arena_alloc(&arena, length);
  memset(bottomless, '[', length);
  size_t fault = 0;
  assert_null(json_parse(&arena, (Str){bottomless, length}, &fault));
  assert_int_equal(fault, 65);
}

static void test_siblings_do_not_count_as_levels(void **state) {
  (void)state;
  Text text = {.arena = &arena};
  json_open(&text, '[');
  for (int i = 0; i < 200; i++) {
    json_open(&text, '{');
    json_close(&text, '}');
  }
  json_close(&text, ']');
  assert_int_equal(json_count(json_parse(&arena, text_str(&text), NULL)), 200);
}

static void test_the_fault_is_told_by_its_byte(void **state) {
  (void)state;
  size_t fault = 99;
  assert_null(json_parse(&arena, STR("{\"a\":01}"), &fault));
  assert_int_equal(fault, 6);
  assert_null(json_parse(&arena, STR("[1] x"), &fault));
  assert_int_equal(fault, 4);
  assert_null(json_parse(&arena, STR("[\"a\tb\"]"), &fault));
  assert_int_equal(fault, 3);
  assert_null(json_parse(&arena, STR("[\"\\x\"]"), &fault));
  assert_int_equal(fault, 3);
  assert_null(json_parse(&arena, (Str){0}, &fault));
  assert_int_equal(fault, 0);
}

static void test_the_length_counts_not_a_zero_behind(void **state) {
  (void)state;
  int64_t number = 0;
  assert_true(json_int(json_parse(&arena, (Str){"123", 2}, NULL), &number));
  assert_int_equal(number, 12);
  assert_null(json_parse(&arena, (Str){"true", 3}, NULL));
  assert_null(json_parse(&arena, (Str){"1\0", 2}, NULL));
}

static void test_a_nul_inside_a_string_never_hides_what_follows(void **state) {
  (void)state;
  Str s;
  const Json *object = parse("{\"name\\u0000x\":\"a\\u0000b\",\"back\":\"\\\\u0000\",\"\\u00001\":\"\"}");
  assert_null(json_get(object, "name"));
  assert_null(json_get(object, ""));
  assert_true(json_is_string(json_first(object)));
  assert_false(json_str(json_first(object), &s));
  assert_true(json_str(json_get(object, "back"), &s));
  assert_str(s, "\\u0000");
}

static void test_the_first_of_equal_names_counts(void **state) {
  (void)state;
  int64_t number = 0;
  assert_true(json_int(json_get(parse("{\"id\":1,\"id\":2}"), "id"), &number));
  assert_int_equal(number, 1);
}

static void test_commas_place_themselves(void **state) {
  (void)state;
  Text text = {.arena = &arena};
  json_open(&text, '{');
  json_name(&text, "seats");
  json_open(&text, '[');
  json_add_int(&text, 1);
  json_open(&text, '[');
  json_close(&text, ']');
  json_add_double(&text, 2.5);
  json_close(&text, ']');
  json_name(&text, "open");
  json_add_bool(&text, true);
  json_name(&text, "error");
  json_add_null(&text);
  json_name(&text, "at");
  json_add_time(&text, 0);
  json_name(&text, "raw");
  json_add_raw(&text, STR("{\"a\":1}"));
  json_name(&text, "last");
  json_add_str(&text, STR(""));
  json_close(&text, '}');
  assert_str(text_str(&text),
             "{\"seats\":[1,[],2.5],\"open\":true,\"error\":null,\"at\":\"1970-01-01T00:00:00.000Z\","
             "\"raw\":{\"a\":1},\"last\":\"\"}");
}

static void test_a_string_that_ends_like_a_bracket_still_gets_its_comma(void **state) {
  (void)state;
  Text text = {.arena = &arena};
  json_open(&text, '[');
  json_add_str(&text, STR("["));
  json_add_str(&text, STR(":"));
  json_close(&text, ']');
  assert_str(text_str(&text), "[\"[\",\":\"]");
}

static void test_a_head_before_the_body_gets_no_comma(void **state) {
  (void)state;
  Text text = {.arena = &arena};
  text_add(&text, STR("Content-Type: application/json\r\n\r\n"));
  json_open(&text, '{');
  json_close(&text, '}');
  assert_str(text_str(&text), "Content-Type: application/json\r\n\r\n{}");
}

static void test_every_character_written_reads_back(void **state) {
  (void)state;
  char all[255];
  size_t length = 0;
  for (int c = 1; c < 128; c++) {
    all[length++] = (char)c;
  }
  Text text = {.arena = &arena};
  json_add_str(&text, (Str){all, length});
  Str back;
  assert_true(json_str(json_parse(&arena, text_str(&text), NULL), &back));
  assert_true(str_equal(back, (Str){all, length}));
  Text nul = {.arena = &arena};
  json_add_str(&nul, (Str){"\0", 1});
  assert_str(text_str(&nul), "\"\\u0000\"");
}

static void test_the_tree_lives_without_its_text(void **state) {
  (void)state;
  char text[] = "{\"hall\":\"grand\"}";
  const Json *tree = parse(text);
  memset(text, 'x', sizeof text - 1);
  Str name;
  assert_true(json_str(json_get(tree, "hall"), &name));
  assert_str(name, "grand");
}

static void test_members_are_written_with_their_names(void **state) {
  (void)state;
  Arena own = {0};
  Text out = {.arena = &own};
  json_open(&out, '{');
  json_put_str(&out, "a", STR("x\"y"));
  json_put_str_or_null(&out, "b", (Str){0});
  json_put_str_or_null(&out, "c", STR("z"));
  json_put_id_or_null(&out, "n", 0);
  json_put_id_or_null(&out, "i", 7);
  json_put_int(&out, "d", -5);
  json_put_bool(&out, "e", true);
  json_put_time(&out, "f", 0);
  json_close(&out, '}');
  assert_string_equal(str_zero(&own, text_str(&out)),
                      "{\"a\":\"x\\\"y\",\"b\":null,\"c\":\"z\",\"n\":null,\"i\":7,\"d\":-5,\"e\":true,"
                      "\"f\":\"1970-01-01T00:00:00.000Z\"}");
  arena_free(&own);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_members_are_written_with_their_names),
      cmocka_unit_test_teardown(test_an_envelope_is_read, forget),
      cmocka_unit_test_teardown(test_a_text_is_checked_without_a_tree, forget),
      cmocka_unit_test_teardown(test_questions_about_an_absent_node_answer_no, forget),
      cmocka_unit_test_teardown(test_each_kind_of_value_is_told_apart, forget),
      cmocka_unit_test_teardown(test_every_number_form_of_the_rfc_is_read, forget),
      cmocka_unit_test_teardown(test_malformed_numbers_are_refused, forget),
      cmocka_unit_test_teardown(test_an_integer_is_exact_or_refused, forget),
      cmocka_unit_test_teardown(test_escapes_become_utf8, forget),
      cmocka_unit_test_teardown(test_malformed_strings_are_refused, forget),
      cmocka_unit_test_teardown(test_text_that_is_no_utf8_is_refused, forget),
      cmocka_unit_test_teardown(test_structure_is_exact, forget),
      cmocka_unit_test_teardown(test_64_levels_are_read_and_65_refused, forget),
      cmocka_unit_test_teardown(test_siblings_do_not_count_as_levels, forget),
      cmocka_unit_test_teardown(test_the_fault_is_told_by_its_byte, forget),
      cmocka_unit_test_teardown(test_the_length_counts_not_a_zero_behind, forget),
      cmocka_unit_test_teardown(test_a_nul_inside_a_string_never_hides_what_follows, forget),
      cmocka_unit_test_teardown(test_the_first_of_equal_names_counts, forget),
      cmocka_unit_test_teardown(test_commas_place_themselves, forget),
      cmocka_unit_test_teardown(test_a_string_that_ends_like_a_bracket_still_gets_its_comma, forget),
      cmocka_unit_test_teardown(test_a_head_before_the_body_gets_no_comma, forget),
      cmocka_unit_test_teardown(test_every_character_written_reads_back, forget),
      cmocka_unit_test_teardown(test_the_tree_lives_without_its_text, forget),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
