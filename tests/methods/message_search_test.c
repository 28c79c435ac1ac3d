// Searching: what is found, whose it may be, and that what was typed is never more than words.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "methods/message.h"
#include "models/message_search.h"
#include "support/invariants.h"
#include "support/venue.h"

static const Identity *const anna = &venue_anna;   // 1
static const Identity *const bert = &venue_bert;   // 2
static const Identity *const sten = &venue_staff;  // 3

static void send_text(Rig *rig, const Identity *who, int64_t to, const char *text) {
  char json[512];
  snprintf(json, sizeof json, "{\"id\":%lld,\"message\":\"%s\"}", (long long)to, text);
  assert_refused(rig_call(rig, &message_method_send, who, json), ERR_NONE);
}

static void change(Rig *rig, const Method *method, const Identity *who, const char *json) {
  assert_refused(rig_call(rig, method, who, json), ERR_NONE);
}

// Until all that was sent can be found.
static void index_all(Rig *rig) {
  Answer answer;
  do {
    answer = rig_call(rig, &message_method_index, NULL, NULL);
    assert_refused(answer, ERR_NONE);
  } while (answer.reply.length > 0);
}

// The words of a search as JSON.
static const char *query(Rig *rig, const char *words, const char *more) {
  Text json = {.arena = &rig->arena};
  text_add(&json, STR("{\"q\":"));
  json_add_str(&json, str_from(words));
  text_add(&json, str_from(more));
  text_char(&json, '}');
  return rig_zero(rig, text_str(&json));
}

// The texts that are found, newest first: "c|b|a".
static const char *texts_in(Rig *rig, Str reply) {
  Text found = {.arena = &rig->arena};
  const Json *list = json_get(json_parse(&rig->arena, reply, NULL), "messages");
  for (const Json *message = json_first(list); message != NULL; message = json_next(message)) {
    Str text;
    assert_true(json_str(json_get(message, "message"), &text));
    if (found.length > 0) text_char(&found, '|');
    text_add(&found, text);
  }
  return rig_zero(rig, text_str(&found));
}

static const char *find_more(Rig *rig, const Identity *who, const char *words, const char *more) {
  Answer answer = rig_call(rig, &message_method_search, who, query(rig, words, more));
  assert_refused(answer, ERR_NONE);
  return texts_in(rig, answer.reply);
}

static const char *find(Rig *rig, const Identity *who, const char *words) {
  return find_more(rig, who, words, "");
}

static void test_all_words_must_be_there_and_the_last_may_be_a_beginning(void **state) {
  Rig *rig = *state;
  send_text(rig, anna, 2, "the opera begins at eight");
  send_text(rig, bert, 1, "eight is late for an opera");
  send_text(rig, anna, 2, "operation at nine");
  index_all(rig);
  assert_string_equal(find(rig, anna, "opera eight"), "eight is late for an opera|the opera begins at eight");
  assert_string_equal(find(rig, bert, "EIGHT  oper"), "eight is late for an opera|the opera begins at eight");
  assert_string_equal(find(rig, anna, "oper"),
                      "operation at nine|eight is late for an opera|the opera begins at eight");
  assert_string_equal(find(rig, anna, "oper at"), "");  // only the last one may be a beginning
  assert_string_equal(find(rig, anna, "begins opera."), "the opera begins at eight");
  assert_string_equal(find(rig, anna, "nothing"), "");
}

static void test_letters_are_found_with_and_without_their_marks(void **state) {
  Rig *rig = *state;
  send_text(rig, anna, 2, "Crème brûlée für Zoë");
  send_text(rig, anna, 2, "Ёлка и ёж");
  index_all(rig);
  assert_string_equal(find(rig, anna, "creme BRULEE"), "Crème brûlée für Zoë");
  assert_string_equal(find(rig, anna, "zoë"), "Crème brûlée für Zoë");
  assert_string_equal(find(rig, bert, "ЁЛК"), "Ёлка и ёж");
}

static void test_the_places_of_the_words_are_counted_as_a_page_counts_them(void **state) {
  Rig *rig = *state;
  send_text(rig, anna, 2, "😀 Ménage, é menagerie");
  index_all(rig);
  Answer answer = rig_call(rig, &message_method_search, bert, "{\"q\":\"menag\"}");
  assert_string_equal(
      rig_zero(rig, answer.reply),
      "{\"messages\":[{\"senderID\":1,\"receiverID\":2,\"message\":\"😀 Ménage, é menagerie\","
      "\"createdAt\":\"2026-11-21T07:00:00.000Z\",\"updatedAt\":\"2026-11-21T07:00:00.000Z\",\"isUpdated\":false,"
      "\"isReaded\":false,\"messageID\":1,\"seq\":1,\"marks\":[[3,9],[13,22]]}],\"next\":null,\"partial\":false}");
}

