// Decodes a chunked body (RFC 9112 7.1) as it arrives, in the place where it lies. No I/O, no memory; a loop thread.
#ifndef FOYER_CORE_HTTP_CHUNKS_H
#define FOYER_CORE_HTTP_CHUNKS_H

#include <stddef.h>

// What a chunked body may cost.
typedef struct HttpChunksLimits {
  size_t body_bytes;      // decoded
  size_t overhead_bytes;  // size lines and trailers, beyond eight bytes for each byte of body
} HttpChunksLimits;

// Where the reading stands. Offsets count from the first byte of the request.
typedef struct HttpChunks {
  size_t at;        // bytes before this are read
  size_t body;      // where the decoded body begins
  size_t length;    // its bytes so far, moved together
  size_t left;      // bytes of the present chunk that have not come yet
  size_t overhead;  // bytes so far that are no body
  enum { CHUNK_SIZE_LINE, CHUNK_BYTES, CHUNK_LINE_END, CHUNK_TRAILERS } part;
} HttpChunks;

typedef enum HttpChunksEvent {
  HTTP_CHUNKS_NEXT,   // never handed out: a part was read and another begins
  HTTP_CHUNKS_MORE,   // all bytes are read, as far as that is possible, and the body goes on
  HTTP_CHUNKS_END,    // the body is whole; what comes next begins at `at`
  HTTP_CHUNKS_LARGE,  // the body passes its limit
  HTTP_CHUNKS_BAD     // malformed, or more overhead than allowed
} HttpChunksEvent;

// Begins at `head_bytes`, behind the head of the request.
void http_chunks_begin(HttpChunks *chunks, size_t head_bytes);

// Reads on: `bytes` is the request, of which `count` bytes have come. Trailers are checked and dropped.
HttpChunksEvent http_chunks_read(HttpChunks *chunks, char *bytes, size_t count, const HttpChunksLimits *limits);

#endif
