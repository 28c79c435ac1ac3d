// The picture of a concert: its sale and its stock, as the waiting room's memory has them.
#include "subscriptions/concert.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "support/onsale.h"
#include "support/pictures.h"

static const TopicKind *const kind = &concert_topic_kind;
static void *picture;

static int begin(void **state) {
  onsale_setup(state);
  Rig *rig = *state;
  rig->settings.event = pictures_keep_event;
  pictures_forget_events();
  assert_int_equal(pictures_load(rig, kind, ONSALE_CONCERT, &picture), ERR_NONE);
  return 0;
}

static int end(void **state) {
  kind->free(picture);
  pictures_forget_events();
  return onsale_teardown(state);
}

static const char *snapshot(Rig *rig) {
  return rig_zero(rig, pictures_snapshot(rig, kind, picture, TOPIC_JSON));
}

static void test_a_snapshot_has_the_sale_and_what_is_left(void **state) {
  Rig *rig = *state;
  onsale_join(rig, 1);
  assert_string_equal(
      snapshot(rig),
      "{\"id\":1,\"seq\":0,\"sale\":{\"state\":\"waiting\",\"opensAt\":\"2026-11-21T08:00:00.000Z\",\"seedHash\":"
      "\"630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd\",\"seed\":null,\"waiting\":1,\"active\":0,"
      "\"admitted\":0,\"ratePerMinute\":null,\"notice\":\"\",\"maxActive\":2},\"categories\":["
      "{\"id\":\"0000000000000000000000c1\",\"totalSeats\":5,\"availableSeats\":5},"
      "{\"id\":\"0000000000000000000000c2\",\"totalSeats\":20,\"availableSeats\":20}]}");
}

static void test_there_is_no_picture_of_a_concert_that_is_not_there(void **state) {
  Rig *rig = *state;
  void *none;
  assert_int_equal(pictures_load(rig, kind, 77, &none), ERR_CONCERT_NOT_FOUND);
}

static void test_a_concert_that_another_process_made_can_be_watched_at_once(void **state) {
  Rig *rig = *state;
  void *later;
  rig_run(rig,
          "INSERT INTO concerts(public_id, name, date, created_at, opens_at, seed, seed_hash)"
          " SELECT '00000000000000000000000b', 'Later', date, created_at, 0, seed, seed_hash FROM concerts");
  assert_int_equal(pictures_load(rig, kind, 2, &later), ERR_NONE);
  const char *shown = rig_zero(rig, pictures_snapshot(rig, kind, later, TOPIC_JSON));
  assert_non_null(strstr(shown, "\"id\":2,\"seq\":0,\"sale\":{\"state\":"));
  assert_non_null(strstr(shown, "\"opensAt\":\"1970-01-01T00:00:00.000Z\""));
  kind->free(later);
}

static void test_the_opening_and_each_admission_are_told(void **state) {
  Rig *rig = *state;
  TopicPart part;
  for (int64_t user_id = 1; user_id <= 5; user_id++) onsale_join(rig, user_id);
  int64_t since = kind->seq(picture);
  onsale_open(rig);
  assert_int_equal(pictures_apply_kept(kind, picture), TOPIC_APPLIED);
  assert_true(kind->seq(picture) > since);
  const char *update = rig_zero(rig, pictures_update(rig, kind, picture, TOPIC_JSON, since, 0, &part));
  assert_int_equal(part, TOPIC_LAST_PART);
  assert_non_null(strstr(update, "\"seq\":1,\"sale\":{\"state\":\"open\""));
  assert_non_null(strstr(update, "\"waiting\":3,\"active\":2,\"admitted\":2"));
}

static void test_people_who_only_come_and_go_are_noticed_by_looking(void **state) {
  Rig *rig = *state;
  assert_false(kind->poll(picture));
  onsale_join(rig, 1);
  assert_true(kind->poll(picture));
  assert_false(kind->poll(picture));
  snapshot(rig);  // for somebody new: those who watch already have yet to be told of what it shows
  onsale_join(rig, 2);
  snapshot(rig);
  assert_true(kind->poll(picture));
}

static void test_an_old_event_changes_nothing(void **state) {
  Rig *rig = *state;
  onsale_join(rig, 1);
  onsale_open(rig);
  assert_int_equal(pictures_apply_kept(kind, picture), TOPIC_APPLIED);
  int64_t version = kind->seq(picture);
  Event old = {.topic = STR("concert:1"), .seq = 1};
  assert_int_equal(kind->apply(picture, &old), TOPIC_OLD);
  assert_int_equal(kind->seq(picture), version);
  int64_t key = 0;
  assert_true(kind->follows(&old, &key));
  assert_int_equal(key, 1);
  assert_false(kind->follows(&(Event){.topic = STR("hall:1")}, &key));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_a_snapshot_has_the_sale_and_what_is_left),
      CASE(test_there_is_no_picture_of_a_concert_that_is_not_there),
      CASE(test_a_concert_that_another_process_made_can_be_watched_at_once),
      CASE(test_the_opening_and_each_admission_are_told),
      CASE(test_people_who_only_come_and_go_are_noticed_by_looking),
      CASE(test_an_old_event_changes_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
