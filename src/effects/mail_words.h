// The mails as data: what each says, in every language. {name} in a text is replaced by that value.
#ifndef FOYER_EFFECTS_MAIL_WORDS_H
#define FOYER_EFFECTS_MAIL_WORDS_H

#include <stdbool.h>
#include <stddef.h>

enum { MAIL_LANGUAGES = 2, MAIL_BLOCKS_MAX = 8 };  // English, Russian

typedef enum MailBlockKind {
  MAIL_TEXT,     // a paragraph
  MAIL_CODE,     // a code on a line of its own
  MAIL_FACTS,    // "label: value" lines, one value a block
  MAIL_TICKETS,  // a QR code a ticket
  MAIL_BUTTON,   // the link of the booking
  MAIL_LINK      // words with {link} in the plain text, a button with the subject in HTML
} MailBlockKind;

typedef struct MailBlock {
  const char *words[MAIL_LANGUAGES];
  MailBlockKind kind;
  const char *when;  // only when this value is not empty; NULL: always
} MailBlock;

typedef struct MailTemplate {
  const char *name;
  bool somebody_waits;  // not tried for longer than a person waits
  bool bare_subject;    // not behind "COMPANY_NAME - "
  const char *subject[MAIL_LANGUAGES];
  MailBlock blocks[MAIL_BLOCKS_MAX];  // up to the first without words
} MailTemplate;

extern const MailTemplate mail_templates[];
extern const int mail_template_count;

#endif
