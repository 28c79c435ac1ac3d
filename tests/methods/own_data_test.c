// Taking one's own data along: all of it, page by page, and nobody else's.
#include "methods/own_data.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "methods/block.h"
#include "methods/message.h"
#include "support/invariants.h"
#include "support/venue.h"

static const Identity *const anna = &venue_anna;   // 1
static const Identity *const bert = &venue_bert;   // 2
static const Identity *const sten = &venue_staff;  // 3

static void send_text(Rig *rig, const Identity *who, int64_t to, const char *text) {
  char json[256];
  snprintf(json, sizeof json, "{\"id\":%lld,\"message\":\"%s\"}", (long long)to, text);
  assert_refused(rig_call(rig, &message_method_send, who, json), ERR_NONE);
}

static const Json *page_after(Rig *rig, const Identity *who, const char *cursor) {
  char json[128];
  snprintf(json, sizeof json, cursor[0] != '\0' ? "{\"after\":\"%s\"}" : "{}", cursor);
  Answer answer = rig_call(rig, &own_data_export, who, json);
  assert_refused(answer, ERR_NONE);
  return json_parse(&rig->arena, answer.reply, NULL);
}

static Str text_of(const Json *object, const char *key) {
  Str text = {0};
  json_str(json_get(object, key), &text);
  return text;
}

// Follows the cursors to the end; gives the texts of all messages ("a b c") and counts pages and bookings.
static const char *take_all(Rig *rig, const Identity *who, int *pages, size_t *bookings) {
  Text texts = {.arena = &rig->arena};
  const char *cursor = "";
  *pages = 0;
  *bookings = 0;
  do {
    const Json *page = page_after(rig, who, cursor);
    size_t items = json_count(json_get(page, "bookings")) + json_count(json_get(page, "messages"));
    assert_in_range(items, 0, 200);
    assert_int_equal(json_get(page, "account") != NULL, *pages == 0);
    assert_true(json_is_array(json_get(page, "bookings")) && json_is_array(json_get(page, "messages")));
    *bookings += json_count(json_get(page, "bookings"));
    for (const Json *at = json_first(json_get(page, "messages")); at != NULL; at = json_next(at)) {
      if (texts.length > 0) text_char(&texts, ' ');
      text_add(&texts, text_of(at, "message"));
    }
    cursor = rig_zero(rig, text_of(page, "next"));
    ++*pages;
  } while (cursor[0] != '\0');
  return rig_zero(rig, text_str(&texts));
}

static void test_the_first_page_begins_with_the_person(void **state) {
  Rig *rig = *state;
  rig_run(rig, "UPDATE users SET email = 'anna@example.org', name = 'Anna', bio = 'Sings' WHERE id = 1");
  rig_run(rig,
          "INSERT INTO sessions(id, user_id, door, agent, ip, created_at, last_used_at)"
          " VALUES('s', 1, 'seats', '', '', 1795244400000, 1795244400000),"
          " ('t', 2, 'seats', '', '', 1795244400000, 1795244400000)");
  assert_refused(rig_call(rig, &block_method_put, anna, "{\"id\":2}"), ERR_NONE);
  const Json *page = page_after(rig, anna, "");
  const Json *account = json_get(page, "account");
  assert_true(str_equal(text_of(account, "email"), STR("anna@example.org")));
  assert_null(json_get(account, "password_hash"));
  assert_true(str_equal(text_of(page, "bio"), STR("Sings")));
  assert_int_equal(json_count(json_get(page, "sessions")), 1);
  assert_true(str_equal(text_of(json_first(json_get(page, "sessions")), "id"), STR("s")));
  assert_true(str_equal(text_of(json_first(json_get(page, "blocked")), "name"), STR("bert")));
  assert_true(json_is_null(json_get(page, "next")));
}

