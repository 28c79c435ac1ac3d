// Calls: their memory, the decoding of their input by its table, and the recording of their events.
#include "core/call.h"

#include <string.h>

Identity identity_copy(Arena *arena, const Identity *identity) {
  Identity copy = *identity;
  copy.username = str_copy(arena, identity->username);
  copy.public_id = str_copy(arena, identity->public_id);
  copy.sid = str_copy(arena, identity->sid);
  return copy;
}

Call *call_new_of_nobody(void) {
  Arena arena = {0};
  Call *call = ARENA_NEW(&arena, Call);
  call->arena = arena;
  if (arena.failed) {
    call_free(call);
    return NULL;
  }
  call->reply.arena = &call->arena;
  call->events_tail = &call->events;
  call->remembers_tail = &call->remembers;
  return call;
}

Call *call_new_own(Loop *loop) {
  Call *call = call_new_of_nobody();
  if (call == NULL) return NULL;
  call->loop = loop;
  call->fast = loop->fast;
  call->config = loop->config;
  call->env = loop->env;
  call->now_ms = loop->now_ms;
  return call;
}

Call *call_new(Loop *loop, Conn *conn) {
  Call *call = call_new_own(loop);
  if (call != NULL) call->conn = conn_ref(conn);
  return call;
}

void call_free(Call *call) {
  if (call == NULL) return;
  Arena arena = call->arena;
  arena_free(&arena);
}

size_t call_list_length(const Call *calls) {
  size_t length = 0;
  for (; calls != NULL; calls = calls->next) ++length;
  return length;
}

static bool decode_ids(Call *call, const Json *value, const Field *field, IdList *out) {
  size_t count = json_count(value);
  if (!json_is_array(value) || (int64_t)count < field->min || (int64_t)count > field->max) return false;
  int64_t *ids = ARENA_ARRAY(&call->arena, int64_t, count);
  size_t at = 0;
  for (const Json *item = json_first(value); item != NULL; item = json_next(item), at++) {
    if (!json_int(item, &ids[at]) || ids[at] < 1) return false;
  }
  *out = (IdList){ids, count};
  return true;
}

// Texts are copied: the message they stand in is gone when the call runs.
static bool is_public_id(Str text) {
  enum { PUBLIC_ID_DIGITS = 24 };
  for (size_t i = 0; i < text.length; i++) {
    char c = text.at[i];
    if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')) return false;
  }
  return text.length == PUBLIC_ID_DIGITS;
}

// As far as a look can tell: something, an @, a domain with a dot, no white space or control characters.
static bool is_email(Str text) {
  enum { EMAIL_BYTES_MAX = 254 };
  const char *at = text.length > 0 ? memchr(text.at, '@', text.length) : NULL;
  if (at == NULL || at == text.at || text.length > EMAIL_BYTES_MAX) return false;
  Str domain = {at + 1, text.length - (size_t)(at + 1 - text.at)};
  for (size_t i = 0; i < text.length; i++) {
    unsigned char c = (unsigned char)text.at[i];
    if (c <= ' ' || c == 0x7f || strchr("()<>,;:\\\"[]", c) != NULL) return false;
  }
  const char *dot = domain.length > 0 ? memchr(domain.at, '.', domain.length) : NULL;
  return dot != NULL && dot != domain.at && domain.at[domain.length - 1] != '.' &&
         memchr(domain.at, '@', domain.length) == NULL;
}

static bool decode_email(Call *call, const Json *value, Str *out) {
  Str text;
  if (!json_str(value, &text) || !is_email(str_trim(text))) return false;
  *out = str_lower(&call->arena, str_trim(text));
  return true;
}

