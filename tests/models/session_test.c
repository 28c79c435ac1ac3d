// Sessions and their refresh tokens.
#include "models/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "support/venue.h"

// A call as a method has it, in a transaction of the test's own; its events stay in it.
static Call *begin(Rig *rig) {
  rig->loops[0].now_ms = rig->now_ms;
  Call *call = call_new_own(&rig->loops[0]);
  assert_non_null(call);
  call->db = rig->db;
  call->agent = STR("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Safari/604.1");
  call->peer = STR("::1");
  assert_true(db_begin(rig->db, DB_WRITE));
  return call;
}

static void end(Rig *rig, Call *call) {
  assert_true(db_commit(rig->db));
  call_free(call);
}

static Str open_for(Rig *rig, int64_t user_id) {
  Call *call = begin(rig);
  session_open(call, user_id, "seats");
  Str sid = str_copy(&rig->arena, call->granted.sid);
  end(rig, call);
  return sid;
}

static bool stands(Rig *rig, Str sid) {
  Identity who;
  return session_find(rig->db, &rig->arena, sid, &who);
}

static bool is_listed(Rig *rig, Str sid) {
  Text list = {.arena = &rig->arena};
  Call *call = begin(rig);
  session_write_list(call, &list, 1, (Str){0});
  end(rig, call);
  return strstr(rig_zero(rig, text_str(&list)), rig_zero(rig, sid)) != NULL;
}

static void test_one_that_is_in_use_by_cookies_is_listed_and_not_forgotten(void **state) {
  Rig *rig = *state;
  Str used = open_for(rig, 1);
  Str unused = open_for(rig, 1);
  for (int days = 0; days < 98; days += 2) {
    rig_pass(rig, 48 * RIG_HOUR_MS);
    Call *call = begin(rig);
    static const char USE[] = "UPDATE sessions SET last_used_at = $1 WHERE id = $2";
    db_run(call->db, USE, sql_int(call->now_ms), sql_text(used));
    end(rig, call);
  }
  assert_true(is_listed(rig, used));
  assert_false(is_listed(rig, unused));
  open_for(rig, 2);
  assert_true(stands(rig, used));
  assert_false(stands(rig, unused));
}

static void test_what_ended_long_ago_is_forgotten_a_little_at_a_time(void **state) {
  Rig *rig = *state;
  static const char COUNT[] = "SELECT count(*) FROM sessions WHERE ended_at IS NOT NULL";
  Call *call;
  for (int i = 0; i < 4; i++) {
    Str sid = open_for(rig, 1);
    if (i == 3) rig_pass(rig, 24 * RIG_HOUR_MS);
    call = begin(rig);
    session_end(call, 1, sid);
    end(rig, call);
  }
  rig_pass(rig, INT64_C(89) * 24 * RIG_HOUR_MS);
  open_for(rig, 1);
  assert_int_equal(rig_int(rig, COUNT), 4);
  rig_pass(rig, 1);
  open_for(rig, 1);
  assert_int_equal(rig_int(rig, COUNT), 2);
  open_for(rig, 1);
  assert_int_equal(rig_int(rig, COUNT), 1);
}

static void test_what_expired_long_ago_is_forgotten_like_what_ended(void **state) {
  Rig *rig = *state;
  static const char COUNT[] = "SELECT count(*) FROM sessions WHERE created_at = 1795244400000";
  for (int i = 0; i < 3; i++) open_for(rig, 1);
  Call *call = begin(rig);
  session_open_refreshed(call, 1, "tickets");
  end(rig, call);
  rig_pass(rig, INT64_C(97) * 24 * RIG_HOUR_MS);  // a week, and ninety days
  open_for(rig, 1);
  assert_int_equal(rig_int(rig, COUNT), 4);
  rig_pass(rig, 1);
  open_for(rig, 1);
  assert_int_equal(rig_int(rig, COUNT), 2);
  open_for(rig, 1);
  assert_string_equal(rig_text(rig, "SELECT door FROM sessions WHERE created_at = 1795244400000"), "tickets");
}

static Error identify(Call *call) {
  (void)call;
  return ERR_NONE;
}

