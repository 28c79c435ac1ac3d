// foyer webhook: endpoints of others that are told of bookings.
#include <stdio.h>
#include <string.h>

#include "commands/commands.h"
#include "models/webhook.h"

static int add(Db *db, Arena *arena, Str url) {
  Env env = env_system();
  Str secret;
  if (!webhook_url_valid(url)) {
    fprintf(stderr, "%.*s: must begin with https:// or http://\n", STR_ARG(url));
    return 1;
  }
  if (!webhook_add(db, arena, &env, url, &secret)) return 1;
  printf("%.*s\n", STR_ARG(secret));
  return 0;
}

static int remove_one(Db *db, Str url) {
  if (webhook_remove(db, url)) return 0;
  fprintf(stderr, "%.*s is not among them; see foyer webhook list\n", STR_ARG(url));
  return 1;
}

static int list(Db *db) {
  static const char LIST[] = "SELECT url, disabled_at IS NOT NULL FROM webhooks ORDER BY id";
  Rows rows = db_rows(db, LIST);
  while (rows_next(&rows)) {
    Str url = rows_peek(&rows, 0);
    printf("%.*s%s\n", STR_ARG(url), rows_int(&rows, 1) != 0 ? "  (disabled: it could not be told; add it again)" : "");
  }
  return 0;
}

static int run(Db *db, Arena *arena, int count, char **words) {
  if (count == 1) return list(db);
  return strcmp(words[0], "add") == 0 ? add(db, arena, str_from(words[1])) : remove_one(db, str_from(words[1]));
}

const char command_webhook_usage[] =
    "usage: foyer webhook add URL       tells an endpoint of bookings, and prints its secret\n"
    "       foyer webhook list\n"
    "       foyer webhook remove URL\n";

int command_webhook(const Config *config, int count, char **words) {
  bool lists = count == 1 && strcmp(words[0], "list") == 0;
  bool changes = count == 2 && (strcmp(words[0], "add") == 0 || strcmp(words[0], "remove") == 0);
  if (!lists && !changes) {
    fputs(command_webhook_usage, stderr);
    return 2;
  }
  Arena arena = {0};
  Db *db = command_open(config);
  int code = 1;
  if (db != NULL && db_begin(db, DB_WRITE)) {
    code = run(db, &arena, count, words);
    if (code == 0 && !command_commit(db)) code = 1;
    if (code != 0) db_rollback(db);
  }
  db_close(db);
  arena_free(&arena);
  return code;
}
