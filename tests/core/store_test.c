// The store: what shares a commit, what is told of it and to whom, and what happens when something fails on the way.
#include "core/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/commits.h"
#include "support/rig.h"

// Methods to test with: a note is a row of `settings` and an event.

typedef struct Note {
  Str name;
} Note;

static const Field note_fields[] = {{.name = "name",
                                     .kind = FIELD_STRING,
                                     .offset = offsetof(Note, name),
                                     .min = 1,
                                     .max = 20,
                                     .error = ERR_VALIDATION}};

#define NOTE_INPUT .fields = note_fields, .field_count = 1, .input_bytes = sizeof(Note)

static uv_sem_t at_gate;    // posted by who has come to the gate
static uv_sem_t gate_open;  // posted to let one on

static Error note(Call *call, const void *input) {
  static const char ADD[] = "INSERT INTO settings(name, value) VALUES($1, 'x')";
  const Note *in = input;
  call_event(call, STR("notes"), STR("added"), in->name);
  db_run(call->db, ADD, sql_text(in->name));
  text_add(&call->reply, STR("\"noted\""));
  return str_equal(in->name, STR("refused")) ? ERR_FORBIDDEN : ERR_NONE;
}
static const Method add_note = {.name = "note", NOTE_INPUT, .run = note};

static Error remember(Call *call, const void *input) {
  const Note *in = input;
  call_remember(call, STR("remembered"), in->name, RIG_MINUTE_MS);
  return note(call, input);
}
static const Method remember_note = {.name = "remember", NOTE_INPUT, .run = remember};

static Error note_last(Call *call, const void *input) {
  const Note *in = input;
  return str_equal(in->name, STR("refused")) ? ERR_FORBIDDEN : note(call, input);
}
static const Method add_note_last = {.name = "last", NOTE_INPUT, .writes_last = true, .run = note_last};

static Error read_notes(Call *call, const void *input) {
  static const char COUNT[] = "SELECT count(*) FROM settings";
  (void)input;
  text_int(&call->reply, db_int(call->db, COUNT, -1));
  return ERR_NONE;
}
static const Method count_notes = {.name = "count", .reads_only = true, .run = read_notes};

static Error wait_at_gate(Call *call, const void *input) {
  (void)call, (void)input;
  uv_sem_post(&at_gate);
  uv_sem_wait(&gate_open);
  return ERR_NONE;
}
static const Method gate = {.name = "gate", .run = wait_at_gate};

static Error break_promise(Call *call, const void *input) {
  static const char BREAK[] =
      "INSERT INTO sessions(id, user_id, door, agent, ip, created_at, last_used_at)"
      " VALUES('orphan', 99, 'seats', '', '', 0, 0)";
  static const char DEFER[] =
      SQL_FORMS("PRAGMA defer_foreign_keys = ON",
                "ALTER TABLE sessions ALTER CONSTRAINT sessions_user_id_fkey DEFERRABLE INITIALLY DEFERRED");
  (void)input;
  Rows rows = db_rows(call->db, DEFER);
  while (rows_next(&rows)) continue;
  db_run(call->db, BREAK);
  return ERR_NONE;
}
// Succeeds itself, and makes the commit fail.
static const Method spoil = {.name = "spoil", .run = break_promise};

static Error prepare_name(Call *call, void *input) {
  Note *in = input;
  assert_null(call->db);
  if (str_equal(in->name, STR("unprepared"))) return ERR_VALIDATION;
  in->name = STR("prepared");
  return ERR_NONE;
}
static const Method prepare_note = {.name = "prepare", NOTE_INPUT, .prepare = prepare_name, .run = note};

static Error look_first(Call *call, const void *input) {
  const Note *in = input;
  if (str_equal(in->name, STR("stop"))) return ERR_NOT_FOUND;
  call->follow = &prepare_note;
  return ERR_NONE;
}
static const Method look_then_note = {.name = "look", NOTE_INPUT, .reads_only = true, .run = look_first};

// The scene.

static Rig *open_with(const RigSettings *settings) {
  assert_int_equal(uv_sem_init(&at_gate, 0), 0);
  assert_int_equal(uv_sem_init(&gate_open, 0), 0);
  return rig_open(settings);
}

static int begin(void **state) {
  *state = open_with(NULL);
  return 0;
}

static int begin_with_loops(void **state) {
  *state = open_with(&(RigSettings){.loops = 3});
  return 0;
}