static void test_what_was_read_ahead_counts_until_it_changes(void **state) {
  Rig *rig = *state;
  if (!db_is_shared(rig->db)) skip();  // where a statement is no round trip nobody reads ahead
  static const char *const wrong[] = {"gone", ""};
  Identity who;
  Str sid = open_for(rig, 1);
  Str other = open_for(rig, 2);
  Call *calls[4];
  for (int i = 0; i < 4; i++) {
    calls[i] = call_new_own(&rig->loops[0]);
    calls[i]->identify = identify;
    calls[i]->who.sid = i < 2 ? (Str[]){sid, other}[i] : str_from(wrong[i - 2]);
    if (i > 0) calls[i - 1]->next = calls[i];
  }
  Call *call = begin(rig);
  session_look_ahead(rig->db, calls[0]);
  assert_true(session_find(rig->db, &rig->arena, sid, &who));
  assert_int_equal(who.user_id, 1);
  assert_true(session_find(rig->db, &rig->arena, other, &who));
  assert_int_equal(who.user_id, 2);
  assert_true(str_equal(who.sid, other));
  assert_false(session_find(rig->db, &rig->arena, STR("gone"), &who));
  session_end(call, 1, sid);
  assert_false(session_find(rig->db, &rig->arena, sid, &who));
  assert_true(session_find(rig->db, &rig->arena, other, &who));
  db_run(rig->db, "UPDATE users SET deleted_at = 1 WHERE id = 2");
  assert_false(session_find(rig->db, &rig->arena, other, &who));
  end(rig, call);
  for (int i = 0; i < 4; i++) call_free(calls[i]);
}

static void test_sessions_end_one_by_one_or_all_of_a_person(void **state) {
  Rig *rig = *state;
  Str first = open_for(rig, 1);
  Str second = open_for(rig, 1);
  Str third = open_for(rig, 1);
  Str others = open_for(rig, 2);
  assert_true(stands(rig, first) && stands(rig, others));
  assert_false(stands(rig, STR("none")));
  Call *call = begin(rig);
  session_end(call, 1, first);
  assert_string_equal(rig_zero(rig, call->events->topic), "session:1");
  assert_true(str_equal(call->events->payload, first));
  end(rig, call);
  assert_false(stands(rig, first));
  assert_true(stands(rig, second));
  call = begin(rig);
  session_end_others(call, 1, third);
  end(rig, call);
  assert_false(stands(rig, second));
  assert_true(stands(rig, third));
  call = begin(rig);
  session_end_all(call, 1);
  end(rig, call);
  assert_false(stands(rig, third));
  assert_true(stands(rig, others));
}

static void test_a_deleted_person_has_no_session(void **state) {
  Rig *rig = *state;
  Str sid = open_for(rig, 1);
  rig_run(rig, "UPDATE users SET deleted_at = 1 WHERE id = 1");
  assert_false(stands(rig, sid));
}

static void test_who_has_no_username_is_shown_by_name_or_by_the_part_before_the_at(void **state) {
  Rig *rig = *state;
  Identity who;
  Str sid = open_for(rig, 1);
  rig_run(rig, "UPDATE users SET username = NULL, email = 'anna.k@x.example' WHERE id = 1");
  assert_true(session_find(rig->db, &rig->arena, sid, &who));
  assert_string_equal(rig_zero(rig, who.username), "anna.k");
  rig_run(rig, "UPDATE users SET name = 'Anna K' WHERE id = 1");
  assert_true(session_find(rig->db, &rig->arena, sid, &who));
  assert_string_equal(rig_zero(rig, who.username), "Anna K");
}

static Str token_of(Rig *rig, const Call *call) {
  const Identity *granted = &call->granted;
  return session_refresh_token(&rig->arena, &rig->config, granted->public_id, granted->sid, granted->refreshed_ms);
}

static Str open_refreshed(Rig *rig) {
  Call *call = begin(rig);
  session_open_refreshed(call, 1, "tickets");
  Str token = token_of(rig, call);
  end(rig, call);
  return token;
}

// Presents a token; the outcome, and the token that came of it.
static Error refresh(Rig *rig, Str token, Str *next) {
  Call *call = begin(rig);
  Error error = session_refresh(call, token, "tickets");
  if (error == ERR_NONE) error = call->refusal;
  if (error == ERR_NONE) *next = token_of(rig, call);
  end(rig, call);
  return error;
}

