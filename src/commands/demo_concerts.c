// The demo's concerts: one whose tickets are sold by number, one in a hall with numbered seats. Both are on sale.
#include "commands/commands.h"
#include "core/log.h"
#include "models/concert_add.h"
#include "models/hall.h"

enum { DAY_MS = 24 * 3600 * 1000, DAYS_AHEAD = 60 };

static const NewCategory stadium[] = {{{"fanpit", 6}, 350000, 1500},
                                      {{"diamond", 7}, 250000, 2500},
                                      {{"platinum", 8}, 180000, 4000},
                                      {{"gold", 4}, 120000, 3500},
                                      {{"silver", 6}, 80000, 3500}};
enum { STADIUM = sizeof stadium / sizeof stadium[0], STADIUM_SEATS = 15000 };

static const NewCategory opera[] = {
    {{"Parterre premium", 16}, 480000, 0}, {{"Parterre", 8}, 320000, 0}, {{"Box", 3}, 390000, 0},
    {{"Balcony", 7}, 210000, 0},           {{"Gallery", 7}, 90000, 0},   {{"Wheelchair", 10}, 150000, 0}};

// The categories with `seats` tickets in all, in their proportions, each with one at least where there are enough.
static void scale(NewCategory *categories, int64_t seats) {
  int64_t left = seats;
  int64_t share_left = STADIUM_SEATS;
  for (int i = 0; i < STADIUM; i++) {
    int64_t others = STADIUM - 1 - i;
    int64_t share = stadium[i].seats;
    int64_t part = left * share / share_left;
    if (part < 1) part = 1;
    if (part > left - others) part = left > others ? left - others : (left > 0);
    categories[i] = stadium[i];
    categories[i].seats = part;
    left -= part;
    share_left -= share;
  }
}

static bool add_stadium(Db *db, Arena *arena, const Env *env, int64_t seats, int64_t now_ms) {
  NewCategory categories[STADIUM];
  int64_t id;
  scale(categories, seats > 0 ? seats : STADIUM_SEATS);
  NewConcert concert = {
      .about = {.name = STR("AR Rahman Live in Mumbai"),
                .date_ms = now_ms / DAY_MS * DAY_MS + (int64_t)DAYS_AHEAD * DAY_MS + 14 * 3600 * 1000,
                .venue = STR("DY Patil Stadium, Navi Mumbai"),
                .gates_open_time = STR("5:00 PM"),
                .about = STR("Three decades of songs in one night, with an orchestra of sixty and guests from every"
                             " one of them. Food and water are sold inside; bags larger than A4 stay outside."),
                .languages = STR("Hindi, Tamil, English"),
                .organized_by = STR("foyer")},
      .opens_at = now_ms,
      .categories = categories,
      .category_count = STADIUM};
  return concert_add(db, arena, env, &concert, now_ms, &id) == ERR_NONE;
}

static bool add_opera(Db *db, Arena *arena, const Env *env, int64_t now_ms) {
  int64_t id;
  NewConcert concert = {
      .about = {.name = STR("An Evening at the Opera"),
                .date_ms = now_ms / DAY_MS * DAY_MS + (int64_t)(DAYS_AHEAD + 9) * DAY_MS + 13 * 3600 * 1000 + 1800000,
                .venue = STR(DEMO_CONCERT_HALL),
                .gates_open_time = STR("6:15 PM"),
                .about = STR("Arias and overtures by Verdi, Puccini and Tchaikovsky. Choose your very seats on the"
                             " plan; everybody watching sees them taken at once."),
                .languages = STR("Italian, Russian"),
                .organized_by = STR("foyer")},
      .hall_id = hall_find(db, STR(DEMO_CONCERT_HALL)),
      .opens_at = now_ms,
      .categories = opera,
      .category_count = sizeof opera / sizeof opera[0]};
  return concert.hall_id > 0 && concert_add(db, arena, env, &concert, now_ms, &id) == ERR_NONE;
}

bool demo_fill_concerts(Db *db, Arena *arena, const Env *env, int64_t seats) {
  int64_t now_ms = env->now_ms(env->state);
  bool done = add_stadium(db, arena, env, seats, now_ms) && add_opera(db, arena, env, now_ms);
  log_info("demo: put concerts on sale", "tickets=%lld", (long long)(seats > 0 ? seats : STADIUM_SEATS));
  return done;
}
