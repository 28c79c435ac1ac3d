// The picture of a hall: what it shows of the tables, what events make of it, and what it still knows of the past.
#include "subscriptions/hall.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/invariants.h"
#include "support/pictures.h"
#include "support/venue.h"

static const TopicKind *const kind = &hall_topic_kind;
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

static void load(Rig *rig, int64_t hall_id) {
  if (picture != NULL) kind->free(picture);
  assert_int_equal(pictures_load(rig, kind, hall_id, &picture), ERR_NONE);
  pictures_forget_events();
}

static const char *text_of(Rig *rig, Str text) {
  return rig_zero(rig, text);
}

static void test_a_snapshot_is_the_whole_hall(void **state) {
  Rig *rig = *state;
  pictures_set_seats(rig, &venue_anna, VENUE_OTHER_HALL, "7", "RESERVED");
  load(rig, VENUE_OTHER_HALL);
  Text expected = {.arena = &rig->arena};
  text_format(
      &expected,
      "{\"id\":2,\"created_at\":\"2026-11-21T07:00:00.000Z\",\"cinema_id\":1,\"name\":\"Other\",\"rows\":1,"
      "\"places\":1,\"plan\":\"%s\",\"seq\":1,\"seats\":[{\"id\":7,\"row\":1,\"place\":1,\"status\":\"RESERVED\","
      "\"x\":0,\"y\":0,\"width\":30,\"height\":30,\"rotation\":0,\"seat_type\":{\"id\":2,\"name\":\"VIP\"},"
      "\"updated_at\":\"2026-11-21T07:00:00.000Z\"}],\"seat_types\":[{\"id\":2,\"name\":\"VIP\","
      "\"seats_count\":1,\"seats\":{\"VACANT\":0,\"RESERVED\":1,\"OCCUPIED\":0,\"MAINTENANCE\":0}}]}",
      rig_text(rig, "SELECT plan_hash FROM halls WHERE id = 2"));
  assert_string_equal(text_of(rig, pictures_snapshot(rig, kind, picture, TOPIC_JSON)),
                      text_of(rig, text_str(&expected)));
}

static void test_a_hall_that_is_not_there_is_not_found(void **state) {
  Rig *rig = *state;
  assert_int_equal(pictures_load(rig, kind, 99, &picture), ERR_HALL_NOT_FOUND);
  assert_null(picture);
}

static void test_an_update_has_the_changed_seats_and_whole_counters(void **state) {
  Rig *rig = *state;
  TopicPart part;
  load(rig, VENUE_HALL);
  pictures_set_seats(rig, &venue_anna, VENUE_HALL, "1,5", "RESERVED");
  rig_pass(rig, 1000);
  pictures_set_seats(rig, &venue_anna, VENUE_HALL, "1", "VACANT");
  assert_int_equal(pictures_apply_kept(kind, picture), TOPIC_APPLIED);
  Str update = pictures_update(rig, kind, picture, TOPIC_JSON, 0, 0, &part);
  assert_int_equal(part, TOPIC_LAST_PART);
  assert_string_equal(
      text_of(rig, update),
      "{\"id\":1,\"since\":0,\"seq\":2,\"seats\":[{\"id\":5,\"status\":\"RESERVED\",\"updated_at\":"
      "\"2026-11-21T07:00:00.000Z\"},{\"id\":1,\"status\":\"VACANT\",\"updated_at\":\"2026-11-21T07:00:01.000Z\"}],"
      "\"seat_types\":[{\"id\":1,\"seats\":{\"VACANT\":4,\"RESERVED\":0,\"OCCUPIED\":0,\"MAINTENANCE\":0}},"
      "{\"id\":2,\"seats\":{\"VACANT\":1,\"RESERVED\":1,\"OCCUPIED\":0,\"MAINTENANCE\":0}}]}");
  update = pictures_update(rig, kind, picture, TOPIC_JSON, 2, 0, &part);
  assert_string_equal(text_of(rig, update), "{\"id\":1,\"since\":2,\"seq\":2,\"seats\":[],\"seat_types\":[]}");
  assert_int_equal(part, TOPIC_LAST_PART);
  pictures_update(rig, kind, picture, TOPIC_JSON, 3, 0, &part);
  assert_int_equal(part, TOPIC_UNKNOWN);
}

