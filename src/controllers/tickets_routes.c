// The addresses of the tickets door. The first row that fits is taken: those most asked for stand first, and a fixed
// segment before a parameter in its place.
#include "controllers/tickets_routes.h"

#include "controllers/tickets_input.h"
#include "methods/account.h"
#include "methods/booking.h"
#include "methods/concert.h"
#include "methods/payment.h"
#include "methods/queue.h"
#include "methods/ticket.h"
#include "models/waiting_room.h"

// GET queue/status is what everybody who waits asks every few seconds: memory answers it.
static bool quick_status(const Loop *loop, const Identity *who, Str query, Text *out) {
  int64_t concert_id = waiting_room_concert(tickets_query_value(query, "concertId"));
  if (concert_id == 0) return false;
  Place place = waiting_room_look(concert_id, who->user_id, loop->now_ms);
  place_write(out, &place);
  return true;
}

static const TicketsRoute routes[] = {
    {.verb = HTTP_GET,
     .path = "/queue/status",
     .method = &queue_method_status,
     .limit = TICKETS_LIMIT_STATUS,
     .quick = quick_status},
    {.verb = HTTP_GET, .path = "/concert", .method = &concert_method_get, .kept = true},
    {.verb = HTTP_POST, .path = "/queue/join", .method = &queue_method_join},
    {.verb = HTTP_POST, .path = "/booking", .method = &booking_create, .limit = TICKETS_LIMIT_TIGHT},
    {.verb = HTTP_GET, .path = "/booking/pending", .method = &booking_pending},
    {.verb = HTTP_DELETE, .path = "/booking/pending", .method = &booking_cancel_pending},
    {.verb = HTTP_GET, .path = "/booking/mine", .method = &booking_mine},
    {.verb = HTTP_GET, .path = "/booking/all", .method = &booking_all},
    {.verb = HTTP_GET,
     .path = "/booking/export.csv",
     .method = &booking_export,
     .type = "text/csv; charset=utf-8",
     .file = "bookings.csv"},
    {.verb = HTTP_GET, .path = "/booking/confirmed/:id", .method = &booking_confirmed},
    {.verb = HTTP_PATCH, .path = "/booking/:id/confirm", .method = &booking_confirm_paid},
    {.verb = HTTP_GET, .path = "/booking/:id", .method = &booking_by_id},
    {.verb = HTTP_GET, .path = "/booking/:id/tickets", .method = &booking_tickets},
    {.verb = HTTP_GET, .path = "/booking/:id/contact", .method = &booking_contact},
    {.verb = HTTP_GET,
     .path = "/booking/:id/calendar.ics",
     .method = &booking_calendar,
     .type = "text/calendar; charset=utf-8",
     .file = "booking.ics"},
    {.verb = HTTP_POST, .path = "/booking/:id/refund", .method = &booking_refund_paid},
    {.verb = HTTP_POST, .path = "/payment/create-intent", .method = &payment_create_intent},
    {.verb = HTTP_GET, .path = "/payment/pub-key", .method = &payment_pub_key, .limit = TICKETS_LIMIT_NONE},
    {.verb = HTTP_POST,
     .path = "/payment/webhook/stripe",
     .method = &payment_webhook,
     .limit = TICKETS_LIMIT_NONE,
     .raw = true},
    {.verb = HTTP_POST, .path = "/queue/leave", .method = &queue_method_leave},
    {.verb = HTTP_GET, .path = "/queue/draw", .method = &queue_method_draw},
    {.verb = HTTP_GET, .path = "/queue/operate", .method = &queue_method_sale},
    {.verb = HTTP_POST, .path = "/queue/operate", .method = &queue_method_operate},
    {.verb = HTTP_GET, .path = "/concerts", .method = &concert_method_list},
    {.verb = HTTP_GET, .path = "/ticket/list", .method = &ticket_list},
    {.verb = HTTP_POST, .path = "/ticket/check-in", .method = &ticket_check_in_code},
    {.verb = HTTP_POST, .path = "/auth/signup/email", .method = &account_signup, .limit = TICKETS_LIMIT_TIGHT},
    {.verb = HTTP_POST,
     .path = "/auth/verify-otp",
     .method = &account_verify_otp,
     .limit = TICKETS_LIMIT_TIGHT,
     .tokens = true},
    {.verb = HTTP_POST,
     .path = "/auth/login/email",
     .method = &account_login,
     .limit = TICKETS_LIMIT_TIGHT,
     .tokens = true,
     .user = true},
    {.verb = HTTP_POST, .path = "/auth/refresh", .method = &account_refresh, .tokens = true},
    {.verb = HTTP_POST, .path = "/auth/renew", .method = &account_renew, .renews = true},
    {.verb = HTTP_POST, .path = "/auth/logout", .method = &account_logout},
    {.verb = HTTP_GET, .path = "/account", .method = &account_get},
    {.verb = HTTP_PATCH, .path = "/account", .method = &account_change},
    {.verb = HTTP_GET, .path = "/account/sessions", .method = &account_sessions},
    {.verb = HTTP_DELETE, .path = "/account/sessions", .method = &account_end_sessions},
    {.verb = HTTP_DELETE, .path = "/account/sessions/:id", .method = &account_end_session},
    {.verb = HTTP_POST, .path = "/account/email", .method = &account_add_email},
    {.verb = HTTP_POST, .path = "/account/email/verify", .method = &account_verify_email},
    {.verb = HTTP_POST, .path = "/account/username", .method = &account_add_username},
    {.verb = HTTP_POST, .path = "/account/username/verify", .method = &account_verify_username},
};

bool tickets_route_fits(const TicketsRoute *route, Str path, TicketsParameters *parameters) {
  Str pattern = str_from(route->path);
  parameters->count = 0;
  while (pattern.length > 0 && path.length > 0) {
    Str wanted = str_cut(&pattern, '/');
    Str given = str_cut(&path, '/');
    bool named = wanted.length > 1 && wanted.at[0] == ':' && given.length > 0;
    if (!named && !str_equal(wanted, given)) return false;
    if (!named) continue;
    parameters->names[parameters->count] = (Str){wanted.at + 1, wanted.length - 1};
    parameters->values[parameters->count++] = given;
  }
  return pattern.length == 0 && path.length == 0;
}

const TicketsRoute *tickets_route_find(HttpMethod verb, Str path, TicketsParameters *parameters) {
  if (verb == HTTP_HEAD) verb = HTTP_GET;
  if (path.length > 1 && path.at[path.length - 1] == '/') path.length--;
  for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
    if (routes[i].verb == verb && tickets_route_fits(&routes[i], path, parameters)) return &routes[i];
  }
  return NULL;
}
