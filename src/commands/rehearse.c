// foyer rehearse: the command. Threads play the buyers, one watches the sale and lets those act whose turn has come.
#include "commands/rehearse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "commands/commands.h"

enum { PLAYERS = 64, BUYERS_MAX = 1000000, WATCH_MS = 200, TOLD_EVERY_MS = 5000, SILENT_MS = 30000 };

typedef struct Player {
  Rehearsal *rehearsal;
  uv_thread_t thread;
  Times times[ASKS];
} Player;

static void play(void *arg) {
  Player *player = arg;
  Arena arena = {0};
  uint32_t buyer;
  while (rehearse_line_next(player->rehearsal->line, &buyer)) {
    rehearse_buyer_act(player->rehearsal, buyer, &arena, player->times);
    arena_reset(&arena);
  }
  arena_free(&arena);
}

static uint64_t now_ms(void) {
  return uv_hrtime() / 1000000;
}

static void tell_progress(const Rehearsal *rehearsal, int64_t available) {
  printf("  %5.1f s: %llu admitted, %llu tickets confirmed, %lld free\n",
         (double)(now_ms() - rehearsal->begun_ms) / 1000, (unsigned long long)atomic_load(&rehearsal->admitted),
         (unsigned long long)atomic_load(&rehearsal->tickets), (long long)available);
  fflush(stdout);
}

// Until all are through, or the copy has been silent for so long that nobody's turn can come any more.
static void watch(Rehearsal *rehearsal) {
  Arena arena = {0};
  uint64_t told_ms = now_ms();
  uint64_t answered_ms = told_ms;
  while (!rehearse_line_is_over(rehearsal->line)) {
    const Json *concert;
    int64_t admitted = 0;
    int64_t available = 0;
    Str state;
    if (rehearse_look(rehearsal, &arena, &concert)) {
      answered_ms = now_ms();
      const Json *sale = json_get(concert, "sale");
      json_int(json_get(sale, "admitted"), &admitted);
      json_int(json_get(concert, "availableSeats"), &available);
      bool over = json_str(json_get(sale, "state"), &state) && str_equal(state, STR("sold_out"));
      atomic_store(&rehearsal->admitted, (uint64_t)admitted);
      atomic_store(&rehearsal->sold_out, over);
      rehearse_line_admitted(rehearsal->line, (uint64_t)admitted, over, now_ms());
    } else if (now_ms() - answered_ms > SILENT_MS) {
      fprintf(stderr, "foyer: %s does not answer any more\n", rehearsal->url);
      rehearse_line_end(rehearsal->line);
    }
    if (now_ms() - told_ms > TOLD_EVERY_MS) {
      told_ms = now_ms();
      tell_progress(rehearsal, available);
    }
    arena_reset(&arena);
    uv_sleep(WATCH_MS);
  }
  arena_free(&arena);
}

// The concert as the running copy tells it; refuses one where real money would move.
static bool find_concert(Rehearsal *rehearsal, Arena *arena) {
  const Json *concert;
  Str provider;
  if (!rehearse_look(rehearsal, arena, &concert)) {
    fprintf(stderr, "foyer: %s does not answer for this concert; is the copy running?\n", rehearsal->url);
    return false;
  }
  if (!json_str(json_get(concert, "provider"), &provider) || !str_equal(provider, STR("test"))) {
    fputs("foyer: real money would move there; start the copy without STRIPE_SECRET_KEY\n", stderr);
    return false;
  }
  int64_t hall_id;
  Str id;
  rehearsal->in_hall = json_int(json_get(concert, "hallId"), &hall_id);
  if (json_str(json_get(concert, "id"), &id)) rehearsal->concert_id = str_zero(arena, id);
  for (const Json *at = json_first(json_get(concert, "categories"));
       at != NULL && rehearsal->category_count < REHEARSE_CATEGORIES_MAX; at = json_next(at)) {
    if (!json_str(json_get(at, "id"), &id) || id.length != 24) continue;
    memcpy(rehearsal->categories[rehearsal->category_count++], id.at, id.length);
  }
  return rehearsal->category_count > 0;
}

