// One room a concert: the ranks of those who wait, in order, and where each person stands. Written by the thread that
// commits, read by all, under one lock that is held for one person's change or look.
#include "models/waiting_room.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "models/waiting_room_private.h"
#include "shared/id_map.h"
#include "shared/rank_set.h"

// The speed of the line: slots that came free in each of the last minutes' spaces.
enum { SPACE_MS = 5000, SPACES = 60, RATE_MIN_MS = 10000 };

struct Room {
  Room *next;
  int64_t concert_id;
  RoomSale *sale;
  RankSet *line;
  IdMap *places;
  uint64_t active;  // slots, ended ones included until they are taken away
  int64_t next_at;  // when time brings something about, besides the opening
  int64_t first_freed_at;
  int64_t last_space;  // since 1970, in SPACE_MS
  uint32_t freed[SPACES];
};

static struct {
  pthread_mutex_t lock;
  Room *rooms;
  Room *usual;
  _Atomic bool stale;
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void lock(void) {
  pthread_mutex_lock(&all.lock);
}

static void unlock(void) {
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

Room *room_next(const Room *room) {
  return room->next;
}

int64_t room_concert(const Room *room) {
  return room->concert_id;
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

static Room *find_room(int64_t concert_id) {
  Room *room = all.rooms;
  while (room != NULL && room->concert_id != concert_id) room = room->next;
  return room;
}

static Room *find_public(Str public_id) {
  Room *room = all.rooms;
  while (room != NULL && !str_equal((Str){room->sale->public_id, sizeof room->sale->public_id}, public_id)) {
    room = room->next;
  }
  return room;
}

static Room *smallest_id(void) {
  Room *smallest = all.rooms;
  for (Room *room = all.rooms; room != NULL; room = room->next) {
    if (room->concert_id < smallest->concert_id) smallest = room;
  }
  return smallest;
}

static void choose_usual(Str public_id) {
  all.usual = public_id.length > 0 ? find_public(public_id) : smallest_id();
}

bool room_is_known(int64_t concert_id) {
  lock();
  bool known = find_room(concert_id) != NULL;
  unlock();
  return known;
}

void room_add(Room *room, Str usual_public_id) {
  lock();
  bool known = find_room(room->concert_id) != NULL;
  if (!known) all.rooms = room_link(room, all.rooms);
  choose_usual(usual_public_id);
  unlock();
  if (known) room_free(room);
}

void room_replace_all(Room *rooms, Str usual_public_id) {
  lock();
  Room *old = all.rooms;
  all.rooms = rooms;
  choose_usual(usual_public_id);
  unlock();
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

static int64_t rate_of(const Room *room, int64_t now_ms) {
  uint64_t freed = 0;
  int64_t now_space = now_ms / SPACE_MS;
  for (int64_t space = now_space - SPACES + 1; space <= now_space && space <= room->last_space; space++) {
    if (room->last_space - space < SPACES) freed += room->freed[space % SPACES];
  }
  if (freed == 0) return -1;
  int64_t window_ms = now_ms - room->first_freed_at;
  if (window_ms > SPACES * SPACE_MS) window_ms = SPACES * SPACE_MS;
  if (window_ms < RATE_MIN_MS) window_ms = RATE_MIN_MS;
  return ((int64_t)freed * 60000 + window_ms / 2) / window_ms;
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

static void change_places(const Event *event) {
  bool kept = true;
  for (size_t at = 0; at + sizeof(RoomPlace) <= event->payload.length; at += sizeof(RoomPlace)) {
    RoomPlace change;
    memcpy(&change, event->payload.at + at, sizeof change);
    lock();
    Room *room = find_room(change.concert_id);
    kept = kept && room != NULL && room_set_place(room, change.user_id, change.place, event->at_ms);
    unlock();
  }
  if (!kept) waiting_room_mark_stale();
}

static void change_sale(Str payload) {
  RoomSale *sale = copy_sale(payload.at, payload.length);
  lock();
  Room *room = sale != NULL ? find_room(sale->concert_id) : NULL;
  if (room != NULL) {
    RoomSale *before = room->sale;
    if (sale->reachable < 0) sale->reachable = before->reachable;
    room->sale = sale;
    sale = before;
  } else {
    waiting_room_mark_stale();
  }
  unlock();
  free(sale);
}

static void change_next(Str payload, bool exactly) {
  RoomNext next;
  memcpy(&next, payload.at, sizeof next);
  lock();
  Room *room = find_room(next.concert_id);
  if (room != NULL && (exactly || next.at_ms < room->next_at)) room->next_at = next.at_ms;
  unlock();
}

void waiting_room_committed(const Event *event) {
  if (event->seq > 0 || !str_equal(event->topic, STR("queue"))) return;
  if (str_equal(event->kind, STR("places"))) {
    change_places(event);
  } else if (str_equal(event->kind, STR("sale"))) {
    change_sale(event->payload);
  } else {
    change_next(event->payload, str_equal(event->kind, STR("next")));
  }
}

void waiting_room_mark_stale(void) {
  atomic_store(&all.stale, true);
}

bool waiting_room_take_stale(void) {
  return atomic_exchange(&all.stale, false);
}

// Looks.

int64_t waiting_room_next(int64_t now_ms) {
  int64_t next = atomic_load(&all.stale) ? now_ms : INT64_MAX;
  lock();
  for (const Room *room = all.rooms; room != NULL; room = room->next) {
    if (room->next_at < next) next = room->next_at;
    const RoomSale *sale = room->sale;
    if (!sale->opened && !sale->closed && sale->opens_at < next) next = sale->opens_at;
  }
  unlock();
  return next;
}

int64_t waiting_room_concert(Str public_id) {
  lock();
  const Room *room = public_id.length > 0 ? find_public(public_id) : all.usual;
  int64_t id = room != NULL ? room->concert_id : 0;
  unlock();
  return id;
}

static bool moves(const RoomSale *sale) {
  return !sale->closed && !sale->paused;
}

static void look_at_line(const Room *room, int64_t rank, int64_t now_ms, Place *place) {
  const RoomSale *sale = room->sale;
  size_t ahead = rank_set_before(room->line, (uint64_t)rank);
  place->state = PLACE_WAITING;
  if (!sale->opened && now_ms < sale->opens_at) {
    place->position = place->length;
    place->draw_at = sale->opens_at;
    return;
  }
  place->position = (uint32_t)ahead + 1;
  place->sold_out = sale->reachable >= 0 && (int64_t)ahead >= sale->reachable;
  int64_t rate = moves(sale) ? rate_of(room, now_ms) : -1;
  if (rate > 0) place->eta_s = ((int64_t)place->position * 60 + rate - 1) / rate;
}

Place waiting_room_look(int64_t concert_id, int64_t user_id, int64_t now_ms) {
  Place place = {.state = PLACE_NONE, .eta_s = -1};
  int64_t where;
  lock();
  const Room *room = find_room(concert_id);
  if (room != NULL) {
    place.length = (uint32_t)rank_set_count(room->line);
    place.admitted = room->sale->admitted;
    if (!id_map_get(room->places, user_id, &where)) where = ROOM_NONE;
    if (where >= 0) {
      look_at_line(room, where, now_ms, &place);
    } else if (where != ROOM_NONE && -where > now_ms) {
      place.state = PLACE_ACTIVE;
      place.slot_until = -where;
    }
  }
  unlock();
  return place;
}

static SaleState state_of(const RoomSale *sale, int64_t now_ms) {
  if (sale->closed) return SALE_CLOSED;
  if (!sale->opened && now_ms < sale->opens_at) return SALE_WAITING;
  if (sale->reachable == 0) return SALE_SOLD_OUT;
  if (sale->paused) return SALE_PAUSED;
  return sale->draining ? SALE_DRAINING : SALE_OPEN;
}

static void fill_sale(const Room *room, int64_t now_ms, Arena *arena, Sale *out) {
  const RoomSale *sale = room->sale;
  const SaleCategory *categories = sale->categories;
  *out = (Sale){.concert_id = room->concert_id,
                .state = state_of(sale, now_ms),
                .opens_at = sale->opens_at,
                .seed_hash = str_copy(arena, (Str){sale->seed_hash, sizeof sale->seed_hash}),
                .waiting = rank_set_count(room->line),
                .active = room->active,
                .admitted = sale->admitted,
                .rate = moves(sale) ? rate_of(room, now_ms) : -1,
                .notice = str_copy(arena, (Str){(const char *)&categories[sale->category_count], sale->notice_bytes}),
                .category_count = sale->category_count};
  out->categories = arena_copy(arena, categories, sale->category_count * sizeof *categories);
  if (sale->opened) out->seed = str_copy(arena, (Str){sale->seed, sizeof sale->seed});
}

bool waiting_room_sale(int64_t concert_id, int64_t now_ms, Arena *arena, Sale *sale) {
  lock();
  const Room *room = find_room(concert_id);
  if (room != NULL) fill_sale(room, now_ms, arena, sale);
  unlock();
  return room != NULL;
}

void waiting_room_write_metrics(Text *out) {
  static const char *const names[] = {"waiting", "active", "admitted_total"};
  static const char *const kinds[] = {"gauge", "gauge", "counter"};
  for (int i = 0; i < 3; i++) {
    text_format(out, "# TYPE foyer_queue_%s %s\n", names[i], kinds[i]);
    lock();
    for (const Room *room = all.rooms; room != NULL; room = room->next) {
      uint64_t figures[] = {rank_set_count(room->line), room->active, room->sale->admitted};
      text_format(out, "foyer_queue_%s{concert=\"%lld\"} %llu\n", names[i], (long long)room->concert_id,
                  (unsigned long long)figures[i]);
    }
    unlock();
  }
}
