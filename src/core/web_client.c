// Blocking HTTP by libcurl. A thread has one multi handle, which keeps its connections, and turns it itself, so that a
// request can be cut at once when the program ends.
#include "core/web_client.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/curl_thread.h"

enum { DAY_S = 24 * 3600 };

typedef struct Reader {
  Text body;
  size_t most;
} Reader;

static size_t on_body(char *bytes, size_t size, size_t count, void *state) {
  Reader *reader = state;
  size_t room = reader->most - reader->body.length;
  size_t take = size * count < room ? size * count : room;
  text_add(&reader->body, (Str){bytes, take});  // what is past it nobody reads; it was answered all the same
  return size * count;
}

static struct curl_slist *header_list(const char *const *headers) {
  struct curl_slist *list = NULL;
  for (size_t i = 0; headers != NULL && headers[i] != NULL; i++) {
    struct curl_slist *longer = curl_slist_append(list, headers[i]);
    if (longer == NULL) {
      curl_slist_free_all(list);
      return NULL;
    }
    list = longer;
  }
  return list;
}

static void set_up(CURL *curl, Arena *arena, const WebRequest *request, Reader *reader, struct curl_slist *headers) {
  curl_easy_setopt(curl, CURLOPT_URL, str_zero(arena, request->url));
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_PROXY, "");  // asked are only those that the operator named
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)request->connect_ms);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)request->total_ms);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, reader);
  if (strcmp(request->method, "GET") != 0) {
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.length);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, str_zero(arena, request->body));
  }
}

WebAnswer web_ask(Arena *arena, const WebRequest *request) {
  Reader reader = {.body = {.arena = arena}, .most = request->answer_max};
  CURL *curl = curl_easy_init();
  struct curl_slist *headers = header_list(request->headers);
  bool ready = curl != NULL && (headers != NULL || request->headers == NULL || request->headers[0] == NULL);
  WebAnswer answer = {.fault = "no memory"};
  if (ready) {
    set_up(curl, arena, request, &reader, headers);
    CURLcode code;
    answer.fault = curl_run(curl, arena, request->urgent, &code);
  }
  if (answer.fault == NULL) {
    long status = 0;
    curl_off_t retry_seconds = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &retry_seconds);
    answer = (WebAnswer){.status = (int)status,
                         .body = text_str(&reader.body),
                         .retry_ms = (retry_seconds < DAY_S ? retry_seconds : DAY_S) * 1000};
  }
  curl_easy_cleanup(curl);
  curl_slist_free_all(headers);
  return answer;
}
