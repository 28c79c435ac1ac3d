// A mail's text and HTML from its template and values. Pure; any thread.
#ifndef FOYER_EFFECTS_MAIL_RENDER_H
#define FOYER_EFFECTS_MAIL_RENDER_H

#include "effects/mail_words.h"
#include "shared/arena.h"
#include "shared/str.h"

enum { MAIL_VALUES_MAX = 24, MAIL_TICKETS_MAX = 10 };

typedef struct MailValue {
  const char *name;
  Str value;
} MailValue;

typedef struct MailTicket {
  Str code;   // what the QR shows
  Str title;  // "Ticket 1, Row A, 12"
  Str name;   // content id of its picture
} MailTicket;

typedef struct MailFilling {
  const MailTemplate *template;
  int language;
  Str company;
  Str logo_url;  // may be empty
  Str link;      // of the button
  MailValue values[MAIL_VALUES_MAX];
  int value_count;
  MailTicket tickets[MAIL_TICKETS_MAX];
  int ticket_count;
} MailFilling;

Str mail_value(const MailFilling *filling, Str name);  // empty when there is none
Str mail_subject(Arena *arena, const MailFilling *filling);
Str mail_text(Arena *arena, const MailFilling *filling);
Str mail_html(Arena *arena, const MailFilling *filling);

#endif
