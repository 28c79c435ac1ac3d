// Topics: what leaves, when, and in which bytes. A body is rendered once a topic and form, framed once a group, and its
// frame shared by the group's subscribers.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/topic_private.h"

// Merging. An update leaves at once while the topic is calm. When changes keep coming while frames are still being sent
// (or more frames a second than anybody can look at), frames are spaced and carry all changes of their space, until a
// space brings no more than one commit. A frame of a single change is never under pressure: there is nothing to merge.
enum {
  SPACE_MS = 25,       // between the frames of a topic under load: 40 a second
  PRESSED_FRAMES = 3,  // of the last eight, that count as load
  WINDOW_MS = 100,
  FRAMES_A_WINDOW_MAX = 100,       // more than that is load too
  UPDATE_PARTS_MAX = 16,           // messages of one update; more, and a snapshot is sent
  DEFLATE_MIN_BYTES = 1024,        // smaller messages cost more to deflate than they save
  DEFLATE_MAX_BYTES = 512 * 1024,  // larger ones would hold the loop up (some 10 ms a megabyte)
};

static uint64_t ms_to_ns(uint64_t ms) {
  return ms * 1000000;
}

static bool is_loaded(const Topic *topic) {
  return __builtin_popcount(topic->pressed) >= PRESSED_FRAMES;
}

static uint64_t space_ms(const Topic *topic) {
  uint64_t loaded_ms = is_loaded(topic) ? SPACE_MS : 0;
  return topic->kind->space_ms > loaded_ms ? topic->kind->space_ms : loaded_ms;
}

bool topic_must_wait(Topic *topic) {
  uint64_t wanted_ms = space_ms(topic);
  if (!topic->dirty || wanted_ms == 0 || topic->last_frame_ns == 0) return false;
  uint64_t now_ns = uv_hrtime();
  uint64_t due_ns = topic->last_frame_ns + ms_to_ns(wanted_ms);
  if (now_ns >= due_ns) return false;
  uv_timer_t *timer = &topic->topics->timer;
  uint64_t wait_ms = (due_ns - now_ns) / 1000000 + 1;
  if (uv_timer_get_due_in(timer) > wait_ms) uv_timer_start(timer, timer->timer_cb, wait_ms, uv_timer_get_repeat(timer));
  return true;
}

static void count_frame(Topic *topic, bool merged) {
  uint64_t now_ns = uv_hrtime();
  if (now_ns - topic->window_ns > ms_to_ns(WINDOW_MS)) {
    topic->window_ns = now_ns;
    topic->frames_in_window = 0;
  }
  bool many = ++topic->frames_in_window > FRAMES_A_WINDOW_MAX;
  bool pressed = merged && (topic->in_pressure || (is_loaded(topic) && topic->batches > 1));
  topic->pressed = (uint8_t)(topic->pressed << 1 | pressed);
  if (many) topic->pressed = UINT8_MAX;
  topic->in_pressure = false;
  topic->batches = 0;
  topic->last_frame_ns = now_ns;
  topic->topics->sent_updates = true;
  figure_add(topic_figure(topic, topic->topics->loop->figures.updates), 1);
}

// Frames.

static Buf *frame_of(Topics *topics, const Group *group, TopicStatus status, Str body, bool deflated,
                     uint8_t window_bits) {
  Text payload = {.arena = &topics->turn};
  text_reserve(&payload, body.length + 512);
  topics->door->envelope(&payload, group->form, status, group->type, (Str){group->eid, group->eid_bytes},
                         topics->loop->now_ms, body);
  WsOpcode opcode = group->form == TOPIC_BINARY ? WS_BINARY : WS_TEXT;
  if (!deflated) return ws_frame(opcode, text_str(&payload));
  return ws_frame_deflated(topics->deflater, window_bits, opcode, text_str(&payload), &topics->turn);
}

// Deflated once for everybody who negotiated the usual window; the rare others get it plain.
static bool wants_deflate(const Conn *conn, size_t body_bytes) {
  return conn->deflate && conn->window_bits == 15 && body_bytes >= DEFLATE_MIN_BYTES && body_bytes <= DEFLATE_MAX_BYTES;
}

static Str snapshot_body(Topic *topic, TopicForm form) {
  if (topic->body[form].length == 0) {
    Text body = {.arena = &topic->topics->turn};
    topic->kind->snapshot(topic->picture, form, &body);
    topic->body[form] = text_str(&body);
  }
  return topic->body[form];
}

static Buf *snapshot_frame(Group *group, const Conn *conn) {
  Str body = snapshot_body(group->topic, group->form);
  bool deflated = wants_deflate(conn, body.length);
  Buf **frame = &group->snapshot[deflated];
  if (*frame == NULL) *frame = frame_of(group->topic->topics, group, TOPIC_SNAPSHOT, body, deflated, 15);
  return *frame != NULL ? buf_ref(*frame) : NULL;
}

