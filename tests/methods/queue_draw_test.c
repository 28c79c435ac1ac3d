// The draw that everyone can check: secret before the opening, whole after it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "methods/queue.h"
#include "support/onsale.h"

static void test_the_draw_is_secret_before_the_opening_and_anyone_can_check_it_after(void **state) {
  Rig *rig = *state;
  for (int64_t user_id = 1; user_id <= 3; user_id++) onsale_join(rig, user_id);
  assert_reply(rig, rig_call(rig, &queue_method_draw, NULL, "{}"),
               "{\"seedHash\":\"630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd\",\"seed\":null,"
               "\"entries\":[],\"next\":null}");
  onsale_open(rig);
  onsale_join(rig, 9);  // came after the draw
  // By another program: hmac.new(bytes(range(32)), b"%024x" % id, "sha256"), its first 62 bits, in their order.
  assert_reply(
      rig, rig_call(rig, &queue_method_draw, NULL, "{}"),
      "{\"seedHash\":\"630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd\","
      "\"seed\":\"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\",\"entries\":["
      "{\"id\":\"000000000000000000000002\",\"lot\":\"071196fcb517afc9\"},{\"id\":\"000000000000000000000001\",\"lot\":"
      "\"18e36b30c438f3b5\"},{\"id\":\"000000000000000000000003\",\"lot\":\"29e5646e44b9d3bc\"}"
      "],\"next\":null}");
}

static void test_the_pages_of_a_long_draw_are_the_whole_draw(void **state) {
  Rig *rig = *state;
  rig_run(rig,
          "WITH RECURSIVE n(i) AS (SELECT 1001 UNION ALL SELECT i + 1 FROM n WHERE i < 3200) INSERT INTO users(id,"
          " username, public_id, created_at, updated_at) SELECT i, 'many' || i, printf('%024x', i), 0, 0 FROM n");
  rig_run(rig,
          "INSERT INTO queue_places(concert_id, user_id, rank, entered_at, status) SELECT 1, id, (id * 2654435761) %"
          " 4294967296, 0, 'left' FROM users WHERE id > 1000");
  onsale_open(rig);
  size_t entries = 0;
  int64_t after = 0;
  int pages = 0;
  do {
    Text input = {.arena = &rig->arena};
    text_format(&input, "{\"after\":%lld}", (long long)after);
    Answer page = rig_call(rig, &queue_method_draw, NULL, rig_zero(rig, text_str(&input)));
    const Json *root = json_parse(&rig->arena, page.reply, NULL);
    entries += json_count(json_get(root, "entries"));
    after = 0;
    json_int(json_get(root, "next"), &after);
    ++pages;
  } while (after > 0);
  assert_int_equal(entries, 2200);
  assert_int_equal(pages, 3);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, onsale_setup, onsale_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_the_draw_is_secret_before_the_opening_and_anyone_can_check_it_after),
      CASE(test_the_pages_of_a_long_draw_are_the_whole_draw),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
