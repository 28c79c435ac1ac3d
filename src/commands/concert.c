// foyer concert: concerts made, opened, closed and ended by an operator. A running server notices within a second.
#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "commands/commands.h"
#include "core/batch.h"
#include "models/concert_add.h"
#include "models/concert_end.h"
#include "models/hall.h"
#include "shared/currency.h"

enum { CATEGORIES_MAX = 64, FILE_BYTES_MAX = 1 << 20 };

const char command_concert_usage[] =
    "usage: foyer concert add NAME --date TIME [--venue TEXT] [--opens-at TIME] [--currency CODE]\n"
    "           --category NAME:PRICE:SEATS ...             tickets by number, or\n"
    "           --hall HALL --price SEAT_TYPE:PRICE ...     the seats of a hall that are vacant now\n"
    "           [--image URL] [--gates TEXT] [--about TEXT] [--languages TEXT] [--organized-by TEXT]\n"
    "       foyer concert import FILE.json\n"
    "       foyer concert open [ID]     opens the sale now\n"
    "       foyer concert close [ID]    nobody joins, nobody is admitted\n"
    "       foyer concert end [ID]      after its date, for good: the line and its hall's seats are free\n"
    "       foyer concert list\n"
    "TIME is as 2027-01-30T19:30:00+05:30, PRICE in whole units as 1200 or 49.90, ID a number or 24 digits (without "
    "it\n"
    "the usual concert), HALL a number or a name.\n";

typedef struct Draft {
  Arena *arena;
  NewConcert concert;
  NewCategory categories[CATEGORIES_MAX];
  Str hall;
  const char *fault;  // the first thing that is wrong
} Draft;

static void find_fault(Draft *draft, const char *fault) {
  if (draft->fault == NULL) draft->fault = fault;
}

static Str currency_of(const Draft *draft) {
  return draft->concert.currency.length > 0 ? draft->concert.currency : STR("inr");
}

static bool has_category(const Draft *draft, Str name) {
  for (size_t i = 0; i < draft->concert.category_count; i++) {
    if (str_equal(draft->categories[i].name, name)) return true;
  }
  return false;
}

static void add_category(Draft *draft, Str name, bool priced, int64_t price, int64_t seats) {
  if (name.length == 0 || !priced || seats < 0 || seats > 10000000) {
    find_fault(draft, "a category is NAME:PRICE:SEATS, a price is SEAT_TYPE:PRICE");
  } else if (price % currency_step(currency_of(draft)) != 0) {
    find_fault(draft, "providers take no price with these digits in this currency");
  } else if (has_category(draft, name)) {
    find_fault(draft, "two categories have the same name");
  } else if (draft->concert.category_count == CATEGORIES_MAX) {
    find_fault(draft, "there are too many categories");
  } else {
    draft->categories[draft->concert.category_count++] = (NewCategory){name, price, seats};
  }
}

static void set_category(Draft *draft, Str word) {
  int64_t price = 0;
  int64_t seats;
  Str name = str_cut(&word, ':');
  bool priced = currency_read(str_cut(&word, ':'), currency_of(draft), &price);
  add_category(draft, name, priced, price, str_to_int(word, &seats) ? seats : -1);
}

static void set_price(Draft *draft, Str word) {
  int64_t price = 0;
  Str name = str_cut(&word, ':');
  bool priced = currency_read(word, currency_of(draft), &price);
  add_category(draft, name, priced, price, 0);
}

static void set_date(Draft *draft, Str word) {
  if (!time_from_iso(word, &draft->concert.about.date_ms)) {
    find_fault(draft, "the date is not as 2027-01-30T19:30:00Z");
  }
}

static void set_opening(Draft *draft, Str word) {
  if (!time_from_iso(word, &draft->concert.opens_at)) {
    find_fault(draft, "the opening is not as 2027-01-30T19:30:00Z");
  }
}

static void set_currency(Draft *draft, Str word) {
  char *code = arena_copy(draft->arena, word.at, word.length);
  for (size_t i = 0; i < word.length; i++) code[i] = (char)tolower((unsigned char)code[i]);
  draft->concert.currency = (Str){code, word.length};
  if (!currency_is_code(draft->concert.currency)) find_fault(draft, "a currency has three letters, as inr");
}