static int begin_small(void **state) {
  *state = open_with(&(RigSettings){.queue_max = 4, .batch_max = 3});
  return 0;
}

static int end(void **state) {
  rig_close(*state);
  uv_sem_destroy(&at_gate);
  uv_sem_destroy(&gate_open);
  return 0;
}

static void ask_note(Rig *rig, const Method *method, const char *name, Answer *answer) {
  Text json = {.arena = &rig->arena};
  text_format(&json, "{\"name\":\"%s\"}", name);
  rig_ask(rig, 0, method, NULL, rig_zero(rig, text_str(&json)), answer);
}

// The writer holds a call at the gate; what is asked meanwhile shares the next commit.
static void close_gate(Rig *rig, Answer *answer) {
  rig_ask(rig, 0, &gate, NULL, NULL, answer);
  rig_turn(rig, rig_clock_ms());
  uv_sem_wait(&at_gate);
}

static void open_gate(Rig *rig, Answer *last) {
  rig_turn(rig, rig_clock_ms());
  uv_sem_post(&gate_open);
  RIG_UNTIL(rig, last->done);
}

static void test_calls_that_come_during_a_commit_share_the_next(void **state) {
  Rig *rig = *state;
  Answer held;
  Answer answers[20];
  close_gate(rig, &held);
  for (int i = 0; i < 20; i++) {
    char name[8] = {'n', (char)('a' + i)};
    ask_note(rig, &add_note, name, &answers[i]);
  }
  open_gate(rig, &answers[19]);
  for (int i = 0; i < 20; i++) assert_reply(rig, answers[i], "\"noted\"");
  StoreFigures figures = store_figures(rig->store);
  assert_int_equal(figures.commits, 2);
  assert_int_equal(figures.calls, 21);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM settings"), 20);
  assert_int_equal(rig_int(rig, "SELECT max(seq) FROM events"), 20);
}

static void test_a_failing_call_is_undone_and_its_neighbours_are_kept(void **state) {
  Rig *rig = *state;
  Answer held;
  Answer answers[4];
  close_gate(rig, &held);
  ask_note(rig, &add_note, "one", &answers[0]);
  ask_note(rig, &add_note, "refused", &answers[1]);
  ask_note(rig, &add_note, "one", &answers[2]);
  ask_note(rig, &add_note, "two", &answers[3]);
  open_gate(rig, &answers[3]);
  assert_refused(answers[0], ERR_NONE);
  assert_refused(answers[1], ERR_FORBIDDEN);
  assert_refused(answers[2], ERR_INTERNAL);
  assert_refused(answers[3], ERR_NONE);
  assert_string_equal(rig_heard(rig, 0),
                      "done gate\nevent notes 1 added one\ndone note\ndone note\ndone note\n"
                      "event notes 2 added two\ndone note\n");
  assert_string_equal(rig_text(rig, "SELECT group_concat(name) FROM settings"), "one,two");
  assert_int_equal(store_figures(rig->store).commits, 2);
}

static void test_a_failing_call_may_be_the_last_of_its_commit_or_alone_in_it(void **state) {
  Rig *rig = *state;
  Answer held;
  Answer answers[2];
  close_gate(rig, &held);
  ask_note(rig, &add_note, "one", &answers[0]);
  ask_note(rig, &add_note, "one", &answers[1]);
  open_gate(rig, &answers[1]);
  assert_refused(answers[0], ERR_NONE);
  assert_refused(answers[1], ERR_INTERNAL);
  ask_note(rig, &add_note, "one", &answers[0]);
  RIG_UNTIL(rig, answers[0].done);
  assert_refused(answers[0], ERR_INTERNAL);
  assert_string_equal(rig_text(rig, "SELECT group_concat(name) FROM settings"), "one");
  assert_int_equal(store_figures(rig->store).failed_commits, 0);
}

