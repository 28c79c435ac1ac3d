// Topics: who watches what, how pictures are loaded, and how events reach them. Sending is in core/topic_send.c.
#include "core/topic.h"

#include <assert.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/store.h"
#include "core/topic_private.h"

enum { POLL_MS = 1000 };

static const TopicKind *find_kind(const Topics *topics, const char *name) {
  for (int i = 0; i < topics->kind_count; i++) {
    if (strcmp(topics->kinds[i].name, name) == 0) return &topics->kinds[i];
  }
  assert(!"a kind that is in no table");
  return NULL;
}

static Topic **bucket_of(Topics *topics, const TopicKind *kind, int64_t key) {
  size_t hash = (size_t)(kind - topics->kinds) * 31 + (size_t)key;
  return &topics->buckets[hash % TOPIC_BUCKETS];
}

static Topic *find_topic(Topics *topics, const TopicKind *kind, int64_t key) {
  Topic *topic = *bucket_of(topics, kind, key);
  while (topic != NULL && (topic->kind != kind || topic->key != key)) topic = topic->next;
  return topic;
}

// Loading.

typedef struct LoadInput {
  const TopicKind *kind;
  int64_t key;
  void *picture;
} LoadInput;

static Error run_load(Call *call, const void *input) {
  (void)input;
  LoadInput *load = call->input;
  return load->kind->load(call, load->key, &load->picture);
}

static const Method load_method = {
    .name = "topic.load", .reads_only = true, .input_bytes = sizeof(LoadInput), .run = run_load};

static void loaded(Loop *loop, Call *call);

static void start_load(Topic *topic) {
  if (topic->loading) {
    topic->reload = true;
    return;
  }
  Loop *loop = topic->topics->loop;
  Call *call = call_new_own(loop);
  if (call == NULL) return;  // tried again by the next who asks
  call->method = &load_method;
  LoadInput *input = ARENA_NEW(&call->arena, LoadInput);
  *input = (LoadInput){.kind = topic->kind, .key = topic->key};
  call->input = input;
  call->door = topic;
  call->done = loaded;
  topic->loading = true;
  topic->reload = false;
  store_submit(loop, call);
}

static void count_watching(const Topic *topic, const SubscriberList *list, int change) {
  if (topic->kind->watched == NULL) return;
  for (const Subscriber *other = list->first; other != NULL; other = other->next_of_conn) {
    if (other->group->topic == topic) return;  // the connection watches besides
  }
  topic->kind->watched(topic->key, change);
}

static void remove_subscriber(Subscriber *subscriber) {
  Group *group = subscriber->group;
  Topic *topic = group->topic;
  Subscriber *last = group->subscribers[--group->count];
  group->subscribers[subscriber->index] = last;
  last->index = subscriber->index;
  Subscriber **link = &subscriber->list->first;
  while (*link != subscriber) link = &(*link)->next_of_conn;
  *link = subscriber->next_of_conn;
  --subscriber->list->count;
  --topic->subscribers;
  figure_take(topic_figure(topic, topic->topics->loop->figures.subscriptions), 1);
  if (subscriber->state == SUBSCRIBER_WAITING) --topic->waiting;
  count_watching(topic, subscriber->list, -1);
  if (group->count == 0) topic->topics->any_dirty = true;  // the turn's end drops it
  free(subscriber);
}

static void refuse_all(Topic *topic, Error error) {
  const TopicDoor *door = topic->topics->door;
  for (Group *group = topic->groups; group != NULL; group = group->next) {
    while (group->count > 0) {
      Subscriber *subscriber = group->subscribers[group->count - 1];
      Conn *conn = subscriber->conn;
      bool told = subscriber->told_waits;
      remove_subscriber(subscriber);
      door->refuse(conn, group->type, (Str){group->eid, group->eid_bytes}, error);
      if (told && !conn->dead) door->served(conn);
    }
  }
  Request *request = topic_take_requests(topic);
  while (request != NULL) {
    Request *next = request->next;
    Conn *conn = conn_find(topic->topics->loop, request->conn);
    if (conn != NULL) door->refuse(conn, request->type, request->eid, error);
    if (conn != NULL && !conn->dead) door->served(conn);
    free(request);
    request = next;
  }
}

// An event is missing: nobody is shown the picture any more, and what its subscribers miss is due to them.
static void lose_picture(Topic *topic) {
  topic->kind->free(topic->picture);
  topic->picture = NULL;
  topic->lost = topic->dirty = true;
  topic_forget_frames(topic);
  if (!topic->loading) start_load(topic);
}

