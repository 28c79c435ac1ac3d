// Pictures of subscriptions in a test's own hands.
#include "support/pictures.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "methods/hall.h"

typedef struct Loading {
  const TopicKind *kind;
  int64_t key;
  void *picture;
} Loading;

static Loading loading;  // a test loads one at a time

static Error run_load(Call *call, const void *input) {
  (void)input;
  return loading.kind->load(call, loading.key, &loading.picture);
}

static const Method load_method = {.name = "load", .reads_only = true, .run = run_load};

Error pictures_load(Rig *rig, const TopicKind *kind, int64_t key, void **picture) {
  loading = (Loading){.kind = kind, .key = key};
  Answer answer = rig_call(rig, &load_method, NULL, NULL);
  *picture = loading.picture;
  return answer.error;
}

Str pictures_snapshot(Rig *rig, const TopicKind *kind, void *picture, TopicForm form) {
  Text out = {.arena = &rig->arena};
  kind->snapshot(picture, form, &out);
  return text_str(&out);
}

Str pictures_update(Rig *rig, const TopicKind *kind, void *picture, TopicForm form, int64_t since, uint32_t part,
                    TopicPart *part_kind) {
  Text out = {.arena = &rig->arena};
  *part_kind = kind->update(picture, form, since, part, &out);
  return text_str(&out);
}

Error pictures_try_seats(Rig *rig, const Identity *who, int64_t hall_id, const char *seat_ids, const char *status) {
  Text json = {.arena = &rig->arena};
  text_format(&json, "{\"hall_id\":%lld,\"seat_ids\":[%s],\"status\":\"%s\"}", (long long)hall_id, seat_ids, status);
  return rig_call(rig, &hall_update_seats_status, who, rig_zero(rig, text_str(&json))).error;
}

void pictures_set_seats(Rig *rig, const Identity *who, int64_t hall_id, const char *seat_ids, const char *status) {
  assert_string_equal(error_code(pictures_try_seats(rig, who, hall_id, seat_ids, status)), "");
}

enum { KEPT_MAX = 3000 };
static Arena kept_arena;
static Event kept[KEPT_MAX];
static size_t kept_count;

void pictures_keep_event(Loop *loop, const Event *event) {
  if (loop->number != 0) return;
  assert_true(kept_count < KEPT_MAX);
  Event *copy = &kept[kept_count++];
  *copy = *event;
  copy->next = NULL;
  copy->topic = str_copy(&kept_arena, event->topic);
  copy->kind = str_copy(&kept_arena, event->kind);
  copy->payload = str_copy(&kept_arena, event->payload);
}

void pictures_forget_events(void) {
  kept_count = 0;
  arena_free(&kept_arena);
}

TopicApplied pictures_apply_kept(const TopicKind *kind, void *picture) {
  TopicApplied applied = TOPIC_OLD;
  int64_t key;
  for (size_t i = 0; i < kept_count; i++) {
    if (kind->follows(&kept[i], &key)) applied = kind->apply(picture, &kept[i]);
  }
  pictures_forget_events();
  return applied;
}
