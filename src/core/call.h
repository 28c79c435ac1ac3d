// A call: one thing asked of the program, from the loop that took it to the store thread that does it and back. Its
// memory is one arena. What a method records here leaves after the commit that holds it, or never (law 2).
#ifndef FOYER_CORE_CALL_H
#define FOYER_CORE_CALL_H

#include "core/config.h"
#include "core/conn.h"
#include "core/db.h"
#include "core/fast.h"
#include "shared/arena.h"
#include "shared/errors.h"
#include "shared/json.h"
#include "shared/time.h"

// Who asks. A guest has user_id 0.
typedef struct Identity {
  int64_t user_id;
  Str username;          // as the seats wire shows it: of who has no username the name, or what stands before the @
  Str public_id;         // 24 hex digits, what the tickets door calls a person
  Str sid;               // the session's id
  int64_t expires_ms;    // of the token
  int64_t refreshed_ms;  // of a granted session that has a refresh token: when it was made; else 0
  int64_t used_ms;       // when the session's use was last noted, as of that look
  bool staff;            // as of the last look at the database
} Identity;

// A change as subscribers see it. With a seq it is also a row in `events`; a signal (seq 0) is not kept.
typedef struct Event {
  struct Event *next;
  Str topic;    // "hall:3"
  int64_t seq;  // 1, 2, 3, ... within the topic; 0 for a signal
  int64_t at_ms;
  Str kind;            // what happened: "seat"
  Str payload;         // JSON
  uint64_t posted_ns;  // monotonic, when its commit was done, the same for all events of a commit; set by the store
  bool waited;         // its call had to wait until the loop had sent updates; set by the store
} Event;

Identity identity_copy(Arena *arena, const Identity *identity);

typedef enum MethodAccess { ACCESS_ANYONE, ACCESS_SIGNED_IN, ACCESS_STAFF } MethodAccess;

typedef enum FieldKind {
  FIELD_ID,          // integer of at least 1        -> int64_t
  FIELD_INT,         // integer of min..max          -> int64_t
  FIELD_NUMBER,      // any number                   -> int64_t: of one with a fraction, or past 2^53, 0
  FIELD_FLAG,        // true or false                -> bool
  FIELD_PUBLIC_ID,   // 24 hex digits                -> Str
  FIELD_EMAIL,       // an e-mail address of at most 254 bytes -> Str, trimmed and in lower case
  FIELD_STRING,      // string of min..max code points -> Str
  FIELD_ANY_STRING,  // string or anything else (then empty), unchecked -> Str
  FIELD_ID_LIST,     // array of min..max ids  -> IdList
  FIELD_WORD         // optional string               -> Str
} FieldKind;

typedef struct IdList {
  const int64_t *ids;
  size_t count;
} IdList;

// One field of a method's input, checked and decoded in the order of the table: the first that fails gives the error.
typedef struct Field {
  const char *name;
  FieldKind kind;
  uint16_t offset;  // into the input struct
  bool optional;    // absent or null: the input keeps its zero
  uint16_t given;   // into the input: a bool that says whether it was there; 0: nobody asks
  int64_t min;
  int64_t max;
  Error error;
} Field;

// A method: what can be asked once.
typedef struct Method {
  const char *name;  // "hall.update_seat_status"
  MethodAccess access;
  bool reads_only;  // runs on a reader, beside the writes
  // Refuses before its first write and never after it: then nothing but the database or memory can fail it, and that
  // fails the whole batch, so it needs no savepoint.
  bool writes_last;
  const Field *fields;
  uint16_t field_count;
  uint16_t input_bytes;
  Error late;  // what is answered when call->waits_for did not come; ERR_NONE: ERR_PROVIDER_UNAVAILABLE
  Error (*prepare)(Call *call, void *input);  // on a worker: may take long, no SQL; NULL where not needed
  // Of a method whose calls come many at once, at a shared database: reads what the calls of a batch, `calls` and those
  // behind it, are about to look for, so that each need not ask for itself. In their transaction, before the first of
  // them; what it keeps may be in the first one's arena. Optional.
  void (*look_ahead)(Db *db, Call *calls);
  Error (*run)(Call *call, const void *input);  // on a store thread, in a transaction
  // Writes the reply of what has succeeded, on the loop's thread, after the commit and before `done`: for answers that
  // memory gives, which knows of a commit only then. No SQL. NULL: the reply is what `run` wrote.
  void (*answer)(Call *call, const void *input);
} Method;

// A request that may be sent again (Idempotency-Key): with the same key and the same request, the first success is
// answered once more and nothing else happens. Empty `key`: no such request.
typedef struct Once {
  Str scope;  // who asks
  Str key;
  Str request_hash;  // another request with the same key is ERR_KEY_REUSED
} Once;

// What a batch has to do at its end.
typedef struct CallEnd {
  struct CallEnd *next;
  void (*run)(Call *call, int64_t key);
  int64_t key;
} CallEnd;