static void apply(Topic *topic, const Event *event) {
  TopicApplied applied = topic->kind->apply(topic->picture, event);
  if (applied == TOPIC_GAP) {
    log_warn("topic: an event is missing, its picture is read anew", "topic=%s:%lld seq=%lld", topic->kind->name,
             (long long)topic->key, (long long)event->seq);
    lose_picture(topic);
  }
  if (applied == TOPIC_APPLIED) topic->dirty = topic->topics->any_dirty = true;
}

static void replay_missed(Topic *topic) {
  Event *event = topic->missed;
  topic->missed = NULL;
  topic->missed_tail = &topic->missed;
  for (; event != NULL && !topic->loading; event = event->next) apply(topic, event);
  if (!topic->loading) arena_free(&topic->missed_arena);
}

static void forget_missed(Topic *topic) {
  topic->missed = NULL;
  topic->missed_tail = &topic->missed;
  arena_free(&topic->missed_arena);
}

// What could not be read anew is old: the next who asks has it read.
static void drop_picture(Topic *topic) {
  if (topic->picture != NULL) topic->kind->free(topic->picture);
  topic->picture = NULL;
  topic->dirty = topic->afresh = topic->lost = false;
  forget_missed(topic);
  topic_forget_frames(topic);
}

// Tried again in a moment: the picture that stands is as good as any, and has taken in what came meanwhile.
static void load_later(Topic *topic) {
  forget_missed(topic);
  topic->reload = true;
}

static bool is_passing(Error error) {
  return error == ERR_BUSY || error == ERR_INTERNAL || error == ERR_CINEMA_FETCH_FAILED;
}

static void loaded(Loop *loop, Call *call) {
  (void)loop;
  Topic *topic = call->door;
  const LoadInput *load = call->input;
  topic->loading = false;
  if (call->error != ERR_NONE) {
    if (load->picture != NULL) topic->kind->free(load->picture);
    if (topic->picture != NULL && is_passing(call->error)) {
      load_later(topic);
      return;
    }
    drop_picture(topic);
    refuse_all(topic, call->error);
    return;
  }
  bool first = topic->picture == NULL && !topic->lost;
  if (topic->picture != NULL) topic->kind->free(topic->picture);
  if (first) topic->sent_seq = topic->kind->seq(load->picture);
  topic->afresh = !first && topic->kind->local_seq;
  topic->lost = false;
  topic_forget_frames(topic);
  topic->picture = load->picture;
  replay_missed(topic);  // first: the next reading gathers events of its own
  if (topic->reload) start_load(topic);
  if (topic->lost) return;  // it is being read once more
  topic->dirty = topic->afresh || topic->kind->seq(topic->picture) != topic->sent_seq;
  if (topic->dirty) {
    topic->topics->any_dirty = true;  // sent, and those who wait served, at the turn's end
  } else {
    topic_serve_waiting(topic);
  }
}

static Topic *get_topic(Topics *topics, const TopicKind *kind, int64_t key) {
  Topic *topic = find_topic(topics, kind, key);
  if (topic != NULL) return topic;
  topic = calloc(1, sizeof *topic);
  if (topic == NULL) return NULL;
  Topic **bucket = bucket_of(topics, kind, key);
  *topic = (Topic){.next = *bucket, .topics = topics, .kind = kind, .key = key};
  topic->missed_tail = &topic->missed;
  topic->requests_tail = &topic->requests;
  *bucket = topic;
  figure_add(topic_figure(topic, topics->loop->figures.topics), 1);
  return topic;
}

// What the door asks for.

static Subscriber *find_subscriber(const SubscriberList *list, const char *type, Str eid) {
  Subscriber *subscriber = list->first;
  while (subscriber != NULL && !(subscriber->group->type == type &&
                                 str_equal((Str){subscriber->group->eid, subscriber->group->eid_bytes}, eid))) {
    subscriber = subscriber->next_of_conn;
  }
  return subscriber;
}

static Subscriber *add_subscriber(Topic *topic, Conn *conn, SubscriberList *list, const SubscribeRequest *request) {
  Group *group = topic_group(topic, request);
  Subscriber *subscriber = calloc(1, sizeof *subscriber);
  if (group == NULL || subscriber == NULL || !topic_add_to_group(group, subscriber)) {
    free(subscriber);
    return NULL;
  }
  subscriber->conn = conn;
  subscriber->list = list;
  subscriber->since = request->since;
  subscriber->next_of_conn = list->first;
  count_watching(topic, list, 1);
  list->first = subscriber;
  ++list->count;
  ++topic->subscribers;
  figure_add(topic_figure(topic, topic->topics->loop->figures.subscriptions), 1);
  ++topic->waiting;
  return subscriber;
}

