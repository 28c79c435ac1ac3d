// The events that were sent of late, for clients that lost their connection: a ring, bounded in bytes and in time.
#include <stdlib.h>
#include <string.h>

#include "core/socketio_private.h"

enum { CAPACITY_LEAST = 256 };

static SocketIoSent *at(const SocketIoLog *log, uint64_t position) {
  return &log->sent[position & (log->capacity - 1)];
}

void socketio_log_offset(const SocketIoLog *log, uint64_t position, Text *out) {
  text_add(out, STR(",\""));
  text_add(out, (Str){log->epoch, SOCKETIO_EPOCH_BYTES});
  text_char(out, '-');
  text_int(out, (int64_t)position);
  text_char(out, '"');
}

static bool make_room(SocketIoLog *log) {
  if (log->next - log->first < log->capacity) return true;
  SocketIoLog grown = *log;
  grown.capacity = log->capacity == 0 ? CAPACITY_LEAST : log->capacity * 2;
  grown.sent = malloc(grown.capacity * sizeof *grown.sent);
  if (grown.sent == NULL) return false;
  for (uint64_t position = log->first; position < log->next; position++) *at(&grown, position) = *at(log, position);
  free(log->sent);
  *log = grown;
  return true;
}

static void drop_first(SocketIoLog *log) {
  Buf *frame = at(log, log->first)->frame;
  if (frame != NULL) log->bytes -= frame->length;
  buf_unref(frame);
  ++log->first;
}

// Without memory nothing before this can be told again: then it is the position alone that goes on.
void socketio_log_add(SocketIo *io, Buf *frame, uint64_t *last) {
  SocketIoLog *log = &io->log;
  uint64_t position = log->next;
  if (frame == NULL || !make_room(log)) {
    while (log->first < log->next) drop_first(log);
    log->first = ++log->next;
    *last = position;
    return;
  }
  *at(log, position) = (SocketIoSent){.at_ms = uv_now(&io->loop->uv), .previous = *last, .frame = buf_ref(frame)};
  *last = position;
  log->bytes += frame->length;
  ++log->next;
  while (log->bytes > io->settings->recovery_bytes_max) drop_first(log);
}

void socketio_log_trim(SocketIo *io) {
  SocketIoLog *log = &io->log;
  uint64_t now_ms = uv_now(&io->loop->uv);
  while (log->first < log->next && at(log, log->first)->at_ms + io->settings->recovery_ms < now_ms) drop_first(log);
}

void socketio_log_free(SocketIoLog *log) {
  while (log->first < log->next) drop_first(log);
  free(log->sent);
  log->sent = NULL;
}

bool socketio_log_missed(const SocketIoLog *log, uint64_t last, uint64_t since, SocketIoMissed *missed) {
  for (uint64_t position = last; position > since; position = at(log, position)->previous) {
    if (position < log->first) return false;
    if (missed->count == missed->capacity) {
      size_t capacity = missed->capacity * 2 + 16;
      size_t bytes = sizeof *missed->positions;
      missed->positions = arena_grow(missed->arena, missed->positions, missed->count * bytes, capacity * bytes);
      missed->capacity = capacity;
    }
    missed->positions[missed->count++] = position;
  }
  return true;
}

Buf *socketio_log_frame(const SocketIoLog *log, uint64_t position) {
  return buf_ref(at(log, position)->frame);
}

// The position in an offset as a client gives it back: 0 when it is none of this log's.
uint64_t socketio_log_position(const SocketIoLog *log, Str offset) {
  int64_t position;
  size_t before = sizeof log->epoch + 1;  // a dash may be of the epoch itself
  if (offset.length <= before || memcmp(offset.at, log->epoch, sizeof log->epoch) != 0) return 0;
  if (!str_to_int((Str){offset.at + before, offset.length - before}, &position)) return 0;
  return position > 0 && (uint64_t)position < log->next ? (uint64_t)position : 0;
}
