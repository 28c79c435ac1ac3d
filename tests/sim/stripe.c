// The model of Stripe.
#include "sim/stripe.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "methods/payment.h"
#include "sim/server.h"

typedef struct Stripe {
  Charge *charges;
  int64_t made;
  int64_t events;
} Stripe;

void stripe_begin(World *world) {
  world->stripe = ARENA_NEW(&world->arena, Stripe);
}

const Charge *stripe_charges(const World *world) {
  return world->stripe->charges;
}

const char *stripe_state_name(IntentState state) {
  static const char *const names[] = {"requires_payment_method", "processing", "succeeded", "canceled"};
  return names[state];
}

static Str number(World *world, const char *prefix, int64_t n) {
  Text id = {.arena = &world->arena};
  text_format(&id, "%s%lld", prefix, (long long)n);
  return text_str(&id);
}

// Webhooks.

typedef struct Delivery {
  Str body;
  int tries;
  int64_t age_ms;    // of its signature when it comes
  bool forged;       // signed with another secret
  Charge *charge;    // NULL: of an intent that is nobody's
  bool pays;         // says that it has succeeded
  bool came_before;  // was taken once
} Delivery;

static Str sign(World *world, const Delivery *delivery) {
  Text message = {.arena = &world->arena};
  Text header = {.arena = &world->arena};
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  Str secret = delivery->forged ? STR("whsec_of_somebody_else") : server_config(world)->stripe_webhook_secret;
  long long at_s = (long long)(world->now_ms - delivery->age_ms) / SECOND_MS;
  text_format(&message, "%lld.%.*s", at_s, STR_ARG(delivery->body));
  HMAC(EVP_sha256(), secret.at, (int)secret.length, (const unsigned char *)message.at, message.length, mac, &length);
  text_format(&header, "t=%lld,v1=", at_s);
  text_hex(&header, mac, length);
  return text_str(&header);
}

static void fill_webhook(Call *call, Ask *ask) {
  World *world = call->env.state;
  Delivery *delivery = ask->from;
  PaymentWebhook *input = call->input;
  *input = (PaymentWebhook){.signature = sign(world, delivery), .body = delivery->body};
  call->error = ERR_NONE;
}

static void deliver(World *world, void *what);

static void heard_webhook(World *world, Ask *ask) {
  Delivery *delivery = ask->from;
  bool taken = ask->answered && ask->error == ERR_NONE;
  if (delivery->forged || delivery->age_ms > 0) {
    if (taken) world_broken(world, "a webhook that is %s was taken", delivery->forged ? "forged" : "stale");
    if (ask->answered) world_saw(world, delivery->forged ? SEEN_WEBHOOK_FORGED : SEEN_WEBHOOK_STALE);
    return;
  }
  if (!taken) {
    // Stripe's patience: again and again, later and later, for three days.
    int64_t wait_ms = MINUTE_MS << (delivery->tries < 9 ? delivery->tries : 9);
    if (++delivery->tries < 16) world_later(world, wait_ms, deliver, delivery);
    return;
  }
  world_saw(world, SEEN_WEBHOOK);
  if (delivery->charge == NULL) world_saw(world, SEEN_WEBHOOK_UNKNOWN);
  if (delivery->charge != NULL && delivery->charge->on_way > 0) world_saw(world, SEEN_WEBHOOK_FIRST);
  if (delivery->came_before) world_saw(world, SEEN_WEBHOOK_TWICE);
  delivery->came_before = true;
}

static void deliver(World *world, void *what) {
  Delivery *delivery = what;
  Ask *ask = ARENA_NEW(&world->arena, Ask);
  *ask = (Ask){.method = &payment_webhook,
               .fill = fill_webhook,
               .heard = heard_webhook,
               .from = delivery,
               .tells_money = delivery->pays};
  server_ask(world, ask);
}

static void dispatch(World *world, Delivery delivery, int64_t in_ms) {
  Delivery *kept = ARENA_NEW(&world->arena, Delivery);
  *kept = delivery;
  world_later(world, in_ms, deliver, kept);
}

static Str write_event(World *world, const Charge *charge, const char *type) {
  Text body = {.arena = &world->arena};
  bool of_charge = str_equal(str_from(type), STR("charge.refunded"));
  text_format(&body, "{\"id\":\"evt_%lld\",\"object\":\"event\",\"type\":\"%s\",\"data\":{\"object\":{",
              (long long)++world->stripe->events, type);
  if (str_equal(str_from(type), STR("refund.failed"))) {
    text_format(&body, "\"id\":\"%.*s\",\"object\":\"refund\",\"payment_intent\":\"%.*s\",\"status\":\"failed\",",
                STR_ARG(charge->undone_id), STR_ARG(charge->id));
  } else if (of_charge) {
    text_format(&body,
                "\"id\":\"ch_%.*s\",\"object\":\"charge\",\"payment_intent\":\"%.*s\",\"refunded\":true,"
                "\"status\":\"succeeded\",\"amount_refunded\":%lld,",
                STR_ARG(charge->id), STR_ARG(charge->id), (long long)charge->amount);
  } else {
    text_format(&body, "\"id\":\"%.*s\",\"object\":\"payment_intent\",\"client_secret\":\"%.*s\",\"status\":\"%s\",",
                STR_ARG(charge->id), STR_ARG(charge->secret), stripe_state_name(charge->state));
  }
  text_format(&body, "\"amount\":%lld,\"currency\":\"%.*s\",\"metadata\":{\"bookingId\":\"%.*s\"}}}}",
              (long long)charge->amount, STR_ARG(charge->currency), STR_ARG(charge->booking_id));
  return text_str(&body);
}

