// foyer verify: the invariants, checked on the data with SQL of its own; shares nothing with the code that keeps them.
#include <stdio.h>

#include "commands/commands.h"
#include "commands/verify.h"

#define STEPS_CHAIN                                                                              \
  " chain AS (SELECT *, lag(after) OVER (PARTITION BY seat ORDER BY seq) AS left_by FROM steps)" \
  " SELECT topic || ' seq ' || seq || ': seat ' || seat || ' from ' || before FROM chain"        \
  " WHERE before IS NULL OR left_by != before"

static const Invariant invariants[] = {
    {"a topic's seq runs 1, 2, 3, ... with no gap",
     "SELECT topic || ': ' || count(*) || ' events, last seq ' || max(seq) FROM events GROUP BY topic"
     " HAVING min(seq) != 1 OR max(seq) != count(*)"},
    {"an event is never older than the one before it by more than an hour (clocks)",
     "SELECT topic || ' seq ' || seq FROM (SELECT topic, seq, at, lag(at) OVER (PARTITION BY topic ORDER BY seq) AS"
     " before FROM events) lagged WHERE at < before - 3600000"},
    {"every event is of a hall and its seats are of that hall",
     "SELECT e.topic || ' seq ' || e.seq || ': seat ' || j.value FROM events e CROSS JOIN json_each(e.payload, "
     "'$.seats') j"
     " LEFT JOIN seats s ON s.id = j.value AND 'hall:' || s.hall_id = e.topic WHERE s.id IS NULL"},
    {"a seat has the status its last event gave it",
     "WITH read AS MATERIALIZED (SELECT seq, payload, json_extract(payload, '$.to') AS status FROM events),"
     " told AS (SELECT j.value AS seat, e.status, row_number() OVER"
     " (PARTITION BY j.value ORDER BY e.seq DESC) AS nth FROM read e, json_each(e.payload, '$.seats') j)"
     " SELECT 'seat ' || s.id || ': told ' || told.status FROM told JOIN seats s ON s.id = told.seat WHERE nth = 1 AND"
     " told.status != CASE s.status WHEN 0 THEN 'VACANT' WHEN 1 THEN 'RESERVED' WHEN 2 THEN 'OCCUPIED' ELSE"
     " 'MAINTENANCE' END"},
    {"every change began from the status the one before it left",
     SQL_FORMS(
         "WITH steps AS (SELECT e.topic, e.seq, s.value AS seat, json_extract(e.payload, '$.from[' || s.key || ']')"
         " AS before, json_extract(e.payload, '$.to') AS after FROM events e, json_each(e.payload, '$.seats') "
         "s)," STEPS_CHAIN,
         // Each payload is read once, not for each of its seats; others may hold a \u0000, which is no text to
         // PostgreSQL.
         "WITH read AS MATERIALIZED (SELECT topic, seq, payload::JSONB AS payload, payload::JSONB ->> 'to' AS after "
         "FROM events WHERE topic LIKE 'hall:%'), steps AS (SELECT e.topic, e.seq, s.seat, s.before #>> '{}' AS "
         "before, e.after FROM read e,"
         " ROWS FROM (jsonb_path_query(e.payload, '$.seats[*]'), jsonb_path_query(e.payload, '$.from[*]')) AS s(seat, "
         "before))," STEPS_CHAIN)},
    {"nobody reserves what is not reserved",
     "SELECT 'seat ' || id FROM seats WHERE reserved_by IS NOT NULL AND status != 1"},
    {"rows and places of a hall are those of its seats",
     "SELECT 'hall ' || h.id FROM halls h JOIN seats s ON s.hall_id = h.id GROUP BY h.id"
     " HAVING max(s.row) != h.rows OR max(s.place) != h.places"},
    {"every hall has seats", "SELECT 'hall ' || id FROM halls WHERE id NOT IN (SELECT hall_id FROM seats)"},
    {"every session is of somebody",
     "SELECT 'session of user ' || user_id FROM sessions WHERE user_id NOT IN (SELECT id FROM users)"},
    {"the database keeps its own constraints",
     SQL_FORMS("SELECT \"table\" || ' row ' || rowid FROM pragma_foreign_key_check",
               "SELECT conrelid::regclass || ' ' || conname FROM pg_constraint WHERE NOT convalidated")},
    {"the file is sound", SQL_FORMS("SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check != 'ok'",
                                    "SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid")},
};

enum { SHOWN = 10 };

static Finding check(Db *db, const Invariant *invariant) {
  int64_t count = 0;
  db_call_begin(db);  // a check that cannot be made leaves the next one its chance
  Rows rows = db_rows(db, invariant->violations);
  while (rows_next(&rows)) {
    Str which = rows_peek(&rows, 0);
    if (count++ == 0) printf("BROKEN  %s\n", invariant->says);
    if (count <= SHOWN) printf("        %.*s\n", STR_ARG(which));
  }
  if (db_failed(db)) {
    printf("UNKNOWN %s (the log says why)\n", invariant->says);
    return VERIFY_UNKNOWN;
  }
  if (count > SHOWN) printf("        and %lld more\n", (long long)(count - SHOWN));
  if (count == 0) printf("ok      %s\n", invariant->says);
  return count == 0 ? VERIFY_HOLDS : VERIFY_BROKEN;
}

enum { INVARIANTS = sizeof invariants / sizeof invariants[0] };

size_t verify_count(void) {
  return INVARIANTS + verify_box_office_count + verify_messenger_count;
}

Finding verify_one(Db *db, size_t number) {
  if (number < INVARIANTS) return check(db, &invariants[number]);
  number -= INVARIANTS;
  if (number < verify_box_office_count) return check(db, &verify_box_office[number]);
  return check(db, &verify_messenger[number - verify_box_office_count]);
}

const char command_verify_usage[] = "usage: foyer verify    checks the invariants on the data\n";

int command_verify(const Config *config, int count, char **words) {
  (void)words;
  if (count != 0) {
    fputs(command_verify_usage, stderr);
    return 2;
  }
  Db *db = command_open_existing(config);
  if (db == NULL || !db_begin(db, DB_READ)) {
    db_close(db);
    return 1;
  }
  db_take_time(db);
  size_t broken = 0;
  size_t total = verify_count();
  for (size_t i = 0; i < total; i++) {
    Finding finding = verify_one(db, i);
    broken += finding != VERIFY_HOLDS;
    if (finding != VERIFY_UNKNOWN) continue;
    db_rollback(db);  // PostgreSQL lets nothing more be asked in a transaction in which a statement failed
    db_begin(db, DB_READ);
  }
  db_rollback(db);
  db_close(db);
  if (broken == 0) {
    printf("All %zu invariants hold.\n", total);
  } else {
    printf("%zu of %zu invariants are broken.\n", broken, total);
  }
  return broken == 0 ? 0 : 1;
}
