// The thread that speaks to Redis: two connections to one primary, of which one carries the commands, many under way at
// once, and one listens. Both are given up together, and made anew at whichever address is a primary then.
#include "core/redis.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "core/log.h"
#include "core/redis_line.h"

enum {
  COMMANDS_MAX = 32768,  // that have no answer yet
  BYTES_MAX = 16 << 20,  // of theirs
  UNSENT_MAX = 1 << 20,  // handed to the line at a time
  CONNECT_MS = 1000,
  ANSWER_MS = 2000,  // a line that leaves a command without its answer for longer is given up
  PROMPT_MS = 100,
  BEAT_MS = 1000,
  AGAIN_MS = 100,  // first wait before the next try to connect; doubles
  AGAIN_MAX_MS = 5000,
  FLUSH_MS = 200
};
#define MS_NS UINT64_C(1000000)

typedef struct Command {
  struct Command *next;
  RedisAnswered answered;
  void *arg;
  uint64_t note;
  uint64_t left_ns;  // when it was left here
  size_t bytes;
  char *text;  // as it goes over the line; hiredis's
} Command;

typedef struct Commands {
  Command *first;
  Command **tail;
} Commands;

struct Redis {
  RedisSettings settings;
  Arena arena;  // of the URL
  RedisUrl url;
  SSL_CTX *tls;
  uv_thread_t thread;
  bool started;
  int wake;  // an eventfd
  _Atomic bool stops;
  _Atomic bool here;
  _Atomic uint64_t oldest_ns;  // when the oldest command without an answer was left; 0: there is none
  _Atomic uint32_t waiting;
  _Atomic size_t waiting_bytes;
  _Atomic uint64_t sent, dropped, faults, connects, heard;
  uv_mutex_t lock;
  Commands left;  // not yet with the line; under the lock

  // Of the thread.
  RedisLine *line;
  RedisLine *ear;
  Commands asked;  // handed to the line, in the order of their answers
  uint64_t beat_ns;
  uint64_t ear_heard_ns;  // when the listening line was last known to live
  int tries;              // to connect, since a line last lived for a while
  uint64_t away_ns;       // since when it is away; 0: it is not, or was never here
  char at[80];            // the address of the last try
  char told[240];         // what was last logged of why it is away
};

// Commands.

static void append(Commands *list, Command *command) {
  command->next = NULL;
  if (list->first == NULL) list->tail = &list->first;
  *list->tail = command;
  list->tail = &command->next;
}

static Command *take_first(Commands *list) {
  Command *command = list->first;
  if (command != NULL) list->first = command->next;
  return command;
}

static void free_command(Redis *redis, Command *command) {
  atomic_fetch_sub(&redis->waiting, 1);
  atomic_fetch_sub(&redis->waiting_bytes, command->bytes);
  redisFreeCommand(command->text);
  free(command);
}

static bool drop(Redis *redis) {
  atomic_fetch_add(&redis->dropped, 1);
  return false;
}

static bool takes(const Redis *redis) {
  return atomic_load(&redis->here) && atomic_load(&redis->waiting) < COMMANDS_MAX &&
         atomic_load(&redis->waiting_bytes) < BYTES_MAX;
}

// Takes `text` over.
static bool leave(Redis *redis, RedisAnswered answered, void *arg, uint64_t note, char *text, int bytes) {
  Command *command = bytes > 0 ? malloc(sizeof *command) : NULL;
  if (command == NULL) {
    if (bytes > 0) redisFreeCommand(text);
    return drop(redis);
  }
  *command = (Command){
      .answered = answered, .arg = arg, .note = note, .left_ns = uv_hrtime(), .bytes = (size_t)bytes, .text = text};
  atomic_fetch_add(&redis->waiting, 1);
  atomic_fetch_add(&redis->waiting_bytes, command->bytes);
  uint64_t none = 0;
  atomic_compare_exchange_strong(&redis->oldest_ns, &none, command->left_ns);
  uv_mutex_lock(&redis->lock);
  bool first = redis->left.first == NULL;
  append(&redis->left, command);
  uv_mutex_unlock(&redis->lock);
  if (first) eventfd_write(redis->wake, 1);
  return true;
}

