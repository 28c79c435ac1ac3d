// Any bytes are read as requests, once whole and once cut in two at a point that they choose: both must say the same.
// What is read must lie within the bytes, and reading it again alone must give it again.
#include <stdlib.h>
#include <string.h>

#include "core/http.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

static const HttpLimits limits = {.head_bytes = 512, .headers = 8, .target_bytes = 64, .body_bytes = 128};

// What came out of one reading.
typedef struct Outcome {
  HttpEvent event;
  int status;
  HttpRequest request;
  size_t consumed;
  char *bytes;  // what the slices point into; to be freed
} Outcome;

static void require(bool holds) {
  if (!holds) abort();
}

// A copy of exactly `size` bytes, so that the sanitizer sees a step beyond it.
static char *copy_of(const void *bytes, size_t size) {
  char *copy = malloc(size > 0 ? size : 1);
  if (size > 0) memcpy(copy, bytes, size);
  return copy;
}

// Feeds the first `cut` bytes, moves them elsewhere and feeds all.
static Outcome read_cut(Arena *arena, const unsigned char *bytes, size_t size, size_t cut) {
  Outcome outcome = {0};
  HttpParser *parser = http_parser_new(&limits);
  char *first = copy_of(bytes, cut);
  outcome.event = http_parser_feed(parser, arena, first, cut, &outcome.request, &outcome.consumed);
  bool goes_on = outcome.event == HTTP_NEED_MORE || outcome.event == HTTP_CONTINUE;
  outcome.bytes = goes_on ? copy_of(bytes, size) : copy_of(first, cut);
  if (goes_on) {
    if (cut > 0) memcpy(outcome.bytes, first, cut);
    memset(first, 'x', cut);
    arena_reset(arena);
    outcome.event = http_parser_feed(parser, arena, outcome.bytes, size, &outcome.request, &outcome.consumed);
  } else if (outcome.event == HTTP_REQUEST) {
    free(outcome.bytes);
    outcome.bytes = first;
    first = NULL;
  }
  free(first);
  outcome.status = http_parser_status(parser);
  http_parser_free(parser);
  return outcome;
}

static void require_inside(Str slice, const Outcome *outcome) {
  if (slice.length == 0) return;
  require(slice.at >= outcome->bytes && slice.at + slice.length <= outcome->bytes + outcome->consumed);
}

// Looks at everything that was read.
static void check_request(Arena *arena, const Outcome *outcome) {
  const HttpRequest *request = &outcome->request;
  require_inside(request->method_name, outcome);
  require_inside(request->body, outcome);
  require(request->method_name.length > 0 && request->target.length > 0 && request->path.length > 0);
  require(request->header_count <= limits.headers && request->body.length <= limits.body_bytes);
  for (uint32_t i = 0; i < request->header_count; i++) {
    require_inside(request->headers[i].name, outcome);
    require_inside(request->headers[i].value, outcome);
    require(http_header(request, str_zero(arena, request->headers[i].name)).at != NULL);
  }
  http_cookie(request, "a");
  http_accepts_gzip(request);
}

static void require_same(const Outcome *whole, const Outcome *cut) {
  require(whole->event == cut->event || (whole->event == HTTP_NEED_MORE && cut->event == HTTP_CONTINUE) ||
          (whole->event == HTTP_CONTINUE && cut->event == HTTP_NEED_MORE));
  require(whole->status == cut->status && whole->consumed == cut->consumed);
  if (whole->event != HTTP_REQUEST) return;
  const HttpRequest *a = &whole->request;
  const HttpRequest *b = &cut->request;
  require(str_equal(a->method_name, b->method_name) && str_equal(a->target, b->target) && str_equal(a->body, b->body));
  require(a->header_count == b->header_count && a->keep_alive == b->keep_alive && a->minor == b->minor);
  require(a->upgrade_websocket == b->upgrade_websocket && a->expects_continue == b->expects_continue);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size) {
  if (size < 1) return 0;
  size_t cut = (bytes[0] * 257u + (unsigned)size) % size;  // below the size less one byte, and any place
  bytes++;
  size--;
  Arena of_whole = {0};
  Arena of_cut = {0};
  Outcome whole = read_cut(&of_whole, bytes, size, size);
  Outcome in_two = read_cut(&of_cut, bytes, size, cut);
  require_same(&whole, &in_two);
  if (whole.event == HTTP_REQUEST) {
    check_request(&of_whole, &whole);
    check_request(&of_cut, &in_two);
    Outcome alone = read_cut(&of_cut, bytes, whole.consumed, whole.consumed);
    require_same(&whole, &alone);
    free(alone.bytes);
  }
  free(whole.bytes);
  free(in_two.bytes);
  arena_free(&of_whole);
  arena_free(&of_cut);
  return 0;
}