static void test_all_messages_of_ones_own_dialogs_come_and_no_others(void **state) {
  Rig *rig = *state;
  int pages;
  size_t bookings;
  send_text(rig, anna, 2, "a");
  send_text(rig, bert, 3, "b");
  send_text(rig, sten, 1, "c");
  send_text(rig, bert, 1, "d");
  send_text(rig, anna, 1, "e");
  assert_string_equal(take_all(rig, anna, &pages, &bookings), "a d c e");
  assert_int_equal(pages, 1);
  assert_string_equal(take_all(rig, bert, &pages, &bookings), "a d b");
  // A cursor is a place, not a key: another's dialog is passed over.
  assert_int_equal(json_count(json_get(page_after(rig, sten, "m.1.0"), "messages")), 2);
}

static void test_pages_follow_one_another_without_a_gap(void **state) {
  Rig *rig = *state;
  int pages;
  size_t bookings;
  Text expected = {.arena = &rig->arena};
  for (int i = 0; i < 401; i++) {
    char text[16];
    snprintf(text, sizeof text, "%d", i);
    if (i > 0) text_char(&expected, ' ');
    text_add(&expected, str_from(text));
    send_text(rig, i % 2 == 0 ? anna : bert, i < 300 ? i % 2 == 0 ? 2 : 1 : i % 2 == 0 ? 3 : 1, text);
    if (i == 299) {  // the rest in the dialogs of anna with sten, and with bert after it
      assert_string_equal(take_all(rig, anna, &pages, &bookings), rig_zero(rig, text_str(&expected)));
      assert_int_equal(pages, 2);
    }
  }
  const char *all = take_all(rig, anna, &pages, &bookings);
  assert_int_equal(pages, 3);
  assert_int_equal(strlen(all), expected.length);
}

static const char concert[] =
    "INSERT INTO concerts(id, public_id, name, date, created_at, opens_at, seed, seed_hash)"
    " VALUES(1, 'aa0000000000000000000001', 'Standing', 1800000000000, 1, 1, '', '')";
static const char category[] =
    "INSERT INTO categories(id, public_id, concert_id, name, price, total_seats, available_seats)"
    " VALUES(1, 'c00000000000000000000001', 1, 'gold', 1000, 5, 5)";
static const char bookings_of_two[] =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 410) INSERT INTO bookings(public_id,"
    " user_id, concert_id, category_id, seats, amount, currency, status, payment_status, booked_at, expires_at)"
    " SELECT printf('%024x', i), 1 + i % 2, 1, 1, 1, 1000, 'inr', 'expired', 'none', i, i FROM n";
static const char steps[] =
    "INSERT INTO booking_steps(booking_id, at, status, payment_status, cause)"
    " SELECT id, 1, 'pending', 'none', 'booked' FROM bookings UNION ALL"
    " SELECT id, 2, 'expired', 'none', 'expired' FROM bookings";

static void test_bookings_come_first_and_all_of_them(void **state) {
  Rig *rig = *state;
  int pages;
  size_t bookings;
  rig_run(rig, concert);
  rig_run(rig, category);
  rig_run(rig, bookings_of_two);
  rig_run(rig, steps);
  send_text(rig, anna, 2, "a");
  assert_string_equal(take_all(rig, anna, &pages, &bookings), "a");
  assert_int_equal(bookings, 205);
  assert_int_equal(pages, 2);
}

static void test_a_cursor_that_is_none_is_refused(void **state) {
  Rig *rig = *state;
  assert_refused(rig_call(rig, &own_data_export, NULL, "{}"), ERR_UNAUTHORIZED);
  static const char *const bad[] = {"x", "b", "b.", "b.x", "b.1.2", "m", "m.1", "m.1.x", "m.1.2.3", "m..", " "};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    char json[64];
    snprintf(json, sizeof json, "{\"after\":\"%s\"}", bad[i]);
    if (rig_call(rig, &own_data_export, anna, json).error != ERR_VALIDATION) fail_msg("%s", bad[i]);
  }
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, venue_setup, invariants_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_the_first_page_begins_with_the_person),  CASE(test_all_messages_of_ones_own_dialogs_come_and_no_others),
      CASE(test_pages_follow_one_another_without_a_gap), CASE(test_bookings_come_first_and_all_of_them),
      CASE(test_a_cursor_that_is_none_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
