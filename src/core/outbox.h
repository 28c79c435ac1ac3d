// The couriers: threads that do what leaves the machine (law 6). An effect is a row of `outbox`, written in the commit
// of its cause; a courier takes it when it is due, does it (blocking on the network, never on the database), and its
// outcome comes back as a call: in one transaction the row is settled and the kind's `settle` method does what follows.
// Killed on the way, the effect is done again after the next start: at least once.
#ifndef FOYER_CORE_OUTBOX_H
#define FOYER_CORE_OUTBOX_H

#include "core/call.h"

typedef struct Outbox Outbox;

// How often what failed is tried again.
typedef struct Patience {
  int64_t first_ms;    // until the second try; doubled after each further one, each with jitter
  int64_t longest_ms;  // between two tries
  int64_t give_up_ms;  // since the effect was recorded: no try after that,
  int64_t tries_min;   // but so many in any case (the server may have been off all the while)
} Patience;

typedef enum Outcome {
  OUTCOME_DONE,
  OUTCOME_AGAIN,  // failed for now
  OUTCOME_FAILED  // for good
} Outcome;

// An effect in a courier's hands.
typedef struct Errand {
  int64_t id;  // of its row
  Str key;
  const Json *payload;
  int64_t attempt;  // 1, 2, ...
  int64_t created_ms;
  Arena arena;
  Env env;
  const Config *config;
  Str own_url;                 // where this server answers itself, "http://127.0.0.1:3000"
  const _Atomic bool *urgent;  // the program ends: give up waiting for the network
  // What comes of it.
  Text result;        // a JSON object, the input of `settle`
  const char *fault;  // why it failed, for the log and the row; in the arena
  Patience patience;  // the kind's at first
  int64_t again_ms;   // OUTCOME_AGAIN: not before (milliseconds from now; Retry-After), 0: by patience alone
} Errand;

// What a courier can do: a row of the program's table.
typedef struct EffectKind {
  const char *name;                    // "mail"
  Outcome (*perform)(Errand *errand);  // on a courier's thread; may block on the network, no SQL
  // Runs when the effect is over, done or given up, in the transaction that settles its row: its fields are decoded
  // from `result`. An error of its own leaves the row as it is, and settling is tried again. NULL: nothing follows.
  const Method *settle;
  int couriers;  // threads of this kind at most: how much of it goes on at once
  Patience patience;
} EffectKind;

typedef struct OutboxSettings {
  const char *path;         // of the database
  const EffectKind *kinds;  // lives as long as the program
  int kind_count;
} OutboxSettings;

// NULL when it cannot be made (logged when the database is why).
Outbox *outbox_new(const OutboxSettings *settings);
// Starts the dispatcher, who calls couriers as they are needed; what is due already (a crash, a restart) is taken at
// once. `loops`, where outcomes go in, may start later; `own_url` as in Errand. False (logged) when it cannot.
bool outbox_start(Outbox *outbox, Loop *loops, int loop_count, Str own_url);
// A commit held effects (StoreSettings.effects); any thread.
void outbox_wake(void *outbox);
// Takes nothing more, lets what is under way end and be settled for at most `grace_ms`, then cuts it. Before the loops
// stop. What was cut is done again at the next start.
void outbox_stop(Outbox *outbox, uint32_t grace_ms);
void outbox_free(Outbox *outbox);  // after outbox_stop and after the loops were freed

// What became of an effect. On a store thread. When it is over, the signal of topic "KIND:KEY" ("mail:otp:a@b.c:1") was
// told, kind "done" or "failed".
typedef enum EffectState { EFFECT_UNKNOWN, EFFECT_PENDING, EFFECT_DONE, EFFECT_FAILED } EffectState;
EffectState outbox_look(Db *db, Str key);
Str outbox_topic(Arena *arena, const char *kind, Str key);

// Figures of a kind; any thread. `pending` and `oldest_ms` are as of the last second.
typedef struct OutboxFigures {
  const char *kind;
  int64_t pending;     // effects that are not over
  int64_t oldest_ms;   // age of the oldest that is due; 0: none is
  uint64_t performed;  // tries that ended well
  uint64_t failed;     // tries that failed
  uint64_t given_up;   // effects
} OutboxFigures;
// Of the nth kind; false when there are not so many. `outbox` may be NULL.
bool outbox_figures(const Outbox *outbox, int nth, OutboxFigures *figures);

#endif
