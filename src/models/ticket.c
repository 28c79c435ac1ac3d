// Tickets and their codes: Ed25519 (RFC 8032) over the 12 bytes of a ticket's id, by a key that is derived from
// TICKET_SECRET.
#include "models/ticket.h"

#include <sodium.h>
#include <string.h>

#include "shared/ids.h"

enum { ID_BYTES = 12, CODE_BYTES = ID_BYTES + crypto_sign_BYTES };

static const Str code_prefix = {"FT1.", 4};

typedef struct TicketKey {
  unsigned char open[crypto_sign_PUBLICKEYBYTES];
  unsigned char secret[crypto_sign_SECRETKEYBYTES];
} TicketKey;

static TicketKey key_of(const Config *config) {
  static const char purpose[] = "foyer tickets\n";
  TicketKey key;
  unsigned char seed[crypto_hash_sha256_BYTES];
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  crypto_hash_sha256_update(&state, (const unsigned char *)purpose, sizeof purpose - 1);
  crypto_hash_sha256_update(&state, (const unsigned char *)config->ticket_secret.at, config->ticket_secret.length);
  crypto_hash_sha256_final(&state, seed);
  crypto_sign_seed_keypair(key.open, key.secret, seed);
  sodium_memzero(seed, sizeof seed);
  return key;
}

static Str code_of(Call *call, const TicketKey *key, Str public_id) {
  Str id;
  unsigned char bytes[CODE_BYTES];
  Text code = {.arena = &call->arena};
  if (!ids_from_hex(&call->arena, public_id, &id) || id.length != ID_BYTES) return (Str){0};
  memcpy(bytes, id.at, ID_BYTES);
  crypto_sign_detached(bytes + ID_BYTES, NULL, bytes, ID_BYTES, key->secret);
  text_add(&code, code_prefix);
  text_add(&code, ids_base64url(&call->arena, bytes, sizeof bytes));
  return text_str(&code);
}

bool ticket_code_open(Call *call, Str code, Str *public_id) {
  Str bytes;
  if (!str_starts(code, code_prefix)) return false;
  Str rest = {code.at + code_prefix.length, code.length - code_prefix.length};
  if (!ids_from_base64url(&call->arena, rest, &bytes) || bytes.length != CODE_BYTES) return false;
  TicketKey key = key_of(call->config);
  const unsigned char *at = (const unsigned char *)bytes.at;
  if (crypto_sign_verify_detached(at + ID_BYTES, at, ID_BYTES, key.open) != 0) return false;
  *public_id = ids_hex(&call->arena, bytes.at, ID_BYTES);
  return true;
}

// The rows.

void ticket_add_all(Call *call, const Booking *booking) {
  static const char ADD[] = "INSERT INTO tickets(public_id, booking_id, number, seat_id) VALUES($1, $2, $3, $4)";
  static const char SEATS[] =
      "SELECT s.id FROM booking_seats b JOIN seats s ON s.id = b.seat_id"
      " WHERE b.booking_id = $1 AND b.released_at IS NULL ORDER BY s.row, s.place";
  int64_t seat_ids[BOOKING_SEATS_MAX] = {0};
  if (booking->hall_id != 0) {
    Rows rows = db_rows(call->db, SEATS, sql_int(booking->id));
    for (int64_t i = 0; i < booking->seats && rows_next(&rows); i++) seat_ids[i] = rows_int(&rows, 0);
    rows_end(&rows);
  }
  for (int64_t i = 0; i < booking->seats; i++) {
    unsigned char id[ID_BYTES];
    call->env.random(call->env.state, id, sizeof id);
    SqlValue seat = seat_ids[i] != 0 ? sql_int(seat_ids[i]) : (SqlValue){.kind = SQL_NULL};
    db_run(call->db, ADD, sql_text(ids_hex(&call->arena, id, sizeof id)), sql_int(booking->id), sql_int(i + 1), seat);
  }
}

void ticket_void_all(Call *call, int64_t booking_id) {
  static const char SPOIL[] = "UPDATE tickets SET void = 1 WHERE booking_id = $1";
  db_run(call->db, SPOIL, sql_int(booking_id));
}

bool ticket_find(Call *call, Str public_id, Ticket *ticket) {
  static const char FIND[] =
      "SELECT id, booking_id, coalesce(seat_id, 0), void, coalesce(checked_in_at, 0) FROM tickets WHERE public_id = $1";
  Rows rows = db_rows(call->db, FIND, sql_text(public_id));
  if (!rows_next(&rows)) return false;
  *ticket = (Ticket){.id = rows_int(&rows, 0),
                     .public_id = public_id,
                     .booking_id = rows_int(&rows, 1),
                     .seat_id = rows_int(&rows, 2),
                     .is_void = rows_int(&rows, 3) != 0,
                     .checked_in_at = rows_int(&rows, 4)};
  rows_end(&rows);
  return true;
}

