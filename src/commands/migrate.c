// foyer migrate: a venue that has outgrown its file goes into PostgreSQL, whole or not at all.
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands/commands.h"
#include "commands/verify.h"
#include "core/db_move.h"

#define FILL_WORDS "INSERT INTO message_words(id, words) SELECT id, message_vector(people, text) FROM message_texts"

// Every other table that is on one side only, or column, is an error.
static const DbMoveApart apart[] = {
    {.table = "migrations", .stays = true},          // the steps of its own schema
    {.table = "message_words", .fill = FILL_WORDS},  // the index of the search: FTS5 in the file
    {.table = "message_index"},                      // up to where the file has indexed; PostgreSQL does so at once
    {.table = "small_letters"},                      // a function in PostgreSQL
    {.table = "commits"},                            // what processes on one PostgreSQL tell each other
    {.table = "outbox", .column = "taken_until"},    // no process has anything on its way
    {.table = NULL},
};

static void tell(const char *what, int64_t rows, uint64_t ms) {
  if (rows < 0) {
    fprintf(stderr, "  %-32s %12s %10.1f s\n", what, "", (double)ms / 1000);
  } else {
    fprintf(stderr, "  %-32s %12" PRId64 " rows %5.1f s\n", what, rows, (double)ms / 1000);
  }
}

static bool refuse(const DbMove *move) {
  fprintf(stderr, "Not moved: %.*s.\n", STR_ARG(move->fault));
  return false;
}

// What is broken in the file, too, was not broken by the move.
static bool holds(const DbMove *move, size_t invariant) {
  Finding there = verify_one(move->to, invariant);
  if (there != VERIFY_BROKEN) return there == VERIFY_HOLDS;
  printf("The same, in the file:\n");
  return verify_one(move->from, invariant) == VERIFY_BROKEN;
}

static bool verify(const DbMove *move) {
  printf("The invariants, in PostgreSQL:\n");
  size_t held = 0;
  while (held < verify_count() && holds(move, held)) held++;
  fflush(stdout);
  if (held == verify_count()) return true;
  fprintf(stderr, "Not moved: what holds in the file would not hold in PostgreSQL.\n");
  return false;
}

static bool move_all(DbMove *move) {
  Env env = env_system();
  if (!db_move_check(move)) return refuse(move);
  if (!db_migrate(move->to, env.now_ms(env.state)) || !db_begin(move->from, DB_READ) || !db_begin(move->to, DB_WRITE)) {
    move->fault = STR("the PostgreSQL database cannot be written to; the log above says why");
    return refuse(move);
  }
  bool moved = db_move(move) || refuse(move);
  if (!moved || !verify(move)) {
    db_rollback(move->to);
    return false;
  }
  if (db_commit(move->to)) return true;
  fputs(
      "Whether it is moved is not known: the connection was lost at the very end. Run this again: it refuses when the\n"
      "venue is there.\n",
      stderr);
  return false;
}

static void say_what_follows(const DbMove *move, const char *path) {
  if (move->replaced > 0) {
    printf("%" PRId64 " characters that PostgreSQL cannot hold (U+0000, bytes that are no UTF-8) are U+FFFD now.\n",
           move->replaced);
    printf("The first of them: %.*s.\n", STR_ARG(move->first_replaced));
  }
  printf("Moved: %" PRId64 " rows, each read back and compared.\n", move->rows);
  printf(
      "Next: DATABASE_URL=postgres://... (the address given here), every other option as it was; then foyer serve.\n");
  printf("Put %s away: nothing writes to it any more.\n", path);
}

static bool open_both(DbMove *move, const char *path, const char *url) {
  if (access(path, F_OK) != 0) {
    fprintf(stderr, "Not moved: there is no file %s.\n", path);
    return false;
  }
  move->from = db_open(path, DB_MOVE);
  if (move->from == NULL) {
    fprintf(stderr, "Not moved: %s must be had alone, and cannot. Stop the server and whatever else has it open.\n",
            path);
    return false;
  }
  move->to = db_open(url, DB_MOVE);
  if (move->to == NULL)
    fprintf(stderr, "Not moved: the PostgreSQL database cannot be reached; the log above says why.\n");
  return move->to != NULL;
}

const char command_migrate_usage[] =
    "usage: foyer migrate sqlite:PATH postgres://...    moves a venue from its file into an empty PostgreSQL database\n"
    "The server is stopped meanwhile. The file is only read. In the end all is there, or nothing: interrupted at any\n"
    "moment, it is run again. The other way, from PostgreSQL to a file, is not supported.\n";

int command_migrate(const Config *config, int count, char **words) {
  (void)config;
  Str scheme = STR("sqlite:");
  bool good =
      count == 2 && str_starts(str_from(words[0]), scheme) &&
      (str_starts(str_from(words[1]), STR("postgres://")) || str_starts(str_from(words[1]), STR("postgresql://")));
  if (!good) {
    fputs(command_migrate_usage, stderr);
    return 2;
  }
  if (sodium_init() < 0) return 1;
  setlinebuf(stdout);  // each check is told when it was made
  const char *path = words[0] + scheme.length;
  DbMove move = {.apart = apart, .told = tell};
  bool moved = open_both(&move, path, words[1]) && move_all(&move);
  if (moved) say_what_follows(&move, path);
  db_close(move.from);
  db_close(move.to);
  arena_free(&move.arena);
  return moved ? 0 : 1;
}