static void test_the_binary_form_is_the_one_that_is_described(void **state) {
  Rig *rig = *state;
  TopicPart part;
  load(rig, VENUE_HALL);
  pictures_set_seats(rig, &venue_staff, VENUE_HALL, "1", "MAINTENANCE");
  pictures_set_seats(rig, &venue_staff, VENUE_HALL, "6", "OCCUPIED");
  pictures_set_seats(rig, &venue_staff, VENUE_HALL, "3", "RESERVED");
  assert_int_equal(pictures_apply_kept(kind, picture), TOPIC_APPLIED);
  Text expected = {.arena = &rig->arena};
  Text hex = {.arena = &rig->arena};
  Str bytes = pictures_snapshot(rig, kind, picture, TOPIC_BINARY);
  text_hex(&hex, bytes.at, bytes.length);
  text_format(&expected,
              "01000000"
              "0300000000000000"
              "0000000000000000"
              "06000000"
              "%s"
              "1308",
              rig_text(rig, "SELECT plan_hash FROM halls WHERE id = 1"));
  assert_string_equal(text_of(rig, text_str(&hex)), text_of(rig, text_str(&expected)));
  hex.length = 0;
  bytes = pictures_update(rig, kind, picture, TOPIC_BINARY, 1, 0, &part);
  text_hex(&hex, bytes.at, bytes.length);
  assert_int_equal(part, TOPIC_LAST_PART);
  assert_string_equal(text_of(rig, text_str(&hex)),
                      "01000000"
                      "0300000000000000"
                      "0100000000000000"
                      "02000000"
                      "16000000"
                      "09000000");
}

static void test_events_come_in_one_after_another(void **state) {
  Rig *rig = *state;
  load(rig, VENUE_HALL);
  Event event = {.topic = STR("hall:1"),
                 .seq = 2,
                 .kind = STR("seats"),
                 .payload = STR("{\"to\":\"RESERVED\",\"by\":1,\"seats\":[1],\"from\":[\"VACANT\"]}")};
  assert_int_equal(kind->apply(picture, &event), TOPIC_GAP);
  event.seq = 1;
  assert_int_equal(kind->apply(picture, &event), TOPIC_APPLIED);
  assert_int_equal(kind->apply(picture, &event), TOPIC_OLD);
  static const char *const senseless[] = {"{",
                                          "{}",
                                          "[]",
                                          "{\"to\":\"TAKEN\",\"seats\":[1]}",
                                          "{\"to\":\"RESERVED\",\"seats\":[7]}",
                                          "{\"to\":\"RESERVED\"}"};
  event.seq = 2;
  for (size_t i = 0; i < sizeof senseless / sizeof senseless[0]; i++) {
    load(rig, VENUE_HALL);
    event.seq = 1;
    event.payload = str_from(senseless[i]);
    assert_int_equal(kind->apply(picture, &event), TOPIC_GAP);
  }
}

static void test_only_events_of_halls_are_followed_each_by_its_own(void **state) {
  int64_t key;
  (void)state;
  assert_true(kind->follows(&(Event){.topic = STR("hall:17")}, &key));
  assert_int_equal(key, 17);
  static const char *const others[] = {"hall:", "hall:x", "hall", "halls:1", "session", ""};
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
    assert_false(kind->follows(&(Event){.topic = str_from(others[i])}, &key));
}