bool ticket_check_in(Call *call, const Ticket *ticket, int64_t at_ms) {
  static const char USE[] =
      "UPDATE tickets SET checked_in_at = $1, checked_in_by = $2 WHERE id = $3 AND void = 0 AND checked_in_at IS NULL";
  db_run(call->db, USE, sql_int(at_ms), sql_int(call->who.user_id), sql_int(ticket->id));
  return db_changes(call->db) == 1;
}

// Showing them.

static void write_time(Text *out, const char *name, int64_t time_ms) {
  json_name(out, name);
  if (time_ms == 0) {
    json_add_null(out);
  } else {
    json_add_time(out, time_ms);
  }
}

void ticket_write_all(Call *call, Text *out, int64_t booking_id) {
  static const char LIST[] =
      "SELECT public_id, number, coalesce(seat_id, 0), coalesce(checked_in_at, 0), void FROM tickets"
      " WHERE booking_id = $1 ORDER BY number";
  TicketKey key = key_of(call->config);
  Rows rows = db_rows(call->db, LIST, sql_int(booking_id));
  json_open(out, '[');
  while (rows_next(&rows)) {
    Str public_id = rows_text(&rows, 0, &call->arena);
    json_open(out, '{');
    json_put_str(out, "id", public_id);
    json_put_int(out, "number", rows_int(&rows, 1));
    json_put_str(out, "code", code_of(call, &key, public_id));
    json_put_str_or_null(out, "seatLabel", booking_seat_label(call, rows_int(&rows, 2)));
    write_time(out, "checkedInAt", rows_int(&rows, 3));
    json_put_bool(out, "void", rows_int(&rows, 4) != 0);
    json_close(out, '}');
  }
  json_close(out, ']');
}

static Str hash_of(Call *call, Str code) {
  unsigned char hash[crypto_hash_sha256_BYTES];
  crypto_hash_sha256(hash, (const unsigned char *)code.at, code.length);
  return ids_hex(&call->arena, hash, sizeof hash);
}

// Gives the last ticket when the page is full, else nothing.
static Str write_listed(Call *call, Text *out, int64_t concert_id, Str after, const TicketKey *key) {
  static const char LIST[] =
      "SELECT t.public_id, coalesce(t.seat_id, 0), coalesce(u.name, u.username, u.email, ''),"
      " coalesce(t.checked_in_at, 0), t.void"
      " FROM tickets t JOIN bookings b ON b.id = t.booking_id JOIN users u ON u.id = b.user_id"
      " WHERE b.concert_id = $1 AND t.id > coalesce((SELECT id FROM tickets WHERE public_id = $2), 0)"
      " ORDER BY t.id LIMIT $3";
  Str public_id = {0};
  int count = 0;
  Rows rows = db_rows(call->db, LIST, sql_int(concert_id), sql_text(after), sql_int(TICKET_LIST_PAGE));
  json_open(out, '[');
  for (; rows_next(&rows); count++) {
    public_id = rows_text(&rows, 0, &call->arena);
    json_open(out, '{');
    json_put_str(out, "id", public_id);
    json_put_str(out, "hash", hash_of(call, code_of(call, key, public_id)));
    json_put_str_or_null(out, "seatLabel", booking_seat_label(call, rows_int(&rows, 1)));
    json_put_str(out, "name", rows_peek(&rows, 2));
    write_time(out, "checkedInAt", rows_int(&rows, 3));
    json_put_bool(out, "void", rows_int(&rows, 4) != 0);
    json_close(out, '}');
  }
  json_close(out, ']');
  return count == TICKET_LIST_PAGE ? public_id : (Str){0};
}

void ticket_write_list(Call *call, Text *out, int64_t concert_id, Str after) {
  unsigned char signature[crypto_sign_BYTES];
  TicketKey key = key_of(call->config);
  Text tickets = {.arena = &call->arena};
  Str next = write_listed(call, &tickets, concert_id, after, &key);
  crypto_sign_detached(signature, NULL, (const unsigned char *)tickets.at, tickets.length, key.secret);
  json_put_str_or_null(out, "next", next);
  json_name(out, "tickets");
  json_add_raw(out, text_str(&tickets));
  json_put_str(out, "key", ids_base64url(&call->arena, key.open, sizeof key.open));
  json_put_str(out, "signature", ids_base64url(&call->arena, signature, sizeof signature));
}