static void set_hall(Draft *draft, Str word) {
  draft->hall = word;
}

// What can be said of a concert, as an option and as a key of the file. One of `set` and `text`.
static const struct {
  const char *option;
  const char *key;
  void (*set)(Draft *draft, Str word);
  size_t text;  // offset of a Str in NewConcert
} details[] = {
    {"--date", "date", set_date, 0},
    {"--opens-at", "opensAt", set_opening, 0},
    {"--hall", "hall", set_hall, 0},
    {"--category", NULL, set_category, 0},
    {"--price", NULL, set_price, 0},
    {NULL, "name", NULL, offsetof(NewConcert, about.name)},
    {"--venue", "venue", NULL, offsetof(NewConcert, about.venue)},
    {"--image", "imageUrl", NULL, offsetof(NewConcert, about.image_url)},
    {"--gates", "gatesOpenTime", NULL, offsetof(NewConcert, about.gates_open_time)},
    {"--about", "about", NULL, offsetof(NewConcert, about.about)},
    {"--languages", "languages", NULL, offsetof(NewConcert, about.languages)},
    {"--organized-by", "organizedBy", NULL, offsetof(NewConcert, about.organized_by)},
    {"--currency", "currency", set_currency, 0},
};
enum { DETAILS = sizeof details / sizeof details[0] };

static void set_detail(Draft *draft, size_t i, Str word) {
  if (details[i].set != NULL) {
    details[i].set(draft, word);
  } else {
    *(Str *)(void *)((char *)&draft->concert + details[i].text) = word;
  }
}

static void read_words(Draft *draft, int count, char **words) {
  draft->concert.about.name = count > 0 ? str_from(words[0]) : (Str){0};
  for (int i = 1; i + 1 < count; i += 2) {  // prices are read by it, wherever it stands
    if (strcmp(words[i], "--currency") == 0) set_currency(draft, str_from(words[i + 1]));
  }
  for (int i = 1; i < count; i += 2) {
    size_t row = 0;
    while (row < DETAILS && (details[row].option == NULL || strcmp(details[row].option, words[i]) != 0)) ++row;
    if (row == DETAILS || i + 1 == count) {
      find_fault(draft, "an option is not known, or nothing follows it");
      return;
    }
    set_detail(draft, row, str_from(words[i + 1]));
  }
}

static Str read_file(Arena *arena, const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) return (Str){0};
  char *bytes = arena_alloc(arena, FILE_BYTES_MAX);
  size_t length = fread(bytes, 1, FILE_BYTES_MAX, file);
  bool whole = ferror(file) == 0 && feof(file) != 0;
  fclose(file);
  return whole ? (Str){bytes, length} : (Str){0};
}

static void read_json_category(Draft *draft, const Json *item) {
  Str name = {0};
  double price = -1;
  int64_t seats = 0;
  json_str(json_get(item, "name"), &name);
  bool priced = json_double(json_get(item, "price"), &price) && price >= 0 && price <= 1e9;
  if (json_get(item, "seats") != NULL && !json_int(json_get(item, "seats"), &seats)) seats = -1;
  add_category(draft, name, priced, priced ? (int64_t)(price * (double)currency_units(currency_of(draft)) + 0.5) : 0,
               seats);
}

static void read_json(Draft *draft, const char *path) {
  const Json *root = json_parse(draft->arena, read_file(draft->arena, path), NULL);
  if (!json_is_object(root)) find_fault(draft, "the file cannot be read, or holds no JSON object");
  for (size_t i = 0; i < DETAILS; i++) {
    Str word;
    const Json *value = details[i].key != NULL ? json_get(root, details[i].key) : NULL;
    if (value == NULL || json_is_null(value)) continue;
    if (json_str(value, &word)) {
      set_detail(draft, i, word);
    } else {
      find_fault(draft, "a detail is not a text");
    }
  }
  for (const Json *item = json_first(json_get(root, "categories")); item != NULL; item = json_next(item)) {
    read_json_category(draft, item);
  }
}

