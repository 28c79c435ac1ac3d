// Dialogs in the tables.
#include "models/dialog.h"

#include "models/message.h"
#include "models/presence.h"

bool dialog_person_exists(Db *db, int64_t user_id) {
  static const char FIND[] = "SELECT 1 FROM users WHERE id = $1";
  return db_int(db, FIND, 0, sql_int(user_id)) != 0;
}

bool dialog_person_reads(Db *db, int64_t user_id) {
  static const char FIND[] = "SELECT 1 FROM users WHERE id = $1 AND deleted_at IS NULL";
  return db_int(db, FIND, 0, sql_int(user_id)) != 0;
}

Str dialog_person_name(Db *db, Arena *arena, int64_t user_id) {
  static const char NAME[] = "SELECT " DIALOG_PERSON_NAME " FROM users u WHERE u.id = $1";
  Rows rows = db_rows(db, NAME, sql_int(user_id));
  Str name = rows_next(&rows) ? rows_text(&rows, 0, arena) : (Str){0};
  rows_end(&rows);
  return name;
}

int64_t dialog_find(Db *db, int64_t user_id, int64_t other_id) {
  static const char FIND[] = "SELECT id FROM dialogs WHERE low_id = min($1, $2) AND high_id = max($1, $2)";
  return db_int(db, FIND, 0, sql_int(user_id), sql_int(other_id));
}

int64_t dialog_add(Call *call, int64_t user_id, int64_t other_id) {
  static const char ADD[] =
      "INSERT INTO dialogs(low_id, high_id, created_at) VALUES(min($1, $2), max($1, $2), $3) RETURNING id";
  return db_int(call->db, ADD, 0, sql_int(user_id), sql_int(other_id), sql_int(call->now_ms));
}

size_t dialog_partners(Db *db, int64_t user_id, int64_t after, int64_t *ids, size_t most) {
  static const char FIND[] =
      "SELECT high_id FROM dialogs WHERE low_id = $1 AND high_id > $2 UNION ALL SELECT low_id FROM dialogs"
      " WHERE high_id = $1 AND low_id > $2 AND low_id != $1 ORDER BY 1 LIMIT $3";
  Rows rows = db_rows(db, FIND, sql_int(user_id), sql_int(after), sql_int((int64_t)most));
  size_t count = 0;
  while (rows_next(&rows)) ids[count++] = rows_int(&rows, 0);
  rows_end(&rows);
  return count;
}

void dialog_drop(Db *db, int64_t dialog_id) {
  static const char DROP[] = "DELETE FROM dialogs WHERE id = $1";
  db_run(db, DROP, sql_int(dialog_id));
}

static void write_status(Text *out, bool online, int64_t last_seen_at) {
  json_put_str(out, "connectionStatus", online ? STR("online") : STR("offline"));
  if (online || last_seen_at == 0) return;
  json_put_time(out, "lastSeenAt", last_seen_at);
}

void dialog_write(Text *out, const DialogView *view) {
  json_open(out, '{');
  json_put_int(out, "receiverID", view->other_id);
  json_put_str(out, "receiverName", view->other_name);
  json_put_str(out, "lastMessage", view->last_text);
  json_put_time(out, "createdAt", view->last_at);
  json_put_int(out, "newMessagesCount", view->unread);
  write_status(out, !view->hides && presence_is_online(view->other_id), view->last_seen_at);
  json_close(out, '}');
}

void dialog_write_all(Call *call, Text *out, int64_t user_id) {
  static const char LIST[] =
      "WITH mine AS (SELECT id, high_id AS other_id FROM dialogs WHERE low_id = $1 UNION ALL"
      " SELECT id, low_id FROM dialogs WHERE high_id = $1 AND low_id != $1)"
      " SELECT mine.other_id, " DIALOG_PERSON_NAME
      ", m.text, m.created_at, (SELECT count(*) FROM messages n WHERE"
      " n.dialog_id = mine.id AND n.receiver_id = $1 AND n.is_read = 0),"
      " CASE WHEN b.user_id IS NULL AND u.deleted_at IS NULL THEN u.last_seen_at END, b.user_id IS NOT NULL"
      " FROM mine JOIN users u ON u.id = mine.other_id"
      " LEFT JOIN blocks b ON b.user_id = mine.other_id AND b.blocked_id = $1 JOIN messages m ON m.id = (SELECT id "
      "FROM messages WHERE dialog_id = mine.id ORDER BY seq DESC LIMIT 1)"
      " ORDER BY m.created_at DESC, m.id DESC";
  Rows rows = db_rows(call->db, LIST, sql_int(user_id));
  json_open(out, '[');
  while (rows_next(&rows)) {
    dialog_write(out, &(DialogView){.other_id = rows_int(&rows, 0),
                                    .other_name = rows_peek(&rows, 1),
                                    .last_text = rows_peek(&rows, 2),
                                    .last_at = rows_int(&rows, 3),
                                    .unread = rows_int(&rows, 4),
                                    .last_seen_at = rows_int(&rows, 5),
                                    .hides = rows_int(&rows, 6) != 0});
  }
  json_close(out, ']');
}

static Str topic_of(Call *call, Str kind, int64_t id) {
  Text topic = {.arena = &call->arena};
  text_add(&topic, kind);
  text_int(&topic, id);
  return text_str(&topic);
}

int64_t dialog_note(Call *call, int64_t dialog_id, const char *kind, Str payload) {
  return call_event(call, topic_of(call, STR("dialog:"), dialog_id), str_from(kind), payload);
}

void dialog_tell(Call *call, int64_t user_id, const char *event, Str arguments) {
  call_signal(call, topic_of(call, STR("person:"), user_id), str_from(event), arguments);
}

void dialog_tell_status(Call *call, const int64_t *user_ids, size_t count, int64_t other_id, bool online,
                        int64_t last_seen_at) {
  Text status = {.arena = &call->arena};
  json_open(&status, '{');
  json_put_int(&status, "receiverID", other_id);
  write_status(&status, online, last_seen_at);
  json_close(&status, '}');
  for (size_t i = 0; i < count; i++) dialog_tell(call, user_ids[i], "user:connection_status", text_str(&status));
}

void dialog_tell_account(Call *call, int64_t user_id, int64_t other_id, Str change) {
  int64_t unread = message_count_unread(call->db, dialog_find(call->db, user_id, other_id), user_id);
  Text payload = {.arena = &call->arena};
  text_format(&payload, "{\"what\":\"dialog\",\"with\":%lld,\"unread\":%lld", (long long)other_id, (long long)unread);
  if (change.length > 0) text_char(&payload, ',');
  text_add(&payload, change);
  text_char(&payload, '}');
  call_signal(call, topic_of(call, STR("account:"), user_id), STR("dialog"), text_str(&payload));
}
