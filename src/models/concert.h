// Concerts and their stock by category, as the tables hold them. All on a store thread, in the call's transaction.
#ifndef FOYER_MODELS_CONCERT_H
#define FOYER_MODELS_CONCERT_H

#include "core/call.h"
#include "core/config.h"
#include "core/db.h"

enum { CONCERT_PUBLIC_ID_DIGITS = 24, CONCERT_NOTICE_MAX = 500 };

// What buying and waiting ask of a concert. Texts are in the arena it was read into.
typedef struct Concert {
  int64_t id;
  Str public_id;          // 24 hex digits
  Str currency;           // "inr"
  int64_t hall_id;        // 0: no numbered seats
  int64_t opens_at;       // until then everyone waits, to be drawn by lot
  bool opened;            // the opening was told; from then on the order is that of arrival
  bool closed;            // nobody joins, nobody is admitted
  bool paused;            // nobody is admitted
  bool draining;          // nobody joins, those who wait are admitted
  int64_t rate_a_minute;  // at most so many are admitted; 0: no limit
  int64_t rate_used_to;   // the moment up to which the rate's admissions are used up
  int64_t active;         // slots held now, ended ones included until the next tick
  int64_t admitted;       // everyone ever admitted
  int64_t ended_at;       // it is over, and closed for good; 0: it is not
} Concert;

// What people read about it.
typedef struct ConcertAbout {
  Str name;
  Str image_url;
  int64_t date_ms;
  Str venue;
  Str gates_open_time;
  Str about;
  Str languages;
  Str organized_by;
} ConcertAbout;

typedef struct Category {
  int64_t id;
  Str public_id;
  int64_t concert_id;
  Str name;
  int64_t price;         // minor units
  int64_t seat_type_id;  // in a hall: its seats are those of this type; else 0
  int64_t total_seats;
  int64_t available_seats;
} Category;

// The concert of that public id; of an empty one the usual concert: CONCERT_ID, else that with the smallest id
// of those that are not over, else of all.
bool concert_find(Db *db, Arena *arena, Str public_id, const Config *config, Concert *concert);
// Reads concerts of these public ids (as callers gave them) and keeps them for concert_find in this transaction.
void concert_look_ahead(Db *db, Arena *arena, const Str *public_ids, size_t count);
bool concert_find_by_id(Db *db, Arena *arena, int64_t concert_id, Concert *concert);
bool concert_read_about(Db *db, Arena *arena, int64_t concert_id, ConcertAbout *about);

// For a SELECT of categories AS k: its first columns, and a row of them.
#define CATEGORY_COLUMNS \
  "k.id, k.public_id, k.concert_id, k.name, k.price, k.seat_type_id, k.total_seats, k.available_seats"
enum { CATEGORY_COLUMN_COUNT = 8 };
Category category_read(const Rows *rows, Arena *arena);
bool category_find_by_id(Db *db, Arena *arena, int64_t category_id, Category *category);
// All of a concert, in the order of their ids; NULL (and *count 0) when there are none.
const Category *category_list(Db *db, Arena *arena, int64_t concert_id, size_t *count);

// What an operator sets.
typedef struct ConcertSwitches {
  bool closed;
  bool paused;
  bool draining;
  int64_t rate_a_minute;  // 0: no limit
  int64_t opens_at;
} ConcertSwitches;
// ERR_HALL_ON_SALE when it would no longer be closed and another one has its hall; ERR_CONCERT_OVER.
Error concert_switch(Db *db, int64_t concert_id, const ConcertSwitches *switches);
void concert_set_notice(Db *db, int64_t concert_id, Str notice);

// The stock or the sale has changed: the new figures are told at the end of the batch, by one event on "concert:<id>".
void concert_changed(Call *call, int64_t concert_id);
// Notes whether everything is paid for, and tells the endpoints when it is. True when that has changed; part of
// concert_changed.
bool concert_note_sold_out(Call *call, int64_t concert_id);
// Seats that nobody holds, in all categories.
int64_t concert_available(Db *db, int64_t concert_id);
Str concert_topic(Arena *arena, int64_t concert_id);    // "concert:7"
bool concert_of_topic(Str topic, int64_t *concert_id);  // false: it is another's

#endif
