// Socket.IO packets, read from a message's text and written to it.
#include "core/socketio_packet.h"

#include <string.h>

enum { ID_DIGITS_MAX = 15, ATTACHMENT_DIGITS_MAX = 4 };

// Clients and servers fire these themselves.
static const char *const reserved[] = {"connect",       "connect_error", "disconnect",
                                       "disconnecting", "newListener",   "removeListener"};

static Str skip(Str s, size_t bytes) {
  return (Str){s.at + bytes, s.length - bytes};
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Takes the digits off that the text begins with, perhaps none. False when there are too many.
static bool cut_digits(Str *text, size_t digits_max, int64_t *value) {
  size_t count = 0;
  *value = 0;
  while (count < text->length && is_digit(text->at[count])) {
    if (count == digits_max) return false;
    *value = *value * 10 + (text->at[count++] - '0');
  }
  *text = skip(*text, count);
  return true;
}

static bool cut_attachments(Str *text, uint32_t attachments_max, SocketIoPacket *packet) {
  int64_t count;
  size_t before = text->length;
  if (!cut_digits(text, ATTACHMENT_DIGITS_MAX, &count) || text->length == before) return false;
  if (text->length == 0 || text->at[0] != '-' || count > attachments_max) return false;
  *text = skip(*text, 1);
  packet->binary = true;
  packet->attachments = (uint32_t)count;
  return true;
}

static void cut_name_space(Str *text, SocketIoPacket *packet) {
  packet->name_space = STR("/");
  if (text->length == 0 || text->at[0] != '/') return;
  packet->query = str_cut(text, ',');
  packet->name_space = str_cut(&packet->query, '?');
}

static bool cut_id(Str *text, SocketIoPacket *packet) {
  packet->id = SOCKETIO_NO_ID;
  if (text->length == 0 || !is_digit(text->at[0])) return true;
  return cut_digits(text, ID_DIGITS_MAX, &packet->id);
}

// Whether every placeholder in the tree names an attachment there is.
static bool placeholders_fit(const Json *node, uint32_t attachments) {
  bool is_placeholder = false;
  int64_t number;
  if (json_is_bool(json_get(node, "_placeholder"), &is_placeholder) && is_placeholder) {
    return json_int(json_get(node, "num"), &number) && number >= 0 && number < attachments;
  }
  for (const Json *child = json_first(node); child != NULL; child = json_next(child)) {
    if (!placeholders_fit(child, attachments)) return false;
  }
  return true;
}

static bool is_event_name(const Json *node) {
  Str name;
  if (json_is_number(node)) return true;
  if (!json_str(node, &name)) return false;
  for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
    if (str_equal(name, str_from(reserved[i]))) return false;
  }
  return true;
}

static bool is_payload_right(const SocketIoPacket *packet) {
  const Json *payload = packet->payload;
  bool none = packet->json.length == 0;
  Str text;
  if (!none && payload == NULL) return false;
  switch (packet->type) {
    case SOCKETIO_CONNECT:
      return none || json_is_object(payload);
    case SOCKETIO_DISCONNECT:
      return none;
    case SOCKETIO_CONNECT_ERROR:
      return json_is_object(payload) || json_str(payload, &text);
    case SOCKETIO_EVENT:
      return json_is_array(payload) && is_event_name(json_first(payload));
    case SOCKETIO_ACK:
      return json_is_array(payload) && packet->id != SOCKETIO_NO_ID;
    case SOCKETIO_BINARY_EVENT:
    case SOCKETIO_BINARY_ACK:
      return false;  // they have become the two above
  }
  return false;
}

bool socketio_packet_read(Arena *arena, Str text, uint32_t attachments_max, SocketIoPacket *packet) {
  *packet = (SocketIoPacket){0};
  if (text.length == 0 || text.at[0] < '0' || text.at[0] > '6') return false;
  packet->type = (SocketIoPacketType)(text.at[0] - '0');
  text = skip(text, 1);
  if (packet->type >= SOCKETIO_BINARY_EVENT) {
    if (!cut_attachments(&text, attachments_max, packet)) return false;
    packet->type = packet->type == SOCKETIO_BINARY_EVENT ? SOCKETIO_EVENT : SOCKETIO_ACK;
  }
  cut_name_space(&text, packet);
  if (!cut_id(&text, packet)) return false;
  packet->json = str_trim(text);
  if (packet->json.length > 0) packet->payload = json_parse(arena, packet->json, NULL);
  return is_payload_right(packet) && (!packet->binary || placeholders_fit(packet->payload, packet->attachments));
}

// The bytes of the JSON value that the text begins with: a string, or up to the next comma.
static size_t first_bytes(Str text) {
  size_t i = 0;
  if (text.length > 0 && text.at[0] == '"') {
    for (i = 1; i < text.length && text.at[i] != '"'; i++) i += text.at[i] == '\\';
  }
  while (i < text.length && text.at[i] != ',') i++;
  return i;
}

Str socketio_packet_args(const SocketIoPacket *packet) {
  return str_trim((Str){packet->json.at + 1, packet->json.length - 2});
}

void socketio_packet_event(Arena *arena, const SocketIoPacket *packet, Str *name, Str *args) {
  *args = socketio_packet_args(packet);
  size_t length = first_bytes(*args);
  if (!json_str(json_first(packet->payload), name)) *name = str_copy(arena, str_trim((Str){args->at, length}));
  *args = skip(*args, length < args->length ? length + 1 : length);
}

void socketio_packet_head(Text *out, SocketIoPacketType type, uint32_t attachments, Str name_space, int64_t id) {
  if (attachments > 0) type = type == SOCKETIO_EVENT ? SOCKETIO_BINARY_EVENT : SOCKETIO_BINARY_ACK;
  text_int(out, type);
  if (attachments > 0) {
    text_int(out, attachments);
    text_char(out, '-');
  }
  if (!str_equal(name_space, STR("/"))) {
    text_add(out, name_space);
    text_char(out, ',');
  }
  if (id != SOCKETIO_NO_ID) text_int(out, id);
}
