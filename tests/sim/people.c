// Buyers.
#include "sim/people.h"

#include "methods/booking.h"
#include "methods/payment.h"
#include "methods/queue.h"
#include "models/waiting_room.h"
#include "sim/history.h"
#include "sim/server.h"
#include "sim/stripe.h"
#include "sim/venue.h"

typedef enum Phase { OUTSIDE, IN_LINE, INSIDE, HOLDS, PAYS, HAS_PAID, HAS_TICKETS } Phase;

typedef struct Person {
  Identity who;
  int concert;  // 0, 1
  Phase phase;
  bool is_asking;      // an answer is awaited
  uint32_t position;   // as told last; 0: none
  Str booking_id;      // public
  int category;        // of it
  int64_t expires_ms;  // of it, by the server's clock
  Str secret;          // of the intent
  int tries;           // of what is being tried
  int keys;            // Idempotency-Keys used
  Str key;             // of the booking that was asked for last
  bool unanswered;     // and nobody answered: it is asked for again
  Str order;           // what was asked for with it
  bool twice;          // clicks twice
} Person;

static void act(World *world, void *what);

static void act_later(World *world, Person *person, int64_t least_ms, int64_t most_ms) {
  world_later(world, world_between(world, least_ms, most_ms), act, person);
}

// Asking.

static Ask *new_ask(World *world, Person *person, const Method *method, void (*heard)(World *, Ask *)) {
  Ask *ask = ARENA_NEW(&world->arena, Ask);
  *ask = (Ask){.method = method, .who = person->who, .json = STR("{}"), .heard = heard, .from = person};
  return ask;
}

static Str json_of(World *world, const char *name, Str value) {
  Text json = {.arena = &world->arena};
  json_open(&json, '{');
  json_name(&json, name);
  json_add_str(&json, value);
  json_close(&json, '}');
  return text_str(&json);
}

// Asks for something of the booking or the concert; `name` says what its public id is called.
static void ask_about(World *world, Person *person, const Method *method, const char *name, Str id,
                      void (*heard)(World *, Ask *)) {
  Ask *ask = new_ask(world, person, method, heard);
  ask->json = json_of(world, name, id);
  ask->about = person->booking_id;
  person->is_asking = true;
  server_ask(world, ask);
}

static Str concert_of(const Person *person) {
  return str_from(venue_concert_ids[person->concert]);
}

static Str text_in(World *world, Str reply, const char *name) {
  Arena arena = {0};
  Str text = {0};
  const Json *root = reply.length > 0 ? json_parse(&arena, reply, NULL) : NULL;
  if (json_str(json_get(root, name), &text)) text = str_copy(&world->arena, text);
  arena_free(&arena);
  return text;
}

static void forget_booking(Person *person) {
  person->booking_id = person->secret = (Str){0};
  person->phase = OUTSIDE;
  person->position = 0;
}

// The line.

static void heard_join(World *world, Ask *ask) {
  Person *person = ask->from;
  person->is_asking = false;
  if (ask->answered && ask->error == ERR_NONE) {
    person->phase = IN_LINE;
    person->position = 0;
  }
  act_later(world, person, SECOND_MS, 20 * SECOND_MS);
}

static void heard_leave(World *world, Ask *ask) {
  Person *person = ask->from;
  person->is_asking = false;
  person->position = 0;
  if (ask->answered && ask->error == ERR_NONE) {
    world_saw(world, SEEN_LEFT);
    person->phase = OUTSIDE;
  }
  act_later(world, person, MINUTE_MS, 10 * MINUTE_MS);
}

// Looks at the place as the page does: in the server's memory.
static void look_at_place(World *world, Person *person) {
  if (server_db(world) == NULL) return;
  Place place = waiting_room_look(person->concert + 1, person->who.user_id, server_now_ms(world));
  bool drawn = place.draw_at == 0;
  if (place.state == PLACE_ACTIVE) {
    world_saw(world, SEEN_ADMITTED);
    person->phase = INSIDE;
    person->tries = 0;
  } else if (place.state == PLACE_NONE) {
    person->phase = OUTSIDE;
  } else if (person->position > 0 && drawn && place.position > person->position) {
    world_broken(world, "user %lld was at position %u and is at %u", (long long)person->who.user_id, person->position,
                 place.position);
  }
  if (place.state == PLACE_WAITING && person->position == 0 && drawn) world_saw(world, SEEN_DRAWN);
  person->position = place.state == PLACE_WAITING && drawn ? place.position : 0;
}

static void wait_in_line(World *world, Person *person) {
  look_at_place(world, person);
  if (person->phase == IN_LINE && world_chance(world, 10)) {
    ask_about(world, person, &queue_method_leave, "concertId", concert_of(person), heard_leave);
  } else {
    act_later(world, person, 3 * SECOND_MS, 40 * SECOND_MS);
  }
}

// Booking.

