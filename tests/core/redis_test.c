// Redis as it is spoken to: a real server that answers, refuses, is stopped, killed, emptied and demoted, while whoever
// leaves commands never waits.
#include "core/redis.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

#include "core/fast.h"
#include "core/log.h"
#include "core/redis_url.h"
#include "support/redis_server.h"

enum { ANSWERS_MAX = 64, LIMIT_S = 60 };

// What has been told, in its order; each counter is written by Redis's thread alone.
static struct {
  _Atomic int answers;
  _Atomic int heard;
  _Atomic int came;
  _Atomic int beats;
  _Atomic int64_t last_heard;
  uint64_t notes[ANSWERS_MAX];
  RedisAnswerKind kinds[ANSWERS_MAX];
  int64_t integers[ANSWERS_MAX];
} told;

static void on_answer(void *arg, uint64_t note, const RedisAnswer *answer) {
  assert_ptr_equal(arg, &told);
  int at = atomic_load(&told.answers);
  told.notes[at % ANSWERS_MAX] = note;
  told.kinds[at % ANSWERS_MAX] = answer->kind;
  told.integers[at % ANSWERS_MAX] = answer->integer;
  atomic_store(&told.answers, at + 1);
}

static void on_heard(void *arg, Str message) {
  int64_t number = -1;
  assert_ptr_equal(arg, &told);
  str_to_int(message, &number);
  atomic_store(&told.last_heard, number);
  atomic_fetch_add(&told.heard, 1);
}

static void on_beat(void *arg, bool came) {
  assert_ptr_equal(arg, &told);
  if (came) atomic_fetch_add(&told.came, 1);
  atomic_fetch_add(&told.beats, 1);
}

static Redis *open_at(const char *url) {
  const char *fault;
  memset(&told, 0, sizeof told);
  log_set_level(getenv("FOYER_TEST_LOG") != NULL ? LOG_DEBUG : LOG_OFF);
  Redis *redis = redis_new(str_from(url), &fault);
  assert_non_null(redis);
  assert_true(
      redis_start(redis, &(RedisSettings){.channel = "test:bus", .heard = on_heard, .beat = on_beat, .arg = &told}));
  return redis;
}

static Redis *open_on(const RedisServer *server) {
  char url[64];
  snprintf(url, sizeof url, "redis://127.0.0.1:%d/2", server->port);
  return open_at(url);
}

static void close_it(Redis *redis) {
  redis_stop(redis);
  redis_free(redis);
}

