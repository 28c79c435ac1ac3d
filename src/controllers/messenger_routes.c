// The addresses of the messenger door. The first row that fits is taken.
#include "controllers/messenger_routes.h"

#include "methods/block.h"
#include "methods/dialog.h"
#include "methods/message.h"
#include "methods/own_data.h"
#include "methods/presence.h"

#define ROUTE(its_verb, its_path, its_method) \
  { .verb = (its_verb), .path = (its_path), .method = &(its_method), .limit = TICKETS_LIMIT_NONE, .digits_win = true }

static const MessengerRoute routes[] = {
    {ROUTE(HTTP_GET, "/message/read", message_method_read), "Message marked as read"},
    {ROUTE(HTTP_GET, "/message/search", message_method_search), "Messages found"},
    {ROUTE(HTTP_GET, "/message/:id", message_method_history), "All messages found"},
    {ROUTE(HTTP_POST, "/message/:id", message_method_send), "Message sent"},
    {ROUTE(HTTP_GET, "/message/:id/not-readed", message_method_unread), "All not readed messages found"},
    {ROUTE(HTTP_PUT, "/message", message_method_edit), "Message edited"},
    {ROUTE(HTTP_DELETE, "/message", message_method_delete), "Message deleted"},
    {ROUTE(HTTP_GET, "/dialog", dialog_list), "dialogs found"},
    {ROUTE(HTTP_GET, "/user/last-seen", presence_last_seen), "Last seen setting found"},
    {ROUTE(HTTP_POST, "/user/change/last-seen", presence_show_last_seen), "Last seen setting changed"},
    {ROUTE(HTTP_GET, "/user/export", own_data_export), "User data found"},
    {ROUTE(HTTP_GET, "/user/blocked", block_method_list), "Blocked users found"},
    {ROUTE(HTTP_PUT, "/user/:id/block", block_method_put), "User blocked"},
    {ROUTE(HTTP_DELETE, "/user/:id/block", block_method_drop), "User unblocked"},
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