bool redis_send(Redis *redis, RedisAnswered answered, void *arg, uint64_t note, const char *format, ...) {
  char *text = NULL;
  va_list values;
  if (redis == NULL) return false;
  if (!takes(redis)) return drop(redis);
  va_start(values, format);
  int bytes = redisvFormatCommand(&text, format, values);
  va_end(values);
  return leave(redis, answered, arg, note, text, bytes);
}

bool redis_send_words(Redis *redis, RedisAnswered answered, void *arg, uint64_t note, const Str *words, size_t count) {
  char *text = NULL;
  Arena arena = {0};
  if (redis == NULL) return false;
  if (!takes(redis)) return drop(redis);
  const char **at = ARENA_ARRAY(&arena, const char *, count);
  size_t *lengths = ARENA_ARRAY(&arena, size_t, count);
  for (size_t i = 0; i < count; i++) {
    at[i] = words[i].at;
    lengths[i] = words[i].length;
  }
  int bytes = arena.failed ? -1 : redisFormatCommandArgv(&text, (int)count, at, lengths);
  arena_free(&arena);
  return leave(redis, answered, arg, note, text, bytes);
}

bool redis_answers(const Redis *redis) {
  if (redis == NULL || !atomic_load(&redis->here)) return false;
  uint64_t oldest_ns = atomic_load(&redis->oldest_ns);
  return oldest_ns == 0 || uv_hrtime() < oldest_ns + PROMPT_MS * MS_NS;
}

bool redis_has_room(const Redis *redis) {
  return redis != NULL && atomic_load(&redis->here) && atomic_load(&redis->waiting) < COMMANDS_MAX / 2 &&
         atomic_load(&redis->waiting_bytes) < BYTES_MAX / 2;
}

RedisFigures redis_figures(const Redis *redis) {
  if (redis == NULL) return (RedisFigures){0};
  return (RedisFigures){.here = redis->here,
                        .sent = redis->sent,
                        .dropped = redis->dropped,
                        .faults = redis->faults,
                        .connects = redis->connects,
                        .heard = redis->heard,
                        .waiting = redis->waiting};
}

// Losing it.

static void drop_all(Redis *redis, Commands *list) {
  for (Command *command; (command = take_first(list)) != NULL;) {
    drop(redis);
    free_command(redis, command);
  }
}

// Once for each reason, however often it is tried.
static void tell_away(Redis *redis, const char *reason) {
  char told[sizeof redis->told];
  snprintf(told, sizeof told, "at=%s reason=\"%s\"", redis->at, reason);
  if (strcmp(told, redis->told) == 0) return;
  memcpy(redis->told, told, sizeof told);
  log_warn("redis: away, all goes on without it", "%s", told);
}

static void hang_up(Redis *redis) {
  redis_line_close(redis->line);
  redis_line_close(redis->ear);
  redis->line = redis->ear = NULL;
}

static void drop_what_was_left(Redis *redis) {
  uv_mutex_lock(&redis->lock);
  Commands left = redis->left;
  redis->left.first = NULL;
  uv_mutex_unlock(&redis->lock);
  drop_all(redis, &left);
  atomic_store(&redis->oldest_ns, 0);
}

static void lose(Redis *redis, const char *reason) {
  atomic_store(&redis->here, false);
  tell_away(redis, reason);
  redis->away_ns = uv_hrtime();
  hang_up(redis);
  drop_all(redis, &redis->asked);
  drop_what_was_left(redis);
}

// Finding it.

