// What becomes of an errand that was performed: over, or due again. On a store thread.
#include "core/crash.h"
#include "core/outbox_private.h"

#define KEPT_MS (INT64_C(30) * 24 * 3600 * 1000)  // what is over is kept so long, for its key

// When the next try is due; 0: there is none any more.
static int64_t next_try(const Errand *errand, int64_t now_ms) {
  const Patience *patience = &errand->patience;
  int64_t wait_ms = patience->first_ms;
  for (int64_t i = 1; i < errand->attempt && wait_ms < patience->longest_ms; i++) wait_ms *= 2;
  if (wait_ms > patience->longest_ms) wait_ms = patience->longest_ms;
  uint32_t dice;
  errand->env.random(errand->env.state, &dice, sizeof dice);
  wait_ms = wait_ms / 2 + (int64_t)((double)wait_ms / 2 * dice / UINT32_MAX);
  if (wait_ms < errand->again_ms) wait_ms = errand->again_ms;
  bool over = errand->attempt >= patience->tries_min && now_ms + wait_ms > errand->created_ms + patience->give_up_ms;
  return over ? 0 : now_ms + wait_ms;
}

static void tell_over(Call *call, const Way *way) {
  Str topic = outbox_topic(&call->arena, way->lane->kind->name, way->errand.key);
  call_signal(call, topic, way->outcome == OUTCOME_DONE ? STR("done") : STR("failed"), (Str){0});
}

// What is over keeps nothing of its payload: codes and tickets of people stood in it.
static Error settle(Call *call, const void *input) {
  static const char FORGET[] =
      "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE done_at < $1 ORDER BY done_at LIMIT 2)";
  static const char OVER[] =
      "UPDATE outbox SET done_at = $1, given_up = $2, attempts = $3, last_error = $4, payload = '{}' WHERE id = $5";
  static const char AGAIN[] =
      SQL_FORMS("UPDATE outbox SET due_at = $1, attempts = $2, last_error = $3 WHERE id = $4",
                "UPDATE outbox SET due_at = $1, attempts = $2, last_error = $3, taken_until = NULL WHERE id = $4");
  Way *way = call->door;
  const Errand *errand = &way->errand;
  const Method *follows = way->lane->kind->settle;
  Str fault = way->outcome == OUTCOME_DONE ? (Str){0} : str_from(errand->fault);
  int64_t due_ms = way->outcome == OUTCOME_AGAIN ? next_try(errand, call->now_ms) : 0;
  if (way->outcome == OUTCOME_AGAIN && due_ms == 0) way->outcome = OUTCOME_FAILED;
  if (way->outcome == OUTCOME_AGAIN) {
    db_run(call->db, AGAIN, sql_int(due_ms), sql_int(errand->attempt), sql_text_or_null(fault), sql_int(errand->id));
    return ERR_NONE;
  }
  db_run(call->db, OVER, sql_int(call->now_ms), sql_int(way->outcome == OUTCOME_FAILED), sql_int(errand->attempt),
         sql_text_or_null(fault), sql_int(errand->id));
  db_run(call->db, FORGET, sql_int(call->now_ms - KEPT_MS));
  tell_over(call, way);
  crash_point("outbox.settling");
  return follows != NULL && call->bad_field == NULL ? follows->run(call, input) : ERR_NONE;
}

const Method outbox_settle_method = {.name = "outbox.settle", .run = settle};
