// New concerts in the tables.
#include "models/concert_add.h"

#include <openssl/evp.h>

#include "shared/ids.h"

enum { SEED_BYTES = 32, PUBLIC_ID_BYTES = CONCERT_PUBLIC_ID_DIGITS / 2 };

static Str new_public_id(Arena *arena, const Env *env) {
  unsigned char bytes[PUBLIC_ID_BYTES];
  env->random(env->state, bytes, sizeof bytes);
  return ids_hex(arena, bytes, sizeof bytes);
}

static int64_t add_row(Db *db, Arena *arena, const Env *env, const NewConcert *concert, int64_t now_ms) {
  static const char ADD[] =
      "INSERT INTO concerts(public_id, name, image_url, date, venue, gates_open_time, about, languages, organized_by,"
      " currency, hall_id, created_at, opens_at, seed, seed_hash) VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,"
      " nullif($11, 0), $12, $13, $14, $15)";
  const ConcertAbout *about = &concert->about;
  unsigned char seed[SEED_BYTES];
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned digest_bytes = 0;
  env->random(env->state, seed, sizeof seed);
  if (EVP_Digest(seed, sizeof seed, digest, &digest_bytes, EVP_sha256(), NULL) != 1) return 0;
  return db_insert(db, ADD, sql_text(new_public_id(arena, env)), sql_text(about->name), sql_text(about->image_url),
                   sql_int(about->date_ms), sql_text(about->venue), sql_text(about->gates_open_time),
                   sql_text(about->about), sql_text(about->languages), sql_text(about->organized_by),
                   sql_text(concert->currency.length > 0 ? concert->currency : STR("inr")), sql_int(concert->hall_id),
                   sql_int(now_ms), sql_int(concert->opens_at), sql_text(ids_hex(arena, seed, sizeof seed)),
                   sql_text(ids_hex(arena, digest, digest_bytes)));
}

// In a hall: the type of that name and its vacant seats. False when the hall has none of it.
static bool find_type(Db *db, int64_t hall_id, Str name, int64_t *type_id, int64_t *vacant) {
  static const char FIND[] =
      "SELECT t.id, count(*) FILTER (WHERE s.status = 0) FROM seats s JOIN seat_types t ON t.id = s.seat_type_id"
      " WHERE s.hall_id = $1 AND t.name = $2 GROUP BY t.id";
  Rows rows = db_rows(db, FIND, sql_int(hall_id), sql_text(name));
  if (!rows_next(&rows)) return false;
  *type_id = rows_int(&rows, 0);
  *vacant = rows_int(&rows, 1);
  rows_end(&rows);
  return true;
}

static Error add_category(Db *db, Arena *arena, const Env *env, const NewConcert *concert, int64_t concert_id,
                          const NewCategory *category) {
  static const char ADD[] =
      "INSERT INTO categories(public_id, concert_id, name, price, seat_type_id, total_seats, available_seats)"
      " VALUES($1, $2, $3, $4, nullif($5, 0), $6, $6)";
  int64_t type_id = 0;
  int64_t seats = category->seats;
  if (concert->hall_id > 0 && !find_type(db, concert->hall_id, category->name, &type_id, &seats)) {
    return ERR_CATEGORY_NOT_FOUND;
  }
  bool added = db_run(db, ADD, sql_text(new_public_id(arena, env)), sql_int(concert_id), sql_text(category->name),
                      sql_int(category->price), sql_int(type_id), sql_int(seats));
  return added ? ERR_NONE : ERR_INTERNAL;
}

static Error check_hall(Db *db, int64_t hall_id) {
  static const char HALL[] = "SELECT 1 FROM halls WHERE id = $1";
  static const char ON_SALE[] = "SELECT 1 FROM concerts WHERE hall_id = $1 AND closed = 0";
  if (hall_id == 0) return ERR_NONE;
  if (db_int(db, HALL, 0, sql_int(hall_id)) == 0) return ERR_HALL_NOT_FOUND;
  return db_int(db, ON_SALE, 0, sql_int(hall_id)) == 0 ? ERR_NONE : ERR_HALL_ON_SALE;
}

Error concert_add(Db *db, Arena *arena, const Env *env, const NewConcert *concert, int64_t now_ms,
                  int64_t *concert_id) {
  Error error = check_hall(db, concert->hall_id);
  if (error != ERR_NONE) return error;
  *concert_id = add_row(db, arena, env, concert, now_ms);
  if (*concert_id == 0) return ERR_INTERNAL;
  for (size_t i = 0; error == ERR_NONE && i < concert->category_count; i++) {
    error = add_category(db, arena, env, concert, *concert_id, &concert->categories[i]);
  }
  return error;
}
