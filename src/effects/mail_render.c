// Filling in a template. Whatever stands in a mail as HTML went through add_escaped: words and values alike.
#include "effects/mail_render.h"

#include <string.h>

Str mail_value(const MailFilling *filling, Str name) {
  for (int i = 0; i < filling->value_count; i++) {
    if (str_equal(name, str_from(filling->values[i].name))) return filling->values[i].value;
  }
  return (Str){0};
}

// The words with their {values}; line ends in values become spaces, so that nobody's name makes lines of its own.
static Str filled(Arena *arena, const MailFilling *filling, const char *const words[MAIL_LANGUAGES]) {
  Text out = {.arena = arena};
  Str rest = str_from(words[filling->language]);
  while (rest.length > 0) {
    text_add(&out, str_cut(&rest, '{'));
    if (rest.length == 0) break;
    Str value = mail_value(filling, str_cut(&rest, '}'));
    for (size_t i = 0; i < value.length; i++) text_char(&out, (unsigned char)value.at[i] < ' ' ? ' ' : value.at[i]);
  }
  return text_str(&out);
}

static const MailBlock *next_block(const MailFilling *filling, int *at) {
  while (*at < MAIL_BLOCKS_MAX) {
    const MailBlock *block = &filling->template->blocks[(*at)++];
    if (block->words[0] == NULL) return NULL;
    if (block->when == NULL || mail_value(filling, str_from(block->when)).length > 0) return block;
  }
  return NULL;
}

Str mail_subject(Arena *arena, const MailFilling *filling) {
  Text out = {.arena = arena};
  if (!filling->template->bare_subject) {
    text_add(&out, filling->company);
    text_add(&out, STR(" - "));
  }
  text_add(&out, filled(arena, filling, filling->template->subject));
  return text_str(&out);
}

// Plain text.

static void add_tickets_text(Text *out, const MailFilling *filling) {
  for (int i = 0; i < filling->ticket_count; i++) {
    text_format(out, "\n%.*s\n%.*s\n", STR_ARG(filling->tickets[i].title), STR_ARG(filling->tickets[i].code));
  }
}

Str mail_text(Arena *arena, const MailFilling *filling) {
  Text out = {.arena = arena};
  int at = 0;
  for (const MailBlock *block = next_block(filling, &at); block != NULL; block = next_block(filling, &at)) {
    text_add(&out, filled(arena, filling, block->words));
    text_add(&out, block->kind == MAIL_FACTS ? STR("\n") : block->kind == MAIL_BUTTON ? STR(":\n") : STR("\n\n"));
    if (block->kind == MAIL_TICKETS) add_tickets_text(&out, filling);
    if (block->kind == MAIL_TICKETS) text_char(&out, '\n');
    if (block->kind == MAIL_BUTTON) text_format(&out, "%.*s\n\n", STR_ARG(filling->link));
  }
  text_format(&out, "-- \n%.*s\n", STR_ARG(filling->company));
  return text_str(&out);
}

// HTML.

static void add_escaped(Text *out, Str s) {
  for (size_t i = 0; i < s.length; i++) {
    switch (s.at[i]) {
      case '&':
        text_add(out, STR("&amp;"));
        break;
      case '<':
        text_add(out, STR("&lt;"));
        break;
      case '>':
        text_add(out, STR("&gt;"));
        break;
      case '"':
        text_add(out, STR("&quot;"));
        break;
      default:
        text_char(out, s.at[i]);
    }
  }
}

static void add_element(Text *out, Str before, Str text, Str after) {
  text_add(out, before);
  add_escaped(out, text);
  text_add(out, after);
}

static void add_ticket_html(Text *out, const MailTicket *ticket) {
  add_element(out, STR("<div style=\"margin:0 0 24px\"><div style=\"font-size:16px;font-weight:600;margin:0 0 8px\">"),
              ticket->title, STR("</div>"));
  add_element(out, STR("<img src=\"cid:"), ticket->name,
              STR("\" width=\"220\" style=\"display:block;background:#ffffff;border:8px solid #ffffff;"
                  "border-radius:8px;max-width:100%\" alt=\""));
  add_element(out, STR(""), ticket->title, STR("\">"));
  add_element(out, STR("<div style=\"font:12px/18px monospace;word-break:break-all;margin:8px 0 0\">"), ticket->code,
              STR("</div></div>\n"));
}

