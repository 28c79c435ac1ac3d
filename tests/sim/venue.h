// What stands in the database when a world begins: a hall, people, staff, and two concerts on sale.
#ifndef FOYER_TESTS_SIM_VENUE_H
#define FOYER_TESTS_SIM_VENUE_H

#include "core/db.h"
#include "sim/world.h"

enum {
  VENUE_PEOPLE_MAX = 60,  // users 1 to this
  VENUE_STAFF = 61,       // a user
  VENUE_ROWS = 4,
  VENUE_PLACES = 6,  // seats 1 to rows * places; the last two are VIP
  VENUE_CONCERTS = 2,
};

extern const char venue_path[];                     // of the database
extern const char *const venue_concert_ids[];       // public ids; the second is in the hall
extern const char *const venue_category_ids[2][2];  // public ids of each concert's categories

void venue_make(void);                  // draws it once for all worlds
void venue_put(void);                   // puts it onto an empty disk
void venue_draw(World *world, Db *db);  // gives it this world's figures

#endif
