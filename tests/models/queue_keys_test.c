// The queue's keys in a real Redis: changes of places that come in another order than they were committed in, that
// another process has committed and not told, and that nobody remembers.
#include "models/queue_keys.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

#include "models/queue.h"
#include "models/waiting_room.h"
#include "support/redis_server.h"
#include "support/venue.h"

enum { SEEN = 100, CONCERT = 1, LIMIT_S = 60 };

// Public ids: of the concert, and of people with the number that follows.
#define SHOW "aa0000000000000000000001"
#define USER "00000000000000000000000"

static RedisServer server;
static Redis *redis;
static Rig *rig;  // for its tables
static _Atomic int woken;

static void wake(void) {
  atomic_fetch_add(&woken, 1);
}

static void on_heard(void *arg, Str message) {
  (void)arg, (void)message;
}

static void on_beat(void *arg, bool came) {
  (void)arg;
  queue_keys_beat(came);
}

// What a command answers, its elements with a space between; "-" for nothing.
static const char *ask(const char *command) {
  static char text[512];
  size_t length = 0;
  redisReply *reply = redis_server_ask(&server, command);
  snprintf(text, sizeof text, "-");
  if (reply->type == REDIS_REPLY_INTEGER) snprintf(text, sizeof text, "%lld", reply->integer);
  if (reply->type == REDIS_REPLY_STRING) snprintf(text, sizeof text, "%s", reply->str);
  for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++)
    length += (size_t)snprintf(text + length, sizeof text - length, i > 0 ? " %s" : "%s", reply->element[i]->str);
  freeReplyObject(reply);
  return text;
}

// As the ticker does it.
static void write_due(void) {
  bool more = true;
  while (more || queue_keys_next(0) == 0) {
    Call call = {.db = rig->db};
    assert_true(db_begin(rig->db, DB_READ));
    queue_keys_write(&call, &more);
    assert_false(db_failed(rig->db));
    assert_true(db_rollback(rig->db));
    arena_free(&call.arena);
  }
}

static void wait_for_answer(const char *command, const char *answer, bool writes) {
  uint64_t until_ns = uv_hrtime() + LIMIT_S * UINT64_C(1000000000);
  while (strcmp(ask(command), answer) != 0) {
    if (uv_hrtime() > until_ns) fail_msg("%s: %s, not %s", command, ask(command), answer);
    if (writes) write_due();
    usleep(5000);
  }
}

static void wait_until_written(const char *number) {
  wait_for_answer("GET foyer:queue:commit", number, true);
}

static void add_people_and_concert(void) {
  venue_add(rig);
  rig_run(rig,
          "INSERT INTO users(id, public_id, username, created_at, updated_at) VALUES(4, '" USER "4', 'dora', 1, 1)");
  rig_run(rig,
          "INSERT INTO concerts(id, public_id, name, date, created_at, opens_at, seed, seed_hash) VALUES (1, '" SHOW
          "', 'Standing', 1800000000000, 1, 1, '', '')");
}

static void begin_at(const char *marker) {
  const char *fault;
  char url[64];
  Env env = env_system();
  rig = rig_open(NULL);
  add_people_and_concert();
  server = redis_server_start(0, "");
  if (marker != NULL) freeReplyObject(redis_server_ask(&server, "SET foyer:queue:commit %s", marker));
  snprintf(url, sizeof url, "redis://127.0.0.1:%d", server.port);
  redis = redis_new(str_from(url), &fault);
  assert_non_null(redis);
  queue_keys_begin(&(QueueKeysSettings){.redis = redis, .seen = SEEN, .shared = true, .wake = wake}, &env);
  assert_true(redis_start(redis, &(RedisSettings){.channel = "bus", .heard = on_heard, .beat = on_beat}));
  while (!redis_answers(redis)) usleep(1000);
}

static int end(void **state) {
  (void)state;
  redis_stop(redis);
  redis_free(redis);
  queue_keys_free();
  redis_server_stop(&server);
  rig_close(rig);
  return 0;
}

static void commit(int64_t number, bool own, int64_t user_id, int64_t place) {
  RoomPlace change = {CONCERT, user_id, place};
  Event event = {.topic = STR("queue"), .kind = STR("places"), .payload = {(const char *)&change, sizeof change}};
  queue_keys_committed(&event);
  queue_keys_numbered(number, own);
}

static void test_a_change_waits_for_the_one_before_it_and_brings_it_along(void **state) {
  (void)state;
  begin_at("100");
  commit(101, false, 1, QUEUE_RANK_ARRIVAL + 7);  // another's, on its way
  commit(102, true, 2, QUEUE_RANK_ARRIVAL + 8);
  wait_until_written("102");
  assert_string_equal(ask("ZRANGE queue:concert:" SHOW " 0 -1 WITHSCORES"), USER "1 7 " USER "2 8");
}

static void test_lots_stand_in_their_order_before_arrivals(void **state) {
  (void)state;
  begin_at("100");
  commit(101, true, 1, QUEUE_RANK_ARRIVAL);
  commit(102, true, 2, QUEUE_RANK_ARRIVAL - 1);
  commit(103, true, 3, 0);
  commit(104, true, 4, QUEUE_RANK_ARRIVAL / 2);
  wait_until_written("104");
  assert_string_equal(ask("ZRANGE queue:concert:" SHOW " 0 -1"), USER "3 " USER "4 " USER "2 " USER "1");
}