// Law 8 of what must hold: after quiet, a picture that followed the events equals the tables.
static void test_a_picture_that_followed_many_changes_equals_the_tables(void **state) {
  static const char *const statuses[] = {"VACANT", "RESERVED", "OCCUPIED", "MAINTENANCE"};
  const Identity *const people[] = {&venue_anna, &venue_staff, &venue_bert, &venue_staff};
  Rig *rig = *state;
  uint32_t dice = 1;
  load(rig, VENUE_HALL);
  void *followed = picture;
  picture = NULL;
  for (int i = 0; i < 1800; i++) {
    char seats[32];
    dice = dice * 1103515245 + 12345;
    uint32_t thrown = dice >> 8;
    uint32_t first = thrown % 5 + 1;
    snprintf(seats, sizeof seats, thrown & 1024 ? "%u" : "%u,%u", first, first + 1);
    rig_pass(rig, thrown % 50);
    pictures_try_seats(rig, people[thrown / 7 % 4], VENUE_HALL, seats, statuses[thrown / 64 % 4]);
  }
  assert_int_equal(pictures_apply_kept(kind, followed), TOPIC_APPLIED);
  load(rig, VENUE_HALL);
  assert_int_equal(kind->seq(followed), rig_int(rig, "SELECT max(seq) FROM events"));
  for (int form = 0; form < TOPIC_FORMS; form++) {
    Str by_events = pictures_snapshot(rig, kind, followed, (TopicForm)form);
    assert_true(str_equal(by_events, pictures_snapshot(rig, kind, picture, (TopicForm)form)));
  }
  // What both know of the last changes is the same too, and what nobody knows any more is not made up.
  TopicPart part;
  int64_t seq = kind->seq(picture);
  assert_true(seq > 530);
  Str by_events = pictures_update(rig, kind, followed, TOPIC_JSON, seq - 400, 0, &part);
  assert_int_equal(part, TOPIC_LAST_PART);
  assert_true(str_equal(by_events, pictures_update(rig, kind, picture, TOPIC_JSON, seq - 400, 0, &part)));
  pictures_update(rig, kind, picture, TOPIC_JSON, 0, 0, &part);
  assert_int_equal(part, TOPIC_UNKNOWN);
  kind->free(followed);
}

static void test_viewers_are_counted_and_told_when_their_number_changes(void **state) {
  Rig *rig = *state;
  void *viewers;
  TopicPart part;
  assert_int_equal(pictures_load(rig, &viewers_topic_kind, 99, &viewers), ERR_HALL_NOT_FOUND);
  kind->watched(VENUE_HALL, 1);
  assert_int_equal(pictures_load(rig, &viewers_topic_kind, VENUE_HALL, &viewers), ERR_NONE);
  assert_string_equal(text_of(rig, pictures_snapshot(rig, &viewers_topic_kind, viewers, TOPIC_JSON)),
                      "{\"id\":1,\"viewers\":1}");
  assert_false(viewers_topic_kind.poll(viewers));
  kind->watched(VENUE_HALL, 1);
  kind->watched(VENUE_OTHER_HALL, 1);
  assert_true(viewers_topic_kind.poll(viewers));
  assert_string_equal(text_of(rig, pictures_update(rig, &viewers_topic_kind, viewers, TOPIC_JSON, 0, 0, &part)),
                      "{\"id\":1,\"viewers\":2}");
  kind->watched(VENUE_HALL, -2);
  kind->watched(VENUE_OTHER_HALL, -1);
  assert_true(viewers_topic_kind.poll(viewers));
  viewers_topic_kind.free(viewers);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_a_snapshot_is_the_whole_hall),
      CASE(test_a_hall_that_is_not_there_is_not_found),
      CASE(test_an_update_has_the_changed_seats_and_whole_counters),
      CASE(test_the_binary_form_is_the_one_that_is_described),
      CASE(test_events_come_in_one_after_another),
      CASE(test_only_events_of_halls_are_followed_each_by_its_own),
      CASE(test_a_picture_that_followed_many_changes_equals_the_tables),
      CASE(test_viewers_are_counted_and_told_when_their_number_changes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
