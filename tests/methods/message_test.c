// Dialogs and messages: who sees what, what is told to whom and in which order, and what happens once only.
#include "methods/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "methods/dialog.h"
#include "support/invariants.h"
#include "support/venue.h"

static const Identity *const anna = &venue_anna;   // 1
static const Identity *const bert = &venue_bert;   // 2
static const Identity *const sten = &venue_staff;  // 3

static Answer ask(Rig *rig, const Method *method, const Identity *who, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static Answer ask(Rig *rig, const Method *method, const Identity *who, const char *format, ...) {
  char json[8192];
  va_list list;
  va_start(list, format);
  vsnprintf(json, sizeof json, format, list);
  va_end(list);
  return rig_call(rig, method, who, json);
}

static int64_t send_text(Rig *rig, const Identity *who, int64_t to, const char *text) {
  Answer answer = ask(rig, &message_method_send, who, "{\"id\":%lld,\"message\":\"%s\"}", (long long)to, text);
  assert_int_equal(answer.error, ERR_NONE);
  int64_t id;
  assert_true(json_int(json_get(json_parse(&rig->arena, answer.reply, NULL), "messageID"), &id));
  return id;
}

static const char *history(Rig *rig, const Identity *who, int64_t other, const char *more) {
  Answer answer = ask(rig, &message_method_history, who, "{\"id\":%lld,%s}", (long long)other, more);
  assert_int_equal(answer.error, ERR_NONE);
  return rig_zero(rig, answer.reply);
}

// The texts of a page, newest first: "c b a".
static const char *texts(Rig *rig, const Identity *who, int64_t other, const char *more) {
  Text found = {.arena = &rig->arena};
  const Json *page = json_parse(&rig->arena, str_from(history(rig, who, other, more)), NULL);
  for (const Json *message = json_first(page); message != NULL; message = json_next(message)) {
    Str text;
    assert_true(json_str(json_get(message, "message"), &text));
    if (found.length > 0) text_char(&found, ' ');
    text_add(&found, text);
  }
  return rig_zero(rig, text_str(&found));
}

static const char *unread(Rig *rig, const Identity *who, int64_t other) {
  return rig_zero(rig, ask(rig, &message_method_unread, who, "{\"id\":%lld}", (long long)other).reply);
}

static void test_the_first_message_makes_the_dialog_and_tells_both_in_order(void **state) {
  Rig *rig = *state;
  rig_heard(rig, 0);
  Answer answer = ask(rig, &message_method_send, anna, "{\"id\":2,\"message\":\"hello\"}");
#define HELLO                                                                                          \
  "{\"senderID\":1,\"receiverID\":2,\"message\":\"hello\",\"createdAt\":\"2026-11-21T07:00:00.000Z\"," \
  "\"updatedAt\":\"2026-11-21T07:00:00.000Z\",\"isUpdated\":false,\"isReaded\":false,\"messageID\":1,\"seq\":1}"
#define DIALOG(id, name)                                                                            \
  "{\"receiverID\":" id ",\"receiverName\":\"" name                                                 \
  "\",\"lastMessage\":\"hello\",\"createdAt\":\"2026-11-21T07:00:00.000Z\",\"newMessagesCount\":0," \
  "\"connectionStatus\":\"offline\"}\n"
  assert_string_equal(rig_zero(rig, answer.reply), HELLO);
  assert_string_equal(
      rig_heard(rig, 0),
      "event dialog:1 1 message {}\n"
      "event person:2 0 user:new_dialog " DIALOG("1", "anna") "event person:1 0 user:new_dialog " DIALOG(
          "2", "bert") "event person:2 0 user:new_message " HELLO
                       "\n"
                       "event person:1 0 user:new_message " HELLO
                       "\n"
                       "event person:2 0 user:all_messages_read 1\n"
                       "done message.send\n");
}

static void test_an_answer_reads_what_it_answers_and_makes_no_second_dialog(void **state) {
  Rig *rig = *state;
  send_text(rig, anna, 2, "a");
  send_text(rig, anna, 2, "b");
  assert_string_equal(unread(rig, bert, 1), "2");
  assert_string_equal(unread(rig, anna, 2), "0");
  rig_heard(rig, 0);
  send_text(rig, bert, 1, "c");
  const char *heard = rig_heard(rig, 0);
  assert_non_null(strstr(heard, "event dialog:1 4 read {\"by\":2}\n"));
  assert_null(strstr(heard, "new_dialog"));
  assert_non_null(strstr(heard, "event person:1 0 user:all_messages_read 2\n"));
  assert_string_equal(unread(rig, bert, 1), "0");
  assert_string_equal(unread(rig, anna, 2), "1");
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM dialogs"), 1);
}

static void test_a_dialog_with_oneself_is_read_at_once_and_told_once(void **state) {
  Rig *rig = *state;
  rig_heard(rig, 0);
  send_text(rig, anna, 1, "note");
  const char *heard = rig_heard(rig, 0);
  const char *first = strstr(heard, "user:new_dialog");
  assert_non_null(first);
  assert_non_null(strstr(first + 1, "user:new_dialog"));
  const char *message = strstr(heard, "user:new_message");
  assert_non_null(message);
  assert_null(strstr(message + 1, "user:new_message"));
  assert_non_null(strstr(message, "\"isReaded\":true"));
  assert_non_null(strstr(message, "event person:1 0 user:all_messages_read 1\n"));
  assert_string_equal(unread(rig, anna, 1), "0");
  history(rig, anna, 1, "\"take\":5,\"skip\":0");
  assert_null(strstr(rig_heard(rig, 0), "all_messages_read"));
}

static void test_the_first_page_is_read_and_a_later_one_changes_nothing(void **state) {
  Rig *rig = *state;
  for (int i = 0; i < 3; i++) send_text(rig, anna, 2, (const char *[]){"a", "b", "c"}[i]);
  rig_heard(rig, 0);
  assert_string_equal(texts(rig, bert, 1, "\"take\":2,\"skip\":1"), "b a");
  assert_string_equal(unread(rig, bert, 1), "3");
  assert_null(strstr(rig_heard(rig, 0), "event"));
  const char *page = history(rig, bert, 1, "\"take\":2,\"skip\":0");
  assert_null(strstr(page, "\"isReaded\":false"));
  assert_non_null(strstr(rig_heard(rig, 0),
                         "event dialog:1 4 read {\"by\":2}\n"
                         "event account:2 0 dialog {\"what\":\"dialog\",\"with\":1,\"unread\":0}\n"
                         "event person:1 0 user:all_messages_read 2\n"));
  assert_string_equal(unread(rig, bert, 1), "0");
  rig_heard(rig, 0);
  history(rig, bert, 1, "\"take\":2,\"skip\":0");  // told again, though nothing was unread
  assert_string_equal(rig_heard(rig, 0), "event person:1 0 user:all_messages_read 2\ndone message.history\n");
}

static void test_a_page_is_what_was_asked_for(void **state) {
  Rig *rig = *state;
  for (int i = 0; i < 4; i++)
    send_text(rig, i % 2 ? bert : anna, i % 2 ? 1 : 2, (const char *[]){"a", "b", "c", "d"}[i]);
  assert_string_equal(texts(rig, anna, 2, "\"take\":200,\"skip\":0"), "d c b a");
  assert_string_equal(texts(rig, bert, 1, "\"take\":2,\"skip\":1"), "c b");
  assert_string_equal(texts(rig, anna, 2, "\"take\":0,\"skip\":0"), "");
  assert_string_equal(texts(rig, anna, 2, "\"take\":5,\"skip\":4"), "");
  assert_string_equal(texts(rig, anna, 2, "\"take\":5,\"skip\":4294967295"), "");
  assert_string_equal(texts(rig, sten, 2, "\"take\":5,\"skip\":0"), "");
  assert_string_equal(texts(rig, anna, 3, "\"take\":5,\"skip\":0"), "");
  assert_string_equal(texts(rig, anna, 2, "\"take\":5,\"before\":1"), "");
  assert_refused(ask(rig, &message_method_history, anna, "{\"id\":9,\"take\":1,\"skip\":0}"), ERR_RECEIVER_NOT_FOUND);
  assert_refused(ask(rig, &message_method_history, anna, "{\"id\":2,\"take\":1}"), ERR_VALIDATION);
  assert_refused(ask(rig, &message_method_history, anna, "{\"id\":2,\"skip\":1}"), ERR_VALIDATION);
  assert_refused(ask(rig, &message_method_history, anna, "{\"id\":0,\"take\":1,\"skip\":1}"), ERR_VALIDATION);
  assert_refused(ask(rig, &message_method_history, NULL, "{\"id\":2,\"take\":1,\"skip\":0}"), ERR_UNAUTHORIZED);
}

// Some of 3,000 are deleted, whole blocks of the order among them; each page is what counting through gives.
static void test_pages_by_skip_and_by_cursor_agree_with_counting_through_gaps(void **state) {
  Rig *rig = *state;
  rig_run(rig, "INSERT INTO dialogs(id, low_id, high_id, created_at) VALUES(1, 1, 2, 0)");
  rig_run(rig,
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
          " INSERT INTO events SELECT 'dialog:1', i, 0, 'message', '{}' FROM n");
  rig_run(rig,
          "INSERT INTO messages(dialog_id, seq, sender_id, receiver_id, text, created_at, updated_at, is_read)"
          " SELECT 1, seq, 1, 2, seq, 0, 0, 1 FROM events WHERE seq % 7 != 0 AND seq NOT BETWEEN 1000 AND 2060");
  rig_run(rig, "INSERT INTO message_blocks SELECT 1, seq / 1024, count(*) FROM messages GROUP BY seq / 1024");
  const char *all =
      rig_text(rig, "SELECT group_concat(text, ' ') FROM (SELECT text FROM messages ORDER BY seq DESC) m");
  const char *at = all;
  int64_t total = rig_int(rig, "SELECT count(*) FROM messages");
  for (int64_t skip = 0; skip <= total; skip++) {
    if (skip % 97 == 0 || skip == total) {
      char more[80];
      snprintf(more, sizeof more, "\"take\":3,\"skip\":%lld", (long long)skip);
      const char *page = texts(rig, anna, 2, more);
      assert_int_equal(strncmp(at, page, strlen(page)), 0);
      assert_true(skip == total ? page[0] == '\0' : page[0] != '\0');
    }
    at = strchr(at, ' ') != NULL ? strchr(at, ' ') + 1 : at + strlen(at);
  }
  assert_string_equal(texts(rig, anna, 2, "\"take\":4,\"before\":2062"), "2061 999 998 997");
  Text walked = {.arena = &rig->arena};
  char more[80] = "\"take\":200,\"before\":9007199254740991";
  for (const char *page = texts(rig, bert, 1, more); page[0] != '\0'; page = texts(rig, bert, 1, more)) {
    text_format(&walked, "%s%s", walked.length > 0 ? " " : "", page);
    snprintf(more, sizeof more, "\"take\":200,\"before\":%s",
             strrchr(page, ' ') != NULL ? strrchr(page, ' ') + 1 : page);
  }
  assert_string_equal(rig_zero(rig, text_str(&walked)), all);
}

static void test_what_is_sent_again_under_its_name_is_the_same_message_for_ever(void **state) {
  Rig *rig = *state;
  const char *json = "{\"id\":2,\"message\":\"once\",\"clientID\":\"k1\"}";
  Answer first = rig_call(rig, &message_method_send, anna, json);
  assert_non_null(strstr(rig_zero(rig, first.reply), "\"clientID\":\"k1\""));
  rig_heard(rig, 0);
  Answer second = rig_call(rig, &message_method_send, anna, json);
  assert_string_equal(rig_zero(rig, second.reply), rig_zero(rig, first.reply));
  assert_string_equal(rig_heard(rig, 0), "done message.send\n");
  // The name is the sender's own.
  assert_refused(ask(rig, &message_method_send, bert, "{\"id\":1,\"message\":\"x\",\"clientID\":\"k1\"}"), ERR_NONE);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM messages"), 2);
  assert_refused(ask(rig, &message_method_delete, anna, "{\"message-id\":1}"), ERR_NONE);
  assert_refused(rig_call(rig, &message_method_send, anna, json), ERR_MESSAGE_NOT_FOUND);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM messages"), 1);
}

static void test_the_same_message_twice_in_one_commit_is_one(void **state) {
  Rig *rig = *state;
  enum { TIMES = 20 };
  Answer answers[TIMES];
  for (int i = 0; i < TIMES; i++) {
    rig_ask(rig, 0, &message_method_send, anna, "{\"id\":2,\"message\":\"m\",\"clientID\":\"k\"}", &answers[i]);
  }
  for (int i = 0; i < TIMES; i++) {
    RIG_UNTIL(rig, answers[i].done);
    assert_string_equal(rig_zero(rig, answers[i].reply), rig_zero(rig, answers[0].reply));
  }
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM messages"), 1);
}

static void test_only_the_receiver_reads_and_the_sender_hears_of_it(void **state) {
  Rig *rig = *state;
  send_text(rig, anna, 2, "a");
  assert_refused(ask(rig, &message_method_read, anna, "{\"message-id\":1}"), ERR_NOT_THE_RECEIVER);
  assert_refused(ask(rig, &message_method_read, sten, "{\"message-id\":1}"), ERR_NOT_THE_RECEIVER);
  assert_refused(ask(rig, &message_method_read, bert, "{\"message-id\":2}"), ERR_MESSAGE_NOT_FOUND);
  rig_heard(rig, 0);
  rig_pass(rig, 1000);
  assert_reply(rig, ask(rig, &message_method_read, bert, "{\"message-id\":1}"), "");
  assert_string_equal(rig_heard(rig, 0),
                      "event dialog:1 2 read {\"by\":2}\n"
                      "event person:1 0 user:message_read {\"receiverID\":2,\"messageID\":1,\"seq\":2}\n"
                      "event account:2 0 dialog {\"what\":\"dialog\",\"with\":1,\"unread\":0}\n"
                      "done message.read\n");
  assert_int_equal(rig_int(rig, "SELECT updated_at = created_at AND is_read = 1 FROM messages"), 1);
  assert_refused(ask(rig, &message_method_read, bert, "{\"message-id\":1}"), ERR_NONE);
  assert_string_equal(rig_heard(rig, 0),
                      "event person:1 0 user:message_read {\"receiverID\":2,\"messageID\":1}\ndone message.read\n");
}

static void test_only_the_sender_edits_and_deletes_and_both_accounts_are_told(void **state) {
  Rig *rig = *state;
  send_text(rig, anna, 2, "a");
  assert_refused(ask(rig, &message_method_edit, bert, "{\"message-id\":1,\"message\":\"x\"}"), ERR_NOT_THE_SENDER_EDIT);
  assert_refused(ask(rig, &message_method_delete, bert, "{\"message-id\":1}"), ERR_NOT_THE_SENDER_DELETE);
  assert_refused(ask(rig, &message_method_edit, anna, "{\"message-id\":1,\"message\":\"\"}"), ERR_VALIDATION);
  assert_refused(ask(rig, &message_method_edit, anna, "{\"message-id\":7,\"message\":\"x\"}"), ERR_MESSAGE_NOT_FOUND);
  rig_pass(rig, 1500);
  rig_heard(rig, 0);
  assert_reply(rig, ask(rig, &message_method_edit, anna, "{\"message-id\":1,\"message\":\"b\"}"), "");
  const char *told = rig_heard(rig, 0);  // the messenger's own events say nothing of it
  assert_null(strstr(told, "person:"));
  assert_non_null(strstr(told, "event dialog:1 2 edited {\"messageID\":1}\n"));
  assert_non_null(strstr(told, "event account:1 0 dialog {\"what\":\"dialog\",\"with\":2,\"unread\":0,\"edited\":{"));
  assert_non_null(strstr(told, "event account:2 0 dialog {\"what\":\"dialog\",\"with\":1,\"unread\":1,\"edited\":{"));
  assert_non_null(strstr(told, "\"message\":\"b\""));
  const char *page = history(rig, anna, 2, "\"take\":1,\"skip\":0");
  assert_non_null(strstr(page,
                         "\"message\":\"b\",\"createdAt\":\"2026-11-21T07:00:00.000Z\","
                         "\"updatedAt\":\"2026-11-21T07:00:01.500Z\",\"isUpdated\":true"));
  rig_heard(rig, 0);
  assert_reply(rig, ask(rig, &message_method_delete, anna, "{\"message-id\":1}"), "");
  assert_string_equal(rig_heard(rig, 0),
                      "event dialog:1 3 deleted {\"messageID\":1}\n"
                      "event account:1 0 dialog {\"what\":\"dialog\",\"with\":2,\"unread\":0,\"deleted\":1}\n"
                      "event account:2 0 dialog {\"what\":\"dialog\",\"with\":1,\"unread\":0,\"deleted\":1}\n"
                      "done message.delete\n");
  assert_string_equal(rig_text(rig, "SELECT group_concat(payload) FROM events WHERE payload LIKE '%text%'"), "");
}

static void test_a_dialog_goes_with_its_last_message_and_comes_back_as_a_new_one(void **state) {
  Rig *rig = *state;
  send_text(rig, anna, 2, "a");
  send_text(rig, bert, 1, "b");
  ask(rig, &message_method_delete, anna, "{\"message-id\":1}");
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM dialogs"), 1);
  ask(rig, &message_method_delete, bert, "{\"message-id\":2}");
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM dialogs"), 0);
  assert_reply(rig, rig_call(rig, &dialog_list, anna, NULL), "[]");
  rig_heard(rig, 0);
  assert_int_equal(send_text(rig, anna, 2, "c"), 3);
  const char *heard = rig_heard(rig, 0);
  assert_non_null(strstr(heard, "event dialog:2 1 message"));
  assert_non_null(strstr(heard, "user:new_dialog"));
}

static void test_dialogs_are_listed_newest_first_as_each_person_sees_them(void **state) {
  Rig *rig = *state;
  send_text(rig, anna, 2, "to bert");
  rig_pass(rig, 10);
  send_text(rig, sten, 1, "to anna");
  send_text(rig, sten, 1, "again");
  rig_pass(rig, 10);
  send_text(rig, anna, 1, "note");
  rig_run(rig, "UPDATE users SET name = 'Sten S.' WHERE id = 3");
  rig_run(rig, "UPDATE users SET deleted_at = 1 WHERE id = 2");
  assert_reply(rig, rig_call(rig, &dialog_list, anna, NULL),
               "[{\"receiverID\":1,\"receiverName\":\"anna\",\"lastMessage\":\"note\","
               "\"createdAt\":\"2026-11-21T07:00:00.020Z\",\"newMessagesCount\":0,\"connectionStatus\":\"offline\"},"
               "{\"receiverID\":3,\"receiverName\":\"Sten S.\",\"lastMessage\":\"again\","
               "\"createdAt\":\"2026-11-21T07:00:00.010Z\",\"newMessagesCount\":2,\"connectionStatus\":\"offline\"},"
               "{\"receiverID\":2,\"receiverName\":\"deleted\",\"lastMessage\":\"to bert\","
               "\"createdAt\":\"2026-11-21T07:00:00.000Z\",\"newMessagesCount\":0,\"connectionStatus\":\"offline\"}]");
  assert_string_equal(texts(rig, anna, 2, "\"take\":9,\"skip\":0"), "to bert");
}

static void test_a_text_is_counted_in_code_points_and_spaces_are_one(void **state) {
  Rig *rig = *state;
  char text[4096 * 2 + 3];
  for (int i = 0; i < 4096; i++) memcpy(text + 2 * i, "é", 2);
  text[4096 * 2] = '\0';
  char json[9000];
  snprintf(json, sizeof json, "{\"id\":2,\"message\":\"%s\"}", text);
  assert_refused(rig_call(rig, &message_method_send, anna, json), ERR_NONE);
  snprintf(json, sizeof json, "{\"id\":2,\"message\":\"%s!\"}", text);
  assert_refused(rig_call(rig, &message_method_send, anna, json), ERR_VALIDATION);
  assert_refused(ask(rig, &message_method_send, anna, "{\"id\":2,\"message\":\"  \"}"), ERR_NONE);
  assert_refused(ask(rig, &message_method_send, anna, "{\"id\":2,\"message\":\"\"}"), ERR_VALIDATION);
  assert_refused(ask(rig, &message_method_send, anna, "{\"id\":2,\"message\":5}"), ERR_VALIDATION);
  assert_refused(ask(rig, &message_method_send, anna, "{\"id\":2}"), ERR_VALIDATION);
  assert_refused(ask(rig, &message_method_send, anna, "{\"id\":99,\"message\":\"x\"}"), ERR_RECEIVER_NOT_FOUND);
}

static void test_a_clock_set_back_does_not_change_the_order(void **state) {
  Rig *rig = *state;
  send_text(rig, anna, 2, "a");
  rig_pass(rig, -RIG_MINUTE_MS);
  send_text(rig, anna, 2, "b");
  assert_string_equal(texts(rig, anna, 2, "\"take\":9,\"skip\":0"), "b a");
  assert_int_equal(rig_int(rig, "SELECT count(DISTINCT created_at) FROM messages"), 1);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, venue_setup, invariants_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_the_first_message_makes_the_dialog_and_tells_both_in_order),
      CASE(test_an_answer_reads_what_it_answers_and_makes_no_second_dialog),
      CASE(test_a_dialog_with_oneself_is_read_at_once_and_told_once),
      CASE(test_the_first_page_is_read_and_a_later_one_changes_nothing),
      CASE(test_a_page_is_what_was_asked_for),
      CASE(test_pages_by_skip_and_by_cursor_agree_with_counting_through_gaps),
      CASE(test_what_is_sent_again_under_its_name_is_the_same_message_for_ever),
      CASE(test_the_same_message_twice_in_one_commit_is_one),
      CASE(test_only_the_receiver_reads_and_the_sender_hears_of_it),
      CASE(test_only_the_sender_edits_and_deletes_and_both_accounts_are_told),
      CASE(test_a_dialog_goes_with_its_last_message_and_comes_back_as_a_new_one),
      CASE(test_dialogs_are_listed_newest_first_as_each_person_sees_them),
      CASE(test_a_text_is_counted_in_code_points_and_spaces_are_one),
      CASE(test_a_clock_set_back_does_not_change_the_order),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
