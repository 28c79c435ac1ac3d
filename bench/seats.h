// The seats of a hall as the generator knows them, and the messages about them. Seats come from a file that bench/run
// writes: one line "<id> <status 0..3>" a seat, in the order of ids (0 VACANT, 1 RESERVED, 2 OCCUPIED, 3 MAINTENANCE).
#ifndef FOYER_BENCH_SEATS_H
#define FOYER_BENCH_SEATS_H

#include <stddef.h>
#include <stdint.h>

#include "bench/ws_client.h"

enum { SEATS_MESSAGE_BYTES = 256 };

typedef struct Seats {
  uint32_t hall_id;
  uint32_t count;
  int64_t *ids;       // ascending
  uint8_t *statuses;  // of each, as in the file
  uint32_t *vacant;   // indexes of the vacant ones: those a writer may reserve
  uint32_t vacant_count;
} Seats;

void seats_read(Seats *seats, uint32_t hall_id, const char *path);
void seats_free(Seats *seats);

// Writes the message that sets seat `index` to `status` (0 or 1), asking for a short reply, with `eid` as its eid.
// `out` has SEATS_MESSAGE_BYTES. Gives its length.
size_t seats_change(const Seats *seats, uint32_t index, uint8_t status, uint64_t eid, char *out);
// Writes the message that subscribes to the hall; `more` is further members of its data, such as ",\"since\":3".
size_t seats_subscribe(uint32_t hall_id, const char *more, char *out);

// Dies unless the frame is the success of a change.
void seats_expect_success(const Frame *frame);

// Sets the statuses told by a JSON snapshot or update in `statuses`, an array as long as the hall. Gives how many.
uint32_t seats_apply_json(const Seats *seats, const Frame *frame, uint8_t *statuses);
// The same for a binary frame (docs/wire_additions.md).
uint32_t seats_apply_binary(const Seats *seats, const Frame *frame, uint8_t *statuses);

// What a hall frame of either form covers: every change in (since, seq].
typedef struct Span {
  uint64_t since;
  uint64_t seq;
} Span;
Span seats_span(const Frame *frame);

#endif
