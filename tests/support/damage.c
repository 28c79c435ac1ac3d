// Data broken on purpose.
#include "support/damage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "support/invariants.h"

void damage_run(Rig *rig, const char *sql) {
  static const char NO_REFERENCES[] = SQL_FORMS("PRAGMA foreign_keys = OFF", "SET session_replication_role = replica");
  static const char NO_CHECKS[] = SQL_FORMS("PRAGMA ignore_check_constraints = ON", "SELECT drop_checks()");
  assert_true(db_run(rig->db, NO_REFERENCES));
  Rows rows = db_rows(rig->db, NO_CHECKS);
  while (rows_next(&rows)) continue;
  rig_run(rig, sql);
}

void damage_done(Rig *rig, const Damage *damage) {
  const char *told;
  Text broken = {.arena = &rig->arena};
  damage_run(rig, damage->sql);
  text_format(&broken, "BROKEN  %s\n", damage->says);
  int code = invariants_verify(rig, &told);
  const char *at = strstr(told, rig_zero(rig, text_str(&broken)));
  if (code != 1 || at == NULL) fail_msg("\"%s\" was not found:\n%s", damage->says, told);
  if (strstr(at, damage->which) == NULL) fail_msg("\"%s\" is not named:\n%s", damage->which, told);
  assert_non_null(strstr(told, "are broken.\n"));
}