static int64_t draw_delay(World *world) {
  if (world_chance(world, world->weather.webhook_late)) return world_between(world, MINUTE_MS, 3 * (int64_t)DAY_MS);
  return world_chance(world, 300) ? 0 : world_between(world, 0, 5 * SECOND_MS);
}

static void tell(World *world, Charge *charge, const char *type) {
  world_tell(world, "stripe: %.*s of booking %.*s: %s", STR_ARG(charge->id), STR_ARG(charge->booking_id), type);
  bool pays = charge->state == INTENT_SUCCEEDED && charge->refund_id.length == 0;
  Delivery delivery = {.body = write_event(world, charge, type), .charge = charge, .pays = pays};
  if (world_chance(world, world->weather.webhook_forged)) {
    dispatch(world, (Delivery){.body = delivery.body, .forged = true, .charge = charge}, draw_delay(world));
    dispatch(world, (Delivery){.body = delivery.body, .age_ms = 3 * HOUR_MS, .charge = charge}, draw_delay(world));
    Charge foreign = *charge;
    foreign.id = STR("pi_of_somebody_else");
    dispatch(world, (Delivery){.body = write_event(world, &foreign, type)}, draw_delay(world));
  }
  // Nobody asks again about a refund that was told as done: of its failure there is this event alone.
  bool must_come = str_equal(str_from(type), STR("refund.failed"));
  if (!must_come && world_chance(world, world->weather.webhook_never)) return;
  dispatch(world, delivery, draw_delay(world));
  if (world_chance(world, world->weather.webhook_twice)) {
    delivery.came_before = true;
    dispatch(world, delivery, draw_delay(world));
  }
}

// The API.

static Str text_of(World *world, const Json *payload, const char *name) {
  Str text = {0};
  json_str(json_get(payload, name), &text);
  return str_copy(&world->arena, text);
}

static Charge *find(World *world, Str id) {
  for (Charge *charge = world->stripe->charges; charge != NULL; charge = charge->next) {
    if (str_equal(charge->id, id)) return charge;
  }
  return NULL;
}

static StripeAnswer create(World *world, Str key, const Json *payload) {
  Stripe *stripe = world->stripe;
  int64_t amount = 0;
  json_int(json_get(payload, "amount"), &amount);
  Str booking_id = text_of(world, json_get(payload, "metadata"), "bookingId");
  for (Charge *charge = stripe->charges; charge != NULL; charge = charge->next) {
    if (!str_equal(charge->key, key)) continue;
    if (charge->amount != amount) return (StripeAnswer){.http = 400, .error = "idempotency_error"};
    return (StripeAnswer){.http = 200, .charge = charge};
  }
  Charge *charge = ARENA_NEW(&world->arena, Charge);
  int64_t n = ++stripe->made;
  *charge = (Charge){.next = stripe->charges,
                     .id = number(world, "pi_", n),
                     .secret = number(world, "pi_secret_", n),
                     .key = str_copy(&world->arena, key),
                     .booking_id = booking_id,
                     .amount = amount,
                     .currency = text_of(world, payload, "currency")};
  stripe->charges = charge;
  return (StripeAnswer){.http = 200, .charge = charge};
}

static StripeAnswer cancel(World *world, Charge *charge) {
  if (charge->state != INTENT_OPEN) {
    return (StripeAnswer){.http = 400, .error = "payment_intent_unexpected_state", .charge = charge};
  }
  charge->state = INTENT_CANCELED;
  tell(world, charge, "payment_intent.canceled");
  return (StripeAnswer){.http = 200, .charge = charge};
}

// The bank rejects a refund: the money is with the seller again.
static void undo_refund(World *world, void *what) {
  Charge *charge = what;
  if (world->is_calm) return;
  charge->undone_id = charge->refund_id;
  charge->undone_key = charge->refund_key;
  charge->refund_id = charge->refund_key = (Str){0};
  charge->refund_pending = false;
  world_saw(world, SEEN_REFUND_UNDONE);
  tell(world, charge, "refund.failed");
}