// Wishes are spread evenly and are the same in every rehearsal.
static void set_wishes(Rehearsal *rehearsal) {
  for (uint32_t i = 0; i < rehearsal->buyer_count; i++) {
    rehearsal->buyers[i].tickets = (uint8_t)(1 + i * 2654435761U / 65536U % REHEARSE_TICKETS_MAX);
    rehearsal->buyers[i].category = (uint8_t)(i % rehearsal->category_count);
    rehearse_line_act_at(rehearsal->line, i, 0);
  }
}

static void play_all(Rehearsal *rehearsal, Times times[ASKS]) {
  static Player players[PLAYERS];
  rehearsal->begun_ms = now_ms();
  for (int i = 0; i < PLAYERS; i++) {
    players[i].rehearsal = rehearsal;
    if (uv_thread_create(&players[i].thread, play, &players[i]) != 0) abort();
  }
  watch(rehearsal);
  for (int i = 0; i < PLAYERS; i++) {
    uv_thread_join(&players[i].thread);
    for (int ask = 0; ask < ASKS; ask++) {
      const Times *own = &players[i].times[ask];
      for (size_t k = 0; k < own->count; k++) times_add(&times[ask], own->us[k]);
      free(own->us);
    }
  }
}

static bool read_word(Rehearsal *rehearsal, const char *name, char *value) {
  int64_t number;
  if (strcmp(name, "--concert") == 0) {
    rehearsal->concert_id = value;
    return true;
  }
  if (strcmp(name, "--url") == 0) {
    rehearsal->url = value;
    return true;
  }
  if (!str_to_int(str_from(value), &number) || number < 0 || number > BUYERS_MAX) return false;
  if (strcmp(name, "--buyers") == 0) {
    rehearsal->buyer_count = (uint32_t)number;
    return number > 0;
  }
  rehearsal->think_ms = number * 1000;
  return strcmp(name, "--think") == 0;
}

static bool read_words(Rehearsal *rehearsal, int count, char **words) {
  for (int i = 0; i + 1 < count; i += 2) {
    if (!read_word(rehearsal, words[i], words[i + 1])) return false;
  }
  return count % 2 == 0;
}

static bool rehearse(Config *config, Db *db, Rehearsal *rehearsal, Arena *arena) {
  Env env = env_system();
  Times times[ASKS] = {{0}};
  if (!secrets_complete(config, db, arena, &env) || !find_concert(rehearsal, arena)) return false;
  rehearsal->buyers = calloc(rehearsal->buyer_count, sizeof(Buyer));
  rehearsal->line = rehearse_line_new(rehearsal->buyer_count);
  if (rehearsal->buyers == NULL || rehearsal->line == NULL) abort();
  printf("Making %u accounts ...\n", rehearsal->buyer_count);
  fflush(stdout);
  bool good = rehearse_accounts(config, db, rehearsal);
  if (good) {
    set_wishes(rehearsal);
    printf("They all come at once.\n");
    play_all(rehearsal, times);
    good = rehearse_report(rehearsal, db, times);
  }
  for (int ask = 0; ask < ASKS; ask++) free(times[ask].us);
  rehearse_line_free(rehearsal->line);
  free(rehearsal->buyers);
  return good;
}

const char command_rehearse_usage[] =
    "usage: foyer rehearse [--buyers N] [--concert ID] [--think SECONDS] [--url http://HOST:PORT]\n"
    "           plays an on-sale against a running copy with the test provider, and tells how it went\n";

int command_rehearse(const Config *config, int count, char **words) {
  static Rehearsal rehearsal = {.concert_id = "", .buyer_count = 10000};
  Arena arena = {0};
  Text url = {.arena = &arena};
  text_format(&url, "http://127.0.0.1:%lld", (long long)config->port);
  rehearsal.url = str_zero(&arena, text_str(&url));
  if (!read_words(&rehearsal, count, words)) {
    fputs(command_rehearse_usage, stderr);
    arena_free(&arena);
    return 2;
  }
  Config own = *config;
  Db *db = command_open_existing(config);
  bool good = db != NULL && rehearse(&own, db, &rehearsal, &arena);
  db_close(db);
  arena_free(&arena);
  return good ? 0 : 1;
}
