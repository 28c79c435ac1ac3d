// The methods of bookings for staff: the list, the export, the refund. And for its owner: whom to write
// to, and a calendar's entry.
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "methods/booking.h"
#include "models/booking.h"
#include "models/payment.h"
#include "models/user.h"

// booking.all

enum { PAGE = 100, QUESTION_MAX = 100 };

typedef struct All {
  Str status;
  Str question;
  Str after;
  int64_t person;  // the number of whose they are; 0: of all
} All;

static const Field all_fields[] = {
    {.name = "status", .kind = FIELD_WORD, .offset = offsetof(All, status), .optional = true, .error = ERR_VALIDATION},
    {.name = "q",
     .kind = FIELD_STRING,
     .offset = offsetof(All, question),
     .optional = true,
     .max = QUESTION_MAX,
     .error = ERR_VALIDATION},
    {.name = "after", .kind = FIELD_WORD, .offset = offsetof(All, after), .optional = true, .error = ERR_VALIDATION},
    {.name = "person", .kind = FIELD_ID, .offset = offsetof(All, person), .optional = true, .error = ERR_VALIDATION},
};

static Error all(Call *call, const void *input) {
  static const char ALL[] =
      "SELECT b.id FROM bookings b JOIN users u ON u.id = b.user_id"
      " WHERE ($1 = '' OR b.status = $1) AND ($2 = '' OR instr(lower(b.public_id || ' ' || coalesce(u.email, '') || ' "
      "' "
      "|| coalesce(u.name, '') || ' ' || coalesce(u.username, '')), lower($2)) > 0)"
      " AND b.id < $3 AND $4 IN (0, b.user_id) ORDER BY b.id DESC LIMIT $5";
  const All *in = input;
  int64_t before = INT64_MAX;
  int64_t last = 0;
  int64_t count = 0;
  if (!user_is_staff(call->db, call->who.user_id)) return ERR_FORBIDDEN;
  if (in->after.length > 0 && !str_to_int(in->after, &before)) return ERR_VALIDATION;
  json_open(&call->reply, '{');
  json_name(&call->reply, "bookings");
  json_open(&call->reply, '[');
  Rows rows = db_rows(call->db, ALL, sql_text(in->status), sql_text(in->question), sql_int(before), sql_int(in->person),
                      sql_int(PAGE));
  for (; rows_next(&rows); count++) {
    Booking booking;
    last = rows_int(&rows, 0);
    if (booking_find(call, last, &booking))
      booking_write(call, &call->reply, &booking, BOOKING_WITH_CATEGORY | BOOKING_WITH_PERSON, (Str){0});
  }
  json_close(&call->reply, ']');
  json_put_id_or_null(&call->reply, "next", count == PAGE ? last : 0);
  json_close(&call->reply, '}');
  return ERR_NONE;
}

const Method booking_all = {
    .name = "booking.all",
    .access = ACCESS_SIGNED_IN,
    .reads_only = true,
    .fields = all_fields,
    .field_count = sizeof all_fields / sizeof all_fields[0],
    .input_bytes = sizeof(All),
    .run = all,
};

// booking.export: CSV (RFC 4180), in the order of id. More than fit are refused, not left out in silence.

enum { EXPORT_MAX = 100000 };

typedef struct Export {
  Str from;
  Str to;
} Export;

static const Field export_fields[] = {
    {.name = "from", .kind = FIELD_WORD, .offset = offsetof(Export, from), .optional = true, .error = ERR_VALIDATION},
    {.name = "to", .kind = FIELD_WORD, .offset = offsetof(Export, to), .optional = true, .error = ERR_VALIDATION},
};

// A value that a spreadsheet would take for a formula is made a text (owasp.org, CSV injection).
static void csv_value(Text *out, Str value, bool last) {
  bool formula = value.length > 0 && memchr("=+-@\t\r", value.at[0], 6) != NULL;
  text_char(out, '"');
  if (formula) text_char(out, '\'');
  for (size_t i = 0; i < value.length; i++) {
    if (value.at[i] == '"') text_char(out, '"');
    text_char(out, value.at[i]);
  }
  text_char(out, '"');
  text_add(out, last ? STR("\r\n") : STR(","));
}

