// A request of the tickets door on its way: it outlives the calls that are made for it (who asks, then what is asked,
// perhaps again when a courier is back). For controllers/tickets_*.c only.
#ifndef FOYER_CONTROLLERS_TICKETS_REQUEST_H
#define FOYER_CONTROLLERS_TICKETS_REQUEST_H

#include "controllers/identity_cache.h"
#include "controllers/seats_socket.h"
#include "controllers/tickets_http.h"
#include "controllers/tickets_routes.h"

enum { TICKETS_WAIT_HEADS = 256 };

typedef struct TicketsRequest TicketsRequest;

// How a door words what it says; the way of a request is the same.
typedef struct TicketsDialect {
  int (*status)(Error error);
  void (*write_error)(Text *body, Error error, const Field *field, Str details);
  // The tokens of a granted session, and the method's reply.
  void (*write_tokens)(Text *out, Call *call, const TicketsRoute *route);
  void (*write_success)(Text *body, const TicketsRoute *route, Str reply);  // NULL: the reply is the body
} TicketsDialect;

extern const TicketsDialect tickets_dialect;

struct TicketsRequest {
  struct TicketsRequest *next;  // of those that wait for the same head of topics
  Arena arena;
  Loop *loop;
  ConnRef conn;
  const TicketsDialect *dialect;
  const TicketsRoute *route;
  Str token;  // as it came; empty: none
  bool token_is_cookie;
  bool wants_cookie;  // ?cookie=1
  TokenKey token_key;
  uint64_t epoch;  // of the identities, when its own was asked for
  Identity who;
  const Json *input;
  Str raw_body;   // of a raw route
  Str signature;  // likewise
  Str peer;
  Str agent;
  Str request_id;
  Once once;
  SeatsClient client;  // of a route that grants or renews a session
  Text headers;
  int64_t begun_ms;
  Str waits_for;  // the topic; empty: not at present
  int64_t waited_note;
  uint64_t until_ms;  // loop tick when waiting ends
};

struct TicketsState {
  IdentityCache *identities;
  uint32_t waiting_count;
  TicketsRequest *waiting[TICKETS_WAIT_HEADS];  // by the hash of their topic
  char request_prefix[8];                       // of the names that are given to requests
  uint64_t request_count;
  // The kept answer (TicketsRoute.kept): for a moment, and until something is committed that may change it.
  char *kept;
  uint32_t kept_bytes;
  const TicketsRoute *kept_route;
  int64_t kept_until_ms;
  uint64_t kept_epoch;
};

TicketsState *tickets_state(const Loop *loop);

// The client's name of the request, or one of ours.
Str tickets_request_id(Exchange *exchange);
// A request of `peer` that outlives the exchange, without headers, token and input; NULL when memory is out.
TicketsRequest *tickets_request_new(Exchange *exchange, const TicketsDialect *dialect, const TicketsRoute *route,
                                    Str request_id, Str peer);
const Identity *tickets_known(Loop *loop, Str token, TokenKey *key);  // NULL: not at present
void tickets_touch(Loop *loop, const Identity *who);  // notes, from time to time, that a session is in use
// Finds who asks and runs it. Takes the request over.
void tickets_request_begin(TicketsRequest *request);
// Runs the request's method. Whose request it is and his right to ask have been checked, or the call finds out. Takes
// the request over.
void tickets_request_run(TicketsRequest *request);
void tickets_request_free(TicketsRequest *request);
// Answers and frees it.
void tickets_request_refuse(TicketsRequest *request, Error error, const Field *field);
// Likewise when who asks is not known; such a request may count by its address.
void tickets_request_refuse_stranger(TicketsRequest *request, Error error);

// Keeps a request until something of its topic is committed.
void tickets_wait(TicketsRequest *request);

#endif