struct Call {
  Call *next;
  Arena arena;
  const Method *method;
  void *input;             // the method's decoded input, in the arena
  const Field *bad_field;  // the one that call_decode refused
  Once once;
  Identity who;
  // Set by the door: finds who asks, before `run` and in its transaction. NULL: that is known, or nobody asks.
  Error (*identify)(Call *call);
  Error input_error;   // of an input that is not to be refused before it is known who asks
  Error token_error;   // ERR_NONE: the token was genuine; else why not (ERR_UNAUTHORIZED: there was none)
  Str peer;            // the client's address, for limits and the session list
  Str agent;           // User-Agent, likewise
  Str request_id;      // names the request in the log and in its answer; empty for messages of a socket
  uint64_t queued_ns;  // monotonic, when it was handed to the store
  uint64_t since_ns;   // likewise, since when it waits for the database: `prepare` has run
  bool prepared;       // `prepare` has run
  bool waited;         // came while its loop was sending updates
  bool awaited;        // its loop counts it in `awaited`
  Db *db;              // while `run` runs
  Env env;
  int64_t now_ms;     // fixed for the call
  Error error;        // the outcome; with an error, nothing was changed
  Error refusal;      // set by a method that returns ERR_NONE: what it changed is kept, and this is answered
  Text reply;         // JSON of the answer's data, also beside an error where the method says so
  Identity granted;   // a session that the method opened: the door gives its token; user_id 0: none
  bool session_over;  // the method ended the caller's session: the door takes the token away
  const Method
      *follow;  // set by a reading method: on success this one goes on with the same input, in a transaction of its own
  // Set by a method that cannot answer before a courier has: on success the door keeps the request and runs the method
  // again when a signal of this topic has come, or answers ERR_PROVIDER_UNAVAILABLE when none does. Empty: it can.
  Str waits_for;
  // What the method noted when it set `waits_for`: the door hands it back when it runs the method again. 0: first run.
  int64_t waited_note;
  Str waited_for;    // the topic that this run of the method has waited for; empty: it is the first
  bool has_effects;  // rows for the couriers were recorded
  Fast *fast;
  FastChange *remembers;  // what the call has changed in `fast`, in order; what was counted stays when it fails
  FastChange **remembers_tail;
  const Config *config;
  const char *reply_topic_kind;  // the answer is the snapshot of this topic instead; NULL: it is `reply`
  int64_t reply_topic_key;
  Event *events;
  Event **events_tail;
  CallEnd *ends;
  Loop *loop;  // where the answer goes
  ConnRef conn;
  void *door;                            // the controller's own, in the arena
  void (*done)(Loop *loop, Call *call);  // on the loop's thread, after the commit; must not keep the call
};

// A new call for a connection; the loop's thread. NULL when memory is out.
Call *call_new(Loop *loop, Conn *conn);
// A call of the program's own; its `done` is all that hears of it. NULL when memory is out.
Call *call_new_own(Loop *loop);
// A call of no loop: nobody hears of its end, and its fields are set by who makes it. NULL when memory is out.
Call *call_new_of_nobody(void);
void call_free(Call *call);
size_t call_list_length(const Call *calls);  // it and those behind it

// Decodes `data` by the method's table into call->input. ERR_NONE, or the error of the first field that fails.
Error call_decode(Call *call, const Json *data);

// Records an event of a topic with its row in the log; gives its seq, 0 when the database failed. Store thread.
int64_t call_event(Call *call, Str topic, Str kind, Str payload);
// Looks for the last seqs of topics that will have events in this transaction, all at once.
void call_events_ahead(Db *db, Arena *arena, const Str *topics, size_t count);
// Remembers something in memory for so long; forgotten again when the call fails. Store thread.
void call_remember(Call *call, Str key, Str value, int64_t window_ms);
// Forgets it, once the call is committed. Store thread.
void call_forget(Call *call, Str key);
// One more change, empty yet, in the order of those that the call has made. For the store.
FastChange *call_add_change(Call *call);
// Counts as fast_count does, also when the call fails. Store thread.
int64_t call_count(Call *call, Str key, int64_t by, int64_t window_ms);
// Records an effect: work for the couriers (law 6), done at least once after the commit, not before `due_ms`. `kind` is
// a row of the program's table of effects, `payload` JSON; an effect whose key is there already is not recorded again.
void call_effect(Call *call, const char *kind, Str key, Str payload, int64_t due_ms);
// Has `run` done with `key` after all calls of the batch and before its commit, once, however many of them ask for it:
// for what tells how something stands, of which the last word is enough. Its call is one of those that have asked.
void call_at_end(Call *call, void (*run)(Call *call, int64_t key), int64_t key);
// Records a signal: told to every loop after the commit, kept nowhere.
void call_signal(Call *call, Str topic, Str kind, Str payload);

#endif
