// foyer: starts what was asked for on the command line.
#include <malloc.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "commands/commands.h"
#include "controllers/messenger_socket.h"
#include "core/commits.h"
#include "core/crash.h"
#include "core/log.h"
#include "core/mailer.h"
#include "core/outbox.h"
#include "core/redis.h"
#include "core/store.h"
#include "models/presence.h"
#include "models/presence_elsewhere.h"
#include "models/queue_keys.h"
#include "models/waiting_room.h"
#include "registry.h"

enum {
  COURIERS_GRACE_MS = 1000,
  GRACE_MS = 3500,  // both together within the five seconds that a stop may take
  LOOPS_MAX = 64,
  BATCH_MAX = 256,
  BATCH_MS = 5,
  SHARED_BATCH_MS = 25,  // its statements take longer, and so does its commit
  WS_MESSAGE_BYTES = 1024 * 1024,
  WS_FRAGMENTS = 4096,
  KEPT_BYTES = 16 << 20,   // of what a thread has given back to malloc,
  LARGE_BYTES = 32 << 20,  // and of that nothing of this size (glibc's most)
};

// Serving.

static LoopSettings loop_settings(const Config *config, int loops) {
  return (LoopSettings){
      .http = {.head_bytes = 16 * 1024,
               .headers = 100,
               .target_bytes = 8 * 1024,
               .body_bytes = 100 * 1024,
               .large_path = MESSENGER_SOCKET_PATH,
               .large_body_bytes = MESSENGER_SOCKET_BODY_BYTES},
      .ws = {.message_bytes = WS_MESSAGE_BYTES, .fragments = WS_FRAGMENTS, .deflate = true},
      .connections_max = (uint32_t)(config->connections_max / loops) + 1,
      .head_timeout_ms = (uint32_t)config->head_timeout_ms,
      .body_timeout_ms = (uint32_t)config->body_timeout_ms,
      .idle_timeout_ms = (uint32_t)config->idle_timeout_ms,
      .write_timeout_ms = (uint32_t)config->write_timeout_ms,
      .slow_bytes = (uint32_t)config->slow_client_bytes,
  };
}

static int loop_count(const Config *config) {
  if (config->loops > 0) return (int)config->loops;
  cpu_set_t cores;
  int count = sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 1;
  return count > 2 ? (count - 1 < LOOPS_MAX ? count - 1 : LOOPS_MAX) : 1;
}

static bool start_loops(Loop *loops, int count, Store *store, Outbox *outbox, Fast *fast, const Config *config,
                        const char *host, Arena *arena) {
  LoopSettings settings = loop_settings(config, count);
  int port = (int)config->port;
  store_set_loops(store, loops, count);
  for (int i = 0; i < count; i++) {
    if (!loop_init(&loops[i], i, &registry_hooks, &settings, env_system())) return false;
    loops[i].store = store;
    loops[i].all = loops;
    loops[i].all_count = count;
    loops[i].fast = fast;
    loops[i].config = config;
    if (!loop_listen(&loops[i], host, port, &port)) return false;
    bool second = config->ws_port != config->port && config->ws_port != 0;
    if (second && !loop_listen(&loops[i], host, (int)config->ws_port, NULL)) return false;
  }
  // The couriers speak to the built-in test provider, which is this server.
  if (!outbox_start(outbox, loops, count, command_own_url(arena, host, port))) return false;
  for (int i = 0; i < count; i++) {
    if (!loop_start(&loops[i])) return false;
  }
  const char *shown = strcmp(host, "::") == 0 || strcmp(host, "127.0.0.1") == 0 ? "localhost" : host;
  printf("foyer is on http://%s:%d\n", shown, port);
  fflush(stdout);
  log_info("foyer: serving", "host=%s port=%d loops=%d", host, port, count);
  return true;
}