static bool listen_there(Redis *redis, const RedisPlace *place, Arena *arena, const char **reason) {
  char *command = NULL;
  redis->ear = redis_line_open(&redis->url, place, redis->tls, CONNECT_MS, arena, reason);
  if (redis->ear == NULL) return false;
  int bytes = redisFormatCommand(&command, "SUBSCRIBE %s", redis->settings.channel);
  bool added = bytes > 0 && redis_line_add(redis->ear, command, (size_t)bytes);
  if (bytes > 0) redisFreeCommand(command);
  return added && redis_line_turn(redis->ear, reason);
}

static void note_here(Redis *redis) {
  uint64_t now_ns = uv_hrtime();
  drop_what_was_left(redis);  // by who thought it was here still
  log_info("redis: here", "at=%s away_ms=%" PRIu64, redis->at,
           redis->away_ns != 0 ? (now_ns - redis->away_ns) / MS_NS : 0);
  redis->told[0] = '\0';
  redis->ear_heard_ns = now_ns;
  redis->beat_ns = 0;
  atomic_fetch_add(&redis->connects, 1);
}

// Tries one address. Sentinel is not asked: whatever it, or anybody else, has made the primary is found by looking.
static void connect_there(Redis *redis, const RedisPlace *place, bool last) {
  Arena arena = {0};
  const char *reason = "no memory";
  snprintf(redis->at, sizeof redis->at, "%s:%s", place->host, place->port);
  redis->line = redis_line_open(&redis->url, place, redis->tls, CONNECT_MS, &arena, &reason);
  bool found = redis->line != NULL && listen_there(redis, place, &arena, &reason);
  if (found) {
    note_here(redis);
  } else {
    log_debug("redis: not there", "at=%s reason=\"%s\"", redis->at, reason);
    if (last) tell_away(redis, reason);
    hang_up(redis);
  }
  arena_free(&arena);
}

static void connect_anywhere(Redis *redis) {
  int count = redis->url.place_count;
  for (int i = 0; i < count && redis->line == NULL && !atomic_load(&redis->stops); i++)
    connect_there(redis, &redis->url.places[i], i + 1 == count);
}

// Before any but the first: doubling, and never two processes in step.
static void wait_for_next_try(Redis *redis) {
  if (redis->tries++ == 0) return;
  int64_t wait_ms = AGAIN_MS << (redis->tries < 8 ? redis->tries - 2 : 6);
  if (wait_ms > AGAIN_MAX_MS) wait_ms = AGAIN_MAX_MS;
  wait_ms = wait_ms / 2 + (int64_t)randombytes_uniform((uint32_t)(wait_ms / 2) + 1);
  struct pollfd waited = {.fd = redis->wake, .events = POLLIN};  // only redis_stop wakes it while nothing is taken
  eventfd_t woken;
  if (poll(&waited, 1, (int)wait_ms) > 0) eventfd_read(redis->wake, &woken);
}

// A turn.

static bool hand_over(Redis *redis) {
  while (redis_line_unsent(redis->line) < UNSENT_MAX) {
    uv_mutex_lock(&redis->lock);
    Command *command = take_first(&redis->left);
    uv_mutex_unlock(&redis->lock);
    if (command == NULL) break;
    if (!redis_line_add(redis->line, command->text, command->bytes)) {
      append(&redis->asked, command);
      return false;
    }
    append(&redis->asked, command);
    atomic_fetch_add(&redis->sent, 1);
  }
  return true;
}

static RedisAnswer answer_of(const redisReply *reply) {
  switch (reply->type) {
    case REDIS_REPLY_INTEGER:
      return (RedisAnswer){.kind = REDIS_INTEGER, .integer = reply->integer};
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      return (RedisAnswer){.kind = REDIS_TEXT, .text = {reply->str, reply->len}};
    case REDIS_REPLY_ERROR:
      return (RedisAnswer){.kind = REDIS_FAULT, .text = {reply->str, reply->len}};
    default:
      return (RedisAnswer){.kind = REDIS_NOTHING};
  }
}

