// foyer import and foyer export: seating plans in and out of files.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/commands.h"
#include "models/hall.h"
#include "models/plan_csv.h"
#include "models/plan_json.h"

enum { FILE_BYTES_MAX = 256 * 1024 * 1024 };

static bool ends_with(const char *text, const char *end) {
  size_t length = strlen(text);
  size_t end_length = strlen(end);
  return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static bool read_all(const char *path, Text *text) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    return false;
  }
  char bytes[64 * 1024];
  size_t got;
  while ((got = fread(bytes, 1, sizeof bytes, file)) > 0 && text->length < FILE_BYTES_MAX) {
    text_add(text, (Str){bytes, got});
  }
  bool good = !ferror(file) && text->length < FILE_BYTES_MAX;
  if (!good) fprintf(stderr, "%s: cannot be read whole\n", path);
  fclose(file);
  return good;
}

static Str name_of(Arena *arena, const char *path) {
  const char *slash = strrchr(path, '/');
  Str name = str_from(slash != NULL ? slash + 1 : path);
  for (size_t i = name.length; i > 1; i--) {
    if (name.at[i - 1] == '.') {
      name.length = i - 1;
      break;
    }
  }
  return str_copy(arena, name);
}

typedef struct ImportWords {
  const char *file;
  const char *cinema;
  const char *hall;
} ImportWords;

static bool read_words(int count, char **words, ImportWords *out) {
  *out = (ImportWords){.cinema = "Imported halls"};
  for (int i = 0; i < count; i++) {
    bool has_value = i + 1 < count;
    if (strcmp(words[i], "--cinema") == 0 && has_value) {
      out->cinema = words[++i];
    } else if (strcmp(words[i], "--hall") == 0 && has_value) {
      out->hall = words[++i];
    } else if (out->file == NULL && words[i][0] != '-') {
      out->file = words[i];
    } else {
      return false;
    }
  }
  return out->file != NULL;
}

static bool read_plan(Arena *arena, const ImportWords *in, Plan *plan) {
  Text text = {.arena = arena};
  PlanFault fault = {0};
  if (!read_all(in->file, &text)) return false;
  bool csv = ends_with(in->file, ".csv");
  bool read = csv ? plan_csv_read(arena, text_str(&text), name_of(arena, in->file), plan, &fault)
                  : plan_json_read(arena, text_str(&text), plan, &fault);
  if (!read) {
    fprintf(stderr, "%s: %.*s %.*s\nNothing was changed.\n", in->file, STR_ARG(fault.where), STR_ARG(fault.what));
    return false;
  }
  if (plan->name.length == 0) plan->name = name_of(arena, in->file);
  if (in->hall != NULL) plan->name = str_from(in->hall);
  return true;
}

static Error add_plan(Db *db, Arena *arena, const ImportWords *in, Plan *plan, int64_t *hall_id) {
  Env env = env_system();
  int64_t now_ms = env.now_ms(env.state);
  if (!db_begin(db, DB_WRITE)) return ERR_INTERNAL;
  int64_t cinema_id = cinema_find_or_add(db, str_from(in->cinema), STR("#1E90FF"), now_ms);
  Error error = cinema_id != 0 ? hall_add(db, arena, cinema_id, plan, now_ms, hall_id) : ERR_INTERNAL;
  if (error == ERR_NONE && !command_commit(db)) return ERR_INTERNAL;
  if (error != ERR_NONE) db_rollback(db);
  return error;
}

const char command_import_usage[] =
    "usage: foyer import FILE [--cinema NAME] [--hall NAME]\n"
    "           adds a hall from a seating plan, pretix JSON or (FILE.csv) our own CSV\n";

// What an operator calls a hall or a cinema.
static bool is_name(const char *word) {
  bool valid = plan_name_valid(str_from(word));
  if (!valid) fprintf(stderr, "\"%s\": a name is one line of 1 to %d characters\n", word, PLAN_NAME_MAX);
  return valid;
}

int command_import(const Config *config, int count, char **words) {
  ImportWords in;
  Arena arena = {0};
  Plan plan;
  int64_t hall_id = 0;
  if (!read_words(count, words, &in)) {
    fputs(command_import_usage, stderr);
    return 2;
  }
  if (!is_name(in.cinema) || (in.hall != NULL && !is_name(in.hall)) || !read_plan(&arena, &in, &plan)) {
    arena_free(&arena);
    return 1;
  }
  Db *db = command_open(config);
  Error error = db != NULL ? add_plan(db, &arena, &in, &plan, &hall_id) : ERR_INTERNAL;
  if (error == ERR_NONE) {
    printf("hall %lld \"%.*s\" in \"%s\": %zu %s\n", (long long)hall_id, STR_ARG(plan.name), in.cinema, plan.seat_count,
           plan.seat_count == 1 ? "seat" : "seats");
  } else {
    fprintf(stderr, "%s Nothing was changed.\n", error_prose(error));
  }
  db_close(db);
  arena_free(&arena);
  return error == ERR_NONE ? 0 : 1;
}

static bool write_all(const char *path, Str text) {
  FILE *file = strcmp(path, "-") == 0 ? stdout : fopen(path, "wb");
  bool good = file != NULL && fwrite(text.at, 1, text.length, file) == text.length;
  if (file != NULL) good = (file == stdout ? fflush(file) : fclose(file)) == 0 && good;
  if (!good) fprintf(stderr, "%s: %s\n", path, strerror(errno));
  return good;
}

const char command_export_usage[] =
    "usage: foyer export HALL FILE.json [--strict]    pretix JSON; strict: without what only foyer reads\n"
    "       foyer export HALL FILE.csv\n"
    "       foyer export HALL - [--strict]            the JSON on standard output\n"
    "HALL is a number or a name.\n";

int command_export(const Config *config, int count, char **words) {
  bool csv = count == 2 && ends_with(words[1], ".csv");
  bool strict = count == 3 && strcmp(words[2], "--strict") == 0;
  bool json = (count == 2 || strict) && (ends_with(words[1], ".json") || strcmp(words[1], "-") == 0);
  if (!csv && !json) {
    fputs(command_export_usage, stderr);
    return 2;
  }
  Arena arena = {0};
  Plan plan;
  PlanIds ids;
  Db *db = command_open_existing(config);
  int64_t hall_id = db != NULL ? hall_find(db, str_from(words[0])) : 0;
  if (db != NULL && (hall_id == 0 || hall_read_plan(db, &arena, hall_id, &plan, &ids) != ERR_NONE)) {
    fprintf(stderr, "There is no hall \"%s\", or several; give its number.\n", words[0]);
    hall_id = 0;
  }
  Text text = {.arena = &arena};
  bool good = hall_id != 0;
  if (good && csv) {
    plan_csv_write(&text, &plan);
  } else if (good) {
    plan_json_write(&text, &plan, strict ? PLAN_JSON_STRICT : PLAN_JSON_WHOLE);
  }
  good = good && write_all(words[1], text_str(&text));
  db_close(db);
  arena_free(&arena);
  return good ? 0 : 1;
}