// To the second.
static void csv_moment(Text *out, int64_t time_ms) {
  enum { SECONDS_BYTES = 19 };
  char iso[TIME_ISO_BYTES];
  time_iso(time_ms, iso);
  iso[SECONDS_BYTES] = 'Z';
  csv_value(out, (Str){iso, SECONDS_BYTES + 1}, false);
}

// The columns of the query, in their order.
static const char export_head[] =
    "id,bookedAt,status,paymentStatus,concert,category,seats,amountMinor,feeMinor,currency,paymentIntentId,email,"
    "name\r\n";

// ISO 8601, a date or a moment; nothing leaves it as it is.
static bool read_moment(Str text, int64_t *time_ms) {
  enum { DATE_CHARACTERS = 10 };
  char moment[32];
  if (text.length == 0) return true;
  if (text.length != DATE_CHARACTERS) return time_from_iso(text, time_ms);
  snprintf(moment, sizeof moment, "%.*sT00:00:00Z", STR_ARG(text));
  return time_from_iso(str_from(moment), time_ms);
}

// `to` is excluded.
static Error export(Call *call, const void *input) {
  enum { COLUMNS = 13 };
  static const char ROWS[] =
      "SELECT b.public_id, b.booked_at, b.status, b.payment_status,"
      " c.name, k.name, b.seats, b.amount, b.fee, b.currency, coalesce(p.intent_id, ''), coalesce(u.email, ''),"
      " coalesce(u.name, u.username, '') FROM bookings b JOIN users u ON u.id = b.user_id"
      " JOIN concerts c ON c.id = b.concert_id JOIN categories k ON k.id = b.category_id"
      " LEFT JOIN payments p ON p.booking_id = b.id AND p.is_current = 1"
      " WHERE b.booked_at >= $1 AND b.booked_at < $2"
      " ORDER BY b.id LIMIT $3";
  const Export *in = input;
  int64_t from = 0;
  int64_t to = INT64_MAX;
  if (!user_is_staff(call->db, call->who.user_id)) return ERR_FORBIDDEN;
  if (!read_moment(in->from, &from) || !read_moment(in->to, &to)) return ERR_VALIDATION;
  text_add(&call->reply, str_from(export_head));
  int64_t count = 0;
  Rows rows = db_rows(call->db, ROWS, sql_int(from), sql_int(to), sql_int(EXPORT_MAX + 1));
  for (; rows_next(&rows); count++) {
    csv_value(&call->reply, rows_peek(&rows, 0), false);
    csv_moment(&call->reply, rows_int(&rows, 1));
    for (int i = 2; i < COLUMNS; i++) csv_value(&call->reply, rows_peek(&rows, i), i == COLUMNS - 1);
  }
  if (count <= EXPORT_MAX) return ERR_NONE;
  call->reply.length = 0;
  return ERR_EXPORT_TOO_LONG;
}

const Method booking_export = {
    .name = "booking.export",
    .access = ACCESS_SIGNED_IN,
    .reads_only = true,
    .fields = export_fields,
    .field_count = sizeof export_fields / sizeof export_fields[0],
    .input_bytes = sizeof(Export),
    .run = export,
};

// booking.refund

typedef struct OneBooking {
  Str id;
} OneBooking;

static const Field one_booking_fields[] = {
    {.name = "id", .kind = FIELD_PUBLIC_ID, .offset = offsetof(OneBooking, id), .error = ERR_BOOKING_NOT_FOUND},
};

static Error refund(Call *call, const void *input) {
  const OneBooking *in = input;
  Booking booking;
  if (!user_is_staff(call->db, call->who.user_id)) return ERR_FORBIDDEN;
  if (!booking_find_public(call, in->id, &booking)) return ERR_BOOKING_NOT_FOUND;
  if (booking.status == BOOKING_CONFIRMED) {
    payment_refund(call, &booking);
  } else if (booking.money == MONEY_REFUNDED) {
    payment_refund_anew(call, &booking);
  } else {
    return ERR_BOOKING_INVALID;  // nothing was paid
  }
  booking_write(call, &call->reply, &booking, BOOKING_WITH_CATEGORY | BOOKING_WITH_CONCERT | BOOKING_WITH_PERSON,
                (Str){0});
  return ERR_NONE;
}

const Method booking_refund_paid = {
    .name = "booking.refund",
    .access = ACCESS_SIGNED_IN,
    .fields = one_booking_fields,
    .field_count = 1,
    .input_bytes = sizeof(OneBooking),
    .run = refund,
};

