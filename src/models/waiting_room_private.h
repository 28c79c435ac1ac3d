// The rooms of the waiting room's memory, and how the tables tell it what has changed: signals on the topic "queue"
// whose payloads are the bytes of the structs that are quoted. For models/waiting_room*.c only.
#ifndef FOYER_MODELS_WAITING_ROOM_PRIVATE_H
#define FOYER_MODELS_WAITING_ROOM_PRIVATE_H

#include "models/waiting_room.h"
#include "shared/id_map.h"
#include "shared/rank_set.h"

// "sale": everything of a concert but its people; behind it the categories, then the notice.
typedef struct RoomSale {
  int64_t concert_id;
  int64_t opens_at;
  uint64_t admitted;
  int64_t ended_at;   // the concert is over; 0: it is not
  int64_t reachable;  // seats that nobody has paid for: free or held by a booking; -1: as it was
  char public_id[24];
  char seed[64];
  char seed_hash[64];
  bool opened;
  bool closed;
  bool paused;
  bool draining;
  uint32_t category_count;
  uint32_t notice_bytes;
  SaleCategory categories[];
} RoomSale;

// "next" and "sooner": when time brings something about for this concert, exactly or at the latest.
typedef struct RoomNext {
  int64_t concert_id;
  int64_t at_ms;
} RoomNext;

// The speed of the line: slots that came free in each of the last minutes' spaces.
enum { SPACE_MS = 5000, SPACES = 60, RATE_MIN_MS = 10000 };

// A concert's room. Those in memory are touched under the lock only, those that are being read nobody else sees.
typedef struct Room {
  struct Room *next;
  int64_t concert_id;
  RoomSale *sale;
  RankSet *line;
  IdMap *places;
  uint64_t active;  // slots, ended ones included until they are taken away
  int64_t next_at;  // when time brings something about, besides the opening
  int64_t first_freed_at;
  int64_t last_space;  // since 1970, in SPACE_MS
  uint32_t freed[SPACES];
} Room;

void room_lock(void);
void room_unlock(void);
Room *room_first(void);
Room *room_usual(void);
Room *room_find(int64_t concert_id);  // NULL: there is none
Room *room_find_public(Str public_id);
bool room_is_due(void);
Room *room_new(const void *sale, size_t bytes);  // of a RoomSale; NULL when memory is out
void room_free_all(Room *rooms);
bool room_set_place(Room *room, int64_t user_id, int64_t place, int64_t now_ms);  // false when memory is out
void room_count_freed(Room *room, int64_t at_ms);
// Puts these in the place of all; takes them over.
void room_replace_all(Room *rooms, Str usual_public_id);
bool room_is_known(int64_t concert_id);
// Adds one to all, unless somebody else has done so; takes it over.
void room_add(Room *room, Str usual_public_id);
// Around reading the tables while commits go on: from before the first look at them to when the rooms are there. What
// is told meanwhile is done with them too. Takes them over; false: memory was out, and all is as it was.
void room_begin_reading(void);
bool room_end_reading(Room *rooms, Str usual_public_id);
void room_give_up_reading(int64_t retry_at_ms);
Room *room_link(Room *room, Room *next);  // puts it at the head of a list

#endif
