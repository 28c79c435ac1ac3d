// Messages found by their words: by FTS5 in SQLite, by a tsvector and the functions message_... of its schema in
// PostgreSQL, where a message is indexed as it comes.
#include "models/message_search.h"

#include <string.h>

#include "models/message.h"

// In front of what stands for a person or a dialog in the index: U+E000, which is in nobody's words.
#define OWN_WORD "\xee\x80\x80"

// Upkeep.

// One step of merging the index's segments; false: there is nothing to merge.
static bool merge(Db *db) {
  static const char MERGE[] = "INSERT INTO message_words(message_words, rank) VALUES('merge', 24)";
  int64_t changes = db_total_changes(db);
  db_run(db, MERGE);
  return db_total_changes(db) - changes > 1;  // Source: https://sqlite.org/fts5.html#the_merge_command
}

bool message_index_next(Call *call) {
  enum { NEXT_MAX = 128 };
  static const char NEXT[] = SQL_FORMS(
      "SELECT count(*), coalesce(max(id), 0) FROM (SELECT id FROM messages WHERE id > (SELECT indexed_to FROM"
      " message_index) ORDER BY id LIMIT 128)",
      "SELECT 0, 0");
  static const char ADD_NEXT[] =
      "INSERT INTO message_words(rowid, people, text) SELECT id, people, text FROM message_texts WHERE"
      " id > (SELECT indexed_to FROM message_index) AND id <= $1";
  static const char NOTE[] = "UPDATE message_index SET indexed_to = $1";
  int64_t count = 0;
  int64_t last = 0;
  Rows rows = db_rows(call->db, NEXT);
  while (rows_next(&rows)) {
    count = rows_int(&rows, 0);
    last = rows_int(&rows, 1);
  }
  if (count == 0) return false;
  if (merge(call->db)) return true;  // first, or segments come faster than they are merged
  db_run(call->db, ADD_NEXT, sql_int(last));
  db_run(call->db, NOTE, sql_int(last));
  return count == NEXT_MAX;
}

void message_index_drop(Db *db, int64_t message_id) {
  static const char DROP[] = SQL_FORMS(
      "INSERT INTO message_words(message_words, rowid, people, text) SELECT 'delete', id, people, text FROM"
      " message_texts WHERE id = $1 AND id <= (SELECT indexed_to FROM message_index)",
      "DELETE FROM message_words WHERE id = $1");
  db_run(db, DROP, sql_int(message_id));
}

void message_index_add(Db *db, int64_t message_id) {
  static const char ADD[] = SQL_FORMS(
      "INSERT INTO message_words(rowid, people, text) SELECT id, people, text FROM message_texts WHERE id = $1 AND"
      " id <= (SELECT indexed_to FROM message_index)",
      "INSERT INTO message_words(id, words) SELECT id, message_vector(people, text) FROM message_texts WHERE id = $1");
  db_run(db, ADD, sql_int(message_id));
}

// Searching.

// A word in the quotes of FTS5, in which everything but a quote is what it is.
static void add_quoted(Text *out, Str word) {
  text_char(out, '"');
  for (size_t i = 0; i < word.length; i++) {
    if (word.at[i] == '"') text_char(out, '"');
    text_char(out, word.at[i]);
  }
  text_char(out, '"');
}

static bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// What FTS5 is asked: the person's messages, and in them every word. Of beginnings of one letter there would be no end.
static Str expression(Arena *arena, const MessageSearch *search, bool begins) {
  Text out = {.arena = arena};
  text_format(&out, "people : \"" OWN_WORD "u%lld\"", (long long)search->user_id);
  if (search->dialog_id != 0) text_format(&out, " AND people : \"" OWN_WORD "d%lld\"", (long long)search->dialog_id);
  text_add(&out, STR(" AND text : ("));
  Str rest = str_trim(search->words);
  while (rest.length > 0) {
    size_t length = 0;
    while (length < rest.length && !is_space(rest.at[length])) length++;
    Str word = {rest.at, length};
    rest = str_trim((Str){rest.at + length, rest.length - length});
    add_quoted(&out, word);
    if (rest.length == 0 && begins && str_code_points(word) > 1) text_add(&out, STR(" *"));
    text_char(&out, ' ');
  }
  text_char(&out, ')');
  return text_str(&out);
}

