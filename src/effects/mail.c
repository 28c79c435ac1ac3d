// The effect "mail": values out of the payload, the template filled in, the pictures drawn, the message handed over.
#include "effects/mail.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/log.h"
#include "core/mailer.h"
#include "core/qr_png.h"
#include "effects/mail_render.h"
#include "shared/calendar.h"
#include "shared/currency.h"

enum { QR_SCALE = 5, PARTS_MAX = MAIL_TICKETS_MAX + 1 };

static const Patience somebody_waits = {.first_ms = 1000, .longest_ms = 2000, .give_up_ms = 8000, .tries_min = 1};

// Values.

static Str word(const Json *object, const char *name) {
  Str value = {0};
  json_str(json_get(object, name), &value);
  return value;
}

static void set(MailFilling *filling, const char *name, Str value) {
  if (filling->value_count < MAIL_VALUES_MAX) filling->values[filling->value_count++] = (MailValue){name, value};
}

static Str decimal(Arena *arena, int64_t value) {
  Text text = {.arena = arena};
  text_int(&text, value);
  return text_str(&text);
}

static Str money(Arena *arena, int64_t amount, Str currency) {
  Text text = {.arena = arena};
  currency_write(&text, amount, currency);
  return text_str(&text);
}

// In the venue's time, which is the server's (TZ), and with its distance from UTC, so that nobody has to guess.
static Str date(Arena *arena, int64_t at_ms, int language) {
  static const char *const days[MAIL_LANGUAGES][7] = {
      {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
      {"воскресенье", "понедельник", "вторник", "среда", "четверг", "пятница", "суббота"}};
  static const char *const months[MAIL_LANGUAGES][12] = {
      {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
       "December"},
      {"января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября",
       "декабря"}};
  time_t seconds = (time_t)(at_ms / 1000);
  struct tm at;
  if (localtime_r(&seconds, &at) == NULL) return (Str){0};
  Text text = {.arena = arena};
  long east_min = at.tm_gmtoff / 60;
  text_format(&text, "%s, %d %s %d, %02d:%02d (UTC", days[language][at.tm_wday], at.tm_mday,
              months[language][at.tm_mon], at.tm_year + 1900, at.tm_hour, at.tm_min);
  if (east_min != 0)
    text_format(&text, "%c%02ld:%02ld", east_min < 0 ? '-' : '+', labs(east_min) / 60, labs(east_min) % 60);
  text_char(&text, ')');
  return text_str(&text);
}

static void set_values(Errand *errand, MailFilling *filling, const Json *args) {
  static const char *const words[] = {"code", "name", "concert", "venue", "category"};
  Arena *arena = &errand->arena;
  int64_t number = 0;
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) set(filling, words[i], word(args, words[i]));
  if (json_int(json_get(args, "seats"), &number)) set(filling, "seats", decimal(arena, number));
  // What was free was not paid.
  if (json_int(json_get(args, "amount"), &number) && number > 0)
    set(filling, "amount", money(arena, number, word(args, "currency")));
  if (json_int(json_get(args, "date"), &number)) set(filling, "date", date(arena, number, filling->language));
  if (json_int(json_get(args, "until"), &number)) {
    int64_t left_ms = number - errand->created_ms;
    set(filling, "minutes", decimal(arena, left_ms > 60000 ? (left_ms + 30000) / 60000 : 1));
  }
  bool other = false;
  if (json_is_bool(json_get(args, "other"), &other) && other) set(filling, "other", STR("1"));
  Str reason = word(args, "reason");
  if (reason.length > 0) set(filling, str_zero(arena, reason), STR("1"));
}

static void set_tickets(Arena *arena, MailFilling *filling, const Json *tickets) {
  static const char *const titles[MAIL_LANGUAGES] = {"Ticket", "Билет"};
  for (const Json *item = json_first(tickets); item != NULL; item = json_next(item)) {
    if (filling->ticket_count == MAIL_TICKETS_MAX) return;
    int64_t number = filling->ticket_count + 1;
    json_int(json_get(item, "number"), &number);
    Str seat = word(item, "seatLabel");
    Text title = {.arena = arena};
    Text name = {.arena = arena};
    text_format(&title, "%s %lld", titles[filling->language], (long long)number);
    if (seat.length > 0) text_format(&title, ", %.*s", STR_ARG(seat));
    text_format(&name, "ticket-%lld.png", (long long)number);
    filling->tickets[filling->ticket_count++] =
        (MailTicket){.code = word(item, "code"), .title = text_str(&title), .name = text_str(&name)};
  }
}

// Addresses.

// Where people reach the page.
static Str public_url(const Errand *errand) {
  Str url = errand->config->public_url.length > 0 ? errand->config->public_url : errand->own_url;
  while (url.length > 0 && url.at[url.length - 1] == '/') --url.length;
  return url;
}

static Str link_of(Errand *errand, const Json *args) {
  Str booking = word(args, "bookingId");
  Str path = word(args, "path");
  Text link = {.arena = &errand->arena};
  text_add(&link, public_url(errand));
  if (booking.length > 0) text_format(&link, "/booking/%.*s", STR_ARG(booking));
  text_add(&link, path);
  return text_str(&link);
}

