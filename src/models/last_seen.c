// When people were last seen, in the tables.
#include "models/last_seen.h"

enum { ONLINE_MS = 60 * 1000 };

bool last_seen_is_shown(Db *db, int64_t user_id) {
  static const char SHOWN[] = "SELECT shows_last_seen FROM users WHERE id = $1";
  return db_int(db, SHOWN, 0, sql_int(user_id)) != 0;
}

void last_seen_show(Db *db, int64_t user_id, bool shown) {
  static const char SHOW[] =
      "UPDATE users SET shows_last_seen = $1, last_seen_at = CASE WHEN $1 = 1 THEN last_seen_at END WHERE id = $2";
  db_run(db, SHOW, sql_int(shown), sql_int(user_id));
}

void last_seen_note(Db *db, int64_t user_id, int64_t at_ms, bool online) {
  static const char NOTE[] =
      "UPDATE users SET last_seen_at = $1 WHERE id = $2 AND shows_last_seen = 1 AND coalesce(last_seen_at, 0) < $3";
  db_run(db, NOTE, sql_int(at_ms), sql_int(user_id), sql_int(online ? at_ms - ONLINE_MS : at_ms));
}
