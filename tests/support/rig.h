// The core as a test sets it up: a real database file, a real store, loops whose turns the test itself takes, a clock
// and dice that it holds. Calls go the way of a request: access, decoding, queue, commit, answer.
#ifndef FOYER_TESTS_SUPPORT_RIG_H
#define FOYER_TESTS_SUPPORT_RIG_H

#include <stdatomic.h>

#include "core/call.h"
#include "core/store.h"

enum { RIG_LOOPS_MAX = 3, RIG_LIMIT_MS = 20000, RIG_MINUTE_MS = 60000, RIG_HOUR_MS = 3600000 };

// 2026-11-21T07:00:00.000Z: when every test begins.
#define RIG_BEGIN_MS INT64_C(1795244400000)

typedef struct RigSettings {
  int loops;               // 0: one
  int readers;             // 0: one
  uint32_t queue_max;      // 0: 1000
  uint32_t batch_max;      // 0: 256
  uint32_t slow_bytes;     // 0: 1 MiB
  const LoopHooks *hooks;  // NULL: none
  // What loops hear, after the rig has noted it. NULL: nothing more.
  void (*event)(Loop *loop, const Event *event);
  void (*changed_outside)(Loop *loop);
  void (*committed)(const Event *event);  // as StoreSettings.committed
} RigSettings;

typedef struct Rig {
  char directory[64];
  char path[96];  // of the database file, or a URL: see support/postgres.h
  _Atomic int64_t now_ms;
  _Atomic uint64_t dice;
  Config config;
  Fast *fast;
  Store *store;
  Loop loops[RIG_LOOPS_MAX];
  Db *db;  // a connection of the test's own
  Arena arena;
  Text heard[RIG_LOOPS_MAX];  // "event TOPIC SEQ KIND PAYLOAD\n" and "done METHOD\n", as each loop heard them
  int64_t waited_note;        // of the next call
  const void *input;          // likewise; NULL: it is decoded
  int changed_outside;        // how often loops were told that somebody else wrote
  RigSettings settings;
} Rig;

// What came of a call. Texts live in the rig's arena.
typedef struct Answer {
  Rig *rig;
  bool done;
  int loop;  // on which it was answered
  Error error;
  Str reply;
  Identity granted;
  bool session_over;
  const char *topic_kind;  // as Call.reply_topic_kind
  int64_t topic_key;
  Str waits_for;  // as in Call, with its note
  int64_t waited_note;
} Answer;

// Makes a directory with a migrated database and starts the store on it. `settings` may be NULL. Asserts that it
// worked.
Rig *rig_open(const RigSettings *settings);
void rig_close(Rig *rig);  // stops everything, frees it, removes the directory

void rig_pass(Rig *rig, int64_t ms);  // turns the clock on

// One turn of every loop; waits a few milliseconds for something to happen. Fails the test when `begun_ms` (of
// rig_clock_ms) is longer ago than RIG_LIMIT_MS.
void rig_turn(Rig *rig, uint64_t begun_ms);
uint64_t rig_clock_ms(void);  // monotonic
// Takes turns until the condition holds.
#define RIG_UNTIL(rig, condition) \
  for (uint64_t rig_begun_ms = rig_clock_ms(); !(condition); rig_turn((rig), rig_begun_ms)) continue

// Asks: checks the access and decodes `json` as a door does, and submits. The answer comes in a later turn, or is there
// at once when the door refused. A guest is NULL; an identity with a sid carries a token.
void rig_ask(Rig *rig, int loop, const Method *method, const Identity *who, const char *json, Answer *answer);
// Asks and waits for the answer.
Answer rig_call(Rig *rig, const Method *method, const Identity *who, const char *json);

// Asks; between what the call reads first and what its worker does then, `sql` is done. Needs the only reader and
// worker.
Answer rig_call_while(Rig *rig, const Method *method, const Identity *who, const char *json, const char *sql);

// Calls a method whose input its door fills in itself; the input's bytes are copied.
Answer rig_call_input(Rig *rig, const Method *method, const void *input);
// The same call again, as a door runs it when what it waited for was told.
Answer rig_call_again(Rig *rig, const Answer *waits, const Method *method, const Identity *who, const char *json);

// What a loop has heard since the last time it was asked for; a C string in the rig's arena.
const char *rig_heard(Rig *rig, int loop);

// The test's own look at the tables, and its own hand in them. `sql` is a constant.
int64_t rig_int(Rig *rig, const char *sql);
const char *rig_text(Rig *rig, const char *sql);  // the first row's first column; "" when there is none
void rig_run(Rig *rig, const char *sql);

const char *rig_zero(Rig *rig, Str text);  // as a C string in the rig's arena

#define assert_reply(rig, answer, expected)                          \
  do {                                                               \
    Answer replied = (answer);                                       \
    assert_string_equal(error_code(replied.error), "");              \
    assert_string_equal(rig_zero((rig), replied.reply), (expected)); \
  } while (0)

#define assert_refused(answer, expected) assert_string_equal(error_code((answer).error), error_code(expected))

#endif
