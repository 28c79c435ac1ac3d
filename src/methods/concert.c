// What can be read of concerts, with their categories and the state of their sale.
#include "methods/concert.h"

#include <stddef.h>

#include "models/concert.h"
#include "models/waiting_room.h"
#include "shared/currency.h"

typedef struct GetConcert {
  Str concert_id;  // public; empty: the usual one
} GetConcert;

static const Field get_fields[] = {
    {.name = "concertId",
     .kind = FIELD_PUBLIC_ID,
     .offset = offsetof(GetConcert, concert_id),
     .optional = true,
     .error = ERR_CONCERT_NOT_FOUND},
};

static void write_about(Text *out, const ConcertAbout *about) {
  json_put_str(out, "imageUrl", about->image_url);
  json_put_str(out, "name", about->name);
  json_put_time(out, "date", about->date_ms);
  json_put_str(out, "venue", about->venue);
  json_put_str(out, "gatesOpenTime", about->gates_open_time);
  json_put_str(out, "about", about->about);
  json_put_str(out, "languages", about->languages);
  json_put_str(out, "organizedBy", about->organized_by);
}

static void write_category(Text *out, const Category *category, const Concert *concert) {
  json_open(out, '{');
  json_put_str(out, "id", category->public_id);
  json_put_str(out, "concertId", concert->public_id);
  json_put_str(out, "name", category->name);
  json_name(out, "price");
  json_add_double(out, (double)category->price / (double)currency_units(concert->currency));
  json_put_int(out, "totalSeats", category->total_seats);
  json_put_int(out, "availableSeats", category->available_seats);
  json_put_id_or_null(out, "seatTypeId", category->seat_type_id);
  json_close(out, '}');
}

static void write_categories(Call *call, const Concert *concert) {
  Text *out = &call->reply;
  size_t count;
  int64_t total = 0;
  int64_t available = 0;
  const Category *categories = category_list(call->db, &call->arena, concert->id, &count);
  for (size_t i = 0; i < count; i++) {
    total += categories[i].total_seats;
    available += categories[i].available_seats;
  }
  json_put_int(out, "totalSeats", total);
  json_put_int(out, "availableSeats", available);
  json_name(out, "categories");
  json_open(out, '[');
  for (size_t i = 0; i < count; i++) write_category(out, &categories[i], concert);
  json_close(out, ']');
}

static Error write_concert(Call *call, const Concert *concert) {
  Text *out = &call->reply;
  ConcertAbout about;
  Sale sale;
  if (!concert_read_about(call->db, &call->arena, concert->id, &about)) return ERR_CONCERT_NOT_FOUND;
  json_open(out, '{');
  json_put_str(out, "id", concert->public_id);
  json_put_int(out, "number", concert->id);
  write_about(out, &about);
  write_categories(call, concert);
  json_put_str(out, "currency", concert->currency);
  json_put_id_or_null(out, "hallId", concert->hall_id);
  json_put_str(out, "provider", call->config->stripe_secret_key.length > 0 ? STR("stripe") : STR("test"));
  json_name(out, "feeRate");
  json_add_double(out, call->config->booking_fee_rate);
  json_name(out, "sale");
  waiting_room_know(call, concert->id);
  if (!waiting_room_sale(concert->id, call->now_ms, &call->arena, &sale)) return ERR_INTERNAL;
  sale_write(out, &sale, call->config->max_active_users);
  json_close(out, '}');
  return ERR_NONE;
}

static Error get(Call *call, const void *input) {
  const GetConcert *in = input;
  Concert concert;
  if (!concert_find(call->db, &call->arena, in->concert_id, call->config, &concert)) return ERR_CONCERT_NOT_FOUND;
  return write_concert(call, &concert);
}

const Method concert_method_get = {.name = "concert.get",
                                   .access = ACCESS_ANYONE,
                                   .reads_only = true,
                                   .fields = get_fields,
                                   .field_count = 1,
                                   .input_bytes = sizeof(GetConcert),
                                   .run = get};

static Error list(Call *call, const void *input) {
  static const char READ[] = "SELECT id FROM concerts ORDER BY id DESC";
  Concert concert;
  Error error = ERR_NONE;
  (void)input;
  json_open(&call->reply, '[');
  Rows rows = db_rows(call->db, READ);
  while (error == ERR_NONE && rows_next(&rows)) {
    if (concert_find_by_id(call->db, &call->arena, rows_int(&rows, 0), &concert)) error = write_concert(call, &concert);
  }
  rows_end(&rows);
  json_close(&call->reply, ']');
  return error;
}

const Method concert_method_list = {.name = "concert.list", .access = ACCESS_ANYONE, .reads_only = true, .run = list};
