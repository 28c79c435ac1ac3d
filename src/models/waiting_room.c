// One room a concert: the ranks of those who wait, in order, and where each person stands. Written by the thread that
// commits, read by all, under one lock that is held for one person's change or look. While a reader reads all of it
// anew, what is committed meanwhile is kept, and done once more with the new rooms before they take the place of the
// old.
#include "models/waiting_room.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "models/waiting_room_private.h"

// A signal that was told while the tables were being read.
typedef struct Told {
  struct Told *next;
  Event event;
  char bytes[];  // of its kind and its payload
} Told;

static struct {
  pthread_mutex_t lock;
  Room *rooms;
  Room *usual;
  bool usual_is_first;  // none is configured
  bool reading;
  bool forgot;  // of what was told meanwhile: memory was out
  Told *told;
  Told **told_tail;
  _Atomic bool stale;
  _Atomic bool due;  // all was read anew: a tick shall look at once
  _Atomic int64_t retry_at_ms;
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};

void room_lock(void) {
  pthread_mutex_lock(&all.lock);
}

void room_unlock(void) {
  pthread_mutex_unlock(&all.lock);
}

// Rooms.

static void room_free(Room *room) {
  if (room == NULL) return;
  free(room->sale);
  rank_set_free(room->line);
  id_map_free(room->places);
  free(room);
}

void room_free_all(Room *rooms) {
  while (rooms != NULL) {
    Room *next = rooms->next;
    room_free(rooms);
    rooms = next;
  }
}

Room *room_link(Room *room, Room *next) {
  room->next = next;
  return room;
}

Room *room_first(void) {
  return all.rooms;
}

Room *room_usual(void) {
  return all.usual;
}

static RoomSale *copy_sale(const void *bytes, size_t count) {
  RoomSale *sale = malloc(count);
  if (sale != NULL) memcpy(sale, bytes, count);
  return sale;
}

Room *room_new(const void *sale, size_t bytes) {
  Room *room = calloc(1, sizeof *room);
  if (room == NULL) return NULL;
  room->sale = copy_sale(sale, bytes);
  room->line = rank_set_new();
  room->places = id_map_new();
  room->next_at = INT64_MAX;
  if (room->sale != NULL && room->line != NULL && room->places != NULL) {
    room->concert_id = room->sale->concert_id;
    return room;
  }
  room_free(room);
  return NULL;
}

static Room *find_in(Room *rooms, int64_t concert_id) {
  Room *room = rooms;
  while (room != NULL && room->concert_id != concert_id) room = room->next;
  return room;
}

Room *room_find(int64_t concert_id) {
  return find_in(all.rooms, concert_id);
}

Room *room_find_public(Str public_id) {
  Room *room = all.rooms;
  while (room != NULL && !str_equal((Str){room->sale->public_id, sizeof room->sale->public_id}, public_id)) {
    room = room->next;
  }
  return room;
}

static bool is_before(const Room *room, const Room *other) {
  bool over = room->sale->ended_at != 0;
  bool other_over = other->sale->ended_at != 0;
  return over != other_over ? other_over : room->concert_id < other->concert_id;
}

// That with the smallest id of those that are not over, else of all.
static Room *find_first(void) {
  Room *first = all.rooms;
  for (Room *room = all.rooms; room != NULL; room = room->next) {
    if (is_before(room, first)) first = room;
  }
  return first;
}

static void choose_usual(Str public_id) {
  all.usual_is_first = public_id.length == 0;
  all.usual = all.usual_is_first ? find_first() : room_find_public(public_id);
}

bool room_is_known(int64_t concert_id) {
  room_lock();
  bool known = room_find(concert_id) != NULL;
  room_unlock();
  return known;
}

void room_add(Room *room, Str usual_public_id) {
  room_lock();
  bool known = room_find(room->concert_id) != NULL;
  if (!known) all.rooms = room_link(room, all.rooms);
  choose_usual(usual_public_id);
  room_unlock();
  if (known) room_free(room);
}

void room_replace_all(Room *rooms, Str usual_public_id) {
  room_lock();
  Room *old = all.rooms;
  all.rooms = rooms;
  choose_usual(usual_public_id);
  room_unlock();
  room_free_all(old);
}