void topic_forget_frames(Topic *topic) {
  for (int form = 0; form < TOPIC_FORMS; form++) {
    if (topic->body[form].length == 0) continue;
    topic->body[form] = (Str){0};
    for (Group *group = topic->groups; group != NULL; group = group->next) {
      for (int i = 0; i < 2; i++) {
        buf_unref(group->snapshot[i]);
        group->snapshot[i] = NULL;
      }
    }
  }
}

// Serving.

// Its connection is behind: nothing more until everything has left, then a snapshot (topic_drained).
static void stop(Subscriber *subscriber) {
  subscriber->state = SUBSCRIBER_STOPPED;
  figure_add(&subscriber->conn->loop->figures.stopped, 1);
  conn_tell_drained(subscriber->conn);
}

// Resumes: sends what was missed; false when that is no longer known. Kinds that can be resumed have one part.
static bool send_missed(Subscriber *subscriber) {
  Group *group = subscriber->group;
  Topic *topic = group->topic;
  Text missed = {.arena = &topic->topics->turn};
  TopicPart part = topic->kind->update(topic->picture, group->form, subscriber->since, 0, &missed);
  if (part != TOPIC_LAST_PART) return false;
  conn_send(subscriber->conn, frame_of(topic->topics, group, TOPIC_UPDATE, text_str(&missed), false, 15));
  return true;
}

bool topic_is_ahead(const Subscriber *subscriber) {
  const Topic *topic = subscriber->group->topic;
  return !topic->kind->local_seq && subscriber->since > topic->kind->seq(topic->picture);
}

void topic_lose_patience(Topic *topic) {
  for (Group *group = topic->groups; group != NULL; group = group->next) {
    for (uint32_t i = 0; i < group->count; i++) {
      Subscriber *subscriber = group->subscribers[i];
      if (subscriber->state != SUBSCRIBER_WAITING || !topic_is_ahead(subscriber)) continue;
      if (subscriber->has_waited) subscriber->since = -1;  // the database is an older one, perhaps
      subscriber->has_waited = true;
    }
  }
  topic->topics->any_dirty = true;  // the turn's end serves them
}

void topic_serve(Subscriber *subscriber) {
  Group *group = subscriber->group;
  Topic *topic = group->topic;
  Topics *topics = topic->topics;
  Conn *conn = subscriber->conn;
  assert(topic->picture != NULL && subscriber->state == SUBSCRIBER_WAITING);
  --topic->waiting;
  if (conn_is_slow(conn)) {
    stop(subscriber);
    return;
  }
  bool told_waits = subscriber->told_waits;
  subscriber->told_waits = false;
  subscriber->state = SUBSCRIBER_LIVE;
  // Sending closes the connection when memory is out, and the subscriber is gone with it.
  if (subscriber->since < 0 || !send_missed(subscriber)) conn_send(conn, snapshot_frame(group, conn));
  if (told_waits && !conn->dead) topics->door->served(conn);
}

void topic_answer_now(Topic *topic, Conn *conn, const char *type, Str eid) {
  Group *once = arena_alloc(&topic->topics->turn, sizeof *once + eid.length);
  *once = (Group){.topic = topic, .type = type, .form = TOPIC_JSON, .eid_bytes = (uint8_t)eid.length};
  if (eid.length > 0) memcpy(once->eid, eid.at, eid.length);
  Str body = snapshot_body(topic, TOPIC_JSON);
  conn_send(conn, frame_of(topic->topics, once, TOPIC_SUCCESS, body, wants_deflate(conn, body.length), 15));
}

void topic_add_request(Topic *topic, Request *request) {
  request->next = NULL;
  *topic->requests_tail = request;
  topic->requests_tail = &request->next;
}

Request *topic_take_requests(Topic *topic) {
  Request *requests = topic->requests;
  topic->requests = NULL;
  topic->requests_tail = &topic->requests;
  return requests;
}

// Those of a slow connection stay until it has drained. Whoever is answered may ask again at once: the list is taken
// off before.
static void answer_requests(Topic *topic) {
  Topics *topics = topic->topics;
  Request *request = topic_take_requests(topic);
  while (request != NULL) {
    Request *next = request->next;
    Conn *conn = conn_find(topics->loop, request->conn);
    if (conn != NULL && conn_is_slow(conn)) {
      conn_tell_drained(conn);
      topic_add_request(topic, request);
    } else {
      if (conn != NULL) topic_answer_now(topic, conn, request->type, request->eid);
      if (conn != NULL && !conn->dead) topics->door->served(conn);
      free(request);
    }
    request = next;
  }
}

static bool updates_due(const SubscriberList *list) {
  for (const Subscriber *subscriber = list->first; subscriber != NULL; subscriber = subscriber->next_of_conn) {
    if (subscriber->group->topic->dirty) return true;
  }
  return false;
}

bool topic_send_after(Topics *topics, Conn *conn, const SubscriberList *list, Buf *frame) {
  Held *held = updates_due(list) ? malloc(sizeof *held) : NULL;
  if (held == NULL) {
    conn_send(conn, frame);
    return true;
  }
  *held = (Held){.conn = conn_ref(conn), .list = list, .frame = frame};
  *topics->held_tail = held;
  topics->held_tail = &held->next;
  return false;
}

