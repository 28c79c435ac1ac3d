// Who tokens are of: known until their sessions end, and not known again by an answer that is older than that.
#include "controllers/identity_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static int begin(void **state) {
  *state = identity_cache_new();
  return *state == NULL;
}

static int end(void **state) {
  identity_cache_free(*state);
  return 0;
}

static void add(IdentityCache *cache, const char *token, int64_t user_id, const char *sid, uint64_t epoch) {
  TokenKey key = identity_cache_key(cache, str_from(token));
  Identity identity = {.user_id = user_id, .username = STR("anna"), .sid = str_from(sid), .expires_ms = 1000};
  identity_cache_add(cache, &key, &identity, epoch);
}

static void know(IdentityCache *cache, const char *token, int64_t user_id, const char *sid) {
  add(cache, token, user_id, sid, identity_cache_epoch(cache));
}

static const Identity *find(IdentityCache *cache, const char *token, int64_t now_ms) {
  TokenKey key = identity_cache_key(cache, str_from(token));
  return identity_cache_find(cache, &key, now_ms);
}

static bool knows(IdentityCache *cache, const char *token) {
  return find(cache, token, 0) != NULL;
}

static void tell(IdentityCache *cache, const char *topic, const char *kind, const char *sid) {
  Event event = {.topic = str_from(topic), .kind = str_from(kind), .payload = str_from(sid)};
  identity_cache_signal(cache, &event);
}

static void test_a_token_is_known_until_it_expires(void **state) {
  assert_null(find(*state, "t", 0));
  know(*state, "t", 7, "s");
  const Identity *found = find(*state, "t", 999);
  assert_int_equal(found->user_id, 7);
  assert_true(str_equal(found->username, STR("anna")) && str_equal(found->sid, STR("s")));
  assert_null(find(*state, "t", 1000));
  assert_null(find(*state, "T", 0));
}

static void test_an_ended_session_is_forgotten_with_all_its_tokens(void **state) {
  know(*state, "a", 7, "s1");
  know(*state, "b", 7, "s1");
  know(*state, "c", 7, "s2");
  know(*state, "d", 8, "s3");
  tell(*state, "session:7", "ended", "s1");
  assert_false(knows(*state, "a") || knows(*state, "b"));
  assert_true(knows(*state, "c") && knows(*state, "d"));
  know(*state, "a", 7, "s1");
  tell(*state, "session:7", "left", "s1");
  assert_false(knows(*state, "a"));
}

static void test_all_others_and_all(void **state) {
  know(*state, "a", 7, "s1");
  know(*state, "b", 7, "s2");
  know(*state, "c", 8, "s3");
  tell(*state, "session:7", "ended_others", "s2");
  assert_false(knows(*state, "a"));
  assert_true(knows(*state, "b") && knows(*state, "c"));
  tell(*state, "session:7", "ended_all", "");
  assert_false(knows(*state, "b"));
  assert_true(knows(*state, "c"));
  tell(*state, "account:8", "ended_all", "");
  assert_true(knows(*state, "c"));
}

static void test_what_was_looked_up_before_a_session_ended_is_not_kept(void **state) {
  uint64_t epoch = identity_cache_epoch(*state);
  tell(*state, "session:7", "ended", "s1");
  add(*state, "a", 7, "s1", epoch);
  assert_false(knows(*state, "a"));
}

static void test_nothing_is_known_after_others_have_changed_the_tables(void **state) {
  uint64_t epoch = identity_cache_epoch(*state);
  know(*state, "a", 7, "s1");
  identity_cache_clear(*state);
  assert_false(knows(*state, "a"));
  add(*state, "a", 7, "s1", epoch);
  assert_false(knows(*state, "a"));
}

static void test_the_oldest_make_room(void **state) {
  enum { MANY = 262144 + 10 };
  char token[16];
  for (int i = 0; i < MANY; i++) {
    snprintf(token, sizeof token, "t%d", i);
    know(*state, token, i % 1000 + 1, "s");
  }
  assert_false(knows(*state, "t0") || knows(*state, "t9"));
  assert_true(knows(*state, "t10"));
  snprintf(token, sizeof token, "t%d", MANY - 1);
  assert_true(knows(*state, token));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_a_token_is_known_until_it_expires),
      CASE(test_an_ended_session_is_forgotten_with_all_its_tokens),
      CASE(test_all_others_and_all),
      CASE(test_what_was_looked_up_before_a_session_ended_is_not_kept),
      CASE(test_nothing_is_known_after_others_have_changed_the_tables),
      CASE(test_the_oldest_make_room),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
