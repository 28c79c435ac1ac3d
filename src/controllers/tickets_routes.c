// The addresses of the tickets door. The first row that fits is taken: those most asked for stand first, and a fixed
// segment before a parameter in its place.
#include "controllers/tickets_routes.h"

#include "methods/account.h"

static const TicketsRoute routes[] = {
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

static bool fits(const TicketsRoute *route, Str path, TicketsParameters *parameters) {
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
    if (routes[i].verb == verb && fits(&routes[i], path, parameters)) return &routes[i];
  }
  return NULL;
}
