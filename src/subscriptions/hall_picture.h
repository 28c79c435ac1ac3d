// The picture of a hall: its seats in memory as they stand at a seq, and the changes that led there. One loop's, once
// made.
#ifndef FOYER_SUBSCRIPTIONS_HALL_PICTURE_H
#define FOYER_SUBSCRIPTIONS_HALL_PICTURE_H

#include "core/call.h"
#include "models/plan.h"
#include "models/seat.h"

enum { HALL_CHANGES_MAX = 8192 };  // a power of two: changes that are remembered for updates and resuming

typedef struct HallSeat {
  int64_t id;
  int64_t updated_at;   // ms
  int64_t changed_seq;  // of its last change that is still remembered
  uint32_t head_at;     // in HallPicture.text: `{"id":..,"status":"`, and behind it `","x":..,"rotation":0`
  uint16_t head_bytes;
  uint16_t tail_bytes;
  uint16_t type;  // index into types
  uint8_t status;
} HallSeat;

typedef struct HallType {
  int64_t id;
  Str name;
  Str seat_tail;  // the JSON of a seat of this type from its rotation to its time: `,"seat_type":..,"updated_at":"`
  uint32_t seats;
  uint32_t counts[SEAT_STATUSES];
} HallType;

typedef struct HallChange {
  int64_t seq;
  uint32_t seat;  // index
} HallChange;

typedef struct HallPicture {
  Arena arena;    // all that follows lives here
  Arena scratch;  // for one event
  int64_t id;
  int64_t seq;  // the last event in it
  Str head;     // `"id":..,"plan":"..."`: the members of Hall that do not change
  uint8_t plan_hash[8];
  char *text;       // the constant JSON of all seats
  HallSeat *seats;  // in the order of their ids
  uint32_t seat_count;
  HallType types[PLAN_TYPES_MAX];
  uint32_t type_count;
  int64_t known_since;    // changes after this seq are all remembered
  uint64_t change_count;  // since the picture was made; the newest HALL_CHANGES_MAX are there
  HallChange changes[HALL_CHANGES_MAX];
} HallPicture;

// Reads it from the tables. On a reader thread. ERR_HALL_NOT_FOUND. Freed by hall_picture_free.
Error hall_picture_read(Call *call, int64_t hall_id, HallPicture **picture);
void hall_picture_free(HallPicture *picture);

// Brings a "seats" event in (its seq is the next); false when its payload makes no sense for this hall.
bool hall_picture_apply(HallPicture *picture, const Event *event);

#endif
