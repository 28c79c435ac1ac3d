// The seats door's envelope around its messages.
#include "controllers/seats_envelope.h"

#include <math.h>

static const char *const status_words[] = {"snapshot", "update", "success"};

bool seats_envelope_eid(Arena *arena, const Json *value, Str *eid) {
  double number;
  if (json_str(value, eid)) return eid->length > 0 && eid->length <= TOPIC_EID_MAX_BYTES;
  if (!json_double(value, &number) || number == 0 || !isfinite(number)) return false;
  Text text = {.arena = arena};
  text_double(&text, number);
  *eid = text_str(&text);
  return true;
}

// Whether `data`, written without white space, fits. Only worth asking of messages that are longer themselves.
static bool data_fits(Arena *arena, const Json *data, size_t limit) {
  Text text = {.arena = arena};
  json_add_node(&text, data);
  return text.length <= limit;
}

Error seats_envelope_read(Arena *arena, Str payload, size_t data_bytes_max, SeatsRequest *request) {
  *request = (SeatsRequest){0};
  const Json *root = json_parse(arena, payload, NULL);
  if (!json_is_object(root)) return ERR_INVALID_REQUEST;
  const Json *type = json_get(root, "type");
  bool has_type = json_str(type, &request->type);
  if (type == NULL || json_is_null(type) || (has_type && request->type.length == 0)) return ERR_MESSAGE_TYPE_REQUIRED;
  Str eid;
  bool has_eid = seats_envelope_eid(arena, json_get(root, "eid"), &eid);
  if (has_eid) request->eid = eid;
  if (!has_type) return ERR_INVALID_REQUEST;
  request->data = json_get(root, "data");
  if (!has_eid || request->data == NULL) return ERR_INVALID_REQUEST;
  if (payload.length > data_bytes_max && !data_fits(arena, request->data, data_bytes_max)) return ERR_MESSAGE_TOO_LARGE;
  return ERR_NONE;
}

static void end_message(Text *out, Str eid, int64_t now_ms) {
  json_name(out, "eid");
  json_add_str(out, eid);
  json_name(out, "ts");
  json_add_int(out, now_ms);
  json_close(out, '}');
}

static void binary_head(Text *out, TopicStatus status, Str eid) {
  text_char(out, status == TOPIC_UPDATE ? 2 : 1);
  text_char(out, (char)eid.length);
  text_add(out, eid);
}

void seats_envelope(Text *out, TopicForm form, TopicStatus status, const char *type, Str eid, int64_t now_ms,
                    Str body) {
  if (form == TOPIC_BINARY) {
    binary_head(out, status, eid);
    text_add(out, body);
    return;
  }
  text_add(out, STR("{\"status\":\""));
  text_add(out, str_from(status_words[status]));
  text_add(out, STR("\",\"type\":\""));
  text_add(out, str_from(type));
  text_add(out, STR("\",\"data\":"));
  text_add(out, body);
  text_add(out, STR(",\"error\":null"));
  end_message(out, eid, now_ms);
}

void seats_envelope_error(Text *out, const char *type, Str eid, int64_t now_ms, Error error, Str details) {
  json_open(out, '{');
  json_name(out, "status");
  json_add_str(out, STR("error"));
  if (type != NULL) {
    json_name(out, "type");
    json_add_str(out, str_from(type));
  }
  json_name(out, "data");
  json_add_raw(out, details.length > 0 ? details : STR("null"));
  json_name(out, "error");
  json_add_str(out, str_from(error_code(error)));
  end_message(out, eid, now_ms);
}
