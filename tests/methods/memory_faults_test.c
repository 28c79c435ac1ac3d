// Methods with their nth allocation refused: the call fails, nothing has changed, and it works when there is memory
// again.
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "core/batch.h"
#include "methods/hall.h"
#include "methods/user.h"
#include "support/faults.h"
#include "support/invariants.h"
#include "support/venue.h"

static const char changes[] =
    "SELECT (SELECT count(*) FROM events) + (SELECT count(*) FROM seats WHERE status != 0)"
    " + (SELECT count(*) FROM sessions)";

// Runs a call on this thread, in a transaction of its own, as the store does it.
static Error run(Rig *rig, const Method *method, const Identity *who, const char *json, int nth, bool *met) {
  Call *call = call_new_own(&rig->loops[0]);
  assert_non_null(call);
  const Json *data = json_parse(&rig->arena, str_from(json), NULL);
  if (who != NULL) call->who = *who;
  call->method = method;
  call->db = rig->db;
  assert_true(db_begin(rig->db, DB_WRITE));
  db_call_begin(rig->db);
  faults_arm_memory(nth, false);
  Error error = call_decode(call, data);
  if (error == ERR_NONE) error = method->run(call, call->input);
  db_call_settle(rig->db);
  *met = faults_disarm();
  if (db_failed(rig->db) || call->arena.failed) error = ERR_INTERNAL;
  if (error != ERR_NONE) batch_forget(call, error);
  bool stands = db_call_end(rig->db, error == ERR_NONE);
  assert_true(stands || db_is_shared(rig->db));  // there a call may fail all of its commit
  assert_true(stands ? db_commit(rig->db) : db_rollback(rig->db));
  call_free(call);
  return error;
}

static void sweep(const Method *method, const Identity *who, const char *json, bool writes) {
  bool met = true;
  for (int nth = 1; met; nth++) {
    Rig *rig = rig_open(NULL);
    venue_add(rig);
    rig->config.rate_limits = false;  // a count of tries may be lost
    Error error = run(rig, method, who, json, nth, &met);
    assert_int_equal(error, met ? ERR_INTERNAL : ERR_NONE);
    assert_int_equal(rig_int(rig, changes) > 0, writes && !met);
    bool again;
    if (met) assert_int_equal(run(rig, method, who, json, 0, &again), ERR_NONE);
    invariants_hold(rig);
    rig_close(rig);
  }
}

static void test_a_change_of_seats_without_memory_changes_nothing(void **state) {
  (void)state;
  sweep(&hall_update_seat_status, &venue_anna,
        "{\"hall_id\":1,\"seat_id\":1,\"status\":\"RESERVED\",\"reply\":\"delta\"}", true);
  sweep(&hall_update_seats_status, &venue_anna, "{\"hall_id\":1,\"seat_ids\":[1,2,3],\"status\":\"RESERVED\"}", true);
}

static void test_a_registration_that_cannot_be_remembered_is_not_begun(void **state) {
  (void)state;
  sweep(&user_auth_start, NULL, "{\"username\":\"carl\"}", false);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_change_of_seats_without_memory_changes_nothing),
      cmocka_unit_test(test_a_registration_that_cannot_be_remembered_is_not_begun),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