Error topic_subscribe(Topics *topics, Conn *conn, SubscriberList *list, const SubscribeRequest *request, bool *waits) {
  assert(request->eid.length <= TOPIC_EID_MAX_BYTES);
  *waits = false;
  if (find_subscriber(list, request->type, request->eid) != NULL) return ERR_SUBSCRIPTION_ALREADY_EXISTS;
  if (list->count >= TOPIC_SUBSCRIPTIONS_MAX) return ERR_TOO_MANY_REQUESTS;
  Topic *topic = get_topic(topics, find_kind(topics, request->kind), request->key);
  Subscriber *subscriber = topic != NULL ? add_subscriber(topic, conn, list, request) : NULL;
  if (subscriber == NULL) return ERR_INTERNAL;
  if (topic->picture == NULL && !topic->loading) start_load(topic);
  if (topic->picture == NULL || topic_must_wait(topic) || topic_is_ahead(subscriber)) {
    *waits = subscriber->told_waits = true;
    return ERR_NONE;
  }
  if (topic->dirty) topic_flush(topic);
  topic_serve(subscriber);
  return ERR_NONE;
}

bool topic_unsubscribe(Topics *topics, SubscriberList *list, const char *type, Str eid) {
  (void)topics;
  Subscriber *subscriber = find_subscriber(list, type, eid);
  if (subscriber == NULL) return false;
  remove_subscriber(subscriber);
  return true;
}

void topic_unsubscribe_all(Topics *topics, SubscriberList *list) {
  (void)topics;
  // NOLINTNEXTLINE(clang-analyzer-unix.Malloc): each leaves the list before it is freed
  while (list->first != NULL) remove_subscriber(list->first);
}

bool topic_answer(Topics *topics, Conn *conn, const char *kind, int64_t key, const char *type, Str eid) {
  Topic *topic = get_topic(topics, find_kind(topics, kind), key);
  if (topic == NULL) {
    topics->door->refuse(conn, type, eid, ERR_INTERNAL);
    return true;
  }
  if (topic->picture == NULL && !topic->loading) start_load(topic);
  if (topic->picture != NULL && !topics->any_dirty && !conn_is_slow(conn)) {
    topic_answer_now(topic, conn, type, eid);
    return true;
  }
  Request *request = malloc(sizeof *request + eid.length);
  if (request == NULL) {
    topics->door->refuse(conn, type, eid, ERR_INTERNAL);
    return true;
  }
  *request = (Request){.conn = conn_ref(conn), .type = type, .eid = {(char *)(request + 1), eid.length}};
  if (eid.length > 0) memcpy(request + 1, eid.at, eid.length);
  topic_add_request(topic, request);
  if (conn_is_slow(conn)) conn_tell_drained(conn);
  return false;
}

// What happens.

static void keep_missed(Topic *topic, const Event *event) {
  Event *kept = ARENA_NEW(&topic->missed_arena, Event);
  *kept = *event;
  kept->next = NULL;
  kept->topic = str_copy(&topic->missed_arena, event->topic);
  kept->kind = str_copy(&topic->missed_arena, event->kind);
  kept->payload = str_copy(&topic->missed_arena, event->payload);
  *topic->missed_tail = kept;
  topic->missed_tail = &kept->next;
}

void topics_event(Topics *topics, const Event *event) {
  for (int i = 0; i < topics->kind_count; i++) {
    const TopicKind *kind = &topics->kinds[i];
    int64_t key;
    if (kind->follows == NULL || !kind->follows(event, &key)) continue;
    Topic *topic = find_topic(topics, kind, key);
    if (topic == NULL) continue;
    if (event->waited || event->posted_ns < topics->sent_until_ns) topic->in_pressure = true;
    if (event->posted_ns != topic->batch_ns) ++topic->batches;
    topic->batch_ns = event->posted_ns;
    if (topic->loading) keep_missed(topic, event);
    if (topic->picture != NULL) apply(topic, event);  // while it is read anew, the old picture goes on
  }
}

static void poll_topics(Topics *topics) {
  if (topics->loop->tick_ms - topics->polled_ms < POLL_MS) return;
  topics->polled_ms = topics->loop->tick_ms;
  for (int i = 0; i < TOPIC_BUCKETS; i++) {
    for (Topic *topic = topics->buckets[i]; topic != NULL; topic = topic->next) {
      if (topic->picture == NULL) continue;
      if (topic->reload && !topic->loading) start_load(topic);
      if (topic->waiting > 0) topic_lose_patience(topic);
      if (topic->kind->poll == NULL || !topic->kind->poll(topic->picture)) continue;
      topic->dirty = topics->any_dirty = true;
    }
  }
}

static void free_topic(Topic *topic);

// Of a key that nothing is behind: whoever asked for it has been refused, and who asks next has it looked for again.
static bool is_nothing(const Topic *topic) {
  return topic->picture == NULL && !topic->loading && topic->groups == NULL && topic->requests == NULL;
}