// What makes the whole line useless: a primary that was demoted, one that forgot us or is not ready.
static const char *end_of_line(const RedisAnswer *answer) {
  static const char *const ends[] = {"READONLY", "NOAUTH", "LOADING", "MASTERDOWN"};
  if (answer->kind != REDIS_FAULT) return NULL;
  for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
    if (memmem(answer->text.at, answer->text.length, ends[i], strlen(ends[i])) != NULL) return ends[i];
  }
  return NULL;
}

static void note_oldest(Redis *redis) {
  uv_mutex_lock(&redis->lock);
  const Command *oldest = redis->asked.first != NULL ? redis->asked.first : redis->left.first;
  atomic_store(&redis->oldest_ns, oldest != NULL ? oldest->left_ns : 0);
  uv_mutex_unlock(&redis->lock);
}

static bool take_answers(Redis *redis, const char **reason) {
  redisReply *reply;
  while ((reply = redis_line_take(redis->line, reason)) != NULL) {
    Command *command = take_first(&redis->asked);
    RedisAnswer answer = answer_of(reply);
    *reason = command == NULL ? "an answer to nothing" : end_of_line(&answer);
    if (answer.kind == REDIS_FAULT) atomic_fetch_add(&redis->faults, 1);
    const char *role = reply->type == REDIS_REPLY_ARRAY ? redis_role_of(reply) : NULL;
    if (role != NULL && strcmp(role, "master") != 0) *reason = "it is no primary any more";
    if (*reason == NULL && command->answered != NULL) command->answered(command->arg, command->note, &answer);
    if (command != NULL) free_command(redis, command);
    freeReplyObject(reply);
    if (*reason != NULL) return false;
  }
  note_oldest(redis);
  return *reason == NULL;
}

// ["message", channel, text]; what else comes only shows that the line lives.
static bool take_messages(Redis *redis, const char **reason) {
  redisReply *reply;
  while ((reply = redis_line_take(redis->ear, reason)) != NULL) {
    redis->ear_heard_ns = uv_hrtime();
    bool told = reply->type == REDIS_REPLY_ARRAY && reply->elements == 3 &&
                reply->element[0]->type == REDIS_REPLY_STRING && strcmp(reply->element[0]->str, "message") == 0 &&
                reply->element[2]->type == REDIS_REPLY_STRING;
    if (told) {
      atomic_fetch_add(&redis->heard, 1);
      redis->settings.heard(redis->settings.arg, (Str){reply->element[2]->str, reply->element[2]->len});
    }
    bool fault = reply->type == REDIS_REPLY_ERROR;
    freeReplyObject(reply);
    if (fault) *reason = "it does not let us listen";
    if (fault) return false;
  }
  return *reason == NULL;
}

// Asks on both lines whether somebody is there, and whether that is still a primary.
static bool beat(Redis *redis, uint64_t now_ns) {
  if (redis->beat_ns != 0 && now_ns - redis->beat_ns < BEAT_MS * MS_NS) return true;
  bool came = redis->beat_ns == 0;
  redis->beat_ns = now_ns;
  if (came) atomic_store(&redis->here, true);
  if (!came) redis->tries = 0;
  redis_send(redis, NULL, NULL, 0, "HELLO 2");
  redis->settings.beat(redis->settings.arg, came);
  return redis_line_add(redis->ear, "PING\r\n", 6);
}

static const char *find_silence(const Redis *redis, uint64_t now_ns) {
  uint64_t oldest_ns = atomic_load(&redis->oldest_ns);
  if (oldest_ns != 0 && now_ns > oldest_ns + ANSWER_MS * MS_NS) return "no answer in time";
  return now_ns > redis->ear_heard_ns + (BEAT_MS + ANSWER_MS) * MS_NS ? "the line that listens is silent" : NULL;
}

static int wait_ms(const Redis *redis, uint64_t now_ns) {
  uint64_t next_ns = redis->beat_ns + BEAT_MS * MS_NS;
  uint64_t oldest_ns = atomic_load(&redis->oldest_ns);
  if (oldest_ns != 0 && oldest_ns + ANSWER_MS * MS_NS < next_ns) next_ns = oldest_ns + ANSWER_MS * MS_NS;
  return next_ns > now_ns ? (int)((next_ns - now_ns) / MS_NS) + 1 : 0;
}