static Str draw_order(World *world, Person *person) {
  Text order = {.arena = &world->arena};
  const char *category = venue_category_ids[person->concert][person->category = (int)world_between(world, 0, 1)];
  text_format(&order, "{\"concertId\":\"%s\",\"acceptOther\":%s,", venue_concert_ids[person->concert],
              world_chance(world, 500) ? "true" : "false");
  if (person->concert == 0) {
    text_format(&order, "\"categoryId\":\"%s\",\"seats\":%d}", category, (int)world_between(world, 1, 4));
  } else if (world_chance(world, 400)) {
    text_format(&order, "\"categoryId\":\"%s\",\"bestSeats\":%d}", category, (int)world_between(world, 1, 3));
  } else {
    int seats = VENUE_ROWS * VENUE_PLACES;
    int first = (int)world_between(world, 1, seats - 3);
    text_format(&order, "\"seatIds\":[%d", first);
    if (first + 1 <= seats - 2 && world_chance(world, 700)) text_format(&order, ",%d", first + 1);
    text_format(&order, "]}");
    person->category = first > seats - 2 ? 1 : 0;
  }
  return text_str(&order);
}

static void holds(World *world, Person *person, Str reply) {
  Str id = text_in(world, reply, "id");
  if (id.length != 24) return;
  if (!str_equal(id, person->booking_id)) world_saw(world, SEEN_BOOKED);
  person->booking_id = id;
  person->phase = HOLDS;
  person->tries = 0;
  history_told(world, TOLD_BOOKED, id);
}

static void heard_booking(World *world, Ask *ask) {
  Person *person = ask->from;
  person->is_asking = false;
  person->unanswered = !ask->answered;
  if (!ask->answered) {
    act_later(world, person, 0, 10 * SECOND_MS);
    return;
  }
  if (ask->error == ERR_NONE) {
    if (memmem(ask->json.at, ask->json.length, "bestSeats", 9) != NULL) world_saw(world, SEEN_BEST_SEATS);
    holds(world, person, ask->reply);
  }
  if (ask->error == ERR_SOLD_OUT) world_saw(world, SEEN_SOLD_OUT);
  if (ask->error == ERR_SEATS_TAKEN) world_saw(world, SEEN_SEATS_TAKEN);
  if (ask->error == ERR_NO_ACTIVE_SLOT) {
    world_saw(world, SEEN_SLOT_ENDED);
    person->phase = OUTSIDE;
  }
  act_later(world, person, SECOND_MS, world_chance(world, 200) ? 4 * MINUTE_MS : 20 * SECOND_MS);
}

// The second click of two.
static void heard_second_booking(World *world, Ask *ask) {
  Person *person = ask->from;
  bool same = str_equal(ask->key, person->key) && person->booking_id.length > 0;
  if (!ask->answered || ask->error != ERR_NONE || !same) return;
  if (!str_equal(text_in(world, ask->reply, "id"), person->booking_id)) {
    world_broken(world, "one key made two bookings");
  }
  world_saw(world, SEEN_KEY_REPEATED);
}

static void book(World *world, Person *person) {
  if (!person->unanswered) {
    if (person->tries++ > 6) {
      person->phase = OUTSIDE;
      act_later(world, person, MINUTE_MS, 5 * MINUTE_MS);
      return;
    }
    Text key = {.arena = &world->arena};
    text_format(&key, "key %d", ++person->keys);
    person->key = text_str(&key);
    person->order = draw_order(world, person);
    person->booking_id = (Str){0};
  }
  int clicks = person->twice ? 2 : 1;
  person->is_asking = true;
  for (int i = 0; i < clicks; i++) {
    Ask *ask = new_ask(world, person, &booking_create, i == 0 ? heard_booking : heard_second_booking);
    ask->json = person->order;
    ask->key = person->key;
    server_ask(world, ask);
  }
}

// Paying.

static void heard_intent(World *world, Ask *ask) {
  Person *person = ask->from;
  person->is_asking = false;
  if (ask->answered && ask->error == ERR_NONE) {
    person->secret = text_in(world, ask->reply, "paymentIntentClientSecret");
    person->phase = PAYS;
    person->tries = 0;
  } else if (ask->answered && ask->error == ERR_PAYMENT_ALREADY_COMPLETED) {
    person->phase = HAS_PAID;
  } else if (ask->answered && ask->error == ERR_BOOKING_INVALID) {
    forget_booking(person);
  } else if (++person->tries > 5) {
    forget_booking(person);
  }
  act_later(world, person, SECOND_MS, 30 * SECOND_MS);
}

static void heard_cancel(World *world, Ask *ask) {
  Person *person = ask->from;
  person->is_asking = false;
  if (ask->answered && ask->error == ERR_NONE) {
    world_saw(world, SEEN_CANCELLED);
    history_told(world, TOLD_CANCELLED, ask->about);
    forget_booking(person);
  } else if (ask->answered && ask->error == ERR_PAYMENT_COMPLETED) {
    world_saw(world, SEEN_CANCEL_TOO_LATE);
    history_told(world, TOLD_CONFIRMED, ask->about);
    person->phase = HAS_PAID;
  } else if (ask->answered) {
    person->phase = world_chance(world, 500) ? HAS_PAID : HOLDS;
  }
  act_later(world, person, SECOND_MS, MINUTE_MS);
}

