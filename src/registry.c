// The program's tables.
#include "registry.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "controllers/loop_state.h"
#include "controllers/messenger_socket.h"
#include "controllers/routes.h"
#include "controllers/seats_socket.h"
#include "controllers/tickets_http.h"
#include "core/commits.h"
#include "core/log.h"
#include "core/store.h"
#include "core/ticker.h"
#include "core/topic.h"
#include "effects/mail.h"
#include "effects/stripe.h"
#include "effects/webhook.h"
#include "methods/message.h"
#include "methods/messenger_account.h"
#include "methods/payment.h"
#include "methods/presence.h"
#include "methods/queue.h"
#include "methods/webhook.h"
#include "models/presence.h"
#include "models/queue_keys.h"
#include "models/waiting_room.h"
#include "subscriptions/cinema.h"
#include "subscriptions/concert.h"
#include "subscriptions/hall.h"

// Three days: a mail server or an endpoint that was down over a weekend still hears of it. Stripe's ops have their own.
#define THREE_DAYS \
  { .first_ms = 5000, .longest_ms = 3600 * 1000, .give_up_ms = 3 * 24 * 3600 * 1000, .tries_min = 10 }

const EffectKind registry_effects[] = {
    {.name = "mail", .perform = mail_perform, .settle = &messenger_mail_over, .couriers = 4, .patience = THREE_DAYS},
    {.name = "stripe", .perform = stripe_perform, .settle = &payment_settle, .couriers = 32, .patience = THREE_DAYS},
    {.name = "webhook", .perform = webhook_perform, .settle = &webhook_settle, .couriers = 4, .patience = THREE_DAYS},
};
const int registry_effect_count = sizeof registry_effects / sizeof registry_effects[0];

enum {
  KIND_COUNT = 4,
  PRESENCE_MS = 1000,
  INDEX_MS = 1000,
  INDEX_MORE_MS = 2,
  EXPIRE_MS = 60 * 1000,
  KEYS_MS = 3600 * 1000
};
static TopicKind kinds[KIND_COUNT];

static const int64_t *warm_ids;
static size_t warm_count;

// What time brings about is the first loop's work.
enum { TICKER_QUEUE, TICKER_ROOM, TICKER_PAYMENT, TICKER_PRESENCE, TICKER_INDEX, TICKER_EXPIRE, TICKER_KEYS, TICKERS };
static Ticker *tickers[TICKERS];
static _Atomic(Loop *) first_loop;  // NULL until its tickers run

static void start_tickers(Loop *loop) {
  const Config *config = loop->config;
  const TickerSettings settings[TICKERS] = {
      [TICKER_QUEUE] = {&queue_method_tick, config->promote_interval_ms, waiting_room_next, 0},
      [TICKER_ROOM] = {&queue_method_read_anew, config->promote_interval_ms, waiting_room_next_reading, 0},
      [TICKER_PAYMENT] = {&payment_look, config->sweep_interval_ms, NULL, 0},
      [TICKER_PRESENCE] = {&presence_tick, PRESENCE_MS, presence_next, 0},
      [TICKER_INDEX] = {&message_method_index, INDEX_MS, NULL, INDEX_MORE_MS},
      [TICKER_EXPIRE] = {&message_method_expire, EXPIRE_MS, NULL, 0},
      [TICKER_KEYS] = {&queue_method_keys, KEYS_MS, queue_keys_next, 0},
  };
  for (int i = 0; i < TICKERS; i++) {
    if (i == TICKER_INDEX && store_is_shared(loop->store)) continue;  // PostgreSQL indexes messages as they come
    tickers[i] = ticker_start(loop, &settings[i]);
    if (tickers[i] == NULL) abort();  // nothing was promised yet
  }
  atomic_store(&first_loop, loop);
}

static void stop_tickers(void) {
  for (int i = 0; i < TICKERS; i++) ticker_stop(tickers[i]);
}

static void run_presence_look(Loop *loop, LoopMessage *message) {
  (void)loop;
  free(message);
  ticker_look(tickers[TICKER_PRESENCE]);
}