static void test_who_is_admitted_has_a_slot_and_who_goes_has_nothing(void **state) {
  (void)state;
  char until[32];
  Env env = env_system();
  int64_t until_ms = env.now_ms(env.state) + 60000;
  snprintf(until, sizeof until, "%lld", (long long)until_ms);
  begin_at("100");
  commit(101, true, 1, QUEUE_RANK_ARRIVAL + 1);
  commit(102, true, 1, -until_ms);
  wait_until_written("102");
  assert_string_equal(ask("ZCARD queue:concert:" SHOW), "0");
  assert_string_equal(ask("SMEMBERS active:concert:" SHOW), USER "1");
  assert_string_equal(ask("GET slot:" SHOW ":" USER "1"), until);
  assert_string_equal(ask("PEXPIRETIME slot:" SHOW ":" USER "1"), until);
  commit(103, true, 1, ROOM_NONE);
  wait_until_written("103");
  assert_string_equal(ask("EXISTS active:concert:" SHOW " slot:" SHOW ":" USER "1"), "0");
}

static void test_more_changes_than_are_sent_at_a_time_all_come(void **state) {
  (void)state;
  enum { CHANGES = 600 };
  begin_at("100");
  for (int i = 1; i <= CHANGES; i++)
    commit(100 + i, i > CHANGES / 2, i % 4 + 1, i % 7 == 0 ? ROOM_NONE : QUEUE_RANK_ARRIVAL + i);
  wait_until_written("700");
  assert_string_equal(ask("ZCARD queue:concert:" SHOW), "4");
  assert_string_equal(ask("ZREVRANGE queue:concert:" SHOW " 0 0"), USER "1");
}

static void test_what_a_dead_process_has_committed_is_told_by_another(void **state) {
  (void)state;
  begin_at("100");
  commit(101, false, 1, QUEUE_RANK_ARRIVAL + 1);
  queue_keys_numbered(102, false);  // of something else
  wait_until_written("102");
  assert_string_equal(ask("ZCARD queue:concert:" SHOW), "1");
}

static void test_what_nobody_remembers_is_read_from_the_tables(void **state) {
  (void)state;
  Env env = env_system();
  int64_t until_ms = env.now_ms(env.state) + 60000;
  char place[256];
  begin_at("100");
  freeReplyObject(redis_server_ask(&server, "ZADD queue:concert:1 1 7"));  // as such keys were once called
  commit(101, true, 1, QUEUE_RANK_ARRIVAL + 1);
  wait_until_written("101");
  rig_run(rig,
          "INSERT INTO queue_places(concert_id, user_id, rank, entered_at, status) VALUES(1, 4, 4611686018427387906, "
          "1, 'waiting')");
  snprintf(place, sizeof place,
           "INSERT INTO queue_places(concert_id, user_id, rank, entered_at, status, slot_until) VALUES(1, 3, "
           "4611686018427387905, 1, 'active', %lld)",
           (long long)until_ms);
  rig_run(rig, str_zero(&rig->arena, str_from(place)));
  commit(205, true, 2, QUEUE_RANK_ARRIVAL + 2);  // a hundred commits are unknown
  wait_for_answer("EXISTS foyer:queue:lock", "1", false);
  assert_string_equal(ask("GET foyer:queue:commit"), "101");
  wait_until_written("205");
  assert_string_equal(ask("ZRANGE queue:concert:" SHOW " 0 -1 WITHSCORES"), USER "4 2");
  assert_string_equal(ask("SMEMBERS active:concert:" SHOW), USER "3");
  assert_string_equal(ask("EXISTS slot:" SHOW ":" USER "3 queue:concert:1"), "1");
}

static void test_an_empty_redis_is_filled_from_the_tables_by_one_process(void **state) {
  (void)state;
  begin_at(NULL);
  while (woken == 0) usleep(1000);
  wait_for_answer("EXISTS foyer:queue:lock", "1", false);
  queue_keys_beat(true);  // the line was lost, and the lock is not: it is waited for
  wait_for_answer("GET foyer:queue:commit", "-", false);
  assert_int_equal(queue_keys_next(0), INT64_MAX);
}

static int begin(void **state) {
  (void)state;
  atomic_store(&woken, 0);
  return 0;
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
  const struct CMUnitTest tests[] = {
      TEST(test_a_change_waits_for_the_one_before_it_and_brings_it_along),
      TEST(test_lots_stand_in_their_order_before_arrivals),
      TEST(test_who_is_admitted_has_a_slot_and_who_goes_has_nothing),
      TEST(test_more_changes_than_are_sent_at_a_time_all_come),
      TEST(test_what_a_dead_process_has_committed_is_told_by_another),
      TEST(test_what_nobody_remembers_is_read_from_the_tables),
      TEST(test_an_empty_redis_is_filled_from_the_tables_by_one_process),
  };
  return cmocka_run_group_tests_name("queue_keys", tests, NULL, NULL);
}
