// foyer user: accounts made and changed by an operator.
#include <stdio.h>
#include <string.h>

#include "commands/commands.h"
#include "core/auth.h"
#include "models/account.h"
#include "models/user.h"
#include "shared/ids.h"

static bool role_of(const char *word, bool *staff) {
  *staff = strcmp(word, "staff") == 0;
  return *staff || strcmp(word, "visitor") == 0;
}

static int add(Db *db, Arena *arena, Str name, bool staff) {
  Env env = env_system();
  int64_t now_ms = env.now_ms(env.state);
  User user;
  if (user_find(db, arena, name, &user)) {
    fprintf(stderr, "There is already somebody called %.*s.\n", STR_ARG(name));
    return 1;
  }
  Str secret = ids_random(arena, &env, AUTH_TOTP_SECRET_BYTES);
  bool added = user_add(db, ids_public(arena, &env), name, secret, 0, now_ms) != 0 &&
               (!staff || user_set_role(db, name, true, now_ms));
  if (!added) return 1;
  Str shown = ids_base32(arena, secret.at, secret.length);
  printf("%.*s, %s\nauthenticator secret: %.*s\n", STR_ARG(name), staff ? "staff" : "visitor", STR_ARG(shown));
  printf("otpauth://totp/SeatsSync%%20%.*s?secret=%.*s\n", STR_ARG(name), STR_ARG(shown));
  return 0;
}

static int set_role(Db *db, Str name, bool staff) {
  Env env = env_system();
  if (!user_set_role(db, name, staff, env.now_ms(env.state))) {
    fprintf(stderr, "There is nobody called %.*s, or that e-mail is not proved.\n", STR_ARG(name));
    return 1;
  }
  printf("%.*s is %s now\n", STR_ARG(name), staff ? "staff" : "a visitor");
  return 0;
}

const char command_user_usage[] =
    "usage: foyer user add NAME [visitor|staff]    makes an account and shows its authenticator secret\n"
    "       foyer user role WHO visitor|staff      changes what somebody (a username or an e-mail) may do\n";

int command_user(const Config *config, int count, char **words) {
  bool staff = false;
  bool adds = count >= 2 && strcmp(words[0], "add") == 0;
  bool sets = count == 3 && strcmp(words[0], "role") == 0;
  bool good = (adds && count <= 3) || sets;
  if (good && count == 3) good = role_of(words[2], &staff);
  if (!good) {
    fputs(command_user_usage, stderr);
    return 2;
  }
  Str name = str_from(words[1]);
  bool by_email = sets && strchr(words[1], '@') != NULL;
  if (!by_email && !user_name_valid(name)) {
    fprintf(stderr, "%s: %s\n", words[1], error_prose(ERR_INVALID_USERNAME));
    return 1;
  }
  Arena arena = {0};
  if (by_email) name = account_email(&arena, name);
  Db *db = command_open(config);
  int code = 1;
  if (db != NULL && db_begin(db, DB_WRITE)) {
    code = adds ? add(db, &arena, name, staff) : set_role(db, name, staff);
    if (code == 0 && !command_commit(db)) code = 1;
    if (code != 0) db_rollback(db);
  }
  db_close(db);
  arena_free(&arena);
  return code;
}