// Opens the database, brings it up to date and fills in what is missing. False (told) when it cannot.
static bool prepare_database(Config *config, Arena *arena, int64_t *seen, int64_t **hall_ids, size_t *hall_count) {
  static const char COUNT[] = "SELECT count(*) FROM halls";
  static const char HALLS[] = "SELECT id FROM halls ORDER BY id";
  Env env = env_system();
  Db *db = command_open(config);
  if (db == NULL) return false;
  // Before anything is read into memory. Alone one counts on from a number that no earlier process has come to.
  *seen = db_is_shared(db) ? commits_last(db) : env.now_ms(env.state) * 1000;
  bool done = secrets_complete(config, db, arena, &env) && (!config->demo || demo_fill(db, config, &env)) &&
              waiting_room_load(db, config, env.now_ms(env.state));
  *hall_count = (size_t)db_int(db, COUNT, 0);
  *hall_ids = ARENA_ARRAY(arena, int64_t, *hall_count);
  Rows rows = db_rows(db, HALLS);
  for (size_t i = 0; i < *hall_count && rows_next(&rows); i++) (*hall_ids)[i] = rows_int(&rows, 0);
  rows_end(&rows);
  db_close(db);
  return done;
}

static void warn_of_payments(const Config *config, Arena *arena) {
  const struct {
    const char *name;
    bool set;
  } settings[] = {{"STRIPE_SECRET_KEY", config->stripe_secret_key.length > 0},
                  {"STRIPE_PUBLISHABLE_KEY", config->stripe_publishable_key.length > 0},
                  {"STRIPE_WEBHOOK_SECRET", config->stripe_webhook_secret.length > 0}};
  enum { SETTINGS = sizeof settings / sizeof settings[0] };
  Text missing = {.arena = arena};
  int set = 0;
  for (int i = 0; i < SETTINGS; i++) {
    if (settings[i].set) {
      ++set;
    } else {
      text_format(&missing, missing.length > 0 ? ",%s" : "%s", settings[i].name);
    }
  }
  if (set > 0 && set < SETTINGS) {
    log_warn("payments: Stripe is set in part", "missing=%.*s", STR_ARG(text_str(&missing)));
  }
  if (!settings[0].set && !config->demo) {
    log_warn("payments: the built-in test provider serves, no money is moved", "missing=%s", settings[0].name);
  }
}

// What is wrong with the options, though one can serve with them.
static void warn_of_options(const Config *config, Arena *arena) {
  const char *fault;
  if (!mail_folder_ready(arena, config, &fault)) {
    log_warn("mail: MAIL_DIR cannot be written, mails will wait", "folder=%.*s reason=\"%s\"",
             STR_ARG(config->mail_dir), fault);
  }
  if (config->concert_id.length > 0 && waiting_room_concert((Str){0}) == 0) {
    log_warn("concert: CONCERT_ID names none; see foyer concert list", "id=%.*s", STR_ARG(config->concert_id));
  }
}

// Redis.

static void heard(void *store, Str message) {
  int64_t number;
  if (str_to_int(message, &number)) store_heard(store, number);
}

static void beat(void *store, bool came) {
  (void)store;
  queue_keys_beat(came);
}

// NULL when there is none; false (told): REDIS_URL cannot be read.
static bool open_redis(const Config *config, int64_t seen, Redis **redis) {
  const char *fault = NULL;
  Env env = env_system();
  *redis = config->redis_url.length > 0 ? redis_new(config->redis_url, &fault) : NULL;
  if (fault != NULL) fprintf(stderr, "REDIS_URL: %s\n", fault);
  bool shared = str_starts(config->database_url, STR("postgres"));
  queue_keys_begin(&(QueueKeysSettings){.redis = *redis, .seen = seen, .shared = shared, .wake = registry_look_at_keys},
                   &env);
  return fault == NULL;
}

static bool start_redis(Redis *redis, Store *store) {
  RedisSettings settings = {.channel = COMMITS_CHANNEL, .heard = heard, .beat = beat, .arg = store};
  return redis == NULL || redis_start(redis, &settings);
}

static void wait_for_stop(const sigset_t *stop) {
  int signal_number;
  while (sigwait(stop, &signal_number) != 0) continue;
  log_info("foyer: stopping", "signal=%s", signal_number == SIGTERM ? "SIGTERM" : "SIGINT");
}

