#include "bench/seats.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/socket.h"

enum { OPCODE_BINARY = 2, BINARY_SNAPSHOT = 1, BINARY_UPDATE = 2, STATUS_COUNT = 4 };

static const char *const status_names[STATUS_COUNT] = {"VACANT", "RESERVED", "OCCUPIED", "MAINTENANCE"};

// Takes one more seat at the end.
static void add_seat(Seats *seats, int64_t id, unsigned status) {
  uint32_t at = seats->count++;
  if (status >= STATUS_COUNT) die("seat %lld has the status %u", (long long)id, status);
  seats->ids = realloc(seats->ids, seats->count * sizeof *seats->ids);
  seats->statuses = realloc(seats->statuses, seats->count);
  seats->vacant = realloc(seats->vacant, seats->count * sizeof *seats->vacant);
  if (seats->ids == NULL || seats->statuses == NULL || seats->vacant == NULL) die("out of memory");
  seats->ids[at] = id;
  seats->statuses[at] = (uint8_t)status;
  if (status == 0) seats->vacant[seats->vacant_count++] = at;
}

void seats_read(Seats *seats, uint32_t hall_id, const char *path) {
  long long id = 0;
  unsigned status = 0;
  FILE *file = fopen(path, "r");
  if (file == NULL) die("%s: %s", path, strerror(errno));
  *seats = (Seats){.hall_id = hall_id};
  while (fscanf(file, "%lld %u", &id, &status) == 2) add_seat(seats, id, status);
  fclose(file);
  if (seats->vacant_count == 0) die("%s: no vacant seat", path);
}

void seats_free(Seats *seats) {
  free(seats->ids);
  free(seats->statuses);
  free(seats->vacant);
  *seats = (Seats){0};
}

size_t seats_change(const Seats *seats, uint32_t index, uint8_t status, uint64_t eid, char *out) {
  return (size_t)snprintf(out, SEATS_MESSAGE_BYTES,
                          "{\"type\":\"hall.update_seat_status\",\"data\":{\"hall_id\":%u,\"seat_id\":%lld,"
                          "\"status\":\"%s\",\"reply\":\"delta\"},\"eid\":\"%llu\"}",
                          seats->hall_id, (long long)seats->ids[index], status_names[status], (unsigned long long)eid);
}

size_t seats_subscribe(uint32_t hall_id, const char *more, char *out) {
  return (size_t)snprintf(out, SEATS_MESSAGE_BYTES,
                          "{\"type\":\"hall.subscribe\",\"data\":{\"id\":%u%s},\"eid\":\"hall-sub\"}", hall_id, more);
}

void seats_expect_success(const Frame *frame) {
  if (!frame_has(frame, "\"status\":\"success\"")) die("a change failed: %.*s", (int)frame->length, frame->payload);
}

// The place of a seat in the hall, or the hall's count when it is not there.
static uint32_t index_of(const Seats *seats, int64_t id) {
  uint32_t low = 0;
  uint32_t high = seats->count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (seats->ids[middle] < id)
      low = middle + 1;
    else
      high = middle;
  }
  return low < seats->count && seats->ids[low] == id ? low : seats->count;
}

// Sets one seat from its JSON object, whose first "id" and "status" are its own.
static bool apply_object(const Seats *seats, const Frame *object, uint8_t *statuses) {
  static const char key[] = "\"status\":\"";
  uint32_t index = index_of(seats, (int64_t)frame_number(object, "\"id\":"));
  const char *status = memmem(object->payload, object->length, key, sizeof key - 1);
  if (index == seats->count || status == NULL) return false;
  for (uint8_t i = 0; i < STATUS_COUNT; i++) {
    if (status[sizeof key - 1] == status_names[i][0]) statuses[index] = i;
  }
  return true;
}

uint32_t seats_apply_json(const Seats *seats, const Frame *frame, uint8_t *statuses) {
  static const char key[] = "\"seats\":[";
  const char *at = memmem(frame->payload, frame->length, key, sizeof key - 1);
  const char *end = frame->payload + frame->length;
  const char *object = NULL;
  uint32_t depth = 0;
  uint32_t applied = 0;
  bool quoted = false;
  if (at == NULL) return 0;
  for (at += sizeof key - 1; at < end && (depth > 0 || *at != ']'); at++) {
    if (*at == '"' && at[-1] != '\\') quoted = !quoted;
    if (quoted) continue;
    if (*at == '{' && depth++ == 0) object = at;
    if (*at == '}' && --depth == 0) {
      Frame one = {.payload = object, .length = (size_t)(at + 1 - object), .opcode = frame->opcode};
      applied += apply_object(seats, &one, statuses);
    }
  }
  return applied;
}

// A little-endian number of `count` bytes.
static uint64_t little(const char *at, size_t count) {
  uint64_t number = 0;
  for (size_t i = count; i > 0; i--) number = number << 8 | (unsigned char)at[i - 1];
  return number;
}

// The fixed part of a binary frame begins behind its eid: hall id 4, seq 8, since 8, n 4.
static const char *binary_fixed(const Frame *frame) {
  if (frame->length < 2) die("a binary frame of %zu bytes", frame->length);
  size_t eid_bytes = (unsigned char)frame->payload[1];
  if (frame->length < 2 + eid_bytes + 24) die("a binary frame of %zu bytes", frame->length);
  return frame->payload + 2 + eid_bytes;
}

Span seats_span(const Frame *frame) {
  if (frame->opcode != OPCODE_BINARY) {
    return (Span){.since = frame_number(frame, "\"since\":"), .seq = frame_number(frame, "\"seq\":")};
  }
  const char *fixed = binary_fixed(frame);
  return (Span){.since = little(fixed + 12, 8), .seq = little(fixed + 4, 8)};
}

// The whole picture: two bits a seat behind the plan's hash.
static void apply_snapshot(const Seats *seats, const char *bits, uint32_t count, uint8_t *statuses) {
  if (count != seats->count) die("a snapshot of %u seats for a hall of %u", count, seats->count);
  for (uint32_t i = 0; i < count; i++) statuses[i] = (uint8_t)((unsigned char)bits[i / 4] >> i % 4 * 2 & 3);
}

uint32_t seats_apply_binary(const Seats *seats, const Frame *frame, uint8_t *statuses) {
  const char *fixed = binary_fixed(frame);
  const char *rest = fixed + 24;
  uint32_t count = (uint32_t)little(fixed + 20, 4);
  bool snapshot = frame->payload[0] == BINARY_SNAPSHOT;
  size_t needed = snapshot ? 8 + ((size_t)count + 3) / 4 : (size_t)count * 4;
  if (!snapshot && frame->payload[0] != BINARY_UPDATE) die("a binary frame of kind %d", frame->payload[0]);
  if ((size_t)(frame->payload + frame->length - rest) != needed) die("a binary frame of a wrong length");
  if (snapshot) apply_snapshot(seats, rest + 8, count, statuses);
  for (uint32_t i = 0; i < count && !snapshot; i++) {
    uint32_t entry = (uint32_t)little(rest + (size_t)i * 4, 4);
    if (entry >> 2 >= seats->count) die("an update of seat %u of %u", entry >> 2, seats->count);
    statuses[entry >> 2] = entry & 3;
  }
  return count;
}
