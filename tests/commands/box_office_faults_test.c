// Every method of the line, of bookings, payments and tickets, swept with faults.
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "methods/booking.h"
#include "methods/hall.h"
#include "methods/payment.h"
#include "methods/queue.h"
#include "methods/ticket.h"
#include "support/fault_sweep.h"

enum { SLOT_MS = 5 * RIG_MINUTE_MS, BOOKING_MS = 10 * RIG_MINUTE_MS };

// In the JSON, BOOKING is the public id of the latest booking, FIRST that of the first, CODE the code of its first
// ticket.
#define GOLD "c00000000000000000000001"
#define JOIN(person) \
  { .method = &queue_method_join, .who = (person), .json = "{}" }
#define JOIN_OPERA(person) \
  { .method = &queue_method_join, .who = (person), .json = "{\"concertId\":\"aa0000000000000000000002\"}" }
#define BOOK(person) \
  { .method = &booking_create, .who = (person), .json = "{\"categoryId\":\"" GOLD "\",\"seats\":2}" }
#define BOOK_OPERA                                                           \
  {                                                                          \
    .method = &booking_create, .who = &venue_anna,                           \
    .json = "{\"concertId\":\"aa0000000000000000000002\",\"seatIds\":[1,2]}" \
  }
#define PAST \
  { .sql = "UPDATE concerts SET date = 1" }
#define OVER \
  { .sql = "UPDATE concerts SET ended_at = 1, closed = 1 WHERE id = 2" }
#define INTENT \
  { .method = &payment_create_intent, .who = &venue_anna, .json = "{\"bookingId\":\"BOOKING\"}" }
#define COURIER "UPDATE outbox SET done_at = 1, attempts = 1, payload = '{}' WHERE kind = 'stripe' AND done_at IS NULL"
#define ANSWERED \
  { .sql = COURIER }
#define TOLD(op, http, status)                                                                                \
  {                                                                                                           \
    .method = &payment_settle,                                                                                \
    .json = "{\"op\":\"" op "\",\"bookingId\":1,\"attempt\":1,\"http\":" http                                 \
            ",\"intentId\":\"pi_1\",\"clientSecret\":\"s\",\"status\":\"" status                              \
            "\",\"amount\":2000,\"currency\":\"inr\",\"intentBookingId\":\"BOOKING\",\"refundId\":\"re_1\"}", \
  }
#define MADE TOLD("create", "200", "requires_payment_method")
#define PAID TOLD("retrieve", "200", "succeeded")
#define TICK \
  { .method = &queue_method_tick }
#define EXPIRED \
  { .pass_ms = BOOKING_MS + 1 }
#define SWEEP \
  { .method = &payment_look }
#define EVENT(type, status)                                                                        \
  {                                                                                                \
    .method = &payment_webhook,                                                                    \
    .json = "{\"id\":\"evt_1\",\"type\":\"payment_intent." type                                    \
            "\",\"data\":{\"object\":{\"id\":\"pi_1\",\"status\":\"" status                        \
            "\",\"amount\":2000,\"currency\":\"inr\",\"metadata\":{\"bookingId\":\"BOOKING\"}}}}", \
  }