static void cancel(World *world, Person *person) {
  ask_about(world, person, &booking_cancel_pending, "categoryId",
            str_from(venue_category_ids[person->concert][person->category]), heard_cancel);
}

static void ask_intent(World *world, Person *person) {
  // Apps that are there send the category's id.
  Str id =
      world_chance(world, 200) ? str_from(venue_category_ids[person->concert][person->category]) : person->booking_id;
  ask_about(world, person, &payment_create_intent, "bookingId", id, heard_intent);
}

static void pay(World *world, Person *person) {
  PayOutcome outcome = stripe_pay(world, person->secret);
  if (outcome == PAY_DECLINED && ++person->tries < 3) {
    act_later(world, person, SECOND_MS, MINUTE_MS);
    return;
  }
  if (outcome == PAY_IMPOSSIBLE && person->tries++ == 0) {
    person->phase = HOLDS;  // perhaps there is another intent by now
    act_later(world, person, SECOND_MS, MINUTE_MS);
    return;
  }
  person->phase = HAS_PAID;
  person->tries = 0;
  // Some pay a second time in another window, or want their seats gone in the same moment.
  if (world_chance(world, 60)) {
    cancel(world, person);
  } else {
    act_later(world, person, 0, 5 * SECOND_MS);
  }
}

static void heard_second_confirm(World *world, Ask *ask) {
  Person *person = ask->from;
  if (!ask->answered || ask->error != ERR_NONE) return;
  history_told(world, TOLD_CONFIRMED, ask->about);
  world_saw(world, person->phase == HAS_TICKETS ? SEEN_DOUBLE_CONFIRM : SEEN_CONFIRMED);
  if (str_equal(person->booking_id, ask->about)) person->phase = HAS_TICKETS;
}

static void heard_confirm(World *world, Ask *ask) {
  Person *person = ask->from;
  person->is_asking = false;
  if (ask->answered && ask->error == ERR_NONE) {
    heard_second_confirm(world, ask);
  } else if (ask->answered && (ask->error == ERR_BOOKING_EXPIRED || ask->error == ERR_BOOKING_CANCELLED ||
                               ask->error == ERR_BOOKING_REFUNDED || ask->error == ERR_PAYMENT_REQUIRED)) {
    if (++person->tries > 4) forget_booking(person);
  }
  act_later(world, person, SECOND_MS, 2 * MINUTE_MS);
}

static void confirm(World *world, Person *person) {
  int clicks = person->twice ? 2 : 1;
  for (int i = 0; i < clicks; i++) {
    ask_about(world, person, &booking_confirm_paid, "id", person->booking_id,
              i == 0 ? heard_confirm : heard_second_confirm);
  }
}

// A hold: most people pay, at once or when it is nearly or really too late; some cancel, some go away.
static void decide(World *world, Person *person) {
  int64_t dice = world_between(world, 0, 99);
  if (dice < 8) {
    cancel(world, person);
  } else if (dice < 16) {
    forget_booking(person);
    act_later(world, person, MINUTE_MS, 20 * MINUTE_MS);
  } else if (dice < 22) {
    act_later(world, person, 5 * MINUTE_MS, 30 * MINUTE_MS);
  } else if (person->phase == HOLDS) {
    ask_intent(world, person);
  } else {
    pay(world, person);
  }
}

static void after_paying(World *world, Person *person) {
  if (person->phase == HAS_TICKETS && world_chance(world, 700)) {
    forget_booking(person);  // and perhaps comes again
    act_later(world, person, 5 * MINUTE_MS, HOUR_MS);
  } else if (world_chance(world, 100)) {
    act_later(world, person, 10 * MINUTE_MS, HOUR_MS);  // the webhook may do it
  } else {
    confirm(world, person);
  }
}

static void act(World *world, void *what) {
  Person *person = what;
  if (world->is_calm || person->is_asking) return;
  switch (person->phase) {
    case OUTSIDE:
      ask_about(world, person, &queue_method_join, "concertId", concert_of(person), heard_join);
      break;
    case IN_LINE:
      wait_in_line(world, person);
      break;
    case INSIDE:
      book(world, person);
      break;
    case HOLDS:
    case PAYS:
      decide(world, person);
      break;
    case HAS_PAID:
    case HAS_TICKETS:
      after_paying(world, person);
      break;
  }
}

void people_begin(World *world) {
  int64_t count = world_between(world, 4, world_chance(world, 100) ? VENUE_PEOPLE_MAX : 20);
  int seated = world_chance(world, 500) ? 500 : world_chance(world, 500) ? 1000 : 0;
  for (int64_t id = 1; id <= count; id++) {
    Person *person = ARENA_NEW(&world->arena, Person);
    *person = (Person){.who = {.user_id = id}, .concert = world_chance(world, seated) ? 1 : 0};
    person->twice = world_chance(world, 200);
    act_later(world, person, 0, 6 * MINUTE_MS);
  }
}
