// The server of a world: the real methods and models on a disk in memory, in batches as core/store.c runs them, with a
// crash possible between any two steps. What it keeps in memory is lost with it and read anew from the tables.
#ifndef FOYER_TESTS_SIM_SERVER_H
#define FOYER_TESTS_SIM_SERVER_H

#include "core/call.h"
#include "sim/world.h"

// Something asked of the server by somebody outside, or by itself. Lives as long as the world.
typedef struct Ask Ask;
struct Ask {
  const Method *method;
  Identity who;
  Str json;                               // of its input
  Str key;                                // Idempotency-Key; empty: none
  void (*fill)(Call *call, Ask *ask);     // sets what is not JSON; NULL: nothing
  void (*heard)(World *world, Ask *ask);  // the answer has come, or will never
  void *from;                             // the asker's own
  Str about;                              // likewise: the public id of the booking it is about
  bool is_own;                            // of the server itself: no network, lost with it
  bool tells_money;                       // says that somebody has paid
  int64_t parked_ms;                      // since when it waits for a courier
  Str waits_for;                          // the topic
  int64_t note;                           // what its method noted then
  // What came of it.
  bool answered;  // false: nobody knows whether it was done
  Error error;
  Str reply;
};

typedef struct Server Server;

// Starts it on a database that holds a venue; people are users 1 to `people`.
void server_begin(World *world);
void server_end(World *world);

// Asks through the network: what is asked may be lost, and so may the answer.
void server_ask(World *world, Ask *ask);
// Asks without it.
void server_ask_own(World *world, Ask *ask);
void server_crash(World *world);  // now; it comes back by itself

int64_t server_now_ms(const World *world);  // by its own clock
Db *server_db(const World *world);          // NULL while it is down
uint64_t server_life(const World *world);   // another one after each crash
const Config *server_config(const World *world);

#endif
