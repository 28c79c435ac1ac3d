// Other processes and their people: a table of who is where, and for each process a list of its own, so that one that
// is gone is taken apart a few people at a time.
#include "models/presence_elsewhere.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/commits.h"
#include "core/log.h"
#include "core/lookup.h"

enum { TAKEN_APART = 1024 };  // people of who is gone, at a time

typedef struct Server Server;

// Somebody at one of them.
typedef struct Guest {
  LookupNode node;
  int64_t user_id;
  int64_t nth;  // of all comings that were heard of
  Server *server;
  struct Guest *next;   // of the same server
  struct Guest **link;  // what leads to him there
} Guest;

struct Server {
  Server *next;
  int64_t id;
  int missed;  // signs of ours that counted since its last one
  bool gone;   // its people are nowhere any more; it is freed with the last of them
  bool ours;   // this process has found it gone, and is to tell of its people
  Guest *guests;
};

static struct {
  pthread_mutex_t lock;
  _Atomic int64_t self;   // this process's own number; 0: it has given no sign yet
  _Atomic int64_t heard;  // comings
  bool beaten;
  bool asked;  // what the others answer is on its way, or here
  int64_t beat_ms;
  Server *servers;
  Lookup guests;
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void lock(void) {
  pthread_mutex_lock(&all.lock);
}

static void unlock(void) {
  pthread_mutex_unlock(&all.lock);
}

// People.

static Guest *guest_of(LookupNode *node) {
  return LOOKUP_OWNER(node, Guest, node);
}

// Of a server; NULL: of any that is not gone.
static Guest *find(int64_t user_id, const Server *server) {
  LookupNode *node = lookup_first(&all.guests, lookup_hash_of(user_id));
  for (; node != NULL; node = lookup_next(node)) {
    Guest *guest = guest_of(node);
    if (guest->user_id != user_id) continue;
    if (server != NULL ? guest->server == server : !guest->server->gone) return guest;
  }
  return NULL;
}

static void remove_guest(Guest *guest) {
  if (guest->next != NULL) guest->next->link = guest->link;
  *guest->link = guest->next;
  lookup_remove(&all.guests, &guest->node);
  free(guest);
}

static void add_guest(Server *server, int64_t user_id) {
  Guest *guest = calloc(1, sizeof *guest);
  if (guest == NULL || !lookup_add(&all.guests, &guest->node, lookup_hash_of(user_id))) {
    free(guest);  // he is taken for offline here, until he comes again
    return;
  }
  guest->user_id = user_id;
  guest->nth = atomic_fetch_add(&all.heard, 1) + 1;
  guest->server = server;
  guest->next = server->guests;
  if (guest->next != NULL) guest->next->link = &guest->next;
  guest->link = &server->guests;
  server->guests = guest;
}

static void change_guest(Server *server, int64_t number) {
  int64_t user_id = number < 0 ? -number : number;
  Guest *guest = find(user_id, server);
  if (number > 0 && guest == NULL) add_guest(server, user_id);
  if (number < 0 && guest != NULL) remove_guest(guest);
}

bool elsewhere_has(int64_t user_id) {
  if (atomic_load(&all.self) == 0) return false;
  lock();
  bool has = find(user_id, NULL) != NULL;
  unlock();
  return has;
}

int64_t elsewhere_heard(void) {
  return atomic_load(&all.heard);
}

bool elsewhere_came_after(int64_t user_id, int64_t heard) {
  lock();
  const Guest *guest = find(user_id, NULL);
  bool came = guest != NULL && guest->nth > heard;
  unlock();
  return came;
}

// Signs of ours.

bool elsewhere_beat_due(int64_t now_ms) {
  lock();
  // A clock that was put back makes it due.
  bool due = !all.beaten || !all.asked || now_ms < all.beat_ms || now_ms - all.beat_ms >= ELSEWHERE_BEAT_MS;
  unlock();
  return due;
}

static int64_t own_number(Call *call) {
  int64_t number = atomic_load(&all.self);
  if (number != 0) return number;
  call->env.random(call->env.state, &number, sizeof number);
  number = (number & INT64_MAX) | 1;
  atomic_store(&all.self, number);
  return number;
}

ElsewhereSign elsewhere_sign(Call *call) {
  ElsewhereSign sign = {.server = own_number(call), .beats = elsewhere_beat_due(call->now_ms)};
  lock();
  sign.asks = !all.asked;
  for (const Server *server = all.servers; server != NULL; server = server->next) {
    if (!server->gone && server->missed >= ELSEWHERE_SILENT_BEATS) sign.gone = server->id;
  }
  unlock();
  return sign;
}

void elsewhere_tell(Call *call, const ElsewhereSign *sign, const int64_t *people, size_t count) {
  Text payload = {.arena = &call->arena};
  text_add(&payload, (Str){(const char *)sign, sizeof *sign});
  text_add(&payload, (Str){(const char *)people, count * sizeof *people});
  call_signal(call, STR("presence"), STR("sign"), text_str(&payload));
}

void elsewhere_told(const ElsewhereSign *sign, int64_t now_ms) {
  lock();
  if (sign->beats != 0) {
    all.beaten = true;
    all.beat_ms = now_ms;
  }
  if (sign->asks != 0) all.asked = true;
  unlock();
}

static bool tell_last(Db *db, Call *call, int64_t self) {
  ElsewhereSign sign = {.server = self, .gone = self};
  elsewhere_tell(call, &sign, NULL, 0);
  return db_begin(db, DB_WRITE) && commits_add_last(db, call) && db_commit(db);
}

void elsewhere_take_leave(Db *db) {
  int64_t self = atomic_load(&all.self);
  if (self == 0 || all.servers == NULL) return;
  Call *call = call_new_of_nobody();
  if (call == NULL || !tell_last(db, call, self))
    log_warn("presence: the others could not be told of the end, they will notice", "server=%lld", (long long)self);
  call_free(call);
}

// Signs of all.

static Server *find_server(int64_t id) {
  Server *server = all.servers;
  while (server != NULL && (server->id != id || server->gone)) server = server->next;
  return server;
}

static Server *find_or_add_server(int64_t id) {
  Server *server = find_server(id);
  if (server != NULL) return server;
  server = calloc(1, sizeof *server);
  if (server == NULL) return NULL;  // its next sign adds it, and what it has told is asked for again
  *server = (Server){.next = all.servers, .id = id};
  all.servers = server;
  log_info("presence: another process is there", "server=%lld", (long long)id);
  return server;
}

static void drop_server(int64_t id, bool ours) {
  Server *server = find_server(id);
  if (server == NULL) return;
  log_warn("presence: another process is gone", "server=%lld", (long long)id);
  server->gone = true;
  server->ours = ours;
}

static void hear_own(const ElsewhereSign *sign) {
  for (Server *server = all.servers; server != NULL; server = server->next) server->missed += sign->beats != 0;
  if (sign->gone != 0) drop_server(sign->gone, true);
}

static void hear(const ElsewhereSign *sign, Str people) {
  Server *server = find_or_add_server(sign->server);
  if (server == NULL) {
    all.asked = false;
    return;
  }
  server->missed = 0;
  for (int64_t number; people.length >= sizeof number; people.at += sizeof number, people.length -= sizeof number) {
    memcpy(&number, people.at, sizeof number);
    change_guest(server, number);
  }
  if (sign->gone == sign->server) {
    log_info("presence: another process ends", "server=%lld", (long long)sign->server);
    server->missed = ELSEWHERE_SILENT_BEATS - 1;
  } else if (sign->gone != 0) {
    drop_server(sign->gone, false);
  }
}

ElsewhereNews elsewhere_committed(const Event *event) {
  ElsewhereSign sign;
  if (event->seq > 0 || !str_equal(event->topic, STR("presence")) || event->payload.length < sizeof sign)
    return ELSEWHERE_NOTHING;
  memcpy(&sign, event->payload.at, sizeof sign);
  int64_t self = atomic_load(&all.self);
  lock();
  if (sign.server == self) {
    hear_own(&sign);
  } else {
    hear(&sign, (Str){event->payload.at + sizeof sign, event->payload.length - sizeof sign});
  }
  unlock();
  if (sign.server == self) return ELSEWHERE_NOTHING;
  return sign.gone != 0 && sign.gone == self ? ELSEWHERE_DROPPED : sign.asks != 0 ? ELSEWHERE_ASKED : ELSEWHERE_NOTHING;
}

bool elsewhere_forget(void) {
  lock();
  for (Server *server = all.servers; server != NULL; server = server->next) server->gone = true;
  all.asked = false;
  unlock();
  return atomic_load(&all.self) != 0;
}

// Those who are gone.

static bool free_empty(void) {
  bool left = false;
  for (Server **link = &all.servers; *link != NULL;) {
    Server *server = *link;
    left = left || (server->gone && server->guests != NULL);
    if (server->gone && server->guests == NULL) {
      *link = server->next;
      free(server);
    } else {
      link = &server->next;
    }
  }
  return left;
}

size_t elsewhere_take_left(int64_t *people, size_t most) {
  size_t count = 0;
  lock();
  int looked = 0;
  for (Server *server = all.servers; server != NULL; server = server->next) {
    Guest *next;
    for (Guest *guest = server->gone ? server->guests : NULL; guest != NULL; guest = next) {
      if (looked++ >= TAKEN_APART || count == most) break;
      int64_t user_id = guest->user_id;
      next = guest->next;
      remove_guest(guest);
      if (server->ours && find(user_id, NULL) == NULL) people[count++] = user_id;
    }
  }
  free_empty();
  unlock();
  return count;
}

bool elsewhere_has_left(void) {
  if (atomic_load(&all.self) == 0) return false;
  lock();
  bool left = free_empty();
  unlock();
  return left;
}

void elsewhere_free(void) {
  elsewhere_forget();
  for (Server *server = all.servers; server != NULL; server = server->next) {
    Guest *next;
    for (Guest *guest = server->guests; guest != NULL; guest = next) {
      next = guest->next;
      remove_guest(guest);
    }
  }
  free_empty();
  lookup_free(&all.guests);
  all.guests = (Lookup){0};
  all.beaten = false;
  atomic_store(&all.self, 0);
}
