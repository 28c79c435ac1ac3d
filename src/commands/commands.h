// What the program does when it does not serve: import, export, user, webhook, verify, migrate, ready. Each is alone on
// the database, beside a server or without one, prints what it did, and gives the exit code.
#ifndef FOYER_COMMANDS_COMMANDS_H
#define FOYER_COMMANDS_COMMANDS_H

#include "core/config.h"
#include "core/db.h"
#include "shared/time.h"

int command_import(const Config *config, int count, char **words);
int command_export(const Config *config, int count, char **words);
int command_user(const Config *config, int count, char **words);
int command_webhook(const Config *config, int count, char **words);
int command_concert(const Config *config, int count, char **words);
int command_rehearse(const Config *config, int count, char **words);
int command_verify(const Config *config, int count, char **words);
int command_migrate(const Config *config, int count, char **words);
int command_ready(const Config *config, int count, char **words);

// How each is called: whole lines, for --help and for those who call it wrongly.
extern const char command_import_usage[];
extern const char command_export_usage[];
extern const char command_user_usage[];
extern const char command_webhook_usage[];
extern const char command_concert_usage[];
extern const char command_rehearse_usage[];
extern const char command_verify_usage[];
extern const char command_migrate_usage[];
extern const char command_ready_usage[];

// Opens the configured database for a command and brings its schema up to date. NULL (told on standard error).
Db *command_open(const Config *config);
// The same for a command that makes no sense without a database: one that is not there is told, and not made.
Db *command_open_existing(const Config *config);
// Commits, and leaves word of it to servers on the same database. A file tells them itself.
bool command_commit(Db *db);
// Where a server that listens there answers on its own machine.
Str command_own_url(Arena *arena, const char *host, int port);
// What db_open takes for DATABASE_URL, in the arena; NULL (told) when it is another kind of URL.
const char *command_database(const Config *config, Arena *arena);

// Fills an empty database with the demo venue; true when it did or there was nothing to do.
bool demo_fill(Db *db, const Config *config, const Env *env);
// Puts the demo's concerts on sale, the first with `seats` tickets in all (0: 15,000). False when the database failed.
bool demo_fill_concerts(Db *db, Arena *arena, const Env *env, int64_t seats);
// The hall whose numbered seats are sold.
#define DEMO_CONCERT_HALL "Grand Opera"
// Makes the secrets that are not configured and keeps them in the database, or reads the kept ones. Texts in the arena.
bool secrets_complete(Config *config, Db *db, Arena *arena, const Env *env);

#endif
