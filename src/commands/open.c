// What the commands share: the database and the secrets.
#include <stdio.h>
#include <string.h>

#include "commands/commands.h"
#include "core/commits.h"
#include "core/log.h"
#include "shared/ids.h"

const char *command_database(const Config *config, Arena *arena) {
  Str url = config->database_url;
  Str scheme = STR("sqlite:");
  if (str_starts(url, scheme)) return str_zero(arena, (Str){url.at + scheme.length, url.length - scheme.length});
  if (str_starts(url, STR("postgres://")) || str_starts(url, STR("postgresql://"))) return str_zero(arena, url);
  size_t kind = url.length > 0 ? strcspn(str_zero(arena, url), ":") : 0;  // the rest may hold a password
  fprintf(stderr, "DATABASE_URL=%.*s:...: only sqlite:PATH and postgres://... are known\n", (int)kind, url.at);
  return NULL;
}

// Reading makes no database.
static bool is_there(const char *where) {
  Db *db = db_open(where, DB_READ);
  db_close(db);
  return db != NULL;
}

static Db *open_database(const Config *config, bool make) {
  Arena arena = {0};
  Env env = env_system();
  const char *where = command_database(config, &arena);
  Db *db = where != NULL && (make || is_there(where)) ? db_open(where, DB_WRITE) : NULL;
  if (db != NULL && !db_migrate(db, env.now_ms(env.state))) {
    db_close(db);
    db = NULL;
  }
  if (db == NULL && where != NULL) {
    bool is_file = str_starts(config->database_url, STR("sqlite:"));  // another URL may hold a password
    fprintf(stderr, "The database %s cannot be used; the log above says why.\n", is_file ? where : "postgres://...");
  }
  arena_free(&arena);
  return db;
}

Db *command_open(const Config *config) {
  return open_database(config, true);
}

Db *command_open_existing(const Config *config) {
  return open_database(config, false);
}

bool command_commit(Db *db) {
  if (!db_is_shared(db)) return db_commit(db);
  Call *call = call_new_of_nobody();
  if (call == NULL) return false;
  call_signal(call, STR(COMMITS_OUTSIDE), STR("written"), (Str){0});
  bool told = commits_add_last(db, call);
  call_free(call);
  return told && db_commit(db);
}

static bool complete(Str *secret, const char *name, Db *db, Arena *arena, const Env *env) {
  static const char FIND[] = "SELECT value FROM settings WHERE name = $1";
  static const char KEEP[] = "INSERT INTO settings(name, value) VALUES($1, $2)";
  enum { SECRET_CHARACTERS = 64 };
  if (secret->length > 0) return true;
  Rows rows = db_rows(db, FIND, sql_text(str_from(name)));
  if (rows_next(&rows)) {
    *secret = rows_text(&rows, 0, arena);
    rows_end(&rows);
    return true;
  }
  *secret = ids_random(arena, env, SECRET_CHARACTERS);
  log_warn("secrets: made one and kept it in the database; set it yourself before you run several servers", "name=%s",
           name);
  return db_run(db, KEEP, sql_text(str_from(name)), sql_text(*secret));
}

bool secrets_complete(Config *config, Db *db, Arena *arena, const Env *env) {
  if (!db_begin(db, DB_WRITE)) return false;
  bool done = complete(&config->jwt_secret, "JWT_SECRET", db, arena, env) &&
              complete(&config->cookie_secret, "COOKIE_SECRET", db, arena, env) &&
              complete(&config->ticket_secret, "TICKET_SECRET", db, arena, env);
  if (done) return db_commit(db);
  db_rollback(db);
  return false;
}
