// A kind of topic made for testing.
#include "support/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

WordsState words;

// The kind. Key 404 is not there; key 405 fails; an update of key 3 comes in three parts.

typedef struct Picture {
  int64_t key;
  int64_t seq;
  char last[64];
} Picture;

static void set_last(Picture *said, Str word) {
  snprintf(said->last, sizeof said->last, "%.*s", STR_ARG(word));
}

static bool follows(const Event *event, int64_t *key) {
  return str_starts(event->topic, STR("words:")) &&
         str_to_int((Str){event->topic.at + 6, event->topic.length - 6}, key);
}

static Error load(Call *call, int64_t key, void **picture) {
  static const char LAST[] = "SELECT seq, payload FROM events WHERE topic = $1 ORDER BY seq DESC LIMIT 1";
  ++words.loads;
  if (key == 404) return ERR_HALL_NOT_FOUND;
  if (key == 405 || words.failing) db_run(call->db, "SELECT nonsense");
  Picture *said = calloc(1, sizeof *said);
  assert_non_null(said);
  said->key = key;
  Text topic = {.arena = &call->arena};
  text_format(&topic, "words:%lld", (long long)key);
  Rows rows = db_rows(call->db, LAST, sql_text(text_str(&topic)));
  if (rows_next(&rows)) {
    said->seq = rows_int(&rows, 0);
    set_last(said, rows_peek(&rows, 1));
  }
  rows_end(&rows);
  *picture = said;
  if (!words.gated) return ERR_NONE;
  uv_sem_post(&words.at_gate);
  uv_sem_wait(&words.gate_open);
  return ERR_NONE;
}

static TopicApplied apply(void *picture, const Event *event) {
  Picture *said = picture;
  if (event->seq <= said->seq) return TOPIC_OLD;
  if (event->seq != said->seq + 1) return TOPIC_GAP;
  said->seq = event->seq;
  set_last(said, event->payload);
  return TOPIC_APPLIED;
}

static void snapshot(void *picture, TopicForm form, Text *out) {
  const Picture *said = picture;
  text_format(out, "%s%lld:%s", form == TOPIC_BINARY ? "b" : "", (long long)said->seq, said->last);
}

static TopicPart update(void *picture, TopicForm form, int64_t since, uint32_t part, Text *out) {
  const Picture *said = picture;
  if (since + 15 < said->seq || since > said->seq) return TOPIC_UNKNOWN;
  text_format(out, "%s%lld..%lld:%s", form == TOPIC_BINARY ? "b" : "", (long long)since, (long long)said->seq,
              said->last);
  if (said->key == 3) text_format(out, "/%u", part);
  return said->key == 3 && part < 2 ? TOPIC_MORE_PARTS : TOPIC_LAST_PART;
}

static int64_t seq_of(const void *picture) {
  return ((const Picture *)picture)->seq;
}

static bool poll_words(void *picture) {
  Picture *said = picture;
  if (words.poll_changes == 0) return false;
  --words.poll_changes;
  ++said->seq;
  set_last(said, STR("polled"));
  return true;
}

static void count_watched(int64_t key, int change) {
  (void)key;
  words.watched += change;
}

static const TopicKind kinds[] = {{.name = "words",
                                   .follows = follows,
                                   .load = load,
                                   .apply = apply,
                                   .snapshot = snapshot,
                                   .update = update,
                                   .seq = seq_of,
                                   .watched = count_watched,
                                   .free = free},
                                  {.name = "polled",
                                   .load = load,
                                   .snapshot = snapshot,
                                   .update = update,
                                   .seq = seq_of,
                                   .poll = poll_words,
                                   .free = free}};

// The door.

static void envelope(Text *out, TopicForm form, TopicStatus status, const char *type, Str eid, int64_t now_ms,
                     Str body) {
  static const char *const statuses[] = {"snapshot", "update", "success"};
  (void)form, (void)now_ms;
  text_format(out, "%s %s %.*s %.*s", statuses[status], type, STR_ARG(eid), STR_ARG(body));
}