static StripeAnswer make_refund(World *world, Charge *charge, Str key) {
  bool first = charge->undone_id.length == 0;
  if (charge->refusals > 0) world_saw(world, SEEN_REFUND_RETRIED);
  if (!first) world_saw(world, SEEN_REFUND_REDONE);
  charge->refund_id = number(world, "re_", ++world->stripe->made);
  charge->refund_key = str_copy(&world->arena, key);
  charge->refund_pending = world_chance(world, 300);
  tell(world, charge, "charge.refunded");
  const char *state = charge->refund_pending ? "pending" : "succeeded";
  if (first && world_chance(world, world->weather.refund_fails)) {
    charge->undone_answer = state;
    world_later(world, world_between(world, 0, 10 * MINUTE_MS), undo_refund, charge);
  }
  return (StripeAnswer){.http = 200, .charge = charge, .refund_state = state, .refund_id = charge->refund_id};
}

static StripeAnswer refund(World *world, Charge *charge, Str key) {
  if (charge->state != INTENT_SUCCEEDED) return (StripeAnswer){.http = 400, .error = "charge_not_paid"};
  // As at first, whatever came of it.
  if (charge->undone_id.length > 0 && str_equal(charge->undone_key, key)) {
    return (StripeAnswer){
        .http = 200, .charge = charge, .refund_state = charge->undone_answer, .refund_id = charge->undone_id};
  }
  if (charge->refund_id.length > 0) {
    bool again = str_equal(charge->refund_key, key);
    return (StripeAnswer){.http = again ? 200 : 400,
                          .error = again ? NULL : "charge_already_refunded",
                          .charge = charge,
                          .refund_state = charge->refund_pending ? "pending" : "succeeded",
                          .refund_id = again ? charge->refund_id : (Str){0}};
  }
  if (str_equal(charge->failed_key, key)) {
    return (StripeAnswer){.http = 200, .charge = charge, .refund_state = "failed"};
  }
  if (world_chance(world, world->weather.refund_fails)) {
    ++charge->refusals;
    if (world_chance(world, 500)) return (StripeAnswer){.http = 500, .error = "api_error"};
    world_saw(world, SEEN_REFUND_FAILED);
    charge->failed_key = str_copy(&world->arena, key);
    return (StripeAnswer){.http = 200, .charge = charge, .refund_state = "failed"};
  }
  return make_refund(world, charge, key);
}

static StripeAnswer look_at_refund(World *world, Charge *charge, Str id) {
  bool undone = str_equal(id, charge->undone_id);
  if (!undone && charge->refund_pending) {
    world_saw(world, SEEN_REFUND_PENDING);
    charge->refund_pending = false;
  }
  const char *state = undone ? "failed" : "succeeded";
  return (StripeAnswer){.http = 200, .charge = charge, .refund_state = state, .refund_id = id};
}

StripeAnswer stripe_ask(World *world, Str op, Str key, const Json *payload) {
  static const int busy[] = {409, 429, 500};
  if (world_chance(world, world->weather.stripe_busy)) {
    world_saw(world, SEEN_STRIPE_BUSY);
    return (StripeAnswer){.http = busy[world_between(world, 0, 2)], .error = "busy"};
  }
  if (str_equal(op, STR("create"))) return create(world, key, payload);
  Charge *charge = find(world, text_of(world, payload, "intent"));
  if (charge == NULL)
    world_broken(world, "the provider was asked about an intent that it never made: %.*s", STR_ARG(key));
  if (str_equal(op, STR("retrieve"))) return (StripeAnswer){.http = 200, .charge = charge};
  if (str_equal(op, STR("cancel"))) return cancel(world, charge);
  if (str_equal(op, STR("look_at_refund"))) return look_at_refund(world, charge, text_of(world, payload, "refund"));
  return refund(world, charge, key);
}

// Buyers.

static void settle(World *world, void *what) {
  Charge *charge = what;
  if (world_chance(world, 250)) {
    charge->state = INTENT_OPEN;
    world_saw(world, SEEN_PROCESSING_FAILED);
    tell(world, charge, "payment_intent.payment_failed");
  } else {
    charge->state = INTENT_SUCCEEDED;
    world_saw(world, SEEN_PROCESSING_PAID);
    tell(world, charge, "payment_intent.succeeded");
  }
}

PayOutcome stripe_pay(World *world, Str secret) {
  Charge *charge = world->stripe->charges;
  while (charge != NULL && !str_equal(charge->secret, secret)) charge = charge->next;
  if (charge == NULL) world_broken(world, "a buyer was told a secret that is none");
  if (charge->state != INTENT_OPEN) return PAY_IMPOSSIBLE;
  if (world_chance(world, world->weather.stripe_decline)) {
    charge->was_declined = true;
    world_saw(world, SEEN_DECLINED);
    tell(world, charge, "payment_intent.payment_failed");
    return PAY_DECLINED;
  }
  if (world_chance(world, world->weather.stripe_slow)) {
    charge->state = INTENT_PROCESSING;
    tell(world, charge, "payment_intent.processing");
    world_later(world, world_between(world, SECOND_MS, 90 * MINUTE_MS), settle, charge);
    return PAY_HANGS;
  }
  charge->state = INTENT_SUCCEEDED;
  if (charge->was_declined) world_saw(world, SEEN_DECLINED_THEN_PAID);
  tell(world, charge, "payment_intent.succeeded");
  return PAY_SUCCEEDED;
}
