// A concert on sale in a rig: two categories, three people of the venue and as many more as a test wants. The waiting
// room's memory is told of each commit.
#ifndef FOYER_TESTS_SUPPORT_ONSALE_H
#define FOYER_TESTS_SUPPORT_ONSALE_H

#include "models/waiting_room.h"
#include "support/venue.h"

enum { ONSALE_CONCERT = 1, ONSALE_PEOPLE = 40, ONSALE_OPENS_IN_MS = RIG_HOUR_MS };

#define ONSALE_PUBLIC_ID "0123456789abcdef01234567"

// A rig with the venue, ONSALE_PEOPLE in all (user ids 1 to ONSALE_PEOPLE) and a concert of 5 + 20 seats whose sale
// opens in ONSALE_OPENS_IN_MS; setup and teardown of cmocka. At the teardown the memory must be as the tables are.
int onsale_setup(void **state);
int onsale_teardown(void **state);

void onsale_open(Rig *rig);  // turns the clock on to the opening, and ticks
void onsale_tick(Rig *rig);
Identity onsale_person(Rig *rig, int64_t user_id);
Answer onsale_join(Rig *rig, int64_t user_id);
const char *onsale_status(Rig *rig, int64_t user_id);
Place onsale_look(Rig *rig, int64_t user_id);
// The memory, and what a fresh one reads from the tables, are the same.
void onsale_expect_memory_as_tables(Rig *rig);

#endif
