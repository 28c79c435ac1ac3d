// The messages of the seats door's WebSocket.
#include "controllers/seats_messages.h"

#include "methods/hall.h"

static const char cinemas_channel[] = "cinemas.subscribe";
static const char hall_channel[] = "hall.subscribe";
static const char viewers_channel[] = "viewers.subscribe";
static const char concert_channel[] = "concert.subscribe";
static const char user_channel[] = "user.subscribe";
static const char account_channel[] = "account.subscribe";

static const SeatsMessage messages[] = {
    {.type = "hall.update_seat_status", .action = SEATS_CALL, .method = &hall_update_seat_status},
    {.type = "hall.update_seats_status", .action = SEATS_CALL, .method = &hall_update_seats_status},
    {.type = "hall.my_seats", .action = SEATS_CALL, .method = &hall_my_seats},
    {.type = "cinemas.get_cinemas", .action = SEATS_ANSWER, .topic = "cinemas"},
    {.type = "cinema.get_cinemas", .action = SEATS_ANSWER, .topic = "cinemas"},
    {.type = cinemas_channel, .action = SEATS_SUBSCRIBE, .topic = "cinemas"},
    {.type = hall_channel, .action = SEATS_SUBSCRIBE, .topic = "hall", .keyed = true},
    {.type = viewers_channel, .action = SEATS_SUBSCRIBE, .topic = "viewers", .keyed = true},
    {.type = concert_channel, .action = SEATS_SUBSCRIBE, .topic = "concert", .keyed = true},
    {.type = user_channel, .action = SEATS_USER_SUBSCRIBE},
    {.type = account_channel, .action = SEATS_ACCOUNT_SUBSCRIBE},
    {.type = "cinemas.unsubscribe", .action = SEATS_UNSUBSCRIBE, .channel = cinemas_channel},
    {.type = "hall.unsubscribe", .action = SEATS_UNSUBSCRIBE, .channel = hall_channel},
    {.type = "viewers.unsubscribe", .action = SEATS_UNSUBSCRIBE, .channel = viewers_channel},
    {.type = "concert.unsubscribe", .action = SEATS_UNSUBSCRIBE, .channel = concert_channel},
    {.type = "user.unsubscribe", .action = SEATS_UNSUBSCRIBE, .channel = user_channel},
    {.type = "account.unsubscribe", .action = SEATS_UNSUBSCRIBE, .channel = account_channel},
};

const SeatsMessage *seats_message_find(Str type) {
  for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
    if (str_equal(type, str_from(messages[i].type))) return &messages[i];
  }
  return NULL;
}