static void refuse(Conn *conn, const char *type, Str eid, Error error) {
  char message[128];
  int length = snprintf(message, sizeof message, "error %s %.*s %s", type, STR_ARG(eid), error_code(error));
  ws_send(conn, WS_TEXT, (Str){message, (size_t)length});
}

static void on_served(Conn *conn) {
  (void)conn;
  ++words.served;
}

static const TopicDoor door = {.envelope = envelope, .refuse = refuse, .served = on_served};

// The loop.

static void start(Loop *loop) {
  words.topics = topics_new(loop, kinds, 2, &door);
  assert_non_null(words.topics);
}

static void turn_end(Loop *loop) {
  (void)loop;
  topics_turn_end(words.topics);
}

static void turn_sent(Loop *loop) {
  (void)loop;
  topics_turn_sent(words.topics);
}

static void stopped(Loop *loop) {
  (void)loop;
  topics_free(words.topics);
}

static void no_request(Exchange *exchange) {
  conn_kill(exchange->conn);
}

static void on_event(Loop *loop, const Event *event) {
  (void)loop;
  topics_event(words.topics, event);
}

static const LoopHooks hooks = {
    .request = no_request, .start = start, .turn_end = turn_end, .turn_sent = turn_sent, .stopped = stopped};

// Saying words.

typedef struct Say {
  int64_t key;
  Str word;
} Say;

static const Field say_fields[] = {
    {.name = "key", .kind = FIELD_ID, .offset = offsetof(Say, key), .error = ERR_VALIDATION},
    {.name = "word", .kind = FIELD_STRING, .offset = offsetof(Say, word), .max = 60, .error = ERR_VALIDATION}};

static Error run_say(Call *call, const void *input) {
  const Say *in = input;
  Text topic = {.arena = &call->arena};
  text_format(&topic, "words:%lld", (long long)in->key);
  return call_event(call, text_str(&topic), STR("said"), in->word) > 0 ? ERR_NONE : ERR_INTERNAL;
}

static const Method say_method = {
    .name = "say", .fields = say_fields, .field_count = 2, .input_bytes = sizeof(Say), .run = run_say};

void words_ask(Rig *rig, int key, const char *word, Answer *answer) {
  char json[128];
  snprintf(json, sizeof json, "{\"key\":%d,\"word\":\"%s\"}", key, word);
  rig_ask(rig, 0, &say_method, NULL, json, answer);
}

void words_say(Rig *rig, int key, const char *word) {
  Answer answer;
  words_ask(rig, key, word, &answer);
  RIG_UNTIL(rig, answer.done);
  assert_refused(answer, ERR_NONE);
}

// Subscribing.

const char words_channel[] = "words.subscribe";

Error words_watch_as(Peer *peer, int64_t key, const char *eid, TopicForm form, int64_t since, bool *waits) {
  SubscribeRequest request = {
      .kind = "words", .key = key, .type = words_channel, .eid = str_from(eid), .form = form, .since = since};
  return topic_subscribe(words.topics, peer->conn, &peer->list, &request, waits);
}

void words_watch(Peer *peer, int64_t key, const char *eid) {
  bool waits;
  assert_int_equal(words_watch_as(peer, key, eid, TOPIC_JSON, -1, &waits), ERR_NONE);
}

const char *words_hear(Peer *peer, size_t count) {
  RIG_UNTIL(peer->rig, peer_waiting(peer) >= count);
  return peer_take(peer);
}

// Setting up.

int words_begin_with(void **state, uint32_t slow_bytes) {
  words = (WordsState){0};
  assert_int_equal(uv_sem_init(&words.at_gate, 0), 0);
  assert_int_equal(uv_sem_init(&words.gate_open, 0), 0);
  *state = rig_open(&(RigSettings){.hooks = &hooks, .event = on_event, .slow_bytes = slow_bytes});
  return 0;
}

int words_begin(void **state) {
  return words_begin_with(state, 0);
}

int words_end(void **state) {
  rig_close(*state);
  assert_int_equal(words.watched, 0);
  uv_sem_destroy(&words.at_gate);
  uv_sem_destroy(&words.gate_open);
  return 0;
}
