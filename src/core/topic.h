// Topics: what connections watch. A topic has a picture (its state, held in memory on each loop that watches it), a
// seq, and subscribers. A subscriber gets a snapshot first and then every later change, none lost, none doubled; under
// load the changes of a moment merge into one update. The picture's meaning is its kind's; the envelope is the door's.
// Everything here runs on the loop's thread, but for TopicKind.load.
#ifndef FOYER_CORE_TOPIC_H
#define FOYER_CORE_TOPIC_H

#include "core/call.h"
#include "core/conn.h"

enum { TOPIC_EID_MAX_BYTES = 255, TOPIC_SUBSCRIPTIONS_MAX = 100 };

typedef enum TopicForm { TOPIC_JSON, TOPIC_BINARY, TOPIC_FORMS } TopicForm;
typedef enum TopicStatus { TOPIC_SNAPSHOT, TOPIC_UPDATE, TOPIC_SUCCESS } TopicStatus;
// Of an update: the last of its messages, one before the last, or none: what happened since is no longer known.
typedef enum TopicPart { TOPIC_LAST_PART, TOPIC_MORE_PARTS, TOPIC_UNKNOWN } TopicPart;
typedef enum TopicApplied { TOPIC_APPLIED, TOPIC_OLD, TOPIC_GAP } TopicApplied;

// One row of the program's table of subscriptions.
typedef struct TopicKind {
  const char *name;  // "hall"
  // Which of this kind's topics an event belongs to; false: none. NULL: no events.
  bool (*follows)(const Event *event, int64_t *key);
  // Reads the picture (malloc) in one read transaction, on a reader thread. May block on the database.
  Error (*load)(Call *call, int64_t key, void **picture);
  // Brings an event in: applied, already in the picture, or one before it is missing (the topic is then loaded anew).
  TopicApplied (*apply)(void *picture, const Event *event);
  // Writes the whole picture, or what changed after seq `since` as the first, second, ... of its messages (`part` 0, 1,
  // ...).
  void (*snapshot)(void *picture, TopicForm form, Text *out);
  TopicPart (*update)(void *picture, TopicForm form, int64_t since, uint32_t part, Text *out);
  int64_t (*seq)(const void *picture);
  bool local_seq;     // seq counts within one picture only: when it is read anew, everybody gets a snapshot
  uint32_t space_ms;  // at least so long between two frames of a topic; 0: as its load asks
  // Looks for changes that come without events, about once a second; true when there are some. NULL: none do.
  bool (*poll)(void *picture);
  // A connection began (+1) or ceased (-1) to watch, by however many subscriptions. NULL: nobody counts.
  void (*watched)(int64_t key, int change);
  void (*free)(void *picture);
} TopicKind;

// What the door adds: its envelope around rendered data, as the payload of one WebSocket message.
typedef struct TopicDoor {
  void (*envelope)(Text *out, TopicForm form, TopicStatus status, const char *type, Str eid, int64_t now_ms, Str body);
  // A subscription or request could not be served (no such topic): tell the client. The subscription is gone.
  void (*refuse)(Conn *conn, const char *type, Str eid, Error error);
  // What had to wait, a subscription or an answer, has been sent or refused.
  void (*served)(Conn *conn);
} TopicDoor;

typedef struct Topics Topics;
typedef struct Subscriber Subscriber;

// The topics of a loop. NULL when memory is out.
Topics *topics_new(Loop *loop, const TopicKind *kinds, int kind_count, const TopicDoor *door);
void topics_free(Topics *topics);

// Where a connection's owner keeps its subscriptions: the head of a list.
typedef struct SubscriberList {
  Subscriber *first;
  uint32_t count;
} SubscriberList;

typedef struct SubscribeRequest {
  const char *kind;  // of the topic
  int64_t key;
  const char *type;  // the channel: echoed in every message; static text
  Str eid;           // at most TOPIC_EID_MAX_BYTES
  TopicForm form;
  int64_t since;  // resume after this seq, waiting a second or two where it is still to come; -1: from a snapshot
} SubscribeRequest;

// Subscribes and answers at once, or as soon as the picture is there (*waits; TopicDoor.served follows).
// ERR_SUBSCRIPTION_ALREADY_EXISTS, ERR_TOO_MANY_REQUESTS past TOPIC_SUBSCRIPTIONS_MAX.
Error topic_subscribe(Topics *topics, Conn *conn, SubscriberList *list, const SubscribeRequest *request, bool *waits);
// Ends a subscription of this channel; false when there is none of that eid.
bool topic_unsubscribe(Topics *topics, SubscriberList *list, const char *type, Str eid);
void topic_unsubscribe_all(Topics *topics, SubscriberList *list);
// Answers once with the topic's snapshot, as `success`, after the updates that are due to this connection. True when it
// has been answered (or refused), false when TopicDoor.served will follow.
bool topic_answer(Topics *topics, Conn *conn, const char *kind, int64_t key, const char *type, Str eid);
// Sends a message after the updates that are due to the subscriptions in `list`. Takes over the reference. True when it
// has been sent, false when TopicDoor.served will follow.
bool topic_send_after(Topics *topics, Conn *conn, const SubscriberList *list, Buf *frame);
// The connection's socket took everything: those of its topics that had stopped start again with a snapshot.
void topic_drained(Topics *topics, SubscriberList *list);

void topics_event(Topics *topics, const Event *event);  // an event was committed
void topics_turn_end(Topics *topics);                   // queues the updates of this turn
void topics_turn_sent(Topics *topics);                  // they have left
// Loads topics before somebody asks (at the start).
void topics_warm(Topics *topics, const char *kind, int64_t key);
bool topics_loaded(const Topics *topics);                     // no picture is being read for the first time
const char *topics_kind_name(const Topics *topics, int nth);  // of the row; NULL: there are not so many
// Something outside this process may have changed anything: every picture is loaded anew and sent to all.
void topics_reload_all(Topics *topics);

#endif
