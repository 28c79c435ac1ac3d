// Making concerts: by an operator's command, or for the demo.
#ifndef FOYER_MODELS_CONCERT_ADD_H
#define FOYER_MODELS_CONCERT_ADD_H

#include "models/concert.h"

typedef struct NewCategory {
  Str name;       // in a hall: of one of its seat types
  int64_t price;  // minor units
  int64_t seats;  // not in a hall: there they are its vacant seats of the type
} NewCategory;

typedef struct NewConcert {
  ConcertAbout about;
  Str currency;     // empty: inr
  int64_t hall_id;  // 0: no numbered seats
  int64_t opens_at;
  const NewCategory *categories;
  size_t category_count;
} NewConcert;

// Adds it, with the seed of its draw from env's dice. ERR_HALL_NOT_FOUND, ERR_HALL_ON_SALE; ERR_CATEGORY_NOT_FOUND: the
// hall has no seats of that type.
Error concert_add(Db *db, Arena *arena, const Env *env, const NewConcert *concert, int64_t now_ms, int64_t *concert_id);

#endif
