// permessage-deflate (RFC 7692): which offer is taken, and messages in and out of deflate. Neither side keeps a window
// between messages, so one inflater and one deflater serve all connections of a loop thread; each belongs to its
// thread.
#define ZLIB_CONST
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "core/ws.h"

enum {
  BITS_LEAST = 9,  // windows of 256 bytes (8) are not made: zlib's raw deflate cannot
  BITS_MOST = 15,
  INFLATED_LEAST_BYTES = 16 * 1024,  // what an inflater keeps between messages
  PAYLOAD_LEAST_BYTES = 7,           // shorter messages never get smaller
  LEVEL = 2,                         // of zlib: 200 kB of seats in 0.5 ms to 23 kB; level 6 in 4 ms to 21 kB
  MEMORY_LEVEL = 8                   // of zlib: 128 KiB of hash tables beside the window
};

// Every message on the wire lacks these last bytes (RFC 7692 7.2.1).
static const Str tail = {"\x00\x00\xff\xff", 4};

// May a parameter of an offer have a value?
typedef enum ValueRule { VALUE_NEVER, VALUE_MAYBE, VALUE_ALWAYS } ValueRule;

// A parameter that permessage-deflate knows (RFC 7692 7.1).
typedef struct Parameter {
  Str name;
  ValueRule value;  // 8 to 15 where there is one
} Parameter;

enum { SERVER_BITS_PARAMETER = 2 };  // its row in the table
static const Parameter parameters[] = {
    {{"server_no_context_takeover", 26}, VALUE_NEVER},
    {{"client_no_context_takeover", 26}, VALUE_NEVER},
    {{"server_max_window_bits", 22}, VALUE_ALWAYS},
    {{"client_max_window_bits", 22}, VALUE_MAYBE},
};
enum { PARAMETER_COUNT = sizeof parameters / sizeof parameters[0] };

// As str_cut, but a separator inside a quoted string does not cut.
static Str cut_unquoted(Str *s, char separator) {
  bool quoted = false;
  for (size_t i = 0; i < s->length; i++) {
    char c = s->at[i];
    if (c == '\\' && quoted) i++;
    if (c == '"') quoted = !quoted;
    if (c == separator && !quoted) {
      Str before = {s->at, i};
      *s = (Str){s->at + i + 1, s->length - i - 1};
      return before;
    }
  }
  Str before = *s;
  *s = (Str){s->at + s->length, 0};
  return before;
}

// Reads window bits, 8 to 15 without leading zeros; 0 when they are anything else.
static uint8_t window_bits_from(Str value) {
  const char *at = value.at;
  if (value.length >= 2 && at[0] == '"' && at[value.length - 1] == '"') {
    at++;
    value.length -= 2;
  }
  if (value.length == 1 && (at[0] == '8' || at[0] == '9')) return (uint8_t)(at[0] - '0');
  if (value.length == 2 && at[0] == '1' && at[1] >= '0' && at[1] <= '5') return (uint8_t)(10 + at[1] - '0');
  return 0;
}

// Reads one parameter of an offer. Gives its row in the table, or PARAMETER_COUNT when it is unknown or malformed.
static size_t read_parameter(Str text, uint8_t *bits) {
  Str rest = text, name = str_trim(str_cut(&rest, '='));
  bool has_value = memchr(text.at, '=', text.length) != NULL;
  *bits = has_value ? window_bits_from(str_trim(rest)) : 0;
  for (size_t i = 0; i < PARAMETER_COUNT; i++) {
    if (!str_equal(name, parameters[i].name)) continue;
    if (has_value ? parameters[i].value == VALUE_NEVER : parameters[i].value == VALUE_ALWAYS) break;
    return has_value && *bits == 0 ? PARAMETER_COUNT : i;
  }
  return PARAMETER_COUNT;
}

