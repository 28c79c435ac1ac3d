// Blocks in the tables.
#include "models/block.h"

#include "models/dialog.h"

bool block_stands(Db *db, int64_t who, int64_t whom) {
  static const char FIND[] = "SELECT 1 FROM blocks WHERE user_id = $1 AND blocked_id = $2";
  return db_int(db, FIND, 0, sql_int(who), sql_int(whom)) != 0;
}

void block_put(Call *call, int64_t who, int64_t whom) {
  static const char PUT[] =
      "INSERT INTO blocks(user_id, blocked_id, created_at) VALUES($1, $2, $3) ON CONFLICT (user_id, blocked_id) DO "
      "NOTHING";
  db_run(call->db, PUT, sql_int(who), sql_int(whom), sql_int(call->now_ms));
}

void block_drop(Call *call, int64_t who, int64_t whom) {
  static const char DROP[] = "DELETE FROM blocks WHERE user_id = $1 AND blocked_id = $2";
  db_run(call->db, DROP, sql_int(who), sql_int(whom));
}

void block_write_list(Call *call, Text *out, int64_t who) {
  static const char LIST[] = "SELECT b.blocked_id, " DIALOG_PERSON_NAME
                             " FROM blocks b JOIN users u ON u.id = b.blocked_id WHERE b.user_id = $1 ORDER BY "
                             "b.created_at DESC, b.blocked_id";
  Rows rows = db_rows(call->db, LIST, sql_int(who));
  json_open(out, '[');
  while (rows_next(&rows)) {
    json_open(out, '{');
    json_put_int(out, "id", rows_int(&rows, 0));
    json_put_str(out, "name", rows_peek(&rows, 1));
    json_close(out, '}');
  }
  json_close(out, ']');
}