// MAIL_FROM, or tickets@ the host of the page.
static Str sender(Errand *errand) {
  if (errand->config->mail_from.length > 0) return errand->config->mail_from;
  Str host = public_url(errand);
  str_cut(&host, '/');
  str_cut(&host, '/');
  host = str_cut(&host, '/');
  host = str_cut(&host, ':');
  Text from = {.arena = &errand->arena};
  text_format(&from, "tickets@%.*s", STR_ARG(host.length > 0 ? host : STR("localhost")));
  return text_str(&from);
}

// The same effect has the same Message-ID: a mail that was sent twice across a crash can be seen to be one.
static Str message_id(Errand *errand) {
  Text id = {.arena = &errand->arena};
  text_format(&id, "%.*s-%016llx", STR_ARG(word(errand->payload, "template")),
              (unsigned long long)str_hash(errand->key));
  return text_str(&id);
}

// Sending.

static size_t draw_parts(Errand *errand, const MailFilling *filling, const Json *args, MailPart *parts) {
  size_t count = 0;
  for (int i = 0; i < filling->ticket_count; i++) {
    parts[count++] = (MailPart){.type = "image/png",
                                .name = filling->tickets[i].name,
                                .bytes = qr_png(&errand->arena, filling->tickets[i].code, QR_SCALE),
                                .inside = true};
  }
  int64_t begin_ms;
  if (filling->ticket_count == 0 || !json_int(json_get(args, "date"), &begin_ms)) return count;
  CalendarEvent event = {.uid = word(args, "bookingId"),
                         .summary = word(args, "concert"),
                         .location = word(args, "venue"),
                         .url = filling->link,
                         .begin_ms = begin_ms,
                         .made_ms = errand->created_ms};
  parts[count++] = (MailPart){.type = "text/calendar; charset=utf-8; method=PUBLISH",
                              .name = STR("concert.ics"),
                              .bytes = calendar_file(&errand->arena, &event)};
  return count;
}

// Without a relay the log is the mailbox: the way on stands in it.
static void log_folder_mail(const Errand *errand, const Mail *mail, const MailFilling *filling) {
  Str code = mail_value(filling, STR("code"));
  log_info("mail: put into the folder", "template=%s to=%.*s file=%.*s/%.*s.eml %s%.*s", filling->template->name,
           STR_ARG(mail->to), STR_ARG(errand->config->mail_dir), STR_ARG(mail->id),
           code.length > 0 ? "code=" : "link=", STR_ARG(code.length > 0 ? code : filling->link));
}

static Outcome hand_over(Errand *errand, const MailFilling *filling, const Json *args) {
  Arena *arena = &errand->arena;
  MailPart parts[PARTS_MAX];
  Mail mail = {.from = sender(errand),
               .from_name = errand->config->company_name,
               .to = word(errand->payload, "to"),
               .subject = mail_subject(arena, filling),
               .text = mail_text(arena, filling),
               .html = mail_html(arena, filling),
               .parts = parts,
               .part_count = draw_parts(errand, filling, args, parts),
               .id = message_id(errand),
               .at_ms = errand->created_ms};
  if (arena->failed) return OUTCOME_AGAIN;
  MailOutcome outcome = mail_send(arena, errand->config, &mail, errand->urgent, &errand->fault);
  if (outcome == MAIL_SENT && errand->config->smtp_url.length == 0) log_folder_mail(errand, &mail, filling);
  return outcome == MAIL_SENT ? OUTCOME_DONE : outcome == MAIL_LATER ? OUTCOME_AGAIN : OUTCOME_FAILED;
}

static const MailTemplate *find_template(Str name) {
  for (int i = 0; i < mail_template_count; i++) {
    if (str_equal(name, str_from(mail_templates[i].name))) return &mail_templates[i];
  }
  return NULL;
}

static Outcome perform(Errand *errand) {
  const Json *args = json_get(errand->payload, "args");
  MailFilling filling = {.template = find_template(word(errand->payload, "template")),
                         .language = str_equal(word(errand->payload, "language"), STR("ru")) ? 1 : 0,
                         .company = errand->config->company_name,
                         .logo_url = errand->config->company_logo_url,
                         .link = link_of(errand, args)};
  if (filling.template == NULL) {
    errand->fault = "no such template";
    return OUTCOME_FAILED;
  }
  if (filling.template->somebody_waits) errand->patience = somebody_waits;
  int64_t until_ms;
  if (json_int(json_get(args, "until"), &until_ms) && errand->env.now_ms(errand->env.state) >= until_ms) {
    errand->fault = "too late";
    return OUTCOME_FAILED;
  }
  set(&filling, "link", filling.link);
  set_values(errand, &filling, args);
  set_tickets(&errand->arena, &filling, json_get(args, "tickets"));
  return hand_over(errand, &filling, args);
}

Outcome mail_perform(Errand *errand) {
  Outcome outcome = perform(errand);
  if (outcome == OUTCOME_DONE) return outcome;
  json_open(&errand->result, '{');
  json_put_str(&errand->result, "lost", errand->key);
  json_close(&errand->result, '}');
  return outcome;
}
