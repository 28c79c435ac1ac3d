// iCalendar (RFC 5545): content lines of at most 75 bytes, folded between characters.
#include "shared/calendar.h"

#include "shared/time.h"

enum { LINE_BYTES = 75 };

static void add_folded(Text *out, Str line) {
  size_t room = LINE_BYTES;
  while (line.length > room) {
    size_t take = room;
    while (take > 1 && ((unsigned char)line.at[take] & 0xc0) == 0x80) --take;
    text_add(out, (Str){line.at, take});
    text_add(out, STR("\r\n "));
    line = (Str){line.at + take, line.length - take};
    room = LINE_BYTES - 1;
  }
  text_add(out, line);
  text_add(out, STR("\r\n"));
}

// A text value (3.3.11): what separates is escaped, no control character gets through.
static void add_text(Text *out, const char *name, Str value) {
  Text line = {.arena = out->arena};
  text_add(&line, str_from(name));
  text_char(&line, ':');
  for (size_t i = 0; i < value.length; i++) {
    char c = value.at[i];
    if (c == '\n') text_add(&line, STR("\\n"));
    if ((unsigned char)c < ' ') continue;
    if (c == '\\' || c == ';' || c == ',') text_char(&line, '\\');
    text_char(&line, c);
  }
  add_folded(out, text_str(&line));
}

// 20261121T070000Z
static void add_time(Text *out, const char *name, int64_t at_ms) {
  char iso[TIME_ISO_BYTES];
  time_iso(at_ms, iso);
  text_format(out, "%s:%.4s%.2s%.2sT%.2s%.2s%.2sZ\r\n", name, iso, iso + 5, iso + 8, iso + 11, iso + 14, iso + 17);
}

Str calendar_file(Arena *arena, const CalendarEvent *event) {
  Text out = {.arena = arena};
  text_add(&out, STR("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//foyer//tickets//EN\r\nBEGIN:VEVENT\r\n"));
  add_text(&out, "UID", event->uid);
  add_time(&out, "DTSTAMP", event->made_ms);
  add_time(&out, "DTSTART", event->begin_ms);
  text_add(&out, STR("DURATION:PT3H\r\n"));
  add_text(&out, "SUMMARY", event->summary);
  if (event->location.length > 0) add_text(&out, "LOCATION", event->location);
  if (event->url.length > 0) add_text(&out, "URL", event->url);
  text_add(&out, STR("END:VEVENT\r\nEND:VCALENDAR\r\n"));
  return text_str(&out);
}