// Goes on serving for a while, but has balancers send nothing more, and those who stay go. A second signal ends it.
static void drain(Loop *loops, int count, const Config *config, const sigset_t *stop) {
  if (config->drain_ms == 0) return;
  const struct timespec limit = {config->drain_ms / 1000, config->drain_ms % 1000 * 1000000};
  log_info("foyer: draining", "ms=%lld", (long long)config->drain_ms);
  for (int i = 0; i < count; i++) loop_leave(&loops[i], (uint32_t)config->drain_ms);
  sigtimedwait(stop, NULL, &limit);
}

// What has been used is kept for the next to come. By itself malloc has the kernel take back each large piece, and all
// that is free above 128 KB: a search that needs a few MB for a moment would get them anew each time, 4 KB by 4 KB.
static void keep_memory(void) {
  mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
  mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
}

static int serve(Config *config) {
  static Loop loops[LOOPS_MAX];
  static Arena arena;
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop, NULL);
  keep_memory();
  int64_t seen;
  int64_t *hall_ids;
  size_t hall_count;
  if (sodium_init() < 0) return 1;  // chooses what this processor does best
  if (!prepare_database(config, &arena, &seen, &hall_ids, &hall_count)) return 1;
  warn_of_options(config, &arena);
  registry_warm_halls(hall_ids, hall_count);
  const char *path = command_database(config, &arena);
  Outbox *outbox =
      outbox_new(&(OutboxSettings){.path = path, .kinds = registry_effects, .kind_count = registry_effect_count});
  Fast *fast = fast_new();
  Redis *redis;
  if (outbox == NULL || fast == NULL || !open_redis(config, seen, &redis)) return 1;
  fast_share_rates(fast, redis, config->cookie_secret);
  StoreSettings settings = {.path = path,
                            .queue_max = (uint32_t)config->queue_max,
                            .batch_max = BATCH_MAX,
                            .batch_ms = BATCH_MS,
                            .shared_batch_ms = SHARED_BATCH_MS,
                            .readers = (int)config->readers,
                            .event = registry_event,
                            .fast = fast,
                            .redis = redis,
                            .committed = registry_committed,
                            .seen = seen,
                            .last = elsewhere_take_leave,
                            .numbered = queue_keys_numbered,
                            .effects = outbox_wake,
                            .couriers = outbox,
                            .changed_outside = registry_changed_outside};
  Store *store = store_start(&settings);
  const char *host = config->demo ? "127.0.0.1" : "::";
  if (config->host.length > 0) host = str_zero(&arena, config->host);
  int count = loop_count(config);
  if (store == NULL || !start_loops(loops, count, store, outbox, fast, config, host, &arena)) return 1;
  if (!start_redis(redis, store)) return 1;
  warn_of_payments(config, &arena);
  wait_for_stop(&stop);
  drain(loops, count, config, &stop);
  outbox_stop(outbox, COURIERS_GRACE_MS);
  for (int i = 0; i < count; i++) loop_stop(&loops[i], GRACE_MS);
  for (int i = 0; i < count; i++) loop_join(&loops[i]);
  store_stop(store);
  if (redis != NULL) redis_stop(redis);
  for (int i = 0; i < count; i++) loop_free(&loops[i]);
  store_free(store);
  outbox_free(outbox);
  fast_free(fast);
  redis_free(redis);
  queue_keys_free();
  waiting_room_free();
  presence_free();
  arena_free(&arena);
  log_info("foyer: stopped", "clean=%d", 1);
  return 0;
}

// The command line.

static const char serve_usage[] = "usage: foyer serve    serves; foyer alone does too\n";
static const char env_example_usage[] = "usage: foyer env-example    prints a commented .env\n";

static void print_options(FILE *out) {
  fputs("Options, from the environment or the file .env:\n", out);
  config_print_help(out);
}

