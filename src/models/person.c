// People found by a part of their name (migrations/0007_messenger_accounts.sql).
#include "models/person.h"

enum { FOUND_MAX = 50, FEW = 2000, END_CHARACTERS = 24, NAME_CHARACTERS_MAX = 254 };

static Str small_letters(Call *call, Str text) {
  static const char SMALL[] = SQL_FORMS(
      "WITH RECURSIVE letters(place, text) AS (SELECT 1, '' UNION ALL SELECT place + 1, text ||"
      " coalesce((SELECT small FROM small_letters WHERE capital = substr($1, place, 1)), substr($1, place, 1))"
      " FROM letters WHERE place <= length($1)) SELECT text FROM letters ORDER BY place DESC LIMIT 1",
      "SELECT small_letters($1)");
  Rows rows = db_rows(call->db, SMALL, sql_text(text));
  Str small = rows_next(&rows) ? rows_text(&rows, 0, &call->arena) : (Str){0};
  rows_end(&rows);
  return small;
}

// As much of it as an end in the table can have.
static Str beginning(Str text) {
  size_t characters = 0;
  for (size_t i = 0; i < text.length; i++) {
    if (((unsigned char)text.at[i] & 0xc0) == 0x80) continue;
    if (characters++ == END_CHARACTERS) return (Str){text.at, i};
  }
  return text;
}

static void write_rows(Text *out, Rows *rows) {
  json_open(out, '[');
  while (rows_next(rows)) {
    json_open(out, '{');
    json_put_str(out, "name", rows_peek(rows, 0));
    json_put_int(out, "id", rows_int(rows, 1));
    json_close(out, '}');
  }
  json_close(out, ']');
}

// What few names contain is found by their ends, and those few are put in order. What many contain is found soon by
// going through all names in their order.
void person_write_found(Call *call, Text *out, Str part, int64_t but) {
  static const char COUNT[] =
      "SELECT count(*) FROM (SELECT 1 FROM name_ends WHERE name_end >= $1 AND name_end < $2 LIMIT $3) ends";
  // What SQLite is told of the way (CROSS JOIN, INDEXED BY) PostgreSQL sees by itself.
#define FEW_WAYS(join)                                                                                             \
  "SELECT n.name, n.user_id FROM (SELECT DISTINCT user_id FROM name_ends WHERE name_end >= $1 AND name_end < $2) " \
  "e " join                                                                                                        \
  " shown_names n ON n.user_id = e.user_id WHERE instr(n.small, $3) > 0 AND n.user_id != $4"                       \
  " ORDER BY n.small, n.user_id LIMIT $5"
#define MANY_WAYS(index)                              \
  "SELECT n.name, n.user_id FROM shown_names n" index \
  " WHERE instr(n.small, $1) > 0"                     \
  " AND n.user_id != $2 ORDER BY n.small, n.user_id LIMIT $3"
  static const char AMONG_FEW[] = SQL_FORMS(FEW_WAYS("CROSS JOIN"), FEW_WAYS("JOIN"));
  static const char AMONG_MANY[] = SQL_FORMS(MANY_WAYS(" INDEXED BY shown_names_small"), MANY_WAYS(""));
  // What is longer than any name is in none; its small letters would cost the square of its length.
  Str small = str_code_points(part) <= NAME_CHARACTERS_MAX ? small_letters(call, part) : (Str){0};
  if (small.length == 0) {
    text_add(out, STR("[]"));
    return;
  }
  Str first = beginning(small);
  Text past = {.arena = &call->arena};
  text_add(&past, first);
  text_add(&past, STR("\xf4\x8f\xbf\xbf"));  // no name holds the last code point
  SqlValue from = sql_text(first), to = sql_text(text_str(&past));
  bool few = db_int(call->db, COUNT, 0, from, to, sql_int(FEW)) < FEW;
  Rows rows = few ? db_rows(call->db, AMONG_FEW, from, to, sql_text(small), sql_int(but), sql_int(FOUND_MAX))
                  : db_rows(call->db, AMONG_MANY, sql_text(small), sql_int(but), sql_int(FOUND_MAX));
  write_rows(out, &rows);
}
