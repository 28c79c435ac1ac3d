// The venue of a world: drawn once, then copied.
#include "sim/venue.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/db.h"
#include "models/hall.h"
#include "support/ram_disk.h"

const char venue_path[] = "foyer.db";
const char *const venue_concert_ids[] = {"c00000000000000000000001", "c00000000000000000000002"};
const char *const venue_category_ids[2][2] = {{"a00000000000000000000001", "a00000000000000000000002"},
                                              {"a00000000000000000000003", "a00000000000000000000004"}};

static void *template;
static size_t template_size;

static void must(bool done) {
  if (done) return;
  fprintf(stderr, "sim: the venue cannot be made\n");
  exit(2);
}

static void add_hall(Db *db) {
  Arena arena = {0};
  int64_t hall_id;
  size_t count = (size_t)VENUE_ROWS * VENUE_PLACES;
  Plan plan = {.name = STR("Hall"),
               .types = ARENA_ARRAY(&arena, PlanType, 2),
               .type_count = 2,
               .seats = ARENA_ARRAY(&arena, PlanSeat, count),
               .seat_count = count};
  plan.types[0].name = STR("Standard");
  plan.types[1].name = STR("VIP");
  for (size_t i = 0; i < count; i++) {
    int row = (int)i / VENUE_PLACES;
    int place = (int)i % VENUE_PLACES;
    plan.seats[i] = (PlanSeat){.row = row + 1,
                               .place = place + 1,
                               .x = place * 40,
                               .y = row * 40,
                               .width = 30,
                               .height = 30,
                               .type = i >= count - 2,
                               .zone = PLAN_NO_ZONE};
  }
  PlanFault fault = {{0}, {0}};
  must(plan_finish(&arena, &plan, NULL, &fault));
  int64_t cinema = cinema_find_or_add(db, STR("Grand"), STR("#FF4500"), WORLD_BEGIN_MS);
  must(hall_add(db, &arena, cinema, &plan, WORLD_BEGIN_MS, &hall_id) == ERR_NONE && hall_id == 1);
  arena_free(&arena);
}

static void add_people(Db *db) {
  static const char ADD[] =
      "INSERT INTO users(id, username, role, created_at, updated_at, public_id, email, email_confirmed_at, name)"
      " VALUES($1, 'person' || $1, $2, $3, $3, printf('%024x', $1), 'person' || $1 || '@example.com', $3, 'Person')";
  for (int64_t id = 1; id <= VENUE_STAFF; id++) {
    must(db_run(db, ADD, sql_int(id), sql_text(id == VENUE_STAFF ? STR("staff") : STR("visitor")),
                sql_int(WORLD_BEGIN_MS)));
  }
}

static void add_concerts(Db *db) {
  static const char CONCERT[] =
      "INSERT INTO concerts(id, public_id, name, date, hall_id, created_at, opens_at, seed, seed_hash)"
      " VALUES($1, $2, 'Concert', $3 + 259200000, $4, $3, $3, printf('%064x', $1), '')";
  static const char CATEGORY[] =
      "INSERT INTO categories(id, public_id, concert_id, name, price, seat_type_id, total_seats, available_seats)"
      " VALUES($1, $2, $3, $2, 1000, $4, $5, $5)";
  static const char TYPE[] = "SELECT DISTINCT seat_type_id FROM seats ORDER BY seat_type_id LIMIT 1 OFFSET $1";
  static const char SEATS[] = "SELECT count(*) FROM seats WHERE seat_type_id = $1";
  SqlValue none = {.kind = SQL_NULL};
  for (int64_t i = 0; i < VENUE_CONCERTS; i++) {
    must(db_run(db, CONCERT, sql_int(i + 1), sql_text(str_from(venue_concert_ids[i])), sql_int(WORLD_BEGIN_MS),
                i == 0 ? none : sql_int(1)));
    for (int64_t j = 0; j < 2; j++) {
      int64_t type = db_int(db, TYPE, 0, sql_int(j));
      int64_t seats = i == 0 ? 10 : db_int(db, SEATS, 0, sql_int(type));
      must(db_run(db, CATEGORY, sql_int(i * 2 + j + 1), sql_text(str_from(venue_category_ids[i][j])), sql_int(i + 1),
                  i == 0 ? none : sql_int(type), sql_int(seats)));
    }
  }
}

void venue_make(void) {
  ram_disk_begin(WORLD_BEGIN_MS);
  Db *db = db_open(venue_path, DB_WRITE);
  must(db != NULL && db_migrate(db, WORLD_BEGIN_MS) && db_begin(db, DB_WRITE));
  add_hall(db);
  add_people(db);
  add_concerts(db);
  must(db_commit(db));
  db_close(db);
  template = ram_disk_take(venue_path, &template_size);
  ram_disk_wipe();
}

void venue_put(void) {
  ram_disk_wipe();
  ram_disk_begin(WORLD_BEGIN_MS);
  ram_disk_put(venue_path, template, template_size);
}

void venue_draw(World *world, Db *db) {
  static const char STOCK[] = "UPDATE categories SET total_seats = $1, available_seats = $1 WHERE id = $2";
  static const char OPENING[] = "UPDATE concerts SET opens_at = $1, created_at = $1 - 86400000";
  must(db_begin(db, DB_WRITE));
  for (int64_t i = 1; i <= 2; i++) db_run(db, STOCK, sql_int(world_between(world, 2, 12)), sql_int(i));
  int64_t opens_ms = world_chance(world, 600) ? world_between(world, 0, 5 * MINUTE_MS) : -HOUR_MS;
  must(db_run(db, OPENING, sql_int(WORLD_BEGIN_MS + opens_ms)));
  must(db_commit(db));
}