static void check(Draft *draft) {
  NewConcert *concert = &draft->concert;
  int64_t seats = 0;
  concert->categories = draft->categories;
  for (size_t i = 0; i < concert->category_count; i++) seats += concert->categories[i].seats;
  if (concert->about.name.length == 0) find_fault(draft, "the concert has no name");
  if (concert->about.date_ms == 0) find_fault(draft, "the concert has no date");
  if (concert->category_count == 0) find_fault(draft, "there is nothing to sell: no category, no price");
  if (seats == 0 && draft->hall.length == 0) find_fault(draft, "there is nothing to sell: no seats, and no hall");
}

static bool add(Db *db, Draft *draft) {
  Env env = env_system();
  int64_t now_ms = env.now_ms(env.state);
  int64_t id = 0;
  if (draft->concert.opens_at == 0) draft->concert.opens_at = now_ms;
  if (draft->hall.length > 0) {
    draft->concert.hall_id = hall_find(db, draft->hall);
    if (draft->concert.hall_id == 0) {
      fprintf(stderr, "There is no hall \"%.*s\", or several; give its number.\n", STR_ARG(draft->hall));
      return false;
    }
  }
  Error error = concert_add(db, draft->arena, &env, &draft->concert, now_ms, &id);
  if (error == ERR_CATEGORY_NOT_FOUND) {
    fputs("The hall has no seats of one of these types. Nothing was changed.\n", stderr);
  } else if (error != ERR_NONE) {
    fprintf(stderr, "%s Nothing was changed.\n", error_prose(error));
  } else {
    printf("concert %lld \"%.*s\": %lld tickets\n", (long long)id, STR_ARG(draft->concert.about.name),
           (long long)concert_available(db, id));
  }
  return error == ERR_NONE;
}

static bool find(Db *db, Arena *arena, const Config *config, const char *word, Concert *concert) {
  int64_t id;
  Str text = str_from(word);
  bool number = text.length > 0 && text.length < CONCERT_PUBLIC_ID_DIGITS && str_to_int(text, &id);
  bool found = number ? concert_find_by_id(db, arena, id, concert) : concert_find(db, arena, text, config, concert);
  if (!found) fputs("There is no such concert; see foyer concert list.\n", stderr);
  return found;
}

static bool set_open(Db *db, const Concert *concert, bool open) {
  Env env = env_system();
  int64_t now_ms = env.now_ms(env.state);
  ConcertSwitches switches = {.closed = !open,
                              .paused = concert->paused,
                              .draining = concert->draining,
                              .rate_a_minute = concert->rate_a_minute,
                              .opens_at = concert->opens_at};
  if (open && switches.opens_at > now_ms) switches.opens_at = now_ms;
  Error error = concert_switch(db, concert->id, &switches);
  if (error == ERR_NONE) {
    printf("concert %lld is %s\n", (long long)concert->id, open ? "open" : "closed");
  } else {
    fprintf(stderr, "%s Nothing was changed.\n", error_prose(error));
  }
  return error == ERR_NONE;
}

// Ending. A part a call, as the server does it; each in a transaction of its own, so that a server beside it never
// waits long.

typedef struct Ending {
  int64_t concert_id;
  bool more;
} Ending;

static Error end_part(Call *call, const void *input) {
  Ending *ending = call->input;
  Concert concert;
  (void)input;
  if (!concert_find_by_id(call->db, &call->arena, ending->concert_id, &concert)) return ERR_CONCERT_NOT_FOUND;
  Error error = concert_end(call, &concert);
  if (error == ERR_NONE && concert_find_by_id(call->db, &call->arena, concert.id, &concert))
    ending->more = concert_empty(call, &concert);
  return error;
}

static void tell_refused(const Call *call) {
  Str text = {0};
  int64_t pending = 0;
  Arena arena = {0};
  const Json *reply = json_parse(&arena, text_str(&call->reply), NULL);
  if (call->error == ERR_CONCERT_AHEAD && json_str(json_get(reply, "date"), &text)) {
    fprintf(stderr, "This concert is still to come, on %.*s: it cannot be ended before.", STR_ARG(text));
  } else if (call->error == ERR_STILL_PAYING && json_int(json_get(reply, "pending"), &pending)) {
    fprintf(stderr, pending == 1 ? "%lld booking is still being paid." : "%lld bookings are still being paid.",
            (long long)pending);
    fputs(" Close the sale, and end the concert when they are.", stderr);
  } else {
    fputs(error_prose(call->error), stderr);
  }
  fputs(" Nothing was changed.\n", stderr);
  arena_free(&arena);
}

