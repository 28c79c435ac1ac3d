// Changes of the lines on their way to Redis. The tables know people and concerts by numbers, whoever reads the keys by
// public ids: a reader looks them up, so that neither the memory of the line has to hold them nor the writer to find
// them.
#include "models/queue.h"
#include "models/queue_keys_private.h"

// Applies a change when Redis has all before it; gives the number up to which it is right then, -1 when it has nothing.
static const char APPLY[] =
    "local at = tonumber(redis.call('GET', KEYS[1]) or -1)\n"
    "if at < tonumber(ARGV[1]) or at >= tonumber(ARGV[2]) then return at end\n"
    "for i = 3, #ARGV, 3 do\n"
    "  local concert, user, kind, value = ARGV[i], ARGV[i + 1], ARGV[i + 2]:sub(1, 1), ARGV[i + 2]:sub(2)\n"
    "  local queue, active, slot = 'queue:concert:' .. concert, 'active:concert:' .. concert, 'slot:' .. concert .. "
    "':' .. user\n"
    "  if kind == 'w' then redis.call('ZADD', queue, value, user) else redis.call('ZREM', queue, user) end\n"
    "  if kind == 'a' then\n"
    "    redis.call('SADD', active, user)\n"
    "    redis.call('SET', slot, value, 'PXAT', value)\n"
    "  elseif kind == '' then\n"
    "    redis.call('SREM', active, user)\n"
    "    redis.call('DEL', slot)\n"
    "  end\n"
    "end\n"
    "redis.call('SET', KEYS[1], ARGV[2])\n"
    "return tonumber(ARGV[2])\n";

static Str number_text(Arena *arena, int64_t number) {
  Text text = {.arena = arena};
  text_int(&text, number);
  return text_str(&text);
}

// A double holds 53 bits of a rank's 62: arrivals are the numbers of their rows, lots keep their order below them.
Str keys_place(Arena *arena, int64_t place) {
  Text text = {.arena = arena};
  if (place == ROOM_NONE) return (Str){0};
  text_char(&text, place < 0 ? 'a' : 'w');
  text_int(&text, place < 0                     ? -place
                  : place >= QUEUE_RANK_ARRIVAL ? place - QUEUE_RANK_ARRIVAL
                                                : (place >> 9) - (INT64_C(1) << 53));
  return text_str(&text);
}

bool keys_send(const KeysChange *change, const Str *names, RedisAnswered answered) {
  Arena arena = {0};
  size_t words_count = 6 + 3 * change->count;
  Str *words = ARENA_ARRAY(&arena, Str, words_count);
  Str *word = words;
  *word++ = STR("EVAL");
  *word++ = STR(APPLY);
  *word++ = STR("1");
  *word++ = STR(KEYS_MARKER);
  *word++ = number_text(&arena, change->previous);
  *word++ = number_text(&arena, change->number);
  for (size_t i = 0; i < change->count; i++) {
    *word++ = names[2 * i];
    *word++ = names[2 * i + 1];
    *word++ = keys_place(&arena, change->places[i].place);
  }
  // What Redis must have at least, or something is missing.
  uint64_t note = (uint64_t)(change->count > 0 ? change->number : change->previous);
  bool sent = !arena.failed && redis_send_words(keys_redis(), answered, NULL, note, words, words_count);
  arena_free(&arena);
  return sent;
}

// "1,7,1,9": the concert and the person of each place.
static Str numbers_of(const KeysTaken *taken, Arena *arena) {
  Text list = {.arena = arena};
  for (size_t i = 0; i < taken->count; i++) {
    const KeysChange *change = taken->changes[i];
    for (size_t j = 0; j < change->count; j++) {
      text_list_int(&list, change->places[j].concert_id);
      text_list_int(&list, change->places[j].user_id);
    }
  }
  return text_str(&list);
}

// Their public ids, in the same order. NULL: they cannot be read.
static const Str *read_names(Call *call, const KeysTaken *taken) {
  static const char READ[] = SQL_FORMS(
      "SELECT coalesce(CASE j.key % 2 WHEN 0 THEN (SELECT public_id FROM concerts WHERE id = j.value)"
      " ELSE (SELECT public_id FROM users WHERE id = j.value) END, j.value) FROM json_each('[' || $1 || ']') j"
      " ORDER BY j.key",
      "SELECT coalesce(CASE j.nth % 2 WHEN 1 THEN (SELECT public_id FROM concerts WHERE id = j.id)"
      " ELSE (SELECT public_id FROM users WHERE id = j.id) END, j.id::TEXT)"
      " FROM unnest(string_to_array($1, ',')::BIGINT[]) WITH ORDINALITY j(id, nth) ORDER BY j.nth");
  Str *names = ARENA_ARRAY(&call->arena, Str, 2 * taken->places);
  size_t count = 0;
  Rows rows = db_rows(call->db, READ, sql_text(numbers_of(taken, &call->arena)));
  while (rows_next(&rows) && count < 2 * taken->places) names[count++] = rows_text(&rows, 0, &call->arena);
  rows_end(&rows);
  return count == 2 * taken->places && !db_failed(call->db) && !call->arena.failed ? names : NULL;
}

void keys_send_changes(Call *call) {
  KeysTaken taken = {0};
  keys_take(&taken, &call->arena);
  if (taken.count == 0) return;
  const Str *names = redis_has_room(keys_redis()) ? read_names(call, &taken) : NULL;
  bool sent = names != NULL;
  for (size_t i = 0; sent && i < taken.count; i++) {
    sent = keys_send(taken.changes[i], names, taken.mends ? keys_on_mended : keys_on_changed);
    names += 2 * taken.changes[i]->count;
  }
  if (!sent) keys_not_sent(&taken);
}
