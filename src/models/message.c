// Messages in the tables.
#include "models/message.h"

#include "models/dialog.h"
#include "models/message_search.h"

#define MESSAGE_COLUMNS                                                                                        \
  "SELECT id, dialog_id, seq, sender_id, receiver_id, text, created_at, updated_at, is_updated, is_read FROM " \
  "messages "

static Message read_message(const Rows *rows) {
  return (Message){.id = rows_int(rows, 0),
                   .dialog_id = rows_int(rows, 1),
                   .seq = rows_int(rows, 2),
                   .sender_id = rows_int(rows, 3),
                   .receiver_id = rows_int(rows, 4),
                   .text = rows_peek(rows, 5),
                   .created_at = rows_int(rows, 6),
                   .updated_at = rows_int(rows, 7),
                   .updated = rows_int(rows, 8) != 0,
                   .read = rows_int(rows, 9) != 0};
}

bool message_find(Db *db, Arena *arena, int64_t message_id, Message *message) {
  static const char FIND[] = MESSAGE_COLUMNS "WHERE id = $1";
  Rows rows = db_rows(db, FIND, sql_int(message_id));
  if (!rows_next(&rows)) return false;
  *message = read_message(&rows);
  message->text = str_copy(arena, message->text);
  rows_end(&rows);
  return true;
}

int64_t message_named(Db *db, int64_t sender_id, Str client_id) {
  static const char FIND[] = "SELECT message_id FROM message_names WHERE sender_id = $1 AND client_id = $2";
  return db_int(db, FIND, 0, sql_int(sender_id), sql_text(client_id));
}

// Adding and taking away.

// A clock that was set back does not change the order.
static void insert(Call *call, Message *message) {
  static const char LAST[] = "SELECT created_at FROM messages WHERE dialog_id = $1 ORDER BY seq DESC LIMIT 1";
  static const char ADD[] =
      "INSERT INTO messages(dialog_id, seq, sender_id, receiver_id, text, is_read, created_at, updated_at)"
      " VALUES($1, $2, $3, $4, $5, $6, $7, $7)";
  int64_t last_at = db_int(call->db, LAST, 0, sql_int(message->dialog_id));
  message->created_at = message->updated_at = call->now_ms > last_at ? call->now_ms : last_at;
  message->id = db_insert(call->db, ADD, sql_int(message->dialog_id), sql_int(message->seq),
                          sql_int(message->sender_id), sql_int(message->receiver_id), sql_text(message->text),
                          sql_int(message->read), sql_int(message->created_at));
}

void message_add(Call *call, Message *message) {
  static const char COUNT[] =
      "INSERT INTO message_blocks(dialog_id, block, count) VALUES($1, $2 / 1024, 1)"
      " ON CONFLICT (dialog_id, block) DO UPDATE SET count = message_blocks.count + 1";
  static const char NAME[] = "INSERT INTO message_names(sender_id, client_id, message_id) VALUES($1, $2, $3)";
  message->seq = dialog_note(call, message->dialog_id, "message", STR("{}"));
  insert(call, message);
  db_run(call->db, COUNT, sql_int(message->dialog_id), sql_int(message->seq));
  if (message->client_id.length == 0) return;
  db_run(call->db, NAME, sql_int(message->sender_id), sql_text(message->client_id), sql_int(message->id));
}

static Str message_payload(Call *call, const Message *message) {
  Text payload = {.arena = &call->arena};
  text_format(&payload, "{\"messageID\":%lld}", (long long)message->id);
  return text_str(&payload);
}

void message_edit(Call *call, const Message *message, Str text) {
  static const char EDIT[] = "UPDATE messages SET text = $1, is_updated = 1, updated_at = $2 WHERE id = $3";
  message_index_drop(call->db, message->id);
  db_run(call->db, EDIT, sql_text(text), sql_int(call->now_ms), sql_int(message->id));
  message_index_add(call->db, message->id);
  dialog_note(call, message->dialog_id, "edited", message_payload(call, message));
}

// Takes it out of all tables but that of the names, and its dialog with the last one.
static void forget(Call *call, const Message *message) {
  static const char DELETE[] = "DELETE FROM messages WHERE id = $1";
  static const char COUNT[] =
      "UPDATE message_blocks SET count = count - 1 WHERE dialog_id = $1 AND block = $2 / 1024 AND count > 1";
  static const char DROP_BLOCK[] = "DELETE FROM message_blocks WHERE dialog_id = $1 AND block = $2 / 1024";
  static const char REST[] = "SELECT 1 FROM message_blocks WHERE dialog_id = $1 LIMIT 1";
  message_index_drop(call->db, message->id);
  db_run(call->db, DELETE, sql_int(message->id));
  db_run(call->db, COUNT, sql_int(message->dialog_id), sql_int(message->seq));
  if (db_changes(call->db) > 0) return;
  db_run(call->db, DROP_BLOCK, sql_int(message->dialog_id), sql_int(message->seq));
  if (db_int(call->db, REST, 0, sql_int(message->dialog_id)) == 0) dialog_drop(call->db, message->dialog_id);
}

void message_delete(Call *call, const Message *message) {
  forget(call, message);
  dialog_note(call, message->dialog_id, "deleted", message_payload(call, message));
}

// Once for each dialog: up to which seq its messages have gone.
static void note_expired(Call *call, const Message *messages, size_t count) {
  for (size_t i = 0; i < count; i++) {
    bool last = true;
    for (size_t j = i + 1; j < count && last; j++) last = messages[j].dialog_id != messages[i].dialog_id;
    if (!last) continue;
    Text payload = {.arena = &call->arena};
    text_format(&payload, "{\"to\":%lld}", (long long)messages[i].seq);
    dialog_note(call, messages[i].dialog_id, "expired", text_str(&payload));
  }
}