static void test_a_refresh_token_is_used_once_with_30_seconds_of_grace(void **state) {
  Rig *rig = *state;
  Str first = open_refreshed(rig);
  Str second, again;
  rig_pass(rig, 1000);
  assert_int_equal(refresh(rig, first, &second), ERR_NONE);
  assert_false(str_equal(first, second));
  rig_pass(rig, 30000);
  assert_int_equal(refresh(rig, first, &again), ERR_NONE);
  assert_true(str_equal(again, second));  // two tabs that race end with the same token
  rig_pass(rig, 1);
  assert_int_equal(refresh(rig, first, &again), ERR_INVALID_REFRESH_TOKEN);
  assert_int_equal(refresh(rig, second, &again), ERR_INVALID_REFRESH_TOKEN);  // all sessions of the account are over
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM sessions WHERE ended_at IS NULL"), 0);
}

static void test_one_older_than_the_superseded_token_ends_all_sessions(void **state) {
  Rig *rig = *state;
  Str first = open_refreshed(rig);
  Str other = open_for(rig, 1);
  Str second, third, none;
  assert_int_equal(refresh(rig, first, &second), ERR_NONE);
  assert_int_equal(refresh(rig, second, &third), ERR_NONE);
  assert_true(stands(rig, other));
  assert_int_equal(refresh(rig, first, &none), ERR_INVALID_REFRESH_TOKEN);
  assert_false(stands(rig, other));
}

static void test_what_is_no_refresh_token_changes_nothing(void **state) {
  Rig *rig = *state;
  Str none;
  Str token = open_refreshed(rig);
  assert_int_equal(refresh(rig, STR(""), &none), ERR_INVALID_REFRESH_TOKEN);
  assert_int_equal(refresh(rig, STR("a.b.c"), &none), ERR_INVALID_REFRESH_TOKEN);
  rig->config.refresh_secret = STR("another");
  assert_int_equal(refresh(rig, token, &none), ERR_INVALID_REFRESH_TOKEN);
  rig->config.refresh_secret = (Str){0};
  rig_pass(rig, INT64_C(604800001));
  assert_int_equal(refresh(rig, token, &none), ERR_INVALID_REFRESH_TOKEN);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM sessions WHERE ended_at IS NULL"), 1);
}

// At the messenger door.

static Str open_at(Rig *rig, const char *os, const char *browser, Str *token) {
  Call *call = begin(rig);
  session_open_at(call, 1, str_from(os), str_from(browser));
  Str sid = str_copy(&rig->arena, call->granted.sid);
  *token = session_opaque_token(&rig->arena, &rig->config, sid, call->granted.refreshed_ms);
  end(rig, call);
  return sid;
}

static Error refresh_at(Rig *rig, Str token, const char *os, const char *browser, Str *next) {
  Call *call = begin(rig);
  Error error = session_refresh_at(call, 1, token, str_from(os), str_from(browser));
  if (error == ERR_NONE) error = call->refusal;
  if (error == ERR_NONE) {
    *next = session_opaque_token(&rig->arena, &rig->config, call->granted.sid, call->granted.refreshed_ms);
  }
  end(rig, call);
  return error;
}

static void test_a_messenger_session_is_one_of_person_address_system_and_browser(void **state) {
  Rig *rig = *state;
  Str first, second, again, none;
  Str sid = open_at(rig, "Linux/1", "Chrome/1", &first);
  assert_int_equal(first.length, 128);
  assert_true(str_equal(open_at(rig, "Linux/1", "Chrome/1", &second), sid));
  assert_false(str_equal(first, second));
  assert_false(str_equal(open_at(rig, "Linux/1", "Chrome/2", &again), sid));
  assert_int_equal(refresh_at(rig, second, "Linux/2", "Chrome/1", &none), ERR_INVALID_REFRESH_TOKEN);
  assert_true(stands(rig, sid));  // of a place where there is no session nothing follows
  assert_int_equal(refresh_at(rig, second, "Linux/1", "Chrome/1", &again), ERR_NONE);
  assert_int_equal(refresh_at(rig, second, "Linux/1", "Chrome/1", &none), ERR_NONE);
  assert_true(str_equal(none, again));
  rig_pass(rig, 31000);
  assert_int_equal(refresh_at(rig, second, "Linux/1", "Chrome/1", &none), ERR_INVALID_REFRESH_TOKEN);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM sessions WHERE ended_at IS NULL"), 0);
}