void topic_send_held(Topics *topics) {
  Held *held = topics->held;
  topics->held = NULL;
  topics->held_tail = &topics->held;
  while (held != NULL) {
    Held *next = held->next;
    Conn *conn = conn_find(topics->loop, held->conn);
    if (conn == NULL) {
      buf_unref(held->frame);
    } else if (topic_send_after(topics, conn, held->list, held->frame) && !conn->dead) {
      topics->door->served(conn);
    }
    free(held);
    held = next;
  }
}

void topic_serve_waiting(Topic *topic) {
  for (Group *group = topic->groups; group != NULL && topic->waiting > 0; group = group->next) {
    for (uint32_t i = 0; i < group->count;) {
      // Served, it waits no longer; or its owner has left, and the last of the group has taken its place.
      if (group->subscribers[i]->state == SUBSCRIBER_WAITING && !topic_is_ahead(group->subscribers[i])) {
        topic_serve(group->subscribers[i]);
      } else {
        ++i;
      }
    }
  }
  answer_requests(topic);
}

static Subscriber *find_servable(const SubscriberList *list) {
  Subscriber *subscriber = list->first;
  while (subscriber != NULL) {
    const Topic *topic = subscriber->group->topic;
    bool waits = subscriber->state == SUBSCRIBER_WAITING && topic->picture != NULL && !topic->dirty;
    if (waits && !topic_is_ahead(subscriber)) break;
    subscriber = subscriber->next_of_conn;
  }
  return subscriber;
}

void topic_drained(Topics *topics, SubscriberList *list) {
  for (Subscriber *subscriber = list->first; subscriber != NULL; subscriber = subscriber->next_of_conn) {
    if (subscriber->state != SUBSCRIBER_STOPPED) continue;
    subscriber->state = SUBSCRIBER_WAITING;
    ++subscriber->group->topic->waiting;
    subscriber->since = -1;
  }
  topics->any_dirty = true;  // the turn's end answers its requests
  loop_again(topics->loop);
  // Whoever is served may be let on to its next message, which may end any of its subscriptions: look anew each time.
  Subscriber *subscriber = find_servable(list);
  const Conn *conn = subscriber != NULL ? subscriber->conn : NULL;
  while (subscriber != NULL) {
    topic_serve(subscriber);
    subscriber = conn->dead ? NULL : find_servable(list);
  }
}

// Fan-out.

// Sends everybody in the group one frame; those whose backlog is long already are stopped instead.
static void send_group(Group *group, Str body, TopicStatus status) {
  Buf *frames[2] = {NULL, NULL};
  for (uint32_t i = 0; i < group->count;) {
    Subscriber *subscriber = group->subscribers[i];
    if (i + 8 < group->count) __builtin_prefetch(group->subscribers[i + 8]);
    if (i + 4 < group->count) __builtin_prefetch(group->subscribers[i + 4]->conn);
    Conn *conn = subscriber->conn;
    ++i;
    if (subscriber->state != SUBSCRIBER_LIVE) continue;
    if (conn_is_slow(conn)) {
      stop(subscriber);
      continue;
    }
    bool deflated = wants_deflate(conn, body.length);
    Buf **frame = &frames[deflated];
    if (*frame == NULL) *frame = frame_of(group->topic->topics, group, status, body, deflated, 15);
    conn_send(conn, *frame != NULL ? buf_ref(*frame) : NULL);
    if (conn->dead) --i;  // memory is out: the last of the group has taken its place
  }
  buf_unref(frames[0]);
  buf_unref(frames[1]);
}

// The messages of an update, rendered once a form.
typedef struct Update {
  bool rendered;
  bool known;  // else everybody gets a snapshot
  uint32_t count;
  Str bodies[UPDATE_PARTS_MAX];
} Update;

static void render_update(Topic *topic, TopicForm form, Update *update) {
  update->rendered = true;
  TopicPart part = topic->afresh ? TOPIC_UNKNOWN : TOPIC_MORE_PARTS;
  while (part == TOPIC_MORE_PARTS && update->count < UPDATE_PARTS_MAX) {
    Text body = {.arena = &topic->topics->turn};
    part = topic->kind->update(topic->picture, form, topic->sent_seq, update->count, &body);
    update->bodies[update->count++] = text_str(&body);
  }
  update->known = part == TOPIC_LAST_PART;
}

void topic_flush(Topic *topic) {
  Update updates[TOPIC_FORMS] = {0};
  topic_forget_frames(topic);
  for (Group *group = topic->groups; group != NULL; group = group->next) {
    Update *update = &updates[group->form];
    if (!update->rendered) render_update(topic, group->form, update);
    if (!update->known) send_group(group, snapshot_body(topic, group->form), TOPIC_SNAPSHOT);
    for (uint32_t i = 0; update->known && i < update->count; i++) send_group(group, update->bodies[i], TOPIC_UPDATE);
  }
  int64_t seq = topic->kind->seq(topic->picture);
  bool merged = seq > topic->sent_seq + 1;
  topic->sent_seq = seq;
  topic->dirty = topic->afresh = false;
  if (topic->subscribers > 0) count_frame(topic, merged);
}
