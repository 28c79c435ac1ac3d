// Fuzzes the packets that a Socket.IO client can send. The arguments of an event, written into an event again, must
// read the same.
#include <stdlib.h>
#include <string.h>

#include "core/socketio_packet.h"

enum { ATTACHMENTS_MAX = 10 };

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t count);

// Stops the fuzzer where something that must hold does not.
static void must(bool holds) {
  if (!holds) abort();
}

static void try_round_trip(Arena *arena, const SocketIoPacket *packet) {
  Str name, args, again;
  socketio_packet_event(arena, packet, &name, &args);
  Text out = {.arena = arena};
  socketio_packet_head(&out, SOCKETIO_EVENT, packet->attachments, packet->name_space, packet->id);
  text_char(&out, '[');
  json_add_str(&out, STR("again"));
  if (args.length > 0) json_add_raw(&out, args);
  text_char(&out, ']');
  SocketIoPacket second;
  must(socketio_packet_read(arena, text_str(&out), ATTACHMENTS_MAX, &second));
  must(second.type == SOCKETIO_EVENT && second.id == packet->id && second.attachments == packet->attachments);
  must(str_equal(second.name_space, packet->name_space));
  socketio_packet_event(arena, &second, &name, &again);
  must(str_equal(name, STR("again")) && str_equal(again, args));
  must(json_count(second.payload) == json_count(packet->payload));
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t count) {
  Arena arena = {0};
  SocketIoPacket packet;
  Str text = str_copy(&arena, (Str){(const char *)input, count});
  if (str_is_utf8(text) && socketio_packet_read(&arena, text, ATTACHMENTS_MAX, &packet)) {
    must(packet.attachments <= ATTACHMENTS_MAX && packet.name_space.length > 0 && packet.name_space.at[0] == '/');
    if (packet.type == SOCKETIO_EVENT) try_round_trip(&arena, &packet);
    if (packet.type == SOCKETIO_ACK) must(socketio_packet_args(&packet).length + 2 <= packet.json.length);
  }
  arena_free(&arena);
  return 0;
}
