// The structs of core/topic*.c. For these files only.
#ifndef FOYER_CORE_TOPIC_PRIVATE_H
#define FOYER_CORE_TOPIC_PRIVATE_H

#include "core/topic.h"

enum { TOPIC_BUCKETS = 64 };

typedef struct Topic Topic;
typedef struct Group Group;

typedef enum SubscriberState {
  SUBSCRIBER_WAITING,  // for its first snapshot or missed updates
  SUBSCRIBER_LIVE,     // has everything up to the topic's sent_seq
  SUBSCRIBER_STOPPED   // its connection is slow: gets a snapshot when it has drained
} SubscriberState;

struct Subscriber {
  Conn *conn;
  Group *group;
  Subscriber *next_of_conn;
  SubscriberList *list;
  int64_t since;   // while waiting: resume after this seq, -1: none
  uint32_t index;  // in group->subscribers
  SubscriberState state;
  bool told_waits;  // the door counts on TopicDoor.served
  bool has_waited;  // ahead of the picture, at the last look
};

// The subscribers of a topic that get the very same bytes.
struct Group {
  Group *next;
  Topic *topic;
  const char *type;
  TopicForm form;
  Subscriber **subscribers;
  uint32_t count;
  uint32_t capacity;
  Buf *snapshot[2];  // this turn's frames, plain and deflated; NULL when not yet made
  uint8_t eid_bytes;
  char eid[];
};

// A one-time answer that waits.
typedef struct Request {
  struct Request *next;
  ConnRef conn;
  const char *type;
  Str eid;  // behind this struct
} Request;

struct Topic {
  Topic *next;
  Topics *topics;
  const TopicKind *kind;
  int64_t key;
  void *picture;  // NULL until loaded
  bool loading;
  bool lost;          // `picture` is gone because an event was missing; sent_seq stands
  bool reload;        // load once more when the present load is done
  bool dirty;         // the picture is ahead of sent_seq
  bool afresh;        // send everybody a snapshot, not an update
  bool in_pressure;   // since the last frame: a change came while frames were still being sent
  uint32_t batches;   // since the last frame: commits whose changes came
  uint64_t batch_ns;  // the latest of them, by its Event.posted_ns
  uint8_t pressed;    // of the last eight frames, those under pressure; the newest is the lowest bit
  uint32_t frames_in_window;
  uint32_t subscribers;
  uint32_t waiting;    // of them, in SUBSCRIBER_WAITING
  int64_t sent_seq;    // what live subscribers have
  uint64_t window_ns;  // begin of the window in which frames are counted
  uint64_t last_frame_ns;
  Str body[TOPIC_FORMS];  // this turn's rendered snapshots, in topics->turn; empty when not yet made
  Event *missed;          // events that came while loading, oldest first, in `missed_arena`
  Event **missed_tail;
  Arena missed_arena;
  Request *requests;
  Request **requests_tail;
  Group *groups;
};

// A message that must not overtake the updates due to its connection.
typedef struct Held {
  struct Held *next;
  ConnRef conn;
  const SubscriberList *list;
  Buf *frame;
} Held;

struct Topics {
  Loop *loop;
  const TopicKind *kinds;
  int kind_count;
  const TopicDoor *door;
  WsDeflater *deflater;
  Topic *buckets[TOPIC_BUCKETS];
  Arena turn;  // what is rendered in a turn
  Held *held;
  Held **held_tail;
  uint64_t sent_until_ns;  // when the last turn that sent updates had sent them all
  bool sent_updates;       // this turn
  bool any_dirty;
  uint64_t polled_ms;
  uv_timer_t timer;  // wakes the loop when a merged update is due
};

// Of its kind among the figures of its loop.
static inline Figure *topic_figure(const Topic *topic, Figure figures[LOOP_TOPIC_KINDS]) {
  return &figures[topic->kind - topic->topics->kinds];
}

// core/topic_group.c
Group *topic_group(Topic *topic, const SubscribeRequest *request);  // made where it is not there; NULL: memory is out
bool topic_add_to_group(Group *group, Subscriber *subscriber);      // false: memory is out
void topic_drop_empty_groups(Topic *topic);

// core/topic_send.c
void topic_flush(Topic *topic);            // sends what changed since sent_seq to the live subscribers
bool topic_must_wait(Topic *topic);        // merged: its next frame is not due yet
void topic_serve(Subscriber *subscriber);  // sends what a waiting subscriber waits for
void topic_serve_waiting(Topic *topic);    // all of them that can be, and the requests
// Its `since` is of a change that this loop has not heard of yet, as another server told it: it waits for that.
bool topic_is_ahead(const Subscriber *subscriber);
void topic_lose_patience(Topic *topic);  // once a look: who was ahead at the last one is served all the same
void topic_forget_frames(Topic *topic);  // at the end of the turn
void topic_answer_now(Topic *topic, Conn *conn, const char *type, Str eid);
void topic_send_held(Topics *topics);  // those whose updates have gone out
void topic_add_request(Topic *topic, Request *request);
Request *topic_take_requests(Topic *topic);  // takes all of them off, in their order

#endif