// The marks are bytes that are in no UTF-8.
enum { MARK_BEGIN = 0xff, MARK_END = 0xfe, LEAD_OF_FOUR = 0xf0 };

// Where the words stand in a marked text: [[from, to], ...], as JavaScript counts.
static Str marks_of(Arena *arena, Str marked) {
  Text out = {.arena = arena};
  int64_t at = 0;
  json_open(&out, '[');
  for (size_t i = 0; i < marked.length; i++) {
    unsigned char byte = (unsigned char)marked.at[i];
    if (byte == MARK_BEGIN) {
      json_open(&out, '[');
      json_add_int(&out, at);
    } else if (byte == MARK_END) {
      json_add_int(&out, at);
      json_close(&out, ']');
    } else if ((byte & 0xc0) != 0x80) {
      at += byte >= LEAD_OF_FOUR ? 2 : 1;
    }
  }
  json_close(&out, ']');
  return text_str(&out);
}

// Writes what is found; gives how many, and the id of the last.
static int64_t write_found(Call *call, Text *out, const MessageSearch *search, bool begins, int64_t *last) {
  // PostgreSQL gives the marks themselves: its texts are valid UTF-8 always.
  static const char FIND[] = SQL_FORMS(
      "SELECT rowid, highlight(message_words, 1, CAST(x'ff' AS TEXT), CAST(x'fe' AS TEXT)), NULL FROM message_words"
      " WHERE message_words MATCH $1 AND rowid < $2 ORDER BY rowid DESC LIMIT $3",
      "WITH found AS MATERIALIZED (SELECT id FROM message_words WHERE words @@ message_query($1) AND id < $2)"
      " SELECT id, NULL, message_marks(text, $1) FROM (SELECT id FROM found ORDER BY id DESC LIMIT $3) newest"
      " JOIN messages USING (id) ORDER BY id DESC");
  int64_t count = 0;
  if (str_trim(search->words).length == 0) return 0;
  Rows rows = db_rows(call->db, FIND, sql_text(expression(&call->arena, search, begins)), sql_int(search->before),
                      sql_int(search->take));
  while (rows_next(&rows)) {
    Message message;
    *last = rows_int(&rows, 0);
    ++count;
    bool found = message_find(call->db, &call->arena, *last, &message);
    bool own = found && (message.sender_id == search->user_id || message.receiver_id == search->user_id);
    if (!own) continue;  // the index has said so already; nobody's privacy hangs on it alone
    message.marks =
        rows_is_null(&rows, 2) ? marks_of(&call->arena, rows_peek(&rows, 1)) : rows_text(&rows, 2, &call->arena);
    message_write(out, &message);
  }
  return count;
}

void message_search(Call *call, Text *out, const MessageSearch *search) {
  int64_t last = 0;
  json_open(out, '{');
  json_name(out, "messages");
  json_open(out, '[');
  db_limit_work(call->db, search->work);
  int64_t count = write_found(call, out, search, true, &last);
  bool partial = db_work_is_spent(call->db);
  if (partial && count == 0) {  // the beginnings of the last word were too many: that word itself
    db_limit_work(call->db, search->work);
    count = write_found(call, out, search, false, &last);
  }
  db_limit_work(call->db, 0);
  json_close(out, ']');
  json_name(out, "next");
  if (count == search->take && count > 0) {
    json_add_int(out, last);
  } else {
    json_add_null(out);
  }
  json_put_bool(out, "partial", partial);
  json_close(out, '}');
}
