// Time as milliseconds since 1970 UTC, and its ISO 8601 form. The clock itself is handed in (law 9).
#ifndef FOYER_SHARED_TIME_H
#define FOYER_SHARED_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/str.h"

enum { TIME_ISO_BYTES = 24, TIME_HTTP_BYTES = 29 };

// The only clock and the only dice of a call. `now_ms` is fixed for the length of a call.
typedef struct Env {
  int64_t (*now_ms)(void *state);                          // wall clock, milliseconds since 1970 UTC
  void (*random)(void *state, void *bytes, size_t count);  // unpredictable bytes
  void *state;
} Env;

Env env_system(void);  // the machine's clock and its random device; any thread

// Writes "2026-11-21T07:00:00.000Z": exactly TIME_ISO_BYTES bytes, no zero behind. Years 0 to 9999.
void time_iso(int64_t time_ms, char out[TIME_ISO_BYTES]);
// Writes "Sat, 21 Nov 2026 07:00:00 GMT" (RFC 9110 5.6.7): exactly TIME_HTTP_BYTES bytes, no zero behind.
void time_http(int64_t time_ms, char out[TIME_HTTP_BYTES]);
// Reads ISO 8601 with date, hours and minutes, and perhaps seconds and their fraction, in UTC ("Z") or with an offset
// ("+05:30"). False for anything else.
bool time_from_iso(Str text, int64_t *time_ms);

#endif
