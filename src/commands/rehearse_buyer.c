// A buyer of a rehearsal: joins the line, waits, books, pays with a test card, has the booking confirmed.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/rehearse.h"
#include "core/web_client.h"

#include <uv.h>

enum { ANSWER_MAX = 1 << 20, PATIENCE_MS = 30000, TRIES_MAX = 20, AGAIN_MS = 500 };

static uint64_t now_ms(void) {
  return uv_hrtime() / 1000000;
}

void times_add(Times *times, uint64_t us) {
  if (times->count == times->capacity) {
    size_t capacity = times->capacity > 0 ? 2 * times->capacity : 1024;
    uint32_t *grown = realloc(times->us, capacity * sizeof *grown);
    if (grown == NULL) return;
    times->us = grown;
    times->capacity = capacity;
  }
  times->us[times->count++] = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

typedef struct Said {
  int status;  // 0: no answer
  const Json *body;
  Str text;
} Said;

typedef struct Question {
  const char *method;
  const char *path;  // below the server's address
  Str body;
  const char *content_type;
} Question;

static Said ask(const Rehearsal *rehearsal, const char *token, Arena *arena, const Question *question) {
  Text url = {.arena = arena};
  Text authorization = {.arena = arena};
  Text type = {.arena = arena};
  text_format(&url, "%s%s", rehearsal->url, question->path);
  text_format(&authorization, "Authorization: Bearer %s", token);
  text_format(&type, "Content-Type: %s", question->content_type != NULL ? question->content_type : "application/json");
  const char *headers[] = {str_zero(arena, text_str(&type)),
                           token[0] != 0 ? str_zero(arena, text_str(&authorization)) : NULL, NULL};
  WebAnswer answer = web_ask(arena, &(WebRequest){.method = question->method,
                                                  .url = text_str(&url),
                                                  .headers = headers,
                                                  .body = question->body,
                                                  .connect_ms = PATIENCE_MS,
                                                  .total_ms = PATIENCE_MS,
                                                  .answer_max = ANSWER_MAX});
  return (Said){.status = answer.status, .body = json_parse(arena, answer.body, NULL), .text = answer.body};
}

// The path for the rehearsal's concert; without a concert for the usual one.
static const char *with_concert(const Rehearsal *rehearsal, Arena *arena, const char *path) {
  Text text = {.arena = arena};
  text_add(&text, str_from(path));
  if (rehearsal->concert_id[0] != 0) text_format(&text, "?concertId=%s", rehearsal->concert_id);
  return str_zero(arena, text_str(&text));
}

bool rehearse_look(Rehearsal *rehearsal, Arena *arena, const Json **concert) {
  Question question = {.method = "GET", .path = with_concert(rehearsal, arena, "/api/v1/concert")};
  Said said = ask(rehearsal, "", arena, &question);
  *concert = said.body;
  return said.status == 200;
}

static bool says(const Json *body, const char *key, const char *value) {
  Str text;
  return json_str(json_get(body, key), &text) && str_equal(text, str_from(value));
}

static void copy(const Json *body, const char *key, char *out, size_t room) {
  Str text = {0};
  json_str(json_get(body, key), &text);
  size_t length = text.length < room ? text.length : room - 1;
  if (length > 0) memcpy(out, text.at, length);
  out[length] = 0;
}

// The next step, at once or after a while.
static void go_on(Rehearsal *rehearsal, uint32_t number, BuyerStep step, int64_t after_ms) {
  Buyer *buyer = &rehearsal->buyers[number];
  buyer->tries = buyer->step == step ? (uint8_t)(buyer->tries + 1) : 0;
  buyer->step = (uint8_t)step;
  rehearse_line_act_at(rehearsal->line, number, now_ms() + (uint64_t)after_ms);
}

static void go_home(Rehearsal *rehearsal) {
  atomic_fetch_add(&rehearsal->went_home, 1);
  rehearse_line_left(rehearsal->line);
}

// An answer that should not have come: counted, and tried again a few times.
static void odd(Rehearsal *rehearsal, uint32_t number, const Said *said) {
  if (atomic_fetch_add(&rehearsal->odd_answers, 1) == 0) {
    snprintf(rehearsal->odd_example, sizeof rehearsal->odd_example, "step %d: status %d %.*s",
             rehearsal->buyers[number].step, said->status, (int)(said->text.length < 180 ? said->text.length : 180),
             said->text.at);
  }
  if (rehearsal->buyers[number].tries >= TRIES_MAX) {
    go_home(rehearsal);
  } else {
    go_on(rehearsal, number, (BuyerStep)rehearsal->buyers[number].step, AGAIN_MS);
  }
}

// The place in the line is known: he looks again when as many were let in as stood before him.
static void take_place(Rehearsal *rehearsal, uint32_t number, const Said *said) {
  int64_t position = 1;
  int64_t admitted = (int64_t)atomic_load(&rehearsal->admitted);
  if (says(said->body, "status", "active")) {
    go_on(rehearsal, number, STEP_BOOK, rehearsal->think_ms);
  } else if (!says(said->body, "status", "waiting")) {
    go_on(rehearsal, number, STEP_JOIN, 0);
  } else if (atomic_load(&rehearsal->sold_out)) {
    go_home(rehearsal);
  } else {
    json_int(json_get(said->body, "position"), &position);
    json_int(json_get(said->body, "admitted"), &admitted);
    rehearsal->buyers[number].step = STEP_LOOK;
    rehearse_line_act_when(rehearsal->line, number, (uint64_t)(admitted + position));
  }
}

static Said timed(Rehearsal *rehearsal, Buyer *buyer, Arena *arena, const Question *question, Times *times) {
  uint64_t begun_ns = uv_hrtime();
  Said said = ask(rehearsal, buyer->token, arena, question);
  times_add(times, (uv_hrtime() - begun_ns) / 1000);
  return said;
}

static void join_or_look(Rehearsal *rehearsal, uint32_t number, Arena *arena, Times times[ASKS]) {
  Buyer *buyer = &rehearsal->buyers[number];
  bool join = buyer->step == STEP_JOIN;
  Question question = {.method = join ? "POST" : "GET",
                       .path = with_concert(rehearsal, arena, join ? "/api/v1/queue/join" : "/api/v1/queue/status")};
  Said said = timed(rehearsal, buyer, arena, &question, &times[join ? ASK_JOIN : ASK_STATUS]);
  if (said.status == 200) {
    take_place(rehearsal, number, &said);
  } else if (says(said.body, "code", "queue_closed")) {
    go_home(rehearsal);
  } else {
    odd(rehearsal, number, &said);
  }
}

static void book(Rehearsal *rehearsal, uint32_t number, Arena *arena, Times times[ASKS]) {
  Buyer *buyer = &rehearsal->buyers[number];
  Text body = {.arena = arena};
  text_format(&body, "{\"categoryId\":\"%s\",\"%s\":%d}", rehearsal->categories[buyer->category],
              rehearsal->in_hall ? "bestSeats" : "seats", buyer->tickets);
  Question question = {
      .method = "POST", .path = with_concert(rehearsal, arena, "/api/v1/booking"), .body = text_str(&body)};
  Said said = timed(rehearsal, buyer, arena, &question, &times[ASK_BOOK]);
  if (said.status == 200) {
    copy(said.body, "id", buyer->booking_id, sizeof buyer->booking_id);
    go_on(rehearsal, number, STEP_INTENT, 0);
  } else if (says(said.body, "code", "sold_out") || says(said.body, "code", "no_seats_together")) {
    // Fewer tickets first, then the next category; after all of them home.
    bool fewer = buyer->tickets > 1;
    buyer->tickets = (uint8_t)(fewer ? buyer->tickets - 1 : 1);
    if (!fewer) buyer->category = (uint8_t)((buyer->category + 1U) % rehearsal->category_count);
    if (buyer->tries > rehearsal->category_count + REHEARSE_TICKETS_MAX) {
      Question leave = {.method = "POST", .path = with_concert(rehearsal, arena, "/api/v1/queue/leave")};
      timed(rehearsal, buyer, arena, &leave, &times[ASK_LEAVE]);
      go_home(rehearsal);
    } else {
      go_on(rehearsal, number, STEP_BOOK, 0);
    }
  } else if (says(said.body, "code", "no_active_slot")) {
    go_on(rehearsal, number, STEP_JOIN, 0);
  } else {
    odd(rehearsal, number, &said);
  }
}

static void make_intent(Rehearsal *rehearsal, uint32_t number, Arena *arena, Times times[ASKS]) {
  Buyer *buyer = &rehearsal->buyers[number];
  Text body = {.arena = arena};
  text_format(&body, "{\"bookingId\":\"%s\"}", buyer->booking_id);
  Question question = {.method = "POST", .path = "/api/v1/payment/create-intent", .body = text_str(&body)};
  Said said = timed(rehearsal, buyer, arena, &question, &times[ASK_INTENT]);
  if (said.status != 200) {
    odd(rehearsal, number, &said);
    return;
  }
  copy(said.body, "paymentIntentClientSecret", buyer->secret, sizeof buyer->secret);
  snprintf(buyer->intent_id, sizeof buyer->intent_id, "%.*s", (int)(strstr(buyer->secret, "_secret_") - buyer->secret),
           buyer->secret);
  go_on(rehearsal, number, STEP_CARD, 0);
}

static void pay(Rehearsal *rehearsal, uint32_t number, Arena *arena, Times times[ASKS]) {
  Buyer *buyer = &rehearsal->buyers[number];
  Text path = {.arena = arena};
  Text form = {.arena = arena};
  text_format(&path, "/test-provider/v1/payment_intents/%s/confirm", buyer->intent_id);
  text_format(&form, "client_secret=%s&card=4242424242424242", buyer->secret);
  Question question = {.method = "POST",
                       .path = str_zero(arena, text_str(&path)),
                       .body = text_str(&form),
                       .content_type = "application/x-www-form-urlencoded"};
  Said said = timed(rehearsal, buyer, arena, &question, &times[ASK_CARD]);
  if (said.status == 200) {
    go_on(rehearsal, number, STEP_CONFIRM, 0);
  } else {
    odd(rehearsal, number, &said);
  }
}

static void confirm(Rehearsal *rehearsal, uint32_t number, Arena *arena, Times times[ASKS]) {
  Buyer *buyer = &rehearsal->buyers[number];
  Text path = {.arena = arena};
  int64_t seats = 0;
  text_format(&path, "/api/v1/booking/%s/confirm", buyer->booking_id);
  Question question = {.method = "PATCH", .path = str_zero(arena, text_str(&path))};
  Said said = timed(rehearsal, buyer, arena, &question, &times[ASK_CONFIRM]);
  if (said.status == 200 && json_int(json_get(said.body, "seats"), &seats)) {
    atomic_fetch_add(&rehearsal->bookings, 1);
    atomic_fetch_add(&rehearsal->tickets, (uint64_t)seats);
    atomic_store(&rehearsal->last_sale_ms, now_ms());
    rehearse_line_left(rehearsal->line);
  } else if (says(said.body, "code", "payment_processing")) {
    go_on(rehearsal, number, STEP_CONFIRM, AGAIN_MS);
  } else {
    odd(rehearsal, number, &said);
  }
}

void rehearse_buyer_act(Rehearsal *rehearsal, uint32_t buyer, Arena *arena, Times times[ASKS]) {
  static void (*const steps[])(Rehearsal *, uint32_t, Arena *, Times *) = {join_or_look, join_or_look, book,
                                                                           make_intent,  pay,          confirm};
  steps[rehearsal->buyers[buyer].step](rehearsal, buyer, arena, times);
}
