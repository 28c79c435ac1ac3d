// Seats: their statuses and the rules of changing one. On a store thread, inside a transaction.
#ifndef FOYER_MODELS_SEAT_H
#define FOYER_MODELS_SEAT_H

#include "core/call.h"
#include "shared/errors.h"

typedef enum SeatStatus { SEAT_VACANT, SEAT_RESERVED, SEAT_OCCUPIED, SEAT_MAINTENANCE, SEAT_STATUSES } SeatStatus;

const char *seat_status_name(SeatStatus status);      // "VACANT", ...
bool seat_status_from(Str name, SeatStatus *status);  // exact; false when there is no such status
int seat_status_index(Str name);                      // the same, -1 when there is none

typedef struct Seat {
  int64_t id;
  SeatStatus status;
  int64_t reserved_by;  // user id; 0: nobody we know
} Seat;

// Reads seats ahead of the calls of this transaction that are about to look for them, at a shared database.
void seat_look_ahead(Db *db, Arena *arena, const int64_t *ids, size_t count);
// Finds a seat of a hall. ERR_HALL_NOT_FOUND, ERR_SEAT_NOT_FOUND.
Error seat_find(Db *db, int64_t hall_id, int64_t seat_id, Seat *seat);
// Likewise several, each in its place; one that is not there has the id 0.
void seat_find_all(Call *call, int64_t hall_id, const IdList *ids, Seat *seats);
// Who asks for a change, as far as the rules care.
typedef struct SeatAsker {
  int64_t user_id;
  bool staff;
} SeatAsker;
// Whether a person may give a seat a status (contracts/README.md, "hall.update_seat_status"). ERR_NONE with *changes
// false: it has that status already. ERR_FORBIDDEN, ERR_SEAT_RESERVED.
Error seat_may_change(const Seat *seat, SeatStatus status, SeatAsker asker, bool *changes);
// Sets it, provided nobody was faster. ERR_SEAT_RESERVED.
Error seat_change(Db *db, const Seat *seat, SeatStatus status, int64_t user_id, int64_t now_ms);

// Seats of a hall that were changed to one status, for its event. `seats` are as they were.
typedef struct SeatChanges {
  SeatStatus to;
  int64_t by;  // user id; 0: the program
  Seat *seats;
  size_t count;
} SeatChanges;
// Sets them all, provided each is named once and has another status. ERR_SEAT_RESERVED: not all were.
Error seat_change_all(Call *call, int64_t hall_id, const SeatChanges *changes);
// Records the event that all who watch the hall are told; gives its seq.
int64_t seat_record(Call *call, int64_t hall_id, const SeatChanges *changes);

// Writes how many seats have each status: {"VACANT":n,...}.
void seat_write_counts(Text *out, const uint32_t counts[SEAT_STATUSES]);

// Writes the ids of the seats a person has reserved in a hall as a JSON array.
void seat_write_own(Db *db, Text *out, int64_t hall_id, int64_t user_id);

#endif
