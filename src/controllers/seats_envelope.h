// The seats door's envelope around its messages on the WebSocket (seats contract, 2.6). Pure.
#ifndef FOYER_CONTROLLERS_SEATS_ENVELOPE_H
#define FOYER_CONTROLLERS_SEATS_ENVELOPE_H

#include "core/topic.h"
#include "shared/json.h"

typedef struct SeatsRequest {
  Str type;
  const Json *data;  // a JSON null where the message has one
  Str eid;           // empty when there is none that could be echoed
} SeatsRequest;

// Reads a message. On an error, request->eid is the eid to echo: the message's, where it had a usable one and a type.
Error seats_envelope_read(Arena *arena, Str payload, size_t data_bytes_max, SeatsRequest *request);

// An eid on the wire: a non-empty string or a number other than 0, as text. False: neither, or longer than we echo.
bool seats_envelope_eid(Arena *arena, const Json *value, Str *eid);

// Writes a message around `body`: for TOPIC_JSON the JSON envelope, for TOPIC_BINARY the head of
// docs/wire_additions.md.
void seats_envelope(Text *out, TopicForm form, TopicStatus status, const char *type, Str eid, int64_t now_ms, Str body);
// Writes an error. `type` may be NULL; `details` is JSON for `data`, null when empty.
void seats_envelope_error(Text *out, const char *type, Str eid, int64_t now_ms, Error error, Str details);

#endif
