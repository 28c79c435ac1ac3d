// Calls in a transaction.
#include "core/batch.h"

#include "core/crash.h"
#include "core/log.h"
#include "core/once.h"

// What was counted stays: who guesses wrong has guessed.
static void forget_all_but_counts(Call *call) {
  FastChange **link = &call->remembers;
  while (*link != NULL) {
    if ((*link)->kind == FAST_PUT) fast_remove(call->fast, (*link)->key);
    if ((*link)->kind == FAST_COUNTED) {
      link = &(*link)->next;
    } else {
      *link = (*link)->next;
    }
  }
  call->remembers_tail = link;
}

void batch_forget(Call *call, Error error) {
  forget_all_but_counts(call);
  if (error == ERR_INTERNAL || error == ERR_BUSY) call->reply.length = 0;
  call->error = error;
  call->granted = (Identity){0};
  call->session_over = false;
  call->reply_topic_kind = NULL;
  call->follow = NULL;
  call->waits_for = (Str){0};
  call->has_effects = false;
  call->events = NULL;
  call->events_tail = &call->events;
  call->ends = NULL;
}

static Error run(Call *call) {
  Error error = call->identify != NULL ? call->identify(call) : ERR_NONE;
  if (call->method->writes_last) db_call_spare_savepoint(call->db);
  if (error == ERR_NONE) error = call->input_error;
  return error == ERR_NONE ? once_run(call) : error;
}

static bool is_first_of_method(const Call *calls, const Call *one) {
  while (calls->method != one->method) calls = calls->next;
  return calls == one;
}

bool batch_look_ahead(Db *db, Call *calls) {
  if (calls->next == NULL) return true;  // one call looks for itself
  db_call_begin(db);
  for (Call *call = calls; call != NULL; call = call->next) {
    if (call->method->look_ahead != NULL && is_first_of_method(calls, call)) call->method->look_ahead(db, call);
  }
  bool failed = db_failed(db);
  return db_call_end(db, !failed) && !failed;
}

bool batch_run(Db *db, Call *call) {
  call->db = db;
  db_call_begin(db);
  Error error = run(call);
  db_call_settle(db);
  if (db_failed(db) || call->arena.failed) error = ERR_INTERNAL;
  call->db = NULL;
  call->error = error == ERR_NONE ? call->refusal : error;
  if (error != ERR_NONE) batch_forget(call, error);
  bool stands = db_call_end(db, error == ERR_NONE);
  if (!stands)
    log_error("batch: a call has failed them all", "method=%s error=%s", call->method->name, error_code(error));
  return stands;
}

// The batch's end.

// One that was asked for again by a later call is done for that one.
static bool is_asked_later(const Call *call, const CallEnd *end) {
  for (const Call *later = call->next; later != NULL; later = later->next) {
    for (const CallEnd *other = later->ends; other != NULL; other = other->next) {
      if (other->run == end->run && other->key == end->key) return true;
    }
  }
  return false;
}

// What it tells is told after all that the calls tell, as it was done after them.
static bool run_end(Db *db, Call *call, const CallEnd *end, Call *last) {
  Event **told = call->events_tail;
  db_call_begin(db);
  db_call_spare_savepoint(db);
  call->db = db;
  end->run(call, end->key);
  call->db = NULL;
  if (call != last && *told != NULL) {
    *last->events_tail = *told;
    last->events_tail = call->events_tail;
    *told = NULL;
    call->events_tail = told;
  }
  bool failed = db_failed(db) || call->arena.failed;
  return db_call_end(db, !failed) && !failed;
}

bool batch_finish(Db *db, Call *calls) {
  Call *last = calls;
  while (last->next != NULL) last = last->next;
  for (Call *call = calls; call != NULL; call = call->next) {
    for (const CallEnd *end = call->ends; end != NULL; end = end->next) {
      if (!is_asked_later(call, end) && !run_end(db, call, end, last)) return false;
    }
  }
  return true;
}

// What was committed may now be forgotten in memory too.
static void apply_forgets(const Call *calls) {
  for (const Call *call = calls; call != NULL; call = call->next) {
    for (const FastChange *change = call->remembers; change != NULL; change = change->next) {
      if (change->kind == FAST_REMOVED) fast_remove(call->fast, change->key);
    }
  }
}

bool batch_end(Db *db, Call *calls, bool alive) {
  crash_point("store.commit");
  bool committed = alive && db_commit(db);
  crash_point("store.committed");
  if (!committed) {
    db_rollback(db);
    for (Call *call = calls; call != NULL; call = call->next) batch_forget(call, ERR_INTERNAL);
  }
  apply_forgets(calls);
  return committed;
}