// Rids a bucket of what nobody needs, and sends what changed.
static void flush_bucket(Topics *topics, Topic **link) {
  while (*link != NULL) {
    Topic *topic = *link;
    topic_drop_empty_groups(topic);
    if (is_nothing(topic)) {
      *link = topic->next;
      free_topic(topic);
      continue;
    }
    link = &topic->next;
    if (!topic->dirty || topic->picture == NULL) continue;
    if (topic_must_wait(topic)) {
      topics->any_dirty = true;
    } else {
      topic_flush(topic);
    }
  }
}

void topics_turn_end(Topics *topics) {
  poll_topics(topics);
  bool dirty = topics->any_dirty;
  if (dirty) {
    topics->any_dirty = false;
    for (int i = 0; i < TOPIC_BUCKETS; i++) flush_bucket(topics, &topics->buckets[i]);
  }
  if (!dirty && topics->held == NULL && topics->turn.chunk == NULL) return;
  for (int i = 0; i < TOPIC_BUCKETS; i++) {
    for (Topic *topic = topics->buckets[i]; topic != NULL; topic = topic->next) {
      if (topic->picture != NULL && !topic->dirty) topic_serve_waiting(topic);
    }
  }
  if (topics->held != NULL) topic_send_held(topics);
  for (int i = 0; i < TOPIC_BUCKETS; i++) {
    for (Topic *topic = topics->buckets[i]; topic != NULL; topic = topic->next) topic_forget_frames(topic);
  }
  arena_free(&topics->turn);
}

void topics_turn_sent(Topics *topics) {
  if (!topics->sent_updates) return;
  topics->sent_updates = false;
  topics->sent_until_ns = uv_hrtime();
  struct pollfd input = {.fd = uv_backend_fd(&topics->loop->uv), .events = POLLIN};
  topics->loop->behind = poll(&input, 1, 0) > 0;
}

void topics_warm(Topics *topics, const char *kind, int64_t key) {
  Topic *topic = get_topic(topics, find_kind(topics, kind), key);
  if (topic != NULL && topic->picture == NULL && !topic->loading) start_load(topic);
}

void topics_reload_all(Topics *topics) {
  for (int i = 0; i < TOPIC_BUCKETS; i++) {
    for (Topic *topic = topics->buckets[i]; topic != NULL; topic = topic->next) start_load(topic);
  }
}

const char *topics_kind_name(const Topics *topics, int nth) {
  return nth < topics->kind_count ? topics->kinds[nth].name : NULL;
}

// Life.

static void on_timer(uv_timer_t *timer) {
  (void)timer;  // the turn's end does the work
}

Topics *topics_new(Loop *loop, const TopicKind *kinds, int kind_count, const TopicDoor *door) {
  assert(kind_count <= LOOP_TOPIC_KINDS);
  Topics *topics = calloc(1, sizeof *topics);
  WsDeflater *deflater = ws_deflater_new();
  if (topics == NULL || deflater == NULL) {
    free(topics);
    ws_deflater_free(deflater);
    return NULL;
  }
  *topics = (Topics){.loop = loop, .kinds = kinds, .kind_count = kind_count, .door = door, .deflater = deflater};
  topics->held_tail = &topics->held;
  uv_timer_init(&loop->uv, &topics->timer);
  uv_timer_start(&topics->timer, on_timer, POLL_MS, POLL_MS);
  return topics;
}

static void free_topic(Topic *topic) {
  figure_take(topic_figure(topic, topic->topics->loop->figures.topics), 1);
  if (topic->picture != NULL) topic->kind->free(topic->picture);
  topic_drop_empty_groups(topic);
  Request *request = topic_take_requests(topic);
  while (request != NULL) {
    Request *next = request->next;
    free(request);
    request = next;
  }
  arena_free(&topic->missed_arena);
  free(topic);
}

bool topics_loaded(const Topics *topics) {
  for (int i = 0; i < TOPIC_BUCKETS; i++) {
    for (const Topic *topic = topics->buckets[i]; topic != NULL; topic = topic->next) {
      if (topic->loading && topic->picture == NULL && !topic->lost) return false;
    }
  }
  return true;
}

void topics_free(Topics *topics) {
  uv_close((uv_handle_t *)&topics->timer, NULL);
  uv_run(&topics->loop->uv, UV_RUN_NOWAIT);
  for (int i = 0; i < TOPIC_BUCKETS; i++) {
    while (topics->buckets[i] != NULL) {
      Topic *topic = topics->buckets[i];
      topics->buckets[i] = topic->next;
      free_topic(topic);
    }
  }
  ws_deflater_free(topics->deflater);
  arena_free(&topics->turn);
  free(topics);
}
