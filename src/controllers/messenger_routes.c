// The addresses of the messenger door. The first row that fits is taken.
#include "controllers/messenger_routes.h"

#include "methods/account.h"
#include "methods/block.h"
#include "methods/dialog.h"
#include "methods/message.h"
#include "methods/messenger_account.h"
#include "methods/messenger_session.h"
#include "methods/own_data.h"
#include "methods/person.h"
#include "methods/presence.h"

// Behind the words: what else the row says.
#define ROW(its_verb, its_path, its_method, grants, its_words, ...) \
  {                                                                 \
    .route = {.verb = (its_verb),                                   \
              .path = (its_path),                                   \
              .method = &(its_method),                              \
              .limit = TICKETS_LIMIT_NONE,                          \
              .tokens = (grants),                                   \
              .digits_win = true},                                  \
    .says = (its_words), __VA_ARGS__                                \
  }
#define ROUTE(its_verb, its_path, its_method, ...) ROW(its_verb, its_path, its_method, false, __VA_ARGS__, )
#define SIGN_IN(its_path, its_method, ...) ROW(HTTP_POST, its_path, its_method, true, __VA_ARGS__)

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS };

static const MessengerRoute routes[] = {
    ROUTE(HTTP_GET, "/message/read", message_method_read, "Message marked as read"),
    ROUTE(HTTP_GET, "/message/search", message_method_search, "Messages found"),
    ROUTE(HTTP_GET, "/message/:id", message_method_history, "All messages found"),
    ROUTE(HTTP_POST, "/message/:id", message_method_send, "Message sent"),
    ROUTE(HTTP_GET, "/message/:id/not-readed", message_method_unread, "All not readed messages found"),
    ROUTE(HTTP_PUT, "/message", message_method_edit, "Message edited"),
    ROUTE(HTTP_DELETE, "/message", message_method_delete, "Message deleted"),
    ROUTE(HTTP_GET, "/dialog", dialog_list, "dialogs found"),
    SIGN_IN("/auth/refresh-token", messenger_refresh, "Token refreshed", .limit = 60, .window_ms = MINUTE_MS),
    SIGN_IN("/auth/login", messenger_login, "Authentication complited", .limit = 10, .window_ms = MINUTE_MS),
    ROUTE(HTTP_POST, "/auth/logout", account_logout, "Signed out"),
    ROUTE(HTTP_GET, "/auth/sessions", account_sessions, "Sessions found"),
    ROUTE(HTTP_DELETE, "/auth/sessions", account_end_sessions, "Other sessions ended"),
    ROUTE(HTTP_DELETE, "/auth/sessions/:id", account_end_session, "Session ended"),
    ROUTE(HTTP_POST, "/user", messenger_sign_up, "User created. Please confirm your email to complete registration",
          .limit = 5, .window_ms = MINUTE_MS),
    ROUTE(HTTP_POST, "/user/check-email", messenger_check_email, "Email can be used"),
    ROUTE(HTTP_POST, "/user/search", person_search, "Users found", .limit = 60, .window_ms = MINUTE_MS),
    ROUTE(HTTP_GET, "/user/is-exist", person_exists, "User exist", .denies = "User not exist"),
    ROUTE(HTTP_GET, "/user/:id/name", person_name, "User name found"),
    ROUTE(HTTP_POST, "/user/reset-password", messenger_ask_reset,
          "If the user is registered with this email address, the email will be sent to this email address", .limit = 5,
          .window_ms = HOUR_MS),
    ROUTE(HTTP_POST, "/user/change/password", messenger_change_password, "User password changed"),
    ROUTE(HTTP_POST, "/user/change/name", messenger_change_name, "User name changed"),
    ROUTE(HTTP_POST, "/user/change/bio", messenger_change_bio, "User bio changed"),
    ROUTE(HTTP_POST, "/user/change/email", messenger_change_email,
          "A link to complete the email change has been sent to the new email address"),
    ROUTE(HTTP_DELETE, "/user", messenger_delete_account, "User deleted"),
    ROUTE(HTTP_GET, "/email/confirm-email", messenger_follow_confirm, "Email confirmed"),
    ROUTE(HTTP_POST, "/email/reset-password", messenger_follow_reset, "Password reseted"),
    ROUTE(HTTP_GET, "/email/change-email", messenger_follow_change, "Email changed"),
    ROUTE(HTTP_GET, "/user/last-seen", presence_last_seen, "Last seen setting found"),
    ROUTE(HTTP_POST, "/user/change/last-seen", presence_show_last_seen, "Last seen setting changed"),
    ROUTE(HTTP_GET, "/user/export", own_data_export, "User data found"),
    ROUTE(HTTP_GET, "/user/blocked", block_method_list, "Blocked users found"),
    ROUTE(HTTP_PUT, "/user/:id/block", block_method_put, "User blocked"),
    ROUTE(HTTP_DELETE, "/user/:id/block", block_method_drop, "User unblocked"),
};

const MessengerRoute *messenger_route_find(HttpMethod verb, Str path, TicketsParameters *parameters) {
  if (verb == HTTP_HEAD) verb = HTTP_GET;
  if (path.length > 1 && path.at[path.length - 1] == '/') path.length--;
  for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
    const TicketsRoute *route = &routes[i].route;
    if (route->verb == verb && tickets_route_fits(route, path, parameters)) return &routes[i];
  }
  return NULL;
}