static void test_a_method_that_writes_last_refuses_without_harm_and_fails_with_its_batch(void **state) {
  Rig *rig = *state;
  Answer held;
  Answer answers[3];
  close_gate(rig, &held);
  ask_note(rig, &add_note_last, "one", &answers[0]);
  ask_note(rig, &add_note_last, "refused", &answers[1]);
  ask_note(rig, &add_note, "two", &answers[2]);
  open_gate(rig, &answers[2]);
  assert_refused(answers[0], ERR_NONE);
  assert_refused(answers[1], ERR_FORBIDDEN);
  assert_refused(answers[2], ERR_NONE);
  assert_string_equal(rig_text(rig, "SELECT group_concat(name) FROM settings"), "one,two");
  close_gate(rig, &held);
  ask_note(rig, &add_note, "three", &answers[0]);
  ask_note(rig, &add_note_last, "one", &answers[1]);  // its event is written, its row is there already
  ask_note(rig, &add_note, "four", &answers[2]);
  open_gate(rig, &answers[2]);
  for (int i = 0; i < 3; i++) assert_refused(answers[i], ERR_INTERNAL);
  assert_string_equal(rig_text(rig, "SELECT group_concat(name) FROM settings"), "one,two");
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM events"), 2);
  RIG_UNTIL(rig, store_healthy(rig->store));
}

static void test_a_failed_commit_fails_every_call_and_nobody_hears_of_it(void **state) {
  Rig *rig = *state;
  Answer held;
  Answer answers[3];
  close_gate(rig, &held);
  ask_note(rig, &add_note, "one", &answers[0]);
  rig_ask(rig, 0, &spoil, NULL, NULL, &answers[1]);
  ask_note(rig, &remember_note, "two", &answers[2]);
  open_gate(rig, &answers[2]);
  assert_refused(held, ERR_NONE);
  for (int i = 0; i < 3; i++) {
    assert_refused(answers[i], ERR_INTERNAL);
    assert_string_equal(rig_zero(rig, answers[i].reply), "");
  }
  assert_string_equal(rig_heard(rig, 0), "done gate\ndone note\ndone spoil\ndone remember\n");
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM settings"), 0);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM events"), 0);
  Str value;
  assert_false(fast_get(rig->fast, STR("remembered"), 0, &rig->arena, &value));
  assert_int_equal(store_figures(rig->store).failed_commits, 1);
  Answer again;
  ask_note(rig, &remember_note, "two", &again);
  RIG_UNTIL(rig, again.done);
  assert_refused(again, ERR_NONE);
  assert_true(fast_get(rig->fast, STR("remembered"), 0, &rig->arena, &value));
  RIG_UNTIL(rig, store_healthy(rig->store));
}

static void test_what_does_not_fit_the_queue_is_refused_at_once(void **state) {
  Rig *rig = *state;
  Answer held;
  Answer answers[6];
  close_gate(rig, &held);
  for (int i = 0; i < 6; i++) {
    char name[8] = {'n', (char)('a' + i)};
    ask_note(rig, &add_note, name, &answers[i]);
  }
  RIG_UNTIL(rig, answers[4].done && answers[5].done);
  assert_refused(answers[4], ERR_BUSY);
  assert_refused(answers[5], ERR_BUSY);
  assert_false(answers[0].done);
  open_gate(rig, &answers[3]);
  for (int i = 0; i < 4; i++) assert_refused(answers[i], ERR_NONE);
  assert_int_equal(store_figures(rig->store).refused, 2);
  assert_int_equal(store_figures(rig->store).commits, 3);  // the gate, three, one
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM settings"), 4);
}

static void test_reads_go_on_beside_a_write(void **state) {
  Rig *rig = *state;
  Answer held;
  Answer counted = rig_call(rig, &count_notes, NULL, NULL);
  close_gate(rig, &held);
  assert_reply(rig, counted, "0");
  assert_reply(rig, rig_call(rig, &count_notes, NULL, NULL), "0");
  assert_false(held.done);
  open_gate(rig, &held);
}

static void test_a_read_after_an_answer_sees_what_was_answered(void **state) {
  Rig *rig = *state;
  for (int i = 1; i <= 20; i++) {
    char name[8] = {'n', (char)('a' + i)};
    char expected[16];
    Answer answer;
    ask_note(rig, &add_note, name, &answer);
    RIG_UNTIL(rig, answer.done);
    snprintf(expected, sizeof expected, "%d", i);
    assert_reply(rig, rig_call(rig, &count_notes, NULL, NULL), expected);
  }
}

static void test_every_loop_hears_an_event_and_one_hears_the_answer_after_it(void **state) {
  Rig *rig = *state;
  Answer answer;
  rig_ask(rig, 1, &add_note, NULL, "{\"name\":\"one\"}", &answer);
  RIG_UNTIL(rig, answer.done && rig->heard[0].length > 0 && rig->heard[2].length > 0);
  assert_int_equal(answer.loop, 1);
  assert_string_equal(rig_heard(rig, 0), "event notes 1 added one\n");
  assert_string_equal(rig_heard(rig, 1), "event notes 1 added one\ndone note\n");
  assert_string_equal(rig_heard(rig, 2), "event notes 1 added one\n");
}