// Judges one offer. *server_bits is what it asks of our window, 0 when it does not.
static bool offer_acceptable(Str offer, uint8_t *server_bits) {
  *server_bits = 0;
  offer = str_trim(offer);
  if (offer.length > 0 && offer.at[offer.length - 1] == ';') return false;  // a parameter is missing behind it
  if (!str_equal(str_trim(cut_unquoted(&offer, ';')), STR("permessage-deflate"))) return false;
  bool seen[PARAMETER_COUNT + 1] = {[PARAMETER_COUNT] = true};
  while (offer.length > 0) {
    uint8_t bits;
    size_t row = read_parameter(str_trim(cut_unquoted(&offer, ';')), &bits);
    if (seen[row]) return false;
    seen[row] = true;
    if (row == SERVER_BITS_PARAMETER) *server_bits = bits;
  }
  return *server_bits == 0 || *server_bits >= BITS_LEAST;
}

WsAgreement ws_negotiate(Str offered, const WsLimits *limits, Text *out) {
  WsAgreement agreement = {.deflate = false, .server_window_bits = BITS_MOST};
  while (limits->deflate && offered.length > 0) {
    uint8_t bits;
    if (!offer_acceptable(cut_unquoted(&offered, ','), &bits)) continue;
    text_add(out, STR("permessage-deflate; server_no_context_takeover; client_no_context_takeover"));
    if (bits > 0) text_format(out, "; server_max_window_bits=%d", bits);
    agreement.deflate = true;
    if (bits > 0) agreement.server_window_bits = bits;
    break;
  }
  return agreement;
}

struct WsInflater {
  z_stream stream;
  char *buffer;        // of the message last inflated
  uint32_t capacity;   // of `buffer`
  uint32_t bytes_max;  // a message may not be longer
};

WsInflater *ws_inflater_new(uint32_t message_bytes_max) {
  WsInflater *inflater = calloc(1, sizeof *inflater);
  if (inflater == NULL) return NULL;
  inflater->bytes_max = message_bytes_max < INT32_MAX ? message_bytes_max : INT32_MAX;
  inflater->capacity = INFLATED_LEAST_BYTES;
  inflater->buffer = malloc(inflater->capacity);
  if (inflater->buffer != NULL && inflateInit2(&inflater->stream, -BITS_MOST) == Z_OK) return inflater;
  free(inflater->buffer);
  free(inflater);
  return NULL;
}

void ws_inflater_free(WsInflater *inflater) {
  if (inflater == NULL) return;
  inflateEnd(&inflater->stream);
  free(inflater->buffer);
  free(inflater);
}

void ws_inflater_rest(WsInflater *inflater) {
  if (inflater == NULL || inflater->capacity == INFLATED_LEAST_BYTES) return;
  char *smaller = realloc(inflater->buffer, INFLATED_LEAST_BYTES);
  if (smaller == NULL) return;
  inflater->buffer = smaller;
  inflater->capacity = INFLATED_LEAST_BYTES;
}

// How much of the message under way is in the buffer.
static uint32_t inflated_bytes(const WsInflater *inflater) {
  return inflater->capacity - inflater->stream.avail_out;
}

// Doubles the buffer, up to one byte past the bar: that byte tells a message at the bar from one past it.
static bool grow(WsInflater *inflater) {
  uint32_t used = inflated_bytes(inflater);
  uint64_t wanted = 2 * (uint64_t)inflater->capacity;
  if (wanted > (uint64_t)inflater->bytes_max + 1) wanted = (uint64_t)inflater->bytes_max + 1;
  char *buffer = realloc(inflater->buffer, wanted);
  if (buffer == NULL) return false;
  inflater->buffer = buffer;
  inflater->capacity = (uint32_t)wanted;
  inflater->stream.next_out = (Bytef *)buffer + used;
  inflater->stream.avail_out = inflater->capacity - used;
  return true;
}