static void add_button_html(Text *out, const MailFilling *filling, Str words) {
  add_element(out,
              STR("<p style=\"margin:24px 0 8px\"><a style=\"display:inline-block;padding:12px 20px;"
                  "border-radius:8px;background:#1f5fbf;color:#ffffff;text-decoration:none;font-weight:600\" href=\""),
              filling->link, STR("\">"));
  add_element(out, STR(""), words, STR("</a></p>\n"));
}

static void add_block_html(Text *out, const MailFilling *filling, const MailBlock *block) {
  Str words = filled(out->arena, filling, block->words);
  switch (block->kind) {
    case MAIL_TEXT:
      add_element(out, STR("<p style=\"margin:0 0 16px\">"), words, STR("</p>\n"));
      break;
    case MAIL_CODE:
      add_element(out,
                  STR("<p class=\"box\" style=\"margin:0 0 16px;padding:16px;border-radius:8px;background:#eef2f7;"
                      "font:700 32px/40px monospace;letter-spacing:6px;text-align:center\">"),
                  words, STR("</p>\n"));
      break;
    case MAIL_FACTS:
      add_element(out, STR("<p style=\"margin:0 0 4px\">"), words, STR("</p>\n"));
      break;
    case MAIL_TICKETS:
      add_element(out, STR("<p style=\"margin:24px 0 16px\">"), words, STR("</p>\n"));
      for (int i = 0; i < filling->ticket_count; i++) add_ticket_html(out, &filling->tickets[i]);
      break;
    case MAIL_BUTTON:
      add_button_html(out, filling, words);
      break;
    case MAIL_LINK:
      add_button_html(out, filling, filled(out->arena, filling, filling->template->subject));
      break;
  }
}

static void add_head_html(Text *out, const MailFilling *filling, Str subject) {
  static const char *const languages[MAIL_LANGUAGES] = {"en", "ru"};
  text_format(out, "<!DOCTYPE html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\">", languages[filling->language]);
  text_add(out, STR("<meta name=\"viewport\" content=\"width=device-width\">"
                    "\n<meta name=\"color-scheme\" content=\"light dark\">"
                    "<meta name=\"supported-color-schemes\" content=\"light dark\">"));
  add_element(out, STR("<title>"), subject, STR("</title>\n"));
  text_add(out, STR("<style>@media (prefers-color-scheme: dark){"
                    ".page{background:#11151b!important;color:#e8ecf2!important}"
                    ".card{background:#1b212a!important}.box{background:#2a323e!important}"
                    ".quiet{color:#a7b1bf!important}}</style></head>\n"));
  text_add(out, STR("<body class=\"page\" style=\"margin:0;padding:24px 12px;background:#f3f5f8;color:#1a2230;"
                    "font:16px/24px system-ui,-apple-system,'Segoe UI',Roboto,sans-serif\">"
                    "<table role=\"presentation\" align=\"center\" width=\"600\" cellpadding=\"0\" cellspacing=\"0\" "
                    "style=\"width:100%;max-width:600px;margin:0 auto\"><tr><td class=\"card\" "
                    "style=\"padding:32px 24px;border-radius:12px;background:#ffffff\">"));
  if (filling->logo_url.length == 0) return;
  add_element(out, STR("<img height=\"40\" style=\"display:block;margin:0 0 24px\" src=\""), filling->logo_url,
              STR("\" alt=\""));
  add_element(out, STR(""), filling->company, STR("\">"));
}

Str mail_html(Arena *arena, const MailFilling *filling) {
  Text out = {.arena = arena};
  add_head_html(&out, filling, mail_subject(arena, filling));
  add_element(&out, STR("<h1 style=\"margin:0 0 24px;font-size:22px;line-height:28px\">"),
              filled(arena, filling, filling->template->subject), STR("</h1>\n"));
  int at = 0;
  for (const MailBlock *block = next_block(filling, &at); block != NULL; block = next_block(filling, &at)) {
    add_block_html(&out, filling, block);
  }
  add_element(&out, STR("</td></tr><tr><td class=\"quiet\" style=\"padding:16px 24px;font-size:13px;color:#5b6675\">"),
              filling->company, STR("</td></tr></table></body></html>\n"));
  return text_str(&out);
}