// Waits until an expression holds.
#define WAIT_UNTIL(holds)                                                  \
  do {                                                                     \
    uint64_t until_ns = uv_hrtime() + LIMIT_S * UINT64_C(1000000000);      \
    while (!(holds)) {                                                     \
      if (uv_hrtime() > until_ns) fail_msg("it did not come: %s", #holds); \
      usleep(2000);                                                        \
    }                                                                      \
  } while (0)

static bool is_here(const Redis *redis) {
  return redis_figures(redis).here;
}

static int64_t ask_int(const RedisServer *server, const char *command) {
  redisReply *reply = redis_server_ask(server, command);
  int64_t value = reply->type == REDIS_REPLY_INTEGER  ? reply->integer
                  : reply->type == REDIS_REPLY_STRING ? atoll(reply->str)
                                                      : -1;
  freeReplyObject(reply);
  return value;
}

static void test_answers_come_in_the_order_of_the_commands(void **state) {
  (void)state;
  RedisServer server = redis_server_start(0, "");
  Redis *redis = open_on(&server);
  WAIT_UNTIL(is_here(redis));
  assert_true(redis_send(redis, on_answer, &told, 1, "SET %s %s", "a key", "a value"));
  assert_true(redis_send(redis, on_answer, &told, 2, "GET %s", "a key"));
  assert_true(redis_send(redis, NULL, NULL, 0, "INCRBY n %lld", 41LL));
  assert_true(redis_send(redis, on_answer, &told, 3, "INCRBY n 1"));
  assert_true(redis_send(redis, on_answer, &told, 4, "GET nothing"));
  Str words[] = {STR("LPUSH"), STR("a key"), STR("1")};
  assert_true(redis_send_words(redis, on_answer, &told, 5, words, 3));
  WAIT_UNTIL(told.answers == 5);
  for (int i = 0; i < 5; i++) assert_int_equal(told.notes[i], i + 1);
  RedisAnswerKind kinds[] = {REDIS_TEXT, REDIS_TEXT, REDIS_INTEGER, REDIS_NOTHING, REDIS_FAULT};
  for (int i = 0; i < 5; i++) assert_int_equal(told.kinds[i], kinds[i]);
  assert_int_equal(told.integers[2], 42);
  assert_int_equal(redis_figures(redis).faults, 1);
  assert_int_equal(ask_int(&server, "EXISTS n"), 0);  // it is in database 2
  close_it(redis);
  redis_server_stop(&server);
}

static void test_what_is_published_is_heard(void **state) {
  (void)state;
  RedisServer server = redis_server_start(0, "");
  Redis *redis = open_on(&server);
  WAIT_UNTIL(is_here(redis) && ask_int(&server, "PUBLISH test:bus 0") > 0);
  int before = told.heard;
  for (int i = 1; i <= 100; i++) assert_true(redis_send(redis, NULL, NULL, 0, "PUBLISH test:bus %d", i));
  WAIT_UNTIL(told.last_heard == 100);
  assert_true(told.heard >= before + 100);
  close_it(redis);
  redis_server_stop(&server);
}

static void test_a_server_that_hangs_keeps_nobody_waiting_and_is_found_again(void **state) {
  (void)state;
  RedisServer server = redis_server_start(0, "");
  Redis *redis = open_on(&server);
  WAIT_UNTIL(is_here(redis));
  redis_server_signal(&server, SIGSTOP);
  redis_send(redis, NULL, NULL, 0, "PING");
  WAIT_UNTIL(!redis_answers(redis));
  uint64_t begin_ns = uv_hrtime();
  for (int i = 0; i < 100000; i++) redis_send(redis, NULL, NULL, 0, "SET key value");
  assert_true(uv_hrtime() - begin_ns < 20 * UINT64_C(1000000000));
  assert_true(redis_figures(redis).waiting <= 32768);
  assert_true(redis_figures(redis).dropped > 0);
  WAIT_UNTIL(!is_here(redis));
  WAIT_UNTIL(redis_figures(redis).waiting == 0);
  assert_false(redis_send(redis, NULL, NULL, 0, "PING"));
  redis_server_signal(&server, SIGCONT);
  WAIT_UNTIL(is_here(redis) && told.came == 2);
  assert_true(redis_send(redis, on_answer, &told, 7, "PING"));
  WAIT_UNTIL(told.answers == 1);
  close_it(redis);
  redis_server_stop(&server);
}

static void test_one_that_is_killed_and_comes_back_empty_is_told_as_new(void **state) {
  (void)state;
  RedisServer server = redis_server_start(0, "");
  Redis *redis = open_on(&server);
  WAIT_UNTIL(is_here(redis));
  for (int i = 2; i < 4; i++) {
    redis_server_stop(&server);
    WAIT_UNTIL(!is_here(redis));
    server = redis_server_start(server.port, "");
    WAIT_UNTIL(is_here(redis) && told.came == i);
  }
  WAIT_UNTIL(told.beats > told.came);
  close_it(redis);
  redis_server_stop(&server);
}

static void test_a_password_opens_and_a_wrong_one_does_not(void **state) {
  (void)state;
  char url[64];
  RedisServer server = redis_server_start(0, "se:cret");
  snprintf(url, sizeof url, "redis://:wrong@127.0.0.1:%d", server.port);
  Redis *redis = open_at(url);
  close_it(redis);
  assert_int_equal(told.came, 0);
  snprintf(url, sizeof url, "redis://:se%%3Acret@127.0.0.1:%d", server.port);
  redis = open_at(url);
  WAIT_UNTIL(is_here(redis));
  close_it(redis);
  redis_server_stop(&server);
}

static void test_after_a_failover_the_new_primary_is_spoken_to(void **state) {
  (void)state;
  char url[96];
  RedisServer servers[] = {redis_server_start(0, ""), redis_server_start(0, "")};
  snprintf(url, sizeof url, "redis://127.0.0.1:%d,127.0.0.1:%d", servers[1].port, servers[0].port);
  freeReplyObject(redis_server_ask(&servers[1], "REPLICAOF 127.0.0.1 %d", servers[0].port));
  Redis *redis = open_at(url);
  WAIT_UNTIL(is_here(redis));
  assert_true(redis_send(redis, on_answer, &told, 0, "SET written 1"));
  WAIT_UNTIL(ask_int(&servers[0], "GET written") == 1 && ask_int(&servers[1], "GET written") == 1);
  // The primary is demoted while it goes on answering.
  freeReplyObject(redis_server_ask(&servers[1], "REPLICAOF NO ONE"));
  freeReplyObject(redis_server_ask(&servers[0], "REPLICAOF 127.0.0.1 %d", servers[1].port));
  WAIT_UNTIL(redis_send(redis, NULL, NULL, 0, "SET written 2") && ask_int(&servers[1], "GET written") == 2);
  assert_int_equal(told.came, 2);
  close_it(redis);
  for (int i = 0; i < 2; i++) redis_server_stop(&servers[i]);
}

// Counts until what the answers say is known.
static int64_t count_and_settle(Fast *fast, Redis *redis, int64_t now_ms) {
  fast_rate_shared(fast, "tries ", STR("10.0.0.1"), 1, 60000, now_ms);
  WAIT_UNTIL(redis_figures(redis).waiting == 0);
  return fast_rate_shared(fast, "tries ", STR("10.0.0.1"), 0, 60000, now_ms).count;
}

static void test_a_rate_is_counted_once_for_all_and_by_each_alone_while_there_is_no_redis(void **state) {
  (void)state;
  RedisServer server = redis_server_start(0, "");
  Redis *redis[] = {open_on(&server), NULL};
  redis[1] = open_on(&server);
  Fast *fast[] = {fast_new(), fast_new(), fast_new()};
  for (int i = 0; i < 3; i++) fast_share_rates(fast[i], i < 2 ? redis[i] : NULL, STR("a secret"));
  WAIT_UNTIL(is_here(redis[0]) && is_here(redis[1]));
  for (int i = 1; i <= 10; i++) {
    assert_int_equal(count_and_settle(fast[i % 2], redis[i % 2], 1000 + i), i);
    assert_true(
        ask_int(&server, "EVAL redis.call('SELECT',2)return(redis.call('PTTL',redis.call('KEYS','rate:*')[1])) 0") > 0);
    assert_int_equal(
        ask_int(&server, "EVAL redis.call('SELECT',2)return(redis.call('PERSIST',redis.call('KEYS','rate:*')[1])) 0"),
        1);
  }
  assert_int_equal(fast_rate_shared(fast[2], "tries ", STR("10.0.0.1"), 1, 60000, 1000).count, 1);
  // Of many at once each is counted, with few commands.
  uint64_t before = redis_figures(redis[0]).sent;
  for (int i = 0; i < 1000; i++) fast_rate_shared(fast[0], "tries ", STR("10.0.0.1"), 1, 60000, 1020);
  WAIT_UNTIL(redis_figures(redis[0]).waiting == 0);
  assert_int_equal(count_and_settle(fast[0], redis[0], 1030), 1011);
  assert_true(redis_figures(redis[0]).sent - before < 1000);
  // What is counted while it is away is told when it is back.
  redis_server_stop(&server);
  WAIT_UNTIL(!is_here(redis[0]));
  for (int i = 0; i < 5; i++) fast_rate_shared(fast[0], "tries ", STR("10.0.0.1"), 1, 60000, 1040);
  assert_int_equal(fast_rate_shared(fast[0], "tries ", STR("10.0.0.1"), 0, 60000, 1040).count, 1016);
  server = redis_server_start(server.port, "");
  WAIT_UNTIL(is_here(redis[0]));
  assert_int_equal(count_and_settle(fast[0], redis[0], 5000), 6);  // the new one has forgotten the rest
  for (int i = 0; i < 2; i++) close_it(redis[i]);
  for (int i = 0; i < 3; i++) fast_free(fast[i]);
  redis_server_stop(&server);
}

static void test_nobody_is_there_and_everything_is_dropped(void **state) {
  (void)state;
  Redis *redis = open_at("redis://127.0.0.1:1");
  assert_false(redis_send(redis, on_answer, &told, 0, "PING"));
  assert_false(redis_answers(redis));
  assert_false(redis_has_room(redis));
  close_it(redis);
  assert_int_equal(told.answers, 0);
  assert_false(redis_send(NULL, NULL, NULL, 0, "PING"));
  assert_false(redis_answers(NULL));
  assert_int_equal(redis_figures(NULL).dropped, 0);
}

static void test_urls(void **state) {
  (void)state;
  Arena arena = {0};
  RedisUrl url;
  const char *fault;
  assert_true(redis_url_read(&arena, STR("redis://cache"), &url, &fault));
  assert_string_equal(url.places[0].host, "cache");
  assert_string_equal(url.places[0].port, "6379");
  assert_false(url.tls);
  assert_null(url.password);
  assert_true(redis_url_read(&arena, STR("rediss://us%40er:p%3a%2F@a:1,[::1]:2,[fe80::1],b/3"), &url, &fault));
  assert_true(url.tls);
  assert_string_equal(url.user, "us@er");
  assert_string_equal(url.password, "p:/");
  assert_int_equal(url.place_count, 4);
  assert_string_equal(url.places[1].host, "::1");
  assert_string_equal(url.places[1].port, "2");
  assert_string_equal(url.places[2].host, "fe80::1");
  assert_string_equal(url.places[3].port, "6379");
  assert_int_equal(url.db, 3);
  assert_true(redis_url_read(&arena, STR("redis://:p@ss@a"), &url, &fault));
  assert_string_equal(url.user, "default");
  assert_string_equal(url.password, "p@ss");
  const char *wrong[] = {"http://a",
                         "redis://",
                         "redis:///1",
                         "redis://a:0",
                         "redis://a:66000",
                         "redis://a:x",
                         "redis://a,,b",
                         "redis://:p%4@a",
                         "redis://:p%zz@a",
                         "redis://:%00@a",
                         "redis://a/b",
                         "redis://a/-1",
                         "redis://[::1"
                         "x]y:1"};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    assert_false(redis_url_read(&arena, str_from(wrong[i]), &url, &fault));
    assert_non_null(fault);
  }
  arena_free(&arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_urls),
      cmocka_unit_test(test_answers_come_in_the_order_of_the_commands),
      cmocka_unit_test(test_what_is_published_is_heard),
      cmocka_unit_test(test_a_server_that_hangs_keeps_nobody_waiting_and_is_found_again),
      cmocka_unit_test(test_one_that_is_killed_and_comes_back_empty_is_told_as_new),
      cmocka_unit_test(test_a_password_opens_and_a_wrong_one_does_not),
      cmocka_unit_test(test_after_a_failover_the_new_primary_is_spoken_to),
      cmocka_unit_test(test_a_rate_is_counted_once_for_all_and_by_each_alone_while_there_is_no_redis),
      cmocka_unit_test(test_nobody_is_there_and_everything_is_dropped),
  };
  return cmocka_run_group_tests_name("redis", tests, NULL, NULL);
}
