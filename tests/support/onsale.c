// A concert on sale in a rig.
#include "support/onsale.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "methods/queue.h"

static void add_people(Rig *rig) {
  rig_run(rig,
          "WITH RECURSIVE n(i) AS (SELECT 4 UNION ALL SELECT i + 1 FROM n WHERE i < 40) INSERT INTO users(id, username,"
          " created_at, updated_at) SELECT i, 'person' || i, 0, 0 FROM n");
  rig_run(rig, "UPDATE users SET public_id = printf('%024x', id)");
}

static void add_concert(Rig *rig) {
  rig_run(rig,
          "INSERT INTO concerts(id, public_id, name, date, created_at, opens_at, seed, seed_hash) VALUES(1,"
          " '" ONSALE_PUBLIC_ID
          "', 'Concert', 1800000000000, 0, 1795244400000 + 3600000,"
          " '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',"
          " '630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd')");
  rig_run(
      rig,
      "INSERT INTO categories(id, public_id, concert_id, name, price, total_seats, available_seats) VALUES"
      "(1, '0000000000000000000000c1', 1, 'gold', 120000, 5, 5), (2, '0000000000000000000000c2', 1, 'silver', 80050,"
      " 20, 20)");
}

int onsale_setup(void **state) {
  Rig *rig = rig_open(&(RigSettings){.committed = waiting_room_committed});
  venue_add(rig);
  add_people(rig);
  add_concert(rig);
  assert_true(waiting_room_load(rig->db, &rig->config, rig->now_ms));
  *state = rig;
  return 0;
}

int onsale_teardown(void **state) {
  onsale_expect_memory_as_tables(*state);
  waiting_room_free();
  rig_close(*state);
  return 0;
}

void onsale_tick(Rig *rig) {
  Answer answer;
  do {
    answer = rig_call(rig, &queue_method_tick, NULL, "{}");
    assert_refused(answer, ERR_NONE);
  } while (answer.reply.length > 0);
}

void onsale_open(Rig *rig) {
  rig_pass(rig, ONSALE_OPENS_IN_MS);
  onsale_tick(rig);
}

Identity onsale_person(Rig *rig, int64_t user_id) {
  Text name = {.arena = &rig->arena};
  text_format(&name, "person%lld", (long long)user_id);
  return (Identity){.user_id = user_id, .username = text_str(&name), .staff = user_id == venue_staff.user_id};
}

Answer onsale_join(Rig *rig, int64_t user_id) {
  Identity who = onsale_person(rig, user_id);
  return rig_call(rig, &queue_method_join, &who, "{}");
}

const char *onsale_status(Rig *rig, int64_t user_id) {
  Identity who = onsale_person(rig, user_id);
  Answer answer = rig_call(rig, &queue_method_status, &who, "{}");
  assert_refused(answer, ERR_NONE);
  return rig_zero(rig, answer.reply);
}

Place onsale_look(Rig *rig, int64_t user_id) {
  return waiting_room_look(ONSALE_CONCERT, user_id, rig->now_ms);
}

static void write_all(Rig *rig, Text *out) {
  Sale sale;
  assert_true(waiting_room_sale(ONSALE_CONCERT, rig->now_ms, &rig->arena, &sale));
  sale.rate = -1;  // read from the tables it is nearly the same
  sale_write(out, &sale, 1);
  for (size_t i = 0; i < sale.category_count; i++) {
    text_format(out, "%lld of %lld\n", (long long)sale.categories[i].available_seats,
                (long long)sale.categories[i].total_seats);
  }
  for (int64_t user_id = 1; user_id <= ONSALE_PEOPLE; user_id++) {
    Place place = onsale_look(rig, user_id);
    text_format(out, "%lld: %d %u of %u until %lld admitted %llu\n", (long long)user_id, (int)place.state,
                place.position, place.length, (long long)place.slot_until, (unsigned long long)place.admitted);
  }
}

void onsale_expect_memory_as_tables(Rig *rig) {
  Text followed = {.arena = &rig->arena};
  Text read = {.arena = &rig->arena};
  write_all(rig, &followed);
  assert_true(waiting_room_load(rig->db, &rig->config, rig->now_ms));
  write_all(rig, &read);
  assert_string_equal(rig_zero(rig, text_str(&followed)), rig_zero(rig, text_str(&read)));
  assert_int_equal(rig_int(rig,
                           "SELECT active - (SELECT count(*) FROM queue_places WHERE status = 'active')"
                           " FROM concerts WHERE id = 1"),
                   0);
}