bool message_expire(Call *call, int64_t before_ms) {
  enum { EXPIRED_MAX = 100 };
  static const char OLD[] =
      "SELECT id, dialog_id, seq FROM messages WHERE created_at < $1 ORDER BY created_at, id LIMIT 100";
  Message *messages = ARENA_ARRAY(&call->arena, Message, EXPIRED_MAX);
  size_t count = 0;
  Rows rows = db_rows(call->db, OLD, sql_int(before_ms));
  while (rows_next(&rows)) {
    messages[count++] = (Message){.id = rows_int(&rows, 0), .dialog_id = rows_int(&rows, 1), .seq = rows_int(&rows, 2)};
  }
  for (size_t i = 0; i < count; i++) forget(call, &messages[i]);
  note_expired(call, messages, count);
  return count == EXPIRED_MAX;
}

// Reading.

static int64_t note_read(Call *call, int64_t dialog_id, int64_t receiver_id) {
  if (db_changes(call->db) == 0) return 0;
  Text payload = {.arena = &call->arena};
  text_format(&payload, "{\"by\":%lld}", (long long)receiver_id);
  return dialog_note(call, dialog_id, "read", text_str(&payload));
}

int64_t message_mark_read(Call *call, const Message *message) {
  static const char MARK[] = "UPDATE messages SET is_read = 1 WHERE id = $1 AND is_read = 0";
  db_run(call->db, MARK, sql_int(message->id));
  return note_read(call, message->dialog_id, message->receiver_id);
}

int64_t message_mark_all_read(Call *call, int64_t dialog_id, int64_t receiver_id) {
  static const char FIRST[] =
      "SELECT id FROM messages WHERE dialog_id = $1 AND receiver_id = $2 AND is_read = 0 LIMIT 1";
  static const char MARK[] =
      "UPDATE messages SET is_read = 1 WHERE dialog_id = $1 AND receiver_id = $2 AND is_read = 0";
  // Looked for first: SQLite makes a table for the rows of an update, also when there are none.
  if (db_int(call->db, FIRST, 0, sql_int(dialog_id), sql_int(receiver_id)) == 0) return 0;
  db_run(call->db, MARK, sql_int(dialog_id), sql_int(receiver_id));
  return note_read(call, dialog_id, receiver_id);
}

int64_t message_count_unread(Db *db, int64_t dialog_id, int64_t receiver_id) {
  static const char COUNT[] = "SELECT count(*) FROM messages WHERE dialog_id = $1 AND receiver_id = $2 AND is_read = 0";
  return db_int(db, COUNT, 0, sql_int(dialog_id), sql_int(receiver_id));
}

// Pages.

void message_write(Text *out, const Message *message) {
  json_open(out, '{');
  json_put_int(out, "senderID", message->sender_id);
  json_put_int(out, "receiverID", message->receiver_id);
  json_put_str(out, "message", message->text);
  json_put_time(out, "createdAt", message->created_at);
  json_put_time(out, "updatedAt", message->updated_at);
  json_put_bool(out, "isUpdated", message->updated);
  json_put_bool(out, "isReaded", message->read);
  json_put_int(out, "messageID", message->id);
  json_put_int(out, "seq", message->seq);
  if (message->client_id.length > 0) {
    json_put_str(out, "clientID", message->client_id);
  }
  if (message->marks.length > 0) {
    json_name(out, "marks");
    json_add_raw(out, message->marks);
  }
  json_close(out, '}');
}

static void write_rows(Call *call, Text *out, int64_t dialog_id, int64_t before, int64_t take, int64_t skip) {
  static const char PAGE[] = MESSAGE_COLUMNS "WHERE dialog_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3 OFFSET $4";
  Rows rows = db_rows(call->db, PAGE, sql_int(dialog_id), sql_int(before), sql_int(take), sql_int(skip));
  json_open(out, '[');
  while (rows_next(&rows)) {
    Message message = read_message(&rows);
    message_write(out, &message);
  }
  json_close(out, ']');
}

int64_t message_write_after(Call *call, Text *out, int64_t dialog_id, int64_t *after, int64_t take) {
  static const char PAGE[] = MESSAGE_COLUMNS "WHERE dialog_id = $1 AND seq > $2 ORDER BY seq LIMIT $3";
  int64_t count = 0;
  Rows rows = db_rows(call->db, PAGE, sql_int(dialog_id), sql_int(*after), sql_int(take));
  for (; rows_next(&rows); count++) {
    Message message = read_message(&rows);
    *after = message.seq;
    message_write(out, &message);
  }
  return count;
}

void message_write_before(Call *call, Text *out, int64_t dialog_id, int64_t before, int64_t take) {
  write_rows(call, out, dialog_id, before, take, 0);
}

// Whole blocks are skipped by their counts; what is left to skip stands in one.
void message_write_page(Call *call, Text *out, int64_t dialog_id, int64_t skip, int64_t take) {
  static const char BLOCKS[] = "SELECT block, count FROM message_blocks WHERE dialog_id = $1 ORDER BY block DESC";
  enum { BLOCK = 1024 };
  int64_t before = INT64_MAX;
  Rows rows = db_rows(call->db, BLOCKS, sql_int(dialog_id));
  while (rows_next(&rows) && skip >= rows_int(&rows, 1)) {
    skip -= rows_int(&rows, 1);
    before = rows_int(&rows, 0) * BLOCK;
  }
  rows_end(&rows);
  write_rows(call, out, dialog_id, before, take, skip);
}
