// The picture of the cinemas: their halls and counters, and what events of halls make of them.
#include "subscriptions/cinema.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "support/invariants.h"
#include "support/pictures.h"
#include "support/venue.h"

static const TopicKind *const kind = &cinemas_topic_kind;
static void *picture;

static int begin(void **state) {
  Rig *rig = rig_open(&(RigSettings){.event = pictures_keep_event});
  venue_add(rig);
  *state = rig;
  picture = NULL;
  return 0;
}

static int end(void **state) {
  if (picture != NULL) kind->free(picture);
  pictures_forget_events();
  return invariants_teardown(state);
}

static void load(Rig *rig) {
  if (picture != NULL) kind->free(picture);
  assert_int_equal(pictures_load(rig, kind, 0, &picture), ERR_NONE);
  pictures_forget_events();
}

static const char *snapshot(Rig *rig, void *of) {
  return rig_zero(rig, pictures_snapshot(rig, kind, of, TOPIC_JSON));
}

static void test_a_snapshot_has_the_cinemas_with_their_halls_and_counters(void **state) {
  Rig *rig = *state;
  pictures_set_seats(rig, &venue_anna, VENUE_HALL, "1,2", "RESERVED");
  load(rig);
  Text expected = {.arena = &rig->arena};
  text_format(
      &expected,
      "[{\"id\":1,\"name\":\"Grand\",\"color\":\"#FF4500\",\"created_at\":\"2026-11-21T07:00:00.000Z\",\"halls\":["
      "{\"id\":1,\"name\":\"Small\",\"rows\":2,\"places\":3,\"plan\":\"%s\",\"seats_count\":{\"VACANT\":4,"
      "\"RESERVED\":2,\"OCCUPIED\":0,\"MAINTENANCE\":0}},"
      "{\"id\":2,\"name\":\"Other\",\"rows\":1,\"places\":1,\"plan\":\"%s\",\"seats_count\":{\"VACANT\":1,"
      "\"RESERVED\":0,\"OCCUPIED\":0,\"MAINTENANCE\":0}}]}]",
      rig_text(rig, "SELECT plan_hash FROM halls WHERE id = 1"),
      rig_text(rig, "SELECT plan_hash FROM halls WHERE id = 2"));
  assert_string_equal(snapshot(rig, picture), rig_zero(rig, text_str(&expected)));
}

static void test_cinemas_without_halls_come_last(void **state) {
  Rig *rig = *state;
  rig_run(rig, "INSERT INTO cinemas(id, name, color, created_at) VALUES(5, 'Full', '#000000', 0)");
  rig_run(rig, "UPDATE halls SET cinema_id = 5");
  load(rig);
  const Json *root = json_parse(&rig->arena, pictures_snapshot(rig, kind, picture, TOPIC_JSON), NULL);
  int64_t id = 0;
  assert_int_equal(json_count(root), 2);
  assert_true(json_int(json_get(json_first(root), "id"), &id));
  assert_int_equal(id, 5);
  assert_int_equal(json_count(json_get(json_next(json_first(root)), "halls")), 0);
}

static void test_an_update_has_the_changed_halls_of_a_cinema_with_whole_counters(void **state) {
  Rig *rig = *state;
  TopicPart part;
  load(rig);
  int64_t since = kind->seq(picture);
  pictures_set_seats(rig, &venue_anna, VENUE_HALL, "1,2", "RESERVED");
  pictures_set_seats(rig, &venue_anna, VENUE_HALL, "1", "VACANT");
  assert_int_equal(pictures_apply_kept(kind, picture), TOPIC_APPLIED);
  assert_string_equal(rig_zero(rig, pictures_update(rig, kind, picture, TOPIC_JSON, since, 0, &part)),
                      "{\"id\":1,\"halls\":[{\"id\":1,\"seats_count\":{\"VACANT\":5,\"RESERVED\":1,\"OCCUPIED\":0,"
                      "\"MAINTENANCE\":0}}]}");
  assert_int_equal(part, TOPIC_LAST_PART);
  assert_true(kind->seq(picture) > since);
}

static void test_changes_of_several_cinemas_are_a_message_each(void **state) {
  Rig *rig = *state;
  TopicPart part;
  rig_run(rig, "INSERT INTO cinemas(id, name, color, created_at) VALUES(2, 'Second', '#000000', 0)");
  rig_run(rig, "UPDATE halls SET cinema_id = 2 WHERE id = 2");
  load(rig);
  int64_t since = kind->seq(picture);
  pictures_set_seats(rig, &venue_anna, VENUE_HALL, "1", "RESERVED");
  pictures_set_seats(rig, &venue_anna, VENUE_OTHER_HALL, "7", "RESERVED");
  assert_int_equal(pictures_apply_kept(kind, picture), TOPIC_APPLIED);
  Str first = pictures_update(rig, kind, picture, TOPIC_JSON, since, 0, &part);
  assert_int_equal(part, TOPIC_MORE_PARTS);
  assert_true(str_starts(first, STR("{\"id\":1,\"halls\":[{\"id\":1,")));
  Str second = pictures_update(rig, kind, picture, TOPIC_JSON, since, 1, &part);
  assert_int_equal(part, TOPIC_LAST_PART);
  assert_true(str_starts(second, STR("{\"id\":2,\"halls\":[{\"id\":2,")));
}

static void test_an_event_that_cannot_be_the_next_is_a_gap(void **state) {
  Rig *rig = *state;
  load(rig);
  Event event = {.topic = STR("hall:1"),
                 .seq = 2,
                 .kind = STR("seats"),
                 .payload = STR("{\"to\":\"RESERVED\",\"by\":1,\"seats\":[1],\"from\":[\"VACANT\"]}")};
  assert_int_equal(kind->apply(picture, &event), TOPIC_GAP);
  event.seq = 1;
  assert_int_equal(kind->apply(picture, &event), TOPIC_APPLIED);
  assert_int_equal(kind->apply(picture, &event), TOPIC_OLD);
  event.topic = STR("hall:3");  // made since
  assert_int_equal(kind->apply(picture, &event), TOPIC_GAP);
}

static void test_a_picture_that_followed_many_changes_equals_the_tables(void **state) {
  static const char *const statuses[] = {"VACANT", "RESERVED", "OCCUPIED", "MAINTENANCE"};
  Rig *rig = *state;
  load(rig);
  for (int i = 0; i < 60; i++) {
    const char *seats[] = {"1", "2,3", "4,5,6", "7"};
    int hall = i % 4 == 3 ? VENUE_OTHER_HALL : VENUE_HALL;
    pictures_try_seats(rig, &venue_staff, hall, seats[i % 4], statuses[i * 7 / 4 % 4]);
  }
  assert_int_equal(pictures_apply_kept(kind, picture), TOPIC_APPLIED);
  const char *followed = snapshot(rig, picture);
  load(rig);
  assert_string_equal(followed, snapshot(rig, picture));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_a_snapshot_has_the_cinemas_with_their_halls_and_counters),
      CASE(test_cinemas_without_halls_come_last),
      CASE(test_an_update_has_the_changed_halls_of_a_cinema_with_whole_counters),
      CASE(test_changes_of_several_cinemas_are_a_message_each),
      CASE(test_an_event_that_cannot_be_the_next_is_a_gap),
      CASE(test_a_picture_that_followed_many_changes_equals_the_tables),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