static void test_loops_hear_events_in_the_order_of_their_commits(void **state) {
  enum { ROUNDS = 30 };
  Rig *rig = *state;
  Answer answers[ROUNDS];
  for (int i = 0; i < ROUNDS; i++) {
    char json[32];
    snprintf(json, sizeof json, "{\"name\":\"n%d\"}", i);
    rig_ask(rig, i % 3, &add_note, NULL, json, &answers[i]);
    if (i % 4 == 0) rig_turn(rig, rig_clock_ms());
  }
  for (int i = 0; i < ROUNDS; i++) RIG_UNTIL(rig, answers[i].done);
  // Another round through the writer, so that the events before it have reached every loop.
  for (int loop = 0; loop < 3; loop++) {
    rig_ask(rig, loop, &add_note, NULL, "{\"name\":\"n0\"}", &answers[loop]);
    RIG_UNTIL(rig, answers[loop].done);
  }
  for (int loop = 0; loop < 3; loop++) {
    const char *at = rig_heard(rig, loop);
    for (int seq = 1; seq <= ROUNDS; seq++) {
      char next[40];
      snprintf(next, sizeof next, "event notes %d added", seq);
      at = strstr(at, next);
      assert_non_null(at);
    }
  }
}

static void test_what_is_prepared_runs_with_what_was_prepared(void **state) {
  Rig *rig = *state;
  Answer answer;
  ask_note(rig, &prepare_note, "raw", &answer);
  RIG_UNTIL(rig, answer.done);
  assert_reply(rig, answer, "\"noted\"");
  assert_string_equal(rig_text(rig, "SELECT group_concat(name) FROM settings"), "prepared");
  ask_note(rig, &prepare_note, "unprepared", &answer);
  RIG_UNTIL(rig, answer.done);
  assert_refused(answer, ERR_VALIDATION);
  assert_int_equal(rig_int(rig, "SELECT count(*) FROM settings"), 1);
}

static void test_a_call_goes_on_as_its_next_method_or_ends_with_an_error(void **state) {
  Rig *rig = *state;
  Answer answer;
  ask_note(rig, &look_then_note, "raw", &answer);
  RIG_UNTIL(rig, answer.done);
  assert_reply(rig, answer, "\"noted\"");
  assert_string_equal(rig_heard(rig, 0), "event notes 1 added prepared\ndone prepare\n");
  ask_note(rig, &look_then_note, "stop", &answer);
  RIG_UNTIL(rig, answer.done);
  assert_refused(answer, ERR_NOT_FOUND);
  ask_note(rig, &look_then_note, "unprepared", &answer);
  RIG_UNTIL(rig, answer.done);
  assert_refused(answer, ERR_VALIDATION);
}

// Of a shared database a signal tells it, which whoever writes leaves in the same commit.
static void write_outside_shared(Rig *rig) {
  Call *call = call_new_of_nobody();
  call_signal(call, STR(COMMITS_OUTSIDE), STR("written"), STR("now"));
  assert_true(db_begin(rig->db, DB_WRITE) && commits_add_last(rig->db, call) && db_commit(rig->db));
  call_free(call);
  for (int loop = 0; loop < 3; loop++)
    RIG_UNTIL(rig, strstr(rig_heard(rig, loop), "event " COMMITS_OUTSIDE " 0 written now") != NULL);
}

static void test_a_write_from_outside_is_told_to_every_loop(void **state) {
  Rig *rig = *state;
  Answer answer;
  ask_note(rig, &add_note, "one", &answer);
  RIG_UNTIL(rig, answer.done);
  if (store_is_shared(rig->store)) {
    write_outside_shared(rig);
    return;
  }
  int before = rig->changed_outside;
  rig_run(rig, "INSERT INTO settings(name, value) VALUES('outside', '')");
  RIG_UNTIL(rig, rig->changed_outside == before + 3);
}