static void print_help(FILE *out) {
  fputs(
      "foyer, a live venue in one server\n\n"
      "  foyer serve                          serve (the default)\n"
      "  foyer import FILE [--cinema NAME] [--hall NAME]\n"
      "                                       add a hall from a seating plan (.json or .csv)\n"
      "  foyer export HALL FILE               write a hall's plan (.json or .csv; - prints the JSON)\n"
      "  foyer user add NAME [visitor|staff]  make an account and show its authenticator secret\n"
      "  foyer user role NAME|E-MAIL visitor|staff\n"
      "                                       change what somebody may do\n"
      "  foyer webhook add|remove URL         tell an endpoint of bookings (prints its secret), or stop that\n"
      "  foyer webhook list                   the endpoints\n"
      "  foyer concert add|import|open|close|list\n"
      "                                       put a concert on sale; foyer concert says how\n"
      "  foyer rehearse [--buyers N] [--concert ID] [--think SECONDS] [--url URL]\n"
      "                                       play an on-sale against a running copy with the test provider\n"
      "  foyer verify                         check the invariants on the data\n"
      "  foyer migrate sqlite:PATH postgres://...\n"
      "                                       move a venue from its file into PostgreSQL\n"
      "  foyer ready                          ask the server here whether it is ready (exit code 0)\n"
      "  foyer env-example                    print a commented .env\n"
      "  foyer COMMAND --help                 how a command is called\n\n",
      out);
  print_options(out);
}

static int command_serve(const Config *config, int count, char **words) {
  (void)words;
  Config own = *config;
  if (count == 0) return serve(&own);
  fputs(serve_usage, stderr);
  return 2;
}

static int command_env_example(const Config *config, int count, char **words) {
  (void)config;
  (void)words;
  if (count == 0) {
    config_print_env_example(stdout);
    return 0;
  }
  fputs(env_example_usage, stderr);
  return 2;
}

typedef struct Command {
  const char *name;
  const char *usage;
  int (*run)(const Config *config, int count, char **words);
} Command;

static const Command commands[] = {{"serve", serve_usage, command_serve},
                                   {"import", command_import_usage, command_import},
                                   {"export", command_export_usage, command_export},
                                   {"user", command_user_usage, command_user},
                                   {"webhook", command_webhook_usage, command_webhook},
                                   {"concert", command_concert_usage, command_concert},
                                   {"rehearse", command_rehearse_usage, command_rehearse},
                                   {"verify", command_verify_usage, command_verify},
                                   {"migrate", command_migrate_usage, command_migrate},
                                   {"ready", command_ready_usage, command_ready},
                                   {"env-example", env_example_usage, command_env_example}};

// The command of that name; NULL (told) when there is none.
static const Command *find_command(const char *name) {
  for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
    if (strcmp(name, commands[i].name) == 0) return &commands[i];
  }
  fprintf(stderr, "foyer: there is no command \"%s\"; see foyer --help\n", name);
  return NULL;
}

static bool asks_help(const char *word) {
  return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static bool wants_help(int count, char **words) {
  for (int i = 2; i < count; i++) {
    if (asks_help(words[i])) return true;
  }
  return false;
}

static void print_command_help(const Command *command) {
  fputs(command->usage, stdout);
  if (command->run != command_serve) return;
  fputc('\n', stdout);
  print_options(stdout);
}

static bool set_log_level(const Config *config) {
  LogLevel level;
  bool known = log_level_from(config->log_level, &level);
  if (known) {
    log_set_level(level);
  } else {
    fprintf(stderr, "LOG_LEVEL=%.*s: must be debug, info, warn, error or off\n", STR_ARG(config->log_level));
  }
  return known;
}

int main(int count, char **words) {
  if (count == 2 && (asks_help(words[1]) || strcmp(words[1], "help") == 0)) {
    print_help(stdout);
    return 0;
  }
  const Command *command = find_command(count > 1 ? words[1] : "serve");
  if (command == NULL) return 2;
  if (wants_help(count, words)) {
    print_command_help(command);
    return 0;
  }
  int word_count = count > 2 ? count - 2 : 0;
  if (command->run == command_env_example) return command_env_example(NULL, word_count, words + 2);  // asks no options
  Arena arena = {0};
  Config config;
  int code = 2;
  if (config_load(&config, &arena, stderr) && set_log_level(&config)) {
    signal(SIGPIPE, SIG_IGN);
    tzset();  // mails tell local times: the zone is read before there are threads
    crash_arm();
    signal(SIGXFSZ, SIG_IGN);  // past a limit on the size of files, writing is an error and not the end
    code = command->run(&config, word_count, words + 2);
  }
  arena_free(&arena);
  return code;
}
