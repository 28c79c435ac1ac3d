// foyer rehearse: an on-sale played against a running copy with the test provider, to know before the day how it goes.
// For the files commands/rehearse*.c only.
#ifndef FOYER_COMMANDS_REHEARSE_H
#define FOYER_COMMANDS_REHEARSE_H

#include <stdatomic.h>

#include "commands/rehearse_line.h"
#include "core/config.h"
#include "core/db.h"
#include "shared/arena.h"
#include "shared/json.h"
#include "shared/time.h"

enum { REHEARSE_CATEGORIES_MAX = 32, REHEARSE_TICKETS_MAX = 4 };

// What a buyer asks of the server, each with answers of its own.
typedef enum Ask { ASK_JOIN, ASK_STATUS, ASK_BOOK, ASK_INTENT, ASK_CARD, ASK_CONFIRM, ASK_LEAVE, ASKS } Ask;

typedef enum BuyerStep { STEP_JOIN, STEP_LOOK, STEP_BOOK, STEP_INTENT, STEP_CARD, STEP_CONFIRM } BuyerStep;

typedef struct Buyer {
  char token[360];  // an access token
  uint8_t step;
  uint8_t tries;    // of the present step
  uint8_t tickets;  // wanted
  uint8_t category;
  char booking_id[25];
  char intent_id[64];
  char secret[128];
} Buyer;

// How long one kind of question took, of all buyers.
typedef struct Times {
  uint32_t *us;
  size_t count;
  size_t capacity;
} Times;

typedef struct Rehearsal {
  const char *url;         // of the running copy, without a slash at its end
  const char *concert_id;  // public id
  bool in_hall;            // seats are chosen for the buyers: the best ones together
  int64_t think_ms;        // between being let in and paying
  char categories[REHEARSE_CATEGORIES_MAX][25];
  uint32_t category_count;
  Buyer *buyers;
  uint32_t buyer_count;
  RehearseLine *line;
  _Atomic uint64_t admitted;
  _Atomic bool sold_out;
  _Atomic uint64_t bookings;     // that were confirmed to a buyer
  _Atomic uint64_t tickets;      // in them
  _Atomic uint64_t went_home;    // without a ticket
  _Atomic uint64_t odd_answers;  // that a buyer cannot do anything with
  char odd_example[256];         // the first of them
  uint64_t begun_ms;             // monotonic
  _Atomic uint64_t last_sale_ms;
} Rehearsal;

// Makes accounts with sessions in the database, a few at a time so that the server is not held up. False (told).
bool rehearse_accounts(const Config *config, Db *db, Rehearsal *rehearsal);

// Plays one step of a buyer and says when the next one is due. Blocks on the network. `times` are the thread's own.
void rehearse_buyer_act(Rehearsal *rehearsal, uint32_t buyer, Arena *arena, Times times[ASKS]);
// The sale as the server tells it; false when it does not answer. Blocks on the network.
bool rehearse_look(Rehearsal *rehearsal, Arena *arena, const Json **concert);

void times_add(Times *times, uint64_t us);
// Prints what an operator wants to know; gives whether nothing was oversold and nothing odd happened.
bool rehearse_report(Rehearsal *rehearsal, Db *db, Times times[ASKS]);

#endif