// Somebody has come or gone: on whichever loop that was, the first tells of it.
static void look_at_presence(Loop *loop) {
  if (!presence_take_news()) return;
  LoopMessage *message = malloc(sizeof *message);
  if (message == NULL) return;  // the ticker looks by itself
  message->run = run_presence_look;
  loop_post(&loop->all[0], message);
}

static void run_keys_look(Loop *loop, LoopMessage *message) {
  (void)loop;
  free(message);
  ticker_look(tickers[TICKER_KEYS]);
}

void registry_look_at_keys(void) {
  Loop *loop = atomic_load(&first_loop);
  if (loop == NULL) return;  // Redis was here before it: its ticker looks as it starts
  LoopMessage *message = malloc(sizeof *message);
  if (message == NULL) return;  // the keys are found wrong again
  message->run = run_keys_look;
  loop_post(loop, message);
}

void registry_warm_halls(const int64_t *ids, size_t count) {
  kinds[0] = hall_topic_kind;
  kinds[1] = cinemas_topic_kind;
  kinds[2] = viewers_topic_kind;
  kinds[3] = concert_topic_kind;
  warm_ids = ids;
  warm_count = count;
}

static Topics *topics_of(const Loop *loop) {
  return loop_state(loop)->topics;
}

static void start(Loop *loop) {
  LoopState *state = calloc(1, sizeof *state);
  if (state == NULL) abort();
  loop->owner = state;
  state->deflater = ws_deflater_new();
  state->tickets = tickets_state_new();
  state->messenger = messenger_sockets_new(loop);
  state->topics = topics_new(loop, kinds, KIND_COUNT, &seats_topic_door);
  if (state->topics == NULL || state->deflater == NULL || state->tickets == NULL || state->messenger == NULL)
    abort();  // nothing was promised yet
  topics_warm(state->topics, "cinemas", 0);
  for (size_t i = 0; i < warm_count; i++) topics_warm(state->topics, "hall", warm_ids[i]);
  if (loop->number == 0) start_tickers(loop);
}

static void turn_end(Loop *loop) {
  tickets_http_turn_end(loop);
  messenger_socket_turn_end(loop);
  look_at_presence(loop);
  topics_turn_end(topics_of(loop));
}

static void turn_sent(Loop *loop) {
  topics_turn_sent(topics_of(loop));
}

static void stopped(Loop *loop) {
  LoopState *state = loop_state(loop);
  if (loop->number == 0) stop_tickers();
  topics_free(state->topics);
  messenger_sockets_free(state->messenger);
  tickets_state_free(state->tickets);
  for (int i = 0; i < PLANS_KEPT; i++) buf_unref(state->plans[i].gzip);
  ws_deflater_free(state->deflater);
  free(state);
}

const LoopHooks registry_hooks = {.request = routes_request,
                                  .refusal = routes_refusal,
                                  .full = routes_full,
                                  .start = start,
                                  .turn_end = turn_end,
                                  .turn_sent = turn_sent,
                                  .stopped = stopped};

void registry_committed(const Event *event) {
  waiting_room_committed(event);
  presence_committed(event);
  queue_keys_committed(event);
}

static void read_anew(Loop *loop) {
  log_info("registry: the database was changed by another process, pictures are read anew", "loop=%d", loop->number);
  topics_reload_all(topics_of(loop));
  tickets_http_changed_outside(loop);
  if (loop->number > 0) return;
  waiting_room_mark_stale();
  ticker_look(tickers[TICKER_ROOM]);
}

void registry_event(Loop *loop, const Event *event) {
  if (str_equal(event->topic, STR("presence"))) return;  // memory's alone
  if (str_equal(event->topic, STR(COMMITS_OUTSIDE))) {
    read_anew(loop);
    return;
  }
  if (event->seq > 0) {
    topics_event(topics_of(loop), event);
  } else if (str_equal(event->topic, STR("queue"))) {
    if (loop->number == 0) ticker_look(tickers[TICKER_QUEUE]);
    if (loop->number == 0 && waiting_room_is_stale()) ticker_look(tickers[TICKER_ROOM]);
  } else {
    seats_socket_signal(loop, event);
    messenger_socket_signal(loop, event);
  }
  tickets_http_event(loop, event);
}

void registry_changed_outside(Loop *loop) {
  read_anew(loop);
  if (loop->number == 0) presence_forget_elsewhere();
}