static void test_nobody_finds_what_is_not_his(void **state) {
  Rig *rig = *state;
  send_text(rig, anna, 2, "secret of anna and bert");
  send_text(rig, sten, 1, "secret of sten and anna");
  send_text(rig, anna, 1, "secret of anna alone");
  index_all(rig);
  assert_refused(rig_call(rig, &message_method_search, NULL, "{\"q\":\"secret\"}"), ERR_UNAUTHORIZED);
  assert_string_equal(find(rig, anna, "secret"),
                      "secret of anna alone|secret of sten and anna|secret of anna and bert");
  assert_string_equal(find(rig, bert, "secret"), "secret of anna and bert");
  assert_string_equal(find(rig, sten, "secret"), "secret of sten and anna");
  assert_string_equal(find_more(rig, sten, "secret", ",\"with\":2"), "");
  assert_string_equal(find_more(rig, sten, "secret", ",\"with\":3"), "");
  assert_string_equal(find_more(rig, bert, "secret", ",\"before\":3"), "secret of anna and bert");
  assert_string_equal(find_more(rig, anna, "secret", ",\"with\":1"), "secret of anna alone");
  assert_string_equal(find_more(rig, anna, "secret", ",\"with\":2"), "secret of anna and bert");
  assert_refused(rig_call(rig, &message_method_search, anna, "{\"q\":\"secret\",\"with\":99}"), ERR_PERSON_NOT_FOUND);
  // A person's and a dialog's own words stand beside the text, not in it.
  for (int i = 0; i < 4; i++) {
    assert_string_equal(find(rig, bert, (const char *[]){"\xee\x80\x80u3", "u3", "d2", "\xee\x80\x80"}[i]), "");
  }
}

static void test_what_is_typed_is_words_and_nothing_else(void **state) {
  static const char *const typed[] = {
      "\"",     "\"\"",       "a\" OR \"b",   "hello OR bye", "NOT hello", "(",           "hello)",          "*",
      "^hello", "-hello bye", "{people}: u1", "text:bye",     "people:",   "NEAR(a b)",   "hello + b",       "?1",
      "%",      "_",          "\\",           "'; DROP --",   "hello\" *", "\"hello\" *", "hello AND hello", "😀"};
  Rig *rig = *state;
  send_text(rig, anna, 2, "hello");
  send_text(rig, anna, 2, "bye");
  index_all(rig);
  for (size_t i = 0; i < sizeof typed / sizeof typed[0]; i++) {
    const char *found = find(rig, anna, typed[i]);
    bool is_word = strstr("^hello hello) hello\" * \"hello\" *", typed[i]) != NULL && strstr(typed[i], "hello") != NULL;
    if (strcmp(found, is_word ? "hello" : "") != 0) fail_msg("%s: %s", typed[i], found);
  }
  assert_string_equal(find(rig, anna, "\t hello \r\n"), "hello");
}

static void test_input_that_is_none_is_refused(void **state) {
  static const char *const bad[] = {"{}",
                                    "{\"q\":\"\"}",
                                    "{\"q\":5}",
                                    "{\"q\":\"a\",\"take\":51}",
                                    "{\"q\":\"a\",\"take\":-1}",
                                    "{\"q\":\"a\",\"with\":0}",
                                    "{\"q\":\"a\",\"before\":\"x\"}"};
  Rig *rig = *state;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_refused(rig_call(rig, &message_method_search, anna, bad[i]), ERR_VALIDATION);
  }
  char letters[102] = "";
  memset(letters, 'x', 101);
  assert_refused(rig_call(rig, &message_method_search, anna, query(rig, letters, "")), ERR_VALIDATION);
  assert_string_equal(find(rig, anna, letters + 1), "");
  assert_string_equal(find(rig, anna, " "), "");
}

static void test_what_is_edited_or_deleted_is_found_as_it_is_now(void **state) {
  Rig *rig = *state;
  send_text(rig, anna, 2, "first apple");
  send_text(rig, anna, 2, "second apple");
  index_all(rig);
  send_text(rig, anna, 2, "third apple");  // not in the index when it changes
  send_text(rig, anna, 2, "fourth apple");
  change(rig, &message_method_edit, anna, "{\"message-id\":1,\"message\":\"first pear\"}");
  change(rig, &message_method_edit, anna, "{\"message-id\":3,\"message\":\"third pear\"}");
  change(rig, &message_method_delete, anna, "{\"message-id\":2}");
  change(rig, &message_method_delete, anna, "{\"message-id\":4}");
  assert_non_null(strstr(find(rig, bert, "pear"), "first pear"));
  index_all(rig);
  assert_string_equal(find(rig, bert, "pear"), "third pear|first pear");
  assert_string_equal(find(rig, bert, "apple"), "");
  change(rig, &message_method_delete, anna, "{\"message-id\":1}");
  change(rig, &message_method_delete, anna, "{\"message-id\":3}");
  assert_string_equal(find(rig, bert, "pear"), "");
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM message_terms"), 0);
}

