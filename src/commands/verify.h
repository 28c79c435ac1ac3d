// The invariants that `foyer verify` checks: queries of its own, which share nothing with the code that keeps them.
#ifndef FOYER_COMMANDS_VERIFY_H
#define FOYER_COMMANDS_VERIFY_H

#include <stddef.h>

#include "core/db.h"

typedef struct Invariant {
  const char *says;        // what holds
  const char *violations;  // a query: one row a violation, its first column says which
} Invariant;

extern const Invariant verify_box_office[];  // of concerts, the line, bookings, payments, tickets, effects
extern const size_t verify_box_office_count;
extern const Invariant verify_messenger[];  // of dialogs and messages
extern const size_t verify_messenger_count;

typedef enum Finding { VERIFY_HOLDS, VERIFY_BROKEN, VERIFY_UNKNOWN } Finding;

size_t verify_count(void);  // of all
// Checks one of them and prints what came of it. In a transaction; after VERIFY_UNKNOWN that is over for PostgreSQL.
Finding verify_one(Db *db, size_t number);

#endif