static void test_who_listens_is_told_the_number_of_the_last_commit(void **state) {
  Rig *rig = *state;
  if (!store_is_shared(rig->store)) skip();
  enum { SHORT_MS = 20, LONG_MS = 20000 };
  Answer answer;
  ask_note(rig, &add_note, "one", &answer);
  RIG_UNTIL(rig, answer.done);
  Db *listener = db_open(rig->path, DB_READ);
  int64_t number = 0;
  assert_true(db_wait_for_commit(listener, SHORT_MS, SHORT_MS, &number));
  assert_int_equal(number, INT64_MAX);  // nobody has said anything
  write_outside_shared(rig);
  assert_true(db_wait_for_commit(listener, LONG_MS, SHORT_MS, &number));
  assert_int_equal(number, commits_last(rig->db));
  rig_run(rig, "NOTIFY foyer_commits");  // as a foyer tells it that knows no numbers
  assert_true(db_wait_for_commit(listener, LONG_MS, SHORT_MS, &number));
  assert_int_equal(number, INT64_MAX);
  db_close(listener);
}

// A look that nobody has asked for comes only a quarter of a second after the last.
static void test_the_first_commit_of_others_after_a_call_that_tells_nothing_is_heard_of_at_once(void **state) {
  Rig *rig = *state;
  if (!store_is_shared(rig->store)) skip();
  Answer answer;
  uint64_t least_ns = UINT64_MAX;
  for (int round = 0; round < 5; round++) {
    ask_note(rig, &add_note, "refused", &answer);
    RIG_UNTIL(rig, answer.done);
    uint64_t begun_ns = uv_hrtime();
    write_outside_shared(rig);
    uint64_t took_ns = uv_hrtime() - begun_ns;
    if (took_ns < least_ns) least_ns = took_ns;
  }
  assert_true(least_ns < 150 * UINT64_C(1000000));
}

static void test_a_stop_does_what_was_queued_and_the_loops_may_hear_of_it_after(void **state) {
  Rig *rig = *state;
  static Answer held;  // answered in the teardown
  static Answer answer;
  close_gate(rig, &held);
  ask_note(rig, &add_note, "one", &answer);
  rig_turn(rig, rig_clock_ms());
  uv_sem_post(&gate_open);  // and the teardown stops everything
}

static Answer late_read;
static Answer late_write;

static void ask_late(Loop *loop, LoopMessage *message) {
  (void)message;
  (void)loop;
  rig_ask(late_read.rig, 0, &count_notes, NULL, NULL, &late_read);
  ask_note(late_read.rig, &add_note, "late", &late_write);
}

// What the loop was told last asks the store, which has stopped.
static void test_what_is_asked_of_a_stopped_store_is_refused(void **state) {
  static LoopMessage message = {.run = ask_late};
  late_read.rig = *state;
  loop_post(&late_read.rig->loops[0], &message);  // and the teardown stops everything before a turn is taken
}

static int end_refused(void **state) {
  end(state);
  return late_read.error == ERR_BUSY && late_write.error == ERR_BUSY ? 0 : -1;
}

#define CASE(test, setup) cmocka_unit_test_setup_teardown(test, setup, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_calls_that_come_during_a_commit_share_the_next, begin),
      CASE(test_a_failing_call_is_undone_and_its_neighbours_are_kept, begin),
      CASE(test_a_failing_call_may_be_the_last_of_its_commit_or_alone_in_it, begin),
      CASE(test_a_method_that_writes_last_refuses_without_harm_and_fails_with_its_batch, begin),
      CASE(test_a_failed_commit_fails_every_call_and_nobody_hears_of_it, begin),
      CASE(test_what_does_not_fit_the_queue_is_refused_at_once, begin_small),
      CASE(test_reads_go_on_beside_a_write, begin),
      CASE(test_a_read_after_an_answer_sees_what_was_answered, begin),
      CASE(test_every_loop_hears_an_event_and_one_hears_the_answer_after_it, begin_with_loops),
      CASE(test_loops_hear_events_in_the_order_of_their_commits, begin_with_loops),
      CASE(test_what_is_prepared_runs_with_what_was_prepared, begin),
      CASE(test_a_call_goes_on_as_its_next_method_or_ends_with_an_error, begin),
      CASE(test_a_write_from_outside_is_told_to_every_loop, begin_with_loops),
      CASE(test_who_listens_is_told_the_number_of_the_last_commit, begin_with_loops),
      CASE(test_the_first_commit_of_others_after_a_call_that_tells_nothing_is_heard_of_at_once, begin_with_loops),
      CASE(test_a_stop_does_what_was_queued_and_the_loops_may_hear_of_it_after, begin),
      cmocka_unit_test_setup_teardown(test_what_is_asked_of_a_stopped_store_is_refused, begin, end_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