void waiting_room_free(void) {
  room_replace_all(NULL, (Str){0});
}

// Changes.

void room_count_freed(Room *room, int64_t at_ms) {
  int64_t space = at_ms / SPACE_MS;
  if (room->first_freed_at == 0 || at_ms < room->first_freed_at) room->first_freed_at = at_ms;
  if (space - room->last_space >= SPACES) memset(room->freed, 0, sizeof room->freed);
  for (; room->last_space < space && space - room->last_space < SPACES; room->last_space++) {
    room->freed[(room->last_space + 1) % SPACES] = 0;
  }
  if (room->last_space < space) room->last_space = space;
  ++room->freed[space % SPACES];
}

// Setting a place that is set already changes nothing: what a commit tells may be in the tables that were just read.
bool room_set_place(Room *room, int64_t user_id, int64_t place, int64_t now_ms) {
  int64_t before = ROOM_NONE;
  id_map_get(room->places, user_id, &before);
  if (before == place) return true;
  if (before >= 0) {
    rank_set_remove(room->line, (uint64_t)before);
  } else if (before != ROOM_NONE) {
    --room->active;
    if (place == ROOM_NONE) room_count_freed(room, now_ms);
  }
  if (place == ROOM_NONE) {
    id_map_remove(room->places, user_id);
    return true;
  }
  if (place < 0) {
    ++room->active;
    if (-place < room->next_at) room->next_at = -place;
  }
  return id_map_set(room->places, user_id, place) && (place < 0 || rank_set_add(room->line, (uint64_t)place));
}

// Each of these is done with all rooms, under the lock, or with rooms that nobody else sees yet.

static bool change_place(Room *rooms, const RoomPlace *change, int64_t at_ms) {
  Room *room = find_in(rooms, change->concert_id);
  return room != NULL && room_set_place(room, change->user_id, change->place, at_ms);
}

// Puts the sale in the place of the one before, which it gives; gives the sale itself when there is no such room.
static RoomSale *change_sale(Room *rooms, RoomSale *sale) {
  Room *room = find_in(rooms, sale->concert_id);
  if (room == NULL) return sale;
  RoomSale *before = room->sale;
  if (sale->reachable < 0) sale->reachable = before->reachable;
  room->sale = sale;
  return before;
}

static void change_next(Room *rooms, Str payload, bool exactly) {
  RoomNext next;
  memcpy(&next, payload.at, sizeof next);
  Room *room = find_in(rooms, next.concert_id);
  if (room != NULL && (exactly || next.at_ms < room->next_at)) room->next_at = next.at_ms;
}

// With rooms of one's own. A concert that they lack is in memory already: it was made while they were being read.
static void replay(Room *rooms, const Event *event, bool *kept) {
  if (str_equal(event->kind, STR("places"))) {
    for (size_t at = 0; at + sizeof(RoomPlace) <= event->payload.length; at += sizeof(RoomPlace)) {
      RoomPlace change;
      memcpy(&change, event->payload.at + at, sizeof change);
      if (find_in(rooms, change.concert_id) != NULL) *kept = change_place(rooms, &change, event->at_ms) && *kept;
    }
  } else if (str_equal(event->kind, STR("sale"))) {
    RoomSale *sale = copy_sale(event->payload.at, event->payload.length);
    *kept = *kept && sale != NULL;
    if (sale != NULL) free(change_sale(rooms, sale));
  } else {
    change_next(rooms, event->payload, str_equal(event->kind, STR("next")));
  }
}

static void keep_told(const Event *event) {
  Told *told = malloc(sizeof *told + event->kind.length + event->payload.length);
  if (told == NULL) {
    all.forgot = true;
    return;
  }
  char *payload = told->bytes + event->kind.length;
  memcpy(told->bytes, event->kind.at, event->kind.length);
  memcpy(payload, event->payload.at, event->payload.length);
  *told = (Told){.event = {.at_ms = event->at_ms,
                           .kind = {told->bytes, event->kind.length},
                           .payload = {payload, event->payload.length}}};
  *all.told_tail = told;
  all.told_tail = &told->next;
}