static bool run_part(Db *db, const Config *config, Ending *ending) {
  static const Method END = {.name = "concert.end", .access = ACCESS_ANYONE, .run = end_part};
  Call *call = call_new_of_nobody();
  if (call == NULL) return false;
  call->env = env_system();
  call->now_ms = call->env.now_ms(call->env.state);
  call->config = config;
  call->method = &END;
  call->input = ending;
  bool done = batch_run(db, call) && call->error == ERR_NONE && batch_finish(db, call);
  if (call->error != ERR_NONE) tell_refused(call);
  call_free(call);
  return done;
}

static bool end(Db *db, const Config *config, int64_t concert_id) {
  Ending ending = {.concert_id = concert_id};
  bool done = run_part(db, config, &ending);
  while (done && ending.more) done = command_commit(db) && db_begin(db, DB_WRITE) && run_part(db, config, &ending);
  if (done) printf("concert %lld is over\n", (long long)concert_id);
  return done;
}

static bool list(Db *db) {
  static const char READ[] =
      "SELECT id, public_id, name, closed, coalesce((SELECT sum(available_seats) FROM categories WHERE concert_id ="
      " concerts.id), 0), coalesce((SELECT sum(total_seats) FROM categories WHERE concert_id = concerts.id), 0),"
      " opens_at, ended_at IS NOT NULL FROM concerts ORDER BY id";
  Rows rows = db_rows(db, READ);
  while (rows_next(&rows)) {
    char opens[TIME_ISO_BYTES];
    time_iso(rows_int(&rows, 6), opens);
    Str public_id = rows_peek(&rows, 1);
    Str name = rows_peek(&rows, 2);
    printf("%lld  %.*s  %s  opens %.*s  %lld of %lld left  %.*s\n", (long long)rows_int(&rows, 0), STR_ARG(public_id),
           rows_int(&rows, 7) != 0   ? "over"
           : rows_int(&rows, 3) != 0 ? "closed"
                                     : "on sale",
           TIME_ISO_BYTES, opens, (long long)rows_int(&rows, 4), (long long)rows_int(&rows, 5), STR_ARG(name));
  }
  return !db_failed(db);
}

static bool is_switch(const char *verb) {
  return strcmp(verb, "open") == 0 || strcmp(verb, "close") == 0 || strcmp(verb, "end") == 0;
}

static bool run(Db *db, const Config *config, Draft *draft, int count, char **words) {
  Concert concert;
  if (strcmp(words[0], "list") == 0) return list(db);
  if (!is_switch(words[0])) return add(db, draft);
  if (!find(db, draft->arena, config, count > 1 ? words[1] : "", &concert)) return false;
  if (strcmp(words[0], "end") == 0) return end(db, config, concert.id);
  return set_open(db, &concert, strcmp(words[0], "open") == 0);
}

// Understands the words before the database is opened; false (told) when they make no sense.
static bool understand(Draft *draft, int count, char **words) {
  const char *verb = count > 0 ? words[0] : "";
  if (strcmp(verb, "list") == 0 && count == 1) return true;
  if (is_switch(verb) && count <= 2) return true;
  if (strcmp(verb, "add") == 0 && count > 1) {
    read_words(draft, count - 1, words + 1);
  } else if (strcmp(verb, "import") == 0 && count == 2) {
    read_json(draft, words[1]);
  } else {
    fputs(command_concert_usage, stderr);
    return false;
  }
  check(draft);
  if (draft->fault != NULL) fprintf(stderr, "foyer concert: %s\n%s", draft->fault, command_concert_usage);
  return draft->fault == NULL;
}

int command_concert(const Config *config, int count, char **words) {
  Arena arena = {0};
  Draft draft = {.arena = &arena};
  if (!understand(&draft, count, words)) {
    arena_free(&arena);
    return 2;
  }
  Db *db = command_open(config);
  bool done = db != NULL && db_begin(db, DB_WRITE);
  if (done) {
    done = run(db, config, &draft, count, words) && command_commit(db);
    if (!done) db_rollback(db);
  }
  db_close(db);
  arena_free(&arena);
  return done ? 0 : 1;
}
