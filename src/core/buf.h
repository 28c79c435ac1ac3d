// Bytes on their way out, shared by all the connections that are to receive them. A buffer belongs to one loop thread:
// its count is not atomic.
#ifndef FOYER_CORE_BUF_H
#define FOYER_CORE_BUF_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shared/str.h"

// What one that waits in a queue costs besides its bytes: this struct, the allocator's, and its place in the queue.
enum { BUF_AROUND_BYTES = 48 };

typedef struct Buf {
  uint32_t refs;    // owners; freed when the last one lets go
  uint32_t length;  // bytes
  const char *at;   // the bytes: behind this struct, or static memory
} Buf;

// `length` bytes to be filled through buf_bytes. NULL when memory is out or length is past 4 GiB.
static inline Buf *buf_new(size_t length) {
  if (length > UINT32_MAX - sizeof(Buf)) return NULL;
  Buf *buf = malloc(sizeof(Buf) + length);
  if (buf != NULL) *buf = (Buf){.refs = 1, .length = (uint32_t)length, .at = (const char *)(buf + 1)};
  return buf;
}

static inline char *buf_bytes(Buf *buf) {
  return (char *)(buf + 1);
}

// A copy of `s`. NULL when memory is out.
static inline Buf *buf_from(Str s) {
  Buf *buf = buf_new(s.length);
  if (buf != NULL && s.length > 0) memcpy(buf_bytes(buf), s.at, s.length);
  return buf;
}

// Bytes that live as long as the program; not copied. NULL when memory is out.
static inline Buf *buf_static(Str s) {
  Buf *buf = buf_new(0);
  if (buf != NULL) {
    buf->at = s.at;
    buf->length = (uint32_t)s.length;
  }
  return buf;
}

static inline Buf *buf_ref(Buf *buf) {
  ++buf->refs;
  return buf;
}

static inline void buf_unref(Buf *buf) {
  if (buf != NULL && --buf->refs == 0) free(buf);
}

#endif
