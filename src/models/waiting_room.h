// The lines of all concerts in memory: who waits where, who holds a slot. One for the process, told of each commit in
// its order, so that a place is looked up without the database. Any thread; a lock is held for less than microseconds.
#ifndef FOYER_MODELS_WAITING_ROOM_H
#define FOYER_MODELS_WAITING_ROOM_H

#include "core/call.h"
#include "core/db.h"

typedef enum PlaceState { PLACE_NONE, PLACE_WAITING, PLACE_ACTIVE } PlaceState;

// Where somebody stands at a moment.
typedef struct Place {
  PlaceState state;
  uint32_t position;   // waiting: 1 is the next one; before the opening the length of the line
  uint32_t length;     // people waiting
  int64_t slot_until;  // active: its end
  uint64_t admitted;   // everyone ever admitted, at this moment
  int64_t eta_s;       // waiting: seconds until admission at the present speed; -1: not known
  int64_t draw_at;     // waiting, before the opening: when it is; 0: it has opened
  bool sold_out;       // waiting: the stock does not reach this place
} Place;

typedef enum SaleState {
  SALE_WAITING,  // has not opened
  SALE_OPEN,
  SALE_PAUSED,
  SALE_DRAINING,
  SALE_CLOSED,
  SALE_SOLD_OUT
} SaleState;

typedef struct SaleCategory {
  int64_t id;
  char public_id[24];
  int64_t total_seats;
  int64_t available_seats;
} SaleCategory;

// A concert's sale at a moment. Texts and categories are in the asker's arena.
typedef struct Sale {
  int64_t concert_id;
  SaleState state;
  int64_t opens_at;
  int64_t ended_at;  // the concert is over; 0: it is not
  Str seed_hash;
  Str seed;  // empty until it has opened
  uint64_t waiting;
  uint64_t active;
  uint64_t admitted;
  int64_t rate;  // slots that came free a minute, as of late; -1: not known yet
  Str notice;
  const SaleCategory *categories;
  size_t category_count;
} Sale;

// Where somebody stands, as one number: waiting, the rank (0 or more); active, the end of the slot, negative; or none.
#define ROOM_NONE INT64_MIN

// "places": one person's place has changed.
typedef struct RoomPlace {
  int64_t concert_id;
  int64_t user_id;
  int64_t place;
} RoomPlace;

// Reads everything from the tables at the start, in a transaction, before there is a store. False (logged) when it
// cannot.
bool waiting_room_load(Db *db, const Config *config, int64_t now_ms);
// Reads it anew, after somebody else has changed them: in a reading transaction that has not read yet, on a reader,
// while commits go on. False (logged) when it cannot; then it is still marked as stale.
bool waiting_room_read_anew(Db *db, const Config *config, int64_t now_ms);
// Sees to it that the memory has a concert that is in the tables: another process may have made it a moment ago. Store
// thread, before the call changes anything of it.
void waiting_room_know(Call *call, int64_t concert_id);
// StoreSettings.committed: what a commit has changed.
void waiting_room_committed(const Event *event);
void waiting_room_free(void);
// Somebody else has changed the database: all is to be read anew. Any thread.
void waiting_room_mark_stale(void);
bool waiting_room_is_stale(void);
int64_t waiting_room_next_reading(int64_t now_ms);  // when it is to be read anew; INT64_MAX: it is not
bool waiting_room_take_due(void);  // whether it was read anew since the last tick, which looks at everything then
// When time brings about the next thing that a tick must do; INT64_MAX: nothing known.
int64_t waiting_room_next(int64_t now_ms);

// What a call tells the memory of its changes, once it is committed. Store thread.
void waiting_room_tell_places(Call *call, Str places);  // the bytes of RoomPlace structs
// The sale's figures; `count_held`: also how far the stock reaches, which costs a look at the pending bookings.
void waiting_room_tell_sale(Call *call, int64_t concert_id, bool count_held);
void waiting_room_tell_next(Call *call, int64_t concert_id, int64_t at_ms);    // exactly then
void waiting_room_tell_sooner(Call *call, int64_t concert_id, int64_t at_ms);  // then, or before

// The internal id of the concert with that public id, of the usual one when it is empty; 0: there is none.
int64_t waiting_room_concert(Str public_id);
// All of a concert that is not there: PLACE_NONE.
Place waiting_room_look(int64_t concert_id, int64_t user_id, int64_t now_ms);
bool waiting_room_sale(int64_t concert_id, int64_t now_ms, Arena *arena, Sale *sale);  // false: no such concert

// What an operator watches of a concert's sale.
typedef struct RoomFigures {
  uint64_t concert_id;
  uint64_t waiting;
  uint64_t active;
  uint64_t admitted;  // ever
  uint64_t seats;
  uint64_t seats_free;
} RoomFigures;

// Of all concerts but those that are closed and empty, in the arena.
const RoomFigures *waiting_room_figures(Arena *arena, size_t *count);

// The answer to queue/status and to queue/join, `{"success":true,"status":...}`.
void place_write(Text *out, const Place *place);
// The sale as docs/wire_additions.md shows it.
void sale_write(Text *out, const Sale *sale, int64_t max_active);

#endif
