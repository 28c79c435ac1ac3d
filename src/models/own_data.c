// A person's own data, page by page.
#include "models/own_data.h"

#include "models/account.h"
#include "models/block.h"
#include "models/booking.h"
#include "models/message.h"
#include "models/session.h"

enum { PAGE = 200 };

// Where a page begins: behind a booking ("b.<id>"), or behind a message ("m.<dialog>.<seq>").
typedef struct Cursor {
  bool messages;  // all bookings were written
  int64_t id;
  int64_t seq;
} Cursor;

static bool read_cursor(Str text, Cursor *cursor) {
  Str kind = str_cut(&text, '.');
  Str id = str_cut(&text, '.');
  cursor->messages = str_equal(kind, STR("m"));
  if (!str_to_int(id, &cursor->id)) return false;
  return cursor->messages ? str_to_int(text, &cursor->seq) : str_equal(kind, STR("b")) && text.length == 0;
}

static void write_person(Call *call, Text *out, int64_t user_id) {
  static const char BIO[] = "SELECT bio FROM users WHERE id = $1";
  Account account;
  Rows rows = db_rows(call->db, BIO, sql_int(user_id));
  json_put_str(out, "bio", rows_next(&rows) ? rows_text(&rows, 0, &call->arena) : (Str){0});
  rows_end(&rows);
  json_name(out, "account");
  if (account_find(call->db, &call->arena, user_id, &account)) {
    account_write(out, &account);
  } else {
    json_add_null(out);
  }
  json_name(out, "sessions");
  session_write_list(call, out, user_id, call->who.sid);
  json_name(out, "blocked");
  block_write_list(call, out, user_id);
}

// Gives how many may still be written.
static int64_t write_bookings(Call *call, Text *out, int64_t user_id, Cursor *cursor) {
  static const char NEXT[] = "SELECT id FROM bookings WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT 200";
  int64_t left = PAGE;
  if (cursor->messages) return left;
  Rows rows = db_rows(call->db, NEXT, sql_int(user_id), sql_int(cursor->id));
  while (rows_next(&rows)) {
    Booking booking;
    cursor->id = rows_int(&rows, 0);
    --left;
    if (!booking_find(call, cursor->id, &booking)) continue;
    booking_write(call, out, &booking, BOOKING_WITH_CATEGORY | BOOKING_WITH_CONCERT, (Str){0});
  }
  if (left > 0) *cursor = (Cursor){.messages = true};
  return left;
}

static int64_t write_messages(Call *call, Text *out, int64_t user_id, Cursor *cursor, int64_t left) {
  static const char DIALOGS[] =
      "SELECT id FROM dialogs WHERE low_id = $1 AND id >= $2 UNION SELECT id FROM dialogs WHERE high_id = $1 AND id >= "
      "$2"
      " ORDER BY id";
  Rows rows = db_rows(call->db, DIALOGS, sql_int(user_id), sql_int(cursor->id));
  while (left > 0 && rows_next(&rows)) {
    int64_t dialog_id = rows_int(&rows, 0);
    if (dialog_id != cursor->id) *cursor = (Cursor){.messages = true, .id = dialog_id};
    left -= message_write_after(call, out, dialog_id, &cursor->seq, left);
  }
  rows_end(&rows);
  return left;
}

bool own_data_write(Call *call, Text *out, int64_t user_id, Str text) {
  Cursor cursor = {0};
  if (text.length > 0 && !read_cursor(text, &cursor)) return false;
  json_open(out, '{');
  if (text.length == 0) write_person(call, out, user_id);
  json_name(out, "bookings");
  json_open(out, '[');
  int64_t left = write_bookings(call, out, user_id, &cursor);
  json_close(out, ']');
  json_name(out, "messages");
  json_open(out, '[');
  left = write_messages(call, out, user_id, &cursor, left);
  json_close(out, ']');
  json_name(out, "next");
  Text next = {.arena = &call->arena};
  text_format(&next, cursor.messages ? "m.%lld.%lld" : "b.%lld", (long long)cursor.id, (long long)cursor.seq);
  if (left == 0) {
    json_add_str(out, text_str(&next));
  } else {
    json_add_null(out);
  }
  json_close(out, '}');
  return true;
}