// booking.contact: who of the staff its owner writes to: with whom he already does, or else who has been here longest.

static Error contact(Call *call, const void *input) {
  static const char CONTACT[] =
      "SELECT u.id FROM users u LEFT JOIN dialogs d ON d.low_id = min(u.id, $1) AND d.high_id = max(u.id, $1)"
      " WHERE u.role = 'staff' AND u.deleted_at IS NULL AND u.id != $1"
      " ORDER BY d.id IS NULL, d.id DESC, u.id LIMIT 1";
  const OneBooking *in = input;
  Booking booking;
  if (!booking_find_public(call, in->id, &booking) || booking.user_id != call->who.user_id)
    return ERR_BOOKING_NOT_FOUND;
  int64_t staff_id = db_int(call->db, CONTACT, 0, sql_int(call->who.user_id));
  json_open(&call->reply, '{');
  json_put_id_or_null(&call->reply, "number", staff_id);
  json_close(&call->reply, '}');
  return ERR_NONE;
}

const Method booking_contact = {
    .name = "booking.contact",
    .access = ACCESS_SIGNED_IN,
    .reads_only = true,
    .fields = one_booking_fields,
    .field_count = 1,
    .input_bytes = sizeof(OneBooking),
    .run = contact,
};

// booking.calendar: iCalendar (RFC 5545).

// "20261121T070000Z"
static void ics_time(Text *out, const char *name, int64_t time_ms) {
  char iso[TIME_ISO_BYTES];
  enum { SECONDS_END = 19 };
  time_iso(time_ms, iso);
  text_format(out, "%s:", name);
  for (int i = 0; i < SECONDS_END; i++) {
    if (iso[i] != '-' && iso[i] != ':') text_char(out, iso[i]);
  }
  text_add(out, STR("Z\r\n"));
}

// RFC 5545 3.3.11: escaped, and folded after 75 octets (never inside of a character).
static void ics_text(Text *out, const char *name, Str value) {
  enum { LINE_OCTETS = 74, UTF8_MORE = 0x80, UTF8_MASK = 0xc0 };
  size_t begun = out->length;
  text_format(out, "%s:", name);
  for (size_t i = 0; i < value.length; i++) {
    char c = value.at[i];
    if (out->length - begun >= LINE_OCTETS - 3 && ((unsigned char)c & UTF8_MASK) != UTF8_MORE) {
      text_add(out, STR("\r\n "));
      begun = out->length - 1;
    }
    if (c == ',' || c == ';' || c == '\\') text_char(out, '\\');
    if (c == '\n') {
      text_add(out, STR("\\n"));
    } else if (c != '\r') {
      text_char(out, c);
    }
  }
  text_add(out, STR("\r\n"));
}

static Error calendar(Call *call, const void *input) {
  enum { LASTS_MS = 3 * 3600 * 1000 };
  const OneBooking *in = input;
  Booking booking;
  ConcertAbout about = {0};
  Text *out = &call->reply;
  Text uid = {.arena = &call->arena};
  if (!booking_find_public(call, in->id, &booking) || booking.user_id != call->who.user_id ||
      booking.status != BOOKING_CONFIRMED)
    return ERR_BOOKING_NOT_FOUND;
  concert_read_about(call->db, &call->arena, booking.concert_id, &about);
  text_format(&uid, "%.*s@foyer", STR_ARG(booking.public_id));
  text_add(out, STR("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//foyer//tickets//EN\r\nBEGIN:VEVENT\r\n"));
  ics_text(out, "UID", text_str(&uid));
  ics_time(out, "DTSTAMP", call->now_ms);
  ics_time(out, "DTSTART", about.date_ms);
  ics_time(out, "DTEND", about.date_ms + LASTS_MS);
  ics_text(out, "SUMMARY", about.name);
  ics_text(out, "LOCATION", about.venue);
  text_add(out, STR("END:VEVENT\r\nEND:VCALENDAR\r\n"));
  return ERR_NONE;
}

const Method booking_calendar = {
    .name = "booking.calendar",
    .access = ACCESS_SIGNED_IN,
    .reads_only = true,
    .fields = one_booking_fields,
    .field_count = 1,
    .input_bytes = sizeof(OneBooking),
    .run = calendar,
};
