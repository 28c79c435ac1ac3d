// The messages of the seats door's WebSocket: one row each.
#ifndef FOYER_CONTROLLERS_SEATS_MESSAGES_H
#define FOYER_CONTROLLERS_SEATS_MESSAGES_H

#include "core/call.h"

typedef enum SeatsAction {
  SEATS_CALL,
  SEATS_ANSWER,
  SEATS_SUBSCRIBE,
  SEATS_UNSUBSCRIBE,
  SEATS_USER_SUBSCRIBE,
  SEATS_ACCOUNT_SUBSCRIBE
} SeatsAction;

typedef struct SeatsMessage {
  const char *type;  // on the wire
  SeatsAction action;
  const Method *method;  // SEATS_CALL: runs it
  const char *topic;     // SEATS_ANSWER, SEATS_SUBSCRIBE: of this kind
  bool keyed;            // the topic's key is data.id
  const char *channel;   // SEATS_UNSUBSCRIBE: ends a subscription of this type
} SeatsMessage;

const SeatsMessage *seats_message_find(Str type);  // NULL: unknown

#endif
