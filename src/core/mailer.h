// Mails: building the message (RFC 5322, MIME) and handing it over, to an SMTP relay or into a folder. Blocks on the
// network or the disk: couriers only.
#ifndef FOYER_CORE_MAILER_H
#define FOYER_CORE_MAILER_H

#include <stdatomic.h>

#include "core/config.h"
#include "shared/arena.h"
#include "shared/time.h"

// A picture that stands in the HTML (as cid:NAME), or a file beside it.
typedef struct MailPart {
  const char *type;  // "image/png"
  Str name;          // content id and file name
  Str bytes;
  bool inside;  // shown in the HTML
} MailPart;

typedef struct Mail {
  Str from;  // address
  Str from_name;
  Str to;       // address
  Str subject;  // UTF-8
  Str text;     // UTF-8 with \n
  Str html;     // likewise
  const MailPart *parts;
  size_t part_count;
  Str id;  // the left side of the Message-ID: the same mail sent again has the same
  int64_t at_ms;
} Mail;

// An address that can be handed to SMTP as it is: one @, no white space, no control characters, at most 254 bytes.
bool mail_address_valid(Str address);

// The message as it goes over the wire, lines ended with CRLF.
Str mail_message(Arena *arena, const Mail *mail);

// Whether MAIL_DIR, made if need be, takes mails, where they go there; *fault says why not.
bool mail_folder_ready(Arena *arena, const Config *config, const char **fault);

typedef enum MailOutcome { MAIL_SENT, MAIL_LATER, MAIL_REFUSED } MailOutcome;

// Hands it to the relay of SMTP_URL, or puts it into MAIL_DIR when there is none. *fault says why it was not sent.
MailOutcome mail_send(Arena *arena, const Config *config, const Mail *mail, const _Atomic bool *urgent,
                      const char **fault);

#endif
