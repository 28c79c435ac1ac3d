// One event as an iCalendar file (RFC 5545).
#ifndef FOYER_SHARED_CALENDAR_H
#define FOYER_SHARED_CALENDAR_H

#include "shared/str.h"

typedef struct CalendarEvent {
  Str uid;  // the same event has the same
  Str summary;
  Str location;
  Str url;
  int64_t begin_ms;
  int64_t made_ms;
} CalendarEvent;

// The file, lines ended with CRLF. The event is given three hours: when it ends is not known.
Str calendar_file(Arena *arena, const CalendarEvent *event);

#endif