// Inflates more input behind what is in the buffer. Gives 0 or a close code; *ended tells that the input stopped
// exactly behind a block with BFINAL.
static uint16_t inflate_more(WsInflater *inflater, Str input, uint32_t bytes_max, bool *ended) {
  z_stream *stream = &inflater->stream;
  stream->next_in = (const Bytef *)input.at;
  stream->avail_in = (uInt)input.length;
  for (;;) {
    int result = inflate(stream, Z_SYNC_FLUSH);
    if (inflated_bytes(inflater) > bytes_max) return WS_CLOSE_TOO_BIG;
    *ended = result == Z_STREAM_END && stream->avail_in == 0;
    if (*ended) return 0;
    if (result == Z_MEM_ERROR) return WS_CLOSE_INTERNAL;
    if (result == Z_STREAM_END) {
      if (inflateResetKeep(stream) != Z_OK) return WS_CLOSE_BAD_PAYLOAD;  // on with the same window (RFC 7692 7.2.3.4)
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      return WS_CLOSE_BAD_PAYLOAD;
    } else if (stream->avail_out > 0) {
      return 0;  // room is left, so all input was used
    }
    if (stream->avail_out == 0 && !grow(inflater)) return WS_CLOSE_INTERNAL;
  }
}

// Whether inflating stopped between two blocks, as it must at a message's end (zlib.h: data_type).
static bool between_blocks(const z_stream *stream) {
  return (stream->data_type & 128) != 0;
}

uint16_t ws_inflate(WsInflater *inflater, Str payload, uint32_t bytes_max, Str *inflated) {
  *inflated = (Str){0};
  if (inflater == NULL) return WS_CLOSE_INTERNAL;
  if (payload.length == 0) return 0;  // no block at all: some clients send an empty message so
  if (bytes_max > inflater->bytes_max) bytes_max = inflater->bytes_max;
  inflateReset(&inflater->stream);
  inflater->stream.next_out = (Bytef *)inflater->buffer;
  inflater->stream.avail_out = inflater->capacity;
  bool ended;
  uint16_t fault = inflate_more(inflater, payload, bytes_max, &ended);
  if (!fault && !ended) {
    fault = inflate_more(inflater, tail, bytes_max, &ended);
    if (!fault && !between_blocks(&inflater->stream)) fault = WS_CLOSE_BAD_PAYLOAD;
  }
  *inflated = (Str){inflater->buffer, inflated_bytes(inflater)};
  return fault;
}

struct WsDeflater {
  z_stream streams[BITS_MOST - BITS_LEAST + 1];  // one a window size, made when first asked for: nearly always only 15
  bool ready[BITS_MOST - BITS_LEAST + 1];
};

WsDeflater *ws_deflater_new(void) {
  return calloc(1, sizeof(WsDeflater));
}

void ws_deflater_free(WsDeflater *deflater) {
  if (deflater == NULL) return;
  for (size_t i = 0; i <= BITS_MOST - BITS_LEAST; i++) {
    if (deflater->ready[i]) deflateEnd(&deflater->streams[i]);
  }
  free(deflater);
}

// The stream for a window size, at the start of a message. NULL when memory is out.
static z_stream *stream_for(WsDeflater *deflater, uint8_t window_bits) {
  size_t i = (size_t)window_bits - BITS_LEAST;
  z_stream *stream = &deflater->streams[i];
  if (deflater->ready[i]) return deflateReset(stream) == Z_OK ? stream : NULL;
  if (deflateInit2(stream, LEVEL, Z_DEFLATED, -window_bits, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) return NULL;
  deflater->ready[i] = true;
  return stream;
}

bool ws_deflate(WsDeflater *deflater, uint8_t window_bits, Str payload, Text *out) {
  assert(window_bits >= BITS_LEAST && window_bits <= BITS_MOST);
  if (deflater == NULL || payload.length < PAYLOAD_LEAST_BYTES || payload.length > UINT32_MAX - tail.length)
    return false;
  z_stream *stream = stream_for(deflater, window_bits);
  if (stream == NULL) return false;
  text_reserve(out, payload.length + tail.length);
  stream->next_in = (const Bytef *)payload.at;
  stream->avail_in = (uInt)payload.length;
  stream->next_out = (Bytef *)out->at + out->length;
  stream->avail_out = (uInt)(payload.length + tail.length);
  // Full output means that the compressor was not done: the result would not be smaller.
  if (deflate(stream, Z_SYNC_FLUSH) != Z_OK || stream->avail_out == 0) return false;
  out->length += payload.length - stream->avail_out;  // without the tail
  return true;
}
