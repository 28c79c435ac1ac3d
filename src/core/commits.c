// Commits as rows: an event's numbers in decimals, its texts in hexadecimal digits (payloads may be the bytes of
// structs), each field with a space behind it.
#include "core/commits.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"

// Rises with the form of a row, and with that of any payload which is not JSON: another form's is not understood.
enum { FORM = 2, ROWS_AT_ONCE = 200 };
enum { KEPT = 10000, FORGOTTEN_AT_ONCE = 100 };

int64_t commits_last(Db *db) {
  static const char LAST[] = "SELECT coalesce(max(number), 0) FROM commits";
  return db_int(db, LAST, -1);
}

// Writing.

static void add_text(Text *out, Str text) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < text.length; i++) {
    text_char(out, digits[(unsigned char)text.at[i] >> 4]);
    text_char(out, digits[(unsigned char)text.at[i] & 0xf]);
  }
  text_char(out, ' ');
}

static void add_int(Text *out, int64_t value) {
  text_int(out, value);
  text_char(out, ' ');
}

static void add_change(Text *out, const FastChange *change) {
  add_int(out, change->kind);
  add_text(out, change->key);
  add_text(out, change->value);
  add_int(out, change->by);
  add_int(out, change->window_ms);
  add_int(out, change->at_ms);
}

bool commits_add(Db *db, int64_t number, const Call *calls, bool notify, bool *added) {
  static const char ADD[] = "INSERT INTO commits(number, form, events, remembers) VALUES($1, $2, $3, $4)";
  static const char ADD_AND_NOTIFY[] =
      "INSERT INTO commits(number, form, events, remembers) SELECT $1, $2, $3, $4"
      " FROM pg_notify('foyer_commits', $1::BIGINT::TEXT)";
  static const char FORGET[] = "DELETE FROM commits WHERE number <= $1";
  Arena arena = {0};
  Text events = {.arena = &arena};
  Text remembers = {.arena = &arena};
  for (const Call *call = calls; call != NULL; call = call->next) {
    for (const Event *event = call->events; event != NULL; event = event->next) {
      add_int(&events, event->seq);
      add_int(&events, event->at_ms);
      add_text(&events, event->topic);
      add_text(&events, event->kind);
      add_text(&events, event->payload);
    }
    for (const FastChange *change = call->remembers; change != NULL; change = change->next)
      add_change(&remembers, change);
  }
  *added = events.length > 0 || remembers.length > 0;
  if (*added && !arena.failed) {
    db_send(db, notify ? ADD_AND_NOTIFY : ADD, sql_int(number), sql_int(FORM), sql_text(text_str(&events)),
            sql_text(text_str(&remembers)));
    if (number % FORGOTTEN_AT_ONCE == 0) db_send(db, FORGET, sql_int(number - KEPT));
  }
  bool done = !arena.failed && !db_failed(db);
  arena_free(&arena);
  return done;
}

bool commits_add_last(Db *db, const Call *call) {
  bool added;
  int64_t last = commits_last(db);
  return last >= 0 && commits_add(db, last + 1, call, true, &added);
}

// Reading.

static bool take_field(Str *from, Str *field) {
  const char *end = from->length > 0 ? memchr(from->at, ' ', from->length) : NULL;
  if (end == NULL) return false;
  *field = (Str){from->at, (size_t)(end - from->at)};
  from->length -= field->length + 1;
  from->at = end + 1;
  return true;
}

static bool take_int(Str *from, int64_t *value) {
  Str field;
  if (!take_field(from, &field)) return false;
  *value = strtoll(field.at, NULL, 10);  // ends at the space behind it
  return true;
}

static int digit(char c) {
  return c >= 'a' ? c - 'a' + 10 : c - '0';
}

static bool take_text(Arena *arena, Str *from, Str *text) {
  Str field;
  if (!take_field(from, &field) || field.length % 2 != 0) return false;
  char *at = ARENA_ARRAY(arena, char, field.length / 2 + 1);
  for (size_t i = 0; i < field.length / 2; i++)
    at[i] = (char)(digit(field.at[2 * i]) << 4 | digit(field.at[2 * i + 1]));
  *text = (Str){at, field.length / 2};
  return true;
}

static bool take_event(Call *call, Str *from) {
  Event *event = ARENA_NEW(&call->arena, Event);
  *call->events_tail = event;
  call->events_tail = &event->next;
  return take_int(from, &event->seq) && take_int(from, &event->at_ms) && take_text(&call->arena, from, &event->topic) &&
         take_text(&call->arena, from, &event->kind) && take_text(&call->arena, from, &event->payload);
}

static bool take_change(Call *call, Str *from) {
  FastChange *change = call_add_change(call);
  int64_t kind = 0;
  bool good = take_int(from, &kind) && take_text(&call->arena, from, &change->key) &&
              take_text(&call->arena, from, &change->value) && take_int(from, &change->by) &&
              take_int(from, &change->window_ms) && take_int(from, &change->at_ms);
  change->kind = (FastChangeKind)kind;
  return good;
}

static Call *read_commit(Str events, Str remembers) {
  Call *call = call_new_of_nobody();
  if (call == NULL) return NULL;
  bool good = true;
  while (good && events.length > 0) good = take_event(call, &events);
  while (good && remembers.length > 0) good = take_change(call, &remembers);
  if (good && !call->arena.failed) return call;
  call_free(call);
  return NULL;
}

static void free_all(Call *calls) {
  for (Call *next; calls != NULL; calls = next) {
    next = calls->next;
    call_free(calls);
  }
}

CommitsFound commits_read(Db *db, int64_t *seen, Call **calls) {
  static const char READ[] =
      "SELECT number, form, events, remembers FROM commits WHERE number > $1 ORDER BY number LIMIT $2";
  Call **tail = calls;
  *calls = NULL;
  int64_t number = *seen;
  bool known = true;
  Rows rows = db_rows(db, READ, sql_int(number), sql_int(ROWS_AT_ONCE));
  while (known && rows_next(&rows)) {
    Call *call = rows_int(&rows, 1) == FORM ? read_commit(rows_peek(&rows, 2), rows_peek(&rows, 3)) : NULL;
    known = call != NULL && rows_int(&rows, 0) == ++number;
    if (call == NULL) continue;
    *tail = call;
    tail = &call->next;
  }
  rows_end(&rows);
  if (known && !db_failed(db)) {
    *seen = number;
    return *calls != NULL ? COMMITS_SOME : COMMITS_NONE;
  }
  free_all(*calls);
  *calls = NULL;
  int64_t last = db_failed(db) ? -1 : commits_last(db);
  if (last < 0) return COMMITS_FAILED;
  log_warn("commits: some are unknown, everything is read anew", "seen=%" PRId64 " last=%" PRId64, *seen, last);
  *seen = last;
  return COMMITS_LOST;
}