static const FaultScene scenes[] = {
    // The line.
    {.call = JOIN(&venue_anna)},
    {.before = {JOIN(&venue_anna)}, .call = JOIN(&venue_bert)},
    {.before = {JOIN(&venue_anna), JOIN(&venue_bert)},
     .call = {.method = &queue_method_leave, .who = &venue_anna, .json = "{}"}},
    {.before = {JOIN(&venue_anna), JOIN(&venue_bert), {.pass_ms = SLOT_MS}}, .call = {.method = &queue_method_tick}},
    {.call = {.method = &queue_method_operate, .who = &venue_staff, .json = "{\"paused\":true,\"notice\":\"Soon\"}"}},
    // The end of a concert, all at once and its last part.
    {.before = {JOIN_OPERA(&venue_anna), BOOK_OPERA, INTENT, ANSWERED, MADE, PAID, JOIN_OPERA(&venue_bert), PAST},
     .call = {.method = &queue_method_operate,
              .who = &venue_staff,
              .json = "{\"concertId\":\"aa0000000000000000000002\",\"ended\":true}"}},
    {.before = {JOIN_OPERA(&venue_anna), BOOK_OPERA, INTENT, ANSWERED, MADE, PAID, JOIN_OPERA(&venue_bert), OVER},
     .call = TICK},
    // Bookings.
    {.before = {JOIN(&venue_anna)},
     .call = {.method = &booking_create,
              .who = &venue_anna,
              .json = "{\"categoryId\":\"" GOLD "\",\"seats\":2}",
              .key = "a key"}},
    {.before = {JOIN_OPERA(&venue_anna)},
     .call = {.method = &booking_create,
              .who = &venue_anna,
              .json = "{\"concertId\":\"aa0000000000000000000002\",\"seatIds\":[1,2]}"}},
    {.before = {JOIN_OPERA(&venue_anna)},
     .call = {.method = &booking_create,
              .who = &venue_anna,
              .json = "{\"concertId\":\"aa0000000000000000000002\",\"categoryId\":\"c00000000000000000000003\","
                      "\"bestSeats\":2}"}},
    {.before = {JOIN(&venue_anna), BOOK(&venue_anna)},
     .call = {.method = &booking_pending, .who = &venue_anna, .json = "{}"},
     .reads = true},
    {.before = {JOIN(&venue_anna), BOOK(&venue_anna)},
     .call = {.method = &booking_cancel_pending, .who = &venue_anna, .json = "{}"}},
    {.before = {JOIN(&venue_anna), BOOK(&venue_anna), EXPIRED}, .call = SWEEP},
    {.before = {JOIN_OPERA(&venue_anna)},
     .call = {.method = &hall_update_seat_status,
              .who = &venue_staff,
              .json = "{\"hall_id\":1,\"seat_id\":3,\"status\":\"MAINTENANCE\",\"reply\":\"delta\"}"}},
    // Payments.
    {.before = {JOIN(&venue_anna), BOOK(&venue_anna)}, .call = INTENT},
    {.before = {JOIN(&venue_anna), BOOK(&venue_anna), INTENT, ANSWERED}, .call = MADE},
    {.before = {JOIN(&venue_anna), BOOK(&venue_anna), INTENT, ANSWERED, MADE}, .call = PAID},
    {.before = {JOIN(&venue_anna), BOOK(&venue_anna), INTENT, ANSWERED, MADE}, .call = EVENT("succeeded", "succeeded")},
    {.before = {JOIN(&venue_anna), BOOK(&venue_anna), INTENT, ANSWERED, MADE},
     .call = EVENT("payment_failed", "requires_payment_method")},
    {.before = {JOIN(&venue_anna), BOOK(&venue_anna), INTENT, ANSWERED, MADE},
     .call = {.method = &booking_confirm_paid, .who = &venue_anna, .json = "{\"id\":\"BOOKING\"}"}},
    {.before = {JOIN(&venue_anna), BOOK(&venue_anna), INTENT, ANSWERED, MADE},
     .call = {.method = &booking_cancel_pending, .who = &venue_anna, .json = "{}"}},
    {.before = {JOIN(&venue_anna), BOOK(&venue_anna), INTENT, ANSWERED, MADE, EXPIRED}, .call = SWEEP},
    {.before = {JOIN(&venue_anna), BOOK(&venue_anna), INTENT, ANSWERED, MADE, EXPIRED, SWEEP, ANSWERED},
     .call = TOLD("cancel", "200", "canceled")},
    // Money that comes too late: the seats are still there, or they are gone.
    {.before = {JOIN(&venue_anna), BOOK(&venue_anna), INTENT, ANSWERED, EXPIRED, SWEEP, MADE}, .call = PAID},
    {.before = {JOIN(&venue_anna), BOOK(&venue_anna), INTENT, ANSWERED, EXPIRED, SWEEP, MADE, TICK, JOIN(&venue_bert),
                BOOK(&venue_bert)},
     .call = {.method = &payment_settle,
              .json = "{\"op\":\"retrieve\",\"bookingId\":1,\"attempt\":1,\"http\":200,\"intentId\":\"pi_1\","
                      "\"status\":\"succeeded\",\"amount\":2000,\"currency\":\"inr\",\"intentBookingId\":\"FIRST\"}"}},
    // Tickets.
    {.before = {JOIN(&venue_anna), BOOK(&venue_anna), INTENT, ANSWERED, MADE, PAID},
     .call = {.method = &booking_tickets, .who = &venue_anna, .json = "{\"id\":\"BOOKING\"}"},
     .reads = true},
    {.before = {JOIN(&venue_anna), BOOK(&venue_anna), INTENT, ANSWERED, MADE, PAID},
     .call = {.method = &ticket_check_in_code, .who = &venue_staff, .json = "{\"code\":\"CODE\"}"}},
    {.before = {JOIN(&venue_anna), BOOK(&venue_anna), INTENT, ANSWERED, MADE, PAID},
     .call = {.method = &booking_refund_paid, .who = &venue_staff, .json = "{\"id\":\"BOOKING\"}"}},
    {.before = {JOIN(&venue_anna),
                BOOK(&venue_anna),
                INTENT,
                ANSWERED,
                MADE,
                PAID,
                {.method = &booking_refund_paid, .who = &venue_staff, .json = "{\"id\":\"BOOKING\"}"},
                ANSWERED},
     .call = TOLD("refund", "200", "succeeded")},
};