static void tell_places(const Event *event) {
  bool kept = true;
  for (size_t at = 0; at + sizeof(RoomPlace) <= event->payload.length; at += sizeof(RoomPlace)) {
    RoomPlace change;
    memcpy(&change, event->payload.at + at, sizeof change);
    room_lock();
    kept = change_place(all.rooms, &change, event->at_ms) && kept;
    room_unlock();
  }
  if (!kept) waiting_room_mark_stale();
}

static void tell_sale(Str payload) {
  RoomSale *sale = copy_sale(payload.at, payload.length);
  RoomSale *spare = sale;
  room_lock();
  if (sale != NULL) spare = change_sale(all.rooms, sale);
  if (all.usual_is_first) all.usual = find_first();  // one may be over now
  room_unlock();
  if (spare == sale) waiting_room_mark_stale();
  free(spare);
}

void waiting_room_committed(const Event *event) {
  if (event->seq > 0 || !str_equal(event->topic, STR("queue"))) return;
  room_lock();
  if (all.reading) keep_told(event);
  room_unlock();
  if (str_equal(event->kind, STR("places"))) {
    tell_places(event);
  } else if (str_equal(event->kind, STR("sale"))) {
    tell_sale(event->payload);
  } else {
    room_lock();
    change_next(all.rooms, event->payload, str_equal(event->kind, STR("next")));
    room_unlock();
  }
}

// Reading anew.

void room_begin_reading(void) {
  atomic_store(&all.stale, false);
  room_lock();
  if (!all.reading) {
    all.reading = true;
    all.forgot = false;
    all.told_tail = &all.told;
  }
  room_unlock();
}

static Told *take_told(void) {
  Told *told = all.told;
  all.told = NULL;
  all.told_tail = &all.told;
  return told;
}

static bool replay_all(Room *rooms, Told *told) {
  bool kept = true;
  while (told != NULL) {
    Told *next = told->next;
    replay(rooms, &told->event, &kept);
    free(told);
    told = next;
  }
  return kept;
}

// What the tables do not say, and concerts that were made while they were being read.
static void take_over(Room **rooms) {
  for (Room **link = &all.rooms; *link != NULL;) {
    Room *old = *link;
    Room *room = find_in(*rooms, old->concert_id);
    if (room == NULL) {
      *link = old->next;
      *rooms = room_link(old, *rooms);
      continue;
    }
    memcpy(room->freed, old->freed, sizeof room->freed);
    room->first_freed_at = old->first_freed_at;
    room->last_space = old->last_space;
    link = &old->next;
  }
}

bool room_end_reading(Room *rooms, Str usual_public_id) {
  room_lock();
  Told *told = take_told();
  room_unlock();
  bool kept = replay_all(rooms, told);  // nearly all of it, without the lock
  room_lock();
  kept = replay_all(rooms, take_told()) && kept && !all.forgot;
  all.reading = false;
  Room *old = rooms;
  if (kept) {
    take_over(&rooms);
    old = all.rooms;
    all.rooms = rooms;
    choose_usual(usual_public_id);
  }
  room_unlock();
  room_free_all(old);
  if (kept) atomic_store(&all.due, true);
  return kept;
}

void room_give_up_reading(int64_t retry_at_ms) {
  room_lock();
  Told *told = take_told();
  all.reading = false;
  room_unlock();
  replay_all(NULL, told);
  atomic_store(&all.retry_at_ms, retry_at_ms);
  waiting_room_mark_stale();
}

void waiting_room_mark_stale(void) {
  atomic_store(&all.stale, true);
}

bool waiting_room_is_stale(void) {
  return atomic_load(&all.stale);
}

int64_t waiting_room_next_reading(int64_t now_ms) {
  if (!atomic_load(&all.stale)) return INT64_MAX;
  int64_t retry_at_ms = atomic_load(&all.retry_at_ms);
  return retry_at_ms > now_ms ? retry_at_ms : now_ms;
}

bool room_is_due(void) {
  return atomic_load(&all.due);
}

bool waiting_room_take_due(void) {
  return atomic_exchange(&all.due, false);
}
