// llhttp is given whole header lines and never a request line: it knows a closed list of methods and treats some in its
// own way. Nor is it given chunks: version 8.1 refuses two extensions in a row, which are legal, and what it forgives
// there depends on how it was compiled (http_chunks.c reads them).
#include "core/http_framing.h"

#include <llhttp.h>

// on_headers_complete: what comes next is not for llhttp.
static int stop(llhttp_t *llhttp) {
  (void)llhttp;
  return HPE_PAUSED;
}

const char *http_framing_read(Str lines, HttpFraming *framing) {
  static const llhttp_settings_t settings = {.on_headers_complete = stop};
  static const char request_line[] = "POST / HTTP/1.1\r\n";  // stands for the one that http.c has read
  llhttp_t llhttp;
  llhttp_init(&llhttp, HTTP_REQUEST, &settings);
  llhttp_execute(&llhttp, request_line, sizeof request_line - 1);
  if (llhttp_execute(&llhttp, lines.at, lines.length) != HPE_PAUSED) {
    return llhttp.reason != NULL ? llhttp.reason : "header lines without an end";
  }
  if (llhttp_get_error_pos(&llhttp) != lines.at + lines.length) return "header lines end before their end";
  framing->chunked = (llhttp.flags & F_CHUNKED) != 0;
  framing->length = framing->chunked ? 0 : llhttp.content_length;
  return NULL;
}