static void turn(Redis *redis) {
  eventfd_t woken;
  const char *reason = NULL;
  if (!beat(redis, uv_hrtime()) || !hand_over(redis)) {
    lose(redis, "no memory");
    return;
  }
  bool lives = redis_line_turn(redis->line, &reason) && take_answers(redis, &reason) &&
               redis_line_turn(redis->ear, &reason) && take_messages(redis, &reason);
  if (lives) reason = find_silence(redis, uv_hrtime());
  if (reason != NULL) {
    lose(redis, reason);
    return;
  }
  struct pollfd waited[] = {{.fd = redis_line_socket(redis->line), .events = redis_line_events(redis->line)},
                            {.fd = redis_line_socket(redis->ear), .events = redis_line_events(redis->ear)},
                            {.fd = redis->wake, .events = POLLIN}};
  poll(waited, 3, wait_ms(redis, uv_hrtime()));
  if ((waited[2].revents & POLLIN) != 0) eventfd_read(redis->wake, &woken);
}

static void run(void *arg) {
  Redis *redis = arg;
  while (!atomic_load(&redis->stops)) {
    if (redis->line == NULL) {
      wait_for_next_try(redis);
      connect_anywhere(redis);
    } else {
      turn(redis);
    }
  }
  uint64_t until_ns = uv_hrtime() + FLUSH_MS * MS_NS;
  while (redis->line != NULL && atomic_load(&redis->waiting) > 0 && uv_hrtime() < until_ns) turn(redis);
  arena_free_spare();
}

// Life.

static SSL_CTX *new_tls(void) {
  SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
  if (tls == NULL) return NULL;
  SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
  SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
  SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_default_verify_paths(tls);  // the system's, or SSL_CERT_FILE's
  return tls;
}

Redis *redis_new(Str url, const char **fault) {
  Redis *redis = calloc(1, sizeof *redis);
  *fault = "cannot be used: no memory";
  if (redis == NULL) return NULL;
  redis->wake = -1;
  if (uv_mutex_init(&redis->lock) != 0) abort();  // nothing was promised yet
  if (redis_url_read(&redis->arena, url, &redis->url, fault)) {
    redis->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (redis->url.tls) redis->tls = new_tls();
    if (redis->wake >= 0 && (redis->tls != NULL || !redis->url.tls)) return redis;
    *fault = "cannot be used: no memory or no descriptors";
  }
  redis_free(redis);
  return NULL;
}

bool redis_start(Redis *redis, const RedisSettings *settings) {
  redis->settings = *settings;
  int fault = uv_thread_create(&redis->thread, run, redis);
  redis->started = fault == 0;
  if (fault != 0) log_error("redis: no thread", "reason=\"%s\"", uv_strerror(fault));
  return redis->started;
}

// Finding a name may take as long as it likes: then the thread is left behind, and everything that it has.
void redis_stop(Redis *redis) {
  enum { STOP_MS = 2000 };  // much more than FLUSH_MS, as the machine may be busy
  struct timespec until;
  atomic_store(&redis->stops, true);
  eventfd_write(redis->wake, 1);
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_nsec += STOP_MS * 1000000L;
  until.tv_sec += until.tv_nsec / 1000000000;
  until.tv_nsec %= 1000000000;
  if (redis->started && pthread_timedjoin_np(redis->thread, NULL, &until) == 0) redis->started = false;
}

void redis_free(Redis *redis) {
  if (redis == NULL || redis->started) return;
  hang_up(redis);
  drop_all(redis, &redis->asked);
  drop_what_was_left(redis);
  SSL_CTX_free(redis->tls);
  if (redis->wake >= 0) close(redis->wake);
  uv_mutex_destroy(&redis->lock);
  arena_free(&redis->arena);
  free(redis);
}