static const char everything[] =
    "SELECT (SELECT group_concat(id || ',' || total_seats || ',' || available_seats) FROM categories)"
    " || (SELECT group_concat(active || ',' || admitted || ',' || paused || ',' || opened || notice || "
    "coalesce(ended_at, 0) || ',' || emptied) FROM concerts)"
    " || coalesce((SELECT group_concat(id || status || coalesce(slot_until, 0)) FROM queue_places), '')"
    " || coalesce((SELECT group_concat(id || status || payment_status || coalesce(closing, '')) FROM bookings), '')"
    " || coalesce((SELECT group_concat(seat_id || ',' || coalesce(released_at, 0)) FROM booking_seats), '')"
    " || (SELECT count(*) FROM booking_steps) || coalesce((SELECT group_concat(id || status || refund_due || asks ||"
    " coalesce(intent_id, '')) FROM payments), '')"
    " || coalesce((SELECT group_concat(id || ',' || void || ',' || coalesce(checked_in_at, 0)) FROM tickets), '')"
    " || coalesce((SELECT group_concat(key || coalesce(done_at, 0)) FROM outbox), '')"
    " || (SELECT group_concat(status || ',' || coalesce(reserved_by, 0)) FROM seats) || (SELECT count(*) FROM events)"
    " || (SELECT count(*) FROM stripe_events) || (SELECT count(*) FROM answers)";

static const char *const rows_of_venue[] = {
    "INSERT INTO concerts(id, public_id, name, date, hall_id, created_at, opens_at, seed, seed_hash) VALUES"
    " (1, 'aa0000000000000000000001', 'Standing', 1800000000000, NULL, 1, 1, '', ''),"
    " (2, 'aa0000000000000000000002', 'Opera', 1800000000000, 1, 1, 1, '', '')",
    "INSERT INTO categories(id, public_id, concert_id, name, price, seat_type_id, total_seats, available_seats) VALUES"
    " (1, '" GOLD
    "', 1, 'gold', 1000, NULL, 3, 3), (3, 'c00000000000000000000003', 2, 'Standard', 1000, 1, 4, 4),"
    " (4, 'c00000000000000000000004', 2, 'VIP', 1000, 2, 2, 2)",
    "UPDATE users SET email = username || '@example.org', public_id = printf('%024x', id)",
};

static void furnish(Rig *rig) {
  for (size_t i = 0; i < sizeof rows_of_venue / sizeof rows_of_venue[0]; i++) rig_run(rig, rows_of_venue[i]);
}

static Str ticket_code(Rig *rig, Str booking) {
  const FaultStep tickets = {.method = &booking_tickets, .who = &venue_anna};
  Text json = {.arena = &rig->arena};
  Str code = {0};
  text_format(&json, "{\"id\":\"%.*s\"}", STR_ARG(booking));
  const Json *reply = json_parse(&rig->arena, fault_sweep_ask(&tickets, text_str(&json)), NULL);
  json_str(json_get(json_first(json_get(reply, "tickets")), "code"), &code);
  return code;
}

static Str fill_in(Rig *rig, const char *json) {
  static const char LATEST[] = "SELECT public_id FROM bookings ORDER BY id DESC LIMIT 1";
  static const char FIRST[] = "SELECT public_id FROM bookings ORDER BY id LIMIT 1";
  if (strstr(json, "FIRST") != NULL) return fault_sweep_put(json, "FIRST", str_from(rig_text(rig, FIRST)));
  Str booking = str_from(rig_text(rig, LATEST));
  if (strstr(json, "CODE") != NULL) return fault_sweep_put(json, "CODE", ticket_code(rig, booking));
  return fault_sweep_put(json, "BOOKING", booking);
}

static Str sign(Call *call, Str body) {
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  Str secret = call->config->stripe_webhook_secret;
  Text message = {.arena = &call->arena};
  Text header = {.arena = &call->arena};
  text_format(&message, "%lld.%.*s", (long long)call->now_ms / 1000, STR_ARG(body));
  HMAC(EVP_sha256(), secret.at, (int)secret.length, (const unsigned char *)message.at, message.length, mac, &length);
  text_format(&header, "t=%lld,v1=", (long long)call->now_ms / 1000);
  text_hex(&header, mac, length);
  return text_str(&header);
}

static Error decode(Call *call, Str json) {
  if (call->method != &payment_webhook) return fault_sweep_decode(call, json);
  PaymentWebhook *input = ARENA_NEW(&call->arena, PaymentWebhook);
  *input = (PaymentWebhook){.signature = sign(call, json), .body = json};
  call->input = input;
  return ERR_NONE;
}

static const FaultSweep sweep = {
    .scenes = scenes,
    .scene_count = sizeof scenes / sizeof scenes[0],
    .everything = everything,
    .config = {.max_active_users = 1,
               .slot_ms = SLOT_MS,
               .booking_ms = BOOKING_MS,
               .sweep_interval_ms = RIG_MINUTE_MS,
               .ticket_secret = {"ticket secret", 13},
               .stripe_secret_key = {"sk_test", 7},
               .stripe_webhook_secret = {"whsec_test", 10}},
    .furnish = furnish,
    .fill_in = fill_in,
    .decode = decode,
};

int main(void) {
  return fault_sweep_run(&sweep);
}
