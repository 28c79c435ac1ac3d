// The methods that Node's server knows: those of IANA's registry that are in use, and a few that never came into it. A
// closed list, because a byte that went missing between two requests makes the next one begin with a word of chance.
#include "core/http_method.h"

static const struct {
  Str name;
  HttpMethod method;
} methods[] = {
    {{"GET", 3}, HTTP_GET},
    {{"POST", 4}, HTTP_POST},
    {{"HEAD", 4}, HTTP_HEAD},
    {{"PUT", 3}, HTTP_PUT},
    {{"PATCH", 5}, HTTP_PATCH},
    {{"DELETE", 6}, HTTP_DELETE},
    {{"OPTIONS", 7}, HTTP_OPTIONS},
    {{"CONNECT", 7}, HTTP_OTHER},
    {{"TRACE", 5}, HTTP_OTHER},
    // RFC 3253, 3744, 4791, 4918, 5323, 5842: WebDAV and what grew on it
    {{"ACL", 3}, HTTP_OTHER},
    {{"BIND", 4}, HTTP_OTHER},
    {{"CHECKOUT", 8}, HTTP_OTHER},
    {{"COPY", 4}, HTTP_OTHER},
    {{"LOCK", 4}, HTTP_OTHER},
    {{"MERGE", 5}, HTTP_OTHER},
    {{"MKACTIVITY", 10}, HTTP_OTHER},
    {{"MKCALENDAR", 10}, HTTP_OTHER},
    {{"MKCOL", 5}, HTTP_OTHER},
    {{"MOVE", 4}, HTTP_OTHER},
    {{"PROPFIND", 8}, HTTP_OTHER},
    {{"PROPPATCH", 9}, HTTP_OTHER},
    {{"REBIND", 6}, HTTP_OTHER},
    {{"REPORT", 6}, HTTP_OTHER},
    {{"SEARCH", 6}, HTTP_OTHER},
    {{"UNBIND", 6}, HTTP_OTHER},
    {{"UNLOCK", 6}, HTTP_OTHER},
    // Others in the registry
    {{"LINK", 4}, HTTP_OTHER},
    {{"QUERY", 5}, HTTP_OTHER},
    {{"UNLINK", 6}, HTTP_OTHER},
    // Not in it: UPnP, caches, Icecast
    {{"M-SEARCH", 8}, HTTP_OTHER},
    {{"NOTIFY", 6}, HTTP_OTHER},
    {{"SUBSCRIBE", 9}, HTTP_OTHER},
    {{"UNSUBSCRIBE", 11}, HTTP_OTHER},
    {{"PURGE", 5}, HTTP_OTHER},
    {{"SOURCE", 6}, HTTP_OTHER},
};

bool http_method_read(Str name, HttpMethod *method) {
  for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
    if (!str_equal(name, methods[i].name)) continue;
    *method = methods[i].method;
    return true;
  }
  return false;
}
