// What can be watched of a concert: the "now serving" of its line and what is left. The figures are the waiting room's,
// in memory; an event only says that they have changed, and people who come and go without one are noticed by looking.
#include "subscriptions/concert.h"

#include <stdlib.h>

#include "models/concert.h"
#include "models/waiting_room.h"

enum { FRAME_SPACE_MS = 1000 };

typedef struct ConcertPicture {
  Arena scratch;
  int64_t concert_id;
  int64_t seq;      // the last event of the concert
  int64_t version;  // counts the changes
  int64_t max_active;
  Env env;
  SaleState state;  // as it was looked at last, with the figures below
  uint64_t waiting;
  uint64_t active;
  int64_t rate;
} ConcertPicture;

static bool read_sale(ConcertPicture *picture, Sale *sale) {
  arena_reset(&picture->scratch);
  return waiting_room_sale(picture->concert_id, picture->env.now_ms(picture->env.state), &picture->scratch, sale);
}

static void note(ConcertPicture *picture, const Sale *sale) {
  picture->state = sale->state;
  picture->waiting = sale->waiting;
  picture->active = sale->active;
  picture->rate = sale->rate;
}

static void free_picture(void *of) {
  ConcertPicture *picture = of;
  arena_free(&picture->scratch);
  free(picture);
}

static Error load(Call *call, int64_t key, void **out) {
  static const char SEQ[] = "SELECT coalesce(max(seq), 0) FROM events WHERE topic = $1";
  ConcertPicture *picture = calloc(1, sizeof *picture);
  Sale sale;
  if (picture == NULL) return ERR_INTERNAL;
  picture->concert_id = key;
  picture->env = call->env;
  picture->max_active = call->config->max_active_users;
  picture->seq = db_int(call->db, SEQ, 0, sql_text(concert_topic(&call->arena, key)));
  waiting_room_know(call, key);
  if (db_failed(call->db) || !read_sale(picture, &sale)) {
    free_picture(picture);
    return db_failed(call->db) ? ERR_INTERNAL : ERR_CONCERT_NOT_FOUND;
  }
  note(picture, &sale);
  *out = picture;
  return ERR_NONE;
}

static bool follows(const Event *event, int64_t *key) {
  return concert_of_topic(event->topic, key);
}

// The figures are whole and of now, so one event does for those before it.
static TopicApplied apply(void *of, const Event *event) {
  ConcertPicture *picture = of;
  if (event->seq <= picture->seq) return TOPIC_OLD;
  Sale sale;
  if (read_sale(picture, &sale)) note(picture, &sale);  // everybody will be told, not once more at the next look
  picture->seq = event->seq;
  ++picture->version;
  return TOPIC_APPLIED;
}

static bool look(void *of) {
  ConcertPicture *picture = of;
  Sale sale;
  if (!read_sale(picture, &sale)) return false;
  bool same = sale.state == picture->state && sale.waiting == picture->waiting && sale.active == picture->active &&
              sale.rate == picture->rate;
  note(picture, &sale);
  if (!same) ++picture->version;
  return !same;
}

static int64_t version(const void *picture) {
  return ((const ConcertPicture *)picture)->version;
}

static void write_categories(Text *out, const Sale *sale) {
  json_open(out, '[');
  for (size_t i = 0; i < sale->category_count; i++) {
    const SaleCategory *category = &sale->categories[i];
    json_open(out, '{');
    json_put_str(out, "id", (Str){category->public_id, sizeof category->public_id});
    json_put_int(out, "totalSeats", category->total_seats);
    json_put_int(out, "availableSeats", category->available_seats);
    json_close(out, '}');
  }
  json_close(out, ']');
}

static void snapshot(void *of, TopicForm form, Text *out) {
  ConcertPicture *picture = of;
  Sale sale = {0};
  (void)form;
  read_sale(picture, &sale);
  json_open(out, '{');
  json_put_int(out, "id", picture->concert_id);
  json_put_int(out, "seq", picture->seq);
  json_name(out, "sale");
  sale_write(out, &sale, picture->max_active);
  json_name(out, "categories");
  write_categories(out, &sale);
  json_close(out, '}');
}

// An update is the whole again: it is small, and the same for all.
static TopicPart update(void *of, TopicForm form, int64_t since, uint32_t part, Text *out) {
  (void)since;
  (void)part;
  snapshot(of, form, out);
  return TOPIC_LAST_PART;
}

const TopicKind concert_topic_kind = {.name = "concert",
                                      .follows = follows,
                                      .load = load,
                                      .apply = apply,
                                      .snapshot = snapshot,
                                      .update = update,
                                      .seq = version,
                                      .local_seq = true,
                                      .space_ms = FRAME_SPACE_MS,
                                      .poll = look,
                                      .free = free_picture};
