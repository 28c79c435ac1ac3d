// Building a message: headers (RFC 5322), words of other than ASCII (RFC 2047), parts (RFC 2045, 2046, 2387). A text
// goes as it is where its bytes and lines allow, so that it can be read in the file, and as quoted-printable elsewhere.
#include <string.h>

#include "core/mailer.h"
#include "shared/ids.h"

enum {
  LINE_BYTES = 76,
  LINE_MAX_BYTES = 998,
  WORD_BYTES = 42
};  // 42 bytes are 56 characters of base64 and fit into an encoded word

bool mail_address_valid(Str address) {
  size_t ats = 0;
  for (size_t i = 0; i < address.length; i++) {
    unsigned char c = (unsigned char)address.at[i];
    if (c <= ' ' || c == 0x7f || strchr("<>()[]\\,;:\"", c) != NULL) return false;
    if (c == '@') ++ats;
  }
  return ats == 1 && address.length <= 254 && address.at[0] != '@' && address.at[address.length - 1] != '@';
}

static bool is_plain(Str s) {
  for (size_t i = 0; i < s.length; i++) {
    if (s.at[i] < ' ' || s.at[i] > '~') return false;
  }
  return s.length < 60;
}

// A text in a header: as it is, or as encoded words that never cut a character in two.
static void add_words(Text *out, Str s) {
  if (is_plain(s)) {
    text_add(out, s);
    return;
  }
  for (size_t at = 0; at < s.length;) {
    size_t take = s.length - at < WORD_BYTES ? s.length - at : WORD_BYTES;
    while (at + take < s.length && ((unsigned char)s.at[at + take] & 0xc0) == 0x80) --take;
    if (at > 0) text_add(out, STR("\r\n "));
    text_add(out, STR("=?UTF-8?B?"));
    text_add(out, ids_base64(out->arena, s.at + at, take));
    text_add(out, STR("?="));
    at += take;
  }
}

// Words in front of an address.
static void add_phrase(Text *out, Str s) {
  if (!is_plain(s)) {
    add_words(out, s);
    return;
  }
  text_char(out, '"');
  for (size_t i = 0; i < s.length; i++) {
    if (s.at[i] == '"' || s.at[i] == '\\') text_char(out, '\\');
    text_char(out, s.at[i]);
  }
  text_char(out, '"');
}

static void add_base64(Text *out, Str bytes) {
  Str text = ids_base64(out->arena, bytes.at, bytes.length);
  for (size_t at = 0; at < text.length; at += LINE_BYTES) {
    size_t take = text.length - at < LINE_BYTES ? text.length - at : LINE_BYTES;
    text_add(out, (Str){text.at + at, take});
    text_add(out, STR("\r\n"));
  }
}

static bool goes_as_it_is(Str text) {
  size_t line = 0;
  for (size_t i = 0; i < text.length; i++) {
    unsigned char c = (unsigned char)text.at[i];
    line = c == '\n' ? 0 : line + 1;
    if (c > '~' || (c < ' ' && c != '\n') || line > LINE_MAX_BYTES) return false;
  }
  return true;
}

static void add_lines(Text *out, Str text) {
  while (text.length > 0) {
    text_add(out, str_cut(&text, '\n'));
    text_add(out, STR("\r\n"));
  }
}

// RFC 2045 6.7. White space at the end of a line is encoded, or it would be lost on the way.
static void add_quoted_printable(Text *out, Str text) {
  size_t line = 0;
  for (size_t i = 0; i < text.length; i++) {
    unsigned char c = (unsigned char)text.at[i];
    if (c == '\n') {
      text_add(out, STR("\r\n"));
      line = 0;
      continue;
    }
    bool ends_line = i + 1 == text.length || text.at[i + 1] == '\n';
    bool plain = c >= ' ' && c <= '~' && c != '=' && !(c == ' ' && ends_line);
    size_t width = plain ? 1 : 3;
    if (line + width >= LINE_BYTES) {
      text_add(out, STR("=\r\n"));
      line = 0;
    }
    plain ? text_char(out, (char)c) : text_format(out, "=%02X", c);
    line += width;
  }
  text_add(out, STR("\r\n"));
}