// So many messages from anna to bert, "even" and "odd" in turn.
static const char many_dialog[] = "INSERT INTO dialogs(id, low_id, high_id, created_at) VALUES(1, 1, 2, 0)";
static const char many_events[] =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO events(topic, seq, at,"
    " kind, payload) SELECT 'dialog:1', i, 0, 'message', '{}' FROM n";
static const char many_messages[] =
    "INSERT INTO messages(dialog_id, seq, sender_id, receiver_id, text, created_at, updated_at, is_read)"
    " SELECT 1, seq, 1, 2, CASE WHEN seq % 2 = 0 THEN 'even ' ELSE 'odd ' END || seq, 0, 0, 1 FROM events";
static const char many_blocks[] =
    "INSERT INTO message_blocks(dialog_id, block, count) SELECT dialog_id, seq / 1024, count(*) FROM messages"
    " GROUP BY 1, 2";

static void send_many(Rig *rig) {
  rig_run(rig, many_dialog);
  rig_run(rig, many_events);
  rig_run(rig, many_messages);
  rig_run(rig, many_blocks);
  index_all(rig);
}

static void test_pages_follow_one_another_to_the_end(void **state) {
  Rig *rig = *state;
  send_many(rig);
  int64_t before = INT64_C(1) << 40;
  int64_t expected = 3000;
  for (bool more = true; more;) {
    char asked[64];
    snprintf(asked, sizeof asked, "{\"q\":\"eve\",\"take\":50,\"before\":%lld}", (long long)before);
    Answer answer = rig_call(rig, &message_method_search, bert, asked);
    const Json *page = json_parse(&rig->arena, answer.reply, NULL);
    for (const Json *at = json_first(json_get(page, "messages")); at != NULL; at = json_next(at), expected -= 2) {
      int64_t seq;
      assert_true(json_int(json_get(at, "seq"), &seq) && seq == expected);
    }
    more = json_int(json_get(page, "next"), &before);
  }
  assert_int_equal(expected, 0);
  assert_string_equal(find_more(rig, bert, "even", ",\"take\":0"), "");
}

static const Json *search_with(Rig *rig, int work) {
  Call call = {.db = rig->db, .arena = {0}};
  Text out = {.arena = &rig->arena};
  MessageSearch search = {.user_id = 2, .words = STR("even"), .before = INT64_MAX, .take = 500, .work = work};
  assert_true(db_begin(rig->db, DB_READ));
  db_call_begin(rig->db);
  message_search(&call, &out, &search);
  assert_false(db_failed(rig->db));
  db_rollback(rig->db);
  arena_free(&call.arena);
  return json_parse(&rig->arena, text_str(&out), NULL);
}

static void test_a_search_that_would_take_too_long_ends_and_says_so(void **state) {
  Rig *rig = *state;
  bool partial;
  if (getenv("FOYER_TEST_POSTGRES") != NULL) skip();  // there the work of a search is not limited
  send_many(rig);
  const Json *cut = search_with(rig, 1);
  assert_true(json_is_bool(json_get(cut, "partial"), &partial) && partial);
  assert_in_range(json_count(json_get(cut, "messages")), 1, 499);
  assert_true(json_is_null(json_get(cut, "next")));
  const Json *whole = search_with(rig, 1000);
  assert_true(json_is_bool(json_get(whole, "partial"), &partial) && !partial);
  assert_int_equal(json_count(json_get(whole, "messages")), 500);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM messages a, messages b"), 9000000);  // there is no bound any more
}

static int teardown(void **state) {
  Rig *rig = *state;
  // Fails when the index is not that of the texts.
  static const char CHECK[] =
      SQL_FORMS("INSERT INTO message_words(message_words, rank) VALUES('integrity-check', 0)",
                "SELECT 1 / CASE WHEN EXISTS (SELECT FROM message_words FULL JOIN message_texts USING (id)"
                " WHERE words IS DISTINCT FROM message_vector(people, text)) THEN 0 ELSE 1 END");
  rig_run(rig, CHECK);
  return invariants_teardown(state);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, venue_setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_all_words_must_be_there_and_the_last_may_be_a_beginning),
      CASE(test_letters_are_found_with_and_without_their_marks),
      CASE(test_the_places_of_the_words_are_counted_as_a_page_counts_them),
      CASE(test_nobody_finds_what_is_not_his),
      CASE(test_what_is_typed_is_words_and_nothing_else),
      CASE(test_input_that_is_none_is_refused),
      CASE(test_what_is_edited_or_deleted_is_found_as_it_is_now),
      CASE(test_pages_follow_one_another_to_the_end),
      CASE(test_a_search_that_would_take_too_long_ends_and_says_so),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
