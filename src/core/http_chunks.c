// As strict as Node's server is: no white space in size lines, CRLF everywhere, extensions well formed.
#include "core/http_chunks.h"

#include <string.h>

#include "core/http_bytes.h"

enum { SIZE_DIGITS_MAX = 15 };  // of any size below 2^60, leading zeros included

void http_chunks_begin(HttpChunks *chunks, size_t head_bytes) {
  *chunks = (HttpChunks){.at = head_bytes, .body = head_bytes};
}

static bool is_too_much(const HttpChunks *chunks, size_t overhead, const HttpChunksLimits *limits) {
  return overhead > limits->overhead_bytes + 8 * chunks->length;
}

// Takes the next line, without its CRLF.
static HttpChunksEvent next_line(HttpChunks *chunks, const char *bytes, size_t count, const HttpChunksLimits *limits,
                                 Str *line) {
  const char *start = bytes + chunks->at;
  size_t come = count - chunks->at;
  const char *end = come > 0 ? memchr(start, '\n', come) : NULL;
  size_t length = end != NULL ? (size_t)(end + 1 - start) : come;
  if (is_too_much(chunks, chunks->overhead + length, limits)) return HTTP_CHUNKS_BAD;
  if (end == NULL) return HTTP_CHUNKS_MORE;
  if (length < 2 || end[-1] != '\r') return HTTP_CHUNKS_BAD;
  *line = (Str){start, length - 2};
  chunks->at += length;
  chunks->overhead += length;
  return http_is_text(*line) ? HTTP_CHUNKS_NEXT : HTTP_CHUNKS_BAD;
}

static int hex_digit(char byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
  if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
  return -1;
}

static Str behind(Str text, size_t count) {
  return (Str){text.at + count, text.length - count};
}

// Takes a token off the front; false when there is none.
static bool skip_token(Str *text) {
  size_t length = 0;
  while (length < text->length && http_is_token_byte(text->at[length])) length++;
  *text = behind(*text, length);
  return length > 0;
}

// Takes a quoted-string off the front (RFC 9110 5.6.4), which ends in the line where it began.
static bool skip_quoted(Str *text) {
  size_t length = 1;
  while (length < text->length && text->at[length] != '"') length += text->at[length] == '\\' ? 2 : 1;
  if (length >= text->length) return false;
  *text = behind(*text, length + 1);
  return true;
}

// *( ";" name [ "=" value ] ), without the white space that the grammar calls bad.
static bool are_extensions(Str text) {
  while (text.length > 0) {
    if (text.at[0] != ';') return false;
    text = behind(text, 1);
    if (!skip_token(&text)) return false;
    if (text.length == 0 || text.at[0] != '=') continue;
    text = behind(text, 1);
    bool quoted = text.length > 0 && text.at[0] == '"';
    if (!(quoted ? skip_quoted(&text) : skip_token(&text))) return false;
  }
  return true;
}

static HttpChunksEvent read_size_line(HttpChunks *chunks, const char *bytes, size_t count,
                                      const HttpChunksLimits *limits) {
  Str line;
  HttpChunksEvent event = next_line(chunks, bytes, count, limits, &line);
  if (event != HTTP_CHUNKS_NEXT) return event;
  size_t digits = 0;
  size_t size = 0;
  while (digits < line.length && digits <= SIZE_DIGITS_MAX && hex_digit(line.at[digits]) >= 0) {
    size = size * 16 + (size_t)hex_digit(line.at[digits++]);
  }
  if (digits == 0 || digits > SIZE_DIGITS_MAX || !are_extensions(behind(line, digits))) return HTTP_CHUNKS_BAD;
  if (size > limits->body_bytes - chunks->length) return HTTP_CHUNKS_LARGE;
  chunks->left = size;
  chunks->part = size == 0 ? CHUNK_TRAILERS : CHUNK_BYTES;
  return HTTP_CHUNKS_NEXT;
}

// Moves what has come of a chunk behind the body so far; never forwards, so nothing unread is overwritten.
static HttpChunksEvent read_bytes(HttpChunks *chunks, char *bytes, size_t count) {
  size_t come = count - chunks->at;
  size_t length = come < chunks->left ? come : chunks->left;
  memmove(bytes + chunks->body + chunks->length, bytes + chunks->at, length);
  chunks->at += length;
  chunks->length += length;
  chunks->left -= length;
  if (chunks->left > 0) return HTTP_CHUNKS_MORE;
  chunks->part = CHUNK_LINE_END;
  return HTTP_CHUNKS_NEXT;
}

// The CRLF behind the bytes of a chunk.
static HttpChunksEvent read_line_end(HttpChunks *chunks, const char *bytes, size_t count) {
  size_t come = count - chunks->at;
  if (come > 0 && bytes[chunks->at] != '\r') return HTTP_CHUNKS_BAD;
  if (come < 2) return HTTP_CHUNKS_MORE;
  if (bytes[chunks->at + 1] != '\n') return HTTP_CHUNKS_BAD;
  chunks->at += 2;
  chunks->overhead += 2;
  chunks->part = CHUNK_SIZE_LINE;
  return HTTP_CHUNKS_NEXT;
}

// One line of the trailer section, or the empty line behind it. It may not speak of framing (RFC 9110 6.5.1).
static HttpChunksEvent read_trailer(HttpChunks *chunks, const char *bytes, size_t count,
                                    const HttpChunksLimits *limits) {
  Str line;
  HttpChunksEvent event = next_line(chunks, bytes, count, limits, &line);
  if (event != HTTP_CHUNKS_NEXT) return event;
  if (line.length == 0) return HTTP_CHUNKS_END;
  bool has_colon = memchr(line.at, ':', line.length) != NULL;
  Str name = str_cut(&line, ':');
  bool framing = str_equal_nocase(name, STR("Content-Length")) || str_equal_nocase(name, STR("Transfer-Encoding"));
  return has_colon && http_is_token(name) && !framing ? HTTP_CHUNKS_NEXT : HTTP_CHUNKS_BAD;
}

HttpChunksEvent http_chunks_read(HttpChunks *chunks, char *bytes, size_t count, const HttpChunksLimits *limits) {
  HttpChunksEvent event = HTTP_CHUNKS_NEXT;
  while (event == HTTP_CHUNKS_NEXT) {
    switch (chunks->part) {
      case CHUNK_SIZE_LINE:
        event = read_size_line(chunks, bytes, count, limits);
        break;
      case CHUNK_BYTES:
        event = read_bytes(chunks, bytes, count);
        break;
      case CHUNK_LINE_END:
        event = read_line_end(chunks, bytes, count);
        break;
      case CHUNK_TRAILERS:
        event = read_trailer(chunks, bytes, count, limits);
        break;
    }
  }
  return event;
}