static void add_text_part(Text *out, Str boundary, const char *type, Str text) {
  bool plain = goes_as_it_is(text);
  text_format(out, "--%.*s\r\nContent-Type: %s; charset=utf-8\r\nContent-Transfer-Encoding: %s\r\n\r\n",
              STR_ARG(boundary), type, plain ? "7bit" : "quoted-printable");
  plain ? add_lines(out, text) : add_quoted_printable(out, text);
}

static void add_file(Text *out, Str boundary, const MailPart *part) {
  text_format(out, "--%.*s\r\nContent-Type: %s\r\nContent-Transfer-Encoding: base64\r\n", STR_ARG(boundary),
              part->type);
  if (part->inside) text_format(out, "Content-ID: <%.*s>\r\n", STR_ARG(part->name));
  text_format(out, "Content-Disposition: %s; filename=\"%.*s\"\r\n\r\n", part->inside ? "inline" : "attachment",
              STR_ARG(part->name));
  add_base64(out, part->bytes);
}

static void add_files(Text *out, Str boundary, const Mail *mail, bool inside) {
  for (size_t i = 0; i < mail->part_count; i++) {
    if (mail->parts[i].inside == inside) add_file(out, boundary, &mail->parts[i]);
  }
}

static void add_multipart(Text *out, const char *subtype, Str boundary) {
  text_format(out, "Content-Type: multipart/%s; boundary=\"%.*s\"\r\n\r\n", subtype, STR_ARG(boundary));
}

// "Sat, 21 Nov 2026 07:00:00 +0000" (RFC 5322 3.3).
static void add_date(Text *out, int64_t at_ms) {
  char date[TIME_HTTP_BYTES];
  time_http(at_ms, date);
  text_add(out, (Str){date, TIME_HTTP_BYTES - 3});
  text_add(out, STR("+0000"));
}

static Str boundary_of(Arena *arena, Str id, const char *part) {
  Text text = {.arena = arena};
  text_format(&text, "=_%s_%016llx", part, (unsigned long long)str_hash(id));
  return text_str(&text);
}

static void add_head(Text *out, const Mail *mail) {
  Str from = mail->from;
  str_cut(&from, '@');
  text_add(out, STR("From: "));
  add_phrase(out, mail->from_name);
  text_format(out, " <%.*s>\r\nTo: <%.*s>\r\nSubject: ", STR_ARG(mail->from), STR_ARG(mail->to));
  add_words(out, mail->subject);
  text_add(out, STR("\r\nDate: "));
  add_date(out, mail->at_ms);
  text_format(out, "\r\nMessage-ID: <%.*s@%.*s>\r\n", STR_ARG(mail->id), STR_ARG(from));
  text_add(out, STR("Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"));
}

// mixed(related(alternative(text, html), pictures), files).
Str mail_message(Arena *arena, const Mail *mail) {
  Text out = {.arena = arena};
  Str mixed = boundary_of(arena, mail->id, "mixed");
  Str related = boundary_of(arena, mail->id, "related");
  Str either = boundary_of(arena, mail->id, "either");
  add_head(&out, mail);
  add_multipart(&out, "mixed", mixed);
  text_format(&out, "--%.*s\r\n", STR_ARG(mixed));
  add_multipart(&out, "related; type=\"multipart/alternative\"", related);
  text_format(&out, "--%.*s\r\n", STR_ARG(related));
  add_multipart(&out, "alternative", either);
  add_text_part(&out, either, "text/plain", mail->text);
  add_text_part(&out, either, "text/html", mail->html);
  text_format(&out, "--%.*s--\r\n", STR_ARG(either));
  add_files(&out, related, mail, true);
  text_format(&out, "--%.*s--\r\n", STR_ARG(related));
  add_files(&out, mixed, mail, false);
  text_format(&out, "--%.*s--\r\n", STR_ARG(mixed));
  return text_str(&out);
}
