// The demo venue: three cinemas with the small halls of the seats contract, an opera house and an arena.
#include "commands/commands.h"
#include "core/log.h"
#include "models/demo_halls.h"
#include "models/hall.h"

typedef struct DemoRow {
  const char *cinema;
  const char *color;
  const char *hall;
  DemoHall drawing;
} DemoRow;

static const DemoRow demo_rows[] = {
    {"Grand Cinema", "#FF4500", "Main Hall", DEMO_COUPLE},
    {"Grand Cinema", "#FF4500", "VIP Lounge", DEMO_LOUNGE},
    {"Grand Cinema", "#FF4500", "Opera House", DEMO_OPERA},
    {"City Center Multiplex", "#1E90FF", "Auditorium", DEMO_FAN},
    {"City Center Multiplex", "#1E90FF", "Sci-Fi Hall", DEMO_GRID},
    {"City Center Multiplex", "#1E90FF", "Arena", DEMO_ARENA},
    {"Downtown Filmhouse", "#32CD32", "Ocean View", DEMO_COUPLE},
    {"Downtown Filmhouse", "#32CD32", "Outer wall", DEMO_GRID},
};

static bool add_row(Db *db, Arena *arena, const DemoRow *row, int64_t now_ms) {
  // About a fifth of the seats of a hall are taken, the same ones in every demo, spread by a multiplicative hash.
  static const char RESERVE[] =
      "UPDATE seats SET status = 1 WHERE hall_id = $1 AND (id * 2654435761) % 4294967296 < 858993459";
  Plan plan;
  int64_t hall_id;
  demo_hall_draw(arena, row->drawing, &plan);
  plan.name = str_from(row->hall);
  int64_t cinema_id = cinema_find_or_add(db, str_from(row->cinema), str_from(row->color), now_ms);
  return hall_add(db, arena, cinema_id, &plan, now_ms, &hall_id) == ERR_NONE && db_run(db, RESERVE, sql_int(hall_id));
}

// All of its seats are free to be sold.
static bool add_concert_hall(Db *db, Arena *arena, int64_t now_ms) {
  Plan plan;
  int64_t hall_id;
  if (hall_find(db, STR(DEMO_CONCERT_HALL)) != 0) return true;
  demo_hall_draw(arena, DEMO_OPERA, &plan);
  plan.name = STR(DEMO_CONCERT_HALL);
  int64_t cinema_id = cinema_find_or_add(db, str_from(demo_rows[0].cinema), str_from(demo_rows[0].color), now_ms);
  return hall_add(db, arena, cinema_id, &plan, now_ms, &hall_id) == ERR_NONE;
}

static bool fill_venue(Db *db, Arena *arena, int64_t now_ms) {
  bool done = true;
  for (size_t i = 0; done && i < sizeof demo_rows / sizeof demo_rows[0]; i++) {
    done = add_row(db, arena, &demo_rows[i], now_ms);
    arena_reset(arena);
  }
  log_info("demo: made a venue", "halls=%zu", sizeof demo_rows / sizeof demo_rows[0]);
  return done;
}

bool demo_fill(Db *db, const Config *config, const Env *env) {
  static const char VENUE[] = "SELECT count(*) FROM cinemas";
  static const char CONCERTS[] = "SELECT count(*) FROM concerts";
  Arena arena = {0};
  int64_t now_ms = env->now_ms(env->state);
  db_take_time(db);  // a hall may take long to draw
  if (!db_begin(db, DB_WRITE)) return false;
  bool done = db_int(db, VENUE, 0) > 0 || fill_venue(db, &arena, now_ms);
  if (done && db_int(db, CONCERTS, 0) == 0) {
    done = add_concert_hall(db, &arena, now_ms) && demo_fill_concerts(db, &arena, env, config->demo_seats);
  }
  done = done && db_commit(db);
  if (!done) db_rollback(db);
  arena_free(&arena);
  return done;
}
