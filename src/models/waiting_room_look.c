// What can be asked of the waiting room's memory: each look takes the lock once.
#include <string.h>

#include "models/waiting_room_private.h"

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

int64_t waiting_room_next(int64_t now_ms) {
  int64_t next = room_is_due() ? now_ms : INT64_MAX;
  room_lock();
  for (const Room *room = room_first(); room != NULL; room = room->next) {
    if (room->next_at < next) next = room->next_at;
    const RoomSale *sale = room->sale;
    if (!sale->opened && !sale->closed && sale->opens_at < next) next = sale->opens_at;
  }
  room_unlock();
  return next;
}

int64_t waiting_room_concert(Str public_id) {
  room_lock();
  const Room *room = public_id.length > 0 ? room_find_public(public_id) : room_usual();
  int64_t id = room != NULL ? room->concert_id : 0;
  room_unlock();
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
  room_lock();
  const Room *room = room_find(concert_id);
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
  room_unlock();
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
                .ended_at = sale->ended_at,
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
  room_lock();
  const Room *room = room_find(concert_id);
  if (room != NULL) fill_sale(room, now_ms, arena, sale);
  room_unlock();
  return room != NULL;
}

static RoomFigures figures_of(const Room *room) {
  const RoomSale *sale = room->sale;
  RoomFigures figures = {.concert_id = (uint64_t)room->concert_id,
                         .waiting = rank_set_count(room->line),
                         .active = room->active,
                         .admitted = sale->admitted};
  for (uint32_t i = 0; i < sale->category_count; i++) {
    figures.seats += (uint64_t)sale->categories[i].total_seats;
    figures.seats_free += (uint64_t)sale->categories[i].available_seats;
  }
  return figures;
}

const RoomFigures *waiting_room_figures(Arena *arena, size_t *count) {
  size_t rooms = 0;
  *count = 0;
  room_lock();
  for (const Room *room = room_first(); room != NULL; room = room->next) ++rooms;
  RoomFigures *figures = ARENA_ARRAY(arena, RoomFigures, rooms);
  for (const Room *room = room_first(); room != NULL; room = room->next) {
    RoomFigures some = figures_of(room);
    if (!room->sale->closed || some.waiting + some.active > 0) figures[(*count)++] = some;
  }
  room_unlock();
  return figures;
}
