// Kept answers, in the table `answers`.
#include "core/once.h"

enum { KEPT_MS = 24 * 3600 * 1000 };

// Whether this request was answered before; then the call has its answer, or *error says that the key is another's. A
// sign-in whose session has ended since is no answer.
static bool answered_before(Call *call, Error *error) {
  static const char FIND[] =
      "SELECT a.request_hash, a.reply, s.id, s.user_id, u.public_id, CASE WHEN s.refresh_hash IS NULL THEN 0"
      " ELSE coalesce(s.rotated_at, s.created_at) END, a.sid IS NULL OR s.id IS NOT NULL FROM answers a"
      " LEFT JOIN sessions s ON s.id = a.sid AND s.ended_at IS NULL LEFT JOIN users u ON u.id = s.user_id"
      " WHERE a.scope = $1 AND a.key = $2";
  Rows rows = db_rows(call->db, FIND, sql_text(call->once.scope), sql_text(call->once.key));
  if (!rows_next(&rows)) return false;
  bool stands = rows_int(&rows, 6) != 0;
  if (!str_equal(rows_peek(&rows, 0), call->once.request_hash)) {
    *error = ERR_KEY_REUSED;
  } else if (stands) {
    text_add(&call->reply, rows_peek(&rows, 1));
    call->granted = (Identity){.user_id = rows_int(&rows, 3),
                               .sid = rows_text(&rows, 2, &call->arena),
                               .public_id = rows_text(&rows, 4, &call->arena),
                               .refreshed_ms = rows_int(&rows, 5)};
  }
  rows_end(&rows);
  return stands || *error != ERR_NONE;
}

static void keep_answer(Call *call) {
  // Each takes two old ones away: there is never much to delete at once.
  static const char DROP[] =
      "DELETE FROM answers WHERE (scope, key) IN (SELECT scope, key FROM answers WHERE at < $1 ORDER BY at LIMIT 2)";
  static const char KEEP[] =
      "INSERT INTO answers(scope, key, request_hash, reply, sid, at) VALUES($1, $2, $3, $4, $5, $6)"
      " ON CONFLICT (scope, key) DO UPDATE SET request_hash = excluded.request_hash, reply = excluded.reply,"
      " sid = excluded.sid, at = excluded.at";
  db_run(call->db, KEEP, sql_text(call->once.scope), sql_text(call->once.key), sql_text(call->once.request_hash),
         sql_text(text_str(&call->reply)), sql_text_or_null(call->granted.sid), sql_int(call->now_ms));
  db_run(call->db, DROP, sql_int(call->now_ms - KEPT_MS));
}

Error once_run(Call *call) {
  Error error = ERR_NONE;
  bool once = call->once.key.length > 0 && !call->method->reads_only;
  if (once && answered_before(call, &error)) return error;
  error = call->method->run(call, call->input);
  bool answered = error == ERR_NONE && call->refusal == ERR_NONE && call->waits_for.length == 0;
  if (once && answered) keep_answer(call);
  return error;
}