static bool decode_field(Call *call, const Json *value, const Field *field, void *out) {
  Str text = {0};
  int64_t number = 0;
  double any = 0;
  if (field->optional && (value == NULL || json_is_null(value))) return true;
  switch (field->kind) {
    case FIELD_ID:
      return json_int(value, out) && *(int64_t *)out >= 1;
    case FIELD_INT:
      if (!json_int(value, &number) || number < field->min || number > field->max) return false;
      *(int64_t *)out = number;
      return true;
    case FIELD_NUMBER:
      json_int(value, out);
      return json_double(value, &any);
    case FIELD_FLAG:
      return json_is_bool(value, out);
    case FIELD_PUBLIC_ID:
      if (!json_str(value, &text) || !is_public_id(text)) return false;
      *(Str *)out = str_copy(&call->arena, text);
      return true;
    case FIELD_EMAIL:
      return decode_email(call, value, out);
    case FIELD_STRING:
      if (!json_str(value, &text)) return false;
      *(Str *)out = str_copy(&call->arena, text);
      number = (int64_t)str_code_points(text);
      return number >= field->min && number <= field->max;
    case FIELD_ANY_STRING:
      if (json_str(value, &text)) *(Str *)out = str_copy(&call->arena, text);
      return true;
    case FIELD_ID_LIST:
      return decode_ids(call, value, field, out);
    case FIELD_WORD:
      if (value == NULL || json_is_null(value)) return true;
      if (!json_str(value, &text)) return false;
      *(Str *)out = str_copy(&call->arena, text);
      return true;
  }
  return false;
}

Error call_decode(Call *call, const Json *data) {
  const Method *method = call->method;
  call->input = arena_alloc(&call->arena, method->input_bytes > 0 ? method->input_bytes : 1);
  for (uint16_t i = 0; i < method->field_count; i++) {
    const Field *field = &method->fields[i];
    const Json *value = json_get(data, field->name);
    if (decode_field(call, value, field, (char *)call->input + field->offset)) {
      if (field->given > 0) *((bool *)call->input + field->given) = value != NULL && !json_is_null(value);
      continue;
    }
    call->bad_field = field;
    return field->error;
  }
  return ERR_NONE;
}

static void add_event(Call *call, Event event) {
  Event *kept = ARENA_NEW(&call->arena, Event);
  *kept = event;
  *call->events_tail = kept;
  call->events_tail = &kept->next;
}

// The last seqs that this thread has given in its transaction: nobody else gives any meanwhile.
enum { TOPICS_KEPT = 128, TOPIC_BYTES = 40 };
typedef struct KeptSeq {
  char topic[TOPIC_BYTES];
  size_t topic_bytes;
  int64_t seq;
} KeptSeq;

static _Thread_local struct {
  uint64_t epoch;
  size_t count;  // so far; the newest TOPICS_KEPT are there
  KeptSeq topics[TOPICS_KEPT];
} kept;

static KeptSeq *find_kept(Str topic) {
  for (size_t i = 0; i < kept.count && i < TOPICS_KEPT; i++) {
    KeptSeq *one = &kept.topics[i];
    if (one->topic_bytes == topic.length && memcmp(one->topic, topic.at, topic.length) == 0) return one;
  }
  return NULL;
}

static void keep_seq(Str topic, int64_t seq) {
  if (topic.length > TOPIC_BYTES) return;
  KeptSeq *one = &kept.topics[kept.count++ % TOPICS_KEPT];
  memcpy(one->topic, topic.at, topic.length);
  one->topic_bytes = topic.length;
  one->seq = seq;
}

static void forget_older(Db *db) {
  if (kept.epoch != db_epoch(db)) kept.count = 0;
  kept.epoch = db_epoch(db);
}

// 0: the database failed.
static int64_t next_seq(Db *db, Str topic) {
  static const char LAST[] = "SELECT seq FROM events WHERE topic = $1 ORDER BY seq DESC LIMIT 1";
  forget_older(db);
  KeptSeq *found = find_kept(topic);
  if (found != NULL) return ++found->seq;
  int64_t seq = db_int(db, LAST, 0, sql_text(topic)) + 1;
  if (db_failed(db)) return 0;
  if (seq > 0) keep_seq(topic, seq);
  return seq;
}

static bool is_among(Str topic, const Str *topics, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (str_equal(topics[i], topic)) return true;
  }
  return false;
}