static void test_the_sixth_messenger_session_ends_the_oldest_and_a_refresh_ends_none(void **state) {
  Rig *rig = *state;
  static const char *const browsers[] = {"1", "2", "3", "4", "5", "6"};
  Str sids[6], tokens[6], next;
  Str elsewhere = open_for(rig, 1);
  for (int i = 0; i < 6; i++) {
    if (i == 5) assert_int_equal(refresh_at(rig, tokens[1], "os", "2", &next), ERR_NONE);
    if (i == 5) assert_true(stands(rig, sids[0]));
    sids[i] = open_at(rig, "os", browsers[i], &tokens[i]);
  }
  assert_false(stands(rig, sids[0]));
  for (int i = 1; i < 6; i++) assert_true(stands(rig, sids[i]));
  assert_true(stands(rig, elsewhere));  // those of other doors do not count
}

static void test_a_messenger_session_lasts_a_year_from_its_last_refresh(void **state) {
  Rig *rig = *state;
  const int64_t year_ms = INT64_C(31536000000);
  Str token;
  open_at(rig, "os", "b", &token);
  rig_pass(rig, year_ms - 1);
  assert_int_equal(refresh_at(rig, token, "os", "b", &token), ERR_NONE);
  rig_pass(rig, year_ms);
  assert_int_equal(refresh_at(rig, token, "os", "b", &token), ERR_INVALID_REFRESH_TOKEN);
}

static void test_tokens_are_kept_as_hashes(void **state) {
  Rig *rig = *state;
  Str token = open_refreshed(rig);
  const char *hash = rig_text(rig, "SELECT refresh_hash FROM sessions");
  assert_int_equal(strlen(hash), 64);
  assert_null(strstr(hash, rig_zero(rig, token)));
}

static void test_the_list_shows_device_system_and_browser(void **state) {
  Rig *rig = *state;
  Str sid = open_for(rig, 1);
  Call *call = begin(rig);
  Text list = {.arena = &rig->arena};
  session_write_list(call, &list, 1, sid);
  end(rig, call);
  Text expected = {.arena = &rig->arena};
  text_format(&expected,
              "[{\"id\":\"%.*s\",\"door\":\"seats\",\"device\":\"iPhone\",\"os\":\"iOS\",\"browser\":\"Safari\","
              "\"ip\":\"::1\",\"createdAt\":\"2026-11-21T07:00:00.000Z\","
              "\"lastUsedAt\":\"2026-11-21T07:00:00.000Z\",\"current\":true}]",
              STR_ARG(sid));
  assert_string_equal(rig_zero(rig, text_str(&list)), rig_zero(rig, text_str(&expected)));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, venue_setup, venue_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_what_ended_long_ago_is_forgotten_a_little_at_a_time),
      CASE(test_one_that_is_in_use_by_cookies_is_listed_and_not_forgotten),
      CASE(test_what_expired_long_ago_is_forgotten_like_what_ended),
      CASE(test_what_was_read_ahead_counts_until_it_changes),
      CASE(test_sessions_end_one_by_one_or_all_of_a_person),
      CASE(test_a_deleted_person_has_no_session),
      CASE(test_who_has_no_username_is_shown_by_name_or_by_the_part_before_the_at),
      CASE(test_a_refresh_token_is_used_once_with_30_seconds_of_grace),
      CASE(test_one_older_than_the_superseded_token_ends_all_sessions),
      CASE(test_what_is_no_refresh_token_changes_nothing),
      CASE(test_a_messenger_session_is_one_of_person_address_system_and_browser),
      CASE(test_the_sixth_messenger_session_ends_the_oldest_and_a_refresh_ends_none),
      CASE(test_a_messenger_session_lasts_a_year_from_its_last_refresh),
      CASE(test_tokens_are_kept_as_hashes),
      CASE(test_the_list_shows_device_system_and_browser),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
