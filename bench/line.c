// The waiting room's memory by itself: `line PEOPLE`. Fills one concert's line with lots in random order, as before an
// opening, and prints what a person takes and what a look, a join and a promotion cost at that length, as JSON.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/socket.h"
#include "models/waiting_room_private.h"

enum { CONCERT = 1, ROUNDS = 200000, SLOT_UNTIL = 1000 };

static uint64_t dice = 88172645463325252ULL;

static uint64_t roll(void) {
  dice ^= dice << 13;
  dice ^= dice >> 7;
  return dice ^= dice << 17;
}

static void set_place(int64_t user_id, int64_t place) {
  RoomPlace change = {CONCERT, user_id, place};
  Event event = {.topic = STR("queue"), .kind = STR("places"), .payload = {(const char *)&change, sizeof change}};
  waiting_room_committed(&event);
}

static uint64_t memory_bytes(void) {
  unsigned long long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file == NULL || fscanf(file, "%*s %llu", &pages) != 1) die("/proc/self/statm cannot be read");
  fclose(file);
  return pages * 4096;
}

int main(int count, char **arguments) {
  if (count != 2) die("line PEOPLE");
  int64_t people = (int64_t)number_from(arguments[1], 100000000);
  RoomSale sale = {.concert_id = CONCERT, .opened = true, .reachable = -1};
  uint64_t before = memory_bytes();
  room_replace_all(room_new(&sale, sizeof sale), (Str){0});
  for (int64_t user = 1; user <= people; user++) set_place(user, (int64_t)(roll() >> 2));
  double each = (double)(memory_bytes() - before) / (double)people;

  uint64_t sum = 0;
  uint64_t begin = clock_us();
  for (int i = 0; i < ROUNDS; i++) {
    sum += waiting_room_look(CONCERT, (int64_t)(roll() % (uint64_t)people) + 1, SLOT_UNTIL).position;
  }
  double look_us = (double)(clock_us() - begin) / ROUNDS;

  // One comes, one is admitted and is done: the length stays.
  begin = clock_us();
  for (int64_t i = 1; i <= ROUNDS; i++) {
    int64_t first = (int64_t)(roll() % (uint64_t)people) + 1;
    set_place(people + i, (INT64_C(1) << 62) + i);
    set_place(first, -SLOT_UNTIL);
    set_place(first, ROOM_NONE);
  }
  double change_us = (double)(clock_us() - begin) / ROUNDS;
  printf("{\"bytes_each\":%.1f,\"look_us\":%.3f,\"change_us\":%.3f,\"sum\":%llu}\n", each, look_us, change_us,
         (unsigned long long)sum);
  return 0;
}