void call_events_ahead(Db *db, Arena *arena, const Str *topics, size_t count) {
  static const char AHEAD[] =
      "SELECT n.topic, coalesce((SELECT seq FROM events WHERE topic = n.topic ORDER BY seq DESC LIMIT 1), 0)"
      " FROM unnest(string_to_array($1, ',')) AS n(topic)";
  Text list = {.arena = arena};
  forget_older(db);
  size_t listed = 0;
  for (size_t i = 0; i < count && listed < TOPICS_KEPT; i++) {
    if (is_among(topics[i], topics, i)) continue;
    if (listed++ > 0) text_char(&list, ',');
    text_add(&list, topics[i]);
  }
  if (listed == 0) return;
  Rows rows = db_rows(db, AHEAD, sql_text(text_str(&list)));
  while (rows_next(&rows)) {
    if (find_kept(rows_peek(&rows, 0)) == NULL) keep_seq(rows_peek(&rows, 0), rows_int(&rows, 1));
  }
  rows_end(&rows);
}

int64_t call_event(Call *call, Str topic, Str kind, Str payload) {
  static const char ADD[] = SQL_FORMS("INSERT INTO events(topic, seq, at, kind, payload) VALUES($1, $2, $3, $4, $5)",
                                      "INSERT INTO events(topic, seq, at, kind, payload) SELECT * FROM"
                                      " unnest($1::TEXT[], $2::BIGINT[], $3::BIGINT[], $4::TEXT[], $5::TEXT[])");
  int64_t seq = next_seq(call->db, topic);
  if (seq > 0)
    db_gather(call->db, ADD, sql_text(topic), sql_int(seq), sql_int(call->now_ms), sql_text(kind), sql_text(payload));
  if (db_failed(call->db)) return 0;
  add_event(call, (Event){.topic = topic, .seq = seq, .at_ms = call->now_ms, .kind = kind, .payload = payload});
  return seq;
}

void call_effect(Call *call, const char *kind, Str key, Str payload, int64_t due_ms) {
  static const char ADD[] =
      "INSERT INTO outbox(kind, key, payload, created_at, due_at) VALUES($1, $2, $3, $4, $5) ON CONFLICT (key) DO "
      "NOTHING";
  db_run(call->db, ADD, sql_text(str_from(kind)), sql_text(key), sql_text(payload), sql_int(call->now_ms),
         sql_int(due_ms));
  call->has_effects = true;
}

FastChange *call_add_change(Call *call) {
  FastChange *change = ARENA_NEW(&call->arena, FastChange);
  *change = (FastChange){.at_ms = call->now_ms};
  *call->remembers_tail = change;
  call->remembers_tail = &change->next;
  return change;
}

static void note(Call *call, FastChangeKind kind, Str key, Str value, int64_t by, int64_t window_ms) {
  FastChange *change = call_add_change(call);
  change->kind = kind;
  change->key = key;
  change->value = value;
  change->by = by;
  change->window_ms = window_ms;
}

void call_remember(Call *call, Str key, Str value, int64_t window_ms) {
  if (!fast_put(call->fast, key, value, call->now_ms + window_ms)) call->arena.failed = true;  // the call fails
  note(call, FAST_PUT, key, value, 0, window_ms);
}

void call_forget(Call *call, Str key) {
  note(call, FAST_REMOVED, key, (Str){0}, 0, 0);
}

int64_t call_count(Call *call, Str key, int64_t by, int64_t window_ms) {
  if (by != 0) note(call, FAST_COUNTED, key, (Str){0}, by, window_ms);
  return fast_count(call->fast, key, by, window_ms, call->now_ms);
}

void call_at_end(Call *call, void (*run)(Call *call, int64_t key), int64_t key) {
  for (const CallEnd *end = call->ends; end != NULL; end = end->next) {
    if (end->run == run && end->key == key) return;
  }
  CallEnd *end = ARENA_NEW(&call->arena, CallEnd);
  *end = (CallEnd){call->ends, run, key};
  call->ends = end;
}

void call_signal(Call *call, Str topic, Str kind, Str payload) {
  add_event(call, (Event){.topic = topic, .at_ms = call->now_ms, .kind = kind, .payload = payload});
}
